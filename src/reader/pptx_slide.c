// SPDX-License-Identifier: AGPL-3.0-or-later
// The shapes of one slide. They are read as written into one buffer, then reported in the order in which people read: the
// title, then row by row from the top, from the left within a row. A group stays together. Recursion over groups is
// bounded by the depth of the markup.
#include "reader/pptx.h"

#include "reader/ooxml_drawing.h"
#include "reader/ooxml_held.h"
#include "reader/ooxml_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// From the coordinates of a group's inside to the slide's.
struct frame {
    double scale_x, scale_y, move_x, move_y;
};

struct tree {
    struct pptx *p;
    struct xml *x;
    const struct pptx_layout *layout;
    struct box unit; // of the outermost group; not known: none
    size_t unit_number, units;
    int group_depth;
};

static void read_box(struct xml *x, struct box *box, struct box *inner)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        struct box *b = x->event != XML_START || x->ns != NS_A ? NULL
                        : x->name[0] == 'c'                    ? inner
                                                               : box;
        const char *name = b == inner && b ? x->name + 2 : x->name; // chOff, chExt
        if (!b) {
            continue;
        }
        if (strcasecmp(name, "off") == 0) {
            b->x = (double)xml_attr_int(x, NS_NONE, "x", 0);
            b->y = (double)xml_attr_int(x, NS_NONE, "y", 0);
        } else if (strcasecmp(name, "ext") == 0) {
            b->w = (double)xml_attr_int(x, NS_NONE, "cx", 0);
            b->h = (double)xml_attr_int(x, NS_NONE, "cy", 0);
            b->known = true;
        }
    }
}

static struct box on_slide(const struct frame *f, const struct box *b)
{
    return (struct box){ b->known, b->x * f->scale_x + f->move_x, b->y * f->scale_y + f->move_y,
        b->w * f->scale_x, b->h * f->scale_y };
}

static struct frame inside(const struct frame *f, const struct box *group, const struct box *inner)
{
    double sx = inner->w > 0 ? group->w / inner->w : 1, sy = inner->h > 0 ? group->h / inner->h : 1;
    return (struct frame){ f->scale_x * sx, f->scale_y * sy,
        (group->x - inner->x * sx) * f->scale_x + f->move_x,
        (group->y - inner->y * sy) * f->scale_y + f->move_y };
}

static int add_shape(struct tree *t, struct pptx_shape *s)
{
    struct pptx *p = t->p;
    s->to = p->held.len;
    if (s->to == s->from) {
        return 0;
    }
    if (p->shape_count == p->shape_cap) {
        size_t cap = p->shape_cap ? p->shape_cap * 2 : 64;
        struct pptx_shape *more =
            p->shape_count < PPTX_SHAPES_MAX ? realloc(p->shapes, cap * sizeof(*more)) : NULL;
        if (!more) {
            int rc = reader_finding(p->r, "bomb.elements", NULL,
                "Slide %d has more than %zu shapes.", p->number, p->shape_count);
            return rc < 0 ? rc : ERR_REFUSED;
        }
        p->shapes = more;
        p->shape_cap = cap;
    }
    bool outside = s->box.known && p->width > 0 &&
                   (s->box.x >= p->width || s->box.y >= p->height || s->box.x + s->box.w <= 0 ||
                       s->box.y + s->box.h <= 0) &&
                   s->box.w > 0 && s->box.h > 0;
    s->aside = s->aside || outside;
    s->order = p->shape_count;
    s->unit = t->group_depth > 0 ? t->unit : s->box;
    s->unit_number = t->group_depth > 0 ? t->unit_number : t->units++;
    p->shapes[p->shape_count++] = *s;
    return 0;
}

struct naming {
    const char *alt;
    bool hidden;
};

static void read_naming(struct tree *t, struct naming *n)
{
    const char *alt = xml_attr(t->x, NS_NONE, "descr");
    alt = alt && alt[0] ? alt : xml_attr(t->x, NS_NONE, "title");
    n->alt = alt && alt[0] ? arena_strdup(&t->p->arena, alt) : NULL;
    n->hidden = xml_attr_bool(t->x, NS_NONE, "hidden", false);
}

