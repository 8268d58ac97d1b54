// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements quantity.h.
#include "assist/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static const char *const kind_words[] = { "temperature", "time", "length", "mass", "volume",
    "share", "concentration", "voltage", "power", "pressure", "price" };
_Static_assert(ARRAY_LEN(kind_words) == QUANTITY_KINDS, "a word for each kind");

// Longer words first where one begins another.
static const struct {
    const char *word;
    enum quantity_kind kind;
    double factor, offset; // value * factor + offset
    bool bare; // may stand right behind the number and end the word
    bool exact; // capitals matter
} units[] = {
    { "\xc2\xb0"
      "F",
        QUANTITY_TEMPERATURE, 5.0 / 9, -160.0 / 9, true },
    { "\xc2\xba"
      "F",
        QUANTITY_TEMPERATURE, 5.0 / 9, -160.0 / 9, true }, // typed with the sign of an ordinal
    { "\xc2\xba"
      "C",
        QUANTITY_TEMPERATURE, 1, 0, true },
    { "\xc2\xb0 F", QUANTITY_TEMPERATURE, 5.0 / 9, -160.0 / 9, true },
    { "degrees F", QUANTITY_TEMPERATURE, 5.0 / 9, -160.0 / 9, true },
    { "\xc2\xb0"
      "C",
        QUANTITY_TEMPERATURE, 1, 0, true },
    { "\xc2\xb0 C", QUANTITY_TEMPERATURE, 1, 0, true },
    { "degrees C", QUANTITY_TEMPERATURE, 1, 0, true },
    { "seconds", QUANTITY_TIME, 1, 0, false },
    { "second", QUANTITY_TIME, 1, 0, false },
    { "sec", QUANTITY_TIME, 1, 0, false },
    { "minutes", QUANTITY_TIME, 60, 0, false },
    { "minute", QUANTITY_TIME, 60, 0, false },
    { "min", QUANTITY_TIME, 60, 0, false },
    { "hours", QUANTITY_TIME, 3600, 0, false },
    { "hour", QUANTITY_TIME, 3600, 0, false },
    { "hrs", QUANTITY_TIME, 3600, 0, false },
    { "days", QUANTITY_TIME, 86400, 0, false },
    { "day", QUANTITY_TIME, 86400, 0, false },
    { "weeks", QUANTITY_TIME, 604800, 0, false },
    { "inches", QUANTITY_LENGTH, 25.4, 0, false },
    { "inch", QUANTITY_LENGTH, 25.4, 0, false },
    { "in", QUANTITY_LENGTH, 25.4, 0, false },
    { "mm", QUANTITY_LENGTH, 1, 0, false },
    { "cm", QUANTITY_LENGTH, 10, 0, false },
    { "kg", QUANTITY_MASS, 1000, 0, false },
    { "grams", QUANTITY_MASS, 1, 0, false },
    { "g", QUANTITY_MASS, 1, 0, false },
    { "pounds", QUANTITY_MASS, 453.6, 0, false },
    { "pound", QUANTITY_MASS, 453.6, 0, false },
    { "ounces", QUANTITY_MASS, 28.35, 0, false },
    { "lbs", QUANTITY_MASS, 453.6, 0, false },
    { "lb", QUANTITY_MASS, 453.6, 0, false },
    { "oz", QUANTITY_MASS, 28.35, 0, false },
    { "ml", QUANTITY_VOLUME, 1, 0, false },
    { "liters", QUANTITY_VOLUME, 1000, 0, false },
    { "liter", QUANTITY_VOLUME, 1000, 0, false },
    { "gallons", QUANTITY_VOLUME, 3785, 0, false },
    { "gallon", QUANTITY_VOLUME, 3785, 0, false },
    { "%", QUANTITY_SHARE, 1, 0, true },
    { "percent", QUANTITY_SHARE, 1, 0, false },
    { "ppm", QUANTITY_CONCENTRATION, 1, 0, false },
    { "volts", QUANTITY_VOLTAGE, 1, 0, false },
    { "volt", QUANTITY_VOLTAGE, 1, 0, false },
    { "V", QUANTITY_VOLTAGE, 1, 0, false, true },
    { "VAC", QUANTITY_VOLTAGE, 1, 0, false, true },
    { "watts", QUANTITY_POWER, 1, 0, false },
    { "kW", QUANTITY_POWER, 1000, 0, false, true },
    { "W", QUANTITY_POWER, 1, 0, false, true },
    { "psi", QUANTITY_PRESSURE, 0.0689476, 0, false },
    { "bar", QUANTITY_PRESSURE, 1, 0, false },
    { "dollars", QUANTITY_MONEY, 1, 0, false },
    { "euros", QUANTITY_MONEY, 1, 0, false },
};

