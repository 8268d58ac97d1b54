// SPDX-License-Identifier: AGPL-3.0-or-later
// The seconds of a found passage within a stretch of speech: from the first to the last of the words that were asked for,
// where most of them stand closest together. Pure; any thread.
#ifndef LARDER_SEARCH_MOMENT_H
#define LARDER_SEARCH_MOMENT_H

#include "base/slice.h"
#include "text/snippet.h"

enum { MOMENT_WORDS_MAX = 512 }; // of one stretch that match; further ones are not looked at

// text and times as of an element of speech (wire/speech_words.h). False, and nothing written, when it has no times or none
// of the words.
bool moment_find(struct slice text, struct slice times, const struct snippet_terms *terms,
    double ret_seconds[2]);

#endif
