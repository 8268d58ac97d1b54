// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the blocks of odf.h. Whatever element is not known is walked through, so that text in it is not lost.
#include "reader/odf.h"
#include "reader/ooxml_held.h"

#include "base/utf8.h"

enum { LEVEL_MAX = 9, HEADINGS_PER_PROGRESS = 20 };

static int emit_now(struct odf *o, struct element *e)
{
    int rc = 0;

    if (o->slide) {
        e->place =
            (struct place){ .kind = PLACE_SLIDE, .number = o->slide, .name = slice_of(o->part) };
        if (e->kind == ELEMENT_COMMENT) {
            e->place.name = SLICE_LIT("comments");
        }
        return reader_element(o->r, e);
    }
    if (e->kind == ELEMENT_HEADING) {
        section_leave(&o->section, e->level);
    }
    const char *part = e->kind == ELEMENT_NOTE      ? "footnotes"
                       : e->kind == ELEMENT_COMMENT ? "comments"
                                                    : o->part;
    e->place = (struct place){
        .kind = PLACE_PART, .name = slice_of(part), .section = section_text(&o->section)
    };
    rc = reader_element(o->r, e);
    if (e->kind == ELEMENT_HEADING) {
        section_set(&o->section, e->level, e->text);
        if (rc == 0 && ++o->headings % HEADINGS_PER_PROGRESS == 0) {
            rc = reader_progress(o->r, o->headings, 0);
        }
    }
    return rc;
}

int odf_emit(struct odf *o, struct element *e)
{
    if (o->hold == 0) {
        return emit_now(o, e);
    }
    held_add(&o->held, e);
    if (!buf_ok(&o->held)) {
        int rc = reader_finding(
            o->r, "bomb.text", NULL, "A single paragraph holds more text than any real one.");
        return rc ? rc : ERR_REFUSED;
    }
    return 0;
}

static int release(struct odf *o)
{
    struct slice rest = buf_slice(&o->held);
    struct element e;
    int rc = 0;

    while (o->hold == 0 && rc == 0 && held_next(&rest, &e)) {
        rc = emit_now(o, &e);
    }
    if (o->hold == 0) {
        buf_reset(&o->held);
    }
    return rc;
}

static int emit_item(struct odf *o, struct slice text)
{
    AUTO_BUF markdown = BUF_INIT(8 * TEXT_PIECE_MAX);
    struct element e = { .kind = ELEMENT_LIST_ITEM, .text = text };

    e.level = o->list_level > LEVEL_MAX ? LEVEL_MAX : o->list_level;
    for (int i = 1; i < e.level; i++) {
        buf_add_str(&markdown, "  ");
    }
    if (o->ordered) {
        buf_addf(&markdown, "%lld. ", (long long)o->number);
    } else {
        buf_add_str(&markdown, "- ");
    }
    buf_add_slice(&markdown, text);
    e.markdown = buf_ok(&markdown) ? buf_slice(&markdown) : slice_make(NULL, 0);
    o->item = false;
    return odf_emit(o, &e);
}

int odf_paragraph(struct odf *o, struct slice text, enum odf_look look, int32_t level)
{
    int rc = 0;

    text = slice_trim(text);
    if (o->cell) {
        if (text.len) {
            buf_add_str(o->cell, o->cell->len ? "\n" : "");
            buf_add_slice(o->cell, text);
        }
        return release(o);
    }
    while (rc == 0 && text.len) {
        size_t n = text_cut(text, TEXT_PIECE_MAX);
        struct element e = {
            .kind = o->as, .level = o->as_level, .text = slice_make(text.data, n)
        };
        if (o->as == ELEMENT_PARAGRAPH && o->item) {
            rc = emit_item(o, e.text);
        } else {
            if (o->as == ELEMENT_PARAGRAPH && look != ODF_PLAIN && text.len <= TEXT_PIECE_MAX) {
                e.kind = look == ODF_TITLE ? ELEMENT_TITLE : ELEMENT_HEADING;
                e.level = look == ODF_TITLE ? 0 : level;
            }
            rc = odf_emit(o, &e);
        }
        text = slice_trim(slice_from(text, n));
    }
    return rc ? rc : release(o);
}

static int paragraph(struct odf *o, struct xml *x)
{
    AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
    const char *style = xml_attr(x, NS_TEXT, "style-name");
    bool heading = xml_named(x, NS_TEXT, "h"), hidden = odf_is_hidden(o, style);
    int32_t level = 1;
    enum odf_look look = heading ? ODF_HEADING : odf_look_of(o, style, &level);

    if (heading) {
        int64_t outline = xml_attr_int(x, NS_TEXT, "outline-level", 1);
        level = outline < 1 ? 1 : outline > SECTION_LEVELS ? SECTION_LEVELS : (int32_t)outline;
    }
    if (hidden) {
        xml_skip(x);
        return 0;
    }
    int rc = odf_inline(o, x, &text);
    if (rc == 0 && !buf_ok(&text)) {
        rc = reader_finding(
            o->r, "bomb.text", NULL, "A single paragraph holds more text than any real one.");
        rc = rc ? rc : ERR_REFUSED;
    }
    return rc ? rc : odf_paragraph(o, buf_slice(&text), look, level);
}

