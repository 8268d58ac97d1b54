// SPDX-License-Identifier: AGPL-3.0-or-later
// Sessions of the Model Context Protocol: who is there, what runs for them, what we asked them. Any thread.
#include "api/mcp.h"
#include "base/clock.h"
#include "base/id.h"

#include <stdlib.h>

const char *const mcp_levels[MCP_LEVELS] = { "debug", "info", "notice", "warning", "error",
    "critical", "alert", "emergency" };

static bool in_use(struct mcp_session *s)
{
    pthread_mutex_lock(&s->mutex);
    bool used = s->call_count > 0 || (s->listener && mcp_stream_attached(s->listener));
    pthread_mutex_unlock(&s->mutex);
    return used;
}

// With the table's mutex held: takes the session out; the caller has its reference.
static struct mcp_session *take_out(struct mcp *m, size_t at)
{
    struct mcp_session *s = m->sessions[at];

    m->sessions[at] = m->sessions[--m->session_count];
    return s;
}

// With the table's mutex held: the one that was used longest ago, or NULL when all are in use.
static struct mcp_session *evict(struct mcp *m)
{
    size_t oldest = m->session_count;

    for (size_t i = 0; i < m->session_count; i++) {
        if (!in_use(m->sessions[i]) &&
            (oldest == m->session_count ||
                m->sessions[i]->used_ms < m->sessions[oldest]->used_ms)) {
            oldest = i;
        }
    }
    return oldest < m->session_count ? take_out(m, oldest) : NULL;
}

static void free_session(struct mcp_session *s)
{
    while (s->streams) {
        struct mcp_stream *stream = s->streams;
        s->streams = stream->next;
        mcp_stream_unref(stream);
    }
    mcp_stream_unref(s->listener);
    if (s->audience) {
        access_audience_free(s->audience);
    }
    for (size_t i = 0; i < s->subscription_count; i++) {
        free(s->subscriptions[i]);
    }
    pthread_cond_destroy(&s->answered);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

void mcp_session_unref(struct mcp_session *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        free_session(s);
    }
}

static void end_session(struct mcp_session *s)
{
    pthread_mutex_lock(&s->mutex);
    s->ended = true;
    for (struct mcp_call *c = s->calls; c; c = c->next) {
        atomic_store(&c->cancelled, true);
    }
    if (s->listener) {
        mcp_stream_end(s->listener);
    }
    pthread_cond_broadcast(&s->answered);
    pthread_mutex_unlock(&s->mutex);
    mcp_session_unref(s);
}

int mcp_session_new(struct mcp *m, enum mcp_version version, const struct principal *who,
    const json_t *capabilities, struct mcp_session **ret, struct error *err)
{
    struct mcp_session *s = xalloc(sizeof(*s)), *old = NULL;
    uint8_t random[MCP_SESSION_ID_LEN / 2];

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), s->id);
    s->version = version;
    memcpy(s->who, who->who, sizeof(s->who));
    s->audience = access_audience(m->api->access, who);
    s->can_sample = json_is_object(json_object_get(capabilities, "sampling"));
    s->can_elicit = json_is_object(json_object_get(capabilities, "elicitation"));
    s->level = MCP_INFO;
    s->used_ms = clock_mono_ms();
    atomic_store(&s->refs, 2); // the table's and the caller's
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->answered, NULL);
    pthread_mutex_lock(&m->mutex);
    bool full = m->session_count == MCP_SESSIONS_MAX;
    old = full ? evict(m) : NULL;
    bool fits = !m->stopping && (!full || old);
    if (fits) {
        m->sessions[m->session_count++] = s;
        pthread_cond_signal(&m->wake);
    }
    pthread_mutex_unlock(&m->mutex);
    if (old) {
        end_session(old);
    }
    if (!fits) {
        free_session(s);
        return error_set(err, ERR_BUSY, "Too many sessions are open; try again later.");
    }
    *ret = s;
    return 0;
}

