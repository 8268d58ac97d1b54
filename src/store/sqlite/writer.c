// SPDX-License-Identifier: AGPL-3.0-or-later
// The one thread that writes. Callers queue a closure and sleep; the thread takes all that wait, runs each in a savepoint
// of one transaction, commits once (one fsync for all), then wakes the callers and tells of the events.
//
// Invariants:
// - a caller hears 0 only after the commit that holds its rows was synced;
// - one that fails takes only its own rows back;
// - events are told in the order of their numbers, each once, only those that are durable;
// - when the disk does not confirm a sync, its state is unknown: nothing is written or confirmed any more until a restart
//   reads back what is really there (a second fsync may say "fine" about pages that were dropped).
// The log is folded into the database here too, after the callers were woken, so that a failed sync there is seen.
#include "store/sqlite/backend.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/thread.h"
#include "store/audit.h"
#include "store/sqlite/events.h"

#include <stdlib.h>

enum {
    QUEUE_MAX = 1024, // callers that may wait; more get ERR_BUSY
    GROUP_MAX = 256, // closures of one commit
    GROUP_US = 50000, // time after which a commit does not take one more
    EVENTS_BYTES_MAX = 64 << 20, // of one commit
    TRUNCATE_PAGES = 16384, // 64 MiB of log: now wait for readers, so that it can start again
    TRUNCATE_WAIT_MS = 200,
};

struct op { // on the caller's stack; the writer's until done is set
    write_fn fn;
    void *ctx;
    const char *name;
    const struct audit_attachment *audit; // NULL: none
    struct error error;
    int rc;
    bool done;
    pthread_cond_t woken;
    struct op *next;
};

struct told { // an event of the transaction that is open
    int64_t seq;
    char kind[EVENT_KIND_SIZE];
    size_t start, len; // in text
};

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex; // guards first, last, count, stop, and the fields of queued ops
    pthread_cond_t filled;
    struct op *first, *last;
    int count;
    bool stop;
    atomic_bool broken;
    int log_pages; // of the write-ahead log, from SQLite's hook; this thread only
    struct write write;
    struct told *told; // this thread only, with text
    size_t told_count, told_cap;
    struct buf text;
};

static int add_told(struct writer *w, int64_t seq, const char *kind, size_t start)
{
    if (!buf_ok(&w->text)) {
        return ERR_LIMIT;
    }
    if (w->told_count == w->told_cap) {
        size_t cap = w->told_cap ? 2 * w->told_cap : 64;
        struct told *bigger = realloc(w->told, cap * sizeof(*bigger));
        if (!bigger) {
            return ERR_MEMORY;
        }
        w->told = bigger;
        w->told_cap = cap;
    }
    struct told *t = &w->told[w->told_count++];
    *t = (struct told){ .seq = seq, .start = start, .len = w->text.len - start };
    memcpy(t->kind, kind, strlen(kind) + 1);
    return 0;
}

int write_event(struct write *write, const char *kind, const char *document_id, struct slice data,
    struct error *err)
{
    struct writer *w = write->store->writer;
    size_t start = w->text.len;

    BUG_ON(strlen(kind) >= EVENT_KIND_SIZE);
    if (data.len > DATA_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The data of an event is too large.");
    }
    data = data.len ? data : SLICE_LIT("{}");
    struct query q = query_start(
        write->db, "INSERT INTO events (time_ms, kind, document_id, data) VALUES (?, ?, ?, ?)");
    query_int(&q, write->now_ms);
    query_text(&q, kind);
    query_text(&q, document_id);
    query_slice(&q, data);
    int rc = query_run(&q, err);
    if (rc != 0) {
        return rc;
    }
    int64_t seq = sqlite3_last_insert_rowid(write->db->handle);
    event_add_json(&w->text, seq, write->now_ms, slice_of(kind), slice_of(document_id), data);
    rc = add_told(w, seq, kind, start);
    return rc ? error_set(err, rc, "Too many events in one step.") : 0;
}

static void forget_told(struct writer *w, size_t count, size_t text_len)
{
    w->told_count = count;
    w->text.len = text_len;
    w->text.failed = false;
}

