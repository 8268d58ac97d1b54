// SPDX-License-Identifier: AGPL-3.0-or-later
// Tables without lines: rows one after the other whose pieces line up. What makes columns of running text line up too is
// told apart by how it reads: long lines that go on with a small letter are prose, short ones and numbers are cells.
#include "reader/pdf_layout.h"

#include "base/utf8.h"
#include "reader/table_head.h"

#include <ctype.h>
#include <math.h>

enum {
    STRIPES = 2048, // places across the page where the rows of a run are looked at
    SINGLES_MAX = 3, // rows with one piece, one after the other, within a table
    PROSE_CHARS = 22, // letters of a line of running text in a column
};

#define SIGNS_BEFORE "$(\302\243\245\342\202\254" // the bytes of dollar, pound, yen, euro, bracket
#define SIGNS_AFTER ")%*"

struct run {
    struct lpdf_sheet *s;
    uint32_t row0, row1; // rows, inclusive
    uint32_t multi; // rows with two pieces at least
    float x0[LPDF_TABLE_COLS], x1[LPDF_TABLE_COLS];
    uint32_t cols;
};

static uint32_t live_segs(const struct lpdf_sheet *s, uint32_t r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->rows[r].segs; i++) {
        n += !s->segs[s->rows[r].seg + i].gone;
    }
    return n;
}

// Columns of a run: places across the page that nearly no row touches part them.
static void find_columns(struct run *run)
{
    uint16_t used[STRIPES] = { 0 };
    struct lpdf_sheet *s = run->s;
    float scale = STRIPES / (run->s->page->width + run->s->page->height);
    uint32_t allowed = run->multi / 12;

    for (uint32_t r = run->row0; r <= run->row1; r++) {
        const struct lpdf_row *row = &s->rows[r];
        if (live_segs(s, r) < 2) {
            continue;
        }
        for (uint32_t i = 0; i < row->segs; i++) {
            const struct lpdf_seg *g = &s->segs[row->seg + i];
            int from = (int)(fmaxf(g->x0, 0) * scale), to = (int)(fmaxf(g->x1, 0) * scale);
            for (int x = from; x <= to && x < STRIPES && !g->gone; x++) {
                used[x] += used[x] < UINT16_MAX;
            }
        }
    }
    run->cols = 0;
    for (int x = 0; x < STRIPES && run->cols < LPDF_TABLE_COLS;) {
        int from = x;
        while (x < STRIPES && used[x] > allowed) {
            x++;
        }
        if (x > from) {
            run->x0[run->cols] = (float)from / scale;
            run->x1[run->cols++] = (float)x / scale;
        } else {
            x++;
        }
    }
}

static uint32_t column_of(const struct run *run, const struct lpdf_seg *g)
{
    uint32_t best = 0;
    float most = -1e9f;
    for (uint32_t c = 0; c < run->cols; c++) {
        float common = fminf(g->x1, run->x1[c]) - fmaxf(g->x0, run->x0[c]);
        if (common > most + 0.5f) {
            most = common;
            best = c;
        }
    }
    return best;
}

static bool only_sign(struct slice t, const char *signs)
{
    for (size_t i = 0; i < t.len; i++) {
        if (!strchr(signs, t.data[i])) {
            return false;
        }
    }
    return true;
}

struct column_facts {
    uint32_t lines, chars, small, numeric, markers, full;
};

static void learn_columns(const struct run *run, struct column_facts *facts)
{
    const struct lpdf_sheet *s = run->s;
    memset(facts, 0, sizeof(*facts) * LPDF_TABLE_COLS);
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        const struct lpdf_row *row = &s->rows[r];
        for (uint32_t i = 0; i < row->segs; i++) {
            const struct lpdf_seg *g = &s->segs[row->seg + i];
            if (g->gone) {
                continue;
            }
            uint32_t c = column_of(run, g);
            struct column_facts *f = &facts[c];
            f->lines++;
            f->chars += g->chars;
            f->small += g->small;
            f->numeric += g->numeric;
            f->markers += g->marker;
            f->full += g->x1 - g->x0 > 0.7f * (run->x1[c] - run->x0[c]);
        }
    }
}

