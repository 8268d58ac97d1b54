// SPDX-License-Identifier: AGPL-3.0-or-later
// The server engine: connections, strict HTTP/1.1, routes, bodies streamed to disk, WebSocket and SSE. It knows no domain.
//
// One loop thread owns all connections (libuv); nothing on it may take over 1 ms. A handler is a plain blocking function
// that runs on a pool thread, sees one complete request (its body in memory up to the route's cap, or spooled to a file
// with its SHA-256), and fills one response. Queues are bounded; a full one answers 503 with Retry-After.
// Strictness before llhttp: no bare CR or LF, no obs-fold, exactly one Host on 1.1, no CL with TE, limits on header count
// and bytes.
#ifndef LARDER_HTTP_HTTP_H
#define LARDER_HTTP_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "http/certificate.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS
};
enum http_lane {
    HTTP_LANE_QUICK,
    HTTP_LANE_HEAVY,
    HTTP_LANE_LONG,
    HTTP_LANES
}; // pools: short reads; uploads and what waits for readers; what waits for other servers

struct http_header {
    struct slice name; // as sent; compare without case
    struct slice value;
};

// A body that went to disk while it came in. The file is in the server's spool folder; the handler takes it over by
// renaming it and setting taken, else the engine removes it. Multipart: the part named "file" that has a filename is the
// file (two of them are refused), parts without a filename are fields, other parts with a filename are skipped.
struct http_spool {
    char path[256];
    int64_t size; // bytes of the file part
    uint8_t sha256[32]; // of these bytes
    bool synced; // fdatasync done
    bool
        over_limit; // cut off at the cap: size says how much had come (0 if the announced length was enough to know)
    bool cut_short; // the client vanished before the end; only routes with keep_partial see this
    bool taken;
    struct slice file_name; // multipart: filename of the file part; raw: empty
    struct slice media_type; // declared for the file part, or the request's Content-Type
    bool is_multipart;
    bool has_file; // multipart without any file part: false
    struct http_header
        *fields; // multipart: the other parts, name and value (each up to 64 KiB, 32 of them)
    size_t field_count;
};

struct http_request {
    enum http_method method;
    struct slice target; // as sent
    struct slice path; // percent-decoded, normalised; never holds ".." or NUL
    struct http_header *headers;
    size_t header_count;
    struct http_header *query; // decoded name and value, in order
    size_t query_count;
    struct http_header *params; // the route's {name} parts
    size_t param_count;
    struct slice body; // in memory, for routes without spool
    struct http_spool *spool; // for routes with HTTP_BODY_SPOOL
    char peer[64]; // address of the client
    bool peer_is_loopback; // and no proxy says that it speaks for somebody else
    bool secure; // the client came by TLS: to us, or as a trusted proxy says
    char id[37]; // request id, also sent as X-Request-Id
    struct arena *arena; // lives until the response is sent
    void *app; // http_options.app
    void *principal; // whatever http_options.authorize left here (in the arena)
    int retry_after_s; // set beside ERR_LIMIT or ERR_BUSY: goes out as Retry-After
    bool
        auth_later; // set by authorize for a WebSocket: its first message brings the key (http_options.stream_auth)
    void *audience; // set by a route's stream function: what the stream may see; NULL: everything
};

struct slice http_header_find(
    const struct http_request *r, const char *name); // {NULL,0} if not there
struct slice http_query_find(const struct http_request *r, const char *name);
struct slice http_param(
    const struct http_request *r, const char *name); // BUG if the route has none
struct slice http_field_find(const struct http_request *r, const char *name); // of a multipart body

// What a handler fills. Unset status means 200. One of: body, file_fd, pipe_fd, or (for streams) nothing.
struct http_response {
    int status;
    const char *content_type; // static or arena; default application/json (none for an empty body)
    struct buf body; // initialised by the engine with a maximum of 64 MiB
    int file_fd; // -1; else sent with Range support, closed by the engine
    int64_t file_size;
    // -1; else the reading end, non-blocking, of a pipe or socket pair: what is written at its other end goes out as it
    // comes, until that end is closed. Closed by the engine at the latest when the client goes; pipe_closed(pipe_ctx) is
    // called then, once, on the loop thread (or a pool thread, if the answer never began).
    int pipe_fd;
    void (*pipe_closed)(void *ctx); // may be NULL
    void *pipe_ctx;
    const char *etag; // quoted; If-None-Match is answered by the engine
    struct http_header extra[12]; // further headers; slices in the arena or static
    size_t extra_count;
};
void http_header_add(struct http_response *resp, const char *name,
    struct slice value); // value without CR or LF (BUG)

