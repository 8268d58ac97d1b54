// SPDX-License-Identifier: AGPL-3.0-or-later
// POST /v1/chat/completions and GET /v1/models, as OpenAI's clients call them.
//
// The last message of the user is the question, those before it are the conversation. System messages are not followed: what
// this model may say is decided by the documents and its own rules. Sampling parameters have no effect. What would change the
// answer's shape and is not kept here (several choices, tools that must be called, JSON as output) is refused, not ignored.
// A streamed answer is sent sentence by sentence once its citations are checked, because what was sent can't be taken back.
// {"partition": NAME} in the body names the documents' partition.
#include "api/openai.h"
#include "base/clock.h"
#include "os/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RUN_ARENA = 64 << 20, SEND_SECONDS = 30 };

// ---- the request

// A content is a text, or a list of parts that are texts.
static int read_content(
    const json_t *message, struct arena *a, struct slice *ret, struct error *err)
{
    const json_t *content = json_object_get(message, "content"), *part;
    AUTO_BUF text = BUF_INIT(OPENAI_BODY_MAX);
    size_t i;

    if (!content || json_is_null(content)) {
        return 0;
    }
    if (json_is_string(content)) {
        *ret = slice_make(json_string_value(content), json_string_length(content));
        return 0;
    }
    if (!json_is_array(content) || json_array_size(content) > OPENAI_PARTS_MAX) {
        return error_set(err, ERR_INVALID, "content must be a text or a list of at most %d parts.",
            OPENAI_PARTS_MAX);
    }
    json_array_foreach(content, i, part)
    {
        struct slice type = { 0 }, piece = { 0 };
        int rc = json_in_string(part, "type", JSON_REQUIRED, 64, &type, err);
        if (rc == 0 && !slice_is(type, "text")) {
            rc = error_set(err, ERR_INVALID, "Only parts of type text are read here.");
        }
        rc =
            rc < 0 ? rc : json_in_string(part, "text", JSON_REQUIRED, OPENAI_BODY_MAX, &piece, err);
        if (rc < 0) {
            return rc;
        }
        buf_add_str(&text, text.len ? "\n" : "");
        buf_add_slice(&text, piece);
    }
    *ret = arena_slice(a, buf_slice(&text));
    return 0;
}

static struct slice cut(struct slice text, size_t most)
{
    if (text.len > most) {
        text.len = most;
        while (
            text.len && ((unsigned char)text.data[text.len] & 0xC0) == 0x80) { // not in a character
            text.len--;
        }
    }
    return text;
}

static int read_messages(
    const json_t *messages, struct arena *a, struct ask *ret, struct error *err)
{
    size_t count = json_array_size(messages), n = 0;
    struct turn *turns = arena_array(a, count + 1, sizeof(*turns));

    if (!turns) {
        return error_set(err, ERR_MEMORY, "There is no memory for this question.");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(messages, i);
        struct slice role = { 0 }, text = { 0 };
        int rc = json_is_object(one) ? json_in_string(one, "role", JSON_REQUIRED, 32, &role, err)
                                     : error_set(err, ERR_INVALID, "A message must be an object.");
        rc = rc < 0 ? rc : read_content(one, a, &text, err);
        if (rc < 0) {
            return error_prefix(err, rc, "messages[%zu]", i);
        }
        bool user = slice_is(role, "user");
        if ((user || slice_is(role, "assistant")) && slice_trim(text).len) {
            turns[n++] = (struct turn){ user, text };
        } else if (!user && !slice_is(role, "assistant") && !slice_is(role, "system") &&
                   !slice_is(role, "developer") && !slice_is(role, "tool")) {
            return error_set(err, ERR_INVALID,
                "messages[%zu]: role can be system, developer, user, assistant or tool.", i);
        }
    }
    while (n > 0 && !turns[n - 1].user) {
        n--;
    }
    if (n == 0) {
        return error_set(err, ERR_INVALID, "messages has no text of a user; ask something.");
    }
    ret->question = slice_trim(turns[n - 1].text);
    size_t first = n - 1 > HISTORY_MAX ? n - 1 - HISTORY_MAX : 0;
    for (size_t i = first; i < n - 1; i++) {
        turns[i].text = cut(turns[i].text, OPENAI_TURN_MAX);
    }
    ret->turn_count = n - 1 - first;
    ret->turns = ret->turn_count ? turns + first : NULL;
    return 0;
}

static int refuse_shapes(const json_t *body, struct error *err)
{
    const json_t *format = json_object_get(body, "response_format");
    const char *type = json_string_value(json_object_get(format, "type"));
    const json_t *choice = json_object_get(body, "tool_choice");
    const char *word = json_string_value(choice);
    int64_t n = 1;
    int rc = json_in_int(body, "n", JSON_OPTIONAL, 1, 1, &n, err);

    if (rc == 0 && type && strcmp(type, "text") != 0) {
        rc = error_set(err, ERR_INVALID, "response_format can be text only.");
    }
    if (rc == 0 && (json_is_object(choice) || (word && strcmp(word, "required") == 0))) {
        rc = error_set(err, ERR_INVALID,
            "This model calls no tools of yours; it answers from the documents. Leave tool_choice "
            "out.");
    }
    return rc;
}

