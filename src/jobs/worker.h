// SPDX-License-Identifier: AGPL-3.0-or-later
// Worker threads: each leases a job, runs the callback, and sees to it that the job ends or is given back. One more thread
// keeps the leases alive, passes progress on and notices within a second that a job was cancelled or its lease lost.
//
// The order of things for one job:
//   lease ─▶ run() ─▶ run ended it itself (store_job_finish, store_job_refuse)      returns 0
//                  ─▶ our fault or bad luck: store_job_fail with err's sentence      returns ERR_*
//                  ─▶ cancelled, or the lease is lost: nothing more is written       returns ERR_CANCELLED or ERR_CONFLICT
//                  ─▶ the server stops: given back, no attempt counted               returns ERR_CANCELLED
// Whatever goes wrong besides (no answer from the disk, a hang): the lease lapses and the job is due again.
#ifndef LARDER_JOBS_WORKER_H
#define LARDER_JOBS_WORKER_H

#include "store/store.h"

#include <stdatomic.h>

enum {
    WORKERS_MAX = 64,
    LEASE_DEFAULT_MS = 60000,
};

struct job_control; // one running job; lives while run() does
// Should the callback stop? Cheap; ask often. Any thread.
bool job_control_cancelled(const struct job_control *c);
// The same as a flag that lives as long as the control, for calls that take one.
const atomic_bool *job_control_flag(const struct job_control *c);
// Notes how far it is; never blocks. Kept and told at most four times a second. unit: "page", "row", "second" … (15 bytes).
void job_control_progress(struct job_control *c, const char *unit, int64_t done, int64_t total);

typedef int (*job_run_fn)(
    void *ctx, const struct job *job, struct job_control *control, struct error *err);

struct jobs;
struct jobs_options {
    struct store *store;
    int workers; // threads, at most WORKERS_MAX; 0: 1
    int64_t lease_ms; // 0: LEASE_DEFAULT_MS; extended at a third of it
    job_run_fn run; // called by the worker threads, several at a time
    void (*buried)(void *ctx, const struct job *job); // it is dead: out of attempts; NULL: none
    void *ctx;
};
struct jobs_stats {
    int64_t workers, running;
    int64_t done, failed, dead, lost,
        released; // jobs since the start; done counts refused ones too
};

// Starts the workers and their timer. ERR_MEMORY: no thread could be had. End it with jobs_stop.
int jobs_start(const struct jobs_options *o, struct jobs **ret, struct error *err);
// There may be a new job: an idle worker looks. Any thread, also store_options.on_event; never blocks for long.
void jobs_wake(struct jobs *p);
void jobs_stats(struct jobs *p, struct jobs_stats *ret);
// No new jobs; those that run may finish within finish_ms, then they are told to stop and given back. 0 with all freed, or
// ERR_TIMEOUT when a callback did not return within GIVE_BACK_MS after that: then leases were given back for it, nothing
// was freed, and the process must end without closing the store.
enum { GIVE_BACK_MS = 10000 };
int jobs_stop(struct jobs *p, int64_t finish_ms, struct error *err);

#endif
