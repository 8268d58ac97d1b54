// SPDX-License-Identifier: AGPL-3.0-or-later
// How many chunks hold a word. Counting reads the word's rows of the index, so counts of frequent words are kept
// (term_cache.c), and those of the most frequent are made before anybody asks (term_warm.c).
#include "store/sqlite/backend.h"

#include "base/utf8.h"
#include "store/chunk_id.h"
#include "store/fts_text.h"
#include "text/words.h"

enum { TERM_BYTES_MAX = 8 << 10, TERMS_MAX = 512 };

struct counts {
    const struct slice *terms;
    size_t count;
    int64_t *ret;
    struct partition_stats stats;
};

// "term" as FTS5 quotes it, folded.
static void quote(struct buf *b, struct slice term)
{
    AUTO_BUF folded = BUF_INIT(fts_fold_bound(term.len));

    fts_fold(&folded, term);
    buf_add_char(b, '"');
    for (size_t i = 0; i < folded.len; i++) {
        if (folded.data[i] == '"') {
            buf_add_char(b, '"');
        }
        if (folded.data[i] != '\0') {
            buf_add_char(b, folded.data[i]);
        }
    }
    buf_add_char(b, '"');
}

// The name of a count: a word's stem, so that its other forms need not be counted again; otherwise the term as FTS5 reads it.
static void name_count(struct buf *b, struct slice term, struct slice match)
{
    struct word w;
    size_t at = 0;

    for (size_t i = 0; i < term.len; i++) {
        char c = term.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
            buf_add_slice(b, match);
            return;
        }
    }
    if (term.len < WORD_MAX && word_next(term, &at, &w)) {
        word_stem(w.folded);
        buf_add_str(b, w.folded);
    } else {
        buf_add_slice(b, match);
    }
}

// Rows are read in the order of their numbers, so from where the counting stopped the rest can be told.
static int count_rows(struct db *db, struct slice match, const struct partition_stats *p,
    int64_t *ret, struct error *err)
{
    // A bound LIMIT would have SQLite make the statement anew for each value that it meets.
    struct query q = query_start(db,
        "SELECT count(*), max(id) FROM (SELECT rowid AS id FROM chunk_index WHERE chunk_index "
        "MATCH ? AND rowid >= ? AND rowid < ? LIMIT 20000)");
    _Static_assert(TERM_COUNT_MAX == 20000, "the LIMIT above");
    query_slice(&q, match);
    partition_bind(&q, p->key);
    if (query_step(&q)) {
        *ret = row_int(&q);
        int64_t order = chunk_id_order(row_int(&q));
        if (*ret >= TERM_COUNT_MAX && order > 0 && p->key && p->last_order > order) {
            *ret = (int64_t)((double)*ret * (double)p->last_order / (double)order);
        }
    }
    return match_end(&q, err);
}

int term_count(struct store *s, struct db *db, const struct partition_stats *p, struct slice term,
    bool anew, int64_t *ret, struct error *err)
{
    AUTO_BUF match = BUF_INIT(fts_fold_bound(2 * TERM_BYTES_MAX));
    AUTO_BUF name = BUF_INIT(fts_fold_bound(2 * TERM_BYTES_MAX));

    *ret = 0;
    term = utf8_prefix(term, TERM_BYTES_MAX);
    quote(&match, term);
    name_count(&name, term, buf_slice(&match));
    if (!anew && term_cache_find(s, p, buf_slice(&name), ret)) {
        return 0;
    }
    int rc = count_rows(db, buf_slice(&match), p, ret, err);
    if (rc == 0) {
        term_cache_put(s, p, buf_slice(&name), *ret);
    }
    return rc;
}

static int count_terms(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct counts *c = ctx;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        rc = term_count(s, db, &c->stats, c->terms[i], false, &c->ret[i], err);
    }
    return rc;
}

int store_partition_counts(struct store *s, const struct partition_stats *p,
    const struct slice *terms, size_t count, int64_t *ret_counts, struct error *err)
{
    struct counts c = { .terms = terms, .count = count, .ret = ret_counts, .stats = *p };

    if (count > TERMS_MAX) {
        return error_set(err, ERR_LIMIT, "The query has more than %d words.", TERMS_MAX);
    }
    return store_read(s, "term_counts", count_terms, &c, err);
}

static int read_all_chunks(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db, "SELECT coalesce(sum(chunks), 0) FROM document_counts");
    (void)s;
    *(int64_t *)ctx = query_step(&q) ? row_int(&q) : 0;
    return query_end(&q, err);
}

int store_term_counts(struct store *s, const struct slice *terms, size_t count, int64_t *ret_counts,
    int64_t *ret_chunks, struct error *err)
{
    struct partition_stats any = { 0 };
    int rc = store_partition_counts(s, &any, terms, count, ret_counts, err);

    return rc || !ret_chunks ? rc : store_read(s, "chunk_count", read_all_chunks, ret_chunks, err);
}
