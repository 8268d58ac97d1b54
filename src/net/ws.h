// SPDX-License-Identifier: AGPL-3.0-or-later
// A WebSocket as a client (RFC 6455): libcurl makes the connection (TLS included, certificates checked), wslay the frames.
// Bounded in time, bytes of the answer's head and bytes of a message. One thread at a time.
#ifndef LARDER_NET_WS_H
#define LARDER_NET_WS_H

#include "base/error.h"
#include "base/slice.h"
#include "net/trust.h"

#include <stdatomic.h>

enum { NET_WS_CONNECT_MS = 10000, NET_WS_HEAD_MAX = 16 * 1024, NET_WS_MESSAGE_MAX = 1 << 20 };

struct net_ws;
struct net_ws_handler {
    // A message or a pong came; true ends net_ws_run.
    bool (*text)(void *ctx, struct slice text);
    bool (*pong)(void *ctx, struct slice payload);
    void *ctx;
    const atomic_bool *cancelled; // looked at several times a second; NULL: never
};
// url: http:// or https:// with the path. bearer: NULL or "": none. trust: NULL: authorities of this machine. ERR_AUTH and
// ERR_DENIED: the server said 401 or 403; ERR_IO, ERR_TIMEOUT, ERR_INVALID (the address), ERR_CORRUPT (no WebSocket there).
int net_ws_open(const char *url, const char *bearer, const struct net_trust *trust,
    struct net_ws **ret, struct error *err);
void net_ws_close(struct net_ws *w); // NULL is fine
int net_ws_ping(struct net_ws *w, struct slice payload, struct error *err); // at most 125 bytes
// Hands over what comes until a handler says true, or until_ms (clock_mono_ms) has come. 0 in both cases; ERR_IO: it was closed;
// ERR_CANCELLED.
int net_ws_run(
    struct net_ws *w, const struct net_ws_handler *h, int64_t until_ms, struct error *err);

#endif
