// SPDX-License-Identifier: AGPL-3.0-or-later
// /mcp over Streamable HTTP: POST brings messages, GET opens the session's own stream or resumes a broken one, DELETE ends the
// session. Answers to tool calls go out as events where the client takes them, all others as one JSON document.
#include "api/access.h"
#include "api/mcp.h"
#include "base/clock.h"

#include <stdlib.h>
#include <unistd.h>

#define SESSION_HEADER "Mcp-Session-Id"

// ---- what is asked before a message is read

static int refuse(struct http_response *resp, int status, enum rpc_code code, const char *sentence)
{
    resp->status = status;
    rpc_add_error(&resp->body, NULL, code, sentence, slice_make(NULL, 0));
    return 0;
}

// A page of another site must not talk to us through a browser, not even one that made our address its own by DNS.
static bool origin_fits(const struct http_request *req)
{
    struct slice origin = http_header_find(req, "origin"), host = http_header_find(req, "host");

    if (!origin.data) {
        return true;
    }
    const char *at = slice_find(origin, SLICE_LIT("://"));
    if (!at) {
        return false;
    }
    struct slice from = slice_from(origin, (size_t)(at - origin.data) + 3);
    return slice_equal(from, host) ||
           (access_host_is_loopback(from) && access_host_is_loopback(host));
}

static bool accepts(const struct http_request *req, const char *type)
{
    struct slice accept = http_header_find(req, "accept");

    return !accept.data || slice_find(accept, slice_of(type)) ||
           slice_find(accept, SLICE_LIT("*/*"));
}

static bool is_json(const struct http_request *req)
{
    struct slice type = http_header_find(req, "content-type"), name;

    return slice_cut(&type, ';', &name) &&
           slice_equal_nocase(slice_trim(name), SLICE_LIT("application/json"));
}

// The session that the header names (a reference; NULL: none named). False: refused.
static bool take_session(
    struct http_request *req, struct http_response *resp, struct mcp_session **ret)
{
    struct slice id = http_header_find(req, SESSION_HEADER);

    *ret = id.data ? mcp_session_find(mcp_of(api_of(req)), id, principal_of(req)->who) : NULL;
    if (id.data && !*ret) {
        refuse(
            resp, 404, RPC_NO_SESSION, "This session has ended; begin a new one with initialize.");
        return false;
    }
    return true;
}

static bool take_version(struct http_request *req, struct http_response *resp,
    const struct mcp_session *s, enum mcp_version *ret)
{
    struct slice named = http_header_find(req, "mcp-protocol-version");
    int found = named.data ? mcp_version_find(named) : MCP_2025_03_26;

    if (found < 0) {
        AUTO_BUF data = BUF_INIT(1024);
        struct json_out j;
        json_begin(&j, &data);
        json_begin_object(&j);
        json_key_array(&j, "supported");
        for (int i = 0; i < MCP_VERSIONS; i++) {
            json_text(&j, mcp_versions[i]);
        }
        json_end(&j);
        json_key_string(&j, "requested", slice_make(named.data, named.len < 64 ? named.len : 64));
        json_end(&j);
        resp->status = 400;
        rpc_add_error(&resp->body, NULL, RPC_VERSION,
            "This revision of the protocol is not spoken here.", buf_slice(&data));
        return false;
    }
    *ret = s ? s->version : (enum mcp_version)found;
    return true;
}

// ---- POST

// One POST that is answered by events; its thread and the answer's pipe hold one reference each.
struct mcp_post {
    struct mcp *mcp;
    struct mcp_session *session; // NULL: none; then the end of the connection withdraws the call
    struct mcp_stream *stream;
    struct rpc_input input;
    struct arena arena;
    enum mcp_version version;
    char partition[PARTITION_MAX + 1];
    bool status_allowed;
    atomic_bool gone;
    pthread_mutex_t mutex; // call
    struct mcp_call *call;
    atomic_int refs;
};

static void job_unref(struct mcp_post *job)
{
    if (atomic_fetch_sub(&job->refs, 1) == 1) {
        rpc_input_done(&job->input);
        mcp_stream_unref(job->stream);
        mcp_session_unref(job->session);
        arena_done(&job->arena);
        pthread_mutex_destroy(&job->mutex);
        free(job);
    }
}

