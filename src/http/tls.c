// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the first half of tls.h over OpenSSL. Its BIO is ours: it reads from the bytes that the socket brought, where
// they lie, and writes into a buffer that all connections share, so that an idle connection holds none.
//
// Order of what goes out: `flight` is at the socket, `later` is encrypted and next (answers of TLS itself while a flight is
// under way), `plain` is what the caller still has to send. c->net.writing is what the caller sees: a net_send that is not
// done; `flying` is the socket's.
#include "http/tls.h"

#include "base/log.h"

#include <openssl/err.h>
#include <stdlib.h>

struct tls {
    struct http_job job; // first: a step of the handshake
    struct conn *conn; // loop; NULL: gone, the job in flight frees this
    struct tls_server *server;
    SSL *ssl; // NULL before the first bytes
    SSL_CTX *context; // until ssl is made of it
    struct slice in; // what the BIO reads; lent
    struct buf *out; // where the BIO writes; lent
    struct buf held; // from the client, not decrypted
    struct buf flight, later;
    uv_buf_t *plain;
    unsigned plain_count, plain_at;
    struct tls *waiting_next;
    size_t hello; // bytes of the handshake that came
    int rc, why; // of the last step
    const char *reason; // why it failed, static, for the log; may be NULL
    bool in_pool;
    bool shaking, broken; // broken: an error of TLS; nothing more is encrypted
    bool flying, finishing, finished;
    bool delivering, waiting;
};

static struct tls *of(const struct conn *c)
{
    return c->net.tls;
}

// ---- the BIO

static int bio_read(BIO *bio, char *data, int len)
{
    struct tls *t = BIO_get_data(bio);
    size_t n = t->in.len < (size_t)len ? t->in.len : (size_t)len;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(data, t->in.data, n);
    t->in = slice_from(t->in, n);
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct tls *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    buf_add(t->out, data, (size_t)len);
    return buf_ok(t->out) ? len : -1;
}

static long bio_ctrl(BIO *bio, int what, long number, void *at)
{
    (void)bio;
    (void)number;
    (void)at;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "larder");
    BUG_ON(!method);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
}

static SSL *ssl_new(struct tls *t)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_method);
    SSL *ssl = SSL_new(t->context);
    BIO *bio = ssl ? BIO_new(method) : NULL;
    SSL_CTX_free(TAKE(t->context));
    if (!bio) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}

// ---- life

void tls_begin(struct conn *c)
{
    struct tls *t = xalloc(sizeof(*t));

    t->conn = c;
    t->server = c->server->tls;
    t->shaking = true;
    buf_init(&t->held, TLS_HELLO_MAX + READ_MAX);
    buf_init(&t->flight, TLS_OUT_MAX);
    buf_init(&t->later, TLS_OUT_MAX);
    c->net.tls = t;
}

void tls_free(struct tls *t)
{
    if (!t) {
        return;
    }
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    buf_done(&t->held);
    buf_done(&t->flight);
    buf_done(&t->later);
    free(t->plain);
    free(t);
}

static void give_back(struct buf *b)
{
    size_t max = b->max;

    buf_done(b);
    buf_init(b, max);
}

// ---- out

static bool fly(struct conn *c)
{
    struct tls *t = of(c);
    uv_buf_t buf = uv_buf_init(t->flight.data, (unsigned)t->flight.len);

    t->flying = true;
    return buf_ok(&t->flight) && net_raw_write(c, &buf) == 0;
}

// Sends what lies in b, which is empty afterwards: the shared buffer, or `later`. false: the connection is broken.
static bool push(struct conn *c, struct buf *b)
{
    struct tls *t = of(c);

    if (t->flying) {
        if (b != &t->later) {
            buf_add(&t->later, b->data, b->len);
            buf_reset(b);
        }
        return buf_ok(&t->later);
    }
    if (b->len == 0) {
        return buf_ok(b);
    }
    uv_buf_t buf = uv_buf_init(b->data, (unsigned)b->len);
    ssize_t n = net_raw_try(c, &buf);
    if (n < 0) {
        return false;
    }
    if ((size_t)n < b->len) {
        buf_add(&t->flight, b->data + n, b->len - (size_t)n);
    }
    if (b == &t->later) {
        give_back(b);
    } else {
        buf_reset(b);
    }
    return t->flight.len == 0 || fly(c);
}

