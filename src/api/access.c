// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements access.h. Keys are compared as SHA-256 digests in constant time; a cookie is "EXPIRY.HMAC" under a secret of
// the data folder, so sessions outlive a restart.
#include "api/access.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIGEST = 32, SECRET = 32, KEY_RANDOM = 20, KEY_MIN_LEN = 16 };

struct access {
    uint8_t admin[DIGEST]; // of the admin key
    uint8_t local[DIGEST];
    char local_key[ACCESS_KEY_SIZE];
    uint8_t secret[SECRET]; // signs cookies
    bool loopback_open;
    pthread_mutex_t mutex; // guards token
    uint8_t token[DIGEST];
    bool has_token;
};

static void digest_of(struct slice text, uint8_t ret[DIGEST])
{
    unsigned int n = DIGEST;
    if (EVP_Digest(text.data ? text.data : "", text.len, ret, &n, EVP_sha256(), NULL) != 1) {
        BUG("SHA-256 is not there");
    }
}

static void new_key(const char *prefix, char ret_key[ACCESS_KEY_SIZE])
{
    uint8_t raw[KEY_RANDOM];
    char hex[2 * KEY_RANDOM + 1];

    random_bytes(raw, sizeof(raw));
    hex_format(raw, sizeof(raw), hex);
    snprintf(ret_key, ACCESS_KEY_SIZE, "%s_%s", prefix, hex);
    OPENSSL_cleanse(raw, sizeof(raw));
    OPENSSL_cleanse(hex, sizeof(hex));
}

// A small file of the data folder: read whole, or written anew (0600) with the given bytes when it is not there.
static int load_or_make(const char *dir, const char *name, uint8_t *bytes, size_t len,
    bool *ret_made, struct error *err)
{
    AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

    *ret_made = false;
    if (fd >= 0) {
        if (read(fd, bytes, len) != (ssize_t)len) {
            return error_set(err, ERR_CORRUPT,
                "The file %s of the data folder is damaged; remove it to get a new key.", name);
        }
        return 0;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fsync(fd) != 0) {
        return error_set(err, ERR_IO, "The data folder can't be written: %s.", strerror(errno));
    }
    *ret_made = true;
    return 0;
}

static int read_key_file(const char *path, uint8_t ret[DIGEST], struct error *err)
{
    char text[512];
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

    if (n < 0) {
        return error_set(err, ERR_INVALID, "The file that admin.key_file names can't be read: %s.",
            strerror(errno));
    }
    struct slice key = slice_trim(slice_make(text, (size_t)n));
    if (key.len < KEY_MIN_LEN) {
        return error_set(
            err, ERR_INVALID, "The admin key must have at least %d characters.", KEY_MIN_LEN);
    }
    digest_of(key, ret);
    OPENSSL_cleanse(text, sizeof(text));
    return 0;
}

int access_open(const struct access_options *o, struct access **ret,
    char ret_new_key[ACCESS_KEY_SIZE], struct error *err)
{
    struct access *a = xalloc(sizeof(*a));
    bool made = false;

    ret_new_key[0] = '\0';
    pthread_mutex_init(&a->mutex, NULL);
    a->loopback_open = o->loopback_open;
    random_bytes(a->secret, sizeof(a->secret));
    int rc = load_or_make(o->data_dir, "session.secret", a->secret, sizeof(a->secret), &made, err);
    if (rc == 0 && o->admin_key_file[0]) {
        rc = read_key_file(o->admin_key_file, a->admin, err);
    } else if (rc == 0) {
        char key[ACCESS_KEY_SIZE];
        new_key("larder", key);
        digest_of(slice_of(key), a->admin);
        rc = load_or_make(o->data_dir, "admin.sha256", a->admin, sizeof(a->admin), &made, err);
        if (rc == 0 && made) {
            memcpy(ret_new_key, key, sizeof(key));
        }
        OPENSSL_cleanse(key, sizeof(key));
    }
    if (rc < 0) {
        access_close(a);
        return rc;
    }
    new_key("local", a->local_key);
    digest_of(slice_of(a->local_key), a->local);
    *ret = a;
    return 0;
}

void access_close(struct access *a)
{
    if (a) {
        pthread_mutex_destroy(&a->mutex);
        OPENSSL_cleanse(a, sizeof(*a));
        free(a);
    }
}

const char *access_local_key(const struct access *a)
{
    return a->local_key;
}

void access_new_token(struct access *a, char ret_token[ACCESS_KEY_SIZE])
{
    new_key("once", ret_token);
    pthread_mutex_lock(&a->mutex);
    digest_of(slice_of(ret_token), a->token);
    a->has_token = true;
    pthread_mutex_unlock(&a->mutex);
}

