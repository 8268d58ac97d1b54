// SPDX-License-Identifier: AGPL-3.0-or-later
// multipart.h: forms as clients send them, damage refused, and any cutting into pieces gives the same.
#include "wire/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// Writes what happens as text: [name|file|type]content.
struct log {
    struct buf text;
};

static int on_begin(void *data, const struct multipart_part *part, struct error *err)
{
    struct log *l = data;
    (void)err;
    buf_addf(&l->text, "[" SLICE_FMT "|" SLICE_FMT "|" SLICE_FMT "]", SLICE_ARG(part->name),
        SLICE_ARG(part->has_file_name ? part->file_name : SLICE_LIT("-")),
        SLICE_ARG(part->media_type));
    return 0;
}

static int on_data(void *data, const char *bytes, size_t len, struct error *err)
{
    struct log *l = data;
    (void)err;
    assert_true(len > 0);
    buf_add(&l->text, bytes, len);
    return 0;
}

static int on_end(void *data, struct error *err)
{
    struct log *l = data;
    (void)err;
    buf_add_str(&l->text, ";");
    return 0;
}

static const struct multipart_events events = { on_begin, on_data, on_end };

static int run(const char *body, size_t len, size_t step, struct log *l)
{
    struct multipart m;
    int rc = 0;

    multipart_init(&m, SLICE_LIT("B"), &events, l);
    for (size_t at = 0; at < len && rc == 0; at += step) {
        char *piece = malloc(len - at < step ? len - at : step); // exact, for the sanitizer
        assert_non_null(piece);
        size_t n = len - at < step ? len - at : step;
        memcpy(piece, body + at, n);
        rc = multipart_feed(&m, piece, n, NULL);
        free(piece);
    }
    if (rc == 0) {
        rc = multipart_finish(&m, NULL);
    }
    multipart_done(&m);
    return rc;
}

static void check(const char *body, size_t len, int rc, const char *expected)
{
    for (size_t step = 1; step <= len; step = step < 8 ? step + 1 : step * 3) {
        struct log l = { BUF_INIT(1 << 20) };
        int got = run(body, len, step, &l);
        if (got != rc) {
            fail_msg("step %zu of %s: %d", step, body, got);
        }
        if (expected) {
            assert_string_equal(l.text.data ? l.text.data : "", expected);
        }
        buf_done(&l.text);
    }
    struct log l = { BUF_INIT(1 << 20) };
    assert_int_equal(run(body, len, len, &l), rc);
    buf_done(&l.text);
}
#define CHECK(body, rc, expected) check(body, sizeof(body) - 1, rc, expected)
#define D(rest) "Content-Disposition: form-data; " rest "\r\n"

static void forms_come_out_as_their_parts(void **state)
{
    (void)state;
    CHECK("--B\r\n" D("name=\"a\"") "\r\nhello\r\n--B--\r\n", 0, "[a|-|]hello;");
    CHECK("--B\r\n" D("name=\"a\"") "\r\n\r\n--B--", 0, "[a|-|];");
    CHECK(
        "--B \t\r\n" D("name=a") "\r\nx\r\n--B\r\n" D(
            "name=file; filename=\"f.pdf\"") "Content-Type: "
                                             "application/pdf\r\n\r\nPDF\r\n--B--\r\nepilogue --B",
        0, "[a|-|]x;[file|f.pdf|application/pdf]PDF;");
    CHECK("before\r\n--B\r\n" D("name=\"a\"") "\r\nx\r\n--B--", 0, "[a|-|]x;");
    // what looks like a boundary and is not
    CHECK("--B\r\n" D("name=\"a\"") "\r\n\r\r\n\r\n-\r\n--\r\n--A\r\n-B--B\r\n--B--", 0,
        "[a|-|]\r\r\n\r\n-\r\n--\r\n--A\r\n-B--B;");
    CHECK("--B\r\n" D("name=\"a\"") "\r\nx\r\r\n--B--", 0, "[a|-|]x\r;");
}

