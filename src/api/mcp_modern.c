// SPDX-License-Identifier: AGPL-3.0-or-later
// Revision 2026-07-28 of the Model Context Protocol, in which a request stands for itself: no initialize and no session, but
// `_meta` with the revision and what the client can do, said again in headers that a proxy can route by.
//
//   POST ─▶ one request: _meta there? ─▶ headers say the same? ─▶ revision spoken? ─▶ mcp_answer ─▶ JSON, with the status
//                                                                                                   of its error
//        ─▶ tools/call that wants progress or log messages: events
//        ─▶ subscriptions/listen: events, until the client or the server ends them (told by mcp.c's keeper)
//
// What the server would have to ask the client for is not asked: no tool of ours does. Clients of earlier revisions take
// mcp_http.c's road.
#include "api/mcp.h"
#include "base/clock.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#define META "io.modelcontextprotocol/"

enum { HEADER_TEXT_MAX = 4096 }; // bytes of a header that is decoded

static int refuse(
    struct http_response *resp, const json_t *id, enum rpc_code code, const char *sentence)
{
    resp->status = 400;
    rpc_add_error(&resp->body, id, code, sentence, slice_make(NULL, 0));
    return 0;
}

static const json_t *meta_of(const struct rpc_message *m)
{
    const json_t *meta = json_object_get(m->params, "_meta");

    return json_is_object(meta) ? meta : NULL;
}

bool mcp_modern_meant(const struct http_request *req, const struct rpc_input *in)
{
    struct slice version = http_header_find(req, "mcp-protocol-version");
    const json_t *meta = in->batch ? NULL : meta_of(&in->items[0]);

    return (version.data && slice_is(version, mcp_versions[MCP_2026_07_28])) ||
           json_object_get(meta, META "protocolVersion");
}

// ---- headers

static bool twice(const struct http_request *req, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < req->header_count; i++) {
        n += slice_equal_nocase(req->headers[i].name, slice_of(name));
    }
    return n > 1;
}

bool mcp_header_says(struct slice header, struct slice wanted)
{
    static const char head[] = "=?base64?", tail[] = "?=";
    size_t around = sizeof(head) - 1 + sizeof(tail) - 1;
    unsigned char text[HEADER_TEXT_MAX + 4];

    if (header.len < around || !slice_starts(header, head) ||
        !slice_is(slice_from(header, header.len - 2), tail)) {
        return slice_equal(header, wanted);
    }
    struct slice coded = slice_make(header.data + sizeof(head) - 1, header.len - around);
    if (coded.len % 4 != 0 || coded.len > HEADER_TEXT_MAX) {
        return false;
    }
    int n = EVP_DecodeBlock(text, (const unsigned char *)coded.data, (int)coded.len);
    size_t padding = coded.len && coded.data[coded.len - 1] == '=' ? 1 : 0;
    padding += padding && coded.data[coded.len - 2] == '=' ? 1 : 0;
    return n >= 0 && (size_t)n >= padding &&
           slice_equal(slice_make((char *)text, (size_t)n - padding), wanted);
}

// What a proxy was told must be what stands in the message. NULL: it is.
static const char *mismatch(
    const struct http_request *req, const struct rpc_message *m, const json_t *version)
{
    static const struct {
        const char *method, *member;
    } named[] = { { "tools/call", "name" }, { "prompts/get", "name" },
        { "resources/read", "uri" } };
    struct slice header = http_header_find(req, "mcp-protocol-version");

    if (twice(req, "mcp-protocol-version") || twice(req, "mcp-method") || twice(req, "mcp-name")) {
        return "A header of the protocol stands there twice.";
    }
    if (!json_is_string(version) || !header.data || !slice_is(header, json_string_value(version))) {
        return "MCP-Protocol-Version and the revision in _meta are not the same.";
    }
    if (!slice_equal(http_header_find(req, "mcp-method"), m->method)) {
        return "Mcp-Method and the method of the message are not the same.";
    }
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        const json_t *value = json_object_get(m->params, named[i].member);
        if (slice_is(m->method, named[i].method) && json_is_string(value) &&
            !mcp_header_says(http_header_find(req, "mcp-name"),
                slice_make(json_string_value(value), json_string_length(value)))) {
            return "Mcp-Name and what the message names are not the same.";
        }
    }
    return NULL;
}

