// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements trace.h.
#include "assist/trace.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { STEP_MAX = 1024 * 1024 };

void trace_begin(struct trace *t, struct arena *a)
{
    *t = (struct trace){ .arena = a, .start_us = clock_mono_us() };
}

void trace_step_start(struct trace *t, struct trace_step *step, const char *kind)
{
    *step = (struct trace_step){ .trace = t, .start_us = clock_mono_us(), .kind = kind };
    buf_init(&step->text, STEP_MAX);
    json_begin(&step->json, &step->text);
    json_begin_object(&step->json);
    json_key_text(&step->json, "kind", kind);
    json_key_double(&step->json, "at_ms", (double)(step->start_us - t->start_us) / 1000.0);
    json_key_object(&step->json, "attributes");
}

void trace_text(struct trace_step *step, const char *key, struct slice text)
{
    json_key_string(&step->json, key, utf8_prefix(text, TRACE_TEXT_MAX));
    if (text.len > TRACE_TEXT_MAX) {
        AUTO_FREE char *name = xasprintf("%s.bytes", key);
        json_key_int(&step->json, name, (int64_t)text.len);
    }
}

void trace_end(struct trace_step *step)
{
    struct trace *t = step->trace;

    json_end(&step->json);
    json_key_double(&step->json, "took_ms", (double)(clock_mono_us() - step->start_us) / 1000.0);
    json_end(&step->json);
    if (buf_ok(&step->text) && t->count < RUN_STEPS_MAX) {
        char *kept = arena_strndup(t->arena, step->text.data, step->text.len);
        if (kept) {
            t->steps[t->count++] = kept;
        }
        if (t->on_step) {
            t->on_step(t->ctx, buf_slice(&step->text));
        }
    }
    buf_done(&step->text);
}
