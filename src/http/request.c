// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements request.h and the getters of http.h. What two servers could read in two ways is refused here when it can only
// be seen with the whole head at hand: Host, Content-Length, Transfer-Encoding, absolute targets.
#include "http/request.h"

#include "base/utf8.h"
#include "http/route.h"
#include "http/strict.h"

static int refuse(struct refusal *r, int status, const char *sentence)
{
    *r = (struct refusal){ status, sentence };
    return -1;
}

struct slice http_header_find(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (slice_equal_nocase(r->headers[i].name, slice_of(name))) {
            return r->headers[i].value;
        }
    }
    return slice_make(NULL, 0);
}

static struct slice find_exact(const struct http_header *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(list[i].name, name)) {
            return list[i].value;
        }
    }
    return slice_make(NULL, 0);
}

struct slice http_query_find(const struct http_request *r, const char *name)
{
    return find_exact(r->query, r->query_count, name);
}

struct slice http_param(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->param_count; i++) {
        if (slice_is(r->params[i].name, name)) {
            return r->params[i].value;
        }
    }
    BUG("the route has no part {%s}", name);
}

struct slice http_field_find(const struct http_request *r, const char *name)
{
    return r->spool ? find_exact(r->spool->fields, r->spool->field_count, name)
                    : slice_make(NULL, 0);
}

bool header_has_token(struct slice list, const char *token)
{
    struct slice piece;
    while (slice_cut(&list, ',', &piece)) {
        if (slice_equal_nocase(slice_trim(piece), slice_of(token))) {
            return true;
        }
    }
    return false;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The decoded bytes in the arena; false if they are malformed, hold a control character, or are not UTF-8.
static bool percent_decode(struct arena *a, struct slice s, bool plus_is_space, struct slice *ret)
{
    char *out = arena_alloc(a, s.len + 1);
    size_t len = 0;

    if (!out) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_digit(s.data[i + 1]) : -1;
            int low = i + 2 < s.len ? hex_digit(s.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[len++] = c;
    }
    *ret = slice_make(out, len);
    return utf8_valid(*ret);
}

static bool has_control(struct slice s, bool line_ends_too)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && (line_ends_too || (c != '\n' && c != '\r' && c != '\t'))) || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static int read_path(
    struct http_request *req, struct slice raw, struct head_facts *f, struct refusal *r)
{
    struct slice pieces[PATH_SEGMENTS_MAX];
    struct slice piece, rest = raw;
    size_t count = 0, total = 1;

    while (slice_cut(&rest, '/', &piece)) {
        if (piece.len == 0) {
            continue;
        }
        if (count == PATH_SEGMENTS_MAX) {
            return refuse(r, 414, "The request's address has too many parts.");
        }
        struct slice *s = &pieces[count++];
        if (!percent_decode(req->arena, piece, false, s) || has_control(*s, true)) {
            return refuse(r, 400, "The request's address is not well encoded.");
        }
        if (slice_is(*s, ".") || slice_is(*s, "..") || slice_starts(*s, "../") ||
            slice_find(*s, SLICE_LIT("/../"))) {
            return refuse(r, 400, "The request's address must not point upwards.");
        }
        total += s->len + 1;
    }
    f->segments = arena_array(req->arena, count ? count : 1, sizeof(pieces[0]));
    char *path = arena_alloc(req->arena, total + 1);
    if (!f->segments || !path) {
        return refuse(r, 503, "There is no memory for this request.");
    }
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        f->segments[i] = pieces[i];
        path[len++] = '/';
        memcpy(path + len, pieces[i].data, pieces[i].len);
        len += pieces[i].len;
    }
    if (count == 0) {
        path[len++] = '/';
    }
    f->segment_count = count;
    req->path = slice_make(path, len);
    return 0;
}

