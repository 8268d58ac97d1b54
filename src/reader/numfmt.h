// SPDX-License-Identifier: AGPL-3.0-or-later
// Excel's number formats (ECMA-376 part 1, 18.8.30 and 18.8.31), as en-US Excel shows them: a value and a format code give
// the text that people see in the cell. Colours, alignment and padding marks have no effect on text: "_x" gives one space,
// "*x" none.
//
//   code      = section *3(";" section)
//   section   = *("[" condition / colour / locale / elapsed "]" / literal / placeholder / date part / "@" / "General")
//   1 section : all numbers      2: from zero up; below      3: above; below; zero      4: and text
//
// Pure: no locale, no clock, no allocation but the buffer. Any thread.
#ifndef LARDER_READER_NUMFMT_H
#define LARDER_READER_NUMFMT_H

#include "base/buf.h"

enum {
    NUMFMT_CODE_MAX = 1024, // bytes of a code; Excel's own limit is 255 characters
    NUMFMT_TOKENS_MAX = 256, // of a section; what follows is dropped
    NUMFMT_TEXT_MAX = 2048, // bytes given for one value
};

// The code of a built-in id (0 to 49), "General" for an unknown one.
const char *numfmt_builtin(int id);
// Whether a code shows dates or times (so that a value means days).
bool numfmt_is_date(const char *code);
// Appends the text for a number. What Excel shows as "####" (dates before 1900) is given as in General.
void numfmt_number(const char *code, double value, bool from_1904, struct buf *out);
// Appends the text for a text value.
void numfmt_text(const char *code, struct slice value, struct buf *out);
// As in a cell of format General: up to eleven characters.
void numfmt_general(double value, struct buf *out);
// As Excel stores and edits it: up to fifteen digits, no exponent where it can be avoided.
void numfmt_stored(double value, struct buf *out);

#endif
