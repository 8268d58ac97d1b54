// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of the SQLite backend share: the store itself, the two ways to the database (store_write, store_read),
// the transaction's list of events.
//
// Lock order: blobs_mutex, then readers_mutex; no other lock is held while another is taken.
#ifndef LARDER_STORE_SQLITE_BACKEND_H
#define LARDER_STORE_SQLITE_BACKEND_H

#include "store/sqlite/db.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    READERS_DEFAULT = 4,
    READERS_MAX = 32,
    SLOW_MS = 500, // a read or write over this is logged
    DATA_MAX = 256 << 10, // bytes of an event's data
    ROW_TEXT_MAX = 64 << 20, // bytes of one text that is stored
    ATTEMPTS_MAX = 4, // leases of a job that failed or lapsed
};

enum job_state { // as in the table
    JOB_QUEUED,
    JOB_LEASED,
    JOB_DONE,
    JOB_FAILED,
    JOB_DEAD,
    JOB_CANCELLED
};

struct writer;
struct sweeper;
struct term_cache;
struct term_warm;
struct word_list;
struct vectors;
struct progress_gate; // jobs_progress.c: when each running job last wrote

struct store {
    struct store_options options; // immutable
    char *data_dir, *database_path;
    char boot[ID_SIZE]; // the kernel's boot id, immutable
    struct db *write_db; // writer thread only, after open
    struct writer *writer;

    pthread_mutex_t readers_mutex; // guards idle, idle_count
    pthread_cond_t readers_free;
    struct db *idle[READERS_MAX];
    int idle_count, reader_count;

    pthread_mutex_t blobs_mutex; // a blob is touched or removed, never both at once
    struct progress_gate *gate;
    struct term_cache *terms;
    struct term_warm *warm; // sweeper thread only
    struct word_list *words;
    struct vectors *vectors;
    struct sweeper *sweeper;

    atomic_llong last_seq; // last event that is durable
    atomic_llong commits, commit_us;
    atomic_bool damaged; // some read or write ended with ERR_CORRUPT
    atomic_llong average_job_ms; // of those that ended well; 0: none yet
};

int64_t store_mono_ms(struct store *s); // the clock of leases

// ---- writing: fn runs in the writer thread inside a savepoint; what it returns decides over it alone. It must leave
// nothing behind but rows, events and results behind ctx, which count only if store_write returns 0.
struct write {
    struct store *store;
    struct db *db;
    int64_t now_ms; // wall clock, one for the whole commit
    int64_t mono_ms; // clock of leases
    const char *
        subject; // what the audit's row is about, if only the write knows it; lives until store_write returns
};
typedef int (*write_fn)(struct write *w, void *ctx, struct error *err);
// Returns after the commit is durable. name is for the slow log.
int store_write(struct store *s, const char *name, write_fn fn, void *ctx, struct error *err);
// An event of this transaction; data is a JSON object ("{}" if empty).
int write_event(struct write *w, const char *kind, const char *document_id, struct slice data,
    struct error *err);
// The same with the document's present state as data.
int write_document_event(
    struct write *w, const char *kind, int64_t document_key, struct error *err);

// ---- reading: fn runs in the caller's thread on one of the read connections, inside one transaction.
typedef int (*read_fn)(struct store *s, struct db *db, void *ctx, struct error *err);
int store_read(struct store *s, const char *name, read_fn fn, void *ctx, struct error *err);

// ---- writer.c
int writer_start(struct store *s, struct error *err);
void writer_stop(struct store *s);
bool writer_broken(struct store *s); // the disk did not confirm a write
// ---- audit.c, keys.c
struct audit_attachment;
extern _Thread_local struct audit_attachment *audit_attached;
int audit_write(struct write *w, const struct audit_attachment *a, struct error *err);
int quota_add(struct write *w, const char *who, int64_t bytes, struct error *err);
// ---- readers.c
int readers_open(struct store *s, int count, struct error *err);
void readers_close(struct store *s);
// ---- search.c
// The filter's conditions over documents d, each beginning with AND, and their values in the same order.
void filter_sql(struct buf *sql, const struct chunk_filter *f);
void filter_bind(struct query *q, const struct chunk_filter *f);
int partition_find(
    struct db *db, struct slice name, struct partition_stats *ret, struct error *err);
// The first number of the partition's chunks and the first after them, as two values; partition 0: of all.
void partition_bind(struct query *q, int64_t partition);
// query_end for a query with MATCH: what FTS5 can't read is the caller's error, ERR_INVALID.
int match_end(struct query *q, struct error *err);
// ---- term_counts.c: how many of the partition's chunks hold the term: as kept, or counted and kept; anew: counted
int term_count(struct store *s, struct db *db, const struct partition_stats *p, struct slice term,
    bool anew, int64_t *ret, struct error *err);
