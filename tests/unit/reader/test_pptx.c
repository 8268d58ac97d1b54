// SPDX-License-Identifier: AGPL-3.0-or-later
// PowerPoint presentations: slides in their order, shapes as people read them, and nothing that only a layout says.
#include "ooxml_test.h"

#include "reader/pptx.h"

#define NAMES                                                                                      \
    "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" "                      \
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" "             \
    "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" "                           \
    "xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" "                          \
    "xmlns:dgm=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\" "                      \
    "xmlns:p188=\"http://schemas.microsoft.com/office/powerpoint/2018/8/main\""
#define TEXT(body) "<p:txBody><a:bodyPr/>" body "</p:txBody>"
#define PARA(text) "<a:p><a:r><a:rPr/><a:t>" text "</a:t></a:r></a:p>"
#define AT(x, y, w, h)                                                                             \
    "<a:xfrm><a:off x=\"" x "\" y=\"" y "\"/><a:ext cx=\"" w "\" cy=\"" h "\"/></a:xfrm>"
#define SHAPE(place, body)                                                                         \
    "<p:sp><p:nvSpPr><p:cNvPr id=\"1\"/><p:nvPr/></p:nvSpPr><p:spPr>" place                        \
    "</p:spPr>" TEXT(body) "</p:sp>"
#define HOLDER(ph, body)                                                                           \
    "<p:sp><p:nvSpPr><p:cNvPr id=\"1\"/><p:nvPr><p:ph " ph                                         \
    "/></p:nvPr></p:nvSpPr><p:spPr/>" TEXT(body) "</p:sp>"
#define SLIDE(body)                                                                                \
    "<p:sld " NAMES "><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>" body                           \
    "</p:spTree></p:cSld></p:sld>"
#define RTL                                                                                        \
    "Relationship Id=\"m\" "                                                                       \
    "Type=\"http://schemas.microsoft.com/office/2018/10/relationships/comments\" "                 \
    "Target=\"../c2.xml\""

static const char layout[] =
    "<p:sldLayout " NAMES "><p:cSld><p:spTree>"
    "<p:sp><p:nvSpPr><p:cNvPr/><p:nvPr><p:ph type=\"title\"/></p:nvPr></p:nvSpPr><p:spPr>" AT("0",
        "0", "1000",
        "100") "</p:spPr>" TEXT(PARA("Click to edit")) "</p:sp>"
                                                       "<p:sp><p:nvSpPr><p:cNvPr/"
                                                       "><p:nvPr><p:ph "
                                                       "idx=\"1\"/></p:nvPr></"
                                                       "p:nvSpPr><p:spPr>" AT("500", "400", "500",
                                                           "500") "</p:spPr>" TEXT(PARA("Promp"
                                                                                        "t")) "</"
                                                                                              "p:"
                                                                                              "sp><"
                                                                                              "/p:"
                                                                                              "spTr"
                                                                                              "ee><"
                                                                                              "/p:"
                                                                                              "cSld"
                                                                                              "></"
                                                                                              "p:"
                                                                                              "sldL"
                                                                                              "ayou"
                                                                                              "t>";
static const char master[] =
    "<p:sldMaster " NAMES "><p:cSld><p:spTree>" SHAPE(AT("1", "1", "1", "1"),
        PARA("Company")) "</p:spTree></p:cSld><p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar "
                         "char=\"-\"/></a:lvl1pPr><a:lvl2pPr><a:buNone/></a:lvl2pPr>"
                         "</p:bodyStyle></p:txStyles></p:sldMaster>";

struct deck {
    const char *first, *second; // slides; the presentation shows second, then first
    const char *rels; // of the first
    const char *more_name, *more;
};

static char *deck(struct deck k, enum pass pass)
{
    const char *parts[] = { "ppt/presentation.xml",
        "<p:presentation " NAMES "><p:sldIdLst><p:sldId r:id=\"b\"/><p:sldId r:id=\"a\"/><p:sldId "
        "r:id=\"gone\"/></p:sldIdLst>"
        "<p:sldSz cx=\"1000\" cy=\"1000\"/></p:presentation>",
        "ppt/_rels/presentation.xml.rels",
        RELS(RELATION("a", "slide", "slides/slide1.xml")
                RELATION("b", "slide", "/ppt/slides/slide9.xml")),
        "ppt/slides/slide1.xml", k.first, "ppt/slides/slide9.xml",
        k.second ? k.second : SLIDE(HOLDER("type=\"ctrTitle\"", PARA("Start"))),
        "ppt/slides/_rels/slide1.xml.rels",
        k.rels ? k.rels : RELS(RELATION("l", "slideLayout", "../slideLayouts/l.xml")),
        "ppt/slideLayouts/l.xml", layout, "ppt/slideLayouts/_rels/l.xml.rels",
        RELS(RELATION("m", "slideMaster", "../slideMasters/m.xml")), "ppt/slideMasters/m.xml",
        master, k.more_name, k.more, NULL };
    return seen(package_of("ppt/presentation.xml", SLIDES_TYPE, parts), FORMAT_PPTX, pass);
}

