// SPDX-License-Identifier: AGPL-3.0-or-later
// What kind of answer a question wants, as far as its words say: a number of things, a quantity, a moment, a number of
// some kind. A passage that holds all words of "how many people work here?" but no number is no answer. Pure; any thread.
#ifndef LARDER_ASSIST_WANTED_H
#define LARDER_ASSIST_WANTED_H

#include "assist/quantity.h"
#include "text/words.h"

enum { WANTED_WORDS_MAX = 3 };

enum wanted_kind {
    WANTED_ANYTHING, // the words don't say
    WANTED_COUNT, // "how many pages": a number near that word
    WANTED_QUANTITY, // "how hot", "what voltage": a number with such a unit
    WANTED_DATE, // "when was": a day, month, year or time
    WANTED_NUMBER, // "the phone number", "how much": any digit
};
struct value_wanted {
    enum wanted_kind kind;
    bool units[QUANTITY_KINDS]; // for WANTED_QUANTITY
    char counted[WANTED_WORDS_MAX][WORD_MAX]; // for WANTED_COUNT: stems of "rest breaks"
    size_t counted_words; // 0: anything
    bool names_day; // "on Sunday"
    bool time, who; // "when", "what time", "how often"; "who": for wanted_worth only
};
void wanted_read(struct slice question, struct value_wanted *ret);
// Does the text hold something of that kind? header: of a table's row, whose words stand for the cells below; may be empty.
bool wanted_given(const struct value_wanted *w, struct slice header, struct slice text);
// Is a column of that name where who or when is told?
bool wanted_names(const struct value_wanted *w, struct slice header);
// How much a text, as it is shown, is worth as an answer to such a question: 1, or less if it lacks what is wanted.
double wanted_worth(const struct value_wanted *w, struct slice header, struct slice text);

#endif
