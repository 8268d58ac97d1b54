// SPDX-License-Identifier: AGPL-3.0-or-later
// Windows over live counters: what was counted within them, no more, from the first count to six hours later.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch/window.h"

#include <math.h>

static const struct selection good = { METRIC_PROCESSED, 1, 1 << PROCESS_READY };

static double ask(struct window *w, int by, int64_t window_s)
{
    struct alert_source s = window_source(w);
    return s.increase(s.ctx, &good, 0, by, window_s, false);
}

static void increase_counts_what_came_within_the_window(void **state)
{
    struct window *w = window_new();
    int64_t t = 5000;
    (void)state;

    metric_reset();
    metric_add(METRIC_PROCESSED, 3, PROCESS_READY, 1000);
    for (int i = 0; i < 3000; i++, t += 10) { // one each 10 s for over 8 hours
        window_tick(w, t * 1000);
        ask(w, 3, 3600);
        metric_add(METRIC_PROCESSED, 3, PROCESS_READY, 1);
        metric_add(METRIC_PROCESSED, 3, PROCESS_DEAD, 5);
        metric_add(METRIC_PROCESSED, 4, PROCESS_READY, 7);
    }
    window_tick(w, t * 1000);
    assert_true(fabs(ask(w, 3, 3600) - 360) <= 1);
    assert_true(fabs(ask(w, 3, ALERT_WINDOW_MAX_S) - 2160) <= 1);
    assert_true(ask(w, -1, 3600) > 0); // asked for the first time: since the start, then exactly
    for (int i = 0; i < 400; i++, t += 10) {
        window_tick(w, t * 1000);
    }
    assert_true(ask(w, 3, 3600) == 0);
    window_free(w);
}

static void a_long_sleep_empties_the_window(void **state)
{
    struct window *w = window_new();
    (void)state;

    metric_reset();
    window_tick(w, 1000);
    ask(w, -1, 60);
    metric_add(METRIC_PROCESSED, 0, PROCESS_READY, 9);
    window_tick(w, 20000);
    assert_true(ask(w, -1, 60) == 9);
    window_tick(w, (int64_t)1000 * 3600 * 1000);
    assert_true(ask(w, -1, ALERT_WINDOW_MAX_S) == 0);
    window_free(w);
}

static void largest_value_of_the_selected_gauges_counts(void **state)
{
    struct window *w = window_new();
    struct alert_source s = window_source(w);
    const struct selection all = { METRIC_PRESSURE, -1, 0 }, io = { METRIC_PRESSURE, 0, 1 << 2 };
    (void)state;

    metric_reset();
    assert_true(isnan(s.value(s.ctx, &all, -1, -1)));
    metric_set(METRIC_PRESSURE, 0, 0, 0.1);
    metric_set(METRIC_PRESSURE, 1, 0, 0.7);
    assert_true(s.value(s.ctx, &all, -1, -1) == 0.7);
    assert_true(s.value(s.ctx, &all, 0, 0) == 0.1);
    assert_true(isnan(s.value(s.ctx, &io, -1, -1)));
    window_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(increase_counts_what_came_within_the_window),
        cmocka_unit_test(a_long_sleep_empties_the_window),
        cmocka_unit_test(largest_value_of_the_selected_gauges_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
