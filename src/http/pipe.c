// SPDX-License-Identifier: AGPL-3.0-or-later
// An answer whose bytes come while they are made: the handler gives the reading end of a pipe or socket pair, and what is
// written at the other end goes out as it comes, chunked (HTTP/1.1) or until the connection closes (1.0). Loop thread only.
//
// One piece at a time: the pipe is not read while a piece goes out, so that a slow client slows the writer and memory stays
// at PIPE_PIECE. The reading end is closed when the writer is done, or when the client or the server goes; then the writer
// gets EPIPE, and pipe_closed is called, once.
#include "http/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIPE_PIECE = 16 * 1024, PIPE_FRAME = 16 };

static void on_closed(uv_handle_t *handle)
{
    conn_handle_closed(handle->data);
}

void pipe_close(struct conn *c)
{
    if (!c->pipe_open) {
        return;
    }
    c->pipe_open = false;
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    close(c->pipe_fd);
    if (c->pipe_closed) {
        c->pipe_closed(c->pipe_ctx);
    }
}

void pipe_drop(struct http_response *resp)
{
    if (resp->pipe_fd >= 0) {
        close(resp->pipe_fd);
        resp->pipe_fd = -1;
        if (resp->pipe_closed) {
            resp->pipe_closed(resp->pipe_ctx);
        }
    }
}

static void on_readable(uv_poll_t *handle, int status, int events);

static void read_on(struct conn *c)
{
    if (uv_poll_start(&c->pipe, UV_READABLE | UV_DISCONNECT, on_readable) != 0) {
        conn_close(c);
    }
}

// Sends what lies in the chunk buffer; goes on with reading when it is out.
static void send_piece(struct conn *c, size_t from, size_t len)
{
    uv_buf_t buf = uv_buf_init(c->x->reply.chunk + from, (unsigned)len);

    uv_poll_stop(&c->pipe);
    if (conn_write_out(c, &buf, 1, true)) {
        read_on(c);
    }
}

static void finish(struct conn *c)
{
    static const char last[] = "0\r\n\r\n";
    struct exchange *x = c->x;
    bool chunked = x->parse.minor > 0;

    pipe_close(c);
    if (chunked) {
        memcpy(x->reply.chunk, last, sizeof(last) - 1);
        uv_buf_t buf = uv_buf_init(x->reply.chunk, sizeof(last) - 1);
        if (!conn_write_out(c, &buf, 1, true)) {
            return; // conn_written goes on, or the connection is closed
        }
    }
    conn_next_request(c);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;
    char head[PIPE_FRAME];

    (void)events;
    if (c->state != CONN_REPLY || !c->pipe_open || c->net.writing) {
        return;
    }
    char *data = c->x->reply.chunk + PIPE_FRAME;
    ssize_t n = status < 0 ? 0 : read(c->pipe_fd, data, PIPE_PIECE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        finish(c);
        return;
    }
    if (c->x->parse.minor == 0) {
        send_piece(c, PIPE_FRAME, (size_t)n);
        return;
    }
    int head_len = snprintf(head, sizeof(head), "%zx\r\n", (size_t)n);
    memcpy(data - head_len, head, (size_t)head_len);
    memcpy(data + n, "\r\n", 2);
    send_piece(c, (size_t)(PIPE_FRAME - head_len), (size_t)head_len + (size_t)n + 2);
}

bool pipe_goes_on(struct conn *c)
{
    struct http_response *resp = &c->x->resp;

    if (c->pipe_open) {
        read_on(c);
        return true;
    }
    if (resp->pipe_fd < 0) {
        return false;
    }
    c->x->reply.chunk = malloc(PIPE_FRAME + PIPE_PIECE + 2);
    if (!c->x->reply.chunk || uv_poll_init(&c->server->loop, &c->pipe, resp->pipe_fd) != 0) {
        conn_close(c);
        return true;
    }
    c->pipe.data = c;
    c->handles++;
    c->pipe_open = true;
    c->pipe_fd = resp->pipe_fd;
    c->pipe_closed = resp->pipe_closed;
    c->pipe_ctx = resp->pipe_ctx;
    resp->pipe_fd = -1;
    read_on(c);
    return true;
}
