// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements oidc.h. A session's text is "oidc:BITS:SUBJECT:NAME": bits of oidc.roles in hexadecimal, the others in Base64url.
#include "api/oidc.h"

#include "api/oidc_roles.h"
#include "base/clock.h"
#include "base/id.h"
#include "oidc/jwt.h"
#include "oidc/token.h"
#include "os/file.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_MAX = 4096, NAME_MAX_BYTES = 100, SUBJECT_PLAIN_MAX = 64, DIGEST = 32 };
#define SUBJECT_HASHED "sha256-" // how one that is not plain begins: no plain one does

struct oidc_door {
    struct provider *provider;
    const struct settings *settings;
    struct oidc_roles roles;
    uint8_t mark[8]; // of the settings that a session rests on
    pthread_mutex_t mutex; // guards used
    uint8_t used[OIDC_USED_MAX][8];
    size_t used_next;
};

static void digest_of(struct slice text, uint8_t ret[DIGEST])
{
    unsigned int n = DIGEST;

    if (EVP_Digest(text.data ? text.data : "", text.len, ret, &n, EVP_sha256(), NULL) != 1) {
        BUG("SHA-256 is not there");
    }
}

// ---- life

static int load_roles(struct oidc_door *d, struct error *err)
{
    const struct settings *s = d->settings;
    bool file = s->oidc_roles_file[0] != '\0';
    AUTO_BUF text = BUF_INIT(OIDC_ROLES_TEXT_MAX);

    if (file && s->oidc_roles[0]) {
        return error_set(
            err, ERR_INVALID, "oidc.roles and oidc.roles_file are both set; keep one of them.");
    }
    int rc = file ? read_all(s->oidc_roles_file, &text, err) : 0;
    if (!file) {
        buf_add_str(&text, s->oidc_roles);
    }
    rc = rc < 0 ? rc
                : oidc_roles_parse(&d->roles, text.data ? text.data : "", file ? '\n' : ',', err);
    if (rc == 0 && d->roles.count == 0) {
        rc = error_set(err, ERR_INVALID,
            "nobody has a role; say which values of the claim give which, such as kitchen-admins = "
            "admin");
    }
    return rc < 0 ? error_prefix(err, rc, file ? "oidc.roles_file" : "oidc.roles") : 0;
}

static void make_mark(struct oidc_door *d)
{
    const struct settings *s = d->settings;
    AUTO_BUF all = BUF_INIT(2 * OIDC_ROLES_TEXT_MAX);
    uint8_t digest[DIGEST];

    buf_addf(&all, "%s\n%s\n%s\n%s", s->oidc_issuer, s->oidc_client_id, s->oidc_role_claim,
        d->roles.text);
    digest_of(buf_slice(&all), digest);
    memcpy(d->mark, digest, sizeof(d->mark));
}

static int open_provider(struct oidc_door *d, const atomic_bool *stopping, struct error *err)
{
    const struct settings *s = d->settings;
    AUTO_BUF secret = BUF_INIT(SECRET_MAX);
    int rc = s->oidc_secret_file[0] ? read_all(s->oidc_secret_file, &secret, err) : 0;

    if (rc < 0) {
        return error_prefix(err, rc, "oidc.client_secret_file");
    }
    struct slice trimmed = slice_trim(buf_slice(&secret));
    AUTO_FREE char *text = xasprintf(SLICE_FMT, SLICE_ARG(trimmed));
    rc = provider_new(&(struct provider_options){ .issuer = s->oidc_issuer,
                          .client_id = s->oidc_client_id,
                          .client_secret = text,
                          .scopes = s->oidc_scopes,
                          .audiences = s->oidc_audiences,
                          .stopping = stopping },
        &d->provider, err);
    explicit_bzero(text, strlen(text));
    if (secret.data) {
        explicit_bzero(secret.data, secret.len);
    }
    return rc;
}

int oidc_door_new(const struct settings *s, const atomic_bool *stopping, struct oidc_door **ret,
    struct error *err)
{
    *ret = NULL;
    if (!s->oidc_issuer[0]) {
        return 0;
    }
    struct oidc_door *d = xalloc(sizeof(*d));
    d->settings = s;
    pthread_mutex_init(&d->mutex, NULL);
    int rc = load_roles(d, err);
    rc = rc < 0 ? rc : open_provider(d, stopping, err);
    if (rc == 0 && s->oidc_redirect_url[0] && !provider_url_allowed(s->oidc_redirect_url, true)) {
        rc = error_set(err, ERR_INVALID,
            "oidc.redirect_url must be an https address (http only on this machine).");
    }
    if (rc < 0) {
        oidc_door_free(d);
        return rc;
    }
    make_mark(d);
    *ret = d;
    return 0;
}

void oidc_door_free(struct oidc_door *d)
{
    if (d) {
        provider_free(d->provider);
        oidc_roles_done(&d->roles);
        pthread_mutex_destroy(&d->mutex);
        free(d);
    }
}

struct provider *oidc_provider(struct oidc_door *d)
{
    return d->provider;
}

const char *oidc_label(const struct oidc_door *d)
{
    return d->settings->oidc_label;
}

const char *oidc_redirect_uri(const struct oidc_door *d, const struct http_request *req)
{
    struct slice host = http_header_find(req, "host");

    if (d->settings->oidc_redirect_url[0]) {
        return d->settings->oidc_redirect_url;
    }
    return arena_printf(
        req->arena, "%s://" SLICE_FMT OIDC_BACK, req->secure ? "https" : "http", SLICE_ARG(host));
}

