// SPDX-License-Identifier: AGPL-3.0-or-later
// Which cells of a sheet belong together. People put several tables on one sheet, with titles above and notes below; a
// window of rows that follow each other without an empty one is cut like a page:
//
//   cut along empty columns, then along empty rows, and again inside each piece (XY cut), until nothing splits
//   but:  one empty column between pieces that fill the same rows is a spacer of one table
//         a single row is never cut (label, gap, value), nor what would fall into more than PIECES_MAX
//
// A piece is a table, or a paragraph if it is one cell. Rows with one text cell above a wider rest are titles. The header
// is the first row of a defined table, or a first row that looks like one; a piece right below another one of the same
// columns, without a header of its own, takes that one's. Windows end at an empty row or when they are full; a full one
// carries the header on.
#include "reader/table_head.h"
#include "reader/xlsx.h"

#include <stdlib.h>

enum {
    PIECES_MAX = 64, // of one cut
    LEAVES_MAX = 512, // of one window
    DEPTH_MAX = 8,
    TITLE_MAX = 160, // bytes; longer ones are paragraphs
    TITLE_ROWS = 5,
    LOOK_ROWS = 20, // to find the header
    INHERIT_GAP = 2, // empty rows between a header's table and one that takes it
    WINDOW_GAP = 2, // empty rows inside a window: so many do not tear a header off its table
    NOTE_ROWS = 3, // of one column: paragraphs, not a table
};

struct rect {
    size_t r[2]; // first and last row, index into window's rows
    int32_t c[2]; // columns
};

struct cutter {
    struct xlsx_window *w;
    struct rect leaves[LEAVES_MAX];
    size_t count;
    bool *filled; // by column, XLSX_COLUMNS + 1
};

