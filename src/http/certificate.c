// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements certificate.h. Both files are read into memory first, bounded and regular files only, so that no library waits
// on a pipe or asks for a passphrase; the key's bytes are wiped.
#include "http/certificate.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// Forward secret and authenticated only; TLS 1.3 has no others.
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
#define GROUPS "X25519:P-256:P-384"

static int read_file(
    const char *path, const char *setting, struct buf *ret, bool *ret_open, struct error *err)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return error_set(err, ERR_NOT_FOUND,
            "The file that the setting %s names can't be opened: %s.", setting, strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > CERTIFICATE_FILE_MAX) {
        return error_set(
            err, ERR_INVALID, "What the setting %s names is not a file of at most 1 MiB.", setting);
    }
    *ret_open = (st.st_mode & S_IRWXO) != 0;
    for (;;) {
        char *at = buf_reserve(ret, 16 * 1024);
        ssize_t n = at ? read(fd, at, 16 * 1024) : -1;
        if (n < 0 && at && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set(err, ERR_IO, "The file that the setting %s names can't be read: %s.",
                setting, at ? strerror(errno) : "it grows");
        }
        if (n == 0) {
            return 0;
        }
        buf_grew(ret, (size_t)n);
    }
}

static int no_passphrase(char *text, int size, int writing, void *asked)
{
    (void)text;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static EVP_PKEY *parse_key(const struct buf *text, struct error *err)
{
    bool asked = false;
    BIO *bio = BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;

    BIO_free(bio);
    if (!key && asked) {
        error_set(err, ERR_INVALID,
            "The key in tls.key is protected by a passphrase, which nobody could give at a start. "
            "Save it without one, for this user only: openssl pkey -in KEY -out KEY.plain");
    } else if (!key) {
        error_set(err, ERR_INVALID,
            "The file that tls.key names holds no private key in PEM form (-----BEGIN PRIVATE "
            "KEY-----).");
    }
    return key;
}

static X509 *parse_certificate(const struct buf *text, STACK_OF(X509) * chain, struct error *err)
{
    bool asked = false;
    BIO *bio = BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);
    X509 *own = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, &asked) : NULL;
    X509 *next;

    while (own && sk_X509_num(chain) <= CERTIFICATE_CHAIN_MAX &&
           (next = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked))) {
        if (sk_X509_push(chain, next) <= 0) {
            X509_free(next);
            break;
        }
    }
    BIO_free(bio);
    if (!own) {
        error_set(err, ERR_INVALID,
            "The file that tls.certificate names holds no certificate in PEM form (-----BEGIN "
            "CERTIFICATE-----).");
    } else if (sk_X509_num(chain) > CERTIFICATE_CHAIN_MAX) {
        error_set(err, ERR_INVALID,
            "The file that tls.certificate names holds over %d certificates; only the server's own "
            "and its chain belong there.",
            CERTIFICATE_CHAIN_MAX + 1);
        X509_free(own);
        own = NULL;
    }
    return own;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void describe(X509 *x, struct certificate_info *ret)
{
    unsigned char *der = NULL, digest[32];
    char text[48];
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

    ret->from_s = seconds_of(X509_get0_notBefore(x));
    ret->until_s = seconds_of(X509_get0_notAfter(x));
    if (len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1) {
        EVP_EncodeBlock((unsigned char *)text, digest, sizeof(digest));
        snprintf(ret->pin, sizeof(ret->pin), "sha256//%s", text);
    }
    OPENSSL_free(der);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !ret->name[0]; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type != GEN_DNS) {
            continue;
        }
        const char *name = (const char *)ASN1_STRING_get0_data(one->d.dNSName);
        size_t n = (size_t)ASN1_STRING_length(one->d.dNSName);
        bool plain = n > 0 && n < sizeof(ret->name);
        for (size_t c = 0; c < n && plain; c++) { // it is printed and written to a file of ours
            plain = (name[c] >= 'a' && name[c] <= 'z') || (name[c] >= 'A' && name[c] <= 'Z') ||
                    (name[c] >= '0' && name[c] <= '9') || name[c] == '.' || name[c] == '-';
        }
        if (plain) {
            memcpy(ret->name, name, n);
        }
    }
    GENERAL_NAMES_free(names);
}

