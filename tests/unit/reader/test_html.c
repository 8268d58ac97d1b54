// SPDX-License-Identifier: AGPL-3.0-or-later
// HTML: the page as a person sees it, whatever the markup.
#include "ooxml_test.h"

static char *html(const char *text, size_t len, enum pass pass)
{
    return seen_bytes(text, len, FORMAT_HTML, pass);
}

static const struct reading_case cases[] = {
    { "headings and sections", "<title>T</title><h1>A</h1><p>one<h2>B</h2>two<h1>C</h1>",
        "title 0 {document} T\ninfo title=T\nheading 1 {document} A\nparagraph 0 {document; A} "
        "one\nheading 2 {document; A} B\n"
        "paragraph 0 {document; A > B} two\nheading 1 {document} C\n",
        NULL },
    { "white space as browsers show it", "<p>  a\n <b>b</b>c&nbsp;d <i> e</i></p>f<br>g",
        "paragraph 0 {document} a bc d e\nparagraph 0 {document} f/g\n", NULL },
    { "lists",
        "<ul><li>a<ul><li>b</ul><li><p>c</p><p>d</p></ul><ol start=3><li>e<li value=7>f</ol>",
        "list_item 1 {document} a = - a\nlist_item 2 {document} b =   - b\nlist_item 1 {document} "
        "c = - c\nparagraph 0 {document} d\n"
        "list_item 1 {document} e = 3. e\nlist_item 1 {document} f = 7. f\n",
        NULL },
    { "table with spans",
        "<table><caption>K</caption><tr><th>a<th>b<tr><td rowspan=2>1<td>2<tr><td>3</table>",
        "caption 0 {document} K\ntable 0 {document} a | b/1 | 2/1 | 3 = | a | b |/| --- | --- |/| "
        "1 | 2 |/| 1 | 3 |\n",
        NULL },
    { "a table that lays out is read as blocks", "<table><tr><td><h2>H</h2><td>x</table>",
        "heading 2 {document} H\nparagraph 0 {document; H} x\n", "table" },
    { "a table in a cell of a table of data",
        "<table><tr><th>a<th>b<tr><td>1<td><table><tr><td>x<td>y</table></table>",
        "a | b/1 | x, y = ", NULL },
    { "code keeps its lines", "<pre>\nint x;\n\n  y</pre>", "code 0 {document} int x;//  y\n",
        NULL },
    { "figures",
        "<figure><img alt='Fryer, open'><figcaption>Fig. 1</figcaption></figure><img alt=''>",
        "figure 0 {document} Fryer, open\ncaption 0 {document} Fig. 1\n", NULL },
    { "scripts and hidden elements are left out",
        "<p>a<script>secret</script><p style='Display : none'>secret<p "
        "hidden>secret<template>secret</template><noscript>secret</noscript>b",
        "paragraph 0 {document} a\n", "secret" },
    { "comments are left out", "<p>a<!-- secret --> b</p>", "{document} a b\n", "secret" },
    { "meta says the encoding", "<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2",
        "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\n", NULL },
    { "UTF-8 that claims to be something else",
        "<meta charset=iso-8859-1><p>Gr\xc3\xb6\xc3\x9f\xc3\xa4", "Gr\xc3\xb6\xc3\x9f\xc3\xa4\n",
        NULL },
    { "XHTML closes what is empty",
        "<?xml version='1.0'?><html><head><title/><script src='x'/></head><body><a "
        "id='x'/><p>a</p></body></html>",
        "paragraph 0 {document} a\n", NULL },
    { "words of drawings, not names of icons",
        "<p>x<svg><title>secret</title><text>Valve A</text></svg></p>", "xValve A\n", "secret" },
    { "definitions", "<dl><dt>t<dd>d</dl>", "paragraph 0 {document} t\nparagraph 0 {document} d\n",
        NULL },
};

static void pages_are_read_as_shown(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_HTML);
}

static void what_runs_is_told(void **state)
{
    static const char page[] = "<script>x()</script><a href=' javascript:y()'>a</a><p "
                               "onclick=z()>b<iframe src=http://127.0.0.1:9/></iframe>"
                               "<meta http-equiv=refresh content='0; url=x'><object></object>";
    (void)state;
    AUTO_FREE char *out = html(page, strlen(page), CHECK);
    expect_text(out, "finding active.script The page holds 3 scripts");
    expect_text(out, "finding active.external The page shows 1 other page ");
    expect_text(out, "finding active.external The page sends");
    expect_text(out, "finding active.control");
    static const char data[] = "<script type='application/ld+json'>{}</script>words";
    AUTO_FREE char *none = html(data, strlen(data), CHECK);
    expect_no_text(none, "finding");
}

static void a_page_without_words_is_refused(void **state)
{
    static const char page[] = "<html><script>document.write('x')</script><p hidden>x</p>";
    (void)state;
    AUTO_FREE char *out = html(page, strlen(page), CHECK);
    expect_text(out, "finding structure.no_content");
}

static void depth_is_bounded(void **state)
{
    AUTO_BUF page = BUF_INIT(8 << 20);
    (void)state;
    for (int i = 0; i < 100000; i++) {
        buf_add_str(&page, "<div>");
    }
    buf_add_str(&page, "deep");
    AUTO_FREE char *out = html(page.data, page.len, READ);
    expect_text(out, "finding bomb.depth");
    buf_reset(&page);
    for (int i = 0; i < 1000; i++) {
        buf_add_str(&page, "<div><ul><li>");
    }
    buf_add_str(&page, "<p>deep");
    AUTO_FREE char *some = html(page.data, page.len, CHECK);
    expect_text(some, "bomb.depth");
    buf_reset(&page);
    buf_add_str(&page, "<svg>");
    for (int i = 0; i < 20000; i++) {
        buf_add_str(&page, "<tr>"); // nests in foreign content
    }
    buf_add_str(&page, "</svg><p>after");
    AUTO_FREE char *foreign = html(page.data, page.len, READ);
    (void)foreign;
}

static void long_paragraphs_are_cut(void **state)
{
    AUTO_BUF page = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&page, "<p>");
    for (int i = 0; i < 500; i++) {
        buf_addf(&page, "This is sentence %d. ", i);
    }
    AUTO_FREE char *out = html(page.data, page.len, READ);
    expect_text(out, "sentence 499.");
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) < 2100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_read_as_shown),
        cmocka_unit_test(what_runs_is_told),
        cmocka_unit_test(a_page_without_words_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(long_paragraphs_are_cut),
    };
    return cmocka_run_group_tests_name("reader/html", tests, NULL, NULL);
}
