// SPDX-License-Identifier: AGPL-3.0-or-later
// The OpenAI-compatible face: one model, "larder", that answers from the documents through the assistant. openai.c takes
// requests in, openai_out.c writes completions. Any thread.
#ifndef LARDER_API_OPENAI_H
#define LARDER_API_OPENAI_H

#include "api/api.h"
#include "assist/assist.h"

#define OPENAI_MODEL "larder"
enum {
    OPENAI_BODY_MAX = 1024 * 1024,
    OPENAI_MESSAGES_MAX = 400, // of a request; the last HISTORY_MAX of them count
    OPENAI_PARTS_MAX = 64, // of one message
    OPENAI_TURN_MAX = 8000, // bytes of an earlier turn that are looked at
    OPENAI_OUT_MAX = 4 << 20,
};

struct completion {
    char id[ID_SIZE + 16]; // "chatcmpl-…"
    int64_t created_s;
    bool include_usage; // streamed: a last chunk with it
};
// {"object":"chat.completion",…}: the text with its numbers and a list of sources below, the citations as a field of their own.
void openai_put_completion(const struct completion *c, const struct ask_result *r, struct buf *out);
// Streamed: each chunk as one server-sent event.
void openai_put_start(const struct completion *c, struct buf *out);
void openai_put_answer(const struct completion *c, const struct ask_result *r, struct buf *out);
// {"error":{message, type, param, code}}
void openai_put_error(int code, const char *message, struct buf *out);

#endif
