// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements assist.h: the frame of a run. What answers stands in extract.c and loop.c.
#include "assist/assist.h"
#include "assist/extract.h"
#include "assist/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/web.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_FILE_MAX = 4096, STEP_EVENT_MAX = 64 * 1024 };

static int read_key(const char *path, char **ret, struct error *err)
{
    char text[KEY_FILE_MAX + 1];
    FILE *f = path[0] ? fopen(path, "re") : NULL;

    *ret = NULL;
    if (!path[0]) {
        return 0;
    }
    if (!f) {
        return error_set(err, ERR_INVALID, "The file that assist.key_file names can't be opened.");
    }
    size_t n = fread(text, 1, KEY_FILE_MAX, f);
    fclose(f);
    struct slice key = slice_trim(slice_make(text, n));
    *ret = xstrndup(key.data, key.len);
    explicit_bzero(text, sizeof(text));
    return 0;
}

int assist_new(const struct assist_options *o, struct assist **ret, struct error *err)
{
    struct assist *a = xalloc(sizeof(*a));
    const struct settings *s = o->settings;

    *a = (struct assist){
        .store = o->store, .settings = s, .host = o->host, .stopping = o->stopping
    };
    a->model = (struct model){ .url = s->assist_model_url, .name = s->assist_model };
    a->limits = (struct usage_limits){ .requests = s->assist_requests,
        .tool_calls = s->assist_tool_calls,
        .tokens = s->assist_tokens,
        .seconds = s->assist_seconds };
    int rc = 0;
    if (s->assist_model_url[0] && !web_url_valid(s->assist_model_url)) {
        rc = error_set(err, ERR_INVALID,
            "The setting assist.model_url must be http:// or https:// with a host, without a name "
            "and password.");
    }
    rc = rc < 0 ? rc : specialists_load(s->assist_specialists, &a->specialists, err);
    rc = rc < 0 ? rc : read_key(s->assist_key_file, &a->key, err);
    if (rc < 0) {
        assist_free(a);
        return rc;
    }
    a->model.key = a->key;
    a->host.model = assist_has_model(a) ? a->model.name : NULL;
    *ret = a;
    return 0;
}

void assist_free(struct assist *a)
{
    if (a) {
        specialists_free(a->specialists);
        if (a->key) {
            explicit_bzero(a->key, strlen(a->key));
        }
        free(a->key);
        free(a);
    }
}

bool assist_has_model(const struct assist *a)
{
    return a->model.url[0] != '\0';
}

const char *assist_model_name(const struct assist *a)
{
    return assist_has_model(a) ? a->model.name : "";
}

int assist_tool_context(struct assist *a, struct slice partition, bool status_allowed,
    struct arena *arena, struct tool_context *ret, struct error *err)
{
    struct evidence *e = arena_alloc(arena, sizeof(*e));

    if (!e) {
        return error_set(err, ERR_MEMORY, "There is no memory for this question.");
    }
    e->arena = arena;
    *ret = (struct tool_context){ .store = a->store,
        .arena = arena,
        .access = { .partition = partition, .status = status_allowed },
        .evidence = e,
        .deadline_ms = clock_mono_ms() + a->limits.seconds * 1000,
        .stopping = a->stopping,
        .host = &a->host };
    return 0;
}

void run_event(struct run *r, const char *kind, struct slice json)
{
    if (r->ask->on_event) {
        r->ask->on_event(r->ask->ctx, kind, json);
    }
}

void run_delta(struct run *r, struct slice text)
{
    AUTO_BUF b = BUF_INIT(ANSWER_TEXT_MAX * 2);
    struct json_out j;

    if (text.len && r->ask->on_event) {
        json_begin(&j, &b);
        json_begin_object(&j);
        json_key_string(&j, "text", text);
        json_end(&j);
        run_event(r, "delta", buf_slice(&b));
    }
}

static void on_step(void *ctx, struct slice json)
{
    if (json.len <= STEP_EVENT_MAX) {
        run_event(ctx, "step", json);
    }
}

// ---- the conversation so far

