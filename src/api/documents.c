// SPDX-License-Identifier: AGPL-3.0-or-later
// /v1/documents: upload, list, one document, its elements and chunks, the original, and what a person can do with it.
#include "api/api.h"
#include "base/clock.h"
#include "ingest/mode.h"
#include "wire/json.h"
#include "wire/problem.h"

enum {
    LIST_LIMIT = 50,
    LIST_LIMIT_MAX = 500,
    ELEMENTS_LIMIT = 200,
    ELEMENTS_LIMIT_MAX = 1000,
    METADATA_MAX = 64 * 1024
};

static int load(struct http_request *req, struct document *ret, struct error *err)
{
    struct slice id = http_param(req, "id");

    if (!id_valid(id)) {
        return error_set(err, ERR_NOT_FOUND, "There is no document with this id.");
    }
    int rc = store_document_load(api_of(req)->store, id, req->arena, ret, err);
    if (rc == 0 && !principal_sees(principal_of(req), slice_of(ret->partition))) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no such document."); // as if it were not there
    }
    return rc;
}

static int answer_document(
    struct http_request *req, struct http_response *resp, bool duplicate, struct error *err)
{
    struct document d;
    int rc = load(req, &d, err);

    return rc < 0 ? rc : document_json(api_of(req), &d, true, duplicate, &resp->body, err);
}

// ---- upload

static int64_t upload_cap(struct http_request *req, struct slice file_name, struct slice media_type)
{
    struct slice name = http_query_find(req, "name");

    return ingest_cap(api_of(req)->ingest, name.len ? name : file_name, media_type);
}

// A form field of a multipart upload, or the query parameter of a raw one.
static struct slice upload_field(const struct http_request *req, const char *name)
{
    struct slice value =
        req->spool->is_multipart ? http_field_find(req, name) : slice_make(NULL, 0);

    return value.data ? value : http_query_find(req, name);
}

// mode comes bare (hi_res), quoted ("hi_res"), or as an object, which is kept as it is.
static struct slice mode_bare(struct slice mode)
{
    mode = slice_trim(mode);
    if (mode.len >= 2 && mode.data[0] == '"' && mode.data[mode.len - 1] == '"') {
        mode = slice_make(mode.data + 1, mode.len - 2);
    }
    return mode;
}

static int refuse(struct http_request *req, struct http_response *resp, const struct document *d,
    struct error *err)
{
    AUTO_BUF extra = BUF_INIT(1024 * 1024);
    struct json_out j;

    json_begin(&j, &extra);
    json_begin_object(&j);
    json_key_text(&j, "reason", d->reason);
    json_key_text(&j, "verdict", d->verdict);
    json_key_text(&j, "name", d->name);
    json_key_raw(&j, "findings", slice_of(d->findings));
    json_end(&j);
    int rc = json_finish(&j, err);
    if (rc < 0) {
        return rc;
    }
    resp->status = 422;
    resp->content_type = PROBLEM_MEDIA_TYPE;
    problem_format(&resp->body, ERR_REFUSED, 422,
        "The file was not taken in; findings say why and what to do next.", req->id,
        slice_make(extra.data + 1, extra.len - 2));
    return 0;
}

// The announced length was looked at before the body came; now the true one is known.
static int check_quota(
    struct http_request *req, const struct principal *p, int64_t bytes, struct error *err)
{
    req->retry_after_s = limits_quota_ask(
        access_limits(api_of(req)->access), slice_of(p->who), p->quota, bytes, clock_wall_ms());
    return req->retry_after_s
               ? error_set(err, ERR_LIMIT, "What this key may upload in a day is used up.")
               : 0;
}

