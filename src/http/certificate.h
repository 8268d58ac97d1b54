// SPDX-License-Identifier: AGPL-3.0-or-later
// A server's certificate and key, read from PEM files and checked, and what is to be said about them. Any thread; blocks on
// the disk.
#ifndef LARDER_HTTP_CERTIFICATE_H
#define LARDER_HTTP_CERTIFICATE_H

#include "base/error.h"

enum {
    CERTIFICATE_FILE_MAX = 1024 * 1024,
    CERTIFICATE_CHAIN_MAX = 10,
    CERTIFICATE_NAME_SIZE = 256,
    CERTIFICATE_PIN_SIZE = 64,
    CERTIFICATE_SOON_S = 14 * 86400, // less than this left is worth a word
};

struct certificate_files {
    const char *certificate; // its chain after it
    const char *key; // may be the same file
    bool only_13; // TLS 1.3 and nothing older
};

struct certificate_info {
    int64_t from_s, until_s; // valid; seconds since 1970
    char name[CERTIFICATE_NAME_SIZE]; // the first DNS name that is no pattern; "" if there is none
    char pin[CERTIFICATE_PIN_SIZE]; // "sha256//…" of the public key, as libcurl takes it
    bool key_is_open; // every user of the machine may read the key
};

// Reads both files, checks that they belong together, and makes what connections are made from. ERR_NOT_FOUND: a file can't
// be opened; ERR_INVALID: what it holds is of no use; the sentence says what to do. An expired certificate is not an error
// here. Free the context with certificate_free.
struct ssl_ctx_st; // OpenSSL's SSL_CTX
int certificate_load(const struct certificate_files *f, struct ssl_ctx_st **ret,
    struct certificate_info *ret_info, struct error *err);
void certificate_free(struct ssl_ctx_st *context); // NULL is fine

enum certificate_state { CERTIFICATE_GOOD, CERTIFICATE_WARN, CERTIFICATE_BAD };
// What a person should know now, as a sentence.
enum certificate_state certificate_advice(
    const struct certificate_info *info, int64_t now_s, char ret_text[ERROR_TEXT_MAX]);

#endif
