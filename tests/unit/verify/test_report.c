// SPDX-License-Identifier: AGPL-3.0-or-later
// The writers of reports: JUnit is well-formed whatever a server said, counts are right, texts hold nothing that could drive a
// terminal, and every check of the table can be told from the others.
#include "base/utf8.h"
#include "verify/verify.h"
#include "wire/json.h"

#include <expat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NASTY                                                                                      \
    "<b>&amp; \"quoted\" 'single' ]]> \x1B[31m\x01 \xC2\x9B"                                       \
    "31m \xC3\x28 \xEF\xBF\xBE caf\xC3\xA9"

static struct verify_report *new_report(void)
{
    struct verify_report *r = xalloc(sizeof(*r));

    verify_report_init(r, "http://127.0.0.1:1/\"<&>");
    for (size_t i = 0; i < r->count; i++) {
        r->results[i].status = VERIFY_PASS;
        r->results[i].took_ms = 10;
    }
    r->ended = true;
    return r;
}

static void set(struct verify_report *r, size_t i, enum verify_status status, const char *text)
{
    r->results[i].status = status;
    snprintf(r->results[i].text, sizeof(r->results[i].text), "%s", text);
}

struct seen {
    int suites, cases, failures, skipped, errors;
    char failure[1024];
    int announced_failures, announced_skipped, announced_tests;
};

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct seen *s = ctx;

    s->suites += strcmp(name, "testsuite") == 0;
    s->cases += strcmp(name, "testcase") == 0;
    s->failures += strcmp(name, "failure") == 0;
    s->skipped += strcmp(name, "skipped") == 0;
    s->errors += strcmp(name, "error") == 0;
    for (int i = 0; attributes[i]; i += 2) {
        if (strcmp(name, "failure") == 0 && strcmp(attributes[i], "message") == 0) {
            snprintf(s->failure, sizeof(s->failure), "%s", attributes[i + 1]);
        }
        if (strcmp(name, "testsuite") == 0) {
            int n = atoi(attributes[i + 1]);
            s->announced_tests += strcmp(attributes[i], "tests") == 0 ? n : 0;
            s->announced_failures += strcmp(attributes[i], "failures") == 0 ? n : 0;
            s->announced_skipped += strcmp(attributes[i], "skipped") == 0 ? n : 0;
        }
    }
}

static struct seen parse_junit(const struct verify_report *r)
{
    AUTO_BUF xml = BUF_INIT(VERIFY_REPORT_MAX);
    struct seen seen = { 0 };
    XML_Parser p = XML_ParserCreate(NULL);

    verify_report_junit(r, &xml);
    assert_true(buf_ok(&xml));
    XML_SetUserData(p, &seen);
    XML_SetStartElementHandler(p, on_start);
    if (XML_Parse(p, xml.data, (int)xml.len, 1) != XML_STATUS_OK) {
        print_error("line %lu: %s\n", (unsigned long)XML_GetCurrentLineNumber(p),
            XML_ErrorString(XML_GetErrorCode(p)));
        fail();
    }
    XML_ParserFree(p);
    return seen;
}

static void junit_is_well_formed_whatever_the_server_said(void **state)
{
    struct verify_report *r = new_report();

    (void)state;
    set(r, 3, VERIFY_FAIL, NASTY);
    set(r, 4, VERIFY_SKIPPED, NASTY);
    struct seen seen = parse_junit(r);
    assert_int_equal(seen.cases, r->count);
    assert_int_equal(seen.failures, 1);
    assert_int_equal(seen.skipped, 1);
    assert_int_equal(seen.announced_tests, r->count);
    assert_int_equal(seen.announced_failures, 1);
    assert_int_equal(seen.announced_skipped, 1);
    assert_non_null(strstr(seen.failure, "<b>&amp; \"quoted\" 'single' ]]> "));
    assert_non_null(strstr(seen.failure, "caf\xC3\xA9"));
    assert_null(strchr(seen.failure, 0x1B));
    free(r);
}

