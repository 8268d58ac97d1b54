// SPDX-License-Identifier: AGPL-3.0-or-later
// Speech: where windows are cut, what counts as a voice, how words become utterances; and one short hearing with the model.
#include "ooxml_test.h"

#include "reader/speech.h"

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RATE = SPEECH_RATE };

static float *tone(size_t seconds, double loud)
{
    float *s = calloc(seconds * RATE, sizeof(float));
    for (size_t i = 0; i < seconds * RATE; i++) {
        s[i] = (float)(loud * sin((double)i * 0.2));
    }
    return s;
}

static void a_window_is_cut_at_its_quietest_pause(void **state)
{
    float *s = tone(28, 0.3);
    (void)state;
    memset(s + 17 * RATE, 0, RATE / 2 * sizeof(float));
    memset(s + 3 * RATE, 0, RATE * sizeof(float)); // longer, but before the least length
    size_t at = speech_cut_at(s, 28 * RATE, 12 * RATE);
    assert_in_range(at, 17 * RATE, 17 * RATE + RATE / 2);
    free(s);
}

static void silence_is_no_voice(void **state)
{
    float *s = tone(3, 0.0), *faint = tone(3, 0.0005), *loud = tone(3, 0.2);
    (void)state;
    assert_int_equal(speech_loud_tenths(s, 3 * RATE), 0);
    assert_int_equal(speech_loud_tenths(faint, 3 * RATE), 0);
    assert_int_equal(speech_loud_tenths(loud, 3 * RATE), 30);
    memcpy(s + RATE, loud, RATE * sizeof(float));
    assert_int_equal(speech_loud_tenths(s, 3 * RATE), 10);
    free(s);
    free(faint);
    free(loud);
}

static void long_silences_are_shortened_and_seconds_set_right(void **state)
{
    float *s = calloc(20 * RATE, sizeof(float)), *loud = tone(2, 0.3);
    struct speech_cut cuts[SPEECH_CUTS_MAX];
    size_t n = 0;
    (void)state;
    memcpy(s + 3 * RATE, loud, 2 * RATE * sizeof(float)); // 3 to 5, 5.5 to 7.5, 15 to 17
    memcpy(s + 11 * RATE / 2, loud, 2 * RATE * sizeof(float));
    memcpy(s + 15 * RATE, loud, 2 * RATE * sizeof(float));
    size_t count = speech_squeeze(s, 20 * RATE, cuts, &n);
    assert_int_equal(n, 3); // before, between, after; not the half second
    assert_true(fabs((double)count / RATE - (0.6 + 4.5 + 0.6 + 2 + 0.6)) < 0.01);
    struct {
        float start, end, want_start, want_end;
    } cases[] = { { 0.7f, 1.0f, 3.1f, 3.4f }, { 4.9f, 5.1f, 7.3f, 7.5f },
        { 5.8f, 6.0f, 15.1f, 15.3f }, { 4.6f, 5.5f, 7.0f, 7.8f }, { 5.3f, 6.5f, 14.7f, 15.8f },
        { 0, 0.5f, 2.7f, 2.9f }, { 0, 0.2f, 2.7f, 2.7f } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct speech_word w = { cases[i].start, cases[i].end, "word" };
        speech_unsqueeze(cuts, n, &w);
        if (fabsf(w.start - cases[i].want_start) > 0.01f ||
            fabsf(w.end - cases[i].want_end) > 0.01f) {
            fail_msg("case %zu: %g to %g", i, (double)w.start, (double)w.end);
        }
    }
    assert_int_equal(speech_squeeze(loud, 2 * RATE, cuts, &n), 2 * RATE);
    assert_int_equal(n, 0);
    free(s);
    free(loud);
}

static size_t words_of(const char *text, double each, struct speech_word *w)
{
    struct slice rest = slice_of(text), one;
    size_t n = 0;
    double at = 0;
    while (slice_cut(&rest, ' ', &one)) {
        if (slice_is(one, "|")) {
            at += 1; // a pause
            continue;
        }
        w[n] = (struct speech_word){ .start = (float)at, .end = (float)(at + each) };
        snprintf(w[n].text, sizeof(w[n].text), SLICE_FMT, SLICE_ARG(one));
        at += each;
        n++;
    }
    return n;
}

static const struct {
    const char *words;
    double each;
    size_t first;
} utterances[] = {
    { "Drain it first. Then clean.", 0.3, 3 },
    { "He said \"stop.\" And left.", 0.3, 3 },
    { "one two three four | five six", 0.3, 4 },
    { "one | two three", 0.3, 3 },
    { "a b c d e, f g h i j k l m n", 1.0, 14 },
    { "a b c d e f g h i j k l m, n o p", 1.0, 13 },
    { "a b c d e f g h i j k l m n o p q r s t u v w x", 1.0, 20 },
    { "alone", 1.0, 1 },
};

