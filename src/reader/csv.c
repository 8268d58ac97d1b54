// SPDX-License-Identifier: AGPL-3.0-or-later
// CSV: a dialect guessed from the first records (csv_parse.c), a header row if the first row looks like one, then blocks
// of whole rows (csv_table.c). A place is a range of rows and columns; a record is one row even where a cell holds line
// ends, empty lines count as rows, the first row is 1. Rows with too few or too many cells are kept as they are.
//
// A first line with one cell above rows with several is a title, not a header. Limits: cells of reader_limits,
// CSV_FIELDS_MAX columns.
#include "reader/csv_parse.h"
#include "reader/csv_table.h"
#include "reader/txt_common.h"

#include <stdlib.h>

enum {
    HEAD_ROWS = 25, // looked at to find title and header
    PLAIN_FROM_BYTES = 16 << 20, // larger files are read without Markdown
    FORMULA_SAMPLE_ROWS = 1000,
};

struct csv_reader {
    struct reader *r;
    struct csv csv;
    struct csv_table table;
    struct table_cell *cells; // CSV_FIELDS_MAX
    int64_t cell_count;
};

// Fills c->cells from the current record; the number of cells, empty ones at the end not counted.
static size_t cells_of(struct csv_reader *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->csv.count; i++) {
        c->cells[i] = (struct table_cell){ (int32_t)i + 1, slice_trim(csv_field_text(&c->csv, i)),
            { NULL, 0 }, false };
        n = c->cells[i].shown.len ? i + 1 : n;
    }
    return n;
}

static size_t filled(const struct table_cell *cells, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += cells[i].shown.len > 0;
    }
    return n;
}

// The number of the header row (0: none), from a look at the first rows. Rows above it are titles.
static int32_t find_header(struct csv_reader *c, struct slice text)
{
    struct table_row_view rows[HEAD_ROWS];
    int32_t numbers[HEAD_ROWS], found = 0;
    size_t count = 0, titles = 0, widest = 0;
    struct arena arena;
    struct csv look;

    arena_init(&arena, 16 << 20);
    csv_init(&look, text, c->csv.dialect);
    while (count < HEAD_ROWS && csv_next(&look)) {
        struct table_cell *cells = arena_array(&arena, look.count, sizeof(*cells));
        size_t n = 0;
        for (size_t i = 0; cells && i < look.count; i++) {
            cells[i].col = (int32_t)i + 1;
            cells[i].shown = arena_slice(&arena, slice_trim(csv_field_text(&look, i)));
            n = cells[i].shown.len ? i + 1 : n;
        }
        if (!cells) {
            break;
        }
        if (n) {
            widest = n > widest ? n : widest;
            numbers[count] = look.record;
            rows[count++] = (struct table_row_view){ cells, n };
        }
    }
    while (titles < count && titles < 5 && widest >= 2 &&
           filled(rows[titles].cells, rows[titles].count) == 1) {
        titles++;
    }
    titles = titles == count ? 0 : titles;
    if (csv_table_header_likely(rows + titles, count - titles)) {
        found = numbers[titles];
    }
    csv_done(&look);
    arena_done(&arena);
    return found;
}

// The name says the delimiter of TSV; all else is guessed from the text.
static struct csv_dialect dialect_of(const struct reader *r, struct slice text, size_t *ret_skip)
{
    struct csv_dialect d = csv_guess(text, ret_skip);
    d.delimiter = r->format == FORMAT_TSV ? '\t' : d.delimiter;
    return d;
}

static int add_record(struct csv_reader *c, int32_t header_row)
{
    size_t n = cells_of(c);
    int32_t row = c->csv.record;
    int rc = 0;

    c->cell_count += (int64_t)n;
    if (c->cell_count > c->r->limits->cells) {
        reader_finding(c->r, "bomb.cells", NULL, "The table has more than %lld cells.",
            (long long)c->r->limits->cells);
        return ERR_LIMIT;
    }
    if (row < header_row && n) {
        AUTO_BUF title = BUF_INIT(CSV_RECORD_MAX);
        struct element e = { .kind = ELEMENT_HEADING,
            .level = 1,
            .place = { .kind = PLACE_ROWS, .rows = { row, row } } };
        for (size_t i = 0; i < n; i++) {
            if (c->cells[i].shown.len) {
                e.place.cols[0] = e.place.cols[0] ? e.place.cols[0] : c->cells[i].col;
                e.place.cols[1] = c->cells[i].col;
                buf_add_str(&title, title.len ? " " : "");
                buf_add_slice(&title, c->cells[i].shown);
            }
        }
        e.text = buf_slice(&title);
        e.kind = e.text.len > TEXT_PIECE_AIM / 4 ? ELEMENT_PARAGRAPH : e.kind;
        return reader_element(c->r, &e);
    }
    if (row == header_row) {
        rc = csv_table_set_header(&c->table, c->cells, n);
    }
    return rc ? rc : csv_table_row(&c->table, c->cells, n, row, row == header_row);
}

