// SPDX-License-Identifier: AGPL-3.0-or-later
// WebSocket (RFC 6455) on the server's side: the handshake, frames out, frames in through wslay. What clients send has no
// meaning yet beyond control frames, but is checked like everything that comes in: masked, no reserved bits, fragments in
// order, text in UTF-8, 64 KiB a message. The state for reading lives only while a frame is incomplete, so that an idle
// socket costs little.
#include "http/stream.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <wslay/wslay.h>

enum {
    OP_CONTINUE = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10,
    KEY_LEN = 24
};

struct ws_in {
    wslay_frame_context_ptr frames;
    const uint8_t *data; // what is left of this read
    size_t len;
    uint64_t unread; // bytes given, less those of frames that are complete
    uint64_t frame_left;
    bool in_frame;
    uint8_t opcode; // of the frame
    bool fin;
    uint8_t message; // opcode of the message under way; 0: none
    struct buf text; // the message
    uint8_t control[WS_CONTROL_MAX];
    size_t control_len;
};

// ---- out ----

int ws_handshake(struct exchange *x, struct buf *out)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct slice key = http_header_find(&x->req, "sec-websocket-key");
    unsigned char raw[KEY_LEN], digest[SHA_DIGEST_LENGTH];
    char text[KEY_LEN + sizeof(guid)], accept[32];

    if (key.len != KEY_LEN || memcmp(key.data + KEY_LEN - 2, "==", 2) != 0 ||
        EVP_DecodeBlock(raw, (const unsigned char *)key.data, KEY_LEN) != KEY_LEN / 4 * 3) {
        return ERR_INVALID;
    }
    if (!out) {
        return 0;
    }
    memcpy(text, key.data, KEY_LEN);
    memcpy(text + KEY_LEN, guid, sizeof(guid));
    if (EVP_Digest(text, KEY_LEN + sizeof(guid) - 1, digest, NULL, EVP_sha1(), NULL) != 1) {
        return ERR_INTERNAL;
    }
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
    buf_addf(out,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
        accept);
    if (header_has_token(http_header_find(&x->req, "sec-websocket-protocol"), "larder.events")) {
        buf_add_str(out, "Sec-WebSocket-Protocol: larder.events\r\n");
    }
    stream_common_headers(x, out);
    buf_add_str(out, "\r\n");
    return 0;
}

size_t ws_header_format(uint8_t opcode, size_t payload, uint8_t ret[10])
{
    ret[0] = (uint8_t)(0x80 | opcode);
    if (payload < 126) {
        ret[1] = (uint8_t)payload;
        return 2;
    }
    if (payload < 65536) {
        ret[1] = 126;
        ret[2] = (uint8_t)(payload >> 8);
        ret[3] = (uint8_t)payload;
        return 4;
    }
    ret[1] = 127;
    for (int i = 0; i < 8; i++) {
        ret[2 + i] = (uint8_t)((uint64_t)payload >> (56 - 8 * i));
    }
    return 10;
}

void ws_send(struct stream *st, uint8_t opcode, const void *payload, size_t len)
{
    uint8_t head[10];
    size_t n = ws_header_format(opcode, len, head);
    stream_send(st, head, n);
    stream_send(st, payload, len);
}

void ws_ping(struct stream *st)
{
    int64_t now = clock_mono_us(); // comes back in the pong
    ws_send(st, OP_PING, &now, sizeof(now));
    st->ping_out = true;
}

// ---- in ----

static ssize_t give_bytes(uint8_t *buf, size_t len, int flags, void *data)
{
    struct ws_in *in = data;
    size_t n = in->len < len ? in->len : len;

    (void)flags;
    if (n == 0) {
        return -1; // wait for more
    }
    memcpy(buf, in->data, n);
    in->data += n;
    in->len -= n;
    return (ssize_t)n;
}

static struct ws_in *in_new(void)
{
    static const struct wslay_frame_callbacks callbacks = { .recv_callback = give_bytes };
    struct ws_in *in = xalloc(sizeof(*in));

    buf_init(&in->text, WS_IN_MAX);
    if (wslay_frame_context_init(&in->frames, &callbacks, in) != 0) {
        free(in);
        return NULL;
    }
    return in;
}

void ws_in_free(struct ws_in *in)
{
    if (in) {
        wslay_frame_context_free(in->frames);
        buf_done(&in->text);
        free(in);
    }
}

static uint64_t head_size(uint64_t payload) // of a frame from a client
{
    return 2 + 4 + (payload < 126 ? 0 : payload < 65536 ? 2 : 8);
}

