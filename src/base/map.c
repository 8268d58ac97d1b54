// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements map.h. Linear probing with backward-shift deletion; grown at three quarters. The hash is seeded per process,
// so that input can't be prepared to collide.
#include "base/map.h"
#include "base/error.h"
#include "base/id.h"

#include <pthread.h>
#include <stdlib.h>

enum { FIRST_CAP = 16 };

static uint64_t process_seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
    random_bytes(&process_seed, sizeof(process_seed));
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t h = seed ^ 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * 0x100000001b3u;
        h ^= h >> 29;
    }
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

void map_init(struct map *m, size_t max_count)
{
    pthread_once(&seed_once, make_seed);
    *m = (struct map){ .max = max_count };
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        free(m->entries[i].key);
    }
    free(m->entries);
    *m = (struct map){ .max = m->max };
}

static size_t place_of(const struct map *m, struct slice key, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    while (m->entries[i].key &&
           !(m->entries[i].hash == hash &&
               slice_equal(slice_make(m->entries[i].key, m->entries[i].key_len), key))) {
        i = (i + 1) & (m->cap - 1);
    }
    return i;
}

void *map_find(const struct map *m, struct slice key)
{
    if (!m->cap) {
        return NULL;
    }
    struct map_entry *e =
        &m->entries[place_of(m, key, hash_bytes(key.data, key.len, process_seed))];
    return e->key ? e->value : NULL;
}

static int grow(struct map *m)
{
    struct map bigger = {
        .cap = m->cap ? m->cap * 2 : FIRST_CAP, .max = m->max, .count = m->count
    };

    bigger.entries = calloc(bigger.cap, sizeof(*bigger.entries));
    if (!bigger.entries) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < m->cap; i++) {
        struct map_entry *e = &m->entries[i];
        if (e->key) {
            bigger.entries[place_of(&bigger, slice_make(e->key, e->key_len), e->hash)] = *e;
        }
    }
    free(m->entries);
    *m = bigger;
    return 0;
}

int map_put(struct map *m, struct slice key, void *value)
{
    uint64_t hash = hash_bytes(key.data, key.len, process_seed);

    if ((m->count + 1) * 4 > m->cap * 3) {
        int rc = grow(m);
        if (rc < 0) {
            return rc;
        }
    }
    struct map_entry *e = &m->entries[place_of(m, key, hash)];
    if (e->key) {
        e->value = value;
        return 0;
    }
    if (m->count >= m->max) {
        return ERR_LIMIT;
    }
    char *copy = malloc(key.len + 1);
    if (!copy) {
        return ERR_MEMORY;
    }
    if (key.len) {
        memcpy(copy, key.data, key.len);
    }
    copy[key.len] = '\0';
    *e = (struct map_entry){ .key = copy, .key_len = key.len, .hash = hash, .value = value };
    m->count++;
    return 0;
}

void *map_remove(struct map *m, struct slice key)
{
    if (!m->cap) {
        return NULL;
    }
    size_t hole = place_of(m, key, hash_bytes(key.data, key.len, process_seed));
    if (!m->entries[hole].key) {
        return NULL;
    }
    void *value = m->entries[hole].value;
    free(m->entries[hole].key);
    for (size_t i = (hole + 1) & (m->cap - 1); m->entries[i].key; i = (i + 1) & (m->cap - 1)) {
        size_t home = m->entries[i].hash & (m->cap - 1);
        if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
            m->entries[hole] = m->entries[i];
            hole = i;
        }
    }
    m->entries[hole] = (struct map_entry){ 0 };
    m->count--;
    return value;
}

struct map_entry *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        struct map_entry *e = &m->entries[(*at)++];
        if (e->key) {
            return e;
        }
    }
    return NULL;
}
