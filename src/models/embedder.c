// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements embedder.h: which model, its description, loading at the first text, pooling.
#include "models/embedder.h"
#include "base/clock.h"
#include "base/log.h"
#include "models/remote.h"
#include "models/runtime.h"
#include "models/wordpiece.h"
#include "net/web.h"
#include "os/file.h"
#include "wire/json.h"

#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    QUERY_SECONDS = 5, // a question waits no longer for a server
    PASSAGE_SECONDS = 120,
    DESCRIPTION_MAX = 64 << 10,
};

enum source { SOURCE_NONE, SOURCE_FILE, SOURCE_URL };

struct embedder {
    enum source source; // immutable, as the next five
    char *model, *library, *vocabulary, *description, *name, *key_file;
    bool is_default;
    pthread_mutex_t mutex; // guards all below while it is being made; afterwards it stays
    bool identified;
    struct embedder_identity identity;
    size_t tokens;
    struct wordpiece *words;
    struct runtime_session *session;
    char failure[ERROR_TEXT_MAX];
    atomic_bool cancelled;
};

struct embedder *embedder_new(const struct embedder_options *o)
{
    struct embedder *e = xalloc(sizeof(*e));

    pthread_mutex_init(&e->mutex, NULL);
    e->name = xstrdup(o->name ? o->name : "");
    e->key_file = xstrdup(o->key_file ? o->key_file : "");
    e->tokens = WORDPIECE_TOKENS_MAX;
    e->library = runtime_library(o->library, o->folder);
    if (web_url_like(o->model)) {
        e->source = SOURCE_URL;
        e->model = xstrdup(o->model);
    } else if (o->model[0] && strcmp(o->model, "off") != 0) {
        e->source = SOURCE_FILE;
        e->model = xstrdup(o->model);
    } else if (o->model[0] == '\0') {
        e->model = xasprintf("%s/embedding.onnx", o->folder);
        e->source = access(e->model, R_OK) == 0 ? SOURCE_FILE : SOURCE_NONE;
        e->is_default = true;
    }
    if (e->source == SOURCE_FILE) {
        e->vocabulary = model_beside(e->model, ".vocab");
        e->description = model_beside(e->model, ".json");
    }
    return e;
}

void embedder_free(struct embedder *e)
{
    if (e) {
        runtime_close(e->session);
        wordpiece_free(e->words);
        pthread_mutex_destroy(&e->mutex);
        free(e->model);
        free(e->library);
        free(e->vocabulary);
        free(e->description);
        free(e->name);
        free(e->key_file);
        free(e);
    }
}

void embedder_cancel(struct embedder *e)
{
    atomic_store(&e->cancelled, true);
}

bool embedder_wanted(const struct embedder *e)
{
    return e && e->source != SOURCE_NONE;
}

bool embedder_loaded(const struct embedder *e)
{
    return e && __atomic_load_n(&e->session, __ATOMIC_ACQUIRE) != NULL;
}

bool embedder_failed(struct embedder *e)
{
    pthread_mutex_lock(&e->mutex);
    bool failed = e->failure[0] != '\0';
    pthread_mutex_unlock(&e->mutex);
    return failed;
}

// ---- identity

static int hash_file(const char *path, char ret[65], struct error *err)
{
    unsigned char block[64 * 1024], digest[32];
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0) {
        return error_set(err, ERR_NOT_FOUND, "The embedding model's file is not there.");
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    while ((n = read(fd, block, sizeof(block))) > 0) {
        EVP_DigestUpdate(ctx, block, (size_t)n);
    }
    EVP_DigestFinal_ex(ctx, digest, NULL);
    EVP_MD_CTX_free(ctx);
    if (n < 0) {
        return error_set(err, ERR_IO, "The embedding model's file can't be read.");
    }
    for (size_t i = 0; i < sizeof(digest); i++) {
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    }
    return 0;
}

static int read_words(const json_t *j, const char *field, char *ret, size_t size, struct error *err)
{
    struct slice text = { ret, strlen(ret) };
    int rc = json_in_string(j, field, JSON_OPTIONAL, size - 1, &text, err);

    if (rc == 0 && text.data != ret) {
        snprintf(ret, size, SLICE_FMT, SLICE_ARG(text));
    }
    return rc;
}

