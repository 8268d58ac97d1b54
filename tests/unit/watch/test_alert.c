// SPDX-License-Identifier: AGPL-3.0-or-later
// The alert machine over simulated time, with the real counters and windows underneath. A table says for each default rule
// what feeds it when all is well, when it must fire, and when it stands between its two thresholds; every rule is then led
// through every transition: unknown, ok, pending, firing, held between, solved, firing again, no data, and flapping.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch/window.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_S = 10, HOURS = 3600 / TICK_S };

struct feed {
    enum metric metric;
    unsigned a, b;
    double value; // a gauge's value; counts for each tick; a histogram: seconds of one observation
};
struct feeds {
    struct feed one[2];
};
struct scenario {
    const char *rule;
    int by;
    struct feeds good, bad, between; // between without a metric: the rule has nothing between
};

#define ONE(m, a, b, v)                                                                            \
    {                                                                                              \
        {                                                                                          \
            { m, a, b, v },                                                                        \
            {                                                                                      \
                METRICS                                                                            \
            }                                                                                      \
        }                                                                                          \
    }
#define TWO(m, a, b, v, b2, v2)                                                                    \
    {                                                                                              \
        {                                                                                          \
            { m, a, b, v },                                                                        \
            {                                                                                      \
                m, a, b2, v2                                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define GAUGE(m, v) ONE(m, 0, 0, v)
#define NOTHING ONE(METRICS, 0, 0, 0)

static const struct scenario scenarios[] = {
    { "upload_success_rate", -1, ONE(METRIC_UPLOADS, 0, UPLOAD_ACCEPTED, 100),
        TWO(METRIC_UPLOADS, 0, UPLOAD_ACCEPTED, 50, UPLOAD_REJECTED, 50),
        TWO(METRIC_UPLOADS, 0, UPLOAD_ACCEPTED, 955, UPLOAD_REJECTED, 45) },
    { "processing_success_rate", -1, ONE(METRIC_PROCESSED, 0, PROCESS_READY, 100),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 50, PROCESS_REFUSED, 50),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 91, PROCESS_REFUSED, 9) },
    { "processing_time", -1, GAUGE(METRIC_PROCESSING_SECONDS, 2),
        GAUGE(METRIC_PROCESSING_SECONDS, 300), GAUGE(METRIC_PROCESSING_SECONDS, 55) },
    { "error_rate", -1, ONE(METRIC_RESPONSES, 1, 0, 100),
        { { { METRIC_RESPONSES, 1, 0, 80 }, { METRIC_RESPONSES, 4, 0, 20 } } },
        { { { METRIC_RESPONSES, 1, 0, 955 }, { METRIC_RESPONSES, 4, 0, 45 } } } },
    { "memory_use", -1, GAUGE(METRIC_MEMORY_RATIO, 0.3), GAUGE(METRIC_MEMORY_RATIO, 0.9),
        GAUGE(METRIC_MEMORY_RATIO, 0.82) },
    { "active_uploads", -1, GAUGE(METRIC_UPLOADS_ACTIVE, 2), GAUGE(METRIC_UPLOADS_ACTIVE, 51),
        GAUGE(METRIC_UPLOADS_ACTIVE, 48) },
    { "websocket_connections", -1, GAUGE(METRIC_WEBSOCKETS, 3), GAUGE(METRIC_WEBSOCKETS, 101),
        GAUGE(METRIC_WEBSOCKETS, 95) },
    { "success_burn_fast", -1, ONE(METRIC_PROCESSED, 0, PROCESS_READY, 100),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 80, PROCESS_DEAD, 20),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 940, PROCESS_DEAD, 60) },
    { "success_burn_slow", -1, ONE(METRIC_PROCESSED, 0, PROCESS_READY, 100),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 90, PROCESS_DEAD, 10),
        TWO(METRIC_PROCESSED, 0, PROCESS_READY, 975, PROCESS_DEAD, 25) },
    { "oldest_job", -1, GAUGE(METRIC_JOB_OLDEST, 0), GAUGE(METRIC_JOB_OLDEST, 301),
        GAUGE(METRIC_JOB_OLDEST, 270) },
    { "disk_full_soon", -1, GAUGE(METRIC_DISK_FULL, 1e8), GAUGE(METRIC_DISK_FULL, 20 * 3600),
        GAUGE(METRIC_DISK_FULL, 26 * 3600) },
    { "disk_full_now", -1, GAUGE(METRIC_DISK_FULL, 1e8), GAUGE(METRIC_DISK_FULL, 3 * 3600),
        GAUGE(METRIC_DISK_FULL, 5 * 3600) },
    { "type_success_rate", 2, ONE(METRIC_PROCESSED, 2, PROCESS_READY, 100),
        TWO(METRIC_PROCESSED, 2, PROCESS_READY, 50, PROCESS_REFUSED, 50),
        TWO(METRIC_PROCESSED, 2, PROCESS_READY, 91, PROCESS_REFUSED, 9) },
    { "sandbox_kill", -1, ONE(METRIC_READER_ENDS, 0, 0, 1), ONE(METRIC_READER_ENDS, 7, 0, 1),
        NOTHING },
    { "integrity", INTEGRITY_DISK, ONE(METRIC_INTEGRITY, INTEGRITY_DISK, 0, 0),
        ONE(METRIC_INTEGRITY, INTEGRITY_DISK, 0, 1), NOTHING },
    { "canary", -1, GAUGE(METRIC_CANARY_FAILURES, 0), GAUGE(METRIC_CANARY_FAILURES, 2),
        GAUGE(METRIC_CANARY_FAILURES, 1) },
    { "certificate_expires_soon", -1, GAUGE(METRIC_TLS_EXPIRY, 80.0 * 86400),
        GAUGE(METRIC_TLS_EXPIRY, 13.0 * 86400), GAUGE(METRIC_TLS_EXPIRY, 14.5 * 86400) },
    { "certificate_expires_now", -1, GAUGE(METRIC_TLS_EXPIRY, 80.0 * 86400),
        GAUGE(METRIC_TLS_EXPIRY, -3600), GAUGE(METRIC_TLS_EXPIRY, 2.5 * 86400) },
    { "certificate_stale", -1, GAUGE(METRIC_TLS_STALE, 0), GAUGE(METRIC_TLS_STALE, 1), NOTHING },
    { "scanner_down", -1, GAUGE(METRIC_SCANNER, 1), GAUGE(METRIC_SCANNER, 0), NOTHING },
};

