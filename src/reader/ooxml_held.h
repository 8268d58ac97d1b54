// SPDX-License-Identifier: AGPL-3.0-or-later
// Elements that wait in a buffer until it is known where they stand in the reading order. Copies kind, level, flags and
// the four texts; the place is given when they are taken out.
#ifndef LARDER_READER_OOXML_HELD_H
#define LARDER_READER_OOXML_HELD_H

#include "base/buf.h"
#include "wire/element.h"

void held_add(struct buf *b, const struct element *e); // a full buffer shows in buf_ok
// Takes the first one off; its texts are lent by the buffer. False at the end.
bool held_next(struct slice *rest, struct element *ret_element);

#endif
