// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements store/conversations.h.
#include "store/conversations.h"
#include "base/utf8.h"
#include "store/sqlite/backend.h"

enum { LIST_MAX = 1000 };

// ---- writing a run

struct add {
    struct slice partition;
    const struct run_record *run;
};

static int make_conversation(
    struct write *w, const struct add *a, int64_t *ret_key, struct error *err)
{
    struct slice title = utf8_prefix(slice_of(a->run->question), CONVERSATION_TITLE_MAX);
    struct query q = query_start(w->db, "INSERT INTO conversations (id, partition, title, "
                                        "created_ms, updated_ms) VALUES (?, ?, ?, ?, ?)");
    query_text(&q, a->run->conversation_id);
    query_slice(&q, a->partition);
    query_slice(&q, title);
    query_int(&q, w->now_ms);
    query_int(&q, w->now_ms);
    int rc = query_run(&q, err);
    *ret_key = sqlite3_last_insert_rowid(w->db->handle);
    return rc;
}

static int find_conversation(
    struct write *w, const struct add *a, int64_t *ret_key, struct error *err)
{
    struct query q =
        query_start(w->db, "SELECT key, partition = ? FROM conversations WHERE id = ?");
    bool found = false, same = true;

    query_slice(&q, a->partition);
    query_text(&q, a->run->conversation_id);
    if (query_step(&q)) {
        found = true;
        *ret_key = row_int(&q);
        same = row_int(&q) != 0;
    }
    int rc = query_end(&q, err);
    if (rc == 0 && !same) {
        rc = error_set(err, ERR_CONFLICT, "The conversation belongs to another partition.");
    }
    return rc || found ? rc : make_conversation(w, a, ret_key, err);
}

static int next_message(
    struct write *w, int64_t conversation, int64_t *ret_index, struct error *err)
{
    struct query q =
        query_start(w->db, "SELECT coalesce(max(idx) + 1, 0) FROM messages WHERE conversation = ?");
    query_int(&q, conversation);
    *ret_index = query_step(&q) ? row_int(&q) : 0;
    int rc = query_end(&q, err);
    if (rc == 0 && *ret_index + 2 > CONVERSATION_MESSAGES_MAX) {
        rc = error_set(err, ERR_LIMIT, "The conversation has %d messages; start a new one.",
            CONVERSATION_MESSAGES_MAX);
    }
    return rc;
}

static int add_message(struct write *w, int64_t conversation, int64_t index, const char *role,
    const char *text, const char *run, struct error *err)
{
    struct query q = query_start(w->db, "INSERT INTO messages (conversation, idx, role, text, run, "
                                        "created_ms) VALUES (?, ?, ?, ?, ?, ?)");
    query_int(&q, conversation);
    query_int(&q, index);
    query_text(&q, role);
    query_text_or(&q, text, "");
    query_text(&q, run);
    query_int(&q, w->now_ms);
    return query_run(&q, err);
}

static int add_run_row(
    struct write *w, int64_t conversation, const struct run_record *r, struct error *err)
{
    struct query q = query_start(w->db,
        "INSERT INTO runs (id, conversation, question, status, error, answer, summary, created_ms, "
        "took_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_text(&q, r->id);
    query_int(&q, conversation);
    query_text_or(&q, r->question, "");
    query_text(&q, r->status);
    query_text(&q, r->error);
    query_text_or(&q, r->answer, "{}");
    query_text_or(&q, r->summary, "{}");
    query_int(&q, r->created_ms);
    query_int(&q, r->took_ms);
    return query_run(&q, err);
}

static int add_steps(struct write *w, int64_t run, const struct run_record *r, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->step_count && i < RUN_STEPS_MAX; i++) {
        struct query q =
            query_start(w->db, "INSERT INTO run_steps (run, idx, step) VALUES (?, ?, ?)");
        query_int(&q, run);
        query_int(&q, (int64_t)i);
        query_text(&q, r->steps[i]);
        rc = query_run(&q, err);
    }
    return rc;
}

