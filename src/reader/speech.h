// SPDX-License-Identifier: AGPL-3.0-or-later
// Speech to text: whisper.cpp behind five functions, and the cutting of a long recording into windows it can hear.
//
//   samples ─▶ speech_feed ─▶ window of up to 28 s, cut at its quietest pause ─▶ engine ─▶ words with times ─▶ utterances
//
// The engine hears 30 s at once, so memory is flat. Windows without a voice are never given to it: it would invent words. One
// thread. The model is prepared before the sandbox closes, from bytes; afterwards nothing is opened.
#ifndef LARDER_READER_SPEECH_H
#define LARDER_READER_SPEECH_H

#include "base/error.h"
#include "base/slice.h"
#include "wire/speech_words.h"

enum {
    SPEECH_RATE = 16000,
    SPEECH_WINDOW_S = 28, // the engine's own window is 30
    SPEECH_CUT_FROM_S = 12, // a window ends at the quietest pause after this
};

// From the model's bytes, which may go away afterwards. 0, ERR_UNSUPPORTED (a processor without AVX2), ERR_CORRUPT, ERR_MEMORY.
int speech_prepare(struct slice model);
bool speech_ready(void);

// Hears one window of at most SPEECH_WINDOW_S + 1 seconds that begins at `second`. Words go to ret; how many, or negative.
int speech_hear(
    const float *samples, size_t count, double second, struct speech_word *ret, size_t max);
const char *speech_language(void); // "en": of what was heard so far; "" before

// One stretch of speech that belongs together.
typedef int (*utterance_fn)(void *ctx, const struct speech_word *words, size_t count);
// A window with a voice in it, for an engine elsewhere.
typedef int (*window_fn)(void *ctx, double second, const float *samples, size_t count);

struct speech;
struct speech *speech_new(utterance_fn fn, void *ctx); // hears with the engine
struct speech *speech_new_windows(window_fn fn, void *ctx); // only cuts
int speech_feed(struct speech *s, const float *samples, size_t count); // 0 or what fn returned
int speech_finish(struct speech *s); // hears what is left; 0, or what fn or the engine said
void speech_free(struct speech *s);

// Pure parts, for tests.
// Where to cut a window of n samples: the middle of its quietest tenth of a second after `from`.
size_t speech_cut_at(const float *samples, size_t count, size_t from);
// Is there a voice, or anything else as loud? How many of its tenths of a second.
size_t speech_loud_tenths(const float *samples, size_t count);
// Engines stretch the words before a long silence over it. So silences of over a second are shortened before hearing, and
// the seconds of the words set right afterwards.
struct speech_cut {
    double at, length; // seconds: where in the shortened window, how much was taken out there
};
enum { SPEECH_CUTS_MAX = SPEECH_WINDOW_S + 2 };
// Shortens in place; the new count.
size_t speech_squeeze(
    float *samples, size_t count, struct speech_cut cuts[SPEECH_CUTS_MAX], size_t *ret_cuts);
// The word's seconds in the window as it was. A word that lies over a cut keeps its longer side.
void speech_unsqueeze(const struct speech_cut *cuts, size_t count, struct speech_word *word);

#endif
