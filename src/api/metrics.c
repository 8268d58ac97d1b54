// SPDX-License-Identifier: AGPL-3.0-or-later
// /metrics for Prometheus and its like, GET /v1/metrics (what there is) and GET /v1/metrics/query (histories).
#include "api/monitor.h"
#include "base/clock.h"
#include "watch/series.h"
#include "wire/json.h"

#include <math.h>

enum { NAMES_MAX = 16, LABELS_MAX = 4, POINTS_DEFAULT = 300, CELLS_MAX = 2000000 };

static int metrics_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    bool open = metrics_wants_open(http_header_find(req, "accept"));

    (void)err;
    resp->content_type = open ? METRICS_OPEN_TYPE : METRICS_TEXT_TYPE;
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    http_header_add(resp, "Vary", SLICE_LIT("Accept"));
    metrics_expose(&resp->body, open);
    return 0;
}

static int metrics_list(struct http_request *req, struct http_response *resp, struct error *err)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    struct json_out j;

    (void)req;
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "metrics");
    for (int m = 0; m < METRICS; m++) {
        const struct metric_info *info = metric_info((enum metric)m);
        json_begin_object(&j);
        json_key_text(&j, "name", info->name);
        json_key_text(&j, "kind", kinds[info->kind]);
        json_key_text(&j, "unit", info->unit);
        json_key_text(&j, "help", info->help);
        json_key_bool(&j, "history", !info->momentary);
        json_key_object(&j, "labels");
        for (int l = 0; l < METRIC_LABELS_MAX && info->label[l]; l++) {
            json_key_array(&j, label_name(info->label[l]));
            for (size_t i = 0; i < label_count(info->label[l]); i++) {
                json_text(&j, label_word(info->label[l], i));
            }
            json_end(&j);
        }
        json_end(&j);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

// labels=type=pdf,outcome=accepted
static int read_labels(
    struct slice text, struct label_match *labels, size_t *ret_count, struct error *err)
{
    struct slice one, name;

    *ret_count = 0;
    while (slice_cut(&text, ',', &one)) {
        if (*ret_count == LABELS_MAX || !slice_cut(&one, '=', &name) || !name.len || !one.data) {
            return error_set(err, ERR_INVALID,
                "labels is a list such as type=pdf,outcome=accepted with at most %d of them.",
                LABELS_MAX);
        }
        labels[(*ret_count)++] = (struct label_match){ name, one };
    }
    return 0;
}

// The nearest step above that people would choose.
static int64_t round_step(int64_t step)
{
    static const int64_t steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
        10800, 21600, 43200, 86400, 172800, 604800 };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (steps[i] >= step) {
            return steps[i];
        }
    }
    return step;
}

static int read_times(struct http_request *req, struct history_query *q, struct error *err)
{
    int64_t now = clock_wall_ms() / 1000, step = 0;
    int rc = api_query_int(
        req, "from", -3600, -(int64_t)HISTORY_HOURS_KEPT_S, 1LL << 40, &q->from_s, err);

    rc = rc < 0 ? rc
                : api_query_int(
                      req, "to", 0, -(int64_t)HISTORY_HOURS_KEPT_S, 1LL << 40, &q->to_s, err);
    rc = rc < 0 ? rc : api_query_int(req, "step", 0, 0, 604800, &step, err);
    if (rc < 0) {
        return rc;
    }
    q->from_s = q->from_s <= 0 ? now + q->from_s : q->from_s;
    q->to_s = q->to_s <= 0 ? now + q->to_s + 1 : q->to_s;
    q->to_s = q->to_s > now + 1 ? now + 1 : q->to_s;
    if (q->from_s >= q->to_s) {
        return error_set(err, ERR_INVALID, "from must lie before to, and not in the future.");
    }
    int64_t oldest = now - HISTORY_HOURS_KEPT_S;
    q->from_s = q->from_s < oldest ? oldest : q->from_s;
    q->to_s = q->to_s <= q->from_s ? q->from_s + 1 : q->to_s;
    int64_t least = history_step_least(q->from_s, now);
    q->step_s =
        step ? step : round_step((q->to_s - q->from_s + POINTS_DEFAULT - 1) / POINTS_DEFAULT);
    q->step_s = q->step_s < least ? least : q->step_s;
    q->from_s = q->from_s / q->step_s * q->step_s; // so that plots don't dance
    q->points = (size_t)((q->to_s - q->from_s + q->step_s - 1) / q->step_s);
    if (q->points > HISTORY_POINTS_MAX) {
        return error_set(err, ERR_LIMIT,
            "That would be %zu points; at most %d are given. Choose a larger step.", q->points,
            HISTORY_POINTS_MAX);
    }
    return 0;
}

