// SPDX-License-Identifier: AGPL-3.0-or-later
// RTF: text in any code page, headings, tables, notes; strict bounds.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_RTF, pass);
}

static const struct reading_case cases[] = {
    { "paragraphs", "{\\rtf1\\ansi Hello {\\b bold} world.\\par\nSecond\\line line\\tab x.\\par}",
        "paragraph 0 {document} Hello bold world.\nparagraph 0 {document} Second/line\tx.\n" },
    { "code pages and Unicode",
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 "
        "B;}}\\f0 Gr\\'fc\\'dfe \\f1\\'cf\\'f0\\f0  \\u8364? \\u-10179?\\u-8704? "
        "\\emdash\\~\\{x\\}\\par}",
        "paragraph 0 {document} Grüße Пр € \xf0\x9f\x98\x80 —\xc2\xa0{x}\n" },
    { "bytes of two",
        "{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset128 A;}}\\f0 \\'93\\'fa\\'96\\'7b\\par}",
        "{document} 日本\n" },
    { "headings",
        "{\\rtf1{\\stylesheet{\\s0 Normal;}{\\s3 heading 2;}}\\pard\\s3 Safety\\par\\pard "
        "text\\par\\pard\\outlinelevel0 Top\\par\\pard more\\par}",
        "heading 2 {document} Safety\nparagraph 0 {document; Safety} text\nheading 1 {document} "
        "Top\nparagraph 0 {document; Top} more\n" },
    { "tables",
        "{\\rtf1 before\\par\\trowd\\cellx1\\cellx2\\pard\\intbl a\\cell "
        "b\\cell\\row\\trowd\\pard\\intbl 1\\par x\\cell 2\\cell\\row\\pard after\\par}",
        "paragraph 0 {document} before\ntable 0 {document} a | b/1 x | 2 = | a | b |/| --- | --- "
        "|/| 1<br>x | 2 |\nparagraph 0 {document} after\n" },
    { "lists with their numbers",
        "{\\rtf1{\\listtext\\pard\\plain\\f0 1.\\tab}\\pard\\ls1 Drain the oil.\\par{\\listtext "
        "a)\\tab}\\pard\\ilvl1\\ls1 Cool it first.\\par{\\pntext\\'b7\\tab}\\pard "
        "Filter\\par\\pard After\\par{\\header{\\listtext 9.}Top\\par}"
        "\\trowd\\cellx1{\\listtext 2.\\tab}\\pard\\intbl Wipe\\cell\\row\\pard End\\par}",
        "list_item 1 {document} Drain the oil. = 1. Drain the oil.\nlist_item 2 {document} Cool it "
        "first. =   a) Cool it first.\nlist_item 1 {document} Filter = - Filter\nparagraph 0 "
        "{document} After\nheader 0 {header} Top\ntable 0 {document} 2. Wipe" },
    { "a star within a group leaves nothing out",
        "{\\rtf1{\\b\\*\\cs7\\cf0 Keep it cold}\\par{\\*\\unknown secret}}",
        "paragraph 0 {document} Keep it cold\n" },
    { "what is not text is left out",
        "{\\rtf1{\\colortbl;\\red0;}{\\*\\unknown secret}{\\pict\\bin6 }}\\{}{\\info{\\title "
        "T}}a{\\v secret}{\\field{\\*\\fldinst HYPERLINK \"http://x\"}{\\fldrslt link}}\\par}",
        "info title=T\nparagraph 0 {document} alink\n" },
    { "notes and running lines", "{\\rtf1{\\header Top\\par}a{\\footnote\\pard note}b\\par}",
        "header 0 {header} Top\nparagraph 0 {document} ab\nnote 0 {footnotes} note\n" },
    { "no last \\par", "{\\rtf1 words}", "paragraph 0 {document} words\n" },
    { "cut off", "{\\rtf1{\\b words", "paragraph 0 {document} words\n" },
};

static void what_is_read(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_RTF);
}

static void what_is_wrong_is_told(void **state)
{
    AUTO_BUF deep = BUF_INIT(1 << 20);
    (void)state;
    AUTO_FREE char *out =
        run("{\\rtf1{\\*\\template http://127.0.0.1:9/x.dotm}{\\object{\\*\\objdata "
            "00}}{\\field{\\*\\fldinst DDEAUTO x}}a",
            CHECK);
    expect_text(out, "finding active.external");
    expect_text(out, "finding embedded.file");
    expect_text(out, "finding active.dde");
    expect_text(out, "finding structure.repaired");
    AUTO_FREE char *none = run("{\\rtf1{\\pict 00}}", CHECK);
    expect_text(none, "finding structure.no_content");
    AUTO_FREE char *other = run("words", CHECK);
    expect_text(other, "finding type.mismatch");
    buf_add_str(&deep, "{\\rtf1");
    for (int i = 0; i < 5000; i++) {
        buf_add_char(&deep, '{');
    }
    AUTO_FREE char *bomb = run(deep.data, READ);
    expect_text(bomb, "finding bomb.depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests_name("reader/rtf", tests, NULL, NULL);
}
