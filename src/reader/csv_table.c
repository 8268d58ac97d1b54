// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements csv_table.h.
#include "reader/csv_table.h"
#include "reader/table_head.h"

#include "base/utf8.h"
#include "reader/txt_common.h"

#include <ctype.h>
#include <stdlib.h>

enum {
    HEADER_BYTES_MAX = 256 << 10, // of all cells of a header row
    HEADER_CELL_MAX = 200, // bytes of one that are repeated
    HEADER_SHOWN_MAX = 2048, // bytes repeated with each block
    HEADER_WORD_MAX = 80, // bytes: longer cells are sentences, not names of columns
    LOOK_ROWS = 20,
};

void csv_table_init(struct csv_table *t, struct reader *r, enum place_kind kind)
{
    *t = (struct csv_table){ .r = r, .place = { .kind = kind }, .left = 1 };
    buf_init(&t->header_text, HEADER_BYTES_MAX);
    buf_init(&t->text, 64 << 10);
    buf_init(&t->row_text, 64 << 10);
    buf_init(&t->markdown, 256 << 10);
    buf_init(&t->row_markdown, 256 << 10);
}

void csv_table_done(struct csv_table *t)
{
    free(t->header);
    buf_done(&t->header_text);
    buf_done(&t->text);
    buf_done(&t->row_text);
    buf_done(&t->markdown);
    buf_done(&t->row_markdown);
    *t = (struct csv_table){ .r = NULL };
}

void csv_table_clear_header(struct csv_table *t)
{
    t->header_count = 0;
    buf_reset(&t->header_text);
}

int csv_table_set_header(struct csv_table *t, const struct table_cell *cells, size_t count)
{
    struct table_header_cell *bigger;

    csv_table_clear_header(t);
    if (count == 0) {
        return 0;
    }
    bigger = realloc(t->header, count * sizeof(*bigger));
    if (!bigger) {
        return ERR_MEMORY;
    }
    t->header = bigger;
    for (size_t i = 0; i < count; i++) {
        struct slice s = utf8_prefix(cells[i].shown, HEADER_CELL_MAX);
        if (t->header_text.len + s.len > HEADER_BYTES_MAX) {
            break;
        }
        t->header[t->header_count++] =
            (struct table_header_cell){ cells[i].col, t->header_text.len, s.len };
        buf_add_slice(&t->header_text, s);
    }
    return buf_ok(&t->header_text) ? 0 : ERR_MEMORY;
}

static void add_plain(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        buf_add_char(b, (unsigned char)s.data[i] < ' ' ? ' ' : s.data[i]);
    }
}

static void add_escaped(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '|') {
            buf_add_char(b, '\\');
        }
        buf_add_char(b, (unsigned char)s.data[i] < ' ' ? ' ' : s.data[i]);
    }
}

// One row, from column `left` on. Empty columns between cells are kept, so that columns line up.
static void render(struct csv_table *t, const struct table_cell *cells, size_t count, int32_t left)
{
    struct buf *const m = &t->row_markdown;
    int32_t col = left;
    bool filled = false; // whether the Markdown of column `col` has been written

    buf_reset(&t->row_text);
    buf_reset(m);
    buf_add_str(m, "|");
    for (size_t i = 0; i < count; i++) {
        if (cells[i].col < col || (cells[i].col == col && filled)) {
            continue; // the same column twice: a broken sheet
        }
        for (; col < cells[i].col; col++, filled = false) {
            buf_add_str(&t->row_text, " | ");
            buf_add_str(m, filled ? "|" : "  |");
        }
        add_plain(&t->row_text, cells[i].shown);
        if (cells[i].stored.len) {
            buf_add_str(&t->row_text, cells[i].shown.len ? " (" : "(");
            add_plain(&t->row_text, cells[i].stored);
            buf_add_str(&t->row_text, ")");
        }
        buf_add_str(m, " ");
        add_escaped(m, cells[i].shown);
        buf_add_str(m, " ");
        filled = true;
    }
    buf_add_str(m, "|\n");
    while (slice_ends(buf_slice(&t->row_text), " | ")) {
        t->row_text.len -= 3;
        t->row_text.data[t->row_text.len] = '\0';
    }
}