// ---- who it is

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                (c && strchr("._@|:-", c)))) {
            return false;
        }
    }
    return text.len > 0 && text.len <= SUBJECT_PLAIN_MAX && !slice_starts(text, SUBJECT_HASHED);
}

// The subject is what a provider promises to give nobody else, so it is what the audit log and the limits go by.
static void set_who(struct principal *p, struct slice subject)
{
    uint8_t digest[DIGEST];
    char hex[2 * DIGEST + 1];

    if (is_plain(subject)) {
        snprintf(p->who, sizeof(p->who), "oidc:" SLICE_FMT, SLICE_ARG(subject));
    } else {
        digest_of(subject, digest);
        hex_format(digest, DIGEST, hex);
        snprintf(p->who, sizeof(p->who), "oidc:" SUBJECT_HASHED "%.40s", hex);
    }
}

// For people: cut at a whole character.
static const char *name_of(const json_t *claims, struct arena *a)
{
    static const char *const fields[] = { "email", "preferred_username", "name" };
    struct slice found = { NULL, 0 };

    for (size_t i = 0; i < ARRAY_LEN(fields) && !found.len; i++) {
        json_in_string(claims, fields[i], JSON_OPTIONAL, 1024, &found, NULL);
    }
    if (found.len > NAME_MAX_BYTES) {
        found.len = NAME_MAX_BYTES;
        while (found.len && ((unsigned char)found.data[found.len] & 0xc0) == 0x80) {
            found.len--;
        }
    }
    const char *name = found.len ? arena_strndup(a, found.data, found.len) : "";
    return name ? name : "";
}

static const char *session_text(const struct principal *p, uint64_t bits, struct arena *a)
{
    AUTO_BUF who = BUF_INIT(256);
    AUTO_BUF name = BUF_INIT(256);

    base64url_add(&who, p->who + 5, strlen(p->who + 5));
    base64url_add(&name, p->name, strlen(p->name));
    return arena_printf(a, "oidc:%016llx:" SLICE_FMT ":" SLICE_FMT, (unsigned long long)bits,
        SLICE_ARG(buf_slice(&who)), SLICE_ARG(buf_slice(&name)));
}

static bool grant(const struct oidc_door *d, uint64_t bits, struct arena *a, struct principal *p)
{
    if (!oidc_roles_apply(&d->roles, bits, a, &p->role, &p->partitions, &p->partition_count)) {
        return false;
    }
    p->rights = role_rights(p->role);
    memcpy(p->mark, d->mark, sizeof(p->mark));
    return true;
}

int oidc_principal(const struct oidc_door *d, const json_t *claims, struct arena *a,
    struct principal *ret, struct error *err)
{
    struct slice subject = { NULL, 0 };
    struct principal p = { .name = name_of(claims, a) };
    uint64_t bits = oidc_roles_match(&d->roles, token_claim(claims, d->settings->oidc_role_claim));

    json_in_string(claims, "sub", JSON_REQUIRED, TOKEN_SUBJECT_MAX, &subject, NULL);
    set_who(&p, subject);
    *ret = p;
    if (!bits) {
        return error_set(err, ERR_DENIED, "This account has no role here.");
    }
    if (!grant(d, bits, a, &p)) {
        return error_set(err, ERR_DENIED, "This account has more partitions than can be opened.");
    }
    p.session = session_text(&p, bits, a);
    p.expires_ms = clock_wall_ms() + d->settings->oidc_session_h * 3600000;
    *ret = p;
    return p.session ? 0 : error_set(err, ERR_MEMORY, "There is no memory for this request.");
}

static bool decode_text(struct slice in, struct arena *a, size_t max, const char **ret)
{
    uint8_t bytes[256];
    size_t len = 0;

    if (!base64url_decode(in, bytes, sizeof(bytes), &len) || len > max) {
        return false;
    }
    *ret = arena_strndup(a, (char *)bytes, len);
    return *ret != NULL;
}

static bool parse_bits(struct slice hex, uint64_t *ret)
{
    uint8_t bytes[8];

    if (!hex_parse(hex, bytes, sizeof(bytes))) {
        return false;
    }
    *ret = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *ret = *ret << 8 | bytes[i];
    }
    return true;
}

bool oidc_holder(
    const struct oidc_door *d, struct slice session, struct arena *a, struct principal *ret)
{
    struct slice rest = session, part[3];
    struct principal p = { .name = "" };
    const char *subject = NULL;
    uint64_t bits = 0;

    if (!slice_cut(&rest, ':', &part[0]) || !slice_cut(&rest, ':', &part[0]) ||
        !slice_cut(&rest, ':', &part[1]) || !parse_bits(part[0], &bits) ||
        !decode_text(part[1], a, sizeof(p.who) - 6, &subject) ||
        !decode_text(rest, a, NAME_MAX_BYTES, &p.name) || !grant(d, bits, a, &p)) {
        return false;
    }
    snprintf(p.who, sizeof(p.who), "oidc:%s", subject);
    p.session = arena_strndup(a, session.data, session.len);
    *ret = p;
    return p.session != NULL;
}

bool oidc_use_once(struct oidc_door *d, struct slice random)
{
    uint8_t digest[DIGEST];
    bool fresh = true;

    digest_of(random, digest);
    pthread_mutex_lock(&d->mutex);
    for (size_t i = 0; i < OIDC_USED_MAX && fresh; i++) {
        fresh = memcmp(d->used[i], digest, sizeof(d->used[i])) != 0;
    }
    if (fresh) {
        memcpy(d->used[d->used_next], digest, sizeof(d->used[0]));
        d->used_next = (d->used_next + 1) % OIDC_USED_MAX;
    }
    pthread_mutex_unlock(&d->mutex);
    return fresh;
}
