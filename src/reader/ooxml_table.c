// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements ooxml_table.h. The first row is taken as the header once a second one follows, unless its cells say that it is
// data (table_head.h). Markdown can't do without one and shows the first row, or further down an empty one.
#include "reader/ooxml_table.h"

#include "base/error.h"
#include "reader/table_head.h"

#include <stdlib.h>
#include <string.h>

void table_init(struct ooxml_table *t, int (*emit)(void *ctx, struct element *e), void *ctx)
{
    *t = (struct ooxml_table){ .emit = emit, .ctx = ctx, .model = { .kind = ELEMENT_TABLE } };
    buf_init(&t->header_text, TABLE_CELL_MAX);
    buf_init(&t->header_markdown, TABLE_CELL_MAX);
    buf_init(&t->text, TABLE_BLOCK_MAX);
    buf_init(&t->markdown, TABLE_BLOCK_MAX);
}

// One line, for text and for Markdown: white space runs become one blank (<br> where a line ended), bars are escaped.
static void add_flat(struct buf *b, const char *text, bool markdown)
{
    size_t start = b->len;
    bool blank = false, line = false;
    for (const char *at = text; *at; at++) {
        if (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
            blank = true;
            line = line || *at == '\n';
            continue;
        }
        if (blank && b->len > start) {
            buf_add_str(b, line && markdown ? "<br>" : " ");
        }
        blank = line = false;
        if (*at == '|' && markdown) {
            buf_add_char(b, '\\');
        }
        buf_add_char(b, *at);
    }
}

void table_cell(struct ooxml_table *t, struct slice text, int32_t span, bool goes_on)
{
    span = span < 1 ? 1 : span > TABLE_COLUMNS_MAX ? TABLE_COLUMNS_MAX : span;
    if (t->row_columns >= TABLE_COLUMNS_MAX || t->row_cells >= TABLE_COLUMNS_MAX) {
        return;
    }
    if (t->row_columns + span > TABLE_COLUMNS_MAX) {
        span = TABLE_COLUMNS_MAX - t->row_columns;
    }
    struct table_cell *c = &t->row[t->row_cells++];
    const char *above = goes_on ? t->above[t->row_columns] : NULL;
    size_t len = text.len < TABLE_CELL_MAX ? text.len : TABLE_CELL_MAX;
    c->text = above ? strdup(above) : malloc(len + 1);
    if (!c->text) {
        t->row_cells--;
        return;
    }
    if (!above) {
        memcpy(c->text, text.data ? text.data : "", len);
        c->text[len] = '\0';
    }
    c->span = span;
    c->goes_on = goes_on;
    t->row_columns += span;
    t->cells++;
}

static void write_row(
    const struct ooxml_table *t, struct buf *text, struct buf *markdown, int32_t columns)
{
    size_t kept = text->len, start = text->len; // trailing empty cells go
    int32_t column = 0;
    buf_add_char(markdown, '|');
    for (size_t i = 0; i < t->row_cells; i++) {
        const struct table_cell *c = &t->row[i];
        for (int32_t j = 0; j < c->span; j++, column++) {
            if (column > 0) {
                buf_add_str(text, " | ");
            }
            if (j == 0) {
                size_t before = text->len;
                add_flat(text, c->text, false);
                kept = text->len > before ? text->len : kept;
            }
            buf_add_char(markdown, ' ');
            add_flat(markdown, c->text, true);
            buf_add_str(markdown, " |");
        }
    }
    for (; column < columns; column++) {
        buf_add_str(markdown, "  |");
    }
    if (buf_ok(text) && kept >= start && text->data) {
        text->len = kept;
        text->data[kept] = '\0';
    }
}

static void add_rule(struct buf *markdown, int32_t columns)
{
    buf_add_str(markdown, "\n|");
    for (int32_t i = 0; i < columns; i++) {
        buf_add_str(markdown, " --- |");
    }
}