static int read_description(struct embedder *e, struct embedder_identity *id, struct error *err)
{
    AUTO_BUF text = BUF_INIT(DESCRIPTION_MAX);
    int64_t dimension = 0, tokens = WORDPIECE_TOKENS_MAX;
    const char *slash = strrchr(e->model, '/');

    snprintf(id->model, sizeof(id->model), "%s", slash ? slash + 1 : e->model);
    snprintf(id->pooling, sizeof(id->pooling), "cls");
    id->unlike = -1;
    if (read_all(e->description, &text, NULL) != 0) {
        return 0;
    }
    AUTO_JSON *j = json_in_parse_object(buf_slice(&text), err);
    if (!j) {
        return error_set(
            err, ERR_INVALID, "The description beside the embedding model is not JSON.");
    }
    int rc = read_words(j, "id", id->model, sizeof(id->model), err);
    rc = rc ? rc : read_words(j, "pooling", id->pooling, sizeof(id->pooling), err);
    rc = rc ? rc : read_words(j, "query_prefix", id->query_prefix, sizeof(id->query_prefix), err);
    rc = rc ? rc
            : read_words(j, "passage_prefix", id->passage_prefix, sizeof(id->passage_prefix), err);
    rc =
        rc ? rc
           : json_in_int(j, "dimension", JSON_OPTIONAL, 1, EMBEDDER_DIMENSION_MAX, &dimension, err);
    rc = rc ? rc : json_in_double(j, "unlike", JSON_OPTIONAL, -1, 1, &id->unlike, err);
    rc = rc ? rc : json_in_int(j, "tokens", JSON_OPTIONAL, 8, WORDPIECE_TOKENS_MAX, &tokens, err);
    if (rc == 0 && strcmp(id->pooling, "cls") != 0 && strcmp(id->pooling, "mean") != 0) {
        rc = error_set(err, ERR_INVALID, "The embedding model's pooling must be cls or mean.");
    }
    id->dimension = (int)dimension;
    e->tokens = (size_t)tokens;
    return rc;
}

static int load(struct embedder *e, struct error *err)
{
    AUTO_BUF lines = BUF_INIT(WORDPIECE_VOCABULARY_BYTES);
    struct runtime_session *session = NULL;
    int64_t start = clock_mono_ms();

    if (e->session) {
        return 0;
    }
    if (!e->words) {
        int rc = read_all(e->vocabulary, &lines, NULL);
        if (rc < 0) {
            return error_set(
                err, ERR_NOT_FOUND, "The vocabulary beside the embedding model is not there.");
        }
        rc = wordpiece_open(buf_slice(&lines), &e->words, err);
        if (rc < 0) {
            return rc;
        }
    }
    int rc = runtime_open(e->library, e->model, &session, err);
    if (rc == 0) {
        __atomic_store_n(&e->session, session, __ATOMIC_RELEASE);
        log_info("model.load", LS("model", e->identity.model), LI("ms", clock_mono_ms() - start));
    }
    return rc;
}

static void pool(
    const struct embedder_identity *id, const float *rows, size_t count, size_t width, float *ret)
{
    double length = 0;

    for (size_t k = 0; k < width; k++) {
        double v = rows[k];
        for (size_t i = 1; id->pooling[0] == 'm' && i < count; i++) {
            v += rows[i * width + k];
        }
        ret[k] = (float)v;
        length += v * v;
    }
    for (size_t k = 0; k < width; k++) {
        ret[k] = length > 0 ? (float)(ret[k] / sqrt(length)) : 0;
    }
}

static int embed_file(struct embedder *e, const struct embedder_identity *id,
    enum embedder_kind kind, struct slice text, float *ret, int *ret_dimension, struct error *err)
{
    const char *prefix = kind == EMBED_QUERY ? id->query_prefix : id->passage_prefix;
    int32_t tokens[WORDPIECE_TOKENS_MAX];
    size_t rows = 0, width = 0;
    AUTO_FREE float *data = NULL;
    AUTO_FREE char *joined = prefix[0] ? xasprintf("%s" SLICE_FMT, prefix, SLICE_ARG(text)) : NULL;
    size_t count = wordpiece_encode(e->words, joined ? slice_of(joined) : text, tokens, e->tokens);
    int rc = runtime_run(e->session, tokens, count, &data, &rows, &width, err);

    if (rc < 0) {
        return rc;
    }
    if ((rows != count && rows != 1) || (*ret_dimension && (size_t)*ret_dimension != width)) {
        return error_set(
            err, ERR_UNSUPPORTED, "The embedding model's vectors are of another size.");
    }
    *ret_dimension = (int)width;
    pool(id, data, rows, width, ret);
    return 0;
}

