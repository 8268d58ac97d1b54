// SPDX-License-Identifier: AGPL-3.0-or-later
// larder serve: from settings to a running server, as a checklist; and down again in the opposite order.
#include "cli/serve.h"
#include "api/api.h"
#include "api/mcp.h"
#include "api/monitor.h"
#include "api/oidc.h"
#include "api/verify.h"
#include "assist/assist.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/command.h"
#include "os/file.h"
#include "os/pool.h"
#include "wire/json_in.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1000000 };
enum { ASK_THREADS = 4, ASK_QUEUE = 32 };

struct server {
    const struct settings *settings;
    int lock_fd;
    struct store *store;
    struct ingest *ingest;
    struct access *access;
    struct http_server *http;
    struct api api;
    char *run_file;
};

static struct http_server *running; // these two for the signal handler only
static atomic_bool *running_stops;

char *reader_program_path(const struct settings *s)
{
    char self[4096];

    if (s->reader_program[0]) {
        return xstrdup(s->reader_program);
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';
    return path_beside(self, "larder-reader");
}

int data_folder_make(const char *dir, struct error *err)
{
    static const char *const parts[] = { "", "/spool", "/run", "/convert" };

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *path = xasprintf("%s%s", dir, parts[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return error_set(
                err, ERR_IO, "The data folder \"%.200s\" can't be made: %s.", dir, strerror(errno));
        }
    }
    return 0;
}

// A second start on the same folder would be two writers of one store.
static int lock_folder(struct server *s, struct error *err)
{
    AUTO_FREE char *path = xasprintf("%s/lock", s->settings->data_dir);

    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        return error_set(err, ERR_IO, "The data folder \"%.200s\" can't be written: %s.",
            s->settings->data_dir, strerror(errno));
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return error_set(err, ERR_CONFLICT,
            "Another Larder serves from the data folder \"%.200s\" already. Stop it first, or "
            "choose another with --data.",
            s->settings->data_dir);
    }
    return 0;
}

static void on_event(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    struct server *s = ctx;
    struct http_server *http = __atomic_load_n(&s->http, __ATOMIC_ACQUIRE);

    if (http) {
        http_publish(http, seq, kind, json);
    }
}

static void on_signal(int number)
{
    if (running && number == SIGHUP) {
        http_server_reload(running);
    } else if (running) {
        atomic_store(running_stops, true);
        http_server_stop(running);
    }
}

static void catch_signals(void)
{
    struct sigaction act = { .sa_handler = on_signal };

    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void keep_secrets(void)
{
    prctl(PR_SET_DUMPABLE, 0); // keys don't belong in core dumps
    json_in_forget();
}

// ADDRESS:PORT, or a NAME in place of the address. Where all addresses are listened on, this machine's own is named.
static void url_of(const struct server *s, const struct http_server *http, const char *name,
    char *ret_url, size_t size)
{
    static const char *const all[][2] = { { "0.0.0.0", "127.0.0.1" }, { "[::]", "[::1]" } };
    struct slice host = slice_of(s->settings->listen);
    const char *colon = strrchr(host.data, ':');

    host.len = colon ? (size_t)(colon - host.data) : host.len;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        host = slice_is(host, all[i][0]) ? slice_of(all[i][1]) : host;
    }
    host = name[0] ? slice_of(name) : host;
    snprintf(ret_url, size, "%s://" SLICE_FMT ":%d",
        s->settings->tls_certificate[0] ? "https" : "http", SLICE_ARG(host),
        http_server_port(http));
}

// For the command line of the same user: where the server is, a key that works while it runs, and the certificate to expect.
static int write_run_file(struct server *s, struct http_server *http, struct error *err)
{
    char url[300];
    struct http_tls_state tls;

    url_of(s, http, "", url, sizeof(url));
    http_server_tls(http, &tls);
    AUTO_FREE char *temp = xasprintf("%s/run/server.json.new", s->settings->data_dir);
    AUTO_FREE char *text =
        xasprintf("{\"url\": \"%s\", \"key\": \"%s\", \"pin\": \"%s\", \"pid\": %d}\n", url,
            access_local_key(s->access), tls.certificate.pin, (int)getpid());

    unlink(temp);
    AUTO_FD int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
        rename(temp, s->run_file) != 0) {
        return error_set(err, ERR_IO, "The data folder can't be written: %s.", strerror(errno));
    }
    return 0;
}

