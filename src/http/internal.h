// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of http/ share: the server, a connection, an exchange (one request with its answer). Nobody outside http/
// includes this.
//
// Who owns what: the loop thread owns the server and every connection. An exchange goes back and forth: while its job is on
// a pool (`in_pool`), the pool thread owns it whole but for `conn`, which only the loop reads and writes; else the loop owns
// it. A connection that closes leaves its exchange to the job in flight, whose done() then frees it.
#ifndef LARDER_HTTP_INTERNAL_H
#define LARDER_HTTP_INTERNAL_H

#include "http/http.h"
#include "http/parse.h"
#include "http/request.h"
#include "http/route.h"
#include "http/strict.h"
#include "os/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

// What may block. It runs on a pool's thread, then comes back to the loop thread through the server's list of finished
// jobs, so each job is owned by one side at a time: the loop before submit, a pool thread inside run, the loop again in done.
struct http_job {
    void (*run)(struct http_job *job); // on a pool thread
    void (*done)(struct http_job *job); // on the loop thread
    struct http_server *server; // set by server_submit
    struct http_job *next;
};

enum {
    READ_MAX = 64 * 1024, // bytes a read may bring while a body comes
    READ_HEAD_MAX = 16 * 1024, // while a head comes
    READ_AHEAD_MAX = 4 * 1024, // while a request is being answered (pipelining)
    WRITE_SLICE = 64 * 1024, // bytes of a body handed to the kernel at a time
    KERNEL_UNSENT =
        128 * 1024, // bytes that the kernel takes beyond what the client's window lets it send
    ARENA_MAX = 64 * 1024 * 1024, // per request
    RESPONSE_MAX = 64 * 1024 * 1024,
    IGNORED_BODY_MAX = 64 * 1024, // body of a request whose route takes none
    LISTEN_BACKLOG = 1024,
    LINGER_MS =
        5000, // after a last answer: how long the rest of a body is thrown away before the close
    BODY_RATE_MIN =
        256, // bytes a second that a body must bring, and an answer must be read with, over one timeout
    LINGER_BYTES_MAX = 256 * 1024 * 1024,
    WS_IN_MAX = 64 * 1024, // one message from a client
    FORWARD_ADDRESS = 16, // bytes of an address; IPv4 as ::ffff:a.b.c.d
    ADDRESS_TOLD =
        32, // connections over an address's bound that are told so before they are closed
    FORGOTTEN_MAX = 64 * 1024, // larger bodies are no keys
    SPOOL_RANDOM_BYTES = 16, // a spool file's name is these in hexadecimal, and ".part"
};

struct address;
struct addresses;
struct conn;
struct stream;
struct hub;
struct spool;

// The transport of one connection; net.c. With TLS, reading and writing are what the connection sees; tls.c has its own.
struct net {
    uv_tcp_t tcp;
    uv_write_t write; // one at a time
    struct tls *tls; // NULL: plain
    bool reading, writing, closing;
};

// An answer ready to be written; response.c makes it on either side.
struct reply {
    int status;
    struct buf head; // status line and headers
    struct slice body; // lends from the response or is static
    int64_t file_at, file_left; // of response.file_fd
    char *chunk; // WRITE_SLICE bytes for file contents
    size_t chunk_len; // bytes of the file that wait there
    bool chunk_failed;
    bool close; // the connection ends after it
    bool ready;
};

struct exchange {
    struct http_job job; // first: a job is cast back to its exchange
    struct http_server *server;
    struct conn *conn; // loop thread only; NULL when the client is gone
    struct arena arena;
    struct buf head; // bytes of the request's head; headers lend from it
    struct buf body; // HTTP_BODY_MEMORY
    struct parse parse;
    struct head_facts facts;
    struct http_request req;
    struct http_response resp;
    const struct http_route *route;
    struct spool *spool;
    struct reply reply;
    struct error err;
    int rc;
    int64_t since; // streams
    int64_t came; // bytes of a body so far
    int64_t ignored; // bytes of a body that the route does not take
    int64_t started_ms;
    bool in_pool;
    bool cancelled; // by http_cancel; loop only
    bool body_done; // all of the body was taken off the connection
    bool authorized;
    bool opens_stream;
};

enum conn_state {
    CONN_HEAD, // between requests, or a head is coming in
    CONN_SECURE, // the handshake of TLS, before all others
    CONN_WORK, // a pool thread authorises, opens the spool, or handles
    CONN_BODY, // the body is coming in
    CONN_REPLY, // the answer is going out
    CONN_STREAM, // WebSocket or SSE; stream.c has it
    CONN_LINGER, // the last answer went out; what still comes is thrown away
    CONN_CLOSED,
};

