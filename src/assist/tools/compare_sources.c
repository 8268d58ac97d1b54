// SPDX-License-Identifier: AGPL-3.0-or-later
// compare_sources: what each document, and so each format, says about one thing, and where they differ.
#include "assist/conflict.h"
#include "assist/tools/tools.h"

enum { HITS = 30, SOURCES_MOST = 10, PER_DOCUMENT = 3 };

static const struct tool_field arguments[] = {
    { "topic", "The one thing to compare, such as \"how often the fryer oil is filtered\".",
        .required = true, .length = 1000 },
    { "document_ids", "Only these documents.", .array = true, .items = 32, .length = 36 },
    { "types", "Only documents of these types.", .array = true, .items = 32, .length = 32 },
    { NULL },
};
static const struct tool_field source_fields[] = {
    { "document_id", "The document's id.", .required = true },
    { "document_name", "The document's name.", .required = true },
    { "type", "Its type, such as pdf or mp4.", .required = true },
    { "says", "What it says, in its own words.", .type = TOOL_OBJECT, .array = true,
        .fields = statement_fields, .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "sources", "One entry a document, the one that fits best first.", .type = TOOL_OBJECT,
        .array = true, .fields = source_fields, .required = true },
    { "conflicts", "Statements of different documents with other values.", .type = TOOL_OBJECT,
        .array = true, .fields = conflict_fields, .required = true },
    { NULL },
};

// The hits of one document, brought together; true if it is the document's first.
static size_t hits_of(
    const struct opened_hit *hits, size_t count, size_t at, struct opened_hit *ret, bool *ret_first)
{
    size_t n = 0;

    *ret_first = true;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(hits[i].source.document_id, hits[at].source.document_id) == 0) {
            *ret_first = *ret_first && i >= at;
            if (n < PER_DOCUMENT) {
                ret[n++] = hits[i];
            }
        }
    }
    return n;
}

static int put_source(struct tool_context *c, const struct question *q,
    const struct opened_hit *hits, size_t count, struct json_out *ret, struct error *err)
{
    struct answer *said = arena_alloc(c->arena, sizeof(*said));
    int rc = said ? extract_sentences(c, q, hits, count, PER_DOCUMENT, said, err)
                  : error_set(err, ERR_MEMORY, "The comparison did not fit into memory.");

    if (rc < 0 || said->sentence_count == 0) {
        return rc;
    }
    json_begin_object(ret);
    json_key_text(ret, "document_id", hits[0].source.document_id);
    json_key_text(ret, "document_name", hits[0].source.document_name);
    json_key_text(ret, "type", hits[0].source.type);
    json_key_array(ret, "says");
    for (size_t i = 0; i < said->sentence_count; i++) {
        const struct answer_sentence *s = &said->sentences[i];
        statement_put(s->text, evidence_find(c->evidence, s->citations[0]), ret);
    }
    json_end(ret);
    json_end(ret);
    return 0;
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    struct slice topic = argument_text(args, "topic");
    struct search_request request = { .limit = HITS, .max_per_document = PER_DOCUMENT };
    struct conflict conflicts[CONFLICTS_MAX];
    struct opened_hit *hits = NULL;
    struct question q;
    size_t count = 0, conflict_count = 0, sources = 0;
    int rc = question_make(c, topic, NULL, 0, &q, err);

    request.query = slice_of(rc == 0 ? q.search : "");
    rc = rc < 0 ? rc
                : argument_list(args, "document_ids", c->arena, &request.document_ids,
                      &request.document_id_count, err);
    rc = rc < 0 ? rc
                : argument_list(args, "types", c->arena, &request.types, &request.type_count, err);
    rc = rc < 0 ? rc : retrieve(c, &request, &hits, &count, err);
    rc = rc < 0 ? rc : conflicts_find(c, &q, hits, count, conflicts, &conflict_count, err);
    if (rc < 0) {
        return rc;
    }
    json_key_array(ret, "sources");
    for (size_t i = 0; rc == 0 && i < count && sources < SOURCES_MOST; i++) {
        struct opened_hit own[PER_DOCUMENT];
        bool first = false;
        size_t n = hits_of(hits, count, i, own, &first);
        if (first) {
            rc = put_source(c, &q, own, n, ret, err);
            sources++;
        }
    }
    json_end(ret);
    conflicts_put(conflicts, conflict_count, ret);
    return rc;
}

const struct tool compare_sources_tool = { .name = "compare_sources",
    .title = "Compare what the sources say",
    .description = "Shows side by side what each document (manual, sheet, slides, video and so on) "
                   "says about one thing, and where their values differ. Use it when sources might "
                   "disagree, or when the asker wants to know whether they do.",
    .arguments = arguments,
    .results = results,
    .run = run };
