// SPDX-License-Identifier: AGPL-3.0-or-later
// The single door to what is kept: documents, versions, elements, chunks with their full-text index, media, jobs, events,
// partitions. It speaks the domain, not SQL; a backend stays behind it (sqlite/ now).
//
// Every function may be called from any thread and blocks. Writes go to one writer thread that commits in groups: the call
// returns after the commit that holds it is durable (WAL, synchronous=FULL). Reads use a pool of read connections.
// Strings that come back live in the caller's arena.
#ifndef LARDER_STORE_STORE_H
#define LARDER_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"
#include "wire/element.h"

enum { PARTITION_MAX = 128, BLOB_HASH_SIZE = 65 };

enum document_status { // words in the API as in docs/ARCHITECTURE.md
    DOCUMENT_PENDING,
    DOCUMENT_PARTITIONING,
    DOCUMENT_PARTITIONED,
    DOCUMENT_REFINED,
    DOCUMENT_CHUNKED,
    DOCUMENT_INDEXED,
    DOCUMENT_SUMMARY_INDEXED,
    DOCUMENT_KEYWORD_INDEXED,
    DOCUMENT_READY,
    DOCUMENT_FAILED,
    DOCUMENT_QUARANTINED,
    DOCUMENT_STATUSES
};
const char *document_status_word(enum document_status s);
int document_status_from_word(struct slice word); // -1 if none

struct document {
    char id[ID_SIZE];
    const char *name; // for people, cleaned
    const char *partition; // "default"
    const char *type; // "pdf"
    const char *category;
    const char *media_type;
    const char *mode; // "hi_res", "fast"
    const char *external_id; // NULL if none
    enum document_status status;
    const char *verdict; // word
    const char *reason; // word, NULL unless refused
    char blob[BLOB_HASH_SIZE]; // SHA-256 of the original, hexadecimal
    int64_t size; // bytes
    int64_t created_ms, updated_ms; // wall clock
    const char *metadata; // JSON object
    const char *findings; // JSON array
    const char *errors; // JSON array of sentences
    const char *media; // JSON object: pages, title, …
    int64_t version; // of the elements and chunks that are shown; 0: none yet
    int64_t element_count, chunk_count;
    double page_count; // 0: does not apply
};

struct chunk {
    int64_t id; // given by the store
    int64_t index; // 0-based within the document
    int64_t first_element, last_element; // indexes, inclusive
    struct slice heading; // path of headings above, " > " between
    struct slice text; // what is shown and quoted
    struct place place; // of the chunk as a whole
    const char *places; // JSON array of places, one an element, at most 64
    const char *
        starts; // JSON array: where the element of each place begins in text, -1 - n for a heading; NULL or ""
};

struct store;
struct store_options {
    const char *data_dir; // exists; the lock is the caller's
    int readers; // read connections, 0: 4
    // Called by the writer thread after each commit with each event that it made durable, in order of seq.
    void (*on_event)(void *ctx, int64_t seq, struct slice kind, struct slice json);
    void *ctx;
    // For tests; zero for the real thing.
    int64_t (*mono_ms)(void *ctx); // the clock of leases and back-offs
    const char *boot_id; // leases of another boot have ended
    bool no_sweeper; // no thread of its own that sweeps at start and hourly
};
int store_open(const struct store_options *o, struct store **ret,
    struct error *err); // migrates, checks, recovers
void store_close(struct store *s);
// PRAGMA quick_check and the like; 0 or ERR_CORRUPT with a sentence.
int store_check(struct store *s, struct error *err);

struct store_stats {
    int64_t documents, by_status[DOCUMENT_STATUSES], chunks, elements, blobs, blob_bytes,
        database_bytes, wal_bytes;
    int64_t jobs_queued, jobs_running, jobs_dead, oldest_queued_ms; // age
    int64_t commits, commit_us_total, last_seq;
    bool damaged; // something that was read or written since the start was found damaged
    bool writes_stopped; // the disk did not confirm a write; nothing is accepted until a restart
};
int store_stats(struct store *s, struct store_stats *ret, struct error *err);

// ---- blobs: named by the SHA-256 of their content, stored once, counted by references
// Takes the file at path (same file system) as the blob of that hash, durably: file synced, renamed, folder synced.
// An equal one that is there already is kept and path removed. A blob without reference is swept by store_sweep after a while.
int store_blob_put(
    struct store *s, const char hash[BLOB_HASH_SIZE], const char *path, struct error *err);
int store_blob_put_bytes(struct store *s, const void *bytes, size_t len,
    char ret_hash[BLOB_HASH_SIZE], struct error *err);
