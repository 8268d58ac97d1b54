// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pdf_rows.h. One thread; all memory is the page's arena.
#include "reader/pdf_rows.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

enum {
    ROWS_BACK = 6, // rows that a word may still join
    GUTTERS_OPEN = 96, // candidates at one time
    LEADER_DOTS = 4, // so many single dots are a leader
    SPACED_LETTERS = 5, // so many single letters with even gaps are one word
};
#define WIDE_GAP 2.0f // in font sizes: always cuts a row
#define MONO_GAP 0.8f // the same for typewritten text: more than one space
#define NARROW_GAP 0.45f // the least width of a gutter

// Rows.

struct sort_key {
    float y, x;
    uint32_t word;
};

static int by_y_then_x(const void *a, const void *b)
{
    const struct sort_key *ka = a, *kb = b;
    if (ka->y != kb->y) {
        return ka->y < kb->y ? -1 : 1;
    }
    if (ka->x != kb->x) {
        return ka->x < kb->x ? -1 : 1;
    }
    return ka->word < kb->word ? -1 : ka->word > kb->word;
}

static int by_row_then_x(const void *a, const void *b) // y holds the row's number here
{
    return by_y_then_x(a, b);
}

static bool fits_row(const struct lpdf_word *w, const struct lpdf_row *row)
{
    float small = w->size < row->size ? w->size : row->size;
    return fabsf(w->y - row->y) <= 0.3f * small;
}

// Small letters above or below the line: footnote marks, exponents, indices. They are looked for once all rows are known:
// a small word beside a word of a row nearby is taken into that row.
static bool belongs_to(const struct lpdf_page *p, const struct sort_key *keys,
    const struct lpdf_word *w, const struct lpdf_row *big)
{
    float down = w->y - big->y;
    if (w->size > 0.8f * big->size || big->size > 2.5f * w->size || down < -0.7f * big->size ||
        down > 0.4f * big->size || big->count > 400) {
        return false;
    }
    for (uint32_t j = 0; j < big->count; j++) {
        const struct lpdf_word *v = &p->words[keys[big->first + j].word];
        if (v->size > w->size * 1.2f &&
            ((w->x0 > v->x1 - 0.3f * w->size && w->x0 < v->x1 + 0.4f * v->size) ||
                (w->x1 < v->x0 + 0.3f * w->size && w->x1 > v->x0 - 0.4f * v->size))) {
            return true;
        }
    }
    return false;
}

// row_of: for each key, the row that its word ends up in.
static void absorb_small_words(const struct lpdf_page *p, const struct sort_key *keys,
    const struct lpdf_row *rows, uint32_t count, uint32_t *row_of)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = rows[i].first; k < rows[i].first + rows[i].count; k++) {
            const struct lpdf_word *w = &p->words[keys[k].word];
            row_of[k] = i;
            if (i + 1 < count && belongs_to(p, keys, w, &rows[i + 1])) {
                row_of[k] = i + 1;
            } else if (i > 0 && belongs_to(p, keys, w, &rows[i - 1])) {
                row_of[k] = i - 1;
            }
        }
    }
}

static void set_row_bounds(const struct lpdf_sheet *s, struct lpdf_row *row)
{
    float chars_best = 0;
    row->x0 = 1e9f;
    row->x1 = -1e9f;
    for (uint32_t i = 0; i < row->count; i++) {
        const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
        row->x0 = fminf(row->x0, w->x0);
        row->x1 = fmaxf(row->x1, w->x1);
        if ((float)w->len * w->size > chars_best) {
            chars_best = (float)w->len * w->size;
            row->size = w->size;
            row->y = w->y;
        }
    }
}