static int list(struct odf *o, struct xml *x, const char *inherited)
{
    AUTO_BUF name = BUF_INIT(4096);
    const char *own = xml_attr(x, NS_TEXT, "style-name");
    bool ordered = o->ordered, item = o->item;
    int64_t number = o->number, next = 1;
    int depth = x->depth, rc = 0;

    buf_add_str(&name, own ? own : inherited);
    o->list_level++;
    o->ordered = odf_is_numbered(o, name.data, o->list_level);
    while (rc == 0 && xml_inside(x, depth)) {
        if (!xml_start(x, NS_TEXT, "list-item") && !xml_start(x, NS_TEXT, "list-header")) {
            continue;
        }
        bool counts = xml_named(x, NS_TEXT, "list-item");
        int inner = x->depth;
        next = xml_attr_int(x, NS_TEXT, "start-value", next);
        o->number = next;
        o->item = counts;
        while (rc == 0 && xml_inside(x, inner)) {
            if (xml_start(x, NS_TEXT, "list")) {
                rc = list(o, x, name.data ? name.data : "");
            } else if (x->event == XML_START) {
                rc = odf_block(o, x);
            }
        }
        next += counts && next < INT32_MAX;
    }
    o->list_level--;
    o->ordered = ordered;
    o->number = number;
    o->item = item && o->list_level > 0 && o->item;
    return rc;
}

// All paragraphs of a note or comment as one text.
static int collect(struct odf *o, struct xml *x, enum element_kind kind, const char *skip)
{
    AUTO_BUF text = BUF_INIT(ODF_PARAGRAPH_MAX);
    struct buf *outer = o->cell;
    int depth = x->depth, rc = 0;

    o->cell = &text;
    o->hold++;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_START &&
            (xml_named(x, NS_TEXT, skip) || x->ns == NS_DC || x->ns == NS_META ||
                xml_named(x, NS_TEXT, "sender-initials"))) {
            xml_skip(x);
        } else if (x->event == XML_START) {
            rc = odf_block(o, x);
        }
    }
    o->cell = outer;
    if (rc == 0 && text.len) {
        struct element e = { .kind = kind, .text = slice_trim(buf_slice(&text)) };
        rc = odf_emit(o, &e);
    }
    o->hold--;
    return rc;
}

int odf_note(struct odf *o, struct xml *x)
{
    return collect(o, x, ELEMENT_NOTE, "note-citation");
}

int odf_comment(struct odf *o, struct xml *x)
{
    return collect(o, x, ELEMENT_COMMENT, "note-citation");
}

static bool in_class(const struct xml *x, const char *want)
{
    const char *value = xml_attr(x, NS_PRES, "class");
    return value && strcmp(value, want) == 0;
}

int odf_frame(struct odf *o, struct xml *x)
{
    AUTO_BUF words = BUF_INIT(64 << 10);
    enum element_kind as = o->as;
    int32_t level = o->as_level;
    bool item = o->item, picture = false;
    int depth = x->depth, rc = 0;

    if (in_class(x, "page-number") || in_class(x, "date-time") || in_class(x, "footer") ||
        in_class(x, "header")) {
        xml_skip(x);
        return 0;
    }
    if (in_class(x, "title") && as == ELEMENT_PARAGRAPH) {
        o->as = ELEMENT_HEADING;
        o->as_level = 1;
    }
    o->item = false;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_SVG, "title") || xml_start(x, NS_SVG, "desc")) {
            buf_add_str(&words, words.len ? "\n" : "");
            xml_collect(x, &words);
        } else if (xml_start(x, NS_DRAW, "object")) {
            picture = true;
            rc = odf_object(o, x);
        } else if (xml_start(x, NS_DRAW, "image")) {
            picture = true;
            rc = odf_blocks(o, x);
        } else if (x->event == XML_START) {
            rc = odf_block(o, x);
        }
    }
    o->as = as;
    o->as_level = level;
    o->item = item;
    if (rc == 0 && picture && words.len && !o->cell) {
        struct element e = { .kind = ELEMENT_FIGURE,
            .text = slice_trim(utf8_prefix(buf_slice(&words), TEXT_PIECE_MAX)) };
        rc = odf_emit(o, &e);
    }
    return rc;
}

// Holds nothing that a reader of the document sees.
static bool unseen(const struct odf *o, const struct xml *x)
{
    const char *display = xml_attr(x, NS_TEXT, "display");
    (void)o;
    return xml_named(x, NS_TEXT, "tracked-changes") || xml_named(x, NS_TEXT, "sequence-decls") ||
           xml_named(x, NS_TEXT, "variable-decls") || xml_named(x, NS_TEXT, "user-field-decls") ||
           xml_named(x, NS_OFFICE, "forms") || xml_named(x, NS_TEXT, "table-of-content-source") ||
           xml_named(x, NS_TEXT, "alphabetical-index-source") ||
           xml_named(x, NS_TEXT, "illustration-index-source") ||
           xml_named(x, NS_TEXT, "bibliography-source") ||
           xml_named(x, NS_TEXT, "table-index-source") ||
           xml_named(x, NS_TEXT, "user-index-source") || xml_named(x, NS_OFFICE, "binary-data") ||
           xml_named(x, NS_OFFICE, "event-listeners") || xml_named(x, NS_PRES, "settings") ||
           (xml_named(x, NS_TEXT, "section") && display && strcmp(display, "none") == 0);
}

int odf_blocks(struct odf *o, struct xml *x)
{
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_START) {
            rc = odf_block(o, x);
        }
    }
    return rc;
}

int odf_block(struct odf *o, struct xml *x)
{
    if (unseen(o, x)) {
        xml_skip(x);
        return 0;
    }
    if (xml_named(x, NS_TEXT, "p") || xml_named(x, NS_TEXT, "h")) {
        return paragraph(o, x);
    }
    if (xml_named(x, NS_TEXT, "list")) {
        return list(o, x, "");
    }
    if (xml_named(x, NS_TABLE, "table")) {
        return odf_table(o, x);
    }
    if (xml_named(x, NS_DRAW, "frame")) {
        return odf_frame(o, x);
    }
    if (xml_named(x, NS_OFFICE, "annotation")) {
        return odf_comment(o, x);
    }
    return odf_blocks(o, x);
}
