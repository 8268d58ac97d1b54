// SPDX-License-Identifier: AGPL-3.0-or-later
// What kind of answer a question wants, and which texts hold one.
#include "assist/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool given(const char *question, const char *header, const char *text)
{
    struct value_wanted w;

    wanted_read(slice_of(question), &w);
    return wanted_given(&w, slice_of(header), slice_of(text));
}

static void a_count_stands_near_what_is_counted(void **state)
{
    (void)state;
    const char *question = "How many employees work in the restaurant?";
    assert_false(given(question, "", "Our employees work hard in the restaurant."));
    assert_false(given(
        question, "", "Since 1990 we ask in every single restaurant that employees work hard."));
    assert_true(given(question, "", "The restaurant has twelve employees."));
    assert_true(
        given("How many rest breaks do I get?", "", "You get two paid 10-minute rest periods."));
    assert_true(given("How many servings are in a pot?", "Dish | Servings", "Soup | 12"));
    assert_false(given("How many servings are in a pot?", "Dish | Hours", "Soup | 12"));
}

static void a_quantity_has_a_unit_of_the_kind_asked_for(void **state)
{
    (void)state;
    assert_true(given("How long must I scrub?", "", "Scrub for at least twenty seconds."));
    assert_true(given("How long must I scrub?", "", "Scrub for 20 s or 1 minute."));
    assert_false(given("How long must I scrub?", "", "Scrub at 100 °F with a long brush."));
    assert_true(given("At what temperature is it held?", "", "Hold at 135ºF (57ºC)."));
    assert_false(given("At what temperature is it held?", "", "Hold at the right temperature."));
    assert_true(given("At what temperature is it held?", "Food | Temperature", "Soup | 135"));
    assert_true(given("How heavy may a box be?", "", "Boxes weigh up to 50 pounds."));
}

static void a_number_or_a_date_has_digits(void **state)
{
    (void)state;
    assert_false(
        given("What is the phone number of the manager?", "", "Call the manager by phone."));
    assert_true(given("What is the part number of the filter?", "", "Filter: part FX-200."));
    assert_false(given("When was it founded?", "", "Report items found on the premises."));
    assert_true(given("When was it founded?", "", "It opened in March."));
}

static double worth(const char *question, const char *header, const char *text)
{
    struct value_wanted w;

    wanted_read(slice_of(question), &w);
    return wanted_worth(&w, slice_of(header), slice_of(text));
}

static void a_text_that_tells_what_is_asked_for_is_worth_more(void **state)
{
    (void)state;
    assert_true(worth("When do we open?", "", "Monday; 7:00 AM") == 1);
    assert_true(worth("When do we open?", "", "Monday") == 1);
    assert_true(worth("When do we open on Monday?", "", "Monday; Lead Blue") < 1);
    assert_true(worth("When do we open on Monday?", "", "Monday; from 7 a.m.") == 1);
    assert_true(worth("How often is it changed?", "", "Water filter; every 6 months") == 1);
    assert_true(worth("Who opens on Monday?", "", "Monday; Lead Blue") == 1);
    assert_true(worth("Who opens on Monday?", "", "Monday; 7:00 AM; 9:30 PM") < 1);
    assert_true(worth("How heavy is it?", "Property | Value", "Weight: 98 kg") == 1);
    assert_true(worth("How heavy is it?", "Code | Meaning", "F-03: no water") < 1);
    assert_true(worth("How do I clean it?", "", "Wipe it.") == 1);
}

static void a_number_with_another_unit_or_in_a_code_is_none_of_the_kind(void **state)
{
    (void)state;
    assert_false(given("How wide is it?", "Property | Value", "Weight | 98 kg"));
    assert_false(given("What voltage does it need?", "Code | Meaning", "F-03 | No water"));
    assert_false(given("How much does a grill cost?", "", "Harbor Grill, March 2026"));
    assert_true(given("How much does a grill cost?", "", "A grill for $4,000"));
    assert_true(given("How much does a grill cost?", "Thing | Price", "Grill | 4000"));
    assert_true(given("How long is it held?", "Food | Minutes", "Soup | 15"));
}

static void other_questions_want_anything(void **state)
{
    (void)state;
    assert_true(given("How do I clean it?", "", "Wipe it."));
    assert_true(given("When do I clean it?", "", "After each use."));
    assert_true(given("", "", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_stands_near_what_is_counted),
        cmocka_unit_test(a_quantity_has_a_unit_of_the_kind_asked_for),
        cmocka_unit_test(a_number_or_a_date_has_digits),
        cmocka_unit_test(a_text_that_tells_what_is_asked_for_is_worth_more),
        cmocka_unit_test(a_number_with_another_unit_or_in_a_code_is_none_of_the_kind),
        cmocka_unit_test(other_questions_want_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
