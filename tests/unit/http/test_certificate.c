// SPDX-License-Identifier: AGPL-3.0-or-later
// What is said about a certificate as its time goes by, and files that are none. Real certificates: tests/e2e/test_tls.py.
#include "http/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY = 86400 };

static void advice_changes_as_time_goes_by(void **state)
{
    const int64_t from = 1700000000, until = from + (int64_t)90 * DAY;
    const struct {
        int64_t now;
        bool open;
        enum certificate_state state;
        const char *words;
    } cases[] = {
        { from - 1, false, CERTIFICATE_BAD, "valid from 2023-11-14 on" },
        { from, false, CERTIFICATE_GOOD, "valid until 2024-02-12" },
        { from, true, CERTIFICATE_WARN, "Every user" },
        { until - CERTIFICATE_SOON_S, false, CERTIFICATE_GOOD, "valid until" },
        { until - CERTIFICATE_SOON_S + 1, false, CERTIFICATE_WARN, "in 13 days" },
        { until - DAY - 1, true, CERTIFICATE_WARN, "in 1 day. " },
        { until - 1, false, CERTIFICATE_WARN, "in 0 days" },
        { until, false, CERTIFICATE_BAD, "expired on 2024-02-12" },
        { INT32_MAX, true, CERTIFICATE_BAD, "expired" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct certificate_info info = {
            .from_s = from, .until_s = until, .key_is_open = cases[i].open
        };
        char words[ERROR_TEXT_MAX];
        assert_int_equal(certificate_advice(&info, cases[i].now, words), cases[i].state);
        if (!strstr(words, cases[i].words)) {
            fail_msg("case %zu: %s", i, words);
        }
    }
}

static void what_is_no_certificate_is_refused_with_a_sentence(void **state)
{
    static const char *const texts[] = { "", "\n", "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n" };
    struct ssl_ctx_st *context = NULL;
    struct certificate_info info;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char path[] = "/tmp/larder-certificate-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, texts[i], strlen(texts[i])) == (ssize_t)strlen(texts[i]));
        close(fd);
        struct certificate_files files = { .certificate = path, .key = path };
        assert_int_equal(certificate_load(&files, &context, &info, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, "no certificate in PEM form"));
        assert_null(context);
        unlink(path);
        assert_int_equal(certificate_load(&files, &context, &info, &err), ERR_NOT_FOUND);
    }
    struct certificate_files device = { .certificate = "/dev/zero", .key = "/dev/zero" };
    assert_int_equal(certificate_load(&device, &context, &info, &err), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advice_changes_as_time_goes_by),
        cmocka_unit_test(what_is_no_certificate_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
