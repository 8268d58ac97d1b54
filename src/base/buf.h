// SPDX-License-Identifier: AGPL-3.0-or-later
// A growing byte buffer with a mandatory maximum. Appending past the maximum, or past memory, sets `failed` and drops
// the bytes; the owner asks once at the end (buf_ok) instead of after every append. Always NUL-terminated after data.
#ifndef LARDER_BASE_BUF_H
#define LARDER_BASE_BUF_H

#include "base/base.h"
#include "base/slice.h"

#include <stdarg.h>

struct buf {
    char *data; // NULL while empty
    size_t len;
    size_t cap;
    size_t max; // bytes; set by buf_init, never 0
    bool failed;
};

#define BUF_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }
#define AUTO_BUF CLEANUP(buf_done) struct buf

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b); // frees, what is small wiped first; safe on a zeroed one and twice
void buf_reset(struct buf *b); // empty again, memory kept, failed cleared
static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}
static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->data, b->len };
}
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
// Percent-encoded for a URL (RFC 3986): every byte but letters, digits and -._~.
void buf_add_percent(struct buf *b, const char *text);
// Room for `len` more bytes; NULL (and failed) if that passes the maximum. Then buf_grew() says how many were used.
char *buf_reserve(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);
void buf_consume(struct buf *b, size_t len); // drops bytes from the front
// The text as a heap string that the caller frees; the buffer is empty afterwards. "" when it was empty.
char *buf_take(struct buf *b);

#endif
