// SPDX-License-Identifier: AGPL-3.0-or-later
// An arena hands out memory that lives exactly as long as one request, job or parse, and is thrown away whole.
// It has a maximum; past it (or past memory) arena_alloc gives NULL and the caller returns ERR_MEMORY or ERR_LIMIT.
// One thread at a time.
#ifndef LARDER_BASE_ARENA_H
#define LARDER_BASE_ARENA_H

#include "base/base.h"
#include "base/slice.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; // newest first
    size_t used; // bytes handed out
    size_t max;
};

#define AUTO_ARENA CLEANUP(arena_done) struct arena

void arena_init(struct arena *a, size_t max);
void arena_done(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); // zeroed, aligned to 16
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strndup(struct arena *a, const char *text, size_t len); // NUL-terminated
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct slice arena_slice(struct arena *a, struct slice s); // a copy; {NULL,0} when it does not fit

#endif