static bool is_prose(const struct column_facts *f)
{
    return f->lines >= 3 && f->chars >= PROSE_CHARS * f->lines && f->small * 10 >= f->lines * 3 &&
           f->numeric * 5 < f->lines;
}

// A word list or an index in columns: many short lines, columns as wide as each other, no numbers of their own.
static bool is_word_list(const struct run *run, const struct column_facts *facts)
{
    uint32_t rows = run->row1 - run->row0 + 1, numeric = 0, lines = 0;
    if (rows < 18 || run->cols < 2) {
        return false;
    }
    float pitch = (run->x0[run->cols - 1] - run->x0[0]) / (float)(run->cols - 1);
    for (uint32_t c = 0; c < run->cols; c++) {
        numeric += facts[c].numeric;
        lines += facts[c].lines;
        if (c > 0 && fabsf(run->x0[c] - run->x0[c - 1] - pitch) > 0.08f * pitch) {
            return false;
        }
    }
    return numeric * 20 < lines && facts[0].lines >= rows * 7 / 10;
}

// A word on the left that is explained on the right: each stands on the line on which its text begins.
static bool is_definition_list(const struct run *run, const struct column_facts *facts)
{
    const struct lpdf_sheet *s = run->s;
    uint32_t entries = 0, clean = 0;
    if (run->cols != 2 || facts[0].lines < 2 || facts[0].chars > 28 * facts[0].lines) {
        return false;
    }
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        const struct lpdf_row *row = &s->rows[r];
        const struct lpdf_seg *left = &s->segs[row->seg];
        if (live_segs(s, r) >= 2 && column_of(run, left) == 0) {
            entries++;
            clean += !s->segs[row->seg + 1].small || left->small;
        }
    }
    return entries * 10 >= facts[0].lines * 7 && clean * 10 >= entries * 7;
}

// Rows of which two pieces fall into one column: then the rows do not belong to one table.
static bool is_crowded(const struct run *run)
{
    const struct lpdf_sheet *s = run->s;
    uint32_t crowded = 0, pieces = 0;
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        bool used[LPDF_TABLE_COLS] = { false };
        for (uint32_t i = 0; i < s->rows[r].segs; i++) {
            const struct lpdf_seg *g = &s->segs[s->rows[r].seg + i];
            if (!g->gone) {
                uint32_t c = column_of(run, g);
                crowded += used[c];
                pieces++;
                used[c] = true;
            }
        }
    }
    return crowded * 6 > pieces;
}

static bool reads_like_table(const struct run *run)
{
    struct column_facts facts[LPDF_TABLE_COLS];
    uint32_t prose = 0, numeric = 0, lines = 0, chars = 0, markers = 0;

    learn_columns(run, facts);
    for (uint32_t c = 0; c < run->cols; c++) {
        prose += is_prose(&facts[c]);
        numeric += facts[c].numeric;
        lines += facts[c].lines;
        chars += facts[c].chars;
        markers += facts[c].lines > 2 && facts[c].markers * 2 > facts[c].lines;
    }
    if (run->cols < 2 || lines == 0) {
        return false;
    }
    if (prose >= 2 || markers >= 2) {
        return false;
    }
    if (prose == 1) {
        return is_definition_list(run, facts);
    }
    if (numeric * 4 >= lines) {
        return true;
    }
    if (is_word_list(run, facts)) {
        return false;
    }
    if (run->cols == 2) {
        return facts[0].chars <= 26 * facts[0].lines && facts[1].lines * 2 >= facts[0].lines &&
               chars <= 40 * lines;
    }
    return chars <= 36 * lines;
}

// Cells.

struct slice lpdf_join_text(struct slice a, struct slice b, struct arena *arena)
{
    if (a.len == 0 || b.len == 0) {
        return a.len ? a : arena_slice(arena, b);
    }
    bool hyphen = a.len > 1 && a.data[a.len - 1] == '-' &&
                  isalpha((unsigned char)a.data[a.len - 2]) && islower((unsigned char)b.data[0]);
    char *both = arena_alloc(arena, a.len + b.len + 2);
    if (!both) {
        return a;
    }
    memcpy(both, a.data, a.len);
    size_t at = a.len;
    if (!hyphen) { // a cell's compound stays as it was written
        both[at++] = ' ';
    }
    memcpy(both + at, b.data, b.len);
    return (struct slice){ both, at + b.len };
}

