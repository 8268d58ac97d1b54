// SPDX-License-Identifier: AGPL-3.0-or-later
// Words out of glyphs. A word ends at a space, at a gap, at a change of style or of line; a gap too narrow for a space
// leaves the next word glued to it. Right-to-left words are put into logical order here: their letters are sorted by
// place, and turned round, with numbers and brackets kept as they are read.
//
// Ligatures (U+FB00 to U+FB06) become letters, since search must find "office". Soft hyphens at the end of a line stay:
// pdf_text.c joins lines there.
#include "reader/pdf_page.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

#define RTL_SPACE 0.33f // in font sizes: joined letters are set with gaps of their own

bool lpdf_is_rtl(uint32_t c)
{
    return (c >= 0x0590 && c <= 0x08ff && !(c >= 0x0660 && c <= 0x0669) &&
               !(c >= 0x06f0 && c <= 0x06f9)) ||
           (c >= 0xfb1d && c <= 0xfdff) || (c >= 0xfe70 && c <= 0xfefc) ||
           (c >= 0x10800 && c <= 0x10fff) || (c >= 0x1e800 && c <= 0x1efff);
}

bool lpdf_is_cjk(uint32_t c)
{
    return (c >= 0x2e80 && c <= 0x9fff && c != 0x3000) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0xff00 && c <= 0xffef) || (c >= 0x20000 && c <= 0x3ffff) ||
           (c >= 0x0e00 && c <= 0x0eff); // Thai and Lao write without spaces too
}

bool lpdf_is_space(uint32_t c)
{
    return c <= 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200b) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff || c == 0x7f;
}

bool lpdf_is_letter(uint32_t c)
{
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    return c >= 0xaa && c != 0xd7 && c != 0xf7 && !(c >= 0xab && c <= 0xb4) &&
           !(c >= 0xb6 && c <= 0xb9) && !(c >= 0xbb && c <= 0xbf) &&
           !(c >= 0x2000 && c <= 0x2e7f) && !(c >= 0x3000 && c <= 0x3004) &&
           !(c >= 0x3008 && c <= 0x3020) && !(c >= 0xe000 && c <= 0xf8ff) && c < 0xfff0;
}

void lpdf_pen_init(struct lpdf_pen *pen, struct lpdf_page *page)
{
    pen->page = page;
    pen->count = 0;
    pen->glue = pen->spaced = false;
}

static int direction_of(float dx, float dy, bool vertical)
{
    if (vertical) {
        return 1;
    }
    if (fabsf(dy) < 0.05f) {
        return dx > 0 ? 0 : 2;
    }
    if (fabsf(dx) < 0.05f) {
        return dy > 0 ? 1 : 3;
    }
    return 4;
}

static void to_frame(
    const struct lpdf_page *p, int dir, float x, float y, float *ret_x, float *ret_y)
{
    *ret_x = dir == 0 || dir == 4 ? x : dir == 1 ? y : dir == 2 ? p->width - x : p->height - y;
    *ret_y = dir == 0 || dir == 4 ? y : dir == 1 ? p->width - x : dir == 2 ? p->height - y : x;
}

// Right-to-left.

static int by_place(const void *a, const void *b)
{
    float d = ((const struct lpdf_letter *)a)->x - ((const struct lpdf_letter *)b)->x;
    return d < 0 ? -1 : d > 0 ? 1 : 0;
}

static uint32_t mirrored(uint32_t c)
{
    static const uint32_t pairs[][2] = { { '(', ')' }, { '[', ']' }, { '{', '}' }, { '<', '>' },
        { 0xab, 0xbb } };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (c == pairs[i][0] || c == pairs[i][1]) {
            return c == pairs[i][0] ? pairs[i][1] : pairs[i][0];
        }
    }
    return c;
}

static bool is_rtl_mark(uint32_t c) // a vowel sign over or under the letter before it
{
    return (c >= 0x0591 && c <= 0x05c7 && c != 0x05be && c != 0x05c0) ||
           (c >= 0x0610 && c <= 0x061a) || (c >= 0x064b && c <= 0x065f) || c == 0x0670 ||
           (c >= 0x06d6 && c <= 0x06ed);
}

