// SPDX-License-Identifier: AGPL-3.0-or-later
// larder mcp: the Model Context Protocol over standard input and output, for programs that start their servers themselves.
// Each line in is a message that goes to /mcp of the running server; each message that comes back is a line out.
//
// initialize and notifications are sent from the reading thread, in order; requests from a pool, so that a long call can be
// cancelled; what the server tells unasked comes on a thread of its own. A session that the server has lost (it was started
// anew) is begun again with the client's own initialize. Messages of revision 2026-07-28 stand for themselves: they get the
// headers that say what they are, and a cancelled one's request is broken off, since here that is how it is withdrawn.
#include "api/mcp_rpc.h"
#include "cli/command.h"
#include "net/call.h"
#include "os/pool.h"
#include "wire/json.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    THREADS = 8,
    QUEUE_MAX = 64,
    ANSWER_MAX = 64 << 20, // bytes of one message from the server
    HEADER_MAX = 256,
    LISTEN_AGAIN_S = 1, // after the server's own stream ended
};

struct proxy {
    const struct invocation *in;
    const char *url; // of /mcp, with the partition
    struct client_target target; // as it was at the start
    pthread_mutex_t mutex; // session, version, hello
    char session[HEADER_MAX], version[HEADER_MAX];
    char *hello; // the client's initialize
    pthread_mutex_t out; // standard output
    struct pool *pool;
    struct exchange *live; // requests of 2026-07-28 that are under way; mutex
    pthread_t listener;
    bool listening;
    atomic_bool ending;
    atomic_bool listens_end; // nobody reads what subscriptions tell
};

struct exchange { // one HTTP request; its thread only
    struct proxy *proxy;
    CURL *curl;
    struct curl_slist *headers;
    struct buf body; // the whole of a JSON answer, or the rest of an event
    size_t line; // where the line at the end of body begins
    bool events;
    bool quiet; // nothing goes out
    char session[HEADER_MAX];
    long status;
    const char *failed; // why there is no answer; NULL: there is one
    const json_t *id; // of a request of 2026-07-28
    bool listens; // it is subscriptions/listen
    atomic_bool withdrawn;
    struct exchange *next; // proxy.live
};

static void say(struct proxy *p, struct slice message)
{
    pthread_mutex_lock(&p->out);
    for (size_t i = 0; i < message.len; i++) {
        putchar(message.data[i] == '\n' || message.data[i] == '\r' ? ' ' : message.data[i]);
    }
    putchar('\n');
    fflush(stdout);
    pthread_mutex_unlock(&p->out);
}

static void say_error(struct proxy *p, const json_t *id, enum rpc_code code, const char *sentence)
{
    AUTO_BUF b = BUF_INIT(16 * 1024);

    rpc_add_error(&b, id, code, sentence, slice_make(NULL, 0));
    say(p, buf_slice(&b));
}

// ---- one request

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    static const char name[] = "mcp-session-id:", type[] = "content-type:";
    struct exchange *x = ctx;
    struct slice line = slice_make(data, size * count);

    if (line.len > sizeof(name) &&
        slice_equal_nocase(slice_make(data, sizeof(name) - 1), slice_of(name))) {
        struct slice value = slice_trim(slice_from(line, sizeof(name) - 1));
        snprintf(x->session, sizeof(x->session), SLICE_FMT, SLICE_ARG(value));
    } else if (line.len > sizeof(type) &&
               slice_equal_nocase(slice_make(data, sizeof(type) - 1), slice_of(type))) {
        x->events = slice_find(line, SLICE_LIT("text/event-stream")) != NULL;
    }
    return size * count;
}

// One line of an event stream; only data is of interest, and a message is always one line of it.
static void take_line(struct exchange *x, struct slice line)
{
    if (slice_starts(line, "data:")) {
        struct slice message = slice_trim(slice_from(line, 5));
        if (message.len && !x->quiet) {
            say(x->proxy, message);
        }
    }
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;

    buf_add(&x->body, data, size * count);
    for (; x->events && x->line < x->body.len; x->line++) {
        if (x->body.data[x->line] == '\n') {
            take_line(x, slice_make(x->body.data, x->line));
            buf_consume(&x->body, x->line + 1);
            x->line = (size_t)-1; // the first byte is the next to be looked at
        }
    }
    return buf_ok(&x->body) ? size * count : 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct exchange *x = ctx;

    (void)a, (void)b, (void)c, (void)d;
    bool over = atomic_load(&x->proxy->ending) || atomic_load(&x->withdrawn) ||
                (x->listens && atomic_load(&x->proxy->listens_end));
    return over ? 1 : 0;
}