static int touch(struct write *w, int64_t conversation, struct error *err)
{
    struct query q = query_start(w->db, "UPDATE conversations SET updated_ms = ? WHERE key = ?");
    query_int(&q, w->now_ms);
    query_int(&q, conversation);
    int rc = query_run(&q, err);
    if (rc != 0) {
        return rc;
    }
    q = query_start(w->db, "DELETE FROM conversations WHERE key IN (SELECT key FROM conversations "
                           "ORDER BY updated_ms DESC, key DESC LIMIT 10 OFFSET ?)");
    query_int(&q, CONVERSATIONS_KEPT);
    return query_run(&q, err);
}

static int add(struct write *w, void *ctx, struct error *err)
{
    struct add *a = ctx;
    const struct run_record *r = a->run;
    int64_t conversation = 0, index = 0;
    int rc = find_conversation(w, a, &conversation, err);

    rc = rc ? rc : next_message(w, conversation, &index, err);
    rc = rc ? rc : add_run_row(w, conversation, r, err);
    rc = rc ? rc : add_steps(w, sqlite3_last_insert_rowid(w->db->handle), r, err);
    rc = rc ? rc : add_message(w, conversation, index, "user", r->question, r->id, err);
    rc = rc ? rc : add_message(w, conversation, index + 1, "assistant", r->answer_text, r->id, err);
    return rc ? rc : touch(w, conversation, err);
}

int store_run_add(
    struct store *s, struct slice partition, const struct run_record *r, struct error *err)
{
    struct add a = { .partition = partition, .run = r };

    return store_write(s, "run_add", add, &a, err);
}

// ---- reading

struct load {
    struct slice id, partition;
    struct arena *arena;
    struct run_record *run;
    struct conversation *conversations;
    struct message *messages;
    const char **steps;
    size_t count;
    int limit;
};

static int out_of_memory(struct error *err)
{
    return error_set(err, ERR_MEMORY, "There is not enough memory for this answer.");
}

static int load_run(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct run_record *r = l->run;
    int64_t key = 0;
    bool found = false;
    (void)s;

    *r = (struct run_record){ 0 };
    struct query q = query_start(db,
        "SELECT r.key, r.id, c.id, r.question, r.status, r.error, r.answer, r.summary, "
        "r.created_ms, r.took_ms FROM runs r JOIN conversations c ON c.key = r.conversation "
        "WHERE r.id = ?");
    query_slice(&q, l->id);
    if (query_step(&q)) {
        found = true;
        key = row_int(&q);
        row_into(&q, r->id, ID_SIZE);
        row_into(&q, r->conversation_id, ID_SIZE);
        r->question = row_text(&q, l->arena);
        r->status = row_text(&q, l->arena);
        r->error = row_text(&q, l->arena);
        r->answer = row_text(&q, l->arena);
        r->summary = row_text(&q, l->arena);
        r->created_ms = row_int(&q);
        r->took_ms = row_int(&q);
    }
    int rc = query_end(&q, err);
    if (rc != 0 || !found) {
        return rc ? rc : error_set(err, ERR_NOT_FOUND, "There is no run with this id.");
    }
    q = query_start(db, "SELECT step FROM run_steps WHERE run = ? ORDER BY idx");
    query_int(&q, key);
    while (l->count < RUN_STEPS_MAX && query_step(&q)) {
        l->steps[l->count] = row_text(&q, l->arena);
        l->count += l->steps[l->count] != NULL;
    }
    r->steps = l->steps;
    r->step_count = l->count;
    rc = query_end(&q, err);
    return rc ? rc : r->summary ? 0 : out_of_memory(err);
}

int store_run_load(
    struct store *s, struct slice id, struct arena *a, struct run_record *ret, struct error *err)
{
    struct load l = { .id = id, .arena = a, .run = ret };

    l.steps = arena_array(a, RUN_STEPS_MAX, sizeof(*l.steps));
    return l.steps ? store_read(s, "run_load", load_run, &l, err) : out_of_memory(err);
}

#define CONVERSATION_COLUMNS                                                                       \
    "SELECT c.id, c.partition, c.title, c.created_ms, c.updated_ms, (SELECT count(*) FROM "        \
    "messages m WHERE m.conversation = c.key) FROM conversations c "

