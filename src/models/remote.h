// SPDX-License-Identifier: AGPL-3.0-or-later
// Models behind a URL: a server of embeddings (OpenAI's POST /v1/embeddings) or of reranking (POST /v1/rerank, as Cohere
// and Jina have it). Both are asked over net/call.h, so the address is the setting's and no other, and what they answer is
// input like any other: bounded, counted, and no number that is none. Any thread; blocks.
#ifndef LARDER_MODELS_REMOTE_H
#define LARDER_MODELS_REMOTE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdatomic.h>

struct remote {
    const char *url, *name; // of the service and of the model that it is asked for
    const char *key_file; // with the key for it; "" none
    const char *what; // "embedding server": begins the sentences of errors, after "The"
    const atomic_bool *cancelled; // NULL: never
};
// POSTs JSON. The answer's bytes, of a status 200 only, at most ret->max; ERR_TIMEOUT, ERR_CANCELLED, ERR_TOO_LARGE, ERR_IO (nobody there,
// or it broke off), ERR_BUSY (try again later), ERR_DENIED (it does not want to), ERR_INVALID (the address).
int remote_post(
    const struct remote *r, struct slice json, int64_t time_ms, struct buf *ret, struct error *err);

// One request for embeddings; *ret_dimension is checked when it is not 0, else written.
int remote_embed(const struct remote *r, const struct slice *texts, size_t count, int seconds,
    float *ret, size_t ret_size, int *ret_dimension, struct error *err);
// The answer's JSON to count × dimension floats, each vector of length 1; pure.
int remote_parse(struct slice json, size_t count, float *ret, size_t ret_size, int *ret_dimension,
    struct error *err);

// One request for the fit of passages to a question: count numbers from 0 to 1, NAN where the service left one out.
int remote_rerank(const struct remote *r, struct slice query, const struct slice *passages,
    size_t count, int64_t time_ms, double *ret, struct error *err);
// The answer's JSON, {"results": [{"index", "relevance_score"}, …]}; pure. Numbers outside 0 to 1 are taken for logits.
int remote_parse_scores(struct slice json, size_t count, double *ret, struct error *err);

#endif