static void add_header(struct exchange *x, const char *name, const char *value)
{
    AUTO_FREE char *line = xasprintf("%s: %s", name, value);

    if (value[0]) {
        x->headers = curl_slist_append(x->headers, line);
    }
}

// The revision that a message names itself; NULL: it is of the ones with sessions.
static const char *revision_of(const struct rpc_message *m)
{
    const json_t *meta = json_object_get(m->params, "_meta");

    return json_string_value(json_object_get(meta, "io.modelcontextprotocol/protocolVersion"));
}

// Plain where a header can hold it, else =?base64?…?=.
static void add_text_header(struct exchange *x, const char *name, struct slice value)
{
    bool plain = value.len > 0 && value.data[0] != ' ' && value.data[value.len - 1] != ' ' &&
                 !slice_starts(value, "=?");

    for (size_t i = 0; i < value.len && plain; i++) {
        plain = value.data[i] >= ' ' && value.data[i] <= '~';
    }
    AUTO_FREE char *text = plain ? xstrndup(value.data, value.len) : NULL;
    if (!plain) {
        AUTO_FREE char *coded = xalloc(value.len / 3 * 4 + 8);
        EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)value.data, (int)value.len);
        text = xasprintf("=?base64?%s?=", coded);
    }
    add_header(x, name, text);
}

static void add_own_headers(struct exchange *x, const struct rpc_message *m, const char *revision)
{
    bool by_uri = slice_is(m->method, "resources/read");
    const json_t *name = json_object_get(m->params, by_uri ? "uri" : "name");

    add_header(x, "MCP-Protocol-Version", revision);
    add_text_header(x, "Mcp-Method", m->method);
    if (json_is_string(name)) {
        add_text_header(
            x, "Mcp-Name", slice_make(json_string_value(name), json_string_length(name)));
    }
}

static void begin(
    struct exchange *x, struct proxy *p, const char *method, const struct rpc_message *m)
{
    const char *revision = m ? revision_of(m) : NULL;
    struct client_target now; // since its start the server may have got another certificate
    AUTO_FREE char *authorization = xasprintf("Bearer %s", p->target.key);

    *x = (struct exchange){ .proxy = p, .body = { .max = ANSWER_MAX }, .curl = curl_easy_init() };
    if (!x->curl) {
        x->failed = net_call_words(CURLE_OUT_OF_MEMORY);
        return;
    }
    add_header(x, "Accept", "application/json, text/event-stream");
    add_header(x, "Content-Type", "application/json");
    add_header(x, "Authorization", p->target.key[0] ? authorization : "");
    x->headers = curl_slist_append(x->headers, "Expect:");
    pthread_mutex_lock(&p->mutex);
    if (!revision) {
        add_header(x, "Mcp-Session-Id", p->session);
        add_header(x, "MCP-Protocol-Version", p->version);
    }
    pthread_mutex_unlock(&p->mutex);
    if (revision) {
        add_own_headers(x, m, revision);
    }
    curl_easy_setopt(x->curl, CURLOPT_URL, p->url);
    curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    if (client_target_find(p->in, &now, NULL) < 0) {
        now = p->target;
    }
    struct net_trust trust = client_trust(&now);
    net_trust_apply(&trust, x->curl);
    curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
}

static void run(struct exchange *x)
{
    if (!x->curl) {
        return;
    }
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
    CURLcode code = curl_easy_perform(x->curl);
    if (code != CURLE_OK) {
        x->failed = net_call_words(code);
    }
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->status);
}

static void end(struct exchange *x)
{
    curl_slist_free_all(x->headers);
    curl_easy_cleanup(x->curl);
    buf_done(&x->body);
}

static void watch(struct exchange *x)
{
    curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
    curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
}

