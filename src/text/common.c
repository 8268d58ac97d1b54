// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements common.h. The list is made at build (common.py); stems are taken at the first call.
#include "text/common.h"
#include "base/base.h"
#include "text/words.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
#include "common_words.inc"
};

struct ranked {
    char stem[24]; // longer ones are no common words
    int rank;
};
static struct ranked ranked[ARRAY_LEN(words)];
static size_t ranked_count;

// By Zipf's law the word of rank r is about every (10 r)th; so often it stands among the words of a passage.
static const double words_of_passage = 120;

static int by_stem(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    int order = strcmp(a->stem, b->stem);

    return order ? order : a->rank - b->rank;
}

static void fill(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char stem[WORD_MAX] = "";
        size_t len = strlen(words[i]);
        if (len >= sizeof(ranked[0].stem)) {
            continue;
        }
        memcpy(stem, words[i], len + 1);
        word_stem(stem);
        memcpy(ranked[kept].stem, stem, strlen(stem) + 1);
        ranked[kept++].rank = (int)i + 1;
    }
    qsort(ranked, kept, sizeof(ranked[0]), by_stem);
    for (size_t i = 0; i < kept; i++) { // the best rank of each stem stands first
        if (ranked_count == 0 || strcmp(ranked[ranked_count - 1].stem, ranked[i].stem) != 0) {
            ranked[ranked_count++] = ranked[i];
        }
    }
}

static int compare_stem(const void *key, const void *item)
{
    return strcmp(key, ((const struct ranked *)item)->stem);
}

int common_rank(const char *stem)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fill);
    const struct ranked *r = bsearch(stem, ranked, ranked_count, sizeof(ranked[0]), compare_stem);
    return r ? r->rank : COMMON_UNRANKED;
}

double common_share(const char *stem)
{
    return 1 - exp(-words_of_passage / (10.0 * common_rank(stem)));
}
