// SPDX-License-Identifier: AGPL-3.0-or-later
// search_knowledge: passages for a question, each to be cited by number.
#include "assist/retrieve.h"
#include "assist/tools/tools.h"

enum { LIMIT_DEFAULT = 6, LIMIT_MOST = 20 };

static const struct tool_field arguments[] = {
    { "query",
        "What to look for: the words that the documents would use, names and numbers as "
        "they are written. Put words that must stand together into double quotes.",
        .required = true, .length = 1000 },
    { "types", "Only documents of these types, such as pdf, docx, xlsx, mp4.", .array = true,
        .items = 32, .length = 32 },
    { "categories", "Only documents of these categories.", .array = true, .items = 9,
        .choices = "manual spreadsheet presentation text data image video audio" },
    { "document_ids", "Only in these documents.", .array = true, .items = 32, .length = 36 },
    { "filters",
        "Conditions over the documents' metadata, such as "
        "{\"store\": \"12\"} or {\"year\": {\"$gte\": 2024}}, with $eq $ne $gt $gte $lt "
        "$lte $in $nin $and $or.",
        .type = TOOL_OBJECT },
    { "limit", "How many places to give.", .type = TOOL_INTEGER, .min = 1, .max = LIMIT_MOST,
        .fallback = "6" },
    { NULL },
};
static const struct tool_field results[] = {
    { "results", "The places that fit, best first; empty if there are none.", .type = TOOL_OBJECT,
        .array = true, .fields = hit_fields, .required = true },
    { "advice", "What to try next, if little was found." },
    { NULL },
};

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    struct search_request q = { .query = argument_text(args, "query"),
        .limit = (int)argument_int(args, "limit", LIMIT_DEFAULT) };
    const json_t *filters = json_object_get(args, "filters");
    struct opened_hit *hits = NULL;
    size_t count = 0;

    if (slice_trim(q.query).len == 0) {
        return error_set(err, ERR_INVALID, "query is empty; say what to look for.");
    }
    int rc = argument_list(args, "types", c->arena, &q.types, &q.type_count, err);
    rc = rc < 0
             ? rc
             : argument_list(args, "categories", c->arena, &q.categories, &q.category_count, err);
    rc = rc < 0 ? rc
                : argument_list(
                      args, "document_ids", c->arena, &q.document_ids, &q.document_id_count, err);
    if (json_object_size(filters) > 0) {
        AUTO_FREE char *text = json_dumps(filters, JSON_COMPACT);
        q.filter = slice_of(text ? arena_strdup(c->arena, text) : NULL);
    }
    rc = rc < 0 ? rc : retrieve(c, &q, &hits, &count, err);
    if (rc < 0) {
        return rc;
    }
    json_key_array(ret, "results");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = hit_put(c, &hits[i], q.query, ret, err);
    }
    json_end(ret);
    if (count == 0) {
        json_key_text(ret, "advice",
            "Nothing was found. Try fewer or other words, or leave out types, categories and "
            "filters.");
    }
    return rc;
}

const struct tool search_knowledge_tool = { .name = "search_knowledge",
    .title = "Search the documents",
    .description =
        "Finds passages in the restaurant's documents: manuals, sheets, slides, texts, pictures, "
        "training videos and recordings. Use it before answering any question of fact. Each "
        "passage has a number to cite it by, its document and its place.",
    .arguments = arguments,
    .results = results,
    .run = run };
