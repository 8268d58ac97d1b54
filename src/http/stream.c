// SPDX-License-Identifier: AGPL-3.0-or-later
// One stream: a connection that became a WebSocket or an event stream. stream_pump is the only place that writes: control
// bytes first (whole frames, so never inside another), then events, as many as the kernel takes; what it doesn't take
// waits by reference until the write is done. Loop thread only.
#include "http/stream.h"

#include "base/clock.h"
#include "base/id.h"

#include <stdlib.h>

enum { PUMP_ROUNDS = 8, HANDSHAKE_MAX = 4096 };

static struct hub *hub_of(const struct stream *st)
{
    return st->conn->server->hub;
}

static int64_t interval_ms(const struct stream *st)
{
    int given = st->conn->server->o.ping_interval_s;
    return (int64_t)(given > 0 ? given : st->websocket ? WS_PING_S : SSE_HEARTBEAT_S) * 1000;
}

void stream_start(struct conn *c)
{
    struct exchange *x = c->x;
    struct http_server *s = c->server;
    struct stream *st = xalloc(sizeof(*st));
    int64_t since = x->since;
    uint8_t random;

    st->websocket = x->facts.wants_websocket;
    st->conn = c;
    buf_init(&st->ctl, HANDSHAKE_MAX + STREAM_CTL_MAX);
    buf_init(&st->ctl_flight, HANDSHAKE_MAX + STREAM_CTL_MAX);
    if (st->websocket) {
        ws_handshake(x, &st->ctl); // its key was checked when the stream was opened
    } else {
        sse_handshake(x, &st->ctl);
    }
    st->audience = TAKE(x->req.audience);
    st->auth_waits = x->req.auth_later;
    st->since = since;
    memcpy(st->peer, x->req.peer, sizeof(st->peer));
    c->x = NULL;
    exchange_free(x);
    c->state = CONN_STREAM;
    c->stream = st;
    count_up(st->websocket ? &s->websockets : &s->sse, 1);
    count_up(st->websocket ? &s->websockets_total : &s->sse_total, 1);
    random_bytes(&random, 1); // spread, so that ten thousand pings don't fall on one turn
    if (st->auth_waits) {
        conn_deadline(c, WS_AUTH_S * 1000);
    } else {
        hub_add(s->hub, st, since);
        conn_deadline(c, interval_ms(st) / 2 + interval_ms(st) * random / 512);
    }
    char *ahead = c->ahead;
    size_t ahead_len = c->ahead_len;
    c->ahead = NULL;
    c->ahead_len = 0;
    net_read(c, true);
    if (s->stopping) {
        stream_stop(c);
    } else {
        stream_pump(st);
    }
    if (ahead_len > 0 && c->state == CONN_STREAM) {
        stream_read(c, ahead, ahead_len);
    }
    free(ahead);
}

static void release_held(struct stream *st)
{
    for (unsigned i = 0; i < st->held_count; i++) {
        frame_unref(st->held[i]);
    }
    st->held_count = 0;
    buf_done(&st->ctl_flight);
}

static void drop_replay(struct stream *st)
{
    if (st->replay) {
        for (size_t i = 0; i < st->replay->count; i++) {
            frame_unref(st->replay->frames[i]);
        }
        free(st->replay);
        st->replay = NULL;
    }
}

void stream_closed(struct conn *c)
{
    struct stream *st = c->stream;

    c->stream = NULL;
    hub_remove(c->server->hub, st);
    auth_forget(st);
    if (st->audience) {
        c->server->o.audience_free(st->audience);
    }
    count_up(st->websocket ? &c->server->websockets : &c->server->sse, -1);
    drop_replay(st);
    // A write that is still out is cancelled by the close, and libuv no longer reads its buffers.
    release_held(st);
    buf_done(&st->ctl);
    ws_in_free(st->in);
    free(st);
}

void stream_send(struct stream *st, const void *bytes, size_t len)
{
    buf_add(&st->ctl, bytes, len);
}

static const char *reason_of(int code)
{
    switch (code) {
    case WS_GOING_AWAY:
        return "The server stops.";
    case WS_PROTOCOL:
        return "This is not WebSocket as RFC 6455 has it.";
    case WS_NOT_TEXT:
        return "The message is not in UTF-8.";
    case WS_TOO_BIG:
        return "The message is larger than 64 KiB.";
    case WS_FAILED:
        return "Older events can't be read now.";
    default:
        return "";
    }
}

void stream_close(struct stream *st, int code)
{
    stream_close_for(st, code, reason_of(code));
}