static bool build_rows(struct lpdf_sheet *s, struct arena *a)
{
    struct lpdf_page *p = s->page;
    struct sort_key *keys = arena_array(a, p->word_count + 1, sizeof(*keys));
    struct lpdf_row *rows = arena_array(a, p->word_count + 1, sizeof(*rows));
    uint32_t *row_of = arena_array(a, p->word_count + 1, sizeof(*row_of));
    uint32_t n = 0, count = 0;

    s->order = arena_array(a, p->word_count + 1, sizeof(*s->order));
    if (!keys || !rows || !row_of || !s->order) {
        return false;
    }
    for (uint32_t i = 0; i < p->word_count; i++) {
        const struct lpdf_word *w = &p->words[i];
        if (w->dir == s->dir && !(w->flags & (LPDF_HIDDEN | LPDF_DEAD)) && isfinite(w->x0 + w->y)) {
            keys[n++] = (struct sort_key){ w->y, w->x0, i };
        }
    }
    qsort(keys, n, sizeof(*keys), by_y_then_x);
    // keys of one row need not be neighbours after this; the row's number becomes the first sort key
    uint32_t *member = arena_array(a, n + 1, sizeof(*member));
    if (!member) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct lpdf_word *w = &p->words[keys[i].word];
        uint32_t row = count;
        for (uint32_t back = 1; back <= ROWS_BACK && back <= count; back++) {
            if (fits_row(w, &rows[count - back])) {
                row = count - back;
                break;
            }
        }
        if (row == count) {
            rows[count++] = (struct lpdf_row){ .y = w->y, .size = w->size };
        } else if (w->size > rows[row].size) {
            rows[row].size = w->size;
        }
        rows[row].count++;
        member[i] = row;
    }
    for (uint32_t i = 0; i < n; i++) {
        keys[i].y = (float)member[i];
    }
    qsort(keys, n, sizeof(*keys), by_row_then_x);
    for (uint32_t i = 0, at = 0; i < count; i++) {
        rows[i].first = at;
        at += rows[i].count;
    }
    absorb_small_words(p, keys, rows, count, row_of);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        keys[i].y = (float)row_of[i];
    }
    qsort(keys, n, sizeof(*keys), by_row_then_x);
    s->rows = rows;
    for (uint32_t i = 0; i < n;) {
        uint32_t j = i;
        struct lpdf_row *row = &rows[s->row_count++];
        for (; j < n && keys[j].y == keys[i].y; j++) {
            s->order[at++] = keys[j].word;
        }
        *row = (struct lpdf_row){ .first = i, .count = j - i };
        set_row_bounds(s, row);
        i = j;
    }
    s->word_count = n;
    return true;
}

// The same words drawn twice at nearly the same place look bold; once is enough.
static void drop_doubles(struct lpdf_sheet *s)
{
    uint32_t kept = 0;
    for (uint32_t r = 0; r < s->row_count; r++) {
        struct lpdf_row *row = &s->rows[r];
        uint32_t first = kept;
        for (uint32_t i = 0; i < row->count; i++) {
            struct lpdf_word *w = &s->page->words[s->order[row->first + i]];
            bool again = false;
            for (uint32_t j = kept; j > first && j + 4 > kept && !again; j--) {
                const struct lpdf_word *v = &s->page->words[s->order[j - 1]];
                again = fabsf(v->x0 - w->x0) < 0.2f * w->size &&
                        fabsf(v->y - w->y) < 0.2f * w->size &&
                        slice_equal(lpdf_word_text(s->page, v), lpdf_word_text(s->page, w));
            }
            if (again) {
                w->flags |= LPDF_DEAD;
            } else {
                s->order[kept++] = s->order[row->first + i];
            }
        }
        row->first = first;
        row->count = kept - first;
    }
    s->word_count = kept;
}

static bool is_dot(const struct lpdf_page *p, const struct lpdf_word *w)
{
    struct slice t = lpdf_word_text(p, w);
    return slice_is(t, ".") || slice_is(t, "\302\267") || slice_is(t, "_") || slice_is(t, "-") ||
           slice_is(t, "\342\200\246");
}

// ". . . . ." between an entry and its page number: one word, so that its gaps are no gutters.
static void join_leaders(struct lpdf_sheet *s)
{
    uint32_t kept = 0;
    for (uint32_t r = 0; r < s->row_count; r++) {
        struct lpdf_row *row = &s->rows[r];
        uint32_t first = kept;
        for (uint32_t i = 0; i < row->count;) {
            uint32_t j = i;
            while (j < row->count && is_dot(s->page, lpdf_sheet_word(s, row->first + j))) {
                j++;
            }
            uint32_t word = s->order[row->first + i];
            if (j - i >= LEADER_DOTS) {
                s->page->words[word].x1 = lpdf_sheet_word(s, row->first + j - 1)->x1;
                s->page->words[word].flags |= LPDF_LEADER;
                i = j;
            } else {
                i++;
            }
            s->order[kept++] = word;
        }
        row->first = first;
        row->count = kept - first;
    }
    s->word_count = kept;
}

