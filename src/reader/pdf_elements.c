// SPDX-License-Identifier: AGPL-3.0-or-later
// One page to elements: running header, blocks in reading order with figures and their captions, comments, running
// footer; a page without words becomes one figure that waits for OCR; what can't be seen is kept apart.
#include "reader/pdf_ocr.h"
#include "reader/pdf_unit.h"
#include "wire/span_list.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum {
    OUT_TEXT_MAX = 6 << 20, // bytes of one element
    FEW_LETTERS = 12, // a page with fewer has no text worth the name
    STAMP_LETTERS = 80, // so few over a picture of the whole page are a stamp or a page number
    DRAWING_MARKS = 8, // shapes that make a drawing
    HIDDEN_LETTERS = 20, // fewer are stray marks, not a message
};

void lpdf_out_init(struct lpdf_out *o, struct reader *r, struct lpdf_heads *heads)
{
    memset(o, 0, sizeof(*o));
    o->r = r;
    o->heads = heads;
    buf_init(&o->text, OUT_TEXT_MAX);
    buf_init(&o->markdown, 2 * OUT_TEXT_MAX);
    buf_init(&o->rows, SPAN_LIST_MAX);
}

void lpdf_out_done(struct lpdf_out *o)
{
    lpdf_ocr_done(&o->pictures);
    buf_done(&o->text);
    buf_done(&o->markdown);
    buf_done(&o->rows);
}

// Pictures: strips of one picture are put together, small ones and backgrounds left out.

static bool touch(struct lpdf_rect a, struct lpdf_rect b)
{
    return a.x0 <= b.x1 + 2 && b.x0 <= a.x1 + 2 && a.y0 <= b.y1 + 2 && b.y0 <= a.y1 + 2;
}

struct cluster {
    struct lpdf_rect box;
    uint32_t members;
};

// Takes in what it touches, which may be several clusters by now.
static void add_to_clusters(struct cluster *all, uint32_t *n, struct lpdf_rect r)
{
    struct cluster fresh = { r, 1 };
    for (uint32_t k = 0; k < *n;) {
        if (touch(all[k].box, fresh.box)) {
            fresh.box = lpdf_union(all[k].box, fresh.box);
            fresh.members += all[k].members;
            all[k] = all[--*n];
            k = 0;
        } else {
            k++;
        }
    }
    all[(*n)++] = fresh;
}

