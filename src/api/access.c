// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements access.h. Keys are compared as SHA-256 digests in constant time. A cookie is "EXPIRY.WHO.HMAC" under a secret of
// the data folder, so sessions outlive a restart; the HMAC is also over a mark of the key that signed in, so that they end
// when it is revoked or rotated.
#include "api/access.h"
#include "api/api.h"
#include "api/oidc.h"
#include "base/clock.h"
#include "base/id.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIGEST = KEY_DIGEST, SECRET = 32, KEY_RANDOM = 20, KEY_MIN_LEN = 16, MARK = 8 };
enum { KEY_STRONG_LEN = 32 }; // from this length on a key can't be found by guessing
enum { AUDIENCE_ARENA = 64 * 1024, STREAM_KEY_MAX = 4096 };

struct access {
    uint8_t admin[DIGEST]; // of the admin key
    uint8_t local[DIGEST];
    bool admin_strong;
    char local_key[ACCESS_KEY_SIZE];
    uint8_t secret[SECRET]; // signs cookies
    bool loopback_open;
    char *origins; // spaces between
    struct keyring *keyring;
    struct limits *limits;
    struct oidc_door *oidc; // NULL: none
    pthread_mutex_t mutex; // guards token
    uint8_t token[DIGEST];
    bool has_token;
};

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

static int read_key_file(const char *path, uint8_t ret[DIGEST], bool *ret_strong, struct error *err)
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
    key_digest(key, ret);
    *ret_strong = key.len >= KEY_STRONG_LEN;
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
    a->admin_strong = true;
    a->origins = xstrdup(o->origins);
    a->keyring = keyring_new();
    a->limits = limits_new(&o->rates, o->quota_bytes, o->quota_documents);
    random_bytes(a->secret, sizeof(a->secret));
    int rc = load_or_make(o->data_dir, "session.secret", a->secret, sizeof(a->secret), &made, err);
    if (rc == 0 && o->admin_key_file[0]) {
        rc = read_key_file(o->admin_key_file, a->admin, &a->admin_strong, err);
    } else if (rc == 0) {
        char key[ACCESS_KEY_SIZE];
        new_key("larder", key);
        key_digest(slice_of(key), a->admin);
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
    key_digest(slice_of(a->local_key), a->local);
    *ret = a;
    return 0;
}

static void note_usage(void *ctx, const char *who, int64_t documents, int64_t bytes)
{
    struct access *a = ctx;

    limits_quota_take(a->limits, slice_of(who), documents, bytes, clock_wall_ms());
}

int access_load(struct access *a, struct store *s, struct error *err)
{
    int rc = keyring_load(a->keyring, s, err);

    return rc < 0 ? rc : store_quota_load(s, clock_wall_ms() / 86400000, note_usage, a, err);
}

void access_close(struct access *a)
{
    if (a) {
        keyring_free(a->keyring);
        limits_free(a->limits);
        oidc_door_free(a->oidc);
        free(a->origins);
        pthread_mutex_destroy(&a->mutex);
        OPENSSL_cleanse(a, sizeof(*a));
        free(a);
    }
}

struct keyring *access_keyring(struct access *a)
{
    return a->keyring;
}

struct limits *access_limits(struct access *a)
{
    return a->limits;
}

void access_use_oidc(struct access *a, struct oidc_door *door)
{
    a->oidc = door;
}

struct oidc_door *access_oidc(const struct access *a)
{
    return a->oidc;
}

const char *access_local_key(const struct access *a)
{
    return a->local_key;
}

void access_new_token(struct access *a, char ret_token[ACCESS_KEY_SIZE])
{
    new_key("once", ret_token);
    pthread_mutex_lock(&a->mutex);
    key_digest(slice_of(ret_token), a->token);
    a->has_token = true;
    pthread_mutex_unlock(&a->mutex);
}

bool access_use_token(struct access *a, struct slice token)
{
    uint8_t digest[DIGEST];

    key_digest(token, digest);
    pthread_mutex_lock(&a->mutex);
    bool right = a->has_token && CRYPTO_memcmp(digest, a->token, DIGEST) == 0;
    a->has_token = a->has_token && !right;
    pthread_mutex_unlock(&a->mutex);
    return right;
}

// ---- principals

