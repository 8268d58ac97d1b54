// SPDX-License-Identifier: AGPL-3.0-or-later
// Documents: created once, listed without repeats, removed with all that was derived.
#include "fixture.h"

static void created_document_is_loaded_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    struct document d = make_document(1), back;
    bool duplicate = true;

    d.name = "Fryer manual – Größe 2.pdf";
    d.metadata = "{\"year\":2024}";
    d.findings = "[{\"code\":\"x\"}]";
    d.external_id = "ext-7";
    d.media = "{\"pages\":3}";
    d.page_count = 2.5;
    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    assert_false(duplicate);
    assert_true(id_valid(slice_of(d.id)));
    back = load(f, d.id);
    assert_string_equal(back.name, d.name);
    assert_string_equal(back.metadata, d.metadata);
    assert_string_equal(back.findings, d.findings);
    assert_string_equal(back.media, d.media);
    assert_string_equal(back.external_id, "ext-7");
    assert_string_equal(back.blob, d.blob);
    assert_string_equal(back.errors, "[]");
    assert_null(back.reason);
    assert_int_equal(back.status, DOCUMENT_PENDING);
    assert_true(back.page_count == 2.5);
    assert_true(back.created_ms > 0 && back.created_ms == back.updated_ms);
    assert_int_equal(
        store_document_by_blob(f->store, slice_of("default"), d.blob, &f->arena, &back, &f->err),
        0);
    assert_string_equal(back.id, d.id);
    assert_int_equal(
        store_document_by_blob(f->store, slice_of("other"), d.blob, &f->arena, &back, &f->err),
        ERR_NOT_FOUND);
}

static void same_content_in_a_partition_is_a_duplicate(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct document again = make_document(1), elsewhere = make_document(1);
    bool duplicate = false;

    create(f, 1, id);
    OK(store_document_create(f->store, &again, &duplicate, &f->err));
    assert_true(duplicate);
    assert_string_equal(again.id, id);
    elsewhere.partition = "kitchen";
    OK(store_document_create(f->store, &elsewhere, &duplicate, &f->err));
    assert_false(duplicate);
}

static void content_of_a_failed_document_is_no_duplicate(void **state)
{
    struct fixture *f = *state;
    struct document failed = make_document(1), again = make_document(1);
    struct job j = { 0 };
    bool duplicate = true;

    failed.status = DOCUMENT_FAILED;
    failed.reason = "corrupt";
    OK(store_document_create(f->store, &failed, &duplicate, &f->err));
    assert_int_equal(store_job_lease(f->store, "t", 1000, &f->arena, &j, &f->err), ERR_NOT_FOUND);
    OK(store_document_create(f->store, &again, &duplicate, &f->err));
    assert_false(duplicate);
    assert_int_equal(
        store_document_reread(f->store, slice_of(failed.id), NULL, &f->err), ERR_CONFLICT);
}

static void bad_input_is_refused_without_a_row(void **state)
{
    struct fixture *f = *state;
    struct document d = make_document(1);
    struct store_stats stats;
    bool duplicate;

    d.metadata = "{broken";
    assert_int_equal(store_document_create(f->store, &d, &duplicate, &f->err), ERR_INVALID);
    d.metadata = NULL;
    strcpy(d.id, "not-an-id");
    assert_int_equal(store_document_create(f->store, &d, &duplicate, &f->err), ERR_INVALID);
    OK(store_stats(f->store, &stats, &f->err));
    assert_int_equal(stats.documents, 0);
    assert_int_equal(stats.last_seq, 0);
}