static int read_text_shape(struct tree *t, const struct frame *f)
{
    struct pptx *p = t->p;
    struct xml *x = t->x;
    struct pptx_shape s = { .from = p->held.len };
    struct naming naming = { 0 };
    struct box box = { 0 }, unused = { 0 };
    struct pptx_text how = { .as = ELEMENT_PARAGRAPH };
    const struct pptx_holder *holder = NULL;
    enum holder kind = HOLDER_NONE;
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_P, "cNvPr")) {
            read_naming(t, &naming);
        } else if (xml_start(x, NS_P, "ph")) {
            const char *type = xml_attr(x, NS_NONE, "type");
            kind = pptx_holder_kind(type ? type : "obj");
            holder = pptx_holder_find(
                p, t->layout, type ? type : "obj", xml_attr_int(x, NS_NONE, "idx", -1));
            if (!type && holder) { // a placeholder without a type is what the layout says
                kind = holder->kind;
            }
        } else if (xml_start(x, NS_A, "xfrm")) {
            read_box(x, &box, &unused);
        } else if (xml_start(x, NS_P, "txBody")) {
            how.bullets = pptx_inherited(p, t->layout, holder, kind);
            s.title = kind == HOLDER_TITLE;
            if (s.title) {
                how.as = ELEMENT_HEADING;
                how.level = 1;
                how.whole = true;
            } else if (kind == HOLDER_FOOTER || kind == HOLDER_MARK || kind == HOLDER_HEADER) {
                how.as = kind == HOLDER_HEADER ? ELEMENT_HEADER : ELEMENT_FOOTER;
                how.flags = ELEMENT_NOT_INDEXED;
            }
            rc = pptx_text_read(p, x, &how);
        }
    }
    s.box = box.known ? on_slide(f, &box) : holder ? holder->box : (struct box){ 0 };
    s.aside = naming.hidden;
    return rc == 0 ? add_shape(t, &s) : rc;
}

static int hold(void *ctx, struct element *e)
{
    return pptx_hold(ctx, e);
}

static int hold_figure(
    struct pptx *p, const char *alt, const struct opc_part *picture, const struct box *box)
{
    struct element e = { .kind = ELEMENT_FIGURE, .text = slice_of(alt ? alt : "") };
    const char *name = NULL;
    bool tiny = box->known && box->w < PPTX_TINY && box->h < PPTX_TINY;
    p->figure_count++;
    if (!p->quiet && picture) {
        bool before = ooxml_picture_shown(&p->pictures, picture);
        if (!alt && (before || tiny)) {
            return 0; // a logo or ornament that comes again and again says nothing new
        }
        int rc = ooxml_picture(&p->package, &p->pictures, picture, &name);
        if (rc != 0) {
            return rc;
        }
    }
    e.image = slice_of(name ? name : "");
    return e.text.len || e.image.len ? pptx_hold(p, &e) : 0;
}

static int read_picture(struct tree *t, const struct frame *f)
{
    struct xml *x = t->x;
    struct pptx_shape s = { .from = t->p->held.len };
    struct naming naming = { 0 };
    struct box box = { 0 }, unused = { 0 };
    const struct opc_part *picture = NULL;
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_P, "cNvPr")) {
            read_naming(t, &naming);
        } else if (xml_start(x, NS_A, "xfrm")) {
            read_box(x, &box, &unused);
        } else if (xml_start(x, NS_A, "blip")) {
            const struct opc_rel *rel = opc_rel_by_id(&t->p->rels, xml_attr(x, NS_R, "embed"));
            picture = rel && rel->part ? rel->part : picture;
        }
    }
    s.box = on_slide(f, &box);
    s.aside = naming.hidden;
    int rc = hold_figure(t->p, naming.alt, picture, &s.box);
    return rc == 0 ? add_shape(t, &s) : rc;
}

static void cell_text(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "t")) {
            xml_collect(x, b);
        } else if (xml_start(x, NS_A, "br") || xml_end(x, NS_A, "p")) {
            buf_add_char(b, '\n');
        } else if (xml_start(x, NS_M, "oMath")) {
            ooxml_math(x, b);
        }
    }
}

