// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements moment.h.
#include "search/moment.h"

#include "wire/speech_words.h"

struct hit {
    int term;
    double start, end;
};

// spoken: from the word on; a term of several words may go on behind it.
static int term_of(struct slice word, struct slice spoken, const struct snippet_terms *terms)
{
    struct word w;
    size_t at = 0, end = 0;

    while (word_next(word, &at, &w)) {
        int term = snippet_match(terms, &w, spoken, &end);
        if (term >= 0) {
            return term;
        }
    }
    return -1;
}

static size_t find_hits(struct slice text, struct slice times, const struct snippet_terms *terms,
    struct hit *ret, size_t max)
{
    const char *text_end = text.data + text.len;
    struct slice word;
    double start, end;
    size_t count = 0;

    while (count < max && slice_cut(&text, ' ', &word) && speech_time_next(&times, &start, &end)) {
        struct slice spoken = slice_make(word.data, (size_t)(text_end - word.data));
        int term = term_of(word, spoken, terms);
        if (term >= 0) {
            ret[count++] = (struct hit){ term, start, end };
        }
    }
    return count;
}

// From hit i on: how many different terms there are, and with which hit the last of them comes.
static size_t reach(const struct hit *hits, size_t count, size_t i, size_t *ret_last)
{
    bool seen[SNIPPET_TERMS_MAX] = { false };
    size_t different = 0;

    for (size_t k = i; k < count; k++) {
        if (!seen[hits[k].term]) {
            seen[hits[k].term] = true;
            different++;
            *ret_last = k;
        }
    }
    return different;
}

bool moment_find(
    struct slice text, struct slice times, const struct snippet_terms *terms, double ret_seconds[2])
{
    struct hit hits[MOMENT_WORDS_MAX];
    size_t count = times.len ? find_hits(text, times, terms, hits, MOMENT_WORDS_MAX) : 0;
    size_t best = 0;
    double shortest = 0;

    for (size_t i = 0; i < count; i++) {
        size_t last = i, different = reach(hits, count, i, &last);
        double length = hits[last].end - hits[i].start;
        if (different > best || (different == best && length < shortest)) {
            best = different;
            shortest = length;
            ret_seconds[0] = hits[i].start;
            ret_seconds[1] = hits[last].end > hits[i].start ? hits[last].end : hits[i].start;
        }
    }
    return best > 0;
}
