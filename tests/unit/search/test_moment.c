// SPDX-License-Identifier: AGPL-3.0-or-later
// Which seconds of a stretch of speech belong to the words that were asked for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "search/moment.h"

static const char said[] = "Drain the oil, then wipe the pan and close the drain slowly.";
static const char times[] =
    "100+40 150+10 160+40 250+20 300+30 330+10 350+40 400+10 450+40 500+10 900+50 1000+60";

static const struct {
    const char *query;
    bool found;
    double start, end;
} cases[] = {
    { "oil", true, 1.6, 2.0 },
    { "wipe pan", true, 3.0, 3.9 },
    { "drain close", true, 1.0, 4.9 }, // the first drain is nearer to close
    { "drain", true, 1.0, 1.4 }, // the first of the two, which is shorter
    { "draining oils", true, 1.0, 2.0 }, // stems
    { "slowly oil", true, 1.6, 10.6 },
    { "grill", false, 0, 0 },
};

static void the_seconds_are_those_of_the_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct snippet_terms t = { .count = 0 };
        double s[2] = { 0, 0 };
        snippet_terms_add(&t, slice_of(cases[i].query), false);
        bool found = moment_find(slice_of(said), slice_of(times), &t, s);
        if (found != cases[i].found || s[0] != cases[i].start || s[1] != cases[i].end) {
            fail_msg("'%s': %d [%g, %g]", cases[i].query, found, s[0], s[1]);
        }
    }
}

static void without_times_nothing_is_cut(void **state)
{
    struct snippet_terms t = { .count = 0 };
    double s[2] = { 7, 8 };
    (void)state;
    snippet_terms_add(&t, SLICE_LIT("oil"), false);
    assert_false(moment_find(slice_of(said), SLICE_LIT(""), &t, s));
    assert_false(moment_find(slice_of(said), SLICE_LIT("nonsense"), &t, s));
    assert_true(s[0] == 7 && s[1] == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seconds_are_those_of_the_words),
        cmocka_unit_test(without_times_nothing_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
