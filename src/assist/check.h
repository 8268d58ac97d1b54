// SPDX-License-Identifier: AGPL-3.0-or-later
// The check of a model's answer: every sentence must cite passages that were retrieved in this run and that hold what it
// says; others are marked. Pure but for the arena; one thread.
#ifndef LARDER_ASSIST_CHECK_H
#define LARDER_ASSIST_CHECK_H

#include "assist/answer.h"

// Reads the text with its numbers in brackets into sentences. A number that names no passage of this run is dropped. A
// sentence is supported when half of its words that matter, and every number in it, stand in the passages that it cites; a
// line that only leads to others (ends with a colon) goes with the next. refused is set when nothing but "I don't know" is
// left. Returns the number of sentences that are not supported.
size_t answer_check(
    struct slice text, const struct evidence *e, struct arena *a, struct answer *ret);

#endif
