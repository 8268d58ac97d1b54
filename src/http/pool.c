// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pool.h: one list, one mutex, one condition. submit on any thread; in practice the loop's.
#include "http/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { POOL_THREADS_MAX = 64, POOL_NAME_MAX = 15 }; // the kernel's limit on a thread's name

struct http_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct http_job *first, *last; // mutex
    int queued, queue_max; // mutex; immutable
    bool stopping; // mutex
    int threads;
    char name[POOL_NAME_MAX + 1];
    void (*finished)(void *data, struct http_job *job);
    void *data;
    pthread_t thread[POOL_THREADS_MAX];
};

static void *worker(void *arg)
{
    struct http_pool *p = arg;

    pthread_setname_np(pthread_self(), p->name);
    pthread_mutex_lock(&p->mutex);
    for (;;) {
        while (!p->first && !p->stopping) {
            pthread_cond_wait(&p->wake, &p->mutex);
        }
        struct http_job *job = p->first;
        if (!job) {
            break;
        }
        p->first = job->next;
        p->queued--;
        if (!p->first) {
            p->last = NULL;
        }
        pthread_mutex_unlock(&p->mutex);
        job->next = NULL;
        job->run(job);
        p->finished(p->data, job);
        pthread_mutex_lock(&p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

struct http_pool *http_pool_new(const char *name, int threads, int queue_max,
    void (*finished)(void *data, struct http_job *job), void *data)
{
    struct http_pool *p = xalloc(sizeof(*p));
    sigset_t all, before;

    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->queue_max = queue_max;
    p->finished = finished;
    p->data = data;
    for (size_t i = 0; name[i] && i < POOL_NAME_MAX; i++) {
        p->name[i] = name[i];
    }
    sigfillset(&all); // signals are for the thread that waits for them
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->threads < threads && p->threads < POOL_THREADS_MAX) {
        if (pthread_create(&p->thread[p->threads], NULL, worker, p) != 0) {
            break;
        }
        p->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (p->threads == 0) {
        http_pool_free(p);
        return NULL;
    }
    return p;
}

void http_pool_free(struct http_pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->threads; i++) {
        pthread_join(p->thread[i], NULL);
    }
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

int http_pool_submit(struct http_pool *p, struct http_job *job)
{
    int rc = ERR_BUSY;

    pthread_mutex_lock(&p->mutex);
    if (p->queued < p->queue_max) {
        job->next = NULL;
        if (p->last) {
            p->last->next = job;
        } else {
            p->first = job;
        }
        p->last = job;
        p->queued++;
        rc = 0;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->mutex);
    return rc;
}
