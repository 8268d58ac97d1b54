// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of the Excel reader share. A workbook is read sheet by sheet, a sheet row by row: memory is bounded by the
// shared strings and by a window of XLSX_WINDOW_ROWS rows, whatever the size of a sheet.
//
//   xlsx.c          the format: check and read
//   xlsx_book.c     workbook, styles, shared strings
//   xlsx_sheet.c    one sheet: cells to values as people see them, into the window
//   xlsx_regions.c  the window: separate tables, titles, headers; out come elements
//   xlsx_extra.c    comments, text boxes, charts, pictures, defined tables
//   xlsx_check.c    layer 5: links to other workbooks, DDE, connections, hidden sheets
#ifndef LARDER_READER_XLSX_H
#define LARDER_READER_XLSX_H

#include "reader/csv_table.h"
#include "reader/ooxml.h"
#include "reader/xml.h"

enum {
    XLSX_ROWS = 1048576,
    XLSX_COLUMNS = 16384,
    XLSX_WINDOW_ROWS = 256, // tables are told apart by looking at so many rows at once
    XLSX_WINDOW_BYTES = 512 * 1024,
    XLSX_WINDOW_CELLS = 65536,
    XLSX_CELL_BYTES = 256 * 1024, // Excel: 32,767 characters
    XLSX_STRINGS_MAX = 8 * 1000 * 1000,
    XLSX_STYLES_MAX = 65536, // Excel: 65,490
    XLSX_TABLES_MAX = 256, // defined tables of a sheet that are looked at
    XLSX_ARENA_MAX = 32 * 1024 * 1024, // names, format codes
};

struct xlsx_range {
    int32_t rows[2], cols[2];
};
// "B2" or "B2:D9" ($ allowed); false if it is no range of cells.
bool xlsx_range_parse(struct slice text, struct xlsx_range *ret);

struct xlsx_sheet {
    struct slice name;
    const struct opc_part *part;
    bool hidden, very_hidden;
};

struct xlsx {
    struct reader *r;
    struct opc package;
    struct arena arena;
    bool from_1904;
    struct xlsx_sheet *sheets;
    size_t sheet_count;
    const char **codes; // number format of each cell style
    bool *bold; // the same, of its letters
    size_t code_count;
    struct buf strings; // shared strings, one after the other
    uint32_t *string_ends;
    size_t string_count;
    int64_t cells, rows; // so far, of all sheets
    struct ooxml_pictures pictures;
};

// Opens the package and reads the workbook; with `strings` also styles and shared strings. 0, ERR_REFUSED (reported) or
// another code. On failure nothing needs closing.
int xlsx_open(struct xlsx *x, struct reader *r, bool strings, struct error *err);
void xlsx_close(struct xlsx *x);
struct slice xlsx_string(const struct xlsx *x, int64_t index); // empty if there is none
const char *xlsx_code(const struct xlsx *x, int64_t style); // "General" if there is none
bool xlsx_bold(const struct xlsx *x, int64_t style);
// After the START of a string item (si, is, comment's text): its text, runs joined, phonetic hints left out, to its END.
void xlsx_collect_rich(struct xml *x, struct buf *b);
void xlsx_unescape(struct buf *b, size_t from); // "_x000D_" and the like, in place

// The window of rows that tables are found in.
struct xlsx_cell {
    int32_t col;
    size_t shown, shown_len, stored, stored_len; // in text
    bool number, strong;
};
struct xlsx_row {
    int32_t row;
    size_t first, count; // in cells
};
struct xlsx_header { // of a table met before, for what follows it
    struct xlsx_range at;
    size_t first, count; // in header_cells
};
struct xlsx_window {
    struct xlsx *x;
    struct csv_table table;
    struct place place; // kind and name of the sheet
    uint32_t flags;
    struct xlsx_row *rows; // XLSX_WINDOW_ROWS
    size_t row_count;
    struct xlsx_cell *cells; // XLSX_WINDOW_CELLS
    size_t cell_count;
    struct buf text;
    bool continues; // its first row follows the last row of the window before
    int32_t last_row; // of the window before
    int32_t frozen; // the last of the rows that stay when the sheet is scrolled; 0: none
    struct xlsx_range *tables; // defined tables
    size_t table_count;
    // the header of the last region, copied
    struct xlsx_range header_at;
    struct table_cell *header;
    size_t header_count;
    struct buf header_text;
};
int xlsx_window_init(struct xlsx_window *w, struct xlsx *x, const struct xlsx_sheet *sheet);
void xlsx_window_done(struct xlsx_window *w);
// Begins a row; may flush what came before. Then cells of it in ascending order. 0 or the sink's code.
int xlsx_window_row(struct xlsx_window *w, int32_t row);
int xlsx_window_cell(struct xlsx_window *w, const struct table_cell *cell);
int xlsx_window_flush(struct xlsx_window *w);

int xlsx_sheet_read(struct xlsx *x, const struct xlsx_sheet *sheet);
// Defined tables of the sheet, into w->tables (from the arena).
int xlsx_tables_load(struct xlsx *x, struct opc_rels *rels, struct xlsx_window *w);
int xlsx_comments_read(struct xlsx *x, const struct xlsx_sheet *sheet, struct opc_rels *rels);
int xlsx_drawings_read(struct xlsx *x, const struct xlsx_sheet *sheet, struct opc_rels *rels);
int xlsx_check_security(struct xlsx *x);

#endif
