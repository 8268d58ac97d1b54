// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements web.h with libcurl.
#include "net/web.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

enum { LOOK_EVERY_MS = 100 }; // at cancel

static void init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_once);
}

void web_answer_done(struct web_answer *a)
{
    buf_done(&a->body);
}

static bool part_is_there(CURLU *u, CURLUPart part)
{
    char *value = NULL;
    bool there = curl_url_get(u, part, &value, 0) == CURLUE_OK && value && value[0];

    curl_free(value);
    return there;
}

bool web_url_valid(const char *url)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return false;
    }
    CURLU *u = curl_url();
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              part_is_there(u, CURLUPART_HOST) && !part_is_there(u, CURLUPART_USER) &&
              !part_is_there(u, CURLUPART_PASSWORD) && !part_is_there(u, CURLUPART_FRAGMENT);
    curl_url_cleanup(u);
    return ok;
}

bool web_url_local(const char *url)
{
    CURLU *u = curl_url();
    struct in_addr four;
    char *host = NULL;

    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
        curl_url_get(u, CURLUPART_HOST, &host, 0);
    }
    bool local =
        host &&
        (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
            (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET));
    curl_free(host);
    curl_url_cleanup(u);
    return local;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct web_answer *a = ctx;

    buf_add(&a->body, data, size * count);
    return buf_ok(&a->body) ? size * count : 0;
}

// As curl_easy_perform, but a cancel is noticed at once, also while nothing moves.
static CURLcode perform(CURL *c, const atomic_bool *cancel)
{
    CURLM *m = curl_multi_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int running = m && curl_multi_add_handle(m, c) == CURLM_OK, left = 0;

    while (running) {
        if (cancel && atomic_load(cancel)) {
            code = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        if (curl_multi_perform(m, &running) != CURLM_OK ||
            (running && curl_multi_poll(m, NULL, 0, LOOK_EVERY_MS, NULL) != CURLM_OK)) {
            break;
        }
        const CURLMsg *told = running ? NULL : curl_multi_info_read(m, &left);
        code = told ? told->data.result : code;
    }
    if (m) {
        curl_multi_remove_handle(m, c);
        curl_multi_cleanup(m);
    }
    return code;
}

static CURL *open_handle(const char *url, int64_t time_ms)
{
    CURL *c = curl_easy_init();

    if (c) {
        int64_t connect_ms = time_ms < WEB_CONNECT_MS ? time_ms : WEB_CONNECT_MS;
        curl_easy_setopt(c, CURLOPT_URL, url);
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(c, CURLOPT_PROXY, "");
        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)time_ms);
        curl_easy_setopt(c, CURLOPT_USERAGENT, "larder/" LARDER_VERSION);
    }
    return c;
}

static int no_memory(struct error *err)
{
    return error_set(err, ERR_MEMORY, "There is no memory for a connection.");
}

static int bad_address(struct error *err)
{
    return error_set(err, ERR_INVALID,
        "The address must be http:// or https:// with a host, without a name and password.");
}

static bool add_parts(curl_mime *form, const struct web_request *q)
{
    for (size_t i = 0; i < q->part_count; i++) {
        const struct web_part *p = &q->parts[i];
        curl_mimepart *part = curl_mime_addpart(form);
        if (!part || curl_mime_name(part, p->name) != CURLE_OK ||
            curl_mime_data(part, p->data.len ? p->data.data : "", p->data.len) != CURLE_OK ||
            (p->file_name && curl_mime_filename(part, p->file_name) != CURLE_OK) ||
            (p->media_type && curl_mime_type(part, p->media_type) != CURLE_OK)) {
            return false;
        }
    }
    return true;
}

static int outcome(CURLcode code, const struct web_answer *a, struct error *err)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, ERR_TIMEOUT, "There was no answer in time.");
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(err, ERR_CANCELLED, "The request was stopped.");
    case CURLE_WRITE_ERROR:
        return !buf_ok(&a->body)
                   ? error_set(err, ERR_TOO_LARGE, "The answer is longer than is allowed.")
                   : error_set(err, ERR_IO, "The answer broke off.");
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERR_IO, "There is no host of that name.");
    case CURLE_COULDNT_CONNECT:
        return error_set(err, ERR_IO, "Nobody answers there.");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return error_set(err, ERR_IO, "It could not show who it is (TLS).");
    default:
        return error_set(err, ERR_IO, "The connection failed.");
    }
}

int web_post_form(const struct web_request *q, struct web_answer *ret, struct error *err)
{
    struct curl_slist *headers = NULL;
    int rc;

    init();
    *ret = (struct web_answer){ .body = { .max = q->answer_max } };
    if (!web_url_valid(q->url)) {
        return bad_address(err);
    }
    CURL *c = open_handle(q->url, q->time_ms);
    curl_mime *form = c ? curl_mime_init(c) : NULL;
    headers = curl_slist_append(headers, "Expect:"); // no waiting before the body goes out
    if (q->bearer && q->bearer[0]) {
        AUTO_FREE char *line = xasprintf("Authorization: Bearer %s", q->bearer);
        headers = curl_slist_append(headers, line);
        explicit_bzero(line, strlen(line));
    }
    if (!form || !headers || !add_parts(form, q)) {
        rc = no_memory(err);
    } else {
        curl_easy_setopt(c, CURLOPT_MIMEPOST, form);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, ret);
        rc = outcome(perform(c, q->cancel), ret, err);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status);
    }
    curl_slist_free_all(headers);
    curl_mime_free(form);
    curl_easy_cleanup(c);
    return rc;
}

int web_reach(const char *url, int64_t time_ms, struct error *err)
{
    struct web_answer none = { .body = { .max = 1 } };

    init();
    if (!web_url_valid(url)) {
        return bad_address(err);
    }
    CURL *c = open_handle(url, time_ms);
    if (!c) {
        return no_memory(err);
    }
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    int rc = outcome(curl_easy_perform(c), &none, err);
    curl_easy_cleanup(c);
    return rc;
}
