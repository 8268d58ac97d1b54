// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements numfmt.h: codes into sections and tokens, which section a value takes, General.
#include "reader/numfmt_parts.h"

#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS_MAX = 4 };

const char *numfmt_builtin(int id)
{
    static const char *const codes[50] = {
        [0] = "General",
        [1] = "0",
        [2] = "0.00",
        [3] = "#,##0",
        [4] = "#,##0.00",
        [5] = "$#,##0_);\\($#,##0\\)",
        [6] = "$#,##0_);[Red]\\($#,##0\\)",
        [7] = "$#,##0.00_);\\($#,##0.00\\)",
        [8] = "$#,##0.00_);[Red]\\($#,##0.00\\)",
        [9] = "0%",
        [10] = "0.00%",
        [11] = "0.00E+00",
        [12] = "# ?/?",
        [13] = "# ?\?/?\?",
        [14] = "m/d/yyyy",
        [15] = "d-mmm-yy",
        [16] = "d-mmm",
        [17] = "mmm-yy",
        [18] = "h:mm AM/PM",
        [19] = "h:mm:ss AM/PM",
        [20] = "h:mm",
        [21] = "h:mm:ss",
        [22] = "m/d/yyyy h:mm",
        [37] = "#,##0_);\\(#,##0\\)",
        [38] = "#,##0_);[Red]\\(#,##0\\)",
        [39] = "#,##0.00_);\\(#,##0.00\\)",
        [40] = "#,##0.00_);[Red]\\(#,##0.00\\)",
        [41] = "_(* #,##0_);_(* \\(#,##0\\);_(* \"-\"_);_(@_)",
        [42] = "_($* #,##0_);_($* \\(#,##0\\);_($* \"-\"_);_(@_)",
        [43] = "_(* #,##0.00_);_(* \\(#,##0.00\\);_(* \"-\"??_);_(@_)",
        [44] = "_($* #,##0.00_);_($* \\(#,##0.00\\);_($* \"-\"??_);_(@_)",
        [45] = "mm:ss",
        [46] = "[h]:mm:ss",
        [47] = "mm:ss.0",
        [48] = "##0.0E+0",
        [49] = "@",
    };
    // 27 to 36 belong to East Asian locales: dates and times there, dates as en-US has them here.
    if ((id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58)) {
        return "m/d/yyyy";
    }
    if (id >= 32 && id <= 35) {
        return "h:mm:ss";
    }
    return id >= 0 && id < 50 && codes[id] ? codes[id] : "General";
}

// The bytes of the character at p: literals may be in any script.
static size_t one_character(const char *p, size_t len)
{
    size_t n = 1;
    if (len) {
        utf8_decode(p, len, &n);
    }
    return n;
}

static void add_token(
    struct numfmt_section *s, enum numfmt_kind kind, char sign, int count, struct slice text)
{
    if (s->count < NUMFMT_TOKENS_MAX) {
        s->tokens[s->count++] = (struct numfmt_token){ kind, sign, count, text };
    }
}

static bool nocase_at(const char *p, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && slice_equal_nocase(slice_make(p, n), slice_make(word, n));
}

// What stands in square brackets.
static void bracket(struct numfmt_section *s, const char *p, size_t len)
{
    if (len == 0) {
        return;
    }
    if (strchr("<>=", p[0])) {
        size_t n = len > 1 && strchr("<>=", p[1]) ? 2 : 1;
        double limit = 0;
        if (slice_to_double(slice_trim(slice_make(p + n, len - n)), &limit)) {
            memcpy(s->condition, p, n);
            s->condition[n] = '\0';
            s->limit = limit;
        }
    } else if (p[0] == '$') { // "$€-407": a currency and a locale; only the currency shows
        const char *dash = memchr(p, '-', len);
        size_t n = dash ? (size_t)(dash - p) : len;
        add_token(s, FMT_LITERAL, 0, 0, slice_make(p + 1, n - 1));
    } else {
        char c = (char)tolower((unsigned char)p[0]);
        size_t n = 1;
        while (n < len && tolower((unsigned char)p[n]) == c) {
            n++;
        }
        if (n == len && (c == 'h' || c == 'm' || c == 's')) {
            add_token(s, FMT_ELAPSED, c, (int)n, slice_make(NULL, 0));
            s->date = true;
        } // else a colour or a script of digits
    }
}