static int refuse_version(struct http_response *resp, const json_t *id, struct slice asked)
{
    AUTO_BUF data = BUF_INIT(1024);
    struct json_out j;

    json_begin(&j, &data);
    json_begin_object(&j);
    json_key_array(&j, "supported");
    json_text(&j, mcp_versions[MCP_2026_07_28]);
    json_end(&j);
    json_key_string(&j, "requested", slice_make(asked.data, asked.len < 64 ? asked.len : 64));
    json_end(&j);
    resp->status = 400;
    rpc_add_error(&resp->body, id, RPC_VERSION, "This revision of the protocol is not spoken here.",
        buf_slice(&data));
    return 0;
}

// 0: the request may be answered; else it has been refused.
static int check(
    const struct http_request *req, const struct rpc_message *m, struct http_response *resp)
{
    const json_t *meta = meta_of(m), *version = json_object_get(meta, META "protocolVersion");

    if (!version || !json_is_object(json_object_get(meta, META "clientCapabilities"))) {
        refuse(resp, m->id, RPC_INVALID_PARAMS,
            "params._meta must hold " META "protocolVersion and " META "clientCapabilities.");
        return -1;
    }
    const char *why = mismatch(req, m, version);
    if (why) {
        refuse(resp, m->id, RPC_HEADERS, why);
        return -1;
    }
    struct slice asked = slice_make(json_string_value(version), json_string_length(version));
    if (!slice_is(asked, mcp_versions[MCP_2026_07_28])) {
        refuse_version(resp, m->id, asked);
        return -1;
    }
    return 0;
}

// ---- subscriptions/listen

static bool is_true(const json_t *filter, const char *name)
{
    return json_is_true(json_object_get(filter, name));
}

static void put_subscription(struct json_out *j, const struct mcp_listen *l)
{
    json_key_object(j, "_meta");
    json_key_raw(j, META "subscriptionId", slice_of(l->id));
    json_end(j);
}

void mcp_listen_tell(struct mcp_listen *l, const char *method, const char *uri)
{
    AUTO_BUF params = BUF_INIT(MCP_URI_MAX * 8), message = BUF_INIT(MCP_URI_MAX * 16);
    struct json_out j;

    json_begin(&j, &params);
    json_begin_object(&j);
    put_subscription(&j, l);
    if (uri) {
        json_key_text(&j, "uri", uri);
    }
    json_end(&j);
    rpc_add_call(&message, 0, method, buf_slice(&params));
    mcp_stream_send(l->stream, buf_slice(&message));
}