// A column of currency signs goes to the numbers at its right, one of brackets or percent signs to those at its left.
static void merge_sign_columns(struct lpdf_table *t, struct arena *a)
{
    for (uint32_t c = 0; c < t->cols;) {
        bool before = c + 1 < t->cols, after = c > 0, some = false;
        for (uint32_t r = 0; r < t->rows; r++) {
            struct slice s = t->cells[r * t->cols + c];
            before = before && only_sign(s, SIGNS_BEFORE);
            after = after && only_sign(s, SIGNS_AFTER);
            some = some || s.len > 0;
        }
        if (!some || (!before && !after)) {
            c++;
            continue;
        }
        for (uint32_t r = 0; r < t->rows; r++) {
            struct slice *row = &t->cells[r * t->cols];
            struct slice sign = row[c], *to = before ? &row[c + 1] : &row[c - 1];
            if (sign.len > 0) {
                char *both = arena_printf(a, SLICE_FMT SLICE_FMT, SLICE_ARG(before ? sign : *to),
                    SLICE_ARG(before ? *to : sign));
                *to = both ? slice_of(both) : *to;
            }
        }
        for (uint32_t r = 0, at = 0; r < t->rows; r++) { // the same memory, one column less
            for (uint32_t k = 0; k < t->cols; k++) {
                if (k != c) {
                    t->cells[at++] = t->cells[r * t->cols + k];
                }
            }
        }
        t->cols--;
    }
}

// Is row r only the rest of the row above it: closer than the others, and nothing in it stands by itself?
static bool goes_on(const struct run *run, uint32_t r, float usual, const struct slice *above)
{
    const struct lpdf_sheet *s = run->s;
    const struct lpdf_row *row = &s->rows[r];
    float down = row->y - s->rows[r - 1].y;
    if (down > 1.45f * row->size || down > 1.08f * usual) {
        return false;
    }
    for (uint32_t i = 0; i < row->segs; i++) {
        const struct lpdf_seg *g = &s->segs[row->seg + i];
        if (g->gone) {
            continue;
        }
        uint32_t c = column_of(run, g);
        bool small = g->small;
        if (g->numeric || above[c].len == 0 || (c == 0 && !small)) {
            return false;
        }
    }
    return true;
}

static float usual_pitch(const struct run *run)
{
    float sum = 0;
    for (uint32_t r = run->row0 + 1; r <= run->row1; r++) {
        sum += run->s->rows[r].y - run->s->rows[r - 1].y;
    }
    return run->row1 > run->row0 ? sum / (float)(run->row1 - run->row0) : 12;
}

static bool row_has_number(const struct slice *cells, uint32_t cols)
{
    for (uint32_t c = 1; c < cols; c++) {
        bool year = cells[c].len == 4 && (cells[c].data[0] == '1' || cells[c].data[0] == '2');
        if (cells[c].len > 0 && lpdf_text_is_numeric(cells[c]) && !year) {
            return true;
        }
    }
    return false;
}

static uint32_t cells_filled(const struct slice *cells, uint32_t cols)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < cols; c++) {
        n += cells[c].len > 0;
    }
    return n;
}

bool lpdf_first_row_is_data(const struct lpdf_table *t)
{
    struct head_grid g = { .cols = t->cols < HEAD_LOOK_COLUMNS ? t->cols : HEAD_LOOK_COLUMNS };

    for (; g.rows < t->rows && g.rows < HEAD_LOOK_ROWS; g.rows++) {
        for (size_t c = 0; c < g.cols; c++) {
            g.cells[g.rows * g.cols + c] = slice_trim(t->cells[g.rows * t->cols + c]);
        }
    }
    return head_is_data(&g);
}