static int read_query(struct http_request *req, struct slice raw, struct refusal *r)
{
    struct slice pair, rest = raw;

    if (raw.len == 0) {
        return 0;
    }
    size_t room = 1;
    for (size_t i = 0; i < raw.len; i++) {
        room += raw.data[i] == '&';
    }
    if (room > QUERY_MAX) {
        return refuse(r, 400, "The request's query has more than 64 parts.");
    }
    req->query = arena_array(req->arena, room, sizeof(req->query[0]));
    if (!req->query) {
        return refuse(r, 503, "There is no memory for this request.");
    }
    while (slice_cut(&rest, '&', &pair)) {
        if (pair.len == 0) {
            continue;
        }
        struct slice name, value = pair;
        slice_cut(&value, '=', &name);
        struct http_header *q = &req->query[req->query_count++];
        if (!percent_decode(req->arena, name, true, &q->name) ||
            !percent_decode(req->arena, value, true, &q->value) || has_control(q->name, true) ||
            has_control(q->value, false)) {
            return refuse(r, 400, "The request's query is not well encoded.");
        }
    }
    return 0;
}

static bool host_is_well_formed(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && !strchr("-._~[]:%!$&'()*+;=", c)) {
            return false;
        }
    }
    return host.len > 0 && host.len <= 255;
}

// Splits an absolute or origin form into path and query; host gets the authority of an absolute form, else stays empty.
static int split_target(
    struct slice target, struct slice *ret_host, struct slice *ret_path, struct slice *ret_query)
{
    struct slice rest = target;

    *ret_host = slice_make(NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        struct slice scheme = i ? SLICE_LIT("https://") : SLICE_LIT("http://");
        if (target.len > scheme.len &&
            slice_equal_nocase(slice_make(target.data, scheme.len), scheme)) {
            rest = slice_from(target, scheme.len);
            size_t n = 0;
            while (n < rest.len && rest.data[n] != '/' && rest.data[n] != '?') {
                n++;
            }
            *ret_host = slice_make(rest.data, n);
            rest = slice_from(rest, n);
            if (n == 0) {
                return -1;
            }
        }
    }
    if (memchr(target.data, '#', target.len) ||
        (ret_host->len == 0 && (rest.len == 0 || rest.data[0] != '/'))) {
        return -1;
    }
    const char *mark = rest.len ? memchr(rest.data, '?', rest.len) : NULL;
    *ret_path = mark ? slice_make(rest.data, (size_t)(mark - rest.data)) : rest;
    *ret_query = mark ? slice_from(rest, (size_t)(mark - rest.data) + 1) : slice_make(NULL, 0);
    return 0;
}

// Content-Length, Transfer-Encoding, Host, Expect: each at most once, and agreeing with llhttp's reading.
static int read_framing(struct http_request *req, const struct parse *p, struct head_facts *f,
    struct slice *ret_host, struct refusal *r)
{
    int lengths = 0, encodings = 0, hosts = 0;

    for (size_t i = 0; i < req->header_count; i++) {
        struct slice name = req->headers[i].name, value = req->headers[i].value;
        if (slice_equal_nocase(name, SLICE_LIT("content-length"))) {
            if (++lengths > 1) {
                return refuse(r, 400, "The request has two Content-Length headers.");
            }
            if (value.len == 0 || value.len > 18 || value.data[0] < '0' || value.data[0] > '9' ||
                !slice_to_i64(value, &f->length)) {
                return refuse(r, 400, "The request's Content-Length is not a number.");
            }
        } else if (slice_equal_nocase(name, SLICE_LIT("transfer-encoding"))) {
            if (++encodings > 1 || !slice_equal_nocase(value, SLICE_LIT("chunked"))) {
                return refuse(r, encodings > 1 ? 400 : 501,
                    "Only the transfer encoding \"chunked\" is understood, once.");
            }
            f->chunked = true;
        } else if (slice_equal_nocase(name, SLICE_LIT("host"))) {
            if (++hosts > 1) {
                return refuse(r, 400, "The request has two Host headers.");
            }
            if (!host_is_well_formed(value)) {
                return refuse(r, 400, "The request's Host header is not well formed.");
            }
            *ret_host = value;
        } else if (slice_equal_nocase(name, SLICE_LIT("expect"))) {
            if (!slice_equal_nocase(value, SLICE_LIT("100-continue"))) {
                return refuse(r, 417, "Only the expectation \"100-continue\" is understood.");
            }
            f->expects_continue = p->minor == 1;
        }
    }
    if (hosts == 0 && p->minor == 1) {
        return refuse(r, 400, "The request has no Host header.");
    }
    if (encodings && lengths) {
        return refuse(r, 400, "The request has both Content-Length and Transfer-Encoding.");
    }
    if (encodings && p->minor == 0) {
        return refuse(r, 400, "Transfer-Encoding is not part of HTTP/1.0.");
    }
    if (p->chunked != f->chunked || (!f->chunked && p->length != f->length)) {
        return refuse(r, 400, "The length of the request's body is not clear.");
    }
    f->has_body = f->chunked || f->length > 0;
    return 0;
}

