// SPDX-License-Identifier: AGPL-3.0-or-later
// From claims to roles and partitions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/oidc_roles.h"
#include "base/buf.h"

#include <stdio.h>

static const char mapping[] =
    "CN=Leads,OU=East = manager: east\n# a comment\n\nwest leads=manager : west north\n"
    "staff = viewer\nnight = viewer: night\nowners =admin";

// "role: partitions" of a claim, or "nobody".
static const char *given(const char *text, char separator, json_t *claim)
{
    static char words[512];
    struct oidc_roles r;
    struct error err = { 0 };
    AUTO_ARENA arena;
    enum role role;
    const struct slice *partitions;
    size_t count;

    arena_init(&arena, 64 * 1024);
    if (oidc_roles_parse(&r, text, separator, &err) < 0) {
        fail_msg("%s", err.text);
    }
    uint64_t bits = oidc_roles_match(&r, claim);
    json_decref(claim);
    snprintf(words, sizeof(words), "nobody");
    if (oidc_roles_apply(&r, bits, &arena, &role, &partitions, &count)) {
        int n = snprintf(words, sizeof(words), "%s:", role_word(role));
        for (size_t i = 0; i < count; i++) {
            n += snprintf(
                words + n, sizeof(words) - (size_t)n, " " SLICE_FMT, SLICE_ARG(partitions[i]));
        }
    }
    oidc_roles_done(&r);
    return words;
}

static void highest_role_counts_and_only_its_partitions(void **state)
{
    (void)state;
    assert_string_equal(given(mapping, '\n', json_pack("[s]", "staff")), "viewer:");
    assert_string_equal(given(mapping, '\n', json_string("staff")), "viewer:");
    assert_string_equal(
        given(mapping, '\n', json_pack("[s]", "CN=Leads,OU=East")), "manager: east");
    assert_string_equal(
        given(mapping, '\n', json_pack("[s,s,s]", "west leads", "staff", "CN=Leads,OU=East")),
        "manager: east west north");
    assert_string_equal(given(mapping, '\n', json_pack("[s,s]", "night", "staff")), "viewer:");
    assert_string_equal(given(mapping, '\n', json_pack("[s]", "night")), "viewer: night");
    assert_string_equal(given(mapping, '\n', json_pack("[s,s]", "night", "owners")), "admin:");
}

static void nobody_gets_in_without_an_entry(void **state)
{
    (void)state;
    assert_string_equal(given(mapping, '\n', json_pack("[s,s]", "Staff", "staff ")), "nobody");
    assert_string_equal(given(mapping, '\n', json_pack("[]")), "nobody");
    assert_string_equal(given(mapping, '\n', NULL), "nobody");
    assert_string_equal(given(mapping, '\n', json_pack("{s:b}", "staff", 1)), "nobody");
    assert_string_equal(given(mapping, '\n', json_pack("[[s]]", "staff")), "nobody");
    assert_string_equal(given(mapping, '\n', json_pack("[s]", "*")), "nobody");
    assert_string_equal(given("", ',', json_string("")), "nobody");
}

static void star_is_everybody(void **state)
{
    (void)state;
    assert_string_equal(given("* = viewer: lobby, leads=manager", ',', NULL), "viewer: lobby");
    assert_string_equal(
        given("* = viewer: lobby, leads=manager", ',', json_string("leads")), "manager:");
}

static void forged_bits_give_nothing(void **state)
{
    struct oidc_roles r;
    struct error err;
    AUTO_ARENA arena;
    enum role role;
    const struct slice *partitions;
    size_t count;
    (void)state;

    arena_init(&arena, 64 * 1024);
    assert_int_equal(oidc_roles_parse(&r, mapping, '\n', &err), 0);
    assert_int_equal(r.count, 5);
    assert_false(oidc_roles_apply(&r, 0, &arena, &role, &partitions, &count));
    assert_false(oidc_roles_apply(&r, 1 | 4, &arena, &role, &partitions, &count)); // two roles
    assert_false(oidc_roles_apply(&r, 4 | 32, &arena, &role, &partitions, &count)); // no such entry
    assert_true(oidc_roles_apply(&r, 4, &arena, &role, &partitions, &count));
    oidc_roles_done(&r);
}

static void wrong_entries_are_named(void **state)
{
    static const char *const bad[] = { "staff", "= viewer", "staff =", "staff = king",
        "staff = viewer:", "staff = viewer: East", "staff = viewer east" };
    struct oidc_roles r;
    struct error err;
    AUTO_BUF many = BUF_INIT(8192);
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (oidc_roles_parse(&r, bad[i], ',', &err) != ERR_INVALID) {
            fail_msg("%s was taken", bad[i]);
        }
        oidc_roles_done(&r);
    }
    for (int i = 0; i <= OIDC_ROLES_MAX; i++) {
        buf_addf(&many, "g%d=viewer,", i);
    }
    assert_int_equal(oidc_roles_parse(&r, many.data, ',', &err), ERR_LIMIT);
    oidc_roles_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(highest_role_counts_and_only_its_partitions),
        cmocka_unit_test(nobody_gets_in_without_an_entry),
        cmocka_unit_test(star_is_everybody),
        cmocka_unit_test(forged_bits_give_nothing),
        cmocka_unit_test(wrong_entries_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
