// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements search_run: query → candidates by BM25 → one passage a place → snippets and the sharpest place.
#include "search/moment.h"
#include "search/search.h"

#include <stdlib.h>

enum { SNIPPET_CHARS = 280, CANDIDATES_MIN = 50 };

// Weights of title, heading and text in BM25: a word in a heading tells more than one in a paragraph.
static const struct field_weights default_weights = { .title = 1.5, .heading = 2.0, .text = 1.0 };

// A stretch of speech is cut down to the words that were found.
static int cut_moment(const struct query *q, const struct element *e, struct arena *a,
    const char **place, struct error *err)
{
    AUTO_BUF json = BUF_INIT(4096);
    struct place p = e->place;

    if (!moment_find(e->text, e->times, &q->terms, p.seconds)) {
        return 0;
    }
    place_add_json(&json, &p);
    *place = arena_strndup(a, json.data ? json.data : "", json.len);
    return *place ? 0 : error_set(err, ERR_MEMORY, "The results did not fit into memory.");
}

// The place of the element of the chunk with most of the words; a chunk of one element has nothing to choose.
static int sharpen_place(struct store *store, const struct query *q, struct search_result *r,
    struct arena *a, struct error *err)
{
    struct element_row *rows = NULL;
    size_t count = 0, best_terms = 0, best = 0;
    AUTO_BUF words = BUF_INIT(4096);
    struct place place = { 0 };

    r->place = r->hit.place;
    bool spoken = r->hit.place && strstr(r->hit.place, "\"time\"");
    if (r->hit.first_element < r->hit.last_element || spoken) {
        int limit = (int)(r->hit.last_element - r->hit.first_element + 1);
        int rc = store_element_list(store, slice_of(r->hit.document_id), r->hit.first_element - 1,
            limit, a, &rows, &count, err);
        if (rc < 0 && rc != ERR_NOT_FOUND) {
            return rc;
        }
        for (size_t i = 0; i < count; i++) {
            bool heading =
                rows[i].element.kind == ELEMENT_HEADING || rows[i].element.kind == ELEMENT_TITLE;
            size_t terms = 2 * snippet_count_terms(rows[i].element.text, &q->terms) + !heading;
            if (terms > best_terms) {
                best_terms = terms;
                best = i;
            }
        }
        if (best_terms > 1) {
            r->place = rows[best].place_json;
            int cut = cut_moment(q, &rows[best].element, a, &r->place, err);
            if (cut < 0) {
                return cut;
            }
        }
    }
    if (place_parse_json(slice_of(r->place), a, &place) == 0) {
        place_add_words(&words, &place);
    }
    r->place_words = arena_strndup(a, words.data, words.len);
    return r->place_words ? 0 : error_set(err, ERR_MEMORY, "The results did not fit into memory.");
}

static int describe(struct store *store, const struct query *q, struct search_result *r,
    struct arena *a, struct error *err)
{
    AUTO_BUF snippet = BUF_INIT(64 * 1024);

    snippet_add(&snippet, r->hit.text, &q->terms, SNIPPET_CHARS);
    r->snippet = arena_strndup(a, snippet.data, snippet.len);
    if (!r->snippet) {
        return error_set(err, ERR_MEMORY, "The results did not fit into memory.");
    }
    r->matched_terms = snippet_count_terms(r->hit.text, &q->terms);
    return sharpen_place(store, q, r, a, err);
}

static bool over_share(
    const struct search_result *results, size_t count, const char *document_id, int max)
{
    int same = 0;

    for (size_t i = 0; max > 0 && i < count; i++) {
        same += strcmp(results[i].hit.document_id, document_id) == 0;
    }
    return max > 0 && same >= max;
}

int search_run(struct store *store, const struct search_request *q, struct arena *a,
    struct search_reply *ret, struct error *err)
{
    int limit = q->limit > 0 ? q->limit : SEARCH_LIMIT_DEFAULT;
    struct chunk_filter filter = { .partition =
                                       q->partition.len ? q->partition : SLICE_LIT("default"),
        .types = q->types,
        .type_count = q->type_count,
        .categories = q->categories,
        .category_count = q->category_count,
        .document_ids = q->document_ids,
        .document_id_count = q->document_id_count };
    struct query query;
    struct chunk_hit *hits = NULL;
    size_t count = 0;

    *ret = (struct search_reply){ .engine = "words", .weights = default_weights, .match = "" };
    if (limit > SEARCH_LIMIT_MAX) {
        return error_set(err, ERR_INVALID, "limit can be at most %d.", SEARCH_LIMIT_MAX);
    }
    int rc = q->filter.len ? filter_parse(q->filter, a, &filter, err) : 0;
    if (rc == 0) {
        rc = query_parse(store, q->query, a, &query, err);
    }
    if (rc < 0 || query.match[0] == '\0') {
        return rc;
    }
    ret->match = query.match;
    ret->term_count = query.term_count;
    int candidates = q->max_per_document > 0 ? limit * 4 : limit;
    candidates = candidates > CANDIDATES_MIN ? candidates : CANDIDATES_MIN;
    rc = store_search_words(
        store, slice_of(query.match), &filter, ret->weights, candidates, a, &hits, &count, err);
    if (rc < 0) {
        return rc;
    }
    ret->results = arena_array(a, (size_t)limit, sizeof(*ret->results));
    if (!ret->results) {
        return error_set(err, ERR_MEMORY, "The results did not fit into memory.");
    }
    for (size_t i = 0; i < count && ret->count < (size_t)limit; i++) {
        if (over_share(ret->results, ret->count, hits[i].document_id, q->max_per_document)) {
            continue;
        }
        struct search_result *r = &ret->results[ret->count];
        r->hit = hits[i];
        rc = describe(store, &query, r, a, err);
        if (rc < 0) {
            return rc;
        }
        ret->count++;
    }
    return 0;
}