static int documents_create(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct http_spool *spool = req->spool;
    struct slice name = upload_field(req, "name");
    struct receive_result result;
    struct api *api = api_of(req);
    const struct principal *p = principal_of(req);

    if (spool->is_multipart && !spool->has_file) {
        return error_set(err, ERR_INVALID,
            "The form has no file: send the document as the part named \"file\".");
    }
    struct receive_input in = { .name = name.len ? name : spool->file_name,
        .media_type = spool->media_type,
        .partition = upload_field(req, "partition"),
        .mode = mode_bare(upload_field(req, "mode")),
        .metadata = upload_field(req, "metadata"),
        .external_id = upload_field(req, "external_id"),
        .path = spool->path,
        .size = spool->size,
        .over_limit = spool->over_limit };
    memcpy(in.sha256, spool->sha256, sizeof(in.sha256));
    if (!in.name.len) {
        return error_set(err, ERR_INVALID,
            "The document needs a name: send it as ?name= or in the form's file part.");
    }
    int rc = principal_partition(p, &in.partition, err);
    rc = rc < 0 ? rc : check_quota(req, p, spool->size, err);
    if (rc < 0) {
        return rc;
    }
    audit_quota(req, spool->size);
    rc = ingest_receive(api->ingest, &in, req->arena, &result, err);
    if (rc < 0) {
        return rc;
    }
    if (!result.refused && !result.duplicate) {
        limits_quota_take(
            access_limits(api->access), slice_of(p->who), 1, spool->size, clock_wall_ms());
    }
    spool->taken = result.taken;
    if (result.refused) {
        return refuse(req, resp, &result.document, err);
    }
    resp->status = result.duplicate ? 200 : 201;
    char *location = arena_printf(req->arena, "/v1/documents/%s", result.document.id);
    if (location) {
        http_header_add(resp, "Location", slice_of(location));
    }
    return document_json(api, &result.document, true, result.duplicate, &resp->body, err);
}

// ---- list and one

static int documents_list(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct api *api = api_of(req);
    struct document_filter filter = { .partition = http_query_find(req, "partition"),
        .type = http_query_find(req, "type"),
        .category = http_query_find(req, "category"),
        .status = http_query_find(req, "status"),
        .name_like = http_query_find(req, "q"),
        .external_id = http_query_find(req, "external_id") };
    struct slice order = http_query_find(req, "order");
    struct document *documents = NULL;
    const char *next = NULL;
    size_t count = 0;
    int64_t limit = 0, total = 0;
    struct json_out j;

    int rc = api_query_int(req, "limit", LIST_LIMIT, 1, LIST_LIMIT_MAX, &limit, err);
    if (rc < 0) {
        return rc;
    }
    if (filter.status.len && document_status_from_word(filter.status) < 0) {
        return error_set(err, ERR_INVALID,
            "status is not one of the words that documents have, such as ready or failed.");
    }
    const struct principal *p = principal_of(req);
    if (filter.partition.len && !principal_sees(p, filter.partition)) {
        return error_set(err, ERR_DENIED, "Your key does not open this partition.");
    }
    filter.partitions = p->partitions;
    filter.partition_count = p->partition_count;
    filter.order = order.len ? arena_strndup(req->arena, order.data, order.len) : NULL;
    rc = store_document_list(api->store, &filter, http_query_find(req, "after"), (int)limit,
        req->arena, &documents, &count, &next, &total, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "documents");
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF one = BUF_INIT(4 * 1024 * 1024);
        bool working = documents[i].status < DOCUMENT_READY;
        rc = document_json(api, &documents[i], working, false, &one, err);
        if (rc < 0) {
            return rc;
        }
        json_raw(&j, buf_slice(&one));
    }
    json_end(&j);
    json_key_text(&j, "next", next);
    json_key_int(&j, "total", total);
    json_end(&j);
    return json_finish(&j, err);
}

static int documents_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    return answer_document(req, resp, false, err);
}

static int documents_delete(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    int rc = load(req, &d, err);

    if (rc == 0) {
        rc = store_document_delete(api_of(req)->store, slice_of(d.id), err);
    }
    resp->status = 204;
    return rc;
}

static int documents_metadata(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    const json_t *metadata = NULL;
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? json_in_object(body, "metadata", JSON_REQUIRED, &metadata, err) : ERR_INVALID;

    if (rc == 0) {
        rc = load(req, &d, err);
    }
    if (rc < 0) {
        return rc;
    }
    AUTO_JSON *merged = json_loads(d.metadata, 0, NULL);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)metadata, key, value)
    {
        if (json_is_null(value)) {
            json_object_del(merged, key);
        } else {
            json_object_set(merged, key, value);
        }
    }
    AUTO_FREE char *text = merged ? json_dumps(merged, JSON_COMPACT) : NULL;
    if (!text || strlen(text) > METADATA_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The metadata of a document can have at most 64 KiB.");
    }
    rc = store_document_set_metadata(api_of(req)->store, slice_of(d.id), text, err);
    return rc < 0 ? rc : answer_document(req, resp, false, err);
}

