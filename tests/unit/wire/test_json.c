// SPDX-License-Identifier: AGPL-3.0-or-later
// json_out.h and json_in.h: what is written reads back the same; what is read is refused in words that name the field.
#include "wire/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void nested_values_are_written_with_their_commas(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT(4096);
    struct json_out j;

    json_begin(&j, &b);
    json_begin_object(&j);
    json_key_int(&j, "n", -5);
    json_key_array(&j, "list");
    json_int(&j, 1);
    json_begin_object(&j);
    json_end(&j);
    json_begin_array(&j);
    json_end(&j);
    json_slice(&j, SLICE_LIT("x"));
    json_bool(&j, true);
    json_none(&j);
    json_raw(&j, SLICE_LIT("{\"a\":1}"));
    json_end(&j);
    json_key_text(&j, "none", NULL);
    json_key_double(&j, "half", 0.5);
    json_end(&j);
    assert_int_equal(json_finish(&j, NULL), 0);
    assert_string_equal(b.data,
        "{\"n\":-5,\"list\":[1,{},[],\"x\",true,null,{\"a\":1}],\"none\":null,\"half\":0.5}");
}

static void strings_are_escaped_and_always_valid(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT(4096);
    struct json_out j;

    json_begin(&j, &b);
    json_slice(&j, SLICE_LIT("\"\\\n\r\t\x01\xe2\x80\xa8\xe2\x80\xa9<\xff\xc3\xa9"));
    assert_int_equal(json_finish(&j, NULL), 0);
    json_t *back = json_in_parse(buf_slice(&b), 4, NULL);
    assert_non_null(back);
    assert_null(strstr(b.data, "\xe2\x80\xa8"));
    assert_string_equal(
        json_string_value(back), "\"\\\n\r\t\x01\xe2\x80\xa8\xe2\x80\xa9<\xef\xbf\xbd\xc3\xa9");
    json_decref(back);
}

