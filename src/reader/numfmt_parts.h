// SPDX-License-Identifier: AGPL-3.0-or-later
// What numfmt.c shares with numfmt_digits.c and numfmt_date.c: the tokens of a section, and decimal digits of a double.
#ifndef LARDER_READER_NUMFMT_PARTS_H
#define LARDER_READER_NUMFMT_PARTS_H

#include "reader/numfmt.h"

enum numfmt_kind {
    FMT_LITERAL, // text
    FMT_DIGIT, // sign is '0', '#' or '?'
    FMT_POINT,
    FMT_COMMA, // between digits or behind them
    FMT_PERCENT,
    FMT_EXPONENT, // sign is '+' or '-'
    FMT_SLASH,
    FMT_DATE, // sign is y m d h s e b or n (minutes); count letters
    FMT_ELAPSED, // sign is h m s; count letters
    FMT_AMPM, // text is how it was written: "AM/PM", "A/P"
    FMT_GENERAL,
    FMT_AT, // @
};

struct numfmt_token {
    enum numfmt_kind kind;
    char sign;
    int count;
    struct slice text;
};

struct numfmt_section {
    size_t count;
    char condition[3]; // "<", ">=", …; empty: none
    double limit;
    bool date, at, general;
    int second_digits; // of ".000" behind seconds
    struct numfmt_token
        tokens[NUMFMT_TOKENS_MAX]; // last: only what stands before it needs to be cleared
};

// A decimal number: 0.d1d2d3… × 10^point, from the fifteen digits that Excel works with.
struct numfmt_decimal {
    char digits[24]; // '0' to '9', no zeros at the front unless the number is zero
    int count;
    int point;
};
void decimal_from(struct numfmt_decimal *d, double value); // of |value|, finite
void decimal_round(struct numfmt_decimal *d,
    int places); // half away from zero, to that many places after the point
char decimal_digit(
    const struct numfmt_decimal *d, int place); // place 0: units, 1: tens, -1: tenths

void numfmt_digits(const struct numfmt_section *s, double value, bool minus, struct buf *out);
// false: no such date.
bool numfmt_date(const struct numfmt_section *s, double value, bool from_1904, struct buf *out);

#endif