static int read_records(struct csv_reader *c, struct slice text)
{
    size_t skip = 0;
    struct csv_dialect dialect = dialect_of(c->r, text, &skip);
    int64_t total = text_line_count(text);
    int rc = 0;

    csv_init(&c->csv, slice_from(text, skip), dialect);
    csv_table_init(&c->table, c->r, PLACE_ROWS);
    c->table.plain = text.len > PLAIN_FROM_BYTES;
    c->cells = xalloc(CSV_FIELDS_MAX * sizeof(*c->cells));
    int32_t header_row = find_header(c, slice_from(text, skip));
    while (rc == 0 && csv_next(&c->csv)) {
        rc = add_record(c, header_row);
        if (rc == 0 && c->csv.record % LINES_PER_PROGRESS == 0) {
            rc = reader_progress(c->r, c->csv.record, total);
        }
    }
    if (rc == 0 && !buf_ok(&c->csv.bytes)) {
        rc = ERR_MEMORY;
    }
    if (rc == 0) {
        rc = csv_table_flush(&c->table);
    }
    if (rc == 0 && c->csv.dropped) {
        rc = reader_finding(c->r, "structure.partial", NULL,
            "%zu cells beyond column %d were left out.", c->csv.dropped, CSV_FIELDS_MAX);
    }
    if (rc == 0) {
        rc = reader_progress(c->r, c->csv.record, c->csv.record);
    }
    csv_table_done(&c->table);
    csv_done(&c->csv);
    free(c->cells);
    return rc;
}

// A cell that a spreadsheet program would run: "=cmd|…", "@SUM(…", "+…" and "-…" with a call inside.
static bool like_formula(struct slice s)
{
    if (s.len < 3 || !strchr("=@+-", s.data[0])) {
        return false;
    }
    return s.data[0] == '=' ? csv_table_cell_kind(slice_from(s, 1)) == CELL_TEXT &&
                                  (memchr(s.data, '(', s.len) || memchr(s.data, '|', s.len) ||
                                      memchr(s.data, '!', s.len))
                            : memchr(s.data, '(', s.len) && memchr(s.data, ')', s.len) &&
                                  memchr(s.data, ' ', s.len) == NULL;
}

static int check_records(struct reader *r, struct slice text)
{
    size_t skip = 0, formulas = 0;
    struct csv_dialect d = dialect_of(r, text, &skip);
    struct csv c;
    struct place place = { .kind = PLACE_ROWS };
    bool dde = false;
    int rc = 0;

    csv_init(&c, slice_from(text, skip), d);
    while (c.record < FORMULA_SAMPLE_ROWS && csv_next(&c)) {
        for (size_t i = 0; i < c.count; i++) {
            struct slice s = slice_trim(csv_field_text(&c, i));
            if (like_formula(s)) {
                dde = dde || (memchr(s.data, '|', s.len) && memchr(s.data, '!', s.len));
                if (!formulas++) {
                    place.rows[0] = place.rows[1] = c.record;
                    place.cols[0] = place.cols[1] = (int32_t)i + 1;
                }
            }
        }
    }
    if (formulas) {
        rc = reader_finding(r, dde ? "active.dde" : "active.formula", &place,
            "%zu cells begin like formulas.", formulas);
    }
    if (rc == 0) {
        char name[2] = { d.delimiter, '\0' };
        rc = reader_info_text(r, "delimiter", d.delimiter == '\t' ? "tab" : name);
    }
    csv_done(&c);
    return rc ? rc : reader_info_number(r, "lines", (double)text_line_count(text));
}

static int csv_check(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct slice text;
    int rc = text_load(r, true, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    rc = rc ? rc : check_records(r, text);
    return rc ? error_set(err, rc, "The table could not be checked.") : 0;
}

static int csv_read(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct csv_reader c = { .r = r };
    struct slice text;
    int rc = text_load(r, false, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    rc = rc ? rc : read_records(&c, text);
    rc = rc ? rc : text_end(r);
    return rc ? error_set(err, rc, "The table could not be read to its end.") : 0;
}

const struct reader_format format_csv = { FORMAT_CSV, csv_check, csv_read, NULL };
const struct reader_format format_tsv = { FORMAT_TSV, csv_check, csv_read, NULL };
