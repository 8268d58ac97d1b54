// SPDX-License-Identifier: AGPL-3.0-or-later
// The virus scanner: answers parsed strictly, and whole exchanges with a scripted clamd on a socket pair of threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "check/clamd.h"

#define S(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static const struct {
    struct slice answer;
    bool whole;
    enum clamd_verdict verdict;
    const char *name;
} answers[] = {
    { S("stream: OK\0"), true, CLAMD_CLEAN, "" },
    { S("stream: OK"), true, CLAMD_CLEAN, "" },
    { S("stream: OK\0"), false, CLAMD_GARBLED, "" },
    { S("stream: Win.Test.EICAR_HDB-1 FOUND\0"), true, CLAMD_FOUND, "Win.Test.EICAR_HDB-1" },
    { S("stream: Win.Test.EICAR_HDB-1 FOUND\0"), false, CLAMD_FOUND, "Win.Test.EICAR_HDB-1" },
    { S("stream: Eicar(44d8:68) FOUND\0"), true, CLAMD_FOUND, "Eicar(44d8:68)" },
    { S("INSTREAM size limit exceeded. ERROR\0"), false, CLAMD_TOO_LARGE, "" },
    { S("stream: Can't allocate memory ERROR\0"), true, CLAMD_FAILED, "" },
    { S("UNKNOWN COMMAND\0"), true, CLAMD_GARBLED, "" },
    { S(""), true, CLAMD_GARBLED, "" },
    { S("\0"), true, CLAMD_GARBLED, "" },
    { S("stream: OK\n"), true, CLAMD_GARBLED, "" },
    { S("stream: OK\0stream: OK\0"), true, CLAMD_GARBLED, "" },
    { S("stream: OK\0\0"), true, CLAMD_GARBLED, "" },
    { S("stream: ok\0"), true, CLAMD_GARBLED, "" },
    { S("STREAM: OK\0"), true, CLAMD_GARBLED, "" },
    { S(" stream: OK\0"), true, CLAMD_GARBLED, "" },
    { S("1: stream: OK\0"), true, CLAMD_GARBLED, "" },
    { S("stream:  FOUND\0"), true, CLAMD_GARBLED, "" },
    { S("stream: FOUND\0"), true, CLAMD_GARBLED, "" },
    { S("stream: bad\x01name FOUND\0"), true, CLAMD_GARBLED, "" },
    { S("stream: n\xC3\xA4me FOUND\0"), true, CLAMD_GARBLED, "" },
};

static void answers_are_parsed_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct clamd_result r;
        clamd_parse(answers[i].answer, answers[i].whole, &r);
        if (r.verdict != answers[i].verdict || strcmp(r.name, answers[i].name) != 0) {
            fail_msg("answer %zu: %d \"%s\"", i, r.verdict, r.name);
        }
    }
    char long_name[600];
    struct clamd_result r;
    int n = snprintf(long_name, sizeof(long_name), "stream: %0400d FOUND", 1);
    clamd_parse(slice_make(long_name, (size_t)n), true, &r);
    assert_int_equal(r.verdict, CLAMD_GARBLED);
}

