// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON, one value or one a line: what a person would want to find and cite in it.
//
//   an array of objects of plain values   a table: a column a name, a row an object
//   names with plain values               lines "name: value", together in one paragraph
//   an array of plain values              one line "name: a, b, c"
//   everything else                       walked through; the path of names is the section: "menu > items[3]"
//
// Places are lines. The file is scanned strictly (json_doc.h) and never built up in memory; whether an array is a table is
// decided by its first LOOK_ITEMS items. Limits: depth and cells of reader_limits, COLUMNS_MAX.
#include "reader/json_doc.h"
#include "reader/csv_table.h"
#include "reader/txt_common.h"

#include "base/map.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LOOK_ITEMS = 50,
    LOOK_BYTES = 256 << 10,
    COLUMNS_MAX = 256, // further names go into the last column with their name
    NAMES_MAX = 1 << 20,
    ITEMS_PER_PROGRESS = 2000,
};

struct columns {
    struct arena arena;
    struct map by_name; // → index + 1
    struct slice names[COLUMNS_MAX];
    size_t count;
};

struct json_doc {
    struct reader *r;
    struct json_scan s;
    struct buf path;
    struct buf text; // lines that are open
    int32_t first, last; // where they stand; first 0: none
    int64_t cells, total_lines;
};

static int flush(struct json_doc *d)
{
    struct element e = { .kind = ELEMENT_PARAGRAPH, .text = buf_slice(&d->text) };
    int rc = 0;

    if (d->first) {
        e.place = (struct place){
            .kind = PLACE_LINES, .rows = { d->first, d->last }, .section = buf_slice(&d->path)
        };
        rc = reader_element(d->r, &e);
    }
    d->first = 0;
    buf_reset(&d->text);
    return rc;
}

// "name: value", as a line of what is open; a long value as elements of its own.
static int add_line(
    struct json_doc *d, struct slice name, struct slice value, int32_t first, int32_t last)
{
    int rc = 0;

    if (text_is_blank(value)) {
        return 0;
    }
    if (d->text.len && d->text.len + name.len + value.len > TEXT_PIECE_AIM) {
        rc = flush(d);
    }
    d->first = d->first ? d->first : first;
    d->last = last;
    buf_add_str(&d->text, d->text.len ? "\n" : "");
    if (name.len) {
        buf_add_slice(&d->text, name);
        buf_add_str(&d->text, ": ");
    }
    while (rc == 0 && value.len > TEXT_PIECE_MAX) {
        size_t n = text_cut(value, TEXT_PIECE_MAX);
        buf_add(&d->text, value.data, n);
        rc = flush(d);
        d->first = first;
        d->last = last;
        value = slice_trim(slice_from(value, n));
    }
    buf_add_slice(&d->text, value);
    return rc;
}

// A plain value as people read it; null is nothing.
static void add_plain(struct slice raw, struct buf *b)
{
    if (raw.len && raw.data[0] == '"') {
        json_scan_text(raw, b);
    } else if (!slice_is(raw, "null")) {
        buf_add_slice(b, raw);
    }
}

static bool is_plain(enum json_kind k)
{
    return k == JSON_DOC_STRING || k == JSON_DOC_NUMBER || k == JSON_DOC_WORD;
}

// Whether the array here holds plain values only; then *b gets them, by commas. The scan moves past it if so.
static bool plain_array(struct json_doc *d, struct buf *b)
{
    struct json_scan s = d->s;
    bool first = true;

    json_scan_enter(&s);
    while (json_scan_next(&s, &first, ']', NULL)) {
        struct slice raw;
        if (!is_plain(json_scan_kind(&s)) || !json_scan_value(&s, 0, &raw)) {
            return false;
        }
        buf_add_str(b, b->len ? ", " : "");
        add_plain(raw, b);
    }
    if (s.wrong || !buf_ok(b)) {
        return false;
    }
    d->s = s;
    return true;
}

// The next item of an array, or of a file with one value a line.
static bool next_item(struct json_scan *s, bool *first, bool bare)
{
    if (!bare) {
        return json_scan_next(s, first, ']', NULL);
    }
    json_scan_white(s);
    return s->rest.len > 0;
}

