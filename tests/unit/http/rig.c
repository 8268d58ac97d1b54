// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rig.h.
#include "rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAP_MS = 5, NAPS_MAX = 6000, TIMEOUT_S = 20 };

static void *run(void *arg)
{
    struct rig *r = arg;
    http_server_run(r->server);
    return NULL;
}

void rig_start(struct rig *r, struct http_options o)
{
    struct error err = { 0 };

    snprintf(r->spool, sizeof(r->spool), "/tmp/larder-http-XXXXXX");
    assert_non_null(mkdtemp(r->spool));
    o.listen = o.listen ? o.listen : "127.0.0.1:0";
    o.spool_dir = r->spool;
    if (http_server_open(&o, &r->server, &err) != 0) {
        fail_msg("%s", err.text);
    }
    r->port = http_server_port(r->server);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

int rig_spool_files(const struct rig *r)
{
    int count = 0;
    DIR *dir = opendir(r->spool);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        count += e->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

void rig_stop(struct rig *r)
{
    http_server_stop(r->server);
    pthread_join(r->thread, NULL);
    http_server_close(r->server);
    assert_int_equal(rig_spool_files(r), 0);
    assert_int_equal(rmdir(r->spool), 0);
}

void rig_nap(const char *file, int line, const char *text, int turns)
{
    if (turns >= NAPS_MAX) {
        print_error("%s:%d: waited in vain for %s\n", file, line, text);
        fail();
    }
    nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000L }, NULL);
}

int rig_connect(const struct rig *r)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)r->port),
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval limit = { .tv_sec = TIMEOUT_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

bool rig_try_send(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

void rig_send(int fd, const void *data, size_t len)
{
    assert_true(rig_try_send(fd, data, len));
}

void rig_send_text(int fd, const char *text)
{
    rig_send(fd, text, strlen(text));
}

struct slice answer_header(const struct answer *a, const char *name)
{
    struct slice rest = buf_slice(&a->head), line;
    while (slice_cut(&rest, '\n', &line)) {
        struct slice key;
        if (line.len && memchr(line.data, ':', line.len) && slice_cut(&line, ':', &key) &&
            slice_equal_nocase(key, slice_of(name))) {
            return slice_trim(line);
        }
    }
    return slice_make(NULL, 0);
}

static bool more(int fd, struct buf *b)
{
    char bytes[16384];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
    if (n > 0) {
        buf_add(b, bytes, (size_t)n);
    }
    return n > 0;
}

int rig_answer(int fd, struct answer *a, bool head_only)
{
    const char *end;
    int64_t length = 0;

    if (a->rest.max == 0) {
        buf_init(&a->head, 1 << 20);
        buf_init(&a->body, 1 << 28);
        buf_init(&a->rest, 1 << 28);
    }
    buf_reset(&a->head);
    buf_reset(&a->body);
    a->status = 0;
    while (!(end = slice_find(buf_slice(&a->rest), SLICE_LIT("\r\n\r\n")))) {
        if (!more(fd, &a->rest)) {
            return 0;
        }
    }
    size_t head = (size_t)(end - a->rest.data) + 4;
    buf_add(&a->head, a->rest.data, head);
    buf_consume(&a->rest, head);
    a->status = atoi(a->head.data + 9);
    slice_to_i64(answer_header(a, "content-length"), &length);
    if (head_only || a->status == 304 || a->status == 204 || a->status < 200) {
        length = 0;
    }
    while ((int64_t)a->rest.len < length) {
        if (!more(fd, &a->rest)) {
            a->status = 0;
            return 0;
        }
    }
    buf_add(&a->body, a->rest.data, (size_t)length);
    buf_consume(&a->rest, (size_t)length);
    return a->status;
}

void answer_done(struct answer *a)
{
    buf_done(&a->head);
    buf_done(&a->body);
    buf_done(&a->rest);
    *a = (struct answer){ 0 };
}

bool rig_is_closed(int fd)
{
    char bytes[4096];
    for (;;) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            return true;
        }
        if (n < 0) {
            return false;
        }
    }
}

int rig_ask(const struct rig *r, const char *request, struct answer *a)
{
    int fd = rig_connect(r);
    rig_send_text(fd, request);
    int status = rig_answer(fd, a, false);
    close(fd);
    return status;
}