struct world {
    struct alert_rules rules;
    struct alerts alerts;
    struct alert_step step;
    struct window *window;
    int64_t now_s;
    // seen in the last run()
    int raised, cleared, lost, repeated, moves;
};

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof(*w));

    metric_reset();
    alert_rules_default(&w->rules);
    w->window = window_new();
    w->now_s = 1700000000;
    return w;
}

static void world_free(struct world *w)
{
    window_free(w->window);
    free(w);
}

static void apply(const struct feeds *feeds)
{
    for (size_t i = 0; feeds && i < ARRAY_LEN(feeds->one); i++) {
        const struct feed *f = &feeds->one[i];
        if (f->metric == METRICS) {
            continue;
        }
        switch (metric_info(f->metric)->kind) {
        case METRIC_GAUGE:
            metric_set(f->metric, f->a, f->b, f->value);
            break;
        case METRIC_COUNTER:
            metric_add(f->metric, f->a, f->b, (int64_t)f->value);
            break;
        case METRIC_HISTOGRAM:
            metric_observe(f->metric, f->a, (int64_t)(f->value * 1e6));
            break;
        }
    }
}

static void tick(struct world *w, const struct feeds *feeds)
{
    struct alert_source source = window_source(w->window);

    apply(feeds);
    w->now_s += TICK_S;
    window_tick(w->window, w->now_s * 1000);
    alerts_step(&w->alerts, &w->rules, &source, w->now_s * 1000, &w->step);
}