const struct principal *principal_of(const struct http_request *req)
{
    return req->principal;
}

bool principal_may(const struct principal *p, enum right r)
{
    return p && (p->rights >> (r == RIGHT_UNDECLARED ? RIGHT_ADMIN : r) & 1);
}

bool principal_sees(const struct principal *p, struct slice partition)
{
    partition = partition.len ? partition : SLICE_LIT("default");
    for (size_t i = 0; p && i < p->partition_count; i++) {
        if (slice_equal(p->partitions[i], partition)) {
            return true;
        }
    }
    return p && p->partition_count == 0;
}

int principal_partition(const struct principal *p, struct slice *partition, struct error *err)
{
    if (partition->len == 0 && p && p->partition_count == 1) {
        *partition = p->partitions[0];
    }
    if (principal_sees(p, *partition)) {
        return 0;
    }
    if (partition->len == 0) {
        return error_set(err, ERR_INVALID, "Your key opens several partitions; name the one.");
    }
    return error_set(err, ERR_DENIED, "Your key does not open this partition.");
}

static void fixed(struct principal *ret, const char *who, const uint8_t *digest)
{
    *ret = (struct principal){ .name = "", .role = ROLE_ADMIN, .rights = role_rights(ROLE_ADMIN) };
    snprintf(ret->who, sizeof(ret->who), "%s", who);
    if (digest) {
        memcpy(ret->mark, digest, MARK);
    }
}

static void held(struct principal *ret, const struct key_holder *h)
{
    *ret = (struct principal){ .name = h->name,
        .role = h->role,
        .rights = h->rights,
        .partitions = h->partitions,
        .partition_count = h->partition_count,
        .quota = { h->quota_bytes, h->quota_documents },
        .expires_ms = h->expires_ms };
    snprintf(ret->who, sizeof(ret->who), "key:%s", h->id);
    memcpy(ret->mark, h->mark, MARK);
}

void access_admin(struct access *a, struct principal *ret)
{
    fixed(ret, "admin", a->admin);
}

bool access_key_holder(struct access *a, struct slice key, struct arena *arena,
    struct principal *ret, bool *ret_guessable)
{
    uint8_t digest[DIGEST];
    struct key_holder holder;

    key_digest(key, digest);
    int admin = CRYPTO_memcmp(digest, a->admin, DIGEST);
    int local = CRYPTO_memcmp(digest, a->local, DIGEST);
    *ret_guessable = admin == 0 && !a->admin_strong;
    if (admin == 0 || local == 0) {
        fixed(ret, admin == 0 ? "admin" : "local", admin == 0 ? a->admin : a->local);
        return true;
    }
    if (keyring_find(a->keyring, key, arena, &holder)) {
        held(ret, &holder);
        return true;
    }
    return false;
}

// ---- cookies

static void sign(const struct access *a, struct slice text, const uint8_t mark[MARK],
    char ret_hex[2 * DIGEST + 1])
{
    AUTO_BUF all = BUF_INIT(ACCESS_COOKIE_SIZE + 2 * MARK);
    char hex[2 * MARK + 1];
    uint8_t mac[DIGEST];
    unsigned int n = DIGEST;

    hex_format(mark, MARK, hex);
    buf_add_slice(&all, text);
    buf_add_str(&all, hex);
    if (!buf_ok(&all) ||
        !HMAC(EVP_sha256(), a->secret, SECRET, (const unsigned char *)all.data, all.len, mac, &n)) {
        BUG("HMAC is not there");
    }
    hex_format(mac, DIGEST, ret_hex);
    OPENSSL_cleanse(mac, sizeof(mac));
}

void access_derive(const struct access *a, const char *purpose, struct slice text, uint8_t ret[32])
{
    AUTO_BUF all = BUF_INIT(2 * ACCESS_COOKIE_SIZE);
    unsigned int n = DIGEST;

    buf_addf(&all, "%s\n", purpose);
    buf_add_slice(&all, text);
    if (!buf_ok(&all) ||
        !HMAC(EVP_sha256(), a->secret, SECRET, (const unsigned char *)all.data, all.len, ret, &n)) {
        BUG("HMAC is not there");
    }
}