// "m" is minutes right after hours, or right before seconds.
static void tell_minutes(struct numfmt_section *s)
{
    char last = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct numfmt_token *t = &s->tokens[i];
        if (t->kind != FMT_DATE && t->kind != FMT_ELAPSED) {
            continue;
        }
        if (t->kind == FMT_DATE && t->sign == 'm' && t->count <= 2) {
            char next = 0;
            for (size_t k = i + 1; k < s->count && !next; k++) {
                next = s->tokens[k].kind == FMT_DATE || s->tokens[k].kind == FMT_ELAPSED
                           ? s->tokens[k].sign
                           : 0;
            }
            if (last == 'h' || next == 's') {
                t->sign = 'n';
            }
        }
        last = t->sign;
    }
}

// Parses one section; the position behind it (at ";" or at the end).
static size_t parse_section(const char *code, size_t at, size_t len, struct numfmt_section *s)
{
    memset(s, 0, offsetof(struct numfmt_section, tokens));
    while (at < len && code[at] != ';') {
        const char *p = code + at;
        size_t left = len - at, n = 1;
        char c = (char)tolower((unsigned char)*p);

        if (c == '"') {
            const char *end = memchr(p + 1, '"', left - 1);
            n = end ? (size_t)(end - p) + 1 : left;
            add_token(s, FMT_LITERAL, 0, 0, slice_make(p + 1, end ? n - 2 : n - 1));
        } else if (c == '\\' || c == '_' || c == '*') {
            n = left > 1 ? 1 + one_character(p + 1, left - 1) : 1;
            if (c == '\\' && n > 1) {
                add_token(s, FMT_LITERAL, 0, 0, slice_make(p + 1, n - 1));
            } else if (c == '_') {
                add_token(s, FMT_LITERAL, 0, 0, SLICE_LIT(" "));
            }
        } else if (c == '[') {
            const char *end = memchr(p, ']', left);
            n = end ? (size_t)(end - p) + 1 : left;
            if (end) {
                bracket(s, p + 1, n - 2);
            }
        } else if (nocase_at(p, left, "general")) {
            n = 7;
            s->general = true;
            add_token(s, FMT_GENERAL, 0, 0, slice_make(NULL, 0));
        } else if (nocase_at(p, left, "am/pm") || nocase_at(p, left, "a/p")) {
            n = p[1] == '/' ? 3 : 5;
            add_token(s, FMT_AMPM, 0, 0, slice_make(p, n));
            s->date = true;
        } else if (c == 'e' && left > 1 && (p[1] == '+' || p[1] == '-')) {
            n = 2;
            add_token(s, FMT_EXPONENT, p[1], 0, slice_make(NULL, 0));
        } else if (strchr("ymdhseb", c)) {
            while (n < left && tolower((unsigned char)p[n]) == c) {
                n++;
            }
            add_token(s, FMT_DATE, c, (int)(n > 16 ? 16 : n), slice_make(NULL, 0));
            s->date = true;
        } else if (c == 'g') {
            // the name of an era: not shown in en-US
        } else if (c == '.' && s->count && s->tokens[s->count - 1].kind != FMT_LITERAL &&
                   (s->tokens[s->count - 1].sign == 's') && left > 1 && p[1] == '0') {
            while (n < left && p[n] == '0') {
                n++;
            }
            s->second_digits = n - 1 > 3 ? 3 : (int)n - 1;
            add_token(s, FMT_DATE, '.', s->second_digits, slice_make(NULL, 0));
        } else if (c == '0' || c == '#' || c == '?') {
            add_token(s, FMT_DIGIT, c, 0, slice_make(p, 1));
        } else if (c == '.' || c == ',' || c == '%' || c == '/' || c == '@') {
            enum numfmt_kind kind = c == '.'   ? FMT_POINT
                                    : c == ',' ? FMT_COMMA
                                    : c == '%' ? FMT_PERCENT
                                    : c == '/' ? FMT_SLASH
                                               : FMT_AT;
            add_token(s, kind, c, 0, slice_make(p, 1));
            s->at = s->at || c == '@';
        } else {
            n = one_character(p, left);
            add_token(s, FMT_LITERAL, 0, 0, slice_make(p, n));
        }
        at += n;
    }
    if (s->date) {
        tell_minutes(s);
    }
    return at;
}

