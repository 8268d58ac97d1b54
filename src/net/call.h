// SPDX-License-Identifier: AGPL-3.0-or-later
// Outgoing HTTP: one request to a server that a setting names, over libcurl. Any thread; blocks.
//
// Bounded in every direction: time to connect, time without a byte, time in all, bytes of the answer. Redirects are never
// followed and only http and https are spoken, so that a setting's server can't send us elsewhere. No proxy of the
// environment is used. TLS certificates are always checked.
#ifndef LARDER_NET_CALL_H
#define LARDER_NET_CALL_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "net/trust.h"

#include <stdatomic.h>

enum {
    NET_CALL_CONNECT_MS = 5000,
    NET_CALL_IDLE_MS = 60000,
    NET_CALL_ERROR_BODY_MAX = 64 * 1024, // kept of an answer that is no success
    NET_CALL_HEADERS_MAX = 16,
};

struct net_part { // of a form
    const char *name;
    const char *file_name; // NULL: a plain field
    const char *media_type; // of a file
    struct slice data;
};

struct net_call {
    const char *url;
    bool connect_only; // sends nothing: is somebody there?
    const char *method; // NULL: POST if there is a body, else GET
    struct slice body;
    const struct net_part *parts; // instead of body: multipart/form-data
    size_t part_count;
    // Instead of body: a body of source_size bytes, asked for as it is sent. Fills at most size bytes and says how many; 0
    // ends the call early. A server that answers before the end is heard.
    size_t (*source)(void *ctx, char *ret, size_t size);
    int64_t source_size;
    const char *content_type; // of the body; NULL: application/json
    const char *accept; // NULL: any
    const char *bearer; // key for Authorization; NULL or "": none. Never logged.
    const struct net_trust *trust; // NULL: authorities of this machine
    const char *const *headers; // further "Name: value", ended by NULL; NULL: none
    int connect_ms, idle_ms; // 0: the defaults above
    int64_t deadline_ms; // clock_mono_ms(); 0: none
    size_t answer_max; // bytes of the answer's body; must be set
    const atomic_bool *cancelled; // looked at several times a second; NULL: can't be
    const atomic_bool *stopping; // the same, for the end of the program
    // Takes the bytes of a successful answer (2xx) as they come; a negative ERR_* ends the call with that. NULL: the body is
    // kept in the reply.
    int (*on_data)(void *ctx, struct slice bytes, struct error *err);
    void *ctx; // of on_data and source
};
struct net_answer {
    long status; // 0: none came
    char content_type[96];
    int64_t retry_after_s; // -1: not said
    char session[64]; // Mcp-Session-Id, if the answer has one
    int64_t spent_us; // from the connection being there to the end of the answer
    struct buf body; // of a failure, or all of it without on_data
};
// 0 with any HTTP status. ERR_IO: nobody answers, or the connection broke before the end; ERR_TIMEOUT; ERR_CANCELLED;
// ERR_TOO_LARGE; ERR_INVALID: not a http or https address; or what on_data gave. The sentence names the server's host only.
int net_call_run(const struct net_call *call, struct net_answer *ret, struct error *err);
// Why libcurl has no answer, in words of ours: "nobody answers there". For what calls it itself.
const char *net_call_words(CURLcode code);
void net_answer_done(struct net_answer *a);
#define AUTO_NET_ANSWER CLEANUP(net_answer_done) struct net_answer

#endif