// The client has gone. Without a session nobody can come back for the answer.
static void pipe_closed(void *ctx)
{
    struct mcp_post *job = ctx;

    pthread_mutex_lock(&job->mutex);
    atomic_store(&job->gone, true);
    if (job->call && !job->session) {
        atomic_store(&job->call->cancelled, true);
    }
    pthread_mutex_unlock(&job->mutex);
    job_unref(job);
}

static void set_call(struct mcp_post *job, struct mcp_call *call)
{
    pthread_mutex_lock(&job->mutex);
    job->call = call;
    if (call && !job->session && atomic_load(&job->gone)) {
        atomic_store(&call->cancelled, true);
    }
    pthread_mutex_unlock(&job->mutex);
}

// A notification or an answer of the client.
static void take_in(struct mcp_session *s, const struct rpc_message *m, json_t *holder)
{
    if (m->kind == RPC_NOTIFICATION) {
        mcp_notified(s, m);
    } else if (m->kind == RPC_RESPONSE && s) {
        mcp_session_answer(s, m, holder);
    }
}

static bool wants_answer(const struct rpc_message *m)
{
    return m->kind == RPC_REQUEST || m->kind == RPC_WRONG;
}

static void job_run(void *ctx)
{
    struct mcp_post *job = ctx;

    mcp_stream_prime(job->stream);
    for (size_t i = 0; i < job->input.count; i++) {
        AUTO_BUF out = BUF_INIT(MCP_RESULT_MAX + MCP_FRAME_MAX);
        struct mcp_call call = { .mcp = job->mcp,
            .session = job->session,
            .stream = job->stream,
            .version = job->version,
            .partition = slice_of(job->partition),
            .status_allowed = job->status_allowed,
            .arena = &job->arena };
        if (!wants_answer(&job->input.items[i])) {
            take_in(job->session, &job->input.items[i], job->input.json);
            continue;
        }
        set_call(job, &call);
        bool answered = mcp_answer(&call, &job->input.items[i], &out);
        set_call(job, NULL);
        if (answered) {
            mcp_stream_send(job->stream, buf_slice(&out));
        }
    }
    mcp_stream_end(job->stream);
    job_unref(job);
}

void mcp_answer_by_pipe(struct http_response *resp, int reading)
{
    resp->content_type = "text/event-stream";
    resp->pipe_fd = reading;
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    http_header_add(resp, "X-Accel-Buffering", SLICE_LIT("no"));
}

int mcp_start_job(struct mcp *m, struct mcp_session *s, enum mcp_version version,
    struct slice partition, bool status_allowed, struct rpc_input *input,
    struct http_response *resp, struct error *err)
{
    struct mcp_post *job = xalloc(sizeof(*job));
    int reading = -1, writing = -1, rc = 0;

    job->mcp = m;
    job->version = version;
    snprintf(job->partition, sizeof(job->partition), SLICE_FMT, SLICE_ARG(partition));
    pthread_mutex_init(&job->mutex, NULL);
    arena_init(&job->arena, MCP_CALL_ARENA);
    atomic_store(&job->refs, 1);
    job->status_allowed = status_allowed;
    if (s) {
        atomic_fetch_add(&s->refs, 1);
        job->session = s;
        rc = mcp_session_stream(m, s, &job->stream, err);
    } else {
        job->stream = mcp_stream_new(m, 0, true, false);
    }
    rc = rc < 0 ? rc : mcp_stream_pair(&reading, &writing, err);
    if (rc < 0) {
        job_unref(job);
        return rc;
    }
    mcp_stream_attach(job->stream, writing, 0);
    job->input = *input;
    input->json = NULL; // the job's now
    atomic_store(&job->refs, 2);
    if (pool_submit(m->pool, job_run, job) != 0) {
        close(reading);
        mcp_stream_end(job->stream);
        atomic_store(&job->refs, 1);
        job_unref(job);
        return error_set(err, ERR_BUSY, "Too many tools are at work; try again.");
    }
    mcp_answer_by_pipe(resp, reading);
    resp->pipe_closed = pipe_closed;
    resp->pipe_ctx = job;
    return 0;
}