static int read_cells(struct tree *t, struct ooxml_table *table)
{
    struct pptx *p = t->p;
    struct xml *x = t->x;
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (!xml_start(x, NS_A, "tc")) {
            continue;
        }
        AUTO_BUF text = BUF_INIT(PPTX_PARAGRAPH_MAX);
        int32_t span = (int32_t)xml_attr_int(x, NS_NONE, "gridSpan", 1);
        bool covered = xml_attr_bool(x, NS_NONE, "hMerge", false);
        bool goes_on = xml_attr_bool(x, NS_NONE, "vMerge", false);
        cell_text(x, &text);
        if (!covered) {
            table_cell(table, slice_trim(buf_slice(&text)), span, goes_on);
        }
        if (++p->cells > p->r->limits->cells) {
            int rc = reader_finding(p->r, "bomb.cells", NULL,
                "The tables have more than %lld cells.", (long long)p->r->limits->cells);
            return rc < 0 ? rc : ERR_REFUSED;
        }
    }
    return table_row_end(table);
}

static int read_table(struct tree *t)
{
    struct ooxml_table table;
    int depth = t->x->depth, rc = 0;
    table_init(&table, hold, t->p);
    while (rc == 0 && xml_inside(t->x, depth)) {
        if (xml_start(t->x, NS_A, "tr")) {
            rc = read_cells(t, &table);
        }
    }
    if (rc != 0) {
        table_drop(&table);
        return rc;
    }
    return table_end(&table);
}

// Tables, charts, diagrams, embedded objects (of which the picture is shown).
static int read_graphic(struct tree *t, const struct frame *f)
{
    struct pptx *p = t->p;
    struct xml *x = t->x;
    struct pptx_shape s = { .from = p->held.len };
    struct naming naming = { 0 };
    struct box box = { 0 }, unused = { 0 };
    int depth = x->depth, rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event != XML_START) {
            continue;
        }
        if (xml_named(x, NS_P, "cNvPr") && !naming.alt) {
            read_naming(t, &naming);
        } else if (xml_named(x, NS_P, "xfrm")) {
            read_box(x, &box, &unused);
        } else if (xml_named(x, NS_A, "tbl")) {
            rc = read_table(t);
        } else if (xml_named(x, NS_C, "chart") || xml_named(x, NS_DGM, "relIds")) {
            bool chart = x->ns == NS_C;
            const struct opc_rel *rel =
                opc_rel_by_id(&p->rels, xml_attr(x, NS_R, chart ? "id" : "dm"));
            p->figure_count++;
            if (rel && rel->part) {
                rc = chart ? ooxml_chart(&p->package, rel->part, naming.alt, hold, p)
                           : ooxml_diagram(&p->package, rel->part, hold, p);
            }
        } else if (xml_named(x, NS_A, "blip")) {
            const struct opc_rel *rel = opc_rel_by_id(&p->rels, xml_attr(x, NS_R, "embed"));
            rc = rel && rel->part ? hold_figure(p, naming.alt, rel->part, &unused) : 0;
        }
    }
    s.box = on_slide(f, &box);
    s.aside = naming.hidden;
    return rc == 0 ? add_shape(t, &s) : rc;
}

static int read_group(struct tree *t, const struct frame *f, bool top)
{
    struct xml *x = t->x;
    struct frame here = *f;
    int depth = x->depth, rc = 0;
    bool outermost = !top && t->group_depth == 0;
    if (outermost) {
        t->unit_number = t->units++;
        t->unit = (struct box){ 0 };
    }
    t->group_depth += !top;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_P) {
            continue;
        }
        if (strcmp(x->name, "sp") == 0 || strcmp(x->name, "cxnSp") == 0) {
            rc = read_text_shape(t, &here);
        } else if (strcmp(x->name, "pic") == 0) {
            rc = read_picture(t, &here);
        } else if (strcmp(x->name, "graphicFrame") == 0) {
            rc = read_graphic(t, &here);
        } else if (strcmp(x->name, "grpSp") == 0) {
            rc = read_group(t, &here, false);
        } else if (strcmp(x->name, "grpSpPr") == 0 && !top) {
            struct box box = { 0 }, inner = { 0 };
            int inside_depth = x->depth;
            while (xml_inside(x, inside_depth)) {
                if (xml_start(x, NS_A, "xfrm")) {
                    read_box(x, &box, &inner);
                }
            }
            if (outermost) {
                t->unit = on_slide(f, &box);
            }
            here = box.known && inner.known ? inside(f, &box, &inner) : *f;
        }
    }
    t->group_depth -= !top;
    return rc;
}

