// SPDX-License-Identifier: AGPL-3.0-or-later
// Base64url, the shape of tokens, keys of a set, and signatures of each algorithm.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/jwk.h"
#include "vectors.h"

#include <stdlib.h>

static struct jwk_set *keys(void)
{
    struct jwk_set *s = NULL;
    struct error err = { 0 };

    if (jwk_set_parse(slice_of(keys_json), &s, &err) < 0) {
        fail_msg("%s", err.text);
    }
    return s;
}

static void base64url_is_that_of_rfc_4648(void **state)
{
    static const struct {
        const char *bytes, *text;
    } known[] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "\xfb\xff\xfe", "-__-" } };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        AUTO_BUF out = BUF_INIT(64);
        uint8_t back[16];
        size_t len = 99;
        base64url_add(&out, known[i].bytes, strlen(known[i].bytes));
        assert_true(slice_is(buf_slice(&out), known[i].text));
        assert_true(base64url_decode(slice_of(known[i].text), back, sizeof(back), &len));
        assert_int_equal(len, strlen(known[i].bytes));
        assert_memory_equal(back, known[i].bytes, len);
    }
}

static void base64url_refuses_what_is_not_canonical(void **state)
{
    static const char *const bad[] = { "A", "Zh", "Zm9=", "Zg==", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n",
        "AAAAA" };
    uint8_t out[16];
    size_t len;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (base64url_decode(slice_of(bad[i]), out, sizeof(out), &len)) {
            fail_msg("%s was taken", bad[i]);
        }
    }
    assert_false(base64url_decode(SLICE_LIT("Zm9v"), out, 2, &len)); // no room
}

static void signatures_of_each_algorithm_hold(void **state)
{
    const char *const tokens[] = { token_rs256, token_ps256, token_es256 };
    struct jwk_set *set = keys();
    (void)state;

    assert_int_equal(jwk_count(set), 2); // the others are passed over
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        AUTO_JWT t = { .kid = { NULL, 0 } };
        struct error err = { 0 };
        assert_int_equal(jwt_parse(slice_of(tokens[i]), &t, &err), 0);
        assert_int_equal(jwk_verify(set, &t, &err), 0);
    }
    jwk_set_free(set);
}

// Every changed byte of what is signed, and of the signature, is noticed (or is no token any more).
static void any_changed_byte_breaks_the_signature(void **state)
{
    const char *const tokens[] = { token_rs256, token_ps256, token_es256 };
    struct jwk_set *set = keys();
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        AUTO_FREE char *copy = xstrdup(tokens[i]);
        for (size_t at = 0; copy[at]; at++) {
            AUTO_JWT t = { .kid = { NULL, 0 } };
            struct error err;
            char was = copy[at];
            copy[at] = was == 'A' ? 'B' : 'A';
            if (jwt_parse(slice_of(copy), &t, &err) == 0 && jwk_verify(set, &t, &err) == 0) {
                fail_msg("%s with byte %zu changed was taken", jwt_alg_word(t.alg), at);
            }
            copy[at] = was;
        }
    }
    jwk_set_free(set);
}

static void any_cut_token_is_refused(void **state)
{
    struct jwk_set *set = keys();
    (void)state;

    for (size_t len = 0; len < strlen(token_es256); len++) {
        AUTO_JWT t = { .kid = { NULL, 0 } };
        struct error err;
        assert_false(jwt_parse(slice_make(token_es256, len), &t, &err) == 0 &&
                     jwk_verify(set, &t, &err) == 0);
    }
    jwk_set_free(set);
}

static char *token_of(const char *header, const char *claims, const char *signature)
{
    AUTO_BUF out = BUF_INIT(1 << 20);

    base64url_add(&out, header, strlen(header));
    buf_add_char(&out, '.');
    base64url_add(&out, claims, strlen(claims));
    buf_addf(&out, ".%s", signature);
    return buf_take(&out);
}

static void headers_that_are_not_trusted_are_refused(void **state)
{
    static const char *const bad[] = { "{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
        "{\"alg\":\"HS256\"}", "{\"alg\":\"RS512\"}", "{\"alg\":\"ES256K\"}", "{}", "{\"alg\":1}",
        "[\"RS256\"]", "\"RS256\"", "{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
        "{\"alg\":\"RS256\",\"crit\":[]}", "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":\"RS256\"} x" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_FREE char *text = token_of(bad[i], "{}", "AAAA");
        AUTO_JWT t = { .kid = { NULL, 0 } };
        struct error err;
        if (jwt_parse(slice_of(text), &t, &err) == 0) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

static void shapes_that_are_no_token_are_refused(void **state)
{
    static const char *const bad[] = { "", ".", "..", "...", "a.b", "a.b.c.d.e",
        "eyJhbGciOiJSUzI1NiJ9.e30.", "eyJhbGciOiJSUzI1NiJ9..AAAA", "eyJhbGciOiJSUzI1NiJ9=.e30.AAAA",
        "eyJhbGciOiJSUzI1NiJ9.e30.A", "eyJhbGciOiJSUzI1NiJ9.W10.AAAA" };
    AUTO_FREE char *large = xalloc(JWT_MAX + 2);
    AUTO_JWT t = { .kid = { NULL, 0 } };
    struct error err;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(jwt_parse(slice_of(bad[i]), &t, &err) < 0);
    }
    memset(large, 'A', JWT_MAX + 1);
    assert_int_equal(jwt_parse(slice_of(large), &t, &err), ERR_TOO_LARGE);
}

static void key_must_be_named_when_several_fit(void **state)
{
    const char *signature = strrchr(token_es256, '.') + 1;
    AUTO_FREE char *text = token_of("{\"alg\":\"ES256\"}", "{}", signature);
    AUTO_JWT t = { .kid = { NULL, 0 } };
    struct error err;
    struct jwk_set *set = keys(), *two = NULL;
    (void)state;

    assert_int_equal(jwt_parse(slice_of(text), &t, &err), 0);
    assert_int_equal(jwk_verify(set, &t, &err), ERR_AUTH); // the only key of this kind was asked
    AUTO_JSON *all = json_in_parse(slice_of(keys_json), JWT_DEPTH_MAX, &err);
    json_t *list = json_object_get(all, "keys"), *second = json_deep_copy(json_array_get(list, 1));
    json_object_set_new(second, "kid", json_string("e2"));
    json_array_append_new(list, second);
    char *both = json_dumps(all, 0);
    assert_int_equal(jwk_set_parse(slice_of(both), &two, &err), 0);
    free(both);
    assert_int_equal(jwk_verify(two, &t, &err), ERR_NOT_FOUND);
    jwk_set_free(set);
    jwk_set_free(two);
}

static void sets_without_a_usable_key_are_refused(void **state)
{
    static const char *const bad[] = { "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}",
        "{\"keys\":[1]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        // not on the curve
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}" };
    struct jwk_set *s = NULL;
    struct error err;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (jwk_set_parse(slice_of(bad[i]), &s, &err) == 0) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_is_that_of_rfc_4648),
        cmocka_unit_test(base64url_refuses_what_is_not_canonical),
        cmocka_unit_test(signatures_of_each_algorithm_hold),
        cmocka_unit_test(any_changed_byte_breaks_the_signature),
        cmocka_unit_test(any_cut_token_is_refused),
        cmocka_unit_test(headers_that_are_not_trusted_are_refused),
        cmocka_unit_test(shapes_that_are_no_token_are_refused),
        cmocka_unit_test(key_must_be_named_when_several_fit),
        cmocka_unit_test(sets_without_a_usable_key_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
