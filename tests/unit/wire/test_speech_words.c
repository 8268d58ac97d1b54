// SPDX-License-Identifier: AGPL-3.0-or-later
// Words with seconds: as the text form of an element, and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "wire/element.h"
#include "wire/speech_words.h"

static void an_element_carries_its_words_and_gives_them_as_json(void **state)
{
    static const struct speech_word words[] = { { 1.5f, 1.75f, "Clean" }, { 1.8f, 1.8f, "the" },
        { 2.0f, 2.6f, "fryer." } };
    AUTO_BUF text = BUF_INIT(1000), times = BUF_INIT(1000), json = BUF_INIT(4000);
    struct element e;
    (void)state;
    assert_true(speech_element(words, 3, &text, &times, &e));
    assert_true(slice_is(e.text, "Clean the fryer."));
    assert_true(slice_is(e.times, "150+25 180+0 200+60"));
    assert_true(speech_times_fit(e.times, e.text));
    element_add_json(&json, &e);
    assert_non_null(strstr(json.data, "\"data\":{\"words\":[{\"word\":\"Clean\",\"start\":1.5,"
                                      "\"end\":1.75},{\"word\":\"the\",\"start\":1.8,\"end\":1.8},"
                                      "{\"word\":\"fryer.\",\"start\":2,\"end\":2.6}]}"));
    assert_non_null(strstr(json.data, "\"time\":[1.5,2.6]"));
}

static void times_must_be_one_for_each_word(void **state)
{
    static const struct {
        const char *times, *text;
        bool fit;
    } cases[] = { { "", "any words", true }, { "1+1", "one", true }, { "1+1 2+2", "one two", true },
        { "1+1", "one two", false }, { "1+1 2+2", "one", false }, { "1+1 ", "one", false },
        { " 1+1", "one", false }, { "1+1  2+2", "one two", false }, { "1", "one", false },
        { "1+", "one", false }, { "+1", "one", false }, { "-1+1", "one", false },
        { "1.5+1", "one", false }, { "99999999+1", "one", false }, { "8640000+1", "one", true },
        { "1+1x", "one", false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (speech_times_fit(slice_of(cases[i].times), slice_of(cases[i].text)) != cases[i].fit) {
            fail_msg("\"%s\" for \"%s\"", cases[i].times, cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_carries_its_words_and_gives_them_as_json),
        cmocka_unit_test(times_must_be_one_for_each_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
