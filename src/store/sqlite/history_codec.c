// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements history_codec.h.
#include "store/sqlite/history_codec.h"

#include <math.h>

enum { RUN_LITERAL_MAX = 128, RUN_EQUAL_MAX = 129, RUN_EQUAL_BASE = 126 };

static bool same(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static size_t equal_run(const float *v, size_t left)
{
    size_t n = 1;

    while (n < left && n < RUN_EQUAL_MAX && same(v[0], v[n])) {
        n++;
    }
    return n;
}

static void add_float(struct buf *out, float value)
{
    uint32_t bits;
    uint8_t bytes[4];

    value = isnan(value) ? NAN : value;
    memcpy(&bits, &value, sizeof(bits));
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(bits >> (8 * i));
    }
    buf_add(out, bytes, sizeof(bytes));
}

static float get_float(const char *data)
{
    const uint8_t *b = (const uint8_t *)data;
    uint32_t bits =
        (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

void column_add(struct buf *out, const float *values, size_t count)
{
    size_t i = 0;

    while (i < count) {
        size_t n = equal_run(values + i, count - i);
        if (n >= 2) {
            buf_add_char(out, (char)(n + RUN_EQUAL_BASE));
            add_float(out, values[i]);
            i += n;
            continue;
        }
        // Values as they are, up to the next two that are equal.
        n = 1;
        while (
            i + n < count && n < RUN_LITERAL_MAX && equal_run(values + i + n, count - i - n) < 2) {
            n++;
        }
        buf_add_char(out, (char)(n - 1));
        for (size_t k = 0; k < n; k++) {
            add_float(out, values[i + k]);
        }
        i += n;
    }
}

bool column_cut(struct slice *in, float *ret_values, size_t count)
{
    size_t at = 0, i = 0;

    while (i < count) {
        if (at >= in->len) {
            return false;
        }
        unsigned head = (uint8_t)in->data[at++];
        bool equal = head >= 128;
        size_t n = equal ? head - RUN_EQUAL_BASE : head + 1;
        size_t bytes = equal ? 4 : 4 * n;
        if (n > count - i || bytes > in->len - at) {
            return false;
        }
        for (size_t k = 0; k < n; k++) {
            ret_values[i++] = get_float(in->data + at + (equal ? 0 : 4 * k));
        }
        at += bytes;
    }
    *in = slice_from(*in, at);
    return true;
}

void varint_add(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_add_char(out, (char)(value | 0x80));
        value >>= 7;
    }
    buf_add_char(out, (char)value);
}

bool varint_cut(struct slice *in, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < in->len && i < 10; i++) {
        uint8_t b = (uint8_t)in->data[i];
        value |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            *in = slice_from(*in, i + 1);
            *ret = value;
            return true;
        }
    }
    return false;
}

bool series_cut(struct slice *in, uint64_t *ret_series, struct slice *ret_column)
{
    uint64_t len = 0;

    if (!varint_cut(in, ret_series) || !varint_cut(in, &len) || len > in->len) {
        return false;
    }
    *ret_column = slice_make(in->data, (size_t)len);
    *in = slice_from(*in, (size_t)len);
    return true;
}
