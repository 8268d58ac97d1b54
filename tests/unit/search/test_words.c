// SPDX-License-Identifier: AGPL-3.0-or-later
// The kitchen's words: synonyms, part numbers, temperatures, fractions, typing errors; and how two lists become one order.
#include "search/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct concept typed(struct arena *a, const char *text, const char *next)
{
    struct concept c = { 0 };

    concept_add(a, &c, text, 1, AS_TYPED);
    units_add(a, &c, slice_of(text), slice_of(next));
    return c;
}

static void assert_has(const struct concept *c, const char *text)
{
    for (size_t i = 0; i < c->alternative_count; i++) {
        if (strcmp(c->alternatives[i].text, text) == 0) {
            return;
        }
    }
    fail_msg("%s is not among the alternatives of %s", text, c->alternatives[0].text);
}

static void part_numbers_have_all_their_spellings(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    arena_init(&a, 1 << 20);

    struct concept c = typed(&a, "FX-200", "");
    assert_has(&c, "FX200");
    assert_true(c.code);
    c = typed(&a, "E12", "");
    assert_has(&c, "E 12");
    c = typed(&a, "(E-12).", "");
    assert_has(&c, "E12");
    c = typed(&a, "walk-in", "");
    assert_int_equal(c.alternative_count, 1);
    assert_false(c.code);
}

static void temperatures_are_found_in_the_other_unit(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    arena_init(&a, 1 << 20);

    struct concept c = typed(&a, "350",
        "\xC2\xB0"
        "F");
    assert_has(&c, "350f");
    assert_has(&c, "177 c");
    c = typed(&a, "177C", "");
    assert_has(&c, "177 c");
    assert_has(&c, "351 f");
    assert_has(&c, "350 f"); // as tables have it
    c = typed(&a, "350", "minutes");
    assert_int_equal(c.alternative_count, 1);
    c = typed(&a, "1/2", "");
    assert_has(&c, "\xC2\xBD");
}

static void typing_errors_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int distance;
    } cases[] = { { "fryer", "fryer", 0 }, { "fryar", "fryer", 1 }, { "freyr", "fryer", 1 },
        { "feryr", "fryer", 2 }, { "fyrer", "fryer", 1 }, { "fyer", "fryer", 1 },
        { "fryyer", "fryer", 1 }, { "grill", "fryer", 3 }, { "a", "abcd", 3 } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            typo_distance(slice_of(cases[i].a), slice_of(cases[i].b), 2), cases[i].distance);
        assert_int_equal(
            typo_distance(slice_of(cases[i].b), slice_of(cases[i].a), 2), cases[i].distance);
    }
}

static void synonyms_are_groups_of_expressions(void **state)
{
    (void)state;
    struct synonyms *s = NULL;
    struct error err = { 0 };
    const char *const *group = NULL;
    size_t self = 9;

    assert_int_equal(
        synonyms_open(SLICE_LIT("# kitchen\nfryer = fry vat, Deep Fryers # all\n\n"), &s, &err), 0);
    assert_int_equal(synonyms_find(s, "fryer", &group, &self), 3);
    assert_int_equal(self, 0);
    assert_string_equal(group[1], "fry vat");
    assert_int_equal(synonyms_find(s, "fry vat", &group, &self), 3);
    assert_int_equal(self, 1);
    assert_int_equal(synonyms_find(s, "deep fryer", &group, &self), 3); // by its stem
    assert_int_equal(synonyms_find(s, "vat", &group, &self), 0);
    synonyms_free(s);
    assert_int_equal(synonyms_open(SLICE_LIT("ok = fine\nfryer\n"), &s, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "line 2"));
    assert_int_equal(synonyms_open(slice_of(synonyms_default), &s, &err), 0);
    assert_true(synonyms_count(s) > 100);
    synonyms_free(s);
}

static void both_lists_count_in_the_fused_order(void **state)
{
    (void)state;
    struct fused f[] = { { .words = 10, .meaning = 0.60 }, { .words = 9, .meaning = 0.80 },
        { .words = 0, .meaning = 0.79 }, { .words = 8, .meaning = NAN } };

    fuse(f, 4, 0.5, 0.4);
    assert_true(fabs(f[0].words_share - 1) < 1e-9 && fabs(f[1].meaning_share - 1) < 1e-9);
    assert_true(f[1].score > f[0].score); // nearly the best in words, the best in meaning
    assert_true(f[0].score > f[2].score);
    assert_true(fabs(f[3].score - 0.8) < 1e-9); // no vector: what its words say
    fuse(f, 4, 0.5, 0);
    assert_true(f[0].score > f[1].score && f[1].score > f[3].score && f[2].score == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(part_numbers_have_all_their_spellings),
        cmocka_unit_test(temperatures_are_found_in_the_other_unit),
        cmocka_unit_test(typing_errors_are_counted),
        cmocka_unit_test(synonyms_are_groups_of_expressions),
        cmocka_unit_test(both_lists_count_in_the_fused_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
