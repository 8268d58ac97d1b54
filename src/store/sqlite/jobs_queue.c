// SPDX-License-Identifier: AGPL-3.0-or-later
// The queue: jobs put in, leased in the order they came, given back, recovered after a crash of the server.
//
// A lease is an epoch and a deadline. Each lease raises the epoch, and each write of a worker names it, so that a worker
// that was given up and wakes again finds its writes refused (job_fence). Deadlines are on the clock since boot, which
// never steps, together with the boot's id: neither a set wall clock nor a restart of the machine can revive one.
// Each lease writes a version of its own; what an earlier one left behind becomes stale.
#include "store/sqlite/backend.h"

enum {
    RECOVERIES_MAX = 32, // leases that an end of the server cut off: seldom the document's fault
    RECOVERIES_FREE = 2, // of these at once; then others go first
    RECOVERY_WAIT_MS = 5000,
    LEASE_TRIES = 64, // lapsed ones that one call may bury on its way to a live one
    LEASE_MS_MIN = 1,
    LEASE_MS_MAX = 24 * 3600 * 1000,
};

int job_enqueue(struct write *w, int64_t document, const char *kind, struct error *err)
{
    struct query q =
        query_start(w->db, "INSERT INTO jobs (document, kind, created_ms) VALUES (?, ?, ?)");
    query_int(&q, document);
    query_text(&q, kind);
    query_int(&q, w->now_ms);
    int rc = query_run(&q, err);
    return rc == ERR_CONFLICT ? error_set(err, ERR_CONFLICT, "The document is being read already.")
                              : rc;
}

int job_fence(struct write *w, const struct job *j, int64_t *ret_document, struct error *err)
{
    struct query q =
        query_start(w->db, "SELECT document FROM jobs WHERE id = ? AND epoch = ? AND state = 1");
    bool held = false;

    query_int(&q, j->id);
    query_int(&q, j->epoch);
    if (query_step(&q)) {
        *ret_document = row_int(&q);
        held = true;
    }
    int rc = query_end(&q, err);
    return rc || held
               ? rc
               : error_set(err, ERR_CONFLICT, "The job was cancelled or given to another worker.");
}

// ---- lease

struct lease {
    const char *worker;
    int64_t lease_ms;
    struct arena *arena;
    struct job *job;
};

struct candidate {
    int64_t id, document, attempt, old_version;
    bool lapsed;
};

// In the order of ids, whether queued or lapsed. The two partial indexes answer it.
#define DUE_JOBS                                                                                   \
    "SELECT id FROM jobs WHERE state = 0 AND (due_mono_ms <= ? OR boot <> ?) "                     \
    "UNION ALL SELECT id FROM jobs WHERE state = 1 AND (deadline_mono_ms <= ? OR boot <> ?)"

static void bind_due(struct query *q, struct store *s, int64_t mono_ms)
{
    query_int(q, mono_ms);
    query_text(q, s->boot);
    query_int(q, mono_ms);
    query_text(q, s->boot);
}

static int find_due(struct write *w, struct candidate *c, bool *ret_found, struct error *err)
{
    struct query q = query_start(w->db, "SELECT id, document, attempt, version, state FROM jobs "
                                        "WHERE id = (SELECT min(id) FROM (" DUE_JOBS "))");
    bind_due(&q, w->store, w->mono_ms);
    *ret_found = query_step(&q);
    if (*ret_found) {
        c->id = row_int(&q);
        c->document = row_int(&q);
        c->attempt = row_int(&q);
        c->old_version = row_int(&q);
        c->lapsed = row_int(&q) == JOB_LEASED;
    }
    return query_end(&q, err);
}

static int take(
    struct write *w, const struct lease *l, const struct candidate *c, struct error *err)
{
    int64_t version = 0;
    int rc = c->old_version ? version_stale(w, c->document, c->old_version, err) : 0;

