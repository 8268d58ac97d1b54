// SPDX-License-Identifier: AGPL-3.0-or-later
// The loop: listening, finished jobs, stopping. One thread runs http_server_run; http_publish, http_cancel, http_server_stop
// and the counters may be used from any thread and reach the loop by one uv_async.
#include "http/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "http/stream.h"
#include "http/tls.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_DEFAULT = 4,
    IO_THREADS = 3,
    QUICK_QUEUE = 1024,
    HEAVY_QUEUE = 64,
    CONNECTIONS = 12000,
    SPOOLING = 512,
    TURN_SLOW_US = 1000, // nothing on the loop may take longer
    TURN_BLOCKED_US = 100 * 1000,
    STOP_DEADLINE_S = 10,
    FD_SPARE = 512, // beside connections: store, logs, readers
};

// ---- jobs ----

static void run_job(void *ctx) // a pool's thread
{
    struct http_job *job = ctx;
    struct http_server *s = job->server;

    job->run(job);
    pthread_mutex_lock(&s->done_mutex);
    bool first = s->done_first == NULL;
    job->next = NULL;
    if (first) {
        s->done_first = job;
    } else {
        s->done_last->next = job;
    }
    s->done_last = job;
    pthread_mutex_unlock(&s->done_mutex);
    if (first) {
        uv_async_send(&s->wake);
    }
}

static void run_done_list(struct http_server *s)
{
    pthread_mutex_lock(&s->done_mutex);
    struct http_job *job = s->done_first;
    s->done_first = s->done_last = NULL;
    struct cancel *cancel = s->cancels;
    s->cancels = NULL;
    pthread_mutex_unlock(&s->done_mutex);

    while (job) {
        struct http_job *next = job->next;
        s->jobs_out--;
        job->done(job);
        job = next;
    }
    while (cancel) {
        struct cancel *next = cancel->next;
        conn_cancel(s, cancel->id);
        free(cancel);
        cancel = next;
    }
}

int server_submit(struct http_server *s, struct pool *pool, struct http_job *job)
{
    if (s->pools_gone) { // after the loop's end: what is left cleans up in place
        job->run(job);
        job->done(job);
        return 0;
    }
    job->server = s;
    int rc = pool_submit(pool, run_job, job);
    if (rc == 0) {
        s->jobs_out++;
    }
    return rc;
}

void http_cancel(struct http_server *s, const char *request_id)
{
    struct cancel *c = xalloc(sizeof(*c));

    snprintf(c->id, sizeof(c->id), "%s", request_id);
    pthread_mutex_lock(&s->done_mutex);
    c->next = s->cancels;
    s->cancels = c;
    pthread_mutex_unlock(&s->done_mutex);
    uv_async_send(&s->wake);
}

// ---- stopping ----

static void end_if_idle(struct http_server *s)
{
    if (s->stopping && s->conn_count == 0 && (s->jobs_out == 0 || s->hurry)) {
        uv_stop(&s->loop);
    }
}

void server_conn_gone(struct http_server *s, struct conn *c)
{
    if (c->prev) {
        c->prev->next = c->next;
    } else {
        s->conns = c->next;
    }
    if (c->next) {
        c->next->prev = c->prev;
    }
    s->conn_count--;
    count_up(&s->connections, -1);
    end_if_idle(s);
}

static void close_all(struct http_server *s)
{
    s->hurry = true;
    while (s->conns) {
        conn_close(s->conns);
    }
    end_if_idle(s);
}

static void on_stop_deadline(uv_timer_t *timer)
{
    close_all(timer->data);
}

static void begin_stop(struct http_server *s)
{
    s->stopping = true;
    if (s->listening) {
        s->listening = false;
        uv_close((uv_handle_t *)&s->listener, NULL);
    }
    uv_timer_start(&s->stop_timer, on_stop_deadline, (uint64_t)s->o.stop_deadline_s * 1000, 0);
    for (struct conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        conn_stop(c);
    }
    end_if_idle(s);
}