int store_blob_open(struct store *s, const char hash[BLOB_HASH_SIZE], int64_t *ret_size,
    struct error *err); // fd or ERR_*
int store_sweep(struct store *s,
    struct error *err); // removes what nothing refers to: blobs, spool left-overs, old events

// ---- documents
// One transaction: the document, its blob reference, a job of kind "read" unless status is failed or quarantined, and an
// event ("document.created", and "document.failed" or "document.quarantined" with it). d->id is made when it is empty,
// times are set; NULL strings are empty, JSON fields {} or []. The same content in the same partition that is not failed: no row is made, *ret_duplicate is set and d->id is the
// existing one's.
int store_document_create(
    struct store *s, struct document *d, bool *ret_duplicate, struct error *err);
int store_document_load(
    struct store *s, struct slice id, struct arena *a, struct document *ret, struct error *err);
// By content: ERR_NOT_FOUND if there is none.
int store_document_by_blob(struct store *s, struct slice partition, const char hash[BLOB_HASH_SIZE],
    struct arena *a, struct document *ret, struct error *err);
enum { DOCUMENT_PARTITIONS_MAX = 32 };
struct document_filter {
    struct slice partition, type, category, status, name_like, external_id; // empty: any
    const struct slice *partitions; // only of these, as a key allows; with partition_count 0: all
    size_t partition_count; // at most DOCUMENT_PARTITIONS_MAX
    const char *order; // NULL or "-created_at", "created_at", "name"
};
// A page after the opaque cursor of the page before (empty: from the start); *ret_next is NULL at the end.
int store_document_list(struct store *s, const struct document_filter *f, struct slice after,
    int limit, struct arena *a, struct document **ret_documents, size_t *ret_count,
    const char **ret_next, int64_t *ret_total, struct error *err);
// Removes it and all that was derived (elements, chunks, index, media, jobs), cancels a running job. Event "document.deleted".
int store_document_delete(struct store *s, struct slice id, struct error *err);
int store_document_set_metadata(
    struct store *s, struct slice id, const char *metadata_json, struct error *err);
// quarantined → pending with a new job. ERR_CONFLICT in another state.
int store_document_release(struct store *s, struct slice id, struct error *err);
// A new read job for one that is ready or failed; the old version stays searchable until the new one is ready.
int store_document_reread(struct store *s, struct slice id, const char *mode, struct error *err);

struct element_row {
    struct element element;
    const char *place_json;
};
// Elements of the shown version with index > after, in order.
int store_element_list(struct store *s, struct slice document_id, int64_t after, int limit,
    struct arena *a, struct element_row **ret, size_t *ret_count, struct error *err);
int store_chunk_list(struct store *s, struct slice document_id, int64_t after_index, int limit,
    struct arena *a, struct chunk **ret, size_t *ret_count, struct error *err);
// Pictures of a document: figures emitted by the reader, cached page images. name: "image3", "page-12-1200".
int store_media_find(struct store *s, struct slice document_id, struct slice name,
    char ret_hash[BLOB_HASH_SIZE], char ret_media_type[64], struct error *err);
int store_media_put(struct store *s, struct slice document_id, const char *name,
    const char *media_type, const char hash[BLOB_HASH_SIZE], struct error *err);

// ---- jobs: queued → leased(epoch, deadline) → done | failed | dead | cancelled; exactly one end, by the database
struct job {
    int64_t id;
    char document_id[ID_SIZE];
    const char *kind; // "read"
    int attempt; // 1-based
    int64_t epoch; // fences a revived worker: every write below names it
    int64_t version; // that this job writes
};
// Leases the oldest job that is due, for lease_ms; ERR_NOT_FOUND when there is none. Expired leases count as due again
// (attempt + 1). Document → partitioning, event "document.updated".
int store_job_lease(struct store *s, const char *worker, int64_t lease_ms, struct arena *a,
    struct job *ret, struct error *err);
// Extends the lease and reports progress (kept, and an event "document.progress"). ERR_CONFLICT: the lease is lost or the
// job cancelled; stop.
// A NULL unit only extends the lease. Reports closer than 250 ms to the last one are answered without a write.
int store_job_progress(struct store *s, const struct job *j, int64_t lease_ms, const char *unit,
    int64_t done, int64_t total, struct error *err);
// 0 while the lease holds, ERR_CONFLICT once it is lost or the job cancelled. Only reads.
int store_job_check(struct store *s, const struct job *j, struct error *err);
// The document's status while it is read: partitioned, refined, chunked, indexed …; event "document.updated".
int store_job_stage(
    struct store *s, const struct job *j, enum document_status status, struct error *err);
