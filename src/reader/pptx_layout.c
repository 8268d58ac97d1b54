// SPDX-License-Identifier: AGPL-3.0-or-later
// Layouts and masters: only what a slide's placeholder inherits from them. Their own words are prompts and decoration.
#include "reader/pptx.h"

#include <stdio.h>
#include <string.h>

enum holder pptx_holder_kind(const char *type)
{
    static const struct {
        const char *type;
        enum holder kind;
    } kinds[] = { { "title", HOLDER_TITLE }, { "ctrTitle", HOLDER_TITLE },
        { "subTitle", HOLDER_SUBTITLE }, { "ftr", HOLDER_FOOTER }, { "hdr", HOLDER_HEADER },
        { "dt", HOLDER_MARK }, { "sldNum", HOLDER_MARK }, { "sldImg", HOLDER_IMAGE } };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(type, kinds[i].type) == 0) {
            return kinds[i].kind;
        }
    }
    return HOLDER_BODY;
}

static void read_box(struct xml *x, struct box *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "off")) {
            b->x = (double)xml_attr_int(x, NS_NONE, "x", 0);
            b->y = (double)xml_attr_int(x, NS_NONE, "y", 0);
        } else if (xml_start(x, NS_A, "ext")) {
            b->w = (double)xml_attr_int(x, NS_NONE, "cx", 0);
            b->h = (double)xml_attr_int(x, NS_NONE, "cy", 0);
            b->known = true;
        }
    }
}

static void read_holder(struct xml *x, struct pptx_holder *h)
{
    int depth = x->depth;
    *h = (struct pptx_holder){ .index = -1 };
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_P, "ph")) {
            const char *type = xml_attr(x, NS_NONE, "type");
            snprintf(h->type, sizeof(h->type), "%s", type ? type : "obj");
            h->kind = pptx_holder_kind(h->type);
            h->index = xml_attr_int(x, NS_NONE, "idx", -1);
        } else if (xml_start(x, NS_A, "xfrm")) {
            read_box(x, &h->box);
        } else if (xml_start(x, NS_A, "lstStyle")) {
            pptx_list_style_read(x, &h->bullets);
        } else if (xml_start(x, NS_A, "p")) {
            xml_skip(x);
        }
    }
}

static int read_layout(struct pptx *p, const struct opc_part *part, struct pptx_layout *l)
{
    struct xml x;
    *l = (struct pptx_layout){ .part = part };
    l->holders = arena_array(&p->arena, PPTX_HOLDERS_MAX, sizeof(*l->holders));
    if (!l->holders) {
        return ERR_MEMORY;
    }
    int rc = xml_open(&x, &p->package, part, false);
    if (rc != 0) {
        return rc;
    }
    while (xml_next(&x)) {
        if (xml_start(&x, NS_P, "sp") && l->count < PPTX_HOLDERS_MAX) {
            read_holder(&x, &l->holders[l->count]);
            l->count += l->holders[l->count].kind != HOLDER_NONE;
        } else if (xml_start(&x, NS_P, "bodyStyle")) {
            pptx_list_style_read(&x, &l->body);
        }
    }
    return xml_close(&x);
}

static struct pptx_layout *cached(struct pptx *p, const struct opc_part *part)
{
    for (size_t i = 0; i < p->layout_count; i++) {
        if (p->layouts[i].part == part) {
            return &p->layouts[i];
        }
    }
    return NULL;
}

static int load(struct pptx *p, const struct opc_part *part, struct pptx_layout **ret_layout)
{
    *ret_layout = cached(p, part);
    if (*ret_layout || p->layout_count >= PPTX_LAYOUTS_MAX) {
        return 0;
    }
    if (!p->layouts &&
        !(p->layouts = arena_array(&p->arena, PPTX_LAYOUTS_MAX, sizeof(*p->layouts)))) {
        return ERR_MEMORY;
    }
    struct pptx_layout *l = &p->layouts[p->layout_count];
    int rc = read_layout(p, part, l);
    if (rc == 0) {
        p->layout_count++;
        *ret_layout = l;
    }
    return rc;
}

int pptx_layout_find(struct pptx *p, const struct pptx_layout **ret_layout)
{
    const struct opc_rel *rel = opc_rel_by_kind(&p->rels, "slideLayout");
    struct pptx_layout *layout = NULL, *master = NULL;
    *ret_layout = NULL;
    if (!rel || !rel->part) {
        return 0;
    }
    bool known = cached(p, rel->part) != NULL;
    int rc = load(p, rel->part, &layout);
    if (rc == 0 && layout && !known) {
        struct opc_rels rels;
        rc = opc_rels_load(&p->package, rel->part, &rels);
        const struct opc_rel *up = rc == 0 ? opc_rel_by_kind(&rels, "slideMaster") : NULL;
        if (up && up->part && up->part != rel->part) {
            rc = load(p, up->part, &master);
            layout->master = up->part;
        }
        opc_rels_done(&rels);
    }
    *ret_layout = layout;
    return rc;
}

// A slide's placeholder matches by index, then by kind.
static const struct pptx_holder *match(const struct pptx_layout *l, const char *type, int64_t index)
{
    for (size_t i = 0; index >= 0 && i < l->count; i++) {
        if (l->holders[i].index == index) {
            return &l->holders[i];
        }
    }
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->holders[i].type, type) == 0) {
            return &l->holders[i];
        }
    }
    enum holder kind = pptx_holder_kind(type); // titles of all sorts, bodies of all sorts
    kind = kind == HOLDER_SUBTITLE ? HOLDER_BODY : kind;
    for (size_t i = 0; i < l->count; i++) {
        if (l->holders[i].kind == kind &&
            (kind == HOLDER_TITLE || (kind == HOLDER_BODY && index < 0))) {
            return &l->holders[i];
        }
    }
    return NULL;
}

const struct pptx_holder *pptx_holder_find(
    struct pptx *p, const struct pptx_layout *layout, const char *type, int64_t index)
{
    const struct pptx_holder *h = layout ? match(layout, type, index) : NULL;
    const struct pptx_layout *master = layout && layout->master ? cached(p, layout->master) : NULL;
    if ((!h || !h->box.known) && master) {
        const struct pptx_holder *up = match(master, h ? h->type : type, -1);
        if (!h || (up && up->box.known)) {
            return up;
        }
    }
    return h;
}

static void inherit(struct bullets *to, const struct bullets *from)
{
    for (int i = 0; i < PPTX_LEVELS; i++) {
        if (to->level[i].kind == BULLET_UNSET) {
            to->level[i] = from->level[i];
        }
    }
}

struct bullets pptx_inherited(struct pptx *p, const struct pptx_layout *layout,
    const struct pptx_holder *holder, enum holder kind)
{
    struct bullets b = { 0 };
    if (holder) {
        inherit(&b, &holder->bullets);
    }
    const struct pptx_layout *master = layout && layout->master ? cached(p, layout->master) : NULL;
    if (kind == HOLDER_BODY && master) {
        inherit(&b, &master->body);
    }
    return b;
}