// "C H A P T E R": single letters with even gaps become one word.
static void close_spaced_letters(struct lpdf_sheet *s, const struct lpdf_row *row)
{
    for (uint32_t i = 0; i < row->count;) {
        uint32_t j = i;
        float least = 1e9f;
        for (; j < row->count; j++) {
            const struct lpdf_word *w = lpdf_sheet_word(s, row->first + j);
            size_t n;
            if (!lpdf_is_letter(utf8_decode(s->page->text.data + w->text, w->len, &n)) ||
                n != w->len || w->flags & LPDF_CJK) {
                break;
            }
            if (j > i) {
                float gap = w->x0 - lpdf_sheet_word(s, row->first + j - 1)->x1;
                if (gap > 1.1f * w->size) {
                    break;
                }
                least = fminf(least, gap);
            }
        }
        for (uint32_t k = i + 1; k < j && j - i >= SPACED_LETTERS; k++) {
            struct lpdf_word *w = &s->page->words[s->order[row->first + k]];
            if (w->x0 - lpdf_sheet_word(s, row->first + k - 1)->x1 <
                fmaxf(1.5f * least, 0.1f * w->size)) {
                w->flags |= LPDF_SPACED;
            }
        }
        i = j > i ? j : i + 1;
    }
}

// Gutters.

static bool keeps_marker(const struct lpdf_sheet *s, const struct lpdf_row *row, uint32_t i)
{
    const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
    const struct lpdf_word *next = lpdf_sheet_word(s, row->first + i + 1);
    struct slice text = lpdf_word_text(s->page, w);
    bool bullet;

    if (i > 0 && w->x0 - lpdf_sheet_word(s, row->first + i - 1)->x1 < WIDE_GAP * w->size) {
        return false;
    }
    return lpdf_marker(text, &bullet) == text.len && next->x0 - w->x1 < 5 * row->size &&
           !lpdf_text_is_numeric(lpdf_word_text(s->page, next));
}

static void close_gutter(struct lpdf_sheet *s, struct lpdf_gutter *g, float size)
{
    float width = (g->x1 - g->x0) / size;
    int need = width >= 2 ? 2 : width >= 0.8f ? 3 : 5;
    if (g->support >= need && s->gutter_count < LPDF_GUTTERS_MAX) {
        s->gutters[s->gutter_count++] = *g;
    }
}

// The gap of the row that holds (x0, x1) best: the margins count too. *ret_inner: between two words.
static bool gap_of(const struct lpdf_sheet *s, const struct lpdf_row *row, struct lpdf_gutter *g,
    float least, bool *ret_inner)
{
    float before = -1e9f;
    for (uint32_t i = 0; i <= row->count; i++) {
        float after = i < row->count ? lpdf_sheet_word(s, row->first + i)->x0 : 1e9f;
        float x0 = fmaxf(before, g->x0), x1 = fminf(after, g->x1);
        bool inner = i > 0 && i < row->count;
        if (x1 - x0 >= least && !(inner && keeps_marker(s, row, i - 1))) {
            g->x0 = x0;
            g->x1 = x1;
            *ret_inner = inner;
            return true;
        }
        if (after >= g->x1) {
            return false;
        }
        if (i < row->count) {
            before = fmaxf(before, lpdf_sheet_word(s, row->first + i)->x1);
        }
    }
    return false;
}

static bool is_mono(const struct lpdf_sheet *s, const struct lpdf_row *row)
{
    uint32_t mono = 0, all = 0;
    for (uint32_t i = 0; i < row->count; i++) {
        const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
        all += w->len;
        mono += s->page->styles[w->style].mono ? w->len : 0;
    }
    return mono * 2 > all;
}