static void slides_come_in_the_order_of_the_presentation(void **state)
{
    (void)state;
    AUTO_FREE char *s =
        deck((struct deck){ .first = SLIDE(HOLDER("type=\"title\"", PARA("Second") PARA("line"))) },
            READ);
    expect_text(s, "info slides=2\n");
    expect_text(s, "title 1 {slide 1} Start = # Start\n");
    expect_text(s, "heading 1 {slide 2; 0.00 0.00 1.00 0.10} Second line = # Second line\n");
    expect_text(s, "finding structure.repaired 1 of the slides");
    expect_no_text(s, "Click");
    expect_no_text(s, "Company");
}

static void shapes_are_read_by_rows_title_first(void **state)
{
    (void)state;
    AUTO_FREE char *s =
        deck((struct deck){ .first = SLIDE(SHAPE(AT("600", "210", "100", "100"), PARA("right"))
                                    SHAPE(AT("0", "800", "100", "100"), PARA("low"))
                                        SHAPE(AT("0", "230", "100", "100"), PARA("left"))
                                            HOLDER("type=\"title\"", PARA("Top"))) },
            READ);
    expect_text(s, "Top = # Top\nparagraph 0 {slide 2; 0.00 0.23 0.10 0.33} left\n"
                   "paragraph 0 {slide 2; 0.60 0.21 0.70 0.31} right\nparagraph 0 {slide 2; 0.00 "
                   "0.80 0.10 0.90} low\n");
}

static void groups_stay_together_and_are_transformed(void **state)
{
    (void)state;
    AUTO_FREE char *s = deck(
        (struct deck){
            .first = SLIDE(SHAPE(AT("500", "300", "100", "100"),
                PARA("beside")) "<p:grpSp><p:grpSpPr><a:xfrm><a:off x=\"0\" y=\"300\"/><a:ext "
                                "cx=\"400\" cy=\"400\"/><a:chOff x=\"1000\" y=\"0\"/>"
                                "<a:chExt cx=\"4000\" cy=\"4000\"/></a:xfrm></p:grpSpPr>" SHAPE(
                                    AT("1000", "3000", "1000", "1000"), PARA("second"))
                                    SHAPE(AT("2000", "0", "1000", "1000"),
                                        PARA("first")) "</p:grpSp>") },
        READ);
    expect_text(s, "paragraph 0 {slide 2; 0.10 0.30 0.20 0.40} first\nparagraph 0 {slide 2; 0.00 "
                   "0.60 0.10 0.70} second\n"
                   "paragraph 0 {slide 2; 0.50 0.30 0.60 0.40} beside\n");
}

static void bullets_come_from_paragraph_layout_or_master(void **state)
{
    (void)state;
#define LEVEL(attrs, inner, text)                                                                  \
    "<a:p><a:pPr " attrs ">" inner "</a:pPr><a:r><a:t>" text "</a:t></a:r></a:p>"
    AUTO_FREE char *s = deck(
        (struct deck){
            .first = SLIDE(HOLDER("idx=\"1\"",
                PARA("signed") LEVEL("lvl=\"1\"", "", "bare")
                    LEVEL("", "<a:buAutoNum type=\"arabicPeriod\"/>", "one")
                        LEVEL("", "<a:buAutoNum type=\"arabicPeriod\"/>", "two") LEVEL(
                            "lvl=\"1\"", "<a:buAutoNum type=\"alphaLcParenR\" startAt=\"3\"/>", "c")
                            LEVEL("", "<a:buAutoNum type=\"arabicPeriod\"/>", "three")
                                LEVEL("", "<a:buNone/>", "plain"))
                    SHAPE(AT("0", "950", "10", "10"), PARA("no bullet in a text box"))) },
        READ);
    expect_text(s, "list_item 1 {slide 2; 0.50 0.40 1.00 0.90} signed = - signed\n");
    expect_text(s, "paragraph 0 {slide 2; 0.50 0.40 1.00 0.90} bare\n");
    expect_text(s, "one = 1. one\n");
    expect_text(s, "two = 2. two\n");
    expect_text(s, "list_item 2 {slide 2; 0.50 0.40 1.00 0.90} c =   c) c\n");
    expect_text(s, "three = 3. three\n");
    expect_text(s, "paragraph 0 {slide 2; 0.50 0.40 1.00 0.90} plain\n");
    expect_text(s, "paragraph 0 {slide 2; 0.00 0.95 0.01 0.96} no bullet in a text box\n");
}

