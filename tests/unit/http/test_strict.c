// SPDX-License-Identifier: AGPL-3.0-or-later
// strict.h: what is refused, where messages end, and that reading byte by byte gives the same as reading whole.
#include "http/strict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct outcome {
    enum strict_end end;
    int status;
    size_t head, message; // bytes up to the head's end and the message's end
};

// Feeds in pieces of `step`; after the head the body is as said.
static struct outcome run(const char *text, size_t len, size_t step, bool chunked, int64_t length)
{
    struct strict s;
    struct outcome o = { STRICT_MORE, 0, 0, 0 };
    size_t at = 0;

    strict_init(&s);
    while (at < len) {
        size_t used = 0, n = len - at < step ? len - at : step;
        enum strict_end end = strict_feed(&s, text + at, n, &used);
        assert_true(used <= n);
        assert_true(used > 0 || end == STRICT_REFUSED);
        at += used;
        if (end == STRICT_HEAD_END) {
            o.head = at;
            strict_body(&s, chunked, length);
            if (!chunked && length == 0) {
                o.end = STRICT_MESSAGE_END;
                o.message = at;
                return o;
            }
        } else if (end != STRICT_MORE) {
            o.end = end;
            o.status = s.status;
            o.message = end == STRICT_MESSAGE_END ? at : 0;
            return o;
        }
    }
    return o;
}

static struct outcome run_both(const char *text, size_t len, bool chunked, int64_t length)
{
    struct outcome whole = run(text, len, len, chunked, length);
    for (size_t step = 1; step <= 3; step++) {
        struct outcome o = run(text, len, step, chunked, length);
        assert_int_equal(o.end, whole.end);
        assert_int_equal(o.status, whole.status);
        assert_int_equal(o.head, whole.head);
        assert_int_equal(o.message, whole.message);
    }
    return whole;
}

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"

static void well_formed_messages_end_where_they_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool chunked;
        int64_t length;
        size_t message;
    } cases[] = {
        { HEAD "\r\n", false, 0, sizeof(HEAD "\r\n") - 1 },
        { "\r\n" HEAD "\r\n", false, 0, sizeof("\r\n" HEAD "\r\n") - 1 },
        { "POST /x?y=1 HTTP/1.0\r\n\r\nabcGET", false, 3, 27 },
        { HEAD "\r\n3\r\nabc\r\n0\r\n\r\nGET", true, 0,
            sizeof(HEAD "\r\n3\r\nabc\r\n0\r\n\r\n") - 1 },
        { HEAD "\r\nA;x=\"y\"\r\n0123456789\r\n00;z\r\nT: v\r\n\r\n", true, 0,
            sizeof(HEAD "\r\nA;x=\"y\"\r\n0123456789\r\n00;z\r\nT: v\r\n\r\n") - 1 },
        { HEAD "X: \xc3\xa9\t\r\n\r\n", false, 0, sizeof(HEAD "X: \xc3\xa9\t\r\n\r\n") - 1 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome o =
            run_both(cases[i].text, strlen(cases[i].text), cases[i].chunked, cases[i].length);
        assert_int_equal(o.end, STRICT_MESSAGE_END);
        assert_int_equal(o.message, cases[i].message);
    }
}