// ---- term_cache.c: how many chunks hold a word, kept while the partition has hardly changed. Any thread.
void term_cache_open(struct store *s);
void term_cache_close(struct store *s);
bool term_cache_find(
    struct store *s, const struct partition_stats *p, struct slice term, int64_t *ret);
void term_cache_put(
    struct store *s, const struct partition_stats *p, struct slice term, int64_t count);
// ---- read_through.c: brings the database into the file cache, if it fits easily; until *stop
int read_through(struct store *s, const atomic_bool *stop, struct error *err);
// ---- term_warm.c
void term_warm_open(struct store *s);
void term_warm_close(struct store *s);
// Counts the frequent words of large partitions, if they have changed since; until *stop.
int term_warm(struct store *s, const atomic_bool *stop, struct error *err);
// ---- words.c: the list of words for typing errors
void words_open(struct store *s);
void words_close(struct store *s);
// Adds to *ret_count the words of the text; those that are new go into the list. Writer thread, inside a transaction.
int words_add(struct write *w, struct slice text, int64_t *ret_count, struct error *err);
void words_forget(struct store *s); // something was taken back; writer thread
void words_removed(struct store *s); // passages went: the next sweep looks for words without any
int words_sweep(struct store *s, struct error *err);
// ---- vectors.c
void vectors_open(struct store *s);
void vectors_close(struct store *s);
// A version became the shown one: its chunks are to be embedded; the document waits for it when meaning is on.
int vectors_enqueue(
    struct write *w, int64_t document, int64_t version, bool waits, struct error *err);
bool vectors_wanted(struct store *s); // meaning is on
// Rows of these chunks are gone.
int vectors_forget(
    struct write *w, int64_t document, const int64_t *chunks, size_t count, struct error *err);
// ---- documents.c
#define DOCUMENT_COLUMNS                                                                           \
    "d.key, d.id, d.name, d.partition, d.type, d.category, d.media_type, d.mode, d.external_id, "  \
    "d.status, d.verdict, "                                                                        \
    "d.reason, d.blob, d.size, d.created_ms, d.updated_ms, d.metadata, d.findings, d.errors, "     \
    "d.media, d.version, "                                                                         \
    "d.element_count, d.chunk_count, d.page_count"
// Reads these columns, in this order; ERR_MEMORY when the arena is full.
int document_row(
    struct query *q, struct arena *a, int64_t *ret_key, struct document *ret, struct error *err);
// The key of a document; ERR_NOT_FOUND with a sentence.
int document_key(struct db *db, struct slice id, int64_t *ret_key, struct error *err);
// Sets the status and the time of the last change.
int document_status_set(
    struct write *w, int64_t key, enum document_status status, struct error *err);
// ---- versions.c
// Marks rows as no longer shown (version 0: all of the document); version_purge then removes them in small steps.
int version_stale(struct write *w, int64_t document, int64_t version, struct error *err);
void version_purge(struct store *s); // any thread; until nothing is stale; logs what fails
// ---- contents.c
int media_insert(struct write *w, int64_t document, int64_t version, struct slice name,
    const char *media_type, const char *hash, struct error *err);
// ---- jobs_queue.c
int job_enqueue(struct write *w, int64_t document, const char *kind, struct error *err);
// The document of a job whose lease holds; ERR_CONFLICT when it is lost. The fence in front of each write of a worker.
int job_fence(struct write *w, const struct job *j, int64_t *ret_document, struct error *err);
// ---- jobs_end.c
// The version that a job had begun to write is stale.
int job_drop_begun(struct write *w, int64_t job, int64_t document, struct error *err);
// Out of attempts: the job is dead; the document failed, or as it was if something of it is shown.
int job_bury(
    struct write *w, int64_t job, int64_t document, const char *sentence, struct error *err);
// ---- jobs_progress.c
int job_progress_read(
    struct store *s, struct db *db, int64_t document, struct job_progress *ret, struct error *err);
void gate_open(struct store *s);
void gate_close(struct store *s);
// ---- blobs/folder.c
int blobs_open(struct store *s, struct error *err);
int blob_reference(
    struct write *w, const char *hash, struct error *err); // notes its size in the same transaction
int blobs_sweep(struct store *s, int64_t older_than_s, struct error *err);
void blob_remove_orphan(
    struct store *s, const char *hash); // at once, if nothing refers to it and it is old enough
// ---- sweep.c
void sweeper_start(struct store *s);
void sweeper_stop(struct store *s);

#endif