static int choose_http(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *offered, unsigned int len, void *ctx)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// No resumption: tickets would need keys that are kept and changed, and a whole handshake is cheap beside a document.
static SSL_CTX *context_new(bool only_13)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx) {
        return NULL;
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, choose_http, NULL);
    if (SSL_CTX_set_min_proto_version(ctx, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS_12) != 1 ||
        SSL_CTX_set1_groups_list(ctx, GROUPS) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static int make_context(const struct certificate_files *f, X509 *own, EVP_PKEY *key,
    STACK_OF(X509) * chain, SSL_CTX **ret, struct error *err)
{
    SSL_CTX *ctx = context_new(f->only_13);

    if (!ctx) {
        return error_set(err, ERR_MEMORY, "TLS could not be set up on this machine.");
    }
    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(ctx, own, key, chain, 1) != 1) {
        SSL_CTX_free(ctx);
        return error_set(err, ERR_INVALID,
            "The certificate in tls.certificate is too weak or of a kind that can't be used. Take "
            "one with an ECDSA P-256 key, or with RSA of 2048 bits or more, signed with SHA-256.");
    }
    *ret = ctx;
    return 0;
}

int certificate_load(const struct certificate_files *f, SSL_CTX **ret,
    struct certificate_info *ret_info, struct error *err)
{
    struct certificate_info info = { 0 };
    struct buf own_text = BUF_INIT(CERTIFICATE_FILE_MAX + 32 * 1024);
    struct buf key_text = BUF_INIT(CERTIFICATE_FILE_MAX + 32 * 1024);
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *own = NULL;
    EVP_PKEY *key = NULL;
    bool open = false;
    int rc = ERR_INVALID;

    if (!f->certificate[0] || !f->key[0]) {
        rc = error_set(err, ERR_INVALID,
            "The settings tls.certificate and tls.key belong together; %s is not set.",
            f->key[0] ? "tls.certificate" : "tls.key");
        goto out;
    }
    rc = read_file(f->certificate, "tls.certificate", &own_text, &open, err);
    rc = rc < 0 ? rc : read_file(f->key, "tls.key", &key_text, &info.key_is_open, err);
    if (rc < 0) {
        goto out;
    }
    rc = ERR_INVALID;
    own = parse_certificate(&own_text, chain, err);
    key = own ? parse_key(&key_text, err) : NULL;
    if (!key) {
        goto out;
    }
    if (X509_check_private_key(own, key) != 1) {
        rc = error_set(err, ERR_INVALID,
            "The key in tls.key does not belong to the first certificate in tls.certificate. The "
            "server's own certificate comes first there, then its chain.");
        goto out;
    }
    describe(own, &info);
    rc = make_context(f, own, key, chain, ret, err);
    if (rc == 0) {
        *ret_info = info;
    }
out:
    ERR_clear_error();
    if (key_text.data) {
        explicit_bzero(key_text.data, key_text.len);
    }
    buf_done(&own_text);
    buf_done(&key_text);
    X509_free(own);
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

void certificate_free(SSL_CTX *context)
{
    SSL_CTX_free(context);
}

enum certificate_state certificate_advice(
    const struct certificate_info *info, int64_t now_s, char ret_text[ERROR_TEXT_MAX])
{
    static const char renew[] = "Put a new one in its place; it is taken up without a restart.";
    bool begun = now_s >= info->from_s;
    time_t at = (time_t)(begun ? info->until_s : info->from_s);
    int64_t days = (info->until_s - now_s) / 86400;
    struct tm tm;
    char day[32];

    gmtime_r(&at, &tm);
    strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    if (!begun) {
        snprintf(ret_text, ERROR_TEXT_MAX,
            "The TLS certificate is valid from %s on only; until then it is refused by browsers "
            "and programs. Look at this machine's clock, too.",
            day);
        return CERTIFICATE_BAD;
    }
    if (now_s >= info->until_s) {
        snprintf(ret_text, ERROR_TEXT_MAX,
            "The TLS certificate expired on %s; browsers and programs refuse it. %s", day, renew);
        return CERTIFICATE_BAD;
    }
    if (info->until_s - now_s < CERTIFICATE_SOON_S) {
        snprintf(ret_text, ERROR_TEXT_MAX, "The TLS certificate expires on %s, in %lld day%s. %s",
            day, (long long)days, days == 1 ? "" : "s", renew);
        return CERTIFICATE_WARN;
    }
    if (info->key_is_open) {
        snprintf(ret_text, ERROR_TEXT_MAX,
            "Every user of this machine may read the file of the TLS key. Take that right away "
            "(chmod o-rwx), and if others use this machine take a new key.");
        return CERTIFICATE_WARN;
    }
    snprintf(ret_text, ERROR_TEXT_MAX, "The TLS certificate is valid until %s.", day);
    return CERTIFICATE_GOOD;
}
