// SPDX-License-Identifier: AGPL-3.0-or-later
// Metrics as OTLP has them in JSON, what a collector's answers mean, and the pauses between tries.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch/metric.h"
#include "watch/otlp.h"
#include "wire/json.h"

static const struct otlp_resource resource = {
    .service = "larder", .instance = "an-id", .started_ms = 1700000000000, .now_ms = 1700000060000
};

static json_t *encoded(void)
{
    AUTO_BUF out = BUF_INIT(OTLP_BODY_MAX);
    struct error err = { 0 };

    assert_int_equal(otlp_encode(&out, &resource, &err), 0);
    json_t *all = json_in_parse_object(buf_slice(&out), &err);
    assert_non_null(all);
    return all;
}

static const json_t *path(const json_t *at, const char *keys)
{
    struct slice rest = slice_of(keys), key;

    while (slice_cut(&rest, '.', &key)) {
        int64_t index = 0;
        char name[64];
        snprintf(name, sizeof(name), SLICE_FMT, SLICE_ARG(key));
        at = slice_to_i64(key, &index) ? json_array_get(at, (size_t)index)
                                       : json_object_get(at, name);
        if (!at) {
            fail_msg("%s is not there (in %s)", name, keys);
        }
    }
    return at;
}

static const char *text(const json_t *at, const char *keys)
{
    return json_string_value(path(at, keys));
}

static const json_t *metric(const json_t *all, const char *name)
{
    const json_t *list = path(all, "resourceMetrics.0.scopeMetrics.0.metrics");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text(json_array_get(list, i), "name"), name) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

static void resource_says_who_and_which_version(void **state)
{
    AUTO_JSON *all = encoded();
    (void)state;

    const json_t *a = path(all, "resourceMetrics.0.resource.attributes");
    assert_string_equal(text(a, "0.key"), "service.name");
    assert_string_equal(text(a, "0.value.stringValue"), "larder");
    assert_string_equal(text(a, "1.key"), "service.version");
    assert_string_equal(text(a, "1.value.stringValue"), LARDER_VERSION);
    assert_string_equal(text(a, "2.key"), "service.instance.id");
    assert_string_equal(text(a, "2.value.stringValue"), "an-id");
}

static void counter_is_a_cumulative_monotonic_sum_since_the_start(void **state)
{
    (void)state;
    metric_reset();
    metric_add(METRIC_REQUESTS, 0, 0, INT64_C(9007199254740993)); // more than a double holds
    metric_copy(METRIC_PROCESS_CPU, 0, 0, 1500000);
    AUTO_JSON *all = encoded();

    const json_t *m = metric(all, "larder_http_requests_total");
    assert_int_equal(json_integer_value(path(m, "sum.aggregationTemporality")), 2);
    assert_true(json_is_true(path(m, "sum.isMonotonic")));
    assert_string_equal(text(m, "sum.dataPoints.0.asInt"), "9007199254740993");
    assert_string_equal(text(m, "sum.dataPoints.0.startTimeUnixNano"), "1700000000000000000");
    assert_string_equal(text(m, "sum.dataPoints.0.timeUnixNano"), "1700000060000000000");
    m = metric(all, "process_cpu_seconds_total");
    assert_string_equal(text(m, "unit"), "s");
    assert_true(json_real_value(path(m, "sum.dataPoints.0.asDouble")) == 1.5);
}

static void gauge_without_value_is_left_out(void **state)
{
    (void)state;
    metric_reset();
    metric_set(METRIC_DISK_FREE, 0, 0, 4096);
    metric_set(METRIC_MEMORY_RATIO, 0, 0, 0.25);
    AUTO_JSON *all = encoded();

    assert_null(metric(all, "larder_chunks"));
    const json_t *m = metric(all, "larder_disk_free_bytes");
    assert_string_equal(text(m, "unit"), "By");
    assert_true(json_number_value(path(m, "gauge.dataPoints.0.asDouble")) == 4096);
    assert_null(json_object_get(path(m, "gauge.dataPoints.0"), "startTimeUnixNano"));
    assert_string_equal(text(metric(all, "larder_memory_used_ratio"), "unit"), "1");
}

