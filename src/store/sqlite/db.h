// SPDX-License-Identifier: AGPL-3.0-or-later
// One SQLite connection with its prepared statements, and small steps over a query: bind in order, step, read in order,
// end. Everything of SQLite's own (codes, messages) stays behind here; what comes out are ERR_* and plain sentences.
// A connection belongs to one thread at a time.
#ifndef LARDER_STORE_SQLITE_DB_H
#define LARDER_STORE_SQLITE_DB_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#include <sqlite3.h>

enum {
    DB_STATEMENTS_MAX = 96, // prepared ones kept; the oldest go
    DB_BUSY_MS = 10000, // only another process could hold the lock
    DB_WRITER_CACHE_KIB = 8192, // grows only under load
    DB_READER_CACHE_KIB = 8192, // four readers idle stay small
    DB_CHECKPOINT_PAGES = 4000, // 16 MiB of log before it is folded into the database
    DB_WAL_KEEP_BYTES = 64 << 20, // the log's file is cut back to this
};

struct rank;
struct db_statement {
    char *sql;
    uint64_t hash;
    sqlite3_stmt *st;
    bool in_use;
    uint64_t used; // counter, for the oldest
};
struct db {
    sqlite3 *handle;
    struct db_statement statements[DB_STATEMENTS_MAX];
    size_t statement_count;
    uint64_t uses;
    bool damaged; // SQLite said so once
    struct rank *rank; // of the search at hand (rank.h); NULL: none
};

// Opens (a writer makes the file) and sets what each connection needs. path is a file name.
int db_open(const char *path, bool writer, struct db **ret, struct error *err);
void db_close(struct db *db);
// Several statements without values: migrations, BEGIN, PRAGMA.
int db_exec(struct db *db, const char *sql, struct error *err);
// SQLite's code as ours, with a sentence; logs what SQLite said. Never for SQLITE_OK.
int db_error(struct db *db, int rc, struct error *err);

struct query {
    struct db *db;
    struct db_statement *kept; // NULL: the statement is this query's own
    sqlite3_stmt *st;
    int bound; // values bound so far
    int column; // next column to read
    int rc;
};
// Always ended by query_end, also after an error (which it returns).
struct query query_start(struct db *db, const char *sql);
void query_int(struct query *q, int64_t value);
void query_real(struct query *q, double value);
void query_slice(struct query *q, struct slice text); // lends until query_end
void query_bytes(struct query *q, const void *bytes, size_t len); // a blob; lends until query_end
void query_pointer(
    struct query *q, void *pointer, const char *type); // for our own functions (rank.h)
void query_text(struct query *q, const char *text); // NULL binds NULL
void query_text_or(
    struct query *q, const char *text, const char *otherwise); // for columns that are never NULL
bool query_step(struct query *q); // true: a row; false: the end or an error
int query_end(struct query *q, struct error *err);
int query_run(struct query *q, struct error *err); // step to the end, then query_end
// Values of the present row, in the order of columns.
int64_t row_int(struct query *q);
double row_real(struct query *q);
struct slice row_slice(struct query *q); // lent until the next step
struct slice row_bytes(struct query *q); // a blob, lent until the next step
const char *row_text(
    struct query *q, struct arena *a); // a copy; NULL for NULL or when it does not fit
struct slice row_copy(struct query *q, struct arena *a);
void row_into(struct query *q, char *ret_text, size_t size); // cut to fit

#endif