static void count(struct world *w, const struct alert *one)
{
    for (size_t i = 0; i < w->step.notice_count; i++) {
        const struct alert_notice *n = &w->step.notices[i];
        if (&w->alerts.items[n->alert] != one) {
            continue;
        }
        w->raised += n->event == ALERT_RAISED;
        w->cleared += n->event == ALERT_CLEARED;
        w->lost += n->event == ALERT_LOST;
        w->repeated += n->event == ALERT_REPEATED;
    }
    for (size_t i = 0; i < w->step.change_count; i++) {
        w->moves += &w->alerts.items[w->step.changes[i].alert] == one;
    }
}

static void zero(struct world *w)
{
    w->raised = w->cleared = w->lost = w->repeated = w->moves = 0;
}

static const struct alert *find(struct world *w, const struct scenario *s)
{
    return alert_find(&w->alerts, s->rule, s->by);
}

static enum alert_state state_of(struct world *w, const struct scenario *s)
{
    const struct alert *one = find(w, s);
    return one ? one->state : ALERT_UNKNOWN;
}

// Ticks until the state is reached; how many seconds it took, or -1.
static int64_t until(struct world *w, const struct scenario *s, const struct feeds *feeds,
    enum alert_state wanted, int64_t most_s)
{
    int64_t start = w->now_s;

    zero(w);
    while (w->now_s - start < most_s) {
        tick(w, feeds);
        count(w, find(w, s));
        if (state_of(w, s) == wanted) {
            return w->now_s - start;
        }
    }
    return -1;
}

static void run(
    struct world *w, const struct scenario *s, const struct feeds *feeds, int64_t seconds)
{
    zero(w);
    for (int64_t t = 0; t < seconds; t += TICK_S) {
        tick(w, feeds);
        count(w, find(w, s));
    }
}

static bool is_gauge(const struct scenario *s)
{
    return metric_info(s->good.one[0].metric)->kind == METRIC_GAUGE;
}

// For a gauge: its value goes away. Counters just stand still.
static struct feeds missing(const struct scenario *s)
{
    struct feeds f = NOTHING;

    if (is_gauge(s)) {
        f.one[0] = s->good.one[0];
        f.one[0].value = NAN;
    }
    return f;
}

#define EXPECT(cond)                                                                               \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fail_msg("%s: %s (state %s, line %d)", s->rule, #cond,                                 \
                alert_state_word(state_of(w, s)), __LINE__);                                       \
        }                                                                                          \
    } while (0)

// With LARDER_ALERT_TABLE set, one row a rule of what was seen: tools/alerts-table prints it.
static void say(char cell[32], int64_t seconds)
{
    snprintf(cell, 32,
        seconds < 0      ? "-"
        : seconds >= 600 ? "%lld min"
                         : "%lld s",
        (long long)(seconds >= 600 ? seconds / 60 : seconds));
}

