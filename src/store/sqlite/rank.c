// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rank.h. FTS5's own bm25() counts every word's rows anew for each query, over all partitions, and looks up each
// row's length in a table: three quarters of a query's time. Here the caller brings the words' weights, the length is part of
// the row's number, and the best are kept in a heap instead of being sorted.
#include "store/sqlite/rank.h"

#include "store/chunk_id.h"
#include "store/fts_text.h"
#include "text/words.h"

#include <pthread.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 << 20 };

static double norms[CHUNK_NORMS]; // words of each norm

// BM25's usual numbers: K1 is 1.2, and no phrase adds more than K1 + 1 times its weight.
#define K1 (WORD_MOST - 1)
#define B 0.75

static bool worse(const struct rank_hit *a, const struct rank_hit *b)
{
    return a->score < b->score || (a->score == b->score && a->chunk > b->chunk);
}

static void swap(struct rank_hit *a, struct rank_hit *b)
{
    struct rank_hit t = *a;
    *a = *b;
    *b = t;
}

static void push(struct rank *r, struct rank_hit hit)
{
    size_t i = 0;

    if (r->count < r->limit) {
        i = r->count++;
        r->hits[i] = hit;
        while (i > 0 && worse(&r->hits[i], &r->hits[(i - 1) / 2])) {
            swap(&r->hits[i], &r->hits[(i - 1) / 2]);
            i = (i - 1) / 2;
        }
        return;
    }
    if (!worse(&r->hits[0], &hit)) {
        return;
    }
    r->hits[0] = hit;
    for (;;) {
        size_t worst = i, left = 2 * i + 1, right = left + 1;
        if (left < r->count && worse(&r->hits[left], &r->hits[worst])) {
            worst = left;
        }
        if (right < r->count && worse(&r->hits[right], &r->hits[worst])) {
            worst = right;
        }
        if (worst == i) {
            return;
        }
        swap(&r->hits[i], &r->hits[worst]);
        i = worst;
    }
}

static int compare(const void *a, const void *b)
{
    return worse(a, b) - worse(b, a);
}

static int by_chunk(const void *x, const void *y)
{
    const struct rank_hit *a = x, *b = y;
    return (a->chunk > b->chunk) - (a->chunk < b->chunk);
}

void rank_add(struct rank *r, const struct rank_hit *hits, size_t count)
{
    struct rank_hit *own = xalloc((r->count + 1) * sizeof(*own));
    size_t own_count = r->count;

    memcpy(own, r->hits, own_count * sizeof(*own));
    qsort(own, own_count, sizeof(*own), by_chunk);
    for (size_t i = 0; i < count; i++) {
        if (!bsearch(&hits[i], own, own_count, sizeof(*own), by_chunk)) {
            push(r, hits[i]);
        }
    }
    free(own);
}

bool rank_decided(const struct rank *r, const double *rest, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++) {
        most += rest[i] * WORD_MOST;
    }
    return r->count == r->limit && r->hits[0].score > most;
}

void rank_sort(struct rank *r)
{
    qsort(r->hits, r->count, sizeof(*r->hits), compare);
}

static void larder_rank(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx,
    int count, sqlite3_value **values)
{
    struct db *db = api->xUserData(fts);
    struct rank *r = db->rank;
    (void)count;
    (void)values;

    if (!r) {
        sqlite3_result_error(ctx, "larder_rank is for searches only", -1);
        return;
    }
    int phrases = api->xPhraseCount(fts);
    int64_t id = api->xRowid(fts);
    double score = 0;
    double damp = K1 * (1 - B + B * norms[id & 255] / r->average_words);
    const double column_weights[] = { r->fields.title, r->fields.heading, r->fields.text };

    for (int i = 0; i < phrases; i++) {
        double weight = !r->weights ? 1 : (size_t)i < r->weight_count ? r->weights[i] : 0;
        double tf = 0;
        Fts5PhraseIter at;
        int column = 0, offset = 0;
        if (weight == 0) {
            continue;
        }
        int rc = api->xPhraseFirst(fts, i, &at, &column, &offset);
        if (rc != SQLITE_OK) {
            sqlite3_result_error_code(ctx, rc);
            return;
        }
        for (; column >= 0; api->xPhraseNext(fts, &at, &column, &offset)) {
            tf += column < 3 ? column_weights[column] : 0;
        }
        if (tf > 0) {
            score += weight * tf * (K1 + 1) / (tf + damp);
        }
    }
    r->seen++;
    push(r, (struct rank_hit){ .chunk = id, .score = score });
    sqlite3_result_int(ctx, 0);
}

static struct slice text_of(sqlite3_value *v)
{
    const unsigned char *text = sqlite3_value_text(v);
    return slice_make((const char *)text, text ? (size_t)sqlite3_value_bytes(v) : 0);
}

static void text_words(sqlite3_context *ctx, int count, sqlite3_value **values)
{
    struct slice text = text_of(values[0]);
    struct word w;
    size_t at = 0;
    int64_t words = 0;
    (void)count;

    while (word_next(text, &at, &w)) {
        words++;
    }
    sqlite3_result_int64(ctx, words);
}

static void chunk_id(sqlite3_context *ctx, int count, sqlite3_value **values)
{
    (void)count;
    sqlite3_result_int64(ctx, chunk_id_make(sqlite3_value_int64(values[0]),
                                  sqlite3_value_int64(values[1]), sqlite3_value_int64(values[2])));
}

static void fold(sqlite3_context *ctx, int count, sqlite3_value **values)
{
    struct slice text = text_of(values[0]);
    AUTO_BUF folded = BUF_INIT(TEXT_MAX + fts_fold_bound(0));
    (void)count;

    fts_fold_document(&folded, text);
    if (!buf_ok(&folded)) {
        sqlite3_result_error_toobig(ctx);
        return;
    }
    sqlite3_result_text64(
        ctx, folded.data ? folded.data : "", folded.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static fts5_api *fts5_of(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    fts5_api *api = NULL;

    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(st);
    }
    sqlite3_finalize(st);
    return api;
}

static void fill_norms(void)
{
    for (int i = 0; i < CHUNK_NORMS; i++) {
        norms[i] = chunk_id_words(i);
    }
}

int rank_register(struct db *db, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    fts5_api *api = fts5_of(db->handle);

    pthread_once(&once, fill_norms);
    int rc = api ? api->xCreateFunction(api, "larder_rank", db, larder_rank, NULL) : SQLITE_ERROR;
    rc = rc ? rc
            : sqlite3_create_function(
                  db->handle, "text_words", 1, flags, NULL, text_words, NULL, NULL);
    rc = rc ? rc
            : sqlite3_create_function(db->handle, "chunk_id", 3, flags, NULL, chunk_id, NULL, NULL);
    rc =
        rc ? rc : sqlite3_create_function(db->handle, "fts_fold", 1, flags, NULL, fold, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}
