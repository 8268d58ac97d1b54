// SPDX-License-Identifier: AGPL-3.0-or-later
// Streams: events over WebSocket and SSE, live and from the past, without gap or repetition; slow and broken receivers.
#include "http/stream.h"
#include "rig.h"

#include <errno.h>
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

enum { MANY = 1000, STORED_MAX = 20000 };

static atomic_int stored; // events 1..stored are in the "store"
static atomic_int event_size; // padding of an event

static size_t format_event(int64_t seq, char *text, size_t size)
{
    int pad = atomic_load(&event_size);
    int n = snprintf(text, size, "{\"seq\":%lld,\"pad\":\"", (long long)seq);
    memset(text + n, 'x', (size_t)pad);
    memcpy(text + n + pad, "\"}", 3);
    return (size_t)(n + pad + 2);
}

static int load(
    void *app, int64_t since, size_t max, struct http_event_list *list, struct error *err)
{
    static _Thread_local char text[200000];
    int64_t last = atomic_load(&stored);
    int count = 0;
    (void)app;
    (void)err;
    for (int64_t seq = since + 1; seq <= last && (size_t)count < max; seq++, count++) {
        http_event_add(
            list, seq, SLICE_LIT("test"), slice_make(text, format_event(seq, text, sizeof(text))));
    }
    return count;
}

static void publish(struct rig *r, int count)
{
    static char text[200000];
    for (int i = 0; i < count; i++) {
        int64_t seq =
            atomic_fetch_add(&stored, 1) + 1; // stored first, then published, as the store does
        http_publish(r->server, seq, SLICE_LIT("test"),
            slice_make(text, format_event(seq, text, sizeof(text))));
    }
}

static int open_stream(struct http_request *req, int64_t *ret_since, struct error *err)
{
    struct slice since = http_query_find(req, "since");
    if (slice_is(http_query_find(req, "refuse"), "1")) {
        return error_set(err, ERR_DENIED, "Not for you.");
    }
    if (since.len == 0) {
        *ret_since = -1;
    } else if (!slice_to_i64(since, ret_since)) {
        return error_set(err, ERR_INVALID, "since must be a number.");
    }
    return 0;
}

static int list_events(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    buf_add_str(&resp->body, "{\"events\":[]}");
    return 0;
}

static const struct http_route routes[] = {
    { .method = HTTP_GET,
        .path = "/events",
        .handler = list_events,
        .stream = open_stream,
        .open = true },
    { .path = NULL },
};
static const struct http_route *const lists[] = { routes, NULL };
static const struct http_options options = { .route_lists = lists, .events_load = load };

static void start(struct rig *r, struct http_options o, int already, int pad)
{
    atomic_store(&stored, already);
    atomic_store(&event_size, pad);
    o.events_last = already;
    rig_start(r, o);
}

// ---- a WebSocket client ----

#define UPGRADE                                                                                    \
    "Host: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: "  \
    "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

struct ws {
    int fd;
    struct buf in;
};

