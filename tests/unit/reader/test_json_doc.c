// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON: strict, tables where there are some, places on the line.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_JSON, pass);
}

static const struct reading_case cases[] = {
    { "names and values",
        "{\"a\": 1,\n \"b\": \"x \\u00e9 \\ud83d\\ude00\", \"n\": null, \"t\": true}",
        "paragraph 0 {lines 1–2} a: 1/b: x é 😀/t: true\n" },
    { "paths", "{\"menu\": {\"title\": \"M\",\n\"sub\": {\"x\": 2}}, \"z\": 3}",
        "paragraph 0 {line 1; menu} title: M\nparagraph 0 {line 2; menu > sub} x: 2\nparagraph 0 "
        "{line 2} z: 3\n" },
    { "a table",
        "{\"items\": [\n{\"n\": \"Fries\", \"p\": 2.80},\n{\"n\": \"Shake\",\n \"p\": 3, \"tags\": "
        "[\"a\", \"b\"]}\n]}",
        "table 0 {lines 2–4; items} Fries | 2.80/Shake | 3 | a, b = | n | p | tags |/| --- | --- | "
        "--- |/| Fries | 2.80 |/| Shake | 3 | a, b |\n" },
    { "a name that comes late is a new column", "[{\"a\":1},{\"a\":2}]", "{line 1} 1/2 = | a |/" },
    { "items that are not alike", "[1, {\"a\": {\"b\": 2}}, \"x\"]",
        "paragraph 0 {line 1} 1\nparagraph 0 {line 1; [1] > a} b: 2\nparagraph 0 {line 1} x\n" },
    { "plain lists", "{\"t\": [\"a\", 2, null, true]}", "t: a, 2, , true\n" },
    { "one value a line", "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":4}\n",
        "table 0 {lines 1–2} 1 | 2/3 | 4" },
    { "one text", "\"only words\"", "paragraph 0 {line 1} only words\n" },
    { "lines end with CR", "{\r\"a\":\r\n1}", "{line 3} a: 1\n" },
};

static void what_is_read(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_JSON);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const bad[] = { "{a: 1}", "[1,]", "[1 2]", "{\"a\":1,}", "\"open", "01",
        "1.", "-", "[1] x", "{\"a\"}", "nul", "\"\\x\"", "\"\\u12\"", "[\"a\nb\"]", "{\"a\":1",
        "'a'", "[1]]", "1e" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_FREE char *out = run(bad[i], CHECK);
        if (!strstr(out, "finding structure.corrupt")) {
            fail_msg("taken: %s: %s", bad[i], out);
        }
        AUTO_FREE char *again = run(bad[i], READ);
        (void)again;
    }
    AUTO_FREE char *line = run("{\"a\":\n1,\n}", CHECK);
    expect_text(line, "in line 3.");
}

static void depth_is_bounded(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 100000; i++) {
        buf_add_char(&text, '[');
    }
    AUTO_FREE char *out = run(text.data, CHECK);
    expect_text(out, "finding bomb.depth");
    AUTO_FREE char *read = run(text.data, READ);
    expect_text(read, "finding bomb.depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests_name("reader/json", tests, NULL, NULL);
}
