// SPDX-License-Identifier: AGPL-3.0-or-later
// POST /v1/ask, as JSON or as server-sent events; runs with their traces; conversations; the list of tools.
//
// A streamed question runs on the pool of asks and writes its events into a socket pair whose other end is the answer
// (http/pipe.c). It is withdrawn when the client goes. One that is not streamed takes a thread of the long lane.
#include "api/api.h"
#include "assist/assist.h"
#include "base/clock.h"
#include "os/pool.h"
#include "store/conversations.h"
#include "wire/json.h"
#include "wire/problem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN_MAX = 8000, // bytes of one earlier turn
    LIST_LIMIT = 50,
    LIST_LIMIT_MAX = 500,
    RUN_ARENA = 64 << 20,
    SEND_SECONDS = 30, // a client that takes nothing for so long is gone
};

struct ask_body {
    struct ask ask;
    bool stream;
};

static int read_turns(const json_t *list, struct arena *a, struct ask *ret, struct error *err)
{
    size_t n = json_array_size(list);
    struct turn *turns = n ? arena_array(a, n, sizeof(*turns)) : NULL;

    for (size_t i = 0; turns && i < n; i++) {
        static const char *const fields[] = { "role", "content", NULL };
        const json_t *one = json_array_get(list, i);
        struct slice role = { 0 };
        if (!json_is_object(one)) {
            return error_set(err, ERR_INVALID, "history must be a list of {role, content}.");
        }
        int rc = json_in_only(one, fields, err);
        rc = rc < 0 ? rc : json_in_string(one, "role", JSON_REQUIRED, 16, &role, err);
        rc = rc < 0 ? rc
                    : json_in_string(one, "content", JSON_REQUIRED, TURN_MAX, &turns[i].text, err);
        if (rc < 0) {
            return error_prefix(err, rc, "history[%zu]", i);
        }
        turns[i].user = slice_is(role, "user");
        if (!turns[i].user && !slice_is(role, "assistant")) {
            return error_set(err, ERR_INVALID, "history[%zu]: role can be user or assistant.", i);
        }
    }
    ret->turns = turns;
    ret->turn_count = turns ? n : 0;
    return n && !turns ? error_set(err, ERR_MEMORY, "There is no memory for this question.") : 0;
}

static int read_ask(
    const json_t *body, struct http_request *req, struct ask_body *ret, struct error *err)
{
    static const char *const fields[] = { "question", "stream", "partition", "conversation_id",
        "history", "extractive", NULL };
    struct ask *ask = &ret->ask;
    const json_t *history = NULL;
    int rc = json_in_only(body, fields, err);

    rc = rc < 0
             ? rc
             : json_in_string(body, "question", JSON_REQUIRED, QUESTION_MAX, &ask->question, err);
    rc = rc < 0 ? rc : json_in_bool(body, "stream", JSON_OPTIONAL, &ret->stream, err);
    rc = rc < 0 ? rc
                : json_in_string(
                      body, "partition", JSON_OPTIONAL, PARTITION_MAX, &ask->partition, err);
    rc = rc < 0 ? rc
                : json_in_string(
                      body, "conversation_id", JSON_OPTIONAL, ID_LEN, &ask->conversation_id, err);
    rc = rc < 0 ? rc : json_in_array(body, "history", JSON_OPTIONAL, HISTORY_MAX, &history, err);
    rc = rc < 0 ? rc : json_in_bool(body, "extractive", JSON_OPTIONAL, &ask->extractive, err);
    rc = rc < 0 ? rc : read_turns(history, req->arena, ask, err);
    if (rc == 0 && slice_trim(ask->question).len == 0) {
        rc = error_set(err, ERR_INVALID, "question is empty; say what you want to know.");
    }
    ask->status_allowed = principal_may(principal_of(req), RIGHT_MONITOR);
    return rc < 0 ? rc : principal_partition(principal_of(req), &ask->partition, err);
}

// ---- streamed

struct ask_job { // the asking thread and the answer's pipe hold one reference each
    struct api *api;
    struct arena arena;
    struct ask ask;
    int fd; // writing end
    atomic_bool cancelled;
    atomic_int refs;
};