static size_t column_of(struct columns *c, struct slice raw_name)
{
    AUTO_BUF name = BUF_INIT(NAMES_MAX);

    json_scan_text(raw_name, &name);
    size_t found = (size_t)(uintptr_t)map_find(&c->by_name, buf_slice(&name));
    if (found || c->count == COLUMNS_MAX) {
        return found;
    }
    struct slice kept = arena_slice(&c->arena, buf_slice(&name));
    if (name.len && !kept.data) {
        return 0;
    }
    c->names[c->count] = kept;
    if (map_put(&c->by_name, kept, (void *)(uintptr_t)(c->count + 1)) != 0) {
        return 0;
    }
    return ++c->count;
}

// Looks at the first items; true if they are a table, with its columns.
static bool is_table(const struct json_doc *d, bool bare, struct columns *c)
{
    struct json_scan s = d->s;
    const char *from = s.rest.data;
    bool first = true;
    int items = 0;

    while (items < LOOK_ITEMS && s.rest.data - from < LOOK_BYTES && next_item(&s, &first, bare)) {
        bool first_member = true;
        struct slice key, raw;
        if (json_scan_kind(&s) != JSON_DOC_OBJECT) {
            return false;
        }
        json_scan_enter(&s);
        while (json_scan_next(&s, &first_member, '}', &key)) {
            enum json_kind kind = json_scan_kind(&s);
            if (!json_scan_value(&s, 0, &raw)) {
                return false;
            }
            bool small =
                is_plain(kind) || (kind == JSON_DOC_ARRAY && !memchr(raw.data, '{', raw.len) &&
                                      raw.len < TEXT_PIECE_AIM);
            if (!small || raw.len > TEXT_PIECE_MAX ||
                (column_of(c, key) == 0 && c->count < COLUMNS_MAX)) {
                return false;
            }
        }
        if (s.wrong) {
            return false;
        }
        items++;
    }
    return items >= 2 && c->count >= 1 && !s.wrong;
}

static int set_header(struct csv_table *t, const struct columns *c)
{
    struct table_cell *cells = xalloc((c->count + 1) * sizeof(*cells));

    for (size_t i = 0; i < c->count; i++) {
        cells[i] = (struct table_cell){ .col = (int32_t)i + 1, .shown = c->names[i] };
    }
    int rc = csv_table_set_header(t, cells, c->count);
    free(cells);
    return rc;
}

struct row {
    struct buf bytes;
    size_t at[COLUMNS_MAX], len[COLUMNS_MAX];
};

// A value that is no plain one, in a cell: its plain items by commas, else as it stands.
static void add_cell(struct slice raw, enum json_kind kind, struct buf *b)
{
    if (is_plain(kind)) {
        add_plain(raw, b);
    } else {
        struct json_doc inner = { .r = NULL };
        AUTO_BUF list = BUF_INIT(1 << 20);
        json_scan_init(&inner.s, raw, 2);
        if (kind == JSON_DOC_ARRAY && plain_array(&inner, &list)) {
            buf_add_slice(b, buf_slice(&list));
        } else {
            buf_add_slice(b, raw);
        }
    }
}

static int table_row(
    struct json_doc *d, struct csv_table *t, struct columns *c, struct row *row, int depth)
{
    struct table_cell cells[COLUMNS_MAX];
    int32_t line = d->s.line;
    bool first = true;
    struct slice key, raw;
    size_t known = c->count, n = 0;
    int rc = 0;

    buf_reset(&row->bytes);
    memset(row->len, 0, sizeof(row->len));
    json_scan_enter(&d->s);
    while (json_scan_next(&d->s, &first, '}', &key)) {
        enum json_kind kind = json_scan_kind(&d->s);
        if (!json_scan_value(&d->s, depth + 1, &raw)) {
            return ERR_CORRUPT;
        }
        size_t col = column_of(c, key), start = row->bytes.len;
        if (!col) {
            continue;
        }
        add_cell(raw, kind, &row->bytes);
        row->at[col - 1] = start;
        row->len[col - 1] = row->bytes.len - start;
    }
    if (d->s.wrong || !buf_ok(&row->bytes)) {
        return d->s.wrong ? ERR_CORRUPT : ERR_MEMORY;
    }
    if (c->count > known) {
        rc = csv_table_flush(t);
        rc = rc ? rc : set_header(t, c);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (row->len[i]) {
            cells[n++] = (struct table_cell){ .col = (int32_t)i + 1,
                .shown = slice_trim(slice_make(row->bytes.data + row->at[i], row->len[i])) };
        }
    }
    d->cells += (int64_t)n;
    if (d->cells > d->r->limits->cells) {
        reader_finding(d->r, "bomb.cells", NULL, "The tables have more than %lld cells.",
            (long long)d->r->limits->cells);
        return ERR_LIMIT;
    }
    rc = rc ? rc : csv_table_row(t, cells, n, line, false);
    t->last_row = t->rows && rc == 0 ? d->s.line : t->last_row;
    return rc;
}

