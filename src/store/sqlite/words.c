// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of words that typing errors are looked for in: stems of the index that begin with a letter from a to z and have
// no digit. It grows in the transaction that indexes a passage; what has no rows in the index any more goes with the sweep,
// until then who asks must count.
//
// Most words of a passage are in the list already. A table of hashes remembers those that were found there, so that they
// cost no query; one place a hash, the newer word takes it. It is emptied when a transaction or a part of one is taken
// back. Writer thread only, but for the flag.
#include "store/sqlite/backend.h"

#include "base/map.h"
#include "text/words.h"

#include <stdlib.h>

enum { KNOWN = 1 << 16, A_STEP = 1000, STEPS_MAX = 100000 };

struct word_list {
    uint64_t known[KNOWN]; // of words as they stand in a text, folded
    atomic_bool removed; // passages went since the last sweep
};

void words_open(struct store *s)
{
    s->words = xalloc(sizeof(*s->words));
}

void words_close(struct store *s)
{
    free(s->words);
    s->words = NULL;
}

void words_forget(struct store *s)
{
    memset(s->words->known, 0, sizeof(s->words->known));
}

void words_removed(struct store *s)
{
    atomic_store(&s->words->removed, true);
}

static bool is_listed(const char *word)
{
    return word[0] >= 'a' && word[0] <= 'z' && !strpbrk(word, "0123456789");
}

static int add(
    struct write *w, struct word *word, uint64_t *place, uint64_t hash, struct error *err)
{
    word_stem(word->folded);
    struct query q = query_start(w->db, "INSERT INTO words VALUES (?) ON CONFLICT DO NOTHING");
    query_slice(&q, slice_of(word->folded));
    int rc = query_run(&q, err);
    if (rc == 0 && sqlite3_changes64(w->db->handle) == 0) {
        *place = hash;
    }
    return rc;
}

int words_add(struct write *w, struct slice text, int64_t *ret_count, struct error *err)
{
    struct word word;
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && word_next(text, &at, &word)) {
        uint64_t hash = hash_bytes(word.folded, strlen(word.folded), 0);
        uint64_t *place = &w->store->words->known[hash % KNOWN];
        ++*ret_count;
        if (*place != hash && is_listed(word.folded)) {
            rc = add(w, &word, place, hash, err);
        }
    }
    return rc;
}

// ---- reading

struct word_range {
    struct slice from, to;
    size_t limit;
    store_word_fn fn;
    void *ctx;
};

static int list_words(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct word_range *l = ctx;
    struct query q = query_start(db, "SELECT word FROM words WHERE word >= ? AND word < ? LIMIT ?");
    (void)s;

    query_slice(&q, l->from);
    query_slice(&q, l->to);
    query_int(&q, (int64_t)l->limit);
    while (query_step(&q)) {
        l->fn(l->ctx, row_slice(&q));
    }
    return query_end(&q, err);
}

int store_words_like(struct store *s, struct slice from, struct slice to, size_t limit,
    store_word_fn fn, void *ctx, struct error *err)
{
    struct word_range l = { .from = from, .to = to, .limit = limit, .fn = fn, .ctx = ctx };
    return store_read(s, "words_like", list_words, &l, err);
}

// ---- sweeping: steps of words in their order; who has no row in the index is looked at again by the writer

struct sweep {
    char at[WORD_MAX]; // the last word of the step before
    struct slice gone[A_STEP];
    size_t gone_count, seen;
    struct arena arena;
};

static int find_gone(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct sweep *w = ctx;
    struct query q = query_start(db,
        "SELECT word, EXISTS (SELECT 1 FROM chunk_words WHERE term = word) FROM words "
        "WHERE word > ? ORDER BY word LIMIT ?");
    struct slice last = { NULL, 0 };
    (void)s;

    query_slice(&q, slice_of(w->at));
    query_int(&q, A_STEP);
    for (w->seen = w->gone_count = 0; query_step(&q); w->seen++) {
        struct slice word = last = row_copy(&q, &w->arena);
        if (row_int(&q) == 0 && word.data) {
            w->gone[w->gone_count++] = word;
        }
    }
    if (last.data && last.len < WORD_MAX) {
        memcpy(w->at, last.data, last.len);
        w->at[last.len] = '\0';
    }
    return query_end(&q, err);
}

static int remove_gone(struct write *w, void *ctx, struct error *err)
{
    const struct sweep *sweep = ctx;
    int rc = 0;

    words_forget(w->store);
    for (size_t i = 0; rc == 0 && i < sweep->gone_count; i++) {
        struct query q = query_start(w->db, "DELETE FROM words WHERE word = ?1 AND NOT EXISTS "
                                            "(SELECT 1 FROM chunk_words WHERE term = ?1)");
        query_slice(&q, sweep->gone[i]);
        rc = query_run(&q, err);
    }
    return rc;
}

int words_sweep(struct store *s, struct error *err)
{
    struct sweep *sweep = NULL;
    int rc = 0;

    if (!atomic_exchange(&s->words->removed, false)) {
        return 0;
    }
    sweep = xalloc(sizeof(*sweep));
    for (int i = 0; rc == 0 && i < STEPS_MAX && (i == 0 || sweep->seen == A_STEP); i++) {
        arena_init(&sweep->arena, 1 << 20);
        rc = store_read(s, "words_gone", find_gone, sweep, err);
        if (rc == 0 && sweep->gone_count) {
            rc = store_write(s, "words_remove", remove_gone, sweep, err);
        }
        arena_done(&sweep->arena);
    }
    free(sweep);
    return rc;
}
