// SPDX-License-Identifier: AGPL-3.0-or-later
// How jobs end: well (finish), by the document's fault (refuse), by ours (fail: again after a while, then dead), by a
// person's wish (cancel). A trigger of the schema forbids a second end.
#include "store/sqlite/backend.h"

#include "base/log.h"
#include "base/utf8.h"
#include "wire/json.h"

enum {
    SENTENCE_MAX = 2048,
    DEAD_LIST_MAX = 1000,
};
static const int64_t back_off_ms[ATTEMPTS_MAX - 1] = { 1000, 5000,
    25000 }; // after the first, second, third

struct end {
    const struct job *job;
    const struct job_result *result;
    const char *reason, *findings, *sentence;
    struct slice document_id;
    bool dead;
};

static int set_ended(
    struct write *w, int64_t job, enum job_state state, const char *sentence, struct error *err)
{
    struct query q = query_start(w->db, "UPDATE jobs SET state = ?, ended_ms = ?, took_ms = CASE "
                                        "WHEN state = 1 THEN ? - leased_mono_ms END, sentence = ? "
                                        "WHERE id = ?");
    query_int(&q, state);
    query_int(&q, w->now_ms);
    query_int(&q, w->mono_ms);
    query_text(&q, sentence);
    query_int(&q, job);
    return query_run(&q, err);
}

// ---- finish

static int make_stale_shown(struct write *w, int64_t document, struct error *err)
{
    struct query q = query_start(w->db, "SELECT version FROM documents WHERE key = ?");
    query_int(&q, document);
    int64_t shown = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    return rc || shown == 0 ? rc : version_stale(w, document, shown, err);
}

static int has_chunks(
    struct write *w, int64_t document, int64_t version, bool *ret, struct error *err)
{
    struct query q =
        query_start(w->db, "SELECT 1 FROM chunks WHERE document = ? AND version = ? LIMIT 1");
    query_int(&q, document);
    query_int(&q, version);
    *ret = query_step(&q);
    return query_end(&q, err);
}

// A document whose passages are still to be embedded is found by words from here on, and ready when that is done.
static int show(struct write *w, int64_t document, const struct job *j, const struct job_result *r,
    bool waits, struct error *err)
{
    struct query q = query_start(w->db,
        "UPDATE documents SET version = ?1, status = ?2, updated_ms = ?3, reason = NULL, errors = "
        "'[]', "
        "element_count = (SELECT count(*) FROM elements e WHERE e.document = ?4 AND e.version = "
        "?1), "
        "chunk_count = (SELECT count(*) FROM chunks c WHERE c.document = ?4 AND c.version = ?1), "
        "media = CASE WHEN ?5 IS NULL THEN media ELSE json_patch(media, ?5) END, findings = "
        "coalesce(?6, findings), "
        "verdict = coalesce(?7, verdict), page_count = ?8 WHERE key = ?4");
    query_int(&q, j->version);
    query_int(&q, waits ? DOCUMENT_INDEXED : DOCUMENT_READY);
    query_int(&q, w->now_ms);
    query_int(&q, document);
    query_text(&q, r->media);
    query_text(&q, r->findings);
    query_text(&q, r->verdict);
    query_real(&q, r->page_count);
    return query_run(&q, err);
}

static void learn_pace(struct write *w, int64_t job)
{
    struct query q = query_start(w->db, "SELECT took_ms FROM jobs WHERE id = ?");
    query_int(&q, job);
    int64_t took = query_step(&q) ? row_int(&q) : 0;
    long long before = atomic_load(&w->store->average_job_ms);
    if (query_end(&q, NULL) == 0 && took >= 0) {
        atomic_store(&w->store->average_job_ms, (before ? (before * 7 + took) / 8 : took) + 1);
    }
}

static int finish(struct write *w, void *ctx, struct error *err)
{
    struct end *e = ctx;
    int64_t document = 0;
    bool chunks = false;
    int rc = job_fence(w, e->job, &document, err);

    rc = rc ? rc : has_chunks(w, document, e->job->version, &chunks, err);
    bool waits = chunks && vectors_wanted(w->store);
    if (rc == 0) {
        rc = make_stale_shown(w, document, err);
    }
    if (rc == 0) {
        rc = show(w, document, e->job, e->result, waits, err);
    }
    if (rc == 0 && chunks) {
        rc = vectors_enqueue(w, document, e->job->version, waits, err);
    }
    if (rc == 0) {
        rc = set_ended(w, e->job->id, JOB_DONE, NULL, err);
    }
    if (rc == 0) {
        learn_pace(w, e->job->id);
        rc = write_document_event(w, waits ? "document.updated" : "document.ready", document, err);
    }
    return rc;
}

