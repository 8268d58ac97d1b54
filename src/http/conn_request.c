// SPDX-License-Identifier: AGPL-3.0-or-later
// The way of a request into its handler: its head is framed, understood and sent to its route; its body is framed and handed
// to memory or the spool. What comes in is what conn.c read; what goes out is written by conn_reply.c. Loop thread only.
#include "http/internal.h"

#include "base/id.h"
#include "http/stream.h"

// ---- a request's head ----

enum { CROWD_MS = 1000, CROWD_RATE_MIN = 2048, CROWD_LOOK_MS = 250 };

// While many bodies are on their way, those that come with fewer than CROWD_RATE_MIN bytes a second are told to come back, so
// that clients which only hold their place don't keep others out.
static void make_room(struct http_server *s)
{
    int64_t now = (int64_t)uv_now(&s->loop);

    if (now - s->room_ms < CROWD_LOOK_MS) {
        return;
    }
    s->room_ms = now;
    for (struct conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        int64_t ms = c->state == CONN_BODY && c->x->spool ? now - c->x->started_ms : 0;
        if (ms < CROWD_MS || c->x->came >= CROWD_RATE_MIN * ms / 1000) {
            continue;
        }
        if (c->x->route->keep_partial) {
            conn_close(c);
        } else {
            conn_fail(
                c, ERR_BUSY, "The server is busy, and this upload comes slowly. Try again later.");
        }
    }
}

static void allow(struct exchange *x, unsigned methods)
{
    AUTO_BUF text = BUF_INIT(128);

    route_allow_format(methods, &text);
    http_header_add(&x->resp, "Allow", arena_slice(&x->arena, buf_slice(&text)));
}

static void answer_allowed(struct conn *c, unsigned allowed, bool refused)
{
    struct exchange *x = c->x;

    allow(x, allowed);
    if (refused) {
        x->resp.status = 405;
        conn_fail(c, ERR_UNSUPPORTED, "This address does not take this method.");
    } else {
        x->resp.status = 204;
        reply_build(x);
        conn_reply(c);
    }
}

static int copy_params(struct exchange *x, const struct route_match *m)
{
    x->req.params =
        arena_array(&x->arena, m->param_count ? m->param_count : 1, sizeof(m->params[0]));
    if (!x->req.params) {
        return ERR_MEMORY;
    }
    x->req.param_count = m->param_count;
    memcpy(x->req.params, m->params, m->param_count * sizeof(m->params[0]));
    if (m->has_rest) {
        size_t at = 0;
        for (size_t i = 0; i < m->rest_from; i++) {
            at += x->facts.segments[i].len + 1;
        }
        x->req.params[m->param_count - 1].value = slice_from(x->req.path, at + 1);
    }
    return 0;
}

// The head ended well, but it is no request that is understood here, or there is no memory for it.
static void refuse_head(struct conn *c, struct refusal refusal)
{
    struct exchange *x = c->x;
    struct route_match match;

    if (!buf_ok(&x->head)) {
        refusal = (struct refusal){ 503, "There is no memory for this request." };
    } else if (refusal.status == 405) {
        route_find(
            c->server->routes, HTTP_OPTIONS, x->facts.segments, x->facts.segment_count, &match);
        allow(x, match.allowed);
    }
    conn_refuse(c, refusal.status, refusal.sentence);
}

static void send_to_route(struct conn *c)
{
    struct exchange *x = c->x;
    struct route_match match;

    int rc = route_find(
        c->server->routes, x->req.method, x->facts.segments, x->facts.segment_count, &match);
    if (rc == ERR_NOT_FOUND) {
        conn_fail(c, rc, "There is nothing at this address.");
    } else if (rc == ERR_UNSUPPORTED) {
        answer_allowed(c, match.allowed, x->req.method != HTTP_OPTIONS);
    } else if (copy_params(x, &match) != 0) {
        conn_fail(c, ERR_MEMORY, "There is no memory for this request.");
    } else {
        x->route = match.route;
        c->state = CONN_WORK;
        if (x->route->body == HTTP_BODY_SPOOL && server_crowded(c->server)) {
            make_room(c->server);
        }
        if (exchange_handle_here(x)) {
            conn_reply(c);
        } else if (exchange_prepare(x) != 0) {
            conn_fail(c, ERR_BUSY, "The server is busy. Try again in a moment.");
        }
    }
}

static void head_done(struct conn *c)
{
    struct exchange *x = c->x;
    struct slice head = buf_slice(&x->head);
    struct refusal refusal = { 0 };

    while (head.len && (head.data[0] == '\r' || head.data[0] == '\n')) {
        head = slice_from(head, 1);
    }
    x->started_ms = (int64_t)uv_now(&c->server->loop);
    id_new(x->req.id);
    conn_deadline(c, 0);
    count_up(&c->server->requests, 1);
    if (!buf_ok(&x->head) ||
        request_read_head(&x->req, &x->parse, head, c->strict.fields, &x->facts, &refusal) != 0) {
        refuse_head(c, refusal);
        return;
    }
    forward_apply(c->server->forward, &x->req);
    strict_body(&c->strict, x->facts.chunked, x->facts.length);
    x->body_done = !x->facts.has_body;
    if (c->passes_on && strcmp(c->peer, x->req.peer) != 0 && conn_count_for(c, x->req.peer) > 0) {
        conn_fail_crowded(c);
    } else if (x->facts.server_wide) {
        answer_allowed(c, (1u << HTTP_METHODS) - 1, false);
    } else {
        send_to_route(c);
    }
}

