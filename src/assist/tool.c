// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of tools, and one call from name and JSON to result and JSON. Any thread, one context at a time.
#include "assist/tool.h"
#include "assist/tools/tools.h"
#include "base/clock.h"
#include "base/log.h"

const struct tool *const assist_tools[] = { &search_knowledge_tool, &equipment_guidance_tool,
    &document_read_tool, &compare_sources_tool, &recommend_tool, &list_documents_tool,
    &file_status_tool, &system_status_tool, NULL };

const struct tool *tool_find(const struct tool *const *list, struct slice name)
{
    for (; *list; list++) {
        if (slice_is(name, (*list)->name)) {
            return *list;
        }
    }
    return NULL;
}

bool usage_room_for_call(const struct usage *u)
{
    return u->tool_calls < u->limits.tool_calls;
}

int tool_context_check(const struct tool_context *c, struct error *err)
{
    if (c->cancelled && atomic_load(c->cancelled)) {
        return error_set(err, ERR_CANCELLED, "The question was withdrawn.");
    }
    if (c->stopping && atomic_load(c->stopping)) {
        return error_set(err, ERR_CANCELLED, "The server stops.");
    }
    if (c->deadline_ms && clock_mono_ms() >= c->deadline_ms) {
        return error_set(err, ERR_TIMEOUT, "The time for this question is over.");
    }
    return 0;
}

bool tool_error_helps(int code)
{
    return code == ERR_INVALID || code == ERR_NOT_FOUND || code == ERR_UNSUPPORTED ||
           code == ERR_DENIED || code == ERR_TOO_LARGE;
}

static int unknown_tool(const struct tool *const *list, struct slice name, struct error *err)
{
    AUTO_BUF names = BUF_INIT(1024);

    for (; *list; list++) {
        buf_addf(&names, "%s%s", names.len ? ", " : "", (*list)->name);
    }
    return error_set(err, ERR_UNSUPPORTED, "There is no tool %.*s; there are: %s.",
        name.len < 60 ? (int)name.len : 60, name.data ? name.data : "",
        names.data ? names.data : "none");
}

static int take_arguments(const struct tool *t, struct slice text, json_t **ret, struct error *err)
{
    if (text.len > TOOL_ARGUMENTS_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The arguments of %s may take at most %d KiB.",
            t->name, TOOL_ARGUMENTS_MAX / 1024);
    }
    text = slice_trim(text);
    json_t *arguments = json_in_parse_object(text.len ? text : SLICE_LIT("{}"), err);
    if (!arguments) {
        return error_prefix(err, ERR_INVALID, "The arguments of %s", t->name);
    }
    int rc = tool_fields_check(t->arguments, arguments, "an argument", err);
    if (rc < 0) {
        json_decref(arguments);
        return rc;
    }
    *ret = arguments;
    return 0;
}

// A result that does not fit its own table is our fault, never the caller's; it must not go out.
static int check_result(const struct tool *t, struct slice text, struct error *err)
{
    struct error why = { 0 };
    AUTO_JSON *value = json_in_parse(text, JSON_IN_DEPTH, &why);

    if (!value || tool_fields_check(t->results, value, "a result", &why) < 0) {
        log_error("tool.result", LS("tool", t->name), LS("what", why.text));
        return error_set(
            err, ERR_INTERNAL, "The tool %s gave an answer that it must not give.", t->name);
    }
    return 0;
}

static int run(const struct tool *t, struct tool_context *c, const json_t *arguments,
    struct slice *ret_json, struct error *err)
{
    AUTO_BUF out = BUF_INIT(TOOL_RESULT_MAX);
    struct json_out j;

    json_begin(&j, &out);
    json_begin_object(&j);
    int rc = t->run(c, arguments, &j, err);
    if (rc < 0) {
        return rc; // what was written is thrown away
    }
    json_end(&j);
    rc = json_finish(&j, err);
    rc = rc < 0 ? rc : check_result(t, buf_slice(&out), err);
    if (rc < 0) {
        return rc;
    }
    *ret_json = arena_slice(c->arena, buf_slice(&out));
    return ret_json->data ? 0 : error_set(err, ERR_MEMORY, "The result did not fit into memory.");
}

int tool_call(const struct tool *const *list, struct slice name, struct slice arguments,
    struct tool_context *c, struct slice *ret_json, struct error *err)
{
    const struct tool *t = tool_find(list, name);
    AUTO_JSON *checked = NULL;

    int rc = tool_context_check(c, err);
    if (rc < 0) {
        return rc;
    }
    if (c->usage && !usage_room_for_call(c->usage)) {
        return error_set(err, ERR_LIMIT, "The %lld tool calls of this run are used up.",
            (long long)c->usage->limits.tool_calls);
    }
    if (c->usage) {
        c->usage->tool_calls++;
    }
    if (!t) {
        return unknown_tool(list, name, err);
    }
    if (t->needs_status && !c->access.status) {
        return error_set(
            err, ERR_DENIED, "The tool %s needs the right to see the server's state.", t->name);
    }
    rc = take_arguments(t, arguments, &checked, err);
    return rc < 0 ? rc : run(t, c, checked, ret_json, err);
}
