// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements html.h: the tree of a page to elements in reading order. Blocks end what is open; what stands between two
// blocks is one paragraph, or the item, caption or heading that it belongs to. Words in pictures' alternative texts are
// figures, reported after the block that they stand in. Hidden elements, scripts and styles are left out.
//
// Limits: HTML_DEPTH_MAX twice (foreign elements nest where HTML's do not), cells of reader_limits.
#include "reader/html.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

#include <stdlib.h>

enum { LIST_LEVEL_MAX = 9, HEADINGS_PER_PROGRESS = 50 };

struct list {
    bool ordered;
    int64_t next; // number of the next item
    int level;
};

struct walk {
    struct reader *r;
    const struct html_options *o;
    struct section_path section;
    struct buf joined; // the chapter's title and the path
    struct buf text; // of what is open
    struct html_flow flow; // into text
    struct buf alts; // of pictures inside what is open, each ended by NUL
    enum element_kind kind; // of what is open; paragraph unless inside a heading, a caption or code
    int level; // of a heading
    struct list list; // innermost that is open
    bool item; // what comes next is the item itself
    int64_t number; // of that item
    bool verbatim; // inside <pre>
    int64_t cells_left;
    int rc;
};

static struct slice section_now(struct walk *w)
{
    struct slice own = section_text(&w->section), chapter = w->o->section;

    if (chapter.len == 0 ||
        (own.len >= chapter.len && memcmp(own.data, chapter.data, chapter.len) == 0)) {
        return own;
    }
    buf_reset(&w->joined);
    buf_add_slice(&w->joined, utf8_prefix(chapter, SECTION_MAX));
    if (own.len) {
        buf_add_str(&w->joined, " > ");
        buf_add_slice(&w->joined, own);
    }
    return buf_slice(&w->joined);
}

static struct place place_now(struct walk *w)
{
    return (struct place){ .kind = PLACE_PART, .name = w->o->part, .section = section_now(w) };
}

static int emit(void *ctx, struct element *e)
{
    struct walk *w = ctx;
    return reader_element(w->r, e);
}

static void emit_figures(struct walk *w)
{
    for (size_t at = 0; at < w->alts.len && w->rc == 0;) {
        struct slice alt = slice_of(w->alts.data + at);
        struct element e = { .kind = ELEMENT_FIGURE, .place = place_now(w), .text = alt };
        at += alt.len + 1;
        w->rc = reader_element(w->r, &e);
    }
    buf_reset(&w->alts);
}

static void emit_heading(struct walk *w, struct slice text)
{
    struct element e = { .kind = ELEMENT_HEADING, .level = w->level, .text = text };

    section_leave(&w->section, w->level);
    e.place = place_now(w);
    w->rc = reader_element(w->r, &e);
    section_set(&w->section, w->level, text);
    if (w->rc == 0 && w->o->headings && ++*w->o->headings % HEADINGS_PER_PROGRESS == 0) {
        w->rc = reader_progress(w->r, *w->o->headings, 0);
    }
}

// One piece of what is open, as an item if one is due.
static void emit_piece(struct walk *w, struct slice text)
{
    AUTO_BUF markdown = BUF_INIT(8 * TEXT_PIECE_MAX);
    struct element e = { .kind = w->kind, .place = place_now(w), .text = text };

    if (w->item && w->kind == ELEMENT_PARAGRAPH) {
        e.kind = ELEMENT_LIST_ITEM;
        e.level = w->list.level > LIST_LEVEL_MAX ? LIST_LEVEL_MAX : w->list.level;
        for (int i = 1; i < e.level; i++) {
            buf_add_str(&markdown, "  ");
        }
        if (w->list.ordered) {
            buf_addf(&markdown, "%lld. ", (long long)w->number);
        } else {
            buf_add_str(&markdown, "- ");
        }
        buf_add_slice(&markdown, text);
        e.markdown = buf_ok(&markdown) ? buf_slice(&markdown) : slice_make(NULL, 0);
        w->item = false;
    }
    w->rc = reader_element(w->r, &e);
}

