// SPDX-License-Identifier: AGPL-3.0-or-later
// The Model Context Protocol (modelcontextprotocol.io, revisions 2025-03-26 to 2025-11-25, and 2026-07-28, which knows no
// sessions: mcp_modern.c) over Streamable HTTP at /mcp. A thin face: tools are those of assist/tool.h, resources are
// documents and their pages, prompts are the specialists.
//
//   POST ─▶ mcp_http.c: origin, session, revision ─▶ mcp_rpc.c: messages ─▶ mcp.c: one table of methods
//        ─▶ mcp_tools.c, mcp_resources.c, mcp_prompts.c ─▶ one JSON answer, or events on a stream (mcp_stream.c)
//   GET  ─▶ the session's own stream: what the server tells unasked; with Last-Event-ID what a broken stream still owes
//
// A session is made by initialize and lives in memory; a restart ends it (404), and clients begin anew. Requests without one
// are served too, without what needs memory: cancelling, log level, subscriptions, resuming.
// The partition is ?partition=NAME of the address; without it "default". What is told unasked is of documents that the caller
// may see, and a session or subscription ends with the key that began it.
//
// Locks: table (mcp.mutex), then session.mutex, then stream.mutex; a stream's is held while it is written to, so nothing that
// holds it may take another, and nobody waits for it with the table's held.
#ifndef LARDER_API_MCP_H
#define LARDER_API_MCP_H

#include "api/api.h"
#include "api/mcp_rpc.h"
#include "assist/specialist.h"
#include "os/pool.h"

#include <pthread.h>

enum {
    MCP_SESSIONS_MAX = 1024,
    MCP_SESSION_ID_LEN = 32, // hexadecimal digits
    MCP_IDLE_S = 3600, // a session without calls and listener ends
    MCP_STREAMS_MAX = 32, // of one session, ended ones that may be resumed included
    MCP_CALLS_MAX = 64, // of one session at once
    MCP_SUBSCRIPTIONS_MAX = 64, // of one session
    MCP_KEPT_MAX = 64 << 20, // bytes of all messages kept for resuming
    MCP_KEPT_S = 60, // how long after a stream's end
    MCP_HEARTBEAT_S = 15,
    MCP_ASK_S = 60, // a client's answer to a request of ours
    MCP_SEND_S = 30, // a client that takes nothing for so long is gone
    MCP_RETRY_MS = 500, // told to clients whose stream we end early
    MCP_THREADS = 8,
    MCP_QUEUE = 64,
    MCP_URI_MAX = 1024,
    MCP_RESULT_MAX = 24 << 20, // bytes of one result
    MCP_FRAME_MAX = 64 * 1024, // bytes around it in the answer
    MCP_CALL_ARENA = 64 << 20,
    MCP_PAGE_SIZE = 50, // entries of a list
    MCP_LISTENS_MAX = 256, // streams of subscriptions/listen
    MCP_KEEP_MS = 300000, // a client may keep lists of tools and prompts so long
};

enum mcp_version {
    MCP_2024_11_05, // its messages; its own transport is not served
    MCP_2025_03_26,
    MCP_2025_06_18,
    MCP_2025_11_25, // the last that begins with initialize
    MCP_2026_07_28, // each request stands for itself
    MCP_VERSIONS
};
extern const char *const mcp_versions[MCP_VERSIONS];
int mcp_version_find(struct slice text); // -1: none

// ---- streams (mcp_stream.c): server-sent events that outlive the connection they go out on

struct mcp;
struct mcp_kept;
struct mcp_stream { // any thread, its mutex
    struct mcp *mcp;
    pthread_mutex_t mutex;
    atomic_int refs;
    int64_t number; // in its session; 0: of no session
    int fd; // writing end; -1: nobody listens now
    bool patient; // may wait for a slow client; else it is cut off
    bool resumable; // events have ids and are kept
    bool done; // the last message is in
    int64_t done_ms; // clock_mono_ms()
    int64_t last; // number of the last event
    struct mcp_kept *kept, **kept_end;
    struct mcp_stream *next; // the session's list
};
struct mcp_stream *mcp_stream_new(struct mcp *m, int64_t number, bool patient, bool resumable);
void mcp_stream_unref(struct mcp_stream *s); // NULL is fine
// A socket pair: the reading end for the answer, the writing end for mcp_stream_attach.
int mcp_stream_pair(int *ret_read, int *ret_write, struct error *err);
// From now on fd gets what comes, and before that what was kept after event `after`. It takes fd over, and waits for it.
void mcp_stream_attach(struct mcp_stream *s, int fd, int64_t after);
void mcp_stream_prime(
    struct mcp_stream *s); // an event without a message, so that the client knows an id
