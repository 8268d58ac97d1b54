// SPDX-License-Identifier: AGPL-3.0-or-later
// Markdown: blocks as CommonMark has them, the text as written, places on the line.
#include "ooxml_test.h"

static char *read_text(const char *text)
{
    size_t len = strlen(text);
    struct package p = { memcpy(malloc(len + 1), text, len), len };
    return seen(p, FORMAT_MD, READ);
}

static const struct {
    const char *name, *source, *want;
} cases[] = {
    { "headings and sections", "# A #\ntext\n## B\nmore\n# C\n",
        "heading 1 {line 1} A = # A #\ninfo title=A\nparagraph 0 {line 2; A} text = text\nheading "
        "2 {line 3; A} B = ## B\n"
        "paragraph 0 {line 4; A > B} more = more\nheading 1 {line 5} C = # C\n" },
    { "setext", "Title\nof two lines\n===\n\nSub\n---\n",
        "heading 1 {lines 1–3} Title/of two lines = Title/of two lines/===\ninfo title=Title of "
        "two lines\nheading 2 {lines 5–6; Title of two lines} Sub = Sub/---\n" },
    { "seven marks are text", "####### no\n", "paragraph 0 {line 1} ####### no = ####### no\n" },
    { "text as written", "Some **bold** and `code` [x](http://y)\n",
        "paragraph 0 {line 1} Some **bold** and `code` [x](http://y) =" },
    { "bullets are dropped, numbers are kept", "- one\n- two\n\n3. three\n",
        "list_item 1 {line 1} one = - one\nlist_item 1 {line 2} two = - two\nlist_item 1 {line 4} "
        "3. three = 3. three\n" },
    { "nested lists", "- a\n  - b\n    - c\n- d\n",
        "list_item 1 {line 1} a = - a\nlist_item 2 {line 2} b =   - b\nlist_item 3 {line 3} c =    "
        " - c\nlist_item 1 {line 4} d = - d\n" },
    { "lists nested by tabs", "- a\n\t- b\n", "list_item 2 {line 2} b = \t- b\n" },
    { "a list interrupts a paragraph only from 1 on", "In\n1917. it was\n",
        "paragraph 0 {lines 1–2} In/1917. it was = In/1917. it was\n" },
    { "second paragraph of an item", "1. a\n\n   b\n",
        "list_item 1 {line 1} 1. a = 1. a\nparagraph 0 {line 3} b =    b\n" },
    { "lazy lines", "> a\nb\n\n- c\nd\n",
        "paragraph 0 {lines 1–2} a/b = > a/b\nlist_item 1 {lines 4–5} c/d = - c/d\n" },
    { "quote with a list", "> - a\n> - b\n",
        "list_item 1 {line 1} a = > - a\nlist_item 1 {line 2} b = > - b\n" },
    { "fenced code", "```c\nint x;\n\n  y\n```\nafter\n",
        "code 0 {lines 1–5} int x;//  y = ```c/int x;//  y/```\nparagraph 0 {line 6} after = "
        "after\n" },
    { "marks in code are no blocks", "~~~\n# no\n- no\n~~~\n",
        "code 0 {lines 1–4} # no/- no = ~~~/# no/- no/~~~\n" },
    { "code never closed", "```\nx\n", "code 0 {lines 1–2} x = ```/x\n" },
    { "code in an item ends with it", "- ```\n  x\nout\n",
        "code 0 {lines 1–2} x = - ```/  x\nparagraph 0 {line 3} out = out\n" },
    { "indented code", "    a\n\n    b\n\nc\n", "code 0 {lines 1–3} a//b =     a//    b\n" },
    { "html block", "<div>\n<p>x</p>\n\n*y*\n",
        "paragraph 0 {lines 1–2} <div>/<p>x</p> = <div>/<p>x</p>\nparagraph 0 {line 4} *y* = "
        "*y*\n" },
    { "comments are hidden", "<!-- a\n\nb -->\nc\n",
        "paragraph 0 hidden {lines 1–3} <!-- a//b --> = <!-- a//b -->\nparagraph 0 {line 4} c = "
        "c\n" },
    { "table", "| a | b |\n|---|:-:|\n| 1 |  2 |\n\nend\n",
        "table 0 {lines 1–3} | a | b |/| 1 | 2 | = | a | b |/|---|:-:|/| 1 |  2 |\nparagraph 0 "
        "{line 5} end = end\n" },
    { "table below a line", "text\na | b\n- | -\n1 | 2\n",
        "paragraph 0 {line 1} text = text\ntable 0 {lines 2–4} a | b/1 | 2 = a | b/- | -/1 | 2\n" },
    { "no table when columns differ", "a | b\n--- | --- | ---\n", "paragraph 0 {lines 1–2}" },
    { "front matter", "---\ntitle: \"T\"\ntags: x\n---\nbody\n",
        "info title=T\nparagraph 0 {lines 2–3} title: \"T\"/tags: x = title: \"T\"/tags: "
        "x\nparagraph 0 {line 5} body = body\n" },
    { "a ruler is no front matter", "---\n\ntext\n", "paragraph 0 {line 3} text = text\n" },
    { "rulers say nothing", "a\n\n* * *\n\nb\n",
        "paragraph 0 {line 1} a = a\nparagraph 0 {line 5} b = b\n" },
    { "footnotes are notes", "a[^1]\n\n[^1]: The note.\n", "note 0 {line 3} [^1]: The note. =" },
    { "link definitions stay", "[a]: http://x \"t\"\n",
        "paragraph 0 {line 1} [a]: http://x \"t\" =" },
    { "byte order mark and CR LF", "\xEF\xBB\xBF# A\r\nb\r\n",
        "heading 1 {line 1} A = # A\ninfo title=A\nparagraph 0 {line 2; A} b = b\n" },
    { "an item that begins blank", "-\n  a\n- \n\n  b\n",
        "list_item 1 {line 2} a =   a\nparagraph 0 {line 5} b =   b\n" },
};