// Gives the job back as if it had not been leased (a stop of the server): queued again at once, no attempt counted.
int store_job_release(struct store *s, const struct job *j, struct error *err);
// ret: most jobs, or more, wait to be leased.
int store_job_queue_full(struct store *s, int64_t most, bool *ret, struct error *err);
// Milliseconds until a job is due or a lease lapses: 0 at once, -1 when there is none.
int store_job_next_due(struct store *s, int64_t *ret_wait_ms, struct error *err);
// Appends to the job's version; not visible before store_job_finish. ERR_CONFLICT as above. An index that is there already
// is kept as it is, so a call may be repeated. Many are written in several transactions.
int store_job_elements(struct store *s, const struct job *j, const struct element *elements,
    size_t count, struct error *err);
int store_job_chunks(struct store *s, const struct job *j, const char *title,
    const struct chunk *chunks, size_t count, struct error *err);
int store_job_media(struct store *s, const struct job *j, const char *name, const char *media_type,
    const char hash[BLOB_HASH_SIZE], struct error *err);
struct job_result {
    const char *media; // JSON object, merged over what check found; NULL: none
    const char *findings; // JSON array that replaces the document's; NULL: keep
    const char *verdict; // NULL: keep
    double page_count;
};
// One transaction: the new version is the shown one, older rows go, document → ready, event.
int store_job_finish(
    struct store *s, const struct job *j, const struct job_result *r, struct error *err);
// The document's own fault: document → failed with reason and sentence, no retry.
int store_job_refuse(struct store *s, const struct job *j, const char *reason,
    const char *findings_json, const char *sentence, struct error *err);
// Our fault or bad luck: queued again after a back-off (1 s, 5 s, 25 s, at most max_attempts 4), then dead and the document
// failed with the sentence. A document that had a shown version keeps it.
int store_job_fail(
    struct store *s, const struct job *j, const char *sentence, bool *ret_dead, struct error *err);
// Cancels queued or running jobs of a document; → failed with "cancelled" in errors (or ready, if a version was shown).
int store_job_cancel(struct store *s, struct slice document_id, struct error *err);
struct job_progress {
    bool has_job;
    char unit[16];
    int64_t done, total, queue_position; // 0: running; n: n-th in the queue
    double seconds_left; // negative: not known
};
int store_job_progress_of(
    struct store *s, struct slice document_id, struct job_progress *ret, struct error *err);
int store_job_recover(
    struct store *s, struct error *err); // at start: leases of an earlier process end at once
// Dead letters: id, document, sentence; for `larder status` and the API.
int store_job_dead_list(
    struct store *s, int limit, struct arena *a, struct buf *ret_json, struct error *err);

// ---- events
int store_event_append(struct store *s, const char *kind, struct slice document_id,
    struct slice data_json, struct error *err);
typedef int (*store_event_fn)(
    void *ctx, int64_t seq, struct slice kind, struct slice json); // json: the whole event
int store_event_list(
    struct store *s, int64_t since, size_t max, store_event_fn fn, void *ctx, struct error *err);
int64_t store_event_last(struct store *s);
// The first event from which on nothing but progress was pruned: who resumes from before it missed something.
int64_t store_event_first(struct store *s);

// ---- search: candidates by words (BM25 over the shown versions of one partition) and by meaning
struct chunk_hit {
    int64_t chunk_id, chunk_index;
    double score; // higher is better
    const char *document_id, *document_name, *type, *category, *partition;
    int64_t first_element, last_element, document_created_ms;
    struct slice heading, text;
    // Of store_hit_places; NULL until then: of the hundred that are looked at for a question, few are shown.
    const char *place, *places; // JSON
    const char *
        starts; // JSON: where each place's element begins in text, -1 - n for a heading; "" not known
};
struct chunk_filter {
    struct slice partition; // empty: "default" is the caller's business; empty means any
    const struct slice *types;
    size_t type_count;
    const struct slice *categories;
    size_t category_count;
    const struct slice *document_ids;
    size_t document_id_count;
    // A condition over d.metadata as SQL made by search/filter.c from a checked tree, with ? for each value, all bound as
    // text; NULL: none. Other columns of documents are there as d.NAME.
    const char *metadata_sql;
    const struct slice *metadata_values;
    size_t metadata_value_count;
};
struct field_weights {
    double title, heading, text;
};
struct partition_stats {
    int64_t key; // 0: there is no such partition
    int64_t chunks, last_order;
    double average_words; // of a chunk, at least 1
};
int store_partition_stats(
    struct store *s, struct slice name, struct partition_stats *ret, struct error *err);
