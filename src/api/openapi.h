// SPDX-License-Identifier: AGPL-3.0-or-later
// What a route says of itself, from which the OpenAPI 3.1 document is made (GET /v1/openapi.json). http_route.doc points here.
#ifndef LARDER_API_OPENAPI_H
#define LARDER_API_OPENAPI_H

#include "base/buf.h"

struct param_doc {
    const char *name;
    const char *in; // query, path, header
    const char *type; // string, integer, boolean
    const char *meaning; // NULL name ends the list
};

struct route_doc {
    const char *id; // operationId
    const char *tag; // documents, search, events, system
    const char *summary;
    const struct param_doc *params;
    const char *request; // name of a schema for a JSON body, or NULL
    const char *upload; // media types of an upload, space-separated, or NULL
    const char *response; // name of a schema, or NULL
    const char *response_media; // space-separated; NULL: application/json
    int success; // 200, 201, 204
    const char *taken; // what 202, which has no body, means; NULL: it is not answered
    const char
        *errors; // further statuses, space-separated: "404 422"; 400, 429 and 503 go without saying
    const char *error_media; // what errors may be beside problem documents, without a schema
    const char
        *error; // name of a schema: the shape of errors where it is not only a problem document
};

// A named schema as JSON; a resource's file lists its own.
struct schema_doc {
    const char *name;
    const char *json;
};
extern const struct schema_doc documents_schemas[];
extern const struct schema_doc search_schemas[];
extern const struct schema_doc ask_schemas[];
extern const struct schema_doc mcp_schemas[];
extern const struct schema_doc openai_schemas[];
extern const struct schema_doc keys_schemas[];
extern const struct schema_doc audit_schemas[];
extern const struct schema_doc events_schemas[];
extern const struct schema_doc system_schemas[];
extern const struct schema_doc metrics_schemas[];
extern const struct schema_doc alerts_schemas[];
extern const struct schema_doc verify_schemas[];

void openapi_add(struct buf *out); // the whole document

#endif
