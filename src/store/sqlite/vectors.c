// SPDX-License-Identifier: AGPL-3.0-or-later
// Vectors as they are kept: spaces, the rows of the space in use, and the list of what is not embedded yet. A document's
// place in that list is written in the transaction that shows its version, and moves on in the transaction that writes the
// vectors, so a crash loses nothing and repeats at most one batch.
//
// Locks: fill_mutex is held while a partition is read into memory and while new vectors are written and added to it, so that
// each is added once; it is never taken by the writer thread. The index has its own lock (vectors/index.h).
#include "store/sqlite/vectors.h"

#include "base/log.h"
#include "store/chunk_id.h"
#include "store/vectors/dot.h"

#include <math.h>
#include <stdlib.h>

enum { DIMENSION_MAX = 4096, PURGE_ROWS = 2000, PURGE_STEPS = 100000 };

void vectors_open(struct store *s)
{
    s->vectors = xalloc(sizeof(*s->vectors));
    pthread_mutex_init(&s->vectors->fill_mutex, NULL);
}

void vectors_close(struct store *s)
{
    if (s->vectors) {
        vector_index_free(s->vectors->index);
        pthread_mutex_destroy(&s->vectors->fill_mutex);
        free(s->vectors);
        s->vectors = NULL;
    }
}

bool vectors_wanted(struct store *s)
{
    return atomic_load(&s->vectors->wait);
}

// ---- spaces

struct space_use {
    const struct vector_space *space;
    int64_t id;
    bool is_new;
};

// What tells one space from another, in the order of both statements below.
static void query_space(struct query *q, const struct vector_space *space)
{
    query_text(q, space->model);
    query_text(q, space->hash);
    query_int(q, space->dimension);
    query_text(q, space->pooling);
    query_text(q, space->query_prefix);
    query_text(q, space->passage_prefix);
}

static int find_space(struct write *w, struct space_use *u, struct error *err)
{
    struct query q = query_start(w->db,
        "SELECT id, model = ? AND hash = ? AND dimension = ? AND pooling = ? AND query_prefix = ? "
        "AND passage_prefix = ? FROM spaces ORDER BY id DESC LIMIT 1");
    query_space(&q, u->space);
    u->id = 0;
    if (query_step(&q)) {
        int64_t id = row_int(&q);
        u->id = row_int(&q) ? id : 0;
    }
    return query_end(&q, err);
}