static void find_gutters(struct lpdf_sheet *s)
{
    struct lpdf_gutter open[GUTTERS_OPEN];
    uint32_t n = 0;

    for (uint32_t r = 0; r < s->row_count; r++) {
        const struct lpdf_row *row = &s->rows[r];
        float size = fminf(row->size, 1.5f * s->body), least = NARROW_GAP * size;
        if (is_mono(s, row)) { // every space stands beneath another one
            least = MONO_GAP * size;
        }
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n; i++) {
            struct lpdf_gutter g = open[i];
            bool inner = false;
            if (gap_of(s, row, &g, least, &inner)) {
                g.support += inner;
                g.row1 = inner ? (int32_t)r : g.row1;
                open[kept++] = g;
            } else {
                close_gutter(s, &open[i], s->body);
            }
        }
        n = kept;
        float before = row->count ? lpdf_sheet_word(s, row->first)->x1 : 0;
        for (uint32_t i = 1; i < row->count; i++) {
            const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
            bool known = w->x0 - before < fmaxf(1.2f * least, 1.5f) || keeps_marker(s, row, i - 1);
            for (uint32_t k = 0; k < kept && !known; k++) {
                known = open[k].x0 >= before - 0.1f && open[k].x1 <= w->x0 + 0.1f;
            }
            if (!known && n < GUTTERS_OPEN) {
                open[n++] = (struct lpdf_gutter){ before, w->x0, (int32_t)r, (int32_t)r, 1, false };
            }
            before = fmaxf(before, w->x1);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        close_gutter(s, &open[i], s->body);
    }
}

// A gutter may begin above its first row with words on both sides: as long as no row crosses it.
static void stretch_gutters(struct lpdf_sheet *s)
{
    for (uint32_t i = 0; i < s->gutter_count; i++) {
        struct lpdf_gutter *g = &s->gutters[i];
        bool inner;
        for (int32_t r = g->row0 - 1; r >= 0; r--) {
            struct lpdf_gutter probe = *g;
            if (!gap_of(s, &s->rows[r], &probe, (g->x1 - g->x0) * 0.6f, &inner)) {
                break;
            }
            g->row0 = r;
        }
        for (int32_t r = g->row1 + 1; r < (int32_t)s->row_count; r++) {
            struct lpdf_gutter probe = *g;
            if (!gap_of(s, &s->rows[r], &probe, (g->x1 - g->x0) * 0.6f, &inner)) {
                break;
            }
            g->row1 = r;
        }
    }
}

// Segments.

static bool cuts_here(const struct lpdf_sheet *s, uint32_t r, float x0, float x1)
{
    for (uint32_t i = 0; i < s->gutter_count; i++) {
        const struct lpdf_gutter *g = &s->gutters[i];
        if ((int32_t)r >= g->row0 && (int32_t)r <= g->row1 && g->x0 >= x0 - 0.1f &&
            g->x1 <= x1 + 0.1f) {
            return true;
        }
    }
    return false;
}

// A word in the style that most letters of the segment have.
static const struct lpdf_word *usual_word(const struct lpdf_sheet *s, const struct lpdf_seg *g)
{
    struct {
        const struct lpdf_word *word;
        uint32_t chars;
    } looks[8] = { { NULL, 0 } };
    size_t n = 0, best = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        const struct lpdf_word *w = lpdf_sheet_word(s, g->first + i);
        size_t k = 0;
        while (k < n && fabsf(looks[k].word->size - w->size) > 0.3f) {
            k++;
        }
        if (k == n && n < ARRAY_LEN(looks)) {
            looks[n++].word = w;
        }
        if (k < n) {
            looks[k].chars += w->len;
            best = looks[k].chars > looks[best].chars ? k : best;
        }
    }
    return looks[best].word;
}

