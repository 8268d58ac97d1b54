// SPDX-License-Identifier: AGPL-3.0-or-later
// The server over raw sockets: refusals of doubtful requests, order, answers and their conditions, time, busy pools, stopping.
#include "http/internal.h"
#include "rig.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_SIZE = 700 * 1000 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int at_gate, ended_calls;

static int hello(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct slice name = http_query_find(req, "name");
    (void)err;
    buf_addf(&resp->body, "{\"hello\":\"" SLICE_FMT "\"}", SLICE_ARG(name));
    resp->etag = "\"tag\"";
    return 0;
}

static int show(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)err;
    resp->content_type = "text/plain";
    buf_addf(&resp->body, SLICE_FMT " " SLICE_FMT, SLICE_ARG(req->path),
        SLICE_ARG(http_param(req, "name")));
    return 0;
}

static int echo(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)err;
    resp->content_type = "text/plain";
    buf_add_slice(&resp->body, req->body);
    return 0;
}

static int wait_at_gate(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    buf_add_str(&resp->body, "\"passed\"");
    return 0;
}

static int broken(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    buf_add_str(&resp->body, "half an answer");
    return error_set(err, ERR_CONFLICT, "It is \"being\" changed.");
}

static int give_file(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    char path[] = "/tmp/larder-http-file-XXXXXX";
    static char bytes[FILE_SIZE];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)('a' + i % 26);
    }
    resp->file_fd = mkstemp(path);
    unlink(path);
    if (write(resp->file_fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes)) {
        return ERR_IO;
    }
    resp->file_size = sizeof(bytes);
    resp->content_type = "application/octet-stream";
    resp->etag = "\"f1\"";
    return 0;
}

static int authorize(struct http_request *req, const struct http_route *route, struct error *err)
{
    struct slice key = http_header_find(req, "authorization");
    (void)route;
    if (slice_is(key, "Bearer good")) {
        req->principal = req;
        return 0;
    }
    return error_set(err, key.len ? ERR_DENIED : ERR_AUTH, "A key is needed for this.");
}

static void ended(struct http_request *req, const struct http_route *route, int status, int64_t ms)
{
    (void)req;
    (void)route;
    (void)ms;
    atomic_fetch_add(&ended_calls, status ? 1 : 0);
}

static const struct http_route routes[] = {
    { .method = HTTP_GET, .path = "/hello", .handler = hello, .open = true },
    { .method = HTTP_GET, .path = "/show/{name}", .handler = show, .open = true },
    { .method = HTTP_GET,
        .path = "/rest/{name...}",
        .handler = show,
        .open = true,
        .on_loop = true },
    { .method = HTTP_POST,
        .path = "/echo",
        .handler = echo,
        .open = true,
        .body = HTTP_BODY_MEMORY,
        .body_max = 100000 },
    { .method = HTTP_POST, .path = "/ignores", .handler = hello, .open = true },
    { .method = HTTP_POST,
        .path = "/private",
        .handler = echo,
        .body = HTTP_BODY_MEMORY,
        .body_max = 1000 },
    { .method = HTTP_GET,
        .path = "/gate",
        .handler = wait_at_gate,
        .open = true,
        .lane = HTTP_LANE_HEAVY },
    { .method = HTTP_GET, .path = "/broken", .handler = broken, .open = true },
    { .method = HTTP_GET, .path = "/file", .handler = give_file, .open = true },
    { .path = NULL },
};
static const struct http_route *const lists[] = { routes, NULL };
static const struct http_options options = {
    .route_lists = lists, .authorize = authorize, .ended = ended
};

#define A "Host: a\r\n"
#define GET_HELLO "GET /hello HTTP/1.1\r\n" A "\r\n"

