// SPDX-License-Identifier: AGPL-3.0-or-later
// What the assistant was asked and answered: conversations, their messages, and runs with their steps. Part of the store's
// door (store.h): any thread, blocking, strings in the caller's arena.
#ifndef LARDER_STORE_CONVERSATIONS_H
#define LARDER_STORE_CONVERSATIONS_H

#include "store/store.h"

enum {
    CONVERSATION_TITLE_MAX = 200, // bytes
    CONVERSATIONS_KEPT = 20000, // the ones not touched for longest go, with their runs
    CONVERSATION_MESSAGES_MAX = 2000,
    RUN_STEPS_MAX = 400,
};

struct run_record {
    char id[ID_SIZE]; // made by the caller (id_new)
    char conversation_id[ID_SIZE];
    const char *question;
    const char *status; // completed, failed, cancelled
    const char *error; // NULL if completed
    const char *answer_text; // the assistant's message
    const char *answer; // JSON object
    const char *summary; // JSON object
    const char *const *steps; // JSON objects
    size_t step_count;
    int64_t created_ms, took_ms;
};
// One transaction: the run, its steps, the two messages; makes the conversation if there is none of that id.
// ERR_CONFLICT: the conversation belongs to another partition. ERR_LIMIT: it is full.
int store_run_add(
    struct store *s, struct slice partition, const struct run_record *r, struct error *err);
// answer_text is NULL. ERR_NOT_FOUND.
int store_run_load(
    struct store *s, struct slice id, struct arena *a, struct run_record *ret, struct error *err);

struct conversation {
    char id[ID_SIZE];
    const char *partition, *title;
    int64_t created_ms, updated_ms, message_count;
};
struct message {
    bool user; // else the assistant
    const char *text;
    char run_id[ID_SIZE];
    int64_t created_ms;
};
int store_conversation_load(
    struct store *s, struct slice id, struct arena *a, struct conversation *ret, struct error *err);
// Newest first; partition empty: all.
int store_conversation_list(struct store *s, struct slice partition, int limit, struct arena *a,
    struct conversation **ret, size_t *ret_count, struct error *err);
// The last `limit` messages, oldest of them first.
int store_message_list(struct store *s, struct slice conversation_id, int limit, struct arena *a,
    struct message **ret, size_t *ret_count, struct error *err);
int store_conversation_delete(struct store *s, struct slice id, struct error *err);

#endif
