// SPDX-License-Identifier: AGPL-3.0-or-later
// A WebSocket's side that clients write: the key of the handshake, then frames. The first line of the input is the key; the
// rest is read whole and byte by byte, and both must answer and end alike. What stands around it (stream.c, conn.c) is here.
#include "http/stream.h"
#include "base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 17, LOG_MAX = 1 << 22 };

static struct buf *happened; // one thread

void stream_send(struct stream *st, const void *bytes, size_t len)
{
    (void)st;
    buf_add(happened, bytes, len);
}

void stream_close(struct stream *st, int code)
{
    BUG_ON(code < 1000 || code > 4999);
    st->closing = true;
    buf_addf(happened, "[closed %d]", code);
}

void stream_pump(struct stream *st)
{
    (void)st;
}

void stream_common_headers(const struct exchange *x, struct buf *out)
{
    (void)x;
    buf_add_str(out, "Server: Larder\r\n");
}

void auth_message(struct stream *st, struct slice text)
{
    (void)st;
    BUG_ON(text.len > WS_IN_MAX);
    buf_addf(happened, "[message %zu]", text.len);
}

void conn_close(struct conn *c)
{
    (void)c;
    abort(); // only for lack of memory
}

static void read_all(struct http_server *s, struct slice bytes, size_t step, struct buf *log)
{
    struct conn c = { .server = s };
    struct stream st = { .conn = &c, .websocket = true, .auth_waits = true };

    happened = log;
    for (size_t at = 0; at < bytes.len; at += step) {
        ws_receive(&st, bytes.data + at, bytes.len - at < step ? bytes.len - at : step);
    }
    buf_addf(log, "[%d %d]", st.closing, st.peer_closed);
    ws_in_free(st.in);
}

static void shake_hands(struct slice key)
{
    struct http_header headers[] = { { SLICE_LIT("Sec-WebSocket-Key"), key },
        { SLICE_LIT("Sec-WebSocket-Protocol"), key } };
    struct exchange *x = xalloc(sizeof(*x));
    AUTO_BUF out = BUF_INIT(4096);

    x->req.headers = headers;
    x->req.header_count = ARRAY_LEN(headers);
    int rc = ws_handshake(x, NULL);
    BUG_ON(ws_handshake(x, &out) != rc);
    BUG_ON((rc == 0) != (out.len > 0));
    free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_server *server;
    struct slice rest = slice_make((const char *)data, size), key;

    if (size > INPUT_MAX || !slice_cut(&rest, '\n', &key)) {
        return 0;
    }
    server = server ? server : xalloc(sizeof(*server));
    shake_hands(key);
    AUTO_BUF whole = BUF_INIT(LOG_MAX);
    AUTO_BUF bytes = BUF_INIT(LOG_MAX);
    read_all(server, rest, rest.len ? rest.len : 1, &whole);
    read_all(server, rest, 1, &bytes);
    BUG_ON(!slice_equal(buf_slice(&whole), buf_slice(&bytes)));
    return 0;
}
