// SPDX-License-Identifier: AGPL-3.0-or-later
// The passages that a run really retrieved, numbered from 1 in the order they came. A citation is a number of this list, so
// that nothing can be cited that was not retrieved; every passage is a piece of one element's text, exactly as stored, with
// that element's place. One thread at a time; lives in the run's arena.
#ifndef LARDER_ASSIST_EVIDENCE_H
#define LARDER_ASSIST_EVIDENCE_H

#include "assist/tool.h"
#include "search/search.h"

enum {
    EVIDENCE_MAX = 200, // passages of one run
    QUOTE_MAX =
        1200, // bytes of a passage that is shown to a model or quoted; cut at a sentence or word
};

struct passage {
    int number; // 1-based
    const char *document_id, *document_name, *type;
    int64_t chunk_index; // for the link
    int64_t element; // index of the element that holds the quote
    struct slice heading; // path of headings above
    struct slice quote; // exact bytes of the element's text
    const char *place; // the element's, as JSON, "null" if none
    const char *place_words; // "page 12"; of a table's row that is quoted alone: "row 7"
    const char *link; // opens the web app at the place, or at that row
    const char *picture; // link of the page's or figure's picture; NULL: none
    const char *play; // link that begins to play there; NULL: no recording
    bool speech; // from a recording
    bool doubtful; // recognised with doubt
};

struct evidence {
    struct arena *arena;
    struct passage *items[EVIDENCE_MAX];
    size_t count;
};

// The passage of that number, or NULL.
const struct passage *evidence_find(const struct evidence *e, int64_t number);
// Where a passage comes from; everything is copied.
struct passage_source {
    const char *document_id, *document_name, *type;
    int64_t chunk_index;
    struct slice heading;
};
// Adds a piece of an element as a passage, or gives the one that is there with the same element and quote. ERR_LIMIT when
// the list is full.
int evidence_add(struct evidence *e, const struct passage_source *s, const struct element_row *row,
    struct slice quote, const struct passage **ret, struct error *err);
// {number, document_id, document_name, type, place, place_words, heading, quote, link, picture?, play?} as a value.
void passage_put_citation(struct json_out *j, const struct passage *p);
extern const struct tool_field citation_fields[]; // the table of it, for tools' results

#endif
