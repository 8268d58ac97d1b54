// SPDX-License-Identifier: AGPL-3.0-or-later
// /v1/alerts: how all stands, the rules, what happened, and what people do: acknowledge, silence, maintenance, test.
#include "api/monitor.h"
#include "base/clock.h"
#include "store/alerts.h"
#include "wire/json.h"

#include <stdio.h>

enum { HISTORY_LIMIT = 100, SILENCE_MINUTES_MAX = 90 * 24 * 60, SILENCE_MINUTES_DEFAULT = 60 };

static int alerts_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct monitor *m = api_of(req)->monitor;
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key(&j, "alerts");
    monitor_alerts_json(m, &j);
    json_key(&j, "silences");
    monitor_silences_json(m, &j);
    json_key(&j, "channels");
    monitor_channels_json(m, &j);
    json_end(&j);
    return json_finish(&j, err);
}

static int rules_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    monitor_rules_json(api_of(req)->monitor, &j);
    json_end(&j);
    return json_finish(&j, err);
}

static int add_change(void *ctx, int64_t id, int64_t time_ms, struct slice row, struct error *err)
{
    struct json_out *j = ctx;
    char time[CLOCK_TEXT_MAX];

    (void)err;
    clock_format(time_ms, time);
    json_begin_object(j);
    json_key_int(j, "id", id);
    json_key_text(j, "time", time);
    json_key_raw(j, "alert", row);
    json_end(j);
    return 0;
}

