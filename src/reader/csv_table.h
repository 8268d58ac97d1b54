// SPDX-License-Identifier: AGPL-3.0-or-later
// Rows of cells to table elements, for CSV and for sheets: blocks of whole rows of about TABLE_BLOCK_AIM bytes, each with
// the header row given, places of exactly the rows and columns inside. A row that is too wide for a block is split by
// columns, a cell that is too long by sentences. One thread.
//
//   text      Item | Price        "shown" or "shown (stored)", cells by " | ", rows by newline, empty cells at the end dropped
//             Fries | 2.80
//   markdown  | Item | Price |    the header row stands in every block, so that each shows as a table
//             | --- | --- |
//             | Fries | 2.80 |
#ifndef LARDER_READER_CSV_TABLE_H
#define LARDER_READER_CSV_TABLE_H

#include "base/buf.h"
#include "reader/reader.h"

enum {
    TABLE_BLOCK_AIM = 1000, // bytes of text
    TABLE_BLOCK_ROWS = 50,
    TABLE_ROW_MAX = 4096, // bytes; a longer row is split
    TABLE_COLUMNS_MAX = 16384, // as Excel; more are dropped with a finding by the owner
};

struct table_cell {
    int32_t col; // 1-based; ascending within a row
    struct slice shown; // as people see it
    struct slice
        stored; // as the file has it, where that could not be found in what is shown; else empty
    bool number; // known to be a number or a date, whatever it looks like
    bool strong; // set off by its looks: bold letters, a frozen row
};

enum cell_kind { CELL_EMPTY, CELL_NUMBER, CELL_DATE, CELL_TEXT };
// What a text looks like: a number ("1,200", "−3 %", "$4.20"), a date or time, or words.
enum cell_kind csv_table_cell_kind(struct slice text);
bool csv_table_is_words(const struct table_cell *cell); // neither empty nor a number nor a date

struct table_header_cell {
    int32_t col;
    size_t at, len; // in header_text
};

struct csv_table {
    struct reader *r;
    struct place place; // the owner sets kind, name and section; rows and cols are filled in here
    uint32_t flags; // of the elements
    bool plain; // no markdown: for files so large that saying everything twice costs too much
    int32_t left; // the column where rows begin (1 for CSV, the region's first in a sheet)
    // inner
    struct buf header_text;
    struct table_header_cell *header;
    size_t header_count;
    struct buf text, markdown, row_text, row_markdown;
    int32_t rows, first_row, last_row, first_col, last_col;
    bool has_header_row; // the block that is open begins with it
};

void csv_table_init(struct csv_table *t, struct reader *r, enum place_kind kind);
void csv_table_done(struct csv_table *t);
// The row becomes the header of what follows; it is not itself added. 0 or ERR_MEMORY.
int csv_table_set_header(struct csv_table *t, const struct table_cell *cells, size_t count);
void csv_table_clear_header(struct csv_table *t);
// Adds a row; is_header: the header row itself, just set. 0 or the sink's code.
int csv_table_row(
    struct csv_table *t, const struct table_cell *cells, size_t count, int32_t row, bool is_header);
int csv_table_flush(struct csv_table *t); // emits what is open

// Whether the first of these rows names the columns of the others. rows[0] is the first; one that alone is strong does,
// another does not if its cells say that it is data (table_head.h).
struct table_row_view {
    const struct table_cell *cells;
    size_t count;
};
bool csv_table_header_likely(const struct table_row_view *rows, size_t count);

#endif