static uint32_t find_pictures(const struct lpdf_page *p, struct lpdf_rect ret[LPDF_PICTURES_MAX])
{
    struct cluster drawings[LPDF_PAGE_MARKS];
    struct cluster clusters[LPDF_PAGE_IMAGES + LPDF_PAGE_MARKS];
    struct lpdf_rect all[LPDF_PAGE_IMAGES + LPDF_PAGE_MARKS];
    uint32_t drawn = 0, n = 0, kept = 0;
    for (uint32_t i = 0; i < p->mark_count; i++) {
        struct lpdf_rect m = p->marks[i];
        add_to_clusters(
            drawings, &drawn, (struct lpdf_rect){ m.x0 - 3, m.y0 - 3, m.x1 + 3, m.y1 + 3 });
    }
    for (uint32_t i = 0; i < p->image_count; i++) {
        add_to_clusters(clusters, &n, p->images[i].box);
    }
    for (uint32_t i = 0; i < drawn; i++) {
        const struct lpdf_rect *b = &drawings[i].box;
        if (drawings[i].members >= DRAWING_MARKS && b->x1 - b->x0 > 80 && b->y1 - b->y0 > 50) {
            add_to_clusters(clusters, &n, *b);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        all[i] = clusters[i].box;
    }
    for (uint32_t i = 0; i < n && kept < LPDF_PICTURES_MAX; i++) {
        float w = all[i].x1 - all[i].x0, h = all[i].y1 - all[i].y0;
        if (w >= 28 && h >= 28 && w * h > 0.006f * p->width * p->height &&
            w * h < 0.8f * p->width * p->height) {
            ret[kept++] = all[i];
        }
    }
    return kept;
}

static float picture_share(const struct lpdf_page *p)
{
    float most = 0;
    for (uint32_t i = 0; i < p->image_count; i++) {
        const struct lpdf_rect *b = &p->images[i].box;
        most = fmaxf(most, (b->x1 - b->x0) * (b->y1 - b->y0) / (p->width * p->height));
    }
    return most;
}

// Captions.

// The block that is the caption of the picture at `at`: beneath or above it, close, and numbered like one.
static uint32_t find_caption(
    struct lpdf_out *o, const struct lpdf_layout *l, uint32_t at, const uint32_t *owner)
{
    const struct lpdf_rect pic = l->blocks[at].box;
    uint32_t best = UINT32_MAX;
    float best_far = 60;
    for (uint32_t i = 0; i < l->block_count; i++) {
        const struct lpdf_block *b = &l->blocks[i];
        if (b->kind != LPDF_BLOCK_TEXT || owner[i] || b->box.x1 < pic.x0 || b->box.x0 > pic.x1) {
            continue;
        }
        float far = b->box.y0 >= pic.y1 - 4   ? b->box.y0 - pic.y1
                    : b->box.y1 <= pic.y0 + 4 ? (pic.y0 - b->box.y1) * 1.5f
                                              : 1e9f;
        if (far >= best_far) {
            continue;
        }
        buf_reset(&o->text);
        lpdf_join_lines(o->heads, &l->sheet, b->segs, b->seg_count, false, &o->text);
        if (lpdf_is_caption(buf_slice(&o->text)) && strncasecmp(o->text.data, "table", 5) != 0) {
            best = i;
            best_far = far;
        }
    }
    return best;
}

static bool is_inside(const struct lpdf_rect *box, const struct lpdf_block *b)
{
    float x = (b->box.x0 + b->box.x1) / 2, y = (b->box.y0 + b->box.y1) / 2;
    return x > box->x0 && x < box->x1 && y > box->y0 && y < box->y1;
}

// Running text on a picture: it is a background, and the text is told as text.
static bool is_background(const struct lpdf_layout *l, uint32_t at)
{
    uint32_t prose = 0;
    for (uint32_t i = 0; i < l->block_count; i++) {
        const struct lpdf_block *b = &l->blocks[i];
        if (b->kind != LPDF_BLOCK_IMAGE && is_inside(&l->blocks[at].box, b)) {
            prose += b->kind == LPDF_BLOCK_TABLE ||
                     (b->seg_count >= 2 && b->chars > 32 * b->seg_count) || b->chars > 150;
        }
    }
    return prose > 0;
}

// What belongs to a figure is told with it: its caption, and the words that stand within it. owner[i] is the picture's
// number in the list of blocks and one, 0 for what stands by itself.
static void claim_for_figures(struct lpdf_out *o, const struct lpdf_layout *l, uint32_t *owner)
{
    for (uint32_t at = 0; at < l->block_count; at++) {
        if (l->blocks[at].kind != LPDF_BLOCK_IMAGE) {
            continue;
        }
        uint32_t caption = find_caption(o, l, at, owner);
        if (caption != UINT32_MAX) {
            owner[caption] = at + 1;
        }
        for (uint32_t i = 0; i < l->block_count && !is_background(l, at); i++) {
            const struct lpdf_block *b = &l->blocks[i];
            if (b->kind == LPDF_BLOCK_TEXT && !owner[i] && is_inside(&l->blocks[at].box, b)) {
                owner[i] = at + 1;
            }
        }
    }
}

static void add_block_text(
    struct lpdf_out *o, const struct lpdf_layout *l, const struct lpdf_block *b)
{
    if (o->text.len > 0) {
        buf_add_char(&o->text, '\n');
    }
    lpdf_join_lines(o->heads, &l->sheet, b->segs, b->seg_count, false, &o->text);
}

static int emit_figure(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, uint32_t at,
    const uint32_t *owner)
{
    struct lpdf_rect box = l->blocks[at].box;
    struct element e = { .kind = ELEMENT_FIGURE };
    bool large = (box.x1 - box.x0) * (box.y1 - box.y0) > 0.25f * u->page.width * u->page.height;

    if (large && is_background(l, at)) {
        return 0;
    }
    buf_reset(&o->text);
    for (int pass = 0; pass < 2; pass++) { // the caption first
        for (uint32_t i = 0; i < l->block_count; i++) {
            bool label = is_inside(&l->blocks[at].box, &l->blocks[i]);
            if (owner[i] == at + 1 && label == (pass == 1)) {
                add_block_text(o, l, &l->blocks[i]);
                box = lpdf_union(box, l->blocks[i].box);
            }
        }
    }
    if (o->text.len == 0) {
        e.flags = ELEMENT_NEEDS_OCR; // a picture whose words nobody has read
    }
    e.text = buf_slice(&o->text);
    return lpdf_emit(o, u, l->sheet.dir, box, &e);
}

// Drawings of straight lines are not found by their shapes; a caption tells that there is one above it.

static bool is_figure_caption(
    struct lpdf_out *o, const struct lpdf_layout *l, const struct lpdf_block *b)
{
    if (b->kind != LPDF_BLOCK_TEXT || b->seg_count > 6) {
        return false;
    }
    buf_reset(&o->text);
    lpdf_join_lines(o->heads, &l->sheet, b->segs, b->seg_count, false, &o->text);
    return o->text.len > 4 && strncasecmp(o->text.data, "fig", 3) == 0 &&
           lpdf_is_caption(buf_slice(&o->text));
}

// The lines and areas between the caption and the running text or table above it.
static bool find_drawing(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    uint32_t caption, struct lpdf_rect *ret)
{
    const struct lpdf_page *p = &u->page;
    const struct lpdf_rect below = l->blocks[caption].box;
    struct lpdf_rect box = { 1e9f, 1e9f, -1e9f, -1e9f };
    float top = 0;
    uint32_t parts = 0;

    for (uint32_t i = 0; i < l->block_count; i++) {
        const struct lpdf_block *b = &l->blocks[i];
        bool over = b->box.y1 < below.y0 + 2 && b->box.x1 > below.x0 && b->box.x0 < below.x1;
        bool text = b->kind == LPDF_BLOCK_TABLE || b->chars > 90 ||
                    (b->seg_count > 1 && b->chars > 40 * b->seg_count);
        if (over && b->kind == LPDF_BLOCK_IMAGE && below.y0 - b->box.y1 < 60) {
            return false; // it has its picture
        }
        if (over && (text || (b->kind == LPDF_BLOCK_TEXT && b->box.x0 <= below.x0 + 2 &&
                                 lpdf_is_heading(o, u, l, b)))) {
            top = fmaxf(top, b->box.y1);
        }
    }
    for (uint32_t i = 0; i < p->rule_count + p->fill_count; i++) {
        const struct lpdf_rule *r = i < p->rule_count ? &p->rules[i] : NULL;
        struct lpdf_rect b =
            r ? (struct lpdf_rect){ r->x0, r->y0, r->x1, r->y1 } : p->fills[i - p->rule_count].box;
        if (b.y0 > top - 2 && b.y1 < below.y0 + 2 && b.x1 - b.x0 < 0.9f * p->width) {
            box = lpdf_union(box, b);
            parts++;
        }
    }
    *ret = box;
    return parts >= DRAWING_MARKS && box.x1 - box.x0 > 80 && box.y1 - box.y0 > 40 &&
           below.y0 - box.y1 < 60;
}

static void add_captioned_drawings(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l)
{
    for (uint32_t i = 0, added = 0; i < l->block_count && added < LPDF_DRAWINGS_MAX; i++) {
        struct lpdf_rect box;
        if (is_figure_caption(o, l, &l->blocks[i]) && find_drawing(o, u, l, i, &box)) {
            memmove(l->blocks + i + 1, l->blocks + i, (l->block_count - i) * sizeof(*l->blocks));
            l->blocks[i] = (struct lpdf_block){ .kind = LPDF_BLOCK_IMAGE, .box = box };
            l->block_count++;
            added++;
            i++;
        }
    }
}

// "WARNING" in the margin of what it warns of: a short line beside a paragraph, read as its first words.
static bool is_side_label(
    const struct lpdf_unit *u, const struct lpdf_layout *l, uint32_t i, const uint32_t *owner)
{
    const struct lpdf_block *a = &l->blocks[i], *b = a + 1;
    if (i + 1 >= l->block_count || owner[i + 1] || a->kind != LPDF_BLOCK_TEXT ||
        b->kind != LPDF_BLOCK_TEXT || a->seg_count != 1 || a->chars > 24 || b->chars < 20) {
        return false;
    }
    const struct lpdf_seg *g = &l->sheet.segs[a->segs[0]];
    float middle = (a->box.y0 + a->box.y1) / 2, gap = b->box.x0 - a->box.x1;
    return (g->bold || g->caps) && !g->rtl && !g->marker && gap > 0 && gap < 0.2f * u->page.width &&
           middle > b->box.y0 && middle < b->box.y1 && b->box.y1 - b->box.y0 < 8 * l->sheet.body;
}

static int emit_labelled(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, uint32_t i)
{
    const struct lpdf_block *a = &l->blocks[i], *b = a + 1;
    struct element e = { .kind = ELEMENT_PARAGRAPH };
    buf_reset(&o->text);
    buf_reset(&o->markdown);
    lpdf_join_lines(o->heads, &l->sheet, a->segs, a->seg_count, false, &o->text);
    char last = o->text.len ? o->text.data[o->text.len - 1] : ' ';
    buf_add_str(&o->text, isalnum((unsigned char)last) ? ": " : " ");
    lpdf_join_lines(o->heads, &l->sheet, b->segs, b->seg_count, false, &o->markdown);
    buf_add_slice(&o->text, buf_slice(&o->markdown));
    e.text = buf_slice(&o->text);
    return lpdf_emit(o, u, l->sheet.dir, lpdf_union(a->box, b->box), &e);
}

static int emit_blocks(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l)
{
    if (l->sheet.dir == 0) {
        add_captioned_drawings(o, u, l);
    }
    uint32_t *owner = arena_array(&u->arena, l->block_count + 1, sizeof(*owner));
    if (!owner) {
        return 0;
    }
    claim_for_figures(o, l, owner);
    for (uint32_t i = 0; i < l->block_count; i++) {
        int error = 0;
        if (owner[i]) {
            continue;
        }
        if (l->blocks[i].kind == LPDF_BLOCK_IMAGE) {
            error = emit_figure(o, u, l, i, owner);
        } else if (l->blocks[i].kind == LPDF_BLOCK_TABLE) {
            error = lpdf_emit_table(o, u, l, l->blocks[i].table);
        } else if (lpdf_is_code(o, l, &l->blocks[i]) && l->blocks[i].chars > 3) {
            uint32_t n = 1;
            while (
                i + n < l->block_count && !owner[i + n] && lpdf_is_code(o, l, &l->blocks[i + n])) {
                n++;
            }
            error = lpdf_emit_code(o, u, l, &l->blocks[i], n);
            i += n - 1;
        } else if (is_side_label(u, l, i, owner)) {
            error = emit_labelled(o, u, l, i);
            i++;
        } else {
            error = lpdf_emit_text(o, u, l, &l->blocks[i]);
        }
        if (error) {
            return error;
        }
    }
    return 0;
}

// Headers and footers: one element an end, its rows by newline.
static int emit_edges(struct lpdf_out *o, struct lpdf_unit *u, bool bottom)
{
    struct lpdf_rect box = { 1e9f, 1e9f, -1e9f, -1e9f };
    const struct lpdf_sheet *s = &u->sides[0]->sheet;
    int32_t row = -1;

    buf_reset(&o->text);
    for (uint32_t i = 0; i < s->seg_count; i++) {
        const struct lpdf_seg *g = &s->segs[i];
        bool runs = false;
        for (uint32_t k = 0; k < u->edge_count && !runs; k++) {
            runs = u->edges[k].seg == i && u->edges[k].runs && u->edges[k].bottom == bottom;
        }
        if (runs) {
            if (row >= 0) {
                buf_add_char(&o->text, g->row == row ? ' ' : '\n');
            }
            row = g->row;
            lpdf_add_words(s, g->first, g->count, g->rtl, &o->text);
            box = lpdf_union(box, (struct lpdf_rect){ g->x0, g->y - lpdf_ascent(g->size), g->x1,
                                      g->y + lpdf_descent(g->size) });
        }
    }
    if (row < 0) {
        return 0;
    }
    struct element e = { .kind = bottom ? ELEMENT_FOOTER : ELEMENT_HEADER,
        .flags = ELEMENT_NOT_INDEXED,
        .text = buf_slice(&o->text) };
    return lpdf_emit(o, u, 0, box, &e);
}

static int emit_notes(struct lpdf_out *o, struct lpdf_unit *u)
{
    for (uint32_t i = 0; i < u->page.note_count; i++) {
        const struct lpdf_note *n = &u->page.notes[i];
        struct element e = { .kind =
                                 n->kind == LPDF_NOTE_COMMENT ? ELEMENT_COMMENT : ELEMENT_PARAGRAPH,
            .text = { u->page.text.data + n->text, n->len } };
        int error = lpdf_emit(o, u, 0, n->box, &e);
        if (error) {
            return error;
        }
    }
    return 0;
}

// Words that nobody sees are kept as they are, marked, and reported.
static int emit_hidden(struct lpdf_out *o, struct lpdf_unit *u)
{
    struct lpdf_page *p = &u->page;
    struct lpdf_rect box = { 1e9f, 1e9f, -1e9f, -1e9f };
    if (p->hidden_letters < HIDDEN_LETTERS) {
        return 0;
    }
    buf_reset(&o->text);
    for (uint32_t i = 0; i < p->word_count; i++) {
        if (p->words[i].flags & LPDF_HIDDEN) {
            if (o->text.len > 0 && !(p->words[i].flags & LPDF_GLUED)) {
                buf_add_char(&o->text, ' ');
            }
            buf_add_slice(&o->text, lpdf_word_text(p, &p->words[i]));
            box = lpdf_union(box, lpdf_word_box(p, &p->words[i]));
        }
    }
    struct place place = { .kind = PLACE_PAGE, .number = p->number };
    o->hidden_pages++;
    int error = reader_finding(
        o->r, "text.hidden", &place, "Page %d holds text that can't be seen on it.", p->number);
    if (error) {
        return error;
    }
    struct element e = { .kind = ELEMENT_PARAGRAPH,
        .flags = ELEMENT_HIDDEN | ELEMENT_NOT_INDEXED,
        .text = buf_slice(&o->text) };
    return lpdf_emit(o, u, 0, box, &e);
}

// Its words, if they can be read off it; else a figure that waits. *ret_read: they were.
static int emit_for_ocr(struct lpdf_out *o, struct lpdf_unit *u, bool *ret_read)
{
    struct element e = { .kind = ELEMENT_FIGURE, .flags = ELEMENT_NEEDS_OCR };
    int error = lpdf_ocr_page(&o->pictures, o->r, &u->page, ret_read);
    if (error || *ret_read) {
        o->recognised_pages += *ret_read;
        u->page.image_count = u->page.mark_count = 0; // what stood on its pictures is told
        return error;
    }
    return lpdf_emit(o, u, 0, (struct lpdf_rect){ 0, 0, u->page.width, u->page.height }, &e);
}

static int emit_sides(struct lpdf_out *o, struct lpdf_unit *u)
{
    struct lpdf_rect pictures[LPDF_PICTURES_MAX];
    uint32_t picture_count = find_pictures(&u->page, pictures);
    int main_dir = 0;

    for (int dir = 1; dir < LPDF_DIRECTIONS; dir++) { // a page of sideways text begins with that
        if (u->sides[dir] &&
            u->sides[dir]->sheet.word_count > u->sides[main_dir]->sheet.word_count) {
            main_dir = dir;
        }
    }
    u->main_dir = main_dir;
    for (int i = 0; i < LPDF_DIRECTIONS; i++) {
        int dir = i == 0 ? main_dir : i <= main_dir ? i - 1 : i;
        struct lpdf_layout *l = u->sides[dir];
        if (!l) {
            continue;
        }
        if (!lpdf_layout_end(l, pictures, dir == 0 ? picture_count : 0, &u->arena)) {
            u->page.full = true;
            continue;
        }
        o->list_depth = dir == 0 ? o->list_depth : 0;
        int error = emit_blocks(o, u, l);
        if (error) {
            return error;
        }
    }
    return 0;
}

int lpdf_emit_unit(struct lpdf_out *o, struct lpdf_unit *u, bool *ret_no_text)
{
    const struct lpdf_page *p = &u->page;
    bool rubbish = p->rubbish > 20 && p->rubbish * 2 > p->letters;
    bool drawn = p->image_count > 0 || p->shapes > 0 || p->rubbish > 0;
    bool scan = p->letters < STAMP_LETTERS && p->scanned_letters == 0 && picture_share(p) > 0.6f;
    int error = 0;

    *ret_no_text = drawn && !p->cut_short && (p->letters < FEW_LETTERS || rubbish || scan);
    if (*ret_no_text) {
        bool read = false;
        error = emit_for_ocr(o, u, &read);
        *ret_no_text = !read;
    }
    if (!error && u->laid_out && !rubbish) {
        error = emit_edges(o, u, false);
        error = error ? error : emit_sides(o, u);
        error = error ? error : emit_edges(o, u, true);
    }
    error = error ? error : emit_notes(o, u);
    return error ? error : emit_hidden(o, u);
}
