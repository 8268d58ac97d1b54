// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rtf.h.
#include "reader/rtf.h"

#include <ctype.h>

enum { NUMBER_MOST = 100000000 };

static int hex(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

static void scan_word(struct rtf_scan *s)
{
    size_t n = 0, digits;
    int64_t value = 0;

    while (n < s->rest.len && isalpha((unsigned char)s->rest.data[n])) {
        if (n + 1 < sizeof(s->word)) {
            s->word[n] = s->rest.data[n];
            s->word[n + 1] = '\0';
        }
        n++;
    }
    s->event = RTF_WORD;
    bool minus = n < s->rest.len && s->rest.data[n] == '-';
    digits = n + minus;
    while (digits < s->rest.len && isdigit((unsigned char)s->rest.data[digits])) {
        value = value < NUMBER_MOST ? value * 10 + (s->rest.data[digits] - '0') : value;
        s->has_number = true;
        digits++;
    }
    n = s->has_number ? digits : n;
    s->number = (int32_t)(minus && s->has_number ? -value : value);
    if (n < s->rest.len && s->rest.data[n] == ' ') {
        n++;
    }
    s->rest = slice_from(s->rest, n);
    if (strcmp(s->word, "bin") == 0 && s->number > 0) {
        s->rest = slice_from(s->rest, (size_t)s->number); // at most what is left
    }
}

static void scan_control(struct rtf_scan *s)
{
    char c = s->rest.len ? s->rest.data[0] : '\0';

    if (isalpha((unsigned char)c)) {
        scan_word(s);
        return;
    }
    if (c == '\'' && s->rest.len >= 3 && hex(s->rest.data[1]) >= 0 && hex(s->rest.data[2]) >= 0) {
        s->event = RTF_BYTE;
        s->byte = (unsigned char)(hex(s->rest.data[1]) << 4 | hex(s->rest.data[2]));
        s->rest = slice_from(s->rest, 3);
        return;
    }
    s->event = RTF_SIGN;
    s->byte = (unsigned char)c;
    s->rest = slice_from(s->rest, 1);
}

bool rtf_next(struct rtf_scan *s)
{
    size_t n = 0;

    s->word[0] = '\0';
    s->has_number = false;
    s->number = 0;
    while (s->rest.len && (s->rest.data[0] == '\r' || s->rest.data[0] == '\n')) {
        s->rest = slice_from(s->rest, 1);
    }
    if (s->rest.len == 0) {
        s->event = RTF_END_OF_FILE;
        return false;
    }
    char c = s->rest.data[0];
    if (c == '{' || c == '}' || c == '\\') {
        s->rest = slice_from(s->rest, 1);
        s->event = c == '{' ? RTF_OPEN : RTF_CLOSE;
        if (c == '\\') {
            scan_control(s);
        }
        return true;
    }
    while (n < s->rest.len && !strchr("{}\\\r\n", s->rest.data[n])) {
        n++;
    }
    n += n == 0; // a NUL
    s->event = RTF_TEXT;
    s->text = slice_make(s->rest.data, n);
    s->rest = slice_from(s->rest, n);
    return true;
}