struct mcp_session *mcp_session_find(struct mcp *m, struct slice id, const char *who)
{
    struct mcp_session *found = NULL;

    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->session_count && !found; i++) {
        if (slice_is(id, m->sessions[i]->id) && strcmp(m->sessions[i]->who, who) == 0) {
            found = m->sessions[i];
            found->used_ms = clock_mono_ms();
            atomic_fetch_add(&found->refs, 1);
        }
    }
    pthread_mutex_unlock(&m->mutex);
    return found;
}

void mcp_session_end(struct mcp *m, struct mcp_session *s)
{
    bool there = false;

    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->session_count && !there; i++) {
        if (m->sessions[i] == s) {
            take_out(m, i);
            there = true;
        }
    }
    pthread_mutex_unlock(&m->mutex);
    if (there) {
        end_session(s);
    }
}

void mcp_session_forget(struct mcp_session *s)
{
    int64_t before = clock_mono_ms() - MCP_KEPT_S * 1000;
    size_t count = 0;

    for (struct mcp_stream **at = &s->streams; *at;) {
        struct mcp_stream *one = *at;
        if (one->done && (one->done_ms < before || ++count >= MCP_STREAMS_MAX / 2)) {
            *at = one->next;
            mcp_stream_unref(one);
        } else {
            at = &one->next;
        }
    }
}

int mcp_session_stream(
    struct mcp *m, struct mcp_session *s, struct mcp_stream **ret, struct error *err)
{
    size_t count = 0;
    int rc = 0;

    pthread_mutex_lock(&s->mutex);
    mcp_session_forget(s);
    for (struct mcp_stream *one = s->streams; one; one = one->next) {
        count++;
    }
    if (count >= MCP_STREAMS_MAX || s->ended) {
        rc = error_set(err, ERR_BUSY, "Too many calls of this session are under way; try again.");
    } else {
        *ret = mcp_stream_new(m, ++s->last_stream, true, s->version >= MCP_2025_11_25);
        atomic_fetch_add(&(*ret)->refs, 1);
        (*ret)->next = s->streams;
        s->streams = *ret;
    }
    pthread_mutex_unlock(&s->mutex);
    return rc;
}

struct mcp_stream *mcp_session_listener(struct mcp *m, struct mcp_session *s)
{
    pthread_mutex_lock(&s->mutex);
    if (!s->listener && !s->ended) {
        s->listener = mcp_stream_new(m, 0, false, false);
    }
    struct mcp_stream *found = s->ended ? NULL : s->listener;
    if (found) {
        atomic_fetch_add(&found->refs, 1);
    }
    pthread_mutex_unlock(&s->mutex);
    return found;
}

struct mcp_stream *mcp_session_stream_find(struct mcp_session *s, int64_t number)
{
    pthread_mutex_lock(&s->mutex);
    struct mcp_stream *found = s->streams;
    while (found && found->number != number) {
        found = found->next;
    }
    if (found) {
        atomic_fetch_add(&found->refs, 1);
    }
    pthread_mutex_unlock(&s->mutex);
    return found;
}

void mcp_session_answer(struct mcp_session *s, const struct rpc_message *m, json_t *holder)
{
    pthread_mutex_lock(&s->mutex);
    for (struct mcp_pending *p = s->pending; p && json_is_integer(m->id); p = p->next) {
        if (p->id == json_integer_value(m->id) && !p->done) {
            p->done = true;
            p->holder = json_incref(holder);
            p->message = m->result ? m->result : m->error;
            p->id = m->result ? p->id : -p->id; // an error's answer is told by its sign
            pthread_cond_broadcast(&s->answered);
            break;
        }
    }
    pthread_mutex_unlock(&s->mutex);
}

void mcp_session_cancel(struct mcp_session *s, const json_t *request_id)
{
    pthread_mutex_lock(&s->mutex);
    for (struct mcp_call *c = s->calls; c; c = c->next) {
        if (c->id && json_equal(c->id, request_id)) {
            atomic_store(&c->cancelled, true);
        }
    }
    pthread_cond_broadcast(&s->answered);
    pthread_mutex_unlock(&s->mutex);
}
