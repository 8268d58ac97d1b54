// SPDX-License-Identifier: AGPL-3.0-or-later
// Completions as OpenAI's clients read them. What is ours stands beside: "citations" in the message, "larder" in the whole.
#include "api/openai.h"
#include "wire/json.h"

static void put_head(const struct completion *c, const char *object, struct json_out *j)
{
    json_key_text(j, "id", c->id);
    json_key_text(j, "object", object);
    json_key_int(j, "created", c->created_s);
    json_key_text(j, "model", OPENAI_MODEL);
}

static void put_usage(const struct ask_result *r, struct json_out *j)
{
    json_key_object(j, "usage");
    json_key_int(j, "prompt_tokens", r->usage.input_tokens);
    json_key_int(j, "completion_tokens", r->usage.output_tokens);
    json_key_int(j, "total_tokens", r->usage.input_tokens + r->usage.output_tokens);
    json_end(j);
}

static bool cited(const struct answer *a, int number)
{
    for (size_t i = 0; i < a->sentence_count; i++) {
        for (size_t n = 0; n < a->sentences[i].citation_count; n++) {
            if (a->sentences[i].citations[n] == number) {
                return true;
            }
        }
    }
    return false;
}

static void put_citations(const struct ask_result *r, struct json_out *j)
{
    json_key_array(j, "citations");
    for (size_t i = 0; i < r->evidence->count; i++) {
        if (cited(r->answer, r->evidence->items[i]->number)) {
            passage_put_citation(j, r->evidence->items[i]);
        }
    }
    json_end(j);
}

static void put_own(const struct ask_result *r, struct json_out *j)
{
    json_key_object(j, "larder");
    json_key_text(j, "run_id", r->run_id);
    json_key_text(j, "conversation_id", r->conversation_id);
    json_key_bool(j, "refused", r->answer->refused);
    json_end(j);
}

// The sources as people read them, for clients that show text only.
static void add_sources(const struct ask_result *r, struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < r->evidence->count; i++) {
        const struct passage *p = r->evidence->items[i];
        if (cited(r->answer, p->number)) {
            buf_addf(out, "%s[%d] %s%s%s", first ? "\n\nSources:\n" : "\n", p->number,
                p->document_name, p->place_words[0] ? ", " : "", p->place_words);
            first = false;
        }
    }
}

// One sentence with its numbers, and the space before it.
static void add_sentence(const struct answer *a, size_t at, struct buf *out)
{
    const struct answer_sentence *s = &a->sentences[at];

    buf_add_str(out, at == 0 ? "" : s->breaks ? "\n" : " ");
    buf_add_slice(out, s->text);
    for (size_t n = 0; n < s->citation_count; n++) {
        buf_addf(out, " [%d]", s->citations[n]);
    }
    if (!s->supported && !a->refused && !a->from_tool) {
        buf_add_str(out, " (not supported by the documents)");
    }
}

void openai_put_completion(const struct completion *c, const struct ask_result *r, struct buf *out)
{
    AUTO_BUF text = BUF_INIT(OPENAI_OUT_MAX);
    struct json_out j;

    for (size_t i = 0; i < r->answer->sentence_count; i++) {
        add_sentence(r->answer, i, &text);
    }
    add_sources(r, &text);
    json_begin(&j, out);
    json_begin_object(&j);
    put_head(c, "chat.completion", &j);
    json_key_array(&j, "choices");
    json_begin_object(&j);
    json_key_int(&j, "index", 0);
    json_key_object(&j, "message");
    json_key_text(&j, "role", "assistant");
    json_key_string(&j, "content", buf_slice(&text));
    json_key_null(&j, "refusal");
    put_citations(r, &j);
    json_end(&j);
    json_key_null(&j, "logprobs");
    json_key_text(&j, "finish_reason", "stop");
    json_end(&j);
    json_end(&j);
    put_usage(r, &j);
    put_own(r, &j);
    json_end(&j);
}

// ---- streamed

// An event that is open up to its delta; chunk_end closes it.
static void chunk_begin(const struct completion *c, struct json_out *j, struct buf *out)
{
    buf_add_str(out, "data: ");
    json_begin(j, out);
    json_begin_object(j);
    put_head(c, "chat.completion.chunk", j);
    json_key_array(j, "choices");
    json_begin_object(j);
    json_key_int(j, "index", 0);
    json_key_object(j, "delta");
}

static void chunk_end(
    const struct completion *c, const char *finish, struct json_out *j, struct buf *out)
{
    json_end(j); // delta
    json_key_null(j, "logprobs");
    json_key_text(j, "finish_reason", finish);
    json_end(j);
    json_end(j);
    if (c->include_usage) {
        json_key_null(j, "usage");
    }
    json_end(j);
    buf_add_str(out, "\n\n");
}

static void put_delta(const struct completion *c, struct slice text, struct buf *out)
{
    struct json_out j;

    if (text.len) {
        chunk_begin(c, &j, out);
        json_key_string(&j, "content", text);
        chunk_end(c, NULL, &j, out);
    }
}

void openai_put_start(const struct completion *c, struct buf *out)
{
    struct json_out j;

    chunk_begin(c, &j, out);
    json_key_text(&j, "role", "assistant");
    json_key_text(&j, "content", "");
    json_key_null(&j, "refusal");
    chunk_end(c, NULL, &j, out);
}

void openai_put_answer(const struct completion *c, const struct ask_result *r, struct buf *out)
{
    AUTO_BUF text = BUF_INIT(OPENAI_OUT_MAX);
    struct json_out j;

    for (size_t i = 0; i < r->answer->sentence_count; i++) {
        buf_reset(&text);
        add_sentence(r->answer, i, &text);
        put_delta(c, buf_slice(&text), out);
    }
    buf_reset(&text);
    add_sources(r, &text);
    put_delta(c, buf_slice(&text), out);
    chunk_begin(c, &j, out);
    put_citations(r, &j);
    chunk_end(c, "stop", &j, out);
    if (c->include_usage) {
        buf_add_str(out, "data: ");
        json_begin(&j, out);
        json_begin_object(&j);
        put_head(c, "chat.completion.chunk", &j);
        json_key_array(&j, "choices");
        json_end(&j);
        put_usage(r, &j);
        put_own(r, &j);
        json_end(&j);
        buf_add_str(out, "\n\n");
    }
    buf_add_str(out, "data: [DONE]\n\n");
}

void openai_put_error(int code, const char *message, struct buf *out)
{
    const struct error_kind *kind = error_kind(code);
    struct json_out j;

    json_begin(&j, out);
    json_begin_object(&j);
    json_key_object(&j, "error");
    json_key_text(&j, "message", message);
    json_key_text(&j, "type", kind->http_status >= 500 ? "server_error" : "invalid_request_error");
    json_key_null(&j, "param");
    json_key_text(&j, "code", kind->word);
    json_end(&j);
    json_end(&j);
}