static void sparse_counter_has_only_points_that_counted(void **state)
{
    (void)state;
    metric_reset();
    metric_add(METRIC_UPLOADS, label_find(LABEL_TYPE, SLICE_LIT("pdf")), UPLOAD_REJECTED, 3);
    AUTO_JSON *all = encoded();

    const json_t *points = path(metric(all, "larder_uploads_total"), "sum.dataPoints");
    assert_int_equal(json_array_size(points), 1);
    assert_string_equal(text(points, "0.attributes.0.key"), "type");
    assert_string_equal(text(points, "0.attributes.0.value.stringValue"), "pdf");
    assert_string_equal(text(points, "0.attributes.1.key"), "outcome");
    assert_string_equal(text(points, "0.attributes.1.value.stringValue"), "rejected");
    assert_string_equal(text(points, "0.asInt"), "3");
}

static void histogram_has_bounds_and_one_bucket_more(void **state)
{
    int64_t sum = 0;
    (void)state;

    metric_reset();
    metric_observe(METRIC_STAGE_SECONDS, STAGE_SEARCH, 5000); // on the first bound: inside it
    metric_observe(METRIC_STAGE_SECONDS, STAGE_SEARCH, 30000);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_SEARCH, 3600000000);
    AUTO_JSON *all = encoded();
    const json_t *points = path(metric(all, "larder_stage_seconds"), "histogram.dataPoints");
    const json_t *p = json_array_get(points, STAGE_SEARCH);
    const json_t *counts = path(p, "bucketCounts"), *bounds = path(p, "explicitBounds");

    assert_string_equal(text(p, "attributes.0.value.stringValue"), "search");
    assert_int_equal(json_array_size(counts), json_array_size(bounds) + 1);
    for (size_t i = 0; i < json_array_size(counts); i++) {
        int64_t n = 0;
        assert_true(slice_to_i64(slice_of(json_string_value(json_array_get(counts, i))), &n));
        sum += n;
        assert_true(i == 0 || i + 1 >= json_array_size(counts) ||
                    json_number_value(json_array_get(bounds, i)) >
                        json_number_value(json_array_get(bounds, i - 1)));
    }
    assert_int_equal(sum, 3);
    assert_string_equal(text(p, "count"), "3");
    assert_string_equal(text(counts, "0"), "1");
    assert_string_equal(text(counts, "3"), "1"); // 0.03 lies in (0.025, 0.05]
    assert_true(json_real_value(path(p, "sum")) == 3600.035);
}

static void too_much_for_the_buffer_is_an_error(void **state)
{
    AUTO_BUF out = BUF_INIT(200);
    struct error err = { 0 };
    (void)state;

    assert_int_equal(otlp_encode(&out, &resource, &err), ERR_TOO_LARGE);
}

static void answers_are_judged_as_the_protocol_says(void **state)
{
    static const long again[] = { 0, 429, 502, 503, 504 },
                      refused[] = { 301, 400, 401, 404, 413, 500, 501 };
    (void)state;

    assert_int_equal(otlp_judge(200), OTLP_TAKEN);
    for (size_t i = 0; i < ARRAY_LEN(again); i++) {
        assert_int_equal(otlp_judge(again[i]), OTLP_AGAIN);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_int_equal(otlp_judge(refused[i]), OTLP_REFUSED);
    }
}

static void partial_success_names_what_was_lost(void **state)
{
    char why[160];
    (void)state;

    assert_int_equal(otlp_rejected(SLICE_LIT("{}"), why), 0);
    assert_int_equal(otlp_rejected(SLICE_LIT("no JSON"), why), 0);
    assert_int_equal(otlp_rejected(SLICE_LIT("{\"partialSuccess\":{\"rejectedDataPoints\":\"7\","
                                             "\"errorMessage\":\"too old\"}}"),
                         why),
        7);
    assert_string_equal(why, "too old");
    assert_int_equal(
        otlp_rejected(SLICE_LIT("{\"partialSuccess\":{\"rejectedDataPoints\":4}}"), why), 4);
    assert_string_equal(why, "");
}

