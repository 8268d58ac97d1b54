// SPDX-License-Identifier: AGPL-3.0-or-later
// The best passages in the order that a reranker gives them (models/reranker.h): those that it scored first, the others
// behind them as they were. A reranker that fails changes nothing and leaves a note.
#ifndef LARDER_SEARCH_RERANK_H
#define LARDER_SEARCH_RERANK_H

#include "base/arena.h"
#include "search/search.h"

// A number from 0 to 1 for each hit, NAN where there is none; how many have one. A note is written when it's not all.
// count: RERANK_PASSAGES_MAX at most.
size_t rerank_hits(const struct search_tools *t, struct slice query,
    const struct chunk_hit *const *hits, size_t count, struct arena *a, double *ret,
    const char **ret_note);

struct rerank_item {
    double rerank; // NAN: not scored
    size_t before; // its place in the order that is given
    double score; // in: the old one; out: falls from item to item
};
// Sorts. What was scored has its number as its score; what stands behind keeps its old share below the last of them. Pure.
void rerank_order(struct rerank_item *items, size_t count);

#endif
