// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements buf.h. A buffer belongs to one thread at a time.
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_CAP = 64, BUF_WIPED = 8 * 1024 };

// Any buffer may have held a key, a cookie or a token, so that small ones don't stay readable in freed memory. Larger ones
// hold documents; who puts a secret into one wipes it.
static void give_back(char *data, size_t cap)
{
    if (data && cap <= BUF_WIPED) {
        explicit_bzero(data, cap);
    }
    free(data);
}

static char *grow(struct buf *b, size_t cap)
{
    if (b->cap > BUF_WIPED) {
        return realloc(b->data, cap);
    }
    char *data = malloc(cap);
    if (data && b->data) {
        memcpy(data, b->data, b->len + 1);
        give_back(b->data, b->cap);
    }
    return data;
}

void buf_init(struct buf *b, size_t max)
{
    BUG_ON(max == 0);
    *b = (struct buf){ .max = max };
}

void buf_done(struct buf *b)
{
    give_back(b->data, b->cap);
    b->data = NULL;
    b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data) {
        b->data[0] = '\0';
    }
}

char *buf_reserve(struct buf *b, size_t len)
{
    size_t need = 0;

    BUG_ON(b->max == 0);
    if (b->failed || size_add(b->len, len, &need) || need > b->max) {
        b->failed = true;
        return NULL;
    }
    if (need + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
        while (cap < need + 1) {
            cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
        }
        char *data = grow(b, cap);
        if (!data) {
            b->failed = true;
            return NULL;
        }
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
    BUG_ON(b->cap == 0 || len > b->cap - 1 - b->len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    char *to = buf_reserve(b, len);
    if (to) {
        memcpy(to, data, len);
        buf_grew(b, len);
    }
}

void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.data, s.len);
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_percent(struct buf *b, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || strchr("-._~", *c);
        if (plain) {
            buf_add_char(b, (char)*c);
        } else {
            buf_add(b, (char[]){ '%', digits[*c >> 4], digits[*c & 15] }, 3);
        }
    }
}

void buf_vaddf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n <= 0) {
        b->failed = b->failed || n < 0;
        return;
    }
    char *to = buf_reserve(b, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, fmt, args);
        buf_grew(b, (size_t)n);
    }
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    buf_vaddf(b, fmt, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t len)
{
    BUG_ON(len > b->len);
    if (len) {
        memmove(b->data, b->data + len, b->len - len);
        b->len -= len;
        b->data[b->len] = '\0';
    }
}

char *buf_take(struct buf *b)
{
    char *data = b->data ? b->data : xalloc(1);
    size_t max = b->max;

    *b = (struct buf){ .max = max };
    return data;
}