static void blocks_are_as_commonmark_has_them(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *out = read_text(cases[i].source);
        if (!strstr(out, cases[i].want)) {
            print_message("--- %s: missing\n%s--- in\n%s", cases[i].name, cases[i].want, out);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void a_long_table_repeats_its_head(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&text, "| name | value |\n| --- | --- |\n");
    for (int i = 0; i < 200; i++) {
        buf_addf(&text, "| row number %d | %d |\n", i, i * i);
    }
    AUTO_FREE char *out = read_text(text.data);
    expect_text(out, "| row number 199 | 39601 |");
    const char *second = strstr(strstr(out, "table 0") + 1, "table 0");
    assert_non_null(second);
    expect_text((char *)second, " = | name | value |/| --- | --- |/| row number ");
}

static void nesting_is_bounded(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 5000; i++) {
        buf_add_str(&text, "> ");
    }
    buf_add_str(&text, "deep\n");
    for (int i = 0; i < 5000; i++) {
        buf_add_str(&text, "- ");
    }
    buf_add_str(&text, "deep\n");
    AUTO_FREE char *out = read_text(text.data);
    expect_text(out, "deep");
}

static void scripts_are_told(void **state)
{
    static const char text[] = "a <script>x</script>\n";
    struct package p = { memcpy(malloc(sizeof(text)), text, sizeof(text)), sizeof(text) - 1 };
    (void)state;
    AUTO_FREE char *out = seen(p, FORMAT_MD, CHECK);
    expect_text(out, "finding active.script");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_as_commonmark_has_them),
        cmocka_unit_test(a_long_table_repeats_its_head),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(scripts_are_told),
    };
    return cmocka_run_group_tests_name("reader/markdown", tests, NULL, NULL);
}
