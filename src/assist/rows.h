// SPDX-License-Identifier: AGPL-3.0-or-later
// Rows of tables as an element's text holds them ("Fries | Sides |  | contains", in Markdown with bars at both ends too):
// cut into cells under their header, and put into words ("Item: Fries; Category: Sides"). Pure; any thread.
#ifndef LARDER_ASSIST_ROWS_H
#define LARDER_ASSIST_ROWS_H

#include "base/arena.h"
#include "base/slice.h"

enum { ROW_CELLS_MAX = 64 }; // cells after these are not looked at

struct row {
    struct slice names[ROW_CELLS_MAX]; // of the header; empty where it has none
    struct slice values[ROW_CELLS_MAX]; // trimmed, without marks of emphasis; empty: a blank cell
    size_t count; // the larger of header's and line's cells
};
// header may be empty. sheet: of a spreadsheet, whose cells may bring the bare number behind what is shown ("3/7/2026 (46088)"),
// which is left out.
void row_cut(struct slice header, struct slice line, bool sheet, struct row *ret);
// The first cell that is not blank: what the row is about; count: none.
size_t row_key(const struct row *r);
// "Item: Fries; Milk: contains". Of blank cells only those of `named` are told, as "Egg: (empty)"; only: no other cells than
// the key's and those of `named`. named may be NULL: none.
struct slice row_words(struct arena *a, const struct row *r, const bool *named, bool only);

#endif
