// SPDX-License-Identifier: AGPL-3.0-or-later
// recommend: what to do, read or watch next, for a role, a shift, a machine or a topic.
#include "assist/conflict.h"
#include "assist/tools/tools.h"

enum { PER_DOCUMENT = 2 };

static const struct tool_field arguments[] = {
    { "role", "Who asks, such as \"fry station operator\" or \"shift manager\".", .length = 200 },
    { "shift", "When, such as \"opening\", \"lunch peak\" or \"closing\".", .length = 200 },
    { "equipment", "A machine that it is about.", .length = 200 },
    { "topic", "Anything else that matters.", .length = 400 },
    { "limit", "How many at most.", .type = TOOL_INTEGER, .min = 1, .max = 20, .fallback = "6" },
    { NULL },
};
static const struct tool_field item_fields[] = {
    { "kind", "do: a task; read: a section; watch: a recording.", .choices = "do read watch",
        .required = true },
    { "title", "What it is.", .required = true },
    { "why", "Which of the given words it is about.", .required = true },
    { "citation", "Where it stands.", .type = TOOL_OBJECT, .fields = citation_fields,
        .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "items", "What to do, read or watch, the most fitting first.", .type = TOOL_OBJECT,
        .array = true, .fields = item_fields, .required = true },
    { NULL },
};

// The element of the hit that holds most of what was asked; headings only if there is nothing else.
static const struct element_row *best_row(const struct question *q, const struct opened_hit *h)
{
    const struct element_row *best = NULL;
    double most = -1;

    for (size_t i = 0; i < h->row_count; i++) {
        const struct element *e = &h->rows[i].element;
        double counts[QUESTION_TERMS_MAX] = { 0 };
        bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;
        question_count(q, e->text, 1, counts);
        double covered = question_covered(q, counts, false) - (heading ? 0.5 : 0);
        if (e->text.len && covered > most) {
            most = covered;
            best = &h->rows[i];
        }
    }
    return best;
}

static const char *kind_of(const struct opened_hit *h, const struct element *e)
{
    struct slice category = slice_of(h->result->hit.category);

    if (e->place.kind == PLACE_TIME || slice_is(category, "video") || slice_is(category, "audio")) {
        return "watch";
    }
    return e->kind == ELEMENT_LIST_ITEM || e->kind == ELEMENT_TABLE ? "do" : "read";
}

static struct slice last_heading(struct slice path)
{
    const char *found;

    while ((found = slice_find(path, SLICE_LIT(" > "))) != NULL) {
        path = slice_from(path, (size_t)(found - path.data) + 3);
    }
    return path;
}

// "fryer, closing": the given words that the hit holds.
static void add_why(
    const json_t *args, const struct opened_hit *h, const struct question *parts, struct buf *b)
{
    static const char *const names[] = { "role", "shift", "equipment", "topic" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        double counts[QUESTION_TERMS_MAX] = { 0 };
        question_count(&parts[i], h->result->hit.text, 1, counts);
        question_count(&parts[i], h->source.heading, 1, counts);
        question_count(&parts[i], slice_of(h->source.document_name), 1, counts);
        if (parts[i].count && question_covered(&parts[i], counts, false) > 0) {
            buf_addf(
                b, "%s" SLICE_FMT, b->len ? ", " : "", SLICE_ARG(argument_text(args, names[i])));
        }
    }
}

static int put_item(struct tool_context *c, const json_t *args, const struct question *q,
    const struct question *parts, const struct opened_hit *h, struct json_out *ret,
    struct error *err)
{
    const struct element_row *row = best_row(q, h);
    const struct passage *p = NULL;
    AUTO_BUF why = BUF_INIT(4096);

    if (!row) {
        return 0;
    }
    int rc = evidence_add(
        c->evidence, &h->source, row, quote_cut(row->element.text, slice_of(q->search)), &p, err);
    if (rc < 0) {
        return rc;
    }
    struct slice title = last_heading(h->source.heading);
    add_why(args, h, parts, &why);
    json_begin_object(ret);
    json_key_text(ret, "kind", kind_of(h, &row->element));
    json_key_string(ret, "title", title.len ? title : slice_of(h->source.document_name));
    json_key_string(ret, "why", buf_slice(&why));
    json_key(ret, "citation");
    passage_put_citation(ret, p);
    json_end(ret);
    return 0;
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    static const char *const names[] = { "role", "shift", "equipment", "topic" };
    struct search_request request = { .max_per_document = PER_DOCUMENT,
        .limit = (int)argument_int(args, "limit", 6) };
    struct question *parts = arena_array(c->arena, ARRAY_LEN(names) + 1, sizeof(*parts));
    AUTO_BUF all = BUF_INIT(4096);
    struct opened_hit *hits = NULL;
    size_t count = 0;
    int rc = parts ? 0 : error_set(err, ERR_MEMORY, "The question did not fit into memory.");

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(names); i++) {
        struct slice text = argument_text(args, names[i]);
        rc = question_make(c, text, NULL, 0, &parts[i], err);
        buf_addf(&all, "%s" SLICE_FMT, all.len && text.len ? " " : "", SLICE_ARG(text));
    }
    if (rc == 0 && slice_trim(buf_slice(&all)).len == 0) {
        rc = error_set(err, ERR_INVALID, "Give at least one of role, shift, equipment and topic.");
    }
    struct question *q = parts ? &parts[ARRAY_LEN(names)] : NULL;
    rc = rc < 0 ? rc : question_make(c, buf_slice(&all), NULL, 0, q, err);
    request.query = slice_of(rc == 0 ? q->search : "");
    rc = rc < 0 ? rc : retrieve(c, &request, &hits, &count, err);
    json_key_array(ret, "items");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = put_item(c, args, q, parts, &hits[i], ret, err);
    }
    json_end(ret);
    return rc == ERR_LIMIT ? 0 : rc;
}

const struct tool recommend_tool = { .name = "recommend",
    .title = "Recommend what to do or read next",
    .description = "For a role, a shift, a machine or a topic: tasks to do, sections to read and "
                   "recordings to watch, each with why it fits and its citation.",
    .arguments = arguments,
    .results = results,
    .run = run };
