// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements remote.h: a service of reranking. {"model", "query", "documents", "top_n"} is asked; {"results": [{"index",
// "relevance_score"}, …]} is answered, best first and perhaps without the worst.
#include "models/remote.h"
#include "models/reranker.h"
#include "wire/json.h"

#include <math.h>

enum { RERANK_ANSWER_MAX = 8 << 20, RERANK_REQUEST_MAX = 4 << 20 };

// Services that give a model's bare output are told from those that give shares by what they send.
static void to_shares(double *scores, size_t count)
{
    bool logits = false;

    for (size_t i = 0; i < count; i++) {
        logits = logits || scores[i] < 0 || scores[i] > 1;
    }
    for (size_t i = 0; logits && i < count; i++) {
        scores[i] = 1 / (1 + exp(-scores[i])); // NAN stays NAN
    }
}

int remote_parse_scores(struct slice json, size_t count, double *ret, struct error *err)
{
    AUTO_JSON *root = json_in_parse_object(json, err);
    const json_t *results = NULL;
    json_t *item = NULL;
    size_t i = 0;

    if (!root) {
        return error_set(err, ERR_INVALID, "The reranking service sent what is not JSON.");
    }
    int rc = json_in_array(root, "results", JSON_REQUIRED, RERANK_PASSAGES_MAX, &results, err);
    if (rc < 0 || json_array_size(results) == 0) {
        return error_set(err, ERR_INVALID, "The reranking service sent no results.");
    }
    for (i = 0; i < count; i++) {
        ret[i] = NAN;
    }
    json_array_foreach(results, i, item)
    {
        const json_t *index = json_object_get(item, "index");
        const json_t *score = json_object_get(item, "relevance_score");
        json_int_t at = json_is_integer(index) ? json_integer_value(index) : -1;
        double value = json_number_value(score);
        if (at < 0 || (size_t)at >= count || !isnan(ret[at]) || !json_is_number(score) ||
            !(fabs(value) < 1e6)) {
            return error_set(
                err, ERR_INVALID, "The reranking service sent results of another form.");
        }
        ret[at] = value;
    }
    to_shares(ret, count);
    return 0;
}

int remote_rerank(const struct remote *r, struct slice query, const struct slice *passages,
    size_t count, int64_t time_ms, double *ret, struct error *err)
{
    AUTO_BUF body = BUF_INIT(RERANK_REQUEST_MAX);
    AUTO_BUF answer = BUF_INIT(RERANK_ANSWER_MAX);
    struct json_out j;

    json_begin(&j, &body);
    json_begin_object(&j);
    json_key_text(&j, "model", r->name);
    json_key_string(&j, "query", query);
    json_key_int(&j, "top_n", (int64_t)count);
    json_key_array(&j, "documents");
    for (size_t i = 0; i < count; i++) {
        json_slice(&j, passages[i]);
    }
    json_end(&j);
    json_end(&j);
    if (!buf_ok(&body)) {
        return error_set(err, ERR_MEMORY, "There is not enough memory to ask the %s.", r->what);
    }
    int rc = remote_post(r, buf_slice(&body), time_ms, &answer, err);
    return rc ? rc : remote_parse_scores(buf_slice(&answer), count, ret, err);
}