static int make_space(struct write *w, struct space_use *u, struct error *err)
{
    struct query q = query_start(w->db,
        "INSERT INTO spaces (model, hash, dimension, pooling, query_prefix, passage_prefix, "
        "created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_space(&q, u->space);
    query_int(&q, w->now_ms);
    int rc = query_run(&q, err);
    u->id = sqlite3_last_insert_rowid(w->db->handle);
    u->is_new = true;
    if (rc == 0) { // all that is shown, from the start
        q = query_start(w->db, "INSERT INTO unembedded (document, version, waits) SELECT key, "
                               "version, 0 FROM documents WHERE version > 0 ON CONFLICT (document) "
                               "DO UPDATE SET version = excluded.version, next_chunk = 0");
        rc = query_run(&q, err);
    }
    return rc;
}

static int use_space(struct write *w, void *ctx, struct error *err)
{
    struct space_use *u = ctx;
    int rc = find_space(w, u, err);

    return rc || u->id ? rc : make_space(w, u, err);
}

int store_space_use(struct store *s, const struct vector_space *space, struct error *err)
{
    struct space_use u = { .space = space };

    if (space->dimension < 1 || space->dimension > DIMENSION_MAX) {
        return error_set(err, ERR_LIMIT, "Vectors can have 1 to %d numbers.", DIMENSION_MAX);
    }
    pthread_mutex_lock(&s->vectors->fill_mutex);
    BUG_ON(s->vectors->index != NULL); // once a start
    int rc = store_write(s, "space_use", use_space, &u, err);
    if (rc == 0) {
        s->vectors->index = vector_index_new((size_t)space->dimension);
        atomic_store(&s->vectors->space, u.id);
    }
    pthread_mutex_unlock(&s->vectors->fill_mutex);
    if (rc == 0 && u.is_new) {
        log_info("space.new", LI("space", u.id), LS("model", space->model),
            LI("dimension", space->dimension));
    }
    return rc;
}

static int purge_others(struct write *w, void *ctx, struct error *err)
{
    struct query q = query_start(w->db,
        "DELETE FROM vectors WHERE (space, chunk) IN (SELECT space, chunk FROM vectors WHERE space "
        "< ? LIMIT ?)");
    query_int(&q, atomic_load(&w->store->vectors->space));
    query_int(&q, PURGE_ROWS);
    int rc = query_run(&q, err);
    *(int64_t *)ctx = rc ? 0 : sqlite3_changes64(w->db->handle);
    return rc;
}

void vectors_purge_others(struct store *s)
{
    int64_t removed = PURGE_ROWS;

    for (int i = 0; removed == PURGE_ROWS && i < PURGE_STEPS; i++) {
        struct error err = { 0 };
        if (store_write(s, "vectors_purge", purge_others, &removed, &err) != 0) {
            log_warn("vectors.purge", LS("error", err.text));
            return;
        }
    }
}

// ---- forgetting

int vectors_forget(
    struct write *w, int64_t document, const int64_t *chunks, size_t count, struct error *err)
{
    struct vectors *v = w->store->vectors;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct query q = query_start(
            w->db, "DELETE FROM vectors WHERE space IN (SELECT id FROM spaces) AND chunk = ?");
        query_int(&q, chunks[i]);
        rc = query_run(&q, err);
    }
    if (rc == 0 && count && atomic_load(&v->space)) {
        vector_index_remove(v->index, chunk_id_partition(chunks[0]), document, chunks, count);
    }
    return rc;
}

// ---- search

static int load_partition(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct vectors *v = s->vectors;
    int64_t partition = *(int64_t *)ctx;
    size_t dimension = vector_index_dimension(v->index);
    struct query q = query_start(db,
        "SELECT chunk, document, scale, numbers FROM vectors WHERE space = ? AND chunk >= ? AND "
        "chunk < ?");

    query_int(&q, atomic_load(&v->space));
    query_int(&q, chunk_id_first(partition));
    query_int(&q, chunk_id_first(partition + 1));
    while (query_step(&q)) {
        int64_t chunk = row_int(&q), document = row_int(&q);
        float scale = (float)row_real(&q);
        struct slice numbers = row_bytes(&q);
        if (numbers.len == dimension) {
            vector_index_add(
                v->index, partition, chunk, document, scale, (const int8_t *)numbers.data);
        }
    }
    return query_end(&q, err);
}

static int make_sure(struct store *s, int64_t partition, struct error *err)
{
    struct vectors *v = s->vectors;
    int rc = 0;

    if (vector_index_has(v->index, partition)) {
        return 0;
    }
    pthread_mutex_lock(&v->fill_mutex);
    if (!vector_index_has(v->index, partition)) {
        rc = store_read(s, "vectors_load", load_partition, &partition, err);
        if (rc == 0) {
            vector_index_filled(v->index, partition);
        } // else what was added stays in memory twice at worst, and is dropped by the join
    }
    pthread_mutex_unlock(&v->fill_mutex);
    return rc;
}

struct allowed {
    const struct chunk_filter *filter;
    uint64_t *bits; // freed by the caller
    int64_t count;
    struct buf sql;
};

static int read_allowed(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct allowed *a = ctx;
    struct query q = query_start(db, "SELECT max(key) + 1 FROM documents");
    (void)s;

    a->count = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    if (rc != 0) {
        return rc;
    }
    a->bits = xalloc(((size_t)a->count / 64 + 1) * sizeof(*a->bits));
    q = query_start(db, a->sql.data);
    filter_bind(&q, a->filter);
    while (query_step(&q)) {
        int64_t key = row_int(&q);
        a->bits[key / 64] |= (uint64_t)1 << (key % 64);
    }
    return query_end(&q, err);
}

