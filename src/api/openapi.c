// SPDX-License-Identifier: AGPL-3.0-or-later
// The OpenAPI 3.1 document, made from the route tables: what is not in a table is not served, and what is served is here.
#include "api/openapi.h"
#include "api/api.h"
#include "wire/json.h"

static const char *const method_words[HTTP_METHODS] = { "get", "head", "post", "put", "patch",
    "delete", "options" };
static const struct schema_doc session_schemas[] = {
    { "SignInMethods",
        "{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{\"key\":{\"type\":\"boolean\"}"
        ","
        "\"oidc\":{\"type\":\"object\",\"required\":[\"label\",\"url\"],\"properties\":{\"label\":{"
        "\"type\":\"string\"},\"url\":{\"type\":\"string\"}}}}}" },
    { "SessionRequest",
        "{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{\"key\":{\"type\":"
        "\"string\"}}}" },
    { "Session", "{\"type\":\"object\",\"required\":[\"who\",\"role\",\"rights\",\"partitions\"],"
                 "\"properties\":{\"who\":{\"type\":\"string\"},\"role\":{\"type\":\"string\"},"
                 "\"rights\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"partitions\":{"
                 "\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}" },
    { NULL, NULL },
};

static const struct schema_doc *const schema_lists[] = { documents_schemas, search_schemas,
    ask_schemas, mcp_schemas, openai_schemas, events_schemas, system_schemas, metrics_schemas,
    alerts_schemas, verify_schemas, keys_schemas, audit_schemas, session_schemas, NULL };

static void add_ref(struct json_out *j, const char *schema)
{
    char ref[96];

    snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema);
    json_key_object(j, "schema");
    json_key_text(j, "$ref", ref);
    json_end(j);
}