static void read_conversation(struct query *q, struct arena *a, struct conversation *ret)
{
    row_into(q, ret->id, ID_SIZE);
    ret->partition = row_text(q, a);
    ret->title = row_text(q, a);
    ret->created_ms = row_int(q);
    ret->updated_ms = row_int(q);
    ret->message_count = row_int(q);
}

static int load_conversation(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct query q = query_start(db, CONVERSATION_COLUMNS "WHERE c.id = ?");
    (void)s;

    query_slice(&q, l->id);
    if (query_step(&q)) {
        read_conversation(&q, l->arena, l->conversations);
        l->count = 1;
    }
    int rc = query_end(&q, err);
    if (rc == 0 && l->count == 0) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no conversation with this id.");
    }
    return rc;
}

int store_conversation_load(
    struct store *s, struct slice id, struct arena *a, struct conversation *ret, struct error *err)
{
    struct load l = { .id = id, .arena = a, .conversations = ret };

    return store_read(s, "conversation_load", load_conversation, &l, err);
}

static int list_conversations(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct query q = query_start(db, CONVERSATION_COLUMNS
        "WHERE ?1 = '' OR c.partition = ?1 ORDER BY c.updated_ms DESC, c.key DESC LIMIT ?2");
    (void)s;

    query_slice(&q, l->partition.len ? l->partition : SLICE_LIT(""));
    query_int(&q, l->limit);
    while (l->count < (size_t)l->limit && query_step(&q)) {
        read_conversation(&q, l->arena, &l->conversations[l->count++]);
    }
    return query_end(&q, err);
}

int store_conversation_list(struct store *s, struct slice partition, int limit, struct arena *a,
    struct conversation **ret, size_t *ret_count, struct error *err)
{
    struct load l = { .partition = partition, .arena = a };

    l.limit = limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
    l.conversations = arena_array(a, (size_t)l.limit, sizeof(*l.conversations));
    if (!l.conversations) {
        return out_of_memory(err);
    }
    int rc = store_read(s, "conversation_list", list_conversations, &l, err);
    *ret = l.conversations;
    *ret_count = l.count;
    return rc;
}

static int list_messages(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct query q = query_start(db,
        "SELECT role, text, run, created_ms FROM (SELECT m.idx, m.role, m.text, m.run, "
        "m.created_ms FROM messages m JOIN conversations c ON c.key = m.conversation "
        "WHERE c.id = ? ORDER BY m.idx DESC LIMIT ?) ORDER BY idx");
    (void)s;

    query_slice(&q, l->id);
    query_int(&q, l->limit);
    while (l->count < (size_t)l->limit && query_step(&q)) {
        struct message *m = &l->messages[l->count++];
        m->user = slice_is(row_slice(&q), "user");
        m->text = row_text(&q, l->arena);
        row_into(&q, m->run_id, ID_SIZE);
        m->created_ms = row_int(&q);
        if (!m->text) {
            query_end(&q, NULL);
            return out_of_memory(err);
        }
    }
    return query_end(&q, err);
}

int store_message_list(struct store *s, struct slice conversation_id, int limit, struct arena *a,
    struct message **ret, size_t *ret_count, struct error *err)
{
    struct load l = { .id = conversation_id, .arena = a };

    l.limit = limit < 1 ? 1 : limit > CONVERSATION_MESSAGES_MAX ? CONVERSATION_MESSAGES_MAX : limit;
    l.messages = arena_array(a, (size_t)l.limit, sizeof(*l.messages));
    if (!l.messages) {
        return out_of_memory(err);
    }
    int rc = store_read(s, "message_list", list_messages, &l, err);
    *ret = l.messages;
    *ret_count = l.count;
    return rc;
}

static int delete_conversation(struct write *w, void *ctx, struct error *err)
{
    struct slice *id = ctx;
    struct query q = query_start(w->db, "DELETE FROM conversations WHERE id = ?");

    query_slice(&q, *id);
    int rc = query_run(&q, err);
    if (rc == 0 && sqlite3_changes(w->db->handle) == 0) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no conversation with this id.");
    }
    return rc;
}

int store_conversation_delete(struct store *s, struct slice id, struct error *err)
{
    return store_write(s, "conversation_delete", delete_conversation, &id, err);
}
