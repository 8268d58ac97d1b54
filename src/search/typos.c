// SPDX-License-Identifier: AGPL-3.0-or-later
// Typing errors: a word that occurs nowhere is looked for among the index's words that begin alike, one change away (two
// for long words; exchanged neighbours are one). The first letter is taken to be right, the second or the third may be wrong.
#include "search/concepts.h"
#include "text/words.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SHORTEST = 4, // letters; shorter words are too near to each other
    LONG = 8, // from here on two changes
    NEAR_MAX = 4, // corrections that are tried
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
    char word[WORD_MAX];
    int distance;
    int64_t chunks;
};
struct look {
    struct slice stem, typed;
    int most;
    struct near found[NEAR_MAX];
    size_t count;
};

static bool better(const struct near *a, const struct near *b)
{
    return a->distance != b->distance ? a->distance < b->distance : a->chunks > b->chunks;
}

static void on_word(void *ctx, struct slice word, int64_t chunks)
{
    struct look *l = ctx;
    struct near n = { .chunks = chunks };

    if (word.len >= WORD_MAX) {
        return;
    }
    n.distance = typo_distance(l->stem, word, l->most);
    if (word.len >= ENDING_AFTER && l->typed.len > word.len &&
        l->typed.len - word.len <= ENDING_MAX && memcmp(l->typed.data, word.data, word.len) == 0) {
        n.distance = n.distance < 1 ? n.distance : 1; // an ending that is wrong: calibraet, calibr
    }
    if (n.distance > l->most) {
        return;
    }
    memcpy(n.word, word.data, word.len);
    if (l->count < NEAR_MAX) {
        l->found[l->count++] = n;
        return;
    }
    size_t worst = 0;
    for (size_t i = 1; i < NEAR_MAX; i++) {
        worst = better(&l->found[worst], &l->found[i]) ? i : worst;
    }
    if (better(&n, &l->found[worst])) {
        l->found[worst] = n;
    }
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

int typos_add(struct store *store, struct arena *a, struct concept *c, struct error *err)
{
    const struct alternative *first = &c->alternatives[0];
    struct look l = { .stem = slice_of(first->count == 1 ? first->stems[0] : ""),
        .typed = slice_of(c->typed) };
    char from[3] = { 0 }, to[3] = { 0 };
    int nearest = 3;

    if (l.stem.len < SHORTEST - 1 || strlen(c->typed) < SHORTEST || !letters_only(l.stem)) {
        return 0;
    }
    l.most = strlen(c->typed) >= LONG ? 2 : 1;
    // Those that begin with the same two letters first: fewer are read.
    from[0] = to[0] = l.stem.data[0];
    from[1] = l.stem.data[1];
    to[1] = (char)(from[1] + 1);
    int rc = store_words_like(store, slice_of(from), slice_of(to), LOOKED_AT_MAX, on_word, &l, err);
    if (rc == 0 && l.count == 0) {
        from[1] = to[1] = '\0';
        to[0] = (char)(from[0] + 1);
        rc = store_words_like(store, slice_of(from), slice_of(to), LOOKED_AT_MAX, on_word, &l, err);
    }
    for (size_t i = 0; i < l.count; i++) {
        nearest = l.found[i].distance < nearest ? l.found[i].distance : nearest;
    }
    for (size_t i = 0; rc == 0 && i < l.count; i++) {
        if (l.found[i].distance == nearest) {
            concept_add(a, c, l.found[i].word, nearest == 1 ? 0.9 : 0.7, AS_CORRECTION);
        }
    }
    return rc;
}
