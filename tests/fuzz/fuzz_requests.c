// SPDX-License-Identifier: AGPL-3.0-or-later
// Whole requests to every route of the API, from the bytes of the head to the handler's answer, without sockets: headers,
// keys and cookies, query parameters, JSON bodies, messages of MCP and of OpenAI's clients, on a small store. An answer must be
// one that the engine could send, and what calls itself JSON must be JSON. Bodies that go to disk are not read here.
#include "api/access.h"
#include "api/api.h"
#include "api/mcp.h"
#include "api/monitor.h"
#include "assist/assist.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "http/internal.h"
#include "http/request.h"
#include "http/route.h"
#include "http/strict.h"
#include "os/pool.h"
#include "wire/json_in.h"

#include "store_fuzz.h"

enum { INPUT_MAX = 1 << 15, RATE = 1 << 30, ANSWER_MAX = 16 << 20, MEMORY = 64 << 20 };

static struct api api; // one thread asks
static struct route_table *routes;

static void start(void)
{
    static struct settings settings;
    char new_key[ACCESS_KEY_SIZE];
    struct error err = { 0 };

    settings_init(&settings);
    api =
        (struct api){ .store = fuzz_store(), .settings = &settings, .started_ms = clock_wall_ms() };
    struct access_options access = {
        .data_dir = fuzz_folder, .admin_key_file = "", .loopback_open = true, .origins = ""
    };
    for (size_t i = 0; i < ARRAY_LEN(access.rates.per_second); i++) {
        access.rates.per_second[i] = access.rates.burst[i] = RATE;
    }
    struct assist_options assist = { .store = api.store,
        .settings = &settings,
        .stopping = &api.stopping,
        .host = { .data_dir = fuzz_folder } };
    api.ingest = ingest_new(&(struct ingest_options){
        .store = api.store, .settings = &settings, .reader_program = "/nonexistent" });
    api.asks = pool_new("asks", 1, 4);
    int rc = access_open(&access, &api.access, new_key, &err);
    rc = rc ? rc : access_load(api.access, api.store, &err);
    rc = rc ? rc : assist_new(&assist, &api.assist, &err);
    rc = rc ? rc : mcp_new(&api, &api.mcp, &err);
    rc = rc ? rc : monitor_new(&api, &api.monitor, &err);
    rc = rc ? rc : route_table_new(api_routes, &routes, &err);
    // Open but never run: its readings are asked for.
    struct http_options http = { .listen = "127.0.0.1:0",
        .spool_dir = fuzz_folder,
        .route_lists = api_routes,
        .app = &api,
        .trusted_proxies = "",
        .cors_origins = "" };
    rc = rc ? rc : http_server_open(&http, &api.http, &err);
    if (rc != 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static bool is_json(const char *type)
{
    return !type || strstr(type, "json");
}

static void check_answer(const struct http_response *resp, int rc, const struct error *err)
{
    if (rc != 0) {
        BUG_ON(!err->text[0] || !utf8_valid(slice_of(err->text)));
        BUG_ON(rc == ERR_INTERNAL || rc == ERR_CORRUPT); // no request may look like our own fault
        return;
    }
    BUG_ON(!buf_ok(&resp->body));
    if (resp->body.len && is_json(resp->content_type)) {
        struct error why = { 0 };
        json_t *j = json_in_parse(buf_slice(&resp->body), JSON_IN_DEPTH_MOST, &why);
        BUG_ON(!j);
        json_decref(j);
    }
}

static void run(struct http_request *req, const struct http_route *route)
{
    struct http_response resp = { .file_fd = -1, .pipe_fd = -1 };
    struct error err = { 0 };
    int64_t since;

    buf_init(&resp.body, ANSWER_MAX);
    int rc = route->open ? 0 : access_authorize(req, route, &err);
    if (rc == 0 && !req->auth_later) {
        if (route->stream && route->stream(req, &since, &err) == 0 && req->audience) {
            access_audience_free(req->audience);
        }
        err = (struct error){ 0 };
        rc = route->handler(req, &resp, &err);
        if (resp.pipe_fd < 0) {
            check_answer(&resp, rc, &err);
        }
    }
    pipe_drop(&resp);
    if (resp.file_fd >= 0) {
        close(resp.file_fd);
    }
    buf_done(&resp.body);
}

static bool is_asked(const struct http_route *route)
{
    return route->handler && route->body != HTTP_BODY_SPOOL &&
           !slice_starts(slice_of(route->path), "/v1/verify") && // calls the server
           strcmp(route->path, "/v1/alerts/test") != 0;
}

static void give_params(
    struct http_request *req, struct route_match *m, const struct slice *segments, size_t count)
{
    if (m->has_rest) {
        m->params[m->param_count - 1].value =
            m->rest_from < count ? segments[m->rest_from] : slice_make("", 0);
    }
    req->params = m->params;
    req->param_count = m->param_count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_make((const char *)data, size);
    struct strict s;
    size_t used = 0;
    AUTO_ARENA arena;

    if (!routes) {
        start();
    }
    arena_init(&arena, MEMORY);
    strict_init(&s);
    if (size == 0 || size > INPUT_MAX ||
        strict_feed(&s, in.data, in.len, &used) != STRICT_HEAD_END) {
        return 0;
    }
    struct http_request req = { .arena = &arena,
        .app = &api,
        .peer = "127.0.0.1",
        .peer_is_loopback = true,
        .id = "00000000-0000-7000-8000-000000000000" };
    struct parse parse;
    struct head_facts facts;
    struct refusal refusal;
    struct route_match match;
    struct slice head = slice_make(in.data, used);
    while (head.len && (head.data[0] == '\r' || head.data[0] == '\n')) {
        head = slice_from(head, 1);
    }
    if (request_read_head(&req, &parse, head, s.fields, &facts, &refusal) != 0 ||
        route_find(routes, req.method, facts.segments, facts.segment_count, &match) != 0 ||
        !is_asked(match.route)) {
        return 0;
    }
    give_params(&req, &match, facts.segments, facts.segment_count);
    req.body = slice_from(in, used);
    run(&req, match.route);
    return 0;
}