static void every_rule_goes_through_every_transition(void **state)
{
    bool table = getenv("LARDER_ALERT_TABLE") != NULL;
    (void)state;

    if (table) {
        printf(
            "| rule | unknown → ok | ok → pending | pending → firing | told | repeated | between | "
            "firing → ok | ok → firing again | no data → unknown | unknown → ok |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    }
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        const struct scenario *s = &scenarios[i];
        struct world *w = world_new();
        const struct alert_rule *r = alert_rule_find(&w->rules, slice_of(s->rule));
        struct feeds none = missing(s);
        int64_t window = r->window_s;
        assert_non_null(r);

        // Nothing measured yet: unknown. A counter of rare events stands at zero, which is a value.
        tick(w, &none);
        EXPECT(state_of(w, s) == (r->measure == ALERT_INCREASE ? ALERT_OK : ALERT_UNKNOWN));
        char cell[7][32];
        for (size_t c = 0; c < ARRAY_LEN(cell); c++) {
            say(cell[c], -1);
        }
        // All well.
        int64_t known = until(w, s, &s->good, ALERT_OK, 2 * 3600);
        EXPECT(known > 0);
        say(cell[0], known);
        run(w, s, &s->good, window ? window : 600);
        EXPECT(state_of(w, s) == ALERT_OK && w->moves == 0 && w->raised == 0);
        // Pending first, for as long as the rule says; then firing, told once after the group's wait.
        if (r->for_s) {
            int64_t beyond = until(w, s, &s->bad, ALERT_PENDING, 2 * window + 600);
            EXPECT(beyond > 0);
            say(cell[1], beyond);
            int64_t pending = until(w, s, &s->bad, ALERT_FIRING, r->for_s + 60);
            EXPECT(pending >= r->for_s && pending <= r->for_s + TICK_S);
            say(cell[2], pending);
        } else {
            int64_t beyond = until(w, s, &s->bad, ALERT_FIRING, 2 * window + 600);
            EXPECT(beyond > 0);
            say(cell[2], beyond);
            EXPECT(w->moves == 1); // not by way of pending
        }
        run(w, s, &s->bad, ALERT_GROUP_WAIT_S + TICK_S);
        bool inhibited = alert_held(&w->alerts, &w->rules, find(w, s), w->now_s * 1000) != NULL;
        EXPECT(inhibited || w->raised == 1);
        // Repeated when the interval is over, and only then.
        run(w, s, &s->bad, r->repeat_s);
        EXPECT(inhibited || (w->repeated == 1 && w->raised == 0));
        // Between the thresholds nothing moves.
        if (s->between.one[0].metric != METRICS) {
            run(w, s, &s->between, window + 2 * r->keep_for_s + 600);
            EXPECT(state_of(w, s) == ALERT_FIRING && w->cleared == 0 && w->moves == 0);
        }
        // Solved: only after it was well for keep_for.
        run(w, s, &s->bad, window + 60);
        int64_t solved = until(w, s, &s->good, ALERT_OK, 2 * window + r->keep_for_s + 900);
        EXPECT(solved >= r->keep_for_s);
        say(cell[3], solved);
        EXPECT(inhibited || w->cleared == 1);
        // It fires again, as a new one.
        int64_t again = until(w, s, &s->bad, ALERT_FIRING, 2 * window + r->for_s + 900);
        EXPECT(again > 0);
        say(cell[4], again);
        run(w, s, &s->bad, ALERT_GROUP_WAIT_S + TICK_S);
        // The values stop: not solved, but lost, and only after a while.
        if (r->measure != ALERT_INCREASE) {
            int64_t gone = until(w, s, &none, ALERT_UNKNOWN, window + ALERT_MISSING_S + 120);
            EXPECT(gone >= ALERT_MISSING_S - TICK_S);
            say(cell[5], gone);
            // A burn of which the short window is empty has ended: nothing comes, so nothing burns.
            bool burn = r->measure == ALERT_BURN;
            EXPECT(inhibited || (w->cleared == burn && w->lost == !burn));
            int64_t back = until(w, s, &s->good, ALERT_OK, 2 * window + 900);
            EXPECT(back > 0);
            say(cell[6], back);
        }
        if (table) {
            printf("| %s%s%s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", s->rule,
                s->by >= 0 ? ", " : "", alert_by_word(r, s->by), cell[0], cell[1], cell[2],
                inhibited ? "held back by a worse one" : "once",
                inhibited ? "held back" : "at its interval",
                s->between.one[0].metric == METRICS ? "-" : "stays", cell[3], cell[4], cell[5],
                cell[6]);
        }
        world_free(w);
    }
}

static void short_gaps_of_data_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        const struct scenario *s = &scenarios[i];
        struct world *w = world_new();
        struct feeds none = missing(s);

        EXPECT(until(w, s, &s->good, ALERT_OK, 2 * 3600) > 0);
        for (int round = 0; round < 20; round++) {
            tick(w, &none);
            tick(w, &none);
            tick(w, &s->good);
            EXPECT(state_of(w, s) == ALERT_OK);
        }
        world_free(w);
    }
}

