// SPDX-License-Identifier: AGPL-3.0-or-later
// The cells behind metric.h: one flat array of atomics, laid out once from the table. A counter is one cell, a gauge one cell
// that holds the bits of a double, a histogram its buckets, +Inf, and the sum in microseconds.
#include "watch/metric.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_llong *cells; // immutable after the layout, as is what follows
static size_t cell_count;
static size_t first[METRICS], width[METRICS], inner[METRICS]; // inner: values of the second label

static long long bits_of(double value)
{
    long long bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double double_of(long long bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void clear(void)
{
    for (int m = 0; m < METRICS; m++) {
        size_t end = m + 1 < METRICS ? first[m + 1] : cell_count;
        bool gauge = metric_info((enum metric)m)->kind == METRIC_GAUGE;
        for (size_t i = first[m]; i < end; i++) {
            atomic_store(&cells[i], gauge ? bits_of(NAN) : 0);
        }
    }
}

static void lay_out(void)
{
    for (int m = 0; m < METRICS; m++) {
        const struct metric_info *info = metric_info((enum metric)m);
        BUG_ON(!info->name);
        BUG_ON(metric_bucket_count(info) > METRIC_BUCKETS_MAX);
        first[m] = cell_count;
        width[m] = info->kind == METRIC_HISTOGRAM ? metric_bucket_count(info) + 2 : 1;
        inner[m] = label_count(info->label[1]);
        cell_count += label_count(info->label[0]) * inner[m] * width[m];
    }
    cells = xalloc(cell_count * sizeof(*cells));
    clear();
}

static atomic_llong *cell_of(enum metric m, unsigned a, unsigned b)
{
    pthread_once(&once, lay_out);
    BUG_ON((unsigned)m >= METRICS || b >= inner[m]);
    size_t at = first[m] + (a * inner[m] + b) * width[m];
    BUG_ON(at >= (m + 1 < METRICS ? first[m + 1] : cell_count));
    return &cells[at];
}

void metric_add(enum metric m, unsigned a, unsigned b, int64_t n)
{
    atomic_fetch_add_explicit(cell_of(m, a, b), n, memory_order_relaxed);
}

void metric_copy(enum metric m, unsigned a, unsigned b, int64_t total)
{
    atomic_store_explicit(cell_of(m, a, b), total, memory_order_relaxed);
}

void metric_set(enum metric m, unsigned a, unsigned b, double value)
{
    atomic_store_explicit(
        cell_of(m, a, b), bits_of(isfinite(value) ? value : NAN), memory_order_relaxed);
}

void metric_observe(enum metric m, unsigned a, int64_t us)
{
    const struct metric_info *info = metric_info(m);
    atomic_llong *cell = cell_of(m, a, 0);
    size_t n = metric_bucket_count(info), i = 0;

    us = us < 0 ? 0 : us;
    while (i < n && (double)us > info->buckets[i] * 1e6) {
        i++;
    }
    atomic_fetch_add_explicit(&cell[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cell[n + 1], us, memory_order_relaxed);
}

int64_t metric_count(enum metric m, unsigned a, unsigned b)
{
    int64_t counts[METRIC_BUCKETS_MAX + 1], all = 0;

    if (metric_info(m)->kind != METRIC_HISTOGRAM) {
        return atomic_load_explicit(cell_of(m, a, b), memory_order_relaxed);
    }
    for (size_t i = metric_buckets(m, a, counts); i > 0; i--) {
        all += counts[i - 1];
    }
    return all;
}

double metric_value(enum metric m, unsigned a, unsigned b)
{
    const struct metric_info *info = metric_info(m);
    atomic_llong *cell = cell_of(m, a, b);

    if (info->kind == METRIC_GAUGE) {
        return double_of(atomic_load_explicit(cell, memory_order_relaxed));
    }
    if (info->kind == METRIC_HISTOGRAM) {
        return (double)atomic_load_explicit(&cell[width[m] - 1], memory_order_relaxed) * 1e-6;
    }
    double value = (double)atomic_load_explicit(cell, memory_order_relaxed);
    return info->scale > 0 ? value * info->scale : value;
}

size_t metric_buckets(enum metric m, unsigned a, int64_t ret[METRIC_BUCKETS_MAX + 1])
{
    atomic_llong *cell = cell_of(m, a, 0);
    size_t n = metric_bucket_count(metric_info(m)) + 1;

    for (size_t i = 0; i < n; i++) {
        ret[i] = atomic_load_explicit(&cell[i], memory_order_relaxed);
    }
    return n;
}

bool metric_shown(const struct metric_info *info, unsigned a, unsigned b)
{
    if (info->kind == METRIC_GAUGE) {
        return !isnan(metric_value(info->id, a, b));
    }
    return !info->sparse || metric_count(info->id, a, b) != 0;
}

void metric_reset(void)
{
    pthread_once(&once, lay_out);
    clear();
}