static int load_turns(struct run *r, struct error *err)
{
    const struct ask *ask = r->ask;
    struct message *messages = NULL;
    struct conversation c;
    size_t count = 0;

    r->turns = ask->turns;
    r->turn_count = ask->turn_count;
    if (!ask->conversation_id.len) {
        id_new(r->conversation_id);
        return 0;
    }
    if (!id_valid(ask->conversation_id)) {
        return error_set(err, ERR_NOT_FOUND, "There is no conversation with this id.");
    }
    memcpy(r->conversation_id, ask->conversation_id.data, ID_LEN);
    int rc = store_conversation_load(r->assist->store, ask->conversation_id, r->arena, &c, err);
    if (rc == 0 && !slice_is(context_partition(&r->context), c.partition)) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no conversation with this id.");
    }
    if (rc < 0 || ask->turns) {
        return rc;
    }
    rc = store_message_list(
        r->assist->store, ask->conversation_id, HISTORY_MAX, r->arena, &messages, &count, err);
    struct turn *turns = rc == 0 ? arena_array(r->arena, count + 1, sizeof(*turns)) : NULL;
    if (!turns) {
        return rc < 0 ? rc : error_set(err, ERR_MEMORY, "There is no memory for this question.");
    }
    for (size_t i = 0; i < count; i++) {
        turns[i] = (struct turn){ messages[i].user, slice_of(messages[i].text) };
    }
    r->turns = turns;
    r->turn_count = count;
    return 0;
}

// ---- without a model

static void trace_decision(struct run *r, const struct support *s)
{
    struct trace_step step;

    trace_step_start(&r->trace, &step, "decide");
    json_key_double(&step.json, "larder.support.confidence", s->confidence);
    json_key_double(&step.json, "larder.support.least", support_least);
    json_key_double(&step.json, "larder.support.passage", s->passage);
    json_key_double(&step.json, "larder.support.context", s->context);
    json_key_double(&step.json, "larder.support.match", s->match);
    json_key_double(&step.json, "larder.support.sentence", s->sentence);
    json_key_double(&step.json, "larder.support.near", s->near);
    json_key_double(&step.json, "larder.support.object", s->object);
    json_key_double(&step.json, "larder.support.phrase", s->phrase);
    json_key_bool(&step.json, "larder.support.unmet", s->unmet);
    json_key_double(&step.json, "larder.support.unknown", s->unknown);
    json_key_double(&step.json, "larder.support.spread", s->spread);
    trace_end(&step);
}

static int answer_from_passages(struct run *r, struct error *err)
{
    struct trace_step step;

    trace_step_start(&r->trace, &step, "retrieve");
    trace_text(&step, "larder.retrieval.query", slice_of(r->question.search));
    int rc = extract_answer(&r->context, &r->question, r->answer, err);
    json_key_int(&step.json, "larder.retrieval.passages", (int64_t)r->context.evidence->count);
    trace_end(&step);
    if (rc == 0) {
        trace_decision(r, &r->answer->support);
    }
    return rc;
}

static int answer_extractive(struct run *r, struct error *err)
{
    const char *tool = r->context.access.status ? status_tool_for(r->question.text) : NULL;

    r->mode = "extractive";
    int rc = tool ? status_answer(r, tool, err) : answer_from_passages(r, err);
    if (rc < 0) {
        return rc;
    }
    AUTO_BUF text = BUF_INIT(ANSWER_TEXT_MAX);
    answer_add_text(r->answer, &text);
    run_delta(r, buf_slice(&text));
    return 0;
}

// ---- the end of a run

static void put_usage(struct run *r, struct json_out *j)
{
    const struct usage *u = &r->usage;

    json_key_object(j, "usage");
    json_key_int(j, "requests", u->requests);
    json_key_int(j, "tool_calls", u->tool_calls);
    json_key_int(j, "input_tokens", u->input_tokens);
    json_key_int(j, "output_tokens", u->output_tokens);
    json_end(j);
}

