// SPDX-License-Identifier: AGPL-3.0-or-later
// The registry: the table keeps the conventions, counting is exact from many threads, and the text that comes out passes a
// strict parser of both formats, written from their specifications.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch/metric.h"
#include "watch/series.h"

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 20000 };

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), k = strlen(tail);
    return n >= k && strcmp(text + n - k, tail) == 0;
}

static void table_keeps_prometheus_conventions(void **state)
{
    (void)state;
    for (int m = 0; m < METRICS; m++) {
        const struct metric_info *i = metric_info((enum metric)m);
        assert_int_equal(i->id, m);
        assert_true(strncmp(i->name, "larder_", 7) == 0 || strncmp(i->name, "process_", 8) == 0);
        for (const char *c = i->name; *c; c++) {
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        }
        assert_int_equal(ends_with(i->name, "_total"), i->kind == METRIC_COUNTER);
        if (i->unit[0]) { // OpenMetrics: the name ends in the unit
            char tail[40];
            snprintf(tail, sizeof(tail), i->kind == METRIC_COUNTER ? "_%s_total" : "_%s", i->unit);
            if (!ends_with(i->name, tail)) {
                fail_msg("%s does not end in its unit %s", i->name, i->unit);
            }
        }
        assert_true(i->help[0] && !ends_with(i->help, "."));
        assert_int_equal(i->kind == METRIC_HISTOGRAM, i->buckets != NULL);
        assert_true(!i->label[1] || i->label[0]);
        for (int k = m + 1; k < METRICS; k++) {
            assert_string_not_equal(i->name, metric_info((enum metric)k)->name);
        }
    }
}

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(METRIC_UPLOADS, 1, UPLOAD_WARNED, 1);
        metric_observe(METRIC_STAGE_SECONDS, STAGE_READ, i);
    }
    return NULL;
}

static void counting_from_many_threads_loses_nothing(void **state)
{
    pthread_t threads[THREADS];
    (void)state;

    metric_reset();
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(metric_count(METRIC_UPLOADS, 1, UPLOAD_WARNED), THREADS * ROUNDS);
    assert_int_equal(metric_count(METRIC_STAGE_SECONDS, STAGE_READ, 0), THREADS * ROUNDS);
    double sum = metric_value(METRIC_STAGE_SECONDS, STAGE_READ, 0);
    assert_true(fabs(sum - THREADS * (ROUNDS * (ROUNDS - 1.0) / 2) * 1e-6) < 1e-6);
}

// ---- a strict reader of the text formats

struct sample {
    char name[128], labels[256];
    double value;
};
struct family {
    char name[128], type[16];
    bool help, unit;
    double last_bucket, last_bound;
};

static const char *take_name(const char *at, char *ret, size_t size)
{
    size_t n = 0;

    while (isalnum((unsigned char)at[n]) || at[n] == '_' || (n == 0 && at[n] == ':')) {
        n++;
    }
    assert_true(n > 0 && n < size && !isdigit((unsigned char)at[0]));
    memcpy(ret, at, n);
    ret[n] = '\0';
    return at + n;
}

// name{label="value",…} value
static struct sample take_sample(const char *line)
{
    struct sample s = { 0 };
    const char *at = take_name(line, s.name, sizeof(s.name));
    char *end = NULL, name[128];

    if (*at == '{') {
        const char *begin = ++at;
        while (*at != '}') {
            at = take_name(at, name, sizeof(name));
            assert_int_equal(*at++, '=');
            assert_int_equal(*at++, '"');
            while (*at != '"') {
                assert_true(*at && *at != '\n' && *at != '\\'); // none of ours needs escaping
                at++;
            }
            at++;
            assert_true(*at == ',' || *at == '}');
            at += *at == ',';
        }
        snprintf(s.labels, sizeof(s.labels), "%.*s", (int)(at - begin), begin);
        at++;
    }
    assert_int_equal(*at++, ' ');
    s.value = strtod(at, &end);
    assert_true(end != at && *end == '\0');
    assert_true(isfinite(s.value)); // no NaN, no Inf of ours
    return s;
}

static void belongs(const struct family *f, const struct sample *s, bool open)
{
    size_t n = strlen(f->name);
    const char *tail = s->name + n;

    assert_true(strncmp(s->name, f->name, n) == 0);
    if (strcmp(f->type, "counter") == 0) {
        assert_string_equal(tail, open ? "_total" : "");
        assert_true(s->value >= 0);
    } else if (strcmp(f->type, "gauge") == 0) {
        assert_string_equal(tail, "");
    } else {
        assert_true(strcmp(tail, "_bucket") == 0 || strcmp(tail, "_sum") == 0 ||
                    strcmp(tail, "_count") == 0);
    }
}

static void check_histogram(struct family *f, const struct sample *s)
{
    const char *le = strstr(s->labels, "le=\"");

    if (ends_with(s->name, "_bucket")) {
        assert_non_null(le);
        double bound = strtod(le + 4, NULL);
        assert_true(bound > f->last_bound || s->value >= 0);
        if (bound > f->last_bound) {
            assert_true(s->value >= f->last_bucket); // cumulative
        }
        f->last_bound = isinf(bound) ? 0 : bound;
        f->last_bucket = isinf(bound) ? s->value : s->value;
    } else if (ends_with(s->name, "_count")) {
        assert_true(s->value == f->last_bucket); // as the +Inf bucket
        f->last_bucket = 0;
    } else {
        assert_null(le);
    }
}