static void answer_json(struct mcp *m, struct mcp_session *s, enum mcp_version version,
    struct slice partition, bool status_allowed, struct arena *arena, struct rpc_input *in,
    struct http_response *resp)
{
    bool first = true;

    if (in->batch) {
        buf_add_char(&resp->body, '[');
    }
    for (size_t i = 0; i < in->count; i++) {
        struct mcp_call call = { .mcp = m,
            .session = s,
            .version = version,
            .partition = partition,
            .status_allowed = status_allowed,
            .arena = arena };
        if (!wants_answer(&in->items[i])) {
            take_in(s, &in->items[i], in->json);
            continue;
        }
        if (!first) {
            buf_add_char(&resp->body, ',');
        }
        first = false;
        mcp_answer(&call, &in->items[i], &resp->body);
    }
    if (in->batch) {
        buf_add_char(&resp->body, ']');
    }
}

// A new session; what the client asks for and we don't speak becomes our newest revision.
static int begin(struct http_request *req, struct http_response *resp, const struct rpc_message *m,
    struct mcp_session **ret, enum mcp_version *ret_version, struct error *err)
{
    const json_t *capabilities = NULL, *client = NULL;
    struct slice asked = { 0 };
    int rc = m->params ? 0 : error_set(err, ERR_INVALID, "initialize needs params.");

    rc = rc < 0 ? rc : json_in_string(m->params, "protocolVersion", JSON_REQUIRED, 64, &asked, err);
    rc = rc < 0 ? rc : json_in_object(m->params, "capabilities", JSON_REQUIRED, &capabilities, err);
    rc = rc < 0 ? rc : json_in_object(m->params, "clientInfo", JSON_REQUIRED, &client, err);
    if (rc < 0) {
        resp->status = 200;
        rpc_add_error(&resp->body, m->id, RPC_INVALID_PARAMS, err->text, slice_make(NULL, 0));
        return 1;
    }
    int found = mcp_version_find(asked);
    *ret_version = found < 0 || found > MCP_2025_11_25 ? MCP_2025_11_25 : (enum mcp_version)found;
    rc = mcp_session_new(
        mcp_of(api_of(req)), *ret_version, principal_of(req), capabilities, ret, err);
    if (rc == 0) {
        char *id = arena_strdup(req->arena, (*ret)->id);
        http_header_add(resp, SESSION_HEADER, slice_of(id));
    }
    return rc;
}

static bool is_initialize(const struct rpc_message *m)
{
    return m->kind == RPC_REQUEST && slice_is(m->method, "initialize");
}

// What a batch or a single message may not be. NULL: all is well.
static const char *misplaced(
    const struct rpc_input *in, const struct mcp_session *s, enum mcp_version version)
{
    if (in->batch && version != MCP_2025_03_26) {
        return "This revision of the protocol has no batches; send one message at a time.";
    }
    for (size_t i = 0; i < in->count; i++) {
        if (is_initialize(&in->items[i]) && (in->batch || s)) {
            return "initialize begins a session: it comes alone and without a session's header.";
        }
    }
    return NULL;
}

struct wishes {
    bool answer, tool;
};

static struct wishes wishes_of(const struct rpc_input *in)
{
    struct wishes w = { false, false };

    for (size_t i = 0; i < in->count; i++) {
        w.answer = w.answer || wants_answer(&in->items[i]);
        w.tool = w.tool ||
                 (in->items[i].kind == RPC_REQUEST && slice_is(in->items[i].method, "tools/call"));
    }
    return w;
}

static int answer(struct http_request *req, struct http_response *resp,
    struct mcp_session **session, struct rpc_input *in, struct error *err)
{
    struct slice partition = http_query_find(req, "partition");
    bool status = principal_may(principal_of(req), RIGHT_MONITOR);
    struct mcp *m = mcp_of(api_of(req));
    enum mcp_version version = MCP_2025_03_26;
    struct wishes w = wishes_of(in);