static void job_unref(struct ask_job *j)
{
    if (atomic_fetch_sub(&j->refs, 1) == 1) {
        arena_done(&j->arena);
        free(j);
    }
}

static void pipe_closed(void *ctx)
{
    struct ask_job *j = ctx;

    atomic_store(&j->cancelled, true);
    job_unref(j);
}

static void send_all(struct ask_job *j, struct slice text)
{
    while (text.len > 0 && !atomic_load(&j->cancelled)) {
        ssize_t n = send(j->fd, text.data, text.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            atomic_store(&j->cancelled, true);
            return;
        }
        text = slice_from(text, (size_t)n);
    }
}

static void on_event(void *ctx, const char *kind, struct slice json)
{
    AUTO_BUF b = BUF_INIT(json.len + 256);

    buf_addf(&b, "event: %s\ndata: ", kind);
    buf_add_slice(&b, json);
    buf_add_str(&b, "\n\n");
    send_all(ctx, buf_slice(&b));
}

static void job_run(void *ctx)
{
    struct ask_job *j = ctx;
    struct ask_result result;
    struct error err = { 0 };
    int rc = assist_ask(j->api->assist, &j->ask, &j->arena, &result, &err);

    if (rc < 0) {
        AUTO_BUF b = BUF_INIT(8 * 1024);
        problem_format(&b, rc, 0, err.text, NULL, slice_make(NULL, 0));
        on_event(j, "error", buf_slice(&b));
    }
    close(j->fd);
    job_unref(j);
}

static int copy_ask(struct ask_job *j, const struct ask *from, struct error *err)
{
    struct arena *a = &j->arena;
    struct turn *turns = arena_array(a, from->turn_count + 1, sizeof(*turns));

    j->ask = *from;
    j->ask.question = arena_slice(a, from->question);
    j->ask.partition = arena_slice(a, from->partition);
    j->ask.conversation_id = arena_slice(a, from->conversation_id);
    for (size_t i = 0; turns && i < from->turn_count; i++) {
        turns[i] = (struct turn){ from->turns[i].user, arena_slice(a, from->turns[i].text) };
    }
    j->ask.turns = from->turn_count ? turns : NULL;
    j->ask.cancelled = &j->cancelled;
    j->ask.on_event = on_event;
    j->ask.ctx = j;
    return j->ask.question.data && turns
               ? 0
               : error_set(err, ERR_MEMORY, "There is no memory for this question.");
}

static int start_stream(
    struct api *api, const struct ask *ask, struct http_response *resp, struct error *err)
{
    struct timeval patience = { .tv_sec = SEND_SECONDS };
    struct ask_job *j = xalloc(sizeof(*j));
    int ends[2];

    j->api = api;
    j->fd = -1;
    atomic_store(&j->refs, 1);
    arena_init(&j->arena, RUN_ARENA);
    int rc = copy_ask(j, ask, err);
    if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        rc = error_set(err, ERR_BUSY, "Too many files are open; try again.");
    }
    if (rc < 0) {
        job_unref(j);
        return rc;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    j->fd = ends[1];
    atomic_store(&j->refs, 2);
    if (pool_submit(api->asks, job_run, j) != 0) {
        close(ends[0]);
        close(ends[1]);
        atomic_store(&j->refs, 1);
        job_unref(j);
        return error_set(err, ERR_BUSY, "Too many questions are being answered; try again.");
    }
    resp->content_type = "text/event-stream";
    resp->pipe_fd = ends[0];
    resp->pipe_closed = pipe_closed;
    resp->pipe_ctx = j;
    http_header_add(resp, "X-Accel-Buffering", SLICE_LIT("no"));
    return 0;
}

