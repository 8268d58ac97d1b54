// SPDX-License-Identifier: AGPL-3.0-or-later
// What an answer without a model is put together from: the sentences and table rows of the passages found, each weighed by how
// much of the question it holds. One thread; lives in the run's arena.
#ifndef LARDER_ASSIST_UNITS_H
#define LARDER_ASSIST_UNITS_H

#include "assist/extract.h"

enum { UNITS_MAX = 600 }; // sentences and rows that are weighed

// A sentence, or a row of a table.
struct unit {
    const struct opened_hit *hit;
    const struct element_row *row;
    const struct element_row
        *lead; // of a list's item: the sentence that leads to the list, or NULL
    struct slice text; // as it stands in the element
    struct slice
        shown; // a table's row with its header's words; else the text, without a number in front
    struct slice key; // of a table's row: what it is about
    bool told; // it says something that the question does not
    bool asked; // of a table's row: the question names all of what it is about
    int order; // of its document among those said, from the best
    double counts[QUESTION_TERMS_MAX]; // in what is shown
    double score; // share of the question's weight that it and its heading hold
    double factor; // for its rank and its kind
    bool said;
};
struct units {
    struct arena *arena;
    struct unit *items;
    size_t count;
};
// Weighs all that the hits say; ERR_MEMORY.
int units_collect(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct units *ret, struct error *err);

// "6.1 How often to filter ... 8": a line of a table of contents.
bool unit_is_contents_line(struct slice text);
// "Harbor Grill  |  Food Safety Basics  |  4": what stands at the foot of every slide.
bool unit_is_running_line(const struct unit *u);
// "3. " and "- " in front of a sentence that is said alone are left out.
struct slice unit_without_mark(struct slice text);

#endif
