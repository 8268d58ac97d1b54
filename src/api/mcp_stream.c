// SPDX-License-Identifier: AGPL-3.0-or-later
// Streams of the Model Context Protocol: messages as server-sent events into a socket pair whose other end is the answer
// (http/pipe.c). A resumable one numbers its events "STREAM-EVENT" and keeps them, so that a client whose connection broke
// gets the rest on a new one (Streamable HTTP, resumability and redelivery). Any thread.
#include "api/mcp.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct mcp_kept {
    struct mcp_kept *next;
    int64_t number;
    size_t len;
    char event[];
};

struct mcp_stream *mcp_stream_new(struct mcp *m, int64_t number, bool patient, bool resumable)
{
    struct mcp_stream *s = xalloc(sizeof(*s));

    *s = (struct mcp_stream){
        .mcp = m, .number = number, .fd = -1, .patient = patient, .resumable = resumable
    };
    s->kept_end = &s->kept;
    atomic_store(&s->refs, 1);
    pthread_mutex_init(&s->mutex, NULL);
    return s;
}

static void drop_kept(struct mcp_stream *s)
{
    while (s->kept) {
        struct mcp_kept *k = s->kept;
        s->kept = k->next;
        atomic_fetch_sub(&s->mcp->kept_bytes, (long long)k->len);
        free(k);
    }
    s->kept_end = &s->kept;
}

static void hang_up(struct mcp_stream *s)
{
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

void mcp_stream_unref(struct mcp_stream *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        hang_up(s);
        drop_kept(s);
        pthread_mutex_destroy(&s->mutex);
        free(s);
    }
}

int mcp_stream_pair(int *ret_read, int *ret_write, struct error *err)
{
    struct timeval patience = { .tv_sec = MCP_SEND_S };
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return error_set(err, ERR_BUSY, "Too many files are open; try again.");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    *ret_read = ends[0];
    *ret_write = ends[1];
    return 0;
}

// With the mutex held. Whoever does not take it loses the connection, not the stream.
static void write_out(struct mcp_stream *s, struct slice bytes)
{
    while (s->fd >= 0 && bytes.len > 0) {
        ssize_t n =
            send(s->fd, bytes.data, bytes.len, MSG_NOSIGNAL | (s->patient ? 0 : MSG_DONTWAIT));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            hang_up(s);
            return;
        }
        bytes = slice_from(bytes, (size_t)n);
    }
}

static void keep(struct mcp_stream *s, struct slice event)
{
    if (atomic_load(&s->mcp->kept_bytes) + (long long)event.len > MCP_KEPT_MAX) {
        return; // then it can't be sent again, which the protocol allows
    }
    struct mcp_kept *k = malloc(sizeof(*k) + event.len);
    if (!k) {
        return;
    }
    *k = (struct mcp_kept){ .number = s->last, .len = event.len };
    memcpy(k->event, event.data, event.len);
    *s->kept_end = k;
    s->kept_end = &k->next;
    atomic_fetch_add(&s->mcp->kept_bytes, (long long)k->len);
}

static void add_id(struct mcp_stream *s, struct buf *b)
{
    s->last++;
    if (s->resumable) {
        buf_addf(b, "id: %lld-%lld\n", (long long)s->number, (long long)s->last);
    }
}

void mcp_stream_prime(struct mcp_stream *s)
{
    AUTO_BUF b = BUF_INIT(256);

    if (!s->resumable) {
        return; // older clients take an event without data for a broken message
    }
    pthread_mutex_lock(&s->mutex);
    add_id(s, &b);
    buf_addf(&b, "retry: %d\ndata: \n\n", MCP_RETRY_MS);
    write_out(s, buf_slice(&b));
    pthread_mutex_unlock(&s->mutex);
}

void mcp_stream_send(struct mcp_stream *s, struct slice message)
{
    AUTO_BUF b = BUF_INIT(MCP_RESULT_MAX * 2);

    pthread_mutex_lock(&s->mutex);
    add_id(s, &b);
    buf_add_str(&b, "event: message\ndata: ");
    size_t from = b.len;
    buf_add_slice(&b, message);
    for (size_t i = from; i < b.len;
         i++) { // a line break would end the data; in JSON it is as good as a space
        if (b.data[i] == '\n' || b.data[i] == '\r') {
            b.data[i] = ' ';
        }
    }
    buf_add_str(&b, "\n\n");
    if (buf_ok(&b)) {
        if (s->resumable) {
            keep(s, buf_slice(&b));
        }
        write_out(s, buf_slice(&b));
    }
    pthread_mutex_unlock(&s->mutex);
}

void mcp_stream_beat(struct mcp_stream *s)
{
    pthread_mutex_lock(&s->mutex);
    write_out(s, SLICE_LIT(":\n\n"));
    pthread_mutex_unlock(&s->mutex);
}

void mcp_stream_attach(struct mcp_stream *s, int fd, int64_t after)
{
    pthread_mutex_lock(&s->mutex);
    bool patient = s->patient;
    hang_up(s);
    s->fd = fd;
    s->patient = true; // for what was missed
    for (const struct mcp_kept *k = s->kept; k; k = k->next) {
        if (k->number > after) {
            write_out(s, slice_make(k->event, k->len));
        }
    }
    s->patient = patient;
    if (s->done) {
        hang_up(s);
    }
    pthread_mutex_unlock(&s->mutex);
}

void mcp_stream_detach(struct mcp_stream *s)
{
    pthread_mutex_lock(&s->mutex);
    hang_up(s);
    pthread_mutex_unlock(&s->mutex);
}

void mcp_stream_end(struct mcp_stream *s)
{
    pthread_mutex_lock(&s->mutex);
    hang_up(s);
    s->done = true;
    s->done_ms = clock_mono_ms();
    pthread_mutex_unlock(&s->mutex);
}

bool mcp_stream_attached(struct mcp_stream *s)
{
    pthread_mutex_lock(&s->mutex);
    bool is = s->fd >= 0;
    pthread_mutex_unlock(&s->mutex);
    return is;
}
