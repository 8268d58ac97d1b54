// SPDX-License-Identifier: AGPL-3.0-or-later
// Cutting: windows out of a stream of samples, utterances out of words.
#include "reader/speech.h"

#include <math.h>
#include <stdlib.h>

enum {
    WINDOW = SPEECH_WINDOW_S * SPEECH_RATE,
    CUT_FROM = SPEECH_CUT_FROM_S * SPEECH_RATE,
    TENTH = SPEECH_RATE / 10,
    LOUD_TENTHS_LEAST = 2, // a word takes two
    SILENCE_TENTHS_LEAST = 12, // shorter ones are pauses between sentences
    SILENCE_TENTHS_KEPT = 3, // on each side: words begin and end softly
};
#define QUIET_RMS 0.0012 // -58 dB: below is silence even in a whisper's recording
#define LOUD_ABOVE_FLOOR 2.0 // of the quiet tenths of the window

struct speech {
    utterance_fn fn;
    window_fn window; // instead of fn
    void *ctx;
    float *samples;
    size_t count;
    int64_t before; // samples that came before samples[0]
    struct speech_word *words;
};

static double rms(const float *s, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)s[i] * s[i];
    }
    return n ? sqrt(sum / (double)n) : 0;
}

size_t speech_cut_at(const float *samples, size_t count, size_t from)
{
    size_t best = count;
    double least = INFINITY;

    for (size_t at = from; at + TENTH <= count; at += TENTH / 2) {
        double loud = rms(samples + at, TENTH);
        if (loud <= least) { // the last of equally quiet ones: long windows are heard best
            least = loud;
            best = at + TENTH / 2;
        }
    }
    return best;
}

// The loudness above which a tenth of a second of these is no silence.
static double loud_from(const float *samples, size_t count)
{
    double floor = INFINITY;

    for (size_t i = 0; i < count / TENTH; i++) {
        double r = rms(samples + i * TENTH, TENTH);
        floor = r < floor ? r : floor;
    }
    // A window that is loud throughout has no floor; then only silence counts as quiet.
    return floor * LOUD_ABOVE_FLOOR > QUIET_RMS && floor < 20 * QUIET_RMS ? floor * LOUD_ABOVE_FLOOR
                                                                          : QUIET_RMS;
}

size_t speech_loud_tenths(const float *samples, size_t count)
{
    double least = loud_from(samples, count);
    size_t loud = 0, tenths = count / TENTH;

    for (size_t i = 0; i < tenths; i++) {
        loud += rms(samples + i * TENTH, TENTH) > least;
    }
    return loud;
}

// Of a silence from tenth `from` to tenth `to`: the samples that are taken out of its middle.
static bool middle_of(size_t from, size_t to, size_t *ret_from, size_t *ret_count)
{
    if (to - from < SILENCE_TENTHS_LEAST) {
        return false;
    }
    *ret_from = (from + SILENCE_TENTHS_KEPT) * TENTH;
    *ret_count = (to - from - 2 * SILENCE_TENTHS_KEPT) * TENTH;
    return true;
}

size_t speech_squeeze(
    float *samples, size_t count, struct speech_cut cuts[SPEECH_CUTS_MAX], size_t *ret_cuts)
{
    double least = loud_from(samples, count);
    size_t tenths = count / TENTH, quiet_from = 0, kept = 0, read = 0, n = 0;

    for (size_t i = 0; i <= tenths; i++) {
        bool loud = i == tenths || rms(samples + i * TENTH, TENTH) > least;
        size_t from = 0, length = 0;
        if (!loud) {
            continue;
        }
        if (n < SPEECH_CUTS_MAX && middle_of(quiet_from, i, &from, &length)) {
            memmove(samples + kept, samples + read, (from - read) * sizeof(float));
            kept += from - read;
            read = from + length;
            cuts[n++] = (struct speech_cut){ .at = (double)kept / SPEECH_RATE,
                .length = (double)length / SPEECH_RATE };
        }
        quiet_from = i + 1;
    }
    memmove(samples + kept, samples + read, (count - read) * sizeof(float));
    *ret_cuts = n;
    return kept + count - read;
}

void speech_unsqueeze(const struct speech_cut *cuts, size_t count, struct speech_word *word)
{
    double start = word->start, end = word->end, added = 0, added_end = 0;

    for (size_t i = 0; i < count; i++) {
        double at = cuts[i].at;
        if (start >= at - SILENCE_TENTHS_KEPT / 10.0 && start < at) { // it can't begin in silence
            start = at;
            end = end > at ? end : at;
        } else if (start < at && end > at) {
            if (at - start >= end - at) {
                end = at;
            } else {
                start = at;
            }
        }
        added += start >= at ? cuts[i].length : 0;
        added_end += end > at || start >= at ? cuts[i].length : 0;
    }
    word->start = (float)(start + added);
    word->end = (float)(end + added_end);
}

static int tell(struct speech *s, const struct speech_word *words, size_t count)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < count;) {
        size_t n = speech_utterance(words + at, count - at);
        rc = s->fn(s->ctx, words + at, n);
        at += n;
    }
    return rc;
}

static int hear_here(struct speech *s, size_t count)
{
    struct speech_cut cuts[SPEECH_CUTS_MAX];
    size_t cut_count = 0;
    float before = (float)((double)s->before / SPEECH_RATE);

    count = speech_squeeze(s->samples, count, cuts, &cut_count);
    int n = speech_hear(s->samples, count, 0, s->words, SPEECH_WORDS_MAX);
    for (int i = 0; i < n; i++) {
        speech_unsqueeze(cuts, cut_count, &s->words[i]);
        s->words[i].start += before;
        s->words[i].end += before;
    }
    return n < 0 ? n : tell(s, s->words, (size_t)n);
}

static int hear(struct speech *s, size_t count)
{
    size_t loud = speech_loud_tenths(s->samples, count);
    int rc = 0;

    if (loud >= LOUD_TENTHS_LEAST) {
        rc = s->window ? s->window(s->ctx, (double)s->before / SPEECH_RATE, s->samples, count)
                       : hear_here(s, count);
    }
    memmove(s->samples, s->samples + count, (s->count - count) * sizeof(float));
    s->count -= count;
    s->before += (int64_t)count;
    return rc;
}

struct speech *speech_new(utterance_fn fn, void *ctx)
{
    struct speech *s = xalloc(sizeof(*s));
    *s = (struct speech){ .fn = fn, .ctx = ctx };
    s->samples = xalloc(WINDOW * sizeof(float));
    s->words = xalloc(SPEECH_WORDS_MAX * sizeof(*s->words));
    return s;
}

struct speech *speech_new_windows(window_fn fn, void *ctx)
{
    struct speech *s = speech_new(NULL, ctx);
    s->window = fn;
    return s;
}

int speech_feed(struct speech *s, const float *samples, size_t count)
{
    int rc = 0;

    while (rc == 0 && count) {
        size_t n = WINDOW - s->count < count ? WINDOW - s->count : count;
        memcpy(s->samples + s->count, samples, n * sizeof(float));
        s->count += n;
        samples += n;
        count -= n;
        if (s->count == WINDOW) {
            rc = hear(s, speech_cut_at(s->samples, s->count, CUT_FROM));
        }
    }
    return rc;
}

int speech_finish(struct speech *s)
{
    return s->count ? hear(s, s->count) : 0;
}

void speech_free(struct speech *s)
{
    if (s) {
        free(s->samples);
        free(s->words);
        free(s);
    }
}
