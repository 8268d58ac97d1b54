// SPDX-License-Identifier: AGPL-3.0-or-later
// One request with its answer: made when its first byte comes, freed when the answer is out or the client gone. The steps that
// may block run on the pools:
//
//   prepare (quick lane): authorise; open the spool; and if nothing else is to come and the lane is right, handle at once
//   handle (the route's lane): the handler, then the answer's head and the first bytes of its file
#include "http/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "http/stream.h"

#include <stdlib.h>

static struct exchange *of(struct http_job *job)
{
    return (struct exchange *)(void *)job;
}

struct exchange *exchange_new(struct conn *c)
{
    struct exchange *x = xalloc(sizeof(*x));

    x->conn = c;
    x->server = c->server;
    arena_init(&x->arena, ARENA_MAX);
    buf_init(&x->head, STRICT_HEAD_MAX + 4);
    buf_init(&x->resp.body, RESPONSE_MAX);
    buf_init(&x->reply.head, 1);
    x->resp.file_fd = -1;
    x->resp.pipe_fd = -1;
    x->since = -1;
    x->req.arena = &x->arena;
    x->req.app = c->server->o.app;
    x->req.peer_is_loopback = c->loopback;
    x->req.secure = c->net.tls != NULL;
    memcpy(x->req.peer, c->peer, sizeof(x->req.peer));
    return x;
}

static void clean_run(struct http_job *job)
{
    spool_clean(of(job)->spool);
}

static void clean_done(struct http_job *job)
{
    struct exchange *x = of(job);
    x->in_pool = false;
    spool_free(x->spool);
    x->spool = NULL;
    exchange_free(x);
}

void exchange_forget(struct buf *b)
{
    if (b->data && b->len <= FORGOTTEN_MAX) {
        explicit_bzero(b->data, b->len);
    }
}

void exchange_free(struct exchange *x)
{
    if (x->spool) { // its file goes on a pool thread, then we come back
        x->conn = NULL;
        x->job = (struct http_job){ .run = clean_run, .done = clean_done };
        x->in_pool = true;
        if (server_submit(x->server, x->server->io, &x->job) != 0) {
            clean_run(&x->job);
            clean_done(&x->job);
        }
        return;
    }
    reply_done(x);
    exchange_forget(&x->head);
    exchange_forget(&x->body);
    if (x->req.audience) {
        x->server->o.audience_free(x->req.audience);
    }
    buf_done(&x->head);
    buf_done(&x->body);
    arena_done(&x->arena);
    free(x);
}

void exchange_fail(struct exchange *x, int code, const char *sentence)
{
    x->rc = error_set(&x->err, code, "%s", sentence);
    if (code == ERR_BUSY) {
        count_up(&x->server->refused_busy, 1);
    }
    reply_build(x);
}

void exchange_refuse(struct exchange *x, int status, const char *sentence)
{
    int code = status == 408 ? ERR_TIMEOUT : status >= 500 ? ERR_UNSUPPORTED : ERR_INVALID;

    count_up(&x->server->bad_requests, 1);
    x->resp.status = status;
    x->facts.keep_alive = false;
    x->parse.minor = 1;
    exchange_fail(x, code, sentence);
}

static void tell_end(struct exchange *x)
{
    int64_t ms = clock_mono_ms() - x->started_ms;

    if (x->server->o.ended) {
        x->server->o.ended(&x->req, x->route, x->reply.status, ms);
    }
    log_event(x->reply.status >= 500 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "http.request",
        LOG_VALUES(LS("id", x->req.id), LS("method", http_method_name(x->req.method)),
            LS("route", x->route ? x->route->path : "-"), LI("status", x->reply.status),
            LI("ms", ms)));
}

static void answer(struct exchange *x)
{
    reply_build(x);
    tell_end(x);
}

static void open_stream(struct exchange *x)
{
    struct slice version = http_header_find(&x->req, "sec-websocket-version");

    if (x->facts.wants_websocket && !slice_is(version, "13")) {
        x->resp.status = 426;
        http_header_add(&x->resp, "Sec-WebSocket-Version", SLICE_LIT("13"));
        x->rc = error_set(&x->err, ERR_UNSUPPORTED, "Only version 13 of WebSocket is spoken here.");
        answer(x);
        return;
    }
    if (x->facts.wants_websocket && ws_handshake(x, NULL) != 0) {
        x->rc = error_set(&x->err, ERR_INVALID, "The request's Sec-WebSocket-Key is not valid.");
        answer(x);
        return;
    }
    x->rc = x->route->stream(&x->req, &x->since, &x->err);
    if (x->rc != 0) {
        answer(x);
        return;
    }
    int64_t last = 0;
    if (!x->facts.wants_websocket &&
        slice_to_i64(http_header_find(&x->req, "last-event-id"), &last) && last >= 0) {
        x->since = last;
    }
    x->opens_stream = true;
}

static void handle(struct exchange *x)
{
    if (x->route->stream && (x->facts.wants_websocket || x->facts.wants_sse)) {
        open_stream(x);
        return;
    }
    if (!x->route->handler) {
        x->rc = error_set(&x->err, ERR_UNSUPPORTED,
            "This address is a stream: ask for a WebSocket or an event stream.");
        x->resp.status = 426;
    } else {
        if (x->server->o.begun) {
            x->server->o.begun(&x->req, x->route);
        }
        x->rc = x->route->handler(&x->req, &x->resp, &x->err);
    }
    if (x->spool) {
        spool_clean(x->spool);
    }
    answer(x);
}

static void authorize(struct exchange *x)
{
    if (!x->authorized && !x->route->open && x->server->o.authorize) {
        x->rc = x->server->o.authorize(&x->req, x->route, &x->err);
    }
    x->authorized = x->rc == 0;
}

static void prepare_run(struct http_job *job)
{
    struct exchange *x = of(job);

    authorize(x);
    if (x->rc == 0 && x->route->body == HTTP_BODY_SPOOL) {
        x->rc = spool_open(x, &x->err);
    }
    if (x->rc != 0) {
        answer(x);
    } else if (!x->facts.has_body && x->route->body != HTTP_BODY_SPOOL &&
               x->route->lane == HTTP_LANE_QUICK) {
        handle(x);
    }
}

static void handle_run(struct http_job *job)
{
    handle(of(job));
}

static void step_done(struct http_job *job)
{
    struct exchange *x = of(job);

    x->in_pool = false;
    if (x->conn) {
        conn_step_done(x->conn);
    } else {
        exchange_free(x);
    }
}

static int submit(struct exchange *x, struct pool *pool, void (*run)(struct http_job *))
{
    x->job = (struct http_job){ .run = run, .done = step_done };
    x->in_pool = true;
    int rc = server_submit(x->server, pool, &x->job);
    if (rc != 0) {
        x->in_pool = false;
    }
    return rc;
}

bool exchange_handle_here(struct exchange *x)
{
    if (!x->route->on_loop || !x->route->open || x->facts.has_body ||
        x->route->body == HTTP_BODY_SPOOL || x->route->stream) {
        return false;
    }
    handle(x);
    return true;
}

int exchange_prepare(struct exchange *x)
{
    return submit(x, x->server->lanes[HTTP_LANE_QUICK], prepare_run);
}

int exchange_handle(struct exchange *x)
{
    return submit(x, x->server->lanes[x->route->lane], handle_run);
}
