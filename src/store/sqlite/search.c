// SPDX-License-Identifier: AGPL-3.0-or-later
// Search by words over the shown versions. FTS5 scores (BM25 with weights for title, heading and text); a row of the index
// is worth something only if its chunk belongs to the version that is shown, of a document that passes the filter.
//
// The best rows of the partition's range of the index are taken first (rank.h), then joined and filtered: joining all hits
// of a common word before sorting would read thousands of rows for ten. When too few pass the filter, more are taken, until
// the index has no more.
#include "store/sqlite/backend.h"

#include "base/log.h"
#include "store/chunk_id.h"
#include "store/fts_text.h"
#include "store/sqlite/rank.h"

#include <stdlib.h>

enum {
    LIMIT_MAX = 1000,
    MATCH_MAX = 16 << 10, // bytes of the query as FTS5 reads it
    CONDITIONS_MAX = 64 << 10,
    VALUES_MAX = 512, // of a filter
    SPARE = 64, // more than wanted: some rows are of versions that go
    GROWTH = 16,
    CANDIDATES_MAX = 4000000,
};

struct search {
    struct slice match, rare, both; // as in struct word_search
    size_t rare_count;
    const struct chunk_filter *filter;
    struct rank rank;
    int64_t partition; // 0: of no partition, or any
    int limit;
    struct arena *arena;
    struct chunk_hit *hits;
    size_t count;
    struct buf sql;
};

static void add_list(struct buf *sql, const char *column, size_t count)
{
    if (count) {
        buf_addf(sql, " AND %s IN (", column);
        for (size_t i = 0; i < count; i++) {
            buf_add_str(sql, i ? ", ?" : "?");
        }
        buf_add_char(sql, ')');
    }
}

// One chunk by its id, if it is shown and passes the filter.
static int make_sql(struct buf *sql, const struct chunk_filter *f, struct error *err)
{
    if (f->type_count + f->category_count + f->document_id_count + f->metadata_value_count >
        VALUES_MAX) {
        return error_set(err, ERR_LIMIT, "The filter names more than %d values.", VALUES_MAX);
    }
    buf_add_str(sql, "SELECT c.id, c.idx, d.id, d.name, d.type, d.category, d.partition, "
                     "c.first_element, c.last_element, d.created_ms, c.heading, c.text "
                     "FROM chunks c CROSS JOIN documents d ON d.key = c.document "
                     "AND d.version = c.version WHERE c.id = ?");
    filter_sql(sql, f);
    return buf_ok(sql) ? 0 : error_set(err, ERR_LIMIT, "The filter is too long.");
}

void filter_sql(struct buf *sql, const struct chunk_filter *f)
{
    if (f->partition.len) {
        buf_add_str(sql, " AND d.partition = ?");
    }
    add_list(sql, "d.type", f->type_count);
    add_list(sql, "d.category", f->category_count);
    add_list(sql, "d.id", f->document_id_count);
    if (f->metadata_sql) {
        buf_addf(sql, " AND (%s)", f->metadata_sql);
    }
}

void filter_bind(struct query *q, const struct chunk_filter *f)
{
    if (f->partition.len) {
        query_slice(q, f->partition);
    }
    for (size_t i = 0; i < f->type_count; i++) {
        query_slice(q, f->types[i]);
    }
    for (size_t i = 0; i < f->category_count; i++) {
        query_slice(q, f->categories[i]);
    }
    for (size_t i = 0; i < f->document_id_count; i++) {
        query_slice(q, f->document_ids[i]);
    }
    for (size_t i = 0; f->metadata_sql && i < f->metadata_value_count; i++) {
        query_slice(q, f->metadata_values[i]);
    }
}

static int no_memory(struct error *err)
{
    return error_set(err, ERR_MEMORY, "There is not enough memory for the results.");
}

static int read_hit(struct query *q, struct arena *a, struct chunk_hit *h, struct error *err)
{
    h->chunk_id = row_int(q);
    h->chunk_index = row_int(q);
    h->document_id = row_text(q, a);
    h->document_name = row_text(q, a);
    h->type = row_text(q, a);
    h->category = row_text(q, a);
    h->partition = row_text(q, a);
    h->first_element = row_int(q);
    h->last_element = row_int(q);
    h->document_created_ms = row_int(q);
    h->heading = row_copy(q, a);
    h->text = row_copy(q, a);
    h->place = h->places = h->starts = NULL;
    return h->text.data ? 0 : no_memory(err);
}

static int load_hit(struct db *db, const char *sql, const struct chunk_filter *f, int64_t id,
    struct arena *a, struct chunk_hit *ret, bool *ret_found, struct error *err)
{
    struct query q = query_start(db, sql);
    int rc = 0;

    query_int(&q, id);
    filter_bind(&q, f);
    *ret_found = query_step(&q);
    if (*ret_found) {
        rc = read_hit(&q, a, ret, err);
    }
    int end = query_end(&q, rc ? NULL : err);
    return rc ? rc : end;
}

