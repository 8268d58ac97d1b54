// SPDX-License-Identifier: AGPL-3.0-or-later
// What a question asks for, as weighted words: its own words count fully, words of earlier turns less (a follow-up such as
// "how often?" means nothing without them). Rare words weigh more; a word that stands in no document at all weighs most and
// is the strongest sign that nothing here can answer. One thread; immutable once made.
#ifndef LARDER_ASSIST_QUESTION_H
#define LARDER_ASSIST_QUESTION_H

#include "assist/action.h"
#include "assist/quantity.h"
#include "assist/tool.h"
#include "assist/wanted.h"
#include "text/words.h"

enum {
    QUESTION_MAX = 4000, // bytes
    QUESTION_TERMS_MAX = 40,
    HISTORY_MAX = 40, // turns that are looked at
};

struct turn {
    bool user; // else the assistant
    struct slice text;
};

struct question_term {
    char stem[WORD_MAX];
    double weight; // 1 for the question's own words, less for earlier turns
    double idf; // by chunks of the partition, at least a little above 0
    bool known; // stands in some chunk of the partition, or asks for a value
    bool written; // stands in some chunk of the partition
    bool own; // of the question itself
    bool
        code; // letters with digits: a model, a part, an error. What is not about the same one is no answer.
    bool object; // of the thing that the question is about: "of the grill", "the fryer's"
    bool verb; // what is to be done: "open" in "how do I open the door"
    int phrase; // the named thing that it is a word of ("the light bulb", "which cloth"), from 1; 0: of none
    enum action action; // "turn off": a text with "shut … down" holds it; then stem is ""
    int kind; // enum quantity_kind that it asks for ("voltage": a text with "208 V" holds it), or -1
};
struct question {
    struct slice text;
    struct question_term terms[QUESTION_TERMS_MAX];
    size_t count;
    double total, own_total; // sums of weight * idf
    double known_total; // of those that stand in some chunk
    double unknown; // share of own_total that no chunk holds
    bool follow_up; // leans on what was said before
    bool alone; // nobody spoke before
    struct value_wanted wanted;
    bool asks_how; // wants steps: "how do I", "what should I do"
    bool asks_which; // wants all of a kind: "which items"
    bool asks_meaning; // what a word means or stands for
    bool asks_allowed; // "may I", "is it safe to"
    bool asks_about; // wants to know what something is: "what are the duties of"
    const char
        *search; // query for search_run: no operators, words of earlier turns added to a follow-up
};
// turns: earlier ones, oldest first; may be NULL.
int question_make(struct tool_context *c, struct slice text, const struct turn *turns,
    size_t turn_count, struct question *ret, struct error *err);

// The next word as word_next gives it, but "E-12" and "E12" are the same one word, "e12".
bool question_word_next(struct slice text, size_t *at, struct word *ret);
// How often each term stands in a text; add to counts[count of terms]. Returns the number of words.
size_t question_count(const struct question *q, struct slice text, double add, double *counts);
// The same, but a value stands only for a word that no document holds: whether to answer at all is not decided by any price
// where prices are asked for.
size_t question_count_strictly(
    const struct question *q, struct slice text, double add, double *counts);
// Share of the question's weight (own words only, or all) whose terms have a count.
double question_covered(const struct question *q, const double *counts, bool own_only);

#endif