static int ask_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct api *api = api_of(req);
    struct ask_body in = { 0 };
    struct ask_result result;
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? read_ask(body, req, &in, err) : ERR_INVALID;

    if (rc < 0) {
        return rc;
    }
    if (in.stream || slice_find(http_header_find(req, "accept"), SLICE_LIT("text/event-stream"))) {
        return start_stream(api, &in.ask, resp, err);
    }
    rc = assist_ask(api->assist, &in.ask, req->arena, &result, err);
    if (rc == 0) {
        buf_add_slice(&resp->body, result.json);
    }
    return rc;
}

// ---- runs and conversations

// A conversation of a partition that the key does not open is as if it were not there.
static int load_conversation(
    struct http_request *req, struct slice id, struct conversation *ret, struct error *err)
{
    int rc = store_conversation_load(api_of(req)->store, id, req->arena, ret, err);

    if (rc == 0 && !principal_sees(principal_of(req), slice_of(ret->partition))) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no conversation with this id.");
    }
    return rc;
}

static int run_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct run_record run;
    struct conversation c;
    int rc = store_run_load(api_of(req)->store, http_param(req, "id"), req->arena, &run, err);

    if (rc == 0 && load_conversation(req, slice_of(run.conversation_id), &c, NULL) < 0) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no run with this id.");
    }
    return rc < 0 ? rc
                  : assist_run_json(
                        api_of(req)->assist, http_param(req, "id"), req->arena, &resp->body, err);
}

static void put_conversation(struct json_out *j, const struct conversation *c)
{
    char when[CLOCK_TEXT_MAX];

    json_key_text(j, "id", c->id);
    json_key_text(j, "title", c->title);
    json_key_text(j, "partition", c->partition);
    clock_format(c->created_ms, when);
    json_key_text(j, "created_at", when);
    clock_format(c->updated_ms, when);
    json_key_text(j, "updated_at", when);
    json_key_int(j, "message_count", c->message_count);
}

static int conversations_get(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct conversation *list = NULL;
    size_t count = 0;
    int64_t limit = 0;
    struct json_out j;
    struct slice partition = http_query_find(req, "partition");
    int rc = api_query_int(req, "limit", LIST_LIMIT, 1, LIST_LIMIT_MAX, &limit, err);

    if (rc == 0 && (partition.len || principal_of(req)->partition_count)) {
        rc = principal_partition(principal_of(req), &partition, err);
    }
    rc = rc < 0 ? rc
                : store_conversation_list(
                      api_of(req)->store, partition, (int)limit, req->arena, &list, &count, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "conversations");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&j);
        put_conversation(&j, &list[i]);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

// The assistant's messages carry the whole answer of their run, so that a page can show citations again.
static int put_message(
    struct http_request *req, const struct message *m, struct json_out *j, struct error *err)
{
    struct run_record run;
    char when[CLOCK_TEXT_MAX];
    int rc = m->user
                 ? 0
                 : store_run_load(api_of(req)->store, slice_of(m->run_id), req->arena, &run, err);

    if (rc < 0 && rc != ERR_NOT_FOUND) {
        return rc;
    }
    json_begin_object(j);
    json_key_text(j, "role", m->user ? "user" : "assistant");
    json_key_text(j, "text", m->text);
    json_key_text(j, "run_id", m->run_id);
    clock_format(m->created_ms, when);
    json_key_text(j, "created_at", when);
    if (!m->user && rc == 0) {
        json_key_text(j, "status", run.status);
        json_key_raw(j, "answer", slice_of(run.answer));
    }
    json_end(j);
    return 0;
}