void access_new_cookie(
    const struct access *a, const struct principal *p, char ret_value[ACCESS_COOKIE_SIZE])
{
    char text[ACCESS_COOKIE_SIZE - 2 * DIGEST - 1], mac[2 * DIGEST + 1];
    int64_t until = clock_wall_ms() / 1000 + ACCESS_SESSION_S;

    if (p->expires_ms && p->expires_ms / 1000 < until) {
        until = p->expires_ms / 1000;
    }
    snprintf(text, sizeof(text), "%lld.%s", (long long)until, p->session ? p->session : p->who);
    sign(a, slice_of(text), p->mark, mac);
    snprintf(ret_value, ACCESS_COOKIE_SIZE, "%s.%s", text, mac);
    OPENSSL_cleanse(mac, sizeof(mac));
}

void access_set_cookie(
    struct http_request *req, struct http_response *resp, const char *value, int64_t max_age_s)
{
    char *cookie = arena_printf(req->arena,
        ACCESS_COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", value,
        (long long)max_age_s, req->secure ? "; Secure" : "");

    if (cookie) {
        http_header_add(resp, "Set-Cookie", slice_of(cookie));
    }
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
}

static bool session_holder(
    struct access *a, struct slice who, struct arena *arena, struct principal *ret)
{
    struct key_holder holder;

    if (slice_is(who, "admin")) {
        fixed(ret, "admin", a->admin);
        return true;
    }
    if (slice_is(who, "local")) {
        fixed(ret, "local", a->local);
        return true;
    }
    if (slice_starts(who, "key:") &&
        keyring_find_id(a->keyring, slice_from(who, 4), arena, &holder)) {
        held(ret, &holder);
        return true;
    }
    return slice_starts(who, "oidc:") && a->oidc && oidc_holder(a->oidc, who, arena, ret);
}

static bool cookie_valid(
    struct access *a, struct slice value, struct arena *arena, struct principal *ret)
{
    struct slice rest = value, expiry, who;
    char mac[2 * DIGEST + 1];
    int64_t until = 0;

    if (value.len >= ACCESS_COOKIE_SIZE || !slice_cut(&rest, '.', &expiry) ||
        !slice_cut(&rest, '.', &who) || !slice_to_i64(expiry, &until) || rest.len != 2 * DIGEST ||
        !session_holder(a, who, arena, ret)) {
        return false;
    }
    sign(a, slice_make(value.data, expiry.len + 1 + who.len), ret->mark, mac);
    if (ret->session) {
        ret->expires_ms = until * 1000; // no key ends it
    }
    bool right = CRYPTO_memcmp(mac, rest.data, 2 * DIGEST) == 0;
    OPENSSL_cleanse(mac, sizeof(mac));
    return right && until > clock_wall_ms() / 1000;
}

struct slice access_cookie(const struct http_request *req, const char *name)
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

// ---- where a request comes from

// The page that sent it: ours, none that we know of, or another.
enum page { PAGE_OWN, PAGE_UNKNOWN, PAGE_OTHER };

static enum page page_of(const struct http_request *req)
{
    struct slice origin = http_header_find(req, "origin");
    struct slice site = http_header_find(req, "sec-fetch-site");
    struct slice host = http_header_find(req, "host");

    if (site.len && !slice_is(site, "same-origin") && !slice_is(site, "none")) {
        return PAGE_OTHER;
    }
    if (!origin.data) {
        return site.len ? PAGE_OWN : PAGE_UNKNOWN;
    }
    const char *at = slice_find(origin, SLICE_LIT("://"));
    return at && slice_equal(slice_from(origin, (size_t)(at - origin.data) + 3), host) ? PAGE_OWN
                                                                                       : PAGE_OTHER;
}

static bool origin_listed(const struct access *a, const struct http_request *req)
{
    struct slice origin = http_header_find(req, "origin"), rest = slice_of(a->origins), one;

    while (origin.len && words_next(&rest, &one)) {
        if (slice_equal(one, origin)) {
            return true;
        }
    }
    return false;
}

// A browser sends cookies along on requests that other pages start. Writes and sockets by cookie must come from our own page,
// or bear a header that another page could not send without being asked by us first (cors.c).
static bool cookie_may(const struct http_request *req, const struct http_route *route)
{
    bool writes = (req->method != HTTP_GET && req->method != HTTP_HEAD) || route->stream;
    enum page page = page_of(req);

    return !writes || page == PAGE_OWN ||
           (page == PAGE_UNKNOWN &&
               (http_header_find(req, "x-larder-client").len > 0 || req->method == HTTP_GET));
}

