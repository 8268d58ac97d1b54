// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbered changes of the schema, migrations/NNN_name.sql, embedded at build. PRAGMA user_version holds the number of the
// last one done; each runs in a transaction of its own, so that a crash leaves a whole version. Never edit one that was
// released: add the next. Writer connection only.
#ifndef LARDER_STORE_SQLITE_MIGRATE_H
#define LARDER_STORE_SQLITE_MIGRATE_H

#include "store/sqlite/db.h"

struct migration {
    int number; // from 1, without a gap
    const char *name;
    const char *sql;
};
extern const struct migration migrations[];
extern const int migration_count;

// From whatever version the database has to `to` (0: the newest). ERR_UNSUPPORTED when it was made by a newer Larder,
// ERR_CORRUPT when it is no database of Larder's.
int migrate(struct db *db, int to, struct error *err);

#endif
