// SPDX-License-Identifier: AGPL-3.0-or-later
// Messages: signatures as Standard Webhooks' own example has them, bodies that are valid JSON, mails whose headers nobody can
// forge.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/mail.h"
#include "watch/notify.h"
#include "wire/json.h"

#include <math.h>

static struct notify_item item(bool firing)
{
    return (struct notify_item){ .rule = "memory_use",
        .title = "Memory use",
        .severity = "critical",
        .event = firing ? "raised" : "cleared",
        .group = "resources",
        .unit = "ratio",
        .advice = "Give it more.",
        .plot = "resources",
        .label = "",
        .word = "",
        .value = 0.912,
        .raise = 0.85,
        .above = true,
        .firing = firing,
        .fired_ms = 1700000000000,
        .now_ms = 1700000060000 };
}

static void signature_is_that_of_the_specification(void **state)
{
    char signature[64];
    (void)state;

    // The example of the Standard Webhooks' reference libraries.
    int rc = notify_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330, SLICE_LIT("{\"test\": 2432232314}"), signature);
    assert_int_equal(rc, 0);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void bodies_are_json_and_say_what_is_to_be_known(void **state)
{
    struct notify_item items[] = { item(true), item(false), item(true) };
    AUTO_BUF hook = BUF_INIT(1 << 16);
    AUTO_BUF manager = BUF_INIT(1 << 16);
    struct error err;
    (void)state;

    items[1].value = NAN;
    items[1].label = "type";
    items[1].word = "pdf";
    notify_webhook_body(&hook, items, 2, "https://larder.example/");
    items[2].ends_ms = 1700000160000; // a test: over by itself, though nobody says so
    notify_manager_body(&manager, items, 3, "https://larder.example/");
    AUTO_JSON *a = json_in_parse(buf_slice(&hook), 16, &err);
    AUTO_JSON *b = json_in_parse(buf_slice(&manager), 16, &err);
    assert_non_null(a);
    assert_non_null(b);
    const json_t *alerts = json_object_get(json_object_get(a, "data"), "alerts");
    assert_int_equal(json_array_size(alerts), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(alerts, 0), "link")),
        "https://larder.example/dashboard?alert=memory_use");
    assert_true(json_is_null(json_object_get(json_array_get(alerts, 1), "value")));
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(alerts, 1), "type")), "pdf");
    assert_null(json_object_get(json_array_get(b, 0), "endsAt"));
    assert_string_equal(json_string_value(json_object_get(json_array_get(b, 1), "endsAt")),
        "2023-11-14T22:14:20.000Z");
    assert_string_equal(json_string_value(json_object_get(json_array_get(b, 2), "endsAt")),
        "2023-11-14T22:16:00.000Z");
}

static void mail_text_is_for_people(void **state)
{
    struct notify_item one = item(true);
    AUTO_BUF subject = BUF_INIT(4096);
    AUTO_BUF text = BUF_INIT(1 << 16);
    (void)state;

    notify_mail_text(&subject, &text, &one, 1, "");
    assert_string_equal(subject.data, "[Larder] critical: Memory use");
    assert_non_null(strstr(text.data, "measured:  91.2 %"));
    assert_non_null(strstr(text.data, "threshold: over 85.0 %"));
    assert_non_null(strstr(text.data, "to do:     Give it more."));
}

static void mail_headers_can_not_be_forged(void **state)
{
    AUTO_BUF out = BUF_INIT(1 << 16);
    struct error err = { 0 };
    struct net_mail m = { .from = "larder@example.org",
        .to = "a@example.org,b@example.org",
        .subject = "Gr\xc3\xbc\xc3\x9f"
                   "e\r\nBcc: evil@example.org",
        .text = "one\r\n.\r\ntwo\n",
        .now_ms = 1700000000000,
        .id = "x1" };
    static const char *const wrong[] = { "", "a", "a@", "@b", "a@b\r\nc", "a b@c", "<a@b>",
        "a@b@c" };
    (void)state;

    assert_int_equal(net_mail_format(&m, &out, &err), 0);
    assert_null(strstr(out.data, "\nBcc:"));
    assert_non_null(strstr(out.data, "Subject: =?UTF-8?B?"));
    assert_non_null(strstr(out.data, "To: a@example.org, b@example.org\r\n"));
    assert_non_null(strstr(out.data, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_BUF none = BUF_INIT(1 << 16);
        m.to = wrong[i];
        assert_true(net_mail_format(&m, &none, &err) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_is_that_of_the_specification),
        cmocka_unit_test(bodies_are_json_and_say_what_is_to_be_known),
        cmocka_unit_test(mail_text_is_for_people),
        cmocka_unit_test(mail_headers_can_not_be_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
