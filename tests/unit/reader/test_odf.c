// SPDX-License-Identifier: AGPL-3.0-or-later
// OpenDocument: texts, sheets and slides out of packages built here.
#include "ooxml_test.h"

#define NAMESPACES                                                                                 \
    " xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' "                            \
    "xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'"                                  \
    " xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' "                              \
    "xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0'"                               \
    " xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' "                              \
    "xmlns:svg='urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0'"                         \
    " xmlns:xlink='http://www.w3.org/1999/xlink' xmlns:dc='http://purl.org/dc/elements/1.1/'"      \
    " xmlns:presentation='urn:oasis:names:tc:opendocument:xmlns:presentation:1.0'"
#define MIME "application/vnd.oasis.opendocument."
#define CONTENT(styles, body)                                                                      \
    "<office:document-content" NAMESPACES "><office:automatic-styles>" styles                      \
    "</office:automatic-styles><office:body>" body "</office:body></office:document-content>"

static char *open_parts(
    const char *mime, enum format_id id, enum pass pass, const char *const *parts)
{
    struct package_writer w;
    package_begin(&w);
    package_add(&w, "mimetype", mime, strlen(mime));
    for (; *parts; parts += 2) {
        package_add(&w, parts[0], parts[1], strlen(parts[1]));
    }
    return seen(package_end(&w), id, pass);
}

static char *text_of(const char *content)
{
    return open_parts(
        MIME "text", FORMAT_ODT, READ, (const char *const[]){ "content.xml", content, NULL });
}

static const struct {
    const char *name, *content, *want;
} cases[] = {
    { "headings, white space",
        CONTENT("", "<office:text><text:h text:outline-level='1'>A</text:h><text:p>b \n "
                    "<text:span>c</text:span><text:s "
                    "text:c='2'/>d<text:tab/>e<text:line-break/>f</text:p></office:text>"),
        "heading 1 {document} A\nparagraph 0 {document; A} b c  d\te/f\n" },
    { "styles",
        CONTENT("<style:style style:name='P1' style:parent-style-name='Title'/><style:style "
                "style:name='P2' style:parent-style-name='Heading_20_2'/>"
                "<style:style style:name='T1'><style:text-properties "
                "text:display='none'/></style:style>",
            "<office:text><text:p text:style-name='P1'>T</text:p><text:p "
            "text:style-name='P2'>H</text:p><text:p>a<text:span "
            "text:style-name='T1'>secret</text:span>b</text:p></office:text>"),
        "title 0 {document} T\nheading 2 {document} H\nparagraph 0 {document; H} ab\n" },
    { "lists",
        CONTENT("<text:list-style style:name='L1'><text:list-level-style-number text:level='1' "
                "style:num-format='1'/></text:list-style>",
            "<office:text><text:list "
            "text:style-name='L1'><text:list-item><text:p>a</"
            "text:p><text:list><text:list-item><text:p>b</text:p></text:list-item></text:list></"
            "text:list-item>"
            "<text:list-item><text:p>c</text:p><text:p>d</text:p></text:list-item></text:list></"
            "office:text>"),
        "list_item 1 {document} a = 1. a\nlist_item 2 {document} b =   - b\nlist_item 1 {document} "
        "c = 2. c\nparagraph 0 {document} d\n" },
    { "tables with merged cells",
        CONTENT("", "<office:text><table:table><table:table-column "
                    "table:number-columns-repeated='3'/><table:table-header-rows><table:table-row>"
                    "<table:table-cell "
                    "table:number-columns-spanned='2'><text:p>h</text:p></"
                    "table:table-cell><table:covered-table-cell/><table:table-cell><text:p>i</"
                    "text:p></table:table-cell></table:table-row></table:table-header-rows>"
                    "<table:table-row><table:table-cell "
                    "table:number-rows-spanned='2'><text:p>1</text:p></"
                    "table:table-cell><table:table-cell><text:p>2</text:p><text:p>3</text:p></"
                    "table:table-cell><table:table-cell><text:p>4</text:p></table:table-cell></"
                    "table:table-row>"
                    "<table:table-row><table:covered-table-cell/><table:table-cell "
                    "table:number-columns-repeated='2'><text:p>5</text:p></table:table-cell></"
                    "table:table-row></table:table></office:text>"),
        "table 0 {document} h |  | i/1 | 2 3 | 4/1 | 5 | 5 = | h | h | i |/| --- | --- | --- |/| 1 "
        "| 2<br>3 | 4 |/| 1 | 5 | 5 |\n" },
    { "notes, comments and pictures come after their paragraph",
        CONTENT("",
            "<office:text><text:p>a<text:note><text:note-citation>1</"
            "text:note-citation><text:note-body><text:p>n</text:p></text:note-body></text:note>"
            "<office:annotation><dc:creator>x</dc:creator><text:p>c</text:p></"
            "office:annotation><draw:frame><draw:image "
            "xlink:href='Pictures/1.png'/><svg:title>p</svg:title></draw:frame>"
            "<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>b</"
            "text:p></office:text>"),
        "paragraph 0 {document} ab\nnote 0 {footnotes} n\ncomment 0 {comments} c\nfigure 0 "
        "{document} p\nparagraph 0 {document} box\n" },
    { "what was deleted is left out",
        CONTENT("", "<office:text><text:tracked-changes><text:changed-region><text:deletion><text:"
                    "p>gone</text:p></text:deletion></text:changed-region></"
                    "text:tracked-changes><text:p>a</text:p></office:text>"),
        "paragraph 0 {document} a\n" },
};