static void tables_have_merged_cells(void **state)
{
    (void)state;
#define TC(attrs, text) "<a:tc " attrs "><a:txBody>" PARA(text) "</a:txBody></a:tc>"
    AUTO_FREE char *s = deck(
        (struct deck){
            .first = SLIDE(
                "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr/></p:nvGraphicFramePr><p:xfrm>"
                "<a:off x=\"0\" y=\"0\"/><a:ext cx=\"100\" "
                "cy=\"100\"/></p:xfrm><a:graphic><a:graphicData><a:tbl><a:tr>" TC("gridSpan=\"2\"",
                    "Class") TC("hMerge=\"1\"", "") "</a:tr><a:tr>" TC("rowSpan=\"2\"", "R1")
                    TC("", "a") "</a:tr><a:tr>" TC("vMerge=\"1\"", "") TC(
                        "", "b") "</a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>") },
        READ);
    expect_text(s, "table 0 {slide 2; 0.00 0.00 0.10 0.10} Class/R1 | a/R1 | b = | Class | Class "
                   "|/| --- | --- |/| R1 | a |/| R1 | b |\n");
}

static void charts_and_diagrams_become_words(void **state)
{
    (void)state;
    AUTO_FREE char *s = deck(
        (struct deck){
            .first = SLIDE("<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr "
                           "descr=\"trend\"/></p:nvGraphicFramePr>"
                           "<a:graphic><c:chart r:id=\"c\"/></a:graphic></p:graphicFrame>"),
            .rels = RELS(RELATION("c", "chart", "../charts/c.xml")),
            .more_name = "ppt/charts/c.xml",
            .more =
                "<c:chartSpace " NAMES "><c:ser><c:tx><c:v>Burgers</c:v></c:tx><c:cat><c:pt "
                "idx=\"0\"><c:v>Q1</c:v></c:pt></c:cat><c:val>"
                "<c:pt "
                "idx=\"0\"><c:v>4.2999999999999998</c:v></c:pt></c:val></c:ser></c:chartSpace>" },
        READ);
    expect_text(s, "figure 0 {slide 2} trend\ntable 0 {slide 2}  | Burgers/Q1 | 4.3 =");
    AUTO_FREE char *d =
        deck((struct deck){ .first = SLIDE("<p:graphicFrame><a:graphic><dgm:relIds "
                                           "r:dm=\"d\"/></a:graphic></p:graphicFrame>"),
                 .rels = RELS(RELATION("d", "diagramData", "../diagrams/d.xml")),
                 .more_name = "ppt/diagrams/d.xml",
                 .more = "<dgm:dataModel " NAMES "><dgm:pt><dgm:t>" PARA(
                     "Plan") "</dgm:t></dgm:pt><dgm:pt "
                             "type=\"pres\"><dgm:t>" PARA("Plan again") "</dgm:t></"
                                                                        "dgm:pt><dgm:pt><dgm:"
                                                                        "t>" PARA("Do") "</dgm:t></"
                                                                                        "dgm:pt></"
                                                                                        "dgm:"
                                                                                        "dataModel"
                                                                                        ">" },
            READ);
    expect_text(d, "list_item 1 {slide 2} Plan = - Plan\nlist_item 1 {slide 2} Do = - Do\n");
    expect_no_text(d, "again");
}

static void notes_and_comments_have_their_names(void **state)
{
    (void)state;
    AUTO_FREE char *s = deck(
        (struct deck){ .first = SLIDE(SHAPE(AT("0", "0", "9", "9"), PARA("x"))),
            .rels = RELS(RELATION("n", "notesSlide", "../notesSlides/n.xml")),
            .more_name = "ppt/notesSlides/n.xml",
            .more = "<p:notes " NAMES "><p:cSld><p:spTree>" HOLDER("type=\"sldImg\"",
                PARA("picture")) HOLDER("type=\"body\" idx=\"1\"", PARA("Say hello.") PARA("Wait."))
                HOLDER("type=\"sldNum\"", PARA("7")) "</p:spTree></p:cSld></p:notes>" },
        READ);
    expect_text(s, "note 0 {slide 2, notes} Say hello./Wait.\n");
    expect_no_text(s, "picture");
    expect_no_text(s, " 7\n");
    AUTO_FREE char *c =
        deck((struct deck){ .first = SLIDE(SHAPE(AT("0", "0", "9", "9"), PARA("x"))),
                 .rels = RELS("<" RTL "/>"),
                 .more_name = "ppt/c2.xml",
                 .more = "<p188:cmLst " NAMES "><p188:cm><p188:txBody>" PARA(
                     "Really?") "</p188:txBody><p188:replyLst>"
                                "<p188:reply><p188:txBody>" PARA(
                                    "Yes.") "</p188:txBody></p188:reply></p188:replyLst></"
                                            "p188:cm></p188:cmLst>" },
            READ);
    expect_text(c, "comment 0 {slide 2, comments} Really?\ncomment 0 {slide 2, comments} Yes.\n");
}