bool http_server_stopping(const struct http_server *s)
{
    return atomic_load(&((struct http_server *)(uintptr_t)s)->stop_calls) > 0;
}

void http_server_stop(struct http_server *s)
{
    atomic_fetch_add(&s->stop_calls, 1);
    uv_async_send(&s->wake); // async-signal-safe
}

void http_server_reload(struct http_server *s)
{
    atomic_store(&s->reload, true);
    uv_async_send(&s->wake);
}

static void on_wake(uv_async_t *wake)
{
    struct http_server *s = wake->data;

    if (atomic_exchange(&s->reload, false) && s->tls && !s->stopping) {
        tls_server_reload(s->tls, true);
    }
    run_done_list(s);
    hub_wake(s->hub);
    int calls = atomic_load(&s->stop_calls);
    if (calls > 0 && !s->stopping) {
        begin_stop(s);
    }
    if (calls > 1 && !s->hurry) {
        close_all(s);
    }
    end_if_idle(s);
}

// ---- the loop's own time ----

static int64_t thread_cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// Each turn of the loop is timed from poll to poll, the waiting taken off. A turn counts as slow by the processor time it
// used, so that a busy machine is not blamed on us, or by TURN_BLOCKED_US of the clock, which only a blocking call takes.
static void on_prepare(uv_prepare_t *prepare)
{
    struct http_server *s = prepare->data;
    int64_t now = (int64_t)(uv_hrtime() / 1000);
    int64_t idle = (int64_t)uv_metrics_idle_time(&s->loop);
    int64_t cpu = thread_cpu_us();

    if (s->turn_us) {
        int64_t busy = cpu - s->turn_cpu_us;
        if (busy > TURN_SLOW_US ||
            now - s->turn_us - (idle - s->turn_idle_ns) / 1000 > TURN_BLOCKED_US) {
            count_up(&s->loop_slow, 1);
        }
        if (busy > atomic_load_explicit(&s->loop_slowest_us, memory_order_relaxed)) {
            atomic_store_explicit(&s->loop_slowest_us, busy, memory_order_relaxed);
        }
#ifdef LARDER_LOOP_ASSERT_US
        BUG_ON(busy > LARDER_LOOP_ASSERT_US);
#endif
    }
    s->turn_us = now;
    s->turn_cpu_us = cpu;
    s->turn_idle_ns = idle;
}

// ---- opening ----

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        conn_accept(listener->data);
    }
}

static int parse_listen(const char *text, struct sockaddr_storage *ret, struct error *err)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    int64_t port = 0;

    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || len >= sizeof(host) || !slice_to_i64(slice_of(colon + 1), &port) || port < 0 ||
        port > 65535) {
        return error_set(err, ERR_INVALID,
            "The listen address must be ADDRESS:PORT, as in 127.0.0.1:8080 or [::1]:8080.");
    }
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    snprintf(
        host, sizeof(host), "%.*s", (int)(bracketed ? len - 2 : len), bracketed ? text + 1 : text);
    if (strcmp(host, "localhost") == 0) {
        snprintf(host, sizeof(host), "127.0.0.1");
    }
    if ((!bracketed && uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret) == 0) ||
        (bracketed && uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)ret) == 0)) {
        return 0;
    }
    return error_set(err, ERR_INVALID,
        "\"%s\" is not an address to listen on. Use numbers, as in 127.0.0.1:8080.", text);
}

