// SPDX-License-Identifier: AGPL-3.0-or-later
// Whether the first row of a table names its columns or is a row like the others. What a file declares (a defined table, th,
// a repeated header row) is not asked about here; a row that is set off by its looks counts more than what it says. Pure.
#ifndef LARDER_READER_TABLE_HEAD_H
#define LARDER_READER_TABLE_HEAD_H

#include "base/slice.h"

enum {
    HEAD_LOOK_ROWS = 12, // of a table, that are compared with its first
    HEAD_LOOK_COLUMNS = 24,
};

struct head_grid {
    struct slice cells[HEAD_LOOK_ROWS * HEAD_LOOK_COLUMNS]; // row after row
    size_t rows, cols; // cells of row r begin at r * cols
};

// Do the cells say that the first row is one of data? Signs of it: a weekday above weekdays, a code or quantity above others
// of its shape, words that the column says again, cells that begin or end with the same word, sentences above sentences.
// Signs against: a name above nothing but numbers; the whole row again further down, as on a new page.
bool head_is_data(const struct head_grid *g);
// The same of lines with bars between their cells.
bool head_lines_are_data(struct slice lines);

#endif
