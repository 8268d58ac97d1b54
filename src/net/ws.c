// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements ws.h. wslay's event layer puts fragments together, answers pings and checks UTF-8.
#include "net/ws.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "net/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum { LOOK_MS = 100, KEY_BYTES = 16, HOST_MAX = 256 };

struct net_ws {
    CURL *curl;
    curl_socket_t socket;
    wslay_event_context_ptr frames;
    struct buf rest; // came with the answer's head
    const struct net_ws_handler *handler; // during net_ws_run
    bool stop; // a handler said so
    bool ended; // by the server
};

// ---- bytes

static int wait_for(const struct net_ws *w, short what, int ms)
{
    struct pollfd p = { .fd = w->socket, .events = what };

    return poll(&p, 1, ms);
}

static int send_all(struct net_ws *w, struct slice bytes, int64_t until_ms)
{
    while (bytes.len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(w->curl, bytes.data, bytes.len, &n);
        if (code == CURLE_AGAIN) {
            if (clock_mono_ms() >= until_ms) {
                return ERR_TIMEOUT;
            }
            wait_for(w, POLLOUT, LOOK_MS);
        } else if (code != CURLE_OK) {
            return ERR_IO;
        }
        bytes = slice_from(bytes, n);
    }
    return 0;
}

static ssize_t give_bytes(
    wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user)
{
    struct net_ws *w = user;
    size_t n = 0;

    (void)flags;
    if (w->rest.len > 0) {
        n = w->rest.len < len ? w->rest.len : len;
        memcpy(buf, w->rest.data, n);
        buf_consume(&w->rest, n);
        return (ssize_t)n;
    }
    CURLcode code = curl_easy_recv(w->curl, buf, len, &n);
    if (code == CURLE_OK && n > 0) {
        return (ssize_t)n;
    }
    w->ended = code != CURLE_AGAIN;
    wslay_event_set_error(ctx, w->ended ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t take_bytes(
    wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user)
{
    struct net_ws *w = user;
    size_t n = 0;

    (void)flags;
    CURLcode code = curl_easy_send(w->curl, data, len, &n);
    if (code == CURLE_OK) {
        return (ssize_t)n;
    }
    w->ended = code != CURLE_AGAIN;
    wslay_event_set_error(ctx, w->ended ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int make_mask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, void *user)
{
    (void)ctx;
    (void)user;
    random_bytes(buf, len);
    return 0;
}

static void on_message(
    wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct net_ws *w = user;
    const struct net_ws_handler *h = w->handler;
    struct slice bytes = slice_make((const char *)arg->msg, arg->msg_length);

    (void)ctx;
    if (arg->opcode == WSLAY_PONG && h && h->pong) {
        w->stop = h->pong(h->ctx, bytes) || w->stop;
    } else if (arg->opcode == WSLAY_TEXT_FRAME && h && h->text) {
        w->stop = h->text(h->ctx, bytes) || w->stop;
    } else if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        w->ended = true;
    }
}

// ---- the handshake

static void make_accept(const char *key, char ret[64])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[128];
    int len = snprintf(text, sizeof(text), "%s%s", key, guid);

    if (EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha1(), NULL) != 1) {
        BUG("SHA-1 is not there");
    }
    EVP_EncodeBlock((unsigned char *)ret, digest, 20);
}

static int ask(
    struct net_ws *w, const char *url, const char *bearer, const char *key, int64_t until_ms)
{
    AUTO_BUF head = BUF_INIT(NET_WS_HEAD_MAX);
    const char *host = strchr(url, '/') + 2;
    size_t host_len = strcspn(host, "/?#");
    const char *path = host + host_len;

    buf_addf(&head,
        "GET %s%s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nUser-Agent: larder/" LARDER_VERSION
        "\r\n",
        *path == '/' ? "" : "/", path, (int)host_len, host, key);
    if (bearer && bearer[0]) {
        buf_addf(&head, "Authorization: Bearer %s\r\n", bearer);
    }
    buf_add_str(&head, "\r\n");
    int rc = buf_ok(&head) ? send_all(w, buf_slice(&head), until_ms) : ERR_INVALID;
    explicit_bzero(head.data, head.len);
    return rc;
}

static int read_head(struct net_ws *w, int64_t until_ms)
{
    char bytes[4096];

    while (!slice_find(buf_slice(&w->rest), SLICE_LIT("\r\n\r\n"))) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(w->curl, bytes, sizeof(bytes), &n);
        if (code == CURLE_AGAIN) {
            if (clock_mono_ms() >= until_ms) {
                return ERR_TIMEOUT;
            }
            wait_for(w, POLLIN, LOOK_MS);
            continue;
        }
        if (code != CURLE_OK || n == 0) {
            return ERR_IO;
        }
        buf_add(&w->rest, bytes, n);
        if (!buf_ok(&w->rest)) {
            return ERR_CORRUPT;
        }
    }
    return 0;
}