static void ws_open(struct rig *r, struct ws *w, const char *query)
{
    char text[512];
    struct answer a = { 0 };

    w->fd = rig_connect(r);
    snprintf(text, sizeof(text), "GET /events%s HTTP/1.1\r\n" UPGRADE, query);
    rig_send_text(w->fd, text);
    assert_int_equal(rig_answer(w->fd, &a, true), 101);
    assert_true(
        slice_is(answer_header(&a, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    buf_init(&w->in, 1 << 24);
    buf_add_slice(&w->in, buf_slice(&a.rest));
    answer_done(&a);
}

static void ws_close(struct ws *w)
{
    close(w->fd);
    buf_done(&w->in);
}

// The next frame: its opcode, or -1 at the end. The payload is in *ret until the next call.
static int ws_next(struct ws *w, struct buf *ret)
{
    char bytes[65536];

    for (;;) {
        const uint8_t *p = (const uint8_t *)w->in.data;
        size_t len = w->in.len, head = 2, payload = 0;
        if (len >= 2) {
            payload = p[1] & 127;
            assert_int_equal(p[1] & 128, 0); // a server does not mask
            if (payload == 126) {
                head = 4;
                payload = len >= 4 ? (size_t)(p[2] << 8 | p[3]) : 0;
            } else if (payload == 127) {
                head = 10;
                payload = len >= 10 ? (size_t)p[6] << 24 | (size_t)(p[7] << 16) |
                                          (size_t)(p[8] << 8) | p[9]
                                    : 0;
            }
        }
        if (len >= head && len >= head + payload) {
            int opcode = p[0] & 15;
            assert_int_equal(p[0] & 0xf0, 0x80);
            buf_reset(ret);
            buf_add(ret, p + head, payload);
            buf_consume(&w->in, head + payload);
            return opcode;
        }
        ssize_t n = recv(w->fd, bytes, sizeof(bytes), 0);
        if (n <= 0) {
            return -1;
        }
        buf_add(&w->in, bytes, (size_t)n);
    }
}

static void ws_put(int fd, uint8_t first, const void *payload, size_t len)
{
    uint8_t frame[70000] = { first };
    size_t head = 2;

    if (len < 126) {
        frame[1] = (uint8_t)(0x80 | len);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (uint8_t)(len >> 8);
        frame[3] = (uint8_t)len;
        head = 4;
    }
    memcpy(frame + head, "\x11\x22\x33\x44", 4);
    for (size_t i = 0; i < len; i++) {
        frame[head + 4 + i] = ((const uint8_t *)payload)[i] ^ frame[head + i % 4];
    }
    rig_try_send(fd, frame, head + 4 + len);
}

static int64_t seq_of(const struct buf *text)
{
    long long seq = -1;
    if (text->len == 0 || sscanf(text->data, "{\"seq\":%lld,", &seq) != 1) {
        fail_msg("not an event: %.40s", text->data ? text->data : "");
    }
    return seq;
}

// Reads events from `from` to `to`, in order, none missing, none twice.
static void expect_events(struct ws *w, int64_t from, int64_t to)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    while (from <= to) {
        int opcode = ws_next(w, &text);
        if (opcode == 9) { // answer pings while at it
            ws_put(w->fd, 0x8a, text.data, text.len);
            continue;
        }
        assert_int_equal(opcode, 1);
        assert_int_equal(seq_of(&text), from);
        from++;
    }
}

static void expect_close(struct ws *w, int code)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    int opcode;
    while ((opcode = ws_next(w, &text)) != 8) {
        if (opcode < 0) {
            fail_msg("no close frame, %d was expected", code);
        }
    }
    assert_int_equal((uint8_t)text.data[0] << 8 | (uint8_t)text.data[1], code);
}

// ---- tests ----

static void events_reach_a_websocket_live_and_from_the_past(void **state)
{
    (void)state;
    struct rig r;
    struct ws now, all, some;

    start(&r, options, 3000, 10); // more than the ring, all from the store
    ws_open(&r, &now, "");
    ws_open(&r, &all, "?since=0");
    publish(&r, 50);
    ws_open(&r, &some, "?since=2990");
    publish(&r, 50);
    expect_events(&now, 3001, 3100);
    expect_events(&all, 1, 3100);
    expect_events(&some, 2991, 3100);
    publish(&r, 1);
    expect_events(&now, 3101, 3101);
    expect_events(&all, 3101, 3101);
    expect_events(&some, 3101, 3101);
    struct http_stats st;
    http_server_stats(r.server, &st);
    assert_int_equal(st.websockets, 3);
    assert_int_equal(st.streams_resumed, 2);
    ws_close(&now);
    ws_close(&all);
    ws_close(&some);
    WAIT_FOR((http_server_stats(r.server, &st), st.websockets == 0));
    rig_stop(&r);
}

static void *publish_much(void *arg)
{
    publish(arg, 5000);
    return NULL;
}

static void no_event_is_lost_or_doubled_while_a_replay_meets_the_live_flow(void **state)
{
    (void)state;
    struct rig r;
    struct ws w[8];
    pthread_t thread;

    start(&r, options, 500, 20);
    assert_int_equal(pthread_create(&thread, NULL, publish_much, &r), 0);
    for (int i = 0; i < 8; i++) {
        char query[40];
        snprintf(query, sizeof(query), "?since=%d", i * 70);
        ws_open(&r, &w[i], query);
    }
    pthread_join(thread, NULL);
    for (int i = 0; i < 8; i++) {
        expect_events(&w[i], i * 70 + 1, 5500);
        ws_close(&w[i]);
    }
    rig_stop(&r);
}

static void event_streams_resume_by_the_last_id(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    char bytes[4096];
    AUTO_BUF text = BUF_INIT(1 << 20);

    start(&r, options, 10, 0);
    int fd = rig_connect(&r);
    rig_send_text(fd, "GET /events?since=2 HTTP/1.1\r\nHost: a\r\nAccept: "
                      "text/event-stream\r\nLast-Event-ID: 8\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, true), 200);
    assert_true(slice_is(answer_header(&a, "content-type"), "text/event-stream"));
    publish(&r, 1);
    buf_add_slice(&text, buf_slice(&a.rest));
    static const char expected[] =
        "retry: 2000\n\nid: 9\nevent: test\ndata: {\"seq\":9,\"pad\":\"\"}\n\nid: 10\nevent: "
        "test\ndata: "
        "{\"seq\":10,\"pad\":\"\"}\n\nid: 11\nevent: test\ndata: {\"seq\":11,\"pad\":\"\"}\n\n";
    while (text.len < sizeof(expected) - 1) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        assert_true(n > 0);
        buf_add(&text, bytes, (size_t)n);
    }
    assert_string_equal(text.data, expected);
    close(fd);
    answer_done(&a);
    // neither wish: the handler; a refusal is an ordinary answer
    assert_int_equal(rig_ask(&r, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n", &a), 200);
    assert_string_equal(a.body.data, "{\"events\":[]}");
    answer_done(&a);
    assert_int_equal(rig_ask(&r, "GET /events?refuse=1 HTTP/1.1\r\n" UPGRADE, &a), 403);
    answer_done(&a);
    assert_int_equal(rig_ask(&r, "GET /events?since=x HTTP/1.1\r\n" UPGRADE, &a), 400);
    answer_done(&a);
    assert_int_equal(rig_ask(&r,
                         "GET /events HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
                         "Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         &a),
        426);
    assert_true(slice_is(answer_header(&a, "sec-websocket-version"), "13"));
    answer_done(&a);
    assert_int_equal(rig_ask(&r,
                         "GET /events HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
                         "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: short\r\n\r\n",
                         &a),
        400);
    answer_done(&a);
    rig_stop(&r);
}

static void frames_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *bytes; // masked with zeros
        size_t len;
        int code;
    } cases[] = {
#define FRAME(bytes, code) { bytes, sizeof(bytes) - 1, code }
        FRAME("\x81\x05hello", 1002), // not masked
        FRAME("\xc1\x80\0\0\0\0", 1002), // reserved bit
        FRAME("\x83\x80\0\0\0\0", 1002), // unknown opcode
        FRAME("\x80\x80\0\0\0\0", 1002), // continuation of nothing
        FRAME("\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 1002), // a new message inside another
        FRAME("\x09\x80\0\0\0\0", 1002), // a ping in pieces
        FRAME("\x89\xfe\x00\x7e\0\0\0\0", 1002), // a ping of 126 bytes
        FRAME("\x81\x82\0\0\0\0\xff\xfe", 1007), // not UTF-8
        FRAME("\x81\xff\0\0\0\0\0\1\0\0\0\0\0\0", 1009), // 65,536 bytes
        FRAME("\x88\x81\0\0\0\0\3", 1002), // close with one byte
        FRAME("\x88\x82\0\0\0\0\x03\xec", 1002), // code 1004
        FRAME("\x88\x84\0\0\0\0\x03\xe8\xff\xfe", 1007), // reason not UTF-8
        FRAME("\x88\x80\0\0\0\0", 1000), FRAME("\x88\x82\0\0\0\0\x0b\xb8", 3000),
        FRAME("\x01\x81\0\0\0\0\xc3\x89\x80\0\0\0\0\x80\x81\0\0\0\0\xa9\x88\x80\0\0\0\0",
            1000), // UTF-8 across pieces, a ping between
    };
    struct rig r;
    start(&r, options, 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int split = 0; split < 2; split++) {
            struct ws w;
            ws_open(&r, &w, "");
            for (size_t k = 0; k < cases[i].len; k += split ? 1 : cases[i].len) {
                rig_try_send(w.fd, cases[i].bytes + k, split ? 1 : cases[i].len);
            }
            if (i == 8) { // 65,536 is the limit itself: one byte over it follows as a continuation
                AUTO_BUF bytes = BUF_INIT(1 << 20);
                char *zeros = calloc(1, 65536);
                assert_non_null(zeros);
                buf_add(&bytes, zeros, 65536);
                rig_try_send(w.fd, bytes.data, bytes.len);
                free(zeros);
                ws_put(w.fd, 0x88, "\x03\xe8", 2);
                expect_close(&w, 1000);
            } else {
                expect_close(&w, cases[i].code);
            }
            shutdown(w.fd, SHUT_WR);
            assert_true(rig_is_closed(w.fd));
            ws_close(&w);
        }
    }
    struct ws w;
    ws_open(&r, &w, "");
    rig_send(w.fd, "\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0x", 15); // 65,537 bytes
    expect_close(&w, 1009);
    ws_close(&w);
    rig_stop(&r);
}

static void pings_go_both_ways(void **state)
{
    (void)state;
    struct rig r;
    struct ws good, silent;
    struct http_options o = options;
    struct http_stats st;
    AUTO_BUF text = BUF_INIT(1 << 20);

    o.ping_interval_s = 1;
    start(&r, o, 0, 0);
    ws_open(&r, &good, "");
    ws_open(&r, &silent, "");
    ws_put(good.fd, 0x89, "abc", 3);
    int opcode = ws_next(&good, &text);
    assert_int_equal(opcode, 10);
    assert_string_equal(text.data, "abc");
    do {
        http_server_stats(r.server, &st);
        if (st.rtt_us == 0 && ws_next(&good, &text) == 9) {
            ws_put(good.fd, 0x8a, text.data, text.len);
        }
    } while (st.rtt_us == 0);
    assert_true(rig_is_closed(silent.fd)); // it never answered
    http_server_stats(r.server, &st);
    assert_int_equal(st.pong_timeouts, 1);
    ws_close(&good);
    ws_close(&silent);
    rig_stop(&r);
}

static struct stream *only_stream(const struct rig *r)
{
    struct conn *c = r->server->conns;
    assert_non_null(c);
    assert_null(c->next);
    return c->stream;
}

static void an_idle_socket_keeps_nothing_for_reading(void **state)
{
    (void)state;
    struct rig r;
    struct ws w;
    AUTO_BUF text = BUF_INIT(1 << 20);

    start(&r, options, 0, 0);
    ws_open(&r, &w, "");
    ws_put(w.fd, 0x89, "abc", 3);
    assert_int_equal(ws_next(&w, &text), 10);
    WAIT_FOR(only_stream(&r)->in == NULL);
    rig_send(w.fd, "\x89\x80\0\0", 4); // half a ping
    WAIT_FOR(only_stream(&r)->in != NULL);
    rig_send(w.fd, "\0\0", 2);
    assert_int_equal(ws_next(&w, &text), 10);
    WAIT_FOR(only_stream(&r)->in == NULL);
    ws_put(w.fd, 0x01, "a", 1);
    ws_put(w.fd, 0x89, "b", 1);
    assert_int_equal(ws_next(&w, &text), 10);
    assert_non_null(only_stream(&r)->in);
    char *large = calloc(1, 300);
    assert_non_null(large);
    rig_send(w.fd, "\x80\xfe\1\x2c\0\0\0\0", 8); // 300 bytes
    rig_send(w.fd, large, 300);
    WAIT_FOR(only_stream(&r)->in == NULL);
    free(large);
    ws_close(&w);
    rig_stop(&r);
}

static void a_slow_receiver_is_closed_while_others_go_on(void **state)
{
    (void)state;
    struct rig r;
    struct ws fast, slow;
    struct http_stats st;
    enum { ROUNDS = 400 };

    start(&r, options, 0, 60000);
    ws_open(&r, &fast, "");
    ws_open(&r, &slow, ""); // never reads
    for (int i = 0; i < ROUNDS; i++) { // 24 MB, more than socket buffers hold
        publish(&r, 1);
        expect_events(&fast, i + 1, i + 1);
    }
    WAIT_FOR((http_server_stats(r.server, &st), st.slow_closed == 1 && st.websockets == 1));
    publish(&r, 1);
    expect_events(&fast, ROUNDS + 1, ROUNDS + 1);
    // and it may come back where it was
    struct ws again;
    atomic_store(&event_size, 10);
    ws_open(&r, &again, "?since=300");
    expect_events(&again, 301, ROUNDS + 1);
    ws_close(&again);
    ws_close(&fast);
    ws_close(&slow);
    rig_stop(&r);
}

static void websocket_slow_consumer_is_closed_with_a_reason(void **state)
{
    (void)state;
    struct rig r;
    struct ws fast, slow;
    struct http_stats st;
    AUTO_BUF text = BUF_INIT(1 << 20);
    int opcode = 1, count = 0;

    start(&r, options, 0, 60000);
    ws_open(&r, &fast, "");
    ws_open(&r, &slow, "");
    do {
        publish(&r, 1);
        count++;
        expect_events(&fast, count, count);
        http_server_stats(r.server, &st);
    } while (st.slow_closed == 0 && count < 1000);
    while (opcode == 1 || opcode == 9) { // it wakes up and reads what was on its way
        opcode = ws_next(&slow, &text);
    }
    assert_int_equal(opcode, 8);
    assert_int_equal((uint8_t)text.data[0] << 8 | (uint8_t)text.data[1], 1013);
    assert_non_null(slice_find(buf_slice(&text), SLICE_LIT("connect again with the last number")));
    ws_close(&slow);
    ws_close(&fast);
    rig_stop(&r);
}

static void a_thousand_sockets_get_every_event(void **state)
{
    (void)state;
    struct rig r;
    struct ws *w = calloc(MANY, sizeof(*w));
    struct rlimit limit;
    struct http_stats st;

    assert_non_null(w);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4 * MANY ? limit.rlim_max : 4 * MANY;
    setrlimit(RLIMIT_NOFILE, &limit);
    int many = limit.rlim_cur >= 3 * MANY ? MANY : (int)limit.rlim_cur / 3;
    if (many < MANY) {
        print_message(
            "only %d sockets: the limit on open files is %d\n", many, (int)limit.rlim_cur);
    }
    start(&r, options, 0, 100);
    for (int i = 0; i < many; i++) {
        ws_open(&r, &w[i], "");
    }
    publish(&r, 20);
    for (int i = 0; i < many; i++) {
        expect_events(&w[i], 1, 20);
    }
    http_server_stats(r.server, &st);
    assert_int_equal(st.websockets, many);
    assert_int_equal(st.slow_closed, 0);
    for (int i = 0; i < many; i++) {
        ws_close(&w[i]);
    }
    free(w);
    rig_stop(&r);
}

static void stopping_says_going_away(void **state)
{
    (void)state;
    struct rig r;
    struct ws w;

    start(&r, options, 0, 0);
    ws_open(&r, &w, "");
    int sse = rig_connect(&r);
    struct answer a = { 0 };
    rig_send_text(sse, "GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
    assert_int_equal(rig_answer(sse, &a, true), 200);
    http_server_stop(r.server);
    expect_close(&w, 1001);
    ws_put(w.fd, 0x88, "\x03\xe9", 2);
    assert_true(rig_is_closed(w.fd));
    assert_true(rig_is_closed(sse));
    pthread_join(r.thread, NULL);
    http_server_close(r.server);
    assert_int_equal(rmdir(r.spool), 0);
    ws_close(&w);
    close(sse);
    answer_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_reach_a_websocket_live_and_from_the_past),
        cmocka_unit_test(no_event_is_lost_or_doubled_while_a_replay_meets_the_live_flow),
        cmocka_unit_test(event_streams_resume_by_the_last_id),
        cmocka_unit_test(frames_are_checked),
        cmocka_unit_test(pings_go_both_ways),
        cmocka_unit_test(an_idle_socket_keeps_nothing_for_reading),
        cmocka_unit_test(a_slow_receiver_is_closed_while_others_go_on),
        cmocka_unit_test(websocket_slow_consumer_is_closed_with_a_reason),
        cmocka_unit_test(a_thousand_sockets_get_every_event),
        cmocka_unit_test(stopping_says_going_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
