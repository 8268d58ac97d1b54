// SPDX-License-Identifier: AGPL-3.0-or-later
// What a sheet has beside its cells: comments, text boxes, diagrams, charts, pictures, and the ranges of its defined tables.
#include "reader/ooxml_drawing.h"
#include "reader/xlsx.h"

#include <stdlib.h>

enum { DRAWING_TEXT_MAX = 64 * 1024, CAPTION_MAX = 8 * 1024, COMMENT_MAX = 64 * 1024 };

int xlsx_tables_load(struct xlsx *x, struct opc_rels *rels, struct xlsx_window *w)
{
    int rc = 0;

    w->tables = arena_array(&x->arena, XLSX_TABLES_MAX, sizeof(*w->tables));
    for (size_t i = 0; w->tables && rc == 0 && i < rels->count && w->table_count < XLSX_TABLES_MAX;
         i++) {
        struct xml m;
        if (strcmp(rels->items[i].kind, "table") != 0 || !rels->items[i].part) {
            continue;
        }
        rc = xml_open(&m, &x->package, rels->items[i].part, false);
        if (rc != 0) {
            return rc;
        }
        if (xml_next(&m) && xml_start(&m, NS_S, "table")) {
            const char *ref = xml_attr(&m, NS_NONE, "ref");
            struct xlsx_range at;
            if (ref && xlsx_range_parse(slice_of(ref), &at) &&
                xml_attr_int(&m, NS_NONE, "headerRowCount", 1) > 0) {
                w->tables[w->table_count++] = at;
            }
        }
        rc = xml_close(&m);
    }
    return rc;
}

static int report_comment(
    struct xlsx *x, const struct xlsx_sheet *sheet, struct slice ref, struct slice text)
{
    struct element e = {
        .kind = ELEMENT_COMMENT, .flags = sheet->hidden ? ELEMENT_HIDDEN : 0, .text = text
    };
    struct xlsx_range at;

    e.place = (struct place){ .kind = PLACE_SHEET, .name = sheet->name };
    if (xlsx_range_parse(ref, &at)) {
        memcpy(e.place.rows, at.rows, sizeof(at.rows));
        memcpy(e.place.cols, at.cols, sizeof(at.cols));
    }
    return reader_element(x->r, &e);
}

// Notes, and the threads of newer versions, for which a note with an explanation stands in the old part.
static int read_comments(
    struct xlsx *x, const struct xlsx_sheet *sheet, const struct opc_part *part, bool threaded)
{
    AUTO_BUF text = BUF_INIT(COMMENT_MAX);
    struct xml m;
    int rc = xml_open(&m, &x->package, part, false);

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&m)) {
        bool comment =
            m.event == XML_START && strcmp(m.name, threaded ? "threadedComment" : "comment") == 0;
        if (!comment) {
            continue;
        }
        const char *ref = xml_attr(&m, NS_NONE, "ref");
        char place[48] = "";
        int depth = m.depth;
        memcpy(place, ref ? ref : "", ref ? strnlen(ref, sizeof(place) - 1) : 0);
        buf_reset(&text);
        while (xml_inside(&m, depth)) {
            if (m.event == XML_START && strcmp(m.name, "text") == 0) {
                if (threaded) {
                    xml_collect(&m, &text);
                } else {
                    xlsx_collect_rich(&m, &text);
                }
            }
        }
        struct slice s = slice_trim(buf_slice(&text));
        if (s.len && (threaded || !slice_starts(s, "[Threaded comment]"))) {
            rc = report_comment(x, sheet, slice_of(place), s);
        }
    }
    int closed = xml_close(&m);
    return rc ? rc : closed;
}

int xlsx_comments_read(struct xlsx *x, const struct xlsx_sheet *sheet, struct opc_rels *rels)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < rels->count; i++) {
        bool threaded = strcmp(rels->items[i].kind, "threadedComment") == 0;
        if ((threaded || strcmp(rels->items[i].kind, "comments") == 0) && rels->items[i].part) {
            rc = read_comments(x, sheet, rels->items[i].part, threaded);
        }
    }
    return rc;
}

// Titles of a chart and of its axes.
static int chart_text(struct xlsx *x, const struct opc_part *part, struct buf *text)
{
    struct xml m;
    int rc = xml_open(&m, &x->package, part, false);

    if (rc != 0) {
        return rc;
    }
    while (xml_next(&m)) {
        if (xml_start(&m, NS_C, "title")) {
            int depth = m.depth;
            if (text->len) {
                buf_add_str(text, " | ");
            }
            while (xml_inside(&m, depth)) {
                if (xml_start(&m, NS_A, "t")) {
                    xml_collect(&m, text);
                }
            }
        }
    }
    return xml_close(&m);
}

struct anchor {
    struct xlsx *x;
    const struct xlsx_sheet *sheet;
    struct opc_rels *rels;
    struct place place;
    struct buf text, alt;
    const struct opc_part *chart, *picture, *diagram;
};

// "from" or "to" of an anchor: zero-based column and row.
static void anchor_corner(struct xml *m, struct place *p, int which)
{
    AUTO_BUF number = BUF_INIT(64);
    int depth = m->depth;

    while (xml_inside(m, depth)) {
        bool col = xml_start(m, NS_XDR, "col"), row = xml_start(m, NS_XDR, "row");
        if (col || row) {
            int64_t n = 0;
            buf_reset(&number);
            xml_collect(m, &number);
            if (slice_to_i64(slice_trim(buf_slice(&number)), &n) && n >= 0 &&
                n < (col ? XLSX_COLUMNS : XLSX_ROWS)) {
                *(col ? &p->cols[which] : &p->rows[which]) = (int32_t)n + 1;
            }
        }
    }
}