// Which documents the filter lets through; none of it when it only names the partition.
static int find_allowed(
    struct store *s, const struct chunk_filter *f, struct allowed *ret, struct error *err)
{
    *ret = (struct allowed){ .filter = f };
    if (!f->type_count && !f->category_count && !f->document_id_count && !f->metadata_sql) {
        return 0;
    }
    buf_init(&ret->sql, 64 << 10);
    buf_add_str(&ret->sql, "SELECT d.key FROM documents d WHERE d.version > 0");
    filter_sql(&ret->sql, f);
    int rc = buf_ok(&ret->sql) ? store_read(s, "filter", read_allowed, ret, err)
                               : error_set(err, ERR_LIMIT, "The filter is too long.");
    buf_done(&ret->sql);
    return rc;
}

int store_search_vectors(struct store *s, const struct partition_stats *p, const float *query,
    const struct chunk_filter *f, int limit, struct arena *a, struct chunk_score **ret,
    size_t *ret_count, double *ret_share, struct error *err)
{
    struct vector_match matches[VECTOR_SCAN_MAX];
    size_t most = limit < 1 ? 1 : limit > VECTOR_SCAN_MAX ? VECTOR_SCAN_MAX : (size_t)limit;
    struct allowed allowed = { 0 };
    size_t seen = 0;

    *ret_count = 0;
    *ret_share = 0;
    if (!atomic_load(&s->vectors->space) || p->key == 0) {
        return 0;
    }
    int rc = make_sure(s, p->key, err);
    rc = rc ? rc : find_allowed(s, f, &allowed, err);
    if (rc == 0) {
        size_t count = vector_index_scan(s->vectors->index, p->key, query, allowed.bits,
            allowed.count, false, most, matches, &seen);
        size_t all = vector_index_count(s->vectors->index, p->key);
        struct chunk_score *out = arena_array(a, count ? count : 1, sizeof(*out));
        for (size_t i = 0; out && i < count; i++) {
            out[i] = (struct chunk_score){ matches[i].chunk, matches[i].score };
        }
        *ret = out;
        *ret_count = out ? count : 0;
        *ret_share = p->chunks > 0 ? (double)all / (double)p->chunks : 0;
        *ret_share = *ret_share > 1 ? 1 : *ret_share;
    }
    free(allowed.bits);
    return rc;
}

int store_vector_scores(struct store *s, const struct partition_stats *p, const float *query,
    const int64_t *chunks, size_t count, float *ret, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        ret[i] = NAN;
    }
    if (!atomic_load(&s->vectors->space) || p->key == 0) {
        return 0;
    }
    int rc = make_sure(s, p->key, err);
    if (rc == 0) {
        vector_index_score(s->vectors->index, p->key, query, chunks, count, ret);
    }
    return rc;
}

// ---- figures

static int read_stats(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct space_stats *st = ctx;
    struct query q = query_start(db,
        "SELECT (SELECT count(*) FROM unembedded), (SELECT coalesce(sum(max(d.chunk_count - "
        "u.next_chunk, 0)), 0) FROM unembedded u JOIN documents d ON d.key = u.document), "
        "(SELECT coalesce(sum(chunks), 0) FROM document_counts)");
    (void)s;

    if (query_step(&q)) {
        st->pending_documents = row_int(&q);
        st->pending_chunks = row_int(&q);
        int64_t chunks = row_int(&q);
        st->vectors = chunks > st->pending_chunks ? chunks - st->pending_chunks : 0;
    }
    return query_end(&q, err);
}

int store_space_stats(struct store *s, struct space_stats *ret, struct error *err)
{
    *ret = (struct space_stats){ .space = atomic_load(&s->vectors->space) };
    ret->used = ret->space != 0;
    ret->memory_bytes = ret->used ? (int64_t)vector_index_bytes(s->vectors->index) : 0;
    int rc = store_read(s, "space_stats", read_stats, ret, err);
    ret->vectors = ret->used ? ret->vectors : 0;
    return rc;
}
