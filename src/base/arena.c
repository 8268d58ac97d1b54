// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements arena.h: a list of blocks, the newest being filled; a request over half a block gets its own.
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024, ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t len;
    _Alignas(ALIGN) char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){ .max = max };
}

void arena_done(struct arena *a)
{
    struct arena_block *b = a->blocks;
    while (b) {
        struct arena_block *next = b->next;
        if (b->cap <= BLOCK_BYTES) { // a request's: it may have held a key or a cookie
            explicit_bzero(b->data, b->len);
        }
        free(b);
        b = next;
    }
    a->blocks = NULL;
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t need = 0, total = 0;

    if (size_add(size, ALIGN - 1, &need)) {
        return NULL;
    }
    need &= ~(size_t)(ALIGN - 1);
    if (size_add(a->used, need, &total) || total > a->max) {
        return NULL;
    }
    struct arena_block *b = a->blocks;
    if (!b || b->cap - b->len < need) {
        bool own = need > BLOCK_BYTES / 2;
        size_t cap = own ? need : BLOCK_BYTES;
        struct arena_block *fresh = malloc(sizeof(*fresh) + cap);
        if (!fresh) {
            return NULL;
        }
        fresh->cap = cap;
        fresh->len = 0;
        if (own && b) { // keep filling the current block
            fresh->next = b->next;
            b->next = fresh;
        } else {
            fresh->next = b;
            a->blocks = fresh;
        }
        b = fresh;
    }
    void *p = b->data + b->len;
    b->len += need;
    a->used = total;
    return memset(p, 0, need); // only what is handed out, not the block
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes = 0;
    return size_mul(count, size, &bytes) ? NULL : arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
    size_t need = 0;
    char *copy = size_add(len, 1, &need) ? NULL : arena_alloc(a, need);
    if (copy && len) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (text) {
        vsnprintf(text, (size_t)n + 1, fmt, args);
    }
    va_end(args);
    return text;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
    char *copy = arena_strndup(a, s.data, s.len);
    return copy ? slice_make(copy, s.len) : slice_make(NULL, 0);
}
