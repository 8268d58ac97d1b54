// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts a thread that has a name and takes no signals (they are the loop thread's business).
#ifndef LARDER_STORE_SQLITE_THREAD_H
#define LARDER_STORE_SQLITE_THREAD_H

#include <pthread.h>
#include <signal.h>

static inline int thread_start(
    pthread_t *ret, const char *name, void *(*main_fn)(void *), void *arg)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(ret, NULL, main_fn, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) {
        pthread_setname_np(*ret, name); // at most 15 letters
    }
    return rc;
}

#endif
