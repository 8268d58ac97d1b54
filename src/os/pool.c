// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pool.h: one mutex, one ring of tasks.
#include "os/pool.h"

#include "base/error.h"
#include "os/thread.h"

#include <stdio.h>
#include <stdlib.h>

struct task {
    pool_task_fn fn;
    void *ctx;
};

struct pool {
    pthread_mutex_t mutex; // guards all below but threads
    pthread_cond_t wake;
    struct task *ring;
    size_t ring_size; // queue_max
    size_t first; // of the waiting ones
    size_t waiting;
    size_t running;
    bool closing;
    pthread_t *threads;
    int thread_count;
};

static void *work(void *ctx)
{
    struct pool *p = ctx;

    pthread_mutex_lock(&p->mutex);
    for (;;) {
        while (p->waiting == 0 && !p->closing) {
            pthread_cond_wait(&p->wake, &p->mutex);
        }
        if (p->waiting == 0) {
            break;
        }
        struct task t = p->ring[p->first];
        p->first = (p->first + 1) % p->ring_size;
        p->waiting--;
        p->running++;
        pthread_mutex_unlock(&p->mutex);
        t.fn(t.ctx);
        pthread_mutex_lock(&p->mutex);
        p->running--;
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

struct pool *pool_new(const char *name, int threads, size_t queue_max)
{
    BUG_ON(threads < 1 || threads > POOL_THREADS_MAX || queue_max == 0);
    struct pool *p = xalloc(sizeof(*p));

    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->ring = xalloc(queue_max * sizeof(*p->ring));
    p->ring_size = queue_max;
    p->threads = xalloc((size_t)threads * sizeof(*p->threads));
    for (int i = 0; i < threads; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%.12s%d", name, i % 100);
        if (!thread_start(&p->threads[i], text, work, p)) {
            break;
        }
        p->thread_count++;
    }
    if (p->thread_count == 0) {
        pool_free(p);
        return NULL;
    }
    return p;
}

int pool_submit(struct pool *p, pool_task_fn fn, void *ctx)
{
    int rc = ERR_BUSY;

    pthread_mutex_lock(&p->mutex);
    if (!p->closing && p->waiting < p->ring_size) {
        p->ring[(p->first + p->waiting) % p->ring_size] = (struct task){ fn, ctx };
        p->waiting++;
        rc = 0;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->mutex);
    return rc;
}

size_t pool_waiting(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    size_t n = p->waiting;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

size_t pool_running(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    size_t n = p->running;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

void pool_free(struct pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->closing = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->thread_count; i++) {
        pthread_join(p->threads[i], NULL);
    }
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p->threads);
    free(p->ring);
    free(p);
}