// A header of several lines ("December 2," over "2022") becomes one row.
static void join_header(struct lpdf_table *t, struct arena *a)
{
    uint32_t rows = 0;
    while (rows < t->rows && rows < 4 && !row_has_number(&t->cells[rows * t->cols], t->cols) &&
           (rows == 0 || t->cells[rows * t->cols].len == 0)) {
        rows++;
    }
    if (rows == 0 || rows == t->rows || cells_filled(t->cells, t->cols) < 2) {
        return;
    }
    for (uint32_t r = 1; r < rows; r++) {
        for (uint32_t c = 0; c < t->cols; c++) {
            t->cells[c] = lpdf_join_text(t->cells[c], t->cells[r * t->cols + c], a);
        }
    }
    for (uint32_t r = 1; t->bands && r < t->rows; r++) {
        uint32_t to = r < rows ? 0 : r - rows + 1;
        t->bands[to] = to ? t->bands[r] : lpdf_band_union(t->bands[0], t->bands[r]);
    }
    memmove(t->cells + t->cols, t->cells + (size_t)rows * t->cols,
        (size_t)(t->rows - rows) * t->cols * sizeof(*t->cells));
    t->rows -= rows - 1;
    t->header_rows = rows > 1 || !lpdf_first_row_is_data(t);
}

static struct slice seg_text(const struct lpdf_sheet *s, const struct lpdf_seg *g, struct arena *a)
{
    AUTO_BUF b = BUF_INIT(LPDF_PAGE_TEXT);
    lpdf_add_words(s, g->first, g->count, g->rtl, &b);
    return arena_slice(a, buf_slice(&b));
}

static struct lpdf_rect seg_box(const struct lpdf_seg *g)
{
    return (struct lpdf_rect){ g->x0, g->y - lpdf_ascent(g->size), g->x1,
        g->y + lpdf_descent(g->size) };
}

struct lpdf_band lpdf_band_union(struct lpdf_band a, struct lpdf_band b)
{
    return (struct lpdf_band){ fminf(a.y0, b.y0), fmaxf(a.y1, b.y1) };
}

static struct lpdf_band seg_band(const struct lpdf_seg *g)
{
    struct lpdf_rect box = seg_box(g);
    return (struct lpdf_band){ box.y0, box.y1 };
}

static bool fill_table(const struct run *run, struct lpdf_table *t, struct arena *a)
{
    struct lpdf_sheet *s = run->s;
    struct column_facts facts[LPDF_TABLE_COLS];
    float usual = usual_pitch(run);
    uint32_t rows = run->row1 - run->row0 + 1;

    if ((size_t)rows * run->cols > LPDF_TABLE_CELLS) {
        return false;
    }
    learn_columns(run, facts);
    bool definitions = run->cols == 2 && is_prose(&facts[1]);
    t->cols = run->cols;
    t->rows = 0;
    t->header_rows = 0;
    t->box = (struct lpdf_rect){ 1e9f, 1e9f, -1e9f, -1e9f };
    t->cells = arena_array(a, (size_t)rows * t->cols, sizeof(*t->cells));
    t->bands = arena_array(a, rows, sizeof(*t->bands));
    if (!t->cells || !t->bands) {
        return false;
    }
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        const struct lpdf_row *row = &s->rows[r];
        if (live_segs(s, r) == 0) {
            continue;
        }
        struct slice *above = t->rows > 0 ? &t->cells[(t->rows - 1) * t->cols] : NULL;
        bool joins =
            above &&
            (goes_on(run, r, usual, above) ||
                (definitions && live_segs(s, r) == 1 && column_of(run, &s->segs[row->seg]) == 1));
        if (!joins) {
            t->bands[t->rows] = (struct lpdf_band){ 1e9f, -1e9f };
        }
        struct slice *cells = joins ? above : &t->cells[t->rows++ * t->cols];
        struct lpdf_band *band = &t->bands[t->rows - 1];
        for (uint32_t i = 0; i < row->segs; i++) {
            struct lpdf_seg *g = &s->segs[row->seg + i];
            if (!g->gone) {
                uint32_t c = column_of(run, g);
                cells[c] = lpdf_join_text(cells[c], seg_text(s, g, a), a);
                *band = lpdf_band_union(*band, seg_band(g));
                t->box = lpdf_union(t->box, seg_box(g));
                g->gone = true;
            }
        }
    }
    merge_sign_columns(t, a);
    join_header(t, a);
    return true;
}

// Runs of rows.