static int walk(struct json_doc *d, struct slice name, int depth);

static int walk_table(struct json_doc *d, struct columns *c, bool bare, int depth)
{
    struct csv_table t;
    struct row *row = xalloc(sizeof(*row));
    bool first = true;
    int64_t items = 0;
    int rc = flush(d);

    csv_table_init(&t, d->r, PLACE_LINES);
    t.place.section = buf_slice(&d->path);
    buf_init(&row->bytes, 64 << 20);
    rc = rc ? rc : set_header(&t, c);
    while (rc == 0 && next_item(&d->s, &first, bare)) {
        if (json_scan_kind(&d->s) == JSON_DOC_OBJECT) {
            rc = table_row(d, &t, c, row, depth + 1);
        } else {
            rc = csv_table_flush(&t);
            rc = rc ? rc : walk(d, slice_make(NULL, 0), depth + 1);
        }
        if (rc == 0 && ++items % ITEMS_PER_PROGRESS == 0) {
            rc = reader_progress(d->r, d->s.line, d->total_lines);
        }
    }
    rc = rc ? rc : csv_table_flush(&t);
    csv_table_done(&t);
    buf_done(&row->bytes);
    free(row);
    return rc;
}

static int walk_items(struct json_doc *d, bool bare, int depth)
{
    bool first = true;
    size_t length = d->path.len;
    int64_t index = 0;
    int rc = 0;

    while (rc == 0 && next_item(&d->s, &first, bare)) {
        char number[32];
        snprintf(number, sizeof(number), "[%lld]", (long long)index++);
        if (is_plain(json_scan_kind(&d->s))) {
            rc = walk(d, slice_make(NULL, 0), depth + 1);
            continue;
        }
        rc = flush(d);
        if (d->path.len < SECTION_MAX) {
            buf_add_str(&d->path, number);
        }
        rc = rc ? rc : walk(d, slice_make(NULL, 0), depth + 1);
        rc = rc ? rc : flush(d);
        d->path.len = length;
        if (d->path.data) {
            d->path.data[length] = '\0';
        }
    }
    return rc;
}

static int walk_array(struct json_doc *d, bool bare, int depth)
{
    struct columns *c = xalloc(sizeof(*c));
    int rc;

    arena_init(&c->arena, 4 * NAMES_MAX);
    map_init(&c->by_name, COLUMNS_MAX);
    rc = is_table(d, bare, c) ? walk_table(d, c, bare, depth) : walk_items(d, bare, depth);
    map_done(&c->by_name);
    arena_done(&c->arena);
    free(c);
    return rc;
}

static int walk_object(struct json_doc *d, int depth)
{
    bool first = true;
    struct slice key;
    int rc = 0;

    json_scan_enter(&d->s);
    while (rc == 0 && json_scan_next(&d->s, &first, '}', &key)) {
        AUTO_BUF name = BUF_INIT(64 << 10);
        json_scan_text(key, &name);
        rc = walk(d, buf_slice(&name), depth + 1);
    }
    return rc;
}

static int walk_plain(struct json_doc *d, struct slice name)
{
    AUTO_BUF value = BUF_INIT(64 << 20);
    int32_t line;
    struct slice raw;

    json_scan_white(&d->s);
    line = d->s.line;
    if (!json_scan_value(&d->s, 0, &raw)) {
        return ERR_CORRUPT;
    }
    add_plain(raw, &value);
    return buf_ok(&value) ? add_line(d, name, slice_trim(buf_slice(&value)), line, d->s.line)
                          : ERR_MEMORY;
}

