// SPDX-License-Identifier: AGPL-3.0-or-later
// condition.h: ranges and entity tags.
#include "http/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void ranges_are_read_as_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t size;
        enum range_kind kind;
        int64_t first, length;
    } cases[] = {
        { "bytes=0-9", 100, RANGE_PART, 0, 10 },
        { "bytes=0-0", 100, RANGE_PART, 0, 1 },
        { "bytes=90-", 100, RANGE_PART, 90, 10 },
        { "bytes=90-200", 100, RANGE_PART, 90, 10 },
        { "bytes=-10", 100, RANGE_PART, 90, 10 },
        { "bytes=-200", 100, RANGE_PART, 0, 100 },
        { "Bytes= 5 - 6 ", 100, RANGE_PART, 5, 2 },
        { "bytes=100-", 100, RANGE_BAD, 0, 0 },
        { "bytes=-0", 100, RANGE_BAD, 0, 0 },
        { "bytes=0-", 0, RANGE_BAD, 0, 0 },
        { "bytes=-5", 0, RANGE_BAD, 0, 0 },
        { "bytes=9-5", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=0-1,3-4", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=0-,5-5,5-6,5-7,5-8,5-9,5-10,5-11,5-12,5-13,5-14,5-15,5-16,5-17,5-18,5-19", 100,
            RANGE_WHOLE, 0, 0 }, // 16
        { "bytes=0-,5-5,5-6,5-7,5-8,5-9,5-10,5-11,5-12,5-13,5-14,5-15,5-16,5-17,5-18,5-19,5-20",
            100, RANGE_MANY, 0, 0 },
        { "pages=0-1", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=-", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=--5", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=0--5", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=a-b", 100, RANGE_WHOLE, 0, 0 },
        { "bytes=99999999999999999999-", 100, RANGE_WHOLE, 0, 0 },
        { "", 100, RANGE_WHOLE, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t first = 0, length = 0;
        enum range_kind kind =
            range_parse(slice_of(cases[i].value), cases[i].size, &first, &length);
        if (kind != cases[i].kind ||
            (kind == RANGE_PART && (first != cases[i].first || length != cases[i].length))) {
            fail_msg("%s: kind %d first %lld length %lld", cases[i].value, kind, (long long)first,
                (long long)length);
        }
    }
}

static void tags_are_compared_weakly_in_lists_and_strongly_for_ranges(void **state)
{
    (void)state;
    assert_true(etag_listed(slice_of("\"a\""), "\"a\""));
    assert_true(etag_listed(slice_of("W/\"a\""), "\"a\""));
    assert_true(etag_listed(slice_of("\"x\", \"a,b\" ,\"a\""), "W/\"a\""));
    assert_true(etag_listed(slice_of("*"), "\"a\""));
    assert_false(etag_listed(slice_of("\"b\", \"a"), "\"a\""));
    assert_false(etag_listed(slice_of("a"), "\"a\""));
    assert_false(etag_listed(slice_of(""), "\"a\""));
    assert_false(etag_listed(slice_of("W/"), "\"a\""));
    assert_true(etag_same(slice_of(" \"a\" "), "\"a\""));
    assert_false(etag_same(slice_of("W/\"a\""), "W/\"a\""));
    assert_false(etag_same(slice_of("Sun, 22 Nov 2026 12:00:00 GMT"), "\"a\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_standard_says),
        cmocka_unit_test(tags_are_compared_weakly_in_lists_and_strongly_for_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
