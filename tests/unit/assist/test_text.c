// SPDX-License-Identifier: AGPL-3.0-or-later
// Sentences, quantities, codes and warnings.
#include "assist/extract.h"
#include "assist/quantity.h"
#include "assist/sentences.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect_sentences(const char *text, const char *const *wanted)
{
    struct slice sentence;
    size_t at = 0, n = 0;

    while (sentence_next(slice_of(text), &at, &sentence)) {
        assert_non_null(wanted[n]);
        char *got = xstrndup(sentence.data, sentence.len);
        assert_string_equal(got, wanted[n]);
        free_ptr(&got);
        n++;
    }
    assert_null(wanted[n]);
}

static void sentences_end_where_a_person_ends_them(void **state)
{
    (void)state;
    expect_sentences("Drain it. Then wait 3.5 min. ok?",
        (const char *const[]){ "Drain it.", "Then wait 3.5 min. ok?", NULL });
    expect_sentences("3. Press PUMP. Open the valve.",
        (const char *const[]){ "3. Press PUMP.", "Open the valve.", NULL });
    expect_sentences("Use e.g. Class K. No. 4 fits.",
        (const char *const[]){ "Use e.g. Class K. No. 4 fits.", NULL });
    expect_sentences("One line\nAnother (Stop!) here",
        (const char *const[]){ "One line", "Another (Stop!) here", NULL });
    expect_sentences("  \n\n ", (const char *const[]){ NULL });
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
    char text[4 * SENTENCE_MAX];
    struct slice sentence;
    size_t at = 0, total = 0;
    (void)state;

    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    while (sentence_next(slice_make(text, sizeof(text)), &at, &sentence)) {
        assert_true(sentence.len <= SENTENCE_MAX && sentence.len % 2 == 0);
        total += sentence.len;
    }
    assert_int_equal(total, sizeof(text));
}

static void quantities_of_different_units_are_compared(void **state)
{
    struct quantity a[QUANTITIES_MAX], b[QUANTITIES_MAX];
    (void)state;

    assert_int_equal(quantities(SLICE_LIT("Hold 350 \xc2\xb0"
                                          "F for 2 minutes."),
                         a),
        2);
    assert_int_equal(quantities(SLICE_LIT("At 177\xc2\xb0"
                                          "C, 120 seconds"),
                         b),
        2);
    assert_true(quantity_same(&a[0], &b[0]));
    assert_true(quantity_same(&a[1], &b[1]));
    assert_int_equal(quantities(SLICE_LIT("375 degrees F"), b), 1);
    assert_false(quantity_same(&a[0], &b[0]));
    assert_int_equal(quantities(SLICE_LIT("Section 6.2, page 8, FX-200, E-12, 3 of 4."), a), 0);
    assert_int_equal(quantities(SLICE_LIT("24 % or 200 ppm, 1,500 g"), a), 3);
    assert_int_equal(a[0].kind, QUANTITY_SHARE);
    assert_true(a[2].value == 1500);
}

static void codes_are_one_word_however_they_are_written(void **state)
{
    static const char *const texts[] = { "E-12", "E12", "e12", "E 12" };
    struct word w;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t at = 0;
        assert_true(question_word_next(slice_of(texts[i]), &at, &w));
        assert_string_equal(w.folded, "e12");
        assert_false(question_word_next(slice_of(texts[i]), &at, &w));
    }
    size_t at = 0; // "wait 12" is two words
    assert_true(question_word_next(SLICE_LIT("a 12"), &at, &w));
    assert_string_equal(w.folded, "a");
}

static void warnings_are_known_by_their_words(void **state)
{
    (void)state;
    assert_true(text_warns(SLICE_LIT("WARNING: hot oil")));
    assert_true(text_warns(SLICE_LIT("Disconnect the power first.")));
    assert_false(text_warns(SLICE_LIT("Close the drain valve.")));
    assert_false(text_warns(SLICE_LIT("")));
}

static void prices_volts_and_pressures_are_quantities(void **state)
{
    struct quantity q[QUANTITIES_MAX];
    (void)state;

    assert_int_equal(quantities(SLICE_LIT("208 V, 9.5 kW, 15 psi, $38.50, \xe2\x82\xac 12"), q), 5);
    assert_int_equal(q[0].kind, QUANTITY_VOLTAGE);
    assert_int_equal(q[1].kind, QUANTITY_POWER);
    assert_true(q[1].value > 9499 && q[1].value < 9501);
    assert_int_equal(q[2].kind, QUANTITY_PRESSURE);
    assert_int_equal(q[3].kind, QUANTITY_MONEY);
    assert_int_equal(q[4].kind, QUANTITY_MONEY);
    assert_int_equal(quantities(SLICE_LIT("5 v 3 w"), q), 0); // capitals matter there
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_end_where_a_person_ends_them),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(quantities_of_different_units_are_compared),
        cmocka_unit_test(codes_are_one_word_however_they_are_written),
        cmocka_unit_test(warnings_are_known_by_their_words),
        cmocka_unit_test(prices_volts_and_pressures_are_quantities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
