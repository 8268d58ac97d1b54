// SPDX-License-Identifier: AGPL-3.0-or-later
// How well each of a few passages answers a question, read together with it: by a cross-encoder's file (runtime.h, with
// its vocabulary beside it as MODEL.vocab) or by a service at a URL (POST /v1/rerank). Always bounded in time; what could
// not be scored is said and never guessed.
//
// A file is loaded by a thread of its own from reranker_new on, so that no question waits for it. A service that failed
// several times in a row is left alone for some seconds. Any thread; reranker_score may be called by several at once.
#ifndef LARDER_MODELS_RERANKER_H
#define LARDER_MODELS_RERANKER_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

enum {
    RERANK_PASSAGES_MAX = 100, // of one question
    RERANK_FAILURES = 3, // in a row, then a service is left alone
    RERANK_REST_MS = 10000, // for so long
};

struct reranker_options {
    const char *model; // "off", a path or a URL
    const char *name; // of the model, for a URL
    const char *key_file; // with the URL's key; "" none
    const char *library; // "": libonnxruntime.so.1 in folder, else the system's
    const char *folder; // where the program lies
};

struct reranker;
struct reranker *reranker_new(const struct reranker_options *o);
void reranker_free(struct reranker *r);
void reranker_cancel(struct reranker *r); // requests to a service end at once, from now on
bool reranker_wanted(const struct reranker *r);
// Numbers from 0 to 1, more is better; NAN for a passage that was not scored (a model scores in order until the time is
// over, a service may leave out the worst). On an error none is written: ERR_BUSY (still loading, or left alone),
// ERR_TIMEOUT, ERR_IO, ERR_INVALID (a garbled answer), ERR_NOT_FOUND, ERR_UNSUPPORTED.
int reranker_score(struct reranker *r, struct slice query, const struct slice *passages,
    size_t count, int64_t time_ms, double *ret, struct error *err);
// In a sentence, for people: what is there, or what is missing.
void reranker_describe(struct reranker *r, char *ret, size_t size);
bool reranker_failed(struct reranker *r); // at the last try

#endif
