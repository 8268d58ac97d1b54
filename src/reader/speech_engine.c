// SPDX-License-Identifier: AGPL-3.0-or-later
// The engine: whisper.cpp, built in from a pinned package, with the model from two others (third_party.lock). Five beams, as its
// own tool, one thread; tokens get times from the engine's own estimate, words are tokens up to the next space.
#include "reader/speech.h"

#include "base/utf8.h"

#include <stdio.h>
#include <whisper.h>

enum { MODEL_LEAST = 1 << 20 };
enum { SHORTEST = SPEECH_RATE + SPEECH_RATE / 10 }; // the engine wants a second at least
#define NO_SPEECH 0.8f // above it the segment is noise, if it is not sure of the words either
#define SURE 0.4f

static struct whisper_context *engine;
static struct whisper_full_params
    defaults; // taken early: taking them counts the processors, which opens a file
static char language[8];

static void silent(enum ggml_log_level level, const char *text, void *ctx)
{
    (void)level;
    (void)text;
    (void)ctx;
}

static bool processor_fits(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
#else
    return true;
#endif
}

int speech_prepare(struct slice model)
{
    struct whisper_context_params p = whisper_context_default_params();

    if (model.len < MODEL_LEAST || memcmp(model.data, "lmgg", 4) != 0) {
        return ERR_CORRUPT; // the engine itself does not survive another file
    }
    if (!processor_fits()) {
        return ERR_UNSUPPORTED;
    }
    whisper_log_set(silent, NULL);
    p.use_gpu = false;
    p.flash_attn = true;
    defaults = whisper_full_default_params(WHISPER_SAMPLING_BEAM_SEARCH);
    engine = whisper_init_from_buffer_with_params((void *)(uintptr_t)model.data, model.len, p);
    return engine ? 0 : ERR_CORRUPT;
}

bool speech_ready(void)
{
    return engine != NULL;
}

const char *speech_language(void)
{
    return language;
}

static struct whisper_full_params how(void)
{
    struct whisper_full_params p = defaults;

    p.n_threads = 1;
    p.no_context = true; // a wrong word must not be repeated for an hour
    p.print_progress = p.print_realtime = p.print_timestamps = p.print_special = false;
    p.token_timestamps = true;
    p.suppress_nst = true;
    p.language = language[0] ? language : whisper_is_multilingual(engine) ? "auto" : "en";
    return p;
}

// A segment that is most likely music or noise.
static bool doubtful(int segment)
{
    int n = whisper_full_n_tokens(engine, segment);
    float sum = 0;

    for (int i = 0; i < n; i++) {
        sum += whisper_full_get_token_p(engine, segment, i);
    }
    return n == 0 || (whisper_full_get_segment_no_speech_prob(engine, segment) > NO_SPEECH &&
                         sum / (float)n < SURE);
}

struct words {
    struct speech_word *items;
    size_t count, max;
    double second, length;
};

static float clamp(const struct words *w, int64_t hundredths)
{
    double s = (double)hundredths / 100;
    return (float)(w->second + (s < 0 ? 0 : s > w->length ? w->length : s));
}

static void add_token(struct words *w, const char *text, const whisper_token_data *d, bool first)
{
    bool begins = first || text[0] == ' ' || w->count == 0;

    while (*text == ' ') {
        text++;
    }
    if (!*text || (begins && w->count == w->max)) {
        return;
    }
    if (begins) {
        w->items[w->count++] = (struct speech_word){ .start = clamp(w, d->t0) };
    }
    struct speech_word *one = &w->items[w->count - 1];
    size_t had = strlen(one->text);
    snprintf(one->text + had, sizeof(one->text) - had, "%s", text);
    one->end = clamp(w, d->t1 > d->t0 ? d->t1 : d->t0);
}

static void add_segment(struct words *w, int segment)
{
    int n = whisper_full_n_tokens(engine, segment);
    bool first = true;

    for (int i = 0; i < n; i++) {
        whisper_token_data d = whisper_full_get_token_data(engine, segment, i);
        if (d.id < whisper_token_eot(engine)) {
            add_token(w, whisper_full_get_token_text(engine, segment, i), &d, first);
            first = false;
        }
    }
}

// Times that run backwards or stand still are put in order; a word that was cut inside a letter loses the rest of it.
static void tidy(struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct speech_word *one = &w->items[i];
        if (i && one->start < w->items[i - 1].start) {
            one->start = w->items[i - 1].start;
        }
        one->end = one->end < one->start ? one->start : one->end;
        one->text[utf8_prefix(slice_of(one->text), sizeof(one->text) - 1).len] = '\0';
    }
}

int speech_hear(
    const float *samples, size_t count, double second, struct speech_word *ret, size_t max)
{
    static float padded[SHORTEST];
    struct words w = {
        .items = ret, .max = max, .second = second, .length = (double)count / SPEECH_RATE
    };

    if (!engine) {
        return 0;
    }
    struct whisper_full_params p = how();
    if (count < SHORTEST) {
        memset(padded, 0, sizeof(padded));
        memcpy(padded, samples, count * sizeof(float));
        samples = padded;
        count = SHORTEST;
    }
    if (whisper_full(engine, p, samples, (int)count) != 0) {
        return ERR_MEMORY;
    }
    for (int i = 0; i < whisper_full_n_segments(engine); i++) {
        if (!doubtful(i)) {
            add_segment(&w, i);
        }
    }
    if (w.count && !language[0]) { // of the whole recording, from its first words
        snprintf(language, sizeof(language), "%s", whisper_lang_str(whisper_full_lang_id(engine)));
    }
    tidy(&w);
    return (int)w.count;
}
