// SPDX-License-Identifier: AGPL-3.0-or-later
// The door: opening and closing the store, its words, checks and figures. The domain's functions are in sqlite/, all of
// them through store_write and store_read, where the slow ones are logged.
#include "store/sqlite/backend.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_AT_OPEN_BYTES = 64 << 20 }; // a larger database is only checked by store_check

static const char *const status_words[] = {
    [DOCUMENT_PENDING] = "pending",
    [DOCUMENT_PARTITIONING] = "partitioning",
    [DOCUMENT_PARTITIONED] = "partitioned",
    [DOCUMENT_REFINED] = "refined",
    [DOCUMENT_CHUNKED] = "chunked",
    [DOCUMENT_INDEXED] = "indexed",
    [DOCUMENT_SUMMARY_INDEXED] = "summary_indexed",
    [DOCUMENT_KEYWORD_INDEXED] = "keyword_indexed",
    [DOCUMENT_READY] = "ready",
    [DOCUMENT_FAILED] = "failed",
    [DOCUMENT_QUARANTINED] = "quarantined",
};
_Static_assert(ARRAY_LEN(status_words) == DOCUMENT_STATUSES, "a word for each status");
_Static_assert(
    DOCUMENT_FAILED == 9 && DOCUMENT_QUARANTINED == 10, "the schema names them by number");

const char *document_status_word(enum document_status s)
{
    return (unsigned)s < DOCUMENT_STATUSES ? status_words[s] : "unknown";
}

int document_status_from_word(struct slice word)
{
    for (int i = 0; i < DOCUMENT_STATUSES; i++) {
        if (slice_is(word, status_words[i])) {
            return i;
        }
    }
    return -1;
}

int64_t store_mono_ms(struct store *s)
{
    return s->options.mono_ms ? s->options.mono_ms(s->options.ctx) : clock_mono_ms();
}

static void read_boot_id(struct store *s)
{
    AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (s->options.boot_id) {
        snprintf(s->boot, sizeof(s->boot), "%.36s", s->options.boot_id);
    } else if (fd < 0 || read(fd, s->boot, ID_LEN) != ID_LEN) {
        id_new(s->boot); // every start then counts as a boot, which only ends leases early
    }
}

static int64_t file_size(const char *path, const char *suffix)
{
    char name[4200];
    struct stat st;

    snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &st) == 0 ? st.st_size : 0;
}

static int quick_check(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db, "PRAGMA quick_check(5)");
    bool good = false;
    (void)s;
    (void)ctx;

    while (query_step(&q)) {
        struct slice said = row_slice(&q);
        good = slice_is(said, "ok");
        if (!good) {
            log_error("store.corrupt", LSLICE("said", said));
        }
    }
    int rc = query_end(&q, err);
    if (rc == 0 && !good) {
        rc = error_set(err, ERR_CORRUPT,
            "The database is damaged. Stop the server and restore the last backup.");
    }
    return rc;
}

static int index_check(struct write *w, void *ctx, struct error *err)
{
    (void)ctx;
    struct query q =
        query_start(w->db, "INSERT INTO chunk_index (chunk_index) VALUES ('integrity-check')");
    int rc = query_run(&q, err);
    return rc == ERR_CORRUPT
               ? error_set(err, rc,
                     "The full-text index is damaged. Stop the server and restore the last backup.")
               : rc;
}

int store_check(struct store *s, struct error *err)
{
    int rc = store_read(s, "quick_check", quick_check, NULL, err);
    return rc ? rc : store_write(s, "index_check", index_check, NULL, err);
}

static int read_start(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db,
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), "
        "(SELECT avg(took_ms) FROM (SELECT took_ms FROM jobs WHERE state = 2 ORDER BY ended_ms "
        "DESC LIMIT 32))");
    (void)ctx;
    if (query_step(&q)) {
        atomic_store(&s->last_seq, row_int(&q));
        atomic_store(&s->average_job_ms, row_int(&q));
    }
    return query_end(&q, err);
}

