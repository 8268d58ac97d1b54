// SPDX-License-Identifier: AGPL-3.0-or-later
// What an ID token claims, judged as OpenID Connect Core 1.0, section 3.1.3.7, says (signature and algorithm: jwk.h, jwt.h).
// Pure: the time comes in. Any thread.
#ifndef LARDER_OIDC_TOKEN_H
#define LARDER_OIDC_TOKEN_H

#include "base/error.h"
#include "oidc/jwt.h"

enum {
    TOKEN_SKEW_S = 60, // between both clocks
    TOKEN_AGE_MAX_S = 600, // iat: it was made for this sign-in
    TOKEN_SUBJECT_MAX = 255, // Core, section 2
    TOKEN_AUDIENCES_MAX = 32,
};

struct token_expect {
    const char *issuer, *client_id, *nonce;
    const char *audiences; // further ones that are trusted, spaces between; NULL or ""
    int64_t now_s;
};
// 0, or ERR_AUTH with a sentence that names the claim.
int token_check(const json_t *claims, const struct token_expect *e, struct error *err);

// A claim by its name or, if there is none of that name, by a path with dots (realm_access.roles). NULL: not there.
const json_t *token_claim(const json_t *claims, const char *name);

#endif
