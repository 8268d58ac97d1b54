// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbers of numfmt.h: placeholders, thousands, percent, exponents and fractions. Works on the fifteen decimal digits that
// Excel has, rounded half away from zero, not on the double (2.675 as "0.00" is 2.68).
//
// Digits of the whole part are dealt out from the right to the placeholders, what is left over goes before the first one;
// literals stand where they stand, so "000-00-0000" works. 0 shows a zero, ? a space, # nothing where there is no digit.
#include "reader/numfmt_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void decimal_from(struct numfmt_decimal *d, double value)
{
    char text[40];

    snprintf(text, sizeof(text), "%.14e", fabs(value)); // d.dddddddddddddde±xx
    d->digits[0] = text[0];
    memcpy(d->digits + 1, text + 2, 14);
    d->count = 15;
    d->point = atoi(text + 17) + 1;
    while (d->count > 0 && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    if (d->count == 0) {
        d->point = 0;
    }
}

void decimal_round(struct numfmt_decimal *d, int places)
{
    int keep = d->point + places; // digits that stay

    if (keep >= d->count) {
        return;
    }
    if (keep < 0) {
        d->count = d->point = 0;
        return;
    }
    bool up = d->digits[keep] >= '5';
    d->count = keep;
    while (up && d->count > 0) {
        if (d->digits[d->count - 1] != '9') {
            d->digits[d->count - 1]++;
            up = false;
        } else {
            d->count--;
        }
    }
    if (up) { // 9.99 became 10.0
        d->digits[0] = '1';
        d->count = 1;
        d->point++;
    }
    while (d->count > 0 && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    if (d->count == 0) {
        d->point = 0;
    }
}

char decimal_digit(const struct numfmt_decimal *d, int place)
{
    int i = d->point - 1 - place;
    return i >= 0 && i < d->count ? d->digits[i] : '0';
}

struct shape { // what a section asks for
    int whole, places; // placeholders before and after the point
    int exponent_digits;
    size_t point, exponent, slash; // index of the token, or count if there is none
    size_t first, last_whole; // digit tokens of the whole part
    int percents, scale; // commas behind the digits: each divides by a thousand
    bool thousands;
};

static void look(const struct numfmt_section *s, struct shape *h)
{
    *h = (struct shape){ .point = s->count,
        .exponent = s->count,
        .slash = s->count,
        .first = s->count,
        .last_whole = s->count };
    for (size_t i = 0; i < s->count; i++) {
        const struct numfmt_token *t = &s->tokens[i];
        bool after_point = i > h->point, after_e = i > h->exponent;
        switch (t->kind) {
        case FMT_DIGIT:
            if (after_e) {
                h->exponent_digits++;
            } else if (after_point) {
                h->places++;
            } else {
                h->first = h->first == s->count ? i : h->first;
                h->last_whole = i;
                h->whole++;
            }
            break;
        case FMT_POINT:
            h->point = h->point == s->count && !after_e ? i : h->point;
            break;
        case FMT_EXPONENT:
            h->exponent = h->exponent == s->count ? i : h->exponent;
            break;
        case FMT_SLASH:
            h->slash =
                h->slash == s->count && h->whole > 0 && i + 1 < s->count && h->point == s->count
                    ? i
                    : h->slash;
            break;
        case FMT_PERCENT:
            h->percents++;
            break;
        default:
            break;
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].kind == FMT_COMMA && h->whole && i > h->first) {
            if (i < h->last_whole) {
                h->thousands = true;
            } else {
                size_t k = i;
                while (k > 0 && s->tokens[k - 1].kind == FMT_COMMA) {
                    k--;
                }
                h->scale += k > 0 && s->tokens[k - 1].kind == FMT_DIGIT; // directly behind a digit
            }
        }
    }
}

// The digits of the whole part for the placeholder that has `after` placeholders to its right; the first one takes the rest.
static void whole_digit(const struct numfmt_decimal *d, int after, bool first, char sign,
    bool thousands, struct buf *out)
{
    int top = d->point - 1; // place of the highest digit

    for (int place = first && top > after ? top : after; place >= after; place--) {
        if (place <= top) {
            buf_add_char(out, decimal_digit(d, place));
        } else if (sign == '0') {
            buf_add_char(out, '0');
        } else if (sign == '?') {
            buf_add_char(out, ' ');
            continue;
        } else {
            continue;
        }
        if (thousands && place > 0 && place % 3 == 0) {
            buf_add_char(out, ',');
        }
    }
}

// The places after the point: zeros at the end stay for 0 only.
static bool place_shown(const struct numfmt_section *s, const struct shape *h,
    const struct numfmt_decimal *d, size_t token, int place)
{
    if (s->tokens[token].sign == '0' || d->count - d->point >= place) {
        return true;
    }
    int p = place;
    for (size_t i = token + 1; i < s->count && i < h->exponent;
         i++) { // a later 0 forces the earlier ones
        if (s->tokens[i].kind == FMT_DIGIT) {
            p++;
            if (s->tokens[i].sign == '0') {
                return true;
            }
        }
    }
    (void)p;
    return false;
}

static void add_exponent(
    const struct numfmt_section *s, const struct shape *h, int exponent, struct buf *out)
{
    if (exponent < 0 || s->tokens[h->exponent].sign == '+') {
        buf_addf(out, "E%c", exponent < 0 ? '-' : '+');
    } else {
        buf_add_char(out, 'E');
    }
    buf_addf(out, "%0*d", h->exponent_digits, abs(exponent));
}

static void plain(const struct numfmt_section *s, const struct shape *h, double value, bool minus,
    struct buf *out)
{
    struct numfmt_decimal d;
    int exponent = 0, after = h->whole, place = 0;
    bool first = true, exponent_done = false;

    decimal_from(&d, value);
    if (d.count) {
        d.point += 2 * h->percents - 3 * h->scale;
    }
    if (h->exponent < s->count && d.count) {
        int step = h->whole > 1 ? h->whole : 1;
        for (int turn = 0; turn < 2; turn++) { // rounding may carry into one more digit
            int e = d.point - 1;
            int base = step == 1 ? e : (e >= 0 ? e / step : -((-e + step - 1) / step)) * step;
            exponent += base;
            d.point -= base;
            decimal_round(&d, h->places);
            base = 0;
        }
    } else {
        decimal_round(&d, h->places);
    }
    if (minus) {
        buf_add_char(out, '-');
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct numfmt_token *t = &s->tokens[i];
        switch (t->kind) {
        case FMT_DIGIT:
            if (i > h->exponent) {
                if (!exponent_done) {
                    add_exponent(s, h, exponent, out);
                    exponent_done = true;
                }
            } else if (i < h->point) {
                whole_digit(&d, --after, first, t->sign, h->thousands, out);
                first = false;
            } else {
                place++;
                if (place_shown(s, h, &d, i, place)) {
                    buf_add_char(out, decimal_digit(&d, -place));
                } else if (t->sign == '?') {
                    buf_add_char(out, ' ');
                }
            }
            break;
        case FMT_POINT:
            if (i == h->point) {
                if (h->whole == 0) { // ".00": the whole part still shows if there is one
                    for (int p = d.point - 1; p >= 0; p--) {
                        buf_add_char(out, decimal_digit(&d, p));
                    }
                }
                buf_add_char(out, '.');
            }
            break;
        case FMT_COMMA:
            break;
        case FMT_EXPONENT:
            if (h->exponent_digits == 0) {
                buf_add_str(out, t->sign == '+' ? "E+" : "E-");
            }
            break;
        default:
            buf_add_slice(out, t->text);
        }
    }
}

// The best fraction for x in [0, 1) with a denominator of at most `max`, by continued fractions.
static void best_fraction(double x, int64_t max, int64_t *ret_top, int64_t *ret_bottom)
{
    int64_t p0 = 0, q0 = 1, p1 = 1, q1 = 0;
    double rest = x;

    for (int i = 0; i < 64; i++) {
        double whole = floor(rest + 1e-12);
        int64_t a = (int64_t)whole, p2 = a * p1 + p0, q2 = a * q1 + q0;
        if (q2 > max || whole > 1e12) {
            int64_t k = q1 ? (max - q0) / q1 : 0; // the last semi-convergent may be nearer
            if (q1 && k > 0) {
                int64_t p = k * p1 + p0, q = k * q1 + q0;
                if (fabs((double)p / (double)q - x) < fabs((double)p1 / (double)q1 - x)) {
                    p1 = p, q1 = q;
                }
            }
            break;
        }
        p0 = p1, q0 = q1, p1 = p2, q1 = q2;
        if (fabs(rest - whole) < 1e-10 || fabs((double)p1 / (double)q1 - x) < 1e-13) {
            break;
        }
        rest = 1 / (rest - whole);
    }
    *ret_top = p1;
    *ret_bottom = q1 ? q1 : 1;
}

// "# ?/?", "0 ??/100", "?/8".
static void fraction(const struct numfmt_section *s, const struct shape *h, double value,
    bool minus, struct buf *out)
{
    size_t top_first = h->slash, bottom_end = h->slash + 1;
    int64_t top, bottom, whole, fixed = 0, max = 1;
    int top_width = 0, bottom_width = 0;
    char number[32];

    while (top_first > 0 && (s->tokens[top_first - 1].kind == FMT_DIGIT)) {
        top_first--;
        top_width++;
    }
    for (; bottom_end < s->count; bottom_end++) {
        const struct numfmt_token *t = &s->tokens[bottom_end];
        bool digit = t->kind == FMT_LITERAL && t->text.len == 1 && t->text.data[0] >= '0' &&
                     t->text.data[0] <= '9';
        if (t->kind == FMT_DIGIT && (t->sign != '0' || !fixed)) {
            max = max < 1000000 ? max * 10 : max;
        } else if (digit || (t->kind == FMT_DIGIT && fixed)) {
            fixed = fixed < 100000000 ? fixed * 10 + (digit ? t->text.data[0] - '0' : 0) : fixed;
        } else {
            break;
        }
        bottom_width++;
    }
    bool has_whole = false;
    for (size_t i = 0; i < top_first; i++) {
        has_whole = has_whole || s->tokens[i].kind == FMT_DIGIT;
    }
    if (value > 1e15) {
        numfmt_general(minus ? -value : value, out);
        return;
    }
    whole = (int64_t)floor(value);
    double rest = value - (double)whole;
    if (fixed) {
        bottom = fixed;
        top = (int64_t)floor(rest * (double)fixed + 0.5);
    } else {
        best_fraction(rest, max - 1 > 0 ? max - 1 : 1, &top, &bottom);
    }
    if (top >= bottom) {
        whole += 1;
        top -= bottom;
    }
    int64_t all;
    if (!has_whole &&
        (__builtin_mul_overflow(whole, bottom, &all) || __builtin_add_overflow(top, all, &top))) {
        numfmt_general(minus ? -value : value, out);
        return;
    }
    if (minus) {
        buf_add_char(out, '-');
    }
    int after = 0;
    for (size_t i = 0; i < top_first; i++) {
        after += s->tokens[i].kind == FMT_DIGIT;
    }
    struct numfmt_decimal d;
    decimal_from(&d, (double)whole);
    bool first = true, zero = has_whole && top == 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct numfmt_token *t = &s->tokens[i];
        if (i < top_first && t->kind == FMT_DIGIT) {
            char sign = zero && whole == 0 && after == 1 ? '0' : t->sign;
            whole_digit(&d, --after, first, sign, h->thousands, out);
            first = false;
        } else if (i == top_first) {
            snprintf(number, sizeof(number), "%*lld", top_width, (long long)top);
            if (zero && s->tokens[top_first].sign != '0') {
                buf_addf(out, "%*s", top_width + 1 + bottom_width, "");
            } else {
                buf_addf(out, "%s/%-*lld", number, fixed ? 0 : bottom_width, (long long)bottom);
            }
            i = bottom_end - 1;
        } else if (t->kind != FMT_COMMA) {
            buf_add_slice(out, t->text);
        }
    }
}

void numfmt_digits(const struct numfmt_section *s, double value, bool minus, struct buf *out)
{
    struct shape h;

    look(s, &h);
    // A fraction has digits (or a number) on both sides of its slash.
    if (h.slash < s->count && h.slash > 0 && s->tokens[h.slash - 1].kind == FMT_DIGIT &&
        h.exponent == s->count) {
        const struct numfmt_token *next = &s->tokens[h.slash + 1];
        bool number = next->kind == FMT_LITERAL && next->text.len == 1 &&
                      next->text.data[0] >= '1' && next->text.data[0] <= '9';
        if (next->kind == FMT_DIGIT || number) {
            fraction(s, &h, value, minus, out);
            return;
        }
    }
    plain(s, &h, value, minus, out);
}
