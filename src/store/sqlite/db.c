// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements db.h.
#include "store/sqlite/db.h"

#include "base/log.h"
#include "base/map.h"
#include "store/sqlite/rank.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int db_error(struct db *db, int rc, struct error *err)
{
    const char *said = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);
    int extended = db->handle ? sqlite3_extended_errcode(db->handle) : rc;
    int os = db->handle ? sqlite3_system_errno(db->handle) : 0;

    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        if (extended == SQLITE_CONSTRAINT_CHECK || extended == SQLITE_CONSTRAINT_DATATYPE ||
            extended == SQLITE_CONSTRAINT_NOTNULL) {
            log_warn("store.constraint", LS("said", said));
            return error_set(
                err, ERR_INVALID, "A value does not have the form in which it is kept.");
        }
        return error_set(err, ERR_CONFLICT, "This is not possible in the present state.");
    case SQLITE_FULL:
        log_error("store.full", LS("said", said));
        return error_set(err, ERR_NO_SPACE, "There is no room left on the disk of the database.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERR_BUSY, "The database is locked by another process; try again.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        db->damaged = true;
        log_error("store.corrupt", LS("said", said), LI("code", extended));
        return error_set(err, ERR_CORRUPT,
            "The database is damaged. Stop the server and restore the last backup.");
    case SQLITE_IOERR:
        log_error("store.io", LS("said", said), LI("code", extended), LI("errno", os));
        if (os == ENOSPC || os == EDQUOT || os == EFBIG) {
            return error_set(
                err, ERR_NO_SPACE, "There is no room left on the disk of the database.");
        }
        return error_set(err, ERR_IO, "The database could not be read or written.");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        log_error("store.open", LS("said", said), LI("code", extended), LI("errno", os));
        return error_set(err, ERR_IO,
            "The database could not be opened for writing; check the rights of the data folder.");
    case SQLITE_NOMEM:
        return error_set(err, ERR_MEMORY, "There was not enough memory for the database.");
    case SQLITE_TOOBIG:
        return error_set(err, ERR_TOO_LARGE, "A text is too large for the database.");
    default:
        log_error("store.query", LS("said", said), LI("code", extended));
        return error_set(err, ERR_INTERNAL, "The database did not understand a request.");
    }
}

int db_exec(struct db *db, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

static int set_up(struct db *db, bool writer, struct error *err)
{
    char sql[512];

    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    snprintf(sql, sizeof(sql),
        "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA "
        "mmap_size = 0;",
        writer ? DB_WRITER_CACHE_KIB : DB_READER_CACHE_KIB);
    int rc = db_exec(db, sql, err);
    if (rc == 0 && writer) {
        snprintf(sql, sizeof(sql),
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
            "PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d;",
            DB_CHECKPOINT_PAGES, DB_WAL_KEEP_BYTES);
        rc = db_exec(db, sql, err);
    } else if (rc == 0) {
        rc = db_exec(db, "PRAGMA query_only = ON;", err);
    }
    return rc;
}

int db_open(const char *path, bool writer, struct db **ret, struct error *err)
{
    struct db *db = xalloc(sizeof(*db));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);

    rc = rc == SQLITE_OK ? set_up(db, writer, err) : db_error(db, rc, err);
    rc = rc ? rc : rank_register(db, err);
    if (rc != 0) {
        db_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db) {
        return;
    }
    for (size_t i = 0; i < db->statement_count; i++) {
        sqlite3_finalize(db->statements[i].st);
        free(db->statements[i].sql);
    }
    if (db->handle && sqlite3_close(db->handle) != SQLITE_OK) {
        BUG("a query was left open");
    }
    free(db);
}

// The kept statement of this text, made at need; NULL when all places are in use or it can't be prepared.
static struct db_statement *keep(struct db *db, const char *sql, int *ret_rc)
{
    uint64_t hash = hash_bytes(sql, strlen(sql), 0);
    struct db_statement *oldest = NULL;
    sqlite3_stmt *st = NULL;

