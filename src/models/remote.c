// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements remote.h: the request, and embeddings as OpenAI describes them.
#include "models/remote.h"
#include "base/clock.h"
#include "base/log.h"
#include "models/embedder.h"
#include "net/call.h"
#include "os/file.h"
#include "wire/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 20, REQUEST_MAX = 16 << 20, KEY_MAX = 4096, CONNECT_MS = 5000 };

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

int remote_post(
    const struct remote *r, struct slice json, int64_t time_ms, struct buf *ret, struct error *err)
{
    AUTO_BUF key_bytes = BUF_INIT(KEY_MAX);
    AUTO_FREE char *key = NULL;
    struct error why = { 0 };
    struct net_call call = { .url = r->url,
        .body = json,
        .connect_ms = (int)(time_ms < CONNECT_MS ? time_ms : CONNECT_MS),
        .idle_ms = (int)time_ms,
        .deadline_ms = clock_mono_ms() + time_ms,
        .answer_max = ret->max,
        .cancelled = r->cancelled };
    AUTO_NET_ANSWER answer = { 0 };

    if (r->key_file[0] && read_all(r->key_file, &key_bytes, NULL) == 0) {
        struct slice k = slice_trim(buf_slice(&key_bytes));
        key = xasprintf(SLICE_FMT, SLICE_ARG(k));
        call.bearer = key;
    }
    int rc = net_call_run(&call, &answer, &why);
    if (key) {
        explicit_bzero(key, strlen(key));
        explicit_bzero(key_bytes.data, key_bytes.len);
    }
    if (rc < 0) {
        log_warn("model.server", LS("said", why.text));
        return rc == ERR_TIMEOUT ? error_set(err, rc, "The %s does not answer in time.", r->what)
                                 : error_set(err, rc, "The %s does not answer.", r->what);
    }
    if (answer.status != 200) {
        return error_set(err, answer.status == 429 || answer.status >= 500 ? ERR_BUSY : ERR_DENIED,
            "The %s refused with status %ld.", r->what, answer.status);
    }
    buf_done(ret);
    *ret = answer.body;
    answer.body = (struct buf){ 0 };
    return 0;
}

int remote_embed(const struct remote *r, const struct slice *texts, size_t count, int seconds,
    float *ret, size_t ret_size, int *ret_dimension, struct error *err)
{
    AUTO_BUF body = BUF_INIT(REQUEST_MAX);
    AUTO_BUF answer = BUF_INIT(ANSWER_MAX);

    make_request(&body, r->name, texts, count);
    if (!buf_ok(&body)) {
        return error_set(err, ERR_MEMORY, "There is not enough memory to ask the %s.", r->what);
    }
    int rc = remote_post(r, buf_slice(&body), (int64_t)seconds * 1000, &answer, err);
    return rc ? rc : remote_parse(buf_slice(&answer), count, ret, ret_size, ret_dimension, err);
}
