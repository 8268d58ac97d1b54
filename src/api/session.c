// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing a browser in: by key (POST /v1/session), or by the one-time link that the server prints at its start.
#include "api/api.h"
#include "wire/json.h"

static void set_cookie(
    struct http_request *req, struct http_response *resp, const char *value, int64_t max_age)
{
    char *cookie = arena_printf(req->arena,
        ACCESS_COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict", value,
        (long long)max_age);

    if (cookie) {
        http_header_add(resp, "Set-Cookie", slice_of(cookie));
    }
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
}

static int session_create(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct access *access = api_of(req)->access;
    struct slice key = { NULL, 0 };
    char cookie[ACCESS_COOKIE_SIZE];
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? json_in_string(body, "key", JSON_REQUIRED, 512, &key, err) : ERR_INVALID;

    if (rc < 0) {
        return rc;
    }
    if (!access_key_matches(access, slice_trim(key))) {
        return error_set(err, ERR_AUTH,
            "The key is not known here. Check it, or ask who runs this Larder for one.");
    }
    access_new_cookie(access, cookie);
    set_cookie(req, resp, cookie, ACCESS_SESSION_S);
    resp->status = 204;
    return 0;
}

static int session_delete(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)err;
    set_cookie(req, resp, "", 0);
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
    if (access_use_token(access, http_query_find(req, "token"))) {
        access_new_cookie(access, cookie);
        set_cookie(req, resp, cookie, ACCESS_SESSION_S);
    }
    return 0;
}

static const struct route_doc create_doc = { .id = "createSession",
    .tag = "system",
    .summary = "Sign a browser in with a key; answers with a cookie",
    .request = "SessionRequest",
    .success = 204,
    .errors = "400 401" };
static const struct route_doc delete_doc = {
    .id = "deleteSession", .tag = "system", .summary = "Sign out", .success = 204
};

const struct http_route session_routes[] = {
    { HTTP_POST, "/v1/session", session_create, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, 4096,
        .open = true, .doc = &create_doc },
    { HTTP_DELETE, "/v1/session", session_delete, .open = true, .doc = &delete_doc },
    { HTTP_GET, "/start", session_start, .open = true },
    { 0 },
};