static void texts_are_read(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *out = text_of(cases[i].content);
        if (!strstr(out, cases[i].want)) {
            print_message("--- %s: want\n%s--- in\n%s", cases[i].name, cases[i].want, out);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void headers_and_properties_are_read(void **state)
{
    static const char styles[] =
        "<office:document-styles" NAMESPACES "><office:master-styles><style:master-page><style:"
        "header><text:p>Top</text:p></style:header>"
        "<style:footer><text:p>Bottom</text:p></style:footer></style:master-page></"
        "office:master-styles></office:document-styles>";
    static const char meta[] =
        "<office:document-meta" NAMESPACES
        "><office:meta><dc:title>T</dc:title></office:meta></office:document-meta>";
    (void)state;
    AUTO_FREE char *out = open_parts(MIME "text", FORMAT_ODT, READ,
        (const char *const[]){ "content.xml",
            CONTENT("", "<office:text><text:p>a</text:p></office:text>"), "styles.xml", styles,
            "meta.xml", meta, NULL });
    expect_text(out, "info title=T\nparagraph 0 {document} a\nheader 0 {header} Top\nfooter 0 "
                     "{footer} Bottom\n");
}

static void sheets_are_read(void **state)
{
    static const char content[] = CONTENT("",
        "<office:spreadsheet><table:table table:name='Menu'><table:table-column/>"
        "<table:table-row table:number-rows-repeated='3'><table:table-cell "
        "table:number-columns-repeated='16384'/></table:table-row>"
        "<table:table-row><table:table-cell/><table:table-cell "
        "office:value-type='string'><text:p>Item</text:p></"
        "table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell></"
        "table:table-row>"
        "<table:table-row table:number-rows-repeated='2'><table:table-cell/><table:table-cell "
        "office:value-type='string'><office:annotation><dc:date>x</dc:date><text:p>hot</text:p></"
        "office:annotation><text:p>Fries</text:p></table:table-cell>"
        "<table:table-cell office:value-type='float' office:value='2.8'><text:p>2.80 "
        "$</text:p></table:table-cell></table:table-row>"
        "<table:table-row table:number-rows-repeated='1048000'><table:table-cell "
        "table:number-columns-repeated='16384'/></table:table-row></table:table></"
        "office:spreadsheet>");
    (void)state;
    AUTO_FREE char *out = open_parts(MIME "spreadsheet", FORMAT_ODS, READ,
        (const char *const[]){ "content.xml", content, NULL });
    expect_text(out, "comment 0 {Menu!B5} hot\n");
    expect_text(out, "table 0 {Menu!B4:C6} Item | Price/Fries | 2.80 $/Fries | 2.80 $ = ");
    AUTO_FREE char *check = open_parts(MIME "spreadsheet", FORMAT_ODS, CHECK,
        (const char *const[]){ "content.xml", content, NULL });
    expect_text(check, "info sheets=1\n");
    expect_no_text(check, "finding");
}

static void slides_are_read(void **state)
{
    static const char content[] =
        CONTENT("", "<office:presentation><draw:page><draw:frame "
                    "presentation:class='title'><draw:text-box><text:p>Welcome</text:p></"
                    "draw:text-box></draw:frame>"
                    "<draw:frame "
                    "presentation:class='outline'><draw:text-box><text:list><text:list-item><text:"
                    "p>one</text:p></text:list-item></text:list></draw:text-box></draw:frame>"
                    "<draw:custom-shape><text:p>shape</text:p></"
                    "draw:custom-shape><presentation:notes><draw:frame><draw:text-box><text:p>say "
                    "this</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
                    "<draw:page><draw:frame><draw:text-box><text:p>second</text:p></"
                    "draw:text-box></draw:frame></draw:page></office:presentation>");
    (void)state;
    AUTO_FREE char *out = open_parts(MIME "presentation", FORMAT_ODP, READ,
        (const char *const[]){ "content.xml", content, NULL });
    expect_text(out,
        "heading 1 {slide 1} Welcome\nlist_item 1 {slide 1} one = - one\nparagraph 0 {slide "
        "1} shape\nnote 0 {slide 1, notes} say this\nparagraph 0 {slide 2} second\n");
}

// A sheet of LibreOffice is a thousand columns wide, a chart has its numbers in a table of its own; an object that
// holds itself, is not there, or is elsewhere is passed over.
static void objects_are_read_where_they_stand(void **state)
{
#define OBJECT(name)                                                                               \
    "<draw:frame><draw:object xlink:href='" name "'/><draw:image xlink:href='r'/></draw:frame>"
    static const char content[] = CONTENT("",
        "<office:presentation><draw:page>" OBJECT("./Object 1") OBJECT("./Object 2")
            OBJECT("./Object 3") OBJECT("../Object 1")
                OBJECT("http://localhost/Object 1") "</draw:page></office:presentation>");
    static const char sheet[] = CONTENT("",
        "<office:spreadsheet><table:table><table:table-column "
        "table:number-columns-repeated='1024'/><table:table-row><table:table-cell><text:p>oil</"
        "text:p></table:table-cell><table:table-cell table:number-columns-repeated='2'/>"
        "<table:table-cell><text:p>180</text:p></table:table-cell><table:table-cell "
        "table:number-columns-repeated='1020'/></table:table-row></table:table>"
        "<draw:frame><draw:object xlink:href='./Object 1'/></draw:frame></office:spreadsheet>");
    static const char chart[] = CONTENT("",
        "<office:chart><draw:title><text:p>Waste</text:p></draw:title><table:table "
        "table:name='local-table'><table:table-header-columns><table:table-column/></"
        "table:table-header-columns><table:table-columns><table:table-column/></"
        "table:table-columns><table:table-rows><table:table-row><table:table-cell><text:p>May</"
        "text:p></table:table-cell><table:table-cell><text:p>7</text:p></table:table-cell></"
        "table:table-row></table:table-rows></table:table></office:chart>");
    (void)state;
    AUTO_FREE char *out = open_parts(MIME "presentation", FORMAT_ODP, READ,
        (const char *const[]){ "content.xml", content, "Object 1/content.xml", sheet,
            "Object 2/content.xml", chart, NULL });
    assert_string_equal(out,
        "table 0 {slide 1} oil |  |  | 180 = | oil |  |  | 180 |/| --- | --- | --- | --- |\n"
        "paragraph 0 {slide 1} Waste\n"
        "table 0 {slide 1} May | 7 = | May | 7 |/| --- | --- |\n");
}

static void what_is_wrong_is_told(void **state)
{
    static const char words[] =
        CONTENT("", "<office:text><text:p>a<draw:frame><draw:image "
                    "xlink:href='http://127.0.0.1:9/x.png'/></draw:frame></text:p></office:text>");
    static const char locked[] =
        "<m:manifest xmlns:m='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'><m:file-entry "
        "m:full-path='content.xml'><m:encryption-data/></m:file-entry></m:manifest>";
    (void)state;
    AUTO_FREE char *out = open_parts(MIME "text", FORMAT_ODT, CHECK,
        (const char *const[]){ "content.xml", words, "Basic/Standard/Module1.xml", "<x/>", NULL });
    expect_text(out, "finding active.macro The document holds 1 macro module.");
    expect_text(out, "finding active.external The document shows 1 part from elsewhere: 127.0.0.1");
    AUTO_FREE char *encrypted = open_parts(MIME "text", FORMAT_ODT, CHECK,
        (const char *const[]){ "content.xml", "garbage", "META-INF/manifest.xml", locked, NULL });
    expect_text(encrypted, "finding structure.encrypted");
    AUTO_FREE char *other = open_parts(
        MIME "spreadsheet", FORMAT_ODT, CHECK, (const char *const[]){ "content.xml", words, NULL });
    expect_text(other, "finding type.mismatch");
    AUTO_FREE char *blank = open_parts(MIME "text", FORMAT_ODT, CHECK,
        (const char *const[]){
            "content.xml", CONTENT("", "<office:text><text:p> </text:p></office:text>"), NULL });
    expect_text(blank, "finding structure.no_content");
    AUTO_FREE char *broken = open_parts(
        MIME "text", FORMAT_ODT, CHECK, (const char *const[]){ "content.xml", "<a><b></a>", NULL });
    expect_text(broken, "finding structure.corrupt");
    AUTO_FREE char *none =
        open_parts(MIME "text", FORMAT_ODT, CHECK, (const char *const[]){ "x.xml", "<a/>", NULL });
    expect_text(none, "finding structure.corrupt");
    AUTO_FREE char *bomb = open_parts(MIME "text", FORMAT_ODT, CHECK,
        (const char *const[]){ "content.xml", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", NULL });
    expect_text(bomb, "finding xml.dtd");
}

static void depth_is_bounded(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&text, "<office:document-content" NAMESPACES "><office:body><office:text>");
    for (int i = 0; i < 10000; i++) {
        buf_add_str(&text, "<text:list><text:list-item>");
    }
    AUTO_FREE char *out = text_of(text.data);
    expect_text(out, "finding bomb.depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(headers_and_properties_are_read),
        cmocka_unit_test(sheets_are_read),
        cmocka_unit_test(slides_are_read),
        cmocka_unit_test(objects_are_read_where_they_stand),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests_name("reader/odf", tests, NULL, NULL);
}
