// SPDX-License-Identifier: AGPL-3.0-or-later
// Streams of events over WebSocket or SSE, and the hub that feeds them. Loop thread only, but for http_publish,
// http_event_add and frame_unref.
//
// An event is serialised once into a frame that all receivers share by reference. The hub keeps the last HUB_RING frames;
// a stream is only a cursor into them, so a slow one costs no memory of its own. What is older than the ring comes from the
// store in batches. A stream's cursor only grows, and it takes the ring's next number above its cursor, so between replay
// and live there is no gap and no event twice.
//
//   replay: cursor < hub floor: load a batch from the store, send it, again
//   live:   cursor >= hub floor: everything above the cursor is in the ring
//   (floor: all events with a number above it are in the ring)
#ifndef LARDER_HTTP_STREAM_H
#define LARDER_HTTP_STREAM_H

#include "http/internal.h"

enum {
    HUB_RING = 1024,
    HUB_LOADS = 8, // batches being read from the store at once
    HUB_LOAD_BATCH = 64, // events in one
    HUB_LOAD_BYTES =
        16 * 1024, // and bytes, but one event always: a receiver that stalls keeps them
    HUB_SLICE_US = 400, // of a broadcast in one turn of the loop
    EVENT_MAX = 1024 * 1024, // bytes of one event
    STREAM_BATCH = 16, // frames in one write
    STREAM_WAITING_MAX = 1024 * 1024, // bytes a stream may lag behind before it is closed as slow
    STREAM_CTL_MAX = 8 * 1024, // pongs and heartbeats that wait
    WS_AUTH_S = 10, // for the first message with the key
    STREAM_CLOSE_MS = 2000, // for the other side's close
    WS_PING_S = 20,
    SSE_HEARTBEAT_S = 15,
    WS_CONTROL_MAX = 125,
};

enum ws_code {
    WS_GOING_AWAY = 1001,
    WS_POLICY = 1008, // the key is gone, wrong, or did not come
    WS_PROTOCOL = 1002,
    WS_NOT_TEXT = 1007,
    WS_TOO_BIG = 1009,
    WS_FAILED = 1011,
    WS_TRY_LATER = 1013
};

// bytes: WebSocket header, the JSON, LF LF, then SSE's "id: …\nevent: …\ndata: ".
struct frame {
    atomic_int refs;
    int64_t seq;
    int64_t end; // bytes of all frames published up to and with this one
    struct frame *next; // in the inbox
    uint8_t ws_head;
    uint16_t sse_head;
    uint32_t json;
    char bytes[];
};
struct frame *frame_new(
    int64_t seq, struct slice kind, struct slice json); // NULL: larger than EVENT_MAX
struct frame *frame_ref(struct frame *f);
void frame_unref(struct frame *f);

struct http_event_list {
    int64_t since;
    int64_t bytes;
    bool full;
    size_t count;
    struct frame *frames[HUB_LOAD_BATCH];
};

struct ws_in;

struct stream {
    struct conn *conn;
    struct stream *prev, *next; // the hub's list
    struct stream *load_next; // waiting for its turn to load
    bool websocket;
    bool load_waits, loading;
    bool closing; // the close frame is queued or sent; no more events
    bool peer_closed;
    bool ping_out;
    bool auth_waits; // the first message must bring the key; not in the hub yet
    struct auth *auth; // being looked at
    void *audience; // http_options.event_visible; NULL: sees everything
    int64_t since; // auth_waits: where it starts
    char peer[64]; // auth_waits
    int64_t cursor; // number of the last event handed to the kernel
    int64_t mark; // hub->total at that event
    struct buf ctl, ctl_flight; // handshake, pongs, heartbeats: to go out, going out
    struct frame *held[STREAM_BATCH]; // going out
    unsigned held_count;
    struct http_event_list *replay;
    size_t replay_at;
    struct load *load;
    struct ws_in *in;
};

// hub.c
struct hub *hub_new(struct http_server *s);
void hub_free(struct hub *h); // after the loop's handles are closed
void hub_wake(struct hub *h); // takes what was published
void hub_add(struct hub *h, struct stream *st, int64_t since);
void hub_remove(struct hub *h, struct stream *st);
bool hub_is_live(const struct hub *h, const struct stream *st);
struct frame *hub_next(
    const struct hub *h, int64_t cursor); // lends the first event above it, or NULL
int64_t hub_waiting(const struct hub *h, const struct stream *st);
void hub_again(struct hub *h); // one more round through all streams
void hub_load(struct hub *h, struct stream *st); // st->replay comes, then stream_pump

// stream.c
void stream_start(struct conn *c); // x->opens_stream; frees the exchange
void stream_read(struct conn *c, const char *data, size_t len);
void stream_written(struct conn *c);
void stream_timer(struct conn *c);
void stream_stop(struct conn *c); // the server ends
void stream_closed(struct conn *c); // the connection is going
void stream_pump(struct stream *st); // writes what may be written; may close the connection
void stream_close(struct stream *st, int code);
void stream_close_for(
    struct stream *st, int code, const char *reason); // a WebSocket's client is told why
void stream_send(struct stream *st, const void *bytes, size_t len); // control bytes, between frames

// ws.c
int ws_handshake(struct exchange *x, struct buf *out); // pool-safe; ERR_INVALID for a bad key
size_t ws_header_format(
    uint8_t opcode, size_t payload, uint8_t ret_bytes[10]); // server to client: unmasked, final
void ws_send(struct stream *st, uint8_t opcode, const void *payload, size_t len);
void ws_ping(struct stream *st);
void ws_receive(struct stream *st, const char *data, size_t len);
void ws_in_free(struct ws_in *in);

// ws_auth.c
void auth_message(struct stream *st, struct slice text); // the first message
void auth_forget(struct stream *st); // the stream is going

// sse.c
void sse_handshake(const struct exchange *x, struct buf *out);
void stream_common_headers(const struct exchange *x, struct buf *out);

#endif
