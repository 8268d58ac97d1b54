// SPDX-License-Identifier: AGPL-3.0-or-later
// Progress: what a worker reports, what a person reads (place in the queue, time left), and the heartbeat of the lease.
//
// A report every page of a fast document would be a commit a millisecond: reports of one job closer together than
// PROGRESS_GAP_MS are answered by a read of the lease. The first, and the one that says all is done, always count.
#include "store/sqlite/backend.h"

#include <stdlib.h>

enum {
    PROGRESS_GAP_MS = 250,
    GATE_JOBS = 64, // remembered; more at once would only write more often
    RATE_AFTER_MS = 1000, // before, the pace of a job says nothing
};

struct progress_gate {
    pthread_mutex_t mutex; // guards all
    struct {
        int64_t job, epoch, last_ms;
    } jobs[GATE_JOBS];
};

void gate_open(struct store *s)
{
    s->gate = xalloc(sizeof(*s->gate));
    pthread_mutex_init(&s->gate->mutex, NULL);
}

void gate_close(struct store *s)
{
    if (s->gate) {
        pthread_mutex_destroy(&s->gate->mutex);
        free(s->gate);
        s->gate = NULL;
    }
}

// May this job write now? Notes it if so.
static bool gate_pass(struct store *s, const struct job *j, bool always)
{
    struct progress_gate *g = s->gate;
    int64_t now = store_mono_ms(s);
    size_t place = 0;
    bool pass = true;

    pthread_mutex_lock(&g->mutex);
    for (size_t i = 0; i < GATE_JOBS; i++) {
        if (g->jobs[i].job == j->id && g->jobs[i].epoch == j->epoch) {
            place = i;
            pass = always || now - g->jobs[i].last_ms >= PROGRESS_GAP_MS;
            break;
        }
        if (g->jobs[i].last_ms < g->jobs[place].last_ms) {
            place = i; // the oldest makes room
        }
    }
    if (pass) {
        g->jobs[place].job = j->id;
        g->jobs[place].epoch = j->epoch;
        g->jobs[place].last_ms = now;
    }
    pthread_mutex_unlock(&g->mutex);
    return pass;
}

struct report {
    const struct job *job;
    int64_t lease_ms;
    const char *unit;
    int64_t done, total;
    enum document_status status;
};

static int report(struct write *w, void *ctx, struct error *err)
{
    struct report *r = ctx;
    int64_t document = 0;
    int rc = job_fence(w, r->job, &document, err);

    if (rc == 0) {
        struct query q = query_start(w->db, "UPDATE jobs SET deadline_mono_ms = ? WHERE id = ?");
        query_int(&q, w->mono_ms + r->lease_ms);
        query_int(&q, r->job->id);
        rc = query_run(&q, err);
    }
    if (rc == 0 && r->unit) {
        struct query q =
            query_start(w->db, "UPDATE jobs SET unit = ?, done = ?, total = ? WHERE id = ?");
        query_text(&q, r->unit);
        query_int(&q, r->done);
        query_int(&q, r->total);
        query_int(&q, r->job->id);
        rc = query_run(&q, err);
        if (rc == 0) {
            rc = write_document_event(w, "document.progress", document, err);
        }
    }
    return rc;
}

int store_job_progress(struct store *s, const struct job *j, int64_t lease_ms, const char *unit,
    int64_t done, int64_t total, struct error *err)
{
    struct report r = {
        .job = j, .lease_ms = lease_ms, .unit = unit, .done = done, .total = total
    };

    if (unit && !gate_pass(s, j, total > 0 && done >= total)) {
        return store_job_check(s, j, err);
    }
    return store_write(s, "job_progress", report, &r, err);
}

static int check(struct store *s, struct db *db, void *ctx, struct error *err)
{
    const struct job *j = ctx;
    struct query q = query_start(db, "SELECT 1 FROM jobs WHERE id = ? AND epoch = ? AND state = 1");
    (void)s;
    query_int(&q, j->id);
    query_int(&q, j->epoch);
    bool held = query_step(&q);
    int rc = query_end(&q, err);
    return rc || held
               ? rc
               : error_set(err, ERR_CONFLICT, "The job was cancelled or given to another worker.");
}

