// SPDX-License-Identifier: AGPL-3.0-or-later
// Tables that are drawn with lines. Lines that touch form a group; the places of its upright and level lines give columns
// and rows; a missing piece of line between two cells makes them one. A frame around text, a chart and a page border are
// groups too, and are told apart by what stands in them.
#include "reader/pdf_layout.h"

#include <math.h>
#include <stdlib.h>

enum {
    LINES_MAX = 1500, // of each direction, after joining pieces
    EDGES_FROM_FILLS = 400,
    PLACES_MAX = 200, // distinct places of lines in one group
};
#define TOUCH 3.0f // points

struct line {
    float at; // y of a level line, x of an upright one
    float from, to;
    uint32_t group;
};

struct lines {
    struct line *items;
    uint32_t count;
};

static int by_at(const void *a, const void *b)
{
    const struct line *la = a, *lb = b;
    if (la->at != lb->at) {
        return la->at < lb->at ? -1 : 1;
    }
    return la->from < lb->from ? -1 : la->from > lb->from;
}

// Pieces of one line become one. Sorted by place, a piece need only be compared with those just before it.
static void join_pieces(struct lines *l)
{
    uint32_t kept = 0;
    qsort(l->items, l->count, sizeof(*l->items), by_at);
    for (uint32_t i = 0; i < l->count; i++) {
        struct line *n = &l->items[i];
        bool joined = false;
        for (uint32_t k = kept; k > 0 && l->items[k - 1].at > n->at - 1.5f && !joined; k--) {
            struct line *o = &l->items[k - 1];
            if (n->from <= o->to + TOUCH && n->to >= o->from - TOUCH) {
                o->from = fminf(o->from, n->from);
                o->to = fmaxf(o->to, n->to);
                joined = true;
            }
        }
        if (!joined) {
            l->items[kept++] = *n;
        }
    }
    l->count = kept;
}

static void add_line(struct lines *l, uint32_t cap, float at, float from, float to)
{
    if (l->count < cap && to - from >= 4) {
        l->items[l->count++] = (struct line){ at, from, to, 0 };
    }
}

static bool collect_lines(
    const struct lpdf_page *p, struct lines *level, struct lines *upright, struct arena *a)
{
    uint32_t cap = p->rule_count + 4 * EDGES_FROM_FILLS, edges = 0;
    level->items = arena_array(a, cap, sizeof(*level->items));
    upright->items = arena_array(a, cap, sizeof(*upright->items));
    if (!level->items || !upright->items) {
        return false;
    }
    for (uint32_t i = 0; i < p->rule_count; i++) {
        const struct lpdf_rule *r = &p->rules[i];
        if (r->vertical) {
            add_line(upright, cap, (r->x0 + r->x1) / 2, r->y0, r->y1);
        } else {
            add_line(level, cap, (r->y0 + r->y1) / 2, r->x0, r->x1);
        }
    }
    for (uint32_t i = 0; i < p->fill_count && edges < EDGES_FROM_FILLS; i++) {
        const struct lpdf_fill *f = &p->fills[i];
        float w = f->box.x1 - f->box.x0, h = f->box.y1 - f->box.y0;
        if (f->exact && f->rgb >= 0 && w > 15 && h > 6 && h < 0.5f * p->height) {
            edges++;
            add_line(level, cap, f->box.y0, f->box.x0, f->box.x1);
            add_line(level, cap, f->box.y1, f->box.x0, f->box.x1);
            add_line(upright, cap, f->box.x0, f->box.y0, f->box.y1);
            add_line(upright, cap, f->box.x1, f->box.y0, f->box.y1);
        }
    }
    join_pieces(level);
    join_pieces(upright);
    level->count = level->count < LINES_MAX ? level->count : LINES_MAX;
    upright->count = upright->count < LINES_MAX ? upright->count : LINES_MAX;
    return true;
}

