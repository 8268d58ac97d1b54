// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements jwk.h.
#include "oidc/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { RSA_BYTES_MAX = 1024, RSA_BITS_MIN = 2048, EXPONENT_BYTES_MAX = 4, P256_BYTES = 32 };

struct jwk {
    EVP_PKEY *key;
    bool rsa; // else P-256
    int alg; // -1: the set does not say
    char kid[JWT_KID_MAX];
    size_t kid_len;
};
struct jwk_set {
    struct jwk keys[JWK_KEYS_MAX];
    size_t count;
};

// ---- keys

static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static bool bytes_of(
    const json_t *object, const char *field, uint8_t *ret, size_t size, size_t *ret_len)
{
    struct slice text = { NULL, 0 };

    return json_in_string(object, field, JSON_REQUIRED, 2 * RSA_BYTES_MAX, &text, NULL) == 0 &&
           base64url_decode(text, ret, size, ret_len) && *ret_len > 0;
}

static EVP_PKEY *rsa_key(const json_t *object)
{
    uint8_t n[RSA_BYTES_MAX], e[EXPONENT_BYTES_MAX];
    size_t n_len = 0, e_len = 0;
    EVP_PKEY *key = NULL;

    if (!bytes_of(object, "n", n, sizeof(n), &n_len) ||
        !bytes_of(object, "e", e, sizeof(e), &e_len) || !(e[e_len - 1] & 1) ||
        !(n[n_len - 1] & 1) || (e_len == 1 && e[0] < 3)) {
        return NULL;
    }
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL), *exponent = BN_bin2bn(e, (int)e_len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (modulus && exponent && build && BN_num_bits(modulus) >= RSA_BITS_MIN &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        key = make_key("RSA", build);
    }
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

// libcrypto refuses points that do not lie on the curve.
static EVP_PKEY *p256_key(const json_t *object)
{
    uint8_t point[1 + 2 * P256_BYTES] = { 4 }; // uncompressed
    size_t x = 0, y = 0;
    struct slice curve = { NULL, 0 };
    EVP_PKEY *key = NULL;

    if (json_in_string(object, "crv", JSON_REQUIRED, 16, &curve, NULL) < 0 ||
        !slice_is(curve, "P-256") || !bytes_of(object, "x", point + 1, P256_BYTES, &x) ||
        !bytes_of(object, "y", point + 1 + P256_BYTES, P256_BYTES, &y) || x != P256_BYTES ||
        y != P256_BYTES) {
        return NULL;
    }
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
            1) {
        key = make_key("EC", build);
    }
    OSSL_PARAM_BLD_free(build);
    return key;
}

// false: not a key for signatures that we take.
static bool read_key(const json_t *object, struct jwk *ret)
{
    struct slice type = { NULL, 0 }, use = { NULL, 0 }, alg = { NULL, 0 }, kid = { NULL, 0 };

    if (json_in_string(object, "kty", JSON_REQUIRED, 16, &type, NULL) < 0 ||
        json_in_string(object, "use", JSON_OPTIONAL, 64, &use, NULL) < 0 ||
        json_in_string(object, "alg", JSON_OPTIONAL, 64, &alg, NULL) < 0 ||
        json_in_string(object, "kid", JSON_OPTIONAL, JWT_KID_MAX - 1, &kid, NULL) < 0 ||
        (use.len && !slice_is(use, "sig"))) {
        return false;
    }
    *ret = (struct jwk){ .rsa = slice_is(type, "RSA"), .alg = -1, .kid_len = kid.len };
    memcpy(ret->kid, kid.len ? kid.data : "", kid.len);
    if (alg.len) {
        ret->alg = jwt_alg_from_word(alg);
        if (ret->alg < 0 || (ret->alg == JWT_ES256) == ret->rsa) {
            return false;
        }
    }
    ret->key = ret->rsa ? rsa_key(object) : slice_is(type, "EC") ? p256_key(object) : NULL;
    return ret->key != NULL;
}

int jwk_set_parse(struct slice json, struct jwk_set **ret, struct error *err)
{
    const json_t *list = NULL;

    if (json.len > JWK_TEXT_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The provider's list of keys is too long.");
    }
    AUTO_JSON *all = json_in_parse(json, JWT_DEPTH_MAX, err);
    if (!all || !json_is_object(all) ||
        json_in_array(all, "keys", JSON_REQUIRED, JWK_KEYS_MAX, &list, NULL) < 0) {
        return error_set(err, ERR_INVALID, "The provider's list of keys can't be understood.");
    }
    struct jwk_set *s = xalloc(sizeof(*s));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        s->count += json_is_object(one) && read_key(one, &s->keys[s->count]);
    }
    if (s->count == 0) {
        jwk_set_free(s);
        return error_set(err, ERR_INVALID, "The provider has no key that signs in a way we take.");
    }
    *ret = s;
    return 0;
}

void jwk_set_free(struct jwk_set *s)
{
    for (size_t i = 0; s && i < s->count; i++) {
        EVP_PKEY_free(s->keys[i].key);
    }
    free(s);
}

size_t jwk_count(const struct jwk_set *s)
{
    return s->count;
}

// ---- signatures

// JOSE has r and s side by side, libcrypto wants them in DER.
static int ecdsa_der(const struct jwt *t, unsigned char **ret)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(t->signature, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(t->signature + P256_BYTES, P256_BYTES, NULL);
    int len = -1;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL; // sig has them
        len = i2d_ECDSA_SIG(sig, ret);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return len;
}

static bool signature_holds(const struct jwk *k, const struct jwt *t)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey = NULL; // ctx owns it
    unsigned char *der = NULL;
    const unsigned char *sig = t->signature;
    size_t len = t->signature_len;
    bool holds = ctx && EVP_DigestVerifyInit(ctx, &pkey, EVP_sha256(), NULL, k->key) == 1;

    if (holds && t->alg == JWT_PS256) {
        holds = EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    if (holds && t->alg == JWT_ES256) {
        int n = len == 2 * P256_BYTES ? ecdsa_der(t, &der) : -1;
        holds = n > 0;
        sig = der;
        len = n > 0 ? (size_t)n : 0;
    }
    holds = holds && EVP_DigestVerify(ctx, sig, len, (const unsigned char *)t->signed_part.data,
                         t->signed_part.len) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    return holds;
}

static bool fits(const struct jwk *k, const struct jwt *t)
{
    return k->rsa == (t->alg != JWT_ES256) && (k->alg < 0 || k->alg == (int)t->alg);
}

int jwk_verify(const struct jwk_set *s, const struct jwt *t, struct error *err)
{
    const struct jwk *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct jwk *k = &s->keys[i];
        bool named = !t->kid.data || slice_equal(slice_make(k->kid, k->kid_len), t->kid);
        if (named && fits(k, t)) {
            found = k;
            count++;
        }
    }
    if (count != 1) {
        return error_set(err, ERR_NOT_FOUND, "The provider has no key that fits this token.");
    }
    return signature_holds(found, t)
               ? 0
               : error_set(err, ERR_AUTH, "The token's signature is not the provider's.");
}
