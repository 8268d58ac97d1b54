// SPDX-License-Identifier: AGPL-3.0-or-later
// XML: text by element, with its path.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_XML, pass);
}

static const struct reading_case cases[] = {
    { "plain elements", "<menu><item>Fries</item><price>2.80</price></menu>",
        "paragraph 0 {document; menu} item: Fries/price: 2.80\n" },
    { "paths", "<a><b><c>x</c></b><d>y</d></a>",
        "paragraph 0 {document; a > b} c: x\nparagraph 0 {document; a} d: y\n" },
    { "text with elements among it", "<a><p>Wait <b>ten</b> minutes.</p></a>",
        "paragraph 0 {document; a > p} Wait ten minutes.\n" },
    { "text before what follows", "<a><i>1</i><p>x <b>y</b></p></a>",
        "paragraph 0 {document; a} i: 1\nparagraph 0 {document; a > p} x y\n" },
    { "attributes", "<a><i id='7' unit='F' xmlns='x'>350</i><j k='v'/></a>",
        "i (id: 7, unit: F): 350/j (k: v)\n" },
    { "attributes of what holds others", "<a n='N'><b>x</b></a>", "{document; a} a (n: N)/b: x\n" },
    { "CDATA and entities of XML itself", "<a><b><![CDATA[<x>]]> &amp; &#233;</b></a>",
        "b: <x> & é\n" },
    { "a document type that is only named", "<!DOCTYPE note SYSTEM \"note.dtd\"><a><b>x</b></a>",
        "b: x\n" },
    { "the declared encoding",
        "<?xml version='1.0' encoding='windows-1251'?><a><b>\xcf\xf0\xe8\xe2\xe5\xf2</b></a>",
        "b: Привет\n" },
};

static void what_is_read(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_XML);
}

static void entities_are_refused(void **state)
{
    static const char text[] = "<!DOCTYPE a [<!ENTITY x \"xxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
    (void)state;
    AUTO_FREE char *out = run(text, CHECK);
    expect_text(out, "finding xml.dtd");
    AUTO_FREE char *read = run(text, READ);
    expect_no_text(read, "xxx");
}

static void broken_markup_is_told(void **state)
{
    (void)state;
    AUTO_FREE char *out = run("<a>\n<b>x</a>", CHECK);
    expect_text(out, "finding structure.corrupt The file is not well-formed XML: line 2.");
    AUTO_FREE char *none = run("<a><b/></a>", CHECK);
    expect_text(none, "finding structure.no_content");
}

static void depth_is_bounded(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 10000; i++) {
        buf_add_str(&text, "<a>x");
    }
    AUTO_FREE char *out = run(text.data, READ);
    expect_text(out, "finding bomb.depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(broken_markup_is_told),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests_name("reader/xml", tests, NULL, NULL);
}
