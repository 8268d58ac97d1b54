// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, taken apart strictly; what they claim is token.h's to judge, who
// signed them jwk.h's. Pure; any thread.
//
//     BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)
//
// Refused: other shapes (five parts are an encrypted token), padding, characters outside the alphabet, unused bits that are
// set, JSON that is no object or names a member twice, an algorithm that is not one of the three below ("none" and those with
// a shared secret before all), and a header that marks extensions as critical.
#ifndef LARDER_OIDC_JWT_H
#define LARDER_OIDC_JWT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "wire/json_in.h"

enum {
    JWT_MAX = 32 * 1024, // providers put groups into tokens; larger ones are a fault
    JWT_DEPTH_MAX = 12,
    JWT_SIGNATURE_MAX = 1024, // RSA of 8,192 bits
    JWT_KID_MAX = 256,
};

enum jwt_alg { JWT_RS256, JWT_PS256, JWT_ES256, JWT_ALGS };
const char *jwt_alg_word(enum jwt_alg alg);
int jwt_alg_from_word(struct slice word); // -1: none that we take

// Strict (RFC 4648, section 5, without padding). false: malformed, or longer than size.
bool base64url_decode(struct slice text, uint8_t *ret, size_t size, size_t *ret_len);
void base64url_add(struct buf *out, const void *bytes, size_t len);

struct jwt {
    json_t *header, *claims; // owned
    enum jwt_alg alg;
    struct slice kid; // {NULL, 0}: not named
    struct slice signed_part; // of the text
    uint8_t signature[JWT_SIGNATURE_MAX];
    size_t signature_len;
};
// text must outlive ret. ERR_INVALID, ERR_TOO_LARGE, ERR_UNSUPPORTED (the algorithm).
int jwt_parse(struct slice text, struct jwt *ret, struct error *err);
void jwt_done(struct jwt *t); // fine on a zeroed one
#define AUTO_JWT CLEANUP(jwt_done) struct jwt

#endif
