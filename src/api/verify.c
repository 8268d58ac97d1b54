// SPDX-License-Identifier: AGPL-3.0-or-later
// /v1/verify: begin a run, see it come in, stop it. Starting one needs the right admin, because a run acts with all rights:
// it uploads and deletes, makes a key, loads the server for some seconds and sends a message to those who get alerts. Seeing the
// report needs the right monitor.
#include "api/verify.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "os/thread.h"
#include "store/conversations.h"
#include "verify/verify.h"
#include "wire/json.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEP_ARENA = 8 << 20, SWEEP_PAGE = 100, SWEEP_ROUNDS = 200 };

struct verify_runs {
    struct api *api;
    pthread_mutex_t mutex; // guards what follows
    pthread_t thread;
    bool joinable, running;
    char id[ID_SIZE]; // of the last run; "": none yet
    char url[VERIFY_URL_MAX];
    struct verify_report shown; // as far as it is
    atomic_bool cancelled;
};

// ---- the thread

static void on_result(void *ctx, const struct verify_report *r, size_t i)
{
    struct verify_runs *v = ctx;

    pthread_mutex_lock(&v->mutex);
    v->shown.results[i] = r->results[i];
    memcpy(v->shown.partition, r->partition, sizeof(v->shown.partition));
    memcpy(v->shown.server_version, r->server_version, sizeof(v->shown.server_version));
    v->shown.took_ms = clock_wall_ms() - v->shown.started_ms;
    pthread_mutex_unlock(&v->mutex);
}

// Where this server is reached from its own machine.
static void own_url(const struct api *api, char *ret, size_t size)
{
    const char *listen = api->settings->listen, *colon = strrchr(listen, ':');
    int len = colon ? (int)(colon - listen) : (int)strlen(listen);
    bool all = len == 0 || strncmp(listen, "0.0.0.0", (size_t)len) == 0;
    bool all6 = strncmp(listen, "[::]", (size_t)len) == 0 && len == 4;
    const char *scheme = api->settings->tls_certificate[0] ? "https" : "http";

    if (all || all6) {
        snprintf(ret, size, "%s://%s:%d", scheme, all ? "127.0.0.1" : "[::1]",
            http_server_port(api->http));
    } else {
        snprintf(ret, size, "%s://%.*s:%d", scheme, len, listen, http_server_port(api->http));
    }
}

static void *run_main(void *arg)
{
    struct verify_runs *v = arg;
    struct verify_report *report = xalloc(sizeof(*report));
    struct error err = { 0 };
    struct http_tls_state tls;

    http_server_tls(v->api->http, &tls);
    struct verify_options o = { .url = v->url,
        .trust = { .pin = tls.certificate.pin },
        .key = access_local_key(v->api->access),
        .cancelled = &v->cancelled,
        .stopping = &v->api->stopping,
        .on_result = on_result,
        .ctx = v };
    int rc = verify_run(&o, report, &err);
    log_info("verify.end", LS("id", v->id),
        LI("passed", (int64_t)verify_count(report, VERIFY_PASS)),
        LI("failed", (int64_t)verify_count(report, VERIFY_FAIL)),
        LS("error", rc < 0 ? err.text : ""));
    pthread_mutex_lock(&v->mutex);
    v->shown = *report;
    v->running = false;
    pthread_mutex_unlock(&v->mutex);
    free(report);
    return NULL;
}

static int begin(struct verify_runs *v, struct error *err)
{
    pthread_mutex_lock(&v->mutex);
    if (v->running) {
        pthread_mutex_unlock(&v->mutex);
        return error_set(err, ERR_CONFLICT, "A run is under way; see it, or stop it first.");
    }
    if (v->joinable) {
        pthread_join(v->thread, NULL); // it has ended
        v->joinable = false;
    }
    own_url(v->api, v->url, sizeof(v->url));
    id_new(v->id);
    atomic_store(&v->cancelled, false);
    bool started =
        thread_start(&v->thread, "verify", run_main, v); // it tells nothing without the mutex
    if (started) {
        v->running = v->joinable = true;
        verify_report_init(&v->shown, v->url);
    } else {
        v->id[0] = '\0'; // the report before it is gone, too
    }
    pthread_mutex_unlock(&v->mutex);
    return started ? 0 : error_set(err, ERR_BUSY, "No thread could be started; try again.");
}

