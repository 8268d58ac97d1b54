// SPDX-License-Identifier: AGPL-3.0-or-later
// The two addresses of signing in at an OpenID provider, GET /v1/session/oidc (out) and …/callback (back), and what the
// sign-in page asks before anybody is known: GET /v1/session/methods.
//
// Out: a random number goes into a signed cookie of this browser, ten minutes long and only for these addresses; state, nonce
// and the PKCE verifier are made from it and our secret, so nothing is kept here and the browser never learns the verifier.
// Back: cookie and state must belong together, each sign-in counts once, and the browser always ends on "/" or on a page that
// says what to do: no parameter of the request chooses where.
#include "api/api.h"
#include "api/oidc.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "oidc/jwt.h"
#include "text/snippet.h"
#include "wire/json.h"

#include <openssl/crypto.h>
#include <stdio.h>

enum { RANDOM = 16, MAC = 32, B64_MAC = 43, COOKIE_MAX = 256, PAGE_URL_MAX = 8192 };

struct trip { // one sign-in, from here to the provider and back
    struct slice random; // hexadecimal
    char state[B64_MAC + 1], nonce[B64_MAC + 1], verifier[B64_MAC + 1];
};

static void derive(
    const struct access *a, const char *purpose, struct slice text, char ret[B64_MAC + 1])
{
    uint8_t mac[MAC];
    AUTO_BUF out = BUF_INIT(B64_MAC + 1);

    access_derive(a, purpose, text, mac);
    base64url_add(&out, mac, sizeof(mac));
    snprintf(ret, B64_MAC + 1, "%s", out.data);
}

static void fill_trip(const struct access *a, struct slice random, struct trip *ret)
{
    ret->random = random;
    derive(a, "oidc state", random, ret->state);
    derive(a, "oidc nonce", random, ret->nonce);
    derive(a, "oidc verifier", random, ret->verifier);
}

// ---- the browser's cookie: EXPIRY.RANDOM.MAC

static void set_trip_cookie(
    struct http_request *req, struct http_response *resp, const char *value, int max_age)
{
    char *cookie = arena_printf(req->arena,
        OIDC_COOKIE "=%s; Path=" OIDC_START "; Max-Age=%d; HttpOnly; SameSite=Lax%s", value,
        max_age, req->secure ? "; Secure" : "");

    if (cookie) {
        http_header_add(resp, "Set-Cookie", slice_of(cookie));
    }
}

static bool read_trip(const struct access *a, struct http_request *req, struct trip *ret)
{
    struct slice value = access_cookie(req, OIDC_COOKIE), rest = value, expiry, random;
    char mac[B64_MAC + 1];
    int64_t until = 0;

    if (value.len > COOKIE_MAX || !slice_cut(&rest, '.', &expiry) ||
        !slice_cut(&rest, '.', &random) || !slice_to_i64(expiry, &until) || rest.len != B64_MAC ||
        random.len != 2 * RANDOM) {
        return false;
    }
    derive(a, "oidc browser", slice_make(value.data, expiry.len + 1 + random.len), mac);
    if (CRYPTO_memcmp(mac, rest.data, B64_MAC) != 0 || until <= clock_wall_ms() / 1000) {
        return false;
    }
    fill_trip(a, random, ret);
    return true;
}

// ---- pages