static void add_values(struct json_out *j, const struct history_query *q, size_t n)
{
    const struct history_cell *cells = &q->cells[n * q->points];
    bool counter = q->counters[n];

    json_key_array(j, "values");
    for (size_t i = 0; i < q->points; i++) {
        if (cells[i].seconds <= 0) {
            json_none(j);
        } else if (counter) {
            json_double(j, cells[i].sum);
        } else {
            json_float(j, (float)(cells[i].sum / cells[i].seconds));
        }
    }
    json_end(j);
    if (counter) {
        return;
    }
    json_key_array(j, "max");
    for (size_t i = 0; i < q->points; i++) {
        if (cells[i].seconds <= 0) {
            json_none(j);
        } else {
            json_float(j, cells[i].max);
        }
    }
    json_end(j);
}

static bool has_any(const struct history_query *q, size_t n)
{
    for (size_t i = 0; i < q->points; i++) {
        if (q->cells[n * q->points + i].seconds > 0) {
            return true;
        }
    }
    return false;
}

static void add_series(
    struct json_out *j, const struct history_query *q, size_t n, const struct series *s)
{
    const struct metric_info *info = metric_info(s->metric);
    const char *brace = strchr(s->name, '{');

    json_begin_object(j);
    json_key_string(
        j, "name", slice_make(s->name, brace ? (size_t)(brace - s->name) : strlen(s->name)));
    json_key_object(j, "labels");
    for (int l = 0; l < METRIC_LABELS_MAX && info->label[l]; l++) {
        json_key_text(j, label_name(info->label[l]), label_word(info->label[l], l ? s->b : s->a));
    }
    json_end(j);
    json_key_text(j, "kind", q->counters[n] ? "increase" : "reading");
    json_key_text(j, "unit", s->part == SERIES_COUNT ? "" : info->unit);
    add_values(j, q, n);
    json_end(j);
}

// The series that the metrics and labels of a request mean, in arrays of HISTORY_NAMES_MAX; q->names and q->count say them, too.
static int find_series(struct http_request *req, struct history_query *q,
    const struct series **series, struct error *err)
{
    struct monitor *m = api_of(req)->monitor;
    struct slice names = http_query_find(req, "name"), one;
    const char **found = arena_array(req->arena, HISTORY_NAMES_MAX, sizeof(*found));
    struct label_match labels[LABELS_MAX];
    size_t label_n = 0, asked = 0;

    int rc = read_labels(http_query_find(req, "labels"), labels, &label_n, err);
    if (rc < 0 || !found) {
        return rc < 0 ? rc : error_set(err, ERR_MEMORY, "There is no memory for this answer.");
    }
    while (slice_cut(&names, ',', &one)) {
        if (asked++ == NAMES_MAX) {
            return error_set(err, ERR_LIMIT, "At most %d metrics can be asked for.", NAMES_MAX);
        }
        size_t n = monitor_series(m, slice_trim(one), labels, label_n, found + q->count,
            series + q->count, HISTORY_NAMES_MAX - q->count);
        if (n == 0) {
            return error_set(err, ERR_NOT_FOUND,
                "There is no history of \"" SLICE_FMT "\" with these labels; GET /v1/metrics "
                "lists what there is. A histogram is asked for by its parts: _count, _sum, _p50, "
                "_p95, _p99.",
                (int)(one.len > 80 ? 80 : one.len), one.data);
        }
        q->count += n;
    }
    if (asked == 0) {
        return error_set(err, ERR_INVALID, "name is missing: say which metrics.");
    }
    if (q->count * q->points > CELLS_MAX) {
        return error_set(err, ERR_LIMIT,
            "That would be too many values at once; choose a larger step, or labels.");
    }
    q->names = found;
    return 0;
}

