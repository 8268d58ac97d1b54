// SPDX-License-Identifier: AGPL-3.0-or-later
// A connection: its life, its deadline, and the bytes that it reads. What they mean as a request is conn_request.c's, how
// the answer goes out is conn_reply.c's. Loop thread only. The way of one request:
//
//   HEAD --head complete--> WORK (authorise) --> BODY --> WORK (handle) --> REPLY --> HEAD, or LINGER, or closed
//                                \--no body: handled at once-------------/
//                                \--stream route--> STREAM
//
// With TLS, SECURE comes before the first HEAD.
// Reading goes on in every state, so that a client that leaves is noticed, but what comes before its time is kept in `ahead`
// and reading stops until that is used up: at most READ_HEAD_MAX + READ_AHEAD_MAX bytes wait. In BODY it stops while the
// spool has no room. One deadline serves all timeouts: header (from the first byte), body and write progress, idle.
#include "http/internal.h"

#include "base/id.h"
#include "base/log.h"
#include "http/stream.h"
#include "http/tls.h"

#include <stdlib.h>

enum {
    CROWD_TOLD_MS = 60 * 1000, // between log lines about addresses with too many connections
    BODY_IDLE_S = 30, // where the options say nothing
    IDLE_S = 75,
    HEADER_S = 10,
};

// ---- life ----

static void forget(char *data, size_t len) // there may be a key in it
{
    if (data) {
        explicit_bzero(data, len);
    }
    free(data);
}

void conn_drop_ahead(struct conn *c)
{
    forget(TAKE(c->ahead), c->ahead_len);
    c->ahead_len = 0;
}

void conn_handle_closed(struct conn *c)
{
    if (--c->handles == 0) {
        tls_free(c->net.tls);
        conn_drop_ahead(c);
        free(c);
    }
}

static void on_closed(uv_handle_t *handle)
{
    conn_handle_closed(handle->data);
}

void conn_close(struct conn *c)
{
    struct exchange *x = c->x;

    if (c->state == CONN_CLOSED) {
        return;
    }
    if (c->stream) {
        stream_closed(c);
    }
    pipe_close(c);
    if (c->net.tls) {
        tls_goodbye(c);
    }
    c->state = CONN_CLOSED;
    c->net.closing = true;
    addresses_leave(c->server->addresses, TAKE(c->address));
    c->x = NULL;
    uv_close((uv_handle_t *)&c->timer, on_closed);
    uv_close((uv_handle_t *)&c->net.tcp, on_closed);
    server_conn_gone(c->server, c);
    if (x) {
        x->conn = NULL;
        if (x->in_pool) {
            return; // its done() frees it
        }
        if (x->spool) {
            spool_abandon(x);
        } else {
            exchange_free(x);
        }
    }
}

static void on_timer(uv_timer_t *timer);

void conn_deadline(struct conn *c, int64_t after_ms)
{
    int64_t now = (int64_t)uv_now(&c->server->loop);

    c->deadline_ms = after_ms ? now + after_ms : 0;
    if (after_ms && c->state != CONN_CLOSED &&
        (!uv_is_active((uv_handle_t *)&c->timer) ||
            (int64_t)uv_timer_get_due_in(&c->timer) > after_ms)) {
        uv_timer_start(&c->timer, on_timer, (uint64_t)after_ms, 0);
    }
}

static int64_t seconds(int given, int usual)
{
    return (int64_t)(given > 0 ? given : usual) * 1000;
}

int64_t conn_body_ms(const struct conn *c)
{
    return seconds(c->server->o.body_idle_timeout_s, BODY_IDLE_S);
}

int64_t conn_idle_ms(const struct conn *c)
{
    return seconds(c->server->o.idle_timeout_s, IDLE_S);
}

int64_t conn_header_ms(const struct conn *c)
{
    return seconds(c->server->o.header_timeout_s, HEADER_S);
}

int conn_count_for(struct conn *c, const char *peer)
{
    struct http_server *s = c->server;
    int64_t now = (int64_t)uv_now(&s->loop);
    int count = 0;

    if (s->o.connections_per_address <= 0) {
        return 0;
    }
    c->address = addresses_enter(s->addresses, slice_of(peer), &count);
    if (count <= s->o.connections_per_address) {
        return 0;
    }
    count_up(&s->refused_address, 1);
    if (s->crowd_told_ms == 0 || now - s->crowd_told_ms >= CROWD_TOLD_MS) {
        s->crowd_told_ms = now;
        log_warn("http.address_crowded", LS("address", peer), LI("connections", count),
            LI("most", s->o.connections_per_address));
    }
    return count;
}

// A new connection of an address that has too many. The first ones are told why; more of them, and those that would need a
// handshake of TLS first, are closed at once.
static void turn_away(struct conn *c, int crowd)
{
    if (c->net.tls || crowd > c->server->o.connections_per_address + ADDRESS_TOLD) {
        conn_close(c);
        return;
    }
    c->state = CONN_HEAD;
    c->x = exchange_new(c);
    id_new(c->x->req.id);
    c->x->parse.minor = 1;
    conn_fail_crowded(c);
}

