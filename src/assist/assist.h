// SPDX-License-Identifier: AGPL-3.0-or-later
// The assistant: from a question to an answer with citations, with a language model where one is set and without one
// otherwise. Every answer becomes a run that is kept with its trace.
//
//   question ─▶ conversation's earlier turns ─▶ specialist by the question's words
//            ─▶ a model is set: the loop (loop.h): prompts, tools, answer, check of every sentence
//            └▶ none is set, or it fails: extract.h, the documents' own sentences
//            ─▶ run, messages and steps stored ─▶ answer
//
// Document text is data and never an instruction: it reaches a model only inside tool results, as quoted JSON that says so.
// Any thread; a question takes a thread for as long as it lasts.
#ifndef LARDER_ASSIST_ASSIST_H
#define LARDER_ASSIST_ASSIST_H

#include "assist/answer.h"
#include "assist/question.h"
#include "config/settings.h"

struct assist;
struct assist_options {
    struct store *store;
    const struct settings *settings;
    struct tool_host host; // model is filled in from the settings
    const atomic_bool *stopping; // all questions end when it is set; may be NULL
};
// ERR_INVALID: a specialist's file can't be read, or the key's.
int assist_new(const struct assist_options *o, struct assist **ret, struct error *err);
void assist_free(struct assist *a);
bool assist_has_model(const struct assist *a);
const char *assist_model_name(const struct assist *a); // "" without one

struct ask {
    struct slice question;
    struct slice partition; // empty: "default"
    struct slice conversation_id; // empty: a new one is made
    const struct turn *turns; // earlier turns, instead of the conversation's; may be NULL
    size_t turn_count;
    bool status_allowed; // tool_access.status
    bool extractive; // no model even if one is set
    const atomic_bool *cancelled; // NULL: can't be
    // Told on the way, from the asking thread: "run" {run_id, conversation_id}, "step" (trace.h), "delta" {text}, at the end
    // "answer" (the whole). May be NULL.
    void (*on_event)(void *ctx, const char *kind, struct slice json);
    void *ctx;
};
struct ask_result {
    char run_id[ID_SIZE];
    char conversation_id[ID_SIZE];
    struct answer *answer;
    struct evidence *evidence;
    struct slice
        json; // {answer, refused, citations, sentences, steps?, run_id, conversation_id, mode, …}
    struct usage usage;
};
// ERR_INVALID: no question; ERR_NOT_FOUND: no such conversation; ERR_CANCELLED, ERR_TIMEOUT; the store's errors. A model that
// fails is no error: the answer is extractive then and says so in "notice".
int assist_ask(struct assist *a, const struct ask *ask, struct arena *arena, struct ask_result *ret,
    struct error *err);

// A context for tools called from outside a run (MCP): limits as set for runs. evidence is made in the arena.
int assist_tool_context(struct assist *a, struct slice partition, bool status_allowed,
    struct arena *arena, struct tool_context *ret, struct error *err);

// A kept run as JSON: {run_id, conversation_id, question, status, answer, summary, steps, …}.
int assist_run_json(
    struct assist *a, struct slice id, struct arena *arena, struct buf *out, struct error *err);

#endif
