// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements model.h.
#include "assist/model.h"
#include "net/call.h"

#include <stdlib.h>

struct building { // a tool call whose pieces come one by one
    char *id, *name;
    struct buf arguments;
};
struct stream {
    const struct model_request *q;
    struct arena *arena;
    struct model_reply *reply;
    struct buf line; // an event that is not complete yet, or a whole answer that is no stream
    struct buf text;
    struct building calls[MODEL_CALLS_MAX];
    bool whole; // the answer is one JSON object
    bool begun, done, any;
    struct error *err;
};

bool model_error_passes(int code)
{
    return code == ERR_IO || code == ERR_BUSY || code == ERR_CORRUPT;
}

static int not_understood(struct error *err)
{
    return error_set(
        err, ERR_CORRUPT, "The language model's server answered something that can't be read.");
}

static void set_once(char **to, const json_t *value)
{
    if (!*to && json_is_string(value) && json_string_length(value) <= 200) {
        *to = xstrdup(json_string_value(value));
    }
}

static void take_call(struct stream *s, const json_t *call, size_t position)
{
    const json_t *index = json_object_get(call, "index");
    const json_t *function = json_object_get(call, "function");
    const json_t *arguments = json_object_get(function, "arguments");
    size_t at = json_is_integer(index) && json_integer_value(index) >= 0
                    ? (size_t)json_integer_value(index)
                    : position;

    if (at >= MODEL_CALLS_MAX) {
        s->reply->calls_dropped += json_is_string(json_object_get(function, "name"));
        return;
    }
    struct building *b = &s->calls[at];
    set_once(&b->id, json_object_get(call, "id"));
    set_once(&b->name, json_object_get(function, "name"));
    if (json_is_string(arguments)) {
        buf_add(&b->arguments, json_string_value(arguments), json_string_length(arguments));
    } else if (json_is_object(arguments)) { // some servers send an object
        AUTO_FREE char *text = json_dumps(arguments, JSON_COMPACT);
        buf_add_str(&b->arguments, text ? text : "");
    }
    s->any = true;
}

static void take_text(struct stream *s, const json_t *content)
{
    struct slice text = slice_make(json_string_value(content), json_string_length(content));

    if (!json_is_string(content) || text.len == 0) {
        return;
    }
    s->any = true;
    buf_add_slice(&s->text, text);
    if (s->q->on_text) {
        s->q->on_text(s->q->ctx, text);
    }
}

static const char *keep(struct stream *s, const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= 200
               ? arena_strdup(s->arena, json_string_value(value))
               : NULL;
}

// One chunk of a stream, or a whole answer: the pieces stand in "delta" or in "message".
static int take_object(struct stream *s, struct slice text)
{
    AUTO_JSON *root = json_in_parse(text, JSON_IN_DEPTH, NULL);
    const json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    const json_t *delta = json_object_get(choice, s->whole ? "message" : "delta");
    const json_t *usage = json_object_get(root, "usage"), *calls, *call;
    size_t i;

    if (!json_is_object(root)) {
        return not_understood(s->err);
    }
    if (json_object_get(root, "error")) {
        return error_set(s->err, ERR_BUSY, "The language model's server reported an error.");
    }
    take_text(s, json_object_get(delta, "content"));
    calls = json_object_get(delta, "tool_calls");
    json_array_foreach(calls, i, call)
    {
        take_call(s, call, i);
    }
    const char *finish = keep(s, json_object_get(choice, "finish_reason"));
    const char *model = keep(s, json_object_get(root, "model"));
    s->reply->finish_reason = finish ? finish : s->reply->finish_reason;
    s->reply->model = model ? model : s->reply->model;
    s->done |= finish != NULL;
    if (json_is_object(usage)) {
        s->reply->input_tokens = json_integer_value(json_object_get(usage, "prompt_tokens"));
        s->reply->output_tokens = json_integer_value(json_object_get(usage, "completion_tokens"));
    }
    return buf_ok(&s->text)
               ? 0
               : error_set(s->err, ERR_TOO_LARGE, "The language model's text is too long.");
}

static int take_line(struct stream *s, struct slice line)
{
    line = slice_trim(line);
    if (!slice_starts(line, "data:")) {
        return 0; // event names, comments, empty lines
    }
    line = slice_trim(slice_from(line, 5));
    if (slice_is(line, "[DONE]")) {
        s->done = true;
        return 0;
    }
    return line.len ? take_object(s, line) : 0;
}

