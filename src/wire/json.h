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
void json_add_int(struct buf *b, int64_t value);
// As short as `digits` significant digits allow, with a point whatever the locale; 0 for what is not a finite number.
void json_add_number(struct buf *b, double value, int digits);
void json_add_bool(struct buf *b, bool value);
// ,"key": with the comma left out right after { or [ or at the start. The key is one of our own words, not escaped.
void json_add_key(struct buf *b, const char *key);
// The comma before the next item of an array, under the same rule.
void json_add_comma(struct buf *b);

#endif