struct conn {
    struct http_server *server;
    struct conn *prev, *next; // the server's list
    struct net net;
    uv_timer_t timer;
    int64_t deadline_ms; // 0: none
    enum conn_state state;
    uint8_t handles; // uv handles still open
    bool eof; // the client will send no more
    bool
        feeding; // inside feed(): an answer that goes out at once must not start the next request itself
    struct strict strict;
    struct exchange *x; // NULL between requests
    struct stream *stream; // CONN_STREAM
    uv_poll_t pipe; // an answer that is made while it goes out; pipe.c
    bool pipe_open;
    int pipe_fd;
    void (*pipe_closed)(void *ctx);
    void *pipe_ctx;
    char *ahead; // bytes read before their time
    size_t ahead_len;
    int64_t linger_bytes;
    int64_t body_bytes; // since the body's deadline was set
    size_t
        write_left; // write queue at the last look: no progress means that the client does not read
    char peer[64];
    bool loopback;
    bool passes_on; // of a trusted proxy: counts for the client of the request under way
    struct address *address; // that it counts for; NULL: none
};

struct cancel {
    struct cancel *next;
    char id[37];
};

struct http_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t wake;
    uv_prepare_t prepare;
    uv_timer_t stop_timer;
    bool loop_open, listening;
    int port;
    struct http_options o; // immutable after open; strings are copies
    char *listen, *spool_dir, *cors_origins;
    struct forward *forward; // trusted proxies; NULL: none
    struct tls_server *tls; // NULL: plain
    struct route_table *routes;
    struct pool *lanes[HTTP_LANES];
    struct pool *io; // disk: spool chunks, file reads, replay of events
    struct hub *hub;
    struct conn *conns; // loop thread
    int conn_count;
    struct addresses *addresses; // loop thread
    int64_t crowd_told_ms; // the last log line about an address; loop thread
    int jobs_out; // jobs between submit and done; loop thread
    int64_t room_ms; // the last make_room; loop thread
    bool stopping, hurry; // loop thread
    bool pools_gone;
    char read_buf[READ_MAX];

    pthread_mutex_t done_mutex;
    struct http_job *done_first, *done_last; // done_mutex
    struct cancel *cancels; // done_mutex
    atomic_int stop_calls;
    atomic_bool reload; // http_server_reload was called

    int64_t turn_us, turn_cpu_us, turn_idle_ns; // the last prepare
    // Counters: written by the loop (or atomically), read by any thread.
    atomic_llong connections, connections_total, requests, refused_busy, refused_address,
        bad_requests, loop_slow, loop_slowest_us;
    atomic_llong spooling, bytes_in, bytes_out;
    atomic_llong tls_handshakes, tls_refused;
    atomic_llong websockets, sse, websockets_total, sse_total, streams_resumed, slow_closed,
        pong_timeouts, rtt_us, events;
};

