// SPDX-License-Identifier: AGPL-3.0-or-later
// From what a handler filled to what goes out: conditions, ranges, the header block with its safe defaults. Runs on the pool
// thread that handled the request (or on the loop for refusals), so that the loop only writes.
#include "http/internal.h"

#include "http/condition.h"
#include "wire/problem.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_HEAD_MAX = 16 * 1024 };

const char *status_text(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 308:
        return "Permanent Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 411:
        return "Length Required";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 423:
        return "Locked";
    case 426:
        return "Upgrade Required";
    case 428:
        return "Precondition Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    case 507:
        return "Insufficient Storage";
    default:
        return "Status";
    }
}

// RFC 9110's date, made once a second in each thread.
void date_format(char ret_text[32])
{
    static _Thread_local time_t at;
    static _Thread_local char text[32];
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
        "Oct", "Nov", "Dec" };
    time_t now = time(NULL);
    struct tm tm;

    if (now != at || text[0] == '\0') {
        gmtime_r(&now, &tm);
        snprintf(text, sizeof(text), "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday],
            (unsigned)tm.tm_mday % 100, months[tm.tm_mon], (unsigned)(tm.tm_year + 1900) % 10000,
            (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
        at = now;
    }
    memcpy(ret_text, text, sizeof(text));
}

void http_header_add(struct http_response *resp, const char *name, struct slice value)
{
    BUG_ON(resp->extra_count == ARRAY_LEN(resp->extra));
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        BUG_ON(c < 0x20 && c != '\t');
    }
    resp->extra[resp->extra_count++] = (struct http_header){ slice_of(name), value };
}

static bool has_extra(const struct http_response *resp, const char *name)
{
    for (size_t i = 0; i < resp->extra_count; i++) {
        if (slice_equal_nocase(resp->extra[i].name, slice_of(name))) {
            return true;
        }
    }
    return false;
}

static void add(struct buf *b, const char *name, const char *value)
{
    buf_add_str(b, name);
    buf_add_str(b, ": ");
    buf_add_str(b, value);
    buf_add_str(b, "\r\n");
}

// Headers that a handler did not set itself.
static void add_default(
    struct buf *b, const struct http_response *resp, const char *name, const char *value)
{
    if (!has_extra(resp, name)) {
        add(b, name, value);
    }
}

static void close_file(struct exchange *x)
{
    pipe_drop(&x->resp);
    if (x->resp.file_fd >= 0) {
        close(x->resp.file_fd);
        x->resp.file_fd = -1;
    }
}

// A refusal becomes a problem document in the response.
static void fill_problem(struct exchange *x)
{
    struct http_response *resp = &x->resp;
    const struct error_kind *kind = error_kind(x->rc);

    close_file(x);
    if (resp->status < 400) {
        resp->status = kind->http_status;
    }
    buf_reset(&resp->body);
    problem_format(&resp->body, x->rc, resp->status, x->err.text, x->req.id, slice_make(NULL, 0));
    resp->content_type = PROBLEM_MEDIA_TYPE;
    resp->etag = NULL;
}

// If-None-Match and Range; sets what is to be sent of the file.
static void apply_conditions(struct exchange *x)
{
    struct http_response *resp = &x->resp;
    struct reply *r = &x->reply;
    bool reads = x->req.method == HTTP_GET || x->req.method == HTTP_HEAD;
    int64_t first = 0, length = 0;

    if (resp->file_fd >= 0) {
        r->file_left = resp->file_size;
    }
    if (resp->status != 200 || !reads) {
        return;
    }
    if (resp->etag) {
        struct slice known = http_header_find(&x->req, "if-none-match");
        if (known.len > 0 && etag_listed(known, resp->etag)) {
            resp->status = 304;
            close_file(x);
            r->file_left = 0;
            return;
        }
    }
    struct slice range = http_header_find(&x->req, "range");
    if (resp->file_fd < 0 || range.len == 0 || x->req.method != HTTP_GET) {
        return;
    }
    struct slice only_if = http_header_find(&x->req, "if-range");
    if (only_if.len > 0 && !(resp->etag && etag_same(only_if, resp->etag))) {
        return;
    }
    enum range_kind kind = range_parse(range, resp->file_size, &first, &length);
    switch (kind) {
    case RANGE_WHOLE:
        break;
    case RANGE_PART:
        resp->status = 206;
        r->file_at = first;
        r->file_left = length;
        break;
    case RANGE_BAD:
    case RANGE_MANY:
        resp->status = 416;
        x->rc = ERR_INVALID;
        if (kind == RANGE_MANY) {
            error_set(&x->err, x->rc, "These are too many ranges. Ask for one at a time.");
        } else {
            error_set(&x->err, x->rc, "The file has %lld bytes; the range asks for others.",
                (long long)resp->file_size);
        }
        r->file_left = 0;
        fill_problem(x);
        break;
    }
}

// What a browser is told unless the handler says otherwise: an answer of the API is data, not a page.
static const char *const safe_defaults[][2] = {
    { "X-Content-Type-Options", "nosniff" },
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "X-Frame-Options", "DENY" },
    { "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
};

// Browsers keep it for a name with all its ports, so "localhost" is spared: other programs of this machine live there.
static bool tells_to_come_secure(const struct exchange *x)
{
    return x->req.secure && !x->server->o.no_hsts &&
           !slice_starts(http_header_find(&x->req, "host"), "localhost");
}

