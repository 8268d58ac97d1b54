// SPDX-License-Identifier: AGPL-3.0-or-later
// The web app: files bundled into the binary. A path that is no file and belongs to no API is the app's own address, so it
// gets the page.
#include "api/api.h"
#include "api/web_assets.h"

static const struct web_asset *asset_find(struct slice path)
{
    for (size_t i = 0; i < web_asset_count; i++) {
        if (slice_is(path, web_assets[i].path)) {
            return &web_assets[i];
        }
    }
    return NULL;
}

static bool belongs_to_api(struct slice path)
{
    static const char *const heads[] = { "/v1/", "/ragie/", "/mcp", "/assets/" };

    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        if (slice_starts(path, heads[i])) {
            return true;
        }
    }
    return false;
}

static int app_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    const struct web_asset *asset = asset_find(req->path);
    bool page = !asset;

    if (page && (belongs_to_api(req->path) || memchr(req->path.data, '.', req->path.len))) {
        return error_set(err, ERR_NOT_FOUND, "There is nothing at this address.");
    }
    asset = asset ? asset : asset_find(SLICE_LIT("/index.html"));
    if (!asset) {
        return error_set(
            err, ERR_NOT_FOUND, "This build has no web app; use the API or the command line.");
    }
    resp->content_type = asset->media_type;
    resp->etag = asset->etag;
    buf_add(&resp->body, asset->data, asset->len);
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-cache"));
    http_header_add(resp, "Content-Security-Policy",
        SLICE_LIT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
                  "media-src 'self'; "
                  "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                  "form-action 'self'; "
                  "frame-ancestors 'none'"));
    return 0;
}

const struct http_route app_routes[] = {
    { HTTP_GET, "/{path...}", app_get, .open = true },
    { 0 },
};
