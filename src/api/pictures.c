// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of a document: pages rendered when first asked for, and figures that reading found.
#include "api/api.h"

enum {
    WIDTH_DEFAULT = 1000,
    WIDTH_MIN = 100,
    WIDTH_MAX = 2400,
    WIDTH_STEP = 100,
    PAGE_MAX = 100000
};

static int answer_blob(struct http_request *req, struct http_response *resp, const char *hash,
    const char *media_type, struct error *err)
{
    int64_t size = 0;
    int fd = store_blob_open(api_of(req)->store, hash, &size, err);

    if (fd < 0) {
        return fd;
    }
    resp->file_fd = fd;
    resp->file_size = size;
    resp->content_type = media_type;
    resp->etag = arena_printf(req->arena, "\"%s\"", hash);
    http_header_add(resp, "Cache-Control", SLICE_LIT("private, max-age=86400"));
    http_header_add(resp, "Content-Security-Policy", SLICE_LIT("default-src 'none'; sandbox"));
    return 0;
}

// A document of another partition is as if it were not there.
static int check_partition(struct http_request *req, struct error *err)
{
    const struct principal *p = principal_of(req);
    struct document d;
    int rc = p->partition_count ? store_document_load(api_of(req)->store, http_param(req, "id"),
                                      req->arena, &d, err)
                                : 0;

    if (rc == 0 && p->partition_count && !principal_sees(p, slice_of(d.partition))) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no such document.");
    }
    return rc;
}

static int page_image(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct slice page = http_param(req, "page");
    char hash[BLOB_HASH_SIZE];
    int64_t width = 0, number = 0;
    int rc = api_query_int(req, "width", WIDTH_DEFAULT, WIDTH_MIN, WIDTH_MAX, &width, err);

    if (rc < 0) {
        return rc;
    }
    if (!slice_to_i64(page, &number) || number < 1 || number > PAGE_MAX ||
        !id_valid(http_param(req, "id"))) {
        return error_set(err, ERR_NOT_FOUND, "The document has no such page.");
    }
    rc = check_partition(req, err);
    if (rc < 0) {
        return rc;
    }
    width = (width + WIDTH_STEP - 1) / WIDTH_STEP * WIDTH_STEP; // few different sizes are kept
    rc = ingest_page_image(
        api_of(req)->ingest, http_param(req, "id"), (int32_t)number, (int32_t)width, hash, err);
    return rc < 0 ? rc : answer_blob(req, resp, hash, "image/png", err);
}

static int figure_image(struct http_request *req, struct http_response *resp, struct error *err)
{
    char hash[BLOB_HASH_SIZE], media_type[64];
    int rc = check_partition(req, err);

    rc = rc < 0 ? rc
                : store_media_find(api_of(req)->store, http_param(req, "id"),
                      http_param(req, "name"), hash, media_type, err);

    if (rc < 0) {
        return rc;
    }
    char *type = arena_strdup(req->arena, media_type);
    return answer_blob(req, resp, hash, type ? type : "application/octet-stream", err);
}

static const struct param_doc page_params[] = { { "id", "path", "string", "the document's id" },
    { "page", "path", "integer", "page number, from 1" },
    { "width", "query", "integer", "pixels, 100 to 2400, default 1000" }, { NULL } };
static const struct param_doc figure_params[] = { { "id", "path", "string", "the document's id" },
    { "name", "path", "string", "the picture's name, from an element's image" }, { NULL } };
static const struct route_doc page_doc = { .id = "getPageImage",
    .tag = "documents",
    .summary = "A page as a picture",
    .params = page_params,
    .response_media = "image/png",
    .success = 200,
    .errors = "400 401 403 404 415 503" };
static const struct route_doc figure_doc = { .id = "getFigure",
    .tag = "documents",
    .summary = "A figure of the document",
    .params = figure_params,
    .response_media = "image/*",
    .success = 200,
    .errors = "401 403 404" };

const struct http_route pictures_routes[] = {
    { HTTP_GET, "/v1/documents/{id}/pages/{page}", page_image, HTTP_LANE_HEAVY, .right = RIGHT_READ,
        .doc = &page_doc },
    { HTTP_GET, "/v1/documents/{id}/images/{name}", figure_image, .right = RIGHT_READ,
        .doc = &figure_doc },
    { 0 },
};