static void pauses_grow_have_jitter_and_obey_retry_after(void **state)
{
    (void)state;

    assert_int_equal(otlp_pause_ms(1000, 1, -1, 0), 500);
    assert_int_equal(otlp_pause_ms(1000, 1, -1, 1), 1000);
    assert_int_equal(otlp_pause_ms(1000, 3, -1, 1), 4000);
    assert_int_equal(otlp_pause_ms(1000, 16, -1, 1), OTLP_PAUSE_MAX_MS);
    assert_int_equal(otlp_pause_ms(1000, 1, 7, 0), 7000);
    assert_int_equal(otlp_pause_ms(1000, 1, 0, 0), 1000);
    assert_int_equal(otlp_pause_ms(1000, 1, 1000000, 0), OTLP_RETRY_AFTER_MAX_S * 1000);
}

static void wrong_settings_are_refused_with_the_line(void **state)
{
    static const char *const bad[] = { "X-Key: a\nno header", "Na me: x", "X:", ": x",
        "X-A: b\x01"
        "c" };
    struct otlp *o = NULL;
    struct error err = { 0 };
    struct otlp_options in = {
        .url = "http://127.0.0.1:1/v1/metrics", .service = "s", .instance = "i", .interval_ms = 1000
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        in.headers = bad[i];
        assert_int_equal(otlp_new(&in, &o, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, i ? "line 1" : "line 2"));
    }
    in.headers = "# a comment\r\n\r\nX-Key: a b\r\nX-Other:c";
    assert_int_equal(otlp_new(&in, &o, &err), 0);
    otlp_free(o);
    in.url = "ftp://x/v1/metrics";
    assert_int_equal(otlp_new(&in, &o, &err), ERR_INVALID);
}

static void full_queue_loses_the_oldest_and_counts_it(void **state)
{
    struct otlp *o = NULL;
    struct error err = { 0 };
    struct otlp_state s;
    struct otlp_options in = { .url = "http://127.0.0.1:1/v1/metrics", // nobody listens there
        .service = "s",
        .instance = "i",
        .interval_ms = 1000,
        .first_pause_ms = 60000 };
    (void)state;

    assert_int_equal(otlp_new(&in, &o, &err), 0);
    for (int i = 0; i < OTLP_QUEUE_MAX + 5; i++) {
        otlp_tick(o, 1000 + i * 1000, 1700000000000 + i * 1000);
        otlp_tick(o, 1500 + i * 1000, 1700000000500 + i * 1000); // not due
    }
    otlp_state(o, &s);
    assert_true(s.dropped >= 4 && s.dropped <= 5); // the sender may hold one
    assert_int_equal(s.waiting, OTLP_QUEUE_MAX);
    assert_int_equal(s.sent, 0);
    otlp_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resource_says_who_and_which_version),
        cmocka_unit_test(counter_is_a_cumulative_monotonic_sum_since_the_start),
        cmocka_unit_test(gauge_without_value_is_left_out),
        cmocka_unit_test(sparse_counter_has_only_points_that_counted),
        cmocka_unit_test(histogram_has_bounds_and_one_bucket_more),
        cmocka_unit_test(too_much_for_the_buffer_is_an_error),
        cmocka_unit_test(answers_are_judged_as_the_protocol_says),
        cmocka_unit_test(partial_success_names_what_was_lost),
        cmocka_unit_test(pauses_grow_have_jitter_and_obey_retry_after),
        cmocka_unit_test(wrong_settings_are_refused_with_the_line),
        cmocka_unit_test(full_queue_loses_the_oldest_and_counts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
