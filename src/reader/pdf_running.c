// SPDX-License-Identifier: AGPL-3.0-or-later
// Running headers, footers and page numbers: what stands at the same height on pages nearby with the same words, numbers
// apart. Page numbers alone count even without neighbours when they stand at the very edge.
#include "reader/pdf_unit.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#define EDGE 0.13f // of the height: how far from the top or bottom
#define SAME_HEIGHT 0.008f

struct lpdf_unit *lpdf_unit_new(void)
{
    struct lpdf_unit *u = xalloc(sizeof(*u));
    arena_init(&u->arena, LPDF_SHEET_MEMORY);
    return u;
}

void lpdf_unit_free(struct lpdf_unit *u)
{
    if (u) {
        lpdf_page_done(&u->page);
        arena_done(&u->arena);
        free(u);
    }
}

static bool is_roman_number(struct slice t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (!strchr("ivxlc", tolower((unsigned char)t.data[i]))) {
            return false;
        }
    }
    return t.len > 0 && t.len <= 7;
}

// "12", "- 12 -", "Page 12 of 40", "xii", "3-14"
static bool is_page_number(struct slice t)
{
    size_t digits = 0, letters = 0, others = 0;
    char word[16];
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        digits += isdigit(c) != 0;
        others += c >= 0x80; // dashes and the like
        if (isalpha(c)) {
            if (letters < sizeof(word)) {
                word[letters] = (char)tolower(c);
            }
            letters++;
        }
    }
    if (digits == 0) {
        return is_roman_number(t);
    }
    struct slice w = { word, letters < sizeof(word) ? letters : 0 };
    return digits <= 8 && t.len <= 24 && others <= 12 &&
           (letters == 0 || slice_is(w, "page") || slice_is(w, "pageof") || slice_is(w, "of") ||
               slice_is(w, "p") || slice_is(w, "pg"));
}

static uint64_t edge_hash(struct slice t)
{
    char kept[256];
    size_t n = 0;
    bool digit = false;
    for (size_t i = 0; i < t.len && n < sizeof(kept); i++) {
        unsigned char c = (unsigned char)t.data[i];
        if (isdigit(c)) {
            if (!digit) {
                kept[n++] = '#';
            }
            digit = true;
        } else if (c > ' ') {
            kept[n++] = (char)tolower(c);
            digit = false;
        }
    }
    return hash_bytes(kept, n, 7);
}

static void add_edge(struct lpdf_unit *u, const struct lpdf_sheet *s, uint32_t seg, bool bottom)
{
    const struct lpdf_seg *g = &s->segs[seg];
    AUTO_BUF text = BUF_INIT(LPDF_PAGE_TEXT);
    if (u->edge_count >= ARRAY_LEN(u->edges)) {
        return;
    }
    lpdf_add_words(s, g->first, g->count, g->rtl, &text);
    u->edges[u->edge_count++] = (struct lpdf_edge){ .seg = seg,
        .hash = edge_hash(buf_slice(&text)),
        .x = g->x0,
        .y = g->y / u->page.height,
        .bottom = bottom,
        .page_number = is_page_number(buf_slice(&text)) };
}

static void find_edges(struct lpdf_unit *u, const struct lpdf_sheet *s)
{
    uint32_t top = 0, bottom = 0;
    for (uint32_t i = 0;
         i < s->seg_count && s->segs[i].y < EDGE * u->page.height && top < LPDF_EDGE_SEGS;
         i++, top++) {
        add_edge(u, s, i, false);
    }
    for (uint32_t i = s->seg_count;
         i > 0 && s->segs[i - 1].y > (1 - EDGE) * u->page.height && bottom < LPDF_EDGE_SEGS;
         i--, bottom++) {
        add_edge(u, s, i - 1, true);
    }
}