const char *quantity_word(enum quantity_kind kind)
{
    return kind_words[kind];
}

// The unit at the front of text, after at most one space; its index, or -1.
static int unit_at(struct slice text, size_t *ret_len)
{
    size_t skip = text.len && (text.data[0] == ' ' || text.data[0] == '-') ? 1 : 0;
    struct slice rest = slice_from(text, skip);

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t n = strlen(units[i].word);
        struct slice word = slice_make(units[i].word, n);
        struct slice there = slice_make(rest.data, rest.len < n ? rest.len : n);
        bool starts = units[i].exact ? slice_equal(there, word) : slice_equal_nocase(there, word);
        if (starts && (rest.len == n || !isalpha((unsigned char)rest.data[n]))) {
            *ret_len = skip + n;
            return (int)i;
        }
    }
    return -1;
}

static bool read_number(struct slice text, size_t at, size_t *ret_end, double *ret)
{
    char digits[24];
    size_t n = 0, i = at;

    while (i < text.len && n + 1 < sizeof(digits) &&
           (isdigit((unsigned char)text.data[i]) || text.data[i] == '.' || text.data[i] == ',')) {
        if (text.data[i] != ',') {
            digits[n++] = text.data[i];
        }
        i++;
    }
    while (n > 0 && digits[n - 1] == '.') { // the end of a sentence
        n--;
        i--;
    }
    digits[n] = '\0';
    *ret_end = i;
    return n > 0 && slice_to_double(slice_make(digits, n), ret);
}

static bool begins_number(struct slice text, size_t at)
{
    return isdigit((unsigned char)text.data[at]) &&
           (at == 0 || (!isalnum((unsigned char)text.data[at - 1]) && text.data[at - 1] != '.'));
}

// "$12", "€ 12": how many bytes before the number the sign of a currency begins; 0: none.
static size_t currency_before(struct slice text, size_t at)
{
    static const char *const signs[] = { "$", "\xe2\x82\xac", "\xc2\xa3" };
    size_t space = at > 0 && text.data[at - 1] == ' ' ? 1 : 0;

    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        size_t n = strlen(signs[i]);
        if (at >= n + space && memcmp(text.data + at - space - n, signs[i], n) == 0) {
            return n + space;
        }
    }
    return 0;
}

size_t quantities(struct slice text, struct quantity ret[QUANTITIES_MAX])
{
    size_t count = 0, end = 0, len = 0;
    double value = 0;

    for (size_t i = 0; i < text.len && count < QUANTITIES_MAX; i++) {
        if (!begins_number(text, i) || !read_number(text, i, &end, &value)) {
            continue;
        }
        int unit = unit_at(slice_from(text, end), &len);
        size_t sign = currency_before(text, i);
        if (sign > 0) {
            ret[count++] = (struct quantity){
                .kind = QUANTITY_MONEY, .value = value, .start = i - sign, .end = end
            };
        } else if (unit >= 0) {
            ret[count++] = (struct quantity){ .kind = units[unit].kind,
                .value = value * units[unit].factor + units[unit].offset,
                .start = i,
                .end = end + len };
            end += len;
        }
        i = end > i ? end - 1 : i;
    }
    return count;
}

bool quantity_same(const struct quantity *a, const struct quantity *b)
{
    double least = a->kind == QUANTITY_TEMPERATURE ? 1.2 : 0.02 * fabs(a->value);

    return a->kind == b->kind && fabs(a->value - b->value) <= least + 1e-9;
}
