// SPDX-License-Identifier: AGPL-3.0-or-later
// A WebSocket that brings its key in its first message, because a browser can't give one a header: it is open but gets
// nothing until http_options.stream_auth has said yes, and is closed with 1008 when it says no or WS_AUTH_S pass. Loop
// thread, but for run().
#include "http/stream.h"

#include <openssl/crypto.h>
#include <stdlib.h>

struct auth {
    struct http_job job; // first
    struct http_server *server;
    struct stream *stream; // loop only; NULL when it went away
    struct buf message;
    char peer[64];
    void *audience;
    struct error err;
    int rc;
};

static void auth_run(struct http_job *job)
{
    struct auth *a = (struct auth *)(void *)job;
    const struct http_options *o = &a->server->o;

    a->rc = o->stream_auth
                ? o->stream_auth(o->app, a->peer, buf_slice(&a->message), &a->audience, &a->err)
                : error_set(&a->err, ERR_AUTH, "Keys are not taken here.");
}

static void auth_done(struct http_job *job)
{
    struct auth *a = (struct auth *)(void *)job;
    struct stream *st = a->stream;

    if (st) {
        st->auth = NULL;
        if (a->rc == 0 && !st->closing) {
            st->audience = TAKE(a->audience);
            st->auth_waits = false;
            hub_add(a->server->hub, st, st->since);
            conn_deadline(st->conn, WS_PING_S * 1000);
        } else {
            stream_close_for(st, WS_POLICY, "The key is not known here.");
        }
        stream_pump(st);
    }
    if (a->audience) {
        a->server->o.audience_free(a->audience);
    }
    if (a->message.data) {
        OPENSSL_cleanse(a->message.data, a->message.len);
    }
    buf_done(&a->message);
    free(a);
}

void auth_message(struct stream *st, struct slice text)
{
    struct http_server *s = st->conn->server;

    if (st->auth || st->closing) {
        return; // one is being looked at; what else comes has no meaning
    }
    struct auth *a = xalloc(sizeof(*a));
    a->job = (struct http_job){ .run = auth_run, .done = auth_done };
    a->server = s;
    a->stream = st;
    buf_init(&a->message, WS_IN_MAX);
    buf_add_slice(&a->message, text);
    memcpy(a->peer, st->peer, sizeof(a->peer));
    st->auth = a;
    if (server_submit(s, s->lanes[HTTP_LANE_QUICK], &a->job) != 0) {
        st->auth = NULL;
        buf_done(&a->message);
        free(a);
        stream_close_for(st, WS_TRY_LATER, "The server is busy.");
    }
}

void auth_forget(struct stream *st)
{
    if (st->auth) {
        st->auth->stream = NULL;
        st->auth = NULL;
    }
}
