// SPDX-License-Identifier: AGPL-3.0-or-later
// BERT's tokenisation of lower-cased text: a text becomes the numbers of the pieces that a model's vocabulary has for it,
// [CLS] in front and [SEP] behind. The basic step (control characters out, ideographs apart, accents off, lower case, cut
// at white space and punctuation) and WordPiece (the longest piece first, "##" inside a word) give what the reference
// implementation gives, but for one thing: a text that spells "[SEP]" or "[MASK]" is text here and never a special mark.
// Immutable after opening; any thread.
#ifndef LARDER_MODELS_WORDPIECE_H
#define LARDER_MODELS_WORDPIECE_H

#include "base/error.h"
#include "base/slice.h"

enum {
    WORDPIECE_VOCABULARY_MAX = 1 << 20, // pieces
    WORDPIECE_VOCABULARY_BYTES = 32 << 20,
    WORDPIECE_WORD_MAX = 100, // characters; a longer word is [UNK]
    WORDPIECE_TOKENS_MAX = 512, // with both marks; what is behind is cut off
};

struct wordpiece;
// lines: one piece a line, in the order of their numbers, with [CLS], [SEP] and [UNK] among them. Copied.
int wordpiece_open(struct slice lines, struct wordpiece **ret, struct error *err);
void wordpiece_free(struct wordpiece *w);
size_t wordpiece_count(const struct wordpiece *w); // pieces
// Writes at most `most` numbers (3 to WORDPIECE_TOKENS_MAX); returns how many.
size_t wordpiece_encode(
    const struct wordpiece *w, struct slice text, int32_t *ret_tokens, size_t most);
// [CLS] a [SEP] b [SEP], with type 0 for a's part and 1 for b's; a is given half of the room at most.
size_t wordpiece_encode_pair(const struct wordpiece *w, struct slice a, struct slice b,
    int32_t *ret_tokens, int32_t *ret_types, size_t most);

// wordpiece_text.c: the basic step. Gives the words one after the other, as they are looked up.
struct basic_words {
    struct slice rest; // of the text
    uint32_t pending[4]; // code points of the character that is being given
    int pending_count, pending_at;
};
struct basic_words basic_words_of(struct slice text);
// The next word as UTF-8; the characters past WORDPIECE_WORD_MAX are counted but not written. False at the end.
struct basic_word {
    char text[WORDPIECE_WORD_MAX * 4];
    size_t len, characters;
};
bool basic_words_next(struct basic_words *b, struct basic_word *ret);

#endif
