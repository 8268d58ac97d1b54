// SPDX-License-Identifier: AGPL-3.0-or-later
// Buffers, arenas, maps, slices, UTF-8, ids, errors, time, the log.
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static void a_buffer_keeps_to_its_maximum(void **state)
{
    AUTO_BUF b = BUF_INIT(10);

    (void)state;
    buf_add_str(&b, "12345");
    buf_addf(&b, "%d", 67890);
    assert_true(buf_ok(&b));
    assert_string_equal(b.data, "1234567890");
    buf_add_char(&b, 'x');
    assert_false(buf_ok(&b));
    assert_int_equal(b.len, 10);
    buf_reset(&b);
    assert_true(buf_ok(&b) && b.len == 0);
    buf_add_str(&b, "abc");
    buf_consume(&b, 2);
    assert_string_equal(b.data, "c");
    AUTO_FREE char *taken = buf_take(&b);
    assert_string_equal(taken, "c");
    assert_int_equal(b.len, 0);
}

static void an_arena_gives_zeroed_aligned_memory_up_to_its_maximum(void **state)
{
    AUTO_ARENA a;

    (void)state;
    arena_init(&a, 100000);
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        unsigned char *p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xEE, size);
    }
    assert_null(arena_alloc(&a, 100000));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
}

static void a_map_finds_what_was_put_and_not_what_was_removed(void **state)
{
    struct map m;
    char key[16];
    static int values[1000];

    (void)state;
    map_init(&m, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(map_put(&m, slice_of(key), &values[i]), 0);
    }
    assert_int_equal(map_put(&m, SLICE_LIT("one more"), &values[0]), ERR_LIMIT);
    for (int i = 0; i < 1000; i += 2) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_ptr_equal(map_remove(&m, slice_of(key)), &values[i]);
        assert_null(map_remove(&m, slice_of(key)));
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_ptr_equal(map_find(&m, slice_of(key)), i % 2 ? &values[i] : NULL);
    }
    size_t at = 0, seen = 0;
    while (map_next(&m, &at)) {
        seen++;
    }
    assert_int_equal(seen, 500);
    map_done(&m);
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    int64_t n = 0;
    double d = 0;

    (void)state;
    assert_true(slice_to_i64(SLICE_LIT("9223372036854775807"), &n) && n == INT64_MAX);
    assert_true(slice_to_i64(SLICE_LIT("-9223372036854775808"), &n) && n == INT64_MIN);
    assert_false(slice_to_i64(SLICE_LIT("9223372036854775808"), &n) ||
                 slice_to_i64(SLICE_LIT(""), &n) || slice_to_i64(SLICE_LIT("-"), &n) ||
                 slice_to_i64(SLICE_LIT("1x"), &n) || slice_to_i64(SLICE_LIT(" 1"), &n));
    assert_true(slice_to_double(SLICE_LIT("-2.5e3"), &d) && d == -2500);
    assert_false(slice_to_double(SLICE_LIT("1e999"), &d) || slice_to_double(SLICE_LIT("x"), &d));
}

static void pieces_are_cut_with_empty_ones_kept(void **state)
{
    struct slice rest = SLICE_LIT("a,,b,"), piece;
    const char *const wanted[] = { "a", "", "b", "" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_true(slice_cut(&rest, ',', &piece));
        assert_true(slice_is(piece, wanted[i]));
    }
    assert_false(slice_cut(&rest, ',', &piece));
    assert_true(
        slice_among(SLICE_LIT("oil"), "fat oil") && slice_among(SLICE_LIT("fat"), "fat oil"));
    assert_false(
        slice_among(SLICE_LIT("oi"), "fat oil") || slice_among(SLICE_LIT("fat oil"), "fat oil"));
    assert_false(slice_among(SLICE_LIT(""), "fat  oil") || slice_among(SLICE_LIT("oil"), ""));
    assert_true(slice_ends(SLICE_LIT("a.js"), ".js") && slice_ends(SLICE_LIT(".js"), ".js"));
    assert_false(slice_ends(SLICE_LIT("js"), ".js") || slice_ends((struct slice){ 0 }, "x"));
}

static void malformed_utf8_is_known_and_cleaned(void **state)
{
    static const char *const bad[] = { "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xFF", "\x80", "a\xE2\x82" };
    AUTO_BUF b = BUF_INIT(100);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(utf8_valid(slice_of(bad[i])));
        buf_reset(&b);
        utf8_add_clean(&b, slice_of(bad[i]));
        assert_true(utf8_valid(buf_slice(&b)));
    }
    assert_true(utf8_valid(SLICE_LIT("€ 油 😀")));
    buf_reset(&b);
    utf8_add_clean(&b, slice_make("a\0b\x1b[0m\tc\n", 10));
    assert_string_equal(b.data, "a b [0m\tc\n");
    assert_int_equal(utf8_prefix(SLICE_LIT("ab€"), 4).len, 2);
    assert_int_equal(utf8_count(SLICE_LIT("ab€")), 3);
}