// A query that FTS5 can't read is the caller's, not ours.
static int match_error(struct db *db, int rc, struct error *err)
{
    if (rc == SQLITE_ERROR) {
        log_debug("search.match", LS("said", sqlite3_errmsg(db->handle)));
        return error_set(err, ERR_INVALID, "The search query can't be read.");
    }
    return db_error(db, rc, err);
}

int match_end(struct query *q, struct error *err)
{
    int code = q->rc;
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) {
        return query_end(q, err);
    }
    struct db *db = q->db;
    int rc = match_error(db, code, err);
    q->rc = SQLITE_DONE;
    query_end(q, NULL);
    return rc;
}

// ---- partitions

int partition_find(struct db *db, struct slice name, struct partition_stats *ret, struct error *err)
{
    struct query q =
        query_start(db, "SELECT key, chunks, words, next_chunk FROM partitions WHERE name = ?");

    *ret = (struct partition_stats){ 0 };
    query_slice(&q, name);
    if (query_step(&q)) {
        ret->key = row_int(&q);
        ret->chunks = row_int(&q);
        int64_t words = row_int(&q);
        ret->last_order = row_int(&q);
        ret->average_words = ret->chunks > 0 ? (double)words / (double)ret->chunks : 1;
    }
    if (ret->average_words < 1) {
        ret->average_words = 1;
    }
    return query_end(&q, err);
}

struct partition_read {
    struct slice name;
    struct partition_stats stats;
};

static int read_partition(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct partition_read *r = ctx;
    (void)s;
    return partition_find(db, r->name, &r->stats, err);
}

int store_partition_stats(
    struct store *s, struct slice name, struct partition_stats *ret, struct error *err)
{
    struct partition_read r = { .name = name };
    int rc = store_read(s, "partition_stats", read_partition, &r, err);

    if (rc == 0) {
        *ret = r.stats;
    }
    return rc;
}

void partition_bind(struct query *q, int64_t partition)
{
    query_int(q, partition ? chunk_id_first(partition) : 0);
    query_int(q, partition ? chunk_id_first(partition + 1) : INT64_MAX);
}

// ---- words

static int rank_matches(struct search *s, struct db *db, struct slice match, struct error *err)
{
    struct query q = query_start(db,
        "SELECT 1 FROM chunk_index WHERE chunk_index MATCH ? AND rowid >= ? AND rowid < ? AND "
        "larder_rank(chunk_index)");

    query_slice(&q, match);
    partition_bind(&q, s->partition);
    db->rank = &s->rank;
    query_step(&q); // there is no row: each has put itself into the heap
    db->rank = NULL;
    return match_end(&q, err);
}

// The rows with rare words first. Where they are decided to be the best, only what the other words add to them is missing.
static int rank_rare(struct search *s, struct db *db, bool *ret_done, struct error *err)
{
    struct rank *r = &s->rank;
    size_t all = r->weight_count, rare = s->rare_count;

    r->weight_count = rare;
    int rc = rank_matches(s, db, s->rare, err);
    r->weight_count = all;
    *ret_done = rc == 0 && rank_decided(r, r->weights + rare, all - rare);
    if (*ret_done) {
        struct rank_hit *first = r->hits;
        size_t count = r->count;
        r->hits = xalloc(r->limit * sizeof(*r->hits));
        r->count = 0;
        rc = rank_matches(s, db, s->both, err);
        rank_add(r, first, count);
        free(first);
    }
    return rc;
}

static int rank_rows(struct search *s, struct db *db, struct error *err)
{
    bool done = false;
    int rc = s->rare.len ? rank_rare(s, db, &done, err) : 0;

    if (rc == 0 && done) {
        s->rank.seen = s->rank.limit + 1; // the others were not counted
    } else if (rc == 0) {
        s->rank.seen = s->rank.count = 0;
        rc = rank_matches(s, db, s->match, err);
    }
    rank_sort(&s->rank);
    return rc;
}

static int load_ranked(struct search *s, struct db *db, struct error *err)
{
    int rc = 0;

    s->count = 0;
    for (size_t i = 0; rc == 0 && i < s->rank.count && s->count < (size_t)s->limit; i++) {
        bool found = false;
        struct chunk_hit *h = &s->hits[s->count];
        rc = load_hit(db, s->sql.data, s->filter, s->rank.hits[i].chunk, s->arena, h, &found, err);
        h->score = s->rank.hits[i].score;
        s->count += rc == 0 && found;
    }
    return rc;
}

static int search(struct store *store, struct db *db, void *ctx, struct error *err)
{
    struct search *s = ctx;
    struct partition_stats stats = { .average_words = 100 };
    int rc = s->filter->partition.len ? partition_find(db, s->filter->partition, &stats, err) : 0;
    (void)store;

    if (rc != 0 || (s->filter->partition.len && stats.key == 0)) {
        return rc;
    }
    s->partition = stats.key;
    s->rank.average_words = stats.average_words;
    s->rank.limit = (size_t)s->limit + SPARE;
    for (;;) {
        s->rank.hits = xalloc(s->rank.limit * sizeof(*s->rank.hits));
        s->rank.seen = s->rank.count = 0;
        rc = rank_rows(s, db, err);
        rc = rc ? rc : load_ranked(s, db, err);
        free(s->rank.hits);
        s->rank.hits = NULL;
        if (rc != 0 || s->count == (size_t)s->limit || s->rank.seen <= s->rank.limit ||
            s->rank.limit >= CANDIDATES_MAX) {
            return rc;
        }
        s->rank.limit *= GROWTH; // the filter lets few of the best through
        s->rare = slice_make(NULL, 0);
    }
}

