// SPDX-License-Identifier: AGPL-3.0-or-later
// The bounded pool of threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "os/pool.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int done;
static int order[100];

static void count(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&done, 1);
}

static void wait_at_gate(void *ctx)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    count(ctx);
}

static void note_order(void *ctx)
{
    order[atomic_fetch_add(&done, 1)] = (int)(intptr_t)ctx;
}

static void all_tasks_run_before_free_returns(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    struct pool *p = pool_new("test", 4, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pool_submit(p, count, NULL), 0);
    }
    pool_free(p);
    assert_int_equal(atomic_load(&done), 1000);
    pool_free(NULL);
}

static void full_queue_refuses_and_recovers(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    struct pool *p = pool_new("test", 1, 3);
    pthread_mutex_lock(&gate);
    assert_int_equal(pool_submit(p, wait_at_gate, NULL), 0);
    while (pool_running(p) == 0) {
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pool_submit(p, count, NULL), 0);
    }
    assert_int_equal(pool_submit(p, count, NULL), ERR_BUSY);
    assert_int_equal(pool_waiting(p), 3);
    pthread_mutex_unlock(&gate);
    pool_free(p);
    assert_int_equal(atomic_load(&done), 4);
}

static void one_thread_keeps_the_order(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    struct pool *p = pool_new("test", 1, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pool_submit(p, note_order, (void *)(intptr_t)i), 0);
    }
    pool_free(p);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(order[i], i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_tasks_run_before_free_returns),
        cmocka_unit_test(full_queue_refuses_and_recovers),
        cmocka_unit_test(one_thread_keeps_the_order),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