// The header of columns first to last as "Item | Price" and as two lines of Markdown.
static void render_header(
    const struct csv_table *t, int32_t first, int32_t last, struct buf *text, struct buf *m)
{
    int32_t col = first;
    bool filled = false;

    buf_add_str(m, "|");
    for (size_t i = 0; i < t->header_count && text->len < HEADER_SHOWN_MAX; i++) {
        const struct table_header_cell *h = &t->header[i];
        struct slice s = slice_make(t->header_text.data + h->at, h->len);
        if (h->col < col || h->col > last || (h->col == col && filled)) {
            continue;
        }
        for (; col < h->col; col++, filled = false) {
            buf_add_str(text, " | ");
            buf_add_str(m, filled ? "|" : "  |");
        }
        add_plain(text, s);
        buf_add_str(m, " ");
        add_escaped(m, s);
        buf_add_str(m, " ");
        filled = true;
    }
    for (; col <= last; col++, filled = false) {
        buf_add_str(m, filled ? "|" : "  |");
    }
    buf_add_str(m, "\n|");
    for (col = first; col <= last; col++) {
        buf_add_str(m, " --- |");
    }
    buf_add_str(m, "\n");
}

static int emit(struct csv_table *t, struct slice text, struct slice rows_markdown,
    int32_t first_row, int32_t last_row, int32_t first_col, int32_t last_col, bool has_header_row)
{
    AUTO_BUF header = BUF_INIT(HEADER_BYTES_MAX);
    AUTO_BUF markdown = BUF_INIT(1 << 20);
    struct element e = {
        .kind = ELEMENT_TABLE, .flags = t->flags, .place = t->place, .text = text
    };
    int32_t left = t->left < first_col && text.len <= TABLE_ROW_MAX ? t->left : first_col;

    render_header(t, left, last_col, &header, &markdown);
    if (has_header_row) { // the first line of the rows is the header line itself
        const char *end =
            rows_markdown.data ? memchr(rows_markdown.data, '\n', rows_markdown.len) : NULL;
        rows_markdown =
            end ? slice_from(rows_markdown, (size_t)(end - rows_markdown.data) + 1) : rows_markdown;
    }
    buf_add_slice(&markdown, rows_markdown);
    e.place.rows[0] = first_row;
    e.place.rows[1] = last_row;
    e.place.cols[0] = first_col;
    e.place.cols[1] = last_col;
    e.header = t->header_count ? buf_slice(&header) : (struct slice){ NULL, 0 };
    // Past half of what may be said, the text alone: saying everything twice would only bring the limit nearer.
    bool plain = t->plain || t->r->emitted_text > t->r->limits->text_bytes;
    e.markdown = plain || !buf_ok(&markdown) ? (struct slice){ NULL, 0 }
                                             : text_trim_end(buf_slice(&markdown));
    return reader_element(t->r, &e);
}

int csv_table_flush(struct csv_table *t)
{
    int rc = 0;

    if (t->rows) {
        rc = emit(t, buf_slice(&t->text), buf_slice(&t->markdown), t->first_row, t->last_row,
            t->first_col, t->last_col, t->has_header_row);
    }
    t->rows = 0;
    t->has_header_row = false;
    buf_reset(&t->text);
    buf_reset(&t->markdown);
    return rc;
}