// ---- what a person can do with it

static int documents_release(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    int rc = load(req, &d, err);

    if (rc == 0) {
        rc = store_document_release(api_of(req)->store, slice_of(d.id), err);
    }
    if (rc < 0) {
        return rc;
    }
    ingest_wake(api_of(req)->ingest);
    return answer_document(req, resp, false, err);
}

static int documents_reread(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    struct slice mode = mode_bare(http_query_find(req, "mode"));
    AUTO_BUF kept = BUF_INIT(4 * MODE_TEXT_MAX);
    int rc = load(req, &d, err);

    rc = rc < 0 || !mode.len ? rc : mode_check(mode, &kept, err);
    if (rc == 0) {
        char *copy = kept.len ? arena_strndup(req->arena, kept.data, kept.len) : NULL;
        rc = store_document_reread(api_of(req)->store, slice_of(d.id), copy, err);
    }
    if (rc < 0) {
        return rc;
    }
    ingest_wake(api_of(req)->ingest);
    return answer_document(req, resp, false, err);
}

static int documents_cancel(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    int rc = load(req, &d, err);

    if (rc == 0) {
        rc = store_job_cancel(api_of(req)->store, slice_of(d.id), err);
    }
    return rc < 0 ? rc : answer_document(req, resp, false, err);
}

// ---- content

// ?limit= and ?after= of a list inside one document, and the document.
static int load_page(struct http_request *req, int64_t *ret_limit, int64_t *ret_after,
    struct document *ret, struct error *err)
{
    int rc = api_query_int(req, "limit", ELEMENTS_LIMIT, 1, ELEMENTS_LIMIT_MAX, ret_limit, err);

    rc = rc < 0 ? rc : api_query_int(req, "after", -1, -1, INT64_MAX, ret_after, err);
    return rc < 0 ? rc : load(req, ret, err);
}

// Ends the array and the page: next is the index to go on after, or null when this was the last page.
static int end_page(struct json_out *j, bool full, int64_t last_index, struct error *err)
{
    json_end(j);
    if (full) {
        json_key_int(j, "next", last_index);
    } else {
        json_key_null(j, "next");
    }
    json_end(j);
    return json_finish(j, err);
}

static int documents_elements(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct element_row *rows = NULL;
    struct document d;
    size_t count = 0;
    int64_t limit = 0, after = 0;
    struct json_out j;
    int rc = load_page(req, &limit, &after, &d, err);

    if (rc == 0) {
        rc = store_element_list(
            api_of(req)->store, slice_of(d.id), after, (int)limit, req->arena, &rows, &count, err);
    }
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "elements");
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF one = BUF_INIT(16 * 1024 * 1024);
        element_add_json(&one, &rows[i].element);
        json_raw(&j, buf_slice(&one));
    }
    bool full = count == (size_t)limit;
    return end_page(&j, full, full ? rows[count - 1].element.index : 0, err);
}

static void add_chunk(struct json_out *j, const struct chunk *chunk)
{
    AUTO_BUF place = BUF_INIT(64 * 1024);

    place_add_json(&place, &chunk->place);
    json_begin_object(j);
    json_key_int(j, "id", chunk->id);
    json_key_int(j, "index", chunk->index);
    json_key_array(j, "elements");
    json_int(j, chunk->first_element);
    json_int(j, chunk->last_element);
    json_end(j);
    json_key_string(j, "heading", chunk->heading);
    json_key_string(j, "text", chunk->text);
    json_key_raw(j, "place", buf_slice(&place));
    json_key_raw(j, "places", slice_of(chunk->places));
    json_end(j);
}

static int documents_chunks(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct chunk *chunks = NULL;
    struct document d;
    size_t count = 0;
    int64_t limit = 0, after = 0;
    struct json_out j;
    int rc = load_page(req, &limit, &after, &d, err);

    if (rc == 0) {
        rc = store_chunk_list(api_of(req)->store, slice_of(d.id), after, (int)limit, req->arena,
            &chunks, &count, err);
    }
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "chunks");
    for (size_t i = 0; i < count; i++) {
        add_chunk(&j, &chunks[i]);
    }
    bool full = count == (size_t)limit;
    return end_page(&j, full, full ? chunks[count - 1].index : 0, err);
}