// ---- life

struct verify_runs *verify_runs_new(struct api *api)
{
    struct verify_runs *v = xalloc(sizeof(*v));

    v->api = api;
    pthread_mutex_init(&v->mutex, NULL);
    return v;
}

void verify_runs_stop(struct verify_runs *v)
{
    if (!v) {
        return;
    }
    atomic_store(&v->cancelled, true);
    pthread_mutex_lock(&v->mutex);
    bool join = v->joinable, cut_off = v->running;
    v->joinable = false;
    pthread_mutex_unlock(&v->mutex);
    if (join) {
        pthread_join(v->thread, NULL);
    }
    if (cut_off) { // the server answered no more when it cleaned up
        verify_sweep(v->api);
    }
}

void verify_runs_free(struct verify_runs *v)
{
    if (v) {
        pthread_mutex_destroy(&v->mutex);
        free(v);
    }
}

static void sweep_conversations(struct store *s, const char *partition, struct arena *a)
{
    struct conversation *list = NULL;
    size_t count = 0;

    if (store_conversation_list(s, slice_of(partition), SWEEP_PAGE, a, &list, &count, NULL) == 0) {
        for (size_t i = 0; i < count; i++) {
            store_conversation_delete(s, slice_of(list[i].id), NULL);
        }
    }
}

static void sweep_keys(struct api *api)
{
    struct key_record *keys = NULL;
    size_t count = 0;
    AUTO_ARENA arena;

    arena_init(&arena, SWEEP_ARENA);
    if (store_key_list(api->store, &arena, &keys, &count, NULL) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (slice_starts(slice_of(keys[i].partitions), VERIFY_PREFIX)) {
            keyring_revoke(access_keyring(api->access), slice_of(keys[i].id), NULL);
        }
        OPENSSL_cleanse(keys[i].digest, KEY_DIGEST);
        OPENSSL_cleanse(keys[i].old_digest, KEY_DIGEST);
    }
}

void verify_sweep(struct api *api)
{
    struct document_filter filter = { .external_id = SLICE_LIT(VERIFY_EXTERNAL_ID) };
    size_t gone = 0;

    for (int round = 0; round < SWEEP_ROUNDS; round++) {
        struct document *list = NULL;
        size_t count = 0, before = gone;
        const char *next = NULL;
        int64_t total = 0;
        AUTO_ARENA arena;
        arena_init(&arena, SWEEP_ARENA);
        if (store_document_list(api->store, &filter, slice_make(NULL, 0), SWEEP_PAGE, &arena, &list,
                &count, &next, &total, NULL) < 0) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            if (slice_starts(slice_of(list[i].partition), VERIFY_PREFIX)) {
                sweep_conversations(api->store, list[i].partition, &arena);
                gone += store_document_delete(api->store, slice_of(list[i].id), NULL) == 0;
            }
        }
        if (gone == before) {
            break;
        }
    }
    sweep_keys(api);
    if (gone) {
        log_info("verify.swept", LI("documents", (int64_t)gone));
    }
}

// ---- routes

static int put_run(struct verify_runs *v, struct buf *out, struct error *err)
{
    AUTO_BUF report = BUF_INIT(VERIFY_REPORT_MAX);
    struct verify_report *copy = xalloc(sizeof(*copy));
    char id[ID_SIZE];
    struct json_out j;

    pthread_mutex_lock(&v->mutex);
    *copy = v->shown;
    memcpy(id, v->id, sizeof(id));
    pthread_mutex_unlock(&v->mutex);
    int rc = id[0] ? verify_report_json(copy, &report, err) : 0;
    free(copy);
    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "id", id[0] ? id : NULL);
    json_key_raw(&j, "report", buf_slice(&report));
    json_end(&j);
    return rc < 0 ? rc : json_finish(&j, err);
}

static int check_id(struct http_request *req, struct error *err)
{
    struct verify_runs *v = api_of(req)->verify;

    pthread_mutex_lock(&v->mutex);
    bool same = slice_is(http_param(req, "id"), v->id);
    pthread_mutex_unlock(&v->mutex);
    return same ? 0
                : error_set(err, ERR_NOT_FOUND, "There is no such run; only the last one is kept.");
}

