// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements worker.h. Lock order: jobs.mutex, then a control's mutex. No lock is held during a call of the store or of
// the callback.
#include "jobs/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/thread.h"
#include "watch/metric.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICK_MS = 200, // of the keeper thread
    CHECK_MS = 400, // a cancelled job hears of it at most this much and a tick later
    PROGRESS_MS = 250,
    IDLE_MS = 5000, // an idle worker looks this often even if nobody wakes it
    ERROR_WAIT_MS = 1000, // after the store could not answer
    JOB_ARENA_MAX = 64 << 10,
    UNIT_SIZE = 16,
};

struct job_control {
    atomic_bool cancelled;
    pthread_mutex_t mutex; // guards the progress
    char unit[UNIT_SIZE];
    int64_t done, total;
    bool changed;
};

struct slot { // one worker thread
    struct jobs *jobs;
    pthread_t thread;
    struct job_control control;
    struct job job; // a copy; valid while running (jobs.mutex guards both)
    bool running;
    int64_t extended_ms, checked_ms, told_ms; // keeper thread only, reset at a lease
};

struct jobs {
    struct jobs_options options;
    pthread_mutex_t mutex; // guards all below, and running and job of the slots
    pthread_cond_t woken; // workers, and whoever waits for their end
    pthread_cond_t tick; // keeper
    uint64_t wakes;
    bool stopping, keeper_stop;
    struct jobs_stats stats;
    pthread_t keeper;
    int count, live; // slots; threads that have not ended
    struct slot slots[];
};

bool job_control_cancelled(const struct job_control *c)
{
    return atomic_load_explicit(&c->cancelled, memory_order_relaxed);
}

const atomic_bool *job_control_flag(const struct job_control *c)
{
    return &c->cancelled;
}

void job_control_progress(struct job_control *c, const char *unit, int64_t done, int64_t total)
{
    pthread_mutex_lock(&c->mutex);
    snprintf(c->unit, sizeof(c->unit), "%s", unit);
    c->done = done;
    c->total = total;
    c->changed = true;
    pthread_mutex_unlock(&c->mutex);
}

static void wait_ms(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t ms)
{
    struct timespec until = thread_moment(ms);

    thread_wait(cond, mutex, &until);
}

// ---- workers

static void note_end(struct slot *s, int64_t *counter)
{
    pthread_mutex_lock(&s->jobs->mutex);
    s->running = false;
    s->jobs->stats.running--;
    (*counter)++;
    pthread_mutex_unlock(&s->jobs->mutex);
}

static bool is_stopping(struct jobs *p)
{
    pthread_mutex_lock(&p->mutex);
    bool stopping = p->stopping;
    pthread_mutex_unlock(&p->mutex);
    return stopping;
}

static void log_end(const struct job *j, const char *how, int64_t start_ms, const char *sentence)
{
    log_info("job.end", LI("job", j->id), LS("document", j->document_id), LS("how", how),
        LI("attempt", j->attempt), LI("ms", clock_mono_ms() - start_ms), LS("error", sentence));
}

static void give_back(struct slot *s, const struct job *j, int64_t start_ms)
{
    struct jobs *p = s->jobs;
    bool gone = store_job_release(p->options.store, j, NULL) != 0;

    log_end(j, gone ? "lost" : "released", start_ms, "");
    metric_add(METRIC_JOB_ENDS, gone ? JOB_END_LOST : JOB_END_RELEASED, 0, 1);
    note_end(s, gone ? &p->stats.lost : &p->stats.released);
}

static void fail(struct slot *s, const struct job *j, int64_t start_ms, const char *sentence)
{
    struct jobs *p = s->jobs;
    bool dead = false;
    int rc = store_job_fail(p->options.store, j, sentence, &dead, NULL);

    log_end(j, rc ? "lost" : dead ? "dead" : "failed", start_ms, sentence);
    metric_add(METRIC_JOB_ENDS, rc ? JOB_END_LOST : dead ? JOB_END_DEAD : JOB_END_RETRIED, 0, 1);
    if (rc == 0 && dead && p->options.buried) {
        p->options.buried(p->options.ctx, j);
    }
    note_end(s, rc ? &p->stats.lost : dead ? &p->stats.dead : &p->stats.failed);
    jobs_wake(p); // someone must know when it is due again
}