static bool holds(const struct numfmt_section *s, double v)
{
    double l = s->limit;

    switch (s->condition[0]) {
    case '<':
        return s->condition[1] == '=' ? v <= l : s->condition[1] == '>' ? v != l : v < l;
    case '>':
        return s->condition[1] == '=' ? v >= l : v > l;
    case '=':
        return v == l;
    default:
        return false;
    }
}

// Whether only numbers below zero take this section, so that it says itself how minus looks.
static bool negative_only(const struct numfmt_section *s)
{
    return s->condition[0] == '<' && s->condition[1] != '>' &&
           (s->limit < 0 || (s->limit == 0 && s->condition[1] == '\0'));
}

static size_t code_length(const char *code)
{
    return strnlen(code, NUMFMT_CODE_MAX);
}

// Fills *s with the section for a number; false: the value is hidden (an empty section shows nothing).
static void choose(const char *code, double v, struct numfmt_section *s, bool *ret_minus)
{
    size_t len = code_length(code), at = 0, count = 0, starts[SECTIONS_MAX];
    bool conditions = false;

    while (count < SECTIONS_MAX) {
        starts[count++] = at;
        at = parse_section(code, at, len, s);
        conditions = conditions || (s->condition[0] && count <= 2);
        if (at >= len) {
            break;
        }
        at++;
    }
    size_t numbers = count == SECTIONS_MAX ? 3 : count; // the fourth is for text
    parse_section(code, starts[numbers - 1], len, s);
    if (numbers > 1 && numbers == count && s->at && !s->date) { // "0;@": the last one is for text
        numbers--;
    }
    size_t pick = 0;
    *ret_minus = v < 0;
    if (conditions) {
        for (pick = 0; pick < numbers; pick++) {
            parse_section(code, starts[pick], len, s);
            bool plain_second = pick == 1 && !s->condition[0] && numbers > 2 && v < 0;
            if (holds(s, v) || plain_second || pick + 1 == numbers) {
                *ret_minus =
                    v < 0 && !plain_second && !(s->condition[0] && negative_only(s) && holds(s, v));
                return;
            }
        }
    } else if (numbers == 2) {
        pick = v < 0 ? 1 : 0;
        *ret_minus = false;
    } else if (numbers == 3) {
        pick = v < 0 ? 1 : v > 0 ? 0 : 2;
        *ret_minus = false;
    }
    parse_section(code, starts[pick], len, s);
}

bool numfmt_is_date(const char *code)
{
    struct numfmt_section s;

    parse_section(code, 0, code_length(code), &s);
    return s.date;
}

static void trim_zeros(char *text)
{
    char *e = strpbrk(text, "eE");
    char *end = e ? e : text + strlen(text), *last = end;

    if (!memchr(text, '.', (size_t)(end - text))) {
        return;
    }
    while (last > text && last[-1] == '0') {
        last--;
    }
    last -= last > text && last[-1] == '.';
    memmove(last, end, strlen(end) + 1);
}

