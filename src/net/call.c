// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements call.h.
#include "net/call.h"
#include "base/clock.h"
#include "net/web.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 200, LOOK_EVERY_MS = 100 };

struct call {
    const struct net_call *in;
    struct net_answer *out;
    CURL *curl;
    curl_mime *form; // NULL: none
    struct error *err;
    int rc; // why we ended it ourselves
    size_t got;
    int64_t last_ms; // of the last byte
    bool answered; // the head of a final answer came
    char host[HOST_MAX];
};

void net_answer_done(struct net_answer *a)
{
    buf_done(&a->body);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_success(CURL *curl)
{
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct call *c = ctx;
    size_t len = size * count;
    bool success = is_success(c->curl);

    c->last_ms = clock_mono_ms();
    c->got += len;
    if (!success) { // enough of it to say why
        size_t room = NET_CALL_ERROR_BODY_MAX - c->out->body.len;
        buf_add(&c->out->body, data, len < room ? len : room);
        return c->got <= c->in->answer_max + NET_CALL_ERROR_BODY_MAX ? len : 0;
    }
    if (c->got > c->in->answer_max) {
        c->rc = error_set(c->err, ERR_TOO_LARGE, "The answer of %s is larger than %zu bytes.",
            c->host, c->in->answer_max);
        return 0;
    }
    if (c->in->on_data) {
        c->rc = c->in->on_data(c->in->ctx, slice_make(data, len), c->err);
        return c->rc < 0 ? 0 : len;
    }
    buf_add(&c->out->body, data, len);
    return buf_ok(&c->out->body) ? len : 0;
}

static int on_progress(
    void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    struct call *c = ctx;
    int64_t now = clock_mono_ms();
    int idle = c->in->idle_ms ? c->in->idle_ms : NET_CALL_IDLE_MS;

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    if ((c->in->cancelled && atomic_load(c->in->cancelled)) ||
        (c->in->stopping && atomic_load(c->in->stopping))) {
        c->rc = error_set(c->err, ERR_CANCELLED, "The request to %s was withdrawn.", c->host);
    } else if (c->in->deadline_ms && now >= c->in->deadline_ms) {
        c->rc = error_set(c->err, ERR_TIMEOUT, "The time for the request to %s is over.", c->host);
    } else if (now - c->last_ms > idle) {
        c->rc = error_set(
            c->err, ERR_TIMEOUT, "%s has sent nothing for %d seconds.", c->host, idle / 1000);
    }
    return c->rc < 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct call *c = ctx;
    struct slice line = slice_trim(slice_make(data, size * count));

    c->last_ms = clock_mono_ms();
    if (slice_starts(line, "HTTP/")) { // 100 Continue is no answer
        long status = 0;
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
        c->answered = status >= 200;
    }
    if (line.len > 12 && slice_equal_nocase(slice_make(line.data, 12), SLICE_LIT("retry-after:"))) {
        int64_t seconds = 0;
        if (slice_to_i64(slice_trim(slice_from(line, 12)), &seconds)) {
            c->out->retry_after_s = seconds;
        }
    }
    if (line.len > 15 &&
        slice_equal_nocase(slice_make(line.data, 15), SLICE_LIT("mcp-session-id:"))) {
        struct slice id = slice_trim(slice_from(line, 15));
        snprintf(c->out->session, sizeof(c->out->session), "%.*s",
            (int)(id.len < sizeof(c->out->session) ? id.len : 0), id.data);
    }
    return size * count;
}

static size_t on_source(char *buffer, size_t size, size_t count, void *ctx)
{
    struct call *c = ctx;
    size_t room = size * count, n = c->in->source(c->in->ctx, buffer, room);

    c->last_ms = clock_mono_ms();
    return n > 0 && n <= room ? n : CURL_READFUNC_ABORT;
}

// scheme://host[:port]/… : what a sentence may name.
static int find_host(struct call *c)
{
    const char *url = c->in->url ? c->in->url : "";

    if (!web_url_valid(url)) {
        return error_set(c->err, ERR_INVALID,
            "The address of a server must be http:// or https:// with a host, without a name and "
            "password.");
    }
    const char *from = strchr(url, '/') + 2;
    size_t len = strcspn(from, "/?#");
    snprintf(
        c->host, sizeof(c->host), "%.*s", (int)(len < HOST_MAX - 1 ? len : HOST_MAX - 1), from);
    return 0;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    AUTO_FREE char *line = xasprintf("%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);

    *list = longer ? longer : *list;
    explicit_bzero(line, strlen(line)); // it may hold a key
    return longer != NULL;
}

static bool make_headers(const struct net_call *in, struct curl_slist **list)
{
    bool good = !in->part_count || add_header(list, "Expect:", ""); // no extra round trip

    if (in->body.len || in->source || in->content_type) {
        good =
            good && add_header(list,
                        "Content-Type: ", in->content_type ? in->content_type : "application/json");
        good = good && add_header(list, "Expect:", "");
    }
    if (in->accept) {
        good = good && add_header(list, "Accept: ", in->accept);
    }
    if (in->bearer && in->bearer[0]) {
        good = good && add_header(list, "Authorization: Bearer ", in->bearer);
    }
    for (size_t i = 0; in->headers && in->headers[i] && i < NET_CALL_HEADERS_MAX; i++) {
        good = good && add_header(list, "", in->headers[i]);
    }
    return good;
}

static bool make_form(struct call *c)
{
    const struct net_call *in = c->in;

    c->form = in->part_count ? curl_mime_init(c->curl) : NULL;
    for (size_t i = 0; c->form && i < in->part_count; i++) {
        const struct net_part *p = &in->parts[i];
        curl_mimepart *part = curl_mime_addpart(c->form);
        if (!part || curl_mime_name(part, p->name) != CURLE_OK ||
            curl_mime_data(part, p->data.len ? p->data.data : "", p->data.len) != CURLE_OK ||
            (p->file_name && curl_mime_filename(part, p->file_name) != CURLE_OK) ||
            (p->media_type && curl_mime_type(part, p->media_type) != CURLE_OK)) {
            return false;
        }
    }
    return c->form || !in->part_count;
}

static void set_options(struct call *c, struct curl_slist *headers)
{
    const struct net_call *in = c->in;
    CURL *curl = c->curl;

    curl_easy_setopt(curl, CURLOPT_URL, in->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    net_trust_apply(in->trust, curl);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "larder/" LARDER_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(in->connect_ms ? in->connect_ms : NET_CALL_CONNECT_MS));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, c);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, (long)in->connect_only);
    if (in->deadline_ms) {
        int64_t left = in->deadline_ms - clock_mono_ms();
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    }
    if (in->body.len) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, in->body.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->body.len);
    } else if (c->form) {
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, c->form);
    } else if (in->source) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_source);
        curl_easy_setopt(curl, CURLOPT_READDATA, c);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->source_size);
    }
    if (in->method && strcmp(in->method, "POST") == 0 && !in->body.len && !in->source && !c->form) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ""); // says that its length is 0
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
    }
    if (in->method) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, in->method);
    }
}