// The certificate was replaced; a pool thread.
static void on_tls_changed(void *app)
{
    struct server *s = (struct server *)(void *)((char *)app - offsetof(struct server, api));
    struct http_server *http = __atomic_load_n(&s->http, __ATOMIC_ACQUIRE);
    struct error err;

    if (http && write_run_file(s, http, &err) < 0) { // else it stops, and the file goes
        log_warn("server.run_file", LS("what", err.text));
    }
}

// What is wrong with the certificate is said at the start, but stops nothing: the server must stay reachable for who mends it.
static void tell_certificate(struct server *s)
{
    struct http_tls_state tls;
    char words[ERROR_TEXT_MAX];

    http_server_tls(s->http, &tls);
    if (tls.on &&
        certificate_advice(&tls.certificate, clock_wall_ms() / 1000, words) != CERTIFICATE_GOOD) {
        log_warn("tls.certificate", LS("what", words));
        printf("\n  %s\n", words);
    }
}

// listen is ADDRESS:PORT with an address in numbers, or localhost:PORT.
static bool is_local(const char *listen)
{
    static const char *const own[] = { "127.", "localhost:", "[::1]:" };

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (slice_starts(slice_of(listen), own[i])) {
            return true;
        }
    }
    return false;
}

// A server of the network is called by the name in its certificate.
static void url_for_people(const struct server *s, char *ret_url, size_t size)
{
    struct http_tls_state tls;

    http_server_tls(s->http, &tls);
    url_of(s, s->http, is_local(s->settings->listen) ? "" : tls.certificate.name, ret_url, size);
}

static void greet(struct server *s, const char *url, const char *new_key)
{
    char token[ACCESS_KEY_SIZE];

    printf("Larder %s serves on %s\n", LARDER_VERSION, url);
    tell_certificate(s);
    if (new_key[0]) {
        printf("\n  Admin key (shown only now; keep it): %s\n", new_key);
    }
    if (strcmp(s->settings->access_loopback, "open") == 0) {
        printf("\n  Open access from this machine is on (access.loopback = open).\n");
    } else {
        access_new_token(s->access, token);
        printf("\n  Open this link once to sign your browser in:\n    %s/start?token=%s\n", url,
            token);
        explicit_bzero(token, sizeof(token));
    }
    printf(
        "\n  Add a file:  drop it on the page, or run: larder add FILE\n  Stop:        Ctrl-C\n\n");
    fflush(stdout);
}

static const char *sandbox_level(void *ctx)
{
    return ingest_sandbox_level(ctx);
}

static int start_assist(struct server *s, struct error *err)
{
    struct assist_options o = { .store = s->store,
        .settings = s->settings,
        .stopping = &s->api.stopping,
        .host = { .ctx = s->ingest,
            .sandbox_level = sandbox_level,
            .data_dir = s->settings->data_dir,
            .started_ms = s->api.started_ms } };

    s->api.asks = pool_new("asks", ASK_THREADS, ASK_QUEUE);
    if (!s->api.asks) {
        return error_set(err, ERR_MEMORY, "The server's threads could not be started.");
    }
    int rc = assist_new(&o, &s->api.assist, err);
    return rc < 0 ? rc : mcp_new(&s->api, &s->api.mcp, err);
}

// Keys and documents in plain text belong on no network.
static int check_network(const struct settings *settings, struct error *err)
{
    if (settings->tls_certificate[0]) {
        return 0;
    }
    if (settings->tls_key[0]) {
        return error_set(err, ERR_INVALID,
            "The settings tls.certificate and tls.key belong together; tls.certificate is not "
            "set.");
    }
    if (is_local(settings->listen)) {
        return 0;
    }
    if (strcmp(settings->access_network, "plain") == 0) {
        log_warn("server.plain", LS("listen", settings->listen),
            LS("what", "keys and documents can be read on their way"));
        return 0;
    }
    return error_set(err, ERR_INVALID,
        "Without TLS, Larder listens only on this machine's own address. Set tls.certificate and "
        "tls.key, or put a proxy with TLS before it and name that in access.trusted_proxies; on a "
        "network where nobody listens in, set access.network = plain.");
}