static void set_live(struct exchange *x, bool live)
{
    struct proxy *p = x->proxy;
    struct exchange **at = &p->live;

    pthread_mutex_lock(&p->mutex);
    while (!live && *at != x) {
        at = &(*at)->next;
    }
    if (live) {
        x->next = p->live;
        p->live = x;
    } else {
        *at = x->next;
    }
    pthread_mutex_unlock(&p->mutex);
}

// m: the message, for its headers; NULL: the client's initialize once more.
static void post(struct exchange *x, struct proxy *p, const char *line, const struct rpc_message *m)
{
    begin(x, p, "POST", m);
    if (!x->curl) {
        return;
    }
    curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, line);
    if (m && m->kind == RPC_REQUEST && revision_of(m)) {
        x->id = m->id;
        x->listens = slice_is(m->method, "subscriptions/listen");
        watch(x);
        set_live(x, true);
        run(x);
        set_live(x, false);
    } else {
        run(x);
    }
}

static void withdraw(struct proxy *p, const json_t *id)
{
    pthread_mutex_lock(&p->mutex);
    for (struct exchange *x = p->live; x; x = x->next) {
        if (json_equal(x->id, id)) {
            atomic_store(&x->withdrawn, true);
        }
    }
    pthread_mutex_unlock(&p->mutex);
}

// ---- messages

// initialize: the answer's header and body say what the next requests must carry.
static void remember(struct exchange *x)
{
    struct proxy *p = x->proxy;
    AUTO_JSON *answer = json_in_parse(buf_slice(&x->body), JSON_IN_DEPTH, NULL);
    const char *version =
        json_string_value(json_object_get(json_object_get(answer, "result"), "protocolVersion"));

    pthread_mutex_lock(&p->mutex);
    snprintf(p->session, sizeof(p->session), "%s", x->session);
    snprintf(p->version, sizeof(p->version), "%s", version ? version : "");
    pthread_mutex_unlock(&p->mutex);
}

static void forget(struct proxy *p)
{
    pthread_mutex_lock(&p->mutex);
    p->session[0] = '\0';
    p->version[0] = '\0';
    pthread_mutex_unlock(&p->mutex);
}

static bool hello_again(struct proxy *p)
{
    struct exchange x;

    pthread_mutex_lock(&p->mutex);
    AUTO_FREE char *hello = p->hello ? xstrdup(p->hello) : NULL;
    pthread_mutex_unlock(&p->mutex);
    if (!hello) {
        return false;
    }
    forget(p);
    post(&x, p, hello, NULL);
    bool well = !x.failed && x.status == 200;
    if (well) {
        remember(&x);
    }
    end(&x);
    return well;
}

static void answer_for(struct exchange *x, const struct rpc_message *m)
{
    struct proxy *p = x->proxy;

    if (atomic_load(&x->withdrawn) || (x->listens && x->failed)) {
        return; // nobody waits for it
    }
    if (x->failed) {
        AUTO_FREE char *sentence = xasprintf(
            "No answer from the Larder server (%s). Start it with: larder serve", x->failed);
        if (m->kind == RPC_REQUEST) {
            say_error(p, m->id, RPC_INTERNAL, sentence);
        }
    } else if (!x->events && m->kind != RPC_NOTIFICATION && m->kind != RPC_RESPONSE) {
        AUTO_JSON *body = json_in_parse(buf_slice(&x->body), JSON_IN_DEPTH_MOST, NULL);
        const char *detail = json_string_value(json_object_get(body, "detail"));
        if (json_is_array(body) || json_object_get(body, "jsonrpc")) {
            say(p, buf_slice(&x->body));
        } else {
            say_error(
                p, m->id, RPC_INTERNAL, detail ? detail : "The server refused without saying why.");
        }
    }
}

static void deliver(struct proxy *p, const char *line, const struct rpc_message *m, bool hello)
{
    struct exchange x;

    post(&x, p, line, m);
    if (!x.failed && x.status == 404 && !hello && !x.id && hello_again(p)) {
        end(&x);
        post(&x, p, line, m);
    }
    if (hello && !x.failed && x.status == 200) {
        remember(&x);
    }
    answer_for(&x, m);
    end(&x);
}

struct task {
    struct proxy *proxy;
    char *line;
    struct rpc_input input;
};

