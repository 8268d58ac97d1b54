// SPDX-License-Identifier: AGPL-3.0-or-later
// TLS of one connection, between net.c (which has the socket) and conn.c (which sees plain bytes only), and what the
// server's connections share. Loop thread only, but for the handshakes: their steps take milliseconds of arithmetic and run
// on a pool of their own, one at a time for each connection.
//
//   socket --tls_receive--> held? --decrypt--> conn_read        conn_write_out --net_send--> tls_send --encrypt--> socket
//
// Memory of a connection: OpenSSL's state, whose buffers are given back while it is idle; at most READ_MAX bytes of the
// client's that wait because the connection does not want to read (`held`); at most TLS_SLICE bytes that are encrypted and
// not yet taken by the kernel. What a caller has to send is encrypted slice by slice, as the kernel takes it.
#ifndef LARDER_HTTP_TLS_H
#define LARDER_HTTP_TLS_H

#include "http/certificate.h"
#include "http/internal.h"

#include <openssl/ssl.h>

enum {
    TLS_HELLO_MAX = 48 * 1024, // bytes of a client before its handshake is done
    TLS_RECORD = 16 * 1024,
    TLS_SLICE = 64 * 1024, // plain bytes encrypted at a time
    TLS_TRIES = 4, // slices in one turn of the loop
    TLS_OUT_MAX = TLS_SLICE + 32 * 1024,
    TLS_THREADS = 2, // for handshakes
    TLS_HANDSHAKE_S = 10,
    TLS_WATCH_MS = 2000, // from one look at the files to the next
};

// ---- one connection; tls.c
struct tls;
void tls_begin(struct conn *c); // a new connection; its first bytes are looked at
void tls_receive(struct conn *c, const char *data, size_t len); // from the socket
void tls_reading(struct conn *c); // c->net.reading changed
// As net_send.
int tls_send(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first);
void tls_flown(struct conn *c, bool ok); // a write to the socket is done
bool tls_finish(
    struct conn *c); // says that no more comes; false: not yet, net_finish is called again
size_t tls_waiting(const struct conn *c); // plain bytes not encrypted yet
void tls_goodbye(struct conn *c); // the connection is closing
void tls_free(struct tls *t); // NULL is fine

// ---- the server; tls_server.c
struct tls_server {
    struct http_server *server;
    SSL_CTX *context;
    struct pool *pool;
    uv_idle_t idle; // runs while connections wait to be read from what is held
    struct tls *waiting; // their turn comes
    struct tls *turn; // it is now
    struct buf out; // encrypted bytes between a call of OpenSSL and the socket
    char read[TLS_RECORD], gather[TLS_RECORD];
    struct certificate_files files;
    char *certificate, *key;
    struct tls_watch *watch;
};
int tls_server_new(struct http_server *s, struct error *err); // sets s->tls
void tls_server_close(struct tls_server *ts); // its pool; NULL is fine
void tls_server_free(struct tls_server *ts); // after the loop's handles are closed; NULL is fine
void tls_server_reload(struct tls_server *ts, bool now); // looks at the files
void tls_server_take_turns(struct tls_server *ts); // tls.c: those that wait are read
void tls_server_wait(struct tls_server *ts, bool on); // the idle handle

#endif