// Returns 0 with the response filled, or a negative ERR_*: the engine then answers with a problem document (RFC 9457)
// made from err and error_kind(code).
typedef int (*http_handler_fn)(
    struct http_request *req, struct http_response *resp, struct error *err);

// A stream route: GET that becomes a WebSocket (Upgrade), SSE (Accept: text/event-stream), or else falls to the handler.
// open runs on a pool thread and says after which event number to start (negative: only what comes from now on); a
// Last-Event-ID header of an SSE request goes before that. The hub below does the rest. Refusals are answered as usual.
typedef int (*http_stream_open_fn)(struct http_request *req, int64_t *ret_since, struct error *err);

enum http_body { HTTP_BODY_NONE, HTTP_BODY_MEMORY, HTTP_BODY_SPOOL };

struct http_route {
    enum http_method method;
    const char *path; // "/v1/documents/{id}/pages/{page}"; a last "{name...}" takes the rest
    http_handler_fn handler;
    enum http_lane lane;
    enum http_body body;
    int64_t body_max; // bytes; HTTP_BODY_SPOOL: the outer bound, body_cap may say less
    // HTTP_BODY_SPOOL: the cap for this file, asked on a pool thread once its name is known (raw: before the body).
    // NULL: body_max.
    int64_t (*body_cap)(struct http_request *req, struct slice file_name, struct slice media_type);
    http_stream_open_fn stream; // NULL for ordinary routes
    bool open; // no authorisation needed (livez, the page itself)
    // HTTP_BODY_SPOOL: also call the handler when the client vanished before the end (spool->cut_short, synced), so that
    // what had come can be kept (tus). Its response goes nowhere.
    bool keep_partial;
    // The handler runs on the loop thread: only for answers that lie in memory and take microseconds (livez, the app's own
    // pages). Needs open, no body and no stream.
    bool on_loop;
    int right; // the application's own word for what authorize must find; the engine ignores it
    const void
        *doc; // the API's own description of this route (api/openapi.h); the engine ignores it
};

struct http_server;

// Events for streams: numbered, already serialised. publish hands one over from any thread, in order of seq; the loop
// sends it to every stream whose next number it is. Streams that start in the past get theirs by load: called on a pool
// thread, it appends up to max events with seq > since, each by http_event_add; returns how many, or a negative ERR_*.
// A stream that can't keep up (over 1 MiB waiting) is closed with code 1013 and may resume by number.
struct http_event_list;
void http_event_add(
    struct http_event_list *list, int64_t seq, struct slice kind, struct slice json);
typedef int (*http_events_load_fn)(
    void *app, int64_t since, size_t max, struct http_event_list *list, struct error *err);
//
// json is the whole event as clients see it, {"seq":…,"kind":…,…}. WebSocket: one text message each. SSE: id: seq,
// event: kind, data: json. A number that is not above the last published one is dropped and logged.
void http_publish(struct http_server *s, int64_t seq, struct slice kind, struct slice json);

// Cuts off the request with this id if its body is still on its way, as if its client had vanished (see keep_partial):
// a newer request for the same upload ends the older one. Any thread; no effect once the body is complete.
void http_cancel(struct http_server *s, const char *request_id);