int store_job_check(struct store *s, const struct job *j, struct error *err)
{
    struct job copy = *j;
    return store_read(s, "job_check", check, &copy, err);
}

static int stage(struct write *w, void *ctx, struct error *err)
{
    struct report *r = ctx;
    int64_t document = 0;
    int rc = job_fence(w, r->job, &document, err);

    if (rc == 0) {
        rc = document_status_set(w, document, r->status, err);
    }
    return rc ? rc : write_document_event(w, "document.updated", document, err);
}

int store_job_stage(
    struct store *s, const struct job *j, enum document_status status, struct error *err)
{
    struct report r = { .job = j, .status = status };

    if (status <= DOCUMENT_PENDING || status >= DOCUMENT_READY) {
        return error_set(err, ERR_INVALID, "This is no status of a document that is being read.");
    }
    return store_write(s, "job_stage", stage, &r, err);
}

// ---- what a person reads

struct pace {
    int64_t job, state, leased_ms;
    struct job_progress *p;
};

static double own_seconds_left(struct store *s, const struct pace *n)
{
    int64_t ran_ms = store_mono_ms(s) - n->leased_ms;

    if (n->p->done <= 0 || n->p->total < n->p->done || ran_ms < RATE_AFTER_MS) {
        return -1;
    }
    return (double)ran_ms / 1000 / (double)n->p->done * (double)(n->p->total - n->p->done);
}

static int read_queue(struct store *s, struct db *db, const struct pace *n, struct error *err)
{
    struct query q = query_start(db, "SELECT (SELECT count(*) FROM jobs WHERE state = 0 AND id < "
                                     "?), (SELECT count(*) FROM jobs WHERE state = 1)");
    query_int(&q, n->job);
    if (query_step(&q)) {
        int64_t ahead = row_int(&q), running = row_int(&q);
        int64_t average = atomic_load(&s->average_job_ms);
        n->p->queue_position = ahead + 1;
        if (average > 0) { // those ahead and itself, by as many as run at once
            n->p->seconds_left =
                (double)average / 1000 * (double)(ahead + 1) / (double)(running > 0 ? running : 1);
        }
    }
    return query_end(&q, err);
}

int job_progress_read(
    struct store *s, struct db *db, int64_t document, struct job_progress *ret, struct error *err)
{
    struct job_progress p = { .seconds_left = -1 };
    struct pace n = { .p = &p };
    struct query q = query_start(db, "SELECT id, state, leased_mono_ms, unit, done, total FROM "
                                     "jobs WHERE document = ? AND state < 2");

    query_int(&q, document);
    p.has_job = query_step(&q);
    if (p.has_job) {
        n.job = row_int(&q);
        n.state = row_int(&q);
        n.leased_ms = row_int(&q);
        row_into(&q, p.unit, sizeof(p.unit));
        p.done = row_int(&q);
        p.total = row_int(&q);
    }
    int rc = query_end(&q, err);
    if (rc == 0 && p.has_job && n.state == JOB_LEASED) {
        p.seconds_left = own_seconds_left(s, &n);
    } else if (rc == 0 && p.has_job) {
        rc = read_queue(s, db, &n, err);
    }
    if (rc == 0) {
        *ret = p;
    }
    return rc;
}

struct progress_of {
    struct slice id;
    struct job_progress *progress;
};

static int progress_of(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct progress_of *p = ctx;
    int64_t key = 0;
    int rc = document_key(db, p->id, &key, err);
    return rc ? rc : job_progress_read(s, db, key, p->progress, err);
}

int store_job_progress_of(
    struct store *s, struct slice document_id, struct job_progress *ret, struct error *err)
{
    struct progress_of p = { .id = document_id, .progress = ret };
    return store_read(s, "job_progress_of", progress_of, &p, err);
}