static void list_walk(struct fixture *f, const struct document_filter *filter, int limit,
    size_t expected, int insert_from)
{
    struct document *page;
    const char *next = "";
    size_t count = 0, seen = 0;
    int64_t total = 0;
    char last[64] = "", id[ID_SIZE];

    do {
        OK(store_document_list(f->store, filter, slice_of(next), limit, &f->arena, &page, &count,
            &next, &total, &f->err));
        for (size_t i = 0; i < count; i++) {
            if (filter->order && strcmp(filter->order, "-created_at") != 0) {
                assert_true(strcmp(last, page[i].name) < 0);
            } else if (last[0]) {
                assert_true(strcmp(last, page[i].name) > 0);
            }
            snprintf(last, sizeof(last), "%s", page[i].name);
        }
        seen += count;
        if (insert_from) {
            create(f, insert_from++, id);
        }
    } while (next);
    assert_int_equal(seen, expected);
}

static void list_pages_neither_repeat_nor_skip_while_documents_come(void **state)
{
    struct fixture *f = *state;
    struct document_filter newest = { 0 }, by_name = { .order = "name" },
                           oldest = { .order = "created_at" };
    char id[ID_SIZE];

    for (int i = 100; i < 125; i++) {
        create(f, i, id);
    }
    list_walk(f, &newest, 7, 25, 200); // new ones stand before the first page
    list_walk(f, &newest, 100, 29, 0);
    list_walk(f, &by_name, 4, 29, 0);
    list_walk(f, &oldest, 5, 29, 0);
}

static void list_filters_and_total(void **state)
{
    struct fixture *f = *state;
    struct document *page;
    const char *next;
    size_t count;
    int64_t total;
    bool duplicate;

    for (int i = 0; i < 10; i++) {
        struct document d = make_document(i);
        d.type = i % 2 ? "pdf" : "txt";
        d.partition = i < 3 ? "kitchen" : "default";
        OK(store_document_create(f->store, &d, &duplicate, &f->err));
    }
    struct document_filter pdf = { .type = slice_of("pdf") };
    OK(store_document_list(
        f->store, &pdf, slice_of(""), 2, &f->arena, &page, &count, &next, &total, &f->err));
    assert_int_equal(count, 2);
    assert_int_equal(total, 5);
    assert_non_null(next);
    struct document_filter both = {
        .type = slice_of("pdf"), .partition = slice_of("kitchen"), .status = slice_of("pending")
    };
    OK(store_document_list(
        f->store, &both, slice_of(""), 10, &f->arena, &page, &count, &next, &total, &f->err));
    assert_int_equal(count, 1);
    assert_null(next);
    struct document_filter like = { .name_like = slice_of("0007") };
    OK(store_document_list(
        f->store, &like, slice_of(""), 10, &f->arena, &page, &count, &next, &total, &f->err));
    assert_int_equal(count, 1);
    struct document_filter wild = { .name_like = slice_of("%") };
    OK(store_document_list(
        f->store, &wild, slice_of(""), 10, &f->arena, &page, &count, &next, &total, &f->err));
    assert_int_equal(count, 0);
    struct document_filter bad = { .status = slice_of("eaten") };
    assert_int_equal(store_document_list(f->store, &bad, slice_of(""), 10, &f->arena, &page, &count,
                         &next, &total, &f->err),
        ERR_INVALID);
    static const char *const cursors[] = { "x", "d.", "d.1", "d.1.x", "n.61.1",
        "d.99999999999999999999.1", ".." };
    for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
        assert_int_equal(store_document_list(f->store, NULL, slice_of(cursors[i]), 10, &f->arena,
                             &page, &count, &next, &total, &f->err),
            ERR_INVALID);
    }
}

