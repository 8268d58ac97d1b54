// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pdf_layout.h: segments to blocks. A block is what stands closely together in one style: a paragraph, a
// heading, a list item. It never mixes columns, since its segments are pieces that gutters have cut.
#include "reader/pdf_layout.h"

#include <math.h>

enum { BLOCKS_BACK = 48 }; // blocks that a segment may still join

static float top_of(const struct lpdf_seg *g)
{
    return g->y - lpdf_ascent(g->size);
}

static float bottom_of(const struct lpdf_seg *g)
{
    return g->y + lpdf_descent(g->size);
}

// The usual distance from line to line of running text; 0 if there is none.
static float usual_leading(const struct lpdf_sheet *s)
{
    uint32_t counts[80] = { 0 }; // in tenths of the body size, up to 8
    uint32_t best = 0;
    for (uint32_t r = 1; r < s->row_count; r++) {
        float step = (s->rows[r].y - s->rows[r - 1].y) / s->body * 10;
        if (fabsf(s->rows[r].size - s->body) < 0.1f * s->body && step >= 8 && step < 30) {
            counts[(int)step]++;
        }
    }
    for (uint32_t i = 1; i < ARRAY_LEN(counts); i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return counts[best] > 1 ? ((float)best + 1) / 10 * s->body : 0;
}

static bool overlaps(const struct lpdf_seg *a, const struct lpdf_seg *b)
{
    float common = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    return common > 0.3f * fminf(a->x1 - a->x0, b->x1 - b->x0) ||
           (common > 0 && fabsf(a->x0 - b->x0) < a->size);
}

static bool same_look(const struct lpdf_seg *a, const struct lpdf_seg *b)
{
    float big = fmaxf(a->size, b->size), small = fminf(a->size, b->size);
    bool same_slant = a->italic == b->italic || (b->italic && !a->ends);
    bool same_weight = a->bold == b->bold && same_slant;
    return small > 0.85f * big && a->mono == b->mono &&
           (same_weight || (b->small && small > 0.97f * big));
}

// A list item goes on at or behind its marker; once its lines hang behind the marker, only there.
static bool leaves_list_item(
    const struct lpdf_sheet *s, const struct lpdf_block *b, const struct lpdf_seg *g)
{
    const struct lpdf_seg *first = &s->segs[b->segs[0]];
    if (!first->marker || first->rtl) {
        return false;
    }
    bool hangs = b->seg_count > 1 && s->segs[b->segs[1]].x0 > first->x0 + 0.5f * first->size;
    return g->x0 < first->x0 + (hangs ? 0.5f : -0.4f) * first->size;
}

// Does the segment go on with the block, whose newest line is `last`?
static bool continues(const struct lpdf_sheet *s, const struct lpdf_block *b,
    const struct lpdf_seg *last, const struct lpdf_seg *g, float usual)
{
    float down = g->y - last->y, size = fmaxf(g->size, last->size);
    bool flows = g->small && !last->ends && last->chars > 25; // the middle of a sentence
    float most = flows            ? 2.1f * size
                 : b->leading > 0 ? fmaxf(1.18f * b->leading, b->leading + 1)
                                  : fmaxf(1.36f * size, 1.1f * usual * size);
    return !b->closed && down > 0.5f * size && down <= most && same_look(last, g) &&
           overlaps(last, g) && !leaves_list_item(s, b, g);
}

static bool add_seg(struct lpdf_block *b, const struct lpdf_sheet *s, uint32_t seg, struct arena *a)
{
    const struct lpdf_seg *g = &s->segs[seg];
    struct lpdf_rect box = { g->x0, top_of(g), g->x1, bottom_of(g) };
    if (b->seg_count == b->seg_cap) {
        uint32_t cap = b->seg_cap ? b->seg_cap * 2 : 4;
        uint32_t *bigger = arena_array(a, cap, sizeof(*bigger));
        if (!bigger) {
            return false;
        }
        if (b->seg_count) {
            memcpy(bigger, b->segs, b->seg_count * sizeof(*bigger));
        }
        b->segs = bigger;
        b->seg_cap = cap;
    }
    if (b->seg_count > 0) {
        b->leading = g->y - s->segs[b->segs[b->seg_count - 1]].y;
    }
    b->box = b->seg_count ? lpdf_union(b->box, box) : box;
    b->segs[b->seg_count++] = seg;
    b->chars += g->chars;
    return true;
}

// Segments of the row that stand beneath the block's newest line.
static uint32_t beneath(
    const struct lpdf_sheet *s, const struct lpdf_row *row, const struct lpdf_seg *last)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->segs; i++) {
        const struct lpdf_seg *g = &s->segs[row->seg + i];
        n += !g->gone && fminf(g->x1, last->x1) - fmaxf(g->x0, last->x0) > 0;
    }
    return n;
}

