// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements place.h but for reading JSON (place_parse.c). Any thread.
#include "wire/place.h"

#include "wire/json_out.h"

#include <math.h>

enum {
    COLUMN_MAX = 16384, // XFD, the last one of a spreadsheet
    RANGE_TEXT_MAX = 64, // "XFD2147483647:XFD2147483647"
};

static bool pair_equal(const int32_t a[2], const int32_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

bool place_equal(const struct place *a, const struct place *b)
{
    if (a->kind != b->kind || a->number != b->number || a->has_box != b->has_box) {
        return false;
    }
    for (int i = 0; a->has_box && i < 4; i++) {
        if (a->box[i] != b->box[i]) {
            return false;
        }
    }
    return pair_equal(a->rows, b->rows) && pair_equal(a->cols, b->cols) &&
           a->seconds[0] == b->seconds[0] && a->seconds[1] == b->seconds[1] &&
           slice_equal(a->name, b->name) && slice_equal(a->section, b->section);
}

void column_name(int32_t column, char ret_name[8])
{
    char reversed[8];
    int n = 0, out = 0;

    if (column < 1 || column > COLUMN_MAX) {
        ret_name[0] = '?';
        ret_name[1] = '\0';
        return;
    }
    while (column > 0) {
        reversed[n++] = (char)('A' + (column - 1) % 26);
        column = (column - 1) / 26;
    }
    while (n > 0) {
        ret_name[out++] = reversed[--n];
    }
    ret_name[out] = '\0';
}

// "A2:C9", "A2" for one cell, "2:9" for whole rows; nothing when there are no rows.
static void add_range(struct buf *b, const struct place *p)
{
    char first[8], last[8];

    if (p->rows[0] < 1) {
        return;
    }
    if (p->cols[0] < 1) {
        buf_addf(b, "%d:%d", (int)p->rows[0], (int)p->rows[1]);
        return;
    }
    column_name(p->cols[0], first);
    column_name(p->cols[1], last);
    buf_addf(b, "%s%d", first, (int)p->rows[0]);
    if (!pair_equal(p->rows, (const int32_t[2]){ p->rows[0], p->rows[0] }) ||
        p->cols[0] != p->cols[1]) {
        buf_addf(b, ":%s%d", last, (int)p->rows[1]);
    }
}

static void put_pair(struct json_out *j, const char *key, const int32_t pair[2])
{
    json_key_array(j, key);
    json_int(j, pair[0]);
    json_int(j, pair[1]);
    json_end(j);
}

// Rounded, so that a float's noise does not travel: a fraction of a page to a fifth of a millimetre, times to the millisecond.
static void put_rounded(struct json_out *j, double value, double steps)
{
    json_double(j, isfinite(value) ? round(value * steps) / steps : 0);
}

static void put_box(struct json_out *j, const float box[4])
{
    json_key_array(j, "box");
    for (int i = 0; i < 4; i++) {
        put_rounded(j, box[i], 1e5);
    }
    json_end(j);
}

static void put_name(struct json_out *j, const char *key, struct slice text)
{
    if (text.len) {
        json_key_string(j, key, text);
    }
}

void place_put_json(struct json_out *j, const struct place *p)
{
    if (p->kind == PLACE_NONE || p->kind >= PLACE_KINDS) {
        json_none(j);
        return;
    }
    json_begin_object(j);
    switch (p->kind) {
    case PLACE_PAGE:
        json_key_int(j, "page", p->number);
        break;
    case PLACE_SLIDE:
        json_key_int(j, "slide", p->number);
        put_name(j, "part", p->name);
        break;
    case PLACE_SHEET:
        json_key_string(j, "sheet", p->name);
        if (p->rows[0] > 0) {
            AUTO_BUF range = BUF_INIT(RANGE_TEXT_MAX);
            add_range(&range, p);
            json_key_string(j, "range", buf_slice(&range));
        }
        break;
    case PLACE_ROWS:
        put_pair(j, "rows", p->rows);
        if (p->cols[0] > 0) {
            put_pair(j, "cols", p->cols);
        }
        break;
    case PLACE_LINES:
        put_pair(j, "lines", p->rows);
        break;
    case PLACE_PART:
        json_key_string(j, "part", p->name.len ? p->name : SLICE_LIT("document"));
        break;
    case PLACE_TIME:
        json_key_array(j, "time");
        put_rounded(j, p->seconds[0], 1e3);
        put_rounded(j, p->seconds[1], 1e3);
        json_end(j);
        break;
    case PLACE_IMAGE:
        if (p->number > 0) {
            json_key_int(j, "frame", p->number);
        }
        if (!p->has_box) {
            put_box(j, (const float[4]){ 0, 0, 1, 1 });
        }
        break;
    case PLACE_NONE:
    case PLACE_KINDS:
        break;
    }
    if (p->has_box) {
        put_box(j, p->box);
    }
    put_name(j, "section", p->section);
    json_end(j);
}

void place_add_json(struct buf *b, const struct place *p)
{
    struct json_out j;
    json_begin(&j, b);
    place_put_json(&j, p);
}

static void add_span_words(struct buf *b, const char *one, const int32_t span[2])
{
    if (span[0] == span[1]) {
        buf_addf(b, "%s %d", one, (int)span[0]);
    } else {
        buf_addf(b, "%ss %d–%d", one, (int)span[0], (int)span[1]);
    }
}

void place_add_words(struct buf *b, const struct place *p)
{
    int64_t s = 0;

    switch (p->kind) {
    case PLACE_PAGE:
        buf_addf(b, "page %d", (int)p->number);
        break;
    case PLACE_SLIDE:
        buf_addf(b, "slide %d", (int)p->number);
        if (p->name.len) {
            buf_add_str(b, ", ");
            buf_add_slice(b, p->name);
        }
        break;
    case PLACE_SHEET:
        buf_add_slice(b, p->name);
        if (p->rows[0] > 0) {
            buf_add_char(b, '!');
            add_range(b, p);
        }
        break;
    case PLACE_ROWS:
        add_span_words(b, "row", p->rows);
        break;
    case PLACE_LINES:
        add_span_words(b, "line", p->rows);
        break;
    case PLACE_PART:
        if (p->section.len && (p->name.len == 0 || slice_is(p->name, "document"))) {
            buf_add_str(b, "section ");
            buf_add_slice(b, p->section);
        } else {
            buf_add_slice(b, p->name.len ? p->name : SLICE_LIT("document"));
        }
        break;
    case PLACE_TIME:
        s = p->seconds[0] > 0 && p->seconds[0] < 1e9 ? (int64_t)p->seconds[0] : 0;
        if (s >= 3600) {
            buf_addf(b, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
        } else {
            buf_addf(b, "%d:%02d", (int)(s / 60), (int)(s % 60));
        }
        break;
    case PLACE_IMAGE:
        if (p->number > 0) {
            buf_addf(b, "frame %d", (int)p->number);
        } else {
            buf_add_str(b, "picture");
        }
        break;
    case PLACE_NONE:
    case PLACE_KINDS:
        buf_add_str(b, "document");
        break;
    }
}