static void acknowledge(struct mcp_listen *l)
{
    AUTO_BUF params = BUF_INIT(128 * 1024), message = BUF_INIT(256 * 1024);
    struct json_out j;

    json_begin(&j, &params);
    json_begin_object(&j);
    put_subscription(&j, l);
    json_key_object(&j, "notifications");
    if (l->list) {
        json_key_bool(&j, "resourcesListChanged", true);
    }
    if (l->uri_count) {
        json_key_array(&j, "resourceSubscriptions");
        for (size_t i = 0; i < l->uri_count; i++) {
            json_text(&j, l->uris[i]);
        }
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    rpc_add_call(&message, 0, "notifications/subscriptions/acknowledged", buf_slice(&params));
    mcp_stream_send(l->stream, buf_slice(&message));
}

void mcp_listen_free(struct mcp_listen *l)
{
    mcp_stream_end(l->stream);
    mcp_stream_unref(l->stream);
    if (l->audience) {
        access_audience_free(l->audience);
    }
    for (size_t i = 0; i < l->uri_count; i++) {
        free(l->uris[i]);
    }
    free(l->id);
    free(l);
}

void mcp_listen_end(struct mcp_listen *l)
{
    AUTO_BUF result = BUF_INIT(4096), message = BUF_INIT(8192);
    AUTO_JSON *id = json_loads(l->id, JSON_DECODE_ANY, NULL);
    struct json_out j;

    json_begin(&j, &result);
    json_begin_object(&j);
    json_key_text(&j, "resultType", "complete");
    put_subscription(&j, l);
    json_end(&j);
    rpc_add_result(&message, id, buf_slice(&result));
    mcp_stream_send(l->stream, buf_slice(&message));
}

static struct mcp_listen *listen_new(
    struct mcp *m, const struct principal *who, const json_t *id, const json_t *filter)
{
    struct mcp_listen *l = xalloc(sizeof(*l));
    const json_t *uris = json_object_get(filter, "resourceSubscriptions"), *uri;
    size_t i;

    l->id = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY);
    l->stream = mcp_stream_new(m, 0, false, false);
    l->audience = access_audience(m->api->access, who);
    l->list = is_true(filter, "resourcesListChanged");
    json_array_foreach(uris, i, uri)
    {
        if (json_is_string(uri) && json_string_length(uri) <= MCP_URI_MAX &&
            l->uri_count < MCP_SUBSCRIPTIONS_MAX) {
            l->uris[l->uri_count++] = xstrdup(json_string_value(uri));
        }
    }
    return l;
}

static int start_listening(struct http_request *req, struct http_response *resp,
    const struct rpc_message *m, struct error *err)
{
    struct mcp *mcp = mcp_of(api_of(req));
    const json_t *filter = json_object_get(m->params, "notifications");
    int reading = -1, writing = -1;

    if (!json_is_object(filter)) {
        return refuse(resp, m->id, RPC_INVALID_PARAMS,
            "subscriptions/listen needs notifications, an object that says which.");
    }
    if (!slice_find(http_header_find(req, "accept"), SLICE_LIT("text/event-stream"))) {
        resp->status = 406;
        rpc_add_error(&resp->body, m->id, RPC_INVALID_REQUEST,
            "Accept must name text/event-stream.", slice_make(NULL, 0));
        return 0;
    }
    int rc = mcp_stream_pair(&reading, &writing, err);
    if (rc < 0) {
        return rc;
    }
    struct mcp_listen *l = listen_new(mcp, principal_of(req), m->id, filter);
    mcp_stream_attach(l->stream, writing, 0);
    acknowledge(l);
    if (!mcp_listen_add(mcp, l)) {
        mcp_listen_free(l);
        close(reading);
        resp->status = 503;
        rpc_add_error(&resp->body, m->id, RPC_INTERNAL,
            "Too many clients listen already; try again later.", slice_make(NULL, 0));
        return 0;
    }
    mcp_answer_by_pipe(resp, reading);
    return 0;
}

// ---- requests

static int status_of(int code)
{
    switch (code) {
    case RPC_METHOD_NOT_FOUND:
        return 404;
    case RPC_INVALID_PARAMS:
    case RPC_INVALID_REQUEST:
    case RPC_CAPABILITY:
    case RPC_HEADERS:
        return 400;
    default:
        return 200;
    }
}

int mcp_log_level_of(const json_t *meta)
{
    const char *level = json_string_value(json_object_get(meta, META "logLevel"));

    for (int i = 0; level && i < MCP_LEVELS; i++) {
        if (strcmp(level, mcp_levels[i]) == 0) {
            return i;
        }
    }
    return -1;
}

const json_t *mcp_client_of(const json_t *meta)
{
    return json_object_get(meta, META "clientCapabilities");
}

