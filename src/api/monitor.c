// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements monitor.h: the threads, and seconds gathered into minutes.
#include "api/monitor_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/thread.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// ---- minutes

static void minute_begin(struct monitor *m, struct minute *one, int64_t start_s)
{
    for (size_t i = 0; i < m->series_count * HISTORY_FRAME_MAX_S; i++) {
        one->values[i] = NAN;
    }
    one->start_s = start_s;
    one->seconds = 0;
}

// The minute is over: it waits for the store. When the store takes none for long, the oldest goes.
static void minute_end(struct monitor *m)
{
    if (m->now.seconds == 0) {
        m->now.start_s = 0;
        return;
    }
    if (m->waiting_count == MINUTES_WAITING) {
        struct minute oldest = m->waiting[0];
        memmove(&m->waiting[0], &m->waiting[1], (MINUTES_WAITING - 1) * sizeof(m->waiting[0]));
        m->waiting[MINUTES_WAITING - 1] = oldest;
        m->waiting_count--;
    }
    struct minute full = m->now;
    m->now = m->waiting[m->waiting_count];
    m->waiting[m->waiting_count++] = full;
    m->now.start_s = 0;
    m->now.seconds = 0;
    pthread_cond_signal(&m->wake);
}

static void minute_add(struct monitor *m, int64_t second, const float *values)
{
    struct minute *now = &m->now;

    // Over, or the clock stepped.
    if (now->start_s && (second >= now->start_s + HISTORY_FRAME_MAX_S ||
                            second < now->start_s + now->seconds - 1)) {
        minute_end(m);
    }
    if (!now->start_s) {
        minute_begin(m, now, second);
    }
    int at = (int)(second - now->start_s);
    for (size_t i = 0; i < m->series_count; i++) {
        float *cell = &now->values[i * HISTORY_FRAME_MAX_S + (size_t)at];
        bool twice = at < now->seconds && collector_series(m->collector, i)->counter;
        *cell = twice && !isnan(*cell) && !isnan(values[i]) ? *cell + values[i] : values[i];
    }
    now->seconds = at + 1 > now->seconds ? at + 1 : now->seconds;
    if ((second + 1) % HISTORY_FRAME_MAX_S == 0) {
        minute_end(m);
    }
}

// ---- the ticking thread

static int64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void tick(struct monitor *m, float *values)
{
    int64_t mono_ms = clock_mono_ms(), before = cpu_us();

    collect_readings(m, mono_ms);
    collector_take(m->collector, values);
    pthread_mutex_lock(&m->mutex);
    minute_add(m, clock_wall_ms() / 1000, values);
    pthread_mutex_unlock(&m->mutex);
    alerts_tick(m, mono_ms);
    if (m->otlp) {
        otlp_tick(m->otlp, mono_ms, clock_wall_ms());
    }
    metric_add(METRIC_COLLECT_CPU, 0, 0, cpu_us() - before);
}

static bool wait_until(struct monitor *m, int64_t mono_ms)
{
    // The clock of sleeping is CLOCK_MONOTONIC; that of clock_mono_ms counts suspended time too.
    int64_t left = mono_ms - clock_mono_ms();
    struct timespec until = thread_moment(left < 0 ? 0 : left);

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    pthread_mutex_lock(&m->mutex);
    bool stopping = m->stopping;
    pthread_mutex_unlock(&m->mutex);
    return !stopping;
}

// In the middle of the next second of the wall clock, so that each second gets one sample.
static int64_t next_tick(void)
{
    int64_t in_second = clock_wall_ms() % 1000;

    return clock_mono_ms() + 1500 - in_second;
}

static void *ticker_main(void *arg)
{
    struct monitor *m = arg;
    float *values = xalloc(m->series_count * sizeof(*values));

    do {
        tick(m, values);
    } while (wait_until(m, next_tick()));
    free(values);
    return NULL;
}

// ---- the slow thread

static int write_minute(struct monitor *m, const struct minute *one, struct error *err)
{
    struct history_column *columns = xalloc(m->series_count * sizeof(*columns));

    for (size_t i = 0; i < m->series_count; i++) {
        const struct series *s = collector_series(m->collector, i);
        columns[i] =
            (struct history_column){ s->name, s->counter, &one->values[i * HISTORY_FRAME_MAX_S] };
    }
    int rc =
        store_history_put(m->api->store, one->start_s, one->seconds, columns, m->series_count, err);
    free(columns);
    return rc;
}

