// SPDX-License-Identifier: AGPL-3.0-or-later
// Verbs whose meaning lies in a small word.
#include "assist/action.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum action action_in(const char *text)
{
    struct action_reader r = { 0 };
    enum action found = ACTION_NONE;
    struct word w;
    size_t at = 0;

    while (found == ACTION_NONE && word_next(slice_of(text), &at, &w)) {
        found = action_next(&r, slice_of(text), &w);
    }
    return found;
}

static void turning_off_is_read_in_all_its_ways(void **state)
{
    static const char *const off[] = { "Turn off the fryer", "turn the fryer off", "Shut down.",
        "shutting it down", "Switch all of the lights off", "Daily Shutdown", "power down" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(off); i++) {
        assert_int_equal(action_in(off[i]), ACTION_OFF);
    }
}

static void turning_on_is_read_in_all_its_ways(void **state)
{
    static const char *const on[] = { "Turn on the fryer", "turn the fryer on.", "switch it on",
        "start up the grill", "Daily startup", "powered on" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(on); i++) {
        assert_int_equal(action_in(on[i]), ACTION_ON);
    }
}

static void other_uses_of_the_words_are_no_action(void **state)
{
    static const char *const none[] = { "Turn the knob on the panel", "Turn the page down",
        "Lift the lid off", "Start the pump",
        "turn it and then after a good long while take it off", "" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(action_in(none[i]), ACTION_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turning_off_is_read_in_all_its_ways),
        cmocka_unit_test(turning_on_is_read_in_all_its_ways),
        cmocka_unit_test(other_uses_of_the_words_are_no_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
