// SPDX-License-Identifier: AGPL-3.0-or-later
// list_documents: what there is, page by page.
#include "assist/retrieve.h"
#include "assist/tools/tools.h"
#include "base/clock.h"

static const struct tool_field arguments[] = {
    { "name", "Only documents whose name contains this.", .length = 200 },
    { "type", "Only documents of this type, such as pdf.", .length = 32 },
    { "category", "Only documents of this category.",
        .choices = "manual spreadsheet presentation text data image video audio" },
    { "status", "Only documents in this state.",
        .choices = "pending partitioning partitioned refined chunked indexed summary_indexed "
                   "keyword_indexed ready failed quarantined" },
    { "limit", "How many at most.", .type = TOOL_INTEGER, .min = 1, .max = 100, .fallback = "30" },
    { "after", "The value of next from the page before.", .length = 400 },
    { NULL },
};
static const struct tool_field document_fields[] = {
    { "document_id", "The document's id.", .required = true },
    { "name", "The document's name.", .required = true },
    { "type", "Its type.", .required = true },
    { "category", "Its category.", .required = true },
    { "status", "ready, failed, quarantined, or a state of being read.", .required = true },
    { "added_at", "When it was taken in (RFC 3339).", .required = true },
    { "pages", "Pages, slides, sheets or minutes, if it has such.", .type = TOOL_NUMBER },
    { NULL },
};
static const struct tool_field results[] = {
    { "documents", "The documents, newest first.", .type = TOOL_OBJECT, .array = true,
        .fields = document_fields, .required = true },
    { "total", "How many there are in all.", .type = TOOL_INTEGER, .required = true },
    { "next", "Give this as after for the next page; absent at the end." },
    { NULL },
};

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    struct document_filter f = { .partition = context_partition(c),
        .type = argument_text(args, "type"),
        .category = argument_text(args, "category"),
        .status = argument_text(args, "status"),
        .name_like = argument_text(args, "name") };
    struct document *documents = NULL;
    size_t count = 0;
    int64_t total = 0;
    const char *next = NULL;
    char when[CLOCK_TEXT_MAX];
    int rc = store_document_list(c->store, &f, argument_text(args, "after"),
        (int)argument_int(args, "limit", 30), c->arena, &documents, &count, &next, &total, err);

    if (rc < 0) {
        return rc;
    }
    json_key_array(ret, "documents");
    for (size_t i = 0; i < count; i++) {
        const struct document *d = &documents[i];
        json_begin_object(ret);
        json_key_text(ret, "document_id", d->id);
        json_key_text(ret, "name", d->name);
        json_key_text(ret, "type", d->type);
        json_key_text(ret, "category", d->category ? d->category : "");
        json_key_text(ret, "status", document_status_word(d->status));
        clock_format(d->created_ms, when);
        json_key_text(ret, "added_at", when);
        if (d->page_count > 0) {
            json_key_double(ret, "pages", d->page_count);
        }
        json_end(ret);
    }
    json_end(ret);
    json_key_int(ret, "total", total);
    if (next) {
        json_key_text(ret, "next", next);
    }
    return 0;
}

const struct tool list_documents_tool = { .name = "list_documents",
    .title = "List the documents",
    .description = "Lists documents by name, type, category or state, newest first. Use it to see "
                   "what there is, or to find a document's id by its name.",
    .arguments = arguments,
    .results = results,
    .run = run };