static void delete_removes_all_that_was_derived(void **state)
{
    struct fixture *f = *state;
    struct element_row *elements;
    struct document d;
    struct store_stats stats;
    char id[ID_SIZE], hash[BLOB_HASH_SIZE], type[64];
    size_t count;

    create(f, 1, id);
    make_ready(f, "The griddle needs zirconium pads.");
    make_hash(77, hash);
    OK(store_media_put(f->store, slice_of(id), "page-1", "image/png", hash, &f->err));
    OK(store_media_find(f->store, slice_of(id), slice_of("page-1"), hash, type, &f->err));
    assert_string_equal(type, "image/png");
    assert_int_equal(count_term(f, "zirconium"), 1);
    OK(store_document_delete(f->store, slice_of(id), &f->err));
    assert_int_equal(count_term(f, "zirconium"), 0);
    assert_int_equal(search_count(f, "zirconium"), 0);
    assert_int_equal(
        store_document_load(f->store, slice_of(id), &f->arena, &d, &f->err), ERR_NOT_FOUND);
    assert_int_equal(
        store_element_list(f->store, slice_of(id), -1, 10, &f->arena, &elements, &count, &f->err),
        ERR_NOT_FOUND);
    assert_int_equal(
        store_media_find(f->store, slice_of(id), slice_of("page-1"), hash, type, &f->err),
        ERR_NOT_FOUND);
    assert_int_equal(store_document_delete(f->store, slice_of(id), &f->err), ERR_NOT_FOUND);
    OK(store_stats(f->store, &stats, &f->err));
    assert_int_equal(stats.documents, 0);
    assert_int_equal(stats.chunks, 0);
    assert_int_equal(stats.elements, 0);
    OK(store_check(f->store, &f->err));
}

static void delete_of_many_chunks_goes_in_steps(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    create(f, 1, id);
    struct job j = lease(f, 60000);
    struct job_result r = { 0 };
    enum { CHUNKS = 1500 };
    struct chunk *chunks = calloc(CHUNKS, sizeof(*chunks));
    for (int i = 0; i < CHUNKS; i++) {
        chunks[i] = (struct chunk){ .index = i, .text = slice_of("temperature of the oil") };
    }
    OK(store_job_chunks(f->store, &j, "t", chunks, CHUNKS, &f->err));
    OK(store_job_chunks(f->store, &j, "t", chunks, 10, &f->err)); // a repeat changes nothing
    free(chunks);
    OK(store_job_finish(f->store, &j, &r, &f->err));
    assert_int_equal(load(f, id).chunk_count, CHUNKS);
    assert_int_equal(count_term(f, "temperature"), CHUNKS);
    OK(store_document_delete(f->store, slice_of(id), &f->err));
    assert_int_equal(count_term(f, "temperature"), 0);
}

static void quarantined_document_waits_for_release(void **state)
{
    struct fixture *f = *state;
    struct document d = make_document(1);
    struct job j = { 0 };
    bool duplicate;

    d.status = DOCUMENT_QUARANTINED;
    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    assert_int_equal(store_job_lease(f->store, "t", 1000, &f->arena, &j, &f->err), ERR_NOT_FOUND);
    OK(store_document_release(f->store, slice_of(d.id), &f->err));
    assert_int_equal(load(f, d.id).status, DOCUMENT_PENDING);
    assert_int_equal(store_document_release(f->store, slice_of(d.id), &f->err), ERR_CONFLICT);
    j = lease(f, 1000);
    assert_string_equal(j.document_id, d.id);
}

static void reread_keeps_the_old_version_searchable_until_the_new_one_is_done(void **state)
{
    struct fixture *f = *state;
    struct element_row *rows;
    char id[ID_SIZE];
    size_t count;
    struct job_result r = { 0 };

    create(f, 1, id);
    assert_int_equal(store_document_reread(f->store, slice_of(id), NULL, &f->err), ERR_CONFLICT);
    make_ready(f, "old walrus text");
    OK(store_document_reread(f->store, slice_of(id), "hi_res", &f->err));
    struct job j = lease(f, 60000);
    write_text(f, &j, 0, "new penguin text");
    assert_int_equal(search_count(f, "walrus"), 1);
    assert_int_equal(search_count(f, "penguin"), 0);
    OK(store_element_list(f->store, slice_of(id), -1, 10, &f->arena, &rows, &count, &f->err));
    assert_int_equal(count, 1);
    assert_true(slice_is(rows[0].element.text, "old walrus text"));
    OK(store_job_finish(f->store, &j, &r, &f->err));
    assert_int_equal(search_count(f, "walrus"), 0);
    assert_int_equal(count_term(f, "walrus"), 0);
    assert_int_equal(search_count(f, "penguin"), 1);
    assert_string_equal(load(f, id).mode, "hi_res");
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
}

