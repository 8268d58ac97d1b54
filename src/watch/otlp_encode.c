// SPDX-License-Identifier: AGPL-3.0-or-later
// The pure parts of otlp.h: metrics as OTLP's JSON encoding has them (proto3 JSON with lowerCamelCase names, 64-bit numbers as
// strings, enums as numbers), and what a collector's answers mean.
#include "watch/metric.h"
#include "watch/otlp.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>

enum { CUMULATIVE = 2 }; // AGGREGATION_TEMPORALITY_CUMULATIVE

// ---- small pieces

static void key_u64(struct json_out *j, const char *key, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    json_key_text(j, key, text);
}

static void key_time(struct json_out *j, const char *key, int64_t wall_ms)
{
    key_u64(j, key, wall_ms * 1000000);
}

static void attribute(struct json_out *j, const char *key, const char *value)
{
    json_begin_object(j);
    json_key_text(j, "key", key);
    json_key_object(j, "value");
    json_key_text(j, "stringValue", value);
    json_end(j);
    json_end(j);
}

// UCUM, as OpenTelemetry wants units; a plain count has none.
static const char *unit_of(const struct metric_info *info)
{
    static const char *const words[][2] = { { "seconds", "s" }, { "bytes", "By" },
        { "ratio", "1" } };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(info->unit, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return info->unit;
}

// ---- points

static void histogram_fields(struct json_out *j, const struct metric_info *info, unsigned a)
{
    int64_t counts[METRIC_BUCKETS_MAX + 1], all = 0;
    size_t n = metric_buckets(info->id, a, counts);
    char text[24];

    json_key_array(j, "bucketCounts");
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "%" PRId64, counts[i]);
        json_text(j, text);
        all += counts[i];
    }
    json_end(j);
    json_key_array(j, "explicitBounds");
    for (size_t i = 0; i + 1 < n; i++) {
        json_double(j, info->buckets[i]);
    }
    json_end(j);
    key_u64(j, "count", all); // of the same buckets, so that both always agree
    json_key_double(j, "sum", metric_value(info->id, a, 0));
}

static void add_point(struct json_out *j, const struct otlp_resource *r,
    const struct metric_info *info, unsigned a, unsigned b)
{
    unsigned at[METRIC_LABELS_MAX] = { a, b };

    json_begin_object(j);
    json_key_array(j, "attributes");
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
        if (info->label[i]) {
            attribute(j, label_name(info->label[i]), label_word(info->label[i], at[i]));
        }
    }
    json_end(j);
    if (info->kind != METRIC_GAUGE) {
        key_time(j, "startTimeUnixNano", r->started_ms);
    }
    key_time(j, "timeUnixNano", r->now_ms);
    if (info->kind == METRIC_HISTOGRAM) {
        histogram_fields(j, info, a);
    } else if (info->kind == METRIC_COUNTER && info->scale <= 0) {
        key_u64(j, "asInt", metric_count(info->id, a, b));
    } else {
        json_key_double(j, "asDouble", metric_value(info->id, a, b));
    }
    json_end(j);
}

static void add_metric(
    struct json_out *j, const struct otlp_resource *r, const struct metric_info *info)
{
    static const char *const kinds[] = { "sum", "gauge", "histogram" };
    bool begun = false;

    for (unsigned a = 0; a < label_count(info->label[0]); a++) {
        for (unsigned b = 0; b < label_count(info->label[1]); b++) {
            if (!metric_shown(info, a, b)) {
                continue;
            }
            if (!begun) { // a metric without points is left out
                begun = true;
                json_begin_object(j);
                json_key_text(j, "name", info->name);
                json_key_text(j, "description", info->help);
                json_key_text(j, "unit", unit_of(info));
                json_key_object(j, kinds[info->kind]);
                if (info->kind != METRIC_GAUGE) {
                    json_key_int(j, "aggregationTemporality", CUMULATIVE);
                }
                if (info->kind == METRIC_COUNTER) {
                    json_key_bool(j, "isMonotonic", true);
                }
                json_key_array(j, "dataPoints");
            }
            add_point(j, r, info, a, b);
        }
    }
    if (begun) {
        json_end(j);
        json_end(j);
        json_end(j);
    }
}

int otlp_encode(struct buf *out, const struct otlp_resource *r, struct error *err)
{
    struct json_out j;

    json_begin(&j, out);
    json_begin_object(&j);
    json_key_array(&j, "resourceMetrics");
    json_begin_object(&j);
    json_key_object(&j, "resource");
    json_key_array(&j, "attributes");
    attribute(&j, "service.name", r->service);
    attribute(&j, "service.version", LARDER_VERSION);
    attribute(&j, "service.instance.id", r->instance);
    json_end(&j);
    json_end(&j);
    json_key_array(&j, "scopeMetrics");
    json_begin_object(&j);
    json_key_object(&j, "scope");
    json_key_text(&j, "name", "larder");
    json_key_text(&j, "version", LARDER_VERSION);
    json_end(&j);
    json_key_array(&j, "metrics");
    for (int m = 0; m < METRICS; m++) {
        add_metric(&j, r, metric_info((enum metric)m));
    }
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

// ---- answers

enum otlp_verdict otlp_judge(long status)
{
    if (status >= 200 && status < 300) {
        return OTLP_TAKEN;
    }
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504
               ? OTLP_AGAIN
               : OTLP_REFUSED;
}

int64_t otlp_rejected(struct slice answer, char ret_why[160])
{
    const json_t *partial = NULL;
    struct slice why = { NULL, 0 }, count = { NULL, 0 };
    int64_t n = 0;
    AUTO_JSON *body = json_in_parse_object(answer, NULL);

    ret_why[0] = '\0';
    if (!body || json_in_object(body, "partialSuccess", JSON_REQUIRED, &partial, NULL) < 0) {
        return 0;
    }
    // A 64-bit number is a string in this encoding, though senders of numbers are forgiven.
    if (json_in_string(partial, "rejectedDataPoints", JSON_OPTIONAL, 20, &count, NULL) < 0) {
        json_in_int(partial, "rejectedDataPoints", JSON_OPTIONAL, 0, INT64_MAX, &n, NULL);
    } else if (count.len) {
        slice_to_i64(count, &n);
    }
    if (json_in_string(partial, "errorMessage", JSON_OPTIONAL, 4096, &why, NULL) == 0) {
        snprintf(ret_why, 160, SLICE_FMT, SLICE_ARG(why));
    }
    return n;
}

int64_t otlp_pause_ms(int first_ms, int tries, int64_t retry_after_s, double jitter)
{
    int64_t pause = first_ms;

    if (retry_after_s >= 0) {
        int64_t s = retry_after_s > OTLP_RETRY_AFTER_MAX_S ? OTLP_RETRY_AFTER_MAX_S : retry_after_s;
        return s * 1000 > first_ms ? s * 1000 : first_ms;
    }
    for (int i = 1; i < tries && pause < OTLP_PAUSE_MAX_MS; i++) {
        pause *= 2;
    }
    pause = pause > OTLP_PAUSE_MAX_MS ? OTLP_PAUSE_MAX_MS : pause;
    return pause / 2 + (int64_t)((double)(pause / 2) * jitter);
}
