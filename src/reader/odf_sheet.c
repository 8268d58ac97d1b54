// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the sheets of odf.h. Cells go through the window of the Excel reader, which tells the tables of a sheet apart;
// what is shown is the text that the program stored with each cell, as people saw it when it was saved. Repeated rows
// and cells are written out as far as they hold something. Comments stand at their cell.
#include "reader/odf.h"
#include "reader/xlsx.h"

#include <stdlib.h>

enum { ROWS_PER_PROGRESS = 1000 };

struct sheet {
    struct odf *o;
    struct xlsx *x; // carries the reader for the window
    struct xlsx_window window;
    struct slice name;
    uint32_t flags;
    int64_t row; // of the current row, 1-based
    struct table_cell *cells;
    size_t count;
    struct buf text; // of the row's cells
    size_t *ends;
};

static int comment(struct sheet *s, struct xml *x, int32_t col)
{
    AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
    struct element e = { .kind = ELEMENT_COMMENT, .flags = s->flags };
    int depth = x->depth, rc = 0;

    s->o->cell = &text;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_START && (x->ns == NS_DC || x->ns == NS_META)) {
            xml_skip(x);
        } else if (x->event == XML_START) {
            rc = odf_block(s->o, x);
        }
    }
    s->o->cell = NULL;
    e.text = buf_slice(&text);
    e.place = (struct place){ .kind = PLACE_SHEET,
        .name = s->name,
        .rows = { (int32_t)s->row, (int32_t)s->row },
        .cols = { col, col } };
    return rc || !text.len ? rc : reader_element(s->o->r, &e);
}

// The text of a cell into s->text; *ret_number.
static int cell(struct sheet *s, struct xml *x, int32_t col, bool *ret_number)
{
    AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
    const char *type = xml_attr(x, NS_OFFICE, "value-type"),
               *value = xml_attr(x, NS_OFFICE, "value");
    AUTO_FREE char *stored = xstrdup(value ? value : "");
    int depth = x->depth, rc = 0;

    *ret_number = type && strcmp(type, "string") != 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_OFFICE, "annotation")) {
            rc = comment(s, x, col);
        } else if (x->event == XML_START) {
            s->o->cell = &text;
            rc = odf_block(s->o, x);
            s->o->cell = NULL;
        }
    }
    if (text.len == 0) {
        buf_add_str(&text, stored);
    }
    struct slice shown = slice_trim(buf_slice(&text));
    if (shown.len > XLSX_CELL_BYTES) {
        shown.len = XLSX_CELL_BYTES;
    }
    buf_add_slice(&s->text, shown);
    return rc;
}

static int row_cells(struct sheet *s, struct xml *x)
{
    int depth = x->depth, rc = 0;
    int64_t col = 1;

    s->count = 0;
    buf_reset(&s->text);
    while (rc == 0 && xml_inside(x, depth)) {
        if (!xml_start(x, NS_TABLE, "table-cell") &&
            !xml_start(x, NS_TABLE, "covered-table-cell")) {
            continue;
        }
        int64_t repeat = xml_attr_int(x, NS_TABLE, "number-columns-repeated", 1);
        size_t before = s->text.len;
        bool number = false;
        repeat = repeat < 1 ? 1 : repeat > XLSX_COLUMNS ? XLSX_COLUMNS : repeat;
        rc = cell(s, x, col > XLSX_COLUMNS ? XLSX_COLUMNS : (int32_t)col, &number);
        size_t len = s->text.len - before;
        for (int64_t i = 0; len && i < repeat && col + i <= XLSX_COLUMNS && s->count < XLSX_COLUMNS;
             i++) {
            s->ends[s->count] =
                before; // turned into slices when the row is whole, for the buffer may move
            s->cells[s->count++] = (struct table_cell){
                .col = (int32_t)(col + i), .shown = { NULL, len }, .number = number
            };
        }
        col = col + repeat > XLSX_COLUMNS ? XLSX_COLUMNS + 1 : col + repeat;
    }
    for (size_t i = 0; i < s->count; i++) {
        s->cells[i].shown.data = s->text.data + s->ends[i];
    }
    return rc == 0 && !buf_ok(&s->text) ? ERR_MEMORY : rc;
}