static int history_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    int64_t before = 0, limit = 0;
    struct json_out j;
    int rc = api_query_int(req, "before", 0, 0, INT64_MAX, &before, err);

    rc = rc < 0
             ? rc
             : api_query_int(req, "limit", HISTORY_LIMIT, 1, ALERT_HISTORY_LIST_MAX, &limit, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "changes");
    rc = store_alert_history(
        api_of(req)->store, http_query_find(req, "rule"), before, (int)limit, add_change, &j, err);
    if (rc < 0) {
        return rc;
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int acknowledge(struct http_request *req, struct http_response *resp, struct error *err)
{
    static const char *const fields[] = { "rule", "word", NULL };
    struct slice rule = { 0 }, word = { 0 };
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? json_in_only(body, fields, err) : ERR_INVALID;

    rc = rc < 0 ? rc : json_in_string(body, "rule", JSON_REQUIRED, ALERT_NAME_MAX, &rule, err);
    rc = rc < 0 ? rc : json_in_string(body, "word", JSON_OPTIONAL, 64, &word, err);
    rc = rc < 0 ? rc : monitor_acknowledge(api_of(req)->monitor, rule, word, "", err);
    return rc < 0 ? rc : alerts_get(req, resp, err);
}

static int silence(struct http_request *req, struct http_response *resp, struct error *err)
{
    static const char *const fields[] = { "rule", "word", "minutes", "maintenance", "comment",
        NULL };
    struct slice rule = { 0 }, word = { 0 }, comment = { 0 };
    int64_t minutes = SILENCE_MINUTES_DEFAULT, id = 0;
    struct silence s = { .from_ms = clock_wall_ms() };
    struct json_out j;
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? json_in_only(body, fields, err) : ERR_INVALID;

    rc = rc < 0 ? rc : json_in_string(body, "rule", JSON_OPTIONAL, ALERT_NAME_MAX - 1, &rule, err);
    rc = rc < 0 ? rc : json_in_string(body, "word", JSON_OPTIONAL, sizeof(s.by) - 1, &word, err);
    rc = rc < 0
             ? rc
             : json_in_string(body, "comment", JSON_OPTIONAL, sizeof(s.comment) - 1, &comment, err);
    rc = rc < 0
             ? rc
             : json_in_int(body, "minutes", JSON_OPTIONAL, 1, SILENCE_MINUTES_MAX, &minutes, err);
    rc = rc < 0 ? rc : json_in_bool(body, "maintenance", JSON_OPTIONAL, &s.maintenance, err);
    if (rc == 0 && !rule.len && !s.maintenance) {
        rc = error_set(err, ERR_INVALID,
            "rule says which alert is silenced; with maintenance: true all of them are.");
    }
    if (rc < 0) {
        return rc;
    }
    s.until_ms = s.from_ms + minutes * 60000;
    snprintf(s.rule, sizeof(s.rule), SLICE_FMT, SLICE_ARG(rule));
    snprintf(s.by, sizeof(s.by), SLICE_FMT, SLICE_ARG(word));
    snprintf(s.comment, sizeof(s.comment), SLICE_FMT, SLICE_ARG(comment));
    rc = monitor_silence(api_of(req)->monitor, &s, &id, err);
    if (rc < 0) {
        return rc;
    }
    resp->status = 201;
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_int(&j, "id", id);
    json_key(&j, "silences");
    monitor_silences_json(api_of(req)->monitor, &j);
    json_end(&j);
    return json_finish(&j, err);
}

static int silence_end(struct http_request *req, struct http_response *resp, struct error *err)
{
    int64_t id = 0;

    if (!slice_to_i64(http_param(req, "id"), &id)) {
        return error_set(err, ERR_NOT_FOUND, "There is no silence with this number.");
    }
    int rc = monitor_silence_end(api_of(req)->monitor, id, err);
    if (rc == 0) {
        resp->status = 204;
    }
    return rc;
}

static int test(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    monitor_test(api_of(req)->monitor, &j);
    json_end(&j);
    return json_finish(&j, err);
}

static const struct param_doc history_params[] = { { "rule", "query", "string",
                                                       "only of this rule" },
    { "before", "query", "integer", "only changes with a lesser id: the page after" },
    { "limit", "query", "integer", "1 to 1000" }, { NULL } };
static const struct param_doc silence_params[] = {
    { "id", "path", "integer", "the silence's number" }, { NULL }
};
static const struct route_doc alerts_doc = { .id = "alerts",
    .tag = "system",
    .summary = "All alerts with their states, the worst first; silences; channels",
    .response = "AlertList",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc rules_doc = { .id = "alertRules",
    .tag = "system",
    .summary = "The alert rules, in the form that the rules file takes",
    .response = "AlertRules",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc history_doc = { .id = "alertHistory",
    .tag = "system",
    .summary = "What happened to alerts, newest first",
    .params = history_params,
    .response = "AlertHistory",
    .success = 200,
    .errors = "400 401 403" };
static const struct route_doc acknowledge_doc = { .id = "acknowledgeAlert",
    .tag = "system",
    .summary = "Say that somebody looks after a firing alert: it is not repeated any more",
    .request = "AlertAcknowledge",
    .response = "AlertList",
    .success = 200,
    .errors = "400 401 403 404 409" };
static const struct route_doc silence_doc = { .id = "silenceAlert",
    .tag = "system",
    .summary = "Hold back messages of one rule, or of all during maintenance",
    .request = "AlertSilence",
    .response = "AlertSilenced",
    .success = 201,
    .errors = "400 401 403 404 429" };
static const struct route_doc silence_end_doc = { .id = "endSilence",
    .tag = "system",
    .summary = "End a silence",
    .params = silence_params,
    .success = 204,
    .errors = "401 403 404" };
static const struct route_doc test_doc = { .id = "testAlerts",
    .tag = "system",
    .summary = "Send a message that says it is a test through all channels",
    .response = "AlertTest",
    .success = 200,
    .errors = "401 403" };

const struct http_route alerts_routes[] = {
    { HTTP_GET, "/v1/alerts", alerts_get, .right = RIGHT_MONITOR, .doc = &alerts_doc },
    { HTTP_GET, "/v1/alerts/rules", rules_get, .right = RIGHT_MONITOR, .doc = &rules_doc },
    { HTTP_GET, "/v1/alerts/history", history_get, .right = RIGHT_MONITOR, .doc = &history_doc },
    { HTTP_POST, "/v1/alerts/acknowledge", acknowledge, HTTP_LANE_QUICK, HTTP_BODY_MEMORY,
        64 * 1024, .right = RIGHT_MANAGE, .doc = &acknowledge_doc },
    { HTTP_POST, "/v1/alerts/silences", silence, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, 64 * 1024,
        .right = RIGHT_MANAGE, .doc = &silence_doc },
    { HTTP_DELETE, "/v1/alerts/silences/{id}", silence_end, .right = RIGHT_MANAGE,
        .doc = &silence_end_doc },
    { HTTP_POST, "/v1/alerts/test", test, .right = RIGHT_MANAGE, .doc = &test_doc },
    { 0 },
};

const struct schema_doc alerts_schemas[] = {
    { "AlertList", "{\"type\":\"object\",\"required\":[\"alerts\",\"silences\",\"channels\"],"
                   "\"properties\":{\"alerts\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
                   "\"required\":[\"rule\",\"severity\",\"state\",\"firing\",\"value\"]}}}}" },
    { "AlertRules", "{\"type\":\"object\",\"required\":[\"rules\"],\"properties\":{\"rules\":{"
                    "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\","
                    "\"severity\",\"measure\",\"raise\",\"clear\"]}}}}" },
    { "AlertHistory", "{\"type\":\"object\",\"required\":[\"changes\"],\"properties\":{\"changes\":"
                      "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}" },
    { "AlertAcknowledge", "{\"type\":\"object\",\"required\":[\"rule\"],\"properties\":{\"rule\":{"
                          "\"type\":\"string\"},\"word\":{\"type\":\"string\"}},"
                          "\"additionalProperties\":false}" },
    { "AlertSilence",
        "{\"type\":\"object\",\"properties\":{\"rule\":{\"type\":\"string\"},\"word\":{\"type\":"
        "\"string\"},\"minutes\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":129600},"
        "\"maintenance\":{\"type\":\"boolean\"},\"comment\":{\"type\":\"string\"}},"
        "\"additionalProperties\":false}" },
    { "AlertSilenced", "{\"type\":\"object\",\"required\":[\"id\",\"silences\"]}" },
    { "AlertTest", "{\"type\":\"object\",\"required\":[\"sent_to\"]}" },
    { NULL, NULL },
};
