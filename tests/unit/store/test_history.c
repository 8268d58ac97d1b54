// SPDX-License-Identifier: AGPL-3.0-or-later
// Histories of metrics: what was put comes back from every tier with the right sums, averages and largest values, over a
// restart, without holes between tiers; and a question over two full years is answered in time.
#include "fixture.h"
#include "store/history.h"
#include "store/sqlite/history_codec.h"

#include <math.h>
#include <sqlite3.h>
#include <time.h>

enum { T0 = 1699999200, QUERY_MS_MAX = 50 }; // T0: the begin of an hour

static void ask(struct fixture *f, struct history_query *q, const char *const *names, size_t count,
    int64_t from, int64_t to, int64_t step, int64_t now)
{
    *q = (struct history_query){ .names = names,
        .count = count,
        .from_s = from,
        .to_s = to,
        .step_s = step,
        .points = (size_t)((to - from + step - 1) / step) };
    q->cells = arena_array(&f->arena, count * q->points, sizeof(*q->cells));
    q->counters = arena_array(&f->arena, count, sizeof(*q->counters));
    OK(store_history_load(f->store, q, now, &f->err));
}

// A minute of: a counter that grows by 2 a second, a gauge that is the second of the hour, and one with a gap.
static void put_minute(struct fixture *f, int64_t start)
{
    float counter[60], gauge[60], gaps[60];

    for (int i = 0; i < 60; i++) {
        counter[i] = 2;
        gauge[i] = (float)((start + i) % 3600);
        gaps[i] = i % 2 ? NAN : 7;
    }
    const struct history_column columns[] = { { "uploads", true, counter },
        { "depth", false, gauge }, { "gaps", false, gaps } };
    OK(store_history_put(f->store, start, 60, columns, ARRAY_LEN(columns), &f->err));
}

static const char *const names[] = { "uploads", "depth", "gaps", "never" };

static void column_reads_back_and_equal_values_cost_little(void **state)
{
    float values[700], back[700];
    AUTO_BUF bytes = BUF_INIT(1 << 16);
    (void)state;

    for (int i = 0; i < 700; i++) {
        values[i] = i < 300 ? 5.0F : i < 500 ? (float)i * 1.5F : i % 3 ? NAN : 1.0F;
    }
    column_add(&bytes, values, 700);
    struct slice in = buf_slice(&bytes);
    assert_true(column_cut(&in, back, 700));
    assert_int_equal(in.len, 0);
    for (int i = 0; i < 700; i++) {
        assert_true(isnan(values[i]) ? isnan(back[i]) : values[i] == back[i]);
    }
    buf_reset(&bytes);
    column_add(&bytes, values, 300);
    assert_true(bytes.len <= 15);
}

static void column_that_is_cut_or_too_long_is_refused(void **state)
{
    float values[60], back[60];
    AUTO_BUF bytes = BUF_INIT(1 << 16);
    (void)state;

    for (int i = 0; i < 60; i++) {
        values[i] = (float)i;
    }
    column_add(&bytes, values, 60);
    for (size_t len = 0; len < bytes.len; len++) {
        struct slice in = slice_make(bytes.data, len);
        assert_false(column_cut(&in, back, 60));
    }
    struct slice in = buf_slice(&bytes);
    assert_false(column_cut(&in, back, 59));
}

static void seconds_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct history_query q;

    put_minute(f, T0);
    ask(f, &q, names, 4, T0, T0 + 60, 1, T0 + 60);
    for (int i = 0; i < 60; i++) {
        assert_true(q.cells[i].sum == 2);
        assert_true(q.cells[60 + i].sum == i && q.cells[60 + i].max == (float)i);
        assert_true(q.cells[120 + i].seconds == (i % 2 ? 0 : 1));
        assert_true(q.cells[180 + i].seconds == 0);
    }
    assert_true(q.counters[0] && !q.counters[1]);
}

static void tiers_agree_and_have_no_hole_between_them(void **state)
{
    struct fixture *f = *state;
    struct history_query fine, minutes, hours;
    int64_t now = T0 + 5 * 3600 + 1200;

    for (int64_t t = T0; t < now; t += 60) {
        put_minute(f, t);
    }
    OK(store_history_compact(f->store, now, &f->err));
    ask(f, &fine, names, 3, T0, now, 30, now);
    ask(f, &minutes, names, 3, T0, now, 300, now);
    ask(f, &hours, names, 3, T0, now, 3600, now);
    for (size_t i = 0; i < fine.points; i++) {
        assert_true(fine.cells[i].sum == 60);
    }
    for (size_t i = 0; i < minutes.points; i++) {
        const struct history_cell *depth = &minutes.cells[minutes.points + i];
        assert_true(minutes.cells[i].sum == 600);
        assert_true(depth->seconds == 300);
        assert_true(fabs(depth->sum / depth->seconds - (double)(i % 12 * 300) - 149.5) < 0.01);
        assert_true(depth->max == (float)(i % 12 * 300 + 299));
    }
    for (size_t i = 0; i < hours.points; i++) {
        bool last = i + 1 == hours.points; // not over yet: from the seconds
        assert_true(hours.cells[i].sum == (last ? 2400 : 7200));
        assert_true(hours.cells[hours.points + i].max == (last ? 1199 : 3599));
        assert_true(
            hours.cells[2 * hours.points + i].sum / hours.cells[2 * hours.points + i].seconds == 7);
    }
}