// Takes up to a record's worth off the list: as it lies, or put together from small pieces.
static struct slice next_record(struct tls_server *ts, uv_buf_t *bufs, unsigned count, unsigned *at)
{
    size_t len = 0;

    while (*at < count && bufs[*at].len == 0) {
        ++*at;
    }
    if (*at < count && bufs[*at].len >= TLS_RECORD) {
        struct slice record = slice_make(bufs[*at].base, TLS_RECORD);
        bufs[*at].base += TLS_RECORD;
        bufs[*at].len -= TLS_RECORD;
        return record;
    }
    while (*at < count && len < TLS_RECORD) {
        size_t n = bufs[*at].len < TLS_RECORD - len ? bufs[*at].len : TLS_RECORD - len;
        memcpy(ts->gather + len, bufs[*at].base, n);
        len += n;
        bufs[*at].base += n;
        bufs[*at].len -= n;
        *at += bufs[*at].len == 0;
    }
    return slice_make(ts->gather, len);
}

static bool encrypt(struct tls *t, uv_buf_t *bufs, unsigned count, unsigned *at, struct buf *out)
{
    size_t done = 0;

    t->out = out;
    while (*at < count && done < TLS_SLICE) {
        struct slice record = next_record(t->server, bufs, count, at);
        if (record.len == 0) {
            break;
        }
        ERR_clear_error();
        if (SSL_write(t->ssl, record.data, (int)record.len) != (int)record.len) {
            t->broken = true;
            return false;
        }
        done += record.len;
    }
    while (*at < count && bufs[*at].len == 0) {
        ++*at;
    }
    return true;
}

int tls_send(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first)
{
    struct tls *t = of(c);
    struct buf *out = &t->server->out;
    unsigned at = 0;

    if (t->broken || t->shaking) {
        return ERR_IO;
    }
    for (int i = 0; i < TLS_TRIES && try_first && !t->flying; i++) {
        buf_reset(out);
        if (!encrypt(t, bufs, count, &at, out) || !push(c, out)) {
            return ERR_IO;
        }
        if (at == count && !t->flying) {
            return 1;
        }
    }
    c->net.writing = true;
    if (at < count) {
        t->plain = malloc((count - at) * sizeof(*bufs));
        if (!t->plain) {
            return ERR_MEMORY;
        }
        memcpy(t->plain, bufs + at, (count - at) * sizeof(*bufs));
        t->plain_count = count - at;
        t->plain_at = 0;
    }
    if (t->flying) {
        return 0;
    }
    return encrypt(t, t->plain, t->plain_count, &t->plain_at, &t->flight) && fly(c) ? 0 : ERR_IO;
}

void tls_flown(struct conn *c, bool ok)
{
    struct tls *t = of(c);

    if (c->state == CONN_CLOSED) {
        return;
    }
    t->flying = false;
    give_back(&t->flight);
    if (!ok) {
        conn_close(c);
        return;
    }
    if (t->later.len > 0) {
        struct buf empty = t->flight;
        t->flight = t->later;
        t->later = empty;
        ok = fly(c);
    } else if (t->plain_at < t->plain_count) {
        ok = encrypt(t, t->plain, t->plain_count, &t->plain_at, &t->flight) && fly(c);
    } else if (c->net.writing) {
        free(TAKE(t->plain));
        t->plain_count = t->plain_at = 0;
        c->net.writing = false;
        conn_written(c, true);
        return;
    } else if (t->finishing) {
        net_finish(c);
    }
    if (!ok) {
        conn_close(c);
    }
}

size_t tls_waiting(const struct conn *c)
{
    const struct tls *t = of(c);
    size_t left = 0;

    for (unsigned i = t->plain_at; i < t->plain_count; i++) {
        left += t->plain[i].len;
    }
    return left;
}

