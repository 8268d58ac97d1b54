// SPDX-License-Identifier: AGPL-3.0-or-later
// The hooks around each request: the audit log, and GET /v1/audit.
//
// An act is a request that changes something or asks the assistant, or that reads keys or the log itself; refusals (401, 403,
// 429) are logged whatever they were for. Searching and reading are no acts, but for what the setting audit.reads names. The
// row goes with the act's own transaction (store/audit.h) or, where there is none, is added when the answer is made. Refusals
// of one address beyond a rate are counted and told with the next row, so that nobody can fill the disk with them.
#include "api/api.h"
#include "api/monitor.h"
#include "api/oidc.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/route.h"
#include "store/audit.h"
#include "wire/json.h"

#include <openssl/crypto.h>

enum { LIST_LIMIT = 100, ANCHOR_EVERY_MS = 10 * 60 * 1000 };

static _Thread_local struct { // of the request that this thread handles now
    const struct http_request *req; // NULL: none
    struct audit_attachment attachment;
} act;

// Reads that the setting audit.reads wants. A player asks for a recording in many pieces; its first is the download.
static bool is_told_read(const struct http_request *req, const struct http_route *route)
{
    const char *reads = api_of(req)->settings->audit_reads;
    enum right right = (enum right)route->right;
    struct slice range = http_header_find(req, "range");
    const struct route_doc *doc = route->doc;

    if (right == RIGHT_SEARCH) {
        return strcmp(reads, "all") == 0;
    }
    if (right != RIGHT_READ || route->stream || strcmp(reads, "none") == 0 ||
        (range.len && !slice_starts(range, "bytes=0-")) || req->method == HTTP_HEAD) {
        return false;
    }
    bool original = doc && strcmp(doc->id, "getOriginal") == 0;
    return original || (strcmp(reads, "all") == 0 && strstr(route->path, "{id}") != NULL);
}

static bool is_act(const struct http_request *req, const struct http_route *route)
{
    enum right right = (enum right)route->right;

    if (route->on_loop || (route->open && req->method == HTTP_DELETE)) {
        return false; // signing out forgets a cookie, no more
    }
    if (req->method == HTTP_GET || req->method == HTTP_HEAD) {
        return is_told_read(req, route) || right == RIGHT_KEYS || right == RIGHT_AUDIT ||
               strcmp(route->path, "/start") == 0 || strcmp(route->path, OIDC_BACK) == 0;
    }
    return right != RIGHT_SEARCH || is_told_read(req, route);
}

static const char *act_name(const struct http_request *req, const struct http_route *route)
{
    const struct route_doc *doc = route->doc;

    return doc ? doc->id
               : arena_printf(req->arena, "%s %s", http_method_name(req->method), route->path);
}

static struct audit_row row_of(const struct http_request *req, const struct http_route *route)
{
    const struct principal *p = principal_of(req);

    return (struct audit_row){ .who = p ? p->who : "nobody",
        .act = act_name(req, route),
        .subject = arena_strndup(req->arena, req->path.data, req->path.len),
        .outcome = "done",
        .address = req->peer,
        .request_id = req->id };
}

void api_begun(struct http_request *req, const struct http_route *route)
{
    act.req = NULL;
    if (is_act(req, route)) {
        act.req = req;
        act.attachment = (struct audit_attachment){ .row = row_of(req, route) };
        store_audit_attach(&act.attachment);
    }
}

void audit_who(const struct http_request *req, const char *who)
{
    if (act.req == req) {
        act.attachment.row.who = who;
    }
}

void audit_detail(const struct http_request *req, const char *detail)
{
    if (act.req == req) {
        act.attachment.row.detail = detail;
    }
}

void audit_quota(const struct http_request *req, int64_t bytes)
{
    if (act.req == req) {
        act.attachment.quota_bytes = bytes;
    }
}