static void names_are_read_as_clients_write_them(void **state)
{
    (void)state;
    CHECK("--B\r\n" D("name=\"f\"; filename=\"a \\\"b\\\".txt\"") "\r\n1\r\n--B--", 0,
        "[f|a \"b\".txt|]1;");
    CHECK("--B\r\n" D("name=\"f\"; filename=\"a%22b.txt\"") "\r\n1\r\n--B--", 0, "[f|a\"b.txt|]1;");
    CHECK("--B\r\n" D("name=\"f\"; filename=\"C:\\dir\\x.txt\"") "\r\n1\r\n--B--", 0,
        "[f|C:\\dir\\x.txt|]1;");
    CHECK(
        "--B\r\n" D("name=\"f\"; filename=\"x\"; filename*=UTF-8''caf%C3%A9.txt") "\r\n1\r\n--B--",
        0, "[f|caf\xc3\xa9.txt|]1;");
    CHECK("--B\r\n" D("name=\"f\"; filename=\"\"") "\r\n\r\n--B--", 0, "[f||];");
    CHECK("--B\r\ncontent-disposition:FORM-DATA;NAME=x\r\nX-Other: 1\r\n\r\n1\r\n--B--", 0,
        "[x|-|]1;");
}

static void damaged_forms_are_refused(void **state)
{
    (void)state;
    CHECK("", ERR_INVALID, "");
    CHECK("--B--", 0, "");
    CHECK("--B\r\n" D("name=\"a\"") "\r\nx", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"") "\r\nx\r\n--B", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"") "\r\nx\r\n--B-\r\n", ERR_INVALID, NULL);
    CHECK("--Bx\r\n", ERR_INVALID, NULL);
    CHECK("--B\n" D("name=\"a\"") "\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\nContent-Disposition: form-data; name=\"a\"\n\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK(
        "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("filename=\"a\"") "\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"; name=\"b\"") "\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"") D("name=\"b\"") "\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\nX-Only: 1\r\n\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\nno colon\r\n\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\0b\"") "\r\nx\r\n--B--", ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"") "Content-Transfer-Encoding: base64\r\n\r\nx\r\n--B--",
        ERR_INVALID, NULL);
    CHECK("--B\r\n" D("name=\"a\"; filename*=UTF-8''%zz") "\r\nx\r\n--B--", ERR_INVALID, NULL);
}

static void limits_hold(void **state)
{
    (void)state;
    AUTO_BUF body = BUF_INIT(1 << 20);
    for (int i = 0; i < MULTIPART_PARTS_MAX + 1; i++) {
        buf_add_str(&body, "--B\r\n" D("name=\"a\"") "\r\nx\r\n");
    }
    buf_add_str(&body, "--B--");
    struct log l = { BUF_INIT(1 << 20) };
    assert_int_equal(run(body.data, body.len, body.len, &l), ERR_LIMIT);
    buf_reset(&body);
    buf_add_str(&body, "--B\r\nX: ");
    for (int i = 0; i < MULTIPART_HEADER_MAX; i++) {
        buf_add_char(&body, 'x');
    }
    assert_int_equal(run(body.data, body.len, body.len, &l), ERR_LIMIT);
    buf_reset(&body);
    for (int i = 0; i < MULTIPART_PREAMBLE_MAX + 1; i++) {
        buf_add_char(&body, 'x');
    }
    assert_int_equal(run(body.data, body.len, body.len, &l), ERR_INVALID);
    buf_done(&l.text);
}

static void boundaries_are_found(void **state)
{
    (void)state;
    struct slice b;
    assert_true(multipart_boundary(slice_of("multipart/form-data; boundary=abc"), &b) &&
                slice_is(b, "abc"));
    assert_true(
        multipart_boundary(slice_of("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b'c\""), &b) &&
        slice_is(b, "a b'c"));
    assert_false(multipart_boundary(slice_of("multipart/form-data"), &b));
    assert_false(multipart_boundary(slice_of("multipart/form-data; boundary="), &b));
    assert_false(multipart_boundary(slice_of("multipart/form-data; boundary=a; boundary=b"), &b));
    assert_false(multipart_boundary(slice_of("multipart/mixed; boundary=a"), &b));
    assert_false(multipart_boundary(slice_of("multipart/form-data; boundary=\"a\\\"b\""), &b));
    assert_false(multipart_boundary(
        slice_of("multipart/form-data; boundary="
                 "12345678901234567890123456789012345678901234567890123456789012345678901"),
        &b));
    assert_true(multipart_is(slice_of("multipart/form-data")));
    assert_false(multipart_is(slice_of("application/json")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_come_out_as_their_parts),
        cmocka_unit_test(names_are_read_as_clients_write_them),
        cmocka_unit_test(damaged_forms_are_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(boundaries_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