static int identify_file(struct embedder *e, struct embedder_identity *id, struct error *err)
{
    int rc = read_description(e, id, err);

    rc = rc ? rc : hash_file(e->model, id->hash, err);
    if (rc == 0 && id->dimension == 0) { // not described: one text tells
        AUTO_FREE float *vector = xalloc(EMBEDDER_DIMENSION_MAX * sizeof(float));
        rc = load(e, err);
        rc =
            rc ? rc : embed_file(e, id, EMBED_PASSAGE, SLICE_LIT("a"), vector, &id->dimension, err);
    }
    return rc;
}

static struct remote remote_of(const struct embedder *e)
{
    return (struct remote){ .url = e->model,
        .name = e->name,
        .key_file = e->key_file,
        .what = "embedding server",
        .cancelled = &e->cancelled };
}

static int identify_url(struct embedder *e, struct embedder_identity *id, struct error *err)
{
    AUTO_FREE float *vector = xalloc(EMBEDDER_DIMENSION_MAX * sizeof(float));
    struct remote r = remote_of(e);
    struct slice text = SLICE_LIT("a");

    snprintf(id->model, sizeof(id->model), "%s", e->name);
    snprintf(id->pooling, sizeof(id->pooling), "server");
    id->unlike = -1;
    return remote_embed(
        &r, &text, 1, QUERY_SECONDS, vector, EMBEDDER_DIMENSION_MAX, &id->dimension, err);
}

int embedder_identify(struct embedder *e, struct embedder_identity *ret, struct error *err)
{
    struct embedder_identity id = { 0 };
    struct error why = { 0 };
    int rc = 0;

    if (!embedder_wanted(e)) {
        return error_set(err, ERR_NOT_FOUND, "No embedding model is configured.");
    }
    pthread_mutex_lock(&e->mutex);
    if (!e->identified) {
        rc = e->source == SOURCE_URL ? identify_url(e, &id, &why) : identify_file(e, &id, &why);
        if (rc == 0) {
            e->identity = id;
            e->identified = true;
        }
        snprintf(e->failure, sizeof(e->failure), "%s", rc ? why.text : "");
    }
    *ret = e->identity;
    pthread_mutex_unlock(&e->mutex);
    return rc ? error_set(err, rc, "%s", why.text) : 0;
}

int embedder_embed(struct embedder *e, enum embedder_kind kind, const struct slice *texts,
    size_t count, float *ret, struct error *err)
{
    struct embedder_identity id;
    struct error why = { 0 };
    int rc = embedder_identify(e, &id, err);

    if (rc < 0) {
        return rc;
    }
    BUG_ON(count > EMBEDDER_TEXTS_MAX);
    if (e->source == SOURCE_URL) {
        struct remote r = remote_of(e);
        rc = remote_embed(&r, texts, count, kind == EMBED_QUERY ? QUERY_SECONDS : PASSAGE_SECONDS,
            ret, count * (size_t)id.dimension, &id.dimension, &why);
    } else {
        if (!embedder_loaded(e)) {
            pthread_mutex_lock(&e->mutex);
            rc = load(e, &why);
            pthread_mutex_unlock(&e->mutex);
        }
        for (size_t i = 0; rc == 0 && i < count; i++) {
            rc = embed_file(
                e, &id, kind, texts[i], ret + i * (size_t)id.dimension, &id.dimension, &why);
        }
    }
    pthread_mutex_lock(&e->mutex);
    snprintf(e->failure, sizeof(e->failure), "%s", rc ? why.text : "");
    pthread_mutex_unlock(&e->mutex);
    return rc ? error_set(err, rc, "%s", why.text) : 0;
}

void embedder_describe(struct embedder *e, char *ret, size_t size)
{
    if (!embedder_wanted(e)) {
        snprintf(ret, size, "%s",
            e && e->is_default ? "The embedding model is not installed: search is by words (BM25)."
                               : "No embedding model is configured: search is by words (BM25).");
        return;
    }
    pthread_mutex_lock(&e->mutex);
    if (e->failure[0]) {
        snprintf(ret, size, "%.300s Search is by words (BM25) meanwhile.", e->failure);
    } else if (!e->identified) {
        snprintf(ret, size, "The embedding model is being looked at.");
    } else {
        snprintf(ret, size, "%s, %d numbers a passage, %s.", e->identity.model,
            e->identity.dimension,
            e->source == SOURCE_URL ? "by a server"
            : e->session            ? "loaded"
                                    : "loaded when it is first needed");
    }
    pthread_mutex_unlock(&e->mutex);
}
