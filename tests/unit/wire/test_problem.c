// SPDX-License-Identifier: AGPL-3.0-or-later
// problem.h: the document is valid JSON and says what the table of errors says.
#include "wire/problem.h"

#include "base/error.h"
#include "wire/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_problem_says_what_the_table_says(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT(4096);

    problem_format(&b, ERR_REFUSED, 0, "It is \"broken\".\n", "id-1",
        SLICE_LIT("\"reason\":\"corrupt\",\"findings\":[]"));
    AUTO_JSON *o = json_in_parse_object(buf_slice(&b), NULL);
    assert_non_null(o);
    assert_string_equal(
        json_string_value(json_object_get(o, "type")), "urn:larder:problem:refused");
    assert_string_equal(json_string_value(json_object_get(o, "code")), "refused");
    assert_string_equal(json_string_value(json_object_get(o, "detail")), "It is \"broken\".\n");
    assert_string_equal(json_string_value(json_object_get(o, "reason")), "corrupt");
    assert_string_equal(json_string_value(json_object_get(o, "request_id")), "id-1");
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 422);
    assert_true(json_is_array(json_object_get(o, "findings")));
}

static void what_is_not_given_is_left_out(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT(4096);

    problem_format(&b, ERR_UNSUPPORTED, 405, NULL, "", slice_make(NULL, 0));
    AUTO_JSON *o = json_in_parse_object(buf_slice(&b), NULL);
    assert_non_null(o);
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 405);
    assert_null(json_object_get(o, "detail"));
    assert_null(json_object_get(o, "request_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_says_what_the_table_says),
        cmocka_unit_test(what_is_not_given_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
