// SPDX-License-Identifier: AGPL-3.0-or-later
// What a provider of sign-ins can send: ID tokens, lists of keys, discovery documents. Text that begins with { is taken for the
// latter two, text that begins with byte 1 for a mapping of roles, any other for a token.
#include "api/oidc_roles.h"
#include "oidc/jwk.h"
#include "oidc/provider.h"
#include "oidc/token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct token_expect expect = { .issuer = "https://login.example",
    .client_id = "larder",
    .nonce = "n-1",
    .audiences = "other",
    .now_s = 1700000100 };

static void documents(struct slice text)
{
    struct jwk_set *keys = NULL;
    struct error err;
    struct discovery *d = xalloc(sizeof(*d));

    if (jwk_set_parse(text, &keys, &err) == 0) {
        BUG_ON(jwk_count(keys) == 0 || jwk_count(keys) > JWK_KEYS_MAX);
        jwk_set_free(keys);
    }
    if (discovery_parse(text, expect.issuer, d, &err) == 0) {
        BUG_ON(!provider_url_allowed(d->authorize, false) ||
               !provider_url_allowed(d->token, false) || !provider_url_allowed(d->keys, false) ||
               d->algs == 0);
    }
    free(d);
}

static void roles(struct slice text)
{
    struct oidc_roles r;
    struct error err;
    AUTO_FREE char *copy = xasprintf(SLICE_FMT, SLICE_ARG(text));
    AUTO_ARENA arena;
    enum role role;
    const struct slice *partitions;
    size_t count;

    arena_init(&arena, 64 * 1024);
    if (oidc_roles_parse(&r, copy, ',', &err) == 0) {
        AUTO_JSON *claim = json_pack("[s,s]", "a", "b");
        uint64_t bits = oidc_roles_match(&r, claim);
        if (oidc_roles_apply(&r, bits, &arena, &role, &partitions, &count)) {
            BUG_ON(bits == 0 || role >= ROLES);
        }
    }
    oidc_roles_done(&r);
}

static void token(struct slice text)
{
    AUTO_JWT t = { .kid = { NULL, 0 } };
    struct error err;

    if (jwt_parse(text, &t, &err) == 0) {
        AUTO_BUF again = BUF_INIT(2 * JWT_SIGNATURE_MAX);
        base64url_add(&again, t.signature, t.signature_len);
        BUG_ON(!slice_equal(buf_slice(&again),
            slice_from(text, t.signed_part.len + 1))); // one text for one signature
        BUG_ON(!json_is_object(t.claims) || t.alg >= JWT_ALGS);
        token_check(t.claims, &expect, &err);
        token_claim(t.claims, "realm_access.roles");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);

    if (size > 64 * 1024) {
        return 0;
    }
    if (size && data[0] == '{') {
        documents(text);
    } else if (size && data[0] == 1) {
        roles(slice_from(text, 1));
    } else {
        token(text);
    }
    return 0;
}
