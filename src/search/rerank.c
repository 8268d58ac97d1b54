// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rerank.h.
#include "search/rerank.h"

#include <math.h>
#include <stdlib.h>

static struct slice passage_of(const struct chunk_hit *hit, struct arena *a)
{
    size_t size = hit->heading.len + 1 + hit->text.len;
    char *joined = hit->heading.len ? arena_alloc(a, size) : NULL;

    if (!joined) {
        return hit->text;
    }
    memcpy(joined, hit->heading.data, hit->heading.len);
    joined[hit->heading.len] = '\n';
    memcpy(joined + hit->heading.len + 1, hit->text.data, hit->text.len);
    return slice_make(joined, size);
}

size_t rerank_hits(const struct search_tools *t, struct slice query,
    const struct chunk_hit *const *hits, size_t count, struct arena *a, double *ret,
    const char **ret_note)
{
    struct slice passages[RERANK_PASSAGES_MAX];
    struct error why = { 0 };
    size_t scored = 0;

    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = NAN;
        passages[i] = passage_of(hits[i], a);
    }
    if (reranker_score(t->reranker, query, passages, count, t->rerank_ms, ret, &why) < 0) {
        *ret_note = arena_printf(a, "Not reranked: %s", why.text);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        scored += !isnan(ret[i]);
    }
    if (scored < count) {
        *ret_note = arena_printf(a, "Only %zu of the best %zu were reranked.", scored, count);
    }
    return scored;
}

static int by_rerank(const void *x, const void *y)
{
    const struct rerank_item *a = x, *b = y;
    bool none_a = isnan(a->rerank), none_b = isnan(b->rerank);

    if (none_a != none_b) {
        return none_a ? 1 : -1;
    }
    if (!none_a && a->rerank != b->rerank) {
        return a->rerank < b->rerank ? 1 : -1;
    }
    return (a->before > b->before) - (a->before < b->before);
}

void rerank_order(struct rerank_item *items, size_t count)
{
    double last = 1, first_old = 0;
    bool behind = false;

    qsort(items, count, sizeof(*items), by_rerank);
    for (size_t i = 0; i < count; i++) {
        struct rerank_item *it = &items[i];
        if (!isnan(it->rerank)) {
            it->score = last = it->rerank;
            continue;
        }
        first_old = behind ? first_old : it->score;
        behind = true;
        it->score = first_old > 0 ? last * it->score / first_old : 0;
    }
}
