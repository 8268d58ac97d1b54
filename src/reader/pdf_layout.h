// SPDX-License-Identifier: AGPL-3.0-or-later
// From rows and segments to blocks in reading order: tables (pdf_grid.c: with lines, pdf_table.c: without), paragraphs and
// the like (pdf_layout.c), pictures. Pure geometry; what a block means (heading, list item, code) is pdf_elements.c's part.
#ifndef LARDER_READER_PDF_LAYOUT_H
#define LARDER_READER_PDF_LAYOUT_H

#include "reader/pdf_rows.h"

enum {
    LPDF_TABLE_CELLS = 20000, // of one table
    LPDF_TABLE_COLS = 64,
    LPDF_TABLES_MAX = 64, // of one page
    LPDF_BLOCKS_SORTED =
        900, // more blocks than this are read from top to bottom without a search for columns
    LPDF_CUT_DEPTH = 40,
    LPDF_DRAWINGS_MAX = 16, // of a page that only their captions tell of
};

struct lpdf_band {
    float y0, y1; // in the frame
};
struct lpdf_table {
    struct lpdf_rect box; // in the frame
    uint32_t rows, cols;
    struct lpdf_band *bands; // of each row, in the arena; NULL: not known
    struct slice *cells; // rows × cols, in the arena
    uint32_t header_rows; // 0 or 1
};

enum lpdf_block_kind { LPDF_BLOCK_TEXT, LPDF_BLOCK_TABLE, LPDF_BLOCK_IMAGE };

struct lpdf_block {
    enum lpdf_block_kind kind;
    struct lpdf_rect box; // in the frame
    uint32_t *segs; // text: one a line, top to bottom
    uint32_t seg_count, seg_cap;
    uint32_t chars;
    const struct lpdf_table *table;
    float leading; // text with two lines or more: from line to line
    bool closed; // takes no more lines
};

struct lpdf_layout {
    struct lpdf_sheet sheet;
    struct lpdf_table tables[LPDF_TABLES_MAX];
    uint32_t table_count;
    struct lpdf_block *blocks; // in reading order
    uint32_t block_count;
};

struct lpdf_band lpdf_band_union(struct lpdf_band a, struct lpdf_band b);
// Ruled tables, found on a sheet; their words are marked LPDF_DEAD, so that the sheet must be built again if any.
void lpdf_find_grids(struct lpdf_layout *l, struct arena *a);
// Tables without lines: segments that line up; those are marked gone.
void lpdf_find_tables(struct lpdf_layout *l, struct arena *a);
// One direction of a page up to its sheet, ruled tables taken out. False when memory ran out.
bool lpdf_layout_begin(struct lpdf_layout *l, struct lpdf_page *page, int dir, struct arena *a);
// The rest, once running headers are marked gone: tables without lines, blocks, order. pictures: direction 0 only.
bool lpdf_layout_end(struct lpdf_layout *l, const struct lpdf_rect *pictures,
    uint32_t picture_count, struct arena *a);
// Puts blocks into the order of reading. (pdf_order.c)
void lpdf_order_blocks(struct lpdf_block *blocks, uint32_t count, float body, struct arena *a);

// Shared by both kinds of tables: joins wrapped rows, finds the header. (pdf_table.c)
struct slice lpdf_join_text(struct slice a, struct slice b, struct arena *arena);
bool lpdf_first_row_is_data(const struct lpdf_table *t); // by its cells: table_head.h

#endif