static int verify_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    int rc = begin(api_of(req)->verify, err);

    resp->status = 202;
    return rc < 0 ? rc : put_run(api_of(req)->verify, &resp->body, err);
}

static int verify_last(struct http_request *req, struct http_response *resp, struct error *err)
{
    return put_run(api_of(req)->verify, &resp->body, err);
}

static int verify_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    int rc = check_id(req, err);

    return rc < 0 ? rc : put_run(api_of(req)->verify, &resp->body, err);
}

static int verify_junit(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct verify_runs *v = api_of(req)->verify;
    int rc = check_id(req, err);

    if (rc < 0) {
        return rc;
    }
    struct verify_report *copy = xalloc(sizeof(*copy));
    pthread_mutex_lock(&v->mutex);
    *copy = v->shown;
    pthread_mutex_unlock(&v->mutex);
    verify_report_junit(copy, &resp->body);
    free(copy);
    resp->content_type = "application/xml";
    http_header_add(
        resp, "Content-Disposition", SLICE_LIT("attachment; filename=\"larder-verify.xml\""));
    return 0;
}

static int verify_cancel(struct http_request *req, struct http_response *resp, struct error *err)
{
    int rc = check_id(req, err);

    if (rc == 0) {
        atomic_store(&api_of(req)->verify->cancelled, true);
    }
    resp->status = 202;
    return rc < 0 ? rc : put_run(api_of(req)->verify, &resp->body, err);
}

static const struct param_doc id_params[] = { { "id", "path", "string", "the run" }, { NULL } };
static const struct route_doc post_doc = { .id = "beginVerify",
    .tag = "system",
    .summary = "Begin to prove this server: uploads, searches, refusals, times, a test alert, a "
               "short load; all of it is removed afterwards",
    .response = "VerifyRun",
    .success = 202,
    .errors = "401 403 409 503" };
static const struct route_doc last_doc = { .id = "lastVerify",
    .tag = "system",
    .summary = "The last run, as far as it is; id is null when there was none",
    .response = "VerifyRun",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc get_doc = { .id = "getVerify",
    .tag = "system",
    .summary = "A run, as far as it is",
    .params = id_params,
    .response = "VerifyRun",
    .success = 200,
    .errors = "401 403 404" };
static const struct route_doc junit_doc = { .id = "getVerifyJunit",
    .tag = "system",
    .summary = "The same as JUnit XML, for pipelines",
    .params = id_params,
    .response_media = "application/xml",
    .success = 200,
    .errors = "401 403 404" };
static const struct route_doc cancel_doc = { .id = "cancelVerify",
    .tag = "system",
    .summary = "Stop a run; what it made is removed first",
    .params = id_params,
    .response = "VerifyRun",
    .success = 202,
    .errors = "401 403 404" };

const struct http_route verify_routes[] = {
    { HTTP_POST, "/v1/verify", verify_post, .right = RIGHT_ADMIN, .doc = &post_doc },
    { HTTP_GET, "/v1/verify", verify_last, .right = RIGHT_MONITOR, .doc = &last_doc },
    { HTTP_GET, "/v1/verify/{id}", verify_get, .right = RIGHT_MONITOR, .doc = &get_doc },
    { HTTP_GET, "/v1/verify/{id}/junit", verify_junit, .right = RIGHT_MONITOR, .doc = &junit_doc },
    { HTTP_POST, "/v1/verify/{id}/cancel", verify_cancel, .right = RIGHT_ADMIN,
        .doc = &cancel_doc },
    { 0 },
};

const struct schema_doc verify_schemas[] = {
    { "VerifyRun",
        "{\"type\":\"object\",\"required\":[\"id\",\"report\"],\"properties\":{\"id\":{\"type\":["
        "\"string\",\"null\"]},\"report\":{\"type\":[\"object\",\"null\"],\"required\":[\"result\","
        "\"passed\",\"failed\",\"skipped\",\"checks\"],\"properties\":{\"result\":{\"enum\":["
        "\"running\",\"pass\",\"fail\",\"cancelled\",\"not_run\"]},\"checks\":{\"type\":\"array\","
        "\"items\":{\"type\":\"object\",\"required\":[\"id\",\"category\",\"proves\",\"status\"]}}}"
        "}}}" },
    { NULL, NULL },
};