int store_search_words(struct store *s, struct slice match, const struct chunk_filter *f,
    struct field_weights w, int limit, struct arena *a, struct chunk_hit **ret, size_t *ret_count,
    struct error *err)
{
    struct word_search search_for = { .match = match, .fields = w };
    return store_rank_words(s, &search_for, f, limit, a, ret, ret_count, err);
}

int store_rank_words(struct store *s, const struct word_search *w, const struct chunk_filter *f,
    int limit, struct arena *a, struct chunk_hit **ret, size_t *ret_count, struct error *err)
{
    static const struct chunk_filter any = { 0 };
    AUTO_BUF folded = BUF_INIT(fts_fold_bound(MATCH_MAX));
    AUTO_BUF rare = BUF_INIT(fts_fold_bound(MATCH_MAX));
    AUTO_BUF both = BUF_INIT(fts_fold_bound(MATCH_MAX));
    struct search search_for = { .filter = f ? f : &any,
        .rare_count = w->rare_count,
        .rank = { .fields = w->fields, .weights = w->weights, .weight_count = w->weight_count },
        .arena = a };

    if (w->match.len == 0 || w->match.len > MATCH_MAX) {
        return error_set(err, ERR_INVALID, "The search query must have 1 to %d bytes.", MATCH_MAX);
    }
    fts_fold(&folded, w->match);
    search_for.match = buf_slice(&folded);
    if (w->rare.len && w->both.len <= MATCH_MAX && w->weights && w->rare_count < w->weight_count) {
        fts_fold(&rare, w->rare);
        fts_fold(&both, w->both);
        search_for.rare = buf_slice(&rare);
        search_for.both = buf_slice(&both);
    }
    search_for.limit = limit < 1 ? 1 : limit > LIMIT_MAX ? LIMIT_MAX : limit;
    search_for.hits = arena_array(a, (size_t)search_for.limit, sizeof(*search_for.hits));
    if (!buf_ok(&folded) || !buf_ok(&rare) || !buf_ok(&both) || !search_for.hits) {
        return no_memory(err);
    }
    buf_init(&search_for.sql, CONDITIONS_MAX);
    int rc = make_sql(&search_for.sql, search_for.filter, err);
    if (rc == 0) {
        rc = store_read(s, "search_words", search, &search_for, err);
    }
    buf_done(&search_for.sql);
    if (rc == 0) {
        *ret = search_for.hits;
        *ret_count = search_for.count;
    }
    return rc;
}

// ---- chunks by their ids

struct load_chunks {
    const int64_t *ids;
    size_t id_count, count;
    const struct chunk_filter *filter;
    struct arena *arena;
    struct chunk_hit *hits;
    struct buf sql;
};

static int load_chunks(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load_chunks *l = ctx;
    int rc = 0;
    (void)s;

    for (size_t i = 0; rc == 0 && i < l->id_count; i++) {
        bool found = false;
        rc = load_hit(
            db, l->sql.data, l->filter, l->ids[i], l->arena, &l->hits[l->count], &found, err);
        l->count += rc == 0 && found;
    }
    return rc;
}

int store_chunks_load(struct store *s, const int64_t *ids, size_t count,
    const struct chunk_filter *f, struct arena *a, struct chunk_hit **ret, size_t *ret_count,
    struct error *err)
{
    struct load_chunks l = { .ids = ids, .id_count = count, .filter = f, .arena = a };

    l.hits = arena_array(a, count ? count : 1, sizeof(*l.hits));
    if (!l.hits) {
        return no_memory(err);
    }
    buf_init(&l.sql, CONDITIONS_MAX);
    int rc = make_sql(&l.sql, f, err);
    rc = rc ? rc : store_read(s, "chunks_load", load_chunks, &l, err);
    buf_done(&l.sql);
    if (rc == 0) {
        *ret = l.hits;
        *ret_count = l.count;
    }
    return rc;
}

struct load_places {
    struct chunk_hit *hit;
    struct arena *arena;
};

static int load_places(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load_places *l = ctx;
    struct chunk_hit *h = l->hit;
    struct query q = query_start(db, "SELECT place, places, starts FROM chunks WHERE id = ?");
    (void)s;

    query_int(&q, h->chunk_id);
    h->place = "null";
    h->places = "[]";
    h->starts = "";
    if (query_step(&q)) {
        h->place = row_text(&q, l->arena);
        h->places = row_text(&q, l->arena);
        h->starts = row_text(&q, l->arena);
    }
    int rc = query_end(&q, err);
    return rc || (h->place && h->places && h->starts) ? rc : no_memory(err);
}

int store_hit_places(struct store *s, struct chunk_hit *hit, struct arena *a, struct error *err)
{
    struct load_places l = { .hit = hit, .arena = a };
    return store_read(s, "hit_places", load_places, &l, err);
}