static inline void count_up(atomic_llong *counter, int64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

// Over half of the bodies that may be on their way at once are.
static inline bool server_crowded(struct http_server *s)
{
    return atomic_load_explicit(&s->spooling, memory_order_relaxed) > s->o.max_spooling / 2;
}

// server.c
int server_submit(struct http_server *s, struct pool *pool, struct http_job *job); // 0 or ERR_BUSY
void server_conn_gone(struct http_server *s, struct conn *c);

// conn.c; loop thread
void conn_accept(struct http_server *s);
void conn_close(struct conn *c); // at once
void conn_stop(struct conn *c); // graceful: idle ones close, others after their answer
void conn_read(struct conn *c, const char *data, size_t len); // len 0: end of stream
void conn_pump(struct conn *c); // goes on with what was read ahead, then with reading
void conn_drop_ahead(struct conn *c);
void conn_deadline(struct conn *c, int64_t after_ms); // 0: none
int64_t conn_header_ms(const struct conn *c); // from a head's first byte to its last
int64_t conn_body_ms(const struct conn *c); // without progress of a body or an answer
int64_t conn_idle_ms(const struct conn *c); // between requests
// From now on the connection counts for this address. 0, or how many that has now where these are too many.
int conn_count_for(struct conn *c, const char *peer);
void conn_cancel(struct http_server *s, const char *id);
void conn_secured(struct conn *c); // from tls.c: the handshake is done
void conn_handle_closed(struct conn *c); // from a uv_close callback

// conn_request.c; loop thread
// Take bytes of a head or of a body; how many of them. What happens then may change the connection's state, or close it.
size_t conn_take_head(struct conn *c, const char *data, size_t len);
size_t conn_take_body(struct conn *c, const char *data, size_t len);
void conn_step_done(struct conn *c); // from exchange.c: a step on a pool is over
void conn_body_progress(
    struct exchange *x); // from spool.c: room again, all done, over the limit, or failed

// conn_reply.c; loop thread
void conn_reply(struct conn *c); // x->reply is ready
// Answer the request under way so; c->x is there. fail: an ERR_* code; refuse: an HTTP status.
void conn_fail(struct conn *c, int code, const char *sentence);
void conn_refuse(struct conn *c, int status, const char *sentence);
void conn_fail_crowded(struct conn *c); // its address has too many connections
void conn_not_secured(struct conn *c); // a client that speaks plain HTTP where TLS is meant
// true: the kernel took it all at once. Else conn_written follows, or the connection was closed.
bool conn_write_out(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first);
void conn_written(struct conn *c, bool ok); // from net.c
void conn_next_request(struct conn *c); // the answer is out

// pipe.c; loop thread
bool pipe_goes_on(struct conn *c); // true: there is (more of) a pipe to send
void pipe_close(struct conn *c); // no effect without one
void pipe_drop(struct http_response *resp); // an answer that was never begun; either side

// exchange.c
struct exchange *exchange_new(struct conn *c);
void exchange_free(struct exchange *x);
// Heads hold keys and cookies, small bodies may: they are not left lying in memory.
void exchange_forget(struct buf *b);
void exchange_fail(
    struct exchange *x, int code, const char *sentence); // an answer made on the loop thread
void exchange_refuse(
    struct exchange *x, int status, const char *sentence); // before the request is understood
bool exchange_handle_here(
    struct exchange *x); // loop thread: routes with on_loop; true if the answer is ready
int exchange_prepare(
    struct exchange *x); // submits: authorise, open the spool, handle if nothing else is to come
int exchange_handle(struct exchange *x); // submits the handler

// address.c; loop thread
struct addresses *addresses_new(int most);
void addresses_free(struct addresses *a); // NULL is fine
// One connection more for this address, which has ret_count then. NULL, and ret_count as it was: it is not counted.
struct address *addresses_enter(struct addresses *a, struct slice text, int *ret_count);
void addresses_leave(struct addresses *a, struct address *address); // NULL is fine

// forward.c
struct forward *forward_new(const char *list, struct error *err); // NULL with err for a bad list
void forward_free(struct forward *f); // NULL is fine
// Who the client is, by what a trusted proxy says. Without one, a request that says it was passed on is not of this machine.
void forward_apply(const struct forward *f, struct http_request *req);
bool forward_trusts(const struct forward *f, struct slice address); // is a proxy of the list
// "1.2.3.4", "2001:db8::1", "[2001:db8::1]"; false for anything else. ret_v4: as the first one.
bool forward_read_address(struct slice text, uint8_t ret[FORWARD_ADDRESS], bool *ret_v4);
// cors.c
bool cors_allows(const struct http_server *s, struct slice origin);
void cors_add(const struct exchange *x, struct buf *head); // the answer's headers for other pages

// net.c; loop thread
int net_accept(struct conn *c, uv_stream_t *listener);
void net_read(struct conn *c, bool on);
// 1: the kernel took all of it. 0: conn_written follows, never from inside; until then the bytes stay where they are (the
// array need not, and is changed). Negative: broken, and the caller closes. try_first spares the loop a turn and a call.
int net_send(struct conn *c, uv_buf_t *bufs, unsigned count, bool try_first);
void net_finish(struct conn *c); // no more will be written
size_t net_waiting(const struct conn *c); // bytes that were written, but not handed to the kernel
size_t net_unread(
    const struct conn *c); // and those that the kernel holds, because the client has not taken them
size_t net_read_room(const struct conn *c); // bytes that the next read may bring
// For tls.c: the socket itself.
void net_raw_read(struct conn *c, bool on);
int net_raw_write(struct conn *c, const uv_buf_t *buf); // tls_flown follows
void net_acknowledge(struct conn *c); // what came is acknowledged now, not in a while
ssize_t net_raw_try(struct conn *c, const uv_buf_t *buf); // bytes the kernel took; < 0: broken

// response.c; either side
void reply_build(struct exchange *x); // from x->resp, or from x->rc and x->err
void reply_read_file(struct exchange *x); // pool thread: the next chunk of the file
void reply_done(struct exchange *x);
const char *status_text(int status);
void date_format(char ret_text[32]);

// spool.c
int spool_open(struct exchange *x, struct error *err); // pool thread
size_t spool_room(const struct spool *sp); // loop thread from here on
int spool_take(void *sp, const char *data, size_t len); // parse_sink_fn; len is at most the room
void spool_push(
    struct spool *sp, bool last); // hands over what waits if that is worth it; last: all of it
bool spool_complete(const struct spool *sp);
bool spool_stopped(const struct spool *sp); // over the limit or failed: no more is taken
bool spool_over_limit(const struct spool *sp);
int spool_result(const struct spool *sp, struct error *err);
void spool_abandon(struct exchange *x); // the client is gone; takes over the exchange
void spool_clean(struct spool *sp); // pool thread: the file goes unless taken
void spool_free(struct spool *sp); // NULL is fine

#endif
