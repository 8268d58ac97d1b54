// SPDX-License-Identifier: AGPL-3.0-or-later
// Vectors: every way of computing gives the same, scans are exact and filtered, and what is to be embedded survives crashes,
// new versions and a change of the model.
#include "fixture.h"

#include "store/vectors/dot.h"
#include "store/vectors/index.h"

#include <math.h>

enum { DIMENSION = 70, COUNT = 9000 }; // no multiple of the step; more than two blocks

static float *random_vectors(size_t count, unsigned seed)
{
    float *v = calloc(count * DIMENSION, sizeof(float));

    srand(seed);
    for (size_t i = 0; i < count; i++) {
        double length = 0;
        for (size_t k = 0; k < DIMENSION; k++) {
            v[i * DIMENSION + k] = (float)(rand() % 2001 - 1000);
            length += (double)v[i * DIMENSION + k] * v[i * DIMENSION + k];
        }
        for (size_t k = 0; k < DIMENSION; k++) {
            v[i * DIMENSION + k] /= (float)sqrt(length);
        }
    }
    return v;
}

static void fill(struct vector_index *x, const float *v, int64_t partition)
{
    int8_t numbers[128];
    float scale;

    for (size_t i = 0; i < COUNT; i++) {
        dot_quantise_passage(v + i * DIMENSION, DIMENSION, numbers, DIMENSION, &scale);
        vector_index_add(x, partition, (int64_t)(i + 1), (int64_t)(i % 10), scale, numbers);
    }
    vector_index_filled(x, partition);
}

static void special_instructions_give_the_same_to_the_bit(void **state)
{
    (void)state;
    struct vector_index *x = vector_index_new(DIMENSION);
    float *v = random_vectors(COUNT, 1), *q = random_vectors(20, 2);
    struct vector_match fast[50], plain[50];
    size_t seen;
    int16_t wide[4096];
    int8_t narrow[4096];

    for (size_t i = 0; i < 4096; i++) { // the largest sums there can be
        wide[i] = i % 3 ? DOT_QUERY_MOST : -DOT_QUERY_MOST;
        narrow[i] = i % 3 ? 127 : -127;
    }
    assert_int_equal(dot_best()(wide, narrow, 4096), dot_plain(wide, narrow, 4096));
    assert_int_equal(dot_plain(wide, narrow, 4096), 4096 * DOT_QUERY_MOST * 127);
    fill(x, v, 1);
    for (size_t i = 0; i < 20; i++) {
        const float *query = q + i * DIMENSION;
        assert_int_equal(vector_index_scan(x, 1, query, NULL, 0, false, 50, fast, &seen), 50);
        assert_int_equal(seen, COUNT);
        assert_int_equal(vector_index_scan(x, 1, query, NULL, 0, true, 50, plain, &seen), 50);
        assert_memory_equal(fast, plain, sizeof(fast));
    }
    vector_index_free(x);
    free(v);
    free(q);
}

static void the_best_are_found_and_filters_hold(void **state)
{
    (void)state;
    struct vector_index *x = vector_index_new(DIMENSION);
    float *v = random_vectors(COUNT, 3);
    struct vector_match m[10];
    uint64_t allowed = 1 << 7;
    size_t seen;

    fill(x, v, 5);
    for (size_t i = 0; i < COUNT; i += 501) { // each vector is the nearest to itself
        assert_int_equal(
            vector_index_scan(x, 5, v + i * DIMENSION, NULL, 0, false, 10, m, &seen), 10);
        assert_int_equal(m[0].chunk, i + 1);
        assert_true(fabsf(m[0].score - 1) < 0.01f);
    }
    assert_int_equal(vector_index_scan(x, 5, v, &allowed, 8, false, 10, m, &seen), 10);
    assert_int_equal(seen, COUNT / 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal((m[i].chunk - 1) % 10, 7);
    }
    assert_int_equal(vector_index_scan(x, 6, v, NULL, 0, false, 10, m, &seen), 0);
    float scores[3];
    vector_index_score(x, 5, v, (const int64_t[]){ 1, 99999, 2 }, 3, scores);
    assert_true(fabsf(scores[0] - 1) < 0.01f && isnan(scores[1]) && !isnan(scores[2]));
    vector_index_free(x);
    free(v);
}

static void removed_vectors_are_not_found(void **state)
{
    (void)state;
    struct vector_index *x = vector_index_new(DIMENSION);
    float *v = random_vectors(COUNT, 4);
    struct vector_match m[10];
    const int64_t ids[] = { 4, 14, 8994 };
    size_t seen;

    fill(x, v, 1);
    vector_index_remove(x, 1, 3, ids, 3); // three of document 3
    vector_index_remove(x, 1, 5, NULL, 0); // all of document 5
    assert_int_equal(vector_index_count(x, 1), COUNT - 3 - COUNT / 10);
    for (size_t i = 0; i < 3; i++) {
        vector_index_scan(x, 1, v + (ids[i] - 1) * DIMENSION, NULL, 0, false, 10, m, &seen);
        assert_int_not_equal(m[0].chunk, ids[i]);
    }
    vector_index_scan(x, 1, v + 23 * DIMENSION, NULL, 0, false, 10, m, &seen);
    assert_int_equal(m[0].chunk, 24);
    vector_index_free(x);
    free(v);
}