// The gaps that the rows of a run have in common, to see where one table ends and another begins.
struct gaps {
    float x0[LPDF_TABLE_COLS], x1[LPDF_TABLE_COLS];
    uint32_t count;
};

static void gaps_of_row(const struct lpdf_sheet *s, uint32_t r, struct gaps *g)
{
    const struct lpdf_seg *before = NULL;
    g->count = 0;
    for (uint32_t i = 0; i < s->rows[r].segs && g->count < LPDF_TABLE_COLS; i++) {
        const struct lpdf_seg *seg = &s->segs[s->rows[r].seg + i];
        struct slice first = lpdf_word_text(s->page, lpdf_sheet_word(s, seg->first));
        if (seg->gone || (seg->count == 1 && only_sign(first, SIGNS_BEFORE))) {
            continue; // belongs to the number behind it
        }
        if (before && !(seg->count == 1 && only_sign(first, SIGNS_AFTER))) {
            g->x0[g->count] = before->x1;
            g->x1[g->count++] = seg->x0;
        }
        before = seg;
    }
}

// A row with one piece that ends the table: a line of running text across its columns, or a list.
static bool is_long_line(const struct lpdf_sheet *s, uint32_t r, const struct gaps *common)
{
    for (uint32_t i = 0; i < s->rows[r].segs; i++) {
        const struct lpdf_seg *g = &s->segs[s->rows[r].seg + i];
        if (!g->gone) {
            bool across = common->count > 0 && g->x0 < common->x0[0] && g->x1 > common->x1[0];
            return g->marker || (across && g->chars > 60);
        }
    }
    return false;
}

// Takes a row's gaps in; false when the row has another build.
static bool gaps_agree(struct gaps *common, const struct gaps *row)
{
    bool met[LPDF_TABLE_COLS] = { false };
    uint32_t matched = 0, apart = 0;
    struct gaps next = *common;

    for (uint32_t i = 0; i < row->count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < common->count && !found; k++) {
            found = row->x0[i] < common->x1[k] && row->x1[i] > common->x0[k];
            if (found) {
                next.x0[k] = fmaxf(next.x0[k], row->x0[i]);
                next.x1[k] = fminf(next.x1[k], row->x1[i]);
                met[k] = true;
            }
        }
        matched += found;
        apart += !found;
    }
    for (uint32_t k = 0; k < common->count; k++) {
        bool within = row->count > 0 && common->x0[k] > row->x0[0] - 1 &&
                      common->x1[k] < row->x1[row->count - 1] + 1;
        apart += !met[k] && within;
        if (next.x1[k] <= next.x0[k]) { // two pieces that stand in one gap: the older knows better
            next.x0[k] = common->x0[k];
            next.x1[k] = common->x1[k];
        }
    }
    if (apart > 1 && apart > matched) {
        return false;
    }
    if (row->count > common->count &&
        matched == common->count) { // the fuller row is the better pattern
        *common = *row;
    } else {
        *common = next;
    }
    return true;
}

// The rows from row0 on that may be one table; row0 has two pieces at least.
static void grow_run(struct run *run)
{
    struct lpdf_sheet *s = run->s;
    uint32_t singles = 0;
    struct gaps common, row;

    gaps_of_row(s, run->row0, &common);
    run->row1 = run->row0;
    run->multi = 1;
    for (uint32_t r = run->row0 + 1; r < s->row_count; r++) {
        uint32_t n = live_segs(s, r);
        float size = fmaxf(s->rows[r].size, s->body);
        if (s->rows[r].y - s->rows[r - 1].y > 3.2f * size) {
            return;
        }
        if (n >= 2) {
            gaps_of_row(s, r, &row);
            if (!gaps_agree(&common, &row)) {
                return;
            }
            run->row1 = r;
            run->multi++;
            singles = 0;
        } else if (n == 1 && (++singles > SINGLES_MAX + 3 || is_long_line(s, r, &common))) {
            return;
        }
    }
}

// Rows of short pieces that line up too badly for columns: kept as rows, piece after piece, so that what stands on one
// line is read on one line.
static bool take_loose_rows(
    struct lpdf_layout *l, const struct run *run, uint32_t pieces, struct arena *a)
{
    struct lpdf_sheet *s = run->s;
    struct lpdf_table *t = &l->tables[l->table_count];
    uint32_t chars = 0, most = 0, marks = 0, rows = run->row1 - run->row0 + 1;

