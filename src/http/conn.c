// SPDX-License-Identifier: AGPL-3.0-or-later
// A connection: bytes in, requests in order, answers out. Loop thread only. The way of one request:
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

enum { CROWD_TOLD_MS = 60 * 1000 }; // between log lines about addresses with too many connections

// ---- life ----

static void drop_ahead(char *data, size_t len) // there may be a key in it
{
    if (data) {
        explicit_bzero(data, len);
    }
    free(data);
}

void conn_handle_closed(struct conn *c)
{
    if (--c->handles == 0) {
        tls_free(c->net.tls);
        drop_ahead(c->ahead, c->ahead_len);
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

static int64_t body_ms(const struct conn *c)
{
    return seconds(c->server->o.body_idle_timeout_s, 30);
}

// A byte now and then keeps nothing open: only BODY_RATE_MIN over a whole timeout begins the next one.
static void body_came(struct conn *c, size_t len)
{
    c->x->came += (int64_t)len;
    c->body_bytes += (int64_t)len;
    if (c->deadline_ms == 0 || c->body_bytes >= BODY_RATE_MIN * body_ms(c) / 1000) {
        c->body_bytes = 0;
        conn_deadline(c, body_ms(c));
    }
}

// How many connections its address has with this one, which counts from now on. 0: it is not counted.
static int count_for(struct conn *c, const char *peer)
{
    int count = 0;

    if (c->server->o.connections_per_address > 0) {
        c->address = addresses_enter(c->server->addresses, slice_of(peer), &count);
    }
    return count;
}

static bool is_crowded(struct conn *c, const char *peer, int count)
{
    struct http_server *s = c->server;
    int64_t now = (int64_t)uv_now(&s->loop);

    if (s->o.connections_per_address <= 0 || count <= s->o.connections_per_address) {
        return false;
    }
    count_up(&s->refused_address, 1);
    if (s->crowd_told_ms == 0 || now - s->crowd_told_ms >= CROWD_TOLD_MS) {
        s->crowd_told_ms = now;
        log_warn("http.address_crowded", LS("address", peer), LI("connections", count),
            LI("most", s->o.connections_per_address));
    }
    return true;
}

static const char too_many[] =
    "There are too many connections from this address. Close some, or try again later.";

static void fail(struct conn *c, int code, const char *sentence);

// A new connection of an address that has too many. The first ones are told why; more of them, and those that would need a
// handshake of TLS first, are closed at once.
static void turn_away(struct conn *c, int count)
{
    if (c->net.tls || count > c->server->o.connections_per_address + ADDRESS_TOLD) {
        conn_close(c);
        return;
    }
    c->state = CONN_HEAD;
    c->x = exchange_new(c);
    id_new(c->x->req.id);
    c->x->parse.minor = 1;
    fail(c, ERR_LIMIT, too_many);
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
    int count = c->passes_on ? 0 : count_for(c, c->peer);
    if (is_crowded(c, c->peer, count)) {
        turn_away(c, count);
        return;
    }
    c->state = c->net.tls ? CONN_SECURE : CONN_HEAD;
    conn_deadline(c, c->net.tls ? seconds(s->o.header_timeout_s, TLS_HANDSHAKE_S)
                                : seconds(s->o.idle_timeout_s, 75));
    net_read(c, true);
}

void conn_secured(struct conn *c)
{
    c->state = CONN_HEAD;
    if (c->server->stopping) {
        conn_close(c);
    } else {
        conn_deadline(c, seconds(c->server->o.idle_timeout_s, 75));
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

// ---- replies ----

static void linger_or_close(struct conn *c)
{
    bool all_read = (!c->x || c->x->body_done) && c->ahead_len == 0;

    if (c->eof || (all_read && c->state != CONN_HEAD)) {
        conn_close(c);
        return;
    }
    if (c->x) {
        struct exchange *x = c->x;
        c->x = NULL;
        x->conn = NULL;
        if (x->spool) {
            spool_abandon(x);
        } else if (!x->in_pool) {
            exchange_free(x);
        }
    }
    drop_ahead(c->ahead, c->ahead_len);
    c->ahead = NULL;
    c->ahead_len = 0;
    c->state = CONN_LINGER;
    net_finish(c);
    net_read(c, true);
    conn_deadline(c, LINGER_MS);
}

static void conn_pump(struct conn *c);

void conn_next_request(struct conn *c)
{
    struct exchange *x = c->x;

    if (x->reply.close || c->server->stopping) {
        linger_or_close(c);
        return;
    }
    c->x = NULL;
    exchange_free(x);
    if (c->passes_on) {
        addresses_leave(c->server->addresses, TAKE(c->address));
    }
    c->state = CONN_HEAD;
    conn_deadline(c, seconds(c->server->o.idle_timeout_s, 75));
    if (c->feeding) {
        return; // feed goes on with the bytes it has: no recursion, however many requests are pipelined
    }
    conn_pump(c);
    if (c->state == CONN_HEAD && c->eof) {
        conn_close(c);
    }
}

static void file_run(struct http_job *job)
{
    reply_read_file((struct exchange *)(void *)job);
}

static void write_next(struct conn *c);

static void file_done(struct http_job *job)
{
    struct exchange *x = (struct exchange *)(void *)job;

    x->in_pool = false;
    if (!x->conn) {
        exchange_free(x);
    } else {
        write_next(x->conn);
    }
}

bool conn_write_out(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first)
{
    int rc = net_send(c, bufs, count, try_first);

    if (rc < 0) {
        conn_close(c);
    }
    return rc > 0;
}

static void write_next(struct conn *c)
{
    struct exchange *x = c->x;
    struct reply *r = &x->reply;
    uv_buf_t bufs[2];
    unsigned count = 0;

    if (r->head.len) {
        bufs[count++] = uv_buf_init(r->head.data, (unsigned)r->head.len);
    }
    if (r->chunk_failed && !r->head.len) {
        conn_close(c); // the file is shorter than it was: only a broken connection can say so
        return;
    }
    if (r->chunk_len) {
        bufs[count++] = uv_buf_init(r->chunk, (unsigned)r->chunk_len);
    } else if (r->body.len) {
        size_t n = r->body.len < WRITE_SLICE ? r->body.len : WRITE_SLICE;
        bufs[count++] = uv_buf_init((char *)(uintptr_t)r->body.data, (unsigned)n);
        r->body = slice_from(r->body, n);
    }
    if (count > 0) {
        bool first = r->head.len > 0;
        r->head.len = 0;
        r->chunk_len = 0;
        if (!conn_write_out(c, bufs, count, first)) {
            return;
        }
        if (r->file_left == 0 && r->body.len == 0) {
            if (!pipe_goes_on(c)) {
                conn_next_request(c);
            }
            return;
        }
        if (r->body.len) { // small answers are done by now; large ones go on when this much is out
            bufs[0] = uv_buf_init((char *)(uintptr_t)r->body.data,
                (unsigned)(r->body.len < WRITE_SLICE ? r->body.len : WRITE_SLICE));
            r->body = slice_from(r->body, bufs[0].len);
            conn_write_out(c, bufs, 1, false);
            return;
        }
    }
    if (r->file_left > 0) {
        x->job = (struct http_job){ .run = file_run, .done = file_done };
        x->in_pool = true;
        if (server_submit(c->server, c->server->io, &x->job) != 0) {
            x->in_pool = false;
            conn_close(c);
        }
        return;
    }
    if (!pipe_goes_on(c)) {
        conn_next_request(c);
    }
}

void conn_reply(struct conn *c)
{
    c->state = CONN_REPLY;
    conn_deadline(c, body_ms(c));
    if (!c->net.writing) { // else "100 Continue" is still going out
        write_next(c);
    }
}

void conn_written(struct conn *c, bool ok)
{
    if (c->state == CONN_CLOSED) {
        return;
    }
    if (!ok) {
        conn_close(c);
    } else if (c->state == CONN_STREAM) {
        stream_written(c);
    } else if (c->state == CONN_REPLY) {
        conn_deadline(c, body_ms(c));
        write_next(c);
    }
}

static void fail(struct conn *c, int code, const char *sentence)
{
    exchange_fail(c->x, code, sentence);
    conn_reply(c);
}

static void refuse(struct conn *c, int status, const char *sentence)
{
    exchange_refuse(c->x, status, sentence);
    conn_reply(c);
}

void conn_not_secured(struct conn *c)
{
    c->x = exchange_new(c);
    refuse(c, 400, "This address speaks TLS only. Use https:// in its place.");
}

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
            fail(c, ERR_BUSY, "The server is busy, and this upload comes slowly. Try again later.");
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
        fail(c, ERR_UNSUPPORTED, "This address does not take this method.");
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

static void head_done(struct conn *c)
{
    struct exchange *x = c->x;
    struct slice head = buf_slice(&x->head);
    struct refusal refusal;
    struct route_match match;

    while (head.len && (head.data[0] == '\r' || head.data[0] == '\n')) {
        head = slice_from(head, 1);
    }
    x->started_ms = (int64_t)uv_now(&c->server->loop);
    id_new(x->req.id);
    conn_deadline(c, 0);
    count_up(&c->server->requests, 1);
    size_t fields = c->strict.fields;
    if (!buf_ok(&x->head) ||
        request_read_head(&x->req, &x->parse, head, fields, &x->facts, &refusal) != 0) {
        if (!buf_ok(&x->head)) {
            refusal = (struct refusal){ 503, "There is no memory for this request." };
        } else if (refusal.status == 405) {
            route_find(
                c->server->routes, HTTP_OPTIONS, x->facts.segments, x->facts.segment_count, &match);
            allow(x, match.allowed);
        }
        refuse(c, refusal.status, refusal.sentence);
        return;
    }
    forward_apply(c->server->forward, &x->req);
    strict_body(&c->strict, x->facts.chunked, x->facts.length);
    x->body_done = !x->facts.has_body;
    if (c->passes_on && strcmp(c->peer, x->req.peer) != 0 &&
        is_crowded(c, x->req.peer, count_for(c, x->req.peer))) {
        fail(c, ERR_LIMIT, too_many);
        return;
    }
    if (x->facts.server_wide) {
        answer_allowed(c, (1u << HTTP_METHODS) - 1, false);
        return;
    }
    int rc = route_find(
        c->server->routes, x->req.method, x->facts.segments, x->facts.segment_count, &match);
    if (rc == ERR_NOT_FOUND) {
        fail(c, rc, "There is nothing at this address.");
    } else if (rc == ERR_UNSUPPORTED) {
        answer_allowed(c, match.allowed, x->req.method != HTTP_OPTIONS);
    } else if (copy_params(x, &match) != 0) {
        fail(c, ERR_MEMORY, "There is no memory for this request.");
    } else {
        x->route = match.route;
        c->state = CONN_WORK;
        if (x->route->body == HTTP_BODY_SPOOL && server_crowded(c->server)) {
            make_room(c->server);
        }
        if (exchange_handle_here(x)) {
            conn_reply(c);
        } else if (exchange_prepare(x) != 0) {
            fail(c, ERR_BUSY, "The server is busy. Try again in a moment.");
        }
    }
}

// ---- a request's body ----

static void hand_over(struct conn *c)
{
    c->state = CONN_WORK;
    conn_deadline(c, 0);
    if (exchange_handle(c->x) != 0) {
        fail(c, ERR_BUSY, "The server is busy. Try again in a moment.");
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
            fail(c, ERR_TOO_LARGE, "The body of the request is larger than this address takes.");
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
    conn_deadline(c, body_ms(c));
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
            fail(c, rc, err.text);
        } else {
            hand_over(c);
        }
    } else if (spool_complete(x->spool)) {
        hand_over(c);
    } else if (c->state == CONN_BODY) {
        c->body_bytes = 0;
        conn_deadline(c, body_ms(c));
        conn_pump(c);
    }
}

// ---- bytes ----

static size_t feed_head(struct conn *c, const char *data, size_t len)
{
    size_t used = 0;

    if (!c->x) {
        c->x = exchange_new(c);
        conn_deadline(c, seconds(c->server->o.header_timeout_s, 10));
    }
    enum strict_end end = strict_feed(&c->strict, data, len, &used);
    if (end == STRICT_REFUSED) {
        refuse(c, c->strict.status, c->strict.sentence);
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

static size_t feed_body(struct conn *c, const char *data, size_t len)
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
        refuse(c, c->strict.status, c->strict.sentence);
        return len;
    }
    int rc = parse_body(&x->parse, data, used, end == STRICT_MESSAGE_END);
    if (rc == ERR_TOO_LARGE) {
        fail(c, rc, "The body of the request is larger than this address takes.");
        return len;
    }
    if (rc != 0) {
        refuse(c, 400, "The body of the request is not well formed.");
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

// Uses up what the state allows; returns how many bytes.
static size_t feed(struct conn *c, const char *data, size_t len)
{
    size_t at = 0, used = 1;

    c->feeding = true;
    while (at < len && used > 0) {
        used = c->state == CONN_HEAD   ? feed_head(c, data + at, len - at)
               : c->state == CONN_BODY ? feed_body(c, data + at, len - at)
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
static void conn_pump(struct conn *c)
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
        drop_ahead(data, len);
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
            refuse(c, 408, "The request's headers did not come in time.");
        }
        break;
    case CONN_BODY:
        if (x->route->keep_partial) {
            conn_close(c);
        } else {
            refuse(c, 408, "The request's body stopped coming.");
        }
        break;
    case CONN_REPLY: {
        size_t left = net_unread(c), least = (size_t)(BODY_RATE_MIN * body_ms(c) / 1000);
        if (c->net.writing && (left >= c->write_left || c->write_left - left < least)) {
            conn_close(c);
        } else {
            c->write_left = left;
            conn_deadline(c, body_ms(c));
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
