// SPDX-License-Identifier: AGPL-3.0-or-later
// Charts and diagrams of ooxml_drawing.h. A chart part keeps the values that were drawn last, so no workbook is opened.
#include "reader/ooxml_drawing.h"
#include "reader/ooxml_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHART_LONG_NUMBER = 13 }; // letters: no one writes so many digits on purpose

struct series {
    char *name;
    char **values; // CHART_POINTS_MAX at most
    size_t count;
};

struct chart {
    struct buf title;
    struct series series[CHART_SERIES_MAX];
    size_t series_count;
    struct series categories; // of the first series that has any
};

// Programs store 4.3 as 4.2999999999999998; people see 4.3.
static struct slice rounded(struct slice text, char to[32])
{
    double number = 0;
    if (text.len < CHART_LONG_NUMBER || text.len > 30 || !slice_to_double(text, &number)) {
        return text;
    }
    int n = snprintf(to, 32, "%.10g", number);
    return n > 0 && n < 32 ? slice_make(to, (size_t)n) : text;
}

static void put(struct series *s, int64_t index, struct slice text)
{
    char digits[32];
    text = rounded(text, digits);
    if (index < 0 || index >= CHART_POINTS_MAX) {
        return;
    }
    if ((size_t)index >= s->count) {
        char **more = realloc(s->values, ((size_t)index + 1) * sizeof(*more));
        if (!more) {
            return;
        }
        s->values = more;
        while (s->count <= (size_t)index) {
            s->values[s->count++] = NULL;
        }
    }
    free(s->values[index]);
    s->values[index] = text.len < CHART_TEXT_MAX ? strndup(text.data ? text.data : "", text.len)
                                                 : strndup(text.data, CHART_TEXT_MAX);
}

static void series_done(struct series *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->values[i]);
    }
    free(s->values);
    free(s->name);
}

// c:cat, c:val, c:xVal, c:yVal: points with an index and a value each.
static void read_points(struct xml *x, struct series *s)
{
    int depth = x->depth;
    int64_t index = -1;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_C, "pt")) {
            index = xml_attr_int(x, NS_NONE, "idx", -1);
        } else if (xml_start(x, NS_C, "v")) {
            AUTO_BUF text = BUF_INIT(64 * 1024);
            xml_collect(x, &text);
            put(s, index, slice_trim(buf_slice(&text)));
        } else if (xml_start(x, NS_C, "lvl")) {
            index =
                -1; // of several levels the last one read, the outermost, does not replace the first
        }
    }
}

static void read_series(struct xml *x, struct chart *c)
{
    struct series spare = { 0 };
    struct series *s = c->series_count < CHART_SERIES_MAX ? &c->series[c->series_count++] : &spare;
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_C) {
            continue;
        }
        if (strcmp(x->name, "tx") == 0) {
            AUTO_BUF text = BUF_INIT(64 * 1024);
            int inner = x->depth;
            while (xml_inside(x, inner)) {
                if (xml_start(x, NS_C, "v") || xml_start(x, NS_A, "t")) {
                    xml_collect(x, &text);
                }
            }
            free(s->name);
            s->name = strndup(
                text.data ? text.data : "", text.len < CHART_TEXT_MAX ? text.len : CHART_TEXT_MAX);
        } else if (strcmp(x->name, "cat") == 0 || strcmp(x->name, "xVal") == 0) {
            struct series other = { 0 };
            read_points(x, c->categories.count ? &other : &c->categories);
            series_done(&other);
        } else if (strcmp(x->name, "val") == 0 || strcmp(x->name, "yVal") == 0) {
            read_points(x, s);
        } else if (strcmp(x->name, "dLbls") == 0 || strcmp(x->name, "spPr") == 0) {
            xml_skip(x);
        }
    }
    series_done(&spare);
}

