// SPDX-License-Identifier: AGPL-3.0-or-later
// The read connections: a small pool. A reader sees the last commit and is never in the way of the writer (WAL). Callers
// wait for a free one; each call is one transaction, so that several queries of it see the same state.
#include "store/sqlite/backend.h"

#include "base/clock.h"
#include "base/log.h"

static struct db *take(struct store *s)
{
    pthread_mutex_lock(&s->readers_mutex);
    while (s->idle_count == 0) {
        pthread_cond_wait(&s->readers_free, &s->readers_mutex);
    }
    struct db *db = s->idle[--s->idle_count]; // the last used one: its cache is warm
    pthread_mutex_unlock(&s->readers_mutex);
    return db;
}

static void give(struct store *s, struct db *db)
{
    pthread_mutex_lock(&s->readers_mutex);
    s->idle[s->idle_count++] = db;
    pthread_cond_signal(&s->readers_free);
    pthread_mutex_unlock(&s->readers_mutex);
}

int store_read(struct store *s, const char *name, read_fn fn, void *ctx, struct error *err)
{
    int64_t start_us = clock_mono_us();
    struct db *db = take(s);
    int rc = db_exec(db, "BEGIN;", err);

    if (rc == 0) {
        rc = fn(s, db, ctx, err);
        if (!sqlite3_get_autocommit(db->handle)) {
            int end = db_exec(db, "COMMIT;", rc ? NULL : err);
            rc = rc ? rc : end;
        }
    }
    give(s, db);
    if (rc == ERR_CORRUPT) {
        atomic_store(&s->damaged, true);
    }
    int64_t took_ms = (clock_mono_us() - start_us) / 1000;
    if (took_ms >= SLOW_MS) {
        log_warn("store.slow", LS("what", name), LI("ms", took_ms));
    }
    return rc;
}

int readers_open(struct store *s, int count, struct error *err)
{
    s->reader_count = count <= 0 ? READERS_DEFAULT : count > READERS_MAX ? READERS_MAX : count;
    while (s->idle_count < s->reader_count) {
        int rc = db_open(s->database_path, false, &s->idle[s->idle_count], err);
        if (rc != 0) {
            return rc;
        }
        s->idle_count++;
    }
    return 0;
}

void readers_close(struct store *s)
{
    while (s->idle_count > 0) {
        db_close(s->idle[--s->idle_count]);
    }
}
