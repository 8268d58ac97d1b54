// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements json_doc.h.
#include "reader/json_doc.h"

#include "base/utf8.h"

#include <ctype.h>

void json_scan_init(struct json_scan *s, struct slice text, int max_depth)
{
    *s = (struct json_scan){ .rest = text, .line = 1, .max_depth = max_depth };
}

static bool wrong(struct json_scan *s, const char *what)
{
    s->wrong = s->wrong ? s->wrong : what;
    return false;
}

static void skip(struct json_scan *s, size_t n)
{
    s->rest = slice_from(s->rest, n);
}

static char at(const struct json_scan *s, size_t i)
{
    return i < s->rest.len ? s->rest.data[i] : '\0';
}

void json_scan_white(struct json_scan *s)
{
    size_t n = 0;

    for (; n < s->rest.len && strchr(" \t\r\n", s->rest.data[n]) && s->rest.data[n]; n++) {
        char c = s->rest.data[n];
        bool line =
            c == '\n' || (c == '\r' && !(n + 1 < s->rest.len && s->rest.data[n + 1] == '\n'));
        s->line += line && s->line < INT32_MAX;
    }
    skip(s, n);
}

enum json_kind json_scan_kind(struct json_scan *s)
{
    json_scan_white(s);
    char c = at(s, 0);
    return c == '{'                                ? JSON_DOC_OBJECT
           : c == '['                              ? JSON_DOC_ARRAY
           : c == '"'                              ? JSON_DOC_STRING
           : c == '-' || isdigit((unsigned char)c) ? JSON_DOC_NUMBER
           : c == 't' || c == 'f' || c == 'n'      ? JSON_DOC_WORD
                                                   : JSON_DOC_NONE;
}

static bool scan_string(struct json_scan *s)
{
    size_t n = 1;

    for (;; n++) {
        if (n >= s->rest.len) {
            return wrong(s, "a text in quotes never ends");
        }
        unsigned char c = (unsigned char)s->rest.data[n];
        if (c == '"') {
            break;
        }
        if (c < 0x20) {
            return wrong(s, "a text in quotes holds a line end or another control character");
        }
        if (c != '\\') {
            continue;
        }
        c = (unsigned char)at(s, ++n);
        if (c == 'u') {
            for (int i = 0; i < 4; i++) {
                if (!isxdigit((unsigned char)at(s, ++n))) {
                    return wrong(s, "a \\u is not followed by four digits");
                }
            }
        } else if (!c || !strchr("\"\\/bfnrt", c)) {
            return wrong(s, "a backslash is followed by something that it cannot stand before");
        }
    }
    skip(s, n + 1);
    return true;
}

static size_t digits(const struct json_scan *s, size_t n)
{
    while (isdigit((unsigned char)at(s, n))) {
        n++;
    }
    return n;
}

static bool scan_number(struct json_scan *s)
{
    size_t n = at(s, 0) == '-', from = n;

    n = digits(s, n);
    if (n == from || (at(s, from) == '0' && n > from + 1)) {
        return wrong(s, "a number is not written as JSON has it");
    }
    if (at(s, n) == '.') {
        from = ++n;
        n = digits(s, n);
        if (n == from) {
            return wrong(s, "a number ends with its point");
        }
    }
    if (at(s, n) == 'e' || at(s, n) == 'E') {
        n++;
        n += at(s, n) == '+' || at(s, n) == '-';
        from = n;
        n = digits(s, n);
        if (n == from) {
            return wrong(s, "a number has no digits in its exponent");
        }
    }
    skip(s, n);
    return true;
}

static bool scan_word(struct json_scan *s)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);
        if (slice_starts(s->rest, words[i]) && !isalnum((unsigned char)at(s, n))) {
            skip(s, n);
            return true;
        }
    }
    return wrong(s, "there is a word that JSON does not know");
}

void json_scan_enter(struct json_scan *s)
{
    skip(s, 1);
}

bool json_scan_next(struct json_scan *s, bool *first, char close, struct slice *key)
{
    json_scan_white(s);
    if (at(s, 0) == close) {
        skip(s, 1);
        return false;
    }
    if (!*first) {
        if (at(s, 0) != ',') {
            return wrong(s, s->rest.len ? "a comma or the end of a list is missing"
                                        : "the file ends in the middle");
        }
        skip(s, 1);
        json_scan_white(s);
    }
    *first = false;
    if (key) {
        const char *from = s->rest.data;
        if (at(s, 0) != '"' || !scan_string(s)) {
            return wrong(
                s, s->rest.len ? "the name of a value is missing" : "the file ends in the middle");
        }
        *key = slice_make(from + 1, (size_t)(s->rest.data - from) - 2);
        json_scan_white(s);
        if (at(s, 0) != ':') {
            return wrong(s, "a colon is missing");
        }
        skip(s, 1);
    }
    return true;
}

bool json_scan_value(struct json_scan *s, int depth, struct slice *ret_raw)
{
    enum json_kind kind = json_scan_kind(s);
    const char *from = s->rest.data;
    bool first = true, ok = true;
    struct slice key;

    switch (kind) {
    case JSON_DOC_STRING:
        ok = scan_string(s);
        break;
    case JSON_DOC_NUMBER:
        ok = scan_number(s);
        break;
    case JSON_DOC_WORD:
        ok = scan_word(s);
        break;
    case JSON_DOC_OBJECT:
    case JSON_DOC_ARRAY:
        if (depth >= s->max_depth) {
            s->too_deep = true;
            return wrong(s, "it is nested too deeply");
        }
        json_scan_enter(s);
        while (ok && json_scan_next(s, &first, kind == JSON_DOC_OBJECT ? '}' : ']',
                         kind == JSON_DOC_OBJECT ? &key : NULL)) {
            ok = json_scan_value(s, depth + 1, NULL);
        }
        ok = ok && !s->wrong;
        break;
    case JSON_DOC_NONE:
        ok = wrong(s, s->rest.len ? "a value is missing" : "the file ends in the middle");
        break;
    }
    if (ret_raw) {
        *ret_raw = ok ? slice_make(from, (size_t)(s->rest.data - from)) : slice_make(NULL, 0);
    }
    return ok;
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        v = v << 4 | (uint32_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return v;
}

void json_scan_text(struct slice s, struct buf *b)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

    if (s.len >= 2 && s.data[0] == '"') {
        s = slice_make(s.data + 1, s.len - 2);
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '\\' || i + 1 >= s.len) {
            buf_add_char(b, s.data[i]);
            continue;
        }
        char c = s.data[++i];
        const char *known = strchr(from, c);
        if (c == 'u' && i + 4 < s.len) {
            uint32_t v = hex4(s.data + i + 1);
            i += 4;
            if (v >= 0xD800 && v < 0xDC00 && i + 6 < s.len && s.data[i + 1] == '\\' &&
                s.data[i + 2] == 'u') {
                uint32_t low = hex4(s.data + i + 3);
                if (low >= 0xDC00 && low < 0xE000) {
                    v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
                    i += 6;
                }
            }
            utf8_add(b, v ? v : ' ');
        } else {
            buf_add_char(b, known && *known ? to[known - from] : c);
        }
    }
}
