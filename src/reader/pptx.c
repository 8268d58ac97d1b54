// SPDX-License-Identifier: AGPL-3.0-or-later
// PowerPoint presentations: the entry points, the order of the slides, speaker notes and comments.
#include "reader/pptx.h"

#include "reader/ooxml_held.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLIDE_WIDTH = 9144000,
    SLIDE_HEIGHT = 6858000
}; // when the file does not say: 10 by 7.5 inches

int pptx_hold(struct pptx *p, const struct element *e)
{
    held_add(&p->held, e);
    if (!buf_ok(&p->held)) {
        int rc = reader_finding(
            p->r, "bomb.text", NULL, "Slide %d holds more text than any real one.", p->number);
        return rc < 0 ? rc : ERR_REFUSED;
    }
    return 0;
}

int pptx_emit(struct pptx *p, struct element *e, const struct box *box, const char *name)
{
    p->text_bytes += e->text.len;
    if (p->quiet) {
        return 0;
    }
    e->place = (struct place){ .kind = PLACE_SLIDE, .number = p->number, .name = slice_of(name) };
    e->flags |= p->slide_hidden ? ELEMENT_HIDDEN : 0;
    if (box && box->known && p->width > 0 && p->height > 0) {
        e->place.has_box = true;
        e->place.box[0] = (float)(box->x / p->width);
        e->place.box[1] = (float)(box->y / p->height);
        e->place.box[2] = (float)((box->x + box->w) / p->width);
        e->place.box[3] = (float)((box->y + box->h) / p->height);
    }
    return reader_element(p->r, e);
}

static int emit_held(struct pptx *p, const char *name)
{
    struct slice rest = buf_slice(&p->held);
    struct element e;
    int rc = 0;
    while (rc == 0 && held_next(&rest, &e)) {
        rc = pptx_emit(p, &e, NULL, name);
    }
    buf_reset(&p->held);
    return rc;
}

// One shape of a notes page: the notes themselves, or a header or footer of the printed page.
static int notes_shape(struct pptx *p, struct xml *x)
{
    struct pptx_text how = { .as = ELEMENT_NOTE, .whole = true };
    enum holder kind = HOLDER_BODY;
    int depth = x->depth, rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_P, "ph")) {
            const char *type = xml_attr(x, NS_NONE, "type");
            kind = pptx_holder_kind(type ? type : "obj");
        } else if (xml_start(x, NS_P, "txBody")) {
            how.flags = kind == HOLDER_HEADER || kind == HOLDER_FOOTER ? ELEMENT_NOT_INDEXED : 0;
            if (kind == HOLDER_MARK || kind == HOLDER_IMAGE) {
                xml_skip(x);
            } else {
                rc = pptx_text_read(p, x, &how);
            }
        }
    }
    return rc;
}

static int read_notes(struct pptx *p, const struct opc_part *part)
{
    struct xml x;
    int rc = xml_open(&x, &p->package, part, false);
    if (rc != 0) {
        return rc;
    }
    buf_reset(&p->held);
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_P, "sp")) {
            rc = notes_shape(p, &x);
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    return rc == 0 ? emit_held(p, "notes") : rc;
}

// Comments of both kinds: p:cm with p:text, and p188:cm with paragraphs and replies.
static int read_comments(struct pptx *p, const struct opc_part *part)
{
    struct xml x;
    int rc = xml_open(&x, &p->package, part, false);
    if (rc != 0) {
        return rc;
    }
    struct pptx_text how = { .as = ELEMENT_COMMENT, .whole = true };
    buf_reset(&p->held);
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_P, "text")) {
            AUTO_BUF text = BUF_INIT(PPTX_PARAGRAPH_MAX);
            xml_collect(&x, &text);
            struct element e = { .kind = ELEMENT_COMMENT, .text = slice_trim(buf_slice(&text)) };
            rc = e.text.len ? pptx_hold(p, &e) : 0;
        } else if (xml_start(&x, NS_P188, "txBody")) {
            rc = pptx_text_read(p, &x, &how);
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    return rc == 0 ? emit_held(p, "comments") : rc;
}

static int read_slide_part(struct pptx *p, const struct opc_part *part)
{
    struct xml x;
    int rc = xml_open(&x, &p->package, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_P, "sld")) {
            p->slide_hidden = !xml_attr_bool(&x, NS_NONE, "show", true);
        } else if (xml_start(&x, NS_P, "spTree")) {
            rc = pptx_slide_tree(p, &x);
        }
    }
    int end = xml_close(&x);
    return rc != 0 ? rc : end;
}

static int read_slide(struct pptx *p, const struct opc_part *part)
{
    p->slide_hidden = false;
    int rc = opc_rels_load(&p->package, part, &p->rels);
    rc = rc == 0 ? read_slide_part(p, part) : rc;
    for (size_t i = 0; rc == 0 && i < p->rels.count; i++) {
        const struct opc_rel *rel = &p->rels.items[i];
        if (rel->part && strcmp(rel->kind, "notesSlide") == 0) {
            rc = read_notes(p, rel->part);
        } else if (rel->part && strcmp(rel->kind, "comments") == 0) {
            rc = read_comments(p, rel->part);
        }
    }
    opc_rels_done(&p->rels);
    return rc;
}

struct slides {
    const struct opc_part **parts;
    bool *seen; // by the number of the part
    size_t count, cap, missing;
};

