// SPDX-License-Identifier: AGPL-3.0-or-later
// A hash map from byte strings to pointers, open addressing, keys copied. For small tables of our own and for caches of
// names; it has a maximum count like everything that input can fill. One thread at a time.
#ifndef LARDER_BASE_MAP_H
#define LARDER_BASE_MAP_H

#include "base/slice.h"

struct map_entry {
    char *key; // NULL: free place
    size_t key_len;
    uint64_t hash;
    void *value;
};
struct map {
    struct map_entry *entries;
    size_t cap; // a power of two, or 0
    size_t count;
    size_t max;
};

void map_init(struct map *m, size_t max_count);
void map_done(struct map *m); // frees keys, not values
void *map_find(const struct map *m, struct slice key);
// Replaces a value that is there. 0, or ERR_LIMIT when the map is full, ERR_MEMORY.
int map_put(struct map *m, struct slice key, void *value);
void *map_remove(struct map *m, struct slice key); // the value that was there, or NULL
// Walks all: start with *at = 0; NULL at the end. No put or remove while walking.
struct map_entry *map_next(const struct map *m, size_t *at);
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed); // not for security: see map.c

#endif
