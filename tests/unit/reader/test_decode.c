// SPDX-License-Identifier: AGPL-3.0-or-later
// Encodings: what is guessed, and that the converters agree with the standards.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "reader/decode.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *encoding, *bytes;
    size_t len;
    const char *text;
} conversions[] = {
    { "windows-1252",
        BYTES("\x80 \x93"
              "a\x94 \xE9"),
        "€ “a” é" },
    { "windows-1251", BYTES("\xCF\xF0\xE8"), "При" },
    { "koi8-r", BYTES("\xF0\xD2\xC9"), "При" },
    { "ibm866", BYTES("\x8F\xE0\xA8"), "При" },
    { "windows-1253", BYTES("\xC1\xE8\xDE"), "Αθή" },
    { "macintosh", BYTES("caf\x8E"), "café" },
    { "iso-8859-15", BYTES("\xA4"), "€" },
    { "windows-874", BYTES("\xA1\xD2"), "กา" },
    { "shift_jis", BYTES("\x93\xFA\x96\x7B \xB1\x81\x41"), "日本 ｱ、" },
    { "euc-jp", BYTES("\xC6\xFC\xCB\xDC\x8E\xB1\x8F\xB0\xA1"), "日本ｱ丂" },
    { "iso-2022-jp", BYTES("a\x1B$BF|K\\\x1B(Bb"), "a日本b" },
    { "gb18030", BYTES("\xD6\xD0\xCE\xC4 \x81\x30\x84\x36 \x94\x39\xDA\x33"), "中文 ¥ 💩" },
    { "hz-gb-2312", BYTES("a ~{VPND~} ~~"), "a 中文 ~" },
    { "big5", BYTES("\xA4\xA4\xA4\xE5"), "中文" },
    { "euc-kr", BYTES("\xC7\xD1\xB1\xDB"), "한글" },
    { "iso-2022-kr",
        BYTES("\x1B$)C\x0EGQ1[\x0F"
              "a"),
        "한글a" },
    { "utf-16le", BYTES("a\0\x3D\xD8\xA9\xDC"), "a💩" },
    { "utf-16be", BYTES("\0a\xD8\x3D\xDC\xA9"), "a💩" },
    { "utf-32le", BYTES("a\0\0\0\xA9\xF4\x01\0"), "a💩" },
};

static void converters_agree_with_the_standards(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        AUTO_BUF out = BUF_INIT(1000);
        const struct decode_encoding *e = decode_find(slice_of(conversions[i].encoding));
        struct slice in = slice_make(conversions[i].bytes, conversions[i].len);
        assert_non_null(e);
        assert_int_equal(decode_add(e, in, &out), 0);
        assert_string_equal(out.data, conversions[i].text);
        assert_int_equal(decode_count_bad(e, in, 100), 0);
    }
}

static const struct {
    const char *bytes;
    size_t len;
    const char *encoding;
} guesses[] = {
    { BYTES(""), "utf-8" },
    { BYTES("plain"), "utf-8" },
    { BYTES("caf\xC3\xA9"), "utf-8" },
    { BYTES("caf\xC3\xA9 and caf\xC3\xA9 and caf\xC3\xA9, na\xC3\xAFve, \xC3\xBC"
            "ber, \xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA9 bad \xE9 end"),
        "utf-8" },
    { BYTES("caf\xE9"), "windows-1252" },
    { BYTES("\x93smart\x94 quotes \x96 and dashes"), "windows-1252" },
    { BYTES("\xEF\xBB\xBFx"), "utf-8" },
    { BYTES("\xFF\xFE"
            "a\0"),
        "utf-16le" },
    { BYTES("\xFE\xFF\0a"), "utf-16be" },
    { BYTES("h\0e\0l\0l\0o\0 \0y\0o\0u\0"), "utf-16le" },
    { BYTES("\0h\0e\0l\0l\0o\0 \0y\0o\0u"), "utf-16be" },
    { BYTES("a\0\0\0b\0\0\0"), "utf-32le" },
    { BYTES("abc \x1B$BF|K\\\x1B(B"), "iso-2022-jp" },
    { BYTES("d\x8E"
            "j\x88 vu, \x8Et\x8E"
            "s, \x8E"
            "cole, caf\x8E, th\x8E"
            "s, bl\x8E, pr\x8Es, gar\x8D"
            "on"),
        "macintosh" },
};

static void encodings_are_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
        bool guessed;
        const struct decode_encoding *e =
            decode_guess(slice_make(guesses[i].bytes, guesses[i].len), &guessed);
        if (strcmp(decode_name(e), guesses[i].encoding) != 0) {
            fail_msg("case %zu: expected %s, got %s", i, guesses[i].encoding, decode_name(e));
        }
    }
}

static void anything_becomes_valid_utf8(void **state)
{
    unsigned seed = 3;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char bytes[300];
        size_t len = (size_t)rand_r(&seed) % sizeof(bytes);
        AUTO_BUF store = { .max = 1 };
        struct decoded d;
        for (size_t k = 0; k < len; k++) {
            bytes[k] = (char)(i % 3 == 0 ? 0x80 | rand_r(&seed) : rand_r(&seed));
        }
        assert_int_equal(decode_text(slice_make(bytes, len), &store, &d), 0);
        assert_true(utf8_valid(d.text));
    }
}

static void a_mark_is_dropped_and_damage_counted(void **state)
{
    AUTO_BUF store = { .max = 1 };
    struct decoded d;
    (void)state;
    assert_int_equal(decode_text(slice_make(BYTES("\xFF\xFE"
                                                  "a\0\0\xD8"
                                                  "b\0")),
                         &store, &d),
        0);
    assert_true(slice_is(d.text, "a\xEF\xBF\xBD"
                                 "b"));
    assert_int_equal(d.bad, 1);
    assert_false(d.guessed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converters_agree_with_the_standards),
        cmocka_unit_test(encodings_are_guessed),
        cmocka_unit_test(anything_becomes_valid_utf8),
        cmocka_unit_test(a_mark_is_dropped_and_damage_counted),
    };
    return cmocka_run_group_tests_name("reader/decode", tests, NULL, NULL);
}
