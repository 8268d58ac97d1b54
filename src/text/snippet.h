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
    size_t count;
};
// Adds a word as typed: folded, stemmed. Past the limit it is left out.
void snippet_terms_add(struct snippet_terms *t, struct slice word, bool prefix);
// The term that a word of the text matches, or -1.
int snippet_match(const struct snippet_terms *t, const struct word *w);
// Appends at most about max_chars characters (at least 40) plus marks. Without a match: the beginning.
void snippet_add(struct buf *b, struct slice text, const struct snippet_terms *t, size_t max_chars);
// How many different terms occur in the text.
size_t snippet_count_terms(struct slice text, const struct snippet_terms *t);
void html_escape_add(struct buf *b, struct slice text); // & < > " ' as entities

#endif
