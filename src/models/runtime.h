// SPDX-License-Identifier: AGPL-3.0-or-later
// ONNX Runtime, loaded while the program runs: a model's file becomes a session that turns the numbers of a text's pieces
// into the vectors of its last layer. Nothing is linked: without the library the server starts and says so.
// One thread a call (no pool of its own, so nothing spins); several threads may call one session at once.
#ifndef LARDER_MODELS_RUNTIME_H
#define LARDER_MODELS_RUNTIME_H

#include "base/error.h"

enum {
    RUNTIME_DIMENSION_MAX = 4096,
    RUNTIME_MODEL_BYTES_MAX = 2000 << 20,
    RUNTIME_OUTPUT_MAX = 64 << 20, // bytes of one answer
};

struct runtime_session;
// Which library to load: the one that is set, else libonnxruntime.so.1 in the folder, else the system's; free() it.
char *runtime_library(const char *set, const char *folder);
// The path of what stands beside a model's file: its ending exchanged; free() it.
char *model_beside(const char *model, const char *ending);
// ERR_NOT_FOUND: a file is not there; ERR_UNSUPPORTED: the library or the model is not of a form that is known.
int runtime_open(
    const char *library, const char *model, struct runtime_session **ret, struct error *err);
void runtime_close(struct runtime_session *s);
// The vectors of one sequence: count × *ret_dimension floats (or one × dimension, if the model pools by itself), freed by
// the caller with free().
int runtime_run(struct runtime_session *s, const int32_t *tokens, size_t count, float **ret,
    size_t *ret_rows, size_t *ret_dimension, struct error *err);
// A cross-encoder's one number for a pair: types[i] is 0 for the question's pieces, 1 for the passage's.
int runtime_score(struct runtime_session *s, const int32_t *tokens, const int32_t *types,
    size_t count, float *ret, struct error *err);

#endif