// Takes what waits, oldest first. It stays visible to questions until it is in the store.
static void write_minutes(struct monitor *m)
{
    struct minute copy = { .values = xalloc(
                               m->series_count * HISTORY_FRAME_MAX_S * sizeof(*copy.values)) };

    for (;;) {
        struct error err = { 0 };
        pthread_mutex_lock(&m->mutex);
        bool any = m->waiting_count > 0;
        if (any) {
            m->writes++;
            copy.start_s = m->waiting[0].start_s;
            copy.seconds = m->waiting[0].seconds;
            memcpy(copy.values, m->waiting[0].values,
                m->series_count * HISTORY_FRAME_MAX_S * sizeof(*copy.values));
        }
        pthread_mutex_unlock(&m->mutex);
        if (!any) {
            break;
        }
        int rc = write_minute(m, &copy, &err);
        if (rc == ERR_CORRUPT) {
            metric_set(METRIC_INTEGRITY, INTEGRITY_DATABASE, 0, 1);
        }
        if (rc < 0) {
            log_warn("watch.history", LS("error", err.text));
        }
        pthread_mutex_lock(&m->mutex);
        m->writes++;
        if (m->waiting_count && m->waiting[0].start_s == copy.start_s) {
            struct minute done = m->waiting[0];
            memmove(&m->waiting[0], &m->waiting[1], (MINUTES_WAITING - 1) * sizeof(m->waiting[0]));
            m->waiting[MINUTES_WAITING - 1] = done;
            m->waiting_count--;
        }
        pthread_mutex_unlock(&m->mutex);
    }
    free(copy.values);
}

static void compact(struct monitor *m)
{
    struct error err = { 0 };
    int64_t bytes = 0;
    int rc = store_history_compact(m->api->store, clock_wall_ms() / 1000, &err);

    rc = rc < 0 ? rc : store_history_bytes(m->api->store, &bytes, &err);
    if (rc < 0) {
        log_warn("watch.compact", LS("error", err.text));
        return;
    }
    metric_set(METRIC_HISTORY_BYTES, 0, 0, (double)bytes);
}

static void *slow_main(void *arg)
{
    struct monitor *m = arg;
    int64_t now = clock_mono_ms(), scanner = now, compacted = now;

    pthread_mutex_lock(&m->mutex);
    while (!m->stopping) {
        pthread_mutex_unlock(&m->mutex);
        struct error err = { 0 };
        int64_t before_us = cpu_us();
        write_minutes(m);
        if (alerts_flush(m, &err) < 0) {
            log_warn("watch.alerts", LS("error", err.text));
        }
        now = clock_mono_ms();
        if (now >= scanner) {
            collect_scanner(m);
            scanner = now + SCANNER_EVERY_S * 1000;
        }
        collect_chain(m, now);
        if (now >= compacted) {
            compact(m);
            compacted = now + COMPACT_EVERY_S * 1000;
        }
        metric_add(METRIC_COLLECT_CPU, 0, 0, cpu_us() - before_us);
        pthread_mutex_lock(&m->mutex);
        struct timespec until = thread_moment(1000);
        if (!m->stopping && m->waiting_count == 0 && m->change_count == 0) {
            thread_wait(&m->wake, &m->mutex, &until);
        }
    }
    minute_end(m);
    pthread_mutex_unlock(&m->mutex);
    write_minutes(m);
    alerts_flush(m, NULL);
    return NULL;
}

static void *canary_main(void *arg)
{
    struct monitor *m = arg;
    int64_t next = clock_mono_ms();

    for (;;) {
        next += m->api->settings->watch_canary_s * 1000;
        do {
            int64_t soon = clock_mono_ms() + 1000;
            if (!wait_until(m, soon < next ? soon : next)) {
                return NULL;
            }
        } while (clock_mono_ms() < next);
        canary_run(m);
    }
}

// ---- questions

size_t monitor_series(struct monitor *m, struct slice metric, const struct label_match *labels,
    size_t label_n, const char **ret_names, const struct series **ret_series, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < m->series_count && count < max; i++) {
        const struct series *s = collector_series(m->collector, i);
        struct slice name = slice_of(s->name), base = name;
        const char *brace = memchr(name.data, '{', name.len);
        base.len = brace ? (size_t)(brace - name.data) : name.len;
        bool fits = slice_equal(base, metric);
        for (size_t k = 0; fits && k < label_n; k++) {
            const struct metric_info *info = metric_info(s->metric);
            bool has = false;
            for (int l = 0; l < METRIC_LABELS_MAX && info->label[l]; l++) {
                has = has ||
                      (slice_is(labels[k].name, label_name(info->label[l])) &&
                          slice_is(labels[k].value, label_word(info->label[l], l ? s->b : s->a)));
            }
            fits = has;
        }
        if (fits) {
            ret_names[count] = s->name;
            ret_series[count++] = s;
        }
    }
    return count;
}

static void fold_minute(struct monitor *m, const struct minute *one, struct history_query *q)
{
    for (size_t n = 0; n < q->count; n++) {
        for (size_t i = 0; i < m->series_count; i++) {
            const struct series *s = collector_series(m->collector, i);
            if (s->name != q->names[n]) { // names come from monitor_series
                continue;
            }
            q->counters[n] = s->counter;
            for (int k = 0; k < one->seconds; k++) {
                int64_t t = one->start_s + k;
                float v = one->values[i * HISTORY_FRAME_MAX_S + (size_t)k];
                if (isnan(v) || t < q->from_s || t >= q->to_s) {
                    continue;
                }
                size_t at = (size_t)((t - q->from_s) / q->step_s);
                struct history_cell *cell = &q->cells[n * q->points + at];
                cell->sum += (double)v;
                cell->max = cell->seconds == 0 || v > cell->max ? v : cell->max;
                cell->seconds += 1;
            }
            break;
        }
    }
}

