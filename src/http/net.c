// SPDX-License-Identifier: AGPL-3.0-or-later
// The transport seam over libuv's TCP: the only file that reads from or writes to a socket. Above it everything is plain;
// with TLS, tls.c stands between these calls and the socket. Loop thread only.
#include "http/tls.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>

static struct conn *conn_of(uv_stream_t *stream)
{
    return stream->data;
}

size_t net_read_room(const struct conn *c)
{
    return c->state == CONN_BODY || c->state == CONN_LINGER ? READ_MAX
           : c->state == CONN_HEAD                          ? READ_HEAD_MAX
                                                            : READ_AHEAD_MAX;
}

// All reads land in the server's one buffer, because each is used up (or copied) before the next.
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct conn *c = handle->data;

    (void)suggested;
    *ret = uv_buf_init(c->server->read_buf, (unsigned)net_read_room(c));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = conn_of(stream);
    struct http_server *s = c->server;

    if (n == 0) {
        return;
    }
    if (n == UV_EOF) {
        net_read(c, false);
        conn_read(c, NULL, 0);
    } else if (n < 0) {
        conn_close(c);
    } else {
        count_up(&s->bytes_in, n);
        if (c->net.tls) {
            tls_receive(c, buf->base, (size_t)n);
        } else {
            conn_read(c, buf->base, (size_t)n);
        }
        if (n <= READ_HEAD_MAX) { // a head holds a key: it does not wait there for the next read
            explicit_bzero(s->read_buf, (size_t)n);
        }
    }
}

static void name_peer(struct conn *c)
{
    struct sockaddr_storage address;
    int len = sizeof(address);

    if (uv_tcp_getpeername(&c->net.tcp, (struct sockaddr *)&address, &len) != 0) {
        return;
    }
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
        uv_ip4_name(in, c->peer, sizeof(c->peer));
        c->loopback = (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&address;
        uv_ip6_name(in, c->peer, sizeof(c->peer));
        c->loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr) ||
                      (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr) && in->sin6_addr.s6_addr[12] == 127);
    }
}

// What a client that does not read can make the kernel hold: without this it is megabytes for each.
static void limit_unsent(struct conn *c)
{
    int fd = -1, most = KERNEL_UNSENT;

    if (uv_fileno((const uv_handle_t *)&c->net.tcp, &fd) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
    }
}

int net_accept(struct conn *c, uv_stream_t *listener)
{
    BUG_ON(uv_tcp_init(&c->server->loop, &c->net.tcp) != 0);
    c->net.tcp.data = c;
    c->handles++;
    if (uv_accept(listener, (uv_stream_t *)&c->net.tcp) != 0) {
        return ERR_IO;
    }
    uv_tcp_nodelay(&c->net.tcp, 1);
    limit_unsent(c);
    name_peer(c);
    if (c->server->tls) {
        tls_begin(c);
    }
    return 0;
}

void net_raw_read(struct conn *c, bool on)
{
    uv_stream_t *stream = (uv_stream_t *)&c->net.tcp;

    if (on && !c->net.closing) {
        uv_read_start(stream, on_alloc, on_read);
    } else if (!on) {
        uv_read_stop(stream);
    }
}

void net_read(struct conn *c, bool on)
{
    if (c->net.reading == on || c->net.closing || (on && c->eof)) {
        return;
    }
    c->net.reading = on;
    if (c->net.tls) {
        tls_reading(c);
    } else {
        net_raw_read(c, on);
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct conn *c = req->data;

    if (c->net.tls) {
        tls_flown(c, status == 0);
    } else {
        c->net.writing = false;
        conn_written(c, status == 0);
    }
}

static int raw_write(struct conn *c, const uv_buf_t *bufs, unsigned count)
{
    int64_t bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        bytes += (int64_t)bufs[i].len;
    }
    c->net.write.data = c;
    if (c->net.closing ||
        uv_write(&c->net.write, (uv_stream_t *)&c->net.tcp, bufs, count, on_written) != 0) {
        return ERR_IO;
    }
    count_up(&c->server->bytes_out, bytes);
    c->write_left = SIZE_MAX;
    return 0;
}

static ssize_t raw_try(struct conn *c, const uv_buf_t *bufs, unsigned count)
{
    int n = c->net.closing ? UV_EPIPE : uv_try_write((uv_stream_t *)&c->net.tcp, bufs, count);

    if (n > 0) {
        count_up(&c->server->bytes_out, n);
    }
    return n == UV_EAGAIN ? 0 : n;
}

void net_acknowledge(struct conn *c)
{
    uv_os_fd_t fd;
    int on = 1;

    if (uv_fileno((const uv_handle_t *)&c->net.tcp, &fd) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
    }
}

int net_raw_write(struct conn *c, const uv_buf_t *buf)
{
    return raw_write(c, buf, 1);
}

ssize_t net_raw_try(struct conn *c, const uv_buf_t *buf)
{
    return raw_try(c, buf, 1);
}

int net_send(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first)
{
    unsigned first = 0;

    BUG_ON(c->net.writing);
    if (c->net.tls) {
        return tls_send(c, bufs, count, try_first);
    }
    if (try_first) {
        ssize_t n = raw_try(c, bufs, count);
        if (n < 0) {
            return ERR_IO;
        }
        size_t skip = (size_t)n;
        while (first < count && skip >= bufs[first].len) {
            skip -= bufs[first++].len;
        }
        if (first == count) {
            return 1;
        }
        bufs[first].base += skip;
        bufs[first].len -= skip;
    }
    int rc = raw_write(c, bufs + first, count - first);
    c->net.writing = rc == 0;
    return rc;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status;
    free(req);
}

void net_finish(struct conn *c)
{
    if (c->net.tls && !c->net.closing && !tls_finish(c)) {
        return;
    }
    uv_shutdown_t *req = xalloc(sizeof(*req));
    if (c->net.closing || uv_shutdown(req, (uv_stream_t *)&c->net.tcp, on_shutdown) != 0) {
        free(req);
    }
}

size_t net_waiting(const struct conn *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->net.tcp) +
           (c->net.tls ? tls_waiting(c) : 0);
}

size_t net_unread(const struct conn *c)
{
    int fd = -1, held = 0;

    if (uv_fileno((const uv_handle_t *)&c->net.tcp, &fd) != 0 || ioctl(fd, SIOCOUTQ, &held) != 0) {
        held = 0;
    }
    return net_waiting(c) + (size_t)held;
}
