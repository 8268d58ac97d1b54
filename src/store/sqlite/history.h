// SPDX-License-Identifier: AGPL-3.0-or-later
// What the two files of the histories share: writing (history.c) and reading (history_read.c).
#ifndef LARDER_STORE_SQLITE_HISTORY_H
#define LARDER_STORE_SQLITE_HISTORY_H

#include "store/history.h"
#include "store/sqlite/backend.h"

enum { MINUTES_IN_ROW = 60, HOURS_IN_ROW = 24, HOUR_S = 3600, DAY_S = 86400 };

static inline struct slice row_blob(struct query *q)
{
    const char *data = sqlite3_column_blob(q->st, q->column);
    int len = sqlite3_column_bytes(q->st, q->column++);
    return slice_make(data, data ? (size_t)len : 0);
}

static inline void query_blob(struct query *q, struct slice bytes)
{
    if (q->st) {
        int rc = sqlite3_bind_blob64(
            q->st, ++q->bound, bytes.data ? bytes.data : "", bytes.len, SQLITE_STATIC);
        q->rc = q->rc == SQLITE_OK ? rc : q->rc;
    }
}

int history_compacted(struct db *db, int64_t *ret_s, struct error *err);

#endif
