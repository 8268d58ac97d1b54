// SPDX-License-Identifier: AGPL-3.0-or-later
// From a question in words to ranked passages with their places: by words (BM25 over FTS5), by meaning (vectors), or both
// together; `engine` says which. Blocking; any thread.
#ifndef LARDER_SEARCH_SEARCH_H
#define LARDER_SEARCH_SEARCH_H

#include "base/error.h"
#include "models/embedder.h"
#include "models/reranker.h"
#include "search/concepts.h"
#include "store/store.h"
#include "text/snippet.h"

enum {
    SEARCH_LIMIT_DEFAULT = 10,
    SEARCH_LIMIT_MAX = 100,
    SEARCH_QUERY_MAX_BYTES = 2000,
    SEARCH_TERMS_MAX = 40, // different words; further ones are left out
    SEARCH_PHRASES_MAX = 8,
    SEARCH_FILTER_DEPTH = 8, // nested and/or
    SEARCH_FILTER_CONDITIONS = 64,
};

enum search_mode { SEARCH_HYBRID, SEARCH_WORDS, SEARCH_MEANING };

struct search_request {
    struct slice query;
    int limit; // 0: default
    const struct slice *types, *categories, *document_ids;
    size_t type_count, category_count, document_id_count;
    struct slice partition; // empty: "default"
    struct slice filter; // JSON, Ragie's operators; empty: none
    int max_per_document; // 0: no limit
    bool explain;
    enum search_mode
        mode; // hybrid becomes words where there is no model; meaning is then ERR_UNSUPPORTED
    bool typing; // the last word is not finished: words that begin so count
    double recency; // 0 to 1: how much newer documents are preferred
    bool no_rerank; // also where there is a reranker
};

// What the parts of a score were; NAN where a part was not there.
struct score_parts {
    double words, words_share; // BM25; of the best one's
    double meaning, meaning_share; // cosine; between the hundredth and the best one's
    double codes, near, exact, heading; // late features, each 0 to 1
    double recency; // factor
    double rerank; // 0 to 1
    size_t before; // place before reranking, from 1; 0: none was done
};

struct search_result {
    struct chunk_hit hit;
    const char *snippet; // HTML with <mark>, all else escaped
    const char *place; // JSON: of the element in the chunk that holds most of the words
    const char *place_words; // "page 12"
    size_t matched_terms; // different terms of the query in heading or text
    double score; // what the results are ordered by
    struct score_parts parts;
};
struct search_reply {
    struct search_result *results;
    size_t count;
    const char *match; // the FTS5 expression that was run, for explain
    const char *engine; // "words", "meaning", "hybrid"
    size_t term_count; // terms that were searched
    struct field_weights weights;
    const char *note; // why it was not as asked (no model, vectors still being made); NULL
    const char *rerank_note; // the same of reranking
    size_t reranked; // passages that were
    const struct query *query; // what was asked for, for explain
    double meaning_weight; // of the two shares in a hybrid score
};
int search_run(struct store *store, const struct search_request *q, struct arena *a,
    struct search_reply *ret, struct error *err);

// What all searches of the process use, set once before the first: the embedder, the reranker and the list of synonyms, each
// may be NULL. Lent: they outlive the last search.
struct search_tools {
    struct embedder *embedder;
    struct reranker *reranker;
    size_t rerank_count; // of the best; RERANK_PASSAGES_MAX at most
    int64_t rerank_ms; // what a question waits for it
    const struct synonyms *synonyms;
};
void search_use(const struct search_tools *tools);
const struct search_tools *search_tools(void);

// query.c: what the question asks for.
struct query {
    struct snippet_terms terms; // for marking
    const char *match; // FTS5 expression; "" when nothing searchable is left
    const char *rare, *both; // match in two steps (store.h: word_search), or ""
    size_t rare_count;
    size_t term_count;
    struct concept *concepts; // in the order of the question
    size_t concept_count;
    double *weights; // of each phrase of match
    size_t weight_count;
    struct partition_stats stats;
    struct slice plain; // the question without signs of the query language, for its meaning
    struct snippet_terms none; // words that exclude
};
struct query_options {
    struct slice partition; // empty: "default"
    bool typing;
};
int query_parse(
    struct store *store, struct slice text, struct arena *a, struct query *ret, struct error *err);
int query_parse_for(struct store *store, struct slice text, const struct query_options *o,
    struct arena *a, struct query *ret, struct error *err);

// score.c: how well a passage answers, from its text alone.
struct passage_score {
    double words; // BM25 over all of the question's words
    double codes, near, exact, heading; // 0 to 1
    bool passes; // phrases are there, excluded words are not
    size_t matched; // of the question's own concepts
};
struct scorer;
struct scorer *scorer_new(const struct query *q, struct field_weights fields); // lends q
void scorer_free(struct scorer *s);
struct passage_score scorer_score(struct scorer *s, const struct chunk_hit *hit);

// fuse.c: the two lists become one order. Pure.
struct fused {
    double words, meaning; // in; meaning NAN: no vector
    double words_share, meaning_share, score; // out
};
// floor: the cosine that is worth nothing. weight: meaning's, 0 to 1.
void fuse(struct fused *items, size_t count, double floor, double weight);

// filter.c: {"field": value} · {"field": {"$gt": 3}} · {"$and": […]} · {"$or": […]} over metadata and the document's own
// fields, with $eq $ne $gt $gte $lt $lte $in $nin, to SQL with bound values.
int filter_parse(struct slice json, struct arena *a, struct chunk_filter *f, struct error *err);

#endif