static void set_rates(const struct settings *settings, struct limit_rates *ret)
{
    *ret = (struct limit_rates){
        .per_second = { [LIMIT_KEY] = (double)settings->access_key_rate,
            [LIMIT_ADDRESS] = (double)settings->access_address_rate,
            [LIMIT_WRONG_KEY] = 0.5,
            [LIMIT_SIGN_IN] = 0.1,
            [LIMIT_REFUSALS] = 0.5 },
        .burst = { [LIMIT_KEY] = 10 * (double)settings->access_key_rate,
            [LIMIT_ADDRESS] = 10 * (double)settings->access_address_rate,
            [LIMIT_WRONG_KEY] = 30,
            [LIMIT_SIGN_IN] = 5,
            [LIMIT_REFUSALS] = 120 },
    };
}

static int open_oidc(struct server *s, struct error *err)
{
    struct oidc_door *door = NULL;
    int rc = oidc_door_new(s->settings, &s->api.stopping, &door, err);

    if (rc == 0) {
        access_use_oidc(s->access, door);
    }
    return rc;
}

static int connections_of(int64_t set)
{
    return (int)(set < CONNECTIONS_MAX ? set : CONNECTIONS_MAX);
}

static int open_http(struct server *s, struct error *err)
{
    const struct settings *settings = s->settings;
    AUTO_FREE char *spool = xasprintf("%s/spool", settings->data_dir);
    struct http_options http = { .listen = settings->listen,
        .max_connections = connections_of(settings->connections),
        .connections_per_address = connections_of(settings->connections_per_address),
        .spool_dir = spool,
        .route_lists = api_routes,
        .app = &s->api,
        .authorize = access_authorize,
        .begun = api_begun,
        .ended = api_ended,
        .event_visible = access_event_visible,
        .audience_alive = access_audience_alive,
        .audience_free = access_audience_free,
        .stream_auth = access_stream_auth,
        .trusted_proxies = settings->access_proxies,
        .cors_origins = settings->access_origins,
        .tls = { .certificate = settings->tls_certificate,
            .key = settings->tls_key,
            .only_13 = strcmp(settings->tls_minimum, "1.3") == 0 },
        .tls_changed = on_tls_changed,
        .no_hsts = strcmp(settings->tls_hsts, "off") == 0,
        .events_load = api_events_load,
        .events_last = store_event_last(s->store) };
    struct http_server *server = NULL;
    int rc = http_server_open(&http, &server, err);
    if (rc < 0) {
        return rc;
    }
    s->api.http = server;
    __atomic_store_n(&s->http, server, __ATOMIC_RELEASE);
    return 0;
}

