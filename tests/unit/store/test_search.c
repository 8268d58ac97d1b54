// SPDX-License-Identifier: AGPL-3.0-or-later
// Words into the index and back: stems, accents, part numbers, scripts without spaces, filters.
#include "fixture.h"

#include "store/fts_text.h"

static void add(struct fixture *f, int n, const char *type, const char *partition,
    const char *metadata, const char *text)
{
    struct document d = make_document(n);
    bool duplicate;

    d.type = type;
    d.partition = partition;
    d.metadata = metadata;
    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    make_ready(f, text);
}

static void words_are_found_by_stem_without_accents_and_case(void **state)
{
    struct fixture *f = *state;

    add(f, 1, "txt", "default", NULL, "Clean the Brûlée burners; temperatures were falling.");
    assert_int_equal(search_count(f, "brulee"), 1);
    assert_int_equal(search_count(f, "BURNER"), 1);
    assert_int_equal(search_count(f, "temperature fall"), 1);
    assert_int_equal(search_count(f, "\"brulee burner\""), 1);
    assert_int_equal(search_count(f, "bur*"), 1);
    assert_int_equal(search_count(f, "grill"), 0);
}

static void part_numbers_are_found_in_each_spelling(void **state)
{
    struct fixture *f = *state;
    static const char *const dashed[] = { "\"FX-200\"", "\"FX 200\"", "\"fx200\"", "fx200",
        "\"E-12\"", "\"E12\"", "\"MT-4-200B\"", "\"mt4200b\"" };
    static const char *const joined[] = { "\"QZ300\"", "\"QZ-300\"", "\"qz 300\"", "\"r2d2\"" };

    add(f, 1, "txt", "default", NULL, "Model FX-200 shows error E-12, see MT-4-200B.");
    add(f, 2, "txt", "default", NULL, "Model QZ300 with R2D2 inside");
    for (size_t i = 0; i < ARRAY_LEN(dashed); i++) {
        if (search_count(f, dashed[i]) != 1) {
            fail_msg("%s", dashed[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(joined); i++) {
        if (search_count(f, joined[i]) != 1) {
            fail_msg("%s", joined[i]);
        }
    }
    assert_int_equal(search_count(f, "\"FX-300\""), 0);
    assert_int_equal(search_count(f, "\"model fx 200 shows\""), 1); // phrases go across as written
}

static void scripts_without_spaces_are_found_anywhere(void **state)
{
    struct fixture *f = *state;

    add(f, 1, "txt", "default", NULL, "業務用冷蔵庫の掃除は毎週行うこと。");
    add(f, 2, "txt", "default", NULL, "ทำความสะอาดเตาอบทุกสัปดาห์");
    add(f, 3, "txt", "default", NULL, "Очистка фритюрницы");
    assert_int_equal(search_count(f, "\"冷蔵庫\""), 1);
    assert_int_equal(search_count(f, "冷蔵庫"), 1);
    assert_int_equal(search_count(f, "\"庫蔵冷\""), 0);
    assert_int_equal(search_count(f, "\"掃除\""), 1);
    assert_int_equal(search_count(f, "\"เตาอบ\""), 1);
    assert_int_equal(search_count(f, "фритюрницы"), 1);
    assert_int_equal(count_term(f, "冷蔵庫"), 1);
}

static void folding_fits_its_bound(void **state)
{
    char text[4096];
    (void)state;

    for (size_t i = 0; i + 8 < sizeof(text); i += 8) {
        memcpy(text + i, i % 16 ? "a1.2-b3 " : "冷蔵a1", 8);
    }
    struct slice s = slice_make(text, sizeof(text) - 8);
    AUTO_BUF out = BUF_INIT(fts_fold_bound(s.len));
    fts_fold_document(&out, s);
    assert_true(buf_ok(&out));
    AUTO_BUF none = BUF_INIT(fts_fold_bound(0));
    fts_fold_document(&none, slice_make(NULL, 0));
    assert_int_equal(none.len, 0);
}

static void filters_hold_even_when_the_best_hits_do_not_pass(void **state)
{
    struct fixture *f = *state;
    struct chunk_hit *hits;
    size_t count;
    struct field_weights w = { 1, 1, 1 };
    struct slice types[] = { slice_of("pdf") };
    struct slice values[] = { slice_of("2024") };
    struct chunk_filter pdf = { .types = types, .type_count = 1 };
    struct chunk_filter kitchen = { .partition = slice_of("kitchen") };
    struct chunk_filter year = { .metadata_sql =
                                     "json_extract(d.metadata, '$.year') = CAST(? AS INTEGER)",
        .metadata_values = values,
        .metadata_value_count = 1 };

    for (int i = 0; i < 150; i++) { // short texts score higher
        add(f, i, "txt", "default", NULL, "oil");
    }
    add(f, 200, "pdf", "default", "{\"year\":2024}",
        "a much longer text in which the word oil stands once, at the end");
    add(f, 201, "txt", "kitchen", "{\"year\":2023}",
        "another long text where oil is one word of many, many others");
    OK(store_search_words(
        f->store, slice_of("oil"), &pdf, w, 5, &f->arena, &hits, &count, &f->err));
    assert_int_equal(count, 1);
    assert_string_equal(hits[0].type, "pdf");
    OK(store_hit_places(f->store, &hits[0], &f->arena, &f->err));
    assert_string_equal(hits[0].place, "{\"lines\":[1,2]}");
    assert_string_equal(hits[0].document_name, "Document 0200");
    OK(store_search_words(
        f->store, slice_of("oil"), &kitchen, w, 5, &f->arena, &hits, &count, &f->err));
    assert_int_equal(count, 1);
    assert_string_equal(hits[0].partition, "kitchen");
    OK(store_search_words(
        f->store, slice_of("oil"), &year, w, 5, &f->arena, &hits, &count, &f->err));
    assert_int_equal(count, 1);
    struct slice ids[] = { slice_of(hits[0].document_id) };
    struct chunk_filter by_id = {
        .document_ids = ids, .document_id_count = 1, .types = types, .type_count = 1
    };
    OK(store_search_words(
        f->store, slice_of("oil"), &by_id, w, 5, &f->arena, &hits, &count, &f->err));
    assert_int_equal(count, 1);
    OK(store_search_words(
        f->store, slice_of("oil"), NULL, w, 5, &f->arena, &hits, &count, &f->err));
    assert_int_equal(count, 5);
    for (size_t i = 1; i < count; i++) {
        assert_true(hits[i - 1].score >= hits[i].score);
    }
}

static void a_query_that_cannot_be_read_is_the_callers_fault(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "\"open", "AND", "oil AND", "nocolumn:oil", "(oil", "NEAR(",
        "*" };
    struct chunk_hit *hits;
    size_t count;
    struct field_weights w = { 1, 1, 1 };

    add(f, 1, "txt", "default", NULL, "oil");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int rc = store_search_words(
            f->store, slice_of(bad[i]), NULL, w, 5, &f->arena, &hits, &count, &f->err);
        if (rc != ERR_INVALID) {
            fail_msg("%s gave %d", bad[i], rc);
        }
    }
    assert_int_equal(
        store_search_words(f->store, slice_of(""), NULL, w, 5, &f->arena, &hits, &count, &f->err),
        ERR_INVALID);
    assert_int_equal(search_count(f, "oil"), 1); // and the connection goes on
    struct slice odd[] = { slice_of("\"quoted\" \\ *"), slice_of(""), slice_of("oil") };
    int64_t counts[3], chunks;
    OK(store_term_counts(f->store, odd, 3, counts, &chunks, &f->err));
    assert_int_equal(counts[2], 1);
    assert_int_equal(chunks, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(words_are_found_by_stem_without_accents_and_case),
        T(part_numbers_are_found_in_each_spelling),
        T(scripts_without_spaces_are_found_anywhere),
        T(folding_fits_its_bound),
        T(filters_hold_even_when_the_best_hits_do_not_pass),
        T(a_query_that_cannot_be_read_is_the_callers_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
