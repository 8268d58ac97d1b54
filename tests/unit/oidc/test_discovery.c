// SPDX-License-Identifier: AGPL-3.0-or-later
// Discovery documents, the addresses that may be called, and forms.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/jwt.h"
#include "oidc/provider.h"

#include <stdlib.h>

static const char issuer[] = "https://login.example/realm";

static int parse_with(const char *field, json_t *value, const char *as, struct discovery *ret)
{
    AUTO_JSON *all = json_pack("{s:s,s:s,s:s,s:s,s:[s,s,s]}", "issuer", as,
        "authorization_endpoint", "https://login.example/a", "token_endpoint",
        "https://tokens.example/t", "jwks_uri", "https://login.example/k",
        "id_token_signing_alg_values_supported", "none", "ES256", "RS256");
    struct error err;

    if (field && value) {
        json_object_set_new(all, field, value);
    } else if (field) {
        json_object_del(all, field);
    }
    char *text = json_dumps(all, 0);
    int rc = discovery_parse(slice_of(text), as, ret, &err);
    free(text);
    return rc;
}

static void good_document_is_read(void **state)
{
    struct discovery d;
    (void)state;

    assert_int_equal(parse_with(NULL, NULL, issuer, &d), 0);
    assert_string_equal(d.authorize, "https://login.example/a");
    assert_string_equal(d.token, "https://tokens.example/t"); // the issuer may name other hosts
    assert_int_equal(d.algs, 1U << JWT_RS256 | 1U << JWT_ES256);
    assert_true(d.basic);
    assert_false(d.says_iss);
    assert_int_equal(parse_with("token_endpoint_auth_methods_supported",
                         json_pack("[s]", "client_secret_post"), issuer, &d),
        0);
    assert_false(d.basic);
}

static void wrong_documents_are_refused(void **state)
{
    struct discovery d;
    struct error err;
    (void)state;

    assert_int_equal(
        parse_with("issuer", json_string("https://login.example"), issuer, &d), ERR_CORRUPT);
    static const char *const fields[] = { "authorization_endpoint", "token_endpoint", "jwks_uri" };
    static const char *const urls[] = { "http://login.example/x", "http://127.0.0.1/x", "ftp://h/x",
        "file:///x", "https://user:secret@login.example/x", "javascript:alert(1)", "", "/x",
        "https://login.example/x#part" };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        assert_int_equal(parse_with(fields[i], NULL, issuer, &d), ERR_CORRUPT);
        assert_int_equal(parse_with(fields[i], json_integer(7), issuer, &d), ERR_CORRUPT);
        for (size_t k = 0; k < ARRAY_LEN(urls); k++) {
            if (parse_with(fields[i], json_string(urls[k]), issuer, &d) != ERR_CORRUPT) {
                fail_msg("%s = %s was taken", fields[i], urls[k]);
            }
        }
    }
    assert_int_equal(parse_with("id_token_signing_alg_values_supported",
                         json_pack("[s,s]", "none", "HS256"), issuer, &d),
        ERR_CORRUPT);
    assert_int_equal(discovery_parse(SLICE_LIT("[]"), issuer, &d, &err), ERR_CORRUPT);
    assert_int_equal(discovery_parse(SLICE_LIT("<html>"), issuer, &d, &err), ERR_CORRUPT);
}

static void plain_http_is_for_an_issuer_on_this_machine_only(void **state)
{
    struct discovery d;
    (void)state;

    assert_int_equal(
        parse_with("jwks_uri", json_string("http://127.0.0.1:9/k"), "http://localhost:9", &d), 0);
    assert_int_equal(
        parse_with("jwks_uri", json_string("http://10.0.0.1/k"), "http://localhost:9", &d),
        ERR_CORRUPT);
    assert_true(provider_url_allowed("http://[::1]:8080/x", true));
    assert_true(provider_url_allowed("http://localhost/x", true));
    assert_false(provider_url_allowed("http://localhost/x", false));
    assert_false(provider_url_allowed("http://localhost.evil.example/", true));
    assert_false(provider_url_allowed("http://127.0.0.1.evil.example/", true));
    assert_false(provider_url_allowed("http://127.0.0.1@evil.example/", true));
    assert_true(provider_url_allowed("https://anywhere.example", false));
}

static void forms_are_encoded(void **state)
{
    AUTO_BUF out = BUF_INIT(256);
    (void)state;

    form_add(&out, "a", SLICE_LIT("x y+z/=&\xc3\xa9\0~"));
    form_add(&out, "b", SLICE_LIT("1"));
    assert_true(slice_is(buf_slice(&out), "a=x%20y%2Bz%2F%3D%26%C3%A9%00~&b=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_document_is_read),
        cmocka_unit_test(wrong_documents_are_refused),
        cmocka_unit_test(plain_http_is_for_an_issuer_on_this_machine_only),
        cmocka_unit_test(forms_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