// Two shapes stand in one row if the upper edge of one is within the upper half of the other, so to say: rows are found
// from the top, each taking what begins within ROW_PART of the slide's height below its first.
static const double ROW_PART = 0.04;

struct ordered {
    const struct pptx_shape *shape;
    double unit_row, unit_x, row, x;
};

static double top_of(const struct box *b)
{
    return b->known && isfinite(b->y) ? b->y : 0;
}

static int by_unit_top(const void *a, const void *b)
{
    const struct ordered *l = a, *r = b;
    double x = top_of(&l->shape->unit), y = top_of(&r->shape->unit);
    return x < y ? -1 : x > y ? 1 : l->shape->order < r->shape->order ? -1 : 1;
}

static int by_top(const void *a, const void *b)
{
    const struct ordered *l = a, *r = b;
    double x = top_of(&l->shape->box), y = top_of(&r->shape->box);
    return x < y ? -1 : x > y ? 1 : l->shape->order < r->shape->order ? -1 : 1;
}

static int compare(double a, double b)
{
    return a < b ? -1 : a > b;
}

static int by_reading(const void *a, const void *b)
{
    const struct ordered *l = a, *r = b;
    int c = (int)r->shape->title - (int)l->shape->title;
    c = c ? c : compare(l->unit_row, r->unit_row);
    c = c ? c : compare(l->unit_x, r->unit_x);
    c = c ? c : compare((double)l->shape->unit_number, (double)r->shape->unit_number);
    c = c ? c : compare(l->row, r->row);
    c = c ? c : compare(l->x, r->x);
    return c ? c : l->shape->order < r->shape->order ? -1 : 1;
}

static void order(struct pptx *p, struct ordered *o)
{
    double tolerance = p->height * ROW_PART, row = 0;
    size_t n = p->shape_count;
    for (size_t i = 0; i < n; i++) {
        o[i].shape = &p->shapes[i];
        o[i].unit_x = p->shapes[i].unit.known ? p->shapes[i].unit.x : 0;
        o[i].x = p->shapes[i].box.known ? p->shapes[i].box.x : 0;
    }
    qsort(o, n, sizeof(*o), by_unit_top);
    for (size_t i = 0; i < n; i++) {
        double top = top_of(&o[i].shape->unit);
        row = i == 0 || top > row + tolerance ? top : row;
        o[i].unit_row = row;
    }
    qsort(o, n, sizeof(*o), by_top);
    for (size_t i = 0; i < n; i++) {
        double top = top_of(&o[i].shape->box);
        row = i == 0 || top > row + tolerance ? top : row;
        o[i].row = row;
    }
    qsort(o, n, sizeof(*o), by_reading);
}

static int emit_shape(struct pptx *p, const struct pptx_shape *s)
{
    struct slice rest = slice_make(p->held.data + s->from, s->to - s->from);
    struct element e;
    int rc = 0;
    while (rc == 0 && held_next(&rest, &e)) {
        if (s->title && p->number == 1 && e.kind == ELEMENT_HEADING) {
            e.kind = ELEMENT_TITLE;
        }
        if (s->aside && e.kind != ELEMENT_FIGURE) {
            e.flags |= ELEMENT_HIDDEN | ELEMENT_NOT_INDEXED;
            p->hidden_slide = p->hidden_bytes ? p->hidden_slide : p->number;
            p->hidden_bytes += e.text.len;
        }
        rc = pptx_emit(p, &e, &s->box, "");
    }
    return rc;
}

int pptx_slide_tree(struct pptx *p, struct xml *x)
{
    struct tree t = { .p = p, .x = x };
    struct frame whole = { 1, 1, 0, 0 };
    p->shape_count = 0;
    buf_reset(&p->held);
    int rc = pptx_layout_find(p, &t.layout);
    rc = rc == 0 ? read_group(&t, &whole, true) : rc;
    if (rc != 0 || p->shape_count == 0) {
        return rc;
    }
    struct ordered *o = calloc(p->shape_count, sizeof(*o));
    if (!o) {
        return ERR_MEMORY;
    }
    order(p, o);
    for (size_t i = 0; rc == 0 && i < p->shape_count; i++) {
        rc = emit_shape(p, o[i].shape);
    }
    free(o);
    return rc;
}
