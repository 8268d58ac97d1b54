// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements reranker.h.
#include "models/reranker.h"
#include "base/clock.h"
#include "base/log.h"
#include "models/remote.h"
#include "models/runtime.h"
#include "models/wordpiece.h"
#include "os/file.h"
#include "os/thread.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum source { SOURCE_NONE, SOURCE_FILE, SOURCE_URL };

struct reranker {
    enum source source; // immutable, as the next four
    char *model, *library, *vocabulary;
    char *name, *key_file;
    pthread_t loader;
    bool loading; // the loader was started
    struct wordpiece *words; // set before `ready`, then immutable
    struct runtime_session *session;
    atomic_bool ready, cancelled;
    pthread_mutex_t mutex; // guards all below
    char failure[ERROR_TEXT_MAX]; // of the last try; "" it went well
    int failures; // in a row
    int64_t rest_until_ms;
};

static void remember(struct reranker *r, int rc, const struct error *why)
{
    pthread_mutex_lock(&r->mutex);
    snprintf(r->failure, sizeof(r->failure), "%s", rc ? why->text : "");
    r->failures = rc ? r->failures + 1 : 0;
    if (r->failures >= RERANK_FAILURES) {
        r->rest_until_ms = clock_mono_ms() + RERANK_REST_MS;
        r->failures = 0;
    }
    pthread_mutex_unlock(&r->mutex);
}

// ---- a model's file

static int load(struct reranker *r, struct error *err)
{
    AUTO_BUF lines = BUF_INIT(WORDPIECE_VOCABULARY_BYTES);

    if (read_all(r->vocabulary, &lines, NULL) < 0) {
        return error_set(
            err, ERR_NOT_FOUND, "The vocabulary beside the reranking model is not there.");
    }
    int rc = wordpiece_open(buf_slice(&lines), &r->words, err);
    return rc ? rc : runtime_open(r->library, r->model, &r->session, err);
}

static void *loader_main(void *arg)
{
    struct reranker *r = arg;
    struct error err = { 0 };
    int64_t start = clock_mono_ms();
    int rc = load(r, &err);

    if (rc == 0) {
        log_info("rerank.load", LI("ms", clock_mono_ms() - start));
        atomic_store(&r->ready, true);
    } else {
        log_warn("rerank.failed", LS("error", err.text));
        remember(r, rc, &err);
    }
    return NULL;
}

// In the order given, until the next one might not end in time.
static int score_file(struct reranker *r, struct slice query, const struct slice *passages,
    size_t count, int64_t time_ms, double *ret, struct error *err)
{
    int64_t start = clock_mono_us(), last = start, longest = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        int32_t tokens[WORDPIECE_TOKENS_MAX], types[WORDPIECE_TOKENS_MAX];
        float score = 0;
        if (last - start + longest > time_ms * 1000 || atomic_load(&r->cancelled)) {
            return i ? 0 : error_set(err, ERR_TIMEOUT, "The reranking model had no time.");
        }
        size_t n = wordpiece_encode_pair(
            r->words, query, passages[i], tokens, types, WORDPIECE_TOKENS_MAX);
        rc = runtime_score(r->session, tokens, types, n, &score, err);
        if (rc == 0 && !isfinite(score)) {
            rc = error_set(err, ERR_UNSUPPORTED, "The reranking model gives no numbers.");
        }
        ret[i] = 1 / (1 + exp(-(double)score));
        int64_t now = clock_mono_us();
        longest = now - last > longest ? now - last : longest;
        last = now;
    }
    return rc;
}

// ---- all

struct reranker *reranker_new(const struct reranker_options *o)
{
    struct reranker *r = xalloc(sizeof(*r));

    pthread_mutex_init(&r->mutex, NULL);
    r->model = xstrdup(o->model);
    r->name = xstrdup(o->name ? o->name : "");
    r->key_file = xstrdup(o->key_file ? o->key_file : "");
    r->source = strcmp(o->model, "off") == 0 || !o->model[0] ? SOURCE_NONE
                : strstr(o->model, "://")                    ? SOURCE_URL
                                                             : SOURCE_FILE;
    if (r->source == SOURCE_FILE) {
        r->library = runtime_library(o->library, o->folder);
        r->vocabulary = model_beside(o->model, ".vocab");
        r->loading = thread_start(&r->loader, "rerank-load", loader_main, r);
    }
    return r;
}

void reranker_free(struct reranker *r)
{
    if (r) {
        if (r->loading) {
            pthread_join(r->loader, NULL);
        }
        runtime_close(r->session);
        wordpiece_free(r->words);
        pthread_mutex_destroy(&r->mutex);
        free(r->model);
        free(r->library);
        free(r->vocabulary);
        free(r->name);
        free(r->key_file);
        free(r);
    }
}

void reranker_cancel(struct reranker *r)
{
    atomic_store(&r->cancelled, true);
}

bool reranker_wanted(const struct reranker *r)
{
    return r && r->source != SOURCE_NONE;
}

bool reranker_failed(struct reranker *r)
{
    pthread_mutex_lock(&r->mutex);
    bool failed = r->failure[0] != '\0';
    pthread_mutex_unlock(&r->mutex);
    return failed;
}

// What is in the way of even trying.
static int check_state(struct reranker *r, struct error *err)
{
    int rc = 0;

    pthread_mutex_lock(&r->mutex);
    if (r->source == SOURCE_FILE && !atomic_load(&r->ready)) {
        rc = r->failure[0] ? error_set(err, ERR_UNSUPPORTED, "%s", r->failure)
                           : error_set(err, ERR_BUSY, "The reranking model is being loaded.");
    } else if (clock_mono_ms() < r->rest_until_ms) {
        rc = error_set(err, ERR_BUSY, "%s", r->failure);
    }
    pthread_mutex_unlock(&r->mutex);
    return rc;
}

int reranker_score(struct reranker *r, struct slice query, const struct slice *passages,
    size_t count, int64_t time_ms, double *ret, struct error *err)
{
    struct remote remote = { .url = r->model,
        .name = r->name,
        .key_file = r->key_file,
        .what = "reranking service",
        .cancelled = &r->cancelled };
    double scores[RERANK_PASSAGES_MAX];
    struct error why = { 0 };
    int rc = check_state(r, err);

    BUG_ON(count > RERANK_PASSAGES_MAX || !reranker_wanted(r));
    if (rc < 0 || count == 0) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        scores[i] = NAN;
    }
    rc = r->source == SOURCE_URL
             ? remote_rerank(&remote, query, passages, count, time_ms, scores, &why)
             : score_file(r, query, passages, count, time_ms, scores, &why);
    remember(r, rc, &why);
    if (rc == 0) {
        memcpy(ret, scores, count * sizeof(*ret));
    }
    return rc ? error_set(err, rc, "%s", why.text) : 0;
}

void reranker_describe(struct reranker *r, char *ret, size_t size)
{
    if (!reranker_wanted(r)) {
        snprintf(ret, size, "No reranking model is configured.");
        return;
    }
    pthread_mutex_lock(&r->mutex);
    if (r->failure[0]) {
        snprintf(ret, size, "%.300s Results keep their order meanwhile.", r->failure);
    } else if (r->source == SOURCE_URL) {
        snprintf(ret, size, "By a service.");
    } else {
        snprintf(ret, size, "%s",
            atomic_load(&r->ready) ? "By a model's file, loaded."
                                   : "The reranking model is being loaded.");
    }
    pthread_mutex_unlock(&r->mutex);
}