static void run_job(struct slot *s, const struct job *j)
{
    struct jobs *p = s->jobs;
    struct error err = { 0 };
    int64_t start_ms = clock_mono_ms();

    metric_add(METRIC_JOB_RETRIES, 0, 0, j->attempt > 1);
    int rc = p->options.run(p->options.ctx, j, &s->control, &err);
    metric_observe(METRIC_PROCESSING_SECONDS, 0, (clock_mono_ms() - start_ms) * 1000);

    if (rc == 0 && store_job_check(p->options.store, j, NULL) != 0) {
        log_end(j, "done", start_ms, "");
        metric_add(METRIC_JOB_ENDS, JOB_END_DONE, 0, 1);
        note_end(s, &p->stats.done);
    } else if (rc == 0) {
        fail(s, j, start_ms, "The reading ended without a result.");
    } else if (rc == ERR_CONFLICT || rc == ERR_CANCELLED) {
        if (is_stopping(p)) {
            give_back(s, j, start_ms); // refused by the store if it was cancelled or lost
        } else if (store_job_check(p->options.store, j, NULL) == 0) {
            fail(s, j, start_ms, err.text[0] ? err.text : "The reading was broken off.");
        } else {
            log_end(j, "lost", start_ms, err.text);
            metric_add(METRIC_JOB_ENDS, JOB_END_LOST, 0, 1);
            note_end(s, &p->stats.lost);
        }
    } else {
        fail(s, j, start_ms, err.text[0] ? err.text : "The reading failed.");
    }
}

static void begin(struct slot *s, const struct job *j)
{
    pthread_mutex_lock(&s->jobs->mutex);
    atomic_store(&s->control.cancelled, s->jobs->stopping); // leased while the stop was being said
    s->control.changed = false;
    s->job = *j;
    s->extended_ms = s->checked_ms = clock_mono_ms();
    s->told_ms = 0;
    s->running = true;
    s->jobs->stats.running++;
    pthread_mutex_unlock(&s->jobs->mutex);
}

// Sleeps until the next job is due, somebody wakes, or a while has passed.
static void idle(struct jobs *p, uint64_t wakes_before, int64_t wait)
{
    pthread_mutex_lock(&p->mutex);
    if (!p->stopping && p->wakes == wakes_before) {
        wait_ms(&p->woken, &p->mutex, wait < 0 || wait > IDLE_MS ? IDLE_MS : wait + 1);
    }
    pthread_mutex_unlock(&p->mutex);
}

