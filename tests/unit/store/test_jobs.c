// SPDX-License-Identifier: AGPL-3.0-or-later
// Jobs: leased in order, fenced by the epoch, exactly one end, again after a back-off.
#include "fixture.h"

#include <sqlite3.h>

static int try_lease(struct fixture *f, struct job *j)
{
    return store_job_lease(f->store, "test", 1000, &f->arena, j, &f->err);
}

static void oldest_job_is_leased_first_and_only_once(void **state)
{
    struct fixture *f = *state;
    char a[ID_SIZE], b[ID_SIZE];
    struct job j = { 0 }, none;

    create(f, 1, a);
    create(f, 2, b);
    j = lease(f, 1000);
    assert_string_equal(j.document_id, a);
    assert_int_equal(j.attempt, 1);
    assert_string_equal(j.kind, "read");
    assert_true(j.version > 0);
    assert_int_equal(load(f, a).status, DOCUMENT_PARTITIONING);
    j = lease(f, 1000);
    assert_string_equal(j.document_id, b);
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
}

static void lease_lapses_and_the_first_worker_is_fenced_off(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job_result r = { 0 };
    struct element e = { .kind = ELEMENT_PARAGRAPH, .text = slice_of("x") };

    create(f, 1, id);
    struct job first = lease(f, 1000);
    write_text(f, &first, 0, "from the first worker");
    atomic_fetch_add(&f->mono_ms, 999);
    struct job none;
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    atomic_fetch_add(&f->mono_ms, 1);
    struct job second = lease(f, 1000);
    assert_string_equal(second.document_id, id);
    assert_int_equal(second.attempt, 2);
    assert_true(second.epoch > first.epoch && second.version > first.version);
    assert_int_equal(store_job_check(f->store, &first, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_elements(f->store, &first, &e, 1, &f->err), ERR_CONFLICT);
    assert_int_equal(
        store_job_progress(f->store, &first, 1000, "page", 1, 2, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_progress(f->store, &first, 1000, NULL, 0, 0, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_stage(f->store, &first, DOCUMENT_CHUNKED, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_finish(f->store, &first, &r, &f->err), ERR_CONFLICT);
    assert_int_equal(
        store_job_refuse(f->store, &first, "corrupt", NULL, "x", &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_fail(f->store, &first, "x", NULL, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_release(f->store, &first, &f->err), ERR_CONFLICT);
    write_text(f, &second, 0, "from the second worker");
    OK(store_job_finish(f->store, &second, &r, &f->err));
    assert_int_equal(search_count(f, "\"the second worker\""), 1);
    assert_int_equal(count_term(f, "first"), 0); // what the first had written is gone
}

static void progress_extends_the_lease(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job none;

    create(f, 1, id);
    struct job j = lease(f, 1000);
    for (int i = 0; i < 5; i++) {
        atomic_fetch_add(&f->mono_ms, 900);
        OK(store_job_progress(f->store, &j, 1000, i % 2 ? NULL : "page", i, 10, &f->err));
        assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    }
    struct job_progress p;
    OK(store_job_progress_of(f->store, slice_of(id), &p, &f->err));
    assert_true(p.has_job);
    assert_string_equal(p.unit, "page");
    assert_int_equal(p.done, 4);
    assert_int_equal(p.queue_position, 0);
    assert_true(p.seconds_left > 6.7 && p.seconds_left < 6.8); // 4.5 s for 4 of 10
}

static void a_job_ends_exactly_once(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], path[128];
    struct job_result r = { 0 };
    sqlite3 *raw = NULL;

    create(f, 1, id);
    struct job j = lease(f, 1000);
    OK(store_job_finish(f->store, &j, &r, &f->err));
    assert_int_equal(store_job_finish(f->store, &j, &r, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_fail(f->store, &j, "x", NULL, &f->err), ERR_CONFLICT);
    assert_int_equal(store_job_cancel(f->store, slice_of(id), &f->err), ERR_CONFLICT);
    atomic_fetch_add(&f->mono_ms, 100000);
    struct job none;
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    // and the database itself says no
    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(raw, "UPDATE jobs SET state = 0, ended_ms = NULL", NULL, NULL, NULL),
        SQLITE_CONSTRAINT);
    assert_int_equal(
        sqlite3_exec(raw, "UPDATE jobs SET state = 5", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(raw);
}

static void failed_job_comes_again_after_its_back_off_and_dies_at_the_fourth(void **state)
{
    struct fixture *f = *state;
    static const int64_t waits[] = { 1000, 5000, 25000 };
    char id[ID_SIZE];
    struct job none;
    bool dead = true;

    create(f, 1, id);
    for (int i = 0; i < 3; i++) {
        struct job j = lease(f, 1000);
        int64_t wait = -1;
        assert_int_equal(j.attempt, i + 1);
        OK(store_job_fail(f->store, &j, "The reader crashed.", &dead, &f->err));
        assert_false(dead);
        assert_int_equal(load(f, id).status, DOCUMENT_PENDING);
        OK(store_job_next_due(f->store, &wait, &f->err));
        assert_int_equal(wait, waits[i]);
        atomic_fetch_add(&f->mono_ms, waits[i] - 1);
        assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
        atomic_fetch_add(&f->mono_ms, 1);
    }
    struct job last = lease(f, 1000);
    OK(store_job_fail(f->store, &last, "The reader crashed.", &dead, &f->err));
    assert_true(dead);
    struct document d = load(f, id);
    assert_int_equal(d.status, DOCUMENT_FAILED);
    assert_string_equal(d.errors, "[\"The reader crashed.\"]");
    AUTO_BUF json = BUF_INIT(1 << 16);
    OK(store_job_dead_list(f->store, 10, &f->arena, &json, &f->err));
    assert_non_null(strstr(json.data, id));
    assert_non_null(strstr(json.data, "The reader crashed."));
    struct store_stats st;
    OK(store_stats(f->store, &st, &f->err));
    assert_int_equal(st.jobs_dead, 1);
    OK(store_document_reread(f->store, slice_of(id), NULL, &f->err));
    OK(store_stats(f->store, &st, &f->err));
    assert_int_equal(st.jobs_dead, 0);
    assert_int_equal(st.jobs_queued, 1);
}

static void lapsed_leases_die_too_in_the_end(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job none;

    create(f, 1, id);
    for (int i = 0; i < 4; i++) {
        lease(f, 1000);
        atomic_fetch_add(&f->mono_ms, 1000);
    }
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    assert_int_equal(load(f, id).status, DOCUMENT_FAILED);
}

static void refused_document_fails_with_its_reason_and_no_retry(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job none;

    create(f, 1, id);
    struct job j = lease(f, 1000);
    write_text(f, &j, 0, "platypus");
    OK(store_job_refuse(
        f->store, &j, "corrupt", "[{\"code\":\"pdf.damaged\"}]", "The file is damaged.", &f->err));
    struct document d = load(f, id);
    assert_int_equal(d.status, DOCUMENT_FAILED);
    assert_string_equal(d.reason, "corrupt");
    assert_string_equal(d.verdict, "rejected");
    assert_string_equal(d.findings, "[{\"code\":\"pdf.damaged\"}]");
    assert_string_equal(d.errors, "[\"The file is damaged.\"]");
    atomic_fetch_add(&f->mono_ms, 1000000);
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    assert_int_equal(count_term(f, "platypus"), 0);
}

static void dead_reread_keeps_what_was_shown(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    create(f, 1, id);
    make_ready(f, "kept otter");
    OK(store_document_reread(f->store, slice_of(id), NULL, &f->err));
    for (int i = 0; i < 4; i++) {
        struct job j = lease(f, 1000);
        OK(store_job_fail(f->store, &j, "No luck.", NULL, &f->err));
        atomic_fetch_add(&f->mono_ms, 30000);
    }
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
    assert_string_equal(load(f, id).errors, "[\"No luck.\"]");
    assert_int_equal(search_count(f, "otter"), 1);
}

static void cancel_ends_queued_and_running_jobs(void **state)
{
    struct fixture *f = *state;
    char a[ID_SIZE], b[ID_SIZE];
    struct job none;

    create(f, 1, a);
    create(f, 2, b);
    struct job j = lease(f, 1000);
    OK(store_job_cancel(f->store, slice_of(a), &f->err));
    OK(store_job_cancel(f->store, slice_of(b), &f->err));
    assert_int_equal(store_job_check(f->store, &j, &f->err), ERR_CONFLICT);
    assert_int_equal(load(f, a).status, DOCUMENT_FAILED);
    assert_string_equal(load(f, b).errors, "[\"cancelled\"]");
    atomic_fetch_add(&f->mono_ms, 100000);
    assert_int_equal(try_lease(f, &none), ERR_NOT_FOUND);
    assert_int_equal(store_job_cancel(f->store, slice_of(b), &f->err), ERR_CONFLICT);
}

static void deleted_document_takes_its_running_job_along(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job_result r = { 0 };

    create(f, 1, id);
    struct job j = lease(f, 1000);
    write_text(f, &j, 0, "gone heron");
    OK(store_document_delete(f->store, slice_of(id), &f->err));
    assert_int_equal(store_job_finish(f->store, &j, &r, &f->err), ERR_CONFLICT);
    assert_int_equal(count_term(f, "heron"), 0);
}

static void released_job_is_queued_at_once_and_no_attempt_is_counted(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    create(f, 1, id);
    for (int i = 0; i < 10; i++) {
        struct job j = lease(f, 1000);
        assert_int_equal(j.attempt, 1);
        OK(store_job_release(f->store, &j, &f->err));
        assert_int_equal(load(f, id).status, DOCUMENT_PENDING);
    }
}

static void restart_ends_leases_at_once_without_counting_an_attempt(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job_result r = { 0 };

    create(f, 1, id);
    struct job before = lease(f, 1000000);
    write_text(f, &before, 0, "half of it");
    fixture_reopen(f);
    struct job after = lease(f, 1000);
    assert_string_equal(after.document_id, id);
    assert_int_equal(after.attempt, 1);
    assert_int_equal(store_job_finish(f->store, &before, &r, &f->err), ERR_CONFLICT);
    assert_int_equal(count_term(f, "half"), 0);
}

static void a_document_that_always_takes_the_server_along_is_set_aside(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct job j;
    int restarts = 0;

    create(f, 1, id);
    while (restarts < 200) {
        atomic_fetch_add(&f->mono_ms, 10000);
        if (try_lease(f, &j) == ERR_NOT_FOUND) {
            break;
        }
        OK(store_job_recover(f->store, &f->err));
        restarts++;
    }
    assert_int_equal(restarts, 33);
    assert_int_equal(load(f, id).status, DOCUMENT_FAILED);
}

static void a_lease_of_another_boot_has_ended_whatever_the_clock_says(void **state)
{
    struct fixture *f = *state;
    char a[ID_SIZE], b[ID_SIZE];

    create(f, 1, a);
    create(f, 2, b);
    struct job j = lease(f, 1000);
    OK(store_job_fail(f->store, &j, "again later", NULL, &f->err));
    f->boot_id = "00000000-0000-0000-0000-000000000002";
    atomic_store(&f->mono_ms, 5); // a machine that was started anew counts from zero
    fixture_reopen(f);
    assert_string_equal(lease(f, 1000).document_id, a);
    assert_string_equal(lease(f, 1000).document_id, b);
}

static void queue_position_counts_those_ahead(void **state)
{
    struct fixture *f = *state;
    char ids[4][ID_SIZE];
    struct job_progress p;
    struct job_result r = { 0 };

    for (int i = 0; i < 4; i++) {
        create(f, i, ids[i]);
    }
    OK(store_job_progress_of(f->store, slice_of(ids[3]), &p, &f->err));
    assert_int_equal(p.queue_position, 4);
    assert_true(p.seconds_left < 0);
    struct job j = lease(f, 100000);
    atomic_fetch_add(&f->mono_ms, 2000);
    OK(store_job_finish(f->store, &j, &r, &f->err));
    OK(store_job_progress_of(f->store, slice_of(ids[0]), &p, &f->err));
    assert_false(p.has_job);
    lease(f, 100000);
    OK(store_job_progress_of(f->store, slice_of(ids[3]), &p, &f->err));
    assert_int_equal(p.queue_position, 2);
    assert_true(
        p.seconds_left > 3.9 && p.seconds_left < 4.1); // two times two seconds, one at a time
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(oldest_job_is_leased_first_and_only_once),
        T(lease_lapses_and_the_first_worker_is_fenced_off),
        T(progress_extends_the_lease),
        T(a_job_ends_exactly_once),
        T(failed_job_comes_again_after_its_back_off_and_dies_at_the_fourth),
        T(lapsed_leases_die_too_in_the_end),
        T(refused_document_fails_with_its_reason_and_no_retry),
        T(dead_reread_keeps_what_was_shown),
        T(cancel_ends_queued_and_running_jobs),
        T(deleted_document_takes_its_running_job_along),
        T(released_job_is_queued_at_once_and_no_attempt_is_counted),
        T(restart_ends_leases_at_once_without_counting_an_attempt),
        T(a_document_that_always_takes_the_server_along_is_set_aside),
        T(a_lease_of_another_boot_has_ended_whatever_the_clock_says),
        T(queue_position_counts_those_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
