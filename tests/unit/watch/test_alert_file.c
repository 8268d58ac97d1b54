// SPDX-License-Identifier: AGPL-3.0-or-later
// Rules as JSON: what the API shows is what the file takes; wrong ones are refused with the rule's name, and change nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "watch/alert.h"

static int parse(struct alert_rules *r, const char *json, struct arena *a, struct error *err)
{
    return alert_rules_parse(r, slice_of(json), a, err);
}

static void defaults_come_back_from_their_own_json(void **state)
{
    struct alert_rules rules, back;
    struct error err = { 0 };
    AUTO_BUF text = BUF_INIT(1 << 20);
    AUTO_ARENA arena;
    (void)state;

    arena_init(&arena, 1 << 20);
    alert_rules_default(&rules);
    buf_add_str(&text, "{\"rules\":[");
    for (size_t i = 0; i < rules.count; i++) {
        buf_add_str(&text, i ? "," : "");
        alert_rule_json(&text, &rules.rules[i]);
    }
    buf_add_str(&text, "]}");
    if (parse(&back, text.data, &arena, &err) != 0) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(back.count, rules.count);
    for (size_t i = 0; i < rules.count; i++) {
        AUTO_BUF one = BUF_INIT(1 << 16);
        AUTO_BUF two = BUF_INIT(1 << 16);
        alert_rule_json(&one, &rules.rules[i]);
        alert_rule_json(&two, &back.rules[i]);
        assert_string_equal(one.data, two.data);
    }
}

static void file_changes_and_adds(void **state)
{
    struct alert_rules r;
    struct error err = { 0 };
    AUTO_ARENA arena;
    (void)state;

    arena_init(&arena, 1 << 20);
    alert_rules_default(&r);
    size_t before = r.count;
    int rc = parse(&r,
        "{\"rules\":[{\"name\":\"websocket_connections\",\"raise\":5000},"
        "{\"name\":\"canary\",\"enabled\":false},"
        "{\"name\":\"many_chunks\",\"severity\":\"warning\",\"measure\":\"value\",\"part\":{"
        "\"metric\":\"larder_chunks\"},\"direction\":\"above\",\"raise\":1e6}]}",
        &arena, &err);
    if (rc != 0) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(r.count, before + 1);
    const struct alert_rule *w = alert_rule_find(&r, SLICE_LIT("websocket_connections"));
    assert_true(w->raise == 5000 && w->clear == 4990); // goes along
    assert_false(alert_rule_find(&r, SLICE_LIT("canary"))->enabled);
    const struct alert_rule *m = alert_rule_find(&r, SLICE_LIT("many_chunks"));
    assert_true(m->enabled && m->above && m->clear == 1e6 && m->by == -1);
    assert_string_equal(m->title, "many_chunks");
}

static void wrong_rules_are_refused_and_change_nothing(void **state)
{
    static const char *const wrong[] = { "", "[]", "{\"rules\":1}", "{\"rule\":[]}",
        "{\"rules\":[1]}", "{\"rules\":[{}]}", "{\"rules\":[{\"name\":\"\"}]}",
        "{\"rules\":[{\"name\":\"Canary\"}]}", "{\"rules\":[{\"name\":\"new\"}]}",
        "{\"rules\":[{\"name\":\"canary\",\"raise\":\"1\"}]}",
        "{\"rules\":[{\"name\":\"canary\",\"severity\":\"fatal\"}]}",
        "{\"rules\":[{\"name\":\"canary\",\"raised\":1}]}",
        "{\"rules\":[{\"name\":\"canary\",\"raise\":1,\"clear\":2}]}",
        "{\"rules\":[{\"name\":\"canary\",\"measure\":\"ratio\"}]}",
        "{\"rules\":[{\"name\":\"canary\",\"part\":{\"metric\":\"larder_nothing\"}}]}",
        "{\"rules\":[{\"name\":\"error_rate\",\"part\":{\"metric\":\"larder_http_responses_total\","
        "\"label\":\"status\",\"values\":[\"6xx\"]}}]}",
        "{\"rules\":[{\"name\":\"upload_success_rate\",\"raise\":0}]}",
        "{\"rules\":[{\"name\":\"success_burn_fast\",\"objective\":0.9}]}",
        "{\"rules\":[{\"name\":\"success_burn_fast\",\"window_seconds\":86400}]}" };
    struct alert_rules r;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct error err = { 0 };
        AUTO_ARENA arena;
        arena_init(&arena, 1 << 20);
        alert_rules_default(&r);
        AUTO_BUF before = BUF_INIT(1 << 16);
        AUTO_BUF after = BUF_INIT(1 << 16);
        alert_rule_json(&before, alert_rule_find(&r, SLICE_LIT("canary")));
        if (parse(&r, wrong[i], &arena, &err) >= 0) {
            fail_msg("taken: %s", wrong[i]);
        }
        assert_true(err.text[0]);
        alert_rule_json(&after, alert_rule_find(&r, SLICE_LIT("canary")));
        assert_string_equal(before.data, after.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_come_back_from_their_own_json),
        cmocka_unit_test(file_changes_and_adds),
        cmocka_unit_test(wrong_rules_are_refused_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