int store_job_finish(
    struct store *s, const struct job *j, const struct job_result *r, struct error *err)
{
    static const struct job_result nothing = { 0 };
    struct end e = { .job = j, .result = r ? r : &nothing };
    int rc = store_write(s, "job_finish", finish, &e, err);

    if (rc == 0) {
        version_purge(s);
    }
    return rc;
}

// ---- ends that are no success

static int fail_document(struct write *w, int64_t document, enum document_status status,
    const char *reason, const char *findings, const char *sentence, struct error *err)
{
    struct query q =
        query_start(w->db, "UPDATE documents SET status = ?, updated_ms = ?, reason = coalesce(?, "
                           "reason), findings = coalesce(?, findings), "
                           "verdict = CASE WHEN ? IS NULL THEN verdict ELSE 'rejected' END, errors "
                           "= json_insert(errors, '$[#]', ?) WHERE key = ?");
    query_int(&q, status);
    query_int(&q, w->now_ms);
    query_text(&q, reason);
    query_text(&q, findings);
    query_text(&q, reason);
    query_slice(&q, utf8_prefix(slice_of(sentence), SENTENCE_MAX));
    query_int(&q, document);
    return query_run(&q, err);
}

int job_drop_begun(struct write *w, int64_t job, int64_t document, struct error *err)
{
    struct query q = query_start(w->db, "SELECT version FROM jobs WHERE id = ?");
    query_int(&q, job);
    int64_t version = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    return rc || version == 0 ? rc : version_stale(w, document, version, err);
}

static int is_shown(struct write *w, int64_t document, bool *ret, struct error *err)
{
    struct query q = query_start(w->db, "SELECT version > 0 FROM documents WHERE key = ?");
    query_int(&q, document);
    *ret = query_step(&q) && row_int(&q) != 0;
    return query_end(&q, err);
}

// Ends a job without a new version; what was shown before stays.
static int end_in_vain(struct write *w, int64_t job, int64_t document, enum job_state state,
    const char *sentence, struct error *err)
{
    bool shown = false;
    int rc = job_drop_begun(w, job, document, err);

    if (rc == 0) {
        rc = set_ended(w, job, state, sentence, err);
    }
    if (rc == 0) {
        rc = is_shown(w, document, &shown, err);
    }
    if (rc == 0) {
        rc = fail_document(
            w, document, shown ? DOCUMENT_READY : DOCUMENT_FAILED, NULL, NULL, sentence, err);
    }
    return rc ? rc
              : write_document_event(
                    w, shown ? "document.updated" : "document.failed", document, err);
}

int job_bury(
    struct write *w, int64_t job, int64_t document, const char *sentence, struct error *err)
{
    log_warn("job.dead", LI("job", job), LS("sentence", sentence));
    return end_in_vain(w, job, document, JOB_DEAD, sentence, err);
}

static int refuse(struct write *w, void *ctx, struct error *err)
{
    struct end *e = ctx;
    int64_t document = 0;
    int rc = job_fence(w, e->job, &document, err);

    if (rc == 0) {
        rc = version_stale(w, document, e->job->version, err);
    }
    if (rc == 0) { // what the checks refuse now is not shown from an earlier reading either
        rc = make_stale_shown(w, document, err);
    }
    if (rc == 0) {
        struct query q = query_start(w->db,
            "UPDATE documents SET version = 0, element_count = 0, chunk_count = 0 WHERE key = ?");
        query_int(&q, document);
        rc = query_run(&q, err);
    }
    if (rc == 0) {
        rc = set_ended(w, e->job->id, JOB_FAILED, e->sentence, err);
    }
    if (rc == 0) {
        rc = fail_document(w, document, DOCUMENT_FAILED, e->reason, e->findings, e->sentence, err);
    }
    return rc ? rc : write_document_event(w, "document.failed", document, err);
}

int store_job_refuse(struct store *s, const struct job *j, const char *reason,
    const char *findings_json, const char *sentence, struct error *err)
{
    struct end e = { .job = j, .reason = reason, .findings = findings_json, .sentence = sentence };
    int rc = store_write(s, "job_refuse", refuse, &e, err);

    if (rc == 0) {
        version_purge(s);
    }
    return rc;
}

