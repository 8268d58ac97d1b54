// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of findings, and the list with its limit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "wire/finding.h"

#include <jansson.h>

static void table_is_consistent(void **state)
{
    const struct finding_code *c;
    (void)state;
    for (size_t i = 0; (c = finding_code_at(i)); i++) {
        assert_ptr_equal(finding_code_find(slice_of(c->code)), c); // no code twice
        assert_in_range(c->layer, 1, 5);
        assert_true(strlen(c->advice) > 10);
        if (c->severity == SEVERITY_REJECT && c->reason == REASON_NONE) {
            fail_msg("%s refuses without a reason", c->code);
        }
        if (c->severity < SEVERITY_QUARANTINE && c->reason != REASON_NONE) {
            fail_msg("%s has a reason but does not refuse", c->code);
        }
    }
    assert_null(finding_code_find(SLICE_LIT("no.such")));
}

static void every_reason_has_a_code(void **state)
{
    (void)state;
    for (int r = REASON_NONE + 1; r < REASONS; r++) {
        const struct finding_code *c;
        bool found = false;
        for (size_t i = 0; (c = finding_code_at(i)); i++) {
            found = found || c->reason == (enum reason)r;
        }
        if (!found) {
            fail_msg("no code refuses for %s", reason_word((enum reason)r));
        }
    }
}

static void verdict_is_the_worst_and_reason_the_lowest_layer(void **state)
{
    struct findings f;
    (void)state;
    findings_init(&f);
    assert_int_equal(findings_verdict(&f), VERDICT_ACCEPTED);
    findings_add(&f, "structure.unusual", NULL, "Odd.");
    assert_int_equal(findings_verdict(&f), VERDICT_ACCEPTED);
    findings_add(&f, "active.macro", NULL, "A macro.");
    assert_int_equal(findings_verdict(&f), VERDICT_ACCEPTED_WITH_WARNINGS);
    findings_add(&f, "malware.not_scanned", NULL, "Nobody looked.");
    assert_int_equal(findings_verdict(&f), VERDICT_QUARANTINED);
    findings_add(&f, "malware.signature", NULL, "Bad.");
    assert_int_equal(findings_verdict(&f), VERDICT_REJECTED);
    assert_int_equal(findings_reason(&f), REASON_MALWARE_SIGNATURE);
    findings_add(&f, "xml.dtd", NULL, "A DTD.");
    findings_add(&f, "type.mismatch", NULL, "Not a PDF.");
    assert_int_equal(findings_reason(&f), REASON_TYPE_MISMATCH);
    assert_int_equal(findings_verdict(&f), VERDICT_REJECTED);
    assert_true(findings_has(&f, "xml.dtd"));
    assert_false(findings_has(&f, "bomb.ratio"));
    findings_done(&f);
}

static void same_code_at_same_place_is_kept_once(void **state)
{
    struct findings f;
    struct place one = { .kind = PLACE_PAGE, .number = 1 },
                 two = { .kind = PLACE_PAGE, .number = 2 };
    (void)state;
    findings_init(&f);
    findings_add(&f, "active.script", &one, "A script.");
    findings_add(&f, "active.script", &one, "A script.");
    findings_add(&f, "active.script", &two, "A script.");
    assert_int_equal(f.count, 2);
    findings_done(&f);
}

static void names_of_places_are_copied(void **state)
{
    struct findings f;
    char name[] = "Menu";
    struct place p = { .kind = PLACE_SHEET, .name = { name, 4 } };
    (void)state;
    findings_init(&f);
    findings_add(&f, "text.hidden", &p, "Hidden.");
    memset(name, 'x', 4);
    assert_true(slice_is(f.items[0].place.name, "Menu"));
    findings_done(&f);
}

// A noisy code must not push out others, and what refuses always gets in.
static void full_list_still_takes_a_reject(void **state)
{
    static const char *const noisy[] = { "active.script", "active.launch", "active.external",
        "embedded.file", "page.no_text" };
    struct findings f;
    AUTO_BUF json = BUF_INIT(1 << 20);
    (void)state;
    findings_init(&f);
    for (int i = 1; i <= 500; i++) {
        struct place p = { .kind = PLACE_PAGE, .number = i };
        for (size_t n = 0; n < ARRAY_LEN(noisy); n++) {
            findings_add(&f, noisy[n], &p, "On page %d.", i);
        }
    }
    assert_int_equal(f.count, FINDINGS_MAX);
    findings_add(&f, "bomb.ratio", NULL, "A bomb.");
    assert_int_equal(f.count, FINDINGS_MAX);
    assert_int_equal(findings_verdict(&f), VERDICT_REJECTED);
    for (size_t n = 0; n < ARRAY_LEN(noisy) - 1; n++) {
        assert_true(findings_has(&f, noisy[n]));
    }
    assert_true(f.dropped > 2000);
    findings_add_json(&json, &f);
    assert_true(buf_ok(&json));
    json_t *list = json_loadb(json.data, json.len, 0, NULL);
    assert_int_equal(json_array_size(list), FINDINGS_MAX);
    assert_non_null(strstr(json.data, "more findings are left out"));
    json_decref(list);
    findings_done(&f);
}

static void messages_are_one_line_of_utf8(void **state)
{
    struct findings f;
    char text[2000];
    (void)state;
    findings_init(&f);
    findings_add(&f, "structure.unusual", NULL, "a\nb\x01\xff%s", "é");
    assert_string_equal(f.items[0].message, "a b \xef\xbf\xbdé");
    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        memcpy(text + i, "é", 2);
    }
    text[sizeof(text) - 2] = '\0';
    findings_add(&f, "structure.corrupt", NULL, "x%s", text);
    assert_true(utf8_valid(slice_of(f.items[1].message)));
    assert_true(strlen(f.items[1].message) >= sizeof(f.items[1].message) - 4);
    findings_done(&f);
}

static void json_has_the_promised_fields(void **state)
{
    struct findings f;
    AUTO_BUF json = BUF_INIT(4096);
    struct place p = { .kind = PLACE_PAGE, .number = 3 };
    (void)state;
    findings_init(&f);
    findings_add(&f, "active.script", &p, "A script on page 3.");
    findings_add_json(&json, &f);
    assert_string_equal(json.data, "[{\"code\":\"active.script\",\"layer\":5,\"severity\":"
                                   "\"warning\",\"message\":\"A script on page 3.\","
                                   "\"place\":{\"page\":3},\"advice\":\"Nothing of it is ever run "
                                   "here. Make sure that you know who made the "
                                   "document.\"}]");
    findings_done(&f);
}

static void verdict_words_read_back(void **state)
{
    (void)state;
    for (int v = VERDICT_ACCEPTED; v <= VERDICT_REJECTED; v++) {
        assert_int_equal(verdict_from_word(slice_of(verdict_word((enum verdict)v))), v);
    }
    assert_int_equal(verdict_from_word(SLICE_LIT("perhaps")), -1);
    assert_null(reason_word(REASON_NONE));
    assert_string_equal(reason_word(REASON_POLYGLOT), "polyglot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_consistent),
        cmocka_unit_test(every_reason_has_a_code),
        cmocka_unit_test(verdict_is_the_worst_and_reason_the_lowest_layer),
        cmocka_unit_test(same_code_at_same_place_is_kept_once),
        cmocka_unit_test(names_of_places_are_copied),
        cmocka_unit_test(full_list_still_takes_a_reject),
        cmocka_unit_test(messages_are_one_line_of_utf8),
        cmocka_unit_test(json_has_the_promised_fields),
        cmocka_unit_test(verdict_words_read_back),
    };
    return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