// The record that says that no more comes, in the shared buffer; empty when it has been said or can't be.
static struct buf *last_record(struct tls *t)
{
    struct buf *out = &t->server->out;

    buf_reset(out);
    if (!t->shaking && !t->broken && !t->finished) {
        t->finished = true;
        t->out = out;
        ERR_clear_error();
        SSL_shutdown(t->ssl);
    }
    return out;
}

bool tls_finish(struct conn *c)
{
    struct tls *t = of(c);

    push(c, last_record(t));
    t->finishing = t->flying;
    return !t->flying;
}

static void leave(struct tls **list, const struct tls *t)
{
    while (*list && *list != t) {
        list = &(*list)->waiting_next;
    }
    if (*list) {
        *list = t->waiting_next;
    }
}

void tls_goodbye(struct conn *c)
{
    struct tls *t = of(c);

    if (t->waiting) {
        leave(&t->server->waiting, t);
        leave(&t->server->turn, t);
    }
    t->waiting = false;
    if (t->in_pool) {
        t->conn = NULL;
        c->net.tls = NULL; // its done() frees it
    } else if (!t->flying && !c->net.writing) {
        struct buf *out = last_record(t);
        uv_buf_t buf = uv_buf_init(out->data, (unsigned)out->len);
        if (out->len > 0) {
            net_raw_try(c, &buf);
        }
    }
}

// ---- in

// Reads from the socket, or lets what is held wait for its turn.
static void sync_reading(struct conn *c)
{
    struct tls *t = of(c);
    bool more = t->held.len > 0 || SSL_pending(t->ssl) > 0;

    net_raw_read(c, c->net.reading && !more);
    if (c->net.reading && more && !t->waiting) {
        t->waiting = true;
        t->waiting_next = t->server->waiting;
        t->server->waiting = t;
        tls_server_wait(t->server, true);
    }
}

void tls_reading(struct conn *c)
{
    struct tls *t = of(c);

    if (t->shaking) {
        net_raw_read(c, c->net.reading && !t->in_pool);
    } else if (!t->delivering) {
        sync_reading(c);
    }
}

// Decrypts and hands on as long as the connection wants to read.
static void decrypt(struct conn *c, struct slice data)
{
    struct tls *t = of(c);
    struct tls_server *ts = t->server;
    struct buf *out = &ts->out;

    t->in = data;
    t->delivering = true;
    while (c->state != CONN_CLOSED && c->net.reading) {
        size_t room = net_read_room(c);
        buf_reset(out);
        t->out = out;
        ERR_clear_error();
        int n = SSL_read(t->ssl, ts->read, (int)(room < TLS_RECORD ? room : TLS_RECORD));
        int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, n);
        if (!push(c, out)) {
            t->broken = true;
            conn_close(c);
        } else if (n > 0) {
            conn_read(c, ts->read, (size_t)n);
        } else if (why == SSL_ERROR_ZERO_RETURN) {
            net_read(c, false);
            conn_read(c, NULL, 0);
        } else if (why == SSL_ERROR_WANT_READ) {
            break;
        } else {
            t->broken = true;
            conn_close(c);
        }
    }
    t->delivering = false;
    if (c->state == CONN_CLOSED) {
        return;
    }
    if (t->held.len > 0) { // it was given from there
        buf_consume(&t->held, t->held.len - t->in.len);
    } else {
        buf_add(&t->held, t->in.data, t->in.len);
    }
    t->in = slice_make(NULL, 0);
    if (t->held.len == 0 && t->held.cap > 0) {
        give_back(&t->held);
    }
    if (!buf_ok(&t->held)) {
        conn_close(c);
        return;
    }
    sync_reading(c);
}

void tls_server_take_turns(struct tls_server *ts)
{
    ts->turn = TAKE(ts->waiting);
    tls_server_wait(ts, false);
    while (ts->turn) {
        struct tls *t = ts->turn;
        ts->turn = t->waiting_next;
        t->waiting = false;
        if (t->conn->net.reading) {
            decrypt(t->conn, buf_slice(&t->held));
        }
    }
}

