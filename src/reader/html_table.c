// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements html.h: tables of data. Cells that span rows or columns are repeated as ooxml_table.h does it. The first row
// is the header. Tables that only lay out a page (role "presentation", one column; or no header cells and a single row,
// headings or other tables inside) are told apart; html_walk.c goes through those.
#include "reader/html.h"

#include "base/error.h"
#include "reader/ooxml_table.h"

#include <stdlib.h>

enum { SPAN_MAX = 1000, LOOK_ROWS = 50 };

struct table_walk {
    struct ooxml_table *table;
    int32_t rows_left[TABLE_COLUMNS_MAX]; // of a cell that reaches down from above
    int32_t width[TABLE_COLUMNS_MAX]; // its columns
    int64_t *cells_left;
    int rc;
};

static bool is_cell(const GumboNode *n)
{
    return html_is(n, GUMBO_TAG_TD) || html_is(n, GUMBO_TAG_TH);
}

static bool is_group(const GumboNode *n)
{
    return html_is(n, GUMBO_TAG_TBODY) || html_is(n, GUMBO_TAG_THEAD) ||
           html_is(n, GUMBO_TAG_TFOOT);
}

static int32_t span_of(const GumboNode *n, const char *name)
{
    const char *text = html_attr(n, name);
    long value = text ? strtol(text, NULL, 10) : 1;
    return value < 1 ? 1 : value > SPAN_MAX ? SPAN_MAX : (int32_t)value;
}

static bool lays_out(const GumboNode *n, int depth)
{
    const GumboVector *inside = html_children(n);

    for (unsigned i = 0; i < inside->length && depth < HTML_DEPTH_MAX; i++) {
        const GumboNode *c = inside->data[i];
        bool heading = html_is_element(c) && c->v.element.tag >= GUMBO_TAG_H1 &&
                       c->v.element.tag <= GUMBO_TAG_H6;
        if (heading || html_is(c, GUMBO_TAG_TABLE) || html_is(c, GUMBO_TAG_FORM) ||
            html_is(c, GUMBO_TAG_PRE) || lays_out(c, depth + 1)) {
            return true;
        }
    }
    return false;
}

bool html_is_layout(const GumboNode *table)
{
    const char *role = html_attr(table, "role");
    const GumboVector *groups = html_children(table);
    unsigned rows = 0, widest = 0;
    bool header = false;

    if (role && (strcmp(role, "presentation") == 0 || strcmp(role, "none") == 0)) {
        return true;
    }
    for (unsigned g = 0; g < groups->length && rows < LOOK_ROWS; g++) {
        const GumboVector *lines = html_children(groups->data[g]);
        for (unsigned i = 0; is_group(groups->data[g]) && i < lines->length && rows < LOOK_ROWS;
             i++) {
            const GumboVector *in = html_children(lines->data[i]);
            unsigned cells = 0;
            for (unsigned k = 0; k < in->length; k++) {
                cells += is_cell(in->data[k]);
                header = header || html_is(in->data[k], GUMBO_TAG_TH);
            }
            rows += cells > 0;
            widest = cells > widest ? cells : widest;
        }
    }
    return widest <= 1 || (!header && (rows <= 1 || lays_out(table, 0)));
}

// The words of a cell, or what its picture shows if there are none.
static void cell_text(const GumboNode *cell, struct buf *b)
{
    struct html_flow f = { .to = b };
    const GumboVector *inside = html_children(cell);

    for (unsigned i = 0; i < inside->length; i++) {
        html_flow_node(&f, inside->data[i], 0);
    }
    while (b->len && b->data[b->len - 1] == '\n') {
        b->data[--b->len] = '\0';
    }
    for (unsigned i = 0; i < inside->length && b->len == 0; i++) {
        const GumboNode *n = inside->data[i];
        while (html_is_element(n) && n->v.element.tag != GUMBO_TAG_IMG &&
               n->v.element.children.length == 1) {
            n = n->v.element.children.data[0];
        }
        const char *alt = html_is(n, GUMBO_TAG_IMG) ? html_attr(n, "alt") : NULL;
        html_flow_add(&f, slice_of(alt ? alt : ""));
    }
}