static void doubles_read_back_the_same_in_few_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = { { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" }, { 1e300, "1e+300" },
        { -0.25, "-0.25" }, { 12.4, "12.4" }, { 0.1 + 0.2, "0.30000000000000004" }, { NAN, "null" },
        { INFINITY, "null" }, { 3, "3" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF b = BUF_INIT(100);
        struct json_out j;
        json_begin(&j, &b);
        json_double(&j, cases[i].value);
        assert_int_equal(json_finish(&j, NULL), 0);
        assert_string_equal(b.data, cases[i].text);
    }
}

static void a_full_buffer_is_an_error_and_not_a_fault(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT(8);
    struct json_out j;
    struct error err;

    json_begin(&j, &b);
    json_begin_array(&j);
    json_slice(&j, SLICE_LIT("longer than eight"));
    json_end(&j);
    assert_int_equal(json_finish(&j, &err), ERR_TOO_LARGE);
}

static void doubtful_json_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "", "{", "{}x", "{\"a\":1,\"a\":2}", "[1,]",
        "{\"a\":\"\\u0000\"}", "[1e999]", "\"\xff\"", "[NaN]", "{'a':1}", "[01]", "nul" };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        assert_null(json_in_parse(slice_of(cases[i]), 8, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(err.text[0] != '\0');
    }
    struct error err = { 0 };
    assert_null(json_in_parse(SLICE_LIT("[[[[[[[[[1]]]]]]]]]"), 8, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    json_t *eight = json_in_parse(SLICE_LIT("[[[[[[[[\"[[[[\"]]]]]]]]"), 8, &err);
    assert_non_null(eight);
    json_decref(eight);
    assert_null(json_in_parse_object(SLICE_LIT("[1]"), &err));
}

static void getters_name_the_field(void **state)
{
    (void)state;
    AUTO_JSON *o = json_in_parse_object(
        SLICE_LIT("{\"s\":\"text\",\"n\":5,\"d\":1.5,\"b\":true,\"a\":[1,2],\"o\":{},\"z\":null}"),
        NULL);
    struct slice s = SLICE_LIT("default");
    int64_t n = 7;
    double d = 0;
    bool b = false;
    const json_t *v = NULL;
    struct error err = { 0 };

    assert_non_null(o);
    assert_int_equal(json_in_string(o, "z", JSON_OPTIONAL, 10, &s, &err), 0);
    assert_true(slice_is(s, "default"));
    assert_int_equal(json_in_string(o, "s", JSON_REQUIRED, 10, &s, &err), 0);
    assert_true(slice_is(s, "text"));
    assert_int_equal(json_in_int(o, "n", JSON_REQUIRED, 1, 5, &n, &err), 0);
    assert_int_equal(n, 5);
    assert_int_equal(json_in_double(o, "d", JSON_REQUIRED, 0, 2, &d, &err), 0);
    assert_int_equal(json_in_double(o, "n", JSON_REQUIRED, 0, 9, &d, &err), 0);
    assert_int_equal(json_in_bool(o, "b", JSON_REQUIRED, &b, &err), 0);
    assert_true(b);
    assert_int_equal(json_in_array(o, "a", JSON_REQUIRED, 2, &v, &err), 0);
    assert_int_equal(json_in_object(o, "o", JSON_REQUIRED, &v, &err), 0);

    assert_int_equal(json_in_string(o, "missing", JSON_REQUIRED, 10, &s, &err), ERR_INVALID);
    assert_string_equal(err.text, "The field \"missing\" is missing.");
    assert_int_equal(json_in_string(o, "n", JSON_OPTIONAL, 10, &s, &err), ERR_INVALID);
    assert_string_equal(err.text, "The field \"n\" must be a text.");
    assert_int_equal(json_in_string(o, "s", JSON_OPTIONAL, 3, &s, &err), ERR_INVALID);
    assert_int_equal(json_in_int(o, "n", JSON_REQUIRED, 6, 9, &n, &err), ERR_INVALID);
    assert_string_equal(err.text, "The field \"n\" must be from 6 to 9.");
    assert_int_equal(json_in_int(o, "d", JSON_REQUIRED, 0, 9, &n, &err), ERR_INVALID);
    assert_int_equal(json_in_bool(o, "n", JSON_REQUIRED, &b, &err), ERR_INVALID);
    assert_int_equal(json_in_array(o, "a", JSON_REQUIRED, 1, &v, &err), ERR_INVALID);
    assert_int_equal(json_in_object(o, "a", JSON_REQUIRED, &v, &err), ERR_INVALID);

    static const char *const all[] = { "s", "n", "d", "b", "a", "o", "z", NULL }, *const some[] = {
        "s", NULL
    };
    assert_int_equal(json_in_only(o, all, &err), 0);
    assert_int_equal(json_in_only(o, some, &err), ERR_INVALID);
}

static void floats_come_back_exactly_in_few_digits(void **state)
{
    static const float cases[] = { 0, 1, -3, 0.1F, 0.333333343F, 16777215, 16777216, 3.4e38F,
        1e-40F, 12345.678F, -2.5e-7F };
    static const char *const texts[] = { "0", "1", "-3", "0.1" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF out = BUF_INIT(100);
        struct json_out j;
        json_begin(&j, &out);
        json_float(&j, cases[i]);
        assert_int_equal(json_finish(&j, NULL), 0);
        buf_add_char(&out, '\0');
        assert_true(strtof(out.data, NULL) == cases[i]);
        assert_true(out.len <= 16);
        if (i < ARRAY_LEN(texts)) {
            assert_string_equal(out.data, texts[i]);
        }
    }
    AUTO_BUF out = BUF_INIT(100);
    struct json_out j;
    json_begin(&j, &out);
    json_float(&j, NAN);
    json_finish(&j, NULL);
    assert_true(slice_is(buf_slice(&out), "null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_come_back_exactly_in_few_digits),
        cmocka_unit_test(nested_values_are_written_with_their_commas),
        cmocka_unit_test(strings_are_escaped_and_always_valid),
        cmocka_unit_test(doubles_read_back_the_same_in_few_digits),
        cmocka_unit_test(a_full_buffer_is_an_error_and_not_a_fault),
        cmocka_unit_test(doubtful_json_is_refused),
        cmocka_unit_test(getters_name_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
