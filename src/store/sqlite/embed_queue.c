// SPDX-License-Identifier: AGPL-3.0-or-later
// What is not embedded yet: listed when a version is shown, worked off chunk by chunk, documents that wait first.
#include "store/sqlite/vectors.h"

#include "store/chunk_id.h"
#include "store/vectors/dot.h"

#include <stdlib.h>

enum { NEXT_MAX = 256 };

int vectors_enqueue(
    struct write *w, int64_t document, int64_t version, bool waits, struct error *err)
{
    struct query q = query_start(w->db,
        "INSERT INTO unembedded (document, version, waits) VALUES (?1, ?2, ?3) ON CONFLICT "
        "(document) DO UPDATE SET version = ?2, next_chunk = 0, waits = ?3");
    query_int(&q, document);
    query_int(&q, version);
    query_int(&q, waits);
    return query_run(&q, err);
}

// ---- what comes next

struct next {
    int limit;
    struct arena *arena;
    struct unembedded *items;
    size_t count;
};

static int read_next(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct next *n = ctx;
    int rc = 0;
    struct query q = query_start(db,
        "SELECT c.id, u.document, c.idx, d.name, c.heading, c.text FROM unembedded u "
        "CROSS JOIN documents d ON d.key = u.document AND d.version = u.version "
        "CROSS JOIN chunks c ON c.document = u.document AND c.version = u.version AND c.idx >= "
        "u.next_chunk ORDER BY u.waits DESC, u.document, c.idx LIMIT ?");
    (void)s;

    query_int(&q, n->limit);
    while (n->count < (size_t)n->limit && query_step(&q)) {
        struct unembedded *u = &n->items[n->count];
        u->chunk = row_int(&q);
        u->document = row_int(&q);
        u->index = row_int(&q);
        u->name = row_copy(&q, n->arena);
        u->heading = row_copy(&q, n->arena);
        struct slice text = row_slice(&q);
        u->text = arena_slice(n->arena, text);
        if (u->text.len != text.len) {
            if (n->count == 0) {
                rc = error_set(err, ERR_MEMORY, "There is not enough memory for a passage.");
            }
            break; // the next call goes on here
        }
        n->count++;
    }
    int end = query_end(&q, rc ? NULL : err);
    return rc ? rc : end;
}

int store_unembedded_next(struct store *s, int limit, struct arena *a, struct unembedded **ret,
    size_t *ret_count, struct error *err)
{
    struct next n = { .limit = limit < 1 ? 1 : limit > NEXT_MAX ? NEXT_MAX : limit, .arena = a };

    n.items = arena_array(a, (size_t)n.limit, sizeof(*n.items));
    if (!n.items) {
        return error_set(err, ERR_MEMORY, "There is not enough memory for a list of passages.");
    }
    int rc = store_read(s, "unembedded_next", read_next, &n, err);
    if (rc == 0) {
        *ret = n.items;
        *ret_count = n.count;
    }
    return rc;
}

// ---- what was made

struct put {
    const struct unembedded *chunks;
    size_t count, dimension;
    const int8_t *numbers;
    const float *scales;
    bool *kept; // those whose document still shows them
    bool all_done;
};

// Is the chunk still there, of the version that is shown?
static int still_shown(struct write *w, const struct unembedded *u, bool *ret, struct error *err)
{
    struct query q = query_start(w->db,
        "SELECT 1 FROM chunks c JOIN documents d ON d.key = c.document AND d.version = c.version "
        "WHERE c.id = ?");
    query_int(&q, u->chunk);
    *ret = query_step(&q);
    return query_end(&q, err);
}

static int insert_vector(struct write *w, const struct put *p, size_t i, struct error *err)
{
    struct query q = query_start(w->db, "INSERT OR REPLACE INTO vectors (space, chunk, document, "
                                        "scale, numbers) VALUES (?, ?, ?, ?, ?)");
    query_int(&q, atomic_load(&w->store->vectors->space));
    query_int(&q, p->chunks[i].chunk);
    query_int(&q, p->chunks[i].document);
    query_real(&q, p->scales[i]);
    query_bytes(&q, p->numbers + i * p->dimension, p->dimension);
    return query_run(&q, err);
}

// Moves the document's place on; at its end it leaves the list, and becomes ready if it waited.
static int advance(struct write *w, int64_t document, int64_t next, struct error *err)
{
    struct query q = query_start(w->db,
        "UPDATE unembedded SET next_chunk = ?2 WHERE document = ?1 AND EXISTS (SELECT 1 FROM "
        "documents d WHERE d.key = ?1 AND d.version = unembedded.version) RETURNING waits, NOT "
        "EXISTS (SELECT 1 FROM chunks c WHERE c.document = ?1 AND c.version = unembedded.version "
        "AND c.idx >= ?2)");
    query_int(&q, document);
    query_int(&q, next);
    bool there = query_step(&q);
    bool waits = there && row_int(&q), done = there && row_int(&q);
    while (query_step(&q)) {
        // to the end, so that the update counts
    }
    int rc = query_end(&q, err);
    return rc || !done ? rc : vectors_done(w, document, waits, err);
}