static bool runs_left_to_right(const struct lpdf_letter *l)
{
    uint32_t c = l->ucs;
    return !lpdf_is_rtl(c) && lpdf_is_letter(c);
}

static void turn(struct lpdf_letter *l, int n)
{
    for (int i = 0, j = n - 1; i < j; i++, j--) {
        struct lpdf_letter keep = l[i];
        l[i] = l[j];
        l[j] = keep;
    }
}

// Letters as they stand on paper, left to right, become letters as they are read. A glyph that stands for several letters
// holds them in the order of reading already, so those keep theirs.
static void make_logical(struct lpdf_letter *l, int n)
{
    for (int i = 1; i < n; i++) {
        l[i].more = l[i].more || is_rtl_mark(l[i].ucs);
    }
    for (
        int i = 0;
        i <
        n;) { // marks (`more`) share the place of their letter, so that sorting keeps them together
        int j = i + 1;
        while (j < n && l[j].more) {
            l[j].x = l[i].x;
            j++;
        }
        turn(l + i, j - i); // turned twice: stays
        i = j;
    }
    turn(l, n);
    for (int i = 0; i < n;) {
        if (!runs_left_to_right(&l[i])) {
            l[i].ucs = mirrored(l[i].ucs);
            i++;
            continue;
        }
        int j = i + 1, end = i + 1;
        for (; j < n && !lpdf_is_rtl(l[j].ucs);
             j++) { // 12.5 and A-B stay whole, a final stop does not belong
            if (runs_left_to_right(&l[j])) {
                end = j + 1;
            }
        }
        turn(l + i, end - i);
        i = end;
    }
}

static void insertion_sort(struct lpdf_letter *l, int n) // stable, and nearly sorted already
{
    for (int i = 1; i < n; i++) {
        struct lpdf_letter keep = l[i];
        int j = i;
        for (; j > 0 && by_place(&l[j - 1], &keep) > 0; j--) {
            l[j] = l[j - 1];
        }
        l[j] = keep;
    }
}

static void add_letter(struct buf *b, uint32_t c)
{
    static const char *const ligatures[] = { "ff", "fi", "fl", "ffi", "ffl", "st", "st" };
    if (c >= 0xfb00 && c <= 0xfb06) {
        buf_add_str(b, ligatures[c - 0xfb00]);
    } else if (c < 0x80) {
        buf_add_char(b, (char)c);
    } else {
        utf8_add(b, c);
    }
}

static void set_place(struct lpdf_word *w, const struct lpdf_pen *pen)
{
    float len = pen->x1 > pen->x0 ? pen->x1 - pen->x0 : 0;
    if (pen->dir != 4) {
        w->x0 = pen->x0;
        w->x1 = pen->x0 + len;
        w->y = pen->y;
        return;
    }
    float end_x = pen->first.x + len * pen->first.dx, end_y = pen->first.y + len * pen->first.dy;
    w->x0 = pen->first.x < end_x ? pen->first.x : end_x;
    w->x1 = pen->first.x < end_x ? end_x : pen->first.x;
    w->y = (pen->first.y + end_y) / 2;
}

void lpdf_pen_lift(struct lpdf_pen *pen)
{
    struct lpdf_page *p = pen->page;
    int n = pen->count;

    pen->count = 0;
    if (n == 0) {
        return;
    }
    bool rtl = pen->rtl > 0 && pen->rtl >= pen->ltr;
    if (rtl) {
        insertion_sort(pen->letters, n);
        make_logical(pen->letters, n);
    }
    size_t at = p->text.len;
    for (int i = 0; i < n; i++) {
        add_letter(&p->text, pen->letters[i].ucs);
    }
    if (!buf_ok(&p->text)) {
        p->full = true;
        return;
    }
    struct lpdf_word *w = lpdf_add_word(p);
    if (!w) {
        return;
    }
    w->text = (uint32_t)at;
    w->len = (uint32_t)(p->text.len - at);
    set_place(w, pen);
    w->size = pen->first.size;
    w->style = pen->first.style;
    w->dir = (uint8_t)pen->dir;
    w->flags =
        (uint16_t)(pen->first.flags | (rtl ? LPDF_RTL : 0) | (pen->cjk * 2 > n ? LPDF_CJK : 0) |
                   (pen->glue ? LPDF_GLUED : 0) | (pen->after_space ? LPDF_AFTER_SPACE : 0));
    pen->glue = false;
}