static int make_json(struct run *r, struct slice *ret, struct error *err)
{
    AUTO_BUF b = BUF_INIT(8 << 20);
    struct json_out j;

    json_begin(&j, &b);
    json_begin_object(&j);
    answer_put(r->answer, r->context.evidence, &j);
    json_key_text(&j, "run_id", r->run_id);
    json_key_text(&j, "conversation_id", r->conversation_id);
    json_key_text(&j, "mode", r->mode);
    json_key_text(&j, "specialist", r->specialist ? r->specialist->name : "general");
    if (r->answer->from_tool) {
        json_key_text(&j, "tool", r->answer->from_tool);
    } else if (strcmp(r->mode, "extractive") == 0) {
        json_key_double(&j, "confidence", r->answer->support.confidence);
    }
    if (r->notice) {
        json_key_text(&j, "notice", r->notice);
    }
    put_usage(r, &j);
    json_key_int(&j, "took_ms", clock_wall_ms() - r->created_ms);
    json_end(&j);
    int rc = json_finish(&j, err);
    if (rc == 0) {
        *ret = arena_slice(r->arena, buf_slice(&b));
        rc = ret->data ? 0 : error_set(err, ERR_MEMORY, "The answer did not fit into memory.");
    }
    return rc;
}

static const char *make_summary(struct run *r)
{
    AUTO_BUF b = BUF_INIT(64 * 1024);
    struct json_out j;

    json_begin(&j, &b);
    json_begin_object(&j);
    json_key_text(&j, "mode", r->mode);
    json_key_text(&j, "gen_ai.operation.name", "invoke_agent");
    json_key_text(&j, "gen_ai.agent.name", r->specialist ? r->specialist->name : "general");
    json_key_text(&j, "gen_ai.conversation.id", r->conversation_id);
    if (strcmp(r->mode, "model") == 0) {
        json_key_text(&j, "gen_ai.request.model", r->assist->model.name);
    }
    json_key_int(&j, "gen_ai.usage.input_tokens", r->usage.input_tokens);
    json_key_int(&j, "gen_ai.usage.output_tokens", r->usage.output_tokens);
    if (r->notice) {
        json_key_text(&j, "notice", r->notice);
    }
    put_usage(r, &j);
    json_end(&j);
    return buf_ok(&b) ? arena_strndup(r->arena, b.data, b.len) : NULL;
}

// Keeps the run whatever its end; a run that can't be kept is logged, the answer goes out all the same.
static void keep(struct run *r, int rc, struct slice json, const struct error *why)
{
    AUTO_BUF text = BUF_INIT(ANSWER_TEXT_MAX);
    struct error err = { 0 };
    struct run_record record = { .status = rc == 0               ? "completed"
                                           : rc == ERR_CANCELLED ? "cancelled"
                                                                 : "failed",
        .error = rc < 0 ? (why ? why->text : "") : NULL,
        .answer = rc == 0 ? json.data : "{}",
        .summary = make_summary(r),
        .steps = r->trace.steps,
        .step_count = r->trace.count,
        .created_ms = r->created_ms,
        .took_ms = clock_wall_ms() - r->created_ms };

    answer_add_text(r->answer, &text);
    record.question = arena_strndup(r->arena, r->question.text.data, r->question.text.len);
    record.answer_text = rc == 0 && text.data ? text.data : record.error;
    memcpy(record.id, r->run_id, ID_SIZE);
    memcpy(record.conversation_id, r->conversation_id, ID_SIZE);
    if (!record.question || !record.summary ||
        store_run_add(r->assist->store, context_partition(&r->context), &record, &err) < 0) {
        log_error("run.kept", LS("run", r->run_id), LS("what", err.text));
    }
}

static void tell_start(struct run *r)
{
    AUTO_BUF b = BUF_INIT(1024);

    buf_addf(&b, "{\"run_id\":\"%s\",\"conversation_id\":\"%s\"}", r->run_id, r->conversation_id);
    run_event(r, "run", buf_slice(&b));
}