static int page(struct http_response *resp, int status, const char *what, const char *detail,
    const char *advice)
{
    resp->status = status;
    resp->content_type = "text/html; charset=utf-8";
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    http_header_add(resp, "Referrer-Policy", SLICE_LIT("no-referrer"));
    http_header_add(resp, "Content-Security-Policy",
        SLICE_LIT("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                  "form-action 'none'; frame-ancestors 'none'"));
    buf_add_str(&resp->body,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Sign in – Larder</title>\n<link rel=\"stylesheet\" href=\"/app.css\">\n</head>\n"
        "<body>\n<main><section class=\"sheet sign-in\">\n<img src=\"/icon.svg\" alt=\"\" "
        "width=\"48\" height=\"48\">\n<h1>You are not signed in</h1>\n<p>");
    html_escape_add(&resp->body, slice_of(what));
    buf_add_str(&resp->body, "</p>\n");
    if (detail && detail[0]) {
        buf_add_str(&resp->body, "<p class=\"soft\">");
        html_escape_add(&resp->body, slice_of(detail));
        buf_add_str(&resp->body, "</p>\n");
    }
    buf_add_str(&resp->body, "<p>");
    html_escape_add(&resp->body, slice_of(advice));
    buf_add_str(&resp->body,
        "</p>\n<p><a href=\"/\">Back to the sign-in page</a></p>\n</section></main>\n</body>\n"
        "</html>\n");
    return 0;
}

#define ASK_KEEPER "Tell the person who runs this Larder."
#define TRY_AGAIN "Go back and sign in again."

// A failure of the protocol, as a page. The log has the same sentence.
static int failed(
    struct http_request *req, struct http_response *resp, int rc, const struct error *err)
{
    const char *text = arena_strdup(req->arena, err->text);

    log_warn("oidc.failed", LS("request_id", req->id), LS("what", err->text));
    audit_detail(req, text);
    if (rc == ERR_IO || rc == ERR_TIMEOUT || rc == ERR_CANCELLED || rc == ERR_MEMORY) {
        return page(resp, 503, "The sign-in service can't be reached at the moment.", NULL,
            "Try again in a minute, or sign in with an access key.");
    }
    if (rc == ERR_AUTH) {
        return page(resp, 401, "The sign-in service's answer was not accepted.", text, TRY_AGAIN);
    }
    return page(resp, 502, "The sign-in service gave an answer that makes no sense here.", text,
        ASK_KEEPER);
}

static int is_off(struct error *err)
{
    return error_set(err, ERR_NOT_FOUND, "Signing in at a provider is not set up here.");
}

// ---- out

static int oidc_start(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct access *access = api_of(req)->access;
    struct oidc_door *door = access_oidc(access);
    uint8_t raw[RANDOM];
    char hex[2 * RANDOM + 1], text[64], mac[B64_MAC + 1];
    struct trip trip;
    struct error why = { 0 };
    AUTO_BUF url = BUF_INIT(PAGE_URL_MAX);

    if (!door) {
        return is_off(err);
    }
    random_bytes(raw, sizeof(raw));
    hex_format(raw, sizeof(raw), hex);
    fill_trip(access, slice_of(hex), &trip);
    const char *redirect_uri = oidc_redirect_uri(door, req);
    if (!redirect_uri) {
        return error_set(err, ERR_MEMORY, "There is no memory for this request.");
    }
    int rc = provider_page(oidc_provider(door),
        &(struct sign_in_secrets){ trip.state, trip.nonce, trip.verifier, redirect_uri }, &url,
        &why);
    if (rc < 0) {
        return failed(req, resp, rc, &why);
    }
    snprintf(text, sizeof(text), "%lld.%s", (long long)(clock_wall_ms() / 1000 + OIDC_TRY_S), hex);
    derive(access, "oidc browser", slice_of(text), mac);
    set_trip_cookie(req, resp, arena_printf(req->arena, "%s.%s", text, mac), OIDC_TRY_S);
    resp->status = 303;
    http_header_add(resp, "Location", arena_slice(req->arena, buf_slice(&url)));
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    http_header_add(resp, "Referrer-Policy", SLICE_LIT("no-referrer"));
    return 0;
}

// ---- back

static bool state_is(const struct trip *trip, struct slice state)
{
    return state.len == B64_MAC && CRYPTO_memcmp(state.data, trip->state, B64_MAC) == 0;
}

// What the provider says when it has no code for us (Core 3.1.2.6); its own text is not shown.
static int provider_refused(struct http_request *req, struct http_response *resp, struct slice word)
{
    bool denied = slice_is(word, "access_denied");

    audit_detail(req, denied ? "the provider denied access" : "the provider answered an error");
    log_warn("oidc.refused", LS("request_id", req->id),
        LSLICE("error", slice_make(word.data, word.len < 60 ? word.len : 60)));
    return denied ? page(resp, 403, "The sign-in service did not let you in, or you stopped there.",
                        NULL, TRY_AGAIN)
                  : page(resp, 502, "The sign-in service could not do what it was asked.", NULL,
                        ASK_KEEPER);
}

static int sign_in(struct http_request *req, struct http_response *resp, json_t *claims)
{
    struct access *access = api_of(req)->access;
    struct principal p;
    struct error why = { 0 };
    char cookie[ACCESS_COOKIE_SIZE];
    int rc = oidc_principal(access_oidc(access), claims, req->arena, &p, &why);
    const char *name = p.name[0] ? p.name : p.who + 5;

    audit_who(req, arena_strdup(req->arena, p.who));
    if (rc < 0) {
        audit_detail(req, arena_printf(req->arena, "%s: %s", name, why.text));
        return page(resp, 403,
            arena_printf(req->arena,
                "You are known as %s, but this account has no access to this "
                "Larder.",
                name),
            NULL,
            "Ask the person who runs it to give your account, or a group of yours, a role. "
            "Then sign in again.");
    }
    audit_detail(req, arena_printf(req->arena, "%s as %s", name, role_word(p.role)));
    access_new_cookie(access, &p, cookie);
    access_set_cookie(req, resp, cookie, (p.expires_ms - clock_wall_ms()) / 1000);
    OPENSSL_cleanse(cookie, sizeof(cookie));
    resp->status = 303;
    http_header_add(resp, "Location", SLICE_LIT("/"));
    http_header_add(resp, "Referrer-Policy", SLICE_LIT("no-referrer"));
    return 0;
}

static int go_on(struct http_request *req, struct http_response *resp, const struct trip *trip)
{
    struct access *access = api_of(req)->access;
    struct oidc_door *door = access_oidc(access);
    struct slice code = http_query_find(req, "code"), word = http_query_find(req, "error");
    const char *redirect_uri = oidc_redirect_uri(door, req);
    struct error why = { 0 };
    json_t *claims = NULL;
    char text[64];

    if (word.len) {
        return provider_refused(req, resp, word);
    }
    if (code.len == 0 || code.len > PROVIDER_CODE_MAX || !redirect_uri) {
        error_set(&why, ERR_CORRUPT, "The sign-in service sent no code.");
        return failed(req, resp, ERR_CORRUPT, &why);
    }
    int rc = provider_redeem(oidc_provider(door),
        &(struct sign_in_secrets){ trip->state, trip->nonce, trip->verifier, redirect_uri }, code,
        http_query_find(req, "iss"), &claims, &why);
    if (rc < 0) {
        if (rc == ERR_AUTH) {
            limits_take(access_limits(access), LIMIT_SIGN_IN, limits_address(req->peer, text),
                clock_mono_us());
        }
        return failed(req, resp, rc, &why);
    }
    rc = sign_in(req, resp, claims);
    json_decref(claims);
    return rc;
}

static int oidc_back(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct access *access = api_of(req)->access;
    struct oidc_door *door = access_oidc(access);
    char text[64];
    struct slice address = limits_address(req->peer, text);
    struct trip trip;

    if (!door) {
        return is_off(err);
    }
    req->retry_after_s = limits_ask(access_limits(access), LIMIT_SIGN_IN, address, clock_mono_us());
    if (req->retry_after_s) {
        return page(resp, 429, "Too many sign-ins from your address went wrong.", NULL,
            "Wait a minute, then sign in again.");
    }
    set_trip_cookie(req, resp, "", 0); // whatever comes of it
    if (!read_trip(access, req, &trip) || !state_is(&trip, http_query_find(req, "state"))) {
        audit_detail(req, "no sign-in of this browser");
        return page(resp, 400, "This sign-in was not begun in this browser, or took too long.",
            NULL, TRY_AGAIN " Your browser must accept cookies of this site.");
    }
    if (!oidc_use_once(door, trip.random)) {
        audit_detail(req, "a sign-in that was finished before");
        return page(resp, 400, "This sign-in was used already.", NULL, TRY_AGAIN);
    }
    return go_on(req, resp, &trip);
}

// ---- what there is

static int methods(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct oidc_door *door = access_oidc(api_of(req)->access);
    struct json_out j;

    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_bool(&j, "key", true);
    if (door) {
        json_key_object(&j, "oidc");
        json_key_text(&j, "label", oidc_label(door));
        json_key_text(&j, "url", OIDC_START);
        json_end(&j);
    }
    json_end(&j);
    return json_finish(&j, err);
}

static const struct route_doc methods_doc = { .id = "signInMethods",
    .tag = "system",
    .summary = "How people can sign in here; oidc is there if a provider is set up",
    .response = "SignInMethods",
    .success = 200 };
static const struct route_doc back_doc = { .id = "oidcSignIn",
    .tag = "system",
    .summary = "Where a provider sends a browser back to: signs it in and goes on to /",
    .response_media = "text/html",
    .success = 303,
    .error_media = "text/html",
    .errors = "400 401 403 404 429 502 503" };

const struct http_route oidc_routes[] = {
    { HTTP_GET, "/v1/session/methods", methods, .open = true, .doc = &methods_doc },
    { HTTP_GET, OIDC_START, oidc_start, HTTP_LANE_LONG, .open = true },
    { HTTP_GET, OIDC_BACK, oidc_back, HTTP_LANE_LONG, .open = true, .doc = &back_doc },
    { 0 },
};
