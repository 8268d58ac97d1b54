// SPDX-License-Identifier: AGPL-3.0-or-later
// The claims of ID tokens, rule by rule (OpenID Connect Core 1.0, 3.1.3.7).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/token.h"

#include <stdlib.h>

enum { NOW = 1700000000 };
static const struct token_expect expect = { .issuer = "https://login.example",
    .client_id = "larder",
    .nonce = "n-1",
    .audiences = "shared other",
    .now_s = NOW };

struct change {
    const char *claim;
    const char *value; // JSON; NULL: taken away
    const char *says; // in the refusal; NULL: taken
};

static json_t *claims_with(const struct change *c)
{
    json_t *all =
        json_pack("{s:s,s:s,s:I,s:I,s:s,s:s}", "iss", "https://login.example", "aud", "larder",
            "iat", (json_int_t)NOW - 5, "exp", (json_int_t)NOW + 300, "nonce", "n-1", "sub", "u-1");

    if (c && c->value) {
        json_object_set_new(all, c->claim, json_loads(c->value, JSON_DECODE_ANY, NULL));
    } else if (c) {
        json_object_del(all, c->claim);
    }
    return all;
}

static void each_claim_is_judged(void **state)
{
    static const struct change changes[] = {
        { "iss", "\"https://login.example/\"", "(iss)" },
        { "iss", "\"https://LOGIN.example\"", "(iss)" },
        { "iss", "[\"https://login.example\"]", "(iss)" },
        { "iss", NULL, "(iss)" },
        { "aud", "\"larder2\"", "(aud)" },
        { "aud", "\"shared\"", "(aud)" },
        { "aud", "[]", "(aud)" },
        { "aud", "[\"larder\"]", NULL },
        { "aud", "[\"larder\",\"stranger\"]", "(aud)" },
        { "aud", "[\"larder\",1]", "(aud)" },
        { "aud", "[\"larder\",\"shared\"]", "(azp)" }, // several: azp must be there
        { "aud", "{\"larder\":1}", "(aud)" },
        { "aud", NULL, "(aud)" },
        { "azp", "\"larder\"", NULL },
        { "azp", "\"shared\"", "(azp)" },
        { "azp", "null", "(azp)" },
        { "exp", "1699999941", NULL }, // within the skew
        { "exp", "1699999940", "(exp)" },
        { "exp", "1700000300.5", NULL },
        { "exp", "-1", "(exp)" },
        { "exp", "1e30", "(exp)" },
        { "exp", "\"1700000300\"", "(exp)" },
        { "exp", NULL, "(exp)" },
        { "iat", "1700000060", NULL },
        { "iat", "1700000061", "(iat)" },
        { "iat", "1699999340", NULL },
        { "iat", "1699999339", "(iat)" },
        { "iat", NULL, "(iat)" },
        { "nbf", "1700000060", NULL },
        { "nbf", "1700000061", "(nbf)" },
        { "nbf", "\"now\"", "(nbf)" },
        { "nonce", "\"n-2\"", "(nonce)" },
        { "nonce", "\"n-1 \"", "(nonce)" },
        { "nonce", "\"\"", "(nonce)" },
        { "nonce", NULL, "(nonce)" },
        { "sub", "\"\"", "(sub)" },
        { "sub", "7", "(sub)" },
        { "sub", NULL, "(sub)" },
        { "more", "{\"a\":1}", NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const struct change *c = &changes[i];
        AUTO_JSON *claims = claims_with(c);
        struct error err = { 0 };
        int rc = token_check(claims, &expect, &err);
        if (c->says ? rc != ERR_AUTH || !strstr(err.text, c->says) : rc != 0) {
            fail_msg("%s = %s: %d %s", c->claim, c->value ? c->value : "nothing", rc, err.text);
        }
    }
}

static void several_trusted_audiences_are_fine_if_it_was_made_for_us(void **state)
{
    AUTO_JSON *claims = claims_with(&(struct change){ .claim = "azp", .value = "\"larder\"" });
    struct error err;
    (void)state;

    json_object_set_new(claims, "aud", json_pack("[s,s,s]", "other", "larder", "shared"));
    assert_int_equal(token_check(claims, &expect, &err), 0);
}

static void subject_has_a_longest_length(void **state)
{
    AUTO_FREE char *text = xalloc(TOKEN_SUBJECT_MAX + 2);
    AUTO_JSON *claims = claims_with(NULL);
    struct error err;
    (void)state;

    memset(text, 'a', TOKEN_SUBJECT_MAX);
    json_object_set_new(claims, "sub", json_string(text));
    assert_int_equal(token_check(claims, &expect, &err), 0);
    text[TOKEN_SUBJECT_MAX] = 'a';
    json_object_set_new(claims, "sub", json_string(text));
    assert_int_equal(token_check(claims, &expect, &err), ERR_AUTH);
}

static void claim_is_found_by_name_first_and_then_by_path(void **state)
{
    AUTO_JSON *claims = json_pack("{s:{s:{s:i}},s:i,s:i}", "a", "b", "c", 1, "a.b.c", 2, "g", 3);
    (void)state;

    assert_int_equal(json_integer_value(token_claim(claims, "a.b.c")), 2);
    json_object_del(claims, "a.b.c");
    assert_int_equal(json_integer_value(token_claim(claims, "a.b.c")), 1);
    assert_int_equal(json_integer_value(token_claim(claims, "g")), 3);
    assert_null(token_claim(claims, "a.x.c"));
    assert_null(token_claim(claims, "a..c"));
    assert_null(token_claim(claims, "g.h"));
    assert_null(token_claim(claims, "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_claim_is_judged),
        cmocka_unit_test(several_trusted_audiences_are_fine_if_it_was_made_for_us),
        cmocka_unit_test(subject_has_a_longest_length),
        cmocka_unit_test(claim_is_found_by_name_first_and_then_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
