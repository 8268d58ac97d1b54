// SPDX-License-Identifier: AGPL-3.0-or-later
// Talking to a running server over HTTP with libcurl. Where it is and with which key: --url and --key, LARDER_URL and
// LARDER_KEY, else the file run/server.json of the data folder, which the server writes for its own user while it runs. The
// key of that file goes to the server of that file only. Over TLS, that server is known by its public key, whatever name its
// certificate bears; others by their certificate, signed by an authority of this machine or of --ca (LARDER_CA).
#include "cli/command.h"
#include "net/call.h"
#include "wire/json_in.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPLY_MAX = 256 * 1024 * 1024 };

void client_reply_done(struct reply *r)
{
    buf_done(&r->body);
    json_decref(r->json);
    r->json = NULL;
}

static int hold(char *to, size_t size, struct slice text, const char *what, struct error *err)
{
    if (text.len >= size) {
        return error_set(err, ERR_INVALID, "%s is longer than %zu bytes.", what, size - 1);
    }
    snprintf(to, size, SLICE_FMT, SLICE_ARG(text));
    return 0;
}

static int hold_url(struct client_target *t, struct slice url, struct error *err)
{
    return hold(t->url, sizeof(t->url), url, "The address of the server", err);
}

static int hold_key(struct client_target *t, struct slice key, struct error *err)
{
    return hold(t->key, sizeof(t->key), key, "The key", err);
}

static int read_run_file(const struct invocation *in, struct client_target *t, struct error *err)
{
    AUTO_FREE char *path = xasprintf("%s/run/server.json", in->settings->data_dir);
    AUTO_JSON *file = json_load_file(path, 0, NULL);

    if (!file) {
        return 0;
    }
    int rc = hold_url(t, slice_of(field_text(file, "url")), err);
    rc = rc < 0 ? rc : hold_key(t, slice_of(field_text(file, "key")), err);
    return rc < 0 ? rc
                  : hold(t->pin, sizeof(t->pin), slice_of(field_text(file, "pin")),
                        "The server's pin in the data folder", err);
}

static int read_key_file(const char *path, struct client_target *t, struct error *err)
{
    char line[CLIENT_KEY_MAX + 2]; // with a line break or a byte too many
    int rc = 0;
    FILE *f = fopen(path, "r");

    if (!f) {
        return 0;
    }
    if (fgets(line, sizeof(line), f)) {
        rc = hold_key(t, slice_make(line, strcspn(line, "\r\n")), err);
    }
    fclose(f);
    explicit_bzero(line, sizeof(line));
    return rc;
}

// Another server than that of the run file must not learn its key, and has a certificate of its own.
static int set_url(struct client_target *t, const char *text, struct error *err)
{
    struct slice url = slice_of(text);

    while (slice_ends(url, "/")) {
        url.len--;
    }
    if (slice_is(url, t->url)) {
        return 0;
    }
    memset(t, 0, sizeof(*t));
    return hold_url(t, url, err);
}

int client_target_find(const struct invocation *in, struct client_target *t, struct error *err)
{
    const char *url = in->url ? in->url : getenv("LARDER_URL");
    const char *key = in->key ? in->key : getenv("LARDER_KEY");
    const char *key_file = getenv("LARDER_ADMIN_KEY_FILE");

    memset(t, 0, sizeof(*t));
    int rc = read_run_file(in, t, err);
    if (rc == 0 && !t->url[0]) {
        AUTO_FREE char *usual = xasprintf(
            "%s://%s", in->settings->tls_certificate[0] ? "https" : "http", in->settings->listen);
        rc = hold_url(t, slice_of(usual), err);
    }
    if (rc == 0 && url) {
        rc = set_url(t, url, err);
    }
    if (rc == 0 && key_file && (url || !t->key[0])) {
        rc = read_key_file(key_file, t, err);
    }
    if (rc == 0 && key) {
        rc = hold_key(t, slice_of(key), err);
    }
    t->ca = option_value(in, "ca");
    t->ca = t->ca ? t->ca : getenv("LARDER_CA");
    return rc;
}

struct net_trust client_trust(const struct client_target *t)
{
    return (struct net_trust){ .pin = t->pin, .ca = t->ca };
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct reply *r = ctx;

    buf_add(&r->body, data, size * count);
    return buf_ok(&r->body) ? size * count : 0;
}

struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct client_target target;
};

static int transfer_start(const struct invocation *in, struct transfer *t, const char *path,
    struct reply *ret, struct error *err)
{
    static bool ready = false;

    if (!ready) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        ready = true;
    }
    *ret = (struct reply){ .body = { .max = REPLY_MAX } };
    int rc = client_target_find(in, &t->target, err);
    if (rc < 0) {
        return rc;
    }
    t->curl = curl_easy_init();
    if (!t->curl) {
        return error_set(err, ERR_MEMORY, "There is no memory for a connection.");
    }
    AUTO_FREE char *url = xasprintf("%s%s", t->target.url, path);
    AUTO_FREE char *authorization = xasprintf("Authorization: Bearer %s", t->target.key);
    curl_easy_setopt(t->curl, CURLOPT_URL, url);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, ret);
    struct net_trust trust = client_trust(&t->target);
    net_trust_apply(&trust, t->curl);
    t->headers = curl_slist_append(NULL, "Expect:");
    if (t->target.key[0]) {
        t->headers = curl_slist_append(t->headers, authorization);
    }
    return 0;
}