static bool build_blocks(struct lpdf_layout *l, struct arena *a)
{
    struct lpdf_sheet *s = &l->sheet;
    float usual = usual_leading(s) / s->body;

    for (uint32_t r = 0; r < s->row_count; r++) {
        const struct lpdf_row *row = &s->rows[r];
        uint32_t blocks_before = l->block_count;
        for (uint32_t i = 0; i < row->segs; i++) {
            uint32_t seg = row->seg + i, found = 0, joined = 0;
            struct lpdf_seg *g = &s->segs[seg];
            if (g->gone) {
                continue;
            }
            for (uint32_t k = blocks_before; k > 0 && k + BLOCKS_BACK > blocks_before && !g->marker;
                 k--) {
                const struct lpdf_block *b = &l->blocks[k - 1];
                const struct lpdf_seg *last = &s->segs[b->segs[b->seg_count - 1]];
                if (last->row < (int32_t)r && continues(s, b, last, g, usual)) {
                    joined = k - 1;
                    found += beneath(s, row, last) > 1 ? 2 : 1;
                }
            }
            if (found == 1) {
                g->block = (int32_t)joined;
            } else {
                g->block = (int32_t)l->block_count;
                l->blocks[l->block_count++] = (struct lpdf_block){ .kind = LPDF_BLOCK_TEXT };
            }
            if (!add_seg(&l->blocks[g->block], s, seg, a)) {
                return false;
            }
        }
    }
    return true;
}

static void add_tables(struct lpdf_layout *l)
{
    for (uint32_t i = 0; i < l->table_count; i++) {
        struct lpdf_block *b = &l->blocks[l->block_count++];
        *b = (struct lpdf_block){
            .kind = LPDF_BLOCK_TABLE, .box = l->tables[i].box, .table = &l->tables[i]
        };
    }
}

// A picture with words on it is a background: it does not take part in the search for columns.
static bool has_words(const struct lpdf_layout *l, const struct lpdf_rect *r)
{
    for (uint32_t i = 0; i < l->block_count; i++) {
        const struct lpdf_rect *b = &l->blocks[i].box;
        float x = (b->x0 + b->x1) / 2, y = (b->y0 + b->y1) / 2;
        if (l->blocks[i].kind != LPDF_BLOCK_IMAGE && x > r->x0 && x < r->x1 && y > r->y0 &&
            y < r->y1) {
            return true;
        }
    }
    return false;
}

static void insert_background(struct lpdf_layout *l, struct lpdf_block picture)
{
    uint32_t at = 0;
    while (at < l->block_count &&
           !(l->blocks[at].box.y1 > picture.box.y0 && l->blocks[at].box.x1 > picture.box.x0 &&
               l->blocks[at].box.x0 < picture.box.x1)) {
        at++;
    }
    memmove(l->blocks + at + 1, l->blocks + at, (l->block_count - at) * sizeof(*l->blocks));
    l->blocks[at] = picture;
    l->block_count++;
}

bool lpdf_layout_begin(struct lpdf_layout *l, struct lpdf_page *page, int dir, struct arena *a)
{
    l->table_count = l->block_count = 0;
    if (!lpdf_sheet_build(&l->sheet, page, dir, a)) {
        return false;
    }
    if (dir == 0 && page->rule_count + page->fill_count > 2) {
        lpdf_find_grids(l, a);
        if (l->table_count > 0) {
            return lpdf_sheet_build(&l->sheet, page, dir, a);
        }
    }
    return true;
}

bool lpdf_layout_end(struct lpdf_layout *l, const struct lpdf_rect *pictures,
    uint32_t picture_count, struct arena *a)
{
    struct lpdf_sheet *s = &l->sheet;
    l->blocks = arena_array(a,
        s->seg_count + LPDF_TABLES_MAX + LPDF_DRAWINGS_MAX + picture_count + 1, sizeof(*l->blocks));
    if (!l->blocks) {
        return false;
    }
    if (s->dir != 4) {
        lpdf_find_tables(l, a);
    }
    if (!build_blocks(l, a)) {
        return false;
    }
    add_tables(l);
    for (uint32_t i = 0; i < picture_count; i++) {
        if (!has_words(l, &pictures[i])) {
            l->blocks[l->block_count++] =
                (struct lpdf_block){ .kind = LPDF_BLOCK_IMAGE, .box = pictures[i] };
        }
    }
    uint32_t placed = l->block_count;
    lpdf_order_blocks(l->blocks, placed, s->body, a);
    for (uint32_t i = 0; i < picture_count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < l->block_count && !known; k++) {
            known = l->blocks[k].kind == LPDF_BLOCK_IMAGE &&
                    memcmp(&l->blocks[k].box, &pictures[i], sizeof(pictures[i])) == 0;
        }
        if (!known) {
            insert_background(
                l, (struct lpdf_block){ .kind = LPDF_BLOCK_IMAGE, .box = pictures[i] });
        }
    }
    return true;
}
