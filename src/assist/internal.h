// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of one run share. Nobody outside assist/ includes this.
#ifndef LARDER_ASSIST_INTERNAL_H
#define LARDER_ASSIST_INTERNAL_H

#include "assist/assist.h"
#include "assist/retrieve.h"
#include "assist/specialist.h"
#include "assist/trace.h"

enum { EXTRACT_SECONDS = 20 }; // for the extractive answer after a model failed

struct model { // an OpenAI-compatible server; model.h asks it
    const char *url; // up to and with /v1/chat/completions; "": none
    const char *name;
    const char *key; // NULL: none
};

struct assist { // immutable after assist_new
    struct store *store;
    const struct settings *settings;
    struct tool_host host;
    struct specialists *specialists;
    struct model model;
    char *key;
    struct usage_limits limits;
    const atomic_bool *stopping;
};

struct run { // one thread
    struct assist *assist;
    const struct ask *ask;
    struct arena *arena;
    int64_t created_ms; // wall clock
    char run_id[ID_SIZE], conversation_id[ID_SIZE];
    const struct turn *turns;
    size_t turn_count;
    struct question question;
    const struct specialist *specialist;
    struct tool_context context;
    struct usage usage;
    struct trace trace;
    struct answer *answer;
    const char *mode; // extractive, model
    const char *notice; // NULL, or a sentence about how the answer came about
};

void run_event(struct run *r, const char *kind, struct slice json);
void run_delta(struct run *r, struct slice text); // a piece of the answer for streams

// status.c: the tool that answers a question about the server itself, or NULL; and the answer from it.
const char *status_tool_for(struct slice question);
int status_answer(struct run *r, const char *tool, struct error *err);

// loop.c: the answer of the model with its tools. An error leaves the answer to extract.c, unless cancelled.
int loop_answer(struct run *r, struct error *err);

#endif