static void add_parameters(struct json_out *j, const struct param_doc *params)
{
    json_key_array(j, "parameters");
    for (const struct param_doc *p = params; p && p->name; p++) {
        json_begin_object(j);
        json_key_text(j, "name", p->name);
        json_key_text(j, "in", p->in);
        json_key_text(j, "description", p->meaning);
        if (strcmp(p->in, "path") == 0) {
            json_key_bool(j, "required", true);
        }
        json_key_object(j, "schema");
        json_key_text(j, "type", p->type);
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

static void add_upload(struct json_out *j, const char *media_types)
{
    struct slice rest = slice_of(media_types), one;

    json_key_object(j, "requestBody");
    json_key_bool(j, "required", true);
    json_key_object(j, "content");
    while (slice_cut(&rest, ' ', &one)) {
        json_key_slice(j, one);
        json_begin_object(j);
        json_key_object(j, "schema");
        if (slice_starts(one, "multipart/")) {
            json_key_raw(j, "type", SLICE_LIT("\"object\""));
            json_key_raw(j, "required", SLICE_LIT("[\"file\"]"));
            json_key_raw(j, "properties",
                SLICE_LIT("{\"file\":{\"type\":\"string\",\"contentMediaType\":\"application/"
                          "octet-stream\"},\"name\":{\"type\":"
                          "\"string\"},\"partition\":{\"type\":\"string\"},\"mode\":{\"type\":"
                          "\"string\"},\"metadata\":{"
                          "\"type\":\"string\"},\"external_id\":{\"type\":\"string\"}}"));
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void add_request(struct json_out *j, const struct route_doc *d)
{
    if (d->upload) {
        add_upload(j, d->upload);
    } else if (d->request) {
        json_key_object(j, "requestBody");
        json_key_bool(j, "required", true);
        json_key_object(j, "content");
        json_key_object(j, "application/json");
        add_ref(j, d->request);
        json_end(j);
        json_end(j);
        json_end(j);
    }
}

// One schema for JSON; what else there is has none.
static void add_media(struct json_out *j, const char *media_types, const char *schema)
{
    struct slice rest = slice_of(media_types), one;

    json_key_object(j, "content");
    while (slice_cut(&rest, ' ', &one)) {
        json_key_slice(j, one);
        json_begin_object(j);
        if (schema && !slice_starts(one, "text/")) {
            add_ref(j, schema);
        }
        json_end(j);
    }
    json_end(j);
}

static bool has_status(const char *list, int status)
{
    struct slice rest = slice_of(list), one;
    int64_t number = 0;

    while (list && slice_cut(&rest, ' ', &one)) {
        if (slice_to_i64(one, &number) && number == status) {
            return true;
        }
    }
    return false;
}

static void add_error(struct json_out *j, const struct route_doc *d, int status)
{
    char code[8];

    snprintf(code, sizeof(code), "%d", status);
    json_key_object(j, code);
    json_key_text(j, "description", "A problem document says what is wrong and what to do");
    json_key_object(j, "content");
    json_key_object(j, "application/problem+json");
    add_ref(j, "Problem");
    json_end(j);
    if (d->error_media) {
        json_key_object(j, d->error_media);
        json_end(j);
    }
    if (d->error) { // the handler's own; what is refused before it is a problem document
        json_key_object(j, "application/json");
        add_ref(j, d->error);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void add_responses(struct json_out *j, const struct route_doc *d, bool open)
{
    char code[8];

    json_key_object(j, "responses");
    snprintf(code, sizeof(code), "%d", d->success);
    json_key_object(j, code);
    json_key_text(j, "description",
        d->success == 204   ? "Done"
        : d->success == 201 ? "Taken in"
                            : "The answer");
    if (d->success != 204) {
        add_media(j, d->response_media ? d->response_media : "application/json", d->response);
    }
    json_end(j);
    if (d->taken) {
        json_key_object(j, "202");
        json_key_text(j, "description", d->taken);
        json_end(j);
    }
    if (d->upload) {
        json_key_object(j, "200");
        json_key_text(j, "description", "The same content is here already");
        json_key_object(j, "content");
        json_key_object(j, "application/json");
        add_ref(j, d->response);
        json_end(j);
        json_end(j);
        json_end(j);
    }
    for (int status = 400; status < 600; status++) {
        if (status == 400 || has_status(d->errors, status) ||
            (!open && has_status("429 503", status)) ||
            ((d->request || d->upload) && has_status("408 413", status))) {
            add_error(j, d, status);
        }
    }
    json_end(j);
}

static void add_operation(struct json_out *j, const struct http_route *route)
{
    const struct route_doc *d = route->doc;

    json_key_object(j, method_words[route->method]);
    json_key_text(j, "operationId", d->id);
    json_key_text(j, "summary", d->summary);
    json_key_array(j, "tags");
    json_text(j, d->tag);
    json_end(j);
    if (d->params) {
        add_parameters(j, d->params);
    }
    add_request(j, d);
    add_responses(j, d, route->open);
    if (route->open) {
        json_key_raw(j, "security", SLICE_LIT("[]"));
    } else {
        json_key_text(j, "x-right", right_word((enum right)route->right));
    }
    json_end(j);
}

static bool is_documented(const struct http_route *route)
{
    return route->doc != NULL;
}

// All methods of a path stand together: the first route with the path gathers those of every list.
static bool is_first_of_path(size_t list, const struct http_route *route)
{
    for (size_t l = 0; l <= list; l++) {
        for (const struct http_route *r = api_routes[l]; r->path && r != route; r++) {
            if (is_documented(r) && strcmp(r->path, route->path) == 0) {
                return false;
            }
        }
    }
    return true;
}

static void add_path(struct json_out *j, const char *path)
{
    json_key_object(j, path);
    for (size_t l = 0; api_routes[l]; l++) {
        for (const struct http_route *r = api_routes[l]; r->path; r++) {
            if (is_documented(r) && strcmp(r->path, path) == 0) {
                add_operation(j, r);
            }
        }
    }
    json_end(j);
}

static void add_schemas(struct json_out *j)
{
    json_key_object(j, "schemas");
    for (size_t l = 0; schema_lists[l]; l++) {
        for (const struct schema_doc *s = schema_lists[l]; s->name; s++) {
            json_key_raw(j, s->name, slice_of(s->json));
        }
    }
    json_end(j);
}

void openapi_add(struct buf *out)
{
    struct json_out j;

    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "openapi", "3.1.0");
    json_key_object(&j, "info");
    json_key_text(&j, "title", "Larder");
    json_key_text(&j, "version", LARDER_VERSION);
    json_key_text(&j, "description", "Documents in, answers with their places out.");
    json_key_raw(&j, "license",
        SLICE_LIT("{\"name\":\"AGPL-3.0-or-later\",\"identifier\":\"AGPL-3.0-or-later\"}"));
    json_end(&j);
    json_key_raw(&j, "security", SLICE_LIT("[{\"key\":[]},{\"session\":[]}]"));
    json_key_object(&j, "paths");
    for (size_t l = 0; api_routes[l]; l++) {
        for (const struct http_route *r = api_routes[l]; r->path; r++) {
            if (is_documented(r) && is_first_of_path(l, r)) {
                add_path(&j, r->path);
            }
        }
    }
    json_end(&j);
    json_key_object(&j, "components");
    add_schemas(&j);
    json_key_raw(&j, "securitySchemes",
        SLICE_LIT("{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"session\":{\"type\":"
                  "\"apiKey\",\"in\":\"cookie\","
                  "\"name\":\"" ACCESS_COOKIE "\"}}"));
    json_end(&j);
    json_end(&j);
    BUG_ON(json_finish(&j, NULL) < 0);
}

static int openapi_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    openapi_add(&resp->body);
    return 0;
}

static const struct route_doc openapi_doc = {
    .id = "openapi", .tag = "system", .summary = "This document", .success = 200
};

const struct http_route openapi_routes[] = {
    { HTTP_GET, "/v1/openapi.json", openapi_get, .open = true, .doc = &openapi_doc },
    { 0 },
};

const struct http_route *const api_routes[] = { documents_routes, pictures_routes, search_routes,
    ask_routes, mcp_routes, openai_routes, events_routes, system_routes, metrics_routes,
    alerts_routes, verify_routes, keys_routes, audit_routes, session_routes, oidc_routes,
    openapi_routes, app_routes, NULL };