static int conversation_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct message *messages = NULL;
    struct conversation c;
    size_t count = 0;
    struct json_out j;
    struct slice id = http_param(req, "id");
    int rc = load_conversation(req, id, &c, err);

    rc = rc < 0 ? rc
                : store_message_list(
                      api_of(req)->store, id, LIST_LIMIT_MAX, req->arena, &messages, &count, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    put_conversation(&j, &c);
    json_key_array(&j, "messages");
    for (size_t i = 0; i < count; i++) {
        rc = put_message(req, &messages[i], &j, err);
        if (rc < 0) {
            return rc;
        }
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int conversation_delete(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct conversation c;
    int rc = load_conversation(req, http_param(req, "id"), &c, err);

    rc = rc < 0 ? rc : store_conversation_delete(api_of(req)->store, http_param(req, "id"), err);
    resp->status = 204;
    return rc;
}

static int tools_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;

    (void)req;
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "tools");
    for (const struct tool *const *t = assist_tools; *t; t++) {
        json_begin_object(&j);
        json_key_text(&j, "name", (*t)->name);
        json_key_text(&j, "title", (*t)->title);
        json_key_text(&j, "description", (*t)->description);
        json_key(&j, "arguments");
        tool_arguments_schema(*t, &j);
        json_key(&j, "result");
        tool_results_schema(*t, &j);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int tool_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct tool_context context;
    struct slice result = { 0 };
    struct slice partition = http_query_find(req, "partition");
    const struct principal *p = principal_of(req);
    int rc = principal_partition(p, &partition, err);

    rc = rc < 0 ? rc
                : assist_tool_context(api_of(req)->assist, partition,
                      principal_may(p, RIGHT_MONITOR), req->arena, &context, err);

    rc = rc < 0
             ? rc
             : tool_call(assist_tools, http_param(req, "name"), req->body, &context, &result, err);
    if (rc == ERR_UNSUPPORTED) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == 0) {
        buf_add_slice(&resp->body, result);
    }
    return rc;
}

static const struct param_doc tool_params[] = { { "name", "path", "string", "the tool's name" },
    { "partition", "query", "string", "what is visible (default)" }, { NULL } };
static const struct param_doc id_param[] = { { "id", "path", "string", "its id" }, { NULL } };
static const struct param_doc list_params[] = { { "partition", "query", "string",
                                                    "only of this partition" },
    { "limit", "query", "integer", "1 to 500, default 50" }, { NULL } };
static const struct route_doc ask_doc = { .id = "ask",
    .tag = "assistant",
    .summary = "Answer a question from the documents, with citations; as server-sent events with "
               "stream: true (run, step, delta, answer or error)",
    .request = "Ask",
    .response = "Answer",
    .response_media = "application/json text/event-stream",
    .success = 200,
    .errors = "400 401 403 404 413 415 503 504" };
static const struct route_doc run_doc = { .id = "getRun",
    .tag = "assistant",
    .summary = "A run with its trace: prompts, tool calls, results, retries, usage, times",
    .params = id_param,
    .response = "Run",
    .success = 200,
    .errors = "401 403 404" };
static const struct route_doc list_doc = { .id = "listConversations",
    .tag = "assistant",
    .summary = "Conversations, the last used first",
    .params = list_params,
    .response = "ConversationList",
    .success = 200,
    .errors = "400 401 403" };
static const struct route_doc get_doc = { .id = "getConversation",
    .tag = "assistant",
    .summary = "A conversation with its messages",
    .params = id_param,
    .response = "Conversation",
    .success = 200,
    .errors = "401 403 404" };
static const struct route_doc delete_doc = { .id = "deleteConversation",
    .tag = "assistant",
    .summary = "Remove a conversation with its runs",
    .params = id_param,
    .success = 204,
    .errors = "401 403 404" };
static const struct route_doc tools_doc = { .id = "listTools",
    .tag = "assistant",
    .summary = "The assistant's tools with their JSON Schemas",
    .response = "ToolList",
    .success = 200,
    .errors = "401 403" };

static const struct route_doc tool_doc = { .id = "callTool",
    .tag = "assistant",
    .summary =
        "Call a tool with an object of arguments; GET /v1/tools has the schemas of both sides",
    .params = tool_params,
    .request = "ToolArguments",
    .response = "ToolResult",
    .success = 200,
    .errors = "400 401 403 404" };

