// SPDX-License-Identifier: AGPL-3.0-or-later
// Outgoing HTTP against a scripted server on loopback: what is sent, what is bounded, what is not followed.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "net/call.h"
#include "net/web.h"

struct fake {
    const char *answer; // NULL: silence
    int listener, port, connections;
    pthread_t thread;
    char got[8192];
    size_t got_len;
};

static void *fake_main(void *arg)
{
    struct fake *f = arg;

    for (;;) {
        int fd = accept(f->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        f->connections++;
        for (;;) { // up to the end of the form, which is marked by two dashes
            ssize_t n = read(fd, f->got + f->got_len, sizeof(f->got) - 1 - f->got_len);
            if (n <= 0) {
                break;
            }
            f->got_len += (size_t)n;
            f->got[f->got_len] = '\0';
            if (f->answer && f->got_len > 4 && strcmp(f->got + f->got_len - 4, "--\r\n") == 0) {
                (void)!send(fd, f->answer, strlen(f->answer), MSG_NOSIGNAL);
                break;
            }
        }
        close(fd);
    }
}

static struct fake *fake_start(const char *answer)
{
    struct fake *f = xalloc(sizeof(*f));
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);

    f->answer = answer;
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(f->listener, 4), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &len), 0);
    f->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_main, f), 0);
    return f;
}

static void fake_end(struct fake *f)
{
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
    free(f);
}

static int post(
    struct fake *f, int64_t time_ms, const struct net_call *more, struct net_answer *ret)
{
    static const struct net_part parts[] = { { "file", "window.wav", "audio/wav", { "RIFF", 4 } },
        { "model", NULL, NULL, { "small", 5 } } };
    char url[64];
    struct net_call q = *more;
    struct error err = { 0 };

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1/audio/transcriptions", f->port);
    q.url = url;
    q.parts = parts;
    q.part_count = 2;
    q.deadline_ms = clock_mono_ms() + time_ms;
    q.answer_max = q.answer_max ? q.answer_max : 1000;
    int rc = net_call_run(&q, ret, &err);
    assert_true(rc == 0 || err.text[0]);
    return rc;
}

static void a_form_goes_out_with_its_key_and_the_answer_comes_back(void **state)
{
    struct fake *f =
        fake_start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    AUTO_NET_ANSWER a = { 0 };
    (void)state;
    assert_int_equal(post(f, 5000, &(struct net_call){ .bearer = "key-1" }, &a), 0);
    assert_int_equal(a.status, 200);
    assert_true(slice_is(buf_slice(&a.body), "{}"));
    assert_non_null(strstr(f->got, "POST /v1/audio/transcriptions HTTP/1.1\r\n"));
    assert_non_null(strstr(f->got, "Authorization: Bearer key-1\r\n"));
    assert_non_null(strstr(f->got, "name=\"file\"; filename=\"window.wav\"\r\nContent-Type: "
                                   "audio/wav\r\n\r\nRIFF\r\n"));
    assert_non_null(strstr(f->got, "name=\"model\"\r\n\r\nsmall\r\n"));
    fake_end(f);
}

// Keys of identity providers are longer than one thinks; a part of one opens nothing.
static void a_long_key_goes_out_whole(void **state)
{
    struct fake *f =
        fake_start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    char url[64], key[4001], line[4100];
    struct error err = { 0 };
    AUTO_NET_ANSWER a = { 0 };
    (void)state;
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    snprintf(line, sizeof(line), "Authorization: Bearer %s\r\n", key);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", f->port);
    struct net_call call = { .url = url,
        .bearer = key,
        .body = SLICE_LIT("form--\r\n"),
        .answer_max = 1000,
        .deadline_ms = clock_mono_ms() + 5000 };
    assert_int_equal(net_call_run(&call, &a, &err), 0);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(f->got, line));
    fake_end(f);
}

static void a_redirect_is_answered_and_not_followed(void **state)
{
    struct fake *other = fake_start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    char answer[256];
    (void)state;
    snprintf(answer, sizeof(answer),
        "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: "
        "0\r\nConnection: close\r\n\r\n",
        other->port);
    struct fake *f = fake_start(answer);
    AUTO_NET_ANSWER a = { 0 };
    assert_int_equal(post(f, 5000, &(struct net_call){ .bearer = NULL }, &a), 0);
    assert_int_equal(a.status, 307);
    assert_null(strstr(f->got, "Authorization"));
    assert_int_equal(other->connections, 0);
    fake_end(f);
    fake_end(other);
}

static void length_and_time_are_bounded_and_it_can_be_stopped(void **state)
{
    struct fake *f = fake_start("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
    struct fake *silent = fake_start(NULL);
    AUTO_NET_ANSWER a = { 0 }, b = { 0 }, c = { 0 };
    atomic_bool cancel = true;
    int64_t start = clock_mono_ms();
    (void)state;
    assert_int_equal(post(f, 5000, &(struct net_call){ .answer_max = 9 }, &a), ERR_TOO_LARGE);
    assert_int_equal(post(silent, 300, &(struct net_call){ .bearer = NULL }, &b), ERR_TIMEOUT);
    assert_int_equal(
        post(silent, 5000, &(struct net_call){ .cancelled = &cancel }, &c), ERR_CANCELLED);
    assert_true(clock_mono_ms() - start < 4000);
    fake_end(f);
    fake_end(silent);
}

static void only_plain_web_addresses_are_taken(void **state)
{
    static const char *const good[] = { "http://127.0.0.1:8000/v1", "https://speech.example/x",
        "http://[::1]/" };
    static const char *const bad[] = { "", "file:///etc/passwd", "ftp://host/", "http://",
        "http://name:word@host/", "http://name@host/", "gopher://host", "//host/x",
        "http://host/#x" };
    struct error err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(web_url_valid(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (web_url_valid(bad[i])) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    struct net_answer none;
    struct net_call call = { .url = "file:///etc/passwd", .connect_only = true, .answer_max = 1 };
    assert_int_equal(net_call_run(&call, &none, &err), ERR_INVALID);
    call.url = "http://127.0.0.1:1/";
    assert_int_equal(net_call_run(&call, &none, &err), ERR_IO);
}

// Where this is wrong, a mail relay's password goes out unencrypted.
static void only_loopback_is_this_machine(void **state)
{
    static const char *const local[] = { "http://127.0.0.1:8080", "https://127.8.9.1/x",
        "http://localhost", "smtp://localhost:25", "smtps://[::1]:465" };
    static const char *const remote[] = { "", "smtp://localhost.example:25",
        "smtp://127.mail.example", "smtp://mail.example", "smtp://128.0.0.1", "http://[::2]/",
        "http://mail.example/?at=://127.0.0.1", "http://127.0.0.1@mail.example/" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(local); i++) {
        assert_true(web_url_local(local[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(remote); i++) {
        if (web_url_local(remote[i])) {
            fail_msg("taken as this machine: %s", remote[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_goes_out_with_its_key_and_the_answer_comes_back),
        cmocka_unit_test(a_long_key_goes_out_whole),
        cmocka_unit_test(a_redirect_is_answered_and_not_followed),
        cmocka_unit_test(length_and_time_are_bounded_and_it_can_be_stopped),
        cmocka_unit_test(only_plain_web_addresses_are_taken),
        cmocka_unit_test(only_loopback_is_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
