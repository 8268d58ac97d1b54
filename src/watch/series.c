// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements series.h.
#include "watch/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERIES_MAX = 4096, HISTOGRAMS_MAX = 64 };

// Counts by bucket of the last SERIES_QUANTILE_S seconds, as a ring of totals.
struct quantiles {
    enum metric metric;
    unsigned a;
    size_t n;
    int64_t totals[SERIES_QUANTILE_S][METRIC_BUCKETS_MAX + 1];
    int64_t recent[METRIC_BUCKETS_MAX + 1]; // of the window
};

struct collector {
    struct series *series;
    double *before; // last total of each counter
    size_t count;
    struct quantiles *histograms;
    size_t histogram_count;
    uint64_t taken; // calls so far
};

static void name_series(struct series *s)
{
    static const char *const suffixes[] = { "", "_count", "_sum", "_p50", "_p95", "_p99" };
    const struct metric_info *info = metric_info(s->metric);
    AUTO_BUF name = BUF_INIT(SERIES_NAME_MAX - 1);
    const unsigned at[] = { s->a, s->b };
    const char *before = "{";

    buf_addf(&name, "%s%s", info->name, suffixes[s->part]);
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
        if (info->label[i]) {
            buf_addf(&name, "%s%s=\"%s\"", before, label_name(info->label[i]),
                label_word(info->label[i], at[i]));
            before = ",";
        }
    }
    buf_add_str(&name, before[0] == ',' ? "}" : "");
    BUG_ON(!buf_ok(&name));
    snprintf(s->name, sizeof(s->name), "%s", name.data);
}

static void add_series(
    struct collector *c, enum metric m, unsigned a, unsigned b, enum series_part part)
{
    BUG_ON(c->count == SERIES_MAX);
    struct series *s = &c->series[c->count++];
    bool counter = part == SERIES_COUNT || part == SERIES_SUM ||
                   (part == SERIES_VALUE && metric_info(m)->kind == METRIC_COUNTER);
    *s = (struct series){ .metric = m, .a = a, .b = b, .part = part, .counter = counter };
    name_series(s);
}

static void add_histogram(struct collector *c, enum metric m, unsigned a)
{
    BUG_ON(c->histogram_count == HISTOGRAMS_MAX);
    struct quantiles *q = &c->histograms[c->histogram_count++];
    *q = (struct quantiles){ .metric = m, .a = a, .n = metric_bucket_count(metric_info(m)) + 1 };
    for (int part = SERIES_COUNT; part <= SERIES_P99; part++) {
        add_series(c, m, a, 0, (enum series_part)part);
    }
}

struct collector *collector_new(void)
{
    struct collector *c = xalloc(sizeof(*c));

    c->series = xalloc(SERIES_MAX * sizeof(*c->series));
    c->before = xalloc(SERIES_MAX * sizeof(*c->before));
    c->histograms = xalloc(HISTOGRAMS_MAX * sizeof(*c->histograms));
    for (int m = 0; m < METRICS; m++) {
        const struct metric_info *info = metric_info((enum metric)m);
        for (unsigned a = 0; !info->momentary && a < label_count(info->label[0]); a++) {
            if (info->kind == METRIC_HISTOGRAM) {
                add_histogram(c, (enum metric)m, a);
                continue;
            }
            for (unsigned b = 0; b < label_count(info->label[1]); b++) {
                add_series(c, (enum metric)m, a, b, SERIES_VALUE);
            }
        }
    }
    return c;
}

void collector_free(struct collector *c)
{
    if (c) {
        free(c->series);
        free(c->before);
        free(c->histograms);
        free(c);
    }
}

size_t collector_count(const struct collector *c)
{
    return c->count;
}

const struct series *collector_series(const struct collector *c, size_t i)
{
    BUG_ON(i >= c->count);
    return &c->series[i];
}

static void turn_window(struct collector *c)
{
    size_t place = c->taken % SERIES_QUANTILE_S;

    for (size_t h = 0; h < c->histogram_count; h++) {
        struct quantiles *q = &c->histograms[h];
        int64_t now[METRIC_BUCKETS_MAX + 1];
        metric_buckets(q->metric, q->a, now);
        for (size_t i = 0; i < q->n; i++) {
            // Totals of a minute ago stand in this place; zero before there was one.
            q->recent[i] = now[i] - q->totals[place][i];
            q->totals[place][i] = now[i];
        }
    }
}

// Within a bucket the observations are taken as spread evenly, as Prometheus does.
static double quantile(const struct quantiles *q, double share)
{
    const double *bounds = metric_info(q->metric)->buckets;
    int64_t all = 0, below = 0;

    for (size_t i = 0; i < q->n; i++) {
        all += q->recent[i];
    }
    if (all <= 0) {
        return NAN;
    }
    double rank = share * (double)all;
    for (size_t i = 0; i + 1 < q->n; i++) {
        if ((double)(below + q->recent[i]) >= rank && q->recent[i] > 0) {
            double low = i ? bounds[i - 1] : 0;
            return low + (bounds[i] - low) * (rank - (double)below) / (double)q->recent[i];
        }
        below += q->recent[i];
    }
    return bounds[q->n - 2]; // beyond the last bound: at least that
}

static const struct quantiles *find_histogram(const struct collector *c, const struct series *s)
{
    for (size_t h = 0; h < c->histogram_count; h++) {
        if (c->histograms[h].metric == s->metric && c->histograms[h].a == s->a) {
            return &c->histograms[h];
        }
    }
    BUG("no histogram of %s", s->name);
}

static float take_one(struct collector *c, size_t i)
{
    const struct series *s = &c->series[i];
    double total = 0;

    switch (s->part) {
    case SERIES_P50:
        return (float)quantile(find_histogram(c, s), .50);
    case SERIES_P95:
        return (float)quantile(find_histogram(c, s), .95);
    case SERIES_P99:
        return (float)quantile(find_histogram(c, s), .99);
    case SERIES_COUNT:
        total = (double)metric_count(s->metric, s->a, s->b);
        break;
    default:
        total = metric_value(s->metric, s->a, s->b);
    }
    if (!s->counter) {
        return (float)total;
    }
    double grown = total - c->before[i];
    c->before[i] = total;
    if (total == 0 && metric_info(s->metric)->sparse) {
        return NAN;
    }
    return (float)(grown < 0 ? 0 : grown);
}

void collector_take(struct collector *c, float *ret_values)
{
    turn_window(c);
    for (size_t i = 0; i < c->count; i++) {
        ret_values[i] = take_one(c, i);
    }
    c->taken++;
}
