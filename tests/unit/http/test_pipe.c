// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers that are made while they go out: chunks, HTTP/1.0, the connection afterwards, and clients that leave or are slow.
#include "rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;
static atomic_int closed, broken, writers;

struct job {
    int fd;
    int pieces, size, pause_ms;
};

static void *write_pieces(void *ctx)
{
    struct job *j = ctx;
    char *piece = calloc(1, (size_t)j->size);

    memset(piece, 'x', (size_t)j->size);
    for (int i = 0; i < j->pieces; i++) {
        if (send(j->fd, piece, (size_t)j->size, MSG_NOSIGNAL) != j->size) {
            atomic_fetch_add(&broken, 1);
            break;
        }
        usleep((useconds_t)j->pause_ms * 1000);
    }
    close(j->fd);
    free(piece);
    free(j);
    atomic_fetch_sub(&writers, 1);
    return NULL;
}

static void on_closed(void *ctx)
{
    assert_ptr_equal(ctx, &rig);
    atomic_fetch_add(&closed, 1);
}

static int number(const struct http_request *req, const char *name)
{
    int64_t n = 0;
    slice_to_i64(http_query_find(req, name), &n);
    return (int)n;
}

static int pipe_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct job *j = calloc(1, sizeof(*j));
    pthread_t thread;
    int ends[2];

    *j = (struct job){
        .pieces = number(req, "n"), .size = number(req, "size"), .pause_ms = number(req, "pause")
    };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(j);
        return error_set(err, ERR_IO, "no pair");
    }
    resp->content_type = "text/plain";
    resp->pipe_fd = ends[0];
    resp->pipe_closed = on_closed;
    resp->pipe_ctx = &rig;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    j->fd = ends[1];
    if (number(req, "fail")) {
        close(j->fd);
        free(j);
        return error_set(err, ERR_INVALID, "It is refused after all.");
    }
    struct timeval long_time = { .tv_sec = 20 };
    setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof(long_time));
    atomic_fetch_add(&writers, 1);
    pthread_create(&thread, NULL, write_pieces, j);
    pthread_detach(thread);
    return 0;
}

static int plain_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    buf_add_str(&resp->body, "plain");
    return 0;
}

static const struct http_route routes[] = {
    { HTTP_GET, "/pipe", pipe_get, HTTP_LANE_LONG },
    { HTTP_GET, "/plain", plain_get },
    { 0 },
};
static const struct http_route *const lists[] = { routes, NULL };

static int set_up(void **state)
{
    (void)state;
    atomic_store(&closed, 0);
    atomic_store(&broken, 0);
    rig_start(&rig, (struct http_options){ .route_lists = lists });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_stop(&rig);
    WAIT_FOR(atomic_load(&writers) == 0);
    return 0;
}

// All that comes until `end` stands at the end of it, or the stream ends.
static void read_until(int fd, const char *end, struct buf *b)
{
    char bytes[4096];
    ssize_t n;

    while (
        !(b->len >= strlen(end) && memcmp(b->data + b->len - strlen(end), end, strlen(end)) == 0) &&
        (n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        buf_add(b, bytes, (size_t)n);
    }
}

static size_t count_of(struct slice text, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        n += text.data[i] == c;
    }
    return n;
}

static struct slice body_of(const struct buf *b)
{
    const char *end = slice_find(buf_slice(b), SLICE_LIT("\r\n\r\n"));
    assert_non_null(end);
    return slice_from(buf_slice(b), (size_t)(end - b->data) + 4);
}

static void pieces_go_out_chunked_and_the_connection_goes_on(void **state)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    struct answer a = { 0 };
    int fd = rig_connect(&rig);
    (void)state;

    rig_send_text(fd, "GET /pipe?n=5&size=10&pause=5 HTTP/1.1\r\nHost: x\r\n\r\n");
    read_until(fd, "0\r\n\r\n", &b);
    assert_non_null(slice_find(buf_slice(&b), SLICE_LIT("Transfer-Encoding: chunked\r\n")));
    assert_null(slice_find(buf_slice(&b), SLICE_LIT("Content-Length")));
    assert_int_equal(count_of(body_of(&b), 'x'), 50);
    assert_int_equal(atomic_load(&closed), 1);
    rig_send_text(fd, "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    rig_send_text(
        fd, "GET /pipe?n=1&size=3 HTTP/1.1\r\nHost: x\r\n\r\n"); // and a second pipe on it
    buf_reset(&b);
    read_until(fd, "0\r\n\r\n", &b);
    assert_non_null(slice_find(buf_slice(&b), SLICE_LIT("\r\n3\r\nxxx\r\n")));
    answer_done(&a);
    close(fd);
}

static void the_older_protocol_ends_with_the_connection(void **state)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    int fd = rig_connect(&rig);
    (void)state;

    rig_send_text(fd, "GET /pipe?n=3&size=4 HTTP/1.0\r\n\r\n");
    read_until(fd, "\1", &b); // until the end
    assert_null(slice_find(buf_slice(&b), SLICE_LIT("chunked")));
    assert_non_null(slice_find(buf_slice(&b), SLICE_LIT("\r\n\r\nxxxxxxxxxxxx")));
    close(fd);
}

static void a_client_that_leaves_is_told_to_the_writer(void **state)
{
    char bytes[64];
    int fd = rig_connect(&rig);
    (void)state;

    rig_send_text(fd, "GET /pipe?n=1000&size=100&pause=10 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(recv(fd, bytes, sizeof(bytes), 0) > 0);
    close(fd);
    WAIT_FOR(atomic_load(&closed) == 1);
    WAIT_FOR(atomic_load(&broken) == 1);
}

static void a_slow_client_slows_the_writer_and_gets_it_all(void **state)
{
    AUTO_BUF b = BUF_INIT(64 << 20);
    int fd = rig_connect(&rig);
    (void)state;

    rig_send_text(fd, "GET /pipe?n=200&size=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
    usleep(300 * 1000);
    assert_int_equal(atomic_load(&writers), 1); // 12 MB don't fit into what lies between
    read_until(fd, "0\r\n\r\n", &b);
    assert_int_equal(count_of(body_of(&b), 'x'), 200 * 60000);
    close(fd);
}

static void a_refusal_closes_the_pipe_that_was_given(void **state)
{
    struct answer a = { 0 };
    (void)state;

    assert_int_equal(
        rig_ask(&rig, "GET /pipe?n=1&size=1&fail=1 HTTP/1.1\r\nHost: x\r\n\r\n", &a), 400);
    WAIT_FOR(atomic_load(&closed) == 1);
    answer_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            pieces_go_out_chunked_and_the_connection_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_older_protocol_ends_with_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_client_that_leaves_is_told_to_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_slow_client_slows_the_writer_and_gets_it_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_refusal_closes_the_pipe_that_was_given, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
