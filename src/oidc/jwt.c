// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements jwt.h.
#include "oidc/jwt.h"

#include <stdlib.h>

static const char *const algs[JWT_ALGS] = { "RS256", "PS256", "ES256" };

const char *jwt_alg_word(enum jwt_alg alg)
{
    return algs[alg];
}

int jwt_alg_from_word(struct slice word)
{
    for (int i = 0; i < JWT_ALGS; i++) {
        if (slice_is(word, algs[i])) {
            return i;
        }
    }
    return -1;
}

// ---- base64url

static int digit_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
}

bool base64url_decode(struct slice text, uint8_t *ret, size_t size, size_t *ret_len)
{
    size_t len = 0;
    uint32_t bits = 0;
    int held = 0;

    if (text.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int d = digit_of(text.data[i]);
        if (d < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)d) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (len == size) {
                return false;
            }
            ret[len++] = (uint8_t)(bits >> held);
        }
    }
    if (bits & ((1U << held) - 1)) {
        return false; // another text would mean the same bytes
    }
    *ret_len = len;
    return true;
}

void base64url_add(struct buf *out, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *b = bytes;
    uint32_t bits = 0;
    int held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | b[i]) & 0xffff;
        held += 8;
        while (held >= 6) {
            held -= 6;
            buf_add_char(out, digits[bits >> held & 63]);
        }
    }
    if (held) {
        buf_add_char(out, digits[bits << (6 - held) & 63]);
    }
}

// ---- tokens

static json_t *decode_object(struct slice part, struct error *err)
{
    AUTO_FREE uint8_t *bytes = malloc(part.len + 1);
    size_t len = 0;

    if (!bytes) {
        error_set(err, ERR_MEMORY, "There is no memory for the token.");
        return NULL;
    }
    if (!base64url_decode(part, bytes, part.len, &len)) {
        error_set(err, ERR_INVALID, "The token is not written in Base64url.");
        return NULL;
    }
    json_t *value = json_in_parse(slice_make((char *)bytes, len), JWT_DEPTH_MAX, err);
    if (value && !json_is_object(value)) {
        json_decref(value);
        error_set(err, ERR_INVALID, "A part of the token is not an object.");
        return NULL;
    }
    return value;
}

static int read_header(struct jwt *t, struct error *err)
{
    struct slice alg = { NULL, 0 };
    int rc = json_in_string(t->header, "alg", JSON_REQUIRED, 16, &alg, err);

    rc = rc < 0 ? rc
                : json_in_string(t->header, "kid", JSON_OPTIONAL, JWT_KID_MAX - 1, &t->kid, err);
    if (rc < 0) {
        return rc;
    }
    int found = jwt_alg_from_word(alg);
    if (found < 0) {
        return error_set(err, ERR_UNSUPPORTED,
            "The token is signed in a way that is not trusted (%.16s).", alg.data);
    }
    if (json_object_get(t->header, "crit")) {
        return error_set(
            err, ERR_UNSUPPORTED, "The token demands an extension that is not known here.");
    }
    t->alg = (enum jwt_alg)found;
    return 0;
}

int jwt_parse(struct slice text, struct jwt *ret, struct error *err)
{
    struct slice rest = text, part[3];
    size_t count = 0;

    *ret = (struct jwt){ .kid = { NULL, 0 } };
    if (text.len > JWT_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The token is longer than %d bytes.", JWT_MAX);
    }
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '.';
    }
    if (count != 2 || !slice_cut(&rest, '.', &part[0]) || !slice_cut(&rest, '.', &part[1])) {
        return error_set(err, ERR_INVALID,
            count == 4 ? "The token is encrypted, which is not supported."
                       : "The token does not have three parts.");
    }
    part[2] = rest;
    ret->signed_part = slice_make(text.data, part[0].len + 1 + part[1].len);
    ret->header = decode_object(part[0], err);
    int rc = ret->header ? read_header(ret, err) : ERR_INVALID;
    if (rc == 0) {
        ret->claims = decode_object(part[1], err);
        rc = ret->claims ? 0 : ERR_INVALID;
    }
    if (rc == 0 &&
        (!base64url_decode(part[2], ret->signature, sizeof(ret->signature), &ret->signature_len) ||
            ret->signature_len == 0)) {
        rc = error_set(err, ERR_INVALID, "The token's signature is not one.");
    }
    if (rc < 0) {
        jwt_done(ret);
    }
    return rc;
}

void jwt_done(struct jwt *t)
{
    json_decref(t->header);
    json_decref(t->claims);
    *t = (struct jwt){ .kid = { NULL, 0 } };
}