static int write_history(const struct history_query *q, const struct series *const *series,
    struct buf *out, struct error *err)
{
    struct json_out j;

    json_begin(&j, out);
    json_begin_object(&j);
    json_key_int(&j, "from", q->from_s);
    json_key_int(&j, "step", q->step_s);
    json_key_int(&j, "points", (int64_t)q->points);
    json_key_array(&j, "series");
    for (size_t i = 0; i < q->count; i++) {
        if (has_any(q, i)) {
            add_series(&j, q, i, series[i]);
        }
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int metrics_query(struct http_request *req, struct http_response *resp, struct error *err)
{
    const struct series **series = arena_array(req->arena, HISTORY_NAMES_MAX, sizeof(*series));
    struct history_query q = { 0 };

    int rc = series ? read_times(req, &q, err)
                    : error_set(err, ERR_MEMORY, "There is no memory for this answer.");
    rc = rc < 0 ? rc : find_series(req, &q, series, err);
    if (rc < 0) {
        return rc;
    }
    q.cells = calloc(q.count * q.points, sizeof(*q.cells));
    q.counters = arena_array(req->arena, q.count, sizeof(*q.counters));
    rc = q.cells && q.counters ? monitor_history(api_of(req)->monitor, &q, err)
                               : error_set(err, ERR_MEMORY, "There is no memory for this answer.");
    rc = rc < 0 ? rc : write_history(&q, series, &resp->body, err);
    free(q.cells);
    return rc;
}

static const struct param_doc query_params[] = {
    { "name", "query", "string",
        "metrics, with commas between; of a histogram its parts: _count, _sum, _p50, _p95, _p99" },
    { "labels", "query", "string", "only series with these: type=pdf,outcome=accepted" },
    { "from", "query", "integer",
        "seconds since 1970, or a negative number of seconds before now; default -3600" },
    { "to", "query", "integer", "the same; default now" },
    { "step", "query", "integer",
        "seconds of one point; left out: about 300 points. Never finer than what is kept for that "
        "time (1 s for a day, 1 min for 90 days, 1 h for two years)" },
    { NULL }
};
static const struct route_doc metrics_doc = { .id = "prometheusMetrics",
    .tag = "system",
    .summary = "All metrics as Prometheus text, or OpenMetrics by Accept",
    .response_media = "text/plain",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc list_doc = { .id = "listMetrics",
    .tag = "system",
    .summary = "The metrics with kind, unit, meaning and labels",
    .response = "MetricList",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc query_doc = { .id = "queryMetrics",
    .tag = "system",
    .summary = "Histories of metrics: increases of counters, averages and maxima of readings",
    .params = query_params,
    .response = "MetricHistory",
    .success = 200,
    .errors = "400 401 403 404 429" };

const struct http_route metrics_routes[] = {
    { HTTP_GET, "/metrics", metrics_get, .right = RIGHT_MONITOR, .doc = &metrics_doc },
    { HTTP_GET, "/v1/metrics", metrics_list, .right = RIGHT_MONITOR, .doc = &list_doc },
    { HTTP_GET, "/v1/metrics/query", metrics_query, .right = RIGHT_MONITOR, .doc = &query_doc },
    { 0 },
};

const struct schema_doc metrics_schemas[] = {
    { "MetricList", "{\"type\":\"object\",\"required\":[\"metrics\"],\"properties\":{\"metrics\":{"
                    "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\","
                    "\"kind\",\"unit\",\"help\",\"labels\"]}}}}" },
    { "MetricHistory",
        "{\"type\":\"object\",\"required\":[\"from\",\"step\",\"points\",\"series\"],"
        "\"properties\":"
        "{\"from\":{\"type\":\"integer\"},\"step\":{\"type\":\"integer\"},\"points\":{\"type\":"
        "\"integer\"},\"series\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":["
        "\"name\",\"labels\",\"kind\",\"unit\",\"values\"]}}}}" },
    { NULL, NULL },
};