// ---- the handshake

static void step(struct conn *c);

static void shake_run(struct http_job *job) // pool thread
{
    struct tls *t = (struct tls *)(void *)job;

    if (!t->ssl) {
        t->ssl = ssl_new(t);
    }
    if (!t->ssl) {
        t->rc = -1;
        t->why = SSL_ERROR_SSL;
        return;
    }
    ERR_clear_error();
    t->rc = SSL_do_handshake(t->ssl);
    t->why = t->rc == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, t->rc);
    t->reason = t->why == SSL_ERROR_SSL ? ERR_reason_error_string(ERR_peek_last_error()) : NULL;
}

// Is there a whole record (or what can't become one)? A client that sends bytes one by one is not worth a thread for each.
static bool record_is_whole(const struct buf *b)
{
    const unsigned char *at = (const unsigned char *)b->data;
    size_t len = b->len >= 5 ? (size_t)(at[3] << 8 | at[4]) : 0;

    return b->len >= 5 && (len > TLS_RECORD + 256 || b->len >= 5 + len);
}

static void shaken(struct conn *c)
{
    struct tls *t = of(c);

    t->shaking = false;
    count_up(&c->server->tls_handshakes, 1);
    conn_secured(c);
    if (t->held.len == 0) {
        net_acknowledge(
            c); // a client may hold its request back until its Finished is (Nagle's rule)
    }
    if (c->state != CONN_CLOSED) {
        sync_reading(c);
    }
}

static void shake_done(struct http_job *job)
{
    struct tls *t = (struct tls *)(void *)job;
    struct conn *c = t->conn;

    t->in_pool = false;
    if (!c) {
        tls_free(t);
        return;
    }
    buf_consume(&t->held, t->held.len - t->in.len);
    t->in = slice_make(NULL, 0);
    bool sent = push(c, &t->later);
    if (t->rc == 1 && sent) {
        shaken(c);
    } else if (t->why == SSL_ERROR_WANT_READ && sent) {
        if (record_is_whole(&t->held)) {
            step(c);
        } else {
            net_raw_read(c, true);
        }
    } else {
        t->broken = true;
        count_up(&c->server->tls_refused, 1);
        log_debug("tls.refused", LS("peer", c->peer), LS("why", t->reason ? t->reason : ""));
        conn_close(c);
    }
}

static void step(struct conn *c)
{
    struct tls *t = of(c);

    if (!t->ssl && !t->context) {
        t->context = t->server->context;
        SSL_CTX_up_ref(t->context);
    }
    net_raw_read(c, false);
    t->in = buf_slice(&t->held);
    t->out = &t->later;
    t->job = (struct http_job){ .run = shake_run, .done = shake_done };
    t->in_pool = true;
    if (t->flying || server_submit(c->server, t->server->pool, &t->job) != 0) {
        t->in_pool = false; // too many, or a client that answers before it could have read
        conn_close(c);
    }
}

// The first byte of TLS is 22. A letter is most likely HTTP, whose client is told what to do.
static void not_tls(struct conn *c, char first)
{
    count_up(&c->server->tls_refused, 1);
    if (first < 'A' || first > 'Z') {
        of(c)->broken = true;
        conn_close(c);
        return;
    }
    tls_free(TAKE(c->net.tls));
    conn_not_secured(c);
}

void tls_receive(struct conn *c, const char *data, size_t len)
{
    struct tls *t = of(c);

    if (!t->shaking) {
        decrypt(c, slice_make(data, len));
        return;
    }
    if (t->hello == 0 && data[0] != 22) {
        not_tls(c, data[0]);
        return;
    }
    t->hello += len;
    buf_add(&t->held, data, len);
    if (t->hello > TLS_HELLO_MAX || !buf_ok(&t->held)) {
        count_up(&c->server->tls_refused, 1);
        t->broken = true;
        conn_close(c);
    } else if (record_is_whole(&t->held)) {
        step(c);
    }
}
