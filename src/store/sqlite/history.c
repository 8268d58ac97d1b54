// SPDX-License-Identifier: AGPL-3.0-or-later
// Writing the histories: seconds as they come, hours made into minutes and hours when they are over, and giving up what is
// old or too much. An hour is read and added up on the caller's thread; the writer thread only puts the finished rows.
#include "store/sqlite/history.h"

#include "base/log.h"
#include "store/sqlite/history_codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAME_MAX = 4 << 20, ROW_MAX = 64 << 10, TRIM_STEPS = 64 };

// ---- state

int history_compacted(struct db *db, int64_t *ret_s, struct error *err)
{
    struct query q = query_start(db, "SELECT compacted_s FROM history_state");

    *ret_s = query_step(&q) ? row_int(&q) : 0;
    return query_end(&q, err);
}

static int add_bytes(struct write *w, int64_t bytes, struct error *err)
{
    struct query q = query_start(w->db, "UPDATE history_state SET bytes = max(0, bytes + ?)");

    query_int(&q, bytes);
    return query_run(&q, err);
}

static int read_one(struct db *db, const char *sql, int64_t *ret, struct error *err)
{
    struct query q = query_start(db, sql);

    *ret = query_step(&q) ? row_int(&q) : 0;
    return query_end(&q, err);
}

static int read_bytes(struct store *s, struct db *db, void *ctx, struct error *err)
{
    (void)s;
    return read_one(db, "SELECT bytes FROM history_state", ctx, err);
}

int store_history_bytes(struct store *s, int64_t *ret_bytes, struct error *err)
{
    return store_read(s, "history_bytes", read_bytes, ret_bytes, err);
}

// ---- seconds

static int series_id(
    struct write *w, const char *name, bool counter, int64_t *ret, struct error *err)
{
    struct query q = query_start(w->db, "SELECT id FROM series WHERE name = ?");
    int64_t count = 0;

    query_text(&q, name);
    *ret = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    if (rc != 0 || *ret) {
        return rc;
    }
    rc = read_one(w->db, "SELECT count(*) FROM series", &count, err);
    if (rc != 0 || count >= HISTORY_SERIES_MAX) {
        return rc; // dropped: *ret stays 0
    }
    q = query_start(w->db, "INSERT INTO series (name, counter) VALUES (?, ?)");
    query_text(&q, name);
    query_int(&q, counter);
    rc = query_run(&q, err);
    *ret = sqlite3_last_insert_rowid(w->db->handle);
    return rc;
}

struct put {
    int64_t start_s;
    int seconds;
    const struct history_column *columns;
    size_t count;
};

static bool all_none(const float *values, int n)
{
    for (int i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            return false;
        }
    }
    return true;
}

static int frame_make(struct write *w, const struct put *p, struct buf *frame, struct error *err)
{
    AUTO_BUF column = BUF_INIT(ROW_MAX);

    for (size_t i = 0; i < p->count; i++) {
        const struct history_column *c = &p->columns[i];
        int64_t id = 0;
        if (all_none(c->values, p->seconds)) {
            continue;
        }
        int rc = series_id(w, c->name, c->counter, &id, err);
        if (rc != 0) {
            return rc;
        }
        if (!id) {
            continue;
        }
        buf_reset(&column);
        column_add(&column, c->values, (size_t)p->seconds);
        varint_add(frame, (uint64_t)id);
        varint_add(frame, column.len);
        buf_add_slice(frame, buf_slice(&column));
    }
    return buf_ok(frame) ? 0 : error_set(err, ERR_TOO_LARGE, "Too many metrics in one minute.");
}

static int put(struct write *w, void *ctx, struct error *err)
{
    struct put *p = ctx;
    AUTO_BUF frame = BUF_INIT(FRAME_MAX);
    int rc = frame_make(w, p, &frame, err);

    if (rc != 0) {
        return rc;
    }
    struct query q = query_start(
        w->db, "INSERT OR REPLACE INTO history_seconds (start_s, seconds, data) VALUES (?, ?, ?)");
    query_int(&q, p->start_s);
    query_int(&q, p->seconds);
    query_blob(&q, buf_slice(&frame));
    rc = query_run(&q, err);
    return rc ? rc : add_bytes(w, (int64_t)frame.len, err);
}