    if (principal_partition(principal_of(req), &partition, err) < 0) {
        return refuse(resp, 403, RPC_INVALID_REQUEST, err->text);
    }
    if (!is_initialize(&in->items[0]) && !take_version(req, resp, *session, &version)) {
        return 0;
    }
    const char *why = misplaced(in, *session, version);
    if (why) {
        return refuse(resp, 400, RPC_INVALID_REQUEST, why);
    }
    if (!in->batch && in->items[0].kind == RPC_WRONG) {
        resp->status = 400;
    }
    if (is_initialize(&in->items[0])) {
        int rc = begin(req, resp, &in->items[0], session, &version, err);
        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
    }
    bool events = slice_find(http_header_find(req, "accept"), SLICE_LIT("text/event-stream"));
    if (!w.answer) {
        answer_json(m, *session, version, partition, status, req->arena, in, resp);
        buf_reset(&resp->body);
        resp->status = 202;
        return 0;
    }
    if (events && (w.tool || !accepts(req, "application/json"))) {
        return mcp_start_job(m, *session, version, partition, status, in, resp, err);
    }
    answer_json(m, *session, version, partition, status, req->arena, in, resp);
    return 0;
}

static int mcp_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct slice partition = http_query_find(req, "partition");
    struct mcp_session *session = NULL;
    struct rpc_input in = { 0 };
    struct error why = { 0 };

    if (!origin_fits(req)) {
        return refuse(
            resp, 403, RPC_INVALID_REQUEST, "This request came from another site's page.");
    }
    if (!is_json(req)) {
        return refuse(resp, 415, RPC_INVALID_REQUEST, "Content-Type must be application/json.");
    }
    if (!accepts(req, "application/json") && !accepts(req, "text/event-stream")) {
        return refuse(resp, 406, RPC_INVALID_REQUEST,
            "Accept must name application/json and text/event-stream.");
    }
    if (partition.len && !partition_name_valid(partition)) {
        return refuse(resp, 400, RPC_INVALID_REQUEST, "There can be no partition of this name.");
    }
    enum rpc_code code = rpc_read(req->body, &in, &why);
    if (code != RPC_OK) {
        return refuse(resp, 400, code, why.text);
    }
    int rc = 0;
    if (mcp_modern_meant(req, &in)) {
        rc = mcp_modern_post(req, resp, &in, err);
    } else if (take_session(req, resp, &session)) {
        rc = answer(req, resp, &session, &in, err);
    }
    rpc_input_done(&in);
    mcp_session_unref(session);
    return rc;
}

// ---- GET and DELETE

struct resume {
    struct mcp_stream *stream;
    int fd;
    int64_t after;
};

static void resume_run(void *ctx)
{
    struct resume *r = ctx;

    mcp_stream_attach(r->stream, r->fd, r->after);
    mcp_stream_unref(r->stream);
    free(r);
}

// "STREAM-EVENT"; a stream that is not there any more owes nothing.
static struct mcp_stream *stream_of(struct mcp_session *s, struct slice last, int64_t *ret_after)
{
    int64_t number = 0;
    struct slice first;

    if (slice_cut(&last, '-', &first) && slice_to_i64(first, &number) &&
        slice_to_i64(last, ret_after)) {
        return mcp_session_stream_find(s, number);
    }
    return NULL;
}

static int open_stream(struct mcp *m, struct mcp_session *s, struct slice last,
    struct http_response *resp, struct error *err)
{
    int reading, writing;
    int64_t after = 0;
    struct mcp_stream *stream = last.data ? stream_of(s, last, &after) : NULL;
    bool resumed = stream != NULL;

    stream = stream ? stream : mcp_session_listener(m, s);
    if (!stream) {
        return error_set(err, ERR_NOT_FOUND, "This session has ended.");
    }
    int rc = mcp_stream_pair(&reading, &writing, err);
    if (rc == 0 &&
        resumed) { // what was missed may be more than a socket holds, so somebody else writes it
        struct resume *r = xalloc(sizeof(*r));
        *r = (struct resume){ stream, writing, after };
        atomic_fetch_add(&stream->refs, 1);
        if (pool_submit(m->pool, resume_run, r) != 0) {
            close(reading);
            close(writing);
            mcp_stream_unref(stream);
            free(r);
            rc = error_set(err, ERR_BUSY, "Too many tools are at work; try again.");
        }
    } else if (rc == 0) {
        mcp_stream_attach(stream, writing, 0);
        mcp_stream_beat(stream); // so that the answer's head goes out at once
    }
    mcp_stream_unref(stream);
    if (rc == 0) {
        mcp_answer_by_pipe(resp, reading);
    }
    return rc;
}