static size_t first_cell(const struct xlsx_window *w, const struct xlsx_row *row, int32_t col)
{
    size_t low = row->first, high = row->first + row->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (w->cells[mid].col < col) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

// The cells of a row within columns: *ret_first, and how many.
static size_t cells_in(
    const struct xlsx_window *w, size_t row, const int32_t c[2], size_t *ret_first)
{
    const struct xlsx_row *r = &w->rows[row];
    *ret_first = first_cell(w, r, c[0]);
    return first_cell(w, r, c[1] + 1) - *ret_first;
}

// Shrinks to what is filled; false if nothing is.
static bool tighten(const struct xlsx_window *w, struct rect *t)
{
    struct rect out = { { SIZE_MAX, 0 }, { INT32_MAX, 0 } };

    for (size_t r = t->r[0]; r <= t->r[1]; r++) {
        size_t first, n = cells_in(w, r, t->c, &first);
        if (n == 0) {
            continue;
        }
        out.r[0] = out.r[0] == SIZE_MAX ? r : out.r[0];
        out.r[1] = r;
        int32_t left = w->cells[first].col, right = w->cells[first + n - 1].col;
        out.c[0] = left < out.c[0] ? left : out.c[0];
        out.c[1] = right > out.c[1] ? right : out.c[1];
    }
    if (out.r[0] == SIZE_MAX) {
        return false;
    }
    *t = out;
    return true;
}

// Whether two pieces side by side fill the same rows, so that the empty column between them is only a spacer.
static bool side_by_side(const struct xlsx_window *w, const struct rect *a, const struct rect *b)
{
    size_t in_a = 0, in_b = 0, both = 0, first;

    for (size_t r = a->r[0]; r <= a->r[1]; r++) {
        bool x = cells_in(w, r, a->c, &first) > 0, y = cells_in(w, r, b->c, &first) > 0;
        in_a += x;
        in_b += y;
        both += x && y;
    }
    size_t least = in_a < in_b ? in_a : in_b;
    return both >= 2 && both * 10 >= least * 6;
}

// Cuts along empty columns into at most PIECES_MAX pieces; 1 if there is nothing to cut, or too much.
static size_t cut_columns(struct cutter *k, const struct rect *t, struct rect *pieces)
{
    const struct xlsx_window *w = k->w;
    size_t count = 0, first, kept = 0;

    if (t->r[0] == t->r[1]) {
        return 1;
    }
    memset(k->filled + t->c[0], 0, (size_t)(t->c[1] - t->c[0] + 1) * sizeof(*k->filled));
    for (size_t r = t->r[0]; r <= t->r[1]; r++) {
        size_t n = cells_in(w, r, t->c, &first);
        for (size_t i = 0; i < n; i++) {
            k->filled[w->cells[first + i].col] = true;
        }
    }
    for (int32_t c = t->c[0]; c <= t->c[1]; c++) {
        if (!k->filled[c]) {
            continue;
        }
        if (count && pieces[count - 1].c[1] == c - 1) {
            pieces[count - 1].c[1] = c;
            continue;
        }
        if (count == PIECES_MAX) {
            return 1;
        }
        pieces[count++] = (struct rect){ { t->r[0], t->r[1] }, { c, c } };
    }
    for (size_t i = 0; i < count; i++) {
        if (kept && pieces[i].c[0] - pieces[kept - 1].c[1] <= 2 &&
            side_by_side(w, &pieces[kept - 1], &pieces[i])) {
            pieces[kept - 1].c[1] = pieces[i].c[1];
        } else {
            pieces[kept++] = pieces[i];
        }
    }
    return kept;
}

static size_t cut_rows(struct cutter *k, const struct rect *t, struct rect *pieces)
{
    const struct xlsx_window *w = k->w;
    size_t count = 0, first;
    bool open = false;

    for (size_t r = t->r[0]; r <= t->r[1]; r++) {
        bool any = cells_in(w, r, t->c, &first) > 0;
        if (any && open && w->rows[r].row == w->rows[pieces[count - 1].r[1]].row + 1) {
            pieces[count - 1].r[1] = r;
        } else if (any) {
            if (count == PIECES_MAX) {
                return 1;
            }
            pieces[count++] = (struct rect){ { r, r }, { t->c[0], t->c[1] } };
            open = true;
        }
    }
    return count;
}

static void cut(struct cutter *k, struct rect t, int depth)
{
    struct rect pieces[PIECES_MAX];
    size_t n;

    if (!tighten(k->w, &t)) {
        return;
    }
    n = depth < DEPTH_MAX ? cut_columns(k, &t, pieces) : 1;
    if (n <= 1) {
        n = depth < DEPTH_MAX ? cut_rows(k, &t, pieces) : 1;
    }
    if (n <= 1 || k->count + n > LEAVES_MAX) {
        if (k->count < LEAVES_MAX) {
            k->leaves[k->count++] = t;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        cut(k, pieces[i], depth + 1);
    }
}

static int by_position(const void *a, const void *b)
{
    const struct rect *x = a, *y = b;
    if (x->r[0] != y->r[0]) {
        return x->r[0] < y->r[0] ? -1 : 1;
    }
    return x->c[0] < y->c[0] ? -1 : x->c[0] > y->c[0];
}

static struct table_cell as_cell(const struct xlsx_window *w, size_t i)
{
    const struct xlsx_cell *c = &w->cells[i];
    const char *text = w->text.data ? w->text.data : "";
    return (struct table_cell){ c->col, slice_make(text + c->shown, c->shown_len),
        slice_make(text + c->stored, c->stored_len), c->number, c->strong };
}

static size_t row_cells(
    const struct xlsx_window *w, size_t row, const struct rect *t, struct table_cell *out)
{
    size_t first, n = cells_in(w, row, t->c, &first);
    for (size_t i = 0; i < n; i++) {
        out[i] = as_cell(w, first + i);
    }
    return n;
}

// A cell by itself: a title above something, or a paragraph.
static int lone_cell(struct xlsx_window *w, const struct table_cell *c, int32_t row, bool title)
{
    AUTO_BUF text = BUF_INIT(2 * XLSX_CELL_BYTES);
    struct element e = { .kind = ELEMENT_PARAGRAPH, .flags = w->flags, .place = w->place };

    e.place.rows[0] = e.place.rows[1] = row;
    e.place.cols[0] = e.place.cols[1] = c->col;
    buf_add_slice(&text, c->shown);
    if (c->stored.len) {
        buf_addf(
            &text, c->shown.len ? " (" SLICE_FMT ")" : "(" SLICE_FMT ")", SLICE_ARG(c->stored));
    }
    if (title && c->shown.len <= TITLE_MAX && csv_table_is_words(c)) {
        e.kind = ELEMENT_HEADING;
        e.level = 2;
    }
    e.text = buf_slice(&text);
    e.markdown = c->stored.len ? c->shown : e.text;
    return reader_element(w->x->r, &e);
}

static int keep_header(struct xlsx_window *w, const struct table_cell *cells, size_t count)
{
    struct table_cell *bigger = realloc(w->header, (count + 1) * sizeof(*bigger));

    if (!bigger) {
        return ERR_MEMORY;
    }
    w->header = bigger;
    w->header_count = 0;
    buf_reset(&w->header_text);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += cells[i].shown.len;
    }
    if (total > 64 * 1024 || !buf_reserve(&w->header_text, total + 1)) {
        return 0; // too long to be repeated
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = w->header_text.len;
        buf_add_slice(&w->header_text, cells[i].shown);
        w->header[w->header_count++] = (struct table_cell){ cells[i].col,
            slice_make(w->header_text.data + at, cells[i].shown.len), { NULL, 0 }, false };
    }
    return 0;
}

static bool begins_table(const struct xlsx_window *w, int32_t row, const struct rect *t)
{
    for (size_t i = 0; i < w->table_count; i++) {
        const struct xlsx_range *d = &w->tables[i];
        if (d->rows[0] == row && d->cols[0] <= t->c[1] && d->cols[1] >= t->c[0]) {
            return true;
        }
    }
    return false;
}

// The index of the header row of a piece (SIZE_MAX: none), and how many rows above it are titles.
static size_t find_header(
    const struct xlsx_window *w, const struct rect *t, bool continued, size_t *ret_titles)
{
    struct table_row_view rows[LOOK_ROWS];
    size_t count = 0, widest = 0, titles = 0, found = SIZE_MAX;
    struct table_cell *cells;
    size_t total = 0, first;

    *ret_titles = 0;
    for (size_t r = t->r[0]; r <= t->r[1] && r < t->r[0] + LOOK_ROWS; r++) {
        size_t n = cells_in(w, r, t->c, &first);
        total += n;
        widest = n > widest ? n : widest;
    }
    cells = malloc((total + 1) * sizeof(*cells));
    if (!cells) {
        return SIZE_MAX;
    }
    for (size_t r = t->r[0], at = 0; r <= t->r[1] && count < LOOK_ROWS; r++) {
        size_t n = row_cells(w, r, t, cells + at);
        rows[count++] = (struct table_row_view){ cells + at, n };
        at += n;
    }
    while (!continued && titles + 1 < count && titles < TITLE_ROWS && widest >= 2 &&
           rows[titles].count == 1 && csv_table_is_words(&rows[titles].cells[0]) &&
           !begins_table(w, w->rows[t->r[0] + titles].row, t)) {
        titles++;
    }
    for (size_t i = 0; i < count && found == SIZE_MAX; i++) {
        if (begins_table(w, w->rows[t->r[0] + i].row, t)) {
            found = t->r[0] + i;
        }
    }
    if (found == SIZE_MAX && !continued) {
        for (size_t i = titles; i < titles + 2 && i + 1 < count && found == SIZE_MAX; i++) {
            // A second row counts only below a first one that names groups of columns.
            bool wide_enough = rows[i].count * 2 > widest;
            if ((i == titles || rows[titles].count * 2 <= widest) && wide_enough &&
                csv_table_header_likely(rows + i, count - i)) {
                found = t->r[0] + i;
            }
        }
    }
    free(cells);
    *ret_titles = titles;
    return found;
}

// Whether a piece without a header goes on under the one that was met last.
static bool inherits(const struct xlsx_window *w, const struct rect *t, bool continued)
{
    int32_t gap = w->rows[t->r[0]].row - w->header_at.rows[1] - 1;
    return w->header_count && t->c[0] >= w->header_at.cols[0] && t->c[1] <= w->header_at.cols[1] &&
           (continued || (gap >= 0 && gap <= INHERIT_GAP && t->r[1] > t->r[0]));
}

// Whether the row above a piece is one of data like its own.
static bool goes_on_above(const struct xlsx_window *w, const struct rect *t)
{
    struct head_grid g = { .cols = HEAD_LOOK_COLUMNS };
    size_t first;

    for (size_t r = t->r[0] - 1; r <= t->r[1] && g.rows < HEAD_LOOK_ROWS; r++, g.rows++) {
        size_t n = cells_in(w, r, t->c, &first);
        for (size_t i = 0; i < n; i++) {
            struct table_cell c = as_cell(w, first + i);
            if (c.col - t->c[0] < HEAD_LOOK_COLUMNS) {
                g.cells[g.rows * g.cols + (size_t)(c.col - t->c[0])] = slice_trim(c.shown);
            }
        }
    }
    return head_is_data(&g);
}

// A piece without a header may have one above it, set off by an empty row or cut into groups of columns: the nearest row
// above, if all it has over the piece is text, and enough of it. Its cells into `out`; 0 if there is none.
static size_t header_above(
    const struct xlsx_window *w, const struct rect *t, struct table_cell *out)
{
    size_t n = 0, widest = 0, first;

    for (size_t r = t->r[0]; r <= t->r[1] && r < t->r[0] + LOOK_ROWS; r++) {
        size_t k = cells_in(w, r, t->c, &first);
        widest = k > widest ? k : widest;
    }
    if (t->r[0] == 0 || widest < 2 ||
        w->rows[t->r[0]].row - w->rows[t->r[0] - 1].row > INHERIT_GAP) {
        return 0;
    }
    n = row_cells(w, t->r[0] - 1, t, out);
    for (size_t i = 0; i < n; i++) {
        if (!csv_table_is_words(&out[i]) || out[i].shown.len > TITLE_MAX) {
            return 0;
        }
    }
    return n >= 2 && n * 2 >= widest - 1 && !goes_on_above(w, t) ? n : 0;
}

// A few cells under each other: words, not a table.
static bool is_note(const struct xlsx_window *w, const struct rect *t)
{
    size_t first;

    if (t->c[0] != t->c[1] || t->r[1] - t->r[0] >= NOTE_ROWS) {
        return false;
    }
    for (size_t r = t->r[0]; r <= t->r[1]; r++) {
        struct table_cell c;
        if (cells_in(w, r, t->c, &first) != 1 || (c = as_cell(w, first), !csv_table_is_words(&c))) {
            return false;
        }
    }
    return true;
}

static int emit_note(struct xlsx_window *w, const struct rect *t, bool more_below)
{
    int rc = 0;

    for (size_t r = t->r[0]; r <= t->r[1] && rc == 0; r++) {
        size_t first;
        cells_in(w, r, t->c, &first);
        struct table_cell c = as_cell(w, first);
        rc = lone_cell(w, &c, w->rows[r].row, more_below);
    }
    return rc;
}

static int emit_leaf(struct xlsx_window *w, const struct rect *t, bool more_below)
{
    size_t titles = 0, first, header, above = 0;
    bool continued = w->continues && t->r[0] == 0;
    struct table_cell *cells;
    int rc = 0;

    if (t->r[0] == t->r[1] && cells_in(w, t->r[0], t->c, &first) == 1 && !continued) {
        struct table_cell c = as_cell(w, first);
        return lone_cell(w, &c, w->rows[t->r[0]].row, more_below);
    }
    if (!continued && is_note(w, t)) {
        return emit_note(w, t, more_below);
    }
    cells = malloc(((size_t)(t->c[1] - t->c[0]) + 1) * sizeof(*cells));
    if (!cells) {
        return ERR_MEMORY;
    }
    header = find_header(w, t, continued, &titles);
    csv_table_clear_header(&w->table);
    w->table.left = t->c[0];
    if (header == SIZE_MAX && !continued && titles == 0) {
        above = header_above(w, t, cells);
    }
    if (above) {
        rc = csv_table_set_header(&w->table, cells, above);
        rc = rc ? rc : keep_header(w, cells, above);
        w->header_at = (struct xlsx_range){ { w->rows[t->r[0] - 1].row, w->rows[t->r[1]].row },
            { t->c[0], t->c[1] } };
    } else if (header == SIZE_MAX && inherits(w, t, continued)) {
        rc = csv_table_set_header(&w->table, w->header, w->header_count);
        w->header_at.rows[1] = w->rows[t->r[1]].row;
    } else if (header == SIZE_MAX) {
        w->header_count = 0;
    }
    for (size_t r = t->r[0]; r <= t->r[1] && rc == 0; r++) {
        size_t n = row_cells(w, r, t, cells);
        if (r < t->r[0] + titles && n == 1) {
            rc = lone_cell(w, cells, w->rows[r].row, true);
            continue;
        }
        if (r == header) {
            rc = csv_table_flush(&w->table);
            rc = rc ? rc : csv_table_set_header(&w->table, cells, n);
            rc = rc ? rc : keep_header(w, cells, n);
            w->header_at = (struct xlsx_range){ { w->rows[r].row, w->rows[t->r[1]].row },
                { t->c[0], t->c[1] } };
        }
        rc = rc ? rc : csv_table_row(&w->table, cells, n, w->rows[r].row, r == header);
    }
    rc = rc ? rc : csv_table_flush(&w->table);
    free(cells);
    return rc;
}

int xlsx_window_flush(struct xlsx_window *w)
{
    struct cutter *k;
    int rc = 0;

    while (w->row_count && w->rows[w->row_count - 1].count == 0) {
        w->row_count--;
    }
    if (w->row_count == 0) {
        return 0;
    }
    k = xalloc(sizeof(*k));
    k->w = w;
    k->filled = xalloc((XLSX_COLUMNS + 2) * sizeof(*k->filled));
    cut(k, (struct rect){ { 0, w->row_count - 1 }, { 1, XLSX_COLUMNS } }, 0);
    qsort(k->leaves, k->count, sizeof(k->leaves[0]), by_position);
    for (size_t i = 0; i < k->count && rc == 0; i++) {
        bool below = i + 1 < k->count && k->leaves[k->count - 1].r[0] > k->leaves[i].r[1];
        rc = emit_leaf(w, &k->leaves[i], below);
    }
    free(k->filled);
    free(k);
    w->last_row = w->rows[w->row_count - 1].row;
    w->row_count = w->cell_count = 0;
    buf_reset(&w->text);
    return rc;
}

int xlsx_window_row(struct xlsx_window *w, int32_t row)
{
    bool full = w->row_count == XLSX_WINDOW_ROWS || w->cell_count > XLSX_WINDOW_CELLS / 2 ||
                w->text.len > XLSX_WINDOW_BYTES;
    int rc = 0;

    while (w->row_count && w->rows[w->row_count - 1].count == 0) {
        w->row_count--; // a row without cells is an empty one
    }
    if (w->row_count && (full || row - w->rows[w->row_count - 1].row > WINDOW_GAP + 1)) {
        rc = xlsx_window_flush(w);
    }
    if (w->row_count == 0) {
        w->continues = w->last_row > 0 && row == w->last_row + 1;
    }
    w->rows[w->row_count++] = (struct xlsx_row){ row, w->cell_count, 0 };
    return rc;
}

int xlsx_window_cell(struct xlsx_window *w, const struct table_cell *c)
{
    struct xlsx_row *row = &w->rows[w->row_count - 1];

    if (c->col < 1 || c->col > XLSX_COLUMNS || w->cell_count == XLSX_WINDOW_CELLS ||
        (row->count && w->cells[w->cell_count - 1].col >= c->col)) {
        return 0; // cells out of order are a broken sheet's
    }
    size_t at = w->text.len;
    buf_add_slice(&w->text, c->shown);
    buf_add_slice(&w->text, c->stored);
    if (!buf_ok(&w->text)) {
        return ERR_MEMORY;
    }
    w->cells[w->cell_count++] = (struct xlsx_cell){ c->col, at, c->shown.len, at + c->shown.len,
        c->stored.len, c->number, c->strong };
    row->count++;
    return 0;
}

int xlsx_window_init(struct xlsx_window *w, struct xlsx *x, const struct xlsx_sheet *sheet)
{
    *w = (struct xlsx_window){ .x = x };
    w->rows = malloc(XLSX_WINDOW_ROWS * sizeof(*w->rows));
    w->cells = malloc(XLSX_WINDOW_CELLS * sizeof(*w->cells));
    if (!w->rows || !w->cells) {
        return ERR_MEMORY;
    }
    // One row of 16,384 cells may still come when the window is nearly full.
    buf_init(&w->text, (size_t)1 << 30);
    buf_init(&w->header_text, 128 * 1024);
    w->place = (struct place){ .kind = PLACE_SHEET, .name = sheet->name };
    w->flags = sheet->hidden ? ELEMENT_HIDDEN : 0;
    csv_table_init(&w->table, x->r, PLACE_SHEET);
    w->table.place = w->place;
    w->table.flags = w->flags;
    return 0;
}

void xlsx_window_done(struct xlsx_window *w)
{
    csv_table_done(&w->table);
    free(w->rows);
    free(w->cells);
    free(w->header);
    buf_done(&w->text);
    buf_done(&w->header_text);
    *w = (struct xlsx_window){ .x = NULL };
}
