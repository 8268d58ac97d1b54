// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements migrate.h.
#include "store/sqlite/migrate.h"

#include "base/log.h"

#include <stdio.h>

enum { APPLICATION_ID = 0x4c415244 }; // "LARD" in the file's head

static int read_number(struct db *db, const char *pragma, int64_t *ret, struct error *err)
{
    struct query q = query_start(db, pragma);
    if (query_step(&q)) {
        *ret = row_int(&q);
    }
    return query_end(&q, err);
}

static int apply(struct db *db, const struct migration *m, struct error *err)
{
    char version[64];

    snprintf(version, sizeof(version), "PRAGMA user_version = %d;", m->number);
    int rc = db_exec(db, "BEGIN IMMEDIATE;", err);
    if (rc == 0) {
        rc = db_exec(db, m->sql, err);
        if (rc == 0) {
            rc = db_exec(db, version, err);
        }
        if (rc == 0) {
            rc = db_exec(db, "COMMIT;", err);
        }
        if (rc != 0 && !sqlite3_get_autocommit(db->handle)) {
            db_exec(db, "ROLLBACK;", NULL);
        }
    }
    if (rc == 0) {
        log_info("store.migrated", LI("version", m->number), LS("name", m->name));
    }
    return rc;
}

int migrate(struct db *db, int to, struct error *err)
{
    int64_t version = 0, application = 0, tables = 0;
    int newest = to ? to : migration_count;
    int rc = read_number(db, "PRAGMA user_version", &version, err);

    BUG_ON(newest > migration_count);
    if (rc == 0) {
        rc = read_number(db, "PRAGMA application_id", &application, err);
    }
    if (rc == 0) {
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (application != APPLICATION_ID && (application != 0 || tables != 0 || version != 0)) {
        return error_set(
            err, ERR_CORRUPT, "The database in the data folder was not made by Larder.");
    }
    if (version > migration_count) {
        return error_set(err, ERR_UNSUPPORTED,
            "The data folder was written by a newer version of Larder (schema %lld, this one knows "
            "%d).",
            (long long)version, migration_count);
    }
    if (application == 0) {
        char sql[64];
        snprintf(sql, sizeof(sql), "PRAGMA application_id = %d;", APPLICATION_ID);
        rc = db_exec(db, sql, err);
    }
    for (int n = (int)version + 1; rc == 0 && n <= newest; n++) {
        rc = apply(db, &migrations[n - 1], err);
    }
    return rc;
}