static int open_database(struct store *s, struct error *err)
{
    int rc = db_open(s->database_path, true, &s->write_db, err);

    if (rc == 0 && file_size(s->database_path, "") <= CHECK_AT_OPEN_BYTES) {
        rc = quick_check(s, s->write_db, NULL, err);
    }
    if (rc == 0) {
        rc = migrate(s->write_db, 0, err);
    }
    if (rc == 0) {
        rc = blobs_open(s, err); // syncs the data folder, and with it the database's name
    }
    if (rc == 0) {
        rc = readers_open(s, s->options.readers, err);
    }
    if (rc == 0) {
        rc = store_read(s, "start", read_start, NULL, err);
    }
    if (rc == 0) {
        rc = writer_start(s, err);
    }
    return rc ? rc : store_job_recover(s, err);
}

int store_open(const struct store_options *o, struct store **ret, struct error *err)
{
    struct store *s = xalloc(sizeof(*s));

    s->options = *o;
    s->data_dir = xstrdup(o->data_dir);
    s->database_path = xasprintf("%s/larder.db", o->data_dir);
    s->options.data_dir = s->data_dir;
    pthread_mutex_init(&s->readers_mutex, NULL);
    pthread_cond_init(&s->readers_free, NULL);
    pthread_mutex_init(&s->blobs_mutex, NULL);
    read_boot_id(s);
    gate_open(s);
    term_cache_open(s);
    term_warm_open(s);
    words_open(s);
    vectors_open(s);
    umask(umask(0) | 077); // what is kept is nobody else's to read
    int rc = open_database(s, err);
    if (rc != 0) {
        store_close(s);
        return rc;
    }
    if (!o->no_sweeper) {
        sweeper_start(s);
    }
    *ret = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s) {
        return;
    }
    sweeper_stop(s);
    writer_stop(s);
    readers_close(s);
    db_close(s->write_db); // the last connection folds the log into the database
    gate_close(s);
    term_cache_close(s);
    term_warm_close(s);
    words_close(s);
    vectors_close(s);
    pthread_mutex_destroy(&s->readers_mutex);
    pthread_cond_destroy(&s->readers_free);
    pthread_mutex_destroy(&s->blobs_mutex);
    free(s->data_dir);
    free(s->database_path);
    free(s);
}

static int read_counts(struct db *db, struct store_stats *st, struct error *err)
{
    struct query q =
        query_start(db, "SELECT status, documents, elements, chunks FROM document_counts");

    while (query_step(&q)) {
        int64_t status = row_int(&q), documents = row_int(&q);
        st->documents += documents;
        if (status >= 0 && status < DOCUMENT_STATUSES) {
            st->by_status[status] = documents;
        }
        st->elements += row_int(&q);
        st->chunks += row_int(&q);
    }
    return query_end(&q, err);
}

static int read_stats(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct store_stats *st = ctx;
    int rc = read_counts(db, st, err);
    (void)s;

    if (rc == 0) {
        struct query q =
            query_start(db, "SELECT (SELECT count(*) FROM jobs WHERE state = 0), (SELECT count(*) "
                            "FROM jobs WHERE state = 1), "
                            "(SELECT count(*) FROM jobs WHERE state = 4 AND superseded = 0), "
                            "(SELECT created_ms FROM jobs WHERE state = 0 ORDER BY id LIMIT 1), "
                            "blobs, bytes FROM blob_counts");
        if (query_step(&q)) {
            st->jobs_queued = row_int(&q);
            st->jobs_running = row_int(&q);
            st->jobs_dead = row_int(&q);
            int64_t oldest = row_int(&q);
            int64_t age = oldest ? clock_wall_ms() - oldest : 0;
            st->oldest_queued_ms = age < 0 ? 0 : age;
            st->blobs = row_int(&q);
            st->blob_bytes = row_int(&q);
        }
        rc = query_end(&q, err);
    }
    return rc;
}

int store_stats(struct store *s, struct store_stats *ret, struct error *err)
{
    struct store_stats st = { 0 };
    int rc = store_read(s, "stats", read_stats, &st, err);

    if (rc != 0) {
        return rc;
    }
    st.database_bytes = file_size(s->database_path, "");
    st.wal_bytes = file_size(s->database_path, "-wal");
    st.commits = atomic_load(&s->commits);
    st.commit_us_total = atomic_load(&s->commit_us);
    st.last_seq = atomic_load(&s->last_seq);
    st.damaged = atomic_load(&s->damaged);
    st.writes_stopped = writer_broken(s);
    *ret = st;
    return 0;
}