static void forget_row(struct ooxml_table *t)
{
    for (size_t i = 0; i < t->row_cells; i++) {
        free(t->row[i].text);
    }
    t->row_cells = 0;
    t->row_columns = 0;
}

static void remember_above(struct ooxml_table *t)
{
    int32_t column = 0;
    for (size_t i = 0; i < t->row_cells; i++) {
        for (int32_t j = 0; j < t->row[i].span; j++, column++) {
            free(t->above[column]);
            t->above[column] = j == 0 ? strdup(t->row[i].text) : NULL;
        }
    }
    for (; column < TABLE_COLUMNS_MAX && t->above[column]; column++) {
        free(t->above[column]);
        t->above[column] = NULL;
    }
}

// Once the first block is whole.
static void judge_header(struct ooxml_table *t)
{
    bool said = t->head == TABLE_HEAD_DECLARED || t->head == TABLE_HEAD_LOOKS;

    t->has_header = t->has_header && t->head != TABLE_HEAD_NONE &&
                    (said || !head_lines_are_data(buf_slice(&t->text)));
    if (!t->has_header) {
        buf_reset(&t->header_markdown);
        buf_add_char(&t->header_markdown, '|');
        for (int32_t i = 0; i < t->header_columns; i++) {
            buf_add_str(&t->header_markdown, "  |");
        }
    }
}

static int emit_block(struct ooxml_table *t)
{
    struct element e = t->model;
    if (t->block_rows == 0) {
        return 0;
    }
    if (t->rows == t->block_rows && t->rows > 1) {
        judge_header(t);
    }
    if (!buf_ok(&t->markdown)) {
        buf_reset(&t->markdown); // too wide to repeat its cells; the text stands for it
    }
    e.text = buf_slice(&t->text);
    e.markdown = buf_slice(&t->markdown);
    if (t->has_header && t->rows > 1) {
        e.header = buf_slice(&t->header_text);
    }
    int rc = t->emit(t->ctx, &e);
    buf_reset(&t->text);
    buf_reset(&t->markdown);
    t->block_rows = 0;
    return rc;
}

int table_row_end(struct ooxml_table *t)
{
    if (t->row_cells == 0) {
        return 0;
    }
    if (t->block_rows > 0) {
        buf_add_char(&t->text, '\n');
        buf_add_char(&t->markdown, '\n');
    } else if (t->rows > 0) {
        buf_add_slice(&t->markdown, buf_slice(&t->header_markdown));
        add_rule(&t->markdown, t->header_columns);
        buf_add_char(&t->markdown, '\n');
    }
    int32_t columns = t->row_columns > t->header_columns ? t->row_columns : t->header_columns;
    write_row(t, &t->text, &t->markdown, columns);
    if (t->rows == 0) {
        t->header_columns = t->row_columns;
        buf_add_slice(&t->header_text, buf_slice(&t->text));
        buf_add_slice(&t->header_markdown, buf_slice(&t->markdown));
        t->has_header = buf_ok(&t->header_text) && t->header_text.len > 0;
        add_rule(&t->markdown, t->row_columns);
    }
    remember_above(t);
    forget_row(t);
    t->rows++;
    t->block_rows++;
    if (t->block_rows >= TABLE_BLOCK_ROWS || t->text.len >= TABLE_BLOCK_BYTES) {
        return emit_block(t);
    }
    return 0;
}

void table_drop(struct ooxml_table *t)
{
    forget_row(t);
    for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++) {
        free(t->above[i]);
        t->above[i] = NULL;
    }
    buf_done(&t->header_text);
    buf_done(&t->header_markdown);
    buf_done(&t->text);
    buf_done(&t->markdown);
}

int table_end(struct ooxml_table *t)
{
    int rc = table_row_end(t);
    if (rc == 0) {
        rc = emit_block(t);
    }
    table_drop(t);
    return rc;
}