static void flapping_values_are_told_at_most_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        const struct scenario *s = &scenarios[i];
        struct world *w = world_new();
        const struct alert_rule *r = alert_rule_find(&w->rules, slice_of(s->rule));
        int told = 0;

        if (!is_gauge(s) || (r->for_s == 0 && r->keep_for_s == 0)) {
            world_free(w); // windows smooth counters; what is "any" is told at once
            continue;
        }
        run(w, s, &s->good, 600);
        for (int tick_no = 0; tick_no < 3 * HOURS; tick_no++) {
            run(w, s, tick_no % 2 ? &s->bad : &s->good, TICK_S);
            told += w->raised + w->cleared + w->lost;
        }
        EXPECT(told <= 1);
        world_free(w);
    }
}

static void rate_over_few_events_is_no_rate(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        const struct scenario *s = &scenarios[i];
        struct world *w = world_new();
        const struct alert_rule *r = alert_rule_find(&w->rules, slice_of(s->rule));
        struct feeds one = s->bad;

        if (r->min_volume) { // one bad one fewer than counts
            one.one[0].value = metric_info(one.one[0].metric)->kind == METRIC_HISTOGRAM ? 300 : 0;
            one.one[1].value = 1;
            for (int64_t n = 1; n < r->min_volume; n++) {
                tick(w, &one);
                EXPECT(state_of(w, s) == ALERT_UNKNOWN);
            }
        }
        world_free(w);
    }
}

static void no_default_rule_is_left_out_or_can_never_fire(void **state)
{
    struct alert_rules rules;
    char why[160];
    (void)state;

    alert_rules_default(&rules);
    assert_int_equal(rules.count, ARRAY_LEN(scenarios)); // the table above has them all
    for (size_t i = 0; i < rules.count; i++) {
        const struct alert_rule *r = &rules.rules[i];
        bool found = false;
        for (size_t k = 0; k < ARRAY_LEN(scenarios); k++) {
            found = found || strcmp(scenarios[k].rule, r->name) == 0;
        }
        assert_true(found);
        if (alert_rule_never_fires(r, why)) {
            fail_msg("%s can never fire: %s", r->name, why);
        }
        assert_true(r->above ? r->clear <= r->raise : r->clear >= r->raise);
        assert_true(r->window_s <= ALERT_WINDOW_MAX_S && r->repeat_s > 0);
        assert_true(r->title[0] && r->advice[0] && r->plot[0] && r->group[0]);
        assert_true(!r->inhibited_by[0] || alert_rule_find(&rules, slice_of(r->inhibited_by)));
    }
}

static void a_burn_that_no_objective_can_reach_is_seen(void **state)
{
    struct alert_rules rules;
    char why[160];
    (void)state;

    alert_rules_default(&rules);
    struct alert_rule r = *alert_rule_find(&rules, SLICE_LIT("success_burn_fast"));
    r.objective = 0.95; // at most 20
    assert_false(alert_rule_never_fires(&r, why));
    r.objective = 0.90; // at most 10
    assert_true(alert_rule_never_fires(&r, why));
}

// ---- telling

static const struct scenario *scenario(const char *rule)
{
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        if (strcmp(scenarios[i].rule, rule) == 0) {
            return &scenarios[i];
        }
    }
    fail_msg("no scenario %s", rule);
    return NULL;
}

static void alerts_of_one_group_are_told_together(void **state)
{
    struct world *w = world_new();
    size_t most = 0, all = 0;
    (void)state;

    // WebSockets are of another group; both of the disk would be one, but one holds the other back.
    metric_set(METRIC_JOB_OLDEST, 0, 0, 1000);
    tick(w, NULL);
    metric_set(METRIC_CANARY_FAILURES, 0, 0, 3);
    for (int i = 0; i < 6; i++) {
        tick(w, NULL);
        most = w->step.notice_count > most ? w->step.notice_count : most;
        all += w->step.notice_count;
    }
    assert_int_equal(most, 2);
    assert_int_equal(all, 2);
    world_free(w);
}

