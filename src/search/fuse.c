// SPDX-License-Identifier: AGPL-3.0-or-later
// Fusion by a weighted sum of two shares: BM25 as a share of the best one's, the cosine as a share of the way from the last
// of the nearest hundred to the best. The weight (search.c) was chosen over all open benchmarks together; a passage without a
// vector yet is taken to mean as much as its words say, so that what is being embedded is neither lifted nor lost.
#include "search/search.h"

#include <math.h>

void fuse(struct fused *items, size_t count, double floor, double weight)
{
    double most_words = 0, most_meaning = -1;

    for (size_t i = 0; i < count; i++) {
        most_words = items[i].words > most_words ? items[i].words : most_words;
        if (!isnan(items[i].meaning) && items[i].meaning > most_meaning) {
            most_meaning = items[i].meaning;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct fused *f = &items[i];
        f->words_share = most_words > 0 ? f->words / most_words : 0;
        double way = most_meaning - floor;
        f->meaning_share = isnan(f->meaning) ? NAN : way > 1e-6 ? (f->meaning - floor) / way : 1;
        if (!isnan(f->meaning_share) && f->meaning_share < 0) {
            f->meaning_share = 0;
        }
        double meaning = isnan(f->meaning_share) ? f->words_share : f->meaning_share;
        f->score = (1 - weight) * f->words_share + weight * meaning;
    }
}
