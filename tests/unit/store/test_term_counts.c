// SPDX-License-Identifier: AGPL-3.0-or-later
// Counts of words: kept by stem, made for frequent words of large partitions before anybody asks, made anew when the
// partition has grown.
#include "fixture.h"
#include "store/sqlite/backend.h"

enum { MANY = 6000, A_CALL = 500 };

// A document of so many chunks of the same text.
static void add_chunks(struct fixture *f, int n, int count, const char *text)
{
    static struct chunk chunks[A_CALL];
    char id[ID_SIZE];
    struct job_result r = { .page_count = 1 };

    create(f, n, id);
    struct job j = lease(f, 60000);
    for (int done = 0; done < count;) {
        int part = count - done < A_CALL ? count - done : A_CALL;
        for (int i = 0; i < part; i++) {
            chunks[i] = (struct chunk){ .index = done + i,
                .text = slice_of(text),
                .place = { .kind = PLACE_LINES, .rows = { 1, 2 } },
                .places = "[]" };
        }
        OK(store_job_chunks(f->store, &j, "Name", chunks, (size_t)part, &f->err));
        done += part;
    }
    OK(store_job_finish(f->store, &j, &r, &f->err));
}

static struct partition_stats stats_of(struct fixture *f)
{
    struct partition_stats p = { 0 };
    OK(store_partition_stats(f->store, slice_of("default"), &p, &f->err));
    return p;
}

// -1: no count is kept.
static int64_t kept(struct fixture *f, const char *stem)
{
    struct partition_stats p = stats_of(f);
    int64_t n = -1;
    return term_cache_find(f->store, &p, slice_of(stem), &n) ? n : -1;
}

static int64_t counted(struct fixture *f, const char *term)
{
    struct partition_stats p = stats_of(f);
    struct slice t = slice_of(term);
    int64_t n = -1;
    OK(store_partition_counts(f->store, &p, &t, 1, &n, &f->err));
    return n;
}

static void warm(struct fixture *f)
{
    atomic_bool stop = false;
    OK(term_warm(f->store, &stop, &f->err));
}

static void frequent_words_are_counted_before_they_are_asked_for(void **state)
{
    struct fixture *f = *state;

    add_chunks(f, 1, MANY, "filtering oil");
    add_chunks(f, 2, 1000, "grill");
    assert_int_equal(kept(f, "filter"), -1);
    warm(f);
    assert_int_equal(kept(f, "filter"), MANY);
    assert_int_equal(kept(f, "oil"), MANY);
    assert_int_equal(kept(f, "grill"), -1); // counted in no time
    assert_int_equal(counted(f, "Filters"), MANY);
    assert_int_equal(counted(f, "grill"), 1000);
}

static void small_partitions_are_left_alone(void **state)
{
    struct fixture *f = *state;

    add_chunks(f, 1, 3000, "oil");
    warm(f);
    assert_int_equal(kept(f, "oil"), -1);
}

static void counts_are_made_anew_when_the_partition_has_grown(void **state)
{
    struct fixture *f = *state;

    add_chunks(f, 1, MANY, "oil");
    warm(f);
    add_chunks(f, 2, 20, "oil"); // a third of a hundredth
    warm(f);
    assert_int_equal(kept(f, "oil"), MANY);
    add_chunks(f, 3, 20, "oil");
    warm(f);
    assert_int_equal(kept(f, "oil"), MANY + 40);
}

static void other_forms_of_a_word_share_its_count(void **state)
{
    struct fixture *f = *state;

    add_chunks(f, 1, 600, "The fryer is cleaned, don't touch");
    assert_int_equal(counted(f, "cleaning"), 600);
    assert_int_equal(kept(f, "clean"), 600);
    assert_int_equal(counted(f, "CLEANS"), 600);
    assert_int_equal(counted(f, "don't"), 600); // two words of the index
    assert_int_equal(kept(f, "\"don't\""), 600);
    assert_int_equal(counted(f, "is cleaned"), 600);
    assert_int_equal(counted(f, "cleaned is"), 0);
}

static void counting_stops_when_told(void **state)
{
    struct fixture *f = *state;
    atomic_bool stop = true;

    add_chunks(f, 1, MANY, "oil");
    OK(term_warm(f->store, &stop, &f->err));
    assert_int_equal(kept(f, "oil"), -1);
    warm(f); // what was stopped is done at the next time
    assert_int_equal(kept(f, "oil"), MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(frequent_words_are_counted_before_they_are_asked_for),
        TEST(small_partitions_are_left_alone),
        TEST(counts_are_made_anew_when_the_partition_has_grown),
        TEST(other_forms_of_a_word_share_its_count),
        TEST(counting_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