// True if the transaction is still open; false when SQLite took all of it back (disk full, out of memory).
static bool run_one(struct writer *w, struct op *op)
{
    struct db *db = w->write.db;
    size_t told = w->told_count, text_len = w->text.len;

    op->rc = db_exec(db, "SAVEPOINT op;", &op->error);
    if (op->rc == 0) {
        w->write.subject = NULL;
        op->rc = op->fn(&w->write, op->ctx, &op->error);
        if (op->rc == 0 && op->audit) {
            op->rc = audit_write(&w->write, op->audit, &op->error);
        }
        if (op->rc == 0) {
            op->rc = db_exec(db, "RELEASE op;", &op->error);
        }
    }
    if (op->rc != 0) {
        words_forget(w->write.store);
        forget_told(w, told, text_len);
        if (sqlite3_get_autocommit(db->handle)) {
            return false;
        }
        if (db_exec(db, "ROLLBACK TO op; RELEASE op;", NULL) != 0) {
            db_exec(db, "ROLLBACK;", NULL);
            return false;
        }
    }
    return true;
}

static void fail_all(struct op *ops, int rc, const struct error *error)
{
    for (struct op *op = ops; op; op = op->next) {
        if (op->rc == 0) {
            op->rc = rc;
            op->error = *error;
        }
    }
}

static int stop_writes(struct writer *w, struct error *err)
{
    if (!atomic_exchange(&w->broken, true)) {
        log_error("store.fsync_failed",
            LS("what", "the disk did not confirm a write; nothing is accepted until a restart"));
    }
    return error_set(
        err, ERR_IO, "The disk did not confirm a write. Check the disk and restart the server.");
}

