// SPDX-License-Identifier: AGPL-3.0-or-later
// How many chunks of a partition hold a word: counting means reading the word's rows, so what was counted is kept until the
// partition has changed by more than a hundredth. Words that occur nowhere are not kept, so that a new one is known at once.
// Any thread, mutex of the cache.
#include "base/map.h"
#include "store/sqlite/backend.h"

#include <stdlib.h>

enum { ENTRIES_MAX = 50000, KEEP_LEAST = 500, CHANGE_SHARE = 100 };

struct entry {
    int64_t count, last_order;
};
struct term_cache {
    pthread_mutex_t mutex;
    struct map map;
};

void term_cache_open(struct store *s)
{
    s->terms = xalloc(sizeof(*s->terms));
    pthread_mutex_init(&s->terms->mutex, NULL);
    map_init(&s->terms->map, ENTRIES_MAX);
}

static void clear(struct term_cache *c)
{
    struct map_entry *e = NULL;

    for (size_t at = 0; (e = map_next(&c->map, &at)) != NULL;) {
        free(e->value);
    }
    map_done(&c->map);
    map_init(&c->map, ENTRIES_MAX);
}

void term_cache_close(struct store *s)
{
    if (s->terms) {
        clear(s->terms);
        map_done(&s->terms->map);
        pthread_mutex_destroy(&s->terms->mutex);
        free(s->terms);
        s->terms = NULL;
    }
}

static void make_key(struct buf *b, const struct partition_stats *p, struct slice term)
{
    buf_addf(b, "%lld ", (long long)p->key);
    buf_add_slice(b, term);
}

bool term_cache_find(
    struct store *s, const struct partition_stats *p, struct slice term, int64_t *ret)
{
    AUTO_BUF key = BUF_INIT(64 + term.len);
    bool found = false;

    make_key(&key, p, term);
    pthread_mutex_lock(&s->terms->mutex);
    struct entry *e = map_find(&s->terms->map, buf_slice(&key));
    if (e && p->last_order - e->last_order <= e->last_order / CHANGE_SHARE) {
        *ret = e->count;
        found = true;
    }
    pthread_mutex_unlock(&s->terms->mutex);
    return found;
}

void term_cache_put(
    struct store *s, const struct partition_stats *p, struct slice term, int64_t count)
{
    AUTO_BUF key = BUF_INIT(64 + term.len);

    if (count < KEEP_LEAST || p->key == 0) {
        return; // counted again in no time
    }
    make_key(&key, p, term);
    pthread_mutex_lock(&s->terms->mutex);
    struct entry *e = map_find(&s->terms->map, buf_slice(&key));
    if (!e) {
        if (s->terms->map.count >= ENTRIES_MAX) {
            clear(s->terms);
        }
        e = xalloc(sizeof(*e));
        if (map_put(&s->terms->map, buf_slice(&key), e) != 0) {
            free(e);
            e = NULL;
        }
    }
    if (e) {
        *e = (struct entry){ .count = count, .last_order = p->last_order };
    }
    pthread_mutex_unlock(&s->terms->mutex);
}