void stream_close_for(struct stream *st, int code, const char *reason)
{
    if (st->closing) {
        return;
    }
    st->closing = true;
    if (st->websocket) {
        uint8_t payload[WS_CONTROL_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
        size_t len = strnlen(reason, sizeof(payload) - 2);
        memcpy(payload + 2, reason, len);
        ws_send(st, 8, payload, len + 2);
    }
    conn_deadline(st->conn, STREAM_CLOSE_MS);
}

void stream_stop(struct conn *c)
{
    stream_close(c->stream, WS_GOING_AWAY);
    stream_pump(c->stream);
}

// The next event to send, lent; NULL if there is none now. Starts a load where the ring does not reach.
static struct frame *next_frame(struct stream *st, int64_t cursor)
{
    struct hub *h = hub_of(st);

    if (st->replay) {
        while (
            st->replay_at < st->replay->count && st->replay->frames[st->replay_at]->seq <= cursor) {
            st->replay_at++;
        }
        if (st->replay_at < st->replay->count) {
            return st->replay->frames[st->replay_at];
        }
        if (cursor != st->cursor) {
            return NULL; // this batch goes out first
        }
        drop_replay(st);
    }
    if (st->loading) {
        return NULL;
    }
    if (!hub_is_live(h, st)) {
        if (cursor == st->cursor) {
            hub_load(h, st);
        }
        return NULL;
    }
    return hub_next(h, cursor);
}

static void add_frame(struct stream *st, struct frame *f, uv_buf_t *bufs, unsigned *count)
{
    size_t both = (size_t)f->ws_head + f->json;

    if (st->websocket) {
        bufs[(*count)++] = uv_buf_init(f->bytes, (unsigned)both);
    } else {
        bufs[(*count)++] = uv_buf_init(f->bytes + both + 2, f->sse_head);
        bufs[(*count)++] = uv_buf_init(f->bytes + f->ws_head, f->json + 2);
    }
}

static bool sees(const struct stream *st, const struct frame *f)
{
    const struct http_options *o = &st->conn->server->o;
    const char *kind = f->bytes + f->ws_head + f->json + 2; // "id: …\nevent: KIND\n"
    struct slice sse = slice_make(kind, f->sse_head), rest = sse, line = { NULL, 0 };

    if (!st->audience) {
        return true;
    }
    slice_cut(&rest, '\n', &line);
    slice_cut(&rest, '\n', &line);
    return o->event_visible(
        st->audience, slice_from(line, 7), slice_make(f->bytes + f->ws_head, f->json));
}

// One write: true if all of it went out (or was not for this one) and there may be more.
static bool pump_once(struct stream *st)
{
    struct conn *c = st->conn;
    uv_buf_t bufs[1 + 2 * STREAM_BATCH];
    unsigned count = 0, frames = 0;
    struct frame *batch[STREAM_BATCH];
    int64_t cursor = st->cursor, mark = st->mark;

    if (st->ctl.len) {
        bufs[count++] = uv_buf_init(st->ctl.data, (unsigned)st->ctl.len);
    }
    while (frames < STREAM_BATCH && !st->closing && !st->auth_waits) {
        struct frame *f = next_frame(st, cursor);
        if (!f) {
            break;
        }
        if (!sees(st, f)) {
            cursor = f->seq;
            mark = f->end ? f->end : mark;
            continue;
        }
        batch[frames++] = f;
        add_frame(st, f, bufs, &count);
        cursor = f->seq;
        mark = f->end ? f->end : mark; // replayed frames have no place in the stream of bytes
    }
    if (count == 0) {
        bool passed_over = cursor != st->cursor;
        st->cursor = cursor;
        st->mark = mark;
        return passed_over;
    }
    int rc = net_send(c, bufs, count, true);
    if (rc < 0) {
        conn_close(c);
        return false;
    }
    st->cursor = cursor;
    st->mark = mark;
    if (rc > 0) {
        buf_done(&st->ctl);
        return true;
    }
    // The rest waits: its frames by reference, the control bytes moved aside.
    struct buf flight = st->ctl;
    st->ctl = st->ctl_flight;
    st->ctl_flight = flight;
    for (unsigned i = 0; i < frames; i++) {
        st->held[i] = frame_ref(batch[i]);
    }
    st->held_count = frames;
    return false;
}

void stream_pump(struct stream *st)
{
    struct conn *c = st->conn;

    if (c->state != CONN_STREAM) {
        return;
    }
    if (c->net.writing) {
        bool replaying = st->loading || st->replay;
        if (!st->closing && !replaying && hub_waiting(hub_of(st), st) > STREAM_WAITING_MAX) {
            count_up(&c->server->slow_closed, 1);
            stream_close_for(st, WS_TRY_LATER,
                "Over 1 MiB of events waits to be read; connect again with the last number.");
        }
        return;
    }
    if (!buf_ok(&st->ctl)) { // it sends pings faster than it reads pongs
        conn_close(c);
        return;
    }
    int rounds = 0;
    while (rounds < PUMP_ROUNDS && pump_once(st)) {
        rounds++;
    }
    if (rounds == PUMP_ROUNDS) { // there is more, but others have their turn first
        hub_again(c->server->hub);
    }
    if (c->state == CONN_STREAM && st->closing && !c->net.writing && st->ctl.len == 0) {
        if (st->peer_closed || !st->websocket) {
            conn_close(c);
        } else {
            net_finish(c);
        }
    }
}

void stream_written(struct conn *c)
{
    release_held(c->stream);
    stream_pump(c->stream);
}

void stream_read(struct conn *c, const char *data, size_t len)
{
    if (c->stream->websocket) {
        ws_receive(c->stream, data, len);
    }
    // What the reader of an event stream sends has no meaning and is dropped.
}

void stream_timer(struct conn *c)
{
    struct stream *st = c->stream;

    if (st->closing) {
        conn_close(c);
        return;
    }
    if (st->auth_waits) {
        stream_close_for(st, WS_POLICY, "No key came within 10 seconds.");
        stream_pump(st);
        return;
    }
    if (st->audience && !c->server->o.audience_alive(st->audience)) {
        stream_close_for(st, WS_POLICY, "The key is no longer valid.");
        stream_pump(st);
        return;
    }
    size_t left = net_waiting(c);
    if (c->net.writing && left >= c->write_left) { // nothing moved for a whole interval
        count_up(&c->server->slow_closed, 1);
        conn_close(c);
        return;
    }
    c->write_left = left;
    if (st->websocket && st->ping_out) {
        count_up(&c->server->pong_timeouts, 1);
        conn_close(c);
        return;
    }
    if (st->websocket) {
        ws_ping(st);
    } else if (st->ctl.len == 0) {
        stream_send(st, ":\n\n", 3);
    }
    conn_deadline(c, interval_ms(st));
    stream_pump(st);
}
