// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements quantity.h.
#include "assist/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static const char *const kind_words[] = { "temperature", "time", "length", "mass", "volume",
    "share", "concentration" };
_Static_assert(ARRAY_LEN(kind_words) == QUANTITY_KINDS, "a word for each kind");

// Longer words first where one begins another.
static const struct {
    const char *word;
    enum quantity_kind kind;
    double factor, offset; // value * factor + offset
    bool bare; // may stand right behind the number and end the word
} units[] = {
    { "\xc2\xb0"
      "F",
        QUANTITY_TEMPERATURE, 5.0 / 9, -160.0 / 9, true },
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
        bool starts = rest.len >= n &&
                      slice_equal_nocase(slice_make(rest.data, n), slice_make(units[i].word, n));
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

size_t quantities(struct slice text, struct quantity ret[QUANTITIES_MAX])
{
    size_t count = 0, end = 0, len = 0;
    double value = 0;

    for (size_t i = 0; i < text.len && count < QUANTITIES_MAX; i++) {
        if (!begins_number(text, i) || !read_number(text, i, &end, &value)) {
            continue;
        }
        int unit = unit_at(slice_from(text, end), &len);
        if (unit >= 0) {
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