static void flush(struct walk *w)
{
    struct slice rest = buf_slice(&w->text);

    rest = w->verbatim ? text_trim_end(rest) : slice_trim(rest);
    if (text_is_blank(rest)) {
        rest = slice_make(NULL, 0);
    }
    if (w->rc == 0 && w->kind == ELEMENT_HEADING && rest.len && rest.len <= TEXT_PIECE_MAX) {
        emit_heading(w, rest);
        rest = slice_make(NULL, 0);
    }
    while (w->rc == 0 && rest.len) {
        size_t n = text_cut(rest, TEXT_PIECE_MAX);
        enum element_kind kind = w->kind;
        w->kind = kind == ELEMENT_HEADING ? ELEMENT_PARAGRAPH : kind; // far too long for one
        emit_piece(w, slice_make(rest.data, n));
        w->kind = kind;
        rest = w->verbatim ? slice_from(rest, n) : slice_trim(slice_from(rest, n));
    }
    buf_reset(&w->text);
    w->flow.blank = false;
    if (w->rc == 0 && w->alts.len) {
        emit_figures(w);
    }
}

static void walk_node(struct walk *w, const GumboNode *n, int depth);

static void walk_inside(struct walk *w, const GumboNode *n, int depth)
{
    const GumboVector *inside = html_children(n);

    for (unsigned i = 0; i < inside->length && w->rc == 0; i++) {
        walk_node(w, inside->data[i], depth + 1);
    }
}

// A block that what is inside is of one kind.
static void walk_as(struct walk *w, const GumboNode *n, int depth, enum element_kind kind)
{
    enum element_kind outer = w->kind;
    int level = w->level;

    flush(w);
    w->kind = kind;
    walk_inside(w, n, depth);
    flush(w);
    w->kind = outer;
    w->level = level;
}

static void walk_list(struct walk *w, const GumboNode *n, int depth)
{
    struct list outer = w->list;
    bool item = w->item;
    const char *start = html_attr(n, "start");

    flush(w);
    w->list = (struct list){ .ordered = html_is(n, GUMBO_TAG_OL),
        .next = start ? strtol(start, NULL, 10) : 1,
        .level = outer.level + 1 };
    w->item = false;
    walk_inside(w, n, depth);
    flush(w);
    w->list = outer;
    w->item = item && outer.level > 0 && w->item;
}

static void walk_item(struct walk *w, const GumboNode *n, int depth)
{
    struct list outer = w->list;
    const char *value = html_attr(n, "value");

    flush(w);
    w->list.level = outer.level ? outer.level : 1;
    w->number = value ? strtol(value, NULL, 10) : outer.next;
    outer.next = w->number < INT32_MAX ? w->number + 1 : w->number;
    w->item = true;
    walk_inside(w, n, depth);
    flush(w);
    w->item = false;
    w->list = outer;
}

static void walk_table(struct walk *w, const GumboNode *n, int depth)
{
    const GumboVector *inside = html_children(n);
    bool item = w->item;

    flush(w);
    if (html_is_layout(n)) {
        walk_inside(w, n, depth);
        flush(w);
        return;
    }
    for (unsigned i = 0; i < inside->length && w->rc == 0; i++) {
        if (html_is(inside->data[i], GUMBO_TAG_CAPTION) && !html_is_unseen(inside->data[i])) {
            walk_as(w, inside->data[i], depth, ELEMENT_CAPTION);
        }
    }
    if (w->rc == 0) {
        struct element model = { .place = place_now(w) };
        w->rc = html_table(n, &model, &w->cells_left, emit, w);
        if (w->rc == ERR_LIMIT && w->cells_left < 0) {
            reader_finding(w->r, "bomb.cells", NULL, "The tables have more than %lld cells.",
                (long long)w->r->limits->cells);
        }
    }
    w->item = item;
}

static void walk_verbatim(struct walk *w, const GumboNode *n, int depth)
{
    bool outer = w->verbatim;

    flush(w);
    w->verbatim = true;
    walk_as(w, n, depth, ELEMENT_CODE);
    w->verbatim = outer;
}

static void walk_picture(struct walk *w, const GumboNode *n)
{
    const char *alt = html_attr(n, "alt");

    if (alt && !text_is_blank(slice_of(alt))) {
        struct html_flow f = { .to = &w->alts };
        size_t before = w->alts.len;
        AUTO_BUF one = BUF_INIT(TEXT_PIECE_MAX);
        f.to = &one;
        html_flow_add(&f, utf8_prefix(slice_of(alt), TEXT_PIECE_MAX / 2));
        buf_add(&w->alts, one.data, one.len);
        buf_add_char(&w->alts, '\0');
        if (!buf_ok(&w->alts)) {
            w->alts.len = before;
        }
    }
}

