// SPDX-License-Identifier: AGPL-3.0-or-later
// A slice lends bytes with a length; it never owns them, and they need not end in NUL.
#ifndef LARDER_BASE_SLICE_H
#define LARDER_BASE_SLICE_H

#include "base/base.h"

#include <string.h>

struct slice {
    const char *data; // may be NULL when len is 0
    size_t len;
};

#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)(s).len, (s).data ? (s).data : ""
#define SLICE_LIT(text) ((struct slice){ (text), sizeof(text) - 1 })

static inline struct slice slice_of(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}
static inline struct slice slice_make(const char *data, size_t len)
{
    return (struct slice){ data, len };
}
static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_of(text));
}
// From byte `from` (at most len) to the end.
static inline struct slice slice_from(struct slice s, size_t from)
{
    if (from > s.len) {
        from = s.len;
    }
    return (struct slice){ s.data ? s.data + from : NULL, s.len - from };
}
static inline bool slice_starts(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && memcmp(s.data, prefix, n) == 0;
}
static inline bool slice_ends(struct slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len >= n && memcmp(s.data + s.len - n, suffix, n) == 0;
}
bool slice_equal_nocase(struct slice a, struct slice b); // ASCII only
struct slice slice_trim(struct slice s); // ASCII white space off both ends
// Cuts the next piece up to `separator` off the front of *rest; false when nothing is left.
bool slice_cut(struct slice *rest, char separator, struct slice *ret_piece);
// Is it one of these words, which have a space between them? What is empty is none.
bool slice_among(struct slice s, const char *words);
// Decimal digits only, all of the slice; false on anything else or on overflow.
bool slice_to_i64(struct slice s, int64_t *ret_value);
bool slice_to_double(struct slice s, double *ret_value); // the C locale's point, all of the slice
const char *slice_find(struct slice s, struct slice what); // first byte of the match, or NULL

#endif
