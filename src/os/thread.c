// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements thread.h.
#include "os/thread.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NICE = 10 };

bool thread_start(pthread_t *ret, const char *name, void *(*main)(void *), void *arg)
{
    sigset_t all, before;
    char text[16];

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(ret, NULL, main, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        snprintf(text, sizeof(text), "%s", name);
        pthread_setname_np(*ret, text);
    }
    return started;
}

struct timespec thread_moment(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

bool thread_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *moment)
{
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, moment) == 0;
}

void thread_low_priority(void)
{
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}