// Groups: a little union-find over both lists.

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static uint32_t group_lines(struct lines *level, struct lines *upright, struct arena *a)
{
    uint32_t n = level->count + upright->count, groups = 0;
    uint32_t *parent = arena_array(a, n + 1, sizeof(*parent)),
             *name = arena_array(a, n + 1, sizeof(*name));
    if (!parent || !name) {
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        parent[i] = i;
    }
    for (uint32_t h = 0; h < level->count; h++) {
        const struct line *lh = &level->items[h];
        for (uint32_t v = 0; v < upright->count; v++) {
            const struct line *lv = &upright->items[v];
            if (lv->at >= lh->from - TOUCH && lv->at <= lh->to + TOUCH &&
                lh->at >= lv->from - TOUCH && lh->at <= lv->to + TOUCH) {
                parent[root_of(parent, h)] = root_of(parent, level->count + v);
            }
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t root = root_of(parent, i);
        if (!name[root]) {
            name[root] = ++groups;
        }
        (i < level->count ? &level->items[i] : &upright->items[i - level->count])->group =
            name[root];
    }
    return groups;
}

// One group as a grid.

struct grid {
    float xs[PLACES_MAX], ys[PLACES_MAX];
    uint32_t nx, ny;
    bool soft[PLACES_MAX]; // no line is drawn at this y: rows of numbers that only stand apart
    uint32_t group;
    const struct lines *level, *upright;
    uint32_t *anchor; // of each cell: the cell that it is a part of
    struct buf *texts;
    uint32_t *counts; // letters of each anchor
    uint32_t runs, crowded; // runs of words in cells; those with wide gaps within
};

static void add_place(float *places, uint32_t *n, float at)
{
    uint32_t i = *n;
    while (i > 0 && places[i - 1] > at) {
        i--;
    }
    if ((i > 0 && at - places[i - 1] < TOUCH) || (i < *n && places[i] - at < TOUCH) ||
        *n >= PLACES_MAX) {
        return;
    }
    memmove(places + i + 1, places + i, (*n - i) * sizeof(*places));
    places[i] = at;
    (*n)++;
}

static void find_places(struct grid *g)
{
    float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;
    for (uint32_t i = 0; i < g->level->count; i++) {
        const struct line *l = &g->level->items[i];
        if (l->group == g->group) {
            add_place(g->ys, &g->ny, l->at);
            left = fminf(left, l->from);
            right = fmaxf(right, l->to);
        }
    }
    for (uint32_t i = 0; i < g->upright->count; i++) {
        const struct line *l = &g->upright->items[i];
        if (l->group == g->group) {
            add_place(g->xs, &g->nx, l->at);
            top = fminf(top, l->from);
            bottom = fmaxf(bottom, l->to);
        }
    }
    if (g->nx > 0 && g->ny > 0) { // open sides
        if (left < g->xs[0] - 10) {
            add_place(g->xs, &g->nx, left);
        }
        if (right > g->xs[g->nx - 1] + 10) {
            add_place(g->xs, &g->nx, right);
        }
        if (top < g->ys[0] - 8) {
            add_place(g->ys, &g->ny, top);
        }
        if (bottom > g->ys[g->ny - 1] + 8) {
            add_place(g->ys, &g->ny, bottom);
        }
    }
}

// How much of (from, to) the group's lines at `at` cover.
static bool is_covered(const struct lines *l, uint32_t group, float at, float from, float to)
{
    float covered = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct line *n = &l->items[i];
        if (n->group == group && fabsf(n->at - at) <= TOUCH) {
            covered += fmaxf(0, fminf(n->to, to) - fmaxf(n->from, from));
        }
    }
    return covered >= 0.6f * (to - from);
}

static uint32_t cell_root(const struct grid *g, uint32_t i)
{
    while (g->anchor[i] != i) {
        i = g->anchor[i];
    }
    return i;
}

// A cell belongs to its left neighbour when no line stands between them, or else to its upper one.
static void join_cells(struct grid *g)
{
    uint32_t cols = g->nx - 1, rows = g->ny - 1;
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < cols; c++) {
            uint32_t i = r * cols + c;
            g->anchor[i] = i;
            if (c > 0 &&
                !is_covered(g->upright, g->group, g->xs[c], g->ys[r] + 1, g->ys[r + 1] - 1)) {
                g->anchor[i] = cell_root(g, i - 1);
            } else if (r > 0 && !g->soft[r] &&
                       !is_covered(g->level, g->group, g->ys[r], g->xs[c] + 1, g->xs[c + 1] - 1)) {
                g->anchor[i] = cell_root(g, i - cols);
            }
        }
    }
}

static bool is_within(const struct grid *g, const struct lpdf_word *w);

struct lines_within { // of words, in one row of the grid
    uint32_t count, words, numbers, least, most; // least and most: words of a line
    float y[PLACES_MAX];
};

static void look_within(
    const struct lpdf_sheet *s, const struct grid *g, uint32_t r, struct lines_within *in)
{
    *in = (struct lines_within){ .least = UINT32_MAX };
    for (uint32_t i = 0; i < s->row_count && in->count < PLACES_MAX; i++) {
        const struct lpdf_row *row = &s->rows[i];
        float y = row->y - 0.3f * row->size;
        uint32_t words = 0;
        if (y < g->ys[r] || y > g->ys[r + 1]) {
            continue;
        }
        for (uint32_t k = 0; k < row->count; k++) {
            const struct lpdf_word *w = lpdf_sheet_word(s, row->first + k);
            if (is_within(g, w)) {
                words++;
                in->numbers += lpdf_text_is_numeric(lpdf_word_text(s->page, w));
            }
        }
        if (words > 0) {
            in->y[in->count++] = row->y;
            in->words += words;
            in->least = words < in->least ? words : in->least;
            in->most = words > in->most ? words : in->most;
        }
    }
}

