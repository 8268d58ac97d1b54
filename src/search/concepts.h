// SPDX-License-Identifier: AGPL-3.0-or-later
// What a question asks for, piece by piece: each word with the other ways in which it may be written in a text (stems,
// synonyms, spellings of part numbers, units, corrected typing errors). Lives in an arena.
#ifndef LARDER_SEARCH_CONCEPTS_H
#define LARDER_SEARCH_CONCEPTS_H

#include "base/arena.h"
#include "base/error.h"
#include "search/synonyms.h"
#include "store/store.h"

enum {
    CONCEPTS_MAX = 48, // SEARCH_TERMS_MAX and what expressions of several words add
    ALTERNATIVES_MAX = 10, // of one concept
    SEQUENCE_MAX = 6, // words of an alternative
};

enum alternative_why { AS_TYPED, AS_SYNONYM, AS_SPELLING, AS_UNIT, AS_CORRECTION };
struct alternative {
    const char *text; // what the full-text index is asked for, unquoted
    const char *stems[SEQUENCE_MAX];
    size_t count; // stems
    double weight;
    enum alternative_why why;
    int64_t chunks; // that hold it
};
struct concept {
    struct alternative alternatives[ALTERNATIVES_MAX];
    size_t alternative_count;
    const char *typed; // folded, for the exact match; "" for an added one
    double times; // how often it was asked for
    double rarity; // inverse document frequency
    int64_t chunks;
    bool prefix; // of the first alternative
    bool stop; // a word without a topic
    bool code; // letters and digits: a part number, an error code
    bool phrase; // a condition
};
// Adds an alternative unless it is there or there is no room; its words are folded and stemmed here.
void concept_add(
    struct arena *a, struct concept *c, const char *text, double weight, enum alternative_why why);

// units.c: other spellings of part numbers, temperatures in the other unit, fractions. `next` is the word behind it.
void units_add(struct arena *a, struct concept *c, struct slice typed, struct slice next);
// typos.c: words of the index that are near to one that occurs nowhere.
int typos_add(struct store *store, const struct partition_stats *p, struct arena *a,
    struct concept *c, struct error *err);
// Edit distance with exchanged neighbours, at most `most`; most + 1 when it is more. Bytes.
int typo_distance(struct slice a, struct slice b, int most);

#endif
