// SPDX-License-Identifier: AGPL-3.0-or-later
// One sheet: its cells as people see them, handed row by row to the window. A number is shown by its format code; what the
// file stores is kept beside it where it can't be found in what is shown (8,500 and 8500; a date and its serial number), so
// that a search for either finds the cell. Formulas give their last result, as the file keeps it; nothing is calculated.
#include "reader/xlsx.h"

#include "reader/numfmt.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROWS_PER_PROGRESS = 1000,
    FROZEN_MAX = 100, // rows; nobody freezes more
    STORED_LONGEST = 14, // characters: nobody looks for 0.944444444444444
};

struct sheet {
    struct xlsx *x;
    struct xlsx_window window;
    struct xml m;
    struct buf value; // of <v>
    struct buf inline_text;
    struct buf shown, stored;
    int32_t row, col; // current
    bool headed; // the heading of the sheet was reported
    struct xlsx_range used;
    bool has_used;
    const struct xlsx_sheet *info;
};

static int report_heading(struct sheet *s)
{
    struct element e = { .kind = ELEMENT_HEADING,
        .level = 1,
        .flags = s->window.flags,
        .place = s->window.place,
        .text = s->info->name };

    s->headed = true;
    if (s->has_used) {
        memcpy(e.place.rows, s->used.rows, sizeof(e.place.rows));
        memcpy(e.place.cols, s->used.cols, sizeof(e.place.cols));
    } else {
        e.place.rows[0] = e.place.rows[1] = s->row;
        e.place.cols[0] = e.place.cols[1] = s->col;
    }
    return reader_element(s->x->r, &e);
}

// A number as it is shown, and as it is stored if that says more.
static void show_number(struct sheet *s, double v, const char *code, bool is_general)
{
    numfmt_number(code, v, s->x->from_1904, &s->shown);
    numfmt_stored(v, &s->stored);
    struct slice shown = slice_trim(buf_slice(&s->shown)), stored = buf_slice(&s->stored);
    bool rounded = is_general && memchr(stored.data ? stored.data : "", '.', stored.len) != NULL;
    struct slice size = stored.len && stored.data[0] == '-'
                            ? slice_from(stored, 1)
                            : stored; // "(81)" holds -81 well enough
    if (rounded || stored.len > STORED_LONGEST || slice_find(shown, size)) {
        buf_reset(&s->stored);
    }
}

static bool parse_double(struct buf *b, double *ret)
{
    char *end;

    if (!b->len) {
        return false;
    }
    *ret = strtod(b->data, &end);
    while (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t') {
        end++;
    }
    return end != b->data && *end == '\0';
}

// A whole <c> element: type, style, value.
static int take_cell(struct sheet *s)
{
    struct xml *m = &s->m;
    const char *ref = xml_attr(m, NS_NONE, "r"), *t = xml_attr(m, NS_NONE, "t");
    char type[12] = "n";
    int64_t style = xml_attr_int(m, NS_NONE, "s", 0);
    struct xlsx_range at;
    int depth = m->depth;
    double v = 0;
    bool number = false;

    if (t) {
        snprintf(type, sizeof(type), "%s", t);
    }
    s->col++;
    if (ref && xlsx_range_parse(slice_of(ref), &at)) {
        s->col = at.cols[0];
    }
    buf_reset(&s->value);
    buf_reset(&s->inline_text);
    buf_reset(&s->shown);
    buf_reset(&s->stored);
    while (xml_inside(m, depth)) {
        if (xml_start(m, NS_S, "v")) {
            xml_collect(m, &s->value);
        } else if (xml_start(m, NS_S, "is")) {
            xlsx_collect_rich(m, &s->inline_text);
        } else if (m->event == XML_START) {
            xml_skip(m);
        }
    }
    struct slice text = { NULL, 0 };
    const char *code = xlsx_code(s->x, style);
    bool general = strcmp(code, "General") == 0;
    if (strcmp(type, "s") == 0) {
        int64_t i;
        text = slice_to_i64(slice_trim(buf_slice(&s->value)), &i) ? xlsx_string(s->x, i) : text;
    } else if (strcmp(type, "inlineStr") == 0) {
        text = buf_slice(s->inline_text.len ? &s->inline_text : &s->value);
    } else if (strcmp(type, "b") == 0) {
        text = slice_of(s->value.len && s->value.data[0] == '1' ? "TRUE"
                        : s->value.len                          ? "FALSE"
                                                                : "");
    } else if (strcmp(type, "str") == 0) {
        xlsx_unescape(&s->value, 0);
        text = buf_slice(&s->value);
    } else if (strcmp(type, "e") == 0 || strcmp(type, "d") == 0) {
        text = buf_slice(&s->value);
    } else if (parse_double(&s->value, &v)) {
        number = true;
        show_number(s, v, code, general);
    } else {
        text = buf_slice(s->value.len ? &s->value : &s->inline_text); // a number that is none
    }
    if (text.len && !general && strchr(code, '@')) {
        numfmt_text(code, text, &s->shown);
        if (s->shown.len == 0) { // hidden by its format: still there for a search
            buf_add_slice(&s->stored, text);
        }
        text = (struct slice){ NULL, 0 };
    }
    struct slice shown = slice_trim(text.len ? text : buf_slice(&s->shown));
    if (shown.len == 0 && s->stored.len == 0) {
        return 0;
    }
    if (++s->x->cells > s->x->r->limits->cells) {
        reader_finding(s->x->r, "bomb.cells", NULL, "The workbook has more than %lld cells.",
            (long long)s->x->r->limits->cells);
        return ERR_LIMIT;
    }
    int rc = s->headed ? 0 : report_heading(s);
    struct table_cell cell = { s->col, shown, buf_slice(&s->stored), number,
        s->row == s->window.frozen || xlsx_bold(s->x, style) };
    return rc ? rc : xlsx_window_cell(&s->window, &cell);
}