struct wanted {
    struct ask ask;
    bool stream, include_usage;
};

static int read_request(const json_t *body, struct arena *a, struct wanted *ret, struct error *err)
{
    const json_t *messages = NULL, *options = NULL;
    struct slice model = { 0 };
    int rc = json_in_string(body, "model", JSON_REQUIRED, 256, &model, err);

    if (rc == 0 && !slice_is(model, OPENAI_MODEL)) {
        return error_set(err, ERR_NOT_FOUND, "There is one model here: " OPENAI_MODEL ".");
    }
    rc = rc < 0
             ? rc
             : json_in_array(body, "messages", JSON_REQUIRED, OPENAI_MESSAGES_MAX, &messages, err);
    rc = rc < 0 ? rc : json_in_bool(body, "stream", JSON_OPTIONAL, &ret->stream, err);
    rc = rc < 0 ? rc : json_in_object(body, "stream_options", JSON_OPTIONAL, &options, err);
    rc = rc < 0 || !options
             ? rc
             : json_in_bool(options, "include_usage", JSON_OPTIONAL, &ret->include_usage, err);
    rc = rc < 0 ? rc
                : json_in_string(
                      body, "partition", JSON_OPTIONAL, PARTITION_MAX, &ret->ask.partition, err);
    rc = rc < 0 ? rc : refuse_shapes(body, err);
    rc = rc < 0 ? rc : read_messages(messages, a, &ret->ask, err);
    return rc;
}

static void name_completion(struct completion *c)
{
    char id[ID_SIZE];

    id_new(id);
    snprintf(c->id, sizeof(c->id), "chatcmpl-%s", id);
    c->created_s = clock_wall_ms() / 1000;
}

// ---- streamed

struct chat { // the asking thread and the answer's pipe hold one reference each
    struct api *api;
    struct arena arena;
    json_t *body; // what ask lends from
    struct wanted wanted;
    struct completion completion;
    int fd; // writing end
    atomic_bool cancelled;
    atomic_int refs;
};

static void chat_unref(struct chat *c)
{
    if (atomic_fetch_sub(&c->refs, 1) == 1) {
        arena_done(&c->arena);
        json_decref(c->body);
        free(c);
    }
}

static void pipe_closed(void *ctx)
{
    struct chat *c = ctx;

    atomic_store(&c->cancelled, true);
    chat_unref(c);
}

static void send_all(struct chat *c, struct slice text)
{
    while (text.len > 0 && !atomic_load(&c->cancelled)) {
        ssize_t n = send(c->fd, text.data, text.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            atomic_store(&c->cancelled, true);
            return;
        }
        text = slice_from(text, (size_t)n);
    }
}

static void chat_run(void *ctx)
{
    struct chat *c = ctx;
    AUTO_BUF out = BUF_INIT(OPENAI_OUT_MAX);
    struct ask_result result;
    struct error err = { 0 };

    openai_put_start(&c->completion, &out);
    send_all(c, buf_slice(&out));
    buf_reset(&out);
    int rc = assist_ask(c->api->assist, &c->wanted.ask, &c->arena, &result, &err);
    if (rc < 0) {
        buf_add_str(&out, "data: ");
        openai_put_error(rc, err.text, &out);
        buf_add_str(&out, "\n\n");
    } else {
        openai_put_answer(&c->completion, &result, &out);
    }
    send_all(c, buf_slice(&out));
    close(c->fd);
    chat_unref(c);
}

static int start_stream(struct chat *c, struct http_response *resp, struct error *err)
{
    struct timeval patience = { .tv_sec = SEND_SECONDS };
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return error_set(err, ERR_BUSY, "Too many files are open; try again.");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    c->fd = ends[1];
    c->wanted.ask.cancelled = &c->cancelled;
    c->completion.include_usage = c->wanted.include_usage;
    atomic_store(&c->refs, 2);
    if (pool_submit(c->api->asks, chat_run, c) != 0) {
        close(ends[0]);
        close(ends[1]);
        atomic_store(&c->refs, 1);
        return error_set(err, ERR_BUSY, "Too many questions are being answered; try again.");
    }
    resp->content_type = "text/event-stream";
    resp->pipe_fd = ends[0];
    resp->pipe_closed = pipe_closed;
    resp->pipe_ctx = c;
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    http_header_add(resp, "X-Accel-Buffering", SLICE_LIT("no"));
    return 0;
}

// ---- the routes

static int fail(struct http_response *resp, int code, const struct error *err)
{
    resp->status = error_kind(code)->http_status;
    openai_put_error(code, err->text, &resp->body);
    return 0;
}

static int answer_whole(struct chat *c, struct http_response *resp, struct error *err)
{
    struct ask_result result;

    int rc = assist_ask(c->api->assist, &c->wanted.ask, &c->arena, &result, err);
    if (rc == 0) {
        openai_put_completion(&c->completion, &result, &resp->body);
    }
    return rc;
}

