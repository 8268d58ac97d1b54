// SPDX-License-Identifier: AGPL-3.0-or-later
// Questions about the server itself ("is my upload done?", "is anything broken?"), answered without a model from the tools
// file_status and system_status. Such an answer has no document to cite; it names the tool instead.
#include "assist/internal.h"

enum { FILES_TOLD = 3 };

const char *status_tool_for(struct slice question)
{
    bool upload = false, mine = false, file = false, state = false, server = false, health = false;
    bool anything = false;
    struct word w;
    size_t at = 0;

    while (word_next(question, &at, &w)) {
        upload |= word_among(w.folded, "upload uploads uploaded uploading");
        mine |= word_among(w.folded, "my our");
        file |= word_among(w.folded, "file files document documents");
        state |=
            word_among(w.folded, "done ready finished stuck failed fail refused status progress");
        server |= word_among(w.folded, "system server larder");
        health |= word_among(w.folded, "broken down status healthy health working problems errors");
        anything |= word_among(w.folded, "anything everything");
    }
    if (state && (upload || (mine && file))) {
        return "file_status";
    }
    return health && (server || anything) && !file ? "system_status" : NULL;
}

static void say(struct run *r, const char *text)
{
    if (text) {
        answer_add(r->answer, slice_of(text), 0, true, r->answer->sentence_count > 0);
    }
}

static void say_files(struct run *r, const json_t *result)
{
    const json_t *files = json_object_get(result, "files"), *f;
    size_t i;

    json_array_foreach(files, i, f)
    {
        if (i < FILES_TOLD) {
            say(r, arena_printf(r->arena, "%s: %s", json_string_value(json_object_get(f, "name")),
                       json_string_value(json_object_get(f, "in_words"))));
        }
    }
    if (json_array_size(files) == 0) {
        say(r, "Nothing has been uploaded yet.");
    }
}

static void say_system(struct run *r, const json_t *result)
{
    const json_t *problems = json_object_get(result, "problems"), *p;
    const json_t *documents = json_object_get(result, "documents");
    size_t i;

    if (json_array_size(problems) == 0) {
        say(r, "Nothing is broken.");
    }
    json_array_foreach(problems, i, p)
    {
        say(r, arena_strdup(r->arena, json_string_value(p)));
    }
    say(r, arena_printf(r->arena, "%lld of %lld documents are ready, %lld wait or are being read.",
               (long long)json_integer_value(json_object_get(documents, "ready")),
               (long long)json_integer_value(json_object_get(documents, "total")),
               (long long)json_integer_value(json_object_get(documents, "in_work"))));
}

int status_answer(struct run *r, const char *tool, struct error *err)
{
    struct trace_step step;
    struct slice json = { 0 };

    r->mode = "extractive";
    trace_step_start(&r->trace, &step, "execute_tool");
    json_key_text(&step.json, "gen_ai.operation.name", "execute_tool");
    json_key_text(&step.json, "gen_ai.tool.name", tool);
    int rc = tool_call(assist_tools, slice_of(tool), slice_make(NULL, 0), &r->context, &json, err);
    trace_text(&step, "gen_ai.tool.call.result", json);
    trace_end(&step);
    if (rc < 0) {
        return rc;
    }
    AUTO_JSON *result = json_in_parse(json, JSON_IN_DEPTH, err);
    if (!result) {
        return ERR_INTERNAL;
    }
    r->answer->from_tool = tool;
    if (strcmp(tool, "file_status") == 0) {
        say_files(r, result);
    } else {
        say_system(r, result);
    }
    return 0;
}