// match is FTS5's language, made by search/: quote each term ("FX-200" is then a phrase); characters of scripts without
// spaces are set apart here (store/fts_text.h).
struct word_search {
    struct slice match;
    const double *weights; // of each phrase of match in its order (its rarity); NULL: 1 each
    size_t weight_count;
    struct field_weights fields;
    // The same question in two steps; "": in one. The result is the same, but rows are not ranked that hold none of the rare
    // words, where all others together can't lift a row to the best. rare: match with its first rare_count phrases only.
    // both: rare's rows that hold one of match's other phrases, too; its phrases are match's, in match's order.
    struct slice rare, both;
    size_t rare_count;
};
// The most that a phrase of weight 1 adds to a score, however often it occurs: K1 + 1.
#define WORD_MOST 2.2
int store_rank_words(struct store *s, const struct word_search *w, const struct chunk_filter *f,
    int limit, struct arena *a, struct chunk_hit **ret, size_t *ret_count, struct error *err);
// The same with every phrase weighing 1.
int store_search_words(struct store *s, struct slice match, const struct chunk_filter *f,
    struct field_weights w, int limit, struct arena *a, struct chunk_hit **ret, size_t *ret_count,
    struct error *err);
// Those of the chunks that are shown and pass the filter, in the order of ids; their scores are 0.
int store_chunks_load(struct store *s, const int64_t *ids, size_t count,
    const struct chunk_filter *f, struct arena *a, struct chunk_hit **ret, size_t *ret_count,
    struct error *err);
// The places of one that was found; a chunk that went since has the place "null" and no places.
int store_hit_places(struct store *s, struct chunk_hit *hit, struct arena *a, struct error *err);
// How many of the partition's chunks hold each term (after the index's own folding), in the order of terms; beyond
// TERM_COUNT_MAX it is estimated. A term of several words is a phrase.
enum { TERM_COUNT_MAX = 20000 };
int store_partition_counts(struct store *s, const struct partition_stats *p,
    const struct slice *terms, size_t count, int64_t *ret_counts, struct error *err);
// The same over all partitions, at most TERM_COUNT_MAX; ret_chunks may be NULL.
int store_term_counts(struct store *s, const struct slice *terms, size_t count, int64_t *ret_counts,
    int64_t *ret_chunks, struct error *err);
// The index's words (stems, of all partitions) from `from` to before `to`, in their order: those that begin with a letter
// from a to z and have no digit. Some may have no chunk any more.
typedef void (*store_word_fn)(void *ctx, struct slice word);
int store_words_like(struct store *s, struct slice from, struct slice to, size_t limit,
    store_word_fn fn, void *ctx, struct error *err);

// ---- meaning: vectors of chunks in one space at a time
struct vector_space {
    const char *model, *hash, *pooling, *query_prefix, *passage_prefix;
    int dimension;
};
// From now on vectors are of this space. Another one than before: all shown chunks are to be embedded anew, and the
// vectors of other spaces go when that is done.
int store_space_use(struct store *s, const struct vector_space *space, struct error *err);
// On: documents that are read stay "indexed" until their chunks have vectors. Off (the start): they are "ready" at once.
// Turning it off makes those that wait ready.
int store_space_wait(struct store *s, bool on, struct error *err);
struct unembedded {
    int64_t chunk, document, index;
    struct slice name, heading, text;
};
// The next chunks without a vector, in the order in which they should be done.
int store_unembedded_next(struct store *s, int limit, struct arena *a, struct unembedded **ret,
    size_t *ret_count, struct error *err);
// vectors: count × dimension. One transaction; documents whose last chunk this was become ready.
int store_vectors_put(struct store *s, const struct unembedded *chunks, const float *vectors,
    size_t count, struct error *err);
struct space_stats {
    bool used; // a space is in use
    int64_t space, vectors, pending_documents, pending_chunks;
    int64_t memory_bytes;
};
int store_space_stats(struct store *s, struct space_stats *ret, struct error *err);
struct chunk_score {
    int64_t chunk;
    float score; // cosine
};
// The best by meaning, best first, after the filter; the partition's vectors are read into memory at its first search.
// ret_share: how many of the partition's chunks have vectors (0 to 1).
int store_search_vectors(struct store *s, const struct partition_stats *p, const float *query,
    const struct chunk_filter *f, int limit, struct arena *a, struct chunk_score **ret,
    size_t *ret_count, double *ret_share, struct error *err);
// The cosine of each of these chunks, NAN where there is no vector.
int store_vector_scores(struct store *s, const struct partition_stats *p, const float *query,
    const int64_t *chunks, size_t count, float *ret, struct error *err);

#endif
