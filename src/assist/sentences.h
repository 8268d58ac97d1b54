// SPDX-License-Identifier: AGPL-3.0-or-later
// Sentences of a text: cut after . ! ? before a capital, digit or bracket, and at line ends; not after "e.g.", "No." or a
// single capital. Pure; any thread.
#ifndef LARDER_ASSIST_SENTENCES_H
#define LARDER_ASSIST_SENTENCES_H

#include "base/slice.h"

enum { SENTENCE_MAX = 600 }; // bytes; a longer one is cut at a word

// The next sentence, trimmed and never empty; moves *at past it. False at the end.
bool sentence_next(struct slice text, size_t *at, struct slice *ret);

#endif