int store_history_put(struct store *s, int64_t start_s, int seconds,
    const struct history_column *columns, size_t count, struct error *err)
{
    struct put p = { start_s, seconds, columns, count };

    BUG_ON(seconds < 1 || seconds > HISTORY_FRAME_MAX_S);
    return store_write(s, "history_put", put, &p, err);
}

// ---- minutes and hours

struct minute {
    double sum;
    float max;
    int seconds;
};
struct hour_series {
    int64_t id;
    bool counter;
    struct minute minutes[MINUTES_IN_ROW];
};
struct hour {
    int64_t start_s;
    struct hour_series *series; // sorted by nothing; found by id
    size_t count;
    size_t *place; // by id, +1; 0: none
};

static struct hour_series *hour_find(struct hour *h, uint64_t id)
{
    if (id == 0 || id > HISTORY_SERIES_MAX) {
        return NULL;
    }
    if (!h->place[id]) {
        h->series[h->count].id = (int64_t)id;
        h->place[id] = ++h->count;
    }
    return &h->series[h->place[id] - 1];
}

static void add_second(struct hour_series *one, int64_t offset_s, float value)
{
    struct minute *m = &one->minutes[offset_s / 60];

    if (offset_s < 0 || offset_s >= HOUR_S || isnan(value)) {
        return;
    }
    m->sum += (double)value;
    m->max = m->seconds == 0 || value > m->max ? value : m->max;
    m->seconds++;
}

static bool add_frame(struct hour *h, int64_t start_s, int64_t seconds, struct slice data)
{
    float values[HISTORY_FRAME_MAX_S];
    struct slice column;
    uint64_t id = 0;

    if (seconds < 1 || seconds > HISTORY_FRAME_MAX_S) {
        return false;
    }
    while (data.len) {
        if (!series_cut(&data, &id, &column)) {
            return false;
        }
        struct hour_series *one = hour_find(h, id);
        if (!one || !column_cut(&column, values, (size_t)seconds)) {
            return false;
        }
        for (int64_t i = 0; i < seconds; i++) {
            add_second(one, start_s + i - h->start_s, values[i]);
        }
    }
    return true;
}

static int read_hour(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct hour *h = ctx;
    struct query q = query_start(db, "SELECT start_s, seconds, data FROM history_seconds WHERE "
                                     "start_s > ? AND start_s < ? ORDER BY start_s");
    (void)s;

    query_int(&q, h->start_s - HISTORY_FRAME_MAX_S);
    query_int(&q, h->start_s + HOUR_S);
    while (query_step(&q)) {
        int64_t start = row_int(&q), seconds = row_int(&q);
        if (!add_frame(h, start, seconds, row_blob(&q))) {
            log_error("history.damaged", LI("start", start));
        }
    }
    int rc = query_end(&q, err);
    for (size_t i = 0; rc == 0 && i < h->count; i++) {
        q = query_start(db, "SELECT counter FROM series WHERE id = ?");
        query_int(&q, h->series[i].id);
        h->series[i].counter = query_step(&q) && row_int(&q) != 0;
        rc = query_end(&q, err);
    }
    return rc;
}

static void minutes_add(struct buf *out, const struct hour_series *one)
{
    float first[MINUTES_IN_ROW], most[MINUTES_IN_ROW];

    for (int i = 0; i < MINUTES_IN_ROW; i++) {
        const struct minute *m = &one->minutes[i];
        double n = one->counter ? 1 : m->seconds;
        first[i] = m->seconds ? (float)(m->sum / n) : NAN;
        most[i] = m->seconds ? m->max : NAN;
    }
    column_add(out, first, MINUTES_IN_ROW);
    if (!one->counter) {
        column_add(out, most, MINUTES_IN_ROW);
    }
}

