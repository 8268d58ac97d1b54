// SPDX-License-Identifier: AGPL-3.0-or-later
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF.
#ifndef LARDER_BASE_UTF8_H
#define LARDER_BASE_UTF8_H

#include "base/buf.h"
#include "base/slice.h"

enum { UTF8_REPLACEMENT = 0xFFFD };

// The code point at the front and its length in bytes (1 to 4); for a malformed byte U+FFFD and 1. len must be > 0.
uint32_t utf8_decode(const char *at, size_t len, size_t *ret_bytes);
bool utf8_valid(struct slice s);
size_t utf8_encode(
    uint32_t code_point, char ret_bytes[4]); // bytes written; U+FFFD for what is no code point
void utf8_add(struct buf *b, uint32_t code_point);
// Appends s with each malformed byte, NUL and other C0 control but tab and newline replaced by U+FFFD (controls by a
// space), so that what is stored is always valid text.
void utf8_add_clean(struct buf *b, struct slice s);
size_t utf8_count(struct slice s); // code points
// The longest prefix of at most `max` bytes that ends between code points.
struct slice utf8_prefix(struct slice s, size_t max);

#endif