static int row(struct sheet *s, struct xml *x)
{
    int64_t repeat = xml_attr_int(x, NS_TABLE, "number-rows-repeated", 1);
    int rc = row_cells(s, x);

    repeat = repeat < 1 ? 1 : repeat > XLSX_ROWS ? XLSX_ROWS : repeat;
    for (int64_t i = 0;
         rc == 0 && s->count && i < repeat && i < ODF_REPEAT_MAX && s->row + i <= XLSX_ROWS; i++) {
        s->o->cells += (int64_t)s->count;
        if (s->o->cells > s->o->r->limits->cells) {
            reader_finding(s->o->r, "bomb.cells", NULL, "The sheets have more than %lld cells.",
                (long long)s->o->r->limits->cells);
            return ERR_LIMIT;
        }
        rc = xlsx_window_row(&s->window, (int32_t)(s->row + i));
        for (size_t k = 0; rc == 0 && k < s->count; k++) {
            rc = xlsx_window_cell(&s->window, &s->cells[k]);
        }
    }
    s->row = s->row + repeat > XLSX_ROWS ? XLSX_ROWS : s->row + repeat;
    if (rc == 0 && ++s->x->rows % ROWS_PER_PROGRESS == 0) {
        rc = reader_progress(s->o->r, s->x->rows, 0);
    }
    return rc;
}

// Rows, also in groups; shapes that float over the sheet are read as its text.
static int rows(struct sheet *s, struct xml *x)
{
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_TABLE, "table-row")) {
            rc = row(s, x);
        } else if (xml_start(x, NS_TABLE, "shapes") || xml_start(x, NS_OFFICE, "forms") ||
                   xml_start(x, NS_TABLE, "table")) {
            AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
            s->o->cell = &text;
            rc = xml_named(x, NS_TABLE, "shapes") ? odf_blocks(s->o, x) : (xml_skip(x), 0);
            s->o->cell = NULL;
            struct element e = {
                .kind = ELEMENT_PARAGRAPH, .flags = s->flags, .text = buf_slice(&text)
            };
            e.place = (struct place){ .kind = PLACE_SHEET, .name = s->name };
            rc = rc || !text.len ? rc : reader_element(s->o->r, &e);
        }
    }
    return rc;
}

static int sheet(struct odf *o, struct xml *x, struct xlsx *carrier)
{
    const char *name = xml_attr(x, NS_TABLE, "name");
    AUTO_FREE char *kept = xstrdup(name ? name : "Sheet");
    struct xlsx_sheet info = { .name = slice_of(kept) };
    struct sheet *s = xalloc(sizeof(*s));
    int rc;

    *s = (struct sheet){ .o = o, .x = carrier, .name = slice_of(kept), .row = 1 };
    info.hidden = odf_is_hidden(o, xml_attr(x, NS_TABLE, "style-name"));
    s->flags = info.hidden ? ELEMENT_HIDDEN : 0;
    s->cells = xalloc(XLSX_COLUMNS * sizeof(*s->cells));
    s->ends = xalloc(XLSX_COLUMNS * sizeof(*s->ends));
    buf_init(&s->text, 64 << 20);
    rc = xlsx_window_init(&s->window, carrier, &info);
    rc = rc ? rc : rows(s, x);
    rc = rc ? rc : xlsx_window_flush(&s->window);
    xlsx_window_done(&s->window);
    buf_done(&s->text);
    free(s->cells);
    free(s->ends);
    free(s);
    return rc;
}

int odf_sheets(struct odf *o, struct xml *x)
{
    struct xlsx *carrier = xalloc(sizeof(*carrier));
    int depth = x->depth, rc = 0;
    int64_t count = 0;

    carrier->r = o->r;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_TABLE, "table")) {
            rc = ++count > o->r->limits->pages ? ERR_LIMIT : sheet(o, x, carrier);
        } else if (x->event == XML_START) {
            xml_skip(x); // named ranges, filters, validation
        }
    }
    if (rc == 0) {
        rc = reader_progress(o->r, carrier->rows, carrier->rows);
    }
    free(carrier);
    return rc;
}
