// SPDX-License-Identifier: AGPL-3.0-or-later
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static void sizes_are_read_with_their_units(void **state)
{
    int64_t n = 0;

    (void)state;
    assert_true(size_parse(SLICE_LIT("100MiB"), &n) && n == 100 << 20);
    assert_true(size_parse(SLICE_LIT(" 64 kib "), &n) && n == 64 << 10);
    assert_true(size_parse(SLICE_LIT("1000"), &n) && n == 1000);
    assert_true(size_parse(SLICE_LIT("2GiB"), &n) && n == (int64_t)2 << 30);
    assert_false(size_parse(SLICE_LIT("10MB"), &n) || size_parse(SLICE_LIT("MiB"), &n) ||
                 size_parse(SLICE_LIT("-1"), &n) || size_parse(SLICE_LIT("9999999999TiB"), &n) ||
                 size_parse(SLICE_LIT(""), &n));
}

static void a_wrong_value_is_named(void **state)
{
    struct settings s;
    struct error err;

    (void)state;
    settings_init(&s);
    assert_int_equal(settings_set(&s, "log.level", "loud", &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "debug info warn error"));
    assert_int_equal(settings_set(&s, "jobs.workers", "0", &err), ERR_INVALID);
    assert_int_equal(settings_set(&s, "no.such", "1", &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "no.such"));
    assert_int_equal(settings_set(&s, "limits.pdf", "5MiB", &err), 0);
    assert_int_equal(s.cap[FORMAT_PDF], 5 << 20);
    assert_int_equal(settings_set(&s, "limits.exe", "5MiB", &err), ERR_INVALID);
    settings_done(&s);
}

static void a_file_sets_and_its_faults_are_named_by_line(void **state)
{
    char path[] = "/tmp/larder-settings-XXXXXX";
    struct settings s;
    struct error err;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    (void)state;
    fputs("[server]\nlisten = 127.0.0.1:9\n[limits]\ncsv = 1MiB\n", f);
    fflush(f);
    settings_init(&s);
    assert_int_equal(settings_load_file(&s, path, &err), 0);
    assert_string_equal(s.listen, "127.0.0.1:9");
    assert_int_equal(s.cap[FORMAT_CSV], 1 << 20);
    fputs("[jobs]\nworkers = many\n", f);
    fclose(f);
    assert_int_equal(settings_load_file(&s, path, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "line 6"));
    assert_int_equal(settings_load_file(&s, "/nonexistent", &err), ERR_NOT_FOUND);
    settings_done(&s);
    unlink(path);
}

static void the_environment_wins_over_defaults(void **state)
{
    struct settings s;
    struct error err;

    (void)state;
    settings_init(&s);
    setenv("LARDER_SERVER_LISTEN", "127.0.0.1:77", 1);
    setenv("LARDER_LIMITS_TXT", "3KiB", 1);
    assert_int_equal(settings_load_environment(&s, &err), 0);
    assert_string_equal(s.listen, "127.0.0.1:77");
    assert_int_equal(s.cap[FORMAT_TXT], 3 << 10);
    setenv("LARDER_LIMITS_TXT", "lots", 1);
    assert_int_equal(settings_load_environment(&s, &err), ERR_INVALID);
    unsetenv("LARDER_SERVER_LISTEN");
    unsetenv("LARDER_LIMITS_TXT");
    settings_done(&s);
}

static void formats_are_found_by_every_name(void **state)
{
    (void)state;
    assert_int_equal(format_by_extension(SLICE_LIT("DOCM"))->id, FORMAT_DOCM);
    assert_int_equal(format_by_extension(SLICE_LIT("markdown"))->id, FORMAT_MD);
    assert_int_equal(format_by_media_type(SLICE_LIT("text/CSV; charset=utf-8"))->id, FORMAT_CSV);
    assert_int_equal(format_by_name(SLICE_LIT("xlsx"))->id, FORMAT_XLSX);
    assert_null(format_by_extension(SLICE_LIT("")));
    assert_null(format_by_media_type(SLICE_LIT("application/octet-stream")));
    for (size_t i = 0; format_at(i); i++) {
        assert_ptr_equal(format_info(format_at(i)->id), format_at(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_with_their_units),
        cmocka_unit_test(a_wrong_value_is_named),
        cmocka_unit_test(a_file_sets_and_its_faults_are_named_by_line),
        cmocka_unit_test(the_environment_wins_over_defaults),
        cmocka_unit_test(formats_are_found_by_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