// RFC 6266: a plain name for old clients, the real one percent-encoded as UTF-8.
static char *disposition(struct arena *a, const char *name)
{
    AUTO_BUF out = BUF_INIT(8192);

    buf_add_str(&out, "attachment; filename=\"");
    for (const char *c = name; *c; c++) {
        bool plain = *c >= ' ' && *c < 0x7F && *c != '"' && *c != '\\' && *c != '%';
        buf_add_char(&out, plain ? *c : '_');
    }
    buf_add_str(&out, "\"; filename*=UTF-8''");
    buf_add_percent(&out, name);
    return arena_strndup(a, out.data, out.len);
}

static int documents_original(
    struct http_request *req, struct http_response *resp, struct error *err)
{
    struct document d;
    int64_t size = 0;
    int rc = load(req, &d, err);

    if (rc < 0) {
        return rc;
    }
    if (d.status == DOCUMENT_QUARANTINED) {
        return error_set(err, ERR_CONFLICT,
            "The document is in quarantine; it can be released or deleted, not downloaded.");
    }
    int fd = store_blob_open(api_of(req)->store, d.blob, &size, err);
    if (fd < 0) {
        return fd;
    }
    char *name = disposition(req->arena, d.name);
    resp->file_fd = fd;
    resp->file_size = size;
    resp->content_type = d.media_type;
    resp->etag = arena_printf(req->arena, "\"%s\"", d.blob);
    if (name) {
        http_header_add(resp, "Content-Disposition", slice_of(name));
    }
    http_header_add(resp, "Content-Security-Policy", SLICE_LIT("default-src 'none'; sandbox"));
    return 0;
}

// ---- the routes

static const struct param_doc id_params[] = { { "id", "path", "string", "the document's id" },
    { NULL } };
static const struct param_doc create_params[] = {
    { "name", "query", "string",
        "the file's name, for a raw body; a form's file part brings its own" },
    { "partition", "query", "string", "where it belongs; default if left out" },
    { "mode", "query", "string",
        "fast, hi_res, all, or an object {static, audio, video} as JSON; the type's own default if "
        "left out" },
    { "metadata", "query", "string", "a JSON object of your own values, to filter by" },
    { "external_id", "query", "string", "your own id for it" }, { NULL }
};
static const struct param_doc list_params[] = { { "limit", "query", "integer",
                                                    "1 to 500, default 50" },
    { "after", "query", "string", "next of the page before" },
    { "partition", "query", "string", "only of this partition" },
    { "type", "query", "string", "only of this type, such as pdf" },
    { "category", "query", "string", "only of this category" },
    { "status", "query", "string", "only with this status" },
    { "q", "query", "string", "only with this in the name" },
    { "external_id", "query", "string", "only with this id of yours" },
    { "order", "query", "string", "-created_at (default), created_at or name" }, { NULL } };
static const struct param_doc page_params[] = { { "id", "path", "string", "the document's id" },
    { "limit", "query", "integer", "1 to 1000, default 200" },
    { "after", "query", "integer", "next of the page before" }, { NULL } };
static const struct param_doc reread_params[] = { { "id", "path", "string", "the document's id" },
    { "mode", "query", "string", "as for an upload; the document's own if left out" }, { NULL } };

#define DOC(name) static const struct route_doc name
DOC(create_doc) = { .id = "createDocument",
    .tag = "documents",
    .summary = "Upload a document",
    .params = create_params,
    .upload = "multipart/form-data application/octet-stream",
    .response = "Document",
    .success = 201,
    .errors = "400 401 403 413 422 429 503 507" };
DOC(list_doc) = { .id = "listDocuments",
    .tag = "documents",
    .summary = "List documents, newest first",
    .params = list_params,
    .response = "DocumentList",
    .success = 200,
    .errors = "400 401 403" };
DOC(get_doc) = { .id = "getDocument",
    .tag = "documents",
    .summary = "One document with its progress and findings",
    .params = id_params,
    .response = "Document",
    .success = 200,
    .errors = "401 403 404" };
