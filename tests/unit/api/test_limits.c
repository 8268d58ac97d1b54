// SPDX-License-Identifier: AGPL-3.0-or-later
// Buckets of tokens, quotas of a day, roles' rights, and the text of a key: with a clock that tests move.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/keyring.h"
#include "api/limits.h"
#include "api/rights.h"

#include <stdio.h>
#include <string.h>

static const struct limit_rates rates = {
    .per_second = { [LIMIT_KEY] = 2, [LIMIT_ADDRESS] = 1, [LIMIT_SIGN_IN] = 0.1 },
    .burst = { [LIMIT_KEY] = 3, [LIMIT_ADDRESS] = 1, [LIMIT_SIGN_IN] = 2 },
};
enum { SECOND = 1000000 };

static void bucket_gives_its_burst_then_its_rate(void **state)
{
    struct limits *l = limits_new(&rates, 100, 10);
    struct slice a = SLICE_LIT("a"), b = SLICE_LIT("b");
    int64_t now = 50 * (int64_t)SECOND;
    (void)state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(limits_take(l, LIMIT_KEY, a, now), 0);
    }
    assert_int_equal(limits_ask(l, LIMIT_KEY, a, now), 1);
    assert_int_equal(limits_take(l, LIMIT_KEY, a, now), 1);
    assert_int_equal(limits_take(l, LIMIT_KEY, b, now), 0); // another's
    assert_int_equal(limits_take(l, LIMIT_ADDRESS, a, now), 0); // another kind
    assert_int_equal(limits_take(l, LIMIT_KEY, a, now + SECOND / 2), 0);
    assert_int_equal(limits_take(l, LIMIT_KEY, a, now + SECOND / 2), 1);
    now += 3600 * (int64_t)SECOND;
    for (int i = 0; i < 3; i++) { // never more than the burst
        assert_int_equal(limits_take(l, LIMIT_KEY, a, now), 0);
    }
    assert_int_equal(limits_take(l, LIMIT_KEY, a, now), 1);
    limits_free(l);
}

static void wait_is_as_long_as_the_rate_says(void **state)
{
    struct limits *l = limits_new(&rates, 100, 10);
    struct slice a = SLICE_LIT("a");
    int64_t now = 50 * (int64_t)SECOND;
    (void)state;

    limits_take(l, LIMIT_SIGN_IN, a, now);
    limits_take(l, LIMIT_SIGN_IN, a, now);
    int wait = limits_take(l, LIMIT_SIGN_IN, a, now);
    assert_in_range(wait, 10, 11);
    assert_int_not_equal(limits_take(l, LIMIT_SIGN_IN, a, now + (wait - 2) * (int64_t)SECOND), 0);
    assert_int_equal(limits_take(l, LIMIT_SIGN_IN, a, now + wait * (int64_t)SECOND), 0);
    limits_free(l);
}

static void table_stays_the_same_size_whoever_comes(void **state)
{
    struct limits *l = limits_new(&rates, 100, 10);
    int64_t now = 50 * (int64_t)SECOND;
    (void)state;

    for (int i = 0; i < 200000; i++) {
        char who[32];
        snprintf(who, sizeof(who), "%d", i);
        limits_take(l, LIMIT_ADDRESS, slice_of(who), now + i);
        if (i % 100 == 0) { // one that goes on is not forgotten over the others
            assert_int_equal(
                limits_take(l, LIMIT_ADDRESS, SLICE_LIT("busy"), now + i) == 0, i == 0);
        }
    }
    limits_free(l);
}

static void ipv6_addresses_count_by_their_network(void **state)
{
    char a[64], b[64], c[64], d[64];
    (void)state;

    limits_address("2001:db8:1:2::1", a);
    limits_address("2001:db8:1:2:ffff::9", b);
    limits_address("2001:db8:1:3::1", c);
    limits_address("192.0.2.1", d);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_equal(d, "192.0.2.1");
}

static void quota_is_of_a_day_and_a_caller(void **state)
{
    struct limits *l = limits_new(&rates, 100, 2);
    struct slice a = SLICE_LIT("a"), b = SLICE_LIT("b");
    struct quota usual = { 0 }, large = { 1000, 1000 };
    int64_t noon = ((int64_t)20000 * 86400 + 43200) * 1000;
    (void)state;

    assert_int_equal(limits_quota_ask(l, a, usual, 100, noon), 0);
    assert_int_equal(limits_quota_ask(l, a, usual, 101, noon), 43200);
    limits_quota_take(l, a, 1, 60, noon);
    assert_int_equal(limits_quota_ask(l, a, usual, 41, noon), 43200);
    assert_int_equal(limits_quota_ask(l, a, large, 41, noon), 0);
    assert_int_equal(limits_quota_ask(l, b, usual, 41, noon), 0);
    limits_quota_take(l, a, 1, 1, noon);
    assert_int_equal(limits_quota_ask(l, a, usual, 1, noon), 43200); // two documents
    assert_int_equal(limits_quota_ask(l, a, usual, INT64_MAX, noon), 43200);
    assert_int_equal(limits_quota_ask(l, a, usual, 1, noon + 43200 * 1000), 0);
    limits_free(l);
}

static void roles_grow_and_words_come_back(void **state)
{
    (void)state;
    for (int r = 1; r < ROLES; r++) {
        unsigned less = role_rights((enum role)(r - 1)), more = role_rights((enum role)r);
        assert_true((less & ~more) == 0 && less != more);
        assert_int_equal(role_from_word(slice_of(role_word((enum role)r))), r);
    }
    for (int r = RIGHT_READ; r < RIGHTS; r++) {
        assert_int_equal(right_from_word(slice_of(right_word((enum right)r))), r);
    }
    assert_int_equal(right_from_word(SLICE_LIT("any")), -1);
    assert_string_equal(right_word(RIGHT_UNDECLARED), "admin");
    assert_false(role_rights(ROLE_VIEWER) >> RIGHT_MONITOR & 1);
}

static void key_text_has_its_shape_and_checksum(void **state)
{
    char id[KEY_ID_SIZE], text[KEY_TEXT_SIZE], other[KEY_TEXT_SIZE], back[KEY_ID_SIZE];
    (void)state;

    key_text_make(id, text, false);
    assert_int_equal(strlen(text), KEY_TEXT_LEN);
    assert_true(key_text_parse(slice_of(text), back));
    assert_string_equal(back, id);
    key_text_make(id, other, true);
    assert_memory_equal(text, other, 20); // the same id
    assert_string_not_equal(text, other);
    for (size_t i = 0; i < KEY_TEXT_LEN; i++) { // any one character, any length
        char changed[KEY_TEXT_SIZE];
        memcpy(changed, text, sizeof(changed));
        changed[i] = changed[i] == '1' ? '2' : '1';
        assert_false(key_text_parse(slice_of(changed), back));
        assert_false(key_text_parse(slice_make(text, i), back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_gives_its_burst_then_its_rate),
        cmocka_unit_test(wait_is_as_long_as_the_rate_says),
        cmocka_unit_test(table_stays_the_same_size_whoever_comes),
        cmocka_unit_test(ipv6_addresses_count_by_their_network),
        cmocka_unit_test(quota_is_of_a_day_and_a_caller),
        cmocka_unit_test(roles_grow_and_words_come_back),
        cmocka_unit_test(key_text_has_its_shape_and_checksum),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
