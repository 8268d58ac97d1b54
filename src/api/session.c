// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing a browser in: by key (POST /v1/session), or by the one-time link that the server prints at its start.
#include "api/api.h"
#include "base/clock.h"
#include "wire/json.h"

#include <openssl/crypto.h>

static int session_create(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct access *access = api_of(req)->access;
    struct slice key = { NULL, 0 };
    char cookie[ACCESS_COOKIE_SIZE], text[64];
    struct slice address = limits_address(req->peer, text);
    struct principal p;
    bool guessable = false;
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? json_in_string(body, "key", JSON_REQUIRED, 512, &key, err) : ERR_INVALID;

    if (rc < 0) {
        return rc;
    }
    req->retry_after_s = limits_ask(access_limits(access), LIMIT_SIGN_IN, address, clock_mono_us());
    if (req->retry_after_s) {
        return error_set(err, ERR_LIMIT, "Too many keys were wrong. Try again in %d seconds.",
            req->retry_after_s);
    }
    if (!access_key_holder(access, slice_trim(key), req->arena, &p, &guessable)) {
        limits_take(access_limits(access), LIMIT_SIGN_IN, address, clock_mono_us());
        return error_set(err, ERR_AUTH,
            "The key is not known here. Check it, or ask who runs this Larder for one.");
    }
    audit_who(req, arena_strdup(req->arena, p.who));
    access_new_cookie(access, &p, cookie);
    access_set_cookie(req, resp, cookie, ACCESS_SESSION_S);
    OPENSSL_cleanse(cookie, sizeof(cookie));
    resp->status = 204;
    return 0;
}

static int session_delete(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)err;
    access_set_cookie(req, resp, "", 0);
    resp->status = 204;
    return 0;
}

static int session_start(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct access *access = api_of(req)->access;
    char cookie[ACCESS_COOKIE_SIZE];

    (void)err;
    resp->status = 303;
    http_header_add(resp, "Location", SLICE_LIT("/"));
    http_header_add(resp, "Referrer-Policy", SLICE_LIT("no-referrer"));
    audit_detail(req, "The link does not count any more.");
    if (access_use_token(access, http_query_find(req, "token"))) {
        audit_who(req, "admin");
        audit_detail(req, NULL);
        struct principal p;
        access_admin(access, &p);
        access_new_cookie(access, &p, cookie);
        access_set_cookie(req, resp, cookie, ACCESS_SESSION_S);
        OPENSSL_cleanse(cookie, sizeof(cookie));
    }
    return 0;
}

static int session_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    const struct principal *p = principal_of(req);
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_text(&j, "who", p->who);
    json_key_text(&j, "name", p->name);
    json_key_text(&j, "role", role_word(p->role));
    json_key_array(&j, "rights");
    for (int r = RIGHT_READ; r < RIGHTS; r++) {
        if (principal_may(p, (enum right)r)) {
            json_text(&j, right_word((enum right)r));
        }
    }
    json_end(&j);
    json_key_array(&j, "partitions");
    for (size_t i = 0; i < p->partition_count; i++) {
        json_slice(&j, p->partitions[i]);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static const struct route_doc create_doc = { .id = "createSession",
    .tag = "system",
    .summary = "Sign a browser in with a key; answers with a cookie",
    .request = "SessionRequest",
    .success = 204,
    .errors = "400 401 415 429" };
static const struct route_doc get_doc = { .id = "getSession",
    .tag = "system",
    .summary = "Who you are here, and what you may do",
    .response = "Session",
    .success = 200,
    .errors = "401" };
static const struct route_doc delete_doc = {
    .id = "deleteSession", .tag = "system", .summary = "Sign out", .success = 204
};

const struct http_route session_routes[] = {
    { HTTP_POST, "/v1/session", session_create, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, 4096,
        .open = true, .doc = &create_doc },
    { HTTP_GET, "/v1/session", session_get, .right = RIGHT_ANY, .doc = &get_doc },
    { HTTP_DELETE, "/v1/session", session_delete, .open = true, .doc = &delete_doc },
    { HTTP_GET, "/start", session_start, .open = true },
    { 0 },
};
