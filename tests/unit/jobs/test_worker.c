// SPDX-License-Identifier: AGPL-3.0-or-later
// Worker threads on a real store: they run what is queued, hear of a cancel within a second, give back at a stop.
#include "jobs/worker.h"
#include "base/clock.h"
#include "unit/store/fixture.h"

#include <time.h>

struct plan {
    struct fixture *f;
    struct jobs *jobs;
    atomic_int runs, seen_cancel;
    atomic_int fail_first; // so many runs fail
    atomic_bool hold; // run until cancelled
    atomic_bool lazy; // return 0 without an end
    atomic_llong cancelled_at_ms;
};

static void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&t, NULL);
}

static int run(void *ctx, const struct job *job, struct job_control *control, struct error *err)
{
    struct plan *p = ctx;
    struct job_result r = { 0 };

    atomic_fetch_add(&p->runs, 1);
    if (atomic_load(&p->lazy)) {
        return 0;
    }
    if (atomic_fetch_sub(&p->fail_first, 1) > 0) {
        return error_set(err, ERR_IO, "The reader could not be started.");
    }
    for (int i = 0; atomic_load(&p->hold); i++) {
        job_control_progress(control, "page", i, 1000);
        if (job_control_cancelled(control)) {
            atomic_store(&p->cancelled_at_ms, clock_mono_ms());
            atomic_fetch_add(&p->seen_cancel, 1);
            return error_set(err, ERR_CANCELLED, "Stopped.");
        }
        nap(5);
    }
    return store_job_finish(p->f->store, job, &r, err);
}

static void start(struct plan *p, int workers, int64_t lease_ms)
{
    struct fixture *f = p->f;
    struct jobs_options o = {
        .store = f->store, .workers = workers, .lease_ms = lease_ms, .run = run, .ctx = p
    };
    OK(jobs_start(&o, &p->jobs, &f->err));
}

// The store's clock goes along with the real one, but never leaps: on a busy machine this thread and the heartbeat stand
// still together, and no lease may end of that.
static void keep_time(struct fixture *f)
{
    static int64_t last;
    int64_t now = clock_mono_ms();
    int64_t gone = last ? now - last : 0;
    atomic_fetch_add(&f->mono_ms, gone < 20 ? gone : 20);
    last = now;
}

static bool wait_status(
    struct fixture *f, const char *id, enum document_status status, int64_t within_ms)
{
    int64_t until = clock_mono_ms() + within_ms;
    while (load(f, id).status != status) {
        if (clock_mono_ms() > until) {
            return false;
        }
        keep_time(f);
        nap(5);
    }
    return true;
}

static void queued_jobs_are_all_run_once(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f };
    char ids[30][ID_SIZE];
    struct jobs_stats st;

    for (int i = 0; i < 20; i++) {
        create(f, i, ids[i]);
    }
    start(&p, 3, 60000);
    for (int i = 20; i < 30; i++) {
        create(f, i, ids[i]);
        jobs_wake(p.jobs);
    }
    for (int i = 0; i < 30; i++) {
        assert_true(wait_status(f, ids[i], DOCUMENT_READY, 10000));
    }
    assert_int_equal(atomic_load(&p.runs), 30);
    jobs_stats(p.jobs, &st);
    assert_int_equal(st.workers, 3);
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void idle_worker_wakes_at_once(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f };
    char id[ID_SIZE];

    start(&p, 2, 60000);
    nap(100);
    create(f, 1, id);
    int64_t start_ms = clock_mono_ms();
    jobs_wake(p.jobs);
    assert_true(wait_status(f, id, DOCUMENT_READY, 5000));
    assert_true(clock_mono_ms() - start_ms < 2000); // the idle look comes after 5 s
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void failed_job_is_run_again_after_its_back_off(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .fail_first = 1 };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 1, 60000);
    assert_true(wait_status(f, id, DOCUMENT_READY, 8000));
    assert_int_equal(atomic_load(&p.runs), 2);
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void a_callback_that_forgets_to_end_its_job_counts_as_failed(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .lazy = true };
    struct jobs_stats st = { 0 };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 1, 60000);
    for (int i = 0; i < 400 && st.failed == 0; i++) {
        nap(10);
        jobs_stats(p.jobs, &st);
    }
    assert_int_equal(st.failed, 1);
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void cancel_is_heard_within_a_second(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .hold = true };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 1, 60000);
    assert_true(wait_status(f, id, DOCUMENT_PARTITIONING, 5000));
    nap(300);
    int64_t start_ms = clock_mono_ms();
    OK(store_job_cancel(f->store, slice_of(id), &f->err));
    for (int i = 0; i < 300 && !atomic_load(&p.seen_cancel); i++) {
        nap(10);
    }
    assert_int_equal(atomic_load(&p.seen_cancel), 1);
    int64_t took = atomic_load(&p.cancelled_at_ms) - start_ms;
    assert_true(took < 1000);
    assert_int_equal(load(f, id).status, DOCUMENT_FAILED);
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void a_long_job_keeps_its_lease(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .hold = true };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 2, 1500); // the second worker would take it
    int64_t until = atomic_load(&f->mono_ms) + 4000;
    while (atomic_load(&f->mono_ms) < until) {
        keep_time(f);
        nap(5);
        jobs_wake(p.jobs);
    }
    assert_int_equal(atomic_load(&p.runs), 1);
    struct job_progress progress;
    OK(store_job_progress_of(f->store, slice_of(id), &progress, &f->err));
    assert_true(progress.has_job && progress.done > 50);
    atomic_store(&p.hold, false);
    assert_true(wait_status(f, id, DOCUMENT_READY, 5000));
    OK(jobs_stop(p.jobs, 1000, &f->err));
}

static void stop_lets_a_job_finish_in_time(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .hold = true };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 1, 60000);
    assert_true(wait_status(f, id, DOCUMENT_PARTITIONING, 5000));
    atomic_store(&p.hold, false);
    OK(jobs_stop(p.jobs, 5000, &f->err));
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
}

static void stop_gives_back_what_does_not_finish(void **state)
{
    struct fixture *f = *state;
    struct plan p = { .f = f, .hold = true };
    char id[ID_SIZE];

    create(f, 1, id);
    start(&p, 1, 60000);
    assert_true(wait_status(f, id, DOCUMENT_PARTITIONING, 5000));
    int64_t start_ms = clock_mono_ms();
    OK(jobs_stop(p.jobs, 200, &f->err));
    assert_true(clock_mono_ms() - start_ms < 2000);
    assert_int_equal(load(f, id).status, DOCUMENT_PENDING);
    struct job j = lease(f, 1000);
    assert_int_equal(j.attempt, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(queued_jobs_are_all_run_once),
        T(idle_worker_wakes_at_once),
        T(failed_job_is_run_again_after_its_back_off),
        T(a_callback_that_forgets_to_end_its_job_counts_as_failed),
        T(cancel_is_heard_within_a_second),
        T(a_long_job_keeps_its_lease),
        T(stop_lets_a_job_finish_in_time),
        T(stop_gives_back_what_does_not_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