static int take_row(struct sheet *s)
{
    struct xml *m = &s->m;
    int64_t r = xml_attr_int(m, NS_NONE, "r", (int64_t)s->row + 1);
    int depth = m->depth, rc;

    s->row = r > s->row && r <= XLSX_ROWS ? (int32_t)r : s->row + 1;
    if (s->row > XLSX_ROWS) {
        xml_skip(m);
        return 0;
    }
    s->col = 0;
    rc = xlsx_window_row(&s->window, s->row);
    while (rc == 0 && xml_inside(m, depth)) {
        if (xml_start(m, NS_S, "c")) {
            rc = take_cell(s);
        }
    }
    s->x->rows++;
    if (rc == 0 && s->x->rows % ROWS_PER_PROGRESS == 0) {
        rc = reader_progress(s->x->r, s->x->rows, 0);
    }
    return rc;
}

static int read_cells(struct sheet *s, const struct opc_part *part, bool needed)
{
    int rc = xml_open(&s->m, &s->x->package, part, needed);

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&s->m)) {
        if (xml_start(&s->m, NS_S, "dimension")) {
            const char *ref = xml_attr(&s->m, NS_NONE, "ref");
            s->has_used = ref && xlsx_range_parse(slice_of(ref), &s->used);
        } else if (xml_start(&s->m, NS_S, "pane")) {
            int64_t rows = xml_attr_int(&s->m, NS_NONE, "ySplit", 0);
            const char *state = xml_attr(&s->m, NS_NONE, "state");
            bool frozen = state && strncmp(state, "frozen", 6) == 0;
            s->window.frozen = frozen && rows > 0 && rows < FROZEN_MAX ? (int32_t)rows : 0;
        } else if (xml_start(&s->m, NS_S, "row")) {
            rc = take_row(s);
        }
    }
    if (rc == 0) {
        rc = xlsx_window_flush(&s->window);
    }
    int closed = xml_close(&s->m);
    return rc ? rc : closed;
}

int xlsx_sheet_read(struct xlsx *x, const struct xlsx_sheet *sheet)
{
    struct sheet s = { .x = x, .info = sheet };
    struct opc_rels rels;
    int rc = opc_rels_load(&x->package, sheet->part, &rels);

    buf_init(&s.value, XLSX_CELL_BYTES);
    buf_init(&s.inline_text, XLSX_CELL_BYTES);
    buf_init(&s.shown, XLSX_CELL_BYTES + 4096);
    buf_init(&s.stored, XLSX_CELL_BYTES);
    rc = rc ? rc : xlsx_window_init(&s.window, x, sheet);
    rc = rc ? rc : xlsx_tables_load(x, &rels, &s.window);
    rc = rc ? rc : read_cells(&s, sheet->part, x->sheet_count == 1);
    rc = rc ? rc : xlsx_comments_read(x, sheet, &rels);
    rc = rc ? rc : xlsx_drawings_read(x, sheet, &rels);
    xlsx_window_done(&s.window);
    buf_done(&s.value);
    buf_done(&s.inline_text);
    buf_done(&s.shown);
    buf_done(&s.stored);
    opc_rels_done(&rels);
    return rc;
}