static void ids_sort_by_time_and_have_their_shape(void **state)
{
    char one[ID_SIZE], two[ID_SIZE];

    (void)state;
    id_new(one);
    id_new(two);
    assert_true(id_valid(slice_of(one)) && one[14] == '7');
    assert_string_not_equal(one, two);
    assert_true(memcmp(one, two, 8) <= 0);
    assert_false(id_valid(SLICE_LIT("01a20377-391e-7516-b700-d1c80b8c6bd")) ||
                 id_valid(SLICE_LIT("01a20377_391e-7516-b700-d1c80b8c6bd5")));
}

static void an_errors_sentence_is_utf8_whatever_it_quotes(void **state)
{
    char wide[2 * ERROR_TEXT_MAX + 1];
    struct error err;
    (void)state;

    error_set(&err, ERR_INVALID, "\"%s\" is no setting.", "a\xff\x1b[1m\xc3");
    assert_string_equal(err.text, "\"a? [1m?\" is no setting.");
    for (size_t lead = 0; lead < 4; lead++) { // the cut falls on each byte of a character
        memset(wide, 'x', sizeof(wide));
        for (size_t i = lead; i + 4 < sizeof(wide); i += 4) {
            memcpy(wide + i, "\xF0\x9F\x8D\x9F", 4);
        }
        wide[sizeof(wide) - 1] = '\0';
        error_set(&err, ERR_INVALID, "%s", wide);
        assert_true(utf8_valid(slice_of(err.text)));
        assert_true(strlen(err.text) > ERROR_TEXT_MAX - 5);
        assert_null(strchr(err.text, '?'));
        error_prefix(&err, ERR_INVALID, "line %d", 12);
        assert_true(utf8_valid(slice_of(err.text)));
    }
}

static void every_error_has_a_kind_of_its_own(void **state)
{
    struct error err;

    (void)state;
    for (int code = ERR_INTERNAL; code <= 0; code++) {
        assert_int_equal(error_kind(code)->code, code);
    }
    assert_int_equal(error_kind(-999)->code, ERR_INTERNAL);
    assert_int_equal(error_set(&err, ERR_BUSY, "Full: %d.", 3), ERR_BUSY);
    assert_int_equal(error_prefix(&err, ERR_BUSY, "Queue"), ERR_BUSY);
    assert_string_equal(err.text, "Queue: Full: 3.");
    assert_int_equal(error_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void times_are_written_in_utc(void **state)
{
    char text[CLOCK_TEXT_MAX];

    (void)state;
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(1795350000123, text);
    assert_string_equal(text, "2026-11-22T12:20:00.123Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void text_is_encoded_for_a_url(void **state)
{
    AUTO_BUF b = BUF_INIT(64);

    (void)state;
    buf_add_percent(&b, "aZ09-._~ /?&=%\xC3\xBC\x7F");
    assert_string_equal(b.data, "aZ09-._~%20%2F%3F%26%3D%25%C3%BC%7F");
}

// The line that is written for these values.
static ssize_t logged(const struct log_value *values, char *ret, size_t size)
{
    int kept = dup(STDERR_FILENO), seen = memfd_create("log", MFD_CLOEXEC);

    dup2(seen, STDERR_FILENO);
    log_event(LOG_LEVEL_ERROR, "upload.refused", values);
    dup2(kept, STDERR_FILENO);
    ssize_t n = pread(seen, ret, size - 1, 0);
    close(kept);
    close(seen);
    ret[n > 0 ? n : 0] = '\0';
    return n;
}

static void no_value_can_keep_its_line_out_of_the_log(void **state)
{
    static char controls[2000], line[256 * 1024];
    struct log_value values[17] = { 0 };

    (void)state;
    memset(controls, 1, sizeof(controls) - 1);
    for (size_t i = 0; i + 1 < ARRAY_LEN(values); i++) {
        values[i] = LS("name", controls);
    }
    ssize_t n = logged(values, line, sizeof(line));
    assert_true(n > 0);
    assert_non_null(strstr(line, "upload.refused"));
    assert_int_equal(line[n - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    values[1].key = NULL;
    assert_true(logged(values, line, sizeof(line)) < 8 * 1024); // one value is cut
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_keeps_to_its_maximum),
        cmocka_unit_test(text_is_encoded_for_a_url),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_up_to_its_maximum),
        cmocka_unit_test(a_map_finds_what_was_put_and_not_what_was_removed),
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(pieces_are_cut_with_empty_ones_kept),
        cmocka_unit_test(malformed_utf8_is_known_and_cleaned),
        cmocka_unit_test(ids_sort_by_time_and_have_their_shape),
        cmocka_unit_test(an_errors_sentence_is_utf8_whatever_it_quotes),
        cmocka_unit_test(every_error_has_a_kind_of_its_own),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(no_value_can_keep_its_line_out_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
