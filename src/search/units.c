// SPDX-License-Identifier: AGPL-3.0-or-later
// The ways in which numbers are written: FX-200 and FX200, E-12 and E12, 350 °F and 177 °C, 1/2 and ½.
#include "search/concepts.h"
#include "text/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CODE_MAX = 32 };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// FX-200: fx200; FX200: fx 200.
static void add_spellings(struct arena *a, struct concept *c, struct slice typed)
{
    char joined[CODE_MAX + 1], apart[2 * CODE_MAX + 1];
    size_t j = 0, p = 0, letters = 0, digits = 0;

    while (typed.len && strchr("([{\"'", typed.data[0])) {
        typed = slice_from(typed, 1);
    }
    while (typed.len && strchr(")]}\"'.,;:?!", typed.data[typed.len - 1])) {
        typed.len--;
    }
    if (typed.len > CODE_MAX) {
        return;
    }
    for (size_t i = 0; i < typed.len; i++) {
        char ch = typed.data[i];
        if (!letter(ch) && !digit(ch)) {
            if (i > 0 && i + 1 < typed.len && strchr("-_/.", ch)) {
                continue;
            }
            return;
        }
        if (j > 0 && digit(ch) != digit(joined[j - 1])) {
            apart[p++] = ' ';
        }
        joined[j++] = apart[p++] = ch;
        letters += letter(ch);
        digits += digit(ch);
    }
    joined[j] = apart[p] = '\0';
    if (letters && digits) {
        c->code = true;
        concept_add(a, c, joined, 1, AS_SPELLING);
        concept_add(a, c, apart, 1, AS_SPELLING);
    }
}

static const struct {
    const char *sign, *other; // as they are typed: 1/2, ½
} fractions[] = { { "1/2", "\xC2\xBD" }, { "1/4", "\xC2\xBC" }, { "3/4", "\xC2\xBE" },
    { "1/3", "\xE2\x85\x93" }, { "2/3", "\xE2\x85\x94" }, { "1/8", "\xE2\x85\x9B" } };

static void add_fractions(struct arena *a, struct concept *c, struct slice typed)
{
    for (size_t i = 0; i < ARRAY_LEN(fractions); i++) {
        if (slice_is(typed, fractions[i].sign)) {
            concept_add(a, c, fractions[i].other, 1, AS_UNIT);
        } else if (slice_is(typed, fractions[i].other)) {
            concept_add(a, c, fractions[i].sign, 1, AS_UNIT);
        }
    }
}

// The unit of a temperature: 'f', 'c' or 0.
static char unit_of(struct slice s)
{
    static const struct {
        const char *word;
        char unit;
    } units[] = { { "f", 'f' }, { "c", 'c' }, { "fahrenheit", 'f' }, { "celsius", 'c' },
        { "\xC2\xB0"
          "f",
            'f' },
        { "\xC2\xB0"
          "c",
            'c' },
        { "degf", 'f' }, { "degc", 'c' } };

    while (s.len && strchr(".,;:?!)", s.data[s.len - 1])) {
        s.len--;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (slice_equal_nocase(s, slice_of(units[i].word))) {
            return units[i].unit;
        }
    }
    return 0;
}

static void add_temperature(struct arena *a, struct concept *c, double value, char unit)
{
    double other = unit == 'f' ? (value - 32) * 5 / 9 : value * 9 / 5 + 32;
    char text[64], sign = unit == 'f' ? 'c' : 'f';

    if (fabs(value) > 2000) {
        return;
    }
    snprintf(text, sizeof(text), "%.0f %c", value, unit);
    concept_add(a, c, text, 1, AS_UNIT);
    snprintf(text, sizeof(text), "%.0f%c", value, unit);
    concept_add(a, c, text, 1, AS_UNIT);
    snprintf(text, sizeof(text), "%.0f degrees", value);
    concept_add(a, c, text, 0.9, AS_UNIT);
    // Exactly, and as tables for kitchens round it.
    for (int step = 1; step <= 5; step += 4) {
        double rounded = round(other / step) * step, weight = step == 1 ? 0.9 : 0.8;
        snprintf(text, sizeof(text), "%.0f %c", rounded, sign);
        concept_add(a, c, text, weight, AS_UNIT);
        snprintf(text, sizeof(text), "%.0f%c", rounded, sign);
        concept_add(a, c, text, weight, AS_UNIT);
    }
}

void units_add(struct arena *a, struct concept *c, struct slice typed, struct slice next)
{
    size_t n = 0;

    add_fractions(a, c, typed);
    while (n < typed.len && n < 6 && digit(typed.data[n])) {
        n++;
    }
    if (n > 0 && n < 6) {
        AUTO_FREE char *number = xstrndup(typed.data, n);
        char unit = n < typed.len ? unit_of(slice_from(typed, n)) : unit_of(next);
        if (unit) {
            add_temperature(a, c, atof(number), unit);
            return;
        }
    }
    add_spellings(a, c, typed);
}