    for (uint32_t r = run->row0; r <= run->row1; r++) {
        uint32_t n = live_segs(s, r);
        most = n > most ? n : most;
        for (uint32_t i = 0; i < s->rows[r].segs; i++) {
            const struct lpdf_seg *g = &s->segs[s->rows[r].seg + i];
            chars += g->gone ? 0 : g->chars;
            marks += !g->gone && (g->marker || (g->small && g->chars > 15));
        }
    }
    if (most < 3 || most > LPDF_TABLE_COLS || pieces < 3 * run->multi || chars > 22 * pieces ||
        marks * 6 > pieces) {
        return false;
    }
    *t = (struct lpdf_table){ .cols = most, .box = { 1e9f, 1e9f, -1e9f, -1e9f } };
    t->cells = arena_array(a, (size_t)rows * most, sizeof(*t->cells));
    t->bands = arena_array(a, rows, sizeof(*t->bands));
    if (!t->cells || !t->bands) {
        return false;
    }
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        uint32_t c = 0;
        struct lpdf_band *band = &t->bands[t->rows];
        *band = (struct lpdf_band){ 1e9f, -1e9f };
        for (uint32_t i = 0; i < s->rows[r].segs; i++) {
            struct lpdf_seg *g = &s->segs[s->rows[r].seg + i];
            if (!g->gone) {
                *band = lpdf_band_union(*band, seg_band(g));
                t->cells[t->rows * most + c++] = seg_text(s, g, a);
                t->box = lpdf_union(t->box, seg_box(g));
                g->gone = true;
            }
        }
        t->rows += c > 0;
    }
    l->table_count++;
    return true;
}

// Short lines over the columns, which nothing stands beside, are a part of the header: "Years Ended".
static void take_in_header(struct run *run)
{
    struct lpdf_sheet *s = run->s;
    for (int n = 0; n < 2 && run->row0 > 0; n++) {
        const struct lpdf_row *row = &s->rows[run->row0 - 1], *below = &s->rows[run->row0];
        const struct lpdf_seg *g = &s->segs[row->seg];
        if (row->segs != 1 || g->gone || g->chars > 40 || g->x0 < run->x1[0] ||
            below->y - row->y > 1.6f * below->size ||
            g->x1 > run->x1[run->cols - 1] + 2 * row->size || g->size > 1.1f * s->body) {
            return;
        }
        run->row0--;
    }
}

static bool take_run(struct lpdf_layout *l, struct run *run, bool last_try, struct arena *a)
{
    uint32_t pieces = 0;
    for (uint32_t r = run->row0; r <= run->row1; r++) {
        uint32_t n = live_segs(run->s, r);
        pieces += n >= 2 ? n : 0;
    }
    if (run->multi < 2 || (run->multi < 3 && pieces < 6)) {
        return false;
    }
    find_columns(run);
    if (run->cols < 2 || is_crowded(run)) {
        return last_try && take_loose_rows(l, run, pieces, a);
    }
    if (!reads_like_table(run)) {
        return false;
    }
    take_in_header(run);
    if (!fill_table(run, &l->tables[l->table_count], a)) {
        return false;
    }
    l->table_count++;
    return true;
}

void lpdf_find_tables(struct lpdf_layout *l, struct arena *a)
{
    struct lpdf_sheet *s = &l->sheet;
    for (uint32_t r = 0; r < s->row_count && l->table_count < LPDF_TABLES_MAX; r++) {
        if (live_segs(s, r) < 2) {
            continue;
        }
        struct run run = { .s = s, .row0 = r };
        grow_run(&run);
        uint32_t end = run.row1, k = r + 1;
        while (k <= end && live_segs(s, k) >= 2) {
            k++;
        }
        if (!take_run(l, &run, k > end, a) &&
            k <= end) { // perhaps only its first part, up to a row with one piece
            run.row1 = k - 1;
            run.multi = k - r;
            take_run(l, &run, true, a);
            end = k;
        }
        r = end;
    }
}