static int check_head(struct net_ws *w, const char *key, struct error *err)
{
    struct slice head = buf_slice(&w->rest);
    size_t len = (size_t)(slice_find(head, SLICE_LIT("\r\n\r\n")) - head.data) + 4;
    char accept[64];
    int status = 0;

    make_accept(key, accept);
    if (sscanf(head.data, "HTTP/1.1 %3d", &status) != 1) {
        return error_set(err, ERR_CORRUPT, "The server does not speak HTTP/1.1.");
    }
    if (status == 401 || status == 403) {
        return error_set(err, status == 401 ? ERR_AUTH : ERR_DENIED,
            "The server refused the WebSocket with status %d.", status);
    }
    if (status != 101 || !slice_find(slice_make(head.data, len), slice_of(accept))) {
        return error_set(err, ERR_CORRUPT,
            "The server did not open a WebSocket: it answered with status %d.", status);
    }
    buf_consume(&w->rest, len);
    return 0;
}

static int connect_to(
    struct net_ws *w, const char *url, const struct net_trust *trust, struct error *err)
{
    CURL *c = w->curl;

    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    net_trust_apply(trust, c);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)NET_WS_CONNECT_MS);
    if (curl_easy_perform(c) != CURLE_OK ||
        curl_easy_getinfo(c, CURLINFO_ACTIVESOCKET, &w->socket) != CURLE_OK ||
        w->socket == CURL_SOCKET_BAD) {
        return error_set(err, ERR_IO, "No connection for a WebSocket could be made.");
    }
    return 0;
}

int net_ws_open(const char *url, const char *bearer, const struct net_trust *trust,
    struct net_ws **ret, struct error *err)
{
    static const struct wslay_event_callbacks callbacks = { .recv_callback = give_bytes,
        .send_callback = take_bytes,
        .genmask_callback = make_mask,
        .on_msg_recv_callback = on_message };
    uint8_t random[KEY_BYTES];
    char key[32];

    if (!web_url_valid(url)) {
        return error_set(err, ERR_INVALID, "The address must be http:// or https:// with a host.");
    }
    struct net_ws *w = xalloc(sizeof(*w));
    buf_init(&w->rest, NET_WS_HEAD_MAX);
    random_bytes(random, sizeof(random));
    EVP_EncodeBlock((unsigned char *)key, random, sizeof(random));
    w->curl = curl_easy_init();
    int64_t until = clock_mono_ms() + NET_WS_CONNECT_MS;
    int rc =
        w->curl ? connect_to(w, url, trust, err) : error_set(err, ERR_MEMORY, "No memory is left.");
    if (rc == 0) {
        rc = ask(w, url, bearer, key, until);
        rc = rc < 0 ? rc : read_head(w, until);
        rc = rc < 0 ? error_set(err, rc, "The server did not answer the WebSocket's opening.")
                    : check_head(w, key, err);
    }
    if (rc == 0 && wslay_event_context_client_init(&w->frames, &callbacks, w) != 0) {
        rc = error_set(err, ERR_MEMORY, "No memory is left.");
    }
    if (rc < 0) {
        net_ws_close(w);
        return rc;
    }
    wslay_event_config_set_max_recv_msg_length(w->frames, NET_WS_MESSAGE_MAX);
    *ret = w;
    return 0;
}

void net_ws_close(struct net_ws *w)
{
    if (!w) {
        return;
    }
    if (w->frames) {
        if (!w->ended && wslay_event_queue_close(w->frames, 1000, NULL, 0) == 0) {
            wslay_event_send(w->frames);
        }
        wslay_event_context_free(w->frames);
    }
    curl_easy_cleanup(w->curl);
    buf_done(&w->rest);
    free(w);
}

// ---- use

int net_ws_ping(struct net_ws *w, struct slice payload, struct error *err)
{
    struct wslay_event_msg ping = {
        .opcode = WSLAY_PING, .msg = (const uint8_t *)payload.data, .msg_length = payload.len
    };

    if (wslay_event_queue_msg(w->frames, &ping) != 0 || wslay_event_send(w->frames) != 0) {
        return error_set(err, ERR_IO, "The WebSocket was closed.");
    }
    return 0;
}

int net_ws_run(
    struct net_ws *w, const struct net_ws_handler *h, int64_t until_ms, struct error *err)
{
    int rc = 0;

    w->handler = h;
    w->stop = false;
    for (;;) { // ends by time at the latest
        int in = wslay_event_recv(w->frames);
        int out = wslay_event_want_write(w->frames) ? wslay_event_send(w->frames) : 0;
        if (w->stop) {
            break;
        }
        if (w->ended || in != 0 || out != 0) {
            rc = error_set(err, ERR_IO, "The WebSocket was closed by the server.");
            break;
        }
        if (h->cancelled && atomic_load(h->cancelled)) {
            rc = error_set(err, ERR_CANCELLED, "Stopped.");
            break;
        }
        int64_t left = until_ms - clock_mono_ms();
        if (left <= 0) {
            break;
        }
        wait_for(w, POLLIN, left < LOOK_MS ? (int)left : LOOK_MS);
    }
    w->handler = NULL;
    return rc;
}