static int start_parts(struct server *s, char new_key[ACCESS_KEY_SIZE], struct error *err)
{
    const struct settings *settings = s->settings;
    struct store_options store = { .data_dir = settings->data_dir, .on_event = on_event, .ctx = s };
    struct access_options access_options = { .data_dir = settings->data_dir,
        .admin_key_file = settings->admin_key_file,
        .loopback_open = strcmp(settings->access_loopback, "open") == 0,
        .origins = settings->access_origins,
        .quota_bytes = settings->access_quota_bytes,
        .quota_documents = settings->access_quota_documents };
    AUTO_FREE char *reader = reader_program_path(settings);

    set_rates(settings, &access_options.rates);
    int rc = check_network(settings, err);
    rc = rc < 0 ? rc : access_open(&access_options, &s->access, new_key, err);
    rc = rc < 0 ? rc : open_oidc(s, err);
    rc = rc < 0 ? rc : store_open(&store, &s->store, err);
    rc = rc < 0 ? rc : access_load(s->access, s->store, err);
    rc = rc < 0 ? rc : store_job_recover(s->store, err);
    if (rc < 0) {
        return rc;
    }
    if (access(reader, X_OK) != 0) {
        return error_set(err, ERR_NOT_FOUND,
            "The program larder-reader, which opens documents, is not beside larder; build it or "
            "set reader.program.");
    }
    s->ingest = ingest_new(&(struct ingest_options){
        .store = s->store, .settings = settings, .reader_program = reader });
    s->api = (struct api){ .store = s->store,
        .ingest = s->ingest,
        .settings = settings,
        .access = s->access,
        .started_ms = clock_wall_ms() };
    rc = start_assist(s, err);
    rc = rc < 0 ? rc : monitor_new(&s->api, &s->api.monitor, err);
    if (rc < 0) {
        return rc;
    }
    s->api.verify = verify_runs_new(&s->api);
    verify_sweep(&s->api);
    rc = open_http(s, err);
    rc = rc < 0 ? rc : ingest_start(s->ingest, err);
    return rc < 0 ? rc : monitor_start(s->api.monitor, err);
}

static void stop_parts(struct server *s)
{
    atomic_store(&s->api.stopping, true);
    mcp_stop(s->api.mcp);
    struct error err = { 0 };
    verify_runs_stop(s->api.verify);
    monitor_stop(s->api.monitor);
    if (s->ingest && ingest_stop(s->ingest, &err) < 0) {
        log_error("server.stop", LS("what", err.text));
        _exit(
            1); // a worker still uses the store; leases lapse and the next start goes on from there
    }
    struct http_server *http = __atomic_exchange_n(&s->http, NULL, __ATOMIC_ACQ_REL);
    pool_free(s->api.asks); // its questions were withdrawn; they use the store
    ingest_free(s->ingest);
    store_close(s->store); // the writer may still hold `http` for a last event until here
    http_server_close(http);
    mcp_free(s->api.mcp);
    assist_free(s->api.assist);
    monitor_free(s->api.monitor);
    verify_runs_free(s->api.verify);
    access_close(s->access);
    if (s->run_file) {
        unlink(s->run_file);
        free(s->run_file);
    }
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
}

static int serve_run(struct invocation *in, struct error *err)
{
    struct server s = { .settings = in->settings, .lock_fd = -1 };
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    char new_key[ACCESS_KEY_SIZE] = "", url[300];

    for (int i = 0; i < (int)ARRAY_LEN(levels); i++) {
        if (strcmp(in->settings->log_level, levels[i]) == 0) {
            log_set_level((enum log_level)i);
        }
    }
    log_set_json(strcmp(in->settings->log_format, "json") == 0);
    umask(0077);
    keep_secrets();
    int rc = data_folder_make(in->settings->data_dir, err);
    rc = rc < 0 ? rc : lock_folder(&s, err);
    rc = rc < 0 ? rc : start_parts(&s, new_key, err);
    if (rc == 0) {
        s.run_file = xasprintf("%s/run/server.json", s.settings->data_dir);
        rc = write_run_file(&s, s.http, err);
    }
    if (rc == 0) {
        running_stops = &s.api.stopping;
        running = s.http;
        catch_signals();
        url_for_people(&s, url, sizeof(url));
        log_info("server.start", LS("version", LARDER_VERSION), LS("listen", url));
        audit_anchor(&s.api);
        greet(&s, url, new_key);
        explicit_bzero(new_key, sizeof(new_key));
        rc = http_server_run(s.http);
        running = NULL;
        audit_anchor(&s.api);
        log_info("server.stop");
    }
    stop_parts(&s);
    return rc;
}

const struct command serve_command = { "serve", "", "Run the server",
    "The first start makes an admin key and shows it once, unless LARDER_ADMIN_KEY_FILE names a "
    "file that holds one.\n"
    "It serves until it gets SIGTERM or SIGINT, then finishes what is in flight. SIGHUP looks at "
    "the certificate's files at once.\n"
    "--data DIR and --listen ADDRESS:PORT say where; larder help settings lists all settings.",
    NULL, serve_run };