// Pages elsewhere may name our address by a host of theirs (DNS rebinding); without a key only loopback names are trusted.
bool access_host_is_loopback(struct slice host)
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

// ---- the one place that decides

static int wait_first(struct http_request *req, int seconds, struct error *err)
{
    req->retry_after_s = seconds;
    return error_set(err, ERR_LIMIT, "Too many requests. Try again in %d second%s.", seconds,
        seconds == 1 ? "" : "s");
}

static int by_key(struct access *a, struct http_request *req, struct slice key,
    struct principal *ret, struct error *err)
{
    char text[64];
    struct slice address = limits_address(req->peer, text);
    bool guessable = false, known = access_key_holder(a, key, req->arena, ret, &guessable);
    int64_t now = clock_mono_us();

    if (known && !guessable) {
        return 0;
    }
    int wait = known ? limits_ask(a->limits, LIMIT_WRONG_KEY, address, now)
                     : limits_take(a->limits, LIMIT_WRONG_KEY, address, now);
    if (wait) {
        return wait_first(req, wait, err);
    }
    return known ? 0
                 : error_set(err, ERR_AUTH,
                       "The key is not known here. Check it, or ask who runs this Larder for one.");
}

static int find_principal(struct access *a, struct http_request *req,
    const struct http_route *route, struct principal *ret, struct error *err)
{
    struct slice bearer = http_header_find(req, "authorization");
    struct slice cookie = access_cookie(req, ACCESS_COOKIE);
    bool socket = route->stream && http_header_find(req, "upgrade").data;

    if (socket && page_of(req) == PAGE_OTHER && !origin_listed(a, req)) {
        return error_set(err, ERR_DENIED, "WebSockets are not for other pages than Larder's own.");
    }
    if (slice_starts(bearer, "Bearer ")) {
        return by_key(a, req, slice_trim(slice_from(bearer, 7)), ret, err);
    }
    if (cookie.data && cookie_valid(a, cookie, req->arena, ret)) {
        return cookie_may(req, route) ? 0
                                      : error_set(err, ERR_DENIED,
                                            "This request came from another page than Larder's "
                                            "own. Programs send X-Larder-Client, or a key.");
    }
    if (a->loopback_open && req->peer_is_loopback &&
        access_host_is_loopback(http_header_find(req, "host")) && page_of(req) != PAGE_OTHER) {
        fixed(ret, "loopback", NULL);
        return 0;
    }
    if (socket &&
        slice_find(http_header_find(req, "sec-websocket-protocol"), SLICE_LIT("larder.key"))) {
        req->auth_later = true;
        return 0;
    }
    return error_set(err, ERR_AUTH,
        "A key is needed: send it as \"Authorization: Bearer KEY\". The first start of the server "
        "shows one.");
}

static int check_upload(
    struct access *a, struct http_request *req, const struct principal *p, struct error *err)
{
    struct slice announced = http_header_find(req, "content-length");
    int64_t bytes = 0;

    slice_to_i64(announced, &bytes);
    req->retry_after_s =
        limits_quota_ask(a->limits, slice_of(p->who), p->quota, bytes, clock_wall_ms());
    return req->retry_after_s
               ? error_set(err, ERR_LIMIT, "What this key may upload in a day is used up.")
               : 0;
}

int access_authorize(struct http_request *req, const struct http_route *route, struct error *err)
{
    struct access *a = api_of(req)->access;
    char text[64];
    struct slice address = limits_address(req->peer, text);
    struct principal *p = arena_alloc(req->arena, sizeof(*p));
    enum right right = (enum right)route->right;

    if (!p) {
        return error_set(err, ERR_MEMORY, "There is no memory for this request.");
    }
    int wait = limits_take(a->limits, LIMIT_ADDRESS, address, clock_mono_us());
    if (wait) {
        return wait_first(req, wait, err);
    }
    int rc = find_principal(a, req, route, p, err);
    if (rc < 0 || req->auth_later) {
        return rc;
    }
    req->principal = p;
    wait = limits_take(a->limits, LIMIT_KEY, slice_of(p->who), clock_mono_us());
    if (wait) {
        return wait_first(req, wait, err);
    }
    if (!principal_may(p, right)) {
        return error_set(err, ERR_DENIED,
            "Your key does not have the right \"%s\" that this needs.", right_word(right));
    }
    return route->body == HTTP_BODY_SPOOL ? check_upload(a, req, p, err) : 0;
}