// Cells that reach down into this row at the column that is next.
static void carried(struct table_walk *w)
{
    for (int32_t c = w->table->row_columns; c < TABLE_COLUMNS_MAX && w->rows_left[c] > 0;
         c = w->table->row_columns) {
        int32_t before = c;
        w->rows_left[c]--;
        table_cell(w->table, slice_make("", 0), w->width[c], true);
        if (w->table->row_columns == before) {
            break;
        }
    }
}

// The first row: all th, but for the corner, is a header; th in front of td names the row only.
static enum table_head head_said(const GumboNode *row, bool in_head)
{
    const GumboVector *inside = html_children(row);
    unsigned cells = 0, names = 0;
    bool begins = false;

    for (unsigned i = 0; i < inside->length; i++) {
        bool name = html_is(inside->data[i], GUMBO_TAG_TH);
        begins = cells == 0 ? name : begins;
        names += name && cells > 0;
        cells += is_cell(inside->data[i]);
    }
    if (in_head || (cells > 1 && names + 1 == cells)) {
        return TABLE_HEAD_DECLARED;
    }
    return begins && names == 0 ? TABLE_HEAD_NONE : TABLE_HEAD_UNSAID;
}

static void table_row(struct table_walk *w, const GumboNode *row)
{
    const GumboVector *inside = html_children(row);

    for (unsigned i = 0; i < inside->length && w->table->row_columns < TABLE_COLUMNS_MAX; i++) {
        const GumboNode *cell = inside->data[i];
        AUTO_BUF text = BUF_INIT(HTML_CELL_MAX);
        if (!is_cell(cell) || html_is_unseen(cell)) {
            continue;
        }
        if (--*w->cells_left < 0) {
            w->rc = ERR_LIMIT;
            return;
        }
        carried(w);
        int32_t at = w->table->row_columns, down = span_of(cell, "rowspan"),
                span = span_of(cell, "colspan");
        if (at >= TABLE_COLUMNS_MAX) {
            break;
        }
        span = span > TABLE_COLUMNS_MAX - at ? TABLE_COLUMNS_MAX - at : span;
        cell_text(cell, &text);
        table_cell(w->table, buf_slice(&text), span, false);
        w->rows_left[at] = down - 1;
        w->width[at] = span;
        for (int32_t c = at + 1; c < at + span; c++) {
            w->rows_left[c] = 0;
        }
    }
    carried(w);
    w->rc = table_row_end(w->table);
}

static void rows_of(struct table_walk *w, const GumboNode *n)
{
    const GumboVector *inside = html_children(n);

    for (unsigned i = 0; i < inside->length && w->rc == 0; i++) {
        const GumboNode *group = inside->data[i];
        const GumboVector *rows = html_children(group);
        for (unsigned k = 0;
             is_group(group) && !html_is_unseen(group) && k < rows->length && w->rc == 0; k++) {
            if (html_is(rows->data[k], GUMBO_TAG_TR) && !html_is_unseen(rows->data[k])) {
                if (w->table->rows == 0) {
                    w->table->head = head_said(rows->data[k], html_is(group, GUMBO_TAG_THEAD));
                }
                table_row(w, rows->data[k]);
            }
        }
        memset(w->rows_left, 0, sizeof(w->rows_left)); // spans end with their group
    }
}

int html_table(const GumboNode *table, const struct element *model, int64_t *cells_left,
    int (*emit)(void *ctx, struct element *e), void *ctx)
{
    struct table_walk *w = xalloc(sizeof(*w));
    struct ooxml_table *t = xalloc(sizeof(*t));
    int rc;

    w->table = t;
    w->cells_left = cells_left;
    table_init(t, emit, ctx);
    t->model.place = model->place;
    t->model.flags = model->flags;
    rows_of(w, table);
    rc = w->rc;
    if (rc == 0) {
        rc = table_end(t);
    } else {
        table_drop(t);
    }
    free(t);
    free(w);
    return rc;
}
