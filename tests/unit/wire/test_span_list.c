// SPDX-License-Identifier: AGPL-3.0-or-later
// The rows of a table on its page: one for each line, found again by their number, shown in the element's JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "wire/element.h"
#include "wire/span_list.h"

static void rows_are_found_by_their_line(void **state)
{
    AUTO_BUF rows = BUF_INIT(1000), json = BUF_INIT(4000);
    float top = 0, bottom = 0;
    (void)state;

    row_add(&rows, 0.1, 0.125);
    row_add(&rows, 0.125, 0.2);
    row_add(&rows, -1, 2); // cut to the page
    assert_true(slice_is(buf_slice(&rows), "1000+250 1250+750 0+10000"));
    assert_true(row_at(buf_slice(&rows), 1, &top, &bottom));
    assert_float_equal(top, 0.125, 1e-6);
    assert_float_equal(bottom, 0.2, 1e-6);
    assert_false(row_at(buf_slice(&rows), 3, &top, &bottom));
    struct element e = {
        .kind = ELEMENT_TABLE, .text = SLICE_LIT("a | b\nc | d\ne | f"), .rows = buf_slice(&rows)
    };
    element_add_json(&json, &e);
    buf_add(&json, "", 1);
    assert_non_null(strstr(json.data, "\"data\":{\"rows\":[[0.1,0.125],[0.125,0.2],[0,1]]}"));
}

static void rows_must_be_one_for_each_line(void **state)
{
    static const struct {
        const char *rows, *text;
        bool fit;
    } cases[] = { { "", "a\nb", true }, { "1+2 3+4", "a\nb", true }, { "1+2", "a\nb", false },
        { "1+2 3+4 5+6", "a\nb", false }, { "1+2 ", "a\nb", false }, { "1+2  3+4", "a\nb", false },
        { "1-2 3+4", "a\nb", false }, { "1+2 3", "a\nb", false }, { "1+2", "", true },
        { "8640001+0", "a", false } };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (rows_fit(slice_of(cases[i].rows), slice_of(cases[i].text)) != cases[i].fit) {
            fail_msg("\"%s\" for \"%s\"", cases[i].rows, cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_their_line),
        cmocka_unit_test(rows_must_be_one_for_each_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