static void doubtful_requests_are_refused_and_the_connection_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        int status;
    } cases[] = {
#define CASE(status, text) { text, sizeof(text) - 1, status }
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        CASE(400,
            "POST /echo HTTP/1.1\r\n" A "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
        CASE(
            400, "POST /echo HTTP/1.1\r\n" A "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: 5, 5\r\n\r\nabcde"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: +5\r\n\r\nabcde"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: -5\r\n\r\nabcde"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: 0x5\r\n\r\nabcde"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: \r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length: 99999999999999999999\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "X: a\rb\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "X: a\rTransfer-Encoding: chunked\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\n" A "\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\nHost: a\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "X: a\r\n b\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Content-Length : 5\r\n\r\nabcde"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "Host: b\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A A "\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.0\r\n" A "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE(501, "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        CASE(400,
            "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"),
        CASE(400, "POST /echo HTTP/1.1\r\n" A
                  "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n"),
        CASE(400,
            "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
        CASE(400,
            "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "X: a\0b\r\n\r\n"),
        CASE(400, "GET /hello HTTP/1.1\r\n" A "X\0Y: b\r\n\r\n"),
        CASE(400, "GET http://b/hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET http://u@a/hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET http:///hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET * HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /hello#x HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /show/%2e%2e HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /rest/../hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /rest/a%2f..%2fb HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /show/%00 HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /show/%zz HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /show/%4 HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /show/%ff HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "GET /hello?a=%0 HTTP/1.1\r\n" A "\r\n"),
        CASE(417, "POST /echo HTTP/1.1\r\n" A "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na"),
        CASE(405, "BREW /hello HTTP/1.1\r\n" A "\r\n"),
        CASE(501, "CONNECT a:80 HTTP/1.1\r\n" A "\r\n"),
        CASE(405, "TRACE /hello HTTP/1.1\r\n" A "\r\n"),
        CASE(400, "get /hello HTTP/1.1\n\n"),
        CASE(505, "GET /hello HTTP/1.9\r\n" A "\r\n"),
        CASE(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        CASE(400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    };
    struct rig r;
    rig_start(&r, options);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int split = 0; split < 2;
             split++) { // whole, then in two pieces with a pause of the sender's
            struct answer a = { 0 };
            int fd = rig_connect(&r);
            size_t half = split ? cases[i].len / 2 : 0;
            rig_send(fd, cases[i].text, half);
            rig_try_send(fd, cases[i].text + half, cases[i].len - half);
            rig_try_send(fd, GET_HELLO,
                sizeof(GET_HELLO) - 1); // a smuggled second request must not be answered
            int status = rig_answer(fd, &a, false);
            if (status != cases[i].status || !slice_is(answer_header(&a, "connection"), "close")) {
                fail_msg(
                    "case %zu %s: %d instead of %d", i, cases[i].text, status, cases[i].status);
            }
            shutdown(fd, SHUT_WR);
            assert_int_equal(rig_answer(fd, &a, false), 0);
            answer_done(&a);
            close(fd);
        }
    }
    struct http_stats st;
    http_server_stats(r.server, &st);
    assert_int_equal(st.bad_requests, 2 * ARRAY_LEN(cases));
    rig_stop(&r);
}

static void limits_answer_with_their_own_status(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    AUTO_BUF text = BUF_INIT(1 << 20);

    rig_start(&r, options);
    buf_add_str(&text, "GET /hello?");
    for (int i = 0; i < 9000; i++) {
        buf_add_char(&text, 'a');
    }
    buf_add_str(&text, " HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_ask(&r, text.data, &a), 414);
    answer_done(&a);
    buf_reset(&text);
    buf_add_str(&text, "GET /hello HTTP/1.1\r\n" A);
    for (int i = 0; i < 100; i++) {
        buf_add_str(&text, "X: y\r\n");
    }
    buf_add_str(&text, "\r\n");
    assert_int_equal(rig_ask(&r, text.data, &a), 431);
    answer_done(&a);
    assert_int_equal(
        rig_ask(&r, "POST /echo HTTP/1.1\r\n" A "Content-Length: 100001\r\n\r\n", &a), 413);
    answer_done(&a);
    buf_reset(&text);
    buf_add_str(&text, "POST /echo HTTP/1.1\r\n" A "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; i++) {
        buf_add_str(&text, "2710\r\n");
        for (int k = 0; k < 10000; k++) {
            buf_add_char(&text, 'x');
        }
        buf_add_str(&text, "\r\n");
    }
    buf_add_str(&text, "0\r\n\r\n");
    assert_int_equal(rig_ask(&r, text.data, &a), 413);
    answer_done(&a);
    rig_stop(&r);
}

static void one_connection_serves_many_requests_in_order(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    AUTO_BUF text = BUF_INIT(1 << 20);
    char expected[64];

    rig_start(&r, options);
    int fd = rig_connect(&r);
    for (int i = 0; i < 5; i++) {
        rig_send_text(fd, GET_HELLO);
        assert_int_equal(rig_answer(fd, &a, false), 200);
        assert_string_equal(a.body.data, "{\"hello\":\"\"}");
    }
    enum { PIPELINED = 200 };
    for (int i = 0; i < PIPELINED; i++) { // all at once, with bodies in between, both framings
        buf_addf(&text,
            i % 3 == 0   ? "GET /hello?name=%d HTTP/1.1\r\n" A "\r\n"
            : i % 3 == 1 ? "POST /echo HTTP/1.1\r\n" A "Content-Length: 5\r\n\r\n%05d"
                         : "POST /echo HTTP/1.1\r\n" A
                           "Transfer-Encoding: chunked\r\n\r\n5\r\n%05d\r\n0\r\n\r\n",
            i);
    }
    rig_send(fd, text.data, text.len);
    for (int i = 0; i < PIPELINED; i++) {
        assert_int_equal(rig_answer(fd, &a, false), 200);
        snprintf(expected, sizeof(expected), i % 3 == 0 ? "{\"hello\":\"%d\"}" : "%05d", i);
        assert_string_equal(a.body.data, expected);
    }
    close(fd);
    answer_done(&a);
    // the same, byte by byte
    fd = rig_connect(&r);
    for (size_t i = 0; i < 400; i++) {
        rig_send(fd, text.data + i, 1);
    }
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, "00001");
    close(fd);
    answer_done(&a);
    rig_stop(&r);
}

static void versions_and_connection_headers_decide_who_closes(void **state)
{
    (void)state;
    struct rig r;
    static const struct {
        const char *text;
        bool closes;
    } cases[] = {
        { "GET /hello HTTP/1.1\r\n" A "Connection: close\r\n\r\n", true },
        { "GET /hello HTTP/1.0\r\n\r\n", true },
        { "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false },
        { "GET http://A/hello HTTP/1.1\r\n" A "\r\n", false },
        { "\r\nGET /hello HTTP/1.1\r\n" A "\r\n", false },
    };
    rig_start(&r, options);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = { 0 };
        int fd = rig_connect(&r);
        rig_send_text(fd, cases[i].text);
        assert_int_equal(rig_answer(fd, &a, false), 200);
        assert_int_equal(slice_is(answer_header(&a, "connection"), "close"), cases[i].closes);
        if (cases[i].closes) {
            assert_true(rig_is_closed(fd));
        } else {
            rig_send_text(fd, GET_HELLO);
            assert_int_equal(rig_answer(fd, &a, false), 200);
        }
        close(fd);
        answer_done(&a);
    }
    // a client that sends its last byte and half-closes still gets its answer
    struct answer a = { 0 };
    int fd = rig_connect(&r);
    rig_send_text(fd, GET_HELLO);
    shutdown(fd, SHUT_WR);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_true(rig_is_closed(fd));
    close(fd);
    answer_done(&a);
    rig_stop(&r);
}

static void routes_methods_and_names_are_answered(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };

    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(fd, "GET /nothing HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 404);
    assert_true(slice_is(answer_header(&a, "content-type"), "application/problem+json"));
    rig_send_text(fd, "DELETE /hello HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 405);
    assert_true(slice_is(answer_header(&a, "allow"), "GET, HEAD, OPTIONS"));
    rig_send_text(fd, "OPTIONS /echo HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 204);
    assert_true(slice_is(answer_header(&a, "allow"), "POST, OPTIONS"));
    rig_send_text(fd, "OPTIONS * HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 204);
    rig_send_text(fd, "HEAD /hello HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, true), 200);
    assert_true(slice_is(answer_header(&a, "content-length"), "12"));
    rig_send_text(fd, "GET //show//caf%C3%A9%2Fx HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, "/show/caf\xc3\xa9/x caf\xc3\xa9/x");
    rig_send_text(fd, "GET /rest/a/b%20c/d?x HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, "/rest/a/b c/d a/b c/d");
    rig_send_text(fd, "GET /hello?x=1&name=a%2Bb+c&name=z HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, "{\"hello\":\"a+b c\"}");
    rig_send_text(fd, "POST /ignores HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\nabc" GET_HELLO);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    rig_send_text(fd, "GET /broken HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 409);
    assert_non_null(strstr(a.body.data, "It is \\\"being\\\" changed."));
    assert_null(strstr(a.body.data, "half"));
    assert_true(answer_header(&a, "x-request-id").len == 36);
    assert_true(slice_is(answer_header(&a, "x-content-type-options"), "nosniff"));
    assert_true(slice_starts(answer_header(&a, "content-security-policy"), "default-src 'none'"));
    assert_true(answer_header(&a, "date").len == 29);
    close(fd);
    answer_done(&a);
    assert_true(atomic_load(&ended_calls) > 0);
    rig_stop(&r);
}

static void the_key_is_asked_for_before_the_body(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };

    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(
        fd, "POST /private HTTP/1.1\r\n" A "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 401); // and no 100 before it
    assert_true(slice_is(answer_header(&a, "www-authenticate"), "Bearer"));
    close(fd);
    answer_done(&a);
    fd = rig_connect(&r);
    rig_send_text(fd,
        "POST /private HTTP/1.1\r\n" A
        "Authorization: Bearer good\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 100);
    rig_send_text(fd, "abc");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, "abc");
    rig_send_text(fd,
        "POST /private HTTP/1.1\r\n" A
        "Authorization: Bearer good\r\nExpect: 100-continue\r\nContent-Length: 3000\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 413); // the length alone refuses it
    close(fd);
    answer_done(&a);
    assert_int_equal(rig_ask(&r,
                         "POST /private HTTP/1.1\r\n" A
                         "Authorization: Bearer bad\r\nContent-Length: 3\r\n\r\nabc",
                         &a),
        403);
    answer_done(&a);
    rig_stop(&r);
}

static void files_answer_to_ranges_and_tags(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };

    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(fd, "GET /file HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_int_equal(a.body.len, FILE_SIZE);
    for (size_t i = 0; i < a.body.len; i++) {
        if (a.body.data[i] != (char)('a' + i % 26)) {
            fail_msg("byte %zu", i);
        }
    }
    rig_send_text(fd, "GET /file HTTP/1.1\r\n" A "Range: bytes=26-30\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 206);
    assert_string_equal(a.body.data, "abcde");
    assert_true(slice_is(answer_header(&a, "content-range"), "bytes 26-30/700000"));
    rig_send_text(
        fd, "GET /file HTTP/1.1\r\n" A "Range: bytes=300000-\r\nIf-Range: \"f1\"\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 206);
    assert_int_equal(a.body.len, FILE_SIZE - 300000);
    assert_int_equal(a.body.data[0], 'a' + 300000 % 26);
    rig_send_text(
        fd, "GET /file HTTP/1.1\r\n" A "Range: bytes=26-30\r\nIf-Range: \"other\"\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    rig_send_text(fd, "GET /file HTTP/1.1\r\n" A "Range: bytes=700000-\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 416);
    assert_true(slice_is(answer_header(&a, "content-range"), "bytes */700000"));
    rig_send_text(fd, "HEAD /file HTTP/1.1\r\n" A "\r\n");
    assert_int_equal(rig_answer(fd, &a, true), 200);
    assert_true(slice_is(answer_header(&a, "content-length"), "700000"));
    rig_send_text(fd, "GET /file HTTP/1.1\r\n" A "If-None-Match: \"x\", W/\"f1\"\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 304);
    assert_true(slice_is(answer_header(&a, "etag"), "\"f1\""));
    rig_send_text(fd, "GET /hello HTTP/1.1\r\n" A "If-None-Match: \"tag\"\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 304);
    rig_send_text(fd, GET_HELLO);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    close(fd);
    answer_done(&a);
    rig_stop(&r);
}

static void slow_clients_are_timed_out(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    struct http_options o = options;

    o.header_timeout_s = o.body_idle_timeout_s = o.idle_timeout_s = 1;
    rig_start(&r, o);
    int idle = rig_connect(&r), head = rig_connect(&r), body = rig_connect(&r);
    rig_send_text(head, "GET /hello HTTP/1.1\r\nHo");
    rig_send_text(body, "POST /echo HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\na");
    assert_true(rig_is_closed(idle));
    assert_int_equal(rig_answer(head, &a, false), 408);
    assert_true(rig_is_closed(head));
    answer_done(&a);
    assert_int_equal(rig_answer(body, &a, false), 408);
    assert_true(rig_is_closed(body));
    answer_done(&a);
    close(idle);
    close(head);
    close(body);
    rig_stop(&r);
}

static void a_byte_now_and_then_keeps_no_body_open(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    struct http_options o = options;
    char text[1100];

    o.body_idle_timeout_s = 1;
    rig_start(&r, o);
    int drip = rig_connect(&r), steady = rig_connect(&r);
    rig_send_text(drip, "POST /echo HTTP/1.1\r\n" A "Content-Length: 1000\r\n\r\n");
    rig_send_text(steady, "POST /echo HTTP/1.1\r\n" A "Content-Length: 1100\r\n\r\n");
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 22; i++) { // 2.2 s: 10 bytes a second, and 500
        usleep(100 * 1000);
        rig_try_send(drip, "x", 1);
        rig_send(steady, text, 50);
    }
    assert_true(recv(drip, text, sizeof(text), MSG_PEEK | MSG_DONTWAIT) > 0); // by now
    assert_int_equal(rig_answer(drip, &a, false), 408);
    answer_done(&a);
    assert_int_equal(rig_answer(steady, &a, false), 200);
    assert_int_equal(a.body.len, 1100);
    answer_done(&a);
    close(drip);
    close(steady);
    rig_stop(&r);
}

static int connect_small(const struct rig *r) // so that the kernel holds little for the client
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)r->port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), size = 16384, segment = 536;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    rig_send_text(fd, "GET /file HTTP/1.1\r\n" A "\r\n");
    return fd;
}

static void an_answer_read_by_the_byte_is_cut_off(void **state)
{
    (void)state;
    struct rig r;
    struct http_stats st;
    struct http_options o = options;
    static char text[20000];
    int64_t got = 0;

    o.body_idle_timeout_s = 1;
    rig_start(&r, o);
    int drip = connect_small(&r), steady = connect_small(&r);
    for (int i = 0; i < 40; i++) { // 4 s: 50 bytes a second, and 60,000
        usleep(100 * 1000);
        (void)!recv(drip, text, 5, MSG_DONTWAIT);
        got += recv(steady, text, 6000, 0);
    }
    http_server_stats(r.server, &st);
    assert_int_equal(st.connections, 1);
    for (ssize_t n; got < FILE_SIZE && (n = recv(steady, text, sizeof(text), 0)) > 0;) {
        got += n;
    }
    assert_true(got >= FILE_SIZE);
    close(drip);
    close(steady);
    rig_stop(&r);
}

static void the_slowest_turn_is_kept_for_who_watches(void **state)
{
    (void)state;
    struct rig r;
    struct http_stats st;

    rig_start(&r, options);
    atomic_store(&r.server->loop_slowest_us, 30 * 1000 * 1000);
    http_server_stats(r.server, &st); // anybody may ask for these
    assert_int_equal(http_server_slowest_us(r.server), 30 * 1000 * 1000);
    assert_true(http_server_slowest_us(r.server) < 30 * 1000 * 1000);
    rig_stop(&r);
}

static void a_full_pool_answers_503_and_recovers(void **state)
{
    (void)state;
    struct rig r;
    struct http_options o = options;
    int fd[3];

    o.heavy_threads = 1;
    o.heavy_queue = 1;
    rig_start(&r, o);
    pthread_mutex_lock(&gate);
    atomic_store(&at_gate, 0);
    for (int i = 0; i < 3; i++) {
        fd[i] = rig_connect(&r);
        if (i == 1) {
            WAIT_FOR(atomic_load(&at_gate) == 1);
        }
        rig_send_text(fd[i], "GET /gate HTTP/1.1\r\n" A "\r\n");
        struct http_stats st;
        WAIT_FOR((http_server_stats(r.server, &st), st.requests == i + 1));
    }
    struct answer a = { 0 };
    // which of the last two found the queue full depends on their threads; exactly one did
    struct http_stats st;
    WAIT_FOR((http_server_stats(r.server, &st), st.refused_busy == 1));
    assert_int_equal(rig_ask(&r, GET_HELLO, &a), 200); // the other lane is free
    answer_done(&a);
    pthread_mutex_unlock(&gate);
    int passed = 0, busy = 0;
    for (int i = 0; i < 3; i++) {
        int status = rig_answer(fd[i], &a, false);
        passed += status == 200;
        busy += status == 503 && slice_is(answer_header(&a, "retry-after"), "1");
        answer_done(&a);
        close(fd[i]);
    }
    assert_int_equal(passed, 2);
    assert_int_equal(busy, 1);
    assert_int_equal(rig_ask(&r, "GET /gate HTTP/1.1\r\n" A "\r\n", &a), 200);
    answer_done(&a);
    rig_stop(&r);
}

static void too_many_connections_are_turned_away(void **state)
{
    (void)state;
    struct rig r;
    struct http_options o = options;
    struct answer a = { 0 };
    struct http_stats st;

    o.max_connections = 2;
    rig_start(&r, o);
    int one = rig_connect(&r), two = rig_connect(&r);
    WAIT_FOR((http_server_stats(r.server, &st), st.connections == 2));
    int three = rig_connect(&r);
    assert_true(rig_is_closed(three));
    close(one);
    WAIT_FOR((http_server_stats(r.server, &st), st.connections == 1));
    assert_int_equal(rig_ask(&r, GET_HELLO, &a), 200);
    answer_done(&a);
    close(two);
    close(three);
    rig_stop(&r);
}

static void fewer_connections_where_the_system_gives_few_descriptors(void **state)
{
    (void)state;
    struct rig r;
    struct rlimit limit;
    struct http_options o = options;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2048 || limit.rlim_max > 1000000) {
        skip(); // no limit that could be met here
    }
    o.max_connections = (int)limit.rlim_max;
    rig_start(&r, o);
    assert_int_equal(r.server->o.max_connections, limit.rlim_max - 512);
    rig_stop(&r);
}

static void stopping_finishes_what_is_in_flight(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };

    rig_start(&r, options);
    pthread_mutex_lock(&gate);
    atomic_store(&at_gate, 0);
    int busy = rig_connect(&r), idle = rig_connect(&r);
    rig_send_text(busy, "GET /gate HTTP/1.1\r\n" A "\r\n");
    WAIT_FOR(atomic_load(&at_gate) == 1);
    http_server_stop(r.server);
    assert_true(rig_is_closed(idle));
    pthread_mutex_unlock(&gate);
    assert_int_equal(rig_answer(busy, &a, false), 200);
    assert_true(slice_is(answer_header(&a, "connection"), "close"));
    assert_true(rig_is_closed(busy));
    pthread_join(r.thread, NULL);
    http_server_close(r.server);
    assert_int_equal(rmdir(r.spool), 0);
    close(busy);
    close(idle);
    answer_done(&a);
}

static void a_second_stop_does_not_wait(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(fd,
        "POST /echo HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\na"); // would take 30 s to time out
    struct http_stats st;
    WAIT_FOR((http_server_stats(r.server, &st), st.requests == 1));
    http_server_stop(r.server);
    http_server_stop(r.server);
    pthread_join(r.thread, NULL);
    http_server_close(r.server);
    assert_int_equal(rmdir(r.spool), 0);
    close(fd);
}

static void a_listen_address_is_checked(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000",
        "[::1", "a.b:80", "[127.0.0.1]:80" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct http_options o = { .listen = wrong[i], .route_lists = lists };
        struct http_server *s = NULL;
        struct error err;
        assert_int_equal(http_server_open(&o, &s, &err), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubtful_requests_are_refused_and_the_connection_ends),
        cmocka_unit_test(limits_answer_with_their_own_status),
        cmocka_unit_test(one_connection_serves_many_requests_in_order),
        cmocka_unit_test(versions_and_connection_headers_decide_who_closes),
        cmocka_unit_test(routes_methods_and_names_are_answered),
        cmocka_unit_test(the_key_is_asked_for_before_the_body),
        cmocka_unit_test(files_answer_to_ranges_and_tags),
        cmocka_unit_test(slow_clients_are_timed_out),
        cmocka_unit_test(a_byte_now_and_then_keeps_no_body_open),
        cmocka_unit_test(an_answer_read_by_the_byte_is_cut_off),
        cmocka_unit_test(the_slowest_turn_is_kept_for_who_watches),
        cmocka_unit_test(a_full_pool_answers_503_and_recovers),
        cmocka_unit_test(too_many_connections_are_turned_away),
        cmocka_unit_test(fewer_connections_where_the_system_gives_few_descriptors),
        cmocka_unit_test(stopping_finishes_what_is_in_flight),
        cmocka_unit_test(a_second_stop_does_not_wait),
        cmocka_unit_test(a_listen_address_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
