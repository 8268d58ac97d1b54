// SPDX-License-Identifier: AGPL-3.0-or-later
// Which sentences of a model's answer are supported by the passages that they cite.
#include "assist/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct arena arena;
static struct passage oil = { .number = 1,
    .document_id = "d",
    .document_name = "fryer.pdf",
    .type = "pdf",
    .place = "{\"page\":8}",
    .place_words = "page 8",
    .link = "/" };
static struct passage grill = { .number = 2,
    .document_id = "g",
    .document_name = "grill.pdf",
    .type = "pdf",
    .place = "null",
    .place_words = "",
    .link = "/" };
static struct evidence evidence;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    oil.quote = SLICE_LIT("Let the oil cool to 300 \xc2\xb0"
                          "F before you filter it.");
    grill.quote = SLICE_LIT("Scrape the grill every hour.");
    evidence = (struct evidence){ .arena = &arena, .items = { &oil, &grill }, .count = 2 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static size_t check(const char *text, struct answer *ret)
{
    return answer_check(slice_of(text), &evidence, &arena, ret);
}

static void a_sentence_with_the_words_of_its_passage_is_supported(void **state)
{
    struct answer a;
    (void)state;

    assert_int_equal(check("Cool the oil to 300 \xc2\xb0"
                           "F before filtering. [1] Scrape the grill hourly [2].",
                         &a),
        0);
    assert_int_equal(a.sentence_count, 2);
    assert_true(a.sentences[0].supported && a.sentences[1].supported);
    assert_int_equal(a.sentences[0].citations[0], 1);
    assert_int_equal(a.sentences[1].citations[0], 2);
    assert_false(a.refused);
}

static void numbers_must_stand_in_the_cited_passage(void **state)
{
    struct answer a;
    (void)state;

    assert_int_equal(check("Cool the oil to 350 \xc2\xb0"
                           "F before you filter it. [1]",
                         &a),
        1);
    assert_int_equal(check("Let the oil cool to 300 \xc2\xb0"
                           "F before you filter it. [2]",
                         &a),
        1); // the wrong passage
    assert_true(a.refused);
}

static void a_number_of_no_passage_is_dropped(void **state)
{
    struct answer a;
    (void)state;

    assert_int_equal(check("Let the oil cool before you filter it. [7] [0] [99999999]", &a), 1);
    assert_int_equal(a.sentences[0].citation_count, 0);
    assert_int_equal(check("Let the oil cool before you filter it. [1, 7]", &a), 0);
    assert_int_equal(a.sentences[0].citation_count, 1);
}

static void a_line_that_leads_on_goes_with_the_next(void **state)
{
    struct answer a;
    (void)state;

    assert_int_equal(check("Do this:\n1. Scrape the grill. [2]\n2. Let the oil cool. [1]", &a), 0);
    assert_int_equal(a.sentence_count, 3);
    assert_int_equal(a.sentences[0].citations[0], 2);
    assert_true(a.sentences[1].breaks);
}

static void not_knowing_is_a_refusal_and_needs_no_source(void **state)
{
    struct answer a;
    (void)state;

    assert_int_equal(check("I don't know. Closest is fryer.pdf, page 8.", &a), 0);
    assert_true(a.refused);
    assert_int_equal(check("", &a), 0);
    assert_true(a.refused);
}

static void brackets_that_are_no_numbers_stay(void **state)
{
    struct answer a;
    (void)state;

    check("Scrape [the grill] every hour. [2]", &a);
    assert_int_equal(a.sentences[0].text.len, strlen("Scrape [the grill] every hour."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_sentence_with_the_words_of_its_passage_is_supported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_must_stand_in_the_cited_passage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_of_no_passage_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_leads_on_goes_with_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            not_knowing_is_a_refusal_and_needs_no_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(brackets_that_are_no_numbers_stay, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