static void read_wishes(const struct http_request *req, const struct parse *p, struct head_facts *f)
{
    f->keep_alive = p->keep_alive;
    f->wants_websocket =
        req->method == HTTP_GET && p->minor == 1 && !f->has_body &&
        slice_equal_nocase(http_header_find(req, "upgrade"), SLICE_LIT("websocket")) &&
        header_has_token(http_header_find(req, "connection"), "upgrade");
    f->wants_sse = req->method == HTTP_GET && slice_find(http_header_find(req, "accept"),
                                                  SLICE_LIT("text/event-stream")) != NULL;
}

// A method that nobody has here: 405 where the address can be read, so that the answer may say which ones it has.
static int unknown_method(
    struct http_request *req, struct slice head, struct head_facts *f, struct refusal *r)
{
    struct slice rest = head, method, target, authority, path, query;

    if (slice_cut(&rest, ' ', &method) && slice_cut(&rest, ' ', &target) &&
        split_target(target, &authority, &path, &query) == 0 && read_path(req, path, f, r) == 0) {
        return refuse(r, 405, "This address does not take this method.");
    }
    return refuse(r, 501, "This method is not known here.");
}

int request_read_head(struct http_request *req, struct parse *parse, struct slice head,
    size_t fields, struct head_facts *f, struct refusal *r)
{
    struct slice host = { NULL, 0 }, authority, path, query;

    *f = (struct head_facts){ 0 };
    struct http_header *headers = arena_array(req->arena, fields ? fields : 1, sizeof(*headers));
    if (!headers) {
        return refuse(r, 503, "There is no memory for this request.");
    }
    if (parse_head(parse, head, headers, fields) != 0) {
        // llhttp knows fewer methods than there are tokens
        const char *space = memchr(head.data, ' ', head.len);
        enum http_method ignored;
        if (space &&
            !http_method_parse(slice_make(head.data, (size_t)(space - head.data)), &ignored)) {
            return unknown_method(req, head, f, r);
        }
        return refuse(r, 400, "The request's headers are not well formed.");
    }
    req->headers = headers;
    req->header_count = parse->header_count;
    req->target = parse->target;
    if (!http_method_parse(parse->method, &req->method)) {
        return unknown_method(req, head, f, r);
    }
    if (read_framing(req, parse, f, &host, r) != 0) {
        return -1;
    }
    read_wishes(req, parse, f);
    if (slice_is(req->target, "*") && req->method == HTTP_OPTIONS) {
        f->server_wide = true;
        req->path = SLICE_LIT("*");
        return 0;
    }
    if (split_target(req->target, &authority, &path, &query) != 0) {
        return refuse(r, 400, "The request's address must start with a slash.");
    }
    if (authority.len > 0 && !slice_equal_nocase(authority, host)) {
        return refuse(r, 400, "The request's address and its Host header name different servers.");
    }
    return read_path(req, path, f, r) != 0 || read_query(req, query, r) != 0 ? -1 : 0;
}