static bool in_drawing(const GumboNode *n)
{
    for (int i = 0; n && i < 2 * HTML_DEPTH_MAX; n = n->parent, i++) {
        if (html_is_element(n) && n->v.element.tag_namespace == GUMBO_NAMESPACE_SVG) {
            GumboStringPiece name = n->v.element.original_tag;
            gumbo_tag_from_original_text(&name);
            if (slice_equal_nocase(slice_make(name.data, name.length), SLICE_LIT("text"))) {
                return false;
            }
            if (html_is(n, GUMBO_TAG_SVG)) {
                return true;
            }
        } else if (html_is_block(n)) {
            return false;
        }
    }
    return false;
}

static void add_words(struct walk *w, const GumboNode *n)
{
    struct slice text = slice_of(n->v.text.text);

    if (n->parent && n->parent->type == GUMBO_NODE_ELEMENT &&
        n->parent->v.element.tag_namespace == GUMBO_NAMESPACE_SVG && in_drawing(n->parent)) {
        return; // names and descriptions of icons
    }
    if (w->verbatim) {
        buf_add_slice(&w->text, text);
    } else {
        html_flow_add(&w->flow, text);
    }
    if (!buf_ok(&w->text)) {
        flush(w);
    } else if (w->text.len > 64 * TEXT_PIECE_MAX) {
        flush(w);
    }
}

static void walk_element(struct walk *w, const GumboNode *n, int depth)
{
    switch (n->v.element.tag) {
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
        flush(w);
        w->level = (int)(n->v.element.tag - GUMBO_TAG_H1) + 1;
        walk_as(w, n, depth, ELEMENT_HEADING);
        break;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_DIR:
        walk_list(w, n, depth);
        break;
    case GUMBO_TAG_LI:
        walk_item(w, n, depth);
        break;
    case GUMBO_TAG_TABLE:
        walk_table(w, n, depth);
        break;
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_PLAINTEXT:
        walk_verbatim(w, n, depth);
        break;
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_CAPTION:
        walk_as(w, n, depth, ELEMENT_CAPTION);
        break;
    case GUMBO_TAG_IMG:
        walk_picture(w, n);
        break;
    case GUMBO_TAG_BR:
        if (w->verbatim) {
            buf_add_char(&w->text, '\n');
        } else if (w->kind == ELEMENT_HEADING) {
            w->flow.blank = true;
        } else {
            html_flow_line(&w->flow);
        }
        break;
    default:
        if (html_is_block(n)) {
            walk_as(w, n, depth, w->kind);
        } else {
            walk_inside(w, n, depth);
        }
    }
}

static void walk_node(struct walk *w, const GumboNode *n, int depth)
{
    if (w->rc != 0 || depth > 2 * HTML_DEPTH_MAX || html_is_unseen(n)) {
        return;
    }
    switch (n->type) {
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_CDATA:
    case GUMBO_NODE_WHITESPACE:
        add_words(w, n);
        break;
    case GUMBO_NODE_ELEMENT:
        walk_element(w, n, depth);
        break;
    default:
        break;
    }
}

int html_walk(struct reader *r, const struct html_tree *t, const struct html_options *o)
{
    struct walk w = { .r = r, .o = o, .kind = ELEMENT_PARAGRAPH, .cells_left = r->limits->cells };

    section_init(&w.section);
    buf_init(&w.joined, 2 * SECTION_MAX + 16);
    buf_init(&w.text, HTML_TEXT_MAX);
    buf_init(&w.alts, 1 << 20);
    w.flow.to = &w.text;
    if (o->title) {
        AUTO_BUF title = BUF_INIT(HTML_TEXT_MAX);
        html_title(t, &title);
        struct element e = { .kind = ELEMENT_TITLE,
            .place = place_now(&w),
            .text = utf8_prefix(buf_slice(&title), TEXT_PIECE_MAX) };
        if (title.len) {
            w.rc = reader_element(r, &e);
            w.rc = w.rc ? w.rc : reader_info_text(r, "title", title.data);
        }
    }
    if (w.rc == 0) {
        walk_inside(&w, t->output->root, 0);
        flush(&w);
    }
    section_done(&w.section);
    buf_done(&w.joined);
    buf_done(&w.text);
    buf_done(&w.alts);
    return w.rc;
}