static void elements_come_back_as_written_and_page_by_index(void **state)
{
    struct fixture *f = *state;
    struct element_row *rows;
    struct chunk *chunks;
    char id[ID_SIZE];
    size_t count;

    create(f, 1, id);
    struct job j = lease(f, 60000);
    struct element e[3] = {
        { .index = 0,
            .kind = ELEMENT_HEADING,
            .level = 2,
            .text = slice_of("Cleaning"),
            .place = { .kind = PLACE_PAGE,
                .number = 3,
                .has_box = true,
                .box = { 0.1f, 0.2f, 0.5f, 0.9f } } },
        { .index = 1,
            .kind = ELEMENT_TABLE,
            .flags = ELEMENT_HIDDEN,
            .text = slice_of("a | b"),
            .markdown = slice_of("|a|b|"),
            .header = slice_of("A | B"),
            .rows = slice_of("1000+250"),
            .place = { .kind = PLACE_SHEET,
                .name = slice_of("Menu"),
                .rows = { 1, 2 },
                .cols = { 1, 2 } } },
        { .index = 2,
            .kind = ELEMENT_FIGURE,
            .image = slice_of("image1"),
            .place = { .kind = PLACE_NONE } },
    };
    OK(store_job_elements(f->store, &j, e, 3, &f->err));
    write_text(f, &j, 3, "tail");
    struct job_result r = { .media = "{\"pages\":9}",
        .findings = "[1]",
        .verdict = "accepted_with_warnings",
        .page_count = 9 };
    OK(store_job_finish(f->store, &j, &r, &f->err));
    OK(store_element_list(f->store, slice_of(id), 0, 2, &f->arena, &rows, &count, &f->err));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].element.index, 1);
    assert_int_equal(rows[0].element.kind, ELEMENT_TABLE);
    assert_int_equal(rows[0].element.flags, ELEMENT_HIDDEN);
    assert_true(
        slice_is(rows[0].element.markdown, "|a|b|") && slice_is(rows[0].element.header, "A | B"));
    assert_true(slice_is(rows[0].element.rows, "1000+250"));
    assert_true(place_equal(&rows[0].element.place, &e[1].place));
    assert_true(slice_is(rows[1].element.image, "image1"));
    assert_int_equal(rows[1].element.place.kind, PLACE_NONE);
    OK(store_element_list(f->store, slice_of(id), -1, 1, &f->arena, &rows, &count, &f->err));
    assert_int_equal(rows[0].element.level, 2);
    assert_true(rows[0].element.place.has_box);
    OK(store_chunk_list(f->store, slice_of(id), -1, 10, &f->arena, &chunks, &count, &f->err));
    assert_int_equal(count, 1);
    assert_true(chunks[0].id > 0 && chunks[0].place.kind == PLACE_LINES);
    struct document d = load(f, id);
    assert_int_equal(d.element_count, 4);
    assert_int_equal(d.chunk_count, 1);
    assert_string_equal(d.media, "{\"pages\":9}");
    assert_string_equal(d.verdict, "accepted_with_warnings");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(created_document_is_loaded_as_it_was_given),
        T(same_content_in_a_partition_is_a_duplicate),
        T(content_of_a_failed_document_is_no_duplicate),
        T(bad_input_is_refused_without_a_row),
        T(list_pages_neither_repeat_nor_skip_while_documents_come),
        T(list_filters_and_total),
        T(delete_removes_all_that_was_derived),
        T(delete_of_many_chunks_goes_in_steps),
        T(quarantined_document_waits_for_release),
        T(reread_keeps_the_old_version_searchable_until_the_new_one_is_done),
        T(elements_come_back_as_written_and_page_by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
