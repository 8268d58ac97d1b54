// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements window.h. A probe is one sum of counters that some rule asked for; it remembers its totals from then on.
#include "watch/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    struct selection selection;
    int by_label, by;
    bool sum;
    double *totals; // ring by step number; NULL until the first count
};

struct window {
    struct probe probes[WINDOW_PROBES_MAX];
    size_t count;
    int64_t step; // number of the present step
    bool started;
};

struct window *window_new(void)
{
    return xalloc(sizeof(struct window));
}

void window_free(struct window *w)
{
    if (w) {
        for (size_t i = 0; i < w->count; i++) {
            free(w->probes[i].totals);
        }
        free(w);
    }
}

static bool takes(const struct selection *s, int by_label, int by, int label, unsigned word)
{
    if (by >= 0 && label == by_label && (unsigned)by != word) {
        return false;
    }
    return s->label != label || (word < 64 && (s->words >> word & 1));
}

typedef void (*cell_fn)(void *ctx, enum metric m, unsigned a, unsigned b);

static void each_cell(const struct selection *s, int by_label, int by, cell_fn fn, void *ctx)
{
    const struct metric_info *info = metric_info(s->metric);

    for (unsigned a = 0; a < label_count(info->label[0]); a++) {
        if (!takes(s, by_label, by, 0, a)) {
            continue;
        }
        for (unsigned b = 0; b < label_count(info->label[1]); b++) {
            if (takes(s, by_label, by, 1, b)) {
                fn(ctx, s->metric, a, b);
            }
        }
    }
}

static void add_count(void *ctx, enum metric m, unsigned a, unsigned b)
{
    double scale = metric_info(m)->scale;

    *(double *)ctx += (double)metric_count(m, a, b) * (scale > 0 ? scale : 1);
}

static void add_sum(void *ctx, enum metric m, unsigned a, unsigned b)
{
    *(double *)ctx += metric_value(m, a, b);
}

static double total_of(const struct probe *p)
{
    double total = 0;

    each_cell(&p->selection, p->by_label, p->by, p->sum ? add_sum : add_count, &total);
    return total;
}

static void note(struct window *w, struct probe *p)
{
    double total = total_of(p);

    if (!p->totals) {
        if (total == 0) {
            return;
        }
        // Zero until now, for as long as the window reaches.
        p->totals = calloc(WINDOW_STEPS, sizeof(*p->totals));
        if (!p->totals) {
            return; // tried again at the next step
        }
    }
    p->totals[w->step % WINDOW_STEPS] = total;
}

void window_tick(struct window *w, int64_t mono_ms)
{
    int64_t step = mono_ms / (WINDOW_STEP_S * 1000);

    if (!w->started) {
        w->started = true;
        w->step = step;
    }
    if (step - w->step > WINDOW_STEPS) { // a long sleep: all of it is over
        w->step = step - WINDOW_STEPS;
    }
    while (w->step < step) {
        w->step++;
        for (size_t i = 0; i < w->count; i++) {
            note(w, &w->probes[i]);
        }
    }
}

static struct probe *find(
    struct window *w, const struct selection *s, int by_label, int by, bool sum)
{
    for (size_t i = 0; i < w->count; i++) {
        struct probe *p = &w->probes[i];
        if (p->by == by && p->sum == sum && p->by_label == by_label &&
            p->selection.metric == s->metric && p->selection.label == s->label &&
            p->selection.words == s->words) {
            return p;
        }
    }
    if (w->count == WINDOW_PROBES_MAX) {
        return NULL;
    }
    struct probe *p = &w->probes[w->count++];
    *p = (struct probe){ .selection = *s, .by_label = by_label, .by = by, .sum = sum };
    return p;
}

static double increase(
    void *ctx, const struct selection *s, int by_label, int by, int64_t window_s, bool sum)
{
    struct window *w = ctx;
    struct probe *p = find(w, s, by_label, by, sum);
    int64_t back = window_s / WINDOW_STEP_S;

    if (!p) {
        return NAN;
    }
    double total = total_of(p);
    if (!p->totals) {
        return total;
    }
    back = back > WINDOW_STEPS - 1 ? WINDOW_STEPS - 1 : back;
    // Places that were never written hold zero: before the first count there was nothing.
    int64_t then = w->step - back;
    double before = then > 0 ? p->totals[then % WINDOW_STEPS] : 0;
    double grown = total - before;
    return grown < 0 ? 0 : grown;
}

static void take_largest(void *ctx, enum metric m, unsigned a, unsigned b)
{
    *(double *)ctx = fmax(*(double *)ctx, metric_value(m, a, b)); // fmax passes over NaN
}

static double value(void *ctx, const struct selection *s, int by_label, int by)
{
    double most = NAN;

    (void)ctx;
    each_cell(s, by_label, by, take_largest, &most);
    return most;
}

struct alert_source window_source(struct window *w)
{
    return (struct alert_source){ .value = value, .increase = increase, .ctx = w };
}
