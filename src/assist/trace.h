// SPDX-License-Identifier: AGPL-3.0-or-later
// The trace of a run: what was done, with what, how long it took. Each step is a JSON object {kind, at_ms, took_ms,
// attributes}; attributes carry OpenTelemetry's names for generative AI (gen_ai.*) where it has one. Kept with the run. One
// thread at a time; lives in the run's arena.
#ifndef LARDER_ASSIST_TRACE_H
#define LARDER_ASSIST_TRACE_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/conversations.h"
#include "wire/json.h"

enum { TRACE_TEXT_MAX = 32 * 1024 }; // bytes of one attribute; longer ones are cut

struct trace {
    struct arena *arena;
    int64_t start_us;
    const char *steps[RUN_STEPS_MAX];
    size_t count;
    // Told of each step as it is added, for streams; may be NULL.
    void (*on_step)(void *ctx, struct slice json);
    void *ctx;
};
struct trace_step {
    struct trace *trace;
    struct buf text;
    struct json_out json;
    int64_t start_us;
    const char *kind;
};
void trace_begin(struct trace *t, struct arena *a);
// kind: retrieve, decide, chat, execute_tool, check, delegate. Between start and end add attributes, by trace_text and
// json_key_int and the like on step->json.
void trace_step_start(struct trace *t, struct trace_step *step, const char *kind);
void trace_text(struct trace_step *step, const char *key, struct slice text); // cut
void trace_end(struct trace_step *step);

#endif