// A cell longer than a block, cut after sentences; each piece is an element at that cell.
static int long_cell(struct csv_table *t, const struct table_cell *c, int32_t row)
{
    struct slice rest = c->shown;
    int rc = 0;

    while (rest.len && rc == 0) {
        size_t n = text_cut(rest, TEXT_PIECE_MAX);
        struct table_cell piece = { c->col, slice_make(rest.data, n), { NULL, 0 }, false };
        render(t, &piece, 1, c->col);
        rc = emit(t, buf_slice(&t->row_text), buf_slice(&t->row_markdown), row, row, c->col, c->col,
            false);
        rest = slice_from(rest, n);
    }
    return rc;
}

static int wide_row(struct csv_table *t, const struct table_cell *cells, size_t count, int32_t row)
{
    size_t i = 0;
    int rc = 0;

    while (i < count && rc == 0) {
        size_t from = i, bytes = 0;
        if (cells[i].shown.len > TABLE_ROW_MAX) {
            rc = long_cell(t, &cells[i++], row);
            continue;
        }
        while (i < count && bytes + cells[i].shown.len + cells[i].stored.len + 6 <= TABLE_ROW_MAX &&
               cells[i].col - cells[from].col < TABLE_ROW_MAX / 6) {
            bytes += cells[i].shown.len + cells[i].stored.len + 6;
            i++;
        }
        i += i == from; // a stored value that is too long: still move on
        render(t, cells + from, i - from, cells[from].col);
        rc = emit(t, buf_slice(&t->row_text), buf_slice(&t->row_markdown), row, row,
            cells[from].col, cells[i - 1].col, false);
    }
    return rc;
}

int csv_table_row(
    struct csv_table *t, const struct table_cell *cells, size_t count, int32_t row, bool is_header)
{
    size_t bytes = 0;
    int rc;

    while (count && cells[count - 1].shown.len + cells[count - 1].stored.len == 0) {
        count--;
    }
    for (size_t i = 0; i < count; i++) {
        bytes += cells[i].shown.len + cells[i].stored.len + 6;
    }
    if (count == 0) {
        return 0;
    }
    bytes += (size_t)(cells[count - 1].col - t->left) * 3;
    if (bytes > TABLE_ROW_MAX) {
        rc = csv_table_flush(t);
        return rc ? rc : wide_row(t, cells, count, row);
    }
    render(t, cells, count, t->left);
    if (t->rows &&
        (t->text.len + t->row_text.len > TABLE_BLOCK_AIM || t->rows >= TABLE_BLOCK_ROWS)) {
        rc = csv_table_flush(t);
        if (rc != 0) {
            return rc;
        }
    }
    if (t->rows == 0) {
        t->first_row = row;
        t->first_col = cells[0].col;
        t->last_col = cells[0].col;
        t->has_header_row = is_header;
    } else {
        buf_add_char(&t->text, '\n');
    }
    buf_add_slice(&t->text, buf_slice(&t->row_text));
    buf_add_slice(&t->markdown, buf_slice(&t->row_markdown));
    t->rows++;
    t->last_row = row;
    t->first_col = cells[0].col < t->first_col ? cells[0].col : t->first_col;
    t->last_col = cells[count - 1].col > t->last_col ? cells[count - 1].col : t->last_col;
    return 0;
}

enum cell_kind csv_table_cell_kind(struct slice s)
{
    static const char *const signs[] = { "\xE2\x88\x92", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5",
        "\xC2\xA0", "\xE2\x80\xAF" };
    size_t digits = 0, letters = 0, marks = 0;

