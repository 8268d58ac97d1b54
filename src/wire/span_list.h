// SPDX-License-Identifier: AGPL-3.0-or-later
// Lists of spans inside an element: the seconds of its words (wire/speech_words.h), the heights of its rows on a page.
//
//   list = span [" " span]…     span = start "+" length, whole numbers, at most SPAN_MAX
//
// Pure.
#ifndef LARDER_WIRE_SPAN_LIST_H
#define LARDER_WIRE_SPAN_LIST_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    SPAN_MAX = 24 * 3600 * 100 /* a day in hundredths of a second */,
    SPAN_LIST_MAX = 64 << 10 /* bytes */
};

void span_add(struct buf *list, int64_t start, int64_t length); // both cut to 0 … SPAN_MAX
// Takes one off the beginning; false at the end or if there is none.
bool span_next(struct slice *list, int64_t *ret_start, int64_t *ret_length);
// Is the list empty, or has it exactly so many spans, all well formed?
bool span_list_fits(struct slice list, size_t count);

// Rows: the top and height of each line of a table's text, in ten-thousandths of the height of its page. An element's rows
// are either empty or one for each line.
enum { ROW_UNITS = 10000 };
void row_add(struct buf *rows, double top, double bottom); // shares of the page's height
bool rows_fit(struct slice rows, struct slice text);
bool row_at(struct slice rows, size_t line, float *ret_top, float *ret_bottom); // false: not known

#endif
