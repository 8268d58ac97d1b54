// SPDX-License-Identifier: AGPL-3.0-or-later
// How a thread is started, and how it waits for a while. Any thread.
#ifndef LARDER_OS_THREAD_H
#define LARDER_OS_THREAD_H

#include "base/base.h"

#include <pthread.h>
#include <time.h>

// false: the system gives none. Signals are blocked in it, since they are the main thread's business. name: shown by tools
// that list threads; at most 15 bytes of it.
bool thread_start(pthread_t *ret, const char *name, void *(*main)(void *), void *arg);

// For loops around a condition variable: a moment so many milliseconds from now, and the wait for it, which ends early when
// the variable is signalled; false: the moment has come. The clock is one that nobody sets.
struct timespec thread_moment(int64_t ms);
bool thread_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *moment);

// The calling thread gives way to others: for work that nobody waits for.
void thread_low_priority(void);

#endif
