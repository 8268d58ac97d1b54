// SPDX-License-Identifier: AGPL-3.0-or-later
// The seam to llhttp, the only file that sees its header. It reads one message whose ends strict.h has found already: the
// whole head at once (so that names and values lend from the head's bytes), then the body as it comes. It is the second
// opinion: where it sees another end, another length or another framing than strict.h, the message is refused.
// No I/O; one message at a time.
#ifndef LARDER_HTTP_PARSE_H
#define LARDER_HTTP_PARSE_H

#include "http/http.h"

enum { PARSE_STORAGE = 160 }; // of llhttp's state, checked in parse.c

// Gets the body's bytes, unchunked. 0, or a negative ERR_* that parse_body returns.
typedef int (*parse_sink_fn)(void *sink, const char *data, size_t len);

struct parse {
    _Alignas(16) unsigned char storage[PARSE_STORAGE];
    struct http_header *headers; // the caller's, `fields` of them
    size_t fields, header_count;
    struct slice method, target;
    // What llhttp makes of the head.
    int minor; // HTTP/1.minor
    bool keep_alive, chunked;
    int64_t length; // 0 without Content-Length
    bool head_done, message_done, odd;
    bool in_value;
    parse_sink_fn sink;
    void *sink_data;
    int sink_rc;
};

// Reads the head; headers has room for `fields` (strict.h counted them). 0 or ERR_INVALID.
int parse_head(struct parse *p, struct slice head, struct http_header *headers, size_t fields);
void parse_set_sink(struct parse *p, parse_sink_fn sink, void *sink_data);
// The next bytes of the body; `last` says that strict.h saw the message end with them. 0, ERR_INVALID, or the sink's.
int parse_body(struct parse *p, const char *data, size_t len, bool last);

#endif