static int put_row(struct write *w, const char *sql, int64_t id, int64_t start_s,
    const struct buf *row, int64_t before, struct error *err)
{
    struct query q = query_start(w->db, sql);

    query_int(&q, id);
    query_int(&q, start_s);
    query_blob(&q, buf_slice(row));
    int rc = query_run(&q, err);
    return rc ? rc : add_bytes(w, (int64_t)row->len - before, err);
}

// The day's row with this hour in it.
static int put_hour(
    struct write *w, const struct hour *h, const struct hour_series *one, struct error *err)
{
    int64_t day = h->start_s / DAY_S * DAY_S, before = 0;
    int at = (int)((h->start_s - day) / HOUR_S);
    float first[HOURS_IN_ROW], most[HOURS_IN_ROW];
    AUTO_BUF row = BUF_INIT(ROW_MAX);
    double sum = 0;
    int64_t seconds = 0;
    float max = -INFINITY;

    for (int i = 0; i < HOURS_IN_ROW; i++) {
        first[i] = most[i] = NAN;
    }
    struct query q =
        query_start(w->db, "SELECT data FROM history_hours WHERE series = ? AND start_s = ?");
    query_int(&q, one->id);
    query_int(&q, day);
    if (query_step(&q)) {
        struct slice data = row_blob(&q);
        before = (int64_t)data.len;
        if (!column_cut(&data, first, HOURS_IN_ROW) ||
            (!one->counter && !column_cut(&data, most, HOURS_IN_ROW))) {
            log_error("history.damaged", LI("day", day));
        }
    }
    int rc = query_end(&q, err);
    if (rc != 0) {
        return rc;
    }
    for (int i = 0; i < MINUTES_IN_ROW; i++) {
        sum += one->minutes[i].sum;
        seconds += one->minutes[i].seconds;
        max = one->minutes[i].seconds && one->minutes[i].max > max ? one->minutes[i].max : max;
    }
    first[at] = (float)(one->counter ? sum : sum / (double)seconds);
    most[at] = max;
    column_add(&row, first, HOURS_IN_ROW);
    if (!one->counter) {
        column_add(&row, most, HOURS_IN_ROW);
    }
    return put_row(w,
        "INSERT OR REPLACE INTO history_hours (series, start_s, data) VALUES (?, ?, ?)", one->id,
        day, &row, before, err);
}

static int put_all(struct write *w, void *ctx, struct error *err)
{
    struct hour *h = ctx;
    int64_t done = 0;
    int rc = history_compacted(w->db, &done, err);

    if (rc != 0 || done > h->start_s) {
        return rc; // somebody was faster
    }
    for (size_t i = 0; rc == 0 && i < h->count; i++) {
        AUTO_BUF row = BUF_INIT(ROW_MAX);
        minutes_add(&row, &h->series[i]);
        rc = put_row(w,
            "INSERT OR REPLACE INTO history_minutes (series, start_s, data) VALUES (?, ?, ?)",
            h->series[i].id, h->start_s, &row, 0, err);
        rc = rc ? rc : put_hour(w, h, &h->series[i], err);
    }
    if (rc == 0) {
        struct query q = query_start(w->db, "UPDATE history_state SET compacted_s = ?");
        query_int(&q, h->start_s + HOUR_S);
        rc = query_run(&q, err);
    }
    return rc;
}

static int compact_hour(struct store *s, int64_t start_s, struct error *err)
{
    struct hour h = { .start_s = start_s };

    h.series = calloc(HISTORY_SERIES_MAX, sizeof(*h.series));
    h.place = calloc(HISTORY_SERIES_MAX + 1, sizeof(*h.place));
    int rc = h.series && h.place ? store_read(s, "history_hour", read_hour, &h, err)
                                 : error_set(err, ERR_MEMORY, "No memory for the histories.");
    for (size_t i = 0; i < h.count;) { // a series of which the hour has nothing
        bool any = false;
        for (int m = 0; m < MINUTES_IN_ROW; m++) {
            any = any || h.series[i].minutes[m].seconds;
        }
        if (any) {
            i++;
        } else {
            h.series[i] = h.series[--h.count];
        }
    }
    rc = rc ? rc : store_write(s, "history_compact", put_all, &h, err);
    free(h.series);
    free(h.place);
    return rc;
}

