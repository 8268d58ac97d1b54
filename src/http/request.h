// SPDX-License-Identifier: AGPL-3.0-or-later
// From the bytes of a head to a request: headers, framing, path, query. Pure; the arena is the only memory.
#ifndef LARDER_HTTP_REQUEST_H
#define LARDER_HTTP_REQUEST_H

#include "http/http.h"
#include "http/parse.h"

enum { QUERY_MAX = 64 }; // pairs in a query

// What the head says beside the request itself.
struct head_facts {
    bool keep_alive;
    bool chunked;
    int64_t length; // announced; 0 when chunked or without a body
    bool has_body; // chunked, or length > 0
    bool expects_continue;
    bool wants_websocket;
    bool wants_sse;
    bool server_wide; // OPTIONS *
    struct slice *segments; // of the path, decoded, none empty
    size_t segment_count;
};

struct refusal {
    int status;
    const char *sentence;
};

// Reads head into req (method, target, path, headers, query; all in req->arena or lending from head). 0, or -1 with the
// refusal: 400 for anything malformed or doubtful, 405 (only the facts' segments are set), 417, 501, 505.
int request_read_head(struct http_request *req, struct parse *parse, struct slice head,
    size_t fields, struct head_facts *ret_facts, struct refusal *ret_refusal);

bool header_has_token(struct slice list, const char *token); // a comma list, without case

#endif
