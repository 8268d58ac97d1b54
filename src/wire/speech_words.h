// SPDX-License-Identifier: AGPL-3.0-or-later
// Words that were said, with their seconds: how they become utterances, and how an element of speech carries the times.
//
//   times = time [" " time]…     time = start "+" length, in hundredths of a second of the recording
//
// An element's times are either empty or one for each word of its text, where words are parted by single spaces. Pure.
#ifndef LARDER_WIRE_SPEECH_WORDS_H
#define LARDER_WIRE_SPEECH_WORDS_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    SPEECH_WORDS_MAX = 1000, // of one window of half a minute; people say 150 a minute
    SPEECH_WORD_BYTES = 64,
    SPEECH_UTTERANCE_S = 12, // then the next comma or pause ends it
    SPEECH_UTTERANCE_MAX_S = 20,
    SPEECH_TIMES_MAX = 64 << 10, // bytes of an element's times
};

struct speech_word {
    float start, end; // seconds in the recording
    char text[SPEECH_WORD_BYTES]; // with its punctuation, no spaces
};

// How many of the words make the first utterance: up to the end of a sentence, a pause, or a length.
size_t speech_utterance(const struct speech_word *words, size_t count);

struct element;
// The words as an element of speech; text and times take what it lends. False when memory ran out.
bool speech_element(const struct speech_word *words, size_t count, struct buf *text,
    struct buf *times, struct element *ret);

// Takes one time off the beginning; false at the end or if there is none.
bool speech_time_next(struct slice *times, double *ret_start, double *ret_end);
// Is each word of the text given exactly one time, and are all of them well formed? Empty times are right for any text.
bool speech_times_fit(struct slice times, struct slice text);

#endif
