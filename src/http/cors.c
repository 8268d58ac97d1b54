// SPDX-License-Identifier: AGPL-3.0-or-later
// Which other pages may read our answers (the Fetch standard's CORS): those of a list of origins, and never with cookies,
// so that such a page needs a key of its own. Pure; any thread.
#include "http/internal.h"

bool cors_allows(const struct http_server *s, struct slice origin)
{
    struct slice rest = slice_of(s->cors_origins), one;

    while (origin.len > 0 && slice_cut(&rest, ' ', &one)) {
        if (slice_equal(one, origin)) {
            return true;
        }
    }
    return false;
}

void cors_add(const struct exchange *x, struct buf *head)
{
    struct slice origin = http_header_find(&x->req, "origin");

    if (x->server->cors_origins[0] == '\0') {
        return;
    }
    buf_add_str(head, "Vary: Origin\r\n");
    if (!cors_allows(x->server, origin)) {
        return;
    }
    buf_addf(head, "Access-Control-Allow-Origin: " SLICE_FMT "\r\n", SLICE_ARG(origin));
    if (x->req.method == HTTP_OPTIONS) {
        buf_add_str(head,
            "Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE\r\n"
            "Access-Control-Allow-Headers: Authorization, Content-Type, Last-Event-ID, Range, "
            "X-Larder-Client\r\nAccess-Control-Max-Age: 600\r\n");
    } else {
        buf_add_str(head,
            "Access-Control-Expose-Headers: Content-Disposition, ETag, Location, Retry-After, "
            "X-Request-Id\r\n");
    }
}