// The chain's head in the log, which lies elsewhere (or should): against that a chain that was made anew is found out.
void audit_anchor(struct api *api)
{
    char hash[AUDIT_HASH_SIZE];
    struct error err = { 0 };
    int64_t seq = 0;

    if (store_audit_head(api->store, &seq, hash, &err) < 0) {
        log_warn("audit.no_head", LS("what", err.text));
    } else if (seq > 0) {
        log_info("audit.head", LI("seq", seq), LS("hash", hash));
    }
}

static void anchor_now_and_then(struct api *api)
{
    int64_t now = clock_mono_ms();
    long long last = atomic_load(&api->anchored_ms);

    if (now - last > ANCHOR_EVERY_MS &&
        atomic_compare_exchange_strong(&api->anchored_ms, &last, now)) {
        audit_anchor(api);
    }
}

static const char *outcome_of(int status)
{
    return status < 400                                                       ? "done"
           : status == 401 || status == 403 || status == 429 || status == 422 ? "refused"
                                                                              : "failed";
}

static void add_row(struct http_request *req, const struct http_route *route, int status)
{
    struct api *api = api_of(req);
    struct error err = { 0 };
    char text[64];
    bool limited = status >= 400 || !principal_of(req);
    struct audit_row row = act.req == req ? act.attachment.row : row_of(req, route);

    if (limited && limits_take(access_limits(api->access), LIMIT_REFUSALS,
                       limits_address(req->peer, text), clock_mono_us())) {
        atomic_fetch_add(&api->untold_refusals, 1);
        return;
    }
    int64_t untold = limited ? atomic_exchange(&api->untold_refusals, 0) : 0;
    row.outcome = outcome_of(status);
    row.status = status;
    if (untold) {
        row.detail =
            arena_printf(req->arena, "%lld more rows like this left out before", (long long)untold);
    }
    if (store_audit_add(api->store, &row, &err) < 0) {
        log_error("audit.not_written", LS("act", row.act), LS("who", row.who), LI("status", status),
            LS("what", err.text));
    }
}

void api_ended(struct http_request *req, const struct http_route *route, int status, int64_t ms)
{
    struct api *api = api_of(req);
    const struct principal *p = principal_of(req);

    monitor_request_ended(req, route, status, ms);
    store_audit_attach(NULL);
    if (!route || route->on_loop) {
        act.req = NULL;
        return;
    }
    bool kept = act.req == req && act.attachment.written && status < 400;
    if (!kept && (is_act(req, route) || status == 401 || status == 403 || status == 429)) {
        add_row(req, route, status);
    }
    act.req = NULL;
    if (p && slice_starts(slice_of(p->who), "key:")) {
        keyring_used(access_keyring(api->access), slice_of(p->who + 4), req->peer);
    }
    anchor_now_and_then(api);
}

// ---- the log's own address

static void put_row(struct json_out *j, const struct audit_row *r)
{
    char time[CLOCK_TEXT_MAX];

    clock_format(r->time_ms, time);
    json_begin_object(j);
    json_key_int(j, "seq", r->seq);
    json_key_text(j, "time", time);
    json_key_int(j, "time_ms", r->time_ms);
    json_key_text(j, "who", r->who);
    json_key_text(j, "act", r->act);
    json_key_text(j, "subject", r->subject);
    json_key_text(j, "outcome", r->outcome);
    json_key_int(j, "status", r->status);
    json_key_text(j, "address", r->address);
    json_key_text(j, "request_id", r->request_id);
    json_key_text(j, "detail", r->detail);
    json_key_text(j, "before", r->before);
    json_key_text(j, "hash", r->hash);
    json_end(j);
}

