// SPDX-License-Identifier: AGPL-3.0-or-later
// Events: numbered without a gap, told in order after the commit, read back from any number.
#include "fixture.h"

#include <pthread.h>

struct heard {
    int64_t last;
    int64_t count, gaps;
    char kinds[8192];
    char json[2048]; // of the last
};

static int hear(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    struct heard *h = ctx;

    if (h->last && seq != h->last + 1) {
        h->gaps++;
    }
    h->last = seq;
    h->count++;
    size_t len = strlen(h->kinds);
    snprintf(h->kinds + len, sizeof(h->kinds) - len, SLICE_FMT " ", SLICE_ARG(kind));
    snprintf(h->json, sizeof(h->json), SLICE_FMT, SLICE_ARG(json));
    return 0;
}

static void a_documents_life_is_told_in_order(void **state)
{
    struct fixture *f = *state;
    struct heard h = { 0 };
    char id[ID_SIZE];
    struct job_result r = { 0 };

    create(f, 1, id);
    struct job j = lease(f, 60000);
    OK(store_job_progress(f->store, &j, 60000, "page", 37, 212, &f->err));
    OK(store_event_list(f->store, 2, 1, hear, &h, &f->err));
    char expected[256];
    snprintf(expected, sizeof(expected),
        "\"kind\":\"document.progress\",\"document_id\":\"%s\",\"data\":{\"name\":\"Document "
        "0001\",",
        id);
    assert_non_null(strstr(h.json, "{\"seq\":3,\"time\":\"20"));
    assert_non_null(strstr(h.json, expected));
    assert_non_null(strstr(h.json, "\"progress\":{\"unit\":\"page\",\"done\":37,\"total\":212,"
                                   "\"queue_position\":0,\"seconds_left\":-1"));
    OK(store_job_stage(f->store, &j, DOCUMENT_CHUNKED, &f->err));
    OK(store_job_finish(f->store, &j, &r, &f->err));
    OK(store_document_set_metadata(f->store, slice_of(id), "{\"a\":1}", &f->err));
    OK(store_document_delete(f->store, slice_of(id), &f->err));
    memset(&h, 0, sizeof(h));
    OK(store_event_list(f->store, 0, 100, hear, &h, &f->err));
    assert_string_equal(h.kinds,
        "document.created document.updated document.progress document.updated document.ready "
        "document.updated document.deleted ");
    assert_int_equal(h.gaps, 0);
    assert_int_equal(h.last, store_event_last(f->store));
    assert_int_equal(store_event_first(f->store), 1);
}

static void what_fails_leaves_no_event_and_no_gap(void **state)
{
    struct fixture *f = *state;
    struct heard h = { 0 };
    struct document bad = make_document(5);
    bool duplicate;
    char id[ID_SIZE];

    create(f, 1, id);
    bad.metadata = "{";
    assert_int_equal(store_document_create(f->store, &bad, &duplicate, &f->err), ERR_INVALID);
    assert_int_equal(store_document_release(f->store, slice_of(id), &f->err), ERR_CONFLICT);
    create(f, 2, id);
    OK(store_event_append(f->store, "server.started", slice_of(""), slice_of(""), &f->err));
    assert_int_equal(
        store_event_append(f->store, "x", slice_of("no-id"), slice_of(""), &f->err), ERR_INVALID);
    OK(store_event_list(f->store, 0, 100, hear, &h, &f->err));
    assert_int_equal(h.count, 3);
    assert_int_equal(h.gaps, 0);
    assert_non_null(strstr(h.json, "\"kind\":\"server.started\",\"data\":{}}"));
}

static void progress_is_told_four_times_a_second_at_most_and_always_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct heard h = { 0 };
    char id[ID_SIZE];

    create(f, 1, id);
    struct job j = lease(f, 60000);
    int64_t before = store_event_last(f->store);
    for (int i = 1; i <= 1000; i++) { // a second of it
        OK(store_job_progress(f->store, &j, 60000, "row", i, 1000, &f->err));
        atomic_fetch_add(&f->mono_ms, 1);
    }
    OK(store_event_list(f->store, before, 100, hear, &h, &f->err));
    assert_int_equal(h.count, 5);
    assert_non_null(strstr(h.json, "\"done\":1000,\"total\":1000"));
}

struct listener {
    int64_t last, count, bad;
};

static void on_event(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    struct listener *l = ctx;
    (void)kind;
    l->bad += seq != l->last + 1 || json.len == 0 || json.data[json.len - 1] != '}';
    l->last = seq;
    l->count++;
}

struct creator {
    struct fixture *f;
    int from;
};

static void *create_many(void *arg)
{
    struct creator *c = arg;
    for (int i = 0; i < 50; i++) {
        struct document d = make_document(c->from + i);
        bool duplicate;
        struct error err;
        if (store_document_create(c->f->store, &d, &duplicate, &err) != 0) {
            return arg;
        }
    }
    return NULL;
}

static void listener_hears_each_event_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct listener l = { 0 };
    struct store_options o = {
        .data_dir = f->dir, .on_event = on_event, .ctx = &l, .no_sweeper = true
    };
    struct creator creators[8];
    pthread_t threads[8];
    struct store_stats st;

    store_close(f->store);
    OK(store_open(&o, &f->store, &f->err));
    for (int i = 0; i < 8; i++) {
        creators[i] = (struct creator){ f, i * 1000 };
        assert_int_equal(pthread_create(&threads[i], NULL, create_many, &creators[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    OK(store_stats(f->store, &st, &f->err));
    store_close(f->store); // the writer has told all by then
    f->store = NULL;
    assert_int_equal(l.count, 400);
    assert_int_equal(l.bad, 0);
    assert_int_equal(st.documents, 400);
    assert_int_equal(st.last_seq, 400);
    assert_true(st.commits < 300); // groups
    fixture_open(f);
    assert_int_equal(store_event_last(f->store), 400);
}

static int stop_at_ten(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    (void)kind;
    (void)json;
    *(int64_t *)ctx = seq;
    return seq == 10 ? ERR_CANCELLED : 0;
}

static void list_goes_on_over_many_rows_and_stops_when_told(void **state)
{
    struct fixture *f = *state;
    struct heard *h = calloc(1, sizeof(*h));
    int64_t last = 0;

    for (int i = 0; i < 600; i++) {
        OK(store_event_append(f->store, "t", slice_of(""), slice_of("{\"a\":\"b\"}"), &f->err));
    }
    OK(store_event_list(f->store, 0, 590, hear, h, &f->err));
    assert_int_equal(h->count, 590);
    assert_int_equal(h->gaps, 0);
    OK(store_event_list(f->store, 590, 1000, hear, h, &f->err));
    assert_int_equal(h->count, 600);
    assert_int_equal(h->gaps, 0);
    free(h);
    assert_int_equal(
        store_event_list(f->store, 0, 100, stop_at_ten, &last, &f->err), ERR_CANCELLED);
    assert_int_equal(last, 10);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_documents_life_is_told_in_order),
        T(what_fails_leaves_no_event_and_no_gap),
        T(progress_is_told_four_times_a_second_at_most_and_always_at_the_end),
        T(listener_hears_each_event_once_and_in_order),
        T(list_goes_on_over_many_rows_and_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