static int completions_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct chat *c = xalloc(sizeof(*c));
    struct error why = { 0 };

    (void)err;
    c->api = api_of(req);
    atomic_store(&c->refs, 1);
    arena_init(&c->arena, RUN_ARENA);
    name_completion(&c->completion);
    c->body = json_in_parse_object(req->body, &why);
    int rc = c->body ? read_request(c->body, &c->arena, &c->wanted, &why) : ERR_INVALID;
    rc = rc < 0 ? rc : principal_partition(principal_of(req), &c->wanted.ask.partition, &why);
    c->wanted.ask.partition = arena_slice(&c->arena, c->wanted.ask.partition);
    c->wanted.ask.status_allowed = principal_may(principal_of(req), RIGHT_MONITOR);
    bool stream = rc == 0 && c->wanted.stream;
    if (stream) {
        rc = start_stream(c, resp, &why);
    } else if (rc == 0) {
        rc = answer_whole(c, resp, &why);
    }
    if (!stream || rc < 0) {
        chat_unref(c);
    }
    return rc < 0 ? fail(resp, rc, &why) : 0;
}

static void put_model(const struct api *api, struct json_out *j)
{
    json_begin_object(j);
    json_key_text(j, "id", OPENAI_MODEL);
    json_key_text(j, "object", "model");
    json_key_int(j, "created", api->started_ms / 1000);
    json_key_text(j, "owned_by", "larder");
    json_end(j);
}

static int models_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_text(&j, "object", "list");
    json_key_array(&j, "data");
    put_model(api_of(req), &j);
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static int model_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct error why = { 0 };
    struct json_out j;

    if (!slice_is(http_param(req, "id"), OPENAI_MODEL)) {
        error_set(&why, ERR_NOT_FOUND, "There is one model here: " OPENAI_MODEL ".");
        return fail(resp, ERR_NOT_FOUND, &why);
    }
    json_begin(&j, &resp->body);
    put_model(api_of(req), &j);
    return json_finish(&j, err);
}

static const struct param_doc model_params[] = { { "id", "path", "string", "larder" }, { NULL } };
static const struct route_doc completions_doc = { .id = "createChatCompletion",
    .tag = "openai",
    .summary = "An answer from the documents, as OpenAI's clients ask for it",
    .request = "ChatCompletionRequest",
    .response = "ChatCompletion",
    .success = 200,
    .error = "OpenAIError",
    .errors = "400 401 403 404 503" };
static const struct route_doc models_doc = { .id = "listModels",
    .tag = "openai",
    .summary = "The one model",
    .response = "ModelList",
    .success = 200,
    .error = "OpenAIError",
    .errors = "401 403" };
static const struct route_doc model_doc = { .id = "getModel",
    .tag = "openai",
    .summary = "The model by its name",
    .params = model_params,
    .response = "Model",
    .success = 200,
    .error = "OpenAIError",
    .errors = "401 403 404" };

const struct http_route openai_routes[] = {
    { HTTP_POST, "/v1/chat/completions", completions_post, HTTP_LANE_LONG, HTTP_BODY_MEMORY,
        OPENAI_BODY_MAX, .right = RIGHT_ASK, .doc = &completions_doc },
    { HTTP_GET, "/v1/models", models_get, .right = RIGHT_ASK, .doc = &models_doc },
    { HTTP_GET, "/v1/models/{id}", model_get, .right = RIGHT_ASK, .doc = &model_doc },
    { 0 },
};

const struct schema_doc openai_schemas[] = {
    { "OpenAIError",
        "{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":"
        "\"object\","
        "\"required\":[\"message\",\"type\"],\"properties\":{\"message\":{\"type\":\"string\"},"
        "\"type\":{\"type\":\"string\"}}}}}" },
    { "ChatCompletionRequest",
        "{\"type\":\"object\",\"required\":[\"model\",\"messages\"],\"properties\":{\"model\":{"
        "\"const\":\"larder\"},\"messages\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":400,"
        "\"items\":{\"type\":\"object\",\"required\":[\"role\"]}},\"stream\":{\"type\":\"boolean\"}"
        ",\"stream_options\":{\"type\":\"object\",\"properties\":{\"include_usage\":{\"type\":"
        "\"boolean\"}}},\"partition\":{\"type\":\"string\"}}}" },
    { "ChatCompletion",
        "{\"type\":\"object\",\"required\":[\"id\",\"object\",\"created\",\"model\",\"choices\","
        "\"usage\"],\"properties\":{\"choices\":{\"type\":\"array\"},\"usage\":{\"type\":"
        "\"object\"},\"larder\":{\"type\":\"object\",\"properties\":{\"run_id\":{\"type\":"
        "\"string\"},\"conversation_id\":{\"type\":\"string\"},\"refused\":{\"type\":\"boolean\"}}"
        "}}}" },
    { "Model", "{\"type\":\"object\",\"required\":[\"id\",\"object\",\"created\",\"owned_by\"]}" },
    { "ModelList", "{\"type\":\"object\",\"required\":[\"object\",\"data\"]}" },
    { NULL, NULL },
};
