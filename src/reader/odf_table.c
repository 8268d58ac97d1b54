// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the tables of odf.h. A table of one column is a frame around ordinary text and is walked through. A table
// inside a cell becomes text of that cell. Covered cells: those to the right of a wide cell are part of it, others go on
// from the row above.
#include "reader/odf.h"
#include "reader/ooxml_table.h"

#include <stdlib.h>

static int emit(void *ctx, struct element *e)
{
    return odf_emit(ctx, e);
}

static bool is_cell(const struct xml *x)
{
    return xml_start(x, NS_TABLE, "table-cell") || xml_start(x, NS_TABLE, "covered-table-cell");
}

static bool is_columns(const struct xml *x) // around table-column
{
    return xml_start(x, NS_TABLE, "table-columns") ||
           xml_start(x, NS_TABLE, "table-header-columns") ||
           xml_start(x, NS_TABLE, "table-column-group");
}

// The blocks of a cell as text. What floats in it comes after the table's block.
static int cell_text(struct odf *o, struct xml *x, struct buf *text)
{
    struct buf *outer = o->cell;
    bool item = o->item;
    int rc;

    o->cell = text;
    o->item = false;
    rc = odf_blocks(o, x);
    o->cell = outer;
    o->item = item;
    return rc;
}

static int row(struct odf *o, struct xml *x, struct ooxml_table *t)
{
    int depth = x->depth, rc = 0;
    int32_t covered = 0;
    int64_t blanks = 0; // empty cells not put in yet: those at the end of the row are left out

    while (rc == 0 && xml_inside(x, depth)) {
        AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
        if (!is_cell(x)) {
            continue;
        }
        bool above = xml_named(x, NS_TABLE, "covered-table-cell");
        int64_t span = xml_attr_int(x, NS_TABLE, "number-columns-spanned", 1);
        int64_t repeat = xml_attr_int(x, NS_TABLE, "number-columns-repeated", 1);
        repeat = repeat < 1 ? 1 : repeat > TABLE_COLUMNS_MAX ? TABLE_COLUMNS_MAX : repeat;
        rc = cell_text(o, x, &text);
        if (o->cells++ > o->r->limits->cells) {
            reader_finding(o->r, "bomb.cells", NULL, "The tables have more than %lld cells.",
                (long long)o->r->limits->cells);
            return ERR_LIMIT;
        }
        if (text.len == 0 && !above && repeat > 1 && span <= 1) {
            blanks += repeat;
            continue;
        }
        for (blanks = blanks < TABLE_COLUMNS_MAX ? blanks : TABLE_COLUMNS_MAX; blanks > 0;
             blanks--) {
            table_cell(t, (struct slice){ 0 }, 1, false);
        }
        for (int64_t i = 0; i < repeat && rc == 0; i++) {
            if (above && covered > 0) {
                covered--;
                continue;
            }
            table_cell(t, buf_slice(&text),
                span < 1                   ? 1
                : span > TABLE_COLUMNS_MAX ? TABLE_COLUMNS_MAX
                                           : (int32_t)span,
                above);
            covered = span > 1 && span <= TABLE_COLUMNS_MAX ? (int32_t)span - 1 : 0;
        }
    }
    return rc ? rc : table_row_end(t);
}

static int rows(struct odf *o, struct xml *x, struct ooxml_table *t)
{
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_TABLE, "table-row")) {
            rc = row(o, x, t);
        }
    }
    return rc;
}

// A table in a cell: its cells by commas, its rows by lines.
static int nested(struct odf *o, struct xml *x)
{
    int depth = x->depth, rc = 0;
    bool first = true;

    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_TABLE, "table-row")) {
            first = true;
        } else if (is_cell(x)) {
            AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
            struct buf *outer = o->cell;
            rc = cell_text(o, x, &text);
            if (text.len) {
                buf_add_str(outer, !first ? ", " : outer->len ? "\n" : "");
                buf_add_slice(outer, buf_slice(&text));
                first = false;
            }
        }
    }
    return rc;
}

int odf_table(struct odf *o, struct xml *x)
{
    struct ooxml_table *t;
    int64_t columns = 0;
    int depth = x->depth, rc = 0;

    if (o->cell) {
        return nested(o, x);
    }
    t = xalloc(sizeof(*t));
    table_init(t, emit, o);
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_TABLE, "table-column")) {
            int64_t repeat = xml_attr_int(x, NS_TABLE, "number-columns-repeated", 1);
            columns += repeat > 0 && repeat <= TABLE_COLUMNS_MAX ? repeat : TABLE_COLUMNS_MAX;
            xml_skip(x);
        } else if (is_columns(x)) {
            continue;
        } else if (x->event == XML_START && columns == 1) {
            rc = odf_blocks(o, x);
        } else if (xml_start(x, NS_TABLE, "table-row")) {
            rc = row(o, x, t);
        } else if (xml_start(x, NS_TABLE, "table-header-rows")) {
            t->head = t->rows == 0 ? TABLE_HEAD_DECLARED : t->head;
            rc = rows(o, x, t);
        } else if (xml_start(x, NS_TABLE, "table-rows") ||
                   xml_start(x, NS_TABLE, "table-row-group")) {
            rc = rows(o, x, t);
        }
    }
    if (rc == 0) {
        rc = table_end(t);
    } else {
        table_drop(t);
    }
    free(t);
    return rc;
}
