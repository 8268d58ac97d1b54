// SPDX-License-Identifier: AGPL-3.0-or-later
// Keeping house, in a thread of its own: what nothing refers to any more goes, at start and every hour; frequent words are
// counted, at start and every minute when there are new passages.
#include "store/sqlite/backend.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WAKE_EVERY_S = 60,
    SWEEP_EVERY_S = 3600,
    ORPHAN_AGE_S = 15 * 60,
    SPOOL_AGE_S = 3600, // an upload that got no byte for so long is nobody's
    EVENTS_KEPT = 100000, // the last ones, whatever their age
    EVENTS_DAYS = 7,
    JOBS_DAYS = 7,
    ROWS_A_STEP = 5000,
    STEPS_MAX = 100000,
};
#define DAY_MS (24 * 3600 * 1000LL)

struct prune {
    const char *sql; // with a limit on rows as ?1, the clock as ?2, the last event as ?3
    int64_t removed;
};

static int prune_step(struct write *w, void *ctx, struct error *err)
{
    struct prune *p = ctx;
    struct query q = query_start(w->db, p->sql);
    query_int(&q, ROWS_A_STEP);
    query_int(&q, w->now_ms);
    query_int(&q, atomic_load(&w->store->last_seq));
    int rc = query_run(&q, err);
    p->removed = rc ? 0 : sqlite3_changes64(w->db->handle);
    return rc;
}

static int prune(struct store *s, const char *sql, struct error *err)
{
    struct prune p = { .sql = sql };
    int rc = 0;

    for (int i = 0; rc == 0 && i < STEPS_MAX; i++) {
        rc = store_write(s, "prune", prune_step, &p, err);
        if (p.removed < ROWS_A_STEP) {
            break;
        }
    }
    return rc;
}

static void sweep_spool(struct store *s)
{
    char path[4096];
    struct stat st;

    if (snprintf(path, sizeof(path), "%s/spool", s->data_dir) >= (int)sizeof(path)) {
        return;
    }
    DIR *dir = opendir(path);
    if (!dir) {
        return; // no upload came yet
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            time(NULL) - st.st_mtime >= SPOOL_AGE_S) {
            unlinkat(dirfd(dir), e->d_name, 0);
        }
    }
    closedir(dir);
}

int store_sweep(struct store *s, struct error *err)
{
    char progress[256], events[256], jobs[256];

    version_purge(s);
    sweep_spool(s);
    snprintf(progress, sizeof(progress),
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE kind = 'document.progress' "
        "AND seq <= ?3 - %d "
        "AND ?2 > 0 ORDER BY seq LIMIT ?1)",
        EVENTS_KEPT);
    snprintf(events, sizeof(events),
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= ?3 - %d AND time_ms "
        "< ?2 - %lld "
        "ORDER BY seq LIMIT ?1)",
        EVENTS_KEPT, EVENTS_DAYS * DAY_MS);
    snprintf(jobs, sizeof(jobs),
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state >= 2 AND (state <> 4 OR "
        "superseded) "
        "AND ended_ms < ?2 - %lld AND ?3 >= 0 LIMIT ?1)",
        JOBS_DAYS * DAY_MS);
    int rc = prune(s, progress, err);
    if (rc == 0) {
        rc = prune(s, events, err);
    }
    if (rc == 0) {
        rc = prune(s, jobs, err);
    }
    rc = rc ? rc : words_sweep(s, err);
    return rc ? rc : blobs_sweep(s, ORPHAN_AGE_S, err);
}

struct sweeper {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex; // stop is set under it
    pthread_cond_t stopped;
    atomic_bool stop;
};

static void *sweeper_main(void *arg)
{
    struct sweeper *sw = arg;
    int seconds = SWEEP_EVERY_S; // since the last sweep

    thread_low_priority();
    struct error unread = { 0 };
    if (read_through(sw->store, &sw->stop, &unread) != 0) {
        log_warn("store.read_through", LS("error", unread.text));
    }
    pthread_mutex_lock(&sw->mutex);
    while (!sw->stop) {
        struct error err = { 0 };
        pthread_mutex_unlock(&sw->mutex);
        if (term_warm(sw->store, &sw->stop, &err) != 0) {
            log_warn("store.words_counted", LS("error", err.text));
        }
        if (seconds >= SWEEP_EVERY_S) {
            seconds = 0;
            if (store_sweep(sw->store, &err) != 0) {
                log_warn("store.sweep", LS("error", err.text));
            }
        }
        seconds += WAKE_EVERY_S;
        struct timespec until = thread_moment(WAKE_EVERY_S * INT64_C(1000));
        pthread_mutex_lock(&sw->mutex);
        while (!sw->stop && thread_wait(&sw->stopped, &sw->mutex, &until)) {
            // woken without a reason
        }
    }
    pthread_mutex_unlock(&sw->mutex);
    return NULL;
}

void sweeper_start(struct store *s)
{
    struct sweeper *sw = xalloc(sizeof(*sw));

    sw->store = s;
    pthread_mutex_init(&sw->mutex, NULL);
    pthread_cond_init(&sw->stopped, NULL);
    if (!thread_start(&sw->thread, "store-sweeper", sweeper_main, sw)) {
        log_warn("store.sweep", LS("error", "no thread could be started for it"));
        pthread_mutex_destroy(&sw->mutex);
        pthread_cond_destroy(&sw->stopped);
        free(sw);
        return;
    }
    s->sweeper = sw;
}

void sweeper_stop(struct store *s)
{
    struct sweeper *sw = s->sweeper;

    if (!sw) {
        return;
    }
    pthread_mutex_lock(&sw->mutex);
    sw->stop = true;
    pthread_cond_signal(&sw->stopped);
    pthread_mutex_unlock(&sw->mutex);
    pthread_join(sw->thread, NULL);
    pthread_mutex_destroy(&sw->mutex);
    pthread_cond_destroy(&sw->stopped);
    free(sw);
    s->sweeper = NULL;
}
