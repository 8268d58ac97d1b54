// SPDX-License-Identifier: AGPL-3.0-or-later
// Tables of a Word document. A table of one column is a frame around ordinary text and is walked through. A table inside
// a cell becomes text of that cell. Rows that were deleted under tracked changes are left out. The header is the first row
// if it is said to be repeated on each page, or is bold above one that is not; else its cells decide (table_head.h).
#include "reader/docx.h"

#include <string.h>

enum { CELL_MAX = 1024 * 1024 };

struct cell_format {
    int32_t span;
    bool goes_on;
};

static void cell_properties(struct xml *x, struct cell_format *f)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "gridSpan")) {
            f->span = (int32_t)xml_attr_int(x, NS_W, "val", 1);
        } else if (xml_start(x, NS_W, "vMerge")) {
            const char *value = xml_attr(x, NS_W, "val");
            f->goes_on = !value || strcmp(value, "restart") != 0;
        } else if (xml_start(x, NS_W, "tcPrChange")) {
            xml_skip(x);
        }
    }
}

// The blocks of a cell, to where d->cell points or, if that is NULL, to elements.
static int cell_blocks(struct docx *d, struct xml *x, struct cell_format *f)
{
    int depth = x->depth, rc = 0;
    *f = (struct cell_format){ .span = 1 };
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "tcPr")) {
            cell_properties(x, f);
        } else if (x->event == XML_START && x->ns == NS_W) {
            rc = docx_block(d, x);
        }
    }
    return rc;
}

static int frame(struct docx *d, struct xml *x, int depth)
{
    struct cell_format f;
    int rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "tc")) {
            rc = cell_blocks(d, x, &f);
        }
    }
    return rc;
}

static int nested(struct docx *d, struct xml *x, int depth)
{
    struct buf *outer = d->cell;
    bool first = true;
    int rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "tr")) {
            first = true;
        } else if (xml_start(x, NS_W, "tc")) {
            AUTO_BUF inner = BUF_INIT(CELL_MAX);
            struct cell_format f;
            d->cell = &inner;
            rc = cell_blocks(d, x, &f);
            d->cell = outer;
            if (inner.len) {
                buf_add_str(outer, !first ? ", " : outer->len ? "\n" : "");
                buf_add_slice(outer, buf_slice(&inner));
                first = false;
            }
        }
    }
    return rc;
}

static int count_cell(struct docx *d)
{
    if (++d->cells > d->r->limits->cells) {
        int rc = reader_finding(d->r, "bomb.cells", NULL, "The tables have more than %lld cells.",
            (long long)d->r->limits->cells);
        return rc < 0 ? rc : ERR_REFUSED;
    }
    return 0;
}

// bold: whether all of the first row is.
static int read_row(struct docx *d, struct xml *x, struct ooxml_table *t, bool *bold)
{
    int depth = x->depth, rc = 0;
    bool deleted = false;
    d->cell_plain = false;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "tblHeader")) {
            const char *value = xml_attr(x, NS_W, "val");
            bool off = value && (strcmp(value, "0") == 0 || strcmp(value, "false") == 0);
            t->head = t->rows == 0 && !off ? TABLE_HEAD_DECLARED : t->head;
        } else if (xml_start(x, NS_W, "gridBefore")) {
            table_cell(t, SLICE_LIT(""), (int32_t)xml_attr_int(x, NS_W, "val", 1), false);
        } else if (xml_start(x, NS_W, "del")) {
            deleted = true;
        } else if (xml_start(x, NS_W, "trPrChange") || xml_start(x, NS_W, "tblPrEx")) {
            xml_skip(x);
        } else if (xml_start(x, NS_W, "tc")) {
            AUTO_BUF text = BUF_INIT(CELL_MAX);
            struct cell_format f;
            d->cell = &text;
            rc = cell_blocks(d, x, &f);
            d->cell = NULL;
            if (rc == 0 && !deleted) {
                rc = count_cell(d);
                table_cell(t, buf_slice(&text), f.span, f.goes_on);
            }
        }
    }
    if (rc != 0 || deleted) {
        return rc;
    }
    if (t->rows == 0) {
        *bold = !d->cell_plain;
    } else if (t->rows == 1 && *bold && d->cell_plain && t->head == TABLE_HEAD_UNSAID) {
        t->head = TABLE_HEAD_LOOKS;
    }
    return table_row_end(t);
}

static int emit_block(void *ctx, struct element *e)
{
    return docx_emit(ctx, e);
}

static int outermost(struct docx *d, struct xml *x, int depth)
{
    struct ooxml_table t;
    bool bold = false;
    int rc = 0;
    table_init(&t, emit_block, d);
    d->hold++; // pictures and boxes of the cells come after the rows
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "tr")) {
            rc = read_row(d, x, &t, &bold);
        } else if (xml_start(x, NS_W, "tblPr")) {
            xml_skip(x);
        }
    }
    if (rc == 0) {
        rc = table_end(&t);
    } else {
        table_drop(&t);
    }
    d->hold--;
    return rc == 0 ? docx_release(d) : rc;
}

int docx_table(struct docx *d, struct xml *x)
{
    int depth = x->depth, columns = 0, rc = 0;
    if (d->table_depth >= DOCX_TABLE_DEPTH_MAX) {
        xml_skip(x);
        return d->deep_tables++ > 0
                   ? 0
                   : reader_finding(d->r, "structure.partial", NULL,
                         "Tables nested more than %d deep were left out.", DOCX_TABLE_DEPTH_MAX);
    }
    // The grid stands before the rows; stop at its end.
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "gridCol")) {
            columns++;
        } else if (xml_end(x, NS_W, "tblGrid")) {
            break;
        } else if (xml_start(x, NS_W, "tblPr")) {
            xml_skip(x);
        } else if (xml_start(x, NS_W, "tr")) {
            xml_again(x); // no grid at all
            break;
        }
    }
    if (x->event == XML_END_OF_PART || (x->event == XML_END && x->depth == depth)) {
        return 0;
    }
    d->table_depth++;
    if (d->cell) {
        rc = nested(d, x, depth);
    } else if (columns == 1) {
        rc = frame(d, x, depth);
    } else {
        rc = outermost(d, x, depth);
    }
    d->table_depth--;
    return rc;
}
