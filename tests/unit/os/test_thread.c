// SPDX-License-Identifier: AGPL-3.0-or-later
// Threads that take no signals, and waits that end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "os/thread.h"

#include <signal.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static char name[16];
static bool takes_signals, done;

static void *look(void *arg)
{
    sigset_t mask;

    (void)arg;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    pthread_mutex_lock(&mutex);
    takes_signals = !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGHUP);
    pthread_getname_np(pthread_self(), name, sizeof(name));
    done = true;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void a_thread_has_its_name_and_takes_no_signals(void **state)
{
    struct timespec moment = thread_moment(20000);
    pthread_t thread;
    sigset_t mask;
    (void)state;

    pthread_mutex_lock(&mutex);
    assert_true(thread_start(&thread, "a-name-that-is-too-long", look, NULL));
    while (!done) {
        assert_true(thread_wait(&cond, &mutex, &moment)); // long before the moment
    }
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    assert_string_equal(name, "a-name-that-is-");
    assert_false(takes_signals);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM)); // ours does
}

static void a_wait_ends_at_its_moment_and_not_before(void **state)
{
    int64_t before = clock_mono_us();
    struct timespec moment = thread_moment(1030); // over a full second's nanoseconds or not
    (void)state;

    assert_true(moment.tv_nsec >= 0 && moment.tv_nsec < 1000000000);
    moment = thread_moment(30);
    pthread_mutex_lock(&mutex);
    while (thread_wait(&cond, &mutex, &moment)) {
        // woken without a reason
    }
    pthread_mutex_unlock(&mutex);
    assert_true(clock_mono_us() - before >= 30 * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_its_name_and_takes_no_signals),
        cmocka_unit_test(a_wait_ends_at_its_moment_and_not_before),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