static void doubtful_heads_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        int status;
    } cases[] = {
#define CASE(text, status) { text, sizeof(text) - 1, status }
        CASE("GET / HTTP/1.1\nHost: a\r\n\r\n", 400), // bare LF after the request line
        CASE("GET / HTTP/1.1\r\nHost: a\n\r\n", 400), // bare LF after a field
        CASE("GET / HTTP/1.1\r\nHost: a\r\n\n", 400), // bare LF as the empty line
        CASE("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400), // bare CR in a value
        CASE("GET / HTTP/1.1\rHost: a\r\n\r\n", 400), // bare CR after the version
        CASE("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400), // obs-fold
        CASE("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", 400), // obs-fold with a tab
        CASE("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400), // space before the first field
        CASE("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), // space before the colon
        CASE("GET / HTTP/1.1\r\n: a\r\n\r\n", 400), // no name
        CASE("GET / HTTP/1.1\r\nHost\r\n\r\n", 400), // no colon
        CASE("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 400), // NUL
        CASE("GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n", 400), // DEL
        CASE("GET  / HTTP/1.1\r\n\r\n", 400), // two spaces
        CASE("GET / HTTP/1.1 \r\n\r\n", 400), // space after the version
        CASE("GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400), // unencoded byte in the target
        CASE("GET / HTTP/2.0\r\n\r\n", 505), CASE("GET / HTTP/1.2\r\n\r\n", 505),
        CASE("GET / HTTX/1.1\r\n\r\n", 400), CASE("GET /\r\n\r\n", 400), // HTTP/0.9
        CASE(" GET / HTTP/1.1\r\n\r\n", 400),
        CASE("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400), // two empty lines before it
        CASE("G(T / HTTP/1.1\r\n\r\n", 400),
        CASE("ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n\r\n", 400), // 17 letters
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome o = run_both(cases[i].text, cases[i].len, false, 0);
        if (o.end != STRICT_REFUSED || o.status != cases[i].status) {
            fail_msg("case %zu: end %d status %d", i, o.end, o.status);
        }
    }
}

static void doubtful_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\r\n",
        ";x\r\n",
        "g\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "1000000000000003\r\nabc\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "-3\r\nabc\r\n",
        "3;a\rb\r\nabc\r\n0\r\n\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\n\n",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        int n = snprintf(text, sizeof(text), HEAD "\r\n%s", cases[i]);
        struct outcome o = run_both(text, (size_t)n, true, 0);
        if (o.end != STRICT_REFUSED || o.status != 400) {
            fail_msg("case %zu: end %d", i, o.end);
        }
    }
}

static char *repeat(
    const char *before, const char *piece, size_t times, const char *after, size_t *ret_len)
{
    size_t a = strlen(before), p = strlen(piece), z = strlen(after);
    char *all = malloc(a + p * times + z + 1);
    assert_non_null(all);
    memcpy(all, before, a);
    for (size_t i = 0; i < times; i++) {
        memcpy(all + a + i * p, piece, p);
    }
    memcpy(all + a + p * times, after, z + 1);
    *ret_len = a + p * times + z;
    return all;
}

static void limit_case(const char *before, const char *piece, size_t times, const char *after,
    bool chunked, int status)
{
    size_t len = 0;
    char *text = repeat(before, piece, times, after, &len);
    struct outcome o = run(text, len, len, chunked, 0);
    if (status == 0) {
        assert_int_equal(o.end, STRICT_MESSAGE_END);
    } else {
        assert_int_equal(o.end, STRICT_REFUSED);
        assert_int_equal(o.status, status);
    }
    free(text);
}

static void limits_hold_on_both_sides(void **state)
{
    (void)state;
    limit_case("GET / HTTP/1.1\r\n", "A: b\r\n", 100, "\r\n", false, 0);
    limit_case("GET / HTTP/1.1\r\n", "A: b\r\n", 101, "\r\n", false, 431);
    limit_case("GET /", "a", STRICT_TARGET_MAX - 1, " HTTP/1.1\r\n\r\n", false, 0);
    limit_case("GET /", "a", STRICT_TARGET_MAX, " HTTP/1.1\r\n\r\n", false, 414);
    limit_case("GET / HTTP/1.1\r\nA: ", "b", STRICT_HEAD_MAX, "\r\n\r\n", false, 431);
    limit_case("GET / HTTP/1.1\r\nA: ", "b", STRICT_HEAD_MAX - 64, "\r\n\r\n", false, 0);
    limit_case(HEAD "\r\n0;", "a", STRICT_EXT_LINE_MAX - 1, "\r\n\r\n", true, 0);
    limit_case(HEAD "\r\n0;", "a", STRICT_EXT_LINE_MAX, "\r\n\r\n", true, 400);
    limit_case(HEAD "\r\n", "1;abcdefg\r\nx\r\n", STRICT_EXT_MAX / 8, "0\r\n\r\n", true, 0);
    limit_case(HEAD "\r\n", "1;abcdefg\r\nx\r\n", STRICT_EXT_MAX / 8 + 1, "0\r\n\r\n", true, 400);
    limit_case(HEAD "\r\n0\r\n", "A: bcdefg\r\n", 1100, "\r\n", true, 431);
}

static void messages_follow_each_other(void **state)
{
    (void)state;
    static const char text[] = HEAD "\r\n" HEAD "\r\n";
    struct strict s;
    size_t used = 0, at = 0;

    strict_init(&s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(strict_feed(&s, text + at, sizeof(text) - 1 - at, &used), STRICT_HEAD_END);
        assert_int_equal(s.fields, 1);
        strict_body(&s, false, 0);
        assert_true(strict_is_idle(&s));
        at += used;
    }
    assert_int_equal(at, sizeof(text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_messages_end_where_they_end),
        cmocka_unit_test(doubtful_heads_are_refused),
        cmocka_unit_test(doubtful_chunks_are_refused),
        cmocka_unit_test(limits_hold_on_both_sides),
        cmocka_unit_test(messages_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