static void read_chart(struct xml *x, struct chart *c)
{
    while (xml_next(x)) {
        if (xml_start(x, NS_C, "ser")) {
            read_series(x, c);
        } else if (xml_start(x, NS_C, "title")) {
            int depth = x->depth;
            if (c->title.len) {
                buf_add_str(&c->title, "; "); // titles of axes
            }
            while (xml_inside(x, depth)) {
                if (xml_start(x, NS_A, "t") || xml_start(x, NS_C, "v")) {
                    xml_collect(x, &c->title);
                }
            }
        }
    }
}

static struct slice value_at(const struct series *s, size_t i)
{
    return slice_of(i < s->count && s->values[i] ? s->values[i] : "");
}

static int emit_table(const struct chart *c, ooxml_emit_fn emit, void *ctx)
{
    struct ooxml_table t;
    size_t rows = c->categories.count;
    int rc = 0;
    for (size_t i = 0; i < c->series_count; i++) {
        rows = c->series[i].count > rows ? c->series[i].count : rows;
    }
    if (rows == 0) {
        return 0;
    }
    table_init(&t, emit, ctx);
    table_cell(&t, SLICE_LIT(""), 1, false);
    for (size_t i = 0; i < c->series_count; i++) {
        table_cell(&t, slice_of(c->series[i].name ? c->series[i].name : ""), 1, false);
    }
    rc = table_row_end(&t);
    for (size_t row = 0; rc == 0 && row < rows; row++) {
        table_cell(&t, value_at(&c->categories, row), 1, false);
        for (size_t i = 0; i < c->series_count; i++) {
            table_cell(&t, value_at(&c->series[i], row), 1, false);
        }
        rc = table_row_end(&t);
    }
    if (rc != 0) {
        table_drop(&t);
        return rc;
    }
    return table_end(&t);
}

int ooxml_chart(
    struct opc *p, const struct opc_part *part, const char *alt, ooxml_emit_fn emit, void *ctx)
{
    struct xml x;
    int rc = xml_open(&x, p, part, false);
    if (rc != 0) {
        return rc;
    }
    struct chart *c = xalloc(sizeof(*c));
    buf_init(&c->title, 64 * 1024);
    read_chart(&x, c);
    rc = xml_close(&x);
    if (rc == 0) {
        struct slice title = slice_trim(buf_slice(&c->title));
        struct element e = { .kind = ELEMENT_FIGURE,
            .text = title.len ? title : slice_of(alt ? alt : "") };
        rc = emit(ctx, &e);
    }
    rc = rc == 0 ? emit_table(c, emit, ctx) : rc;
    buf_done(&c->title);
    for (size_t i = 0; i < c->series_count; i++) {
        series_done(&c->series[i]);
    }
    series_done(&c->categories);
    free(c);
    return rc;
}

static int diagram_point(struct xml *x, ooxml_emit_fn emit, void *ctx)
{
    AUTO_BUF text = BUF_INIT(1024 * 1024);
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "t")) {
            xml_collect(x, &text);
        } else if (xml_start(x, NS_A, "br") || xml_end(x, NS_A, "p")) {
            buf_add_char(&text, '\n');
        }
    }
    struct slice shown = slice_trim(buf_slice(&text));
    if (shown.len == 0) {
        return 0;
    }
    AUTO_BUF markdown = BUF_INIT(1024 * 1024 + 16);
    buf_add_str(&markdown, "- ");
    buf_add_slice(&markdown, shown);
    struct element e = {
        .kind = ELEMENT_LIST_ITEM, .level = 1, .text = shown, .markdown = buf_slice(&markdown)
    };
    return emit(ctx, &e);
}

int ooxml_diagram(struct opc *p, const struct opc_part *part, ooxml_emit_fn emit, void *ctx)
{
    struct xml x;
    int rc = xml_open(&x, p, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_DGM, "pt")) {
            const char *type = xml_attr(&x, NS_NONE, "type");
            if (type && strcmp(type, "pres") == 0) {
                xml_skip(&x); // repeats the words of the node it presents
            } else {
                rc = diagram_point(&x, emit, ctx);
            }
        }
    }
    int end = xml_close(&x);
    return rc != 0 ? rc : end;
}