void lpdf_unit_prepare(struct lpdf_unit *u)
{
    u->laid_out = true;
    for (int dir = 0; dir < LPDF_DIRECTIONS && u->laid_out; dir++) {
        bool some = dir == 0;
        for (uint32_t i = 0; i < u->page.word_count && !some; i++) {
            some = u->page.words[i].dir == dir && !(u->page.words[i].flags & LPDF_HIDDEN);
        }
        if (some) {
            u->sides[dir] = arena_alloc(&u->arena, sizeof(*u->sides[dir]));
            u->laid_out =
                u->sides[dir] && lpdf_layout_begin(u->sides[dir], &u->page, dir, &u->arena);
        }
    }
    if (u->laid_out) {
        find_edges(u, &u->sides[0]->sheet);
    }
}

static bool has_twin(const struct lpdf_unit *u, const struct lpdf_edge *e)
{
    for (uint32_t i = 0; i < u->edge_count; i++) {
        const struct lpdf_edge *o = &u->edges[i];
        if (o->bottom == e->bottom && o->hash == e->hash && fabsf(o->y - e->y) < SAME_HEIGHT) {
            return true;
        }
    }
    return false;
}

// The rest of a row of which a part runs: "Chapter 3 ............ Fryer manual".
static void complete_rows(struct lpdf_unit *u, const struct lpdf_sheet *s)
{
    for (uint32_t i = 0; i < u->edge_count; i++) {
        for (uint32_t k = 0; k < u->edge_count && u->edges[i].runs; k++) {
            struct lpdf_edge *o = &u->edges[k];
            const struct lpdf_seg *g = &s->segs[o->seg];
            if (!o->runs && g->row == s->segs[u->edges[i].seg].row && g->chars < 60) {
                o->runs = true;
            }
        }
    }
}

// A header ends where the text begins: what runs must not stand below (at the bottom: above) a row that does not.
static void keep_outermost(struct lpdf_unit *u, const struct lpdf_sheet *s)
{
    int32_t first = INT32_MAX, last = -1;
    for (uint32_t i = 0; i < s->seg_count; i++) {
        bool runs = false;
        for (uint32_t k = 0; k < u->edge_count && !runs; k++) {
            runs = u->edges[k].seg == i && u->edges[k].runs;
        }
        if (!runs) {
            first = s->segs[i].row < first ? s->segs[i].row : first;
            last = s->segs[i].row > last ? s->segs[i].row : last;
        }
    }
    for (uint32_t k = 0; k < u->edge_count; k++) {
        struct lpdf_edge *e = &u->edges[k];
        int32_t row = s->segs[e->seg].row;
        e->runs = e->runs && (e->bottom ? row > last : row < first);
    }
}

// A page number by itself at the very edge, or alone on its row and far from the text.
static bool stands_apart(const struct lpdf_sheet *s, const struct lpdf_edge *e)
{
    const struct lpdf_seg *g = &s->segs[e->seg];
    const struct lpdf_row *row = &s->rows[g->row];
    if (row->segs == 1 && (e->bottom ? e->y > 0.93f : e->y < 0.06f)) {
        return true;
    }
    if (row->segs != 1 || (e->bottom ? g->row + 1 != (int32_t)s->row_count : g->row != 0)) {
        return false;
    }
    const struct lpdf_row *next = e->bottom ? row - 1 : row + 1;
    return s->row_count > 1 && fabsf(next->y - row->y) > 2.2f * row->size;
}

void lpdf_find_running(struct lpdf_unit *u, struct lpdf_unit *const *near, uint32_t near_count)
{
    if (!u->laid_out) {
        return;
    }
    struct lpdf_sheet *s = &u->sides[0]->sheet;
    uint32_t need = near_count >= 4 ? 2 : 1;
    for (uint32_t i = 0; i < u->edge_count; i++) {
        struct lpdf_edge *e = &u->edges[i];
        uint32_t twins = 0;
        for (uint32_t k = 0; k < near_count && twins < need; k++) {
            twins += near[k]->laid_out && has_twin(near[k], e);
        }
        e->runs = (near_count > 0 && twins >= need) || (e->page_number && stands_apart(s, e));
    }
    complete_rows(u, s);
    keep_outermost(u, s);
    for (uint32_t i = 0; i < u->edge_count; i++) {
        s->segs[u->edges[i].seg].gone = s->segs[u->edges[i].seg].gone || u->edges[i].runs;
    }
}