// As curl_easy_perform, which calls on_progress once a second only while nothing moves.
static CURLcode perform(CURL *curl)
{
    CURLM *m = curl_multi_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int running = m && curl_multi_add_handle(m, curl) == CURLM_OK, left = 0;

    while (running) {
        if (curl_multi_perform(m, &running) != CURLM_OK ||
            (running && curl_multi_poll(m, NULL, 0, LOOK_EVERY_MS, NULL) != CURLM_OK)) {
            break;
        }
        const CURLMsg *told = running ? NULL : curl_multi_info_read(m, &left);
        code = told ? told->data.result : code;
    }
    if (m) {
        curl_multi_remove_handle(m, curl);
        curl_multi_cleanup(m);
    }
    return code;
}

const char *net_call_words(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "that is no address of the web";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "the name is not known here";
    case CURLE_COULDNT_CONNECT:
        return "nobody answers there";
    case CURLE_OPERATION_TIMEDOUT:
        return "the time is over";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return "it could not prove who it is";
    case CURLE_OUT_OF_MEMORY:
        return "there is no memory for it";
    case CURLE_ABORTED_BY_CALLBACK:
        return "the request was withdrawn";
    default:
        return "the connection broke";
    }
}

static int end_of(struct call *c, CURLcode code)
{
    if (c->rc < 0) {
        return c->rc;
    }
    if (c->in->source && code != CURLE_OK && c->answered) {
        return 0; // it said no before it had read all
    }
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(c->err, ERR_TIMEOUT, "%s did not answer in time.", c->host);
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(c->err, ERR_IO, "The name of %s is not known here.", c->host);
    case CURLE_COULDNT_CONNECT:
        return error_set(c->err, ERR_IO, "Nobody answers at %s.", c->host);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return error_set(
            c->err, ERR_IO, "%s could not prove who it is (TLS certificate).", c->host);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(
            c->err, ERR_INVALID, "The address of a server must begin with http:// or https://.");
    case CURLE_OUT_OF_MEMORY:
        return error_set(c->err, ERR_MEMORY, "The answer of %s did not fit into memory.", c->host);
    default:
        return error_set(
            c->err, ERR_IO, "The connection to %s broke before its answer was complete.", c->host);
    }
}

int net_call_run(const struct net_call *call, struct net_answer *ret, struct error *err)
{
    struct call c = { .in = call, .out = ret, .err = err, .last_ms = clock_mono_ms() };
    struct curl_slist *headers = NULL;
    const char *type = NULL;

    BUG_ON(call->answer_max == 0);
    *ret = (struct net_answer){ .retry_after_s = -1 };
    buf_init(&ret->body,
        call->answer_max > NET_CALL_ERROR_BODY_MAX ? call->answer_max : NET_CALL_ERROR_BODY_MAX);
    pthread_once(&once, start_library);
    int rc = find_host(&c);
    if (rc < 0) {
        return rc;
    }
    c.curl = curl_easy_init();
    if (!c.curl || !make_headers(call, &headers) || !make_form(&c)) {
        rc = error_set(err, ERR_MEMORY, "There is no memory for a request.");
        goto out;
    }
    set_options(&c, headers);
    rc = end_of(&c, perform(c.curl));
    curl_easy_getinfo(c.curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_off_t total = 0, ready = 0;
    curl_easy_getinfo(c.curl, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(c.curl, CURLINFO_PRETRANSFER_TIME_T, &ready);
    ret->spent_us = (int64_t)(total - ready);
    if (curl_easy_getinfo(c.curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type) {
        snprintf(ret->content_type, sizeof(ret->content_type), "%s", type);
    }
out:
    curl_mime_free(c.form);
    curl_easy_cleanup(c.curl);
    curl_slist_free_all(headers);
    return rc;
}
