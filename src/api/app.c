// SPDX-License-Identifier: AGPL-3.0-or-later
// The web app: files bundled into the binary. A path that is no file and belongs to no API is the app's own address, so it
// gets the page.
#include "api/api.h"
#include "api/web_files.h"

#define PAGE "index.html"

// By the ending of its name; NULL: the web app has no such files.
static const char *media_type(struct slice name)
{
    static const struct {
        const char *ending, *media_type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".svg", "image/svg+xml" },
    };

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (slice_ends(name, types[i].ending)) {
            return types[i].media_type;
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
    struct slice name = slice_from(req->path, 1); // without its slash
    const struct embedded_file *file = embedded_find(web_files, web_files_count, name);

    if (!file && (belongs_to_api(req->path) || memchr(req->path.data, '.', req->path.len))) {
        return error_set(err, ERR_NOT_FOUND, "There is nothing at this address.");
    }
    file = file ? file : embedded_find(web_files, web_files_count, SLICE_LIT(PAGE));
    if (!file) {
        return error_set(
            err, ERR_NOT_FOUND, "This build has no web app; use the API or the command line.");
    }
    resp->content_type = media_type(slice_of(file->name));
    resp->etag = file->etag;
    buf_add(&resp->body, file->data, file->len);
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
