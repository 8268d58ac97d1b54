// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers without a model: the sentences of the best passages that say most of what is asked, or the steps of the list that
// the question is about, each with its citation; or the plain statement that the documents don't support an answer, with
// what is closest. Nothing is written that does not stand in a document.
#ifndef LARDER_ASSIST_EXTRACT_H
#define LARDER_ASSIST_EXTRACT_H

#include "assist/answer.h"
#include "assist/question.h"
#include "assist/retrieve.h"

enum { EXTRACT_HITS = 16, EXTRACT_SAID_MAX = 12 };
extern const double support_least; // confidence from which an answer is given

// Searches and decides; fills ret and the context's evidence.
int extract_answer(
    struct tool_context *c, const struct question *q, struct answer *ret, struct error *err);

// Parts, for tools and tests.
// Weighs the hits against the question; hits need not be sorted.
void support_measure(
    const struct question *q, const struct opened_hit *hits, size_t count, struct support *ret);
// The list of steps that fits best among the hits: at least two items in order, with their citations. 0 items: none.
int extract_steps(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct answer *ret, struct error *err);
// The sentences and rows of the hits that say most of what is asked, at most `most`, added to ret in reading order.
int extract_sentences(struct tool_context *c, const struct question *q,
    const struct opened_hit *hits, size_t count, size_t most, struct answer *ret,
    struct error *err);
// All rows of the table that `row` is a piece of which hold as much of the question as the best of them: what each is about,
// and the cells that are asked for. Fewer than two: nothing is added.
int extract_rows(struct tool_context *c, const struct question *q, const struct opened_hit *h,
    const struct element_row *row, struct answer *ret, struct error *err);
// Does a sentence lead to a list ("Never do this:")? Without it the list's items may say the opposite.
bool element_leads(const struct element *e);
// Does a text warn of danger ("Warning: hot oil", "disconnect the power")?
bool text_warns(struct slice text);

#endif
