// SPDX-License-Identifier: AGPL-3.0-or-later
// The answer of an OpenAI-style speech service, verbose_json, as words with seconds. Strict: what is not of the right type,
// out of range or without times is an error; nothing is guessed. Pure; any thread.
#ifndef LARDER_INGEST_TRANSCRIPT_H
#define LARDER_INGEST_TRANSCRIPT_H

#include "base/error.h"
#include "base/slice.h"
#include "wire/speech_words.h"

enum { TRANSCRIPT_MAX_BYTES = 1 << 20, TRANSCRIPT_LANGUAGE_MAX = 32 };

struct transcript {
    size_t count; // of the words
    char language[TRANSCRIPT_LANGUAGE_MAX]; // "english", "en"; "" if it is not said
    struct speech_word words[SPEECH_WORDS_MAX];
};
// window: seconds of sound that were sent, which begin at `second` of the recording; the words' seconds are of the recording.
// Words come from `words`, with the marks of `segments` when both have the same words; else from the `words` of each segment
// (whisper.cpp's server and faster-whisper's have them there, the former in pieces); else from the segments' texts, each word
// given the share of the time that its letters take. 0 or ERR_CORRUPT.
int transcript_parse(
    struct slice json, double window, double second, struct transcript *ret, struct error *err);

#endif