static void worse_alert_holds_the_lesser_back(void **state)
{
    const struct scenario *now = scenario("disk_full_now"), *soon = scenario("disk_full_soon");
    struct world *w = world_new();
    (void)state;

    run(w, soon, &now->bad, 1800);
    assert_int_equal(state_of(w, soon), ALERT_FIRING);
    assert_string_equal(
        alert_held(&w->alerts, &w->rules, find(w, soon), w->now_s * 1000), "inhibited");
    assert_int_equal(w->raised, 0);
    run(w, soon, &soon->bad, 1800); // no longer within four hours: now the lesser one speaks
    assert_int_equal(w->raised, 1);
    world_free(w);
}

static void silence_and_maintenance_hold_back_and_end(void **state)
{
    const struct scenario *s = scenario("memory_use");
    struct world *w = world_new();
    (void)state;

    for (int maintenance = 0; maintenance < 2; maintenance++) {
        w->alerts.silences[0] = (struct silence){
            .from_ms = 0, .until_ms = (w->now_s + 1200) * 1000, .maintenance = maintenance != 0
        };
        if (!maintenance) {
            snprintf(w->alerts.silences[0].rule, ALERT_NAME_MAX, "%s", s->rule);
        }
        w->alerts.silence_count = 1;
        run(w, s, &s->bad, 1100);
        assert_int_equal(state_of(w, s), ALERT_FIRING); // it is seen
        assert_int_equal(w->raised, 0); // and not told
        run(w, s, &s->bad, 300);
        assert_int_equal(w->raised, 1); // still so when the silence ends
        run(w, s, &s->good, 1200);
        assert_int_equal(w->cleared, 1);
    }
    world_free(w);
}

static void what_ends_under_a_silence_was_never_told(void **state)
{
    const struct scenario *s = scenario("memory_use");
    struct world *w = world_new();
    (void)state;

    w->alerts.silences[0] = (struct silence){ .until_ms = INT64_MAX, .maintenance = true };
    w->alerts.silence_count = 1;
    run(w, s, &s->bad, 600);
    run(w, s, &s->good, 600);
    assert_int_equal(state_of(w, s), ALERT_OK);
    assert_int_equal(w->cleared, 0);
    world_free(w);
}

static void acknowledged_alert_is_not_repeated_and_its_end_is_told(void **state)
{
    const struct scenario *s = scenario("memory_use");
    struct world *w = world_new();
    (void)state;

    run(w, s, &s->bad, 120);
    assert_int_equal(w->raised, 1);
    alert_find(&w->alerts, s->rule, -1)->acknowledged_ms = w->now_s * 1000;
    run(w, s, &s->bad, 5 * 3600);
    assert_int_equal(w->repeated, 0);
    run(w, s, &s->good, 600);
    assert_int_equal(w->cleared, 1);
    run(w, s, &s->bad, 600); // a new one is told again
    assert_int_equal(w->raised, 1);
    world_free(w);
}

static void rule_that_is_switched_off_has_no_alert(void **state)
{
    const struct scenario *s = scenario("memory_use");
    struct world *w = world_new();
    (void)state;

    run(w, s, &s->bad, 120);
    ((struct alert_rule *)alert_rule_find(&w->rules, slice_of(s->rule)))->enabled = false;
    tick(w, &s->bad);
    assert_null(find(w, s));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_goes_through_every_transition),
        cmocka_unit_test(short_gaps_of_data_change_nothing),
        cmocka_unit_test(flapping_values_are_told_at_most_once),
        cmocka_unit_test(rate_over_few_events_is_no_rate),
        cmocka_unit_test(no_default_rule_is_left_out_or_can_never_fire),
        cmocka_unit_test(a_burn_that_no_objective_can_reach_is_seen),
        cmocka_unit_test(alerts_of_one_group_are_told_together),
        cmocka_unit_test(worse_alert_holds_the_lesser_back),
        cmocka_unit_test(silence_and_maintenance_hold_back_and_end),
        cmocka_unit_test(what_ends_under_a_silence_was_never_told),
        cmocka_unit_test(acknowledged_alert_is_not_repeated_and_its_end_is_told),
        cmocka_unit_test(rule_that_is_switched_off_has_no_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
