// SPDX-License-Identifier: AGPL-3.0-or-later
// An OpenID provider as its relying party sees it: discovery, the address that a browser is sent to, and the exchange of the
// code that it brings back for a checked ID token (authorization code flow with PKCE, S256; Core 1.0, Discovery 1.0, RFC 7636,
// RFC 9207).
//
// Calls go to the configured issuer and to the addresses that its discovery document names, over https; plain http only where
// the issuer itself is on this machine. Answers and times are bounded, redirects are not followed. The discovery document and
// the keys are kept for an hour; an unknown key or a wrong signature has the keys fetched anew, once for a sign-in. After a
// failure nobody is asked for two seconds. Any thread; blocks for CALL_MS at most with each call.
#ifndef LARDER_OIDC_PROVIDER_H
#define LARDER_OIDC_PROVIDER_H

#include "base/buf.h"
#include "base/error.h"
#include "wire/json_in.h"

#include <stdatomic.h>

enum {
    PROVIDER_CALL_MS = 8000,
    PROVIDER_DOCUMENT_MAX = 256 * 1024, // discovery, keys, token answers
    PROVIDER_KEEP_MS = 3600 * 1000,
    PROVIDER_PAUSE_MS = 2000, // after a failure
    PROVIDER_CODE_MAX = 4096,
    PROVIDER_URL_MAX = 2048,
};

struct provider_options { // copied
    const char *issuer, *client_id;
    const char *client_secret; // "": a public client
    const char *scopes; // asked for beside openid, spaces between
    const char *audiences; // that are trusted beside client_id
    const atomic_bool *stopping; // calls end; may be NULL
};

struct provider;
// Calls nobody. ERR_INVALID: the issuer's address, or no client_id.
int provider_new(const struct provider_options *o, struct provider **ret, struct error *err);
void provider_free(struct provider *p); // wipes the secret; NULL is fine

struct sign_in_secrets { // of one sign-in
    const char *state, *nonce, *verifier;
    const char *redirect_uri;
};
// Appends the address of the provider's sign-in page. ERR_IO, ERR_TIMEOUT (it does not answer), ERR_CORRUPT (nonsense).
int provider_page(
    struct provider *p, const struct sign_in_secrets *s, struct buf *out, struct error *err);
// iss: what the redirect said, {NULL, 0} if nothing. ret_claims: the caller frees. Beside the above ERR_AUTH: the code or the
// token was not taken.
int provider_redeem(struct provider *p, const struct sign_in_secrets *s, struct slice code,
    struct slice iss, json_t **ret_claims, struct error *err);

// ---- pure parts
struct discovery {
    char authorize[PROVIDER_URL_MAX], token[PROVIDER_URL_MAX], keys[PROVIDER_URL_MAX];
    unsigned algs; // bits of enum jwt_alg
    bool basic; // client_secret_basic; else client_secret_post
    bool says_iss; // authorization_response_iss_parameter_supported
};
// ERR_CORRUPT with a sentence.
int discovery_parse(
    struct slice json, const char *issuer, struct discovery *ret, struct error *err);
// https, or http on this machine if `plain` allows it.
bool provider_url_allowed(const char *url, bool plain);
void form_add(
    struct buf *out, const char *name, struct slice value); // application/x-www-form-urlencoded

#endif
