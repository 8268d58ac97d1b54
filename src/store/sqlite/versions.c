// SPDX-License-Identifier: AGPL-3.0-or-later
// Rows of versions that are no longer shown: marked in the transaction that hides them, removed afterwards in steps of
// bounded size, so that a document of a million chunks never holds the writer. What a crash leaves marked, the sweep
// removes. Nothing shows them meanwhile: readers join on documents.version.
#include "store/sqlite/backend.h"

#include "base/log.h"
#include "store/chunk_id.h"

enum {
    CHUNKS_A_STEP = 256,
    ELEMENTS_A_STEP = 2000,
    STEPS_MAX = 1000000, // of one purge
};

int version_stale(struct write *w, int64_t document, int64_t version, struct error *err)
{
    struct query q =
        query_start(w->db, "INSERT OR IGNORE INTO stale (document, version) VALUES (?, ?)");
    query_int(&q, document);
    query_int(&q, version);
    return query_run(&q, err);
}

struct step {
    int64_t document, version;
    bool more;
};

static int remove_rows(struct write *w, const struct step *s, const char *sql, int limit,
    int64_t *ret_removed, struct error *err)
{
    struct query q = query_start(w->db, sql);
    query_int(&q, s->document);
    query_int(&q, s->version);
    query_int(&q, s->version);
    query_int(&q, limit);
    int rc = query_run(&q, err);
    *ret_removed = rc ? 0 : sqlite3_changes64(w->db->handle);
    return rc;
}

#define ROWS_OF(table)                                                                             \
    "SELECT rowid FROM " table                                                                     \
    " WHERE document = ? AND (version = ? OR ? = 0) ORDER BY version, idx LIMIT ?"

static int leave_partition(
    struct write *w, int64_t partition, int64_t chunks, int64_t words, struct error *err)
{
    struct query q = query_start(
        w->db, "UPDATE partitions SET chunks = chunks - ?, words = words - ? WHERE key = ?");
    query_int(&q, chunks);
    query_int(&q, words);
    query_int(&q, partition);
    return query_run(&q, err);
}

// The chunks of this step: out of the partition's figures, and their vectors.
static int forget_chunks(struct write *w, const struct step *s, struct error *err)
{
    int64_t ids[CHUNKS_A_STEP], words = 0;
    size_t count = 0;
    struct query q = query_start(
        w->db, "SELECT id, words FROM chunks WHERE rowid IN (" ROWS_OF("chunks") ") ORDER BY id");
    query_int(&q, s->document);
    query_int(&q, s->version);
    query_int(&q, s->version);
    query_int(&q, CHUNKS_A_STEP);
    while (count < CHUNKS_A_STEP && query_step(&q)) {
        ids[count++] = row_int(&q);
        words += row_int(&q);
    }
    int rc = query_end(&q, err);
    if (rc == 0 && count) {
        words_removed(w->store);
        rc = leave_partition(w, chunk_id_partition(ids[0]), (int64_t)count, words, err);
        rc = rc ? rc : vectors_forget(w, s->document, ids, count, err);
    }
    return rc;
}

static int purge_one(struct write *w, struct step *s, struct error *err)
{
    int64_t removed = 0;
    int rc = forget_chunks(w, s, err);

    rc = rc ? rc
            : remove_rows(w, s, "DELETE FROM chunk_index WHERE rowid IN (" ROWS_OF("chunks") ")",
                  CHUNKS_A_STEP, &removed, err);
    if (rc == 0) {
        rc = remove_rows(w, s, "DELETE FROM chunks WHERE rowid IN (" ROWS_OF("chunks") ")",
            CHUNKS_A_STEP, &removed, err);
    }
    if (rc == 0 && removed < CHUNKS_A_STEP) {
        rc = remove_rows(w, s, "DELETE FROM elements WHERE rowid IN (" ROWS_OF("elements") ")",
            ELEMENTS_A_STEP, &removed, err);
        if (rc == 0 && removed < ELEMENTS_A_STEP) {
            rc = remove_rows(w, s,
                "DELETE FROM media WHERE (document, version, name) IN "
                "(SELECT document, version, name FROM media WHERE document = ? AND (version = ? OR "
                "? = 0) LIMIT ?)",
                ELEMENTS_A_STEP, &removed, err);
            if (rc == 0 && removed < ELEMENTS_A_STEP) {
                struct query q =
                    query_start(w->db, "DELETE FROM stale WHERE document = ? AND version = ?");
                query_int(&q, s->document);
                query_int(&q, s->version);
                rc = query_run(&q, err);
            }
        }
    }
    return rc;
}

static int purge_step(struct write *w, void *ctx, struct error *err)
{
    struct step *s = ctx;
    struct query q = query_start(w->db, "SELECT document, version FROM stale LIMIT 1");

    s->more = query_step(&q);
    if (s->more) {
        s->document = row_int(&q);
        s->version = row_int(&q);
    }
    int rc = query_end(&q, err);
    return rc == 0 && s->more ? purge_one(w, s, err) : rc;
}

static int any_stale(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db, "SELECT 1 FROM stale LIMIT 1");
    (void)s;
    *(bool *)ctx = query_step(&q);
    return query_end(&q, err);
}

void version_purge(struct store *s)
{
    struct error err = { 0 };
    struct step step = { .more = true };
    bool any = false;

    int rc = store_read(s, "stale", any_stale, &any, &err);
    for (int i = 0; rc == 0 && any && step.more && i < STEPS_MAX; i++) {
        rc = store_write(s, "version_purge", purge_step, &step, &err);
    }
    if (rc != 0) {
        log_warn("store.purge", LS("error", err.text)); // the sweep goes on with it
    }
}
