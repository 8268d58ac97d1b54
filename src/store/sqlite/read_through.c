// SPDX-License-Identifier: AGPL-3.0-or-later
// After a start the database is read through once, so that the first questions find it in the system's file cache: a
// hundred passages from a cold disk cost a question tens of milliseconds. Only what fits easily into free memory is read.
// Housekeeping thread.
//
// The file is read by a connection's own handle: to close another descriptor of it would take away the locks that SQLite
// holds (sqlite.org/howtocorrupt.html, 2.2).
#include "store/sqlite/backend.h"

#include "base/log.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    PIECE = 1 << 20,
    PIECES_A_STEP = 16, // then the connection is given back
    SHARE = 2, // of free memory at most one in so many
};

struct through {
    int64_t at, size;
    char *piece;
};

static int read_pieces(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct through *t = ctx;
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    (void)s;
    (void)err;

    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        t->size = 0;
        return 0;
    }
    t->size = size;
    for (int i = 0; i < PIECES_A_STEP && t->at < t->size; i++, t->at += PIECE) {
        int64_t left = t->size - t->at;
        int rc = file->pMethods->xRead(file, t->piece, (int)(left < PIECE ? left : PIECE), t->at);
        if (rc != SQLITE_OK) { // whoever needs the page will say what is wrong with it
            t->size = 0;
        }
    }
    return 0;
}

static int64_t free_memory(void)
{
    return (int64_t)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

int read_through(struct store *s, const atomic_bool *stop, struct error *err)
{
    struct through t = { .size = 1 };
    int64_t most = free_memory() / SHARE;
    int rc = 0;

    t.piece = xalloc(PIECE);
    while (rc == 0 && t.at < t.size && t.size <= most && !atomic_load(stop)) {
        rc = store_read(s, "read_through", read_pieces, &t, err);
    }
    log_debug("store.read_through", LI("bytes", t.at < t.size ? t.at : t.size));
    free(t.piece);
    return rc;
}
