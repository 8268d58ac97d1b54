// SPDX-License-Identifier: AGPL-3.0-or-later
// A bounded pool of threads for work that blocks. The queue has a limit: what does not fit is refused, so that overload
// shows at the door instead of as memory. Any thread may submit; tasks run on the pool's threads, each once, in the order
// of submission (finishing in any).
#ifndef LARDER_OS_POOL_H
#define LARDER_OS_POOL_H

#include "base/base.h"

struct pool;
typedef void (*pool_task_fn)(void *ctx);

enum { POOL_THREADS_MAX = 256 };

// name: shown by tools that list threads; at most 12 bytes of it. NULL when the system gives no thread.
struct pool *pool_new(const char *name, int threads, size_t queue_max);
// 0, or ERR_BUSY when the queue is full or the pool is being freed: the task will never run.
int pool_submit(struct pool *p, pool_task_fn fn, void *ctx);
size_t pool_waiting(struct pool *p); // tasks not begun
size_t pool_running(struct pool *p); // tasks begun and not ended
// Takes no more tasks, runs those that wait, joins the threads. NULL is fine. Not from one of its own tasks.
void pool_free(struct pool *p);

#endif
