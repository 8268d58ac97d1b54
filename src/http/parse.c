// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements parse.h over llhttp 8.1 in its strict mode (LLHTTP_STRICT_MODE is set where it is compiled).
//
// llhttp.h names its methods HTTP_GET and so on, as http.h does; so it is included with those names put aside.
#define HTTP_GET LLHTTP_METHOD_GET
#define HTTP_HEAD LLHTTP_METHOD_HEAD
#define HTTP_POST LLHTTP_METHOD_POST
#define HTTP_PUT LLHTTP_METHOD_PUT
#define HTTP_PATCH LLHTTP_METHOD_PATCH
#define HTTP_DELETE LLHTTP_METHOD_DELETE
#define HTTP_OPTIONS LLHTTP_METHOD_OPTIONS
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE
#undef HTTP_OPTIONS

#include "http/parse.h"

_Static_assert(sizeof(llhttp_t) <= PARSE_STORAGE, "llhttp's state fits its storage");

static llhttp_t *state_of(struct parse *p)
{
    return (llhttp_t *)(void *)p->storage;
}

static int on_url(llhttp_t *l, const char *at, size_t len)
{
    struct parse *p = l->data;
    p->odd |= p->target.len > 0;
    p->target = slice_make(at, len);
    return 0;
}

static int on_method(llhttp_t *l, const char *at, size_t len)
{
    struct parse *p = l->data;
    p->method = slice_make(at, len);
    return 0;
}

// Trailers come here too, after the head; they are read and dropped.
static int on_field(llhttp_t *l, const char *at, size_t len)
{
    struct parse *p = l->data;
    if (!p->head_done) {
        if (p->header_count == p->fields) {
            p->odd = true;
            return HPE_USER;
        }
        p->headers[p->header_count++].name = slice_make(at, len);
        p->in_value = false;
    }
    return 0;
}

static int on_value(llhttp_t *l, const char *at, size_t len)
{
    struct parse *p = l->data;
    if (!p->head_done) {
        if (p->header_count == 0 || (p->in_value && len > 0)) { // a value in two pieces was folded
            p->odd = true;
            return HPE_USER;
        }
        p->headers[p->header_count - 1].value = slice_trim(slice_make(at, len));
        p->in_value = true;
    }
    return 0;
}

static int on_headers_complete(llhttp_t *l)
{
    struct parse *p = l->data;
    p->head_done = true;
    p->minor = l->http_minor;
    p->keep_alive =
        llhttp_should_keep_alive(l); // asked now: at the message's end llhttp forgets its flags
    p->chunked = (l->flags & F_CHUNKED) != 0;
    p->length = (int64_t)l->content_length;
    p->odd |= l->http_major != 1;
    return 0;
}

static int on_body(llhttp_t *l, const char *at, size_t len)
{
    struct parse *p = l->data;
    if (p->sink_rc == 0 && p->sink) {
        p->sink_rc = p->sink(p->sink_data, at, len);
    }
    return 0;
}

static int on_message_complete(llhttp_t *l)
{
    struct parse *p = l->data;
    p->odd |= p->message_done;
    p->message_done = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_method = on_method,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

int parse_head(struct parse *p, struct slice head, struct http_header *headers, size_t fields)
{
    *p = (struct parse){ .headers = headers, .fields = fields };
    llhttp_t *l = state_of(p);
    llhttp_init(l, HTTP_REQUEST, &settings);
    l->data = p;
    llhttp_errno_t e = llhttp_execute(l, head.data, head.len);
    if (e ==
        HPE_PAUSED_UPGRADE) { // the message is over; whether it is an upgrade is for the route to say
        llhttp_resume_after_upgrade(l);
        e = HPE_OK;
    }
    return e == HPE_OK && p->head_done && !p->odd && p->header_count == fields ? 0 : ERR_INVALID;
}

void parse_set_sink(struct parse *p, parse_sink_fn sink, void *sink_data)
{
    p->sink = sink;
    p->sink_data = sink_data;
}

int parse_body(struct parse *p, const char *data, size_t len, bool last)
{
    llhttp_t *l = state_of(p);
    llhttp_errno_t e = llhttp_execute(l, data, len);
    if (e == HPE_PAUSED_UPGRADE) {
        llhttp_resume_after_upgrade(l);
        e = HPE_OK;
    }
    if (e != HPE_OK || p->odd || p->message_done != last) {
        return ERR_INVALID;
    }
    return p->sink_rc;
}