// ---- giving up

static int delete_before(
    struct write *w, const char *table, bool by_series, int64_t before_s, struct error *err)
{
    char sql[160];
    int64_t gone = 0;

    // By series each deletion is a seek; without, the whole table would be walked.
    snprintf(sql, sizeof(sql),
        by_series ? "SELECT coalesce(sum(length(h.data)), 0) FROM series s JOIN %s h ON h.series = "
                    "s.id AND h.start_s < ?"
                  : "SELECT coalesce(sum(length(data)), 0) FROM %s WHERE start_s < ?",
        table);
    struct query q = query_start(w->db, sql);
    query_int(&q, before_s);
    gone = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    if (rc != 0 || gone == 0) {
        return rc;
    }
    snprintf(sql, sizeof(sql),
        by_series ? "DELETE FROM %s WHERE (series, start_s) IN (SELECT h.series, h.start_s FROM "
                    "series s JOIN %s h ON h.series = s.id AND h.start_s < ?)"
                  : "DELETE FROM %s WHERE start_s < ?",
        table, table);
    q = query_start(w->db, sql);
    query_int(&q, before_s);
    rc = query_run(&q, err);
    return rc ? rc : add_bytes(w, -gone, err);
}

static int trim(struct write *w, void *ctx, struct error *err)
{
    int64_t now_s = *(int64_t *)ctx, bytes = 0;
    int64_t seconds_kept = HISTORY_SECONDS_KEPT_S, minutes_kept = HISTORY_MINUTES_KEPT_S;
    int rc = delete_before(w, "history_hours", true, now_s - HISTORY_HOURS_KEPT_S, err);

    for (int i = 0; rc == 0 && i < TRIM_STEPS; i++) {
        rc = delete_before(w, "history_seconds", false, now_s - seconds_kept, err);
        rc = rc ? rc : delete_before(w, "history_minutes", true, now_s - minutes_kept, err);
        rc = rc ? rc : read_one(w->db, "SELECT bytes FROM history_state", &bytes, err);
        if (rc != 0 || bytes <= HISTORY_BYTES_MAX) {
            break;
        }
        if (seconds_kept > 2 * HOUR_S) { // two hours stay: the tail that is not compacted yet
            seconds_kept -= HOUR_S;
        } else {
            minutes_kept -= minutes_kept > DAY_S ? 2 * DAY_S : 0;
        }
    }
    return rc;
}

static int read_first(struct store *s, struct db *db, void *ctx, struct error *err)
{
    int64_t *ret = ctx;
    (void)s;

    int rc = history_compacted(db, &ret[0], err);
    return rc ? rc : read_one(db, "SELECT min(start_s) FROM history_seconds", &ret[1], err);
}

int store_history_compact(struct store *s, int64_t now_s, struct error *err)
{
    int64_t state[2] = { 0 }; // compacted up to, first second kept
    int rc = store_read(s, "history_state", read_first, state, err);
    int64_t next = state[0] ? state[0] : state[1] / HOUR_S * HOUR_S;
    bool any = false;

    if (rc != 0 || state[1] == 0) {
        return rc;
    }
    // Hours in which the server did not run have nothing.
    next = next < state[1] / HOUR_S * HOUR_S ? state[1] / HOUR_S * HOUR_S : next;
    while (rc == 0 && next + HOUR_S <= now_s) {
        rc = compact_hour(s, next, err);
        next += HOUR_S;
        any = true;
    }
    return rc || !any ? rc : store_write(s, "history_trim", trim, &now_s, err);
}