// 0, or the code to close with.
static int frame_begins(struct ws_in *in, const struct wslay_frame_iocb *f)
{
    bool control = (f->opcode & 8) != 0;

    if (f->rsv || !f->mask || (f->opcode > OP_BINARY && f->opcode < OP_CLOSE) ||
        f->opcode > OP_PONG) {
        return WS_PROTOCOL;
    }
    if (control ? !f->fin || f->payload_length > WS_CONTROL_MAX
                : (f->opcode == OP_CONTINUE) != (in->message != 0)) {
        return WS_PROTOCOL;
    }
    if (!control && f->payload_length > WS_IN_MAX - in->text.len) {
        return WS_TOO_BIG;
    }
    if (!control && f->opcode != OP_CONTINUE) {
        in->message = f->opcode;
    }
    in->in_frame = true;
    in->opcode = f->opcode;
    in->fin = f->fin;
    in->frame_left = f->payload_length;
    in->control_len = 0;
    return 0;
}

static bool close_code_is_good(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static int on_close_frame(struct stream *st, const struct ws_in *in)
{
    unsigned code = in->control_len >= 2 ? (unsigned)(in->control[0] << 8 | in->control[1]) : 1000;

    if (in->control_len == 1 || !close_code_is_good(code)) {
        return WS_PROTOCOL;
    }
    if (in->control_len > 2 &&
        !utf8_valid(slice_make((const char *)in->control + 2, in->control_len - 2))) {
        return WS_NOT_TEXT;
    }
    st->peer_closed = true;
    stream_close(st, (int)code);
    return 0;
}

static void on_pong(struct stream *st, const struct ws_in *in)
{
    struct http_server *s = st->conn->server;
    int64_t sent = 0;

    if (!st->ping_out || in->control_len != sizeof(sent)) {
        return;
    }
    memcpy(&sent, in->control, sizeof(sent));
    int64_t rtt = clock_mono_us() - sent;
    if (rtt < 0 || rtt > (int64_t)3600 * 1000000) {
        return; // not ours
    }
    st->ping_out = false;
    int64_t before = atomic_load_explicit(&s->rtt_us, memory_order_relaxed);
    atomic_store_explicit(&s->rtt_us, before ? (7 * before + rtt) / 8 : rtt, memory_order_relaxed);
}

static int frame_ends(struct stream *st, struct ws_in *in)
{
    int code = 0;

    in->in_frame = false;
    switch (in->opcode) {
    case OP_CLOSE:
        return on_close_frame(st, in);
    case OP_PING:
        if (!st->closing) {
            ws_send(st, OP_PONG, in->control, in->control_len);
        }
        return 0;
    case OP_PONG:
        on_pong(st, in);
        return 0;
    default:
        if (in->fin) {
            if (in->message == OP_TEXT && !utf8_valid(buf_slice(&in->text))) {
                code = WS_NOT_TEXT;
            }
            if (code == 0 && st->auth_waits) {
                auth_message(st, buf_slice(&in->text));
            }
            in->message = 0;
            buf_reset(&in->text);
        }
        return code;
    }
}

static int take_frames(struct stream *st, struct ws_in *in)
{
    for (;;) { // each turn uses up a byte of input at least
        struct wslay_frame_iocb f = { 0 };
        ssize_t n = wslay_frame_recv(in->frames, &f);
        if (n == WSLAY_ERR_WANT_READ) {
            return 0;
        }
        int code = n < 0 ? WS_PROTOCOL : in->in_frame ? 0 : frame_begins(in, &f);
        if (code != 0) {
            return code;
        }
        if (in->opcode & 8) {
            memcpy(in->control + in->control_len, f.data, f.data_length);
            in->control_len += f.data_length;
        } else {
            buf_add(&in->text, f.data, f.data_length);
        }
        in->frame_left -= f.data_length;
        if (in->frame_left == 0) {
            in->unread -= head_size(f.payload_length) + f.payload_length;
            code = frame_ends(st, in);
            if (code != 0 || st->peer_closed) {
                return code;
            }
        }
    }
}

void ws_receive(struct stream *st, const char *data, size_t len)
{
    if (st->peer_closed) {
        return;
    }
    if (!st->in) {
        st->in = in_new();
        if (!st->in) {
            conn_close(st->conn);
            return;
        }
    }
    struct ws_in *in = st->in;
    in->data = (const uint8_t *)data;
    in->len = len;
    in->unread += len;
    int code = take_frames(st, in);
    if (code != 0) {
        stream_close(st, code);
        st->peer_closed = true; // nothing it sends is understood any more
    }
    if (st->peer_closed || (in->unread == 0 && in->message == 0)) {
        ws_in_free(TAKE(st->in)); // ten thousand idle sockets would keep 4.5 KB each
    }
    stream_pump(st);
}
