// SPDX-License-Identifier: AGPL-3.0-or-later
// Identifiers: UUID version 7 (RFC 9562), so that they sort by the time they were made.
#ifndef LARDER_BASE_ID_H
#define LARDER_BASE_ID_H

#include "base/slice.h"

enum { ID_LEN = 36, ID_SIZE = 37 };

void id_new(char ret_id[ID_SIZE]); // lower case, NUL-terminated; any thread
bool id_valid(struct slice text); // the shape 8-4-4-4-12 of hexadecimal digits
void random_bytes(void *ret_bytes, size_t len); // from the kernel; aborts if it has none
void hex_format(const uint8_t *bytes, size_t len, char *ret_text); // 2*len digits and NUL
bool hex_parse(struct slice text, uint8_t *ret_bytes, size_t len); // exactly 2*len digits

#endif
