// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements condition.h.
//
//   Range         = "bytes=" ( first "-" [ last ] / "-" suffix-length )      ; exactly one, else the whole is sent
//   If-None-Match = "*" / #( [ "W/" ] DQUOTE *etagc DQUOTE )
#include "http/condition.h"

enum range_kind range_parse(
    struct slice value, int64_t size, int64_t *ret_first, int64_t *ret_length)
{
    int64_t first = 0, last = size - 1;

    value = slice_trim(value);
    if (value.len < 7 || !slice_equal_nocase(slice_make(value.data, 6), SLICE_LIT("bytes="))) {
        return RANGE_WHOLE;
    }
    value = slice_trim(slice_from(value, 6));
    size_t commas = 0;
    for (size_t i = 0; i < value.len; i++) {
        commas += value.data[i] == ',';
    }
    if (commas >= RANGES_MAX) {
        return RANGE_MANY;
    }
    const char *dash = memchr(value.data, '-', value.len);
    if (!dash || commas > 0) {
        return RANGE_WHOLE;
    }
    struct slice before = slice_trim(slice_make(value.data, (size_t)(dash - value.data)));
    struct slice after = slice_trim(slice_from(value, (size_t)(dash - value.data) + 1));
    if (before.len == 0) {
        int64_t suffix = 0;
        if (!slice_to_i64(after, &suffix) || suffix < 0) {
            return RANGE_WHOLE;
        }
        if (suffix == 0 || size == 0) {
            return RANGE_BAD;
        }
        first = suffix >= size ? 0 : size - suffix;
    } else {
        int64_t end = 0;
        if (!slice_to_i64(before, &first) ||
            (after.len > 0 && (!slice_to_i64(after, &end) || end < first))) {
            return RANGE_WHOLE;
        }
        if (first >= size) {
            return RANGE_BAD;
        }
        if (after.len > 0 && end < last) {
            last = end;
        }
    }
    *ret_first = first;
    *ret_length = last - first + 1;
    return RANGE_PART;
}

static struct slice opaque(struct slice tag)
{
    return slice_starts(tag, "W/") ? slice_from(tag, 2) : tag;
}

bool etag_listed(struct slice value, const char *etag)
{
    struct slice rest = slice_trim(value), mine = opaque(slice_of(etag));

    if (slice_is(rest, "*")) {
        return true;
    }
    while (rest.len > 0) { // each turn takes a byte at least
        size_t at = slice_starts(rest, "W/") ? 2 : 0;
        if (at < rest.len && rest.data[at] == '"') {
            const char *end = memchr(rest.data + at + 1, '"', rest.len - at - 1);
            if (!end) {
                return false;
            }
            size_t len = (size_t)(end - rest.data) + 1;
            if (slice_equal(slice_make(rest.data + at, len - at), mine)) {
                return true;
            }
            rest = slice_from(rest, len);
        } else {
            rest = slice_from(rest, 1); // comma or white space
        }
    }
    return false;
}

bool etag_same(struct slice value, const char *etag)
{
    value = slice_trim(value);
    return !slice_starts(value, "W/") && slice_is(value, etag) && etag[0] == '"';
}