// A row of the grid that holds several lines of numbers, each as full as the others, is that many rows.
static void split_rows(const struct lpdf_sheet *s, struct grid *g)
{
    for (uint32_t r = 0; r + 1 < g->ny; r++) {
        struct lines_within in;
        look_within(s, g, r, &in);
        if (in.count < 2 || in.least < 3 || in.least * 2 < in.most || in.numbers * 2 < in.words ||
            g->ny + in.count > PLACES_MAX) {
            continue;
        }
        uint32_t more = in.count - 1;
        memmove(g->ys + r + 1 + more, g->ys + r + 1, (g->ny - r - 1) * sizeof(*g->ys));
        memmove(g->soft + r + 1 + more, g->soft + r + 1, (g->ny - r - 1) * sizeof(*g->soft));
        for (uint32_t k = 0; k < more; k++) {
            g->ys[r + 1 + k] = in.y[k] + (in.y[k + 1] - in.y[k]) * 0.25f;
            g->soft[r + 1 + k] = true;
        }
        g->ny += more;
        r += more;
    }
}

static uint32_t interval_of(const float *places, uint32_t n, float at)
{
    uint32_t i = 0;
    while (i + 2 < n && at >= places[i + 1]) {
        i++;
    }
    return i;
}

static bool is_within(const struct grid *g, const struct lpdf_word *w)
{
    float x = (w->x0 + w->x1) / 2, y = w->y - 0.3f * w->size;
    return x > g->xs[0] - 1 && x < g->xs[g->nx - 1] + 1 && y > g->ys[0] - 1 &&
           y < g->ys[g->ny - 1] + 1;
}

static uint32_t cell_of(const struct grid *g, const struct lpdf_word *w)
{
    uint32_t c = interval_of(g->xs, g->nx, (w->x0 + w->x1) / 2);
    return cell_root(g, interval_of(g->ys, g->ny, w->y - 0.3f * w->size) * (g->nx - 1) + c);
}

// Runs of words of one row that stand in one cell, appended to the cell's text.
static void fill_cells(const struct lpdf_sheet *s, struct grid *g)
{
    for (uint32_t r = 0; r < s->row_count; r++) {
        const struct lpdf_row *row = &s->rows[r];
        for (uint32_t i = 0; i < row->count;) {
            const struct lpdf_word *w = lpdf_sheet_word(s, row->first + i);
            if (!is_within(g, w)) {
                i++;
                continue;
            }
            uint32_t cell = cell_of(g, w), j = i, rtl = 0, crowded = 0;
            for (; j < row->count; j++) {
                const struct lpdf_word *v = lpdf_sheet_word(s, row->first + j);
                if (!is_within(g, v) || cell_of(g, v) != cell) {
                    break;
                }
                crowded +=
                    j > i && v->x0 - lpdf_sheet_word(s, row->first + j - 1)->x1 > 1.6f * v->size;
                g->counts[cell] += v->len;
                rtl += v->flags & LPDF_RTL ? 1 : 0;
            }
            g->runs++;
            g->crowded += crowded > 0;
            if (g->texts[cell].len > 0) {
                buf_add_char(&g->texts[cell], '\n');
            }
            lpdf_add_words(s, row->first + i, j - i, rtl * 2 > j - i, &g->texts[cell]);
            i = j;
        }
    }
}

// Is it a table? Text in two columns and two rows at least, in a fair share of the cells, and not nearly all in one.
static bool reads_like_table(const struct grid *g)
{
    uint32_t cols = g->nx - 1, rows = g->ny - 1, filled = 0, anchors = 0, total = 0, most = 0;
    uint32_t cols_used = 0, rows_used = 0, rows_shared = 0;
    for (uint32_t c = 0; c < cols; c++) {
        bool used = false;
        for (uint32_t r = 0; r < rows; r++) {
            used = used || g->counts[r * cols + c] > 0;
        }
        cols_used += used;
    }
    for (uint32_t r = 0; r < rows; r++) {
        bool used = false;
        uint32_t shared = 0;
        for (uint32_t c = 0; c < cols; c++) {
            uint32_t i = r * cols + c;
            used = used || g->counts[i] > 0;
            anchors += g->anchor[i] == i;
            shared += g->counts[i] > 0;
            filled += g->counts[i] > 0;
            total += g->counts[i];
            most = g->counts[i] > most ? g->counts[i] : most;
        }
        rows_used += used;
        rows_shared += shared > 1;
    }
    bool boxed = rows_used == 1 && cols_used == 2 && filled == 2 && most >= 30 &&
                 total - most <= 24 && total > most;
    if (boxed) {
        return true;
    }
    return cols_used >= 2 && rows_used >= 2 && filled >= 4 && filled * 3 >= anchors &&
           rows_shared * 5 >= rows_used * 2 && !(most > 400 && most * 10 > total * 6) &&
           g->crowded * 5 < g->runs;
}