// ---- streams

struct audience {
    struct access *access;
    struct arena arena;
    struct principal principal;
    uint64_t changes; // of the keyring when it was looked up; loop thread
    bool alive;
};

void *access_audience(struct access *a, const struct principal *p)
{
    if (!p || (!slice_starts(slice_of(p->who), "key:") && !p->session)) {
        return NULL; // the admin sees everything, for as long as the server runs
    }
    struct audience *au = xalloc(sizeof(*au));
    au->access = a;
    arena_init(&au->arena, AUDIENCE_ARENA);
    au->principal = *p;
    au->principal.name = "";
    au->principal.session = p->session ? "" : NULL; // only that it is one
    struct slice *partitions = arena_array(&au->arena, p->partition_count + 1, sizeof(*partitions));
    for (size_t i = 0; partitions && i < p->partition_count; i++) {
        partitions[i] = arena_slice(&au->arena, p->partitions[i]);
    }
    au->principal.partitions = partitions;
    au->alive = partitions != NULL;
    au->changes = keyring_changes(a->keyring);
    return au;
}

bool access_audience_alive(void *audience)
{
    struct audience *au = audience;
    struct principal *p = &au->principal;
    uint64_t changes = keyring_changes(au->access->keyring);

    if (au->alive && !p->session && changes != au->changes) {
        AUTO_ARENA arena;
        struct key_holder holder;
        arena_init(&arena, AUDIENCE_ARENA);
        au->alive = keyring_find_id(au->access->keyring, slice_of(p->who + 4), &arena, &holder) &&
                    memcmp(holder.mark, p->mark, MARK) == 0;
        au->changes = changes;
    }
    return au->alive && (!p->expires_ms || clock_wall_ms() < p->expires_ms);
}

// Nothing that users write looks like the key: in JSON their quotes have a backslash.
struct slice access_event_partition(struct slice json)
{
    static const char key[] = "\"partition\":\"";
    const char *at = slice_find(json, slice_of(key));
    struct slice rest, partition = { NULL, 0 };

    if (at) {
        rest = slice_from(json, (size_t)(at - json.data) + sizeof(key) - 1);
        slice_cut(&rest, '"', &partition);
    }
    return partition;
}

bool access_audience_sees(void *audience, struct slice partition)
{
    const struct audience *au = audience;

    return access_audience_alive(audience) &&
           (partition.data ? principal_sees(&au->principal, partition)
                           : au->principal.partition_count == 0);
}

// Events that are not of documents are the monitor's.
bool access_event_visible(void *audience, struct slice kind, struct slice json)
{
    const struct audience *au = audience;

    if (slice_starts(kind, "document.")) {
        return access_audience_sees(audience, access_event_partition(json));
    }
    return access_audience_alive(audience) && principal_may(&au->principal, RIGHT_MONITOR);
}

void access_audience_free(void *audience)
{
    struct audience *au = audience;

    arena_done(&au->arena);
    free(au);
}

int access_stream_auth(
    void *app, const char *peer, struct slice message, void **ret_audience, struct error *err)
{
    struct access *a = ((struct api *)app)->access;
    AUTO_ARENA arena;
    struct principal p;
    struct slice key = { NULL, 0 };
    struct http_request req = { .arena = &arena };

    arena_init(&arena, AUDIENCE_ARENA);
    snprintf(req.peer, sizeof(req.peer), "%s", peer);
    AUTO_JSON *body = json_in_parse_object(message, err);
    int rc =
        body ? json_in_string(body, "key", JSON_REQUIRED, STREAM_KEY_MAX, &key, err) : ERR_INVALID;
    rc = rc < 0 ? rc : by_key(a, &req, slice_trim(key), &p, err);
    if (rc == 0 && !principal_may(&p, RIGHT_READ)) {
        rc = error_set(err, ERR_DENIED, "Your key does not have the right \"read\".");
    }
    if (rc == 0) {
        *ret_audience = access_audience(a, &p);
    }
    return rc;
}
