// SPDX-License-Identifier: AGPL-3.0-or-later
// Where sources differ: two statements of different documents about the same thing with other values of the same kind. A hint
// for a person, not a proof: both are shown with their citations. One thread.
#ifndef LARDER_ASSIST_CONFLICT_H
#define LARDER_ASSIST_CONFLICT_H

#include "assist/extract.h"
#include "assist/quantity.h"

enum { CONFLICTS_MAX = 8 };

struct conflict {
    enum quantity_kind kind;
    struct slice text[2]; // the statements
    const struct passage *passage[2];
};
// Looks at all sentences and rows of the hits that hold at least half of the question's weight.
int conflicts_find(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct conflict ret[CONFLICTS_MAX], size_t *ret_count, struct error *err);
// "conflicts": [{about, statements: [{text, citation}, {text, citation}]}] as a member of an open object.
void conflicts_put(const struct conflict *list, size_t count, struct json_out *j);
extern const struct tool_field conflict_fields[], statement_fields[];
void statement_put(
    struct slice text, const struct passage *p, struct json_out *j); // {text, citation}

#endif