static int answer(struct http_request *req, struct http_response *resp, struct rpc_input *in,
    struct slice partition, struct error *err)
{
    struct mcp *mcp = mcp_of(api_of(req));
    const struct rpc_message *m = &in->items[0];
    const json_t *meta = meta_of(m);
    bool status = principal_may(principal_of(req), RIGHT_MONITOR);
    bool tells = json_object_get(meta, "progressToken") || mcp_log_level_of(meta) >= 0;
    bool events = slice_find(http_header_find(req, "accept"), SLICE_LIT("text/event-stream"));

    if (slice_is(m->method, "subscriptions/listen")) {
        return start_listening(req, resp, m, err);
    }
    if (mcp->set && mcp->set->headers) {
        const char *why = mcp->set->headers(req, m);
        if (why) {
            return refuse(resp, m->id, RPC_HEADERS, why);
        }
    }
    if (tells && events && slice_is(m->method, "tools/call")) {
        return mcp_start_job(mcp, NULL, MCP_2026_07_28, partition, status, in, resp, err);
    }
    struct mcp_call call = { .mcp = mcp,
        .version = MCP_2026_07_28,
        .partition = partition,
        .status_allowed = status,
        .arena = req->arena };
    mcp_answer(&call, m, &resp->body);
    resp->status = status_of(call.code);
    return 0;
}

int mcp_modern_post(
    struct http_request *req, struct http_response *resp, struct rpc_input *in, struct error *err)
{
    struct slice partition = http_query_find(req, "partition");
    const struct rpc_message *m = &in->items[0];
    struct slice version = http_header_find(req, "mcp-protocol-version");

    if (in->batch || m->kind == RPC_WRONG || m->kind == RPC_RESPONSE) {
        return refuse(resp, m->kind == RPC_WRONG && !in->batch ? m->id : NULL, RPC_INVALID_REQUEST,
            m->kind == RPC_WRONG && !in->batch
                ? m->why
                : "A request of this revision is one message that asks for something.");
    }
    if (m->kind == RPC_NOTIFICATION) { // there is none that says anything to us
        if (!slice_is(version, mcp_versions[MCP_2026_07_28])) {
            return refuse_version(resp, NULL, version);
        }
        resp->status = 202;
        return 0;
    }
    if (check(req, m, resp) < 0) {
        return 0;
    }
    if (principal_partition(principal_of(req), &partition, err) < 0) {
        resp->status = 403;
        rpc_add_error(&resp->body, m->id, RPC_INVALID_REQUEST, err->text, slice_make(NULL, 0));
        return 0;
    }
    return answer(req, resp, in, partition, err);
}

// ---- results

void mcp_modern_result(const struct mcp_call *c, struct slice method, struct buf *result)
{
    static const struct {
        const char *method;
        int ttl_ms; // how long a client may keep it: what changes only with the program, a while; documents never
    } kept[] = { { "server/discover", MCP_KEEP_MS }, { "tools/list", MCP_KEEP_MS },
        { "prompts/list", MCP_KEEP_MS }, { "resources/templates/list", MCP_KEEP_MS },
        { "resources/list", 0 }, { "resources/read", 0 } };

    if (!result->len || result->data[result->len - 1] != '}') {
        return;
    }
    result->len--; // the brace comes again
    const char *comma = result->len > 1 ? "," : "";
    if (!c->says_type) {
        buf_addf(result, "%s\"resultType\":\"complete\"", comma);
        comma = ",";
    }
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (slice_is(method, kept[i].method)) {
            buf_addf(result, "%s\"ttlMs\":%d,\"cacheScope\":\"private\"", comma, kept[i].ttl_ms);
            comma = ",";
        }
    }
    buf_addf(result,
        "%s\"_meta\":{\"" META "serverInfo\":{\"name\":\"larder\",\"title\":\"Larder\","
        "\"version\":\"" LARDER_VERSION "\"}}}",
        comma);
}
