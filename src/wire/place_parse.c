// SPDX-License-Identifier: AGPL-3.0-or-later
// Places read back from JSON. Which key says which kind, in this order:
//   page → PAGE · slide → SLIDE · sheet → SHEET · rows → ROWS · lines → LINES · part → PART · time → TIME ·
//   box or frame → IMAGE · null → NONE.
// Any thread.
#include "wire/place.h"

#include "base/error.h"

#include <jansson.h>

enum {
    COLUMN_MAX = 16384, // XFD, the last one of a spreadsheet
    PLACE_JSON_MAX = 64 << 10, // names and headings are bounded long before
};

static bool read_number(const json_t *v, int32_t least, int32_t *ret)
{
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > INT32_MAX) {
        return false;
    }
    *ret = (int32_t)json_integer_value(v);
    return true;
}

static bool read_pair(const json_t *v, int32_t ret_pair[2])
{
    return json_is_array(v) && json_array_size(v) == 2 &&
           read_number(json_array_get(v, 0), 1, &ret_pair[0]) &&
           read_number(json_array_get(v, 1), ret_pair[0], &ret_pair[1]);
}

static bool read_box(const json_t *v, struct place *p)
{
    if (!json_is_array(v) || json_array_size(v) != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        const json_t *n = json_array_get(v, i);
        if (!json_is_number(n) || !(json_number_value(n) >= 0 && json_number_value(n) <= 1)) {
            return false;
        }
        p->box[i] = (float)json_number_value(n);
    }
    p->has_box = true;
    return p->box[0] <= p->box[2] && p->box[1] <= p->box[3];
}

static bool read_time(const json_t *v, double ret_seconds[2])
{
    if (!json_is_array(v) || json_array_size(v) != 2 || !json_is_number(json_array_get(v, 0)) ||
        !json_is_number(json_array_get(v, 1))) {
        return false;
    }
    ret_seconds[0] = json_number_value(json_array_get(v, 0));
    ret_seconds[1] = json_number_value(json_array_get(v, 1));
    return ret_seconds[0] >= 0 && ret_seconds[1] >= ret_seconds[0];
}

static bool read_text(const json_t *v, struct arena *a, struct slice *ret)
{
    if (!v) {
        return true;
    }
    if (!json_is_string(v)) {
        return false;
    }
    struct slice text = { json_string_value(v), json_string_length(v) };
    *ret = arena_slice(a, text);
    return ret->len == text.len;
}

// One corner: letters, if any, then digits.
static bool read_corner(struct slice text, int32_t *ret_column, int32_t *ret_row)
{
    int32_t column = 0;
    int64_t row = 0;
    size_t at = 0;

    while (at < text.len && text.data[at] >= 'A' && text.data[at] <= 'Z' && column <= COLUMN_MAX) {
        column = column * 26 + (text.data[at++] - 'A' + 1);
    }
    if (column > COLUMN_MAX || !slice_to_i64(slice_from(text, at), &row) || row < 1 ||
        row > INT32_MAX) {
        return false;
    }
    *ret_column = column;
    *ret_row = (int32_t)row;
    return true;
}

static bool read_range(const json_t *v, struct place *p)
{
    struct slice rest, first, last;

    if (!v) {
        return true;
    }
    if (!json_is_string(v)) {
        return false;
    }
    rest = (struct slice){ json_string_value(v), json_string_length(v) };
    if (!slice_cut(&rest, ':', &first) || !read_corner(first, &p->cols[0], &p->rows[0])) {
        return false;
    }
    last = rest.len ? rest : first;
    return read_corner(last, &p->cols[1], &p->rows[1]) && p->rows[1] >= p->rows[0] &&
           p->cols[1] >= p->cols[0] && (p->cols[0] > 0) == (p->cols[1] > 0);
}

static bool read_place(const json_t *o, struct arena *a, struct place *p)
{
    const json_t *v = NULL;
    const json_t *box = json_object_get(o, "box");

    if ((box && !read_box(box, p)) || !read_text(json_object_get(o, "section"), a, &p->section)) {
        return false;
    }
    if ((v = json_object_get(o, "page"))) {
        p->kind = PLACE_PAGE;
        return read_number(v, 1, &p->number);
    }
    if ((v = json_object_get(o, "slide"))) {
        p->kind = PLACE_SLIDE;
        return read_number(v, 1, &p->number) && read_text(json_object_get(o, "part"), a, &p->name);
    }
    if ((v = json_object_get(o, "sheet"))) {
        p->kind = PLACE_SHEET;
        return read_text(v, a, &p->name) && read_range(json_object_get(o, "range"), p);
    }
    if ((v = json_object_get(o, "rows"))) {
        const json_t *cols = json_object_get(o, "cols");
        p->kind = PLACE_ROWS;
        return read_pair(v, p->rows) && (!cols || read_pair(cols, p->cols));
    }
    if ((v = json_object_get(o, "lines"))) {
        p->kind = PLACE_LINES;
        return read_pair(v, p->rows);
    }
    if ((v = json_object_get(o, "part"))) {
        p->kind = PLACE_PART;
        return read_text(v, a, &p->name);
    }
    if ((v = json_object_get(o, "time"))) {
        p->kind = PLACE_TIME;
        return read_time(v, p->seconds);
    }
    p->kind = PLACE_IMAGE;
    v = json_object_get(o, "frame");
    return (v || box) && (!v || read_number(v, 1, &p->number));
}

int place_parse_json(struct slice json, struct arena *a, struct place *ret_place)
{
    struct place p = { .kind = PLACE_NONE };
    bool ok = false;

    if (json.len == 0 || json.len > PLACE_JSON_MAX) {
        return ERR_INVALID;
    }
    json_t *o = json_loadb(json.data, json.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (json_is_null(o)) {
        ok = true;
    } else if (json_is_object(o)) {
        ok = read_place(o, a, &p);
    }
    json_decref(o);
    if (!ok) {
        return ERR_INVALID;
    }
    *ret_place = p;
    return 0;
}