static int bind_and_listen(struct http_server *s, struct error *err)
{
    struct sockaddr_storage address = { 0 }, bound = { 0 };
    int len = sizeof(bound);
    int rc = parse_listen(s->listen, &address, err);

    if (rc != 0) {
        return rc;
    }
    uv_tcp_init(&s->loop, &s->listener);
    s->listener.data = s;
    s->listening = true;
    rc = uv_tcp_bind(&s->listener, (const struct sockaddr *)&address, 0);
    if (rc == 0) {
        rc = uv_listen((uv_stream_t *)&s->listener, LISTEN_BACKLOG, on_connection);
    }
    if (rc == UV_EADDRINUSE) {
        return error_set(err, ERR_CONFLICT, "Another program listens on %s already.", s->listen);
    }
    if (rc != 0 || uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &len) != 0) {
        return error_set(err, ERR_IO, "It is not possible to listen on %s.", s->listen);
    }
    s->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                : ((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

// Bodies that a killed server left behind. The folder belongs to this server alone (the data folder is locked).
static void sweep_spool(const char *folder)
{
    DIR *dir = opendir(folder);
    uint8_t ignored[SPOOL_RANDOM_BYTES];

    if (!dir) {
        return;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        struct slice name = slice_of(e->d_name);
        size_t digits = 2 * sizeof(ignored);
        if (name.len == digits + 5 && slice_is(slice_from(name, digits), ".part") &&
            hex_parse(slice_make(name.data, digits), ignored, sizeof(ignored))) {
            unlinkat(dirfd(dir), e->d_name, 0);
        }
    }
    closedir(dir);
}

// A connection is a descriptor. Where the system gives fewer, fewer connections are taken, and the log says so: a server
// that runs out of descriptors can't open its files either.
static void raise_fd_limit(struct http_options *o)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)o->max_connections + FD_SPARE;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted) {
        int asked = o->max_connections;
        o->max_connections = limit.rlim_cur >= 2 * FD_SPARE ? (int)limit.rlim_cur - FD_SPARE
                                                            : (int)limit.rlim_cur / 2;
        if (o->connections_per_address > 0) { // the same share of them
            int64_t share = (int64_t)o->connections_per_address * o->max_connections / asked;
            o->connections_per_address = share > 1 ? (int)share : 1;
        }
        log_warn("http.few_descriptors", LI("wanted", wanted), LI("open_files", limit.rlim_cur),
            LI("connections", o->max_connections));
    }
}

static void set_defaults(struct http_options *o)
{
    o->quick_threads = o->quick_threads > 0 ? o->quick_threads : THREADS_DEFAULT;
    o->heavy_threads = o->heavy_threads > 0 ? o->heavy_threads : THREADS_DEFAULT;
    o->quick_queue = o->quick_queue > 0 ? o->quick_queue : QUICK_QUEUE;
    o->heavy_queue = o->heavy_queue > 0 ? o->heavy_queue : HEAVY_QUEUE;
    o->max_connections = o->max_connections > 0 ? o->max_connections : CONNECTIONS;
    o->max_spooling = o->max_spooling > 0 ? o->max_spooling : SPOOLING;
    o->stop_deadline_s = o->stop_deadline_s > 0 ? o->stop_deadline_s : STOP_DEADLINE_S;
}