static int audit_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct audit_filter f = { .who = http_query_find(req, "who"),
        .act = http_query_find(req, "act"),
        .outcome = http_query_find(req, "outcome") };
    struct audit_row *rows = NULL;
    size_t count = 0;
    int64_t limit = 0;
    struct json_out j;
    int rc = api_query_int(req, "limit", LIST_LIMIT, 1, AUDIT_LIST_MAX, &limit, err);

    rc = rc < 0 ? rc : api_query_int(req, "since", -1, 0, INT64_MAX, &f.since, err);
    rc = rc < 0 ? rc : api_query_int(req, "before", 0, 1, INT64_MAX, &f.before, err);
    rc = rc < 0
             ? rc
             : store_audit_list(api_of(req)->store, &f, (int)limit, req->arena, &rows, &count, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "rows");
    for (size_t i = 0; i < count; i++) {
        put_row(&j, &rows[i]);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int verify_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct slice hash = http_query_find(req, "hash");
    struct audit_verdict v;
    struct json_out j;
    int64_t seq = 0;
    int rc = api_query_int(req, "seq", 0, 0, INT64_MAX, &seq, err);

    if (rc == 0 && hash.len && hash.len != AUDIT_HASH_SIZE - 1) {
        rc = error_set(err, ERR_INVALID, "hash must be the 64 digits that the log shows.");
    }
    rc = rc < 0 ? rc
                : store_audit_verify(api_of(req)->store, seq,
                      hash.len ? arena_strndup(req->arena, hash.data, hash.len) : NULL, &v, err);
    if (rc < 0) {
        return rc;
    }
    metric_set(METRIC_INTEGRITY, INTEGRITY_AUDIT, 0, v.bad_seq ? 1 : 0);
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_bool(&j, "holds", v.bad_seq == 0);
    json_key_int(&j, "rows", v.rows);
    if (v.bad_seq) {
        json_key_int(&j, "bad_seq", v.bad_seq);
        json_key_text(&j, "why", v.why);
    }
    json_key_int(&j, "head", v.head);
    json_key_text(&j, "head_hash", v.head_hash);
    json_end(&j);
    return json_finish(&j, err);
}

static const struct param_doc list_params[] = { { "since", "query", "integer",
                                                    "rows above this number, oldest first" },
    { "before", "query", "integer", "rows below this number, newest first (the usual order)" },
    { "who", "query", "string",
        "only of this caller: admin, local, loopback, nobody, key:ID or oidc:SUBJECT" },
    { "act", "query", "string", "only this act, such as deleteDocument" },
    { "outcome", "query", "string", "only done, refused or failed" },
    { "limit", "query", "integer", "1 to 1000, default 100" }, { NULL } };
static const struct param_doc verify_params[] = { { "seq", "query", "integer",
                                                      "a row whose hash you wrote down" },
    { "hash", "query", "string", "its hash" }, { NULL } };
static const struct route_doc list_doc = { .id = "listAudit",
    .tag = "access",
    .summary = "What was done and refused: who, what, on what, with which outcome",
    .params = list_params,
    .response = "AuditList",
    .success = 200,
    .errors = "400 401 403" };
static const struct route_doc verify_doc = { .id = "verifyAudit",
    .tag = "access",
    .summary = "Check the chain of hashes; names the first bad row",
    .params = verify_params,
    .response = "AuditVerdict",
    .success = 200,
    .errors = "400 401 403" };

const struct http_route audit_routes[] = {
    { HTTP_GET, "/v1/audit", audit_get, .right = RIGHT_AUDIT, .doc = &list_doc },
    { HTTP_GET, "/v1/audit/verify", verify_get, HTTP_LANE_HEAVY, .right = RIGHT_AUDIT,
        .doc = &verify_doc },
    { 0 },
};

const struct schema_doc audit_schemas[] = {
    { "AuditList",
        "{\"type\":\"object\",\"required\":[\"rows\"],\"properties\":{\"rows\":{\"type\":\"array\","
        "\"items\":{\"type\":\"object\",\"required\":[\"seq\",\"time\",\"who\",\"act\",\"subject\","
        "\"outcome\",\"hash\"]}}}}" },
    { "AuditVerdict", "{\"type\":\"object\",\"required\":[\"holds\",\"rows\",\"head\"],"
                      "\"properties\":{\"holds\":{\"type\":\"boolean\"},\"rows\":{\"type\":"
                      "\"integer\"},\"bad_seq\":{\"type\":\"integer\"},\"why\":{\"type\":"
                      "\"string\"},\"head\":{\"type\":\"integer\"},\"head_hash\":{\"type\":"
                      "\"string\"}}}" },
    { NULL, NULL },
};
