// SPDX-License-Identifier: AGPL-3.0-or-later
// The checks of doc, xls and ppt: what is wrong or active is told before anything is converted. The files are fixtures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/cfb.h"
#include "reader/reader.h"

enum { FILE_MAX = 200 << 10 };

static int add_finding(void *ctx, const struct finding *f)
{
    buf_addf(ctx, "%s: %s\n", f->code->code, f->message);
    return 0;
}

static char *load(const char *name, size_t *ret_len)
{
    char path[500];
    snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *bytes = malloc(FILE_MAX);
    *ret_len = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    return bytes;
}

static void check(enum format_id id, const char *bytes, size_t len, struct buf *said)
{
    struct reader_sink sink = { .finding = add_finding, .ctx = said };
    struct reader r = {
        .format = id, .input = { bytes, len }, .limits = &reader_limits_default, .sink = &sink
    };
    struct error err = { .code = 0 };

    buf_reset(said);
    assert_int_equal(reader_format_find(id)->check(&r, &err), 0);
    buf_add_char(said, '\0');
}

static void each_file_says_what_it_is(void **state)
{
    static const struct {
        const char *name, *says; // "": nothing
    } cases[] = {
        { "manual.doc", "" },
        { "menu.xls", "" },
        { "training.ppt", "" },
        { "macro.doc",
            "active.macro: The document contains macros (modules: ThisDocument, Module1)" },
        { "hostile/encrypted.doc", "structure.encrypted" },
        { "hostile/encrypted.xls", "structure.encrypted" },
        { "hostile/encrypted.ppt", "structure.encrypted" },
        { "hostile/ooxml-encrypted.doc", "structure.encrypted" },
        { "hostile/no-table.doc", "structure.corrupt" },
        { "hostile/overrun.xls", "structure.corrupt" },
        { "hostile/empty.ppt", "structure.corrupt" },
        { "hostile/truncated.xls", "structure.truncated" },
        { "hostile/xls-named.doc", "type.mismatch" },
    };
    AUTO_BUF said = BUF_INIT(16 << 10);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = 0;
        AUTO_FREE char *bytes = load(cases[i].name, &len);
        enum format_id id = format_by_extension(slice_of(strrchr(cases[i].name, '.') + 1))->id;
        check(id, bytes, len, &said);
        if (cases[i].says[0] ? !strstr(said.data, cases[i].says) : said.data[0]) {
            fail_msg("%s: wanted \"%s\", got \"%s\"", cases[i].name, cases[i].says, said.data);
        }
    }
}

static void every_length_is_survived_and_never_fine(void **state)
{
    static const char *const names[] = { "menu.xls", "manual.doc", "training.ppt" };
    AUTO_BUF said = BUF_INIT(16 << 10);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = 0;
        AUTO_FREE char *bytes = load(names[i], &len);
        enum format_id id = format_by_extension(slice_of(strrchr(names[i], '.') + 1))->id;
        for (size_t n = 0; n + 512 <= len; n += n < 600 ? 1 : 211) {
            AUTO_FREE char *exact = malloc(n + 1); // so that a sanitizer sees a byte too many
            memcpy(exact, bytes, n);
            check(id, exact, n, &said);
            assert_true(said.data[0] != '\0');
        }
        assert_false(cfb_is_cut(slice_make(bytes, len)));
    }
}

// The table covers more sectors than the file has; some programs fill the rest with ends of chains, not with "free".
static void a_table_filled_with_ends_is_not_cut(void **state)
{
    AUTO_BUF said = BUF_INIT(16 << 10);
    size_t len = 0;
    (void)state;
    AUTO_FREE char *bytes = load("manual.doc", &len);
    uint32_t table = 0, word = 0;
    memcpy(&table, bytes + 76, 4);
    size_t sectors = len / 512 - 1;
    assert_true(sectors < 128); // one sector of the table
    for (size_t i = sectors; i < 128; i++) {
        memcpy(&word, bytes + 512 + (size_t)table * 512 + i * 4, 4);
        assert_int_equal(word, 0xFFFFFFFF);
        memcpy(bytes + 512 + (size_t)table * 512 + i * 4, "\xFE\xFF\xFF\xFF", 4);
    }
    check(FORMAT_DOC, bytes, len, &said);
    assert_string_equal(said.data, "");
    assert_false(cfb_is_cut(slice_make(bytes, len)));
    assert_true(cfb_is_cut(slice_make(bytes, len - 2048)));
}

static void reading_needs_a_conversion(void **state)
{
    struct reader_sink sink = { .finding = NULL };
    struct reader r = { .format = FORMAT_DOC, .limits = &reader_limits_default, .sink = &sink };
    (void)state;
    assert_int_equal(reader_format_find(FORMAT_DOC)->read(&r, NULL), ERR_UNSUPPORTED);
    for (size_t i = 0; format_at(i); i++) {
        const char *to = format_at(i)->converted_to;
        assert_true(!to || format_by_name(slice_of(to)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_says_what_it_is),
        cmocka_unit_test(every_length_is_survived_and_never_fine),
        cmocka_unit_test(a_table_filled_with_ends_is_not_cut),
        cmocka_unit_test(reading_needs_a_conversion),
    };
    return cmocka_run_group_tests_name("reader/legacy", tests, NULL, NULL);
}
