// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of words in which typing errors are looked for: what it holds, and that it follows the index.
#include "fixture.h"

static void note(void *ctx, struct slice word)
{
    buf_addf(ctx, "%.*s ", (int)word.len, word.data);
}

static void assert_words(struct fixture *f, const char *wanted)
{
    AUTO_BUF found = BUF_INIT(4096);

    OK(store_words_like(f->store, slice_of("a"), slice_of("{"), 100, note, &found, &f->err));
    buf_add(&found, "", 1);
    assert_string_equal(found.data, wanted);
}

static void add(struct fixture *f, int n, const char *text, char ret_id[ID_SIZE])
{
    create(f, n, ret_id);
    make_ready(f, text);
}

static void the_index_s_stems_without_digits_are_listed_once(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    add(f, 1, "Filtering filters FX-200 on \xC3\xA9tag\xC3\xA8res, \xD0\xA7\xD0\xB0\xD0\xB9 e12",
        id);
    add(f, 2, "Filtered again", id);
    assert_words(f, "again etager filter fx it of on titl ");
}

static void words_of_a_step_that_was_taken_back_are_listed_when_they_come_again(void **state)
{
    static char long_name[200 << 10];
    struct fixture *f = *state;
    char id[ID_SIZE];

    create(f, 1, id);
    struct job j = lease(f, 60000);
    struct chunk c[2] = { { .text = SLICE_LIT("oil oil oil"), .places = "[]" },
        { .index = 1, .text = SLICE_LIT("oil"), .places = "[]" } };
    c[1].place = (struct place){ .kind = PLACE_SHEET, .name = { long_name, sizeof(long_name) } };
    memset(long_name, 'x', sizeof(long_name)); // more than a place may have
    assert_int_not_equal(store_job_chunks(f->store, &j, "Title", c, 2, &f->err), 0);
    assert_words(f, "");
    write_text(f, &j, 0, "oil");
    assert_words(f, "it of oil titl ");
}

static void words_go_with_their_last_passage(void **state)
{
    struct fixture *f = *state;
    char first[ID_SIZE], second[ID_SIZE];

    add(f, 1, "grill and oil", first);
    add(f, 2, "oil", second);
    OK(store_document_delete(f->store, slice_of(first), &f->err));
    OK(store_sweep(f->store, &f->err));
    assert_words(f, "it of oil titl ");
    add(f, 3, "grill", first);
    assert_words(f, "grill it of oil titl ");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(the_index_s_stems_without_digits_are_listed_once),
        T(words_of_a_step_that_was_taken_back_are_listed_when_they_come_again),
        T(words_go_with_their_last_passage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