bool access_use_token(struct access *a, struct slice token)
{
    uint8_t digest[DIGEST];

    digest_of(token, digest);
    pthread_mutex_lock(&a->mutex);
    bool right = a->has_token && CRYPTO_memcmp(digest, a->token, DIGEST) == 0;
    a->has_token = a->has_token && !right;
    pthread_mutex_unlock(&a->mutex);
    return right;
}

bool access_key_matches(const struct access *a, struct slice key)
{
    uint8_t digest[DIGEST];

    digest_of(key, digest);
    int admin = CRYPTO_memcmp(digest, a->admin, DIGEST);
    int local = CRYPTO_memcmp(digest, a->local, DIGEST);
    return admin == 0 || local == 0;
}

static void sign(const struct access *a, struct slice text, char ret_hex[2 * DIGEST + 1])
{
    uint8_t mac[DIGEST];
    unsigned int n = DIGEST;

    if (!HMAC(
            EVP_sha256(), a->secret, SECRET, (const unsigned char *)text.data, text.len, mac, &n)) {
        BUG("HMAC is not there");
    }
    hex_format(mac, DIGEST, ret_hex);
}

void access_new_cookie(const struct access *a, char ret_value[ACCESS_COOKIE_SIZE])
{
    char expiry[24], mac[2 * DIGEST + 1];

    snprintf(
        expiry, sizeof(expiry), "%lld", (long long)(clock_wall_ms() / 1000 + ACCESS_SESSION_S));
    sign(a, slice_of(expiry), mac);
    snprintf(ret_value, ACCESS_COOKIE_SIZE, "%s.%s", expiry, mac);
}

static bool cookie_valid(const struct access *a, struct slice value)
{
    struct slice expiry;
    char mac[2 * DIGEST + 1];
    int64_t until = 0;

    if (!slice_cut(&value, '.', &expiry) || !slice_to_i64(expiry, &until) ||
        value.len != 2 * DIGEST) {
        return false;
    }
    sign(a, expiry, mac);
    return CRYPTO_memcmp(mac, value.data, 2 * DIGEST) == 0 && until > clock_wall_ms() / 1000;
}

static struct slice cookie_find(const struct http_request *req, const char *name)
{
    struct slice rest = http_header_find(req, "cookie"), one, key;

    while (slice_cut(&rest, ';', &one)) {
        one = slice_trim(one);
        if (slice_cut(&one, '=', &key) && slice_is(key, name) && one.data) {
            return one;
        }
    }
    return slice_make(NULL, 0);
}

// A browser sends cookies along on requests that other pages start. Writes and sockets by cookie must come from our own page.
static bool same_origin(const struct http_request *req)
{
    struct slice origin = http_header_find(req, "origin");
    struct slice site = http_header_find(req, "sec-fetch-site");
    struct slice host = http_header_find(req, "host");

    if (site.len && !slice_is(site, "same-origin") && !slice_is(site, "none")) {
        return false;
    }
    if (!origin.data) {
        return true;
    }
    const char *at = slice_find(origin, SLICE_LIT("://"));
    return at && slice_equal(slice_from(origin, (size_t)(at - origin.data) + 3), host);
}

// Pages elsewhere may name our address by a host of theirs (DNS rebinding); without a key only loopback names are trusted.
static bool host_is_loopback(struct slice host)
{
    static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i]);
        if (slice_starts(host, names[i]) && (host.len == n || host.data[n] == ':')) {
            return true;
        }
    }
    return false;
}

int access_authorize(struct http_request *req, const struct http_route *route, struct error *err)
{
    struct access *a = api_of(req)->access;
    struct slice bearer = http_header_find(req, "authorization");
    struct slice cookie = cookie_find(req, ACCESS_COOKIE);

    if (route->open) {
        return 0;
    }
    if (slice_starts(bearer, "Bearer ")) {
        if (access_key_matches(a, slice_trim(slice_from(bearer, 7)))) {
            return 0;
        }
        return error_set(err, ERR_AUTH,
            "The key is not known here. Check it, or ask who runs this Larder for one.");
    }
    if (cookie.data && cookie_valid(a, cookie)) {
        if ((req->method != HTTP_GET && req->method != HTTP_HEAD) || route->stream) {
            if (!same_origin(req)) {
                return error_set(
                    err, ERR_DENIED, "This request came from another page than Larder's own.");
            }
        }
        return 0;
    }
    if (a->loopback_open && req->peer_is_loopback &&
        host_is_loopback(http_header_find(req, "host")) && same_origin(req)) {
        return 0;
    }
    return error_set(err, ERR_AUTH,
        "A key is needed: send it as \"Authorization: Bearer KEY\". The first start of the server "
        "shows one.");
}