DOC(delete_doc) = { .id = "deleteDocument",
    .tag = "documents",
    .summary = "Remove a document and all that was derived",
    .params = id_params,
    .success = 204,
    .errors = "401 403 404" };
DOC(metadata_doc) = { .id = "patchMetadata",
    .tag = "documents",
    .summary = "Change metadata; null removes a value",
    .params = id_params,
    .request = "MetadataPatch",
    .response = "Document",
    .success = 200,
    .errors = "400 401 403 404 413" };
DOC(release_doc) = { .id = "releaseDocument",
    .tag = "documents",
    .summary = "Let a quarantined document be read",
    .params = id_params,
    .response = "Document",
    .success = 200,
    .errors = "401 403 404 409" };
DOC(reread_doc) = { .id = "rereadDocument",
    .tag = "documents",
    .summary = "Read a document again; the old reading stays until the new one is ready",
    .params = reread_params,
    .response = "Document",
    .success = 200,
    .errors = "400 401 403 404 409" };
DOC(cancel_doc) = { .id = "cancelDocument",
    .tag = "documents",
    .summary = "Stop reading a document",
    .params = id_params,
    .response = "Document",
    .success = 200,
    .errors = "401 403 404 409" };
DOC(elements_doc) = { .id = "listElements",
    .tag = "documents",
    .summary = "What was read, in reading order",
    .params = page_params,
    .response = "ElementList",
    .success = 200,
    .errors = "400 401 403 404" };
DOC(chunks_doc) = { .id = "listChunks",
    .tag = "documents",
    .summary = "The passages that search works on",
    .params = page_params,
    .response = "ChunkList",
    .success = 200,
    .errors = "400 401 403 404" };
DOC(original_doc) = { .id = "getOriginal",
    .tag = "documents",
    .summary = "The bytes as they were uploaded",
    .params = id_params,
    .response_media = "*/*",
    .success = 200,
    .errors = "401 403 404 409" };

enum { JSON_BODY_MAX = 1024 * 1024 };
static const int64_t upload_max = (int64_t)4 << 30;

const struct http_route documents_routes[] = {
    { HTTP_POST, "/v1/documents", documents_create, HTTP_LANE_HEAVY, HTTP_BODY_SPOOL, upload_max,
        upload_cap, .right = RIGHT_WRITE, .doc = &create_doc },
    { HTTP_GET, "/v1/documents", documents_list, .right = RIGHT_READ, .doc = &list_doc },
    { HTTP_GET, "/v1/documents/{id}", documents_get, .right = RIGHT_READ, .doc = &get_doc },
    { HTTP_DELETE, "/v1/documents/{id}", documents_delete, .right = RIGHT_MANAGE,
        .doc = &delete_doc },
    { HTTP_PATCH, "/v1/documents/{id}/metadata", documents_metadata, HTTP_LANE_QUICK,
        HTTP_BODY_MEMORY, JSON_BODY_MAX, .right = RIGHT_WRITE, .doc = &metadata_doc },
    { HTTP_POST, "/v1/documents/{id}/release", documents_release, .right = RIGHT_MANAGE,
        .doc = &release_doc },
    { HTTP_POST, "/v1/documents/{id}/reread", documents_reread, .right = RIGHT_WRITE,
        .doc = &reread_doc },
    { HTTP_POST, "/v1/documents/{id}/cancel", documents_cancel, .right = RIGHT_WRITE,
        .doc = &cancel_doc },
    { HTTP_GET, "/v1/documents/{id}/elements", documents_elements, .right = RIGHT_READ,
        .doc = &elements_doc },
    { HTTP_GET, "/v1/documents/{id}/chunks", documents_chunks, .right = RIGHT_READ,
        .doc = &chunks_doc },
    { HTTP_GET, "/v1/documents/{id}/original", documents_original, .right = RIGHT_READ,
        .doc = &original_doc },
    { 0 },
};