void numfmt_general(double v, struct buf *out)
{
    char text[64];
    double a = fabs(v);

    if (!isfinite(v)) {
        return;
    }
    if (a != 0 &&
        (a < 1e-9 || a >= 99999999999.5 ||
            (a < 1e-4 && (snprintf(text, sizeof(text), "%.9f", a), strtod(text, NULL) != a)))) {
        snprintf(text, sizeof(text), "%.5E", v);
        trim_zeros(text);
    } else {
        int before = a < 1 ? 1 : (int)floor(log10(a)) + 1;
        int places = 10 - before; // eleven characters with the point
        struct numfmt_decimal d;
        places = places < 0 ? 0 : places;
        decimal_from(&d, a);
        decimal_round(&d, places);
        size_t n = 0;
        text[n++] = '-';
        for (int p = d.point > 1 ? d.point - 1 : 0; p >= 0 && n < 40; p--) {
            text[n++] = decimal_digit(&d, p);
        }
        text[n++] = '.';
        for (int p = 1; p <= places; p++) {
            text[n++] = decimal_digit(&d, -p);
        }
        text[n] = '\0';
        trim_zeros(text);
        if (v > 0 || strcmp(text, "-0") == 0 || v == 0) {
            memmove(text, text + 1, strlen(text));
        }
    }
    buf_add_str(out, text);
}

void numfmt_stored(double v, struct buf *out)
{
    struct numfmt_decimal d;
    char text[64];
    double a = fabs(v);

    if (!isfinite(v)) {
        return;
    }
    if (a != 0 && (a < 1e-9 || a >= 1e21)) {
        snprintf(text, sizeof(text), "%.14E", v);
        trim_zeros(text);
        buf_add_str(out, text);
        return;
    }
    decimal_from(&d, a);
    if (v < 0) {
        buf_add_char(out, '-');
    }
    for (int p = d.point > 1 ? d.point - 1 : 0; p >= 0; p--) {
        buf_add_char(out, decimal_digit(&d, p));
    }
    for (int p = 1; p <= d.count - d.point; p++) {
        if (p == 1) {
            buf_add_char(out, '.');
        }
        buf_add_char(out, decimal_digit(&d, -p));
    }
}

void numfmt_number(const char *code, double value, bool from_1904, struct buf *out)
{
    struct numfmt_section s;
    bool minus = false;
    size_t start = out->len;

    if (!isfinite(value)) {
        return;
    }
    if (strcmp(code, "General") == 0) { // most cells
        numfmt_general(value, out);
        return;
    }
    choose(code, value, &s, &minus);
    if (s.date) {
        if (!numfmt_date(&s, value, from_1904, out)) {
            out->len = start;
            numfmt_general(value, out);
        }
        return;
    }
    if (s.general || (s.at && s.count == 1)) {
        bool first = true;
        for (size_t i = 0; i < s.count; i++) {
            if (s.tokens[i].kind == FMT_LITERAL) {
                buf_add_slice(out, s.tokens[i].text);
            } else if ((s.tokens[i].kind == FMT_GENERAL || s.tokens[i].kind == FMT_AT) && first) {
                numfmt_general(minus || value >= 0 ? value : -value, out);
                first = false;
            }
        }
        return;
    }
    numfmt_digits(&s, fabs(value), minus, out);
}

void numfmt_text(const char *code, struct slice value, struct buf *out)
{
    struct numfmt_section s;
    size_t len = code_length(code), at = 0, count = 0;

    do {
        at = parse_section(code, at, len, &s) + 1;
        count++;
    } while (at <= len && count < SECTIONS_MAX && !(s.at && at > len));
    if (!(count == SECTIONS_MAX || (s.at && !s.date)) || (count < SECTIONS_MAX && !s.at)) {
        buf_add_slice(out, value);
        return;
    }
    for (size_t i = 0; i < s.count; i++) {
        if (s.tokens[i].kind == FMT_AT || s.tokens[i].kind == FMT_GENERAL) {
            buf_add_slice(out, value);
        } else {
            buf_add_slice(out, s.tokens[i].text);
        }
    }
}