    for (size_t i = 0; i < db->statement_count; i++) {
        struct db_statement *s = &db->statements[i];
        if (s->hash == hash && !s->in_use && strcmp(s->sql, sql) == 0) {
            return s;
        }
        if (!s->in_use && (!oldest || s->used < oldest->used)) {
            oldest = s;
        }
    }
    *ret_rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (*ret_rc != SQLITE_OK) {
        return NULL;
    }
    if (db->statement_count < DB_STATEMENTS_MAX) {
        oldest = &db->statements[db->statement_count++];
    }
    if (!oldest) {
        BUG("more than %d queries at once on one connection", DB_STATEMENTS_MAX);
    }
    sqlite3_finalize(oldest->st);
    free(oldest->sql);
    *oldest = (struct db_statement){ .sql = xstrdup(sql), .hash = hash, .st = st };
    return oldest;
}

struct query query_start(struct db *db, const char *sql)
{
    struct query q = { .db = db, .rc = SQLITE_OK };

    q.kept = keep(db, sql, &q.rc);
    if (q.kept) {
        q.kept->in_use = true;
        q.kept->used = ++db->uses;
        q.st = q.kept->st;
    }
    return q;
}

static void note(struct query *q, int rc)
{
    if (q->rc == SQLITE_OK) {
        q->rc = rc;
    }
}

void query_int(struct query *q, int64_t value)
{
    if (q->st) {
        note(q, sqlite3_bind_int64(q->st, ++q->bound, value));
    }
}

void query_real(struct query *q, double value)
{
    if (q->st) {
        note(q, sqlite3_bind_double(q->st, ++q->bound, value));
    }
}

void query_slice(struct query *q, struct slice text)
{
    if (q->st) {
        note(q, sqlite3_bind_text64(q->st, ++q->bound, text.data ? text.data : "", text.len,
                    SQLITE_STATIC, SQLITE_UTF8));
    }
}

void query_bytes(struct query *q, const void *bytes, size_t len)
{
    if (q->st) {
        note(q, sqlite3_bind_blob64(q->st, ++q->bound, bytes, len, SQLITE_STATIC));
    }
}

void query_text(struct query *q, const char *text)
{
    if (text) {
        query_slice(q, slice_of(text));
    } else if (q->st) {
        note(q, sqlite3_bind_null(q->st, ++q->bound));
    }
}

void query_text_or(struct query *q, const char *text, const char *otherwise)
{
    query_text(q, text ? text : otherwise);
}

bool query_step(struct query *q)
{
    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW) {
        return false;
    }
    q->column = 0;
    q->rc = sqlite3_step(q->st);
    return q->rc == SQLITE_ROW;
}

int query_end(struct query *q, struct error *err)
{
    int rc = 0;

    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW && q->rc != SQLITE_DONE) {
        rc = db_error(q->db, q->rc, err);
    }
    if (q->kept) {
        sqlite3_reset(q->st);
        sqlite3_clear_bindings(q->st);
        q->kept->in_use = false;
        q->kept = NULL;
    }
    q->st = NULL;
    return rc;
}

int query_run(struct query *q, struct error *err)
{
    while (query_step(q)) {
        // rows of RETURNING or of a PRAGMA that nobody asked for
    }
    return query_end(q, err);
}

int64_t row_int(struct query *q)
{
    return sqlite3_column_int64(q->st, q->column++);
}

double row_real(struct query *q)
{
    return sqlite3_column_double(q->st, q->column++);
}

struct slice row_slice(struct query *q)
{
    const unsigned char *text = sqlite3_column_text(q->st, q->column);
    int len = sqlite3_column_bytes(q->st, q->column++);
    return slice_make((const char *)text, text ? (size_t)len : 0);
}

struct slice row_bytes(struct query *q)
{
    const void *bytes = sqlite3_column_blob(q->st, q->column);
    int len = sqlite3_column_bytes(q->st, q->column++);
    return slice_make(bytes, bytes ? (size_t)len : 0);
}

const char *row_text(struct query *q, struct arena *a)
{
    struct slice s = row_slice(q);
    return s.data ? arena_strndup(a, s.data, s.len) : NULL;
}

struct slice row_copy(struct query *q, struct arena *a)
{
    return arena_slice(a, row_slice(q));
}

void row_into(struct query *q, char *ret_text, size_t size)
{
    struct slice s = row_slice(q);
    size_t n = s.len < size - 1 ? s.len : size - 1;

    if (n) {
        memcpy(ret_text, s.data, n);
    }
    ret_text[n] = '\0';
}