// ---- the store's list

static const struct vector_space space_a = { .model = "a",
    .hash = "1",
    .pooling = "cls",
    .query_prefix = "",
    .passage_prefix = "",
    .dimension = 4 };

static size_t embed_some(struct fixture *f, int limit, float x)
{
    struct unembedded *items = NULL;
    size_t count = 0;
    float vectors[64 * 4];

    OK(store_unembedded_next(f->store, limit, &f->arena, &items, &count, &f->err));
    for (size_t i = 0; i < count; i++) {
        float *v = vectors + 4 * i;
        v[0] = x;
        v[1] = items[i].text.len % 2 ? 1 : 0;
        v[2] = v[3] = 0;
    }
    if (count) {
        OK(store_vectors_put(f->store, items, vectors, count, &f->err));
    }
    return count;
}

static size_t find_near(struct fixture *f, const float query[4], double *ret_share)
{
    struct partition_stats p;
    struct chunk_score *found = NULL;
    struct chunk_filter filter = { .partition = SLICE_LIT("default") };
    size_t count = 0;

    OK(store_partition_stats(f->store, SLICE_LIT("default"), &p, &f->err));
    OK(store_search_vectors(
        f->store, &p, query, &filter, 10, &f->arena, &found, &count, ret_share, &f->err));
    return count;
}

static void read_into(struct fixture *f, int n, char ret_id[ID_SIZE], int chunks)
{
    create(f, n, ret_id);
    struct job j = lease(f, 60000);
    struct job_result r = { .page_count = 1 };
    for (int i = 0; i < chunks; i++) {
        write_text(f, &j, i, i % 2 ? "oil" : "filter");
    }
    OK(store_job_finish(f->store, &j, &r, &f->err));
}

static void a_document_is_indexed_until_its_last_passage_has_a_vector(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], none[ID_SIZE];
    struct space_stats stats;
    double share = 0;

    OK(store_space_use(f->store, &space_a, &f->err));
    OK(store_space_wait(f->store, true, &f->err));
    read_into(f, 1, id, 5);
    read_into(f, 2, none, 0);
    assert_int_equal(load(f, none).status, DOCUMENT_READY); // nothing to embed
    assert_int_equal(load(f, id).status, DOCUMENT_INDEXED);
    assert_int_equal(search_count(f, "oil"), 2); // found by words at once
    assert_int_equal(embed_some(f, 3, 1), 3);
    OK(store_space_stats(f->store, &stats, &f->err));
    assert_int_equal(stats.pending_chunks, 2);
    assert_int_equal(load(f, id).status, DOCUMENT_INDEXED);
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 3);
    assert_true(share > 0.55 && share < 0.65);

    fixture_reopen(f); // a crash: the rest is still known
    OK(store_space_use(f->store, &space_a, &f->err));
    OK(store_space_wait(f->store, true, &f->err));
    assert_int_equal(embed_some(f, 64, 1), 2);
    assert_int_equal(embed_some(f, 64, 1), 0);
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 5);
    OK(store_document_delete(f->store, slice_of(id), &f->err));
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 0);
}

static void another_model_embeds_all_anew_and_spaces_are_never_mixed(void **state)
{
    struct fixture *f = *state;
    struct vector_space other = space_a;
    struct space_stats stats;
    char id[ID_SIZE];
    double share = 0;

    OK(store_space_use(f->store, &space_a, &f->err));
    read_into(f, 1, id, 4);
    assert_int_equal(load(f, id).status, DOCUMENT_READY); // nobody was told to wait
    assert_int_equal(embed_some(f, 64, 1), 4);
    fixture_reopen(f);
    other.hash = "2";
    OK(store_space_use(f->store, &other, &f->err));
    OK(store_space_stats(f->store, &stats, &f->err));
    assert_int_equal(stats.pending_chunks, 4);
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 0); // none of the old ones
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
    assert_int_equal(search_count(f, "oil"), 2);
    assert_int_equal(embed_some(f, 64, 1), 4);
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 4);
    fixture_reopen(f); // the same model: nothing to do
    OK(store_space_use(f->store, &other, &f->err));
    assert_int_equal(embed_some(f, 64, 1), 0);
    assert_int_equal(find_near(f, (float[4]){ 1, 0, 0, 0 }, &share), 4);
}

static void nobody_waits_for_a_model_that_can_not_be_used(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    OK(store_space_use(f->store, &space_a, &f->err));
    OK(store_space_wait(f->store, true, &f->err));
    read_into(f, 1, id, 2);
    assert_int_equal(load(f, id).status, DOCUMENT_INDEXED);
    OK(store_space_wait(f->store, false, &f->err));
    assert_int_equal(load(f, id).status, DOCUMENT_READY);
    assert_int_equal(embed_some(f, 64, 1), 2); // but its passages are not forgotten
}

int main(void)
{
#define WITH_STORE(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_instructions_give_the_same_to_the_bit),
        cmocka_unit_test(the_best_are_found_and_filters_hold),
        cmocka_unit_test(removed_vectors_are_not_found),
        WITH_STORE(a_document_is_indexed_until_its_last_passage_has_a_vector),
        WITH_STORE(another_model_embeds_all_anew_and_spaces_are_never_mixed),
        WITH_STORE(nobody_waits_for_a_model_that_can_not_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