int vectors_done(struct write *w, int64_t document, bool waits, struct error *err)
{
    struct query q = query_start(w->db, "DELETE FROM unembedded WHERE document = ?");
    query_int(&q, document);
    int rc = query_run(&q, err);

    if (rc == 0 && waits) {
        q = query_start(w->db, "UPDATE documents SET status = ?, updated_ms = ? WHERE key = ? AND "
                               "status = ?");
        query_int(&q, DOCUMENT_READY);
        query_int(&q, w->now_ms);
        query_int(&q, document);
        query_int(&q, DOCUMENT_INDEXED);
        rc = query_run(&q, err);
        if (rc == 0 && sqlite3_changes64(w->db->handle) > 0) {
            rc = write_document_event(w, "document.ready", document, err);
        }
    }
    return rc;
}

static int put(struct write *w, void *ctx, struct error *err)
{
    struct put *p = ctx;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < p->count; i++) {
        rc = still_shown(w, &p->chunks[i], &p->kept[i], err);
        if (rc == 0 && p->kept[i]) {
            rc = insert_vector(w, p, i, err);
        }
        bool last = i + 1 == p->count || p->chunks[i + 1].document != p->chunks[i].document;
        if (rc == 0 && p->kept[i] && last) {
            rc = advance(w, p->chunks[i].document, p->chunks[i].index + 1, err);
        }
    }
    if (rc == 0) {
        struct query q = query_start(w->db, "SELECT 1 FROM unembedded LIMIT 1");
        p->all_done = !query_step(&q);
        rc = query_end(&q, err);
    }
    return rc;
}

int store_vectors_put(struct store *s, const struct unembedded *chunks, const float *vectors,
    size_t count, struct error *err)
{
    struct vectors *v = s->vectors;

    if (!atomic_load(&v->space) || count > NEXT_MAX) {
        return error_set(err, ERR_CONFLICT, "No space of vectors is in use.");
    }
    size_t dimension = vector_index_dimension(v->index);
    int8_t *numbers = xalloc((count + 1) * dimension);
    float scales[NEXT_MAX];
    bool kept[NEXT_MAX] = { false };
    struct put p = { .chunks = chunks,
        .count = count,
        .dimension = dimension,
        .numbers = numbers,
        .scales = scales,
        .kept = kept };
    for (size_t i = 0; i < count; i++) {
        dot_quantise_passage(
            vectors + i * dimension, dimension, numbers + i * dimension, dimension, &scales[i]);
    }
    pthread_mutex_lock(&v->fill_mutex);
    int rc = store_write(s, "vectors_put", put, &p, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        int64_t partition = chunk_id_partition(chunks[i].chunk);
        if (kept[i] && vector_index_has(v->index, partition)) {
            vector_index_add(v->index, partition, chunks[i].chunk, chunks[i].document, scales[i],
                numbers + i * dimension);
        }
    }
    pthread_mutex_unlock(&v->fill_mutex);
    free(numbers);
    if (rc == 0 && p.all_done) {
        vectors_purge_others(s);
    }
    return rc;
}

// ---- who waits

static int stop_waiting(struct write *w, void *ctx, struct error *err)
{
    int64_t document = 0;
    int rc = 0;

    for (;;) {
        struct query q = query_start(w->db, "SELECT key FROM documents WHERE status = ? LIMIT 1");
        query_int(&q, DOCUMENT_INDEXED);
        bool found = query_step(&q);
        document = found ? row_int(&q) : 0;
        rc = query_end(&q, err);
        if (rc != 0 || !found) {
            break;
        }
        rc = document_status_set(w, document, DOCUMENT_READY, err);
        rc = rc ? rc : write_document_event(w, "document.ready", document, err);
        if (rc != 0) {
            break;
        }
    }
    if (rc == 0) {
        struct query q = query_start(w->db, "UPDATE unembedded SET waits = 0 WHERE waits = 1");
        rc = query_run(&q, err);
    }
    (void)ctx;
    return rc;
}

int store_space_wait(struct store *s, bool on, struct error *err)
{
    bool before = atomic_exchange(&s->vectors->wait, on);
    (void)before;
    return on ? 0 : store_write(s, "space_wait", stop_waiting, NULL, err);
}
