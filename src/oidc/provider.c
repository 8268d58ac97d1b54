// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements provider.h: what is kept of the provider, and the calls.
#include "oidc/provider.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/call.h"
#include "oidc/jwk.h"
#include "oidc/token.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_AGAIN_MS = 1000, SECRET_TEXT_MAX = 4096 };

struct provider {
    char *issuer, *client_id, *secret, *scopes, *audiences; // immutable
    bool plain; // the issuer is on this machine
    const atomic_bool *stopping;
    pthread_mutex_t
        mutex; // guards all below; held over the calls for them, so that only one is made
    struct discovery found;
    int64_t found_ms; // 0: not yet
    struct jwk_set *keys;
    int64_t keys_ms;
    int64_t failed_ms; // 0: the last call went well
    struct error failure;
};

int provider_new(const struct provider_options *o, struct provider **ret, struct error *err)
{
    bool plain = strncmp(o->issuer, "http://", 7) == 0;

    if (!provider_url_allowed(o->issuer, true) || strchr(o->issuer, '?')) {
        return error_set(
            err, ERR_INVALID, "oidc.issuer must be an https address (http only on this machine).");
    }
    if (!o->client_id[0]) {
        return error_set(err, ERR_INVALID,
            "oidc.client_id is empty; the provider says it when this server is registered there.");
    }
    struct provider *p = xalloc(sizeof(*p));
    p->issuer = xstrdup(o->issuer);
    p->client_id = xstrdup(o->client_id);
    p->secret = xstrdup(o->client_secret);
    p->scopes = xstrdup(o->scopes);
    p->audiences = xstrdup(o->audiences);
    p->plain = plain;
    p->stopping = o->stopping;
    pthread_mutex_init(&p->mutex, NULL);
    *ret = p;
    return 0;
}

void provider_free(struct provider *p)
{
    if (!p) {
        return;
    }
    jwk_set_free(p->keys);
    explicit_bzero(p->secret, strlen(p->secret));
    char *texts[] = { p->issuer, p->client_id, p->secret, p->scopes, p->audiences };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

// ---- calls

static int get(struct provider *p, const char *url, struct net_answer *ret, struct error *err)
{
    struct net_call call = { .url = url,
        .accept = "application/json",
        .deadline_ms = clock_mono_ms() + PROVIDER_CALL_MS,
        .answer_max = PROVIDER_DOCUMENT_MAX,
        .stopping = p->stopping };
    int rc = net_call_run(&call, ret, err);

    if (rc == ERR_TOO_LARGE) {
        return error_set(err, ERR_CORRUPT, "The provider's answer is too long.");
    }
    if (rc == 0 && ret->status != 200) {
        rc = error_set(err, ERR_IO, "The provider answered with status %ld.", ret->status);
    }
    return rc;
}

static int fetch_discovery(struct provider *p, struct error *err)
{
    AUTO_NET_ANSWER answer = { 0 };
    size_t len = strlen(p->issuer);
    AUTO_FREE char *url = xasprintf("%.*s/.well-known/openid-configuration",
        (int)(p->issuer[len - 1] == '/' ? len - 1 : len), p->issuer);
    struct discovery *d = xalloc(sizeof(*d));
    int rc = get(p, url, &answer, err);

    rc = rc < 0 ? rc : discovery_parse(buf_slice(&answer.body), p->issuer, d, err);
    if (rc == 0) {
        p->found = *d;
        p->found_ms = clock_mono_ms();
    }
    free(d);
    return rc;
}

static int fetch_keys(struct provider *p, struct error *err)
{
    AUTO_NET_ANSWER answer = { 0 };
    struct jwk_set *keys = NULL;
    int rc = get(p, p->found.keys, &answer, err);

    if (rc == 0 && jwk_set_parse(buf_slice(&answer.body), &keys, err) < 0) {
        rc = ERR_CORRUPT;
    }
    if (rc == 0) {
        jwk_set_free(p->keys);
        p->keys = keys;
        p->keys_ms = clock_mono_ms();
    }
    return rc;
}

static int note(struct provider *p, int rc, const struct error *err)
{
    p->failed_ms = rc < 0 && rc != ERR_CANCELLED ? clock_mono_ms() : 0;
    if (rc < 0) {
        p->failure = *err;
        p->failure.code = rc;
        log_warn("oidc.provider", LS("what", err->text));
    }
    return rc;
}

// With the mutex. What is old but was good stays in use while the provider is away.
static int refresh(struct provider *p, bool keys_too, struct error *err)
{
    struct error why = { 0 };
    int64_t now = clock_mono_ms();
    bool old = !p->found_ms || now - p->found_ms > PROVIDER_KEEP_MS;
    bool keys_old = keys_too && (!p->keys || now - p->keys_ms > PROVIDER_KEEP_MS);

    if (!old && !keys_old) {
        return 0;
    }
    bool usable = p->found_ms && (!keys_too || p->keys);
    int rc = 0;
    if (p->failed_ms && now - p->failed_ms < PROVIDER_PAUSE_MS) {
        rc = p->failure.code;
        why = p->failure;
    } else {
        rc = old ? fetch_discovery(p, &why) : 0;
        rc = rc < 0 || !keys_old ? rc : fetch_keys(p, &why);
        rc = note(p, rc, &why);
    }
    return rc == 0 || usable ? 0 : error_set(err, rc, "%s", why.text);
}

// ---- the browser's way there

int provider_page(
    struct provider *p, const struct sign_in_secrets *s, struct buf *out, struct error *err)
{
    unsigned char digest[32];
    unsigned int n = sizeof(digest);
    AUTO_BUF challenge = BUF_INIT(64);
    AUTO_BUF scope = BUF_INIT(PROVIDER_URL_MAX);
    const struct {
        const char *name;
        const char *value;
    } fixed[] = { { "response_type", "code" }, { "client_id", p->client_id },
        { "redirect_uri", s->redirect_uri }, { "state", s->state }, { "nonce", s->nonce },
        { "code_challenge_method", "S256" } };

    if (EVP_Digest(s->verifier, strlen(s->verifier), digest, &n, EVP_sha256(), NULL) != 1) {
        BUG("SHA-256 is not there");
    }
    base64url_add(&challenge, digest, sizeof(digest));
    buf_addf(&scope, "openid%s%s", p->scopes[0] ? " " : "", p->scopes);
    pthread_mutex_lock(&p->mutex);
    int rc = refresh(p, false, err);
    if (rc == 0) {
        buf_add_str(out, p->found.authorize);
        buf_add_char(out, strchr(p->found.authorize, '?') ? '&' : '?');
    }
    pthread_mutex_unlock(&p->mutex);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        form_add(out, fixed[i].name, slice_of(fixed[i].value));
    }
    form_add(out, "scope", buf_slice(&scope));
    form_add(out, "code_challenge", buf_slice(&challenge));
    return buf_ok(out) ? 0 : error_set(err, ERR_TOO_LARGE, "The provider's address is too long.");
}

