// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements sentences.h.
#include "assist/sentences.h"

#include <ctype.h>

static const char *const short_forms[] = { "e.g", "i.e", "etc", "approx", "no", "fig", "min", "max",
    "dr", "mr", "mrs", "ms", "st", "vs", "temp", "incl", "dept", "vol", "pg", "pp", "ca", "hr",
    "sec", "oz", "lb", "u.s" };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Does the word that ends at `dot` stand for a longer one?
static bool is_short_form(struct slice text, size_t from, size_t dot)
{
    size_t start = dot;

    while (start > from && !is_space(text.data[start - 1]) && text.data[start - 1] != '(') {
        start--;
    }
    struct slice word = slice_make(text.data + start, dot - start);
    if (word.len == 1 && isupper((unsigned char)word.data[0])) {
        return true;
    }
    bool only_digits = word.len > 0 && word.len <= 2 && start == from;
    for (size_t i = 0; i < word.len; i++) {
        only_digits = only_digits && isdigit((unsigned char)word.data[i]);
    }
    if (only_digits) { // "3." in front of a step
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(short_forms); i++) {
        if (slice_equal_nocase(word, slice_of(short_forms[i]))) {
            return true;
        }
    }
    return false;
}

static bool ends_at(struct slice text, size_t from, size_t i)
{
    char c = text.data[i];

    if (c == '\n') {
        return true;
    }
    if (c != '.' && c != '!' && c != '?') {
        return false;
    }
    size_t next = i + 1;
    while (next < text.len && strchr("\")]'", text.data[next])) {
        next++;
    }
    if (next < text.len && !is_space(text.data[next])) {
        return false;
    }
    while (next < text.len && is_space(text.data[next])) {
        next++;
    }
    if (next < text.len && islower((unsigned char)text.data[next])) {
        return false;
    }
    return c != '.' || !is_short_form(text, from, i);
}

static size_t cut_at_word(struct slice text, size_t from, size_t end)
{
    size_t at = end;

    while (at > from + SENTENCE_MAX / 2 && !is_space(text.data[at - 1])) {
        at--;
    }
    if (at > from + SENTENCE_MAX / 2) {
        return at;
    }
    while (end > from && ((unsigned char)text.data[end] & 0xc0) == 0x80) {
        end--;
    }
    return end;
}

bool sentence_next(struct slice text, size_t *at, struct slice *ret)
{
    while (*at < text.len) {
        size_t from = *at, i = from;
        while (i < text.len && i - from < SENTENCE_MAX && !ends_at(text, from, i)) {
            i++;
        }
        if (i - from >= SENTENCE_MAX && i < text.len) {
            i = cut_at_word(text, from, i);
        } else if (i < text.len) {
            i++;
            while (i < text.len && strchr("\")]'", text.data[i])) {
                i++;
            }
        }
        *at = i;
        *ret = slice_trim(slice_make(text.data + from, i - from));
        if (ret->len) {
            return true;
        }
    }
    return false;
}
