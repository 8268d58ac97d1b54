// SPDX-License-Identifier: AGPL-3.0-or-later
// A server of embeddings: POST /v1/embeddings as OpenAI describes it. What it answers is input like any other: bounded,
// counted, and no number that is none. Redirects are not followed, so that the key goes nowhere else.
#include "base/buf.h"
#include "base/log.h"
#include "models/embedder.h"
#include "os/file.h"
#include "wire/json.h"

#include <curl/curl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { ANSWER_MAX = 64 << 20, REQUEST_MAX = 16 << 20, KEY_MAX = 4096, CONNECT_SECONDS = 5 };

int remote_parse(struct slice json, size_t count, float *ret, size_t ret_size, int *ret_dimension,
    struct error *err)
{
    AUTO_JSON *root = json_in_parse_object(json, err);
    const json_t *data = NULL;
    size_t i = 0, k = 0;
    json_t *item = NULL, *number = NULL;
    uint64_t seen = 0;

    if (!root) {
        return ERR_INVALID;
    }
    int rc = json_in_array(root, "data", JSON_REQUIRED, EMBEDDER_TEXTS_MAX, &data, err);
    if (rc < 0) {
        return rc;
    }
    if (json_array_size(data) != count || count > EMBEDDER_TEXTS_MAX) {
        return error_set(err, ERR_INVALID, "The embedding server sent another number of vectors.");
    }
    json_array_foreach(data, i, item)
    {
        const json_t *vector = json_object_get(item, "embedding");
        const json_t *index = json_object_get(item, "index");
        size_t size = json_array_size(vector);
        size_t at = json_is_integer(index) ? (size_t)json_integer_value(index) : i;
        double length = 0;
        if (*ret_dimension == 0 && size > 0 && size <= EMBEDDER_DIMENSION_MAX) {
            *ret_dimension = (int)size;
        }
        if (at >= count || (seen & (1ULL << at)) || size == 0 || size != (size_t)*ret_dimension ||
            count * size > ret_size) {
            return error_set(
                err, ERR_INVALID, "The embedding server sent vectors of another form.");
        }
        seen |= 1ULL << at;
        float *out = ret + at * size;
        json_array_foreach(vector, k, number)
        {
            double v = json_number_value(number);
            if (!json_is_number(number) || !(fabs(v) < 1e6)) {
                return error_set(err, ERR_INVALID, "The embedding server sent what is no number.");
            }
            out[k] = (float)v;
            length += v * v;
        }
        if (!(length > 1e-12)) {
            return error_set(err, ERR_INVALID, "The embedding server sent an empty vector.");
        }
        for (k = 0; k < size; k++) {
            out[k] = (float)(out[k] / sqrt(length));
        }
    }
    return 0;
}

static size_t on_bytes(char *data, size_t size, size_t count, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, data, size * count);
    return buf_ok(b) ? size * count : 0;
}

// Called by libcurl about once a second and at each byte; not 0 ends the request.
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const atomic_bool *cancelled = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return cancelled && atomic_load(cancelled);
}

static void make_request(struct buf *b, const char *name, const struct slice *texts, size_t count)
{
    struct json_out j;

    json_begin(&j, b);
    json_begin_object(&j);
    json_key_text(&j, "model", name);
    json_key_text(&j, "encoding_format", "float");
    json_key_array(&j, "input");
    for (size_t i = 0; i < count; i++) {
        json_slice(&j, texts[i]);
    }
    json_end(&j);
    json_end(&j);
}

static struct curl_slist *headers(const char *key_file)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    AUTO_BUF key = BUF_INIT(KEY_MAX);

    if (key_file[0] && read_all(key_file, &key, NULL) == 0) {
        struct slice k = slice_trim(buf_slice(&key));
        AUTO_FREE char *line = xasprintf("Authorization: Bearer " SLICE_FMT, SLICE_ARG(k));
        list = curl_slist_append(list, line);
    }
    return list;
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int remote_embed(const struct remote *r, const struct slice *texts, size_t count, int seconds,
    float *ret, size_t ret_size, int *ret_dimension, struct error *err)
{
    AUTO_BUF body = BUF_INIT(REQUEST_MAX);
    AUTO_BUF answer = BUF_INIT(ANSWER_MAX);
    long code = 0;

    pthread_once(&curl_once, curl_start);
    make_request(&body, r->name, texts, count);
    CURL *c = curl_easy_init();
    if (!c || !buf_ok(&body)) {
        curl_easy_cleanup(c);
        return error_set(
            err, ERR_MEMORY, "There is not enough memory to ask the embedding server.");
    }
    struct curl_slist *list = headers(r->key_file);
    curl_easy_setopt(c, CURLOPT_URL, r->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.len);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)seconds);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)(uintptr_t)r->cancelled);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK) {
        log_warn("model.server", LS("said", curl_easy_strerror(rc)));
        return error_set(err, rc == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO,
            "The embedding server does not answer.");
    }
    if (code != 200) {
        return error_set(err, code == 429 || code >= 500 ? ERR_BUSY : ERR_DENIED,
            "The embedding server refused with status %ld.", code);
    }
    return remote_parse(buf_slice(&answer), count, ret, ret_size, ret_dimension, err);
}
