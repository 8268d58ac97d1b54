// SPDX-License-Identifier: AGPL-3.0-or-later
// Answering from the histories: each part of the time asked for is read from the coarsest tier that is fine enough for the
// step, the part that is not compacted yet from the seconds, and everything is added into the cells of the answer.
#include "store/sqlite/history.h"

#include "base/log.h"
#include "store/sqlite/history_codec.h"

#include <math.h>
#include <stdlib.h>

struct read {
    struct history_query *q;
    int64_t now_s;
    int64_t *ids; // of the names; 0: never kept
    size_t *place; // by id, +1
};

int64_t history_step_least(int64_t from_s, int64_t now_s)
{
    int64_t age = now_s - from_s;

    return age <= HISTORY_SECONDS_KEPT_S ? 1 : age <= HISTORY_MINUTES_KEPT_S ? 60 : HOUR_S;
}

// value: a counter's increase, or a gauge's average, over `seconds` from t on.
static void fold(
    struct history_query *q, size_t series, int64_t t, float value, float max, double seconds)
{
    if (isnan(value) || t < q->from_s || t >= q->to_s) {
        return;
    }
    size_t at = (size_t)((t - q->from_s) / q->step_s);
    if (at >= q->points) {
        return;
    }
    struct history_cell *cell = &q->cells[series * q->points + at];
    cell->sum += q->counters[series] ? (double)value : (double)value * seconds;
    cell->max = cell->seconds == 0 || max > cell->max ? max : cell->max;
    cell->seconds += seconds;
}

static int find_ids(struct db *db, struct read *r, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->q->count; i++) {
        struct query q = query_start(db, "SELECT id, counter FROM series WHERE name = ?");
        query_text(&q, r->q->names[i]);
        if (query_step(&q)) {
            int64_t id = row_int(&q);
            if (id > 0 && id <= HISTORY_SERIES_MAX) {
                r->ids[i] = id;
                r->q->counters[i] = row_int(&q) != 0;
                r->place[id] = i + 1;
            }
        }
        rc = query_end(&q, err);
    }
    return rc;
}

// Rows of a coarse tier that may hold something of [from, to).
static int read_coarse(struct db *db, struct read *r, const char *sql, int per_row, int64_t unit_s,
    int64_t from_s, int64_t to_s, struct error *err)
{
    float first[MINUTES_IN_ROW], most[MINUTES_IN_ROW];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->q->count && from_s < to_s; i++) {
        if (!r->ids[i]) {
            continue;
        }
        struct query q = query_start(db, sql);
        query_int(&q, r->ids[i]);
        query_int(&q, from_s - per_row * unit_s);
        query_int(&q, to_s);
        while (query_step(&q)) {
            int64_t start = row_int(&q);
            struct slice data = row_blob(&q);
            bool counter = r->q->counters[i];
            if (!column_cut(&data, first, (size_t)per_row) ||
                (!counter && !column_cut(&data, most, (size_t)per_row))) {
                log_error("history.damaged", LI("series", r->ids[i]), LI("start", start));
                continue;
            }
            for (int k = 0; k < per_row; k++) {
                int64_t t = start + k * unit_s;
                if (t >= from_s && t < to_s) {
                    fold(r->q, i, t, first[k], counter ? first[k] : most[k], (double)unit_s);
                }
            }
        }
        rc = query_end(&q, err);
    }
    return rc;
}

static bool read_frame(
    struct read *r, int64_t start_s, int64_t seconds, struct slice data, int64_t from_s)
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
        size_t place = id <= HISTORY_SERIES_MAX ? r->place[id] : 0;
        if (!place) {
            continue;
        }
        if (!column_cut(&column, values, (size_t)seconds)) {
            return false;
        }
        for (int64_t i = 0; i < seconds; i++) {
            if (start_s + i >= from_s) {
                fold(r->q, place - 1, start_s + i, values[i], values[i], 1);
            }
        }
    }
    return true;
}

static int read_seconds(
    struct db *db, struct read *r, int64_t from_s, int64_t to_s, struct error *err)
{
    struct query q = query_start(db, "SELECT start_s, seconds, data FROM history_seconds WHERE "
                                     "start_s > ? AND start_s < ? ORDER BY start_s");

    query_int(&q, from_s - HISTORY_FRAME_MAX_S);
    query_int(&q, to_s);
    while (from_s < to_s && query_step(&q)) {
        int64_t start = row_int(&q), seconds = row_int(&q);
        if (!read_frame(r, start, seconds, row_blob(&q), from_s)) {
            log_error("history.damaged", LI("start", start));
        }
    }
    return query_end(&q, err);
}

static int load(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct read *r = ctx;
    struct history_query *q = r->q;
    int64_t compacted = 0, fine_from = q->to_s;
    (void)s;

    int rc = find_ids(db, r, err);
    rc = rc ? rc : history_compacted(db, &compacted, err);
    if (rc != 0) {
        return rc;
    }
    // From here on seconds: all for a fine step, else only what is not in the coarser tiers yet.
    int64_t seconds_from = compacted;
    if (q->step_s < 60) {
        seconds_from = r->now_s - HISTORY_SECONDS_KEPT_S;
        seconds_from = seconds_from > compacted ? compacted : seconds_from;
    }
    fine_from = seconds_from > q->from_s ? seconds_from : q->from_s;
    int64_t minutes_from = q->step_s < HOUR_S ? r->now_s - HISTORY_MINUTES_KEPT_S : fine_from;
    minutes_from = minutes_from / HOUR_S * HOUR_S;
    minutes_from = minutes_from < q->from_s ? q->from_s : minutes_from;
    minutes_from = minutes_from > fine_from ? fine_from : minutes_from;
    int64_t coarse_to = fine_from < q->to_s ? fine_from : q->to_s;
    rc = read_coarse(db, r,
        "SELECT start_s, data FROM history_hours WHERE series = ? AND start_s > ? AND start_s < ?",
        HOURS_IN_ROW, HOUR_S, q->from_s, q->step_s < HOUR_S ? minutes_from : coarse_to, err);
    if (rc == 0 && q->step_s < HOUR_S) {
        rc = read_coarse(db, r,
            "SELECT start_s, data FROM history_minutes WHERE series = ? AND start_s > ? AND "
            "start_s < ?",
            MINUTES_IN_ROW, 60, minutes_from, coarse_to, err);
    }
    return rc ? rc : read_seconds(db, r, fine_from, q->to_s, err);
}

int store_history_load(struct store *s, struct history_query *q, int64_t now_s, struct error *err)
{
    struct read r = { .q = q, .now_s = now_s };

    BUG_ON(q->count > HISTORY_NAMES_MAX || q->points > HISTORY_POINTS_MAX || q->step_s < 1);
    r.ids = calloc(q->count + 1, sizeof(*r.ids));
    r.place = calloc(HISTORY_SERIES_MAX + 1, sizeof(*r.place));
    int rc = r.ids && r.place ? store_read(s, "history_load", load, &r, err)
                              : error_set(err, ERR_MEMORY, "No memory for the histories.");
    free(r.ids);
    free(r.place);
    return rc;
}