    s = slice_trim(s);
    if (s.len == 0) {
        return CELL_EMPTY;
    }
    if (s.len > 40) {
        return CELL_TEXT;
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (isdigit(c)) {
            digits++;
        } else if (c == '-' || c == '/' || c == ':') {
            marks += digits > 0;
        } else if (isalpha(c)) {
            letters++;
        } else if (c >= 0x80) {
            size_t k = 0;
            while (k < ARRAY_LEN(signs) && !slice_starts(slice_from(s, i), signs[k])) {
                k++;
            }
            if (k == ARRAY_LEN(signs)) {
                return CELL_TEXT;
            }
            i += strlen(signs[k]) - 1;
        } else if (!strchr("+.,%$ ()'", c)) {
            return CELL_TEXT;
        }
    }
    if (digits == 0) {
        return CELL_TEXT;
    }
    if (letters == 0) {
        return marks >= 1 && digits >= 3 ? CELL_DATE : CELL_NUMBER;
    }
    // "1.2E+05", "2024-01-02T10:00:00Z", "3 Jan 2024", "USD 4"
    bool exponent =
        letters == 1 && memchr(s.data, 'E', s.len) && isdigit((unsigned char)s.data[s.len - 1]);
    bool date = (marks >= 2 && letters <= 4 && digits >= 4) ||
                (letters == 3 && digits >= 3 && digits <= 8 && marks != 1);
    return exponent ? CELL_NUMBER : date ? CELL_DATE : CELL_TEXT;
}

bool csv_table_is_words(const struct table_cell *cell)
{
    return !cell->number && csv_table_cell_kind(cell->shown) == CELL_TEXT;
}

static bool is_year(struct slice s)
{
    int64_t n = 0;
    return slice_to_i64(slice_trim(s), &n) && n >= 1900 && n <= 2100;
}

static bool all_strong(const struct table_row_view *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (!row->cells[i].strong && row->cells[i].shown.len) {
            return false;
        }
    }
    return row->count > 0;
}

static bool first_is_data(const struct table_row_view *rows, size_t count)
{
    struct head_grid g = { .cols = HEAD_LOOK_COLUMNS };
    int32_t left = rows[0].cells[0].col;

    for (size_t r = 0; r < count && r < HEAD_LOOK_ROWS; r++, g.rows++) {
        for (size_t i = 0; i < rows[r].count; i++) {
            int32_t col = rows[r].cells[i].col - left;
            if (col >= 0 && col < HEAD_LOOK_COLUMNS) {
                g.cells[g.rows * g.cols + (size_t)col] = slice_trim(rows[r].cells[i].shown);
            }
        }
    }
    return head_is_data(&g);
}

bool csv_table_header_likely(const struct table_row_view *rows, size_t count)
{
    size_t names = 0, widest = 0;
    const struct table_row_view *first = &rows[0];

    if (count < 2 || first->count == 0) {
        return false;
    }
    for (size_t i = 0; i < first->count; i++) {
        struct slice s = first->cells[i].shown;
        enum cell_kind kind = csv_table_cell_kind(s);
        kind = first->cells[i].number && kind == CELL_TEXT ? CELL_NUMBER : kind;
        if (s.len > HEADER_WORD_MAX ||
            ((kind == CELL_NUMBER || kind == CELL_DATE) && !(is_year(s) && names > 0))) {
            return false;
        }
        for (size_t k = 0; k < i && kind != CELL_EMPTY && first->count <= 256; k++) {
            if (slice_equal(first->cells[k].shown, s)) {
                return false; // two columns of one name: more likely values
            }
        }
        names += kind != CELL_EMPTY;
    }
    for (size_t r = 1; r < count && r < LOOK_ROWS; r++) {
        size_t n = 0;
        for (size_t i = 0; i < rows[r].count; i++) {
            n += rows[r].cells[i].shown.len > 0;
        }
        widest = n > widest ? n : widest;
    }
    bool looks = all_strong(first) && !all_strong(&rows[1]);
    if (!looks && first_is_data(rows, count)) {
        return false;
    }
    // One column needs a sign that the first row differs; several named columns are enough in themselves.
    if (names >= 2) {
        return names * 2 > widest;
    }
    for (size_t r = 1; r < count && r < LOOK_ROWS; r++) {
        for (size_t i = 0; i < rows[r].count; i++) {
            if (csv_table_is_words(&rows[r].cells[i])) {
                return false;
            }
        }
    }
    return names == 1 && widest <= 2;
}