static void addresses_are_paths_or_host_and_port(void **state)
{
    static const char *const good[] = { "/run/clamd.ctl", "127.0.0.1:3310", "scanner:3310",
        "[::1]:3310" };
    static const char *const bad[] = { "", "3310", ":3310", "host:", "host:0", "host:99999",
        "::1:3310", "host:33x" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(clamd_address_valid(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(clamd_address_valid(bad[i]));
    }
}

// ---- a scripted scanner

struct script {
    const char *answer;
    size_t len;
    bool before_the_end; // answers after the command and hangs up
    bool silent;
    bool byte_by_byte;
};
struct fake {
    struct script script;
    char path[64];
    int listener;
    pthread_t thread;
    char got[256 << 10]; // the stream without its framing
    size_t got_len;
    bool framed; // it ended with an empty piece
};

static bool take(int fd, void *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, (char *)to + at, len - at);
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

static void hear_stream(struct fake *f, int fd)
{
    unsigned char head[4];
    while (take(fd, head, 4)) {
        size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (n == 0) {
            f->framed = true;
            return;
        }
        if (f->got_len + n > sizeof(f->got) || !take(fd, f->got + f->got_len, n)) {
            return;
        }
        f->got_len += n;
    }
}

static void *fake_main(void *arg)
{
    struct fake *f = arg;
    char command[10];
    int fd = accept(f->listener, NULL, NULL);

    if (fd >= 0 && take(fd, command, 9)) {
        bool stream = memcmp(command, "zINSTREAM", 9) == 0;
        if (stream && take(fd, command + 9, 1) && !f->script.before_the_end) {
            hear_stream(f, fd);
        }
        if (f->script.silent) {
            char byte;
            while (read(fd, &byte, 1) > 0) {
            }
        }
        for (size_t i = 0; f->script.byte_by_byte && i < f->script.len; i++) {
            (void)!send(fd, f->script.answer + i, 1, MSG_NOSIGNAL);
            usleep(500);
        }
        if (!f->script.byte_by_byte && f->script.len) {
            (void)!send(fd, f->script.answer, f->script.len, MSG_NOSIGNAL);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}

static struct fake *fake_start(struct script script)
{
    static int number;
    struct fake *f = xalloc(sizeof(*f));
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    f->script = script;
    snprintf(f->path, sizeof(f->path), "/tmp/larder-clamd-%d-%d", (int)getpid(), number++);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(f->listener, 4), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_main, f), 0);
    return f;
}

static void fake_end(struct fake *f)
{
    pthread_join(f->thread, NULL);
    close(f->listener);
    unlink(f->path);
    free(f);
}

enum { FILE_BYTES = 200000 }; // some pieces, and more than a socket holds at once

static int test_file(char **ret_bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    char *bytes = xalloc(FILE_BYTES);
    for (size_t i = 0; i < FILE_BYTES; i++) {
        bytes[i] = (char)(i * 7 + i / 251);
    }
    assert_int_equal(write(fd, bytes, FILE_BYTES), FILE_BYTES);
    *ret_bytes = bytes;
    return fd;
}

static void the_whole_file_goes_and_each_answer_has_its_meaning(void **state)
{
    static const struct {
        struct script script;
        enum clamd_verdict verdict;
    } cases[] = {
        { { "stream: OK\0", 11 }, CLAMD_CLEAN },
        { { "stream: OK\0", 11, .byte_by_byte = true }, CLAMD_CLEAN },
        { { "stream: Bad.Thing FOUND\0", 24, .byte_by_byte = true }, CLAMD_FOUND },
        { { "stream: Bad.Thing FOUND\0", 24 }, CLAMD_FOUND },
        { { "stream: O", 9 }, CLAMD_GARBLED },
        { { "", 0 }, CLAMD_GARBLED },
        { { "HTTP/1.1 400 Bad Request\r\n", 26 }, CLAMD_GARBLED },
        { { "", 0, .before_the_end = true }, CLAMD_GARBLED },
        { { "stream: OK\0", 11, .before_the_end = true }, CLAMD_GARBLED },
        { { "INSTREAM size limit exceeded. ERROR\0", 36, .before_the_end = true },
            CLAMD_TOO_LARGE },
        { { "stream: Bad.Thing FOUND\0", 24, .before_the_end = true }, CLAMD_FOUND },
    };
    AUTO_FREE char *bytes = NULL;
    AUTO_FD int fd = test_file(&bytes);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake *f = fake_start(cases[i].script);
        struct clamd_options o = { f->path, 10000, 1 << 20 };
        struct clamd_result r;
        clamd_scan(&o, fd, FILE_BYTES, &r);
        if (r.verdict != cases[i].verdict) {
            fail_msg("case %zu: %d, wanted %d", i, r.verdict, cases[i].verdict);
        }
        pthread_join(f->thread, NULL);
        if (!cases[i].script.before_the_end) {
            assert_int_equal(f->got_len, FILE_BYTES);
            assert_memory_equal(f->got, bytes, FILE_BYTES);
            assert_true(f->framed);
        }
        close(f->listener);
        unlink(f->path);
        free(f);
    }
}

static void silence_ends_at_the_time_limit(void **state)
{
    AUTO_FREE char *bytes = NULL;
    AUTO_FD int fd = test_file(&bytes);
    struct fake *f = fake_start((struct script){ "", 0, .silent = true });
    struct clamd_options o = { f->path, 300, 1 << 20 };
    struct clamd_result r;
    int64_t start = clock_mono_ms();

    (void)state;
    clamd_scan(&o, fd, FILE_BYTES, &r);
    assert_int_equal(r.verdict, CLAMD_SLOW);
    assert_in_range(clock_mono_ms() - start, 250, 3000);
    fake_end(f);
}

static void nobody_there_and_too_large_are_told_apart(void **state)
{
    AUTO_FREE char *bytes = NULL;
    AUTO_FD int fd = test_file(&bytes);
    struct clamd_options o = { "/tmp/larder-clamd-nobody", 1000, 1 << 20 };
    struct clamd_result r;

    (void)state;
    clamd_scan(&o, fd, FILE_BYTES, &r);
    assert_int_equal(r.verdict, CLAMD_DOWN);
    o.address = "127.0.0.1:1";
    clamd_scan(&o, fd, FILE_BYTES, &r);
    assert_int_equal(r.verdict, CLAMD_DOWN);
    o.stream_max = FILE_BYTES - 1;
    clamd_scan(&o, fd, FILE_BYTES, &r);
    assert_int_equal(r.verdict, CLAMD_TOO_LARGE);
}

static void a_ping_tells_the_version_or_what_is_wrong(void **state)
{
    struct fake *f = fake_start((struct script){ "ClamAV 1.0.7/27400/Mon\0", 23 });
    struct clamd_options o = { f->path, 2000, 0 };
    char version[CLAMD_NAME_MAX];
    struct error err;

    (void)state;
    assert_int_equal(clamd_ping(&o, version, &err), 0);
    assert_string_equal(version, "ClamAV 1.0.7/27400/Mon");
    fake_end(f);
    f = fake_start((struct script){ "SSH-2.0\r\n", 9 });
    o.address = f->path;
    assert_int_equal(clamd_ping(&o, version, &err), ERR_CORRUPT);
    fake_end(f);
    o.address = "/tmp/larder-clamd-nobody";
    assert_int_equal(clamd_ping(&o, version, &err), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_parsed_strictly),
        cmocka_unit_test(addresses_are_paths_or_host_and_port),
        cmocka_unit_test(the_whole_file_goes_and_each_answer_has_its_meaning),
        cmocka_unit_test(silence_ends_at_the_time_limit),
        cmocka_unit_test(nobody_there_and_too_large_are_told_apart),
        cmocka_unit_test(a_ping_tells_the_version_or_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
