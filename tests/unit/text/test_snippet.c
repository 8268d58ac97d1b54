// SPDX-License-Identifier: AGPL-3.0-or-later
#include "text/snippet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static char *snippet_of(const char *text, const char *words, size_t max)
{
    struct snippet_terms terms = { 0 };
    struct buf b = BUF_INIT(65536);

    snippet_terms_add(&terms, slice_of(words), false);
    snippet_add(&b, slice_of(text), &terms, max);
    return buf_take(&b);
}

static void matches_are_marked_by_stem(void **state)
{
    AUTO_FREE char *s = snippet_of("Filtering keeps oil clean. Filter it.", "filters oil", 200);

    (void)state;
    assert_string_equal(
        s, "<mark>Filtering</mark> keeps <mark>oil</mark> clean. <mark>Filter</mark> it.");
}

static void everything_else_is_escaped(void **state)
{
    AUTO_FREE char *s = snippet_of("<b>oil</b> & \"fat\" 'x'\nnext", "oil", 200);

    (void)state;
    assert_string_equal(
        s, "&lt;b&gt;<mark>oil</mark>&lt;/b&gt; &amp; &quot;fat&quot; &#39;x&#39; next");
}

static void the_stretch_with_most_words_is_taken(void **state)
{
    char text[3000];

    (void)state;
    memset(text, 0, sizeof(text));
    strcpy(text, "oil at the start. ");
    while (strlen(text) < 1500) {
        strcat(text, "nothing of note here, ");
    }
    strcat(text, "then change the oil of the fryer weekly. ");
    while (strlen(text) < 2800) {
        strcat(text, "nothing of note here, ");
    }
    AUTO_FREE char *s = snippet_of(text, "fryer oil change", 160);
    assert_non_null(
        strstr(s, "<mark>change</mark> the <mark>oil</mark> of the <mark>fryer</mark> weekly"));
    assert_true(strncmp(s, "… ", strlen("… ")) == 0);
    assert_true(strlen(s) < 400);
}

static void without_a_match_the_beginning_is_shown(void **state)
{
    AUTO_FREE char *s =
        snippet_of("One two three four five six seven eight nine ten eleven twelve", "zebra", 40);

    (void)state;
    assert_string_equal(s, "One two three four five six seven eight …");
}

static void cuts_never_break_a_character(void **state)
{
    (void)state;
    for (size_t max = 41; max < 60; max++) {
        AUTO_FREE char *s = snippet_of(
            "油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油油", "油", max);
        size_t n = strlen(s);
        for (size_t i = 0; i < n;) {
            size_t len = 0;
            unsigned char c = (unsigned char)s[i];
            len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
            assert_true(c < 0x80 || c >= 0xC0);
            assert_true(i + len <= n);
            i += len;
        }
    }
}

static void prefixes_match_beginnings(void **state)
{
    struct snippet_terms terms = { 0 };
    AUTO_BUF b = BUF_INIT(1000);

    (void)state;
    snippet_terms_add(&terms, SLICE_LIT("Bask"), true);
    snippet_add(&b, SLICE_LIT("basket and bask and base"), &terms, 100);
    assert_string_equal(b.data, "<mark>basket</mark> and <mark>bask</mark> and base");
    assert_int_equal(snippet_count_terms(SLICE_LIT("no such thing"), &terms), 0);
}

static void words_of_a_phrase_are_marked_only_together(void **state)
{
    struct snippet_terms terms = { 0 };
    AUTO_BUF b = BUF_INIT(1000);

    (void)state;
    snippet_terms_add_phrase(&terms, SLICE_LIT("E-21"));
    snippet_terms_add(&terms, SLICE_LIT("pumps"), false);
    snippet_terms_add_phrase(&terms, SLICE_LIT("drain the vats"));
    snippet_add(&b,
        SLICE_LIT("E-12 or E 21: pump 21, E, drain the vat; draining it. The vat. e-21"), &terms,
        100);
    assert_string_equal(b.data,
        "E-12 or <mark>E 21</mark>: <mark>pump</mark> 21, E, "
        "<mark>drain the vat</mark>; draining it. The vat. <mark>e-21</mark>");
    assert_int_equal(snippet_count_terms(SLICE_LIT("E-12, vat 21, the drain"), &terms), 0);
    assert_int_equal(snippet_count_terms(SLICE_LIT("E-21, E-21, drain the vat"), &terms), 2);
    assert_int_equal(snippet_count_terms(SLICE_LIT("drain the"), &terms), 0);
}

static void terms_past_the_limit_are_left_out(void **state)
{
    struct snippet_terms terms = { 0 };

    (void)state;
    for (int i = 0; i < SNIPPET_TERMS_MAX + 10; i++) {
        snippet_terms_add(&terms, SLICE_LIT("oil"), false);
    }
    assert_int_equal(terms.count, SNIPPET_TERMS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_marked_by_stem),
        cmocka_unit_test(everything_else_is_escaped),
        cmocka_unit_test(the_stretch_with_most_words_is_taken),
        cmocka_unit_test(without_a_match_the_beginning_is_shown),
        cmocka_unit_test(cuts_never_break_a_character),
        cmocka_unit_test(prefixes_match_beginnings),
        cmocka_unit_test(words_of_a_phrase_are_marked_only_together),
        cmocka_unit_test(terms_past_the_limit_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
