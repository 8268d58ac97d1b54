// SPDX-License-Identifier: AGPL-3.0-or-later
// Typing errors: a word that occurs nowhere is looked for among the index's words that begin alike, one change away (two
// for long words; exchanged neighbours are one). The first letter is taken to be right, the second or the third may be wrong.
#include "search/concepts.h"
#include "text/words.h"

#include <stdlib.h>

enum {
    SHORTEST = 4, // letters; shorter words are too near to each other
    LONG = 8, // from here on two changes
    NEAR_MAX = 4, // corrections that are tried
    LIKELY_MAX = 64, // words at one distance that are counted
    LOOKED_AT_MAX = 20000, // words of the index
    LENGTH_MAX = 40,
    ENDING_AFTER = 5, // letters of a stem behind which any short ending may stand
    ENDING_MAX = 3,
};

int typo_distance(struct slice a, struct slice b, int most)
{
    int rows[3][LENGTH_MAX + 1];

    if (a.len > LENGTH_MAX || b.len > LENGTH_MAX || a.len > b.len + (size_t)most ||
        b.len > a.len + (size_t)most) {
        return most + 1;
    }
    for (int k = 0; k <= (int)b.len; k++) {
        rows[0][k] = k;
    }
    for (int i = 1; i <= (int)a.len; i++) {
        int *row = rows[i % 3], *before = rows[(i - 1) % 3], *two = rows[(i + 1) % 3];
        int least = row[0] = i;
        for (int k = 1; k <= (int)b.len; k++) {
            bool same = a.data[i - 1] == b.data[k - 1];
            int d = before[k - 1] + !same;
            d = before[k] + 1 < d ? before[k] + 1 : d;
            d = row[k - 1] + 1 < d ? row[k - 1] + 1 : d;
            if (i > 1 && k > 1 && a.data[i - 1] == b.data[k - 2] &&
                a.data[i - 2] == b.data[k - 1]) {
                d = two[k - 2] + 1 < d ? two[k - 2] + 1 : d;
            }
            row[k] = d;
            least = d < least ? d : least;
        }
        if (least > most) {
            return most + 1;
        }
    }
    int d = rows[a.len % 3][b.len];
    return d > most ? most + 1 : d;
}

struct near {
    const char *words[LIKELY_MAX];
    size_t count;
};
struct look {
    struct slice stem, typed;
    int most;
    struct near by[3]; // number of changes
    struct arena *arena;
};

static void on_word(void *ctx, struct slice word)
{
    struct look *l = ctx;

    if (word.len >= WORD_MAX) {
        return;
    }
    int distance = typo_distance(l->stem, word, l->most);
    if (word.len >= ENDING_AFTER && l->typed.len > word.len &&
        l->typed.len - word.len <= ENDING_MAX && memcmp(l->typed.data, word.data, word.len) == 0) {
        distance = distance < 1 ? distance : 1; // an ending that is wrong: calibraet, calibr
    }
    struct near *near = &l->by[distance <= l->most ? distance : 0];
    if (distance > 0 && distance <= l->most && near->count < LIKELY_MAX) {
        near->words[near->count] = arena_strndup(l->arena, word.data, word.len);
        near->count += near->words[near->count] != NULL;
    }
}

struct counted {
    const char *word;
    int64_t chunks;
};

static int most_first(const void *x, const void *y)
{
    const struct counted *a = x, *b = y;
    return a->chunks != b->chunks ? (a->chunks < b->chunks) - (a->chunks > b->chunks)
                                  : strcmp(a->word, b->word);
}

// Adds the most frequent of the words that are so many changes away and that the partition has.
static int add_nearest(struct store *store, const struct partition_stats *p, struct look *l,
    int distance, struct concept *c, bool *ret_any, struct error *err)
{
    const struct near *near = &l->by[distance];
    struct slice words[LIKELY_MAX];
    int64_t chunks[LIKELY_MAX] = { 0 };
    struct counted counted[LIKELY_MAX];

    for (size_t i = 0; i < near->count; i++) {
        words[i] = slice_of(near->words[i]);
    }
    int rc = near->count ? store_partition_counts(store, p, words, near->count, chunks, err) : 0;
    for (size_t i = 0; i < near->count; i++) {
        counted[i] = (struct counted){ near->words[i], chunks[i] };
    }
    qsort(counted, near->count, sizeof(counted[0]), most_first);
    for (size_t i = 0; rc == 0 && i < near->count && i < NEAR_MAX && counted[i].chunks; i++) {
        concept_add(l->arena, c, counted[i].word, distance == 1 ? 0.9 : 0.7, AS_CORRECTION);
        *ret_any = true;
    }
    return rc;
}

// Among the words that begin with so many letters of the stem.
static int look_among(struct store *store, const struct partition_stats *p, struct look *l,
    size_t letters, struct concept *c, bool *ret_any, struct error *err)
{
    char from[3] = { 0 }, to[3] = { 0 };

    memcpy(from, l->stem.data, letters);
    memcpy(to, from, letters);
    to[letters - 1]++;
    l->by[1].count = l->by[2].count = 0;
    int rc = store_words_like(store, slice_of(from), slice_of(to), LOOKED_AT_MAX, on_word, l, err);
    for (int d = 1; rc == 0 && d <= l->most && !*ret_any; d++) {
        rc = add_nearest(store, p, l, d, c, ret_any, err);
    }
    return rc;
}

static bool letters_only(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < 'a' || s.data[i] > 'z') {
            return false;
        }
    }
    return s.len > 0;
}

int typos_add(struct store *store, const struct partition_stats *p, struct arena *a,
    struct concept *c, struct error *err)
{
    const struct alternative *first = &c->alternatives[0];
    struct look l = { .stem = slice_of(first->count == 1 ? first->stems[0] : ""),
        .typed = slice_of(c->typed),
        .arena = a };
    bool any = false;

    if (l.stem.len < SHORTEST - 1 || strlen(c->typed) < SHORTEST || !letters_only(l.stem)) {
        return 0;
    }
    l.most = strlen(c->typed) >= LONG ? 2 : 1;
    // Those that begin with the same two letters first: fewer are read.
    int rc = look_among(store, p, &l, 2, c, &any, err);
    return rc || any ? rc : look_among(store, p, &l, 1, c, &any, err);
}
