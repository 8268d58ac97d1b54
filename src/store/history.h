// SPDX-License-Identifier: AGPL-3.0-or-later
// Histories of metrics, in three tiers: seconds for a day, minutes for 90 days, hours for two years. A series is known by its
// name; values are readings (gauges) or increases (counters), NaN where there is none. A part of the store.
//
//   history_seconds  one row a minute: 60 seconds of all series together       appended as they come
//   history_minutes  one row a series and hour: 60 minutes                     made from the seconds when the hour is over
//   history_hours    one row a series and day: 24 hours                        in the same step
//
// What is not yet made into minutes is read from the seconds, so an answer has no hole at the present. The step is repeated
// after a crash: it starts from the seconds, which are durable. A reading keeps its average and its largest value, an
// increase its sum. The whole is held under HISTORY_BYTES_MAX by giving up the oldest of the finest tier first.
#ifndef LARDER_STORE_HISTORY_H
#define LARDER_STORE_HISTORY_H

#include "store/store.h"

enum {
    HISTORY_SECONDS_KEPT_S = 24 * 3600,
    HISTORY_MINUTES_KEPT_S = 90 * 86400,
    HISTORY_HOURS_KEPT_S = 730 * 86400,
    HISTORY_BYTES_MAX = 150 << 20,
    HISTORY_SERIES_MAX = 4096, // names ever kept; more are dropped
    HISTORY_FRAME_MAX_S = 60, // seconds of one put
    HISTORY_POINTS_MAX = 11000, // of one series in one answer
    HISTORY_NAMES_MAX = 512, // series of one question
};

struct history_column {
    const char *name;
    bool counter;
    const float *values; // one a second
};
// Seconds from start_s on. A row that begins at the same second is replaced.
int store_history_put(struct store *s, int64_t start_s, int seconds,
    const struct history_column *columns, size_t count, struct error *err);
// Makes hours that are over by now_s into minutes and hours, and gives up what is too old. Cheap when there is nothing to do.
int store_history_compact(struct store *s, int64_t now_s, struct error *err);

struct history_cell { // of one series in one step
    double sum; // counters: increase. Gauges: value × seconds
    float max;
    double seconds; // that had a value; 0: none
};
struct history_query {
    const char *const *names;
    size_t count; // at most HISTORY_NAMES_MAX
    int64_t from_s, to_s, step_s; // at least 1 s; coarser steps are read from coarser tiers
    size_t points; // of each series: ceil((to_s - from_s) / step_s), at most HISTORY_POINTS_MAX
    struct history_cell *cells; // count × points, zeroed by the caller
    bool *counters; // count; what each series was when it was kept
};
int store_history_load(struct store *s, struct history_query *q, int64_t now_s, struct error *err);
// The finest step that the tiers still have for a question that reaches back to from_s.
int64_t history_step_least(int64_t from_s, int64_t now_s);
int store_history_bytes(struct store *s, int64_t *ret_bytes, struct error *err);

#endif
