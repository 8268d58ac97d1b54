// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements token.h. The numbers in comments are those of the list in Core, section 3.1.3.7.
#include "oidc/token.h"

#include <openssl/crypto.h>
#include <string.h>

static bool claim_is(const json_t *claims, const char *name, const char *wanted)
{
    struct slice value = { NULL, 0 };

    return json_in_string(claims, name, JSON_REQUIRED, 4096, &value, NULL) == 0 &&
           slice_is(value, wanted);
}

static bool audience_trusted(const struct token_expect *e, const json_t *one)
{
    struct slice value = { json_string_value(one), json_string_length(one) };

    return slice_is(value, e->client_id) || (e->audiences && slice_among(value, e->audiences));
}

// 3, 4, 5: we are the audience, nobody unknown is beside us, and azp, if there, is us.
static int check_audience(const json_t *claims, const struct token_expect *e, struct error *err)
{
    const json_t *aud = json_object_get(claims, "aud");
    bool named = false;

    if (json_is_string(aud)) {
        named = slice_is(slice_make(json_string_value(aud), json_string_length(aud)), e->client_id);
    } else if (json_is_array(aud) && json_array_size(aud) <= TOKEN_AUDIENCES_MAX) {
        for (size_t i = 0; i < json_array_size(aud); i++) {
            const json_t *one = json_array_get(aud, i);
            if (!json_is_string(one) || !audience_trusted(e, one)) {
                return error_set(
                    err, ERR_AUTH, "The token is also for others, who are not trusted (aud).");
            }
            named = named || slice_is(slice_make(json_string_value(one), json_string_length(one)),
                                 e->client_id);
        }
    }
    if (!named) {
        return error_set(err, ERR_AUTH, "The token is not for this server (aud).");
    }
    bool several = json_is_array(aud) && json_array_size(aud) > 1;
    const json_t *azp = json_object_get(claims, "azp");
    if ((azp || several) && !claim_is(claims, "azp", e->client_id)) {
        return error_set(err, ERR_AUTH, "The token was made for another program (azp).");
    }
    return 0;
}

// Seconds since 1970; some providers write them with a fraction.
static bool time_of(const json_t *claims, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(claims, name);
    double d = json_number_value(value);

    if (!json_is_number(value) || !(d >= 0) || d > 1e12) {
        return false;
    }
    *ret = (int64_t)d;
    return true;
}

// 9, 10
static int check_times(const json_t *claims, const struct token_expect *e, struct error *err)
{
    int64_t exp = 0, iat = 0, nbf = 0;

    if (!time_of(claims, "exp", &exp) || exp + TOKEN_SKEW_S <= e->now_s) {
        return error_set(err, ERR_AUTH, "The token has expired (exp).");
    }
    if (!time_of(claims, "iat", &iat) || iat - TOKEN_SKEW_S > e->now_s ||
        iat + TOKEN_AGE_MAX_S + TOKEN_SKEW_S < e->now_s) {
        return error_set(err, ERR_AUTH,
            "The token was not made just now (iat); the clocks of both servers may differ.");
    }
    if (json_object_get(claims, "nbf") &&
        (!time_of(claims, "nbf", &nbf) || nbf - TOKEN_SKEW_S > e->now_s)) {
        return error_set(err, ERR_AUTH, "The token is not valid yet (nbf).");
    }
    return 0;
}

static bool nonce_is(const json_t *claims, const char *wanted)
{
    struct slice value = { NULL, 0 };

    return json_in_string(claims, "nonce", JSON_REQUIRED, 512, &value, NULL) == 0 &&
           value.len == strlen(wanted) && CRYPTO_memcmp(value.data, wanted, value.len) == 0;
}

int token_check(const json_t *claims, const struct token_expect *e, struct error *err)
{
    struct slice sub = { NULL, 0 };

    if (!claim_is(claims, "iss", e->issuer)) { // 2
        return error_set(err, ERR_AUTH, "The token is from another provider (iss).");
    }
    int rc = check_audience(claims, e, err);
    rc = rc < 0 ? rc : check_times(claims, e, err);
    if (rc == 0 && !nonce_is(claims, e->nonce)) { // 11
        rc = error_set(err, ERR_AUTH, "The token belongs to another sign-in (nonce).");
    }
    if (rc == 0 &&
        (json_in_string(claims, "sub", JSON_REQUIRED, TOKEN_SUBJECT_MAX, &sub, NULL) < 0 ||
            sub.len == 0)) {
        rc = error_set(err, ERR_AUTH, "The token does not say who it is about (sub).");
    }
    return rc;
}

const json_t *token_claim(const json_t *claims, const char *name)
{
    const json_t *at = json_object_get(claims, name);
    struct slice rest = slice_of(name), part;
    char key[128];

    if (at || !strchr(name, '.')) {
        return at;
    }
    at = claims;
    while (at && slice_cut(&rest, '.', &part)) {
        if (part.len == 0 || part.len >= sizeof(key)) {
            return NULL;
        }
        memcpy(key, part.data, part.len);
        key[part.len] = '\0';
        at = json_object_get(at, key);
    }
    return at;
}