    if (rc == 0) {
        struct query q =
            query_start(w->db, "UPDATE documents SET last_version = last_version + 1, status = ?, "
                               "updated_ms = ? WHERE key = ? RETURNING last_version, id");
        query_int(&q, DOCUMENT_PARTITIONING);
        query_int(&q, w->now_ms);
        query_int(&q, c->document);
        if (query_step(&q)) {
            version = row_int(&q);
            row_into(&q, l->job->document_id, sizeof(l->job->document_id));
        }
        rc = query_end(&q, err);
    }
    if (rc == 0) {
        struct query q =
            query_start(w->db, "UPDATE jobs SET state = 1, attempt = attempt + 1, epoch = epoch + "
                               "1, version = ?, worker = ?, boot = ?, "
                               "leased_mono_ms = ?, deadline_mono_ms = ?, unit = '', done = 0, "
                               "total = 0 WHERE id = ? RETURNING kind, attempt, epoch");
        query_int(&q, version);
        query_text(&q, l->worker);
        query_text(&q, w->store->boot);
        query_int(&q, w->mono_ms);
        query_int(&q, w->mono_ms + l->lease_ms);
        query_int(&q, c->id);
        if (query_step(&q)) {
            l->job->id = c->id;
            l->job->kind = row_text(&q, l->arena);
            l->job->attempt = (int)row_int(&q);
            l->job->epoch = row_int(&q);
            l->job->version = version;
        }
        rc = query_end(&q, err);
    }
    if (rc == 0 && !l->job->kind) {
        rc = error_set(err, ERR_MEMORY, "There is not enough memory for a job.");
    }
    return rc ? rc : write_document_event(w, "document.updated", c->document, err);
}

// A call that finds nothing but jobs to bury still commits: id 0 says so.
static int lease(struct write *w, void *ctx, struct error *err)
{
    struct lease *l = ctx;
    struct candidate c = { 0 };
    bool found = true;
    int rc = 0;

    l->job->id = 0;
    for (int i = 0; rc == 0 && i < LEASE_TRIES; i++) {
        rc = find_due(w, &c, &found, err);
        if (rc != 0 || !found) {
            break;
        }
        if (!c.lapsed || c.attempt < ATTEMPTS_MAX) {
            return take(w, l, &c, err);
        }
        rc = job_bury(
            w, c.id, c.document, "The reading did not come to an end, several times.", err);
    }
    return rc;
}

static int any_due(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db, DUE_JOBS " LIMIT 1");
    bind_due(&q, s, store_mono_ms(s));
    *(bool *)ctx = query_step(&q);
    return query_end(&q, err);
}

int store_job_lease(struct store *s, const char *worker, int64_t lease_ms, struct arena *a,
    struct job *ret, struct error *err)
{
    struct job job = { 0 };
    struct lease l = { .worker = worker, .lease_ms = lease_ms, .arena = a, .job = &job };
    bool any = false;