void conn_accept(struct http_server *s)
{
    struct conn *c = xalloc(sizeof(*c));

    c->server = s;
    BUG_ON(uv_timer_init(&s->loop, &c->timer) != 0);
    c->timer.data = c;
    c->handles++;
    strict_init(&c->strict);
    c->next = s->conns;
    if (s->conns) {
        s->conns->prev = c;
    }
    s->conns = c;
    s->conn_count++;
    count_up(&s->connections, 1);
    count_up(&s->connections_total, 1);
    int rc = net_accept(c, (uv_stream_t *)&s->listener);
    if (rc != 0 || s->stopping || s->conn_count > s->o.max_connections) {
        count_up(&s->refused_busy, 1);
        conn_close(c);
        return;
    }
    c->passes_on = forward_trusts(s->forward, slice_of(c->peer));
    int crowd = c->passes_on ? 0 : conn_count_for(c, c->peer);
    if (crowd > 0) {
        turn_away(c, crowd);
        return;
    }
    c->state = c->net.tls ? CONN_SECURE : CONN_HEAD;
    conn_deadline(
        c, c->net.tls ? seconds(s->o.header_timeout_s, TLS_HANDSHAKE_S) : conn_idle_ms(c));
    net_read(c, true);
}

void conn_secured(struct conn *c)
{
    c->state = CONN_HEAD;
    if (c->server->stopping) {
        conn_close(c);
    } else {
        conn_deadline(c, conn_idle_ms(c));
    }
}

void conn_stop(struct conn *c)
{
    if (c->state == CONN_STREAM) {
        stream_stop(c);
    } else if (c->state == CONN_SECURE || (c->state == CONN_HEAD && !c->x)) {
        conn_close(c);
    } // others close after their answer: reply_build asks whether the server is stopping
}

// ---- bytes ----

// Uses up what the state allows; returns how many bytes.
static size_t feed(struct conn *c, const char *data, size_t len)
{
    size_t at = 0, used = 1;

    c->feeding = true;
    while (at < len && used > 0) {
        used = c->state == CONN_HEAD   ? conn_take_head(c, data + at, len - at)
               : c->state == CONN_BODY ? conn_take_body(c, data + at, len - at)
                                       : 0;
        at += used;
    }
    c->feeding = false;
    return at;
}

static void keep_ahead(struct conn *c, const char *data, size_t len)
{
    if (len == 0) {
        return;
    }
    char *all = realloc(c->ahead, c->ahead_len + len);
    if (!all) {
        conn_close(c);
        return;
    }
    memcpy(all + c->ahead_len, data, len);
    c->ahead = all;
    c->ahead_len += len;
}

// Goes on with what was read ahead, then with reading.
void conn_pump(struct conn *c)
{
    if (c->ahead_len > 0 && (c->state == CONN_HEAD || c->state == CONN_BODY)) {
        char *data = c->ahead;
        size_t len = c->ahead_len;
        c->ahead = NULL;
        c->ahead_len = 0;
        size_t used = feed(c, data, len);
        if (c->state != CONN_CLOSED && c->state != CONN_LINGER) {
            keep_ahead(c, data + used, len - used);
        }
        forget(data, len);
    }
    if (c->state != CONN_CLOSED && c->ahead_len == 0) {
        net_read(c, true);
    }
}

static void client_ended(struct conn *c)
{
    c->eof = true;
    if (c->state == CONN_SECURE || c->state == CONN_STREAM || c->state == CONN_LINGER ||
        c->state == CONN_BODY || (c->state == CONN_HEAD && c->ahead_len == 0) || c->pipe_open) {
        conn_close(c);
    }
}

void conn_read(struct conn *c, const char *data, size_t len)
{
    if (c->state == CONN_CLOSED) {
        return;
    }
    if (len == 0) {
        client_ended(c);
    } else if (c->state == CONN_STREAM) {
        stream_read(c, data, len);
    } else if (c->state == CONN_LINGER) {
        c->linger_bytes += (int64_t)len;
        if (c->linger_bytes > LINGER_BYTES_MAX) {
            conn_close(c);
        }
    } else {
        size_t used = c->ahead_len == 0 ? feed(c, data, len) : 0;
        if (c->state == CONN_STREAM && used < len) {
            stream_read(c, data + used, len - used);
        } else if (c->state != CONN_CLOSED && c->state != CONN_LINGER) {
            keep_ahead(c, data + used, len - used);
            if (c->ahead_len > 0) {
                net_read(c, false);
            }
        }
    }
}

// ---- time ----

static void timed_out(struct conn *c)
{
    struct exchange *x = c->x;

    switch (c->state) {
    case CONN_SECURE:
        count_up(&c->server->tls_refused, 1);
        conn_close(c);
        break;
    case CONN_HEAD:
        if (!x) {
            conn_close(c);
        } else {
            conn_refuse(c, 408, "The request's headers did not come in time.");
        }
        break;
    case CONN_BODY:
        if (x->route->keep_partial) {
            conn_close(c);
        } else {
            conn_refuse(c, 408, "The request's body stopped coming.");
        }
        break;
    case CONN_REPLY: {
        size_t left = net_unread(c), least = (size_t)(BODY_RATE_MIN * conn_body_ms(c) / 1000);
        if (c->net.writing && (left >= c->write_left || c->write_left - left < least)) {
            conn_close(c);
        } else {
            c->write_left = left;
            conn_deadline(c, conn_body_ms(c));
        }
        break;
    }
    case CONN_LINGER:
        conn_close(c);
        break;
    case CONN_STREAM:
        stream_timer(c);
        break;
    case CONN_WORK:
    case CONN_CLOSED:
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    int64_t now = (int64_t)uv_now(&c->server->loop);

    if (c->deadline_ms == 0) {
        return;
    }
    if (now < c->deadline_ms) {
        uv_timer_start(timer, on_timer, (uint64_t)(c->deadline_ms - now), 0);
    } else {
        c->deadline_ms = 0;
        timed_out(c);
    }
}

void conn_cancel(struct http_server *s, const char *id)
{
    for (struct conn *c = s->conns; c; c = c->next) {
        if (c->state == CONN_BODY && c->x && strcmp(c->x->req.id, id) == 0) {
            conn_close(c);
            return;
        }
    }
}
