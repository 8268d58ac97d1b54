// SPDX-License-Identifier: AGPL-3.0-or-later
// The most frequent words of large partitions are counted before anybody asks for them, since a first count costs a
// question milliseconds for each such word. Reading them also brings the index into the file cache after a start. Done at
// start and whenever a partition has grown by half of what makes a kept count too old (term_cache.c), but a tenth of the time
// at most. Housekeeping thread; many short reads, so that the log of the database can be folded between them.
#include "store/sqlite/backend.h"

#include "base/clock.h"
#include "base/log.h"
#include "text/words.h"

#include <stdlib.h>

enum {
    CHUNKS_LEAST = 5000, // of a partition; in smaller ones counting costs nothing
    ROWS_LEAST = 2000, // of a word; the others are counted in a fraction of a millisecond
    PARTITIONS_MAX = 16,
    WORDS_MAX = 20000, // about as many frequent words as a million passages have
    STEP_US = 20000,
    STEPS_MAX = 100000,
    REST = 9, // times as long as it took, if that was
    LONG_US = 1000000,
    GROWTH = 200, // a partition has changed by more than one in so many
};

struct warm_partition {
    struct partition_stats stats;
    int64_t before; // last_order when it was counted
};
struct term_warm {
    struct warm_partition partitions[PARTITIONS_MAX];
    size_t count;
    char (*words)[WORD_MAX];
    size_t word_count, next;
    char at[256]; // the last word of the index that was looked at
    bool more;
    const struct partition_stats *partition; // being counted
    int64_t rest_until_us;
};

void term_warm_open(struct store *s)
{
    s->warm = xalloc(sizeof(*s->warm));
}

void term_warm_close(struct store *s)
{
    free(s->warm);
    s->warm = NULL;
}

static int64_t counted_at(const struct warm_partition *list, size_t count, int64_t key)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].stats.key == key) {
            return list[i].before;
        }
    }
    return -1;
}

// The largest partitions; ret_changed: how many of them must be counted anew.
static int list_partitions(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct term_warm *w = s->warm, old = *w;
    struct query q = query_start(db, "SELECT key, chunks, words, next_chunk FROM partitions "
                                     "WHERE chunks >= ? ORDER BY chunks DESC LIMIT ?");
    size_t *changed = ctx;

    query_int(&q, CHUNKS_LEAST);
    query_int(&q, PARTITIONS_MAX);
    *changed = w->count = 0;
    while (w->count < PARTITIONS_MAX && query_step(&q)) {
        struct warm_partition *p = &w->partitions[w->count++];
        *p = (struct warm_partition){ .stats.key = row_int(&q), .stats.chunks = row_int(&q) };
        p->stats.average_words = (double)row_int(&q) / (double)p->stats.chunks;
        p->stats.last_order = row_int(&q);
        p->before = counted_at(old.partitions, old.count, p->stats.key);
        *changed += p->before < 0 || p->stats.last_order - p->before > p->before / GROWTH;
    }
    return query_end(&q, err);
}

// Words with many rows, over all partitions. A stem that the index would shorten again can't be asked for by itself.
static int list_words(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct term_warm *w = s->warm;
    struct query q =
        query_start(db, "SELECT term, doc FROM chunk_words WHERE term > ? ORDER BY term");
    int64_t end_us = clock_mono_us() + STEP_US;
    (void)ctx;

    query_slice(&q, slice_of(w->at));
    w->more = false;
    while (query_step(&q)) {
        struct slice term = row_slice(&q);
        char stem[WORD_MAX] = "";
        if (term.len < sizeof(w->at)) {
            memcpy(w->at, term.data, term.len);
            w->at[term.len] = '\0';
        }
        if (term.len < WORD_MAX && w->word_count < WORDS_MAX) {
            memcpy(stem, term.data, term.len);
            word_stem(stem);
        }
        if (slice_equal(term, slice_of(stem)) && row_int(&q) >= ROWS_LEAST) {
            memcpy(w->words[w->word_count++], stem, WORD_MAX);
        }
        if (clock_mono_us() >= end_us) {
            w->more = true;
            break;
        }
    }
    return query_end(&q, err);
}

static int count_words(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct term_warm *w = s->warm;
    int64_t end_us = clock_mono_us() + STEP_US, rows = 0;
    int rc = 0;
    (void)ctx;

    while (rc == 0 && w->next < w->word_count && clock_mono_us() < end_us) {
        rc = term_count(s, db, w->partition, slice_of(w->words[w->next++]), true, &rows, err);
    }
    return rc;
}

static int count_partition(
    struct store *s, struct warm_partition *p, const atomic_bool *stop, struct error *err)
{
    struct term_warm *w = s->warm;
    int rc = 0;

    w->partition = &p->stats;
    for (w->next = 0; rc == 0 && w->next < w->word_count && !atomic_load(stop);) {
        rc = store_read(s, "words_count", count_words, NULL, err);
    }
    p->before = rc == 0 && !atomic_load(stop) ? p->stats.last_order : p->before;
    return rc;
}

int term_warm(struct store *s, const atomic_bool *stop, struct error *err)
{
    struct term_warm *w = s->warm;
    int64_t start_us = clock_mono_us();
    size_t changed = 0;

    if (start_us < w->rest_until_us) {
        return 0;
    }
    int rc = store_read(s, "partitions_list", list_partitions, &changed, err);

    if (rc != 0 || changed == 0) {
        return rc;
    }
    w->words = xalloc(WORDS_MAX * sizeof(*w->words));
    w->word_count = 0;
    w->at[0] = '\0';
    w->more = true;
    for (int i = 0; rc == 0 && w->more && i < STEPS_MAX && !atomic_load(stop); i++) {
        rc = store_read(s, "words_list", list_words, NULL, err);
    }
    for (size_t i = 0; rc == 0 && i < w->count; i++) {
        rc = count_partition(s, &w->partitions[i], stop, err);
    }
    int64_t took_us = clock_mono_us() - start_us;
    w->rest_until_us = took_us > LONG_US ? clock_mono_us() + REST * took_us : 0;
    log_debug("store.words_counted", LI("words", (int64_t)w->word_count),
        LI("partitions", (int64_t)w->count), LI("ms", took_us / 1000));
    free(w->words);
    w->words = NULL;
    return rc;
}
