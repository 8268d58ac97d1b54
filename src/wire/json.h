// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON out: small appenders on a buffer, for code that knows the shape it writes. What they write is always valid JSON in
// UTF-8 and safe inside HTML (<, > and & leave as \u escapes). JSON in is read with jansson, in wire/ only where shapes are
// ours (places). Any thread.
#ifndef LARDER_WIRE_JSON_H
#define LARDER_WIRE_JSON_H

#include "base/buf.h"
#include "base/slice.h"
#include "wire/json_in.h" // parsing and getters
#include "wire/json_out.h" // the writer that tracks nesting

void json_add_string(
    struct buf *b, struct slice text); // with quotes; malformed bytes become U+FFFD
void json_add_text(struct buf *b, const char *text); // NULL: null
// As short as `digits` significant digits allow, with a point whatever the locale; 0 for what is not a finite number.
void json_add_number(struct buf *b, double value, int digits);

#endif