const struct http_route ask_routes[] = {
    { HTTP_POST, "/v1/ask", ask_post, HTTP_LANE_LONG, HTTP_BODY_MEMORY, 1024 * 1024,
        .right = RIGHT_ASK, .doc = &ask_doc },
    { HTTP_GET, "/v1/runs/{id}", run_get, .right = RIGHT_ASK, .doc = &run_doc },
    { HTTP_GET, "/v1/conversations", conversations_get, .right = RIGHT_ASK, .doc = &list_doc },
    { HTTP_GET, "/v1/conversations/{id}", conversation_get, .right = RIGHT_ASK, .doc = &get_doc },
    { HTTP_DELETE, "/v1/conversations/{id}", conversation_delete, .right = RIGHT_ASK,
        .doc = &delete_doc },
    { HTTP_GET, "/v1/tools", tools_get, .right = RIGHT_ASK, .doc = &tools_doc },
    { HTTP_POST, "/v1/tools/{name}", tool_post, HTTP_LANE_QUICK, HTTP_BODY_MEMORY,
        TOOL_ARGUMENTS_MAX, .right = RIGHT_ASK, .doc = &tool_doc },
    { 0 },
};

const struct schema_doc ask_schemas[] = {
    { "Ask", "{\"type\":\"object\",\"required\":[\"question\"],\"properties\":{\"question\":{"
             "\"type\":\"string\",\"maxLength\":4000},\"stream\":{\"type\":\"boolean\"},"
             "\"partition\":{\"type\":\"string\"},\"conversation_id\":{\"type\":\"string\"},"
             "\"history\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":["
             "\"role\",\"content\"],\"properties\":{\"role\":{\"enum\":[\"user\",\"assistant\"]},"
             "\"content\":{\"type\":\"string\"}}}},\"extractive\":{\"type\":\"boolean\"}},"
             "\"additionalProperties\":false}" },
    { "Citation",
        "{\"type\":\"object\",\"required\":[\"number\",\"document_id\","
        "\"document_name\",\"place\",\"quote\",\"link\"],\"properties\":{\"number\":{"
        "\"type\":\"integer\"},\"document_id\":{\"type\":\"string\"},\"document_name\":{"
        "\"type\":\"string\"},\"place\":{\"type\":\"object\"},\"place_words\":{"
        "\"type\":\"string\"},\"quote\":{\"type\":\"string\"},\"link\":{\"type\":"
        "\"string\"},\"picture\":{\"type\":\"string\"},\"play\":{\"type\":\"string\"}}}" },
    { "Answer", "{\"type\":\"object\",\"required\":[\"answer\",\"refused\",\"citations\","
                "\"run_id\"],\"properties\":{\"answer\":{\"type\":\"string\"},\"refused\":{"
                "\"type\":\"boolean\"},\"citations\":{\"type\":\"array\",\"items\":{\"$ref\":"
                "\"#/components/schemas/Citation\"}},\"sentences\":{\"type\":\"array\",\"items\":{"
                "\"type\":\"object\"}},\"steps\":{\"type\":\"array\",\"items\":{\"type\":"
                "\"object\"}},\"run_id\":{\"type\":\"string\"},\"conversation_id\":{\"type\":"
                "\"string\"},\"mode\":{\"enum\":[\"extractive\",\"model\"]},\"notice\":{"
                "\"type\":\"string\"}}}" },
    { "Run", "{\"type\":\"object\",\"required\":[\"run_id\",\"question\",\"status\",\"steps\"],"
             "\"properties\":{\"run_id\":{\"type\":\"string\"},\"question\":{\"type\":\"string\"},"
             "\"status\":{\"enum\":[\"completed\",\"failed\",\"cancelled\"]},\"answer\":{"
             "\"type\":\"object\"},\"summary\":{\"type\":\"object\"},\"steps\":{\"type\":"
             "\"array\",\"items\":{\"type\":\"object\"}}}}" },
    { "ConversationList",
        "{\"type\":\"object\",\"required\":[\"conversations\"],\"properties\":{"
        "\"conversations\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}" },
    { "Conversation", "{\"type\":\"object\",\"required\":[\"id\",\"messages\"]}" },
    { "ToolArguments", "{\"type\":\"object\"}" },
    { "ToolResult", "{\"type\":\"object\"}" },
    { "ToolList", "{\"type\":\"object\",\"required\":[\"tools\"]}" },
    { NULL, NULL },
};