static void hidden_slides_stay_in_the_index_hidden_shapes_do_not(void **state)
{
    (void)state;
    static const char first[] = "<p:sld " NAMES " show=\"0\"><p:cSld><p:spTree><p:grpSpPr/>" SHAPE(
        AT("0", "0", "9", "9"), PARA("spare")) SHAPE(AT("2000", "0", "100", "100"),
        PARA("off the slide")) SHAPE(AT("0", "500", "9", "9"),
        "<a:p><a:r><a:rPr sz=\"100\"/><a:t>tiny</a:t></a:r></a:p>") "</p:spTree></p:cSld></p:sld>";
    AUTO_FREE char *s = deck((struct deck){ .first = first }, READ);
    expect_text(s, "paragraph 0 hidden {slide 2; 0.00 0.00 0.01 0.01} spare\n");
    expect_text(s, "paragraph 0 hidden not_indexed {slide 2; 1.00 0.00 1.00 0.10} off the slide\n");
    expect_text(s, "paragraph 0 hidden not_indexed {slide 2; 0.00 0.50 0.01 0.51} tiny\n");
    AUTO_FREE char *check = deck((struct deck){ .first = first }, CHECK);
    expect_text(check, "finding text.hidden The presentation holds 17 bytes");
}

static void pictures_are_figures_and_ornaments_are_told_once(void **state)
{
    (void)state;
#define PICTURE(place, alt)                                                                        \
    "<p:pic><p:nvPicPr><p:cNvPr id=\"1\" descr=\"" alt                                             \
    "\"/></p:nvPicPr><p:blipFill><a:blip r:embed=\"i\"/></p:blipFill>"                             \
    "<p:spPr>" place "</p:spPr></p:pic>"
    AUTO_FREE char *s =
        deck((struct deck){ .first = SLIDE(PICTURE(AT("0", "100", "900000", "100"), "A bun")
                                    PICTURE(AT("0", "300", "900000", "9"), "")),
                 .rels = RELS(RELATION("i", "image", "../media/bun.jpeg")),
                 .more_name = "ppt/media/bun.jpeg",
                 .more = "\xFF\xD8\xFF\xE0 jpeg" },
            READ);
    expect_text(s, "image bun.jpeg image/jpeg 9\n");
    expect_text(s, "figure 0 {slide 2; 0.00 0.10 1.00 0.20} A bun @bun.jpeg\n");
    assert_null(strstr(strstr(s, "figure") + 1, "figure"));
}

static void a_broken_slide_leaves_the_others_readable(void **state)
{
    (void)state;
    AUTO_FREE char *s = deck(
        (struct deck){ .first = "<p:sld", .second = SLIDE(HOLDER("type=\"title\"", PARA("Fine"))) },
        READ);
    expect_text(s, "title 1 {slide 1} Fine");
    expect_text(s, "finding structure.repaired The part \"ppt/slides/slide1.xml\" is damaged");
}

static void groups_nested_without_end_are_bounded(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    buf_add_str(&b, "<p:sld " NAMES "><p:cSld><p:spTree>");
    for (int i = 0; i < 400; i++) {
        buf_add_str(&b, "<p:grpSp>");
    }
    for (int i = 0; i < 400; i++) {
        buf_add_str(&b, "</p:grpSp>");
    }
    buf_add_str(&b, "</p:spTree></p:cSld></p:sld>");
    AUTO_FREE char *check = deck((struct deck){ .first = b.data }, CHECK);
    buf_done(&b);
    expect_text(check, "finding bomb.depth");
}

static void an_empty_presentation_has_no_content(void **state)
{
    (void)state;
    AUTO_FREE char *check = deck((struct deck){ .first = SLIDE(""), .second = SLIDE("") }, CHECK);
    expect_text(check, "finding structure.no_content");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slides_come_in_the_order_of_the_presentation),
        cmocka_unit_test(shapes_are_read_by_rows_title_first),
        cmocka_unit_test(groups_stay_together_and_are_transformed),
        cmocka_unit_test(bullets_come_from_paragraph_layout_or_master),
        cmocka_unit_test(tables_have_merged_cells),
        cmocka_unit_test(charts_and_diagrams_become_words),
        cmocka_unit_test(notes_and_comments_have_their_names),
        cmocka_unit_test(hidden_slides_stay_in_the_index_hidden_shapes_do_not),
        cmocka_unit_test(pictures_are_figures_and_ornaments_are_told_once),
        cmocka_unit_test(a_broken_slide_leaves_the_others_readable),
        cmocka_unit_test(groups_nested_without_end_are_bounded),
        cmocka_unit_test(an_empty_presentation_has_no_content),
    };
    return cmocka_run_group_tests_name("pptx", tests, NULL, NULL);
}