static void build_head(struct exchange *x, int64_t whole_size)
{
    struct http_response *resp = &x->resp;
    struct reply *r = &x->reply;
    struct buf *b = &r->head;
    char date[32];
    bool empty = resp->status == 204 || resp->status == 304;
    bool has_file = resp->file_fd >= 0;

    date_format(date);
    buf_addf(b, "HTTP/1.1 %d %s\r\n", resp->status, status_text(resp->status));
    add(b, "Date", date);
    if (!empty) {
        int64_t length = has_file ? r->file_left : (int64_t)resp->body.len;
        if (length > 0 || resp->content_type) {
            add(b, "Content-Type", resp->content_type ? resp->content_type : "application/json");
        }
        if (resp->pipe_fd < 0) {
            buf_addf(b, "Content-Length: %lld\r\n", (long long)length);
        } else if (x->parse.minor > 0) {
            add(b, "Transfer-Encoding", "chunked");
        } // for HTTP/1.0 the end of the connection is the end of the answer
    }
    if (resp->etag) {
        add(b, "ETag", resp->etag);
    }
    if (has_file) {
        add(b, "Accept-Ranges", "bytes");
        if (resp->status == 206) {
            buf_addf(b, "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)r->file_at,
                (long long)(r->file_at + r->file_left - 1), (long long)whole_size);
        }
    } else if (resp->status == 416) {
        buf_addf(b, "Content-Range: bytes */%lld\r\n", (long long)whole_size);
    }
    for (size_t i = 0; i < resp->extra_count; i++) {
        buf_add_slice(b, resp->extra[i].name);
        buf_add_str(b, ": ");
        buf_add_slice(b, resp->extra[i].value);
        buf_add_str(b, "\r\n");
    }
    if (resp->status == 401) {
        add_default(b, resp, "WWW-Authenticate", "Bearer");
    }
    if (resp->status == 503 || resp->status == 429) {
        char seconds[16];
        snprintf(
            seconds, sizeof(seconds), "%d", x->req.retry_after_s > 0 ? x->req.retry_after_s : 1);
        add_default(b, resp, "Retry-After", seconds);
    }
    if (x->req.id[0]) {
        add(b, "X-Request-Id", x->req.id);
    }
    for (size_t i = 0; i < ARRAY_LEN(safe_defaults); i++) {
        add_default(b, resp, safe_defaults[i][0], safe_defaults[i][1]);
    }
    if (tells_to_come_secure(x)) {
        add(b, "Strict-Transport-Security", "max-age=31536000");
    }
    cors_add(x, b);
    add_default(b, resp, "Cache-Control", resp->etag ? "private, no-cache" : "no-store");
    if (r->close) {
        add(b, "Connection", "close");
    } else if (x->parse.minor == 0) {
        add(b, "Connection", "keep-alive");
    }
    buf_add_str(b, "\r\n");
}

void reply_read_file(struct exchange *x)
{
    struct reply *r = &x->reply;
    size_t want = r->file_left < WRITE_SLICE ? (size_t)r->file_left : WRITE_SLICE;

    if (!r->chunk) {
        r->chunk = malloc(want); // later chunks are not larger
    }
    r->chunk_len = 0;
    while (r->chunk && r->chunk_len < want) {
        ssize_t n =
            pread(x->resp.file_fd, r->chunk + r->chunk_len, want - r->chunk_len, (off_t)r->file_at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) { // shorter than its size: the answer can only be cut off
            break;
        }
        r->chunk_len += (size_t)n;
        r->file_at += n;
        r->file_left -= n;
    }
    r->chunk_failed = !r->chunk || r->chunk_len < want;
}

void reply_build(struct exchange *x)
{
    struct http_response *resp = &x->resp;
    struct reply *r = &x->reply;
    int64_t whole_size = resp->file_fd >= 0 ? resp->file_size : 0;

    if (resp->status == 0) {
        resp->status = x->rc == 0 ? 200 : 0;
    }
    if (x->rc == 0 && !buf_ok(&resp->body)) {
        x->rc = ERR_TOO_LARGE;
        resp->status = 500;
        error_set(&x->err, x->rc, "The answer would be too large. Ask for less at a time.");
    }
    if (x->rc != 0) {
        fill_problem(x);
    }
    apply_conditions(x);
    buf_init(&r->head, REPLY_HEAD_MAX);
    if (!x->facts.keep_alive || (resp->pipe_fd >= 0 && x->parse.minor == 0) ||
        (x->facts.has_body && !x->body_done) || http_server_stopping(x->server)) {
        r->close = true;
    }
    build_head(x, whole_size);
    if (!buf_ok(&r->head)) { // only if a handler set very large headers
        buf_reset(&r->head);
        r->close = true;
        close_file(x);
        r->file_left = 0;
        buf_reset(&resp->body);
        buf_add_str(&r->head,
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    r->status = resp->status;
    if (x->req.method == HTTP_HEAD || resp->status == 204 || resp->status == 304) {
        close_file(x);
        r->file_left = 0;
        buf_reset(&resp->body);
    }
    r->body = resp->file_fd >= 0 ? slice_make(NULL, 0) : buf_slice(&resp->body);
    if (resp->file_fd >= 0 && r->file_left > 0) {
        reply_read_file(x);
    }
    r->ready = true;
}

void reply_done(struct exchange *x)
{
    close_file(x);
    free(x->reply.chunk);
    x->reply.chunk = NULL;
    exchange_forget(&x->reply.head); // it may have set a cookie
    buf_done(&x->reply.head);
    exchange_forget(&x->resp.body); // and may have shown a key
    buf_done(&x->resp.body);
}
