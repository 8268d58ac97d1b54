// SPDX-License-Identifier: AGPL-3.0-or-later
// A table on its way to elements: cells go in, ELEMENT_TABLE blocks of whole rows come out, each with the text ("a | b"),
// the Markdown and the header row, if the first is one, so that memory does not grow with the table. Merged cells: a cell that goes on from the
// row above repeats its text (each row must make sense alone); one that spans columns repeats it in Markdown only.
#ifndef LARDER_READER_OOXML_TABLE_H
#define LARDER_READER_OOXML_TABLE_H

#include "base/buf.h"
#include "wire/element.h"

enum {
    TABLE_COLUMNS_MAX = 256, // further cells of a row are joined to the last
    TABLE_BLOCK_ROWS = 40, // of one element
    TABLE_BLOCK_BYTES = 6000, // of its text; a block ends after the row that passes this
    TABLE_CELL_MAX = 1024 * 1024,
    TABLE_BLOCK_MAX = 16 * 1024 * 1024, // of one block's Markdown, cells repeated
};

struct table_cell {
    char *text; // owned
    int32_t span;
    bool goes_on; // from the row above
};

// What the file says about the first row. Looks: its cells are set off from those of the second, as by bold letters.
enum table_head { TABLE_HEAD_UNSAID, TABLE_HEAD_DECLARED, TABLE_HEAD_LOOKS, TABLE_HEAD_NONE };

struct ooxml_table {
    int (*emit)(void *ctx, struct element *e);
    void *ctx;
    struct element model; // place and flags of the blocks
    struct table_cell row[TABLE_COLUMNS_MAX];
    size_t row_cells;
    int32_t row_columns;
    char *above[TABLE_COLUMNS_MAX]; // the text of each column's cell in the last row, owned
    struct buf header_text, header_markdown;
    int32_t header_columns;
    enum table_head head; // the owner's, before table_end
    bool has_header; // known from the first block on
    struct buf text, markdown; // of the block
    int64_t rows, block_rows;
    int64_t cells;
};

void table_init(struct ooxml_table *t, int (*emit)(void *ctx, struct element *e), void *ctx);
void table_cell(struct ooxml_table *t, struct slice text, int32_t span, bool goes_on);
int table_row_end(struct ooxml_table *t); // emits a block when it is full
int table_end(struct ooxml_table *t); // emits what is left and frees everything
void table_drop(struct ooxml_table *t); // frees without emitting

#endif