static void words_become_utterances_at_sentences_and_pauses(void **state)
{
    static struct speech_word w[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(utterances); i++) {
        size_t n = words_of(utterances[i].words, utterances[i].each, w),
               got = speech_utterance(w, n);
        if (got != utterances[i].first) {
            fail_msg(
                "'%s': expected %zu words, got %zu", utterances[i].words, utterances[i].first, got);
        }
    }
}

struct heard {
    char text[1000];
    double start, end;
};

static int on_utterance(void *ctx, const struct speech_word *words, size_t count)
{
    struct heard *h = ctx;
    h->start = h->text[0] ? h->start : words[0].start;
    h->end = words[count - 1].end;
    for (size_t i = 0; i < count; i++) {
        size_t had = strlen(h->text);
        snprintf(h->text + had, sizeof(h->text) - had, "%s ", words[i].text);
    }
    return 0;
}

struct windows {
    int count;
    double seconds[8];
    size_t samples;
};

static int on_window(void *ctx, double second, const float *samples, size_t count)
{
    struct windows *w = ctx;
    assert_true(samples && count > 0 && count <= SPEECH_WINDOW_S * RATE && w->count < 8);
    w->seconds[w->count++] = second;
    w->samples += count;
    return 0;
}

static void windows_for_a_service_cover_what_is_loud(void **state)
{
    struct windows w = { 0 };
    float *loud = tone(40, 0.3), *quiet = calloc(20 * RATE, sizeof(float));
    (void)state;
    struct speech *x = speech_new_windows(on_window, &w);
    assert_int_equal(speech_feed(x, loud, 40 * RATE), 0);
    assert_int_equal(speech_feed(x, quiet, 20 * RATE), 0);
    assert_int_equal(speech_finish(x), 0);
    speech_free(x);
    assert_true(w.count >= 2 && w.count <= 4 && w.seconds[0] == 0);
    assert_true(w.samples >= 40 * RATE && w.samples <= 60 * RATE);
    free(loud);
    free(quiet);
}

static void without_a_model_nothing_is_heard(void **state)
{
    struct heard h = { .text = "" };
    float *s = tone(2, 0.3);
    (void)state;
    assert_false(speech_ready());
    assert_int_equal(speech_prepare(SLICE_LIT("this is no model")), ERR_CORRUPT);
    assert_false(speech_ready());
    struct speech *x = speech_new(on_utterance, &h);
    assert_int_equal(speech_feed(x, s, 2 * RATE), 0);
    assert_int_equal(speech_finish(x), 0);
    speech_free(x);
    assert_string_equal(h.text, "");
    free(s);
}

static void words_are_heard_with_their_seconds(void **state)
{
    struct stat st;
    struct heard h = { .text = "" };
    static float samples[40 * RATE];
    (void)state;
    int fd = open(MODEL, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        printf("no model at %s\n", MODEL);
        skip();
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int rc = speech_prepare(slice_make(bytes, (size_t)st.st_size));
    munmap(bytes, (size_t)st.st_size);
    close(fd);
    if (rc == ERR_UNSUPPORTED) {
        printf("the processor lacks AVX2\n");
        skip();
    }
    assert_int_equal(rc, 0);
    FILE *f = fopen(FIXTURES "/fryer.wav", "rb"); // 11,025 samples a second
    assert_non_null(f);
    fseek(f, 44, SEEK_SET);
    static int16_t pcm[11025 * 10];
    size_t n = fread(pcm, 2, sizeof(pcm) / 2, f), count = n * RATE / 11025;
    fclose(f);
    for (size_t i = 0; i < count; i++) {
        samples[i] = (float)pcm[i * 11025 / RATE] / 32768;
    }
    struct speech *x = speech_new(on_utterance, &h);
    assert_int_equal(speech_feed(x, samples, count), 0);
    assert_int_equal(speech_finish(x), 0);
    speech_free(x);
    if (!strstr(h.text, "oil before you start the fryer")) {
        fail_msg("heard: %s", h.text);
    }
    assert_true(h.start < 1 && h.end > 4 && h.end < 8);
    assert_string_equal(speech_language(), "en");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_cut_at_its_quietest_pause),
        cmocka_unit_test(silence_is_no_voice),
        cmocka_unit_test(long_silences_are_shortened_and_seconds_set_right),
        cmocka_unit_test(words_become_utterances_at_sentences_and_pauses),
        cmocka_unit_test(without_a_model_nothing_is_heard),
        cmocka_unit_test(windows_for_a_service_cover_what_is_loud),
        cmocka_unit_test(words_are_heard_with_their_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
