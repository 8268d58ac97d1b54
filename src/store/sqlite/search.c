// SPDX-License-Identifier: AGPL-3.0-or-later
// Search by words over the shown versions. FTS5 scores (BM25 with weights for title, heading and text); a row of the index
// is worth something only if its chunk belongs to the version that is shown, of a document that passes the filter.
//
// The best rows are taken from the index alone first, then joined and filtered: joining all hits of a common word before
// sorting would read thousands of rows for ten. When too few pass the filter, more are taken, until the index has no more.
#include "store/sqlite/backend.h"

#include "base/utf8.h"
#include "store/fts_text.h"

enum {
    LIMIT_MAX = 1000,
    MATCH_MAX = 16 << 10, // bytes of the query as FTS5 reads it
    CONDITIONS_MAX = 64 << 10,
    VALUES_MAX = 512, // of a filter
    FIRST_FACTOR = 4,
    FIRST_LEAST = 100,
    GROWTH = 16,
    CANDIDATES_MAX = 50000000,
};

struct search {
    struct slice match;
    const struct chunk_filter *filter;
    struct field_weights weights;
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

static int make_sql(struct search *s, struct error *err)
{
    const struct chunk_filter *f = s->filter;

    if (f->type_count + f->category_count + f->document_id_count + f->metadata_value_count >
        VALUES_MAX) {
        return error_set(err, ERR_LIMIT, "The filter names more than %d values.", VALUES_MAX);
    }
    buf_add_str(&s->sql,
        "SELECT c.id, c.idx, r.score, d.id, d.name, d.type, d.category, d.partition, "
        "c.first_element, c.last_element, "
        "d.created_ms, c.heading, c.text, c.place, c.places "
        "FROM (SELECT rowid AS id, bm25(chunk_index, ?, ?, ?) AS score FROM chunk_index WHERE "
        "chunk_index MATCH ? "
        "ORDER BY score LIMIT ?) r CROSS JOIN chunks c ON c.id = r.id "
        "CROSS JOIN documents d ON d.key = c.document AND d.version = c.version WHERE 1");
    if (f->partition.len) {
        buf_add_str(&s->sql, " AND d.partition = ?");
    }
    add_list(&s->sql, "d.type", f->type_count);
    add_list(&s->sql, "d.category", f->category_count);
    add_list(&s->sql, "d.id", f->document_id_count);
    if (f->metadata_sql) {
        buf_addf(&s->sql, " AND (%s)", f->metadata_sql);
    }
    buf_add_str(&s->sql, " ORDER BY r.score, c.id LIMIT ?");
    return buf_ok(&s->sql) ? 0 : error_set(err, ERR_LIMIT, "The filter is too long.");
}

static void bind(struct query *q, const struct search *s, int64_t candidates)
{
    const struct chunk_filter *f = s->filter;

    query_real(q, s->weights.title);
    query_real(q, s->weights.heading);
    query_real(q, s->weights.text);
    query_slice(q, s->match);
    query_int(q, candidates);
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
    query_int(q, s->limit);
}

static int read_hit(struct query *q, struct arena *a, struct chunk_hit *h, struct error *err)
{
    h->chunk_id = row_int(q);
    h->chunk_index = row_int(q);
    h->score = -row_real(q); // FTS5's is better when lower
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
    h->place = row_text(q, a);
    h->places = row_text(q, a);
    return h->places ? 0
                     : error_set(err, ERR_MEMORY, "There is not enough memory for the results.");
}

// A query that FTS5 can't read is the caller's, not ours.
static int match_error(struct db *db, int rc, struct error *err)
{
    if (rc == SQLITE_ERROR) {
        return error_set(err, ERR_INVALID, "The search query can't be read.");
    }
    return db_error(db, rc, err);
}

static int end_match(struct query *q, struct error *err)
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

static int count_matches(
    struct db *db, struct slice match, int64_t limit, int64_t *ret, struct error *err)
{
    struct query q = query_start(db,
        "SELECT count(*) FROM (SELECT rowid FROM chunk_index WHERE chunk_index MATCH ? LIMIT ?)");
    query_slice(&q, match);
    query_int(&q, limit);
    if (query_step(&q)) {
        *ret = row_int(&q);
    }
    return end_match(&q, err);
}

static int search_once(struct search *s, struct db *db, int64_t candidates, struct error *err)
{
    struct query q = query_start(db, s->sql.data);
    int rc = 0;

    bind(&q, s, candidates);
    s->count = 0;
    while (rc == 0 && s->count < (size_t)s->limit && query_step(&q)) {
        rc = read_hit(&q, s->arena, &s->hits[s->count], err);
        s->count += rc == 0;
    }
    int end = end_match(&q, rc ? NULL : err);
    return rc ? rc : end;
}

static int search(struct store *store, struct db *db, void *ctx, struct error *err)
{
    struct search *s = ctx;
    int64_t candidates = (int64_t)s->limit * FIRST_FACTOR;
    (void)store;

    if (candidates < FIRST_LEAST) {
        candidates = FIRST_LEAST;
    }
    for (;;) {
        int64_t matches = 0;
        int rc = search_once(s, db, candidates, err);
        if (rc != 0 || s->count == (size_t)s->limit || candidates >= CANDIDATES_MAX) {
            return rc;
        }
        rc = count_matches(db, s->match, candidates + 1, &matches, err);
        if (rc != 0 || matches <= candidates) {
            return rc; // the index had no more
        }
        candidates *= GROWTH;
    }
}

int store_search_words(struct store *s, struct slice match, const struct chunk_filter *f,
    struct field_weights w, int limit, struct arena *a, struct chunk_hit **ret, size_t *ret_count,
    struct error *err)
{
    static const struct chunk_filter any = { 0 };
    AUTO_BUF folded = BUF_INIT(fts_fold_bound(MATCH_MAX));
    struct search search_for = { .filter = f ? f : &any, .weights = w, .arena = a };