static void take_anchor(struct anchor *a, struct xml *m)
{
    int depth = m->depth;

    a->place = (struct place){ .kind = PLACE_SHEET, .name = a->sheet->name };
    a->chart = a->picture = a->diagram = NULL;
    buf_reset(&a->text);
    buf_reset(&a->alt);
    while (xml_inside(m, depth)) {
        if (m->event != XML_START) {
            if (xml_end(m, NS_A, "p") && a->text.len) {
                buf_add_char(&a->text, '\n');
            }
            continue;
        }
        if (xml_named(m, NS_XDR, "from") || xml_named(m, NS_XDR, "to")) {
            anchor_corner(m, &a->place, m->name[0] == 't');
        } else if (xml_named(m, NS_A, "t")) {
            xml_collect(m, &a->text);
        } else if (xml_named(m, NS_XDR, "cNvPr") && a->alt.len == 0) {
            const char *alt = xml_attr(m, NS_NONE, "descr");
            buf_add_str(&a->alt, alt ? alt : "");
        } else if (xml_named(m, NS_C, "chart") || xml_named(m, NS_A, "blip")) {
            bool chart = m->ns == NS_C;
            const char *id = xml_attr(m, NS_R, chart ? "id" : "embed");
            const struct opc_rel *rel = id ? opc_rel_by_id(a->rels, id) : NULL;
            if (rel && rel->part) {
                *(chart ? &a->chart : &a->picture) = rel->part;
            }
        } else if (xml_named(m, NS_DGM, "relIds")) {
            const char *id = xml_attr(m, NS_R, "dm");
            const struct opc_rel *rel = id ? opc_rel_by_id(a->rels, id) : NULL;
            a->diagram = rel ? rel->part : a->diagram;
        }
    }
    for (int i = 0; i < 2; i++) { // an anchor of one cell has no second corner
        int32_t *pair = i ? a->place.cols : a->place.rows;
        pair[0] = pair[0] ? pair[0] : 1;
        pair[1] = pair[1] < pair[0] ? pair[0] : pair[1];
    }
}

static int report_point(void *ctx, struct element *e)
{
    struct anchor *a = ctx;
    e->place = a->place;
    e->flags |= a->sheet->hidden ? ELEMENT_HIDDEN : 0;
    return reader_element(a->x->r, e);
}

static int report_anchor(struct anchor *a)
{
    struct element e = {
        .kind = ELEMENT_PARAGRAPH, .flags = a->sheet->hidden ? ELEMENT_HIDDEN : 0, .place = a->place
    };
    int rc = 0;

    e.text = slice_trim(buf_slice(&a->text));
    if (e.text.len) {
        rc = reader_element(a->x->r, &e);
    }
    if (rc == 0 && a->chart) {
        buf_reset(&a->text);
        rc = chart_text(a->x, a->chart, &a->text);
        if (rc == 0 && a->text.len == 0) {
            buf_add_slice(&a->text, buf_slice(&a->alt));
        }
        e.kind = ELEMENT_FIGURE;
        e.text = slice_trim(buf_slice(&a->text));
        if (rc == 0 && e.text.len) {
            rc = reader_element(a->x->r, &e);
        }
    }
    if (rc == 0 && a->diagram) {
        rc = ooxml_diagram(&a->x->package, a->diagram, report_point, a);
    }
    if (rc == 0 && a->picture) {
        const char *name = NULL;
        rc = ooxml_picture(&a->x->package, &a->x->pictures, a->picture, &name);
        e.kind = ELEMENT_FIGURE;
        e.text = slice_trim(buf_slice(&a->alt));
        e.image = slice_of(name);
        if (rc == 0 && (name || e.text.len)) {
            rc = reader_element(a->x->r, &e);
        }
    }
    return rc;
}

static int read_drawing(struct anchor *a, const struct opc_part *part)
{
    struct xml m;
    int rc = xml_open(&m, &a->x->package, part, false);

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&m)) {
        if (m.event == XML_START && m.ns == NS_XDR && strstr(m.name, "Anchor")) {
            take_anchor(a, &m);
            rc = report_anchor(a);
        }
    }
    int closed = xml_close(&m);
    return rc ? rc : closed;
}

int xlsx_drawings_read(struct xlsx *x, const struct xlsx_sheet *sheet, struct opc_rels *rels)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < rels->count; i++) {
        struct opc_rels inner;
        if (strcmp(rels->items[i].kind, "drawing") != 0 || !rels->items[i].part) {
            continue;
        }
        rc = opc_rels_load(&x->package, rels->items[i].part, &inner);
        struct anchor a = { .x = x, .sheet = sheet, .rels = &inner };
        buf_init(&a.text, DRAWING_TEXT_MAX);
        buf_init(&a.alt, CAPTION_MAX);
        rc = rc ? rc : read_drawing(&a, rels->items[i].part);
        buf_done(&a.text);
        buf_done(&a.alt);
        opc_rels_done(&inner);
    }
    return rc;
}