// ---- and back

// RFC 6749, section 2.3.1: both parts are form-encoded first.
static char *basic_header(const struct provider *p)
{
    AUTO_BUF pair = BUF_INIT(6 * SECRET_TEXT_MAX);

    form_add(&pair, NULL, slice_of(p->client_id));
    buf_add_char(&pair, ':');
    form_add(&pair, NULL, slice_of(p->secret));
    size_t size = 4 * (pair.len / 3 + 1) + 1;
    AUTO_FREE char *base64 = xalloc(size);
    EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)pair.data, (int)pair.len);
    char *line = xasprintf("Authorization: Basic %s", base64);
    explicit_bzero(base64, size);
    explicit_bzero(pair.data, pair.len);
    return line;
}

static int ask_token(struct provider *p, const char *url, bool basic,
    const struct sign_in_secrets *s, struct slice code, struct net_answer *ret, struct error *err)
{
    AUTO_BUF form = BUF_INIT(8 * PROVIDER_CODE_MAX + 8 * SECRET_TEXT_MAX);
    AUTO_FREE char *authorization = p->secret[0] && basic ? basic_header(p) : NULL;
    const char *headers[] = { authorization, NULL };

    form_add(&form, "grant_type", SLICE_LIT("authorization_code"));
    form_add(&form, "code", code);
    form_add(&form, "redirect_uri", slice_of(s->redirect_uri));
    form_add(&form, "code_verifier", slice_of(s->verifier));
    if (!authorization) {
        form_add(&form, "client_id", slice_of(p->client_id));
    }
    if (p->secret[0] && !basic) {
        form_add(&form, "client_secret", slice_of(p->secret));
    }
    struct net_call call = { .url = url,
        .body = buf_slice(&form),
        .content_type = "application/x-www-form-urlencoded",
        .accept = "application/json",
        .headers = headers,
        .deadline_ms = clock_mono_ms() + PROVIDER_CALL_MS,
        .answer_max = PROVIDER_DOCUMENT_MAX,
        .stopping = p->stopping };
    int rc = net_call_run(&call, ret, err);
    if (authorization) {
        explicit_bzero(authorization, strlen(authorization));
    }
    explicit_bzero(form.data, form.len);
    if (rc == ERR_TOO_LARGE) {
        return error_set(err, ERR_CORRUPT, "The provider's answer is too long.");
    }
    if (rc == 0 && (ret->status == 400 || ret->status == 401 || ret->status == 403)) {
        struct slice word = { NULL, 0 };
        AUTO_JSON *body = json_in_parse_object(buf_slice(&ret->body), NULL);
        if (body) {
            json_in_string(body, "error", JSON_OPTIONAL, 40, &word, NULL);
        }
        return error_set(err, ERR_AUTH, "The provider did not take the code (%.40s).",
            word.len ? word.data : "it did not say why");
    }
    if (rc == 0 && ret->status != 200) {
        rc = error_set(err, ERR_IO, "The provider answered with status %ld.", ret->status);
    }
    return rc;
}