// The value here, under a name (empty: inside an array, or the whole).
static int walk(struct json_doc *d, struct slice name, int depth)
{
    enum json_kind kind = json_scan_kind(&d->s);
    size_t length = d->path.len;
    int32_t line = d->s.line;
    int rc = 0;

    if (is_plain(kind) || kind == JSON_DOC_NONE) {
        return walk_plain(d, name);
    }
    if (depth >= d->r->limits->depth) {
        d->s.too_deep = true;
        return ERR_CORRUPT;
    }
    if (kind == JSON_DOC_ARRAY) {
        AUTO_BUF list = BUF_INIT(64 << 20);
        if (plain_array(d, &list)) {
            return add_line(d, name, buf_slice(&list), line, d->s.line);
        }
    }
    if (name.len && d->path.len < SECTION_MAX) {
        rc = flush(d);
        buf_add_str(&d->path, d->path.len ? " > " : "");
        buf_add_slice(&d->path, utf8_prefix(name, SECTION_MAX / 4));
    }
    if (rc == 0 && kind == JSON_DOC_ARRAY) {
        json_scan_enter(&d->s);
        rc = walk_array(d, false, depth);
    } else if (rc == 0) {
        rc = walk_object(d, depth);
    }
    if (d->path.len != length) {
        rc = rc ? rc : flush(d);
        d->path.len = length;
        d->path.data[length] = '\0';
    }
    return rc == 0 && d->s.wrong ? ERR_CORRUPT : rc;
}

static int report_wrong(struct reader *r, const struct json_scan *s)
{
    struct place place = { .kind = PLACE_LINES, .rows = { s->line, s->line } };

    if (s->too_deep) {
        return reader_finding(
            r, "bomb.depth", &place, "The file is nested far deeper than any real one.");
    }
    return reader_finding(r, "structure.corrupt", &place,
        "The file is not valid JSON: %s in line %d.", s->wrong ? s->wrong : "something is wrong",
        (int)s->line);
}

// Whether further values follow the first, each on lines of its own.
static bool one_a_line(struct slice text, int max_depth)
{
    struct json_scan s;
    int32_t line;

    json_scan_init(&s, text, max_depth);
    if (!json_scan_value(&s, 0, NULL)) {
        return false;
    }
    line = s.line;
    json_scan_white(&s);
    return s.rest.len > 0 && s.line > line;
}

static int validate(struct reader *r, struct slice text)
{
    struct json_scan s;
    bool bare = one_a_line(text, r->limits->depth), ok = true;
    int64_t values = 0;

    json_scan_init(&s, text, r->limits->depth);
    do {
        ok = json_scan_value(&s, 0, NULL);
        json_scan_white(&s);
        values++;
    } while (ok && bare && s.rest.len);
    if (ok && s.rest.len) {
        s.wrong = "something follows the end of the value";
        ok = false;
    }
    if (!ok) {
        return report_wrong(r, &s);
    }
    return bare ? reader_info_number(r, "values", (double)values) : 0;
}

static int json_check(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct slice text;
    int rc = text_load(r, true, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    rc = rc ? rc : validate(r, text);
    rc = rc ? rc : reader_info_number(r, "lines", (double)text_line_count(text));
    return rc ? error_set(err, rc, "The data could not be checked.") : 0;
}

static int json_read(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct json_doc d = { .r = r };
    struct slice text;
    int rc = text_load(r, false, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    buf_init(&d.path, 4 * SECTION_MAX);
    buf_init(&d.text, 64 << 20);
    if (rc == 0) {
        json_scan_init(&d.s, text, r->limits->depth);
        d.total_lines = text_line_count(text);
        rc = one_a_line(text, r->limits->depth) ? walk_array(&d, true, 0)
                                                : walk(&d, slice_make(NULL, 0), 0);
        rc = rc ? rc : flush(&d);
    }
    if (rc == ERR_CORRUPT) {
        rc = report_wrong(r, &d.s);
    } else if (rc == 0) {
        rc = text_end(r);
        rc = rc ? rc : reader_progress(r, d.total_lines, d.total_lines);
    }
    buf_done(&d.path);
    buf_done(&d.text);
    return rc ? error_set(err, rc, "The data could not be read to its end.") : 0;
}

const struct reader_format format_json = { FORMAT_JSON, json_check, json_read, NULL };