int http_server_open(const struct http_options *o, struct http_server **ret, struct error *err)
{
    struct http_server *s = xalloc(sizeof(*s));

    signal(SIGPIPE, SIG_IGN);
    s->o = *o;
    set_defaults(&s->o);
    s->listen = xstrdup(o->listen);
    s->spool_dir = xstrdup(o->spool_dir ? o->spool_dir : ".");
    s->o.listen = s->listen;
    s->cors_origins = xstrdup(o->cors_origins ? o->cors_origins : "");
    s->o.cors_origins = s->cors_origins;
    s->o.spool_dir = s->spool_dir;
    pthread_mutex_init(&s->done_mutex, NULL);
    raise_fd_limit(&s->o);
    BUG_ON(uv_loop_init(&s->loop) != 0);
    s->loop_open = true;
    uv_loop_configure(&s->loop, UV_METRICS_IDLE_TIME);
    uv_async_init(&s->loop, &s->wake, on_wake);
    s->wake.data = s;
    uv_prepare_init(&s->loop, &s->prepare);
    s->prepare.data = s;
    uv_timer_init(&s->loop, &s->stop_timer);
    s->stop_timer.data = s;
    s->hub = hub_new(s);
    s->addresses = addresses_new(s->o.max_connections);
    if (o->spool_dir) {
        sweep_spool(o->spool_dir);
    }
    s->forward = forward_new(o->trusted_proxies ? o->trusted_proxies : "", err);
    int rc = s->forward ? route_table_new(o->route_lists, &s->routes, err) : ERR_INVALID;
    if (rc == 0 && o->tls.certificate && o->tls.certificate[0]) {
        rc = tls_server_new(s, err);
    }
    if (rc == 0) {
        rc = bind_and_listen(s, err);
    }
    if (rc == 0) {
        s->lanes[HTTP_LANE_QUICK] =
            pool_new("http-quick", s->o.quick_threads, (size_t)s->o.quick_queue);
        s->lanes[HTTP_LANE_HEAVY] =
            pool_new("http-heavy", s->o.heavy_threads, (size_t)s->o.heavy_queue);
        s->lanes[HTTP_LANE_LONG] =
            pool_new("http-long", s->o.heavy_threads, (size_t)s->o.heavy_queue);
        s->io = pool_new("http-io", IO_THREADS, (size_t)(2 * s->o.max_connections + FD_SPARE));
        if (!s->lanes[HTTP_LANE_QUICK] || !s->lanes[HTTP_LANE_HEAVY] || !s->lanes[HTTP_LANE_LONG] ||
            !s->io) {
            rc = error_set(err, ERR_MEMORY, "The server's threads could not be started.");
        }
    }
    if (rc != 0) {
        http_server_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

int http_server_run(struct http_server *s)
{
    uv_prepare_start(&s->prepare, on_prepare);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    return 0;
}

static void close_handle(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

void http_server_close(struct http_server *s)
{
    if (!s) {
        return;
    }
    s->stopping = s->hurry = true;
    while (s->conns) {
        conn_close(s->conns);
    }
    for (size_t i = 0; i < HTTP_LANES; i++) {
        pool_free(s->lanes[i]);
    }
    pool_free(s->io);
    tls_server_close(s->tls);
    s->pools_gone = true;
    run_done_list(s);
    if (s->loop_open) {
        uv_run(&s->loop, UV_RUN_NOWAIT); // callbacks of connections that were closing
        uv_walk(&s->loop, close_handle, NULL);
        uv_run(&s->loop, UV_RUN_DEFAULT);
        BUG_ON(uv_loop_close(&s->loop) != 0);
    }
    tls_server_free(s->tls);
    hub_free(s->hub);
    addresses_free(s->addresses);
    route_table_free(s->routes);
    pthread_mutex_destroy(&s->done_mutex);
    forward_free(s->forward);
    free(s->listen);
    free(s->cors_origins);
    free(s->spool_dir);
    free(s);
}

int64_t http_server_slowest_us(struct http_server *s)
{
    return atomic_exchange(&s->loop_slowest_us, 0);
}

void http_server_stats(struct http_server *s, struct http_stats *ret)
{
    *ret = (struct http_stats){
        .connections = atomic_load(&s->connections),
        .requests = atomic_load(&s->requests),
        .websockets = atomic_load(&s->websockets),
        .sse = atomic_load(&s->sse),
        .refused_busy = atomic_load(&s->refused_busy),
        .refused_address = atomic_load(&s->refused_address),
        .bad_requests = atomic_load(&s->bad_requests),
        .loop_slow = atomic_load(&s->loop_slow),
        .spooling = atomic_load(&s->spooling),
        .connections_total = atomic_load(&s->connections_total),
        .websockets_total = atomic_load(&s->websockets_total),
        .sse_total = atomic_load(&s->sse_total),
        .streams_resumed = atomic_load(&s->streams_resumed),
        .slow_closed = atomic_load(&s->slow_closed),
        .pong_timeouts = atomic_load(&s->pong_timeouts),
        .rtt_us = atomic_load(&s->rtt_us),
        .events_published = atomic_load(&s->events),
        .bytes_in = atomic_load(&s->bytes_in),
        .bytes_out = atomic_load(&s->bytes_out),
        .tls_handshakes = atomic_load(&s->tls_handshakes),
        .tls_refused = atomic_load(&s->tls_refused),
    };
}