static bool is_sync_failure(struct db *db)
{
    int code = sqlite3_extended_errcode(db->handle);
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

static int commit(struct writer *w, struct error *err)
{
    struct db *db = w->write.db;
    int64_t start_us = clock_mono_us();
    int rc = db_exec(db, "COMMIT;", err);

    if (rc != 0) {
        if (is_sync_failure(db)) {
            rc = stop_writes(w, err);
        }
        if (!sqlite3_get_autocommit(db->handle)) {
            db_exec(db, "ROLLBACK;", NULL);
        }
        return rc;
    }
    atomic_fetch_add(&w->write.store->commits, 1);
    atomic_fetch_add(&w->write.store->commit_us, clock_mono_us() - start_us);
    return 0;
}

// Runs ops in one transaction until the time is up; returns those that are left for the next. All others have their rc.
static struct op *run_group(struct writer *w, struct op *ops)
{
    struct error error = { 0 };
    int64_t start_us = clock_mono_us();
    struct op *rest = NULL;
    bool open = true;

    w->write.now_ms = clock_wall_ms();
    w->write.mono_ms = store_mono_ms(w->write.store);
    int rc = atomic_load(&w->broken) ? stop_writes(w, &error)
                                     : db_exec(w->write.db, "BEGIN IMMEDIATE;", &error);
    if (rc != 0) {
        fail_all(ops, rc, &error);
        return NULL;
    }
    for (struct op *op = ops; op; op = op->next) {
        open = run_one(w, op);
        if (!open || clock_mono_us() - start_us > GROUP_US) {
            rest = op->next;
            op->next = NULL;
            if (!open) {
                rc = op->rc;
                error = op->error;
            }
            break;
        }
    }
    if (open) {
        rc = commit(w, &error);
    }
    if (rc != 0) {
        words_forget(w->write.store);
        fail_all(ops, rc, &error);
        forget_told(w, 0, 0);
    }
    return rest;
}

static void wake(struct writer *w, struct op *ops)
{
    if (w->told_count) {
        atomic_store(&w->write.store->last_seq, w->told[w->told_count - 1].seq);
    }
    pthread_mutex_lock(&w->mutex);
    while (ops) {
        struct op *next = ops->next; // gone once its caller wakes
        ops->done = true;
        pthread_cond_signal(&ops->woken);
        ops = next;
    }
    pthread_mutex_unlock(&w->mutex);
}

static void tell(struct writer *w)
{
    const struct store_options *o = &w->write.store->options;

    for (size_t i = 0; o->on_event && i < w->told_count; i++) {
        const struct told *t = &w->told[i];
        o->on_event(o->ctx, t->seq, slice_of(t->kind), slice_make(w->text.data + t->start, t->len));
    }
    forget_told(w, 0, 0);
    if (w->text.cap > 1 << 20) {
        buf_done(&w->text);
        buf_init(&w->text, EVENTS_BYTES_MAX);
    }
}

static void fold_log(struct writer *w)
{
    struct db *db = w->write.db;
    bool truncate = w->log_pages >= TRUNCATE_PAGES;

    if (w->log_pages < DB_CHECKPOINT_PAGES || atomic_load(&w->broken)) {
        return;
    }
    sqlite3_busy_timeout(db->handle, TRUNCATE_WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL,
        truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    w->log_pages = 0; // the hook counts anew with the next commit
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        if (is_sync_failure(db)) {
            stop_writes(w, NULL);
        } else {
            db_error(db, rc, NULL); // logged; the log keeps growing and is tried again
        }
    }
}

static int count_log(void *ctx, sqlite3 *handle, const char *schema, int pages)
{
    struct writer *w = ctx;
    (void)handle;
    (void)schema;
    w->log_pages = pages;
    return SQLITE_OK;
}

static struct op *take(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    while (!w->first && !w->stop) {
        pthread_cond_wait(&w->filled, &w->mutex);
    }
    struct op *ops = w->first, *last = ops;
    int n = ops ? 1 : 0;
    while (n > 0 && n < GROUP_MAX && last->next) {
        last = last->next;
        n++;
    }
    if (ops) {
        w->first = last->next;
        last->next = NULL;
        w->last = w->first ? w->last : NULL;
        w->count -= n;
    }
    pthread_mutex_unlock(&w->mutex);
    return ops;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct op *ops;

    while ((ops = take(w)) != NULL) {
        while (ops) {
            struct op *rest = run_group(w, ops);
            wake(w, ops);
            tell(w);
            ops = rest;
        }
        fold_log(w);
    }
    return NULL;
}

int store_write(struct store *s, const char *name, write_fn fn, void *ctx, struct error *err)
{
    struct writer *w = s->writer;
    struct audit_attachment *audit =
        audit_attached && !audit_attached->written ? audit_attached : NULL;
    struct op op = { .fn = fn, .ctx = ctx, .name = name, .audit = audit };
    int64_t start_us = clock_mono_us();

    BUG_ON(pthread_equal(pthread_self(), w->thread)); // it would wait for itself
    pthread_cond_init(&op.woken, NULL);
    pthread_mutex_lock(&w->mutex);
    if (w->count >= QUEUE_MAX || w->stop) {
        pthread_mutex_unlock(&w->mutex);
        pthread_cond_destroy(&op.woken);
        return error_set(err, ERR_BUSY, "Too many changes are waiting for the disk; try again.");
    }
    *(w->last ? &w->last->next : &w->first) = &op;
    w->last = &op;
    w->count++;
    pthread_cond_signal(&w->filled);
    while (!op.done) {
        pthread_cond_wait(&op.woken, &w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    pthread_cond_destroy(&op.woken);
    if (op.rc == 0 && audit) {
        audit->written = true;
    }
    if (op.rc == ERR_CORRUPT) {
        atomic_store(&s->damaged, true);
    }
    if (op.rc != 0 && err) {
        *err = op.error;
        err->code = op.rc;
    }
    int64_t took_ms = (clock_mono_us() - start_us) / 1000;
    if (took_ms >= SLOW_MS) {
        log_warn("store.slow", LS("what", name), LI("ms", took_ms));
    }
    return op.rc;
}

bool writer_broken(struct store *s)
{
    return atomic_load(&s->writer->broken);
}

int writer_start(struct store *s, struct error *err)
{
    struct writer *w = xalloc(sizeof(*w));

    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->filled, NULL);
    buf_init(&w->text, EVENTS_BYTES_MAX);
    w->write = (struct write){ .store = s, .db = s->write_db };
    sqlite3_wal_hook(s->write_db->handle, count_log, w); // and with it no checkpoint inside COMMIT
    s->writer = w;
    if (!thread_start(&w->thread, "store-writer", writer_main, w)) {
        pthread_mutex_destroy(&w->mutex);
        pthread_cond_destroy(&w->filled);
        s->writer = NULL;
        free(w);
        return error_set(err, ERR_MEMORY, "No thread could be started for the database.");
    }
    return 0;
}

void writer_stop(struct store *s)
{
    struct writer *w = s->writer;

    if (!w) {
        return;
    }
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->filled);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->filled);
    buf_done(&w->text);
    free(w->told);
    free(w);
    s->writer = NULL;
}