struct http_options {
    const char *listen; // "127.0.0.1:8080", "[::1]:8080"; port 0: any
    const char *spool_dir; // for bodies on their way
    const struct http_route *const
        *route_lists; // NULL-ended list of arrays, each ended by a route with path NULL
    void *app;
    // Runs on a pool thread before the body is read. 0 (principal set), or ERR_AUTH / ERR_DENIED / ERR_LIMIT.
    int (*authorize)(struct http_request *req, const struct http_route *route, struct error *err);
    // Runs on the handler's thread just before it.
    void (*begun)(struct http_request *req, const struct http_route *route);
    // May this audience see this event? Loop thread, so quick; not asked for streams without one. audience_alive is asked
    // with every ping: false closes the stream (its key is gone). audience_free gets each once, any thread.
    bool (*event_visible)(void *audience, struct slice kind, struct slice json);
    bool (*audience_alive)(void *audience);
    void (*audience_free)(void *audience);
    // The first message of a WebSocket with auth_later, on a pool thread: 0 with the audience, or the refusal. It has
    // WS_AUTH_S seconds to come.
    int (*stream_auth)(
        void *app, const char *peer, struct slice message, void **ret_audience, struct error *err);
    const char *trusted_proxies; // addresses and networks (10.0.0.0/8), spaces between; NULL: none
    const char
        *cors_origins; // origins of other pages that may read answers, spaces between; NULL: none
    // TLS on every connection; certificate NULL or "": plain. The files are watched: what is put in their place is taken up
    // without a restart, and then tls_changed is called (a pool thread; NULL: not).
    struct {
        const char *certificate, *key; // PEM
        bool only_13; // TLS 1.3 and nothing older; else 1.2 too
    } tls;
    void (*tls_changed)(void *app);
    bool no_hsts; // answers over TLS do not tell browsers to come by TLS only
    http_events_load_fn events_load;
    int64_t events_last; // the newest number at start
    int quick_threads, heavy_threads; // 0: defaults (4, 4)
    int quick_queue, heavy_queue; // 0: defaults (1024, 64)
    int max_connections; // 0: 12,000
    // Of one address (IPv6: of one /64): more are answered 429 or closed. Loopback counts as nobody; a trusted proxy's
    // connection counts for the client of the request or stream that it carries. 0: no bound.
    int connections_per_address;
    int header_timeout_s, body_idle_timeout_s, idle_timeout_s; // 0: 10, 30, 75
    int ping_interval_s; // 0: 20 for WebSocket pings, 15 for SSE heartbeats; else this for both
    // Bodies on their way to disk at once; 0: 512. Over half of it, those that come too slowly make room.
    int max_spooling;
    int stop_deadline_s; // 0: 10
    // Called on a pool thread when a handler has answered (or a request was refused after its headers were understood):
    // for metrics and the audit log. status as sent; ms since the headers were complete. NULL: none.
    void (*ended)(struct http_request *req, const struct http_route *route, int status, int64_t ms);
};

// The counters that /health and tests read; any thread.
struct http_stats {
    int64_t connections, requests, websockets, sse, refused_busy, bad_requests,
        loop_slow; // loop_slow: turns over 1 ms of processor time
    int64_t refused_address; // connections and requests of an address that had too many
    int64_t spooling; // bodies on their way
    int64_t connections_total, websockets_total, sse_total; // ever opened
    int64_t streams_resumed; // streams that started in the past
    int64_t slow_closed; // streams closed because they could not keep up
    int64_t pong_timeouts;
    int64_t rtt_us; // of the WebSockets' pings, moving average; 0: none yet
    int64_t events_published;
    int64_t bytes_in, bytes_out;
    int64_t tls_handshakes; // done
    int64_t tls_refused; // ended without one: no TLS, too old, too slow
};

struct http_tls_state {
    bool on;
    struct certificate_info certificate; // the one in use
    char problem
        [ERROR_TEXT_MAX]; // why the files as they are now were not taken up; "" if they are in use
};

int http_server_open(
    const struct http_options *o, struct http_server **ret, struct error *err); // binds
int http_server_port(
    const struct http_server *s); // that it listens on, also where the address said 0
int http_server_run(
    struct http_server *s); // the loop; returns after http_server_stop has drained (deadline 10 s)
bool http_server_stopping(const struct http_server *s);
void http_server_stop(
    struct http_server *s); // any thread and signal handlers: graceful; a second call hurries
void http_server_close(struct http_server *s);
void http_server_reload(struct http_server
        *s); // any thread and signal handlers: looks at the certificate's files at once
void http_server_stats(struct http_server *s, struct http_stats *ret); // any thread
int64_t http_server_slowest_us(struct http_server *s); // turn of the loop since the last call
void http_server_tls(struct http_server *s, struct http_tls_state *ret); // any thread

#endif