static void describe_segment(const struct lpdf_sheet *s, struct lpdf_seg *g)
{
    uint32_t bold = 0, italic = 0, mono = 0, rtl = 0, lower = 0, upper = 0, total = 0;
    bool numeric = true, bullet;

    g->x0 = 1e9f;
    g->x1 = -1e9f;
    for (uint32_t i = 0; i < g->count; i++) {
        const struct lpdf_word *w = lpdf_sheet_word(s, g->first + i);
        const struct lpdf_style *style = &s->page->styles[w->style];
        g->leader = g->leader || w->flags & LPDF_LEADER;
        struct slice text = lpdf_word_text(s->page, w);
        g->x0 = fminf(g->x0, w->x0);
        g->x1 = fmaxf(g->x1, w->x1);
        total += w->len;
        bold += style->bold ? w->len : 0;
        italic += style->italic ? w->len : 0;
        mono += style->mono ? w->len : 0;
        rtl += w->flags & LPDF_RTL ? w->len : 0;
        numeric = numeric && lpdf_text_is_numeric(text);
        g->leader = g->leader || slice_find(text, SLICE_LIT("....")) ||
                    slice_find(text, SLICE_LIT("\342\200\246\342\200\246"));
        for (size_t k = 0; k < text.len; k++) {
            lower += text.data[k] >= 'a' && text.data[k] <= 'z';
            upper += text.data[k] >= 'A' && text.data[k] <= 'Z';
        }
    }
    const struct lpdf_word *usual = usual_word(s, g);
    g->style = usual->style;
    g->size = usual->size;
    g->y = usual->y;
    g->chars = total;
    g->bold = bold * 10 >= total * 9;
    g->italic = italic * 10 >= total * 9;
    g->mono = mono * 10 >= total * 9;
    g->rtl = rtl * 2 > total;
    g->caps = upper > 1 && lower == 0;
    g->numeric = numeric;
    struct slice front = lpdf_word_text(s->page, lpdf_sheet_word(s, g->first));
    struct slice back = lpdf_word_text(s->page, lpdf_sheet_word(s, g->first + g->count - 1));
    g->ends = back.len > 0 && strchr(".:!?", back.data[back.len - 1]) != NULL;
    g->small = front.len > 0 && front.data[0] >= 'a' && front.data[0] <= 'z';
    g->marker = lpdf_marker(lpdf_word_text(s->page, lpdf_sheet_word(s, g->first)), &bullet) > 0;
    g->block = -1;
}

static bool build_segments(struct lpdf_sheet *s, struct arena *a)
{
    s->segs = arena_array(a, s->word_count + 1, sizeof(*s->segs));
    if (!s->segs) {
        return false;
    }
    for (uint32_t r = 0; r < s->row_count; r++) {
        struct lpdf_row *row = &s->rows[r];
        uint32_t from = 0;
        float before = row->count ? lpdf_sheet_word(s, row->first)->x1 : 0;
        row->seg = s->seg_count;
        for (uint32_t i = 1; i <= row->count; i++) {
            bool end = i == row->count;
            if (!end) {
                const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
                float gap = w->x0 - before;
                end = !(w->flags & LPDF_SPACED) && !keeps_marker(s, row, i - 1) &&
                      (gap > WIDE_GAP * row->size ||
                          (gap > NARROW_GAP * w->size * 0.8f && cuts_here(s, r, before, w->x0)));
                before = fmaxf(before, w->x1);
            }
            if (end) {
                struct lpdf_seg *g = &s->segs[s->seg_count++];
                *g = (struct lpdf_seg){
                    .first = row->first + from, .count = i - from, .row = (int32_t)r
                };
                describe_segment(s, g);
                from = i;
            }
        }
        row->segs = s->seg_count - row->seg;
    }
    return true;
}

static float body_size(const struct lpdf_page *p)
{
    float best = 0, best_chars = 0, chars[LPDF_PAGE_STYLES] = { 0 };
    for (uint32_t i = 0; i < p->word_count; i++) {
        if (!(p->words[i].flags & LPDF_HIDDEN)) {
            chars[p->words[i].style] += (float)p->words[i].len;
        }
    }
    for (uint32_t i = 0; i < p->style_count; i++) {
        float same = 0;
        for (uint32_t j = 0; j < p->style_count; j++) {
            same += p->styles[j].size == p->styles[i].size ? chars[j] : 0;
        }
        if (same > best_chars) {
            best_chars = same;
            best = p->styles[i].size;
        }
    }
    return best > 1 ? best : 10;
}

bool lpdf_sheet_build(struct lpdf_sheet *sheet, struct lpdf_page *page, int dir, struct arena *a)
{
    memset(sheet, 0, sizeof(*sheet));
    sheet->page = page;
    sheet->dir = dir;
    sheet->body = body_size(page);
    if (!build_rows(sheet, a)) {
        return false;
    }
    drop_doubles(sheet);
    join_leaders(sheet);
    for (uint32_t r = 0; r < sheet->row_count; r++) {
        close_spaced_letters(sheet, &sheet->rows[r]);
    }
    if (dir != 4) {
        find_gutters(sheet);
        stretch_gutters(sheet);
    }
    return build_segments(sheet, a);
}