static int answer(struct run *r, struct error *err)
{
    struct error why = { 0 };

    if (assist_has_model(r->assist) && !r->ask->extractive) {
        int rc = loop_answer(r, &why);
        if (rc == 0 || rc == ERR_CANCELLED) {
            if (err && rc < 0) {
                *err = why;
            }
            return rc;
        }
        log_warn("assist.model", LS("run", r->run_id), LS("what", why.text));
        r->notice = arena_printf(r->arena,
            "The language model did not answer, so this was put together from the passages "
            "themselves. (%s)",
            why.text);
        *r->answer = (struct answer){ 0 };
        r->context.deadline_ms = clock_mono_ms() + EXTRACT_SECONDS * 1000;
        r->context.usage = NULL;
    }
    return answer_extractive(r, err);
}

static int start(struct run *r, struct error *err)
{
    struct slice text = slice_trim(r->ask->question);

    if (text.len == 0) {
        return error_set(err, ERR_INVALID, "question is empty; say what you want to know.");
    }
    if (text.len > QUESTION_MAX) {
        return error_set(
            err, ERR_TOO_LARGE, "The question may take at most %d bytes.", QUESTION_MAX);
    }
    int rc = assist_tool_context(
        r->assist, r->ask->partition, r->ask->status_allowed, r->arena, &r->context, err);
    if (rc < 0) {
        return rc;
    }
    r->context.cancelled = r->ask->cancelled;
    r->context.usage = &r->usage;
    r->usage.limits = r->assist->limits;
    rc = load_turns(r, err);
    rc = rc < 0 ? rc : question_make(&r->context, text, r->turns, r->turn_count, &r->question, err);
    r->answer = arena_alloc(r->arena, sizeof(*r->answer));
    return rc < 0 || r->answer
               ? rc
               : error_set(err, ERR_MEMORY, "There is no memory for this question.");
}

int assist_ask(struct assist *a, const struct ask *ask, struct arena *arena, struct ask_result *ret,
    struct error *err)
{
    struct run *r = arena_alloc(arena, sizeof(*r));
    struct slice json = { 0 };

    if (!r) {
        return error_set(err, ERR_MEMORY, "There is no memory for this question.");
    }
    *r = (struct run){ .assist = a, .ask = ask, .arena = arena, .created_ms = clock_wall_ms() };
    r->mode = "extractive";
    id_new(r->run_id);
    trace_begin(&r->trace, arena);
    int rc = start(r, err);
    if (rc < 0) {
        return rc;
    }
    r->trace.on_step = ask->on_event ? on_step : NULL;
    r->trace.ctx = r;
    r->specialist = specialist_choose(a->specialists, &r->question);
    tell_start(r);
    rc = answer(r, err);
    rc = rc < 0 ? rc : make_json(r, &json, err);
    keep(r, rc, json, err);
    if (rc < 0) {
        return rc;
    }
    run_event(r, "answer", json);
    *ret = (struct ask_result){
        .answer = r->answer, .evidence = r->context.evidence, .json = json, .usage = r->usage
    };
    memcpy(ret->run_id, r->run_id, ID_SIZE);
    memcpy(ret->conversation_id, r->conversation_id, ID_SIZE);
    return 0;
}

int assist_run_json(
    struct assist *a, struct slice id, struct arena *arena, struct buf *out, struct error *err)
{
    struct run_record r;
    struct json_out j;
    char when[CLOCK_TEXT_MAX];
    int rc = store_run_load(a->store, id, arena, &r, err);

    if (rc < 0) {
        return rc;
    }
    clock_format(r.created_ms, when);
    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "run_id", r.id);
    json_key_text(&j, "conversation_id", r.conversation_id);
    json_key_text(&j, "question", r.question);
    json_key_text(&j, "status", r.status);
    if (r.error) {
        json_key_text(&j, "error", r.error);
    }
    json_key_text(&j, "created_at", when);
    json_key_int(&j, "took_ms", r.took_ms);
    json_key_raw(&j, "answer", slice_of(r.answer));
    json_key_raw(&j, "summary", slice_of(r.summary));
    json_key_array(&j, "steps");
    for (size_t i = 0; i < r.step_count; i++) {
        json_raw(&j, slice_of(r.steps[i]));
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}