    if (lease_ms < LEASE_MS_MIN || lease_ms > LEASE_MS_MAX) {
        return error_set(err, ERR_INVALID, "A lease must be of 1 millisecond to 24 hours.");
    }
    int rc = store_read(s, "job_due", any_due, &any, err); // without work, no commit
    if (rc == 0 && any) {
        rc = store_write(s, "job_lease", lease, &l, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (job.id == 0) {
        return error_set(err, ERR_NOT_FOUND, "No job is due.");
    }
    *ret = job;
    if (job.attempt > 1 || job.epoch > 1) {
        version_purge(s);
    }
    return 0;
}

static int next_due(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q =
        query_start(db, "SELECT min(CASE WHEN boot <> ? THEN 0 WHEN state = 0 THEN due_mono_ms "
                        "ELSE deadline_mono_ms END) FROM jobs WHERE state < 2");
    query_text(&q, s->boot);
    *(int64_t *)ctx = -1;
    if (query_step(&q) && sqlite3_column_type(q.st, 0) != SQLITE_NULL) {
        int64_t wait = row_int(&q) - store_mono_ms(s);
        *(int64_t *)ctx = wait < 0 ? 0 : wait;
    }
    return query_end(&q, err);
}

int store_job_next_due(struct store *s, int64_t *ret_wait_ms, struct error *err)
{
    int64_t wait = -1;
    int rc = store_read(s, "job_next_due", next_due, &wait, err);
    if (rc == 0) {
        *ret_wait_ms = wait;
    }
    return rc;
}

struct queue_full {
    int64_t most;
    bool full;
};

static int queue_full(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct queue_full *f = ctx;
    (void)s;

    // over the index jobs_queued, and never further than the limit
    struct query q =
        query_start(db, "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 0 LIMIT ?)");
    query_int(&q, f->most);
    f->full = query_step(&q) && row_int(&q) >= f->most;
    return query_end(&q, err);
}

int store_job_queue_full(struct store *s, int64_t most, bool *ret, struct error *err)
{
    struct queue_full f = { .most = most };
    int rc = store_read(s, "job_queue_full", queue_full, &f, err);

    if (rc == 0) {
        *ret = f.full;
    }
    return rc;
}

// ---- given back

static int release(struct write *w, void *ctx, struct error *err)
{
    const struct job *j = ctx;
    int64_t document = 0;
    int rc = job_fence(w, j, &document, err);

    if (rc == 0) {
        struct query q = query_start(w->db, "UPDATE jobs SET state = 0, attempt = attempt - 1, "
                                            "due_mono_ms = 0, worker = NULL WHERE id = ?");
        query_int(&q, j->id);
        rc = query_run(&q, err);
    }
    if (rc == 0) {
        rc = job_drop_begun(w, j->id, document, err);
    }
    if (rc == 0) {
        rc = document_status_set(w, document, DOCUMENT_PENDING, err);
    }
    return rc ? rc : write_document_event(w, "document.updated", document, err);
}

int store_job_release(struct store *s, const struct job *j, struct error *err)
{
    struct job copy = *j;
    int rc = store_write(s, "job_release", release, &copy, err);

    if (rc == 0) {
        version_purge(s);
    }
    return rc;
}

// ---- after a crash

static int next_leased(struct write *w, int64_t after, struct candidate *c, int64_t *ret_recoveries,
    bool *ret_found, struct error *err)
{
    struct query q = query_start(w->db,
        "SELECT id, document, recoveries FROM jobs WHERE state = 1 AND id > ? ORDER BY id LIMIT 1");
    query_int(&q, after);
    *ret_found = query_step(&q);
    if (*ret_found) {
        c->id = row_int(&q);
        c->document = row_int(&q);
        *ret_recoveries = row_int(&q);
    }
    return query_end(&q, err);
}

// The server's end is not counted as an attempt of the document, only apart, so that one that always takes the server
// with it is set aside in the end.
static int recover(struct write *w, void *ctx, struct error *err)
{
    struct candidate c = { 0 };
    int64_t recoveries = 0;
    bool found = true;
    int rc = 0;
    (void)ctx;

    while (rc == 0 && (rc = next_leased(w, c.id, &c, &recoveries, &found, err)) == 0 && found) {
        if (recoveries >= RECOVERIES_MAX) {
            rc = job_bury(w, c.id, c.document,
                "The server ended again and again while it read this document.", err);
            continue;
        }
        struct query q = query_start(w->db, "UPDATE jobs SET state = 0, attempt = attempt - 1, "
                                            "recoveries = recoveries + 1, worker = NULL, boot = ?, "
                                            "due_mono_ms = ? WHERE id = ?");
        query_text(&q, w->store->boot);
        query_int(&q, recoveries < RECOVERIES_FREE ? 0 : w->mono_ms + RECOVERY_WAIT_MS);
        query_int(&q, c.id);
        rc = query_run(&q, err);
        if (rc == 0) {
            rc = job_drop_begun(w, c.id, c.document, err);
        }
        if (rc == 0) {
            rc = document_status_set(w, c.document, DOCUMENT_PENDING, err);
        }
        if (rc == 0) {
            rc = write_document_event(w, "document.updated", c.document, err);
        }
    }
    return rc;
}

int store_job_recover(struct store *s, struct error *err)
{
    return store_write(
        s, "job_recover", recover, NULL, err); // what is stale goes with the first sweep
}