// A key that is not known, or a signature that is wrong, may mean that the provider changed its keys just now.
static int check_signature(struct provider *p, const struct jwt *t, struct error *err)
{
    struct error first = { 0 };

    pthread_mutex_lock(&p->mutex);
    int rc = refresh(p, true, err);
    if (rc == 0) {
        if (!(p->found.algs >> t->alg & 1)) {
            rc = error_set(
                err, ERR_AUTH, "The token is signed otherwise than the provider says it does.");
        } else if ((rc = jwk_verify(p->keys, t, &first)) < 0) {
            bool again = clock_mono_ms() - p->keys_ms >= KEYS_AGAIN_MS;
            struct error why = { 0 };
            if (again && note(p, fetch_keys(p, &why), &why) == 0) {
                rc = jwk_verify(p->keys, t, &first);
            }
            rc = rc < 0 ? error_set(err, ERR_AUTH, "%s", first.text) : 0;
        }
    }
    pthread_mutex_unlock(&p->mutex);
    return rc;
}

static int check_token(struct provider *p, const struct sign_in_secrets *s, struct slice text,
    json_t **ret_claims, struct error *err)
{
    AUTO_JWT token = { .kid = { NULL, 0 } };
    struct token_expect expect = { .issuer = p->issuer,
        .client_id = p->client_id,
        .nonce = s->nonce,
        .audiences = p->audiences,
        .now_s = clock_wall_ms() / 1000 };
    int rc = jwt_parse(text, &token, err);

    if (rc < 0) {
        return error_prefix(err, ERR_AUTH, "The provider's ID token was refused");
    }
    rc = check_signature(p, &token, err);
    rc = rc < 0 ? rc : token_check(token.claims, &expect, err);
    if (rc == 0) {
        *ret_claims = json_incref(token.claims);
    }
    return rc;
}

int provider_redeem(struct provider *p, const struct sign_in_secrets *s, struct slice code,
    struct slice iss, json_t **ret_claims, struct error *err)
{
    AUTO_NET_ANSWER answer = { 0 };
    struct slice text = { NULL, 0 };
    char url[PROVIDER_URL_MAX] = "";

    pthread_mutex_lock(&p->mutex);
    int rc = refresh(p, false, err);
    snprintf(url, sizeof(url), "%s", p->found.token);
    bool basic = p->found.basic, says_iss = p->found.says_iss;
    pthread_mutex_unlock(&p->mutex);
    if (rc == 0 && ((says_iss && !iss.data) || (iss.data && !slice_is(iss, p->issuer)))) {
        rc = error_set(err, ERR_AUTH, "The answer came from another provider (iss).");
    }
    rc = rc < 0 ? rc : ask_token(p, url, basic, s, code, &answer, err);
    if (rc < 0) {
        return rc;
    }
    AUTO_JSON *body = json_in_parse(buf_slice(&answer.body), JWT_DEPTH_MAX, NULL);
    if (!body || !json_is_object(body) ||
        json_in_string(body, "id_token", JSON_REQUIRED, JWT_MAX, &text, NULL) < 0) {
        return error_set(err, ERR_CORRUPT, "The provider's answer has no ID token.");
    }
    return check_token(p, s, text, ret_claims, err);
}