static int again_later(
    struct write *w, const struct job *j, int64_t document, const char *sentence, struct error *err)
{
    struct query q = query_start(w->db, "UPDATE jobs SET state = 0, boot = ?, due_mono_ms = ?, "
                                        "worker = NULL, sentence = ? WHERE id = ?");
    query_text(&q, w->store->boot);
    query_int(&q, w->mono_ms + back_off_ms[j->attempt < 1 ? 0 : j->attempt - 1]);
    query_text(&q, sentence);
    query_int(&q, j->id);
    int rc = query_run(&q, err);
    if (rc == 0) {
        rc = job_drop_begun(w, j->id, document, err);
    }
    if (rc == 0) {
        rc = document_status_set(w, document, DOCUMENT_PENDING, err);
    }
    return rc ? rc : write_document_event(w, "document.updated", document, err);
}

static int fail(struct write *w, void *ctx, struct error *err)
{
    struct end *e = ctx;
    int64_t document = 0;
    int rc = job_fence(w, e->job, &document, err);

    if (rc != 0) {
        return rc;
    }
    e->dead = e->job->attempt >= ATTEMPTS_MAX;
    return e->dead ? job_bury(w, e->job->id, document, e->sentence, err)
                   : again_later(w, e->job, document, e->sentence, err);
}

int store_job_fail(
    struct store *s, const struct job *j, const char *sentence, bool *ret_dead, struct error *err)
{
    struct end e = { .job = j, .sentence = sentence };
    int rc = store_write(s, "job_fail", fail, &e, err);

    if (rc == 0) {
        if (ret_dead) {
            *ret_dead = e.dead;
        }
        version_purge(s);
    }
    return rc;
}

static int cancel(struct write *w, void *ctx, struct error *err)
{
    struct end *e = ctx;
    int64_t document = 0, job = 0;
    int rc = document_key(w->db, e->document_id, &document, err);

    if (rc == 0) {
        struct query q = query_start(w->db, "SELECT id FROM jobs WHERE document = ? AND state < 2");
        query_int(&q, document);
        job = query_step(&q) ? row_int(&q) : 0;
        rc = query_end(&q, err);
    }
    if (rc == 0 && job == 0) {
        return error_set(
            err, ERR_CONFLICT, "The document is not being read; there is nothing to cancel.");
    }
    return rc ? rc : end_in_vain(w, job, document, JOB_CANCELLED, "cancelled", err);
}

int store_job_cancel(struct store *s, struct slice document_id, struct error *err)
{
    struct end e = { .document_id = document_id };
    int rc = store_write(s, "job_cancel", cancel, &e, err);

    if (rc == 0) {
        version_purge(s);
    }
    return rc;
}

// ---- dead letters

struct dead_list {
    int limit;
    struct buf *json;
};

static int dead_list(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct dead_list *l = ctx;
    struct json_out j;
    struct query q =
        query_start(db, "SELECT j.id, d.id, d.name, j.kind, j.sentence, j.attempt, j.ended_ms FROM "
                        "jobs j JOIN documents d ON d.key = j.document "
                        "WHERE j.state = 4 AND j.superseded = 0 ORDER BY j.id DESC LIMIT ?");
    (void)s;
    query_int(&q, l->limit);
    json_begin(&j, l->json);
    json_begin_array(&j);
    while (query_step(&q)) {
        json_begin_object(&j);
        json_key_int(&j, "id", row_int(&q));
        json_key_string(&j, "document_id", row_slice(&q));
        json_key_string(&j, "document_name", row_slice(&q));
        json_key_string(&j, "kind", row_slice(&q));
        json_key_string(&j, "sentence", row_slice(&q));
        json_key_int(&j, "attempts", row_int(&q));
        json_key_int(&j, "ended_ms", row_int(&q));
        json_end(&j);
    }
    json_end(&j);
    int rc = query_end(&q, err);
    return rc ? rc : json_finish(&j, err);
}

int store_job_dead_list(
    struct store *s, int limit, struct arena *a, struct buf *ret_json, struct error *err)
{
    struct dead_list l = { .limit = limit < 1               ? 1
                                    : limit > DEAD_LIST_MAX ? DEAD_LIST_MAX
                                                            : limit,
        .json = ret_json };
    (void)a;
    return store_read(s, "job_dead_list", dead_list, &l, err);
}