const struct schema_doc documents_schemas[] = {
    { "Place", "{\"type\":[\"object\",\"null\"],\"description\":\"Where it stands: {page, box} | "
               "{slide} | {sheet, range} | {rows, "
               "cols} | {lines} | {part, section} | {time} | {box}\"}" },
    { "Finding", "{\"type\":\"object\",\"required\":[\"code\",\"layer\",\"severity\",\"message\","
                 "\"advice\"],\"properties\":{"
                 "\"code\":{\"type\":\"string\"},\"layer\":{\"type\":\"integer\"},\"severity\":{"
                 "\"enum\":[\"info\",\"warning\","
                 "\"quarantine\",\"reject\"]},\"message\":{\"type\":\"string\"},\"place\":{\"$"
                 "ref\":\"#/components/schemas/Place\"},"
                 "\"advice\":{\"type\":\"string\"}}}" },
    { "Document", "{\"type\":\"object\",\"required\":[\"id\",\"name\",\"type\",\"category\","
                  "\"status\",\"verdict\",\"findings\"],"
                  "\"properties\":{\"id\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},"
                  "\"type\":{\"type\":\"string\"},"
                  "\"category\":{\"type\":\"string\"},\"media_type\":{\"type\":\"string\"},"
                  "\"status\":{\"enum\":[\"pending\","
                  "\"partitioning\",\"partitioned\",\"refined\",\"chunked\",\"indexed\",\"summary_"
                  "indexed\",\"keyword_indexed\","
                  "\"ready\",\"failed\",\"quarantined\"]},\"verdict\":{\"enum\":[\"accepted\","
                  "\"accepted_with_warnings\","
                  "\"quarantined\",\"rejected\"]},\"reason\":{\"type\":\"string\"},\"findings\":{"
                  "\"type\":\"array\",\"items\":{"
                  "\"$ref\":\"#/components/schemas/"
                  "Finding\"}},\"partition\":{\"type\":\"string\"},\"size\":{\"type\":\"integer\"},"
                  "\"sha256\":{\"type\":\"string\"},\"created_at\":{\"type\":\"string\",\"format\":"
                  "\"date-time\"},\"updated_at\":{"
                  "\"type\":\"string\",\"format\":\"date-time\"},\"metadata\":{\"type\":\"object\"}"
                  ",\"errors\":{\"type\":\"array\","
                  "\"items\":{\"type\":\"string\"}},\"media\":{\"type\":\"object\"},\"duplicate\":{"
                  "\"type\":\"boolean\"},\"progress\":{"
                  "\"type\":\"object\",\"properties\":{\"unit\":{\"type\":\"string\"},\"done\":{"
                  "\"type\":\"integer\"},\"total\":{"
                  "\"type\":\"integer\"},\"queue_position\":{\"type\":\"integer\"},\"seconds_"
                  "left\":{\"type\":[\"number\",\"null\"]}}},"
                  "\"links\":{\"type\":\"object\"}}}" },
    { "DocumentList", "{\"type\":\"object\",\"required\":[\"documents\",\"next\",\"total\"],"
                      "\"properties\":{\"documents\":{\"type\":"
                      "\"array\",\"items\":{\"$ref\":\"#/components/schemas/"
                      "Document\"}},\"next\":{\"type\":[\"string\",\"null\"]},"
                      "\"total\":{\"type\":\"integer\"}}}" },
    { "MetadataPatch", "{\"type\":\"object\",\"required\":[\"metadata\"],\"properties\":{"
                       "\"metadata\":{\"type\":\"object\"}}}" },
    { "ElementList", "{\"type\":\"object\",\"required\":[\"elements\",\"next\"],\"properties\":{"
                     "\"elements\":{\"type\":\"array\",\"items\":{"
                     "\"type\":\"object\",\"required\":[\"index\",\"kind\",\"text\",\"place\"],"
                     "\"properties\":{\"index\":{\"type\":"
                     "\"integer\"},\"kind\":{\"type\":\"string\"},\"text\":{\"type\":\"string\"},"
                     "\"markdown\":{\"type\":\"string\"},"
                     "\"place\":{\"$ref\":\"#/components/schemas/"
                     "Place\"},\"level\":{\"type\":\"integer\"}}}},\"next\":{\"type\":["
                     "\"integer\",\"null\"]}}}" },
    { "ChunkList", "{\"type\":\"object\",\"required\":[\"chunks\",\"next\"],\"properties\":{"
                   "\"chunks\":{\"type\":\"array\",\"items\":{"
                   "\"type\":\"object\"}},\"next\":{\"type\":[\"integer\",\"null\"]}}}" },
    { NULL, NULL },
};