static void task_run(void *ctx)
{
    struct task *t = ctx;

    deliver(t->proxy, t->line, &t->input.items[0], false);
    rpc_input_done(&t->input);
    free(t->line);
    free(t);
}

static void *listen_run(void *ctx)
{
    struct proxy *p = ctx;

    while (!atomic_load(&p->ending)) {
        struct exchange x;
        begin(&x, p, "GET", NULL);
        if (x.curl) {
            watch(&x);
            run(&x);
        }
        end(&x);
        if (!atomic_load(&p->ending)) {
            sleep(LISTEN_AGAIN_S);
        }
    }
    return NULL;
}

static void take(struct proxy *p, char *line, size_t len)
{
    struct error err = { 0 };
    struct task *t = xalloc(sizeof(*t));
    enum rpc_code code = rpc_read(slice_make(line, len), &t->input, &err);
    const struct rpc_message *m = &t->input.items[0];

    if (code != RPC_OK) {
        say_error(p, NULL, code, err.text);
        free(t);
        return;
    }
    t->proxy = p;
    t->line = xstrndup(line, len);
    bool hello = m->kind == RPC_REQUEST && slice_is(m->method, "initialize");
    const json_t *cancelled = json_object_get(m->params, "requestId");
    if (m->kind == RPC_NOTIFICATION && cancelled &&
        slice_is(m->method, "notifications/cancelled")) {
        withdraw(p, cancelled);
    }
    if (hello) {
        forget(p);
        free(p->hello);
        p->hello = xstrdup(t->line);
    }
    if (m->kind == RPC_REQUEST && !hello && pool_submit(p->pool, task_run, t) == 0) {
        return;
    }
    deliver(p, t->line, m, hello); // a full pool makes the client wait
    if (!p->listening && slice_is(m->method, "notifications/initialized")) {
        p->listening = pthread_create(&p->listener, NULL, listen_run, p) == 0;
    }
    rpc_input_done(&t->input);
    free(t->line);
    free(t);
}

static void read_lines(struct proxy *p)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, stdin)) >= 0) {
        struct slice text = slice_trim(slice_make(line, (size_t)n));
        if (text.len > RPC_MESSAGE_MAX) {
            say_error(p, NULL, RPC_INVALID_REQUEST, "The message is longer than 1 MiB.");
        } else if (text.len) {
            take(p, line + (text.data - line), text.len);
        }
    }
    free(line);
}

static int mcp_run(struct invocation *in, struct error *err)
{
    const char *partition = option_value(in, "partition");
    AUTO_BUF query = BUF_INIT(1024);
    struct proxy p = { .in = in };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    int rc = client_target_find(in, &p.target, err);
    if (rc < 0) {
        return rc;
    }
    if (partition) {
        buf_add_str(&query, "?partition=");
        buf_add_percent(&query, partition);
    }
    if (!buf_ok(&query)) {
        return error_set(err, ERR_INVALID, "The name of the partition is too long.");
    }
    AUTO_FREE char *whole = xasprintf("%s/mcp%s", p.target.url, query.data ? query.data : "");
    p.url = whole;
    pthread_mutex_init(&p.mutex, NULL);
    pthread_mutex_init(&p.out, NULL);
    p.pool = pool_new("mcp", THREADS, QUEUE_MAX);
    if (!p.pool) {
        return error_set(err, ERR_MEMORY, "There is no memory for this command.");
    }
    read_lines(&p);
    atomic_store(&p.listens_end, true);
    pool_free(p.pool); // answers that are still owed
    atomic_store(&p.ending, true);
    if (p.listening) {
        pthread_join(p.listener, NULL);
    }
    if (p.session[0]) {
        struct exchange x;
        begin(&x, &p, "DELETE", NULL);
        run(&x);
        end(&x);
    }
    free(p.hello);
    explicit_bzero(p.target.key, sizeof(p.target.key));
    return 0;
}

static const struct option_info options[] = { { "partition", "NAME", "whose documents (default)" },
    { NULL } };

const struct command mcp_command = { "mcp", "",
    "Serve the Model Context Protocol on standard input and output",
    "For programs that start their tool servers themselves: name this command there. It speaks for "
    "the server that runs with "
    "the same data folder, or for the one that --url and --key name.",
    options, mcp_run };