static void every_byte_alone_keeps_junit_well_formed(void **state)
{
    struct verify_report *r = new_report();

    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[8] = { 'a', (char)c, 'b', (char)c, 0 };
        set(r, 0, VERIFY_FAIL, text);
        assert_int_equal(parse_junit(r).failures, 1);
    }
    free(r);
}

static void run_that_could_not_begin_is_an_error_of_junit(void **state)
{
    struct verify_report *r = xalloc(sizeof(*r));

    (void)state;
    verify_report_init(r, "http://127.0.0.1:1");
    r->rc = ERR_AUTH;
    snprintf(r->error, sizeof(r->error), "The key is not known to this server.");
    struct seen seen = parse_junit(r);
    assert_int_equal(seen.errors, 1);
    assert_int_equal(seen.skipped, r->count); // none of them is a pass
    free(r);
}

static void json_says_result_counts_and_advice(void **state)
{
    struct verify_report *r = new_report();
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);

    (void)state;
    set(r, 3, VERIFY_FAIL, NASTY);
    set(r, 4, VERIFY_SKIPPED, "no part");
    r->results[5].measured = true;
    r->results[5].value = 12.3456;
    assert_int_equal(verify_report_json(r, &text, NULL), 0);
    AUTO_JSON *json = json_in_parse_object(buf_slice(&text), NULL);
    assert_non_null(json);
    const json_t *checks = json_object_get(json, "checks");
    assert_string_equal(json_string_value(json_object_get(json, "result")), "fail");
    assert_int_equal(json_integer_value(json_object_get(json, "failed")), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "skipped")), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "passed")), r->count - 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(checks, 3), "advice")),
        r->results[3].check->advice);
    assert_true(json_is_null(json_object_get(json_array_get(checks, 0), "advice")));
    double value = json_number_value(json_object_get(json_array_get(checks, 5), "value"));
    assert_true(value > 12.3459 && value < 12.3461);
    free(r);
}

static void text_names_what_failed_and_drives_no_terminal(void **state)
{
    struct verify_report *r = new_report();
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);

    (void)state;
    set(r, 3, VERIFY_FAIL, NASTY);
    verify_result_text(&r->results[3], true, &text);
    verify_end_text(r, &text);
    assert_non_null(strstr(text.data, r->results[3].check->advice));
    assert_non_null(strstr(text.data, "not ready"));
    assert_non_null(strstr(strstr(text.data, "not ready"), r->results[3].check->id));
    assert_null(strchr(text.data, 0x1B));
    assert_null(strstr(text.data, "\xC2\x9B")); // CSI as one character
    assert_true(utf8_valid(buf_slice(&text)));
    free(r);
}

static void skipped_is_never_counted_as_passed(void **state)
{
    struct verify_report *r = new_report();
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);

    (void)state;
    set(r, 0, VERIFY_SKIPPED, "no scanner is set.");
    verify_result_text(&r->results[0], false, &text);
    assert_non_null(strstr(text.data, "skipped, because no scanner is set."));
    assert_int_equal(verify_count(r, VERIFY_PASS), r->count - 1);
    free(r);
}

static void checks_have_ids_of_their_own_and_stand_by_category(void **state)
{
    (void)state;
    for (size_t i = 0; verify_check_at(i); i++) {
        const struct verify_check *c = verify_check_at(i);
        assert_true(c->id && c->category && c->proves && c->advice && c->run);
        assert_true((c->limit > 0) == (c->unit != NULL));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(verify_check_at(k)->id, c->id);
            // A category that comes back would be two headings in the report.
            assert_true(strcmp(verify_check_at(k)->category, c->category) != 0 ||
                        strcmp(verify_check_at(i - 1)->category, c->category) == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_is_well_formed_whatever_the_server_said),
        cmocka_unit_test(every_byte_alone_keeps_junit_well_formed),
        cmocka_unit_test(run_that_could_not_begin_is_an_error_of_junit),
        cmocka_unit_test(json_says_result_counts_and_advice),
        cmocka_unit_test(text_names_what_failed_and_drives_no_terminal),
        cmocka_unit_test(skipped_is_never_counted_as_passed),
        cmocka_unit_test(checks_have_ids_of_their_own_and_stand_by_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