static int on_data(void *ctx, struct slice bytes, struct error *err)
{
    struct stream *s = ctx;

    s->err = err;
    if (!s->begun && slice_trim(bytes).len) {
        s->begun = true;
        s->whole = slice_trim(bytes).data[0] == '{';
    }
    buf_add_slice(&s->line, bytes);
    if (!buf_ok(&s->line)) {
        return error_set(err, ERR_TOO_LARGE, "The language model's server sent too much at once.");
    }
    const char *end;
    while (!s->whole && s->line.len && (end = memchr(s->line.data, '\n', s->line.len)) != NULL) {
        size_t len = (size_t)(end - s->line.data);
        int rc = take_line(s, slice_make(s->line.data, len));
        buf_consume(&s->line, len + 1);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

// ---- the request

static void make_body(
    const struct model *m, const struct model_request *q, bool with_options, struct buf *b)
{
    struct json_out j;

    json_begin(&j, b);
    json_begin_object(&j);
    json_key_text(&j, "model", m->name);
    json_key_raw(&j, "messages", q->messages);
    if (q->tools.len) {
        json_key_raw(&j, "tools", q->tools);
    }
    json_key_int(&j, "temperature", 0);
    json_key_bool(&j, "stream", true);
    if (with_options) { // the tokens at the end of a stream; not every server knows it
        json_key_raw(&j, "stream_options", SLICE_LIT("{\"include_usage\":true}"));
    }
    json_end(&j);
}

static int refusal(const struct net_answer *answer, struct error *err)
{
    long status = answer->status;

    if (status == 429 || status >= 500) {
        return error_set(
            err, ERR_BUSY, "The language model's server is busy or broken (%ld).", status);
    }
    if (status == 401 || status == 403) {
        return error_set(
            err, ERR_REFUSED, "The language model's server does not accept the key (%ld).", status);
    }
    if (status == 404) {
        return error_set(
            err, ERR_REFUSED, "The language model's server knows no such address or model (404).");
    }
    return error_set(
        err, ERR_REFUSED, "The language model's server refused the request (%ld).", status);
}

static int finish(struct stream *s, struct model_reply *ret, struct error *err)
{
    if (s->whole || s->line.len) {
        int rc = s->whole ? take_object(s, buf_slice(&s->line)) : take_line(s, buf_slice(&s->line));
        if (rc < 0) {
            return rc;
        }
    }
    if (!s->any || (!s->whole && !s->done)) {
        return s->any ? error_set(err, ERR_IO, "The language model's answer broke off.")
                      : not_understood(err);
    }
    ret->text = arena_slice(s->arena, buf_slice(&s->text));
    for (size_t i = 0; i < MODEL_CALLS_MAX; i++) {
        struct building *b = &s->calls[i];
        if (b->name || b->arguments.len) {
            struct model_call *c = &ret->calls[ret->call_count];
            c->id = b->id ? arena_strdup(s->arena, b->id)
                          : arena_printf(s->arena, "call_%zu", ret->call_count);
            c->name = arena_strdup(s->arena, b->name ? b->name : "");
            c->arguments = arena_slice(s->arena, buf_slice(&b->arguments));
            ret->call_count += c->id && c->name;
        }
    }
    if (ret->output_tokens == 0) {
        ret->output_tokens = (int64_t)(ret->text.len / 4) + 1;
    }
    if (ret->input_tokens == 0) {
        ret->input_tokens = (int64_t)(s->q->messages.len / 4);
    }
    return 0;
}

static void stream_init(struct stream *s)
{
    *s->reply = (struct model_reply){ .finish_reason = "", .model = "" };
    buf_init(&s->line, MODEL_ANSWER_MAX);
    buf_init(&s->text, MODEL_TEXT_MAX);
    for (size_t i = 0; i < MODEL_CALLS_MAX; i++) {
        buf_init(&s->calls[i].arguments, TOOL_ARGUMENTS_MAX);
    }
}

static void stream_done(struct stream *s)
{
    for (size_t i = 0; i < MODEL_CALLS_MAX; i++) {
        free(s->calls[i].id);
        free(s->calls[i].name);
        buf_done(&s->calls[i].arguments);
    }
    buf_done(&s->line);
    buf_done(&s->text);
}

int model_read(
    struct slice bytes, size_t piece, struct arena *a, struct model_reply *ret, struct error *err)
{
    static const struct model_request none = { 0 };
    struct stream s = { .q = &none, .arena = a, .reply = ret, .err = err };
    int rc = 0;

    stream_init(&s);
    while (rc == 0 && bytes.len > 0) {
        size_t n = bytes.len < piece ? bytes.len : piece;
        rc = on_data(&s, slice_make(bytes.data, n), err);
        bytes = slice_from(bytes, n);
    }
    rc = rc < 0 ? rc : finish(&s, ret, err);
    stream_done(&s);
    return rc;
}

static int try_once(const struct model *m, const struct model_request *q, bool with_options,
    struct arena *a, struct model_reply *ret, long *ret_status, struct error *err)
{
    struct stream s = { .q = q, .arena = a, .reply = ret, .err = err };
    AUTO_BUF body = BUF_INIT(q->messages.len + q->tools.len + 64 * 1024);
    AUTO_NET_ANSWER answer = { 0 };

    stream_init(&s);
    make_body(m, q, with_options, &body);
    struct net_call call = { .url = m->url,
        .body = buf_slice(&body),
        .bearer = m->key,
        .accept = "text/event-stream, application/json",
        .idle_ms = MODEL_IDLE_MS,
        .deadline_ms = q->deadline_ms,
        .answer_max = MODEL_ANSWER_MAX,
        .cancelled = q->cancelled,
        .stopping = q->stopping,
        .on_data = on_data,
        .ctx = &s };
    int rc = buf_ok(&body) ? net_call_run(&call, &answer, err)
                           : error_set(err, ERR_TOO_LARGE, "The conversation is too long.");
    *ret_status = answer.status;
    s.err = err;
    if (rc == 0 && (answer.status < 200 || answer.status > 299)) {
        rc = refusal(&answer, err);
    }
    rc = rc < 0 ? rc : finish(&s, ret, err);
    stream_done(&s);
    return rc;
}

int model_chat(const struct model *m, const struct model_request *q, struct arena *a,
    struct model_reply *ret, struct error *err)
{
    long status = 0;
    int rc = try_once(m, q, true, a, ret, &status, err);

    if (rc == ERR_REFUSED && (status == 400 || status == 422)) {
        rc = try_once(m, q, false, a, ret, &status, err);
    }
    return rc;
}
