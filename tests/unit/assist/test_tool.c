// SPDX-License-Identifier: AGPL-3.0-or-later
// Field tables: the check names field and expectation, defaults are filled in, and the schema says the same.
#include "assist/specialist.h"
#include "assist/tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct tool_field inner[] = {
    { "x", "A number.", .type = TOOL_NUMBER, .min = 0, .max = 1, .required = true }, { NULL }
};
static const struct tool_field fields[] = {
    { "name", "A text.", .required = true, .length = 5 },
    { "kind", "A choice.", .choices = "red green", .fallback = "\"red\"" },
    { "count", "A number.", .type = TOOL_INTEGER, .min = 1, .max = 9, .fallback = "3" },
    { "list", "Texts.", .array = true, .items = 2 },
    { "sub", "An object.", .type = TOOL_OBJECT, .fields = inner },
    { "free", "Any object.", .type = TOOL_OBJECT },
    { "flag", "A switch.", .type = TOOL_BOOL },
    { NULL },
};

static int check(const char *text, struct error *err, json_t **ret)
{
    *ret = json_in_parse(slice_of(text), JSON_IN_DEPTH, err);
    assert_non_null(*ret);
    return tool_fields_check(fields, *ret, "an argument", err);
}

static void wrong_fields_are_named_with_what_is_expected(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "{}", "name is missing; it must be a text of at most 5 bytes" },
        { "{\"name\":\"toolong\"}", "name must be a text of at most 5 bytes, not \"toolong\"" },
        { "{\"name\":\"a\",\"kind\":\"blue\"}", "kind must be one of: red green, not \"blue\"" },
        { "{\"name\":\"a\",\"count\":0}", "count must be a whole number from 1 to 9, not 0" },
        { "{\"name\":\"a\",\"count\":2.5}", "count must be a whole number" },
        { "{\"name\":\"a\",\"list\":\"b\"}", "list must be a list of which each is a text" },
        { "{\"name\":\"a\",\"list\":[\"b\",3]}", "list[1] must be a text" },
        { "{\"name\":\"a\",\"list\":[\"b\",\"c\",\"d\"]}", "list may have at most 2 items" },
        { "{\"name\":\"a\",\"sub\":{}}", "sub.x is missing" },
        { "{\"name\":\"a\",\"sub\":{\"x\":2}}", "sub.x must be a number from 0 to 1, not 2" },
        { "{\"name\":\"a\",\"sub\":{\"x\":1,\"y\":1}}", "sub.y is not an argument (there are: x)" },
        { "{\"name\":\"a\",\"flag\":\"yes\"}", "flag must be true or false, not \"yes\"" },
        { "{\"name\":\"a\",\"more\":1}", "more is not an argument (there are: name, kind" },
        { "[]", "must be an object" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        AUTO_JSON *value = NULL;
        int rc = check(cases[i].text, &err, &value);
        if (rc != ERR_INVALID || !strstr(err.text, cases[i].words)) {
            fail_msg("%s gave %d: %s", cases[i].text, rc, err.text);
        }
    }
}

static void defaults_are_filled_in_and_null_is_not_given(void **state)
{
    struct error err = { 0 };
    AUTO_JSON *value = NULL;
    (void)state;

    assert_int_equal(
        check("{\"name\":\"a\",\"flag\":null,\"free\":{\"any\":[1]}}", &err, &value), 0);
    assert_string_equal(json_string_value(json_object_get(value, "kind")), "red");
    assert_int_equal(json_integer_value(json_object_get(value, "count")), 3);
    assert_null(json_object_get(value, "flag"));
}

static void complaints_have_a_limit(void **state)
{
    struct error err = { 0 };
    AUTO_JSON *value = NULL;
    (void)state;

    assert_int_equal(
        check("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1}", &err, &value),
        ERR_INVALID);
    assert_null(strstr(err.text, "h is not"));
}

static void every_tool_describes_itself(void **state)
{
    (void)state;
    for (const struct tool *const *t = assist_tools; *t; t++) {
        AUTO_BUF b = BUF_INIT(TOOL_RESULT_MAX);
        struct json_out j;
        struct error err = { 0 };
        json_begin(&j, &b);
        tool_results_schema(*t, &j);
        assert_int_equal(json_finish(&j, &err), 0);
        AUTO_JSON *schema = json_in_parse(buf_slice(&b), JSON_IN_DEPTH, &err);
        assert_non_null(schema);
        assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
        assert_true((*t)->title[0] && strlen((*t)->description) > 40 && (*t)->results && (*t)->run);
        assert_ptr_equal(tool_find(assist_tools, slice_of((*t)->name)), *t);
    }
    assert_null(tool_find(assist_tools, SLICE_LIT("search")));
}

static void specialists_files_are_read_and_wrong_ones_refused(void **state)
{
    struct specialists *s = NULL;
    struct error err = { 0 };
    (void)state;

    assert_int_equal(specialists_load("", &s, &err), 0);
    assert_non_null(specialist_find(s, SLICE_LIT("equipment")));
    assert_non_null(specialist_find(s, SLICE_LIT("rules")));
    assert_int_equal(
        specialist_parse(s, "x", SLICE_LIT("tools: nothing\n\nHi"), &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "nothing"));
    assert_int_equal(specialist_parse(s, "x", SLICE_LIT("title: X\n"), &err), ERR_INVALID);
    assert_int_equal(specialist_parse(s, "x", SLICE_LIT("colour: red\n\nHi"), &err), ERR_INVALID);
    assert_int_equal(
        specialist_parse(s, "x", SLICE_LIT("title: X\ntools: search_knowledge\n\nHi"), &err), 0);
    assert_string_equal(specialist_find(s, SLICE_LIT("x"))->prompt, "Hi");
    specialists_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_fields_are_named_with_what_is_expected),
        cmocka_unit_test(defaults_are_filled_in_and_null_is_not_given),
        cmocka_unit_test(complaints_have_a_limit),
        cmocka_unit_test(every_tool_describes_itself),
        cmocka_unit_test(specialists_files_are_read_and_wrong_ones_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