static int parse_all(char *text, bool open)
{
    struct family f = { 0 };
    int samples = 0;
    bool ended = false;
    char *save = NULL;

    assert_true(text[0] && text[strlen(text) - 1] == '\n');
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        assert_false(ended);
        if (strcmp(line, "# EOF") == 0) {
            assert_true(open);
            ended = true;
        } else if (strncmp(line, "# HELP ", 7) == 0) {
            f = (struct family){ .help = true };
            take_name(line + 7, f.name, sizeof(f.name));
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            char name[128];
            const char *at = take_name(line + 7, name, sizeof(name));
            assert_string_equal(name, f.name);
            snprintf(f.type, sizeof(f.type), "%s", at + 1);
            assert_true(strcmp(f.type, "counter") == 0 || strcmp(f.type, "gauge") == 0 ||
                        strcmp(f.type, "histogram") == 0);
        } else if (strncmp(line, "# UNIT ", 7) == 0) {
            char name[128], tail[64];
            const char *at = take_name(line + 7, name, sizeof(name));
            assert_true(open);
            assert_string_equal(name, f.name);
            snprintf(tail, sizeof(tail), "_%s", at + 1);
            assert_true(ends_with(f.name, tail));
        } else {
            struct sample s = take_sample(line);
            assert_true(f.type[0]);
            belongs(&f, &s, open);
            if (strcmp(f.type, "histogram") == 0) {
                check_histogram(&f, &s);
            }
            samples++;
        }
    }
    assert_int_equal(ended, open);
    return samples;
}

static void both_formats_pass_a_strict_parser(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    AUTO_BUF open = BUF_INIT(1 << 20);
    (void)state;

    metric_reset();
    metric_add(METRIC_UPLOADS, label_find(LABEL_TYPE, SLICE_LIT("pdf")), UPLOAD_ACCEPTED, 3);
    metric_set(METRIC_PRESSURE, 0, 0, 0.25);
    metric_set(METRIC_PRESSURE, 1, 0, NAN);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_CHECK, 30000);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_CHECK, 90000000);
    metrics_expose(&text, false);
    metrics_expose(&open, true);
    assert_non_null(
        strstr(text.data, "larder_uploads_total{type=\"pdf\",outcome=\"accepted\"} 3\n"));
    assert_non_null(
        strstr(text.data, "larder_stage_seconds_bucket{stage=\"check\",le=\"0.05\"} 1\n"));
    assert_non_null(
        strstr(text.data, "larder_stage_seconds_bucket{stage=\"check\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text.data, "larder_pressure_ratio{resource=\"cpu\"} 0.25\n"));
    assert_null(strstr(text.data, "resource=\"memory\"")); // not known is not shown
    assert_null(strstr(text.data, "type=\"docx\"")); // sparse
    assert_non_null(strstr(open.data, "# TYPE larder_uploads counter\n"));
    assert_int_equal(parse_all(text.data, false), parse_all(open.data, true));
    assert_true(
        metrics_wants_open(SLICE_LIT("application/openmetrics-text;version=1.0.0,*/*;q=0.1")));
    assert_false(metrics_wants_open(SLICE_LIT("text/plain")));
}

static size_t find_series(const struct collector *c, const char *name)
{
    for (size_t i = 0; i < collector_count(c); i++) {
        if (strcmp(collector_series(c, i)->name, name) == 0) {
            return i;
        }
    }
    fail_msg("no series %s", name);
    return 0;
}

static void collector_gives_increases_readings_and_quantiles(void **state)
{
    (void)state;
    metric_reset();
    struct collector *c = collector_new();
    float *v = calloc(collector_count(c), sizeof(*v));
    size_t pdf = find_series(c, "larder_uploads_total{type=\"pdf\",outcome=\"accepted\"}");
    size_t requests = find_series(c, "larder_http_requests_total");
    size_t depth = find_series(c, "larder_jobs{state=\"queued\"}");
    size_t p95 = find_series(c, "larder_stage_seconds_p95{stage=\"read\"}");

    collector_take(c, v);
    assert_true(isnan(v[pdf]) && isnan(v[depth]) && isnan(v[p95]) && v[requests] == 0);
    metric_add(METRIC_UPLOADS, label_find(LABEL_TYPE, SLICE_LIT("pdf")), UPLOAD_ACCEPTED, 3);
    metric_copy(METRIC_REQUESTS, 0, 0, 12);
    metric_set(METRIC_JOBS, 0, 0, 5);
    for (int i = 0; i < 100; i++) {
        metric_observe(METRIC_STAGE_SECONDS, STAGE_READ, i < 90 ? 20000 : 400000);
    }
    collector_take(c, v);
    assert_true(v[pdf] == 3 && v[requests] == 12 && v[depth] == 5);
    assert_true(v[p95] > 0.25F && v[p95] <= 0.5F);
    collector_take(c, v);
    assert_true(v[pdf] == 0 && v[requests] == 0 && v[depth] == 5 && v[p95] > 0.25F);
    for (int i = 0; i < SERIES_QUANTILE_S; i++) {
        collector_take(c, v);
    }
    assert_true(isnan(v[p95])); // a minute without any
    free(v);
    collector_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_keeps_prometheus_conventions),
        cmocka_unit_test(counting_from_many_threads_loses_nothing),
        cmocka_unit_test(both_formats_pass_a_strict_parser),
        cmocka_unit_test(collector_gives_increases_readings_and_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
