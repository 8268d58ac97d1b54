// SPDX-License-Identifier: AGPL-3.0-or-later
// Quantities in a text: a number with its unit, brought to one unit a kind so that "350 °F" and "177 °C" are the same. A
// range counts as its two ends. Pure; any thread.
#ifndef LARDER_ASSIST_QUANTITY_H
#define LARDER_ASSIST_QUANTITY_H

#include "base/slice.h"

enum { QUANTITIES_MAX = 16 }; // of one sentence

enum quantity_kind {
    QUANTITY_TEMPERATURE, // °C
    QUANTITY_TIME, // seconds
    QUANTITY_LENGTH, // mm
    QUANTITY_MASS, // g
    QUANTITY_VOLUME, // ml
    QUANTITY_SHARE, // percent
    QUANTITY_CONCENTRATION, // ppm
    QUANTITY_VOLTAGE, // V
    QUANTITY_POWER, // W
    QUANTITY_PRESSURE, // bar
    QUANTITY_MONEY, // of whatever currency; only the number is compared
    QUANTITY_KINDS
};
struct quantity {
    enum quantity_kind kind;
    double value;
    size_t start, end; // bytes in the text
};
const char *quantity_word(enum quantity_kind kind); // "temperature"
// Fills up to QUANTITIES_MAX; how many.
size_t quantities(struct slice text, struct quantity ret[QUANTITIES_MAX]);
bool quantity_same(
    const struct quantity *a, const struct quantity *b); // same kind, within rounding

#endif