static int say_no_answer(const struct client_target *t, CURLcode code, struct error *err)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_set(err, ERR_IO,
            "The certificate of %s is not trusted here, or is for another name. If an authority of "
            "your own signed it, name that one's file with --ca FILE.",
            t->url);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(
            err, ERR_INVALID, "The file of --ca (or LARDER_CA) holds no certificates in PEM form.");
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return error_set(
            err, ERR_IO, "Another program than this data folder's server answers at %s.", t->url);
    default:
        return error_set(err, ERR_IO,
            "No answer from %s (%s). Is the server running? Start it with: larder serve", t->url,
            net_call_words(code));
    }
}

static int transfer_run(struct transfer *t, struct reply *ret, struct error *err)
{
    int rc = 0;

    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    CURLcode code = curl_easy_perform(t->curl);
    if (code != CURLE_OK) {
        rc = say_no_answer(&t->target, code, err);
    } else {
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &ret->status);
        ret->json =
            ret->body.len ? json_loadb(ret->body.data, ret->body.len, JSON_DECODE_ANY, NULL) : NULL;
    }
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->curl);
    return rc;
}

int client_call(struct invocation *in, const char *method, const char *path, const char *json,
    struct reply *ret, struct error *err)
{
    struct transfer t = { 0 };
    int rc = transfer_start(in, &t, path, ret, err);

    if (rc < 0) {
        return rc;
    }
    curl_easy_setopt(t.curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(t.curl, CURLOPT_TIMEOUT, 120L);
    if (json) {
        t.headers = curl_slist_append(t.headers, "Content-Type: application/json");
        curl_easy_setopt(t.curl, CURLOPT_POSTFIELDS, json);
    } else if (strcmp(method, "POST") == 0) {
        curl_easy_setopt(t.curl, CURLOPT_POSTFIELDS, "");
    }
    return transfer_run(&t, ret, err);
}

static int status_to_code(long status)
{
    static const int codes[] = { ERR_INVALID, ERR_NOT_FOUND, ERR_CONFLICT, ERR_DENIED, ERR_AUTH,
        ERR_TOO_LARGE, ERR_LIMIT, ERR_UNSUPPORTED, ERR_REFUSED, ERR_BUSY, ERR_TIMEOUT,
        ERR_NO_SPACE };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (error_kind(codes[i])->http_status == status) {
            return codes[i];
        }
    }
    return ERR_INTERNAL;
}

int client_problem(const struct reply *r, struct error *err)
{
    const char *detail = field_text(r->json, "detail");

    return r->status < 400 ? 0
                           : error_set(err, status_to_code(r->status), "%s",
                                 detail[0] ? detail : "The server refused without saying why.");
}

int client_ask(struct invocation *in, const char *method, const char *path, const char *json,
    struct reply *ret, struct error *err)
{
    int rc = client_call(in, method, path, json, ret, err);

    return rc < 0 ? rc : client_problem(ret, err);
}

struct upload {
    upload_progress_fn fn;
    void *ctx;
    int64_t total;
};

static int on_progress(
    void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    struct upload *u = ctx;

    (void)down_total;
    (void)down;
    (void)up_total;
    u->fn(u->ctx, up, u->total);
    return 0;
}

int client_upload(struct invocation *in, const char *file, const char *query, upload_progress_fn fn,
    void *ctx, struct reply *ret, struct error *err)
{
    struct transfer t = { 0 };
    struct stat st;
    FILE *f = fopen(file, "rb");
    struct upload upload = { fn, ctx, 0 };

    if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        if (f) {
            fclose(f);
        }
        return error_set(err, ERR_NOT_FOUND, "%.200s is not a file that can be read.", file);
    }
    AUTO_FREE char *path = xasprintf("/v1/documents?%s", query);
    int rc = transfer_start(in, &t, path, ret, err);
    if (rc == 0) {
        upload.total = st.st_size;
        curl_easy_setopt(t.curl, CURLOPT_POST, 1L);
        curl_easy_setopt(t.curl, CURLOPT_READDATA, f);
        curl_easy_setopt(t.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)st.st_size);
        t.headers = curl_slist_append(t.headers, "Content-Type: application/octet-stream");
        if (fn) {
            curl_easy_setopt(t.curl, CURLOPT_NOPROGRESS, 0L);
            curl_easy_setopt(t.curl, CURLOPT_XFERINFOFUNCTION, on_progress);
            curl_easy_setopt(t.curl, CURLOPT_XFERINFODATA, &upload);
        }
        rc = transfer_run(&t, ret, err);
    }
    fclose(f);
    return rc;
}
