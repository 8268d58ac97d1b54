// SPDX-License-Identifier: AGPL-3.0-or-later
// From a question in words to ranked passages with their places. Words only for now (BM25 over FTS5); `engine` says so.
// Blocking; any thread.
#ifndef LARDER_SEARCH_SEARCH_H
#define LARDER_SEARCH_SEARCH_H

#include "base/error.h"
#include "store/store.h"
#include "text/snippet.h"

enum {
    SEARCH_LIMIT_DEFAULT = 10,
    SEARCH_LIMIT_MAX = 100,
    SEARCH_QUERY_MAX_BYTES = 2000,
    SEARCH_TERMS_MAX = 24, // the rarest are kept
    SEARCH_PHRASES_MAX = 8,
    SEARCH_FILTER_DEPTH = 8, // nested and/or
    SEARCH_FILTER_CONDITIONS = 64,
};

struct search_request {
    struct slice query;
    int limit; // 0: default
    const struct slice *types, *categories, *document_ids;
    size_t type_count, category_count, document_id_count;
    struct slice partition; // empty: "default"
    struct slice filter; // JSON, Ragie's operators; empty: none
    int max_per_document; // 0: no limit
    bool explain;
};

struct search_result {
    struct chunk_hit hit;
    const char *snippet; // HTML with <mark>, all else escaped
    const char *place; // JSON: of the element in the chunk that holds most of the words
    const char *place_words; // "page 12"
    size_t matched_terms; // different terms of the query in heading or text
};
struct search_reply {
    struct search_result *results;
    size_t count;
    const char *match; // the FTS5 expression that was run, for explain
    const char *engine; // "words"
    size_t term_count; // terms that were searched
    struct field_weights weights;
};
int search_run(struct store *store, const struct search_request *q, struct arena *a,
    struct search_reply *ret, struct error *err);

// query.c: what the question asks for.
struct query {
    struct snippet_terms terms; // for marking
    const char *match; // FTS5 expression; "" when nothing searchable is left
    size_t term_count;
};
int query_parse(
    struct store *store, struct slice text, struct arena *a, struct query *ret, struct error *err);

// filter.c: {"field": value} · {"field": {"$gt": 3}} · {"$and": […]} · {"$or": […]} over metadata and the document's own
// fields, with $eq $ne $gt $gte $lt $lte $in $nin, to SQL with bound values.
int filter_parse(struct slice json, struct arena *a, struct chunk_filter *f, struct error *err);

#endif
