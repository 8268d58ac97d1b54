// SPDX-License-Identifier: AGPL-3.0-or-later
// A provider's public keys (JSON Web Key Set, RFC 7517) and signatures made with them (RFC 7518: RS256, PS256, ES256), by
// OpenSSL's libcrypto. A set is immutable after parsing; any thread.
//
// Kept of a set are keys for signatures that we take: RSA of 2,048 to 8,192 bits with a small odd exponent, and points of the
// curve P-256. Others (encryption, other curves, shared secrets, which no provider may publish) are passed over.
#ifndef LARDER_OIDC_JWK_H
#define LARDER_OIDC_JWK_H

#include "oidc/jwt.h"

enum { JWK_KEYS_MAX = 64, JWK_TEXT_MAX = 256 * 1024 };

struct jwk_set;
// ERR_INVALID (malformed, more than JWK_KEYS_MAX, or no key that could be used), ERR_TOO_LARGE.
int jwk_set_parse(struct slice json, struct jwk_set **ret, struct error *err);
void jwk_set_free(struct jwk_set *s); // NULL is fine
size_t jwk_count(const struct jwk_set *s);

// Is the token signed by the key that it names, or, if it names none, by the only one that fits its algorithm? ERR_NOT_FOUND:
// no key (or several and none named); ERR_AUTH: the signature is wrong.
int jwk_verify(const struct jwk_set *s, const struct jwt *t, struct error *err);

#endif
