// SPDX-License-Identifier: AGPL-3.0-or-later
// A bounded pool of threads for what may block. A job runs on one of them, then comes back to the loop thread through the
// server's list of finished jobs (server.c), so each job is owned by one side at a time: the loop before submit, a pool
// thread inside run, the loop again in done.
#ifndef LARDER_HTTP_POOL_H
#define LARDER_HTTP_POOL_H

#include "base/error.h"

struct http_job {
    void (*run)(struct http_job *job); // on a pool thread
    void (*done)(struct http_job *job); // on the loop thread
    struct http_job *next;
};

struct http_pool;
// finished is called on the pool thread after run.
struct http_pool *http_pool_new(const char *name, int threads, int queue_max,
    void (*finished)(void *data, struct http_job *job), void *data);
void http_pool_free(struct http_pool *p); // runs what is queued, then joins; NULL is fine
int http_pool_submit(struct http_pool *p, struct http_job *job); // 0 or ERR_BUSY

#endif
