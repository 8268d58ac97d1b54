// SPDX-License-Identifier: AGPL-3.0-or-later
// A snippet: the stretch of a text that holds most of the wanted words, cut at words, with each match in <mark>…</mark>
// and everything else escaped for HTML. Pure; any thread.
#ifndef LARDER_TEXT_SNIPPET_H
#define LARDER_TEXT_SNIPPET_H

#include "base/buf.h"
#include "text/words.h"

enum { SNIPPET_TERMS_MAX = 32 };

struct snippet_terms {
    char stems[SNIPPET_TERMS_MAX][WORD_MAX];
    bool prefix[SNIPPET_TERMS_MAX]; // matches words that begin so, unstemmed
    uint8_t words[SNIPPET_TERMS_MAX]; // of the term that begins here; 0: a further word of one
    size_t count; // of words
};
// Adds each word as typed, a term of its own: folded, stemmed. Past the limit it is left out.
void snippet_terms_add(struct snippet_terms *t, struct slice words, bool prefix);
// Adds one term of words that stand one behind the other: a phrase, a code ("E-21").
void snippet_terms_add_phrase(struct snippet_terms *t, struct slice words);
// The term that begins with this word of the text, or -1; *end: where in the text it ends.
int snippet_match(
    const struct snippet_terms *t, const struct word *w, struct slice text, size_t *end);
// Appends at most about max_chars characters (at least 40) plus marks. Without a match: the beginning.
void snippet_add(struct buf *b, struct slice text, const struct snippet_terms *t, size_t max_chars);
// How many different terms occur in the text.
size_t snippet_count_terms(struct slice text, const struct snippet_terms *t);
void html_escape_add(struct buf *b, struct slice text); // & < > " ' as entities

#endif
