// SPDX-License-Identifier: AGPL-3.0-or-later
// Cutting: windows out of a stream of samples, utterances out of words.
#include "reader/speech.h"

#include "base/buf.h"

#include <math.h>
#include <stdlib.h>

enum {
    WINDOW = SPEECH_WINDOW_S * SPEECH_RATE,
    CUT_FROM = SPEECH_CUT_FROM_S * SPEECH_RATE,
    TENTH = SPEECH_RATE / 10,
    LOUD_TENTHS_LEAST = 2, // a word takes two
};
#define QUIET_RMS 0.0012 // -58 dB: below is silence even in a whisper's recording
#define LOUD_ABOVE_FLOOR 2.0 // of the quiet tenths of the window
#define PAUSE_S 0.7 // between two words: ends an utterance

struct speech {
    utterance_fn fn;
    void *ctx;
    float *samples;
    size_t count;
    int64_t before; // samples that came before samples[0]
    size_t voiced_tenths;
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

size_t speech_loud_tenths(const float *samples, size_t count)
{
    double floor = INFINITY;
    size_t loud = 0, tenths = count / TENTH;

    for (size_t i = 0; i < tenths; i++) {
        double r = rms(samples + i * TENTH, TENTH);
        floor = r < floor ? r : floor;
    }
    // A window that is loud throughout has no floor; then only silence counts as quiet.
    double least = floor * LOUD_ABOVE_FLOOR > QUIET_RMS && floor < 20 * QUIET_RMS
                       ? floor * LOUD_ABOVE_FLOOR
                       : QUIET_RMS;
    for (size_t i = 0; i < tenths; i++) {
        loud += rms(samples + i * TENTH, TENTH) > least;
    }
    return loud;
}

static bool ends_with(const struct speech_word *w, const char *marks)
{
    size_t n = strlen(w->text);
    while (n > 1 && (w->text[n - 1] == '"' || w->text[n - 1] == '\'')) {
        n--;
    }
    return n && strchr(marks, w->text[n - 1]);
}

size_t speech_utterance(const struct speech_word *words, size_t count)
{
    size_t comma = 0;

    for (size_t i = 0; i < count; i++) {
        double length = words[i].end - words[0].start;
        double pause = i + 1 < count ? words[i + 1].start - words[i].end : 0;
        if (length > SPEECH_UTTERANCE_MAX_S && i > 0) {
            return comma ? comma : i;
        }
        if (ends_with(&words[i], ".?!") || (pause > PAUSE_S && i >= 3)) {
            return i + 1;
        }
        if (ends_with(&words[i], ",;:") || pause > PAUSE_S / 2) {
            comma = i + 1;
            if (length > SPEECH_UTTERANCE_S) {
                return comma;
            }
        }
    }
    return count;
}

static int tell(struct speech *s, const struct speech_word *words, size_t count)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < count;) {
        AUTO_BUF text = BUF_INIT(SPEECH_WORDS_MAX * SPEECH_WORD_BYTES);
        size_t n = speech_utterance(words + at, count - at);
        for (size_t i = 0; i < n; i++) {
            buf_addf(&text, "%s%s", i ? " " : "", words[at + i].text);
        }
        rc = buf_ok(&text) ? s->fn(s->ctx, words[at].start, words[at + n - 1].end, buf_slice(&text))
                           : ERR_MEMORY;
        at += n;
    }
    return rc;
}

static int hear(struct speech *s, size_t count)
{
    size_t loud = speech_loud_tenths(s->samples, count);
    int rc = 0;

    if (loud >= LOUD_TENTHS_LEAST) {
        s->voiced_tenths += loud;
        int n = speech_hear(
            s->samples, count, (double)s->before / SPEECH_RATE, s->words, SPEECH_WORDS_MAX);
        rc = n < 0 ? n : tell(s, s->words, (size_t)n);
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

double speech_voiced_seconds(const struct speech *s)
{
    return (double)s->voiced_tenths / 10;
}

void speech_free(struct speech *s)
{
    if (s) {
        free(s->samples);
        free(s->words);
        free(s);
    }
}