static void *worker_main(void *arg)
{
    struct slot *s = arg;
    struct jobs *p = s->jobs;
    char name[32];

    snprintf(name, sizeof(name), "worker-%d", (int)(s - p->slots));
    for (;;) {
        AUTO_ARENA arena = { 0 };
        struct job j;
        struct error err = { 0 };
        int64_t wait = IDLE_MS;

        arena_init(&arena, JOB_ARENA_MAX);
        pthread_mutex_lock(&p->mutex);
        uint64_t wakes = p->wakes;
        bool stopping = p->stopping;
        pthread_mutex_unlock(&p->mutex);
        if (stopping) {
            break;
        }
        int rc = store_job_lease(p->options.store, name, p->options.lease_ms, &arena, &j, &err);
        if (rc == 0) {
            begin(s, &j);
            run_job(s, &j);
        } else if (rc == ERR_NOT_FOUND) {
            rc = store_job_next_due(p->options.store, &wait, &err);
            idle(p, wakes, rc == 0 ? wait : ERROR_WAIT_MS);
        } else {
            log_warn("job.lease", LS("error", err.text));
            idle(p, wakes, ERROR_WAIT_MS);
        }
    }
    pthread_mutex_lock(&p->mutex);
    p->live--;
    pthread_cond_broadcast(&p->woken);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

// ---- the keeper of leases

static bool take_progress(
    struct job_control *c, char ret_unit[UNIT_SIZE], int64_t *ret_done, int64_t *ret_total)
{
    pthread_mutex_lock(&c->mutex);
    bool changed = c->changed;
    c->changed = false;
    memcpy(ret_unit, c->unit, UNIT_SIZE);
    *ret_done = c->done;
    *ret_total = c->total;
    pthread_mutex_unlock(&c->mutex);
    return changed;
}

static void keep(struct slot *s, const struct job *j)
{
    const struct jobs_options *o = &s->jobs->options;
    int64_t now = clock_mono_ms(), done = 0, total = 0;
    char unit[UNIT_SIZE];
    int rc = 0;

    if (job_control_cancelled(&s->control)) {
        return;
    }
    if (now - s->told_ms >= PROGRESS_MS && take_progress(&s->control, unit, &done, &total)) {
        rc = store_job_progress(o->store, j, o->lease_ms, unit, done, total, NULL);
        s->told_ms = now;
        s->checked_ms = now; // a coalesced report checks, it may not extend
    } else if (now - s->extended_ms >= o->lease_ms / 3) {
        rc = store_job_progress(o->store, j, o->lease_ms, NULL, 0, 0, NULL);
        s->checked_ms = now;
        if (rc == 0) {
            s->extended_ms = now;
        }
    } else if (now - s->checked_ms >= CHECK_MS) {
        rc = store_job_check(o->store, j, NULL);
        s->checked_ms = now;
    }
    // With no word from the store for a whole lease, another may have the job.
    if (rc == ERR_CONFLICT || (rc != 0 && now - s->extended_ms >= o->lease_ms)) {
        pthread_mutex_lock(&s->jobs->mutex);
        if (s->running && s->job.id == j->id && s->job.epoch == j->epoch) {
            atomic_store(&s->control.cancelled, true);
        }
        pthread_mutex_unlock(&s->jobs->mutex);
    }
}

static void *keeper_main(void *arg)
{
    struct jobs *p = arg;

    pthread_mutex_lock(&p->mutex);
    while (!p->keeper_stop) {
        for (int i = 0; i < p->count; i++) {
            struct slot *s = &p->slots[i];
            struct job j = s->job;
            if (s->running) {
                pthread_mutex_unlock(&p->mutex);
                keep(s, &j);
                pthread_mutex_lock(&p->mutex);
            }
        }
        if (!p->keeper_stop) {
            wait_ms(&p->tick, &p->mutex, TICK_MS);
        }
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

// ---- the pool

static void free_jobs(struct jobs *p)
{
    for (int i = 0; i < p->count; i++) {
        pthread_mutex_destroy(&p->slots[i].control.mutex);
    }
    pthread_cond_destroy(&p->woken);
    pthread_cond_destroy(&p->tick);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

static void stop_keeper(struct jobs *p)
{
    pthread_mutex_lock(&p->mutex);
    p->keeper_stop = true;
    pthread_cond_signal(&p->tick);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->keeper, NULL);
}

int jobs_start(const struct jobs_options *o, struct jobs **ret, struct error *err)
{
    int count = o->workers < 1 ? 1 : o->workers > WORKERS_MAX ? WORKERS_MAX : o->workers;
    struct jobs *p = xalloc(sizeof(*p) + (size_t)count * sizeof(p->slots[0]));

    p->options = *o;
    p->options.lease_ms = o->lease_ms > 0 ? o->lease_ms : LEASE_DEFAULT_MS;
    p->count = count;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->woken, NULL);
    pthread_cond_init(&p->tick, NULL);
    for (int i = 0; i < count; i++) {
        p->slots[i].jobs = p;
        pthread_mutex_init(&p->slots[i].control.mutex, NULL);
    }
    if (!thread_start(&p->keeper, "jobs-timer", keeper_main, p)) {
        free_jobs(p);
        return error_set(err, ERR_MEMORY, "No thread could be started for reading documents.");
    }
    for (int i = 0; i < count; i++) {
        if (!thread_start(&p->slots[i].thread, "jobs-worker", worker_main, &p->slots[i])) {
            log_warn("job.workers", LI("wanted", count), LI("started", i));
            break;
        }
        pthread_mutex_lock(&p->mutex);
        p->live++;
        p->stats.workers++;
        pthread_mutex_unlock(&p->mutex);
    }
    if (p->stats.workers == 0) {
        stop_keeper(p);
        free_jobs(p);
        return error_set(err, ERR_MEMORY, "No thread could be started for reading documents.");
    }
    *ret = p;
    return 0;
}

void jobs_wake(struct jobs *p)
{
    pthread_mutex_lock(&p->mutex);
    p->wakes++;
    pthread_cond_broadcast(&p->woken);
    pthread_mutex_unlock(&p->mutex);
}

void jobs_stats(struct jobs *p, struct jobs_stats *ret)
{
    pthread_mutex_lock(&p->mutex);
    *ret = p->stats;
    pthread_mutex_unlock(&p->mutex);
}

// Waits until all workers have ended; false when the time is up.
static bool wait_for_end(struct jobs *p, int64_t ms)
{
    int64_t until = clock_mono_ms() + ms;

    while (p->live > 0) {
        int64_t left = until - clock_mono_ms();
        if (left <= 0) {
            return false;
        }
        wait_ms(&p->woken, &p->mutex, left);
    }
    return true;
}

static void abandon(struct jobs *p)
{
    for (int i = 0; i < p->count; i++) {
        pthread_mutex_lock(&p->mutex);
        struct job j = p->slots[i].job;
        bool running = p->slots[i].running;
        pthread_mutex_unlock(&p->mutex);
        if (running) {
            store_job_release(p->options.store, &j, NULL); // its later writes are fenced off
        }
    }
}

int jobs_stop(struct jobs *p, int64_t finish_ms, struct error *err)
{
    if (!p) {
        return 0;
    }
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->woken);
    bool ended = wait_for_end(p, finish_ms);
    if (!ended) {
        for (int i = 0; i < p->count; i++) {
            atomic_store(&p->slots[i].control.cancelled, true);
        }
        ended = wait_for_end(p, GIVE_BACK_MS);
    }
    pthread_mutex_unlock(&p->mutex);
    if (!ended) {
        abandon(p);
        return error_set(err, ERR_TIMEOUT,
            "A document could not be left in time; its reading starts again later.");
    }
    for (int i = 0; i < p->stats.workers; i++) {
        pthread_join(p->slots[i].thread, NULL);
    }
    stop_keeper(p);
    free_jobs(p);
    return 0;
}