enum join { JOIN_SAME, JOIN_GLUED, JOIN_SPACE };

// How a glyph at (x, y) of the frame follows the word so far.
static enum join judge(const struct lpdf_pen *pen, const struct lpdf_glyph *g, float x, float y)
{
    float size = pen->first.size > g->size ? pen->first.size : g->size;
    float small = pen->first.size < g->size ? pen->first.size : g->size;
    float down = fabsf(y - pen->y), gap = x - pen->x1;
    bool same_style = g->style == pen->first.style && g->flags == pen->first.flags;

    if (down > 0.75f * size) {
        return JOIN_SPACE;
    }
    if (pen->rtl > 0 || lpdf_is_rtl(g->ucs)) { // drawn from right to left, letter by letter
        float left_gap = pen->last_x0 - (x + g->advance);
        if (fabsf(left_gap) < g->space * size && down < 0.2f * small) {
            return same_style ? JOIN_SAME : JOIN_GLUED;
        }
    }
    float space = pen->rtl > 0 && g->space < RTL_SPACE ? RTL_SPACE : g->space;
    if (gap > space * size || gap < -0.45f * size) {
        return JOIN_SPACE;
    }
    return same_style && down < 0.15f * small ? JOIN_SAME : JOIN_GLUED;
}

static void begin_word(struct lpdf_pen *pen, const struct lpdf_glyph *g, int dir, float x, float y)
{
    pen->first = *g;
    pen->dir = dir;
    pen->x0 = pen->x1 = x;
    pen->y = y;
    pen->rtl = pen->ltr = pen->cjk = 0;
    pen->after_space = pen->spaced;
    pen->spaced = false;
}

void lpdf_pen_glyph(struct lpdf_pen *pen, const struct lpdf_glyph *g)
{
    int dir = direction_of(g->dx, g->dy, g->vertical);
    float x, y, advance = g->advance;
    uint32_t c = g->ucs;

    if (lpdf_is_space(c)) {
        if (!g->more) {
            lpdf_pen_lift(pen);
            pen->glue = false;
            pen->spaced = true;
        }
        return;
    }
    to_frame(pen->page, dir, g->x, g->y, &x, &y);
    if (dir == 4) { // along its own line, starting from the first glyph's place
        x = g->x * g->dx + g->y * g->dy;
        y = g->y * g->dx - g->x * g->dy;
    }
    if (pen->count > 0 && !g->more) {
        enum join join = dir != pen->dir ? JOIN_SPACE : judge(pen, g, x, y);
        if (join != JOIN_SAME || pen->count >= LPDF_WORD_CHARS) {
            lpdf_pen_lift(pen);
            pen->glue = join != JOIN_SPACE;
        }
    }
    if (pen->count >= LPDF_WORD_CHARS + 7) {
        return;
    }
    if (pen->count == 0) {
        begin_word(pen, g, dir, x, y);
    }
    struct lpdf_letter *l = &pen->letters[pen->count++];
    l->ucs = c;
    l->more = g->more && pen->count > 1;
    l->x = l->more ? l[-1].x : x;
    if (!g->more) {
        pen->last_x0 = x;
        if (x < pen->x0) {
            pen->x0 = x;
        }
        if (x + advance > pen->x1) {
            pen->x1 = x + advance;
        }
    }
    pen->rtl += lpdf_is_rtl(c);
    pen->cjk += lpdf_is_cjk(c);
    pen->ltr += !lpdf_is_rtl(c) && lpdf_is_letter(c);
}