size_t conn_take_head(struct conn *c, const char *data, size_t len)
{
    size_t used = 0;

    if (!c->x) {
        c->x = exchange_new(c);
        conn_deadline(c, conn_header_ms(c));
    }
    enum strict_end end = strict_feed(&c->strict, data, len, &used);
    if (end == STRICT_REFUSED) {
        conn_refuse(c, c->strict.status, c->strict.sentence);
        return len;
    }
    if (!strict_is_idle(&c->strict)) {
        buf_add(&c->x->head, data, used);
    }
    if (end == STRICT_HEAD_END) {
        head_done(c);
    }
    return used;
}

// ---- a request's body ----

static void hand_over(struct conn *c)
{
    c->state = CONN_WORK;
    conn_deadline(c, 0);
    if (exchange_handle(c->x) != 0) {
        conn_fail(c, ERR_BUSY, "The server is busy. Try again in a moment.");
    }
}

// A byte now and then keeps nothing open: only BODY_RATE_MIN over a whole timeout begins the next one.
static void body_came(struct conn *c, size_t len)
{
    c->x->came += (int64_t)len;
    c->body_bytes += (int64_t)len;
    if (c->deadline_ms == 0 || c->body_bytes >= BODY_RATE_MIN * conn_body_ms(c) / 1000) {
        c->body_bytes = 0;
        conn_deadline(c, conn_body_ms(c));
    }
}

static int take_in_memory(void *data, const char *bytes, size_t len)
{
    struct exchange *x = data;

    if (x->route->body == HTTP_BODY_NONE) {
        x->ignored += (int64_t)len;
        return x->ignored > IGNORED_BODY_MAX ? ERR_TOO_LARGE : 0;
    }
    buf_add(&x->body, bytes, len);
    return buf_ok(&x->body) ? 0 : ERR_TOO_LARGE;
}

static void body_done(struct conn *c)
{
    struct exchange *x = c->x;

    x->body_done = true;
    c->state = CONN_WORK;
    conn_deadline(c, 0);
    if (x->spool) {
        spool_push(x->spool, true); // conn_body_progress follows
    } else {
        x->req.body = buf_slice(&x->body);
        hand_over(c);
    }
}

static void begin_body(struct conn *c)
{
    struct exchange *x = c->x;
    static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (x->spool && spool_over_limit(x->spool)) { // the announced length said it
        hand_over(c);
        return;
    }
    if (!x->spool) {
        int64_t most = x->route->body == HTTP_BODY_MEMORY ? x->route->body_max : IGNORED_BODY_MAX;
        if (x->facts.length > most) {
            conn_fail(
                c, ERR_TOO_LARGE, "The body of the request is larger than this address takes.");
            return;
        }
        buf_init(&x->body, most > 0 ? (size_t)most : 1);
    }
    parse_set_sink(
        &x->parse, x->spool ? spool_take : take_in_memory, x->spool ? (void *)x->spool : (void *)x);
    c->state = CONN_BODY;
    if (x->body_done) {
        body_done(c);
        return;
    }
    if (x->facts.expects_continue && c->ahead_len == 0 && !c->net.writing) {
        uv_buf_t buf = uv_buf_init(go_on, sizeof(go_on) - 1);
        if (!conn_write_out(c, &buf, 1, false) && c->state == CONN_CLOSED) {
            return;
        }
    }
    c->body_bytes = 0;
    conn_deadline(c, conn_body_ms(c));
    conn_pump(c);
}

void conn_step_done(struct conn *c)
{
    struct exchange *x = c->x;

    if (x->reply.ready) {
        conn_reply(c);
    } else if (x->opens_stream) {
        stream_start(c);
    } else if (x->body_done && x->route->body != HTTP_BODY_SPOOL) {
        hand_over(c);
    } else {
        begin_body(c);
    }
}

void conn_body_progress(struct exchange *x)
{
    struct conn *c = x->conn;
    struct error err;

    if (c->state != CONN_BODY && c->state != CONN_WORK) {
        return; // it was refused meanwhile
    }
    if (spool_stopped(x->spool)) {
        int rc = spool_result(x->spool, &err);
        if (rc != 0) {
            conn_fail(c, rc, err.text);
        } else {
            hand_over(c);
        }
    } else if (spool_complete(x->spool)) {
        hand_over(c);
    } else if (c->state == CONN_BODY) {
        c->body_bytes = 0;
        conn_deadline(c, conn_body_ms(c));
        conn_pump(c);
    }
}

size_t conn_take_body(struct conn *c, const char *data, size_t len)
{
    struct exchange *x = c->x;
    size_t room = x->spool ? spool_room(x->spool) : len;
    size_t used = 0;

    if (room == 0) {
        conn_deadline(c, 0); // it is our disk that is waited for
        return 0;
    }
    enum strict_end end = strict_feed(&c->strict, data, len < room ? len : room, &used);
    if (end == STRICT_REFUSED) {
        conn_refuse(c, c->strict.status, c->strict.sentence);
        return len;
    }
    int rc = parse_body(&x->parse, data, used, end == STRICT_MESSAGE_END);
    if (rc == ERR_TOO_LARGE) {
        conn_fail(c, rc, "The body of the request is larger than this address takes.");
        return len;
    }
    if (rc != 0) {
        conn_refuse(c, 400, "The body of the request is not well formed.");
        return len;
    }
    body_came(c, used);
    if (end == STRICT_MESSAGE_END) {
        body_done(c);
    } else if (x->spool) {
        spool_push(x->spool, false);
    }
    return used;
}
