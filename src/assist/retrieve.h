// SPDX-License-Identifier: AGPL-3.0-or-later
// From a question to passages with their elements: search's hits, each opened into the elements that it is made of, so that
// what is quoted is a piece of one element at that element's own place. Any thread; lives in the context's arena.
#ifndef LARDER_ASSIST_RETRIEVE_H
#define LARDER_ASSIST_RETRIEVE_H

#include "assist/evidence.h"
#include "assist/tool.h"
#include "search/search.h"

enum { HIT_ELEMENTS_MAX = 64 };

struct opened_hit {
    const struct search_result *result;
    struct passage_source source;
    const struct element_row *rows; // elements of the hit's chunk, in reading order
    size_t row_count;
    struct slice
        about; // the document's title and first headings, which its places don't repeat; may be empty
};
// The partition of the request is set to the context's. ERR_NOT_FOUND is never given: nothing found is a count of 0.
int retrieve(struct tool_context *c, struct search_request *q, struct opened_hit **ret,
    size_t *ret_count, struct error *err);
// Opens chunk hits that came from elsewhere.
int retrieve_open(struct tool_context *c, const struct search_result *r, struct opened_hit *ret,
    struct error *err);

// A document that the context may see; ERR_NOT_FOUND for another partition's too.
int document_visible(
    struct tool_context *c, struct slice id, struct document *ret, struct error *err);
struct slice context_partition(const struct tool_context *c); // never empty

// Adds every element of the hit that carries text as a passage, long ones cut to QUOTE_MAX around the words of the query,
// and writes {document_id, …, passages: [citation…]} as one value. hit_fields is its table.
int hit_put(struct tool_context *c, const struct opened_hit *h, struct slice query,
    struct json_out *j, struct error *err);
extern const struct tool_field hit_fields[];

// The piece of text of at most QUOTE_MAX bytes that holds most of the query's words; whole sentences or rows where it can.
struct slice quote_cut(struct slice text, struct slice query);

// Getters for checked arguments: absent gives the fallback.
struct slice argument_text(const json_t *arguments, const char *name);
int64_t argument_int(const json_t *arguments, const char *name, int64_t fallback);
bool argument_bool(const json_t *arguments, const char *name);
int argument_list(const json_t *arguments, const char *name, struct arena *a,
    const struct slice **ret, size_t *ret_count, struct error *err);

#endif
