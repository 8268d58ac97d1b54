// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements speech_words.h. Any thread.
#include "wire/speech_words.h"

#include "wire/element.h"
#include "wire/span_list.h"

#include <math.h>

#define PAUSE_S 0.7 // between two words: ends an utterance

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

static long hundredths(double seconds)
{
    return seconds > 0 ? lround(fmin(seconds * 100, SPAN_MAX)) : 0;
}

bool speech_element(const struct speech_word *words, size_t count, struct buf *text,
    struct buf *times, struct element *ret)
{
    for (size_t i = 0; i < count; i++) {
        long start = hundredths(words[i].start), end = hundredths(words[i].end);
        buf_addf(text, "%s%s", i ? " " : "", words[i].text);
        span_add(times, start, end - start);
    }
    *ret = (struct element){ .kind = ELEMENT_SPEECH,
        .place = { .kind = PLACE_TIME,
            .seconds = { count ? words[0].start : 0, count ? words[count - 1].end : 0 } },
        .text = buf_slice(text),
        .times = buf_slice(times) };
    return buf_ok(text) && buf_ok(times);
}

bool speech_time_next(struct slice *times, double *ret_start, double *ret_end)
{
    int64_t start = 0, length = 0;

    if (!span_next(times, &start, &length)) {
        return false;
    }
    *ret_start = (double)start / 100;
    *ret_end = (double)(start + length) / 100;
    return true;
}

bool speech_times_fit(struct slice times, struct slice text)
{
    size_t words = 1;

    for (size_t i = 0; i < text.len; i++) {
        words += text.data[i] == ' ';
    }
    return span_list_fits(times, words);
}