static struct slice one_line(struct buf *b, struct arena *a)
{
    struct slice whole = { NULL, 0 }, rest = buf_slice(b), piece;
    while (slice_cut(&rest, '\n', &piece)) {
        whole = lpdf_join_text(whole, piece, a);
    }
    return whole;
}

// Empty columns and rows (double lines, gaps between frames) are left out.
static void keep_table(struct lpdf_layout *l, const struct grid *g, struct arena *a)
{
    uint32_t cols = g->nx - 1, rows = g->ny - 1, used[PLACES_MAX], nused = 0;
    struct lpdf_table *t = &l->tables[l->table_count];

    for (uint32_t c = 0; c < cols; c++) {
        bool some = false;
        for (uint32_t r = 0; r < rows; r++) {
            some = some || g->counts[r * cols + c] > 0;
        }
        if (some) {
            used[nused++] = c;
        }
    }
    t->cells = arena_array(a, (size_t)rows * nused, sizeof(*t->cells));
    t->bands = arena_array(a, rows, sizeof(*t->bands));
    if (!t->cells || !t->bands) {
        return;
    }
    t->cols = nused;
    t->rows = 0;
    for (uint32_t r = 0; r < rows; r++) {
        bool some = false;
        for (uint32_t c = 0; c < nused; c++) {
            uint32_t i = r * cols + used[c];
            t->cells[t->rows * nused + c] = one_line(&g->texts[i], a);
            some = some || g->counts[i] > 0;
        }
        t->bands[t->rows] = (struct lpdf_band){ g->ys[r], g->ys[r + 1] };
        t->rows += some;
    }
    t->box = (struct lpdf_rect){ g->xs[0], g->ys[0], g->xs[g->nx - 1], g->ys[g->ny - 1] };
    t->header_rows = t->rows > 1 && !lpdf_first_row_is_data(t);
    l->table_count++;
}

static void try_grid(struct lpdf_layout *l, struct grid *g, struct arena *a)
{
    uint32_t cells = (g->nx - 1) * (g->ny - 1);
    g->anchor = arena_array(a, cells, sizeof(*g->anchor));
    g->texts = arena_array(a, cells, sizeof(*g->texts));
    g->counts = arena_array(a, cells, sizeof(*g->counts));
    if (!g->anchor || !g->texts || !g->counts) {
        return;
    }
    for (uint32_t i = 0; i < cells; i++) {
        buf_init(&g->texts[i], LPDF_PAGE_TEXT);
    }
    join_cells(g);
    fill_cells(&l->sheet, g);
    if (reads_like_table(g)) {
        keep_table(l, g, a);
        for (uint32_t i = 0; i < l->sheet.word_count; i++) {
            struct lpdf_word *w = &l->sheet.page->words[l->sheet.order[i]];
            w->flags |= is_within(g, w) ? LPDF_DEAD : 0;
        }
    }
    for (uint32_t i = 0; i < cells; i++) {
        buf_done(&g->texts[i]);
    }
}

void lpdf_find_grids(struct lpdf_layout *l, struct arena *a)
{
    struct lines level = { 0 }, upright = { 0 };

    if (!collect_lines(l->sheet.page, &level, &upright, a) || level.count < 2 ||
        upright.count < 1) {
        return;
    }
    uint32_t groups = group_lines(&level, &upright, a);
    for (uint32_t i = 1; i <= groups && l->table_count < LPDF_TABLES_MAX; i++) {
        struct grid g = { .group = i, .level = &level, .upright = &upright };
        find_places(&g);
        if (g.nx >= 3 && g.ny >= 2 && g.ny < PLACES_MAX / 2) {
            split_rows(&l->sheet, &g);
        }
        if (g.nx >= 3 && g.ny >= 2 && (g.nx - 1) * (g.ny - 1) <= LPDF_TABLE_CELLS &&
            g.nx - 1 <= LPDF_TABLE_COLS) {
            try_grid(l, &g, a);
        }
    }
}
