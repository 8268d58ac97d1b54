// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements slice.h. Any thread.
#include "base/slice.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

bool slice_equal_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_space(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && is_space(s.data[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool slice_cut(struct slice *rest, char separator, struct slice *ret_piece)
{
    if (!rest->data) {
        return false;
    }
    const char *at = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    if (!at) {
        *ret_piece = *rest;
        *rest = (struct slice){ NULL, 0 };
        return true;
    }
    size_t n = (size_t)(at - rest->data);
    *ret_piece = slice_make(rest->data, n);
    *rest = slice_make(at + 1, rest->len - n - 1);
    return true;
}

bool slice_to_i64(struct slice s, int64_t *ret_value)
{
    bool negative = s.len && s.data[0] == '-';
    int64_t value = 0;
    size_t i = negative ? 1 : 0;

    if (i == s.len) {
        return false;
    }
    for (; i < s.len; i++) {
        int digit = s.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *ret_value = negative ? value : -value;
    return true;
}

bool slice_to_double(struct slice s, double *ret_value)
{
    char text[64];
    char *end = NULL;

    if (s.len == 0 || s.len >= sizeof(text) || is_space(s.data[0])) {
        return false;
    }
    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + s.len || errno == ERANGE) {
        return false;
    }
    *ret_value = value;
    return true;
}

const char *slice_find(struct slice s, struct slice what)
{
    if (what.len == 0) {
        return s.data;
    }
    return s.len ? memmem(s.data, s.len, what.data, what.len) : NULL;
}

bool slice_among(struct slice s, const char *words)
{
    struct slice rest = slice_of(words), one;

    while (slice_cut(&rest, ' ', &one)) {
        if (one.len > 0 && slice_equal(one, s)) {
            return true;
        }
    }
    return false;
}
