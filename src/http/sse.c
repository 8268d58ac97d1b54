// SPDX-License-Identifier: AGPL-3.0-or-later
// Event streams (WHATWG HTML, server-sent events): the answer's head. The events themselves are formatted once for all
// receivers in hub.c, heartbeats in stream.c.
#include "http/stream.h"

void stream_common_headers(const struct exchange *x, struct buf *out)
{
    char date[32];

    date_format(date);
    buf_addf(out, "Date: %s\r\nX-Request-Id: %s\r\n", date, x->req.id);
    for (size_t i = 0; i < x->resp.extra_count; i++) {
        buf_add_slice(out, x->resp.extra[i].name);
        buf_add_str(out, ": ");
        buf_add_slice(out, x->resp.extra[i].value);
        buf_add_str(out, "\r\n");
    }
}

void sse_handshake(const struct exchange *x, struct buf *out)
{
    buf_add_str(
        out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n");
    stream_common_headers(x, out);
    buf_add_str(out, "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: "
                     "no-referrer\r\n"
                     "Cross-Origin-Resource-Policy: same-origin\r\n"
                     "Content-Security-Policy: default-src 'none'; frame-ancestors "
                     "'none'\r\nConnection: close\r\n\r\n"
                     "retry: 2000\n\n");
}
