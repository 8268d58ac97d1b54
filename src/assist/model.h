// SPDX-License-Identifier: AGPL-3.0-or-later
// One request to an OpenAI-compatible /v1/chat/completions server: messages and tools out, text and tool calls back, streamed.
// Whatever comes back is untrusted: bounded, parsed, never believed. Any thread; blocks.
#ifndef LARDER_ASSIST_MODEL_H
#define LARDER_ASSIST_MODEL_H

#include "assist/internal.h"

enum {
    MODEL_ANSWER_MAX = 4 << 20, // bytes of one reply on the wire
    MODEL_LINE_MAX = 1 << 20, // of one event
    MODEL_TEXT_MAX = 64 * 1024, // of the text
    MODEL_CALLS_MAX = 8, // tool calls in one reply; more are dropped and told
    MODEL_IDLE_MS = 45000, // without a byte
};

struct model_call {
    const char *id, *name;
    struct slice arguments; // JSON text as the model wrote it
};
struct model_request {
    struct slice messages; // JSON array
    struct slice tools; // JSON array; empty: none are offered
    int64_t deadline_ms;
    const atomic_bool *cancelled, *stopping; // may be NULL
    void (*on_text)(void *ctx, struct slice text); // pieces as they come; NULL: none
    void *ctx;
};
struct model_reply {
    struct slice text;
    struct model_call calls[MODEL_CALLS_MAX];
    size_t call_count;
    size_t calls_dropped;
    const char *finish_reason; // "stop", "tool_calls", "length"; "" if not said
    const char *model; // as the server names it; ""
    int64_t input_tokens, output_tokens; // estimated when the server does not say
};
// ERR_IO, ERR_TIMEOUT, ERR_CANCELLED, ERR_TOO_LARGE as net/call.h; ERR_BUSY: 429 or 5xx; ERR_CORRUPT: not what such a server
// answers; ERR_REFUSED: another refusal (key, model's name).
int model_chat(const struct model *m, const struct model_request *q, struct arena *a,
    struct model_reply *ret, struct error *err);
// What a server's answer says, from all its bytes, taken in pieces of a size: the part of model_chat that reads. For tests.
int model_read(
    struct slice bytes, size_t piece, struct arena *a, struct model_reply *ret, struct error *err);
// Is another try worth it?
bool model_error_passes(int code);

#endif
