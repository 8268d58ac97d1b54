// SPDX-License-Identifier: AGPL-3.0-or-later
// Words of a text as search sees them: runs of letters and digits, folded to lower case without accents, and stemmed as
// the index stems them (Porter 1980). CJK characters are a word each. Pure; any thread.
#ifndef LARDER_TEXT_WORDS_H
#define LARDER_TEXT_WORDS_H

#include "base/buf.h"
#include "base/slice.h"

enum { WORD_MAX = 64 }; // bytes of a folded word; longer ones are cut

struct word {
    size_t start, end; // bytes in the text
    char folded[WORD_MAX]; // NUL-terminated
};
// The next word at or after *at; moves *at past it. False at the end.
bool word_next(struct slice text, size_t *at, struct word *ret_word);
// The Porter stem of a folded ASCII word, in place; words with other letters stay as they are.
void word_stem(char word[WORD_MAX]);
bool word_is_stop(const char *folded); // "the", "of", "how" …: carries no topic in a question
// Is it one of these, which have a space between them?
static inline bool word_among(const char *folded, const char *words)
{
    return slice_among(slice_of(folded), words);
}
bool code_point_is_cjk(uint32_t c);
bool code_point_is_word(uint32_t c); // letter, digit or combining mark
uint32_t code_point_fold(uint32_t c); // lower case, accents off (Latin, Greek, Cyrillic)

#endif