void mcp_stream_send(struct mcp_stream *s, struct slice message);
void mcp_stream_beat(struct mcp_stream *s); // a comment, so that nobody between takes it for dead
void mcp_stream_detach(struct mcp_stream *s); // ends the connection, not the stream
void mcp_stream_end(struct mcp_stream *s);
bool mcp_stream_attached(struct mcp_stream *s);

// ---- sessions (mcp_session.c)

struct mcp_call;
struct mcp_pending { // a request of ours that a client answers
    int64_t id;
    bool done;
    const json_t *message; // the answer, borrowed from holder
    json_t *holder;
    struct mcp_pending *next;
};
enum mcp_level { // RFC 5424, least severe first
    MCP_DEBUG,
    MCP_INFO,
    MCP_NOTICE,
    MCP_WARNING,
    MCP_ERROR,
    MCP_CRITICAL,
    MCP_ALERT,
    MCP_EMERGENCY,
    MCP_LEVELS
};
extern const char *const mcp_levels[MCP_LEVELS];

struct mcp_session { // any thread, its mutex; id, version and capabilities are immutable
    char id[MCP_SESSION_ID_LEN + 1];
    char who[WHO_SIZE]; // principal.who of its beginner; for others it is not there
    void *audience; // access.h; the keeper's; NULL: sees everything
    atomic_int refs;
    enum mcp_version version;
    bool can_sample, can_elicit;
    pthread_mutex_t mutex;
    pthread_cond_t answered; // a pending request is done, or waiting is over
    bool ended;
    int64_t used_ms; // clock_mono_ms()
    enum mcp_level level;
    int64_t last_stream, last_request;
    struct mcp_stream *listener; // of GET; NULL: never opened
    struct mcp_stream *streams; // of POSTs, newest first
    struct mcp_call *calls;
    size_t call_count;
    struct mcp_pending *pending;
    char *subscriptions[MCP_SUBSCRIPTIONS_MAX];
    size_t subscription_count;
};
// ERR_BUSY: too many sessions are in use.
int mcp_session_new(struct mcp *m, enum mcp_version version, const struct principal *who,
    const json_t *capabilities, struct mcp_session **ret, struct error *err);
struct mcp_session *mcp_session_find(
    struct mcp *m, struct slice id, const char *who); // a reference, or NULL
void mcp_session_unref(struct mcp_session *s); // NULL is fine
void mcp_session_end(struct mcp *m, struct mcp_session *s);
// A new stream in its list (a reference for the caller, too); ERR_BUSY.
int mcp_session_stream(
    struct mcp *m, struct mcp_session *s, struct mcp_stream **ret, struct error *err);
void mcp_session_forget(struct mcp_session *s); // with its mutex held: streams that ended long ago
struct mcp_stream *mcp_session_listener(struct mcp *m, struct mcp_session *s); // made if need be
struct mcp_stream *mcp_session_stream_find(struct mcp_session *s, int64_t number);
// An answer of the client to a request of ours.
void mcp_session_answer(struct mcp_session *s, const struct rpc_message *m, json_t *holder);
void mcp_session_cancel(struct mcp_session *s, const json_t *request_id);

// ---- subscriptions/listen of revision 2026-07-28 (mcp_modern.c): the answer is the stream

struct mcp_listen { // the keeper's once added
    struct mcp_stream *stream;
    void *audience; // access.h; NULL: sees everything
    char *id; // of the request, as JSON
    bool list; // wants to know of a changed list of resources
    char *uris[MCP_SUBSCRIPTIONS_MAX];
    size_t uri_count;
};
bool mcp_listen_add(struct mcp *m, struct mcp_listen *l); // false: too many, or the server stops
void mcp_listen_tell(struct mcp_listen *l, const char *method, const char *uri); // NULL: none
void mcp_listen_end(struct mcp_listen *l); // says that it is over
void mcp_listen_free(struct mcp_listen *l);

// ---- calls

// What a test server adds to the product's own: the example tools of the conformance suite. Asked first.
struct mcp_set {
    void (*put_tools)(struct json_out *j); // each into the array that is open
    void (*put_resources)(struct json_out *j);
    void (*put_templates)(struct json_out *j);
    void (*put_prompts)(struct json_out *j);
    // Each writes the result's members, or gives RPC_METHOD_NOT_FOUND and has written nothing: not of this set.
    int (*tool)(struct mcp_call *c, struct slice name, const json_t *arguments, struct json_out *j,
        struct error *err);
    int (*read)(struct mcp_call *c, struct slice uri, struct json_out *j, struct error *err);
    int (*prompt)(struct mcp_call *c, struct slice name, const json_t *arguments,
        struct json_out *j, struct error *err);
    // Do the headers that its tools ask for say what the arguments say? NULL: they do. May itself be NULL.
    const char *(*headers)(const struct http_request *req, const struct rpc_message *m);
};
void mcp_use_set(const struct mcp_set *set); // before any server is started

