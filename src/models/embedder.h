// SPDX-License-Identifier: AGPL-3.0-or-later
// Texts to vectors of length 1, by a model file (runtime.h, wordpiece.h) or by a server that speaks OpenAI's
// POST /v1/embeddings. A model file is loaded when the first text comes, not before.
//
// A file MODEL.onnx has its vocabulary beside it as MODEL.vocab (one piece a line), and may have MODEL.json: {"id",
// "dimension", "pooling": "cls"|"mean", "query_prefix", "passage_prefix", "tokens"}.
// Any thread; embedder_embed may be called by several at once.
#ifndef LARDER_MODELS_EMBEDDER_H
#define LARDER_MODELS_EMBEDDER_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

enum {
    EMBEDDER_TEXTS_MAX = 64, // of one call
    EMBEDDER_DIMENSION_MAX = 4096,
    EMBEDDER_WORDS_MAX = 256, // bytes of an id or a prefix
};

struct embedder_options {
    const char *model; // "off", a path, a URL, or "": embedding.onnx in folder, if it is there
    const char *name; // of the model, for a URL
    const char *key_file; // with the URL's key; "" none
    const char *library; // "": libonnxruntime.so.1 in folder, else the system's
    const char *folder; // where the program lies
};
// What makes vectors comparable: two embedders of the same identity may share a space.
struct embedder_identity {
    char model[EMBEDDER_WORDS_MAX];
    char hash[65]; // SHA-256 of the model's file; "" for a URL
    int dimension;
    char pooling[16]; // "cls", "mean", "server"
    char query_prefix[EMBEDDER_WORDS_MAX], passage_prefix[EMBEDDER_WORDS_MAX];
    double
        unlike; // a cosine below it says nothing; -1: not known. No part of what makes vectors comparable.
};
enum embedder_kind { EMBED_QUERY, EMBED_PASSAGE };

struct embedder;
struct embedder *embedder_new(const struct embedder_options *o);
void embedder_free(struct embedder *e);
void embedder_cancel(struct embedder *e); // requests to a server end at once, from now on
// False: there is none by choice, or because the embedded model is not installed.
bool embedder_wanted(const struct embedder *e);
// Reads the model's description and hashes its file (or asks the URL once); kept after the first success. Blocks.
int embedder_identify(struct embedder *e, struct embedder_identity *ret, struct error *err);
// count × dimension floats, each vector of length 1.
int embedder_embed(struct embedder *e, enum embedder_kind kind, const struct slice *texts,
    size_t count, float *ret, struct error *err);
// In a sentence, for people: what is there, or what is missing.
void embedder_describe(struct embedder *e, char *ret, size_t size);
bool embedder_loaded(const struct embedder *e);
bool embedder_failed(struct embedder *e); // at the last try

#endif