static int add_slide(struct pptx *p, struct slides *s, const struct opc_rel *rel)
{
    if (!rel || !rel->part) {
        s->missing++;
        return 0;
    }
    if (s->seen[rel->part - p->package.parts]) {
        return 0; // listed twice
    }
    s->seen[rel->part - p->package.parts] = true;
    if (s->count >= (size_t)p->r->limits->pages) {
        int rc = reader_finding(p->r, "bomb.pages", NULL,
            "The presentation has more than %d slides.", p->r->limits->pages);
        return rc < 0 ? rc : ERR_REFUSED;
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        const struct opc_part **more = arena_array(&p->arena, cap, sizeof(*more));
        if (!more) {
            return ERR_MEMORY;
        }
        if (s->count) {
            memcpy(more, s->parts, s->count * sizeof(*more));
        }
        s->parts = more;
        s->cap = cap;
    }
    s->parts[s->count++] = rel->part;
    return 0;
}

static int find_slides(struct pptx *p, struct slides *s)
{
    struct opc_rels rels;
    struct xml x;
    bool presentation = false;
    s->seen = arena_array(&p->arena, p->package.count, sizeof(*s->seen));
    if (!s->seen) {
        return ERR_MEMORY;
    }
    int rc = opc_rels_load(&p->package, p->package.main, &rels);
    bool open = rc == 0 && (rc = xml_open(&x, &p->package, p->package.main, true)) == 0;
    p->width = SLIDE_WIDTH;
    p->height = SLIDE_HEIGHT;
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_P, "presentation")) {
            presentation = true;
        } else if (xml_start(&x, NS_P, "sldId")) {
            rc = add_slide(p, s, opc_rel_by_id(&rels, xml_attr(&x, NS_R, "id")));
        } else if (xml_start(&x, NS_P, "sldSz")) {
            p->width = (double)xml_attr_int(&x, NS_NONE, "cx", SLIDE_WIDTH);
            p->height = (double)xml_attr_int(&x, NS_NONE, "cy", SLIDE_HEIGHT);
        }
    }
    int end = open ? xml_close(&x) : 0;
    opc_rels_done(&rels);
    rc = rc != 0 ? rc : end;
    if (rc == 0 && !presentation) {
        return opc_part_broken(&p->package, p->package.main, true);
    }
    if (rc == 0 && s->missing > 0) {
        rc = reader_finding(p->r, "structure.repaired", NULL,
            "%zu of the slides that the presentation lists are not in the file.", s->missing);
    }
    return rc;
}

static int report_findings(struct pptx *p)
{
    int rc = 0;
    if (p->hidden_bytes > 0) {
        struct place place = { .kind = PLACE_SLIDE, .number = p->hidden_slide };
        rc = reader_finding(p->r, "text.hidden", &place,
            "The presentation holds %zu bytes of text that nobody who looks at its slides can see.",
            p->hidden_bytes);
    }
    rc = rc == 0 ? ooxml_check_security(&p->package) : rc;
    if (rc == 0 && p->text_bytes == 0 && p->figure_count == 0) {
        rc = reader_finding(
            p->r, "structure.no_content", NULL, "The presentation is empty: no text, no pictures.");
    }
    return rc;
}

static int walk(struct pptx *p)
{
    struct slides slides = { 0 };
    int rc = find_slides(p, &slides);
    rc = rc == 0 ? ooxml_report_properties(&p->package) : rc;
    rc = rc == 0 ? reader_info_number(p->r, "slides", (double)slides.count) : rc;
    rc = rc == 0 ? reader_info_number(p->r, "pages", (double)slides.count) : rc;
    for (size_t i = 0; rc == 0 && i < slides.count; i++) {
        p->number = (int32_t)i + 1;
        rc = read_slide(p, slides.parts[i]);
        if (rc == 0 && !p->quiet) {
            rc = reader_progress(p->r, (int64_t)i + 1, (int64_t)slides.count);
        }
    }
    return rc == 0 && p->quiet ? report_findings(p) : rc;
}

static int run(struct reader *r, bool check, struct error *err)
{
    struct pptx *p = xalloc(sizeof(*p));
    p->r = r;
    p->quiet = check;
    int rc = opc_open(&p->package, r, OPC_SLIDES, err);
    if (rc != 0) {
        free(p);
        return rc == ERR_REFUSED ? 0 : rc;
    }
    arena_init(&p->arena, PPTX_ARENA_MAX);
    buf_init(&p->held, PPTX_SLIDE_MAX);
    ooxml_pictures_init(&p->pictures);
    rc = walk(p);
    ooxml_pictures_done(&p->pictures);
    buf_done(&p->held);
    free(p->shapes);
    arena_done(&p->arena);
    opc_close(&p->package);
    free(p);
    if (rc != 0 && rc != ERR_REFUSED) {
        error_set(err, rc, "The presentation could not be read to its end.");
    }
    return rc == ERR_REFUSED ? 0 : rc;
}

static int pptx_check(struct reader *r, struct error *err)
{
    return run(r, true, err);
}

static int pptx_read(struct reader *r, struct error *err)
{
    return run(r, false, err);
}

extern const struct reader_format format_pptx;
const struct reader_format format_pptx = {
    .id = FORMAT_PPTX, .check = pptx_check, .read = pptx_read
};