static int mcp_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct mcp_session *session = NULL;
    enum mcp_version version;
    int rc = 0;

    if (!origin_fits(req)) {
        return refuse(
            resp, 403, RPC_INVALID_REQUEST, "This request came from another site's page.");
    }
    if (!http_header_find(req, "accept").data || !accepts(req, "text/event-stream")) {
        return refuse(resp, 406, RPC_INVALID_REQUEST, "Accept must name text/event-stream.");
    }
    if (!http_header_find(req, SESSION_HEADER)
             .data) { // what has no session has no stream of its own
        http_header_add(resp, "Allow", SLICE_LIT("POST"));
        return refuse(resp, 405, RPC_INVALID_REQUEST,
            "A stream belongs to a session; begin one with initialize.");
    }
    if (take_session(req, resp, &session) && take_version(req, resp, session, &version)) {
        rc = open_stream(
            mcp_of(api_of(req)), session, http_header_find(req, "last-event-id"), resp, err);
    }
    mcp_session_unref(session);
    return rc;
}

static int mcp_delete(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct mcp_session *session = NULL;

    (void)err;
    if (!origin_fits(req)) {
        return refuse(
            resp, 403, RPC_INVALID_REQUEST, "This request came from another site's page.");
    }
    if (slice_is(http_header_find(req, "mcp-protocol-version"), mcp_versions[MCP_2026_07_28])) {
        http_header_add(resp, "Allow", SLICE_LIT("POST"));
        return refuse(resp, 405, RPC_INVALID_REQUEST, "This revision has no sessions to end.");
    }
    if (!http_header_find(req, SESSION_HEADER).data) {
        return refuse(resp, 400, RPC_INVALID_REQUEST, "Mcp-Session-Id is missing.");
    }
    if (take_session(req, resp, &session)) {
        mcp_session_end(mcp_of(api_of(req)), session);
        mcp_session_unref(session);
        resp->status = 204;
    }
    return 0;
}

static const struct param_doc params[] = { { "partition", "query", "string",
                                               "whose documents; default" },
    { SESSION_HEADER, "header", "string", "the session, from the answer to initialize" },
    { "MCP-Protocol-Version", "header", "string", "the revision that was agreed on" }, { NULL } };
static const struct route_doc post_doc = { .id = "mcpPost",
    .tag = "mcp",
    .summary = "Messages of the Model Context Protocol (JSON-RPC 2.0)",
    .params = params,
    .request = "McpMessage",
    .response = "McpMessage",
    .success = 200,
    .taken = "A notification or response was taken",
    .error = "McpMessage",
    .errors = "400 401 403 404 406 415" };
static const struct route_doc get_doc = { .id = "mcpStream",
    .tag = "mcp",
    .summary = "The session's stream of server-sent events, or the rest of a broken one",
    .params = params,
    .response_media = "text/event-stream",
    .success = 200,
    .error = "McpMessage",
    .errors = "401 403 404 405 406" };
static const struct route_doc delete_doc = { .id = "mcpEnd",
    .tag = "mcp",
    .summary = "End the session",
    .params = params,
    .success = 204,
    .error = "McpMessage",
    .errors = "400 401 403 404" };

const struct http_route mcp_routes[] = {
    { HTTP_POST, "/mcp", mcp_post, HTTP_LANE_LONG, HTTP_BODY_MEMORY, RPC_MESSAGE_MAX,
        .right = RIGHT_ASK, .doc = &post_doc },
    { HTTP_GET, "/mcp", mcp_get, .right = RIGHT_ASK, .doc = &get_doc },
    { HTTP_DELETE, "/mcp", mcp_delete, .right = RIGHT_ASK, .doc = &delete_doc },
    { 0 },
};

const struct schema_doc mcp_schemas[] = {
    { "McpMessage",
        "{\"type\":\"object\",\"required\":[\"jsonrpc\"],\"properties\":{\"jsonrpc\":{"
        "\"const\":\"2.0\"},\"id\":{\"type\":[\"string\",\"integer\",\"null\"]},\"method\":{"
        "\"type\":\"string\"},\"params\":{\"type\":\"object\"},\"result\":{\"type\":"
        "\"object\"},\"error\":{\"type\":\"object\"}}}" },
    { NULL, NULL },
};
