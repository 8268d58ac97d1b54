// SPDX-License-Identifier: AGPL-3.0-or-later
// The series that are kept as history, and their values second by second. Each metric of the table that is not momentary
// gives one series for each combination of labels; a histogram gives five for each: _count and _sum (increases), and the
// quantiles _p50, _p95, _p99 over the last minute, estimated from its buckets (absent when nothing was observed).
//
// The list is fixed at start. A collector belongs to one thread.
#ifndef LARDER_WATCH_SERIES_H
#define LARDER_WATCH_SERIES_H

#include "watch/metric.h"

enum { SERIES_NAME_MAX = 128, SERIES_QUANTILE_S = 60 };

enum series_part { SERIES_VALUE, SERIES_COUNT, SERIES_SUM, SERIES_P50, SERIES_P95, SERIES_P99 };
struct series {
    enum metric metric;
    unsigned a, b;
    enum series_part part;
    bool counter; // values are increases; else readings
    char name[SERIES_NAME_MAX]; // larder_uploads_total{type="pdf",outcome="accepted"}
};

struct collector;
struct collector *collector_new(void);
void collector_free(struct collector *c);
size_t collector_count(const struct collector *c);
const struct series *collector_series(const struct collector *c, size_t i);
// The values of this second, one a series: increases since the last call, readings, NaN where there is nothing (a gauge
// that is not set; a sparse series that has never counted). The first call gives increases since the start.
void collector_take(struct collector *c, float *ret_values);

#endif
