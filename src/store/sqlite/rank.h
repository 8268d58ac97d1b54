// SPDX-License-Identifier: AGPL-3.0-or-later
// Our own functions inside SQLite: the ranking of the full-text index, and what the migrations need.
#ifndef LARDER_STORE_SQLITE_RANK_H
#define LARDER_STORE_SQLITE_RANK_H

#include "store/sqlite/db.h"
#include "store/store.h"

enum { RANK_PHRASES_MAX = 256 };

struct rank_hit {
    int64_t chunk;
    double score;
};
// What larder_rank(chunk_index), which is always 0, finds in db->rank and fills: a heap of the best, with the worst on top.
struct rank {
    struct field_weights fields;
    double average_words; // of a chunk
    const double *weights; // one a phrase, in the order of the expression; NULL: 1 each
    size_t weight_count;
    size_t limit;
    size_t seen; // rows that matched
    size_t count;
    struct rank_hit *hits; // room for limit
};

// On each connection: larder_rank for searches; text_words, chunk_id and fts_fold for migrations.
int rank_register(struct db *db, struct error *err);
void rank_sort(struct rank *r); // best first; equal ones by lower id; it is no heap then
// Adds those of the hits whose chunk is not there.
void rank_add(struct rank *r, const struct rank_hit *hits, size_t count);
// True if a row that holds nothing but phrases of these weights can't be among the best.
bool rank_decided(const struct rank *r, const double *rest, size_t count);

#endif