struct mcp {
    struct api *api;
    const struct mcp_set *set; // NULL but in tests
    struct specialists *specialists;
    struct pool *pool; // streamed answers
    pthread_t keeper;
    bool has_keeper;
    pthread_mutex_t mutex; // sessions, stopping
    pthread_cond_t wake;
    bool stopping;
    struct mcp_session *sessions[MCP_SESSIONS_MAX];
    size_t session_count;
    struct mcp_listen *listens[MCP_LISTENS_MAX];
    size_t listen_count;
    atomic_llong kept_bytes;
    int64_t seen; // keeper only: the last event of the store that was told
};
int mcp_new(struct api *api, struct mcp **ret, struct error *err);
// Ends sessions and streams, waits for what runs. Before the HTTP server is closed.
void mcp_stop(struct mcp *m);
void mcp_free(struct mcp *m); // NULL is fine
struct mcp *mcp_of(struct api *api);

struct mcp_call { // one request; its thread only, but for cancelled
    struct mcp *mcp;
    struct mcp_session *session; // NULL: none
    struct mcp_stream *stream; // NULL: the answer is one JSON document
    enum mcp_version version;
    struct slice partition;
    bool status_allowed; // the caller may see how the server is
    const json_t *id;
    const json_t *progress_token; // NULL: progress is not wanted
    struct arena *arena;
    atomic_bool cancelled;
    const json_t *params; // of the request
    int log_level; // 2026-07-28: least that the request wants to hear, -1: nothing
    const json_t *client; // 2026-07-28: what the client can do; NULL: not said
    bool says_type; // the result names its type itself
    int code; // how it ended: RPC_OK or the error's
    struct slice data; // of an error: JSON
    struct mcp_call *prev, *next; // the session's list
};
// The whole of one request: an answer is added to out. False: it was withdrawn and nothing may be sent.
bool mcp_answer(struct mcp_call *c, const struct rpc_message *m, struct buf *out);
void mcp_notified(
    struct mcp_session *s, const struct rpc_message *m); // a notification; s may be NULL

// mcp_http.c: an answer by events on a thread of its own; takes the input over.
int mcp_start_job(struct mcp *m, struct mcp_session *s, enum mcp_version version,
    struct slice partition, bool status_allowed, struct rpc_input *input,
    struct http_response *resp, struct error *err);
void mcp_answer_by_pipe(struct http_response *resp, int reading);

// mcp_modern.c: is a message of revision 2026-07-28 or later meant? And the whole of its answer.
bool mcp_modern_meant(const struct http_request *req, const struct rpc_input *in);
int mcp_modern_post(
    struct http_request *req, struct http_response *resp, struct rpc_input *in, struct error *err);
// Adds to a result what that revision wants in each: its type, how long it keeps, who answers.
void mcp_modern_result(const struct mcp_call *c, struct slice method, struct buf *result);
int mcp_log_level_of(const json_t *meta); // -1: none
const json_t *mcp_client_of(const json_t *meta); // what the client can do
// A header's value, plain or as =?base64?…?=, is this text.
bool mcp_header_says(struct slice header, struct slice wanted);

// To the client, on the way; without a stream nothing happens.
void mcp_progress(struct mcp_call *c, double done, double total, const char *message);
void mcp_log(struct mcp_call *c, enum mcp_level level, const char *text);
// Asks the client and waits for its answer: *ret is the result (json_decref). ERR_UNSUPPORTED: there is no way to ask it.
int mcp_ask_client(
    struct mcp_call *c, const char *method, struct slice params, json_t **ret, struct error *err);

// mcp_tools.c, mcp_resources.c, mcp_prompts.c. Each writes the result as one object; RPC_OK or the code, with the sentence in err.
typedef int (*mcp_method_fn)(
    struct mcp_call *c, const json_t *params, struct json_out *j, struct error *err);
int mcp_tools_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_tools_call(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_resources_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_templates_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_resources_read(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_subscribe(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_unsubscribe(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_prompts_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_prompts_get(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
int mcp_complete(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err);
// {"type":"text","text":…}
void mcp_put_text(struct json_out *j, struct slice text);
// A code of ours as one of JSON-RPC.
int mcp_code(int code);

#endif