static void compaction_after_a_crash_starts_from_the_seconds(void **state)
{
    struct fixture *f = *state;
    struct history_query q;

    for (int64_t t = T0; t < T0 + 7200; t += 60) {
        put_minute(f, t);
    }
    store_close(f->store); // before any compaction
    f->store = NULL;
    fixture_open(f);
    OK(store_history_compact(f->store, T0 + 10 * 3600, &f->err)); // and hours without a server
    OK(store_history_compact(f->store, T0 + 10 * 3600, &f->err)); // again: nothing is counted twice
    ask(f, &q, names, 1, T0, T0 + 10 * 3600, 3600, T0 + 10 * 3600);
    assert_true(q.cells[0].sum == 7200 && q.cells[1].sum == 7200 && q.cells[2].seconds == 0);
}

static void old_seconds_go_and_their_minutes_stay(void **state)
{
    struct fixture *f = *state;
    struct history_query q;
    int64_t later = T0 + 2 * 86400, before = 0, after = 0;

    for (int64_t t = T0; t < T0 + 3600; t += 60) {
        put_minute(f, t);
    }
    OK(store_history_bytes(f->store, &before, &f->err));
    put_minute(f, later);
    OK(store_history_compact(f->store, later + 3600, &f->err));
    OK(store_history_bytes(f->store, &after, &f->err));
    assert_true(before > 0 && after < before);
    ask(f, &q, names, 1, T0, T0 + 3600, 60, later + 3600);
    for (size_t i = 0; i < 60; i++) {
        assert_true(q.cells[i].sum == 120);
    }
    assert_int_equal(history_step_least(later, later), 1);
    assert_int_equal(history_step_least(T0, later), 60);
    assert_int_equal(history_step_least(later - 91 * 86400, later), 3600);
}

// Fills the coarse tiers of 120 series as two years of running would, straight into the tables.
static void fill_two_years(struct fixture *f, int64_t now, int series)
{
    char path[128], sql[160];
    sqlite3 *db = NULL;
    sqlite3_stmt *add = NULL;
    float values[60];
    unsigned seed = 1;

    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA synchronous=OFF; BEGIN", NULL, NULL, NULL);
    for (int tier = 0; tier < 2; tier++) {
        int64_t unit = tier ? 86400 : 3600,
                kept = tier ? HISTORY_HOURS_KEPT_S : HISTORY_MINUTES_KEPT_S;
        int n = tier ? 24 : 60;
        snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?, ?, ?)",
            tier ? "history_hours" : "history_minutes");
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &add, NULL), SQLITE_OK);
        for (int s = 1; s <= series; s++) {
            for (int64_t t = (now - kept) / unit * unit + unit; t + unit <= now; t += unit) {
                AUTO_BUF row = BUF_INIT(1 << 16);
                for (int column = 0; column < 2; column++) {
                    for (int i = 0; i < n; i++) {
                        seed = seed * 1664525U + 1013904223U;
                        values[i] = (float)(seed >> 8);
                    }
                    column_add(&row, values, (size_t)n);
                }
                sqlite3_bind_int(add, 1, s);
                sqlite3_bind_int64(add, 2, t);
                sqlite3_bind_blob(add, 3, row.data, (int)row.len, SQLITE_TRANSIENT);
                assert_int_equal(sqlite3_step(add), SQLITE_DONE);
                sqlite3_reset(add);
            }
        }
        sqlite3_finalize(add);
    }
    snprintf(sql, sizeof(sql), "UPDATE history_state SET compacted_s = %lld",
        (long long)(now / 3600 * 3600));
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    for (int s = 1; s <= series; s++) {
        snprintf(
            sql, sizeof(sql), "INSERT OR REPLACE INTO series VALUES (%d, 'series%d', 0)", s, s);
        sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Of this thread, which does the reading: a busy machine changes nothing. Time by the clock: bench/watch.
static int64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t median_us(struct fixture *f, int64_t from, int64_t step, int64_t now)
{
    int64_t took[9];

    for (size_t i = 0; i < ARRAY_LEN(took); i++) {
        char name[32];
        snprintf(name, sizeof(name), "series%d", (int)i * 3 + 1); // another one each time
        const char *one[] = { name };
        struct history_query q;
        int64_t start = cpu_us();
        ask(f, &q, one, 1, from, now, step, now);
        took[i] = cpu_us() - start;
        assert_true(q.cells[q.points / 2].seconds > 0);
    }
    qsort(took, ARRAY_LEN(took), sizeof(took[0]), compare);
    return took[ARRAY_LEN(took) / 2];
}

static void two_years_cost_under_50_ms_of_processor(void **state)
{
    struct fixture *f = *state;
    int64_t now = T0 + 1800;

    // 30 series are enough: each lies in one piece of the table, whatever others there are.
    fill_two_years(f, now, 30);
    for (int64_t t = T0 - 3600; t < now; t += 60) {
        put_minute(f, t);
    }
    int64_t years = median_us(f, now - HISTORY_HOURS_KEPT_S + 86400, 3600 * 2, now);
    int64_t quarter = median_us(f, now - HISTORY_MINUTES_KEPT_S + 86400, 900, now);
    print_message("two years in %.1f ms, ninety days in %.1f ms\n", (double)years / 1000,
        (double)quarter / 1000);
    assert_true(years < QUERY_MS_MAX * 1000);
    assert_true(quarter < QUERY_MS_MAX * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(column_reads_back_and_equal_values_cost_little),
        cmocka_unit_test(column_that_is_cut_or_too_long_is_refused),
        cmocka_unit_test_setup_teardown(
            seconds_come_back_as_they_were, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            tiers_agree_and_have_no_hole_between_them, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            compaction_after_a_crash_starts_from_the_seconds, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            old_seconds_go_and_their_minutes_stay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            two_years_cost_under_50_ms_of_processor, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