    if (match.len == 0 || match.len > MATCH_MAX) {
        return error_set(err, ERR_INVALID, "The search query must have 1 to %d bytes.", MATCH_MAX);
    }
    fts_fold(&folded, match);
    search_for.match = buf_slice(&folded);
    search_for.limit = limit < 1 ? 1 : limit > LIMIT_MAX ? LIMIT_MAX : limit;
    search_for.hits = arena_array(a, (size_t)search_for.limit, sizeof(*search_for.hits));
    if (!buf_ok(&folded) || !search_for.hits) {
        return error_set(err, ERR_MEMORY, "There is not enough memory for the results.");
    }
    buf_init(&search_for.sql, CONDITIONS_MAX);
    int rc = make_sql(&search_for, err);
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

// ---- counts of terms

struct counts {
    const struct slice *terms;
    size_t count;
    int64_t *ret, *ret_chunks;
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

static int count_terms(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct counts *c = ctx;
    AUTO_BUF term = BUF_INIT(fts_fold_bound(MATCH_MAX));
    int rc = 0;
    (void)s;

    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        buf_reset(&term);
        quote(&term, utf8_prefix(c->terms[i], MATCH_MAX / 2));
        c->ret[i] = 0;
        rc = count_matches(db, buf_slice(&term), TERM_COUNT_MAX, &c->ret[i], err);
    }
    if (rc == 0 && c->ret_chunks) {
        struct query q = query_start(db, "SELECT sum(chunks) FROM document_counts");
        *c->ret_chunks = query_step(&q) ? row_int(&q) : 0;
        rc = query_end(&q, err);
    }
    return rc;
}

int store_term_counts(struct store *s, const struct slice *terms, size_t count, int64_t *ret_counts,
    int64_t *ret_chunks, struct error *err)
{
    struct counts c = {
        .terms = terms, .count = count, .ret = ret_counts, .ret_chunks = ret_chunks
    };

    if (count > VALUES_MAX) {
        return error_set(err, ERR_LIMIT, "The query has more than %d words.", VALUES_MAX);
    }
    return store_read(s, "term_counts", count_terms, &c, err);
}
