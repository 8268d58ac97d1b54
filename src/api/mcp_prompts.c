// SPDX-License-Identifier: AGPL-3.0-or-later
// Prompts of the Model Context Protocol: each specialist with a question, and a few that a shift asks for often.
#include "api/mcp.h"

enum { ARGUMENTS_MAX = 3, ARGUMENT_TEXT_MAX = 2000, PROMPT_MAX = 64 * 1024 };

struct argument {
    const char *name, *description;
    bool required;
};
// Text with {name} where an argument goes; an argument that was not given leaves "(not given)".
static const struct prompt {
    const char *name, *title, *description;
    struct argument arguments[ARGUMENTS_MAX + 1];
    const char *text;
} prompts[] = {
    { "troubleshoot", "Find out what is wrong with a machine",
        "Safety first, then the steps of the manual in order, with their sources.",
        { { "equipment", "The machine, with its model if known.", true },
            { "issue", "What it does, or the error code it shows.", true }, { NULL, NULL, false } },
        "Equipment: {equipment}\nIssue: {issue}\n\nSearch the documents with search_knowledge for "
        "this machine and this issue, and "
        "read around what you find with document_read. Say what is dangerous first, then the steps "
        "in the order of the source, "
        "then the parts that are needed. Name the document and place of every step. If sources "
        "differ, show both. If no "
        "document covers it, say so and name what is closest." },
    { "shift_checklist", "Make a checklist for a shift",
        "What the documents want done in a shift, in order, with their sources.",
        { { "shift", "Opening, mid-day or closing.", true },
            { "role", "Who works it, if only one role is meant.", false }, { NULL, NULL, false } },
        "Shift: {shift}\nRole: {role}\n\nFind the procedures and checklists for this shift with "
        "search_knowledge and list_documents. "
        "Write one list in the order of work. Put temperatures, times and amounts exactly as the "
        "documents say them, and name "
        "the document and place of each item." },
    { "compare_documents", "Compare what documents say",
        "Where sources agree and where they differ, with their places.",
        { { "topic", "What to compare, such as a temperature or a procedure.", true },
            { NULL, NULL, false } },
        "Topic: {topic}\n\nFind every passage on this topic with search_knowledge, in manuals, "
        "checklists, tables, slides and "
        "recordings. List what each source says, with its document and place. Then say where they "
        "agree, where they differ, and "
        "which is newer. Don't decide between them." },
    { "upload_report", "Report on uploads",
        "What is being read, what failed and why, and what to do about it.",
        { { NULL, NULL, false } },
        "Look with file_status and system_status. Say which documents are still being read, which "
        "failed and why, and what a "
        "person should do about each. If all is well, say so in one sentence." },
};
static const struct argument question = { "question", "What you want to know.", true };

static void put_argument(struct json_out *j, const struct argument *a)
{
    json_begin_object(j);
    json_key_text(j, "name", a->name);
    json_key_text(j, "description", a->description);
    json_key_bool(j, "required", a->required);
    json_end(j);
}

int mcp_prompts_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    const struct specialists *all = c->mcp->specialists;
    char text[160];

    (void)p;
    (void)err;
    json_begin_object(j);
    json_key_array(j, "prompts");
    if (c->mcp->set) {
        c->mcp->set->put_prompts(j);
    }
    for (size_t i = 0; i < ARRAY_LEN(prompts); i++) {
        json_begin_object(j);
        json_key_text(j, "name", prompts[i].name);
        json_key_text(j, "title", prompts[i].title);
        json_key_text(j, "description", prompts[i].description);
        json_key_array(j, "arguments");
        for (const struct argument *a = prompts[i].arguments; a->name; a++) {
            put_argument(j, a);
        }
        json_end(j);
        json_end(j);
    }
    for (size_t i = 0; i < all->count; i++) {
        json_begin_object(j);
        snprintf(text, sizeof(text), "ask_%s", all->items[i].name);
        json_key_text(j, "name", text);
        snprintf(text, sizeof(text), "Ask: %s", all->items[i].title);
        json_key_text(j, "title", text);
        snprintf(text, sizeof(text), "A question with the rules of the specialist \"%s\".",
            all->items[i].title);
        json_key_text(j, "description", text);
        json_key_array(j, "arguments");
        put_argument(j, &question);
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_end(j);
    return RPC_OK;
}

// The argument's text; false with a sentence if it is needed and not there, or no text.
static bool take(
    const json_t *given, const struct argument *a, struct slice *ret, struct error *err)
{
    *ret = SLICE_LIT("(not given)");
    return json_in_string(given, a->name, a->required ? JSON_REQUIRED : JSON_OPTIONAL,
               ARGUMENT_TEXT_MAX, ret, err) == 0;
}

static bool fill(const struct prompt *p, const json_t *given, struct buf *out, struct error *err)
{
    const char *at = p->text;

    while (*at) {
        const struct argument *a = *at == '{' ? p->arguments : NULL;
        for (; a && a->name; a++) {
            size_t n = strlen(a->name);
            if (strncmp(at + 1, a->name, n) == 0 && at[1 + n] == '}') {
                struct slice value;
                if (!take(given, a, &value, err)) {
                    return false;
                }
                buf_add_slice(out, value);
                at += n + 2;
                break;
            }
        }
        if (!a || !a->name) {
            buf_add_char(out, *at++);
        }
    }
    return true;
}

static void put_message(struct json_out *j, const char *description, struct slice text)
{
    json_key_text(j, "description", description);
    json_key_array(j, "messages");
    json_begin_object(j);
    json_key_text(j, "role", "user");
    json_key(j, "content");
    mcp_put_text(j, text);
    json_end(j);
    json_end(j);
}

static int get_own(struct mcp_call *c, struct slice name, const json_t *given, struct json_out *j,
    struct error *err)
{
    AUTO_BUF text = BUF_INIT(PROMPT_MAX);

    for (size_t i = 0; i < ARRAY_LEN(prompts); i++) {
        if (slice_is(name, prompts[i].name)) {
            if (!fill(&prompts[i], given, &text, err)) {
                return RPC_INVALID_PARAMS;
            }
            put_message(j, prompts[i].description, buf_slice(&text));
            return RPC_OK;
        }
    }
    const struct specialist *s = slice_starts(name, "ask_")
                                     ? specialist_find(c->mcp->specialists, slice_from(name, 4))
                                     : NULL;
    struct slice value;
    if (!s) {
        error_set(err, ERR_INVALID, "Unknown prompt: %.*s", (int)name.len, name.data);
        return RPC_INVALID_PARAMS;
    }
    if (!take(given, &question, &value, err)) {
        return RPC_INVALID_PARAMS;
    }
    buf_addf(&text, "%s\n\nQuestion: ", s->prompt);
    buf_add_slice(&text, value);
    put_message(j, s->title, buf_slice(&text));
    return RPC_OK;
}

int mcp_prompts_get(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    const json_t *given = NULL;
    struct slice name = { 0 };
    int rc = json_in_string(p, "name", JSON_REQUIRED, 128, &name, err);

    rc = rc < 0 ? rc : json_in_object(p, "arguments", JSON_OPTIONAL, &given, err);
    if (rc < 0) {
        return RPC_INVALID_PARAMS;
    }
    json_begin_object(j);
    rc = c->mcp->set ? c->mcp->set->prompt(c, name, given, j, err) : RPC_METHOD_NOT_FOUND;
    rc = rc == RPC_METHOD_NOT_FOUND ? get_own(c, name, given, j, err) : rc;
    if (rc == RPC_OK) {
        json_end(j);
    }
    return rc;
}
