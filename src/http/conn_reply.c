// SPDX-License-Identifier: AGPL-3.0-or-later
// The way of an answer out: head and body are written together, a file's contents piece by piece as the client takes them
// (a pool reads the next one), a pipe's as they come (pipe.c). After it the connection takes its next request, or reads on for
// a while and throws away, so that a client which is still sending sees the answer and no reset. Loop thread only.
#include "http/internal.h"
#include "http/stream.h"

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
    conn_drop_ahead(c);
    c->state = CONN_LINGER;
    net_finish(c);
    net_read(c, true);
    conn_deadline(c, LINGER_MS);
}

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
    conn_deadline(c, conn_idle_ms(c));
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
    conn_deadline(c, conn_body_ms(c));
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
        conn_deadline(c, conn_body_ms(c));
        write_next(c);
    }
}

void conn_fail(struct conn *c, int code, const char *sentence)
{
    exchange_fail(c->x, code, sentence);
    conn_reply(c);
}

void conn_refuse(struct conn *c, int status, const char *sentence)
{
    exchange_refuse(c->x, status, sentence);
    conn_reply(c);
}

void conn_not_secured(struct conn *c)
{
    c->x = exchange_new(c);
    conn_refuse(c, 400, "This address speaks TLS only. Use https:// in its place.");
}

void conn_fail_crowded(struct conn *c)
{
    conn_fail(c, ERR_LIMIT,
        "There are too many connections from this address. Close some, or try again later.");
}
