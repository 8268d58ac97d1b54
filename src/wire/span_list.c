// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements span_list.h.
#include "wire/span_list.h"

#include <math.h>

static int64_t cut(int64_t n)
{
    return n < 0 ? 0 : n > SPAN_MAX ? SPAN_MAX : n;
}

void span_add(struct buf *list, int64_t start, int64_t length)
{
    buf_addf(
        list, "%s%lld+%lld", list->len ? " " : "", (long long)cut(start), (long long)cut(length));
}

static bool take_number(struct slice *s, int64_t *ret)
{
    size_t n = 0;

    while (n < s->len && n < 8 && s->data[n] >= '0' && s->data[n] <= '9') {
        n++;
    }
    if (n == 0 || !slice_to_i64(slice_make(s->data, n), ret) || *ret > SPAN_MAX) {
        return false;
    }
    *s = slice_from(*s, n);
    return true;
}

bool span_next(struct slice *list, int64_t *ret_start, int64_t *ret_length)
{
    struct slice s = *list;

    if (!take_number(&s, ret_start) || s.len == 0 || s.data[0] != '+') {
        return false;
    }
    s = slice_from(s, 1);
    if (!take_number(&s, ret_length) || (s.len && s.data[0] != ' ')) {
        return false;
    }
    *list = s.len ? slice_from(s, 1) : s;
    return true;
}

bool span_list_fits(struct slice list, size_t count)
{
    int64_t start = 0, length = 0;
    size_t found = 0;

    if (list.len == 0) {
        return true;
    }
    if (list.data[list.len - 1] == ' ') {
        return false;
    }
    for (; list.len; found++) {
        if (!span_next(&list, &start, &length)) {
            return false;
        }
    }
    return found == count;
}

static int64_t units(double share)
{
    return isfinite(share) ? lround(fmin(fmax(share, 0), 1) * ROW_UNITS) : 0;
}

void row_add(struct buf *rows, double top, double bottom)
{
    int64_t from = units(top), to = units(bottom);
    span_add(rows, from, to - from);
}

bool rows_fit(struct slice rows, struct slice text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    return span_list_fits(rows, lines);
}

bool row_at(struct slice rows, size_t line, float *ret_top, float *ret_bottom)
{
    int64_t start = 0, length = 0;

    for (size_t i = 0; i <= line; i++) {
        if (!span_next(&rows, &start, &length)) {
            return false;
        }
    }
    *ret_top = (float)start / ROW_UNITS;
    *ret_bottom = (float)(start + length) / ROW_UNITS;
    return length > 0;
}
