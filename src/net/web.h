// SPDX-License-Identifier: AGPL-3.0-or-later
// Outgoing HTTP of the server, to addresses that an administrator configured and to nothing else: no redirect is followed,
// no proxy is taken from the environment, no scheme but http and https, no name and password in the address. The answer is
// bounded and the time too. Blocking; any thread.
#ifndef LARDER_NET_WEB_H
#define LARDER_NET_WEB_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdatomic.h>

enum { WEB_CONNECT_MS = 10000 };

struct web_part { // of a form
    const char *name;
    const char *file_name; // NULL: a plain field
    const char *media_type; // of a file
    struct slice data;
};

struct web_request {
    const char *url;
    const char *bearer; // NULL or "": no Authorization
    const struct web_part *parts;
    size_t part_count;
    int64_t time_ms; // for all of it
    size_t answer_max; // bytes
    const atomic_bool *cancel; // NULL: can't be cancelled; looked at several times a second
};

struct web_answer {
    long status;
    struct buf body;
};
void web_answer_done(struct web_answer *a);
#define AUTO_WEB_ANSWER CLEANUP(web_answer_done) struct web_answer

// POST multipart/form-data. 0 with any HTTP status; ERR_IO (nobody there, or it hung up), ERR_TIMEOUT, ERR_CANCELLED,
// ERR_TOO_LARGE (the answer), ERR_INVALID (the address).
int web_post_form(const struct web_request *q, struct web_answer *ret, struct error *err);
// Is somebody listening there? 0, ERR_IO, ERR_TIMEOUT or ERR_INVALID.
int web_reach(const char *url, int64_t time_ms, struct error *err);
// http:// or https:// with a host and without name and password.
bool web_url_valid(const char *url);
// Does the address (of any scheme) name this machine by a loopback address or as localhost? Names are not resolved.
bool web_url_local(const char *url);

#endif