// A minute that goes over to the store between both looks would be missing or there twice: then both are done again.
static int load_whole(struct monitor *m, struct history_query *q, struct error *err)
{
    enum { TRIES = 100, PAUSE_US = 2000 };
    int rc = 0;

    for (int i = 0; i < TRIES; i++) {
        pthread_mutex_lock(&m->mutex);
        uint64_t before = m->writes;
        pthread_mutex_unlock(&m->mutex);
        if (before % 2 == 0) {
            memset(q->cells, 0, q->count * q->points * sizeof(*q->cells));
            rc = store_history_load(m->api->store, q, clock_wall_ms() / 1000, err);
            pthread_mutex_lock(&m->mutex);
            if (rc < 0 || m->writes == before) {
                return rc; // with the lock
            }
            pthread_mutex_unlock(&m->mutex);
        }
        usleep(PAUSE_US);
    }
    pthread_mutex_lock(&m->mutex);
    return rc;
}

int monitor_history(struct monitor *m, struct history_query *q, struct error *err)
{
    int rc = load_whole(m, q, err);

    for (size_t i = 0; rc == 0 && i < m->waiting_count; i++) {
        fold_minute(m, &m->waiting[i], q);
    }
    if (rc == 0 && m->now.start_s) {
        fold_minute(m, &m->now, q);
    }
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

void monitor_request_ended(
    struct http_request *req, const struct http_route *route, int status, int64_t ms)
{
    unsigned kind = status / 100 >= 1 && status / 100 <= 5 ? (unsigned)status / 100 - 1 : 4;

    (void)req;
    (void)route;
    metric_add(METRIC_RESPONSES, kind, 0, 1);
    metric_observe(METRIC_REQUEST_SECONDS, 0, ms * 1000);
    if (status == 401 || status == 403 || status == 429) {
        metric_add(METRIC_REFUSED, status == 401 ? 0 : status == 403 ? 1 : 2, 0, 1);
    }
}

// ---- life

int monitor_new(struct api *api, struct monitor **ret, struct error *err)
{
    struct monitor *m = xalloc(sizeof(*m));

    m->api = api;
    m->collector = collector_new();
    m->series_count = collector_count(m->collector);
    m->window = window_new();
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->wake, NULL);
    size_t bytes = m->series_count * HISTORY_FRAME_MAX_S * sizeof(float);
    m->now.values = xalloc(bytes);
    for (size_t i = 0; i < MINUTES_WAITING; i++) {
        m->waiting[i].values = xalloc(bytes);
    }
    metric_set(METRIC_BUILD_INFO, 0, 0, 1);
    metric_set(METRIC_CANARY_FAILURES, 0, 0, NAN);
    int rc = alerts_open(m, err);
    rc = rc < 0 ? rc : push_open(m, err);
    if (rc < 0) {
        monitor_free(m);
        return rc;
    }
    *ret = m;
    return 0;
}

int monitor_start(struct monitor *m, struct error *err)
{
    m->ticking = thread_start(&m->ticker, "watch-tick", ticker_main, m);
    m->slow_running = m->ticking && thread_start(&m->slow, "watch-slow", slow_main, m);
    bool canary = strcmp(m->api->settings->watch_canary, "on") == 0;
    m->canary_running =
        m->slow_running && canary && thread_start(&m->canary, "watch-canary", canary_main, m);
    if (!m->slow_running) {
        return error_set(err, ERR_MEMORY, "No thread could be started for watching the server.");
    }
    return 0;
}

void monitor_stop(struct monitor *m)
{
    if (!m) {
        return;
    }
    pthread_mutex_lock(&m->mutex);
    m->stopping = true;
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->mutex);
    if (m->ticking) {
        pthread_join(m->ticker, NULL);
    }
    if (m->canary_running) {
        pthread_join(m->canary, NULL);
    }
    if (m->slow_running) {
        pthread_join(m->slow, NULL);
    }
    m->ticking = m->slow_running = m->canary_running = false;
}

void monitor_free(struct monitor *m)
{
    if (!m) {
        return;
    }
    otlp_free(m->otlp); // after the last request that could ask how it is
    alerts_close(m);
    window_free(m->window);
    collector_free(m->collector);
    free(m->now.values);
    for (size_t i = 0; i < MINUTES_WAITING; i++) {
        free(m->waiting[i].values);
    }
    pthread_mutex_destroy(&m->mutex);
    pthread_cond_destroy(&m->wake);
    free(m);
}
