// SPDX-License-Identifier: AGPL-3.0-or-later
// Word documents: what a reader of the document sees, in the order in which it is seen, and nothing else.
#include "ooxml_test.h"

#include "reader/docx.h"

#define NAMES                                                                                      \
    "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" "                    \
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" "             \
    "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" "                           \
    "xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" "         \
    "xmlns:m=\"http://schemas.openxmlformats.org/officeDocument/2006/math\" "                      \
    "xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" "                    \
    "xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" "                          \
    "xmlns:v=\"urn:schemas-microsoft-com:vml\""
#define DOCUMENT(body) "<w:document " NAMES "><w:body>" body "</w:body></w:document>"
#define RUN(text) "<w:r><w:t xml:space=\"preserve\">" text "</w:t></w:r>"
#define P(text) "<w:p>" RUN(text) "</w:p>"
#define STYLED(style, text) "<w:p><w:pPr><w:pStyle w:val=\"" style "\"/></w:pPr>" RUN(text) "</w:p>"
#define ITEM(num, level, text)                                                                     \
    "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"" level "\"/><w:numId w:val=\"" num                      \
    "\"/></w:numPr></w:pPr>" RUN(text) "</w:p>"
#define CELL(text) "<w:tc>" P(text) "</w:tc>"
#define GRID2 "<w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>"

struct parts {
    const char *document, *styles, *numbering, *footnotes, *comments, *header, *chart, *image,
        *page, *message;
};

static char *with(struct parts t, enum pass pass)
{
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    const struct {
        const char *name, *content;
    } all[] = { { "word/document.xml", t.document }, { "word/styles.xml", t.styles },
        { "word/numbering.xml", t.numbering }, { "word/footnotes.xml", t.footnotes },
        { "word/comments.xml", t.comments }, { "word/header1.xml", t.header },
        { "word/header2.xml", t.header }, { "word/charts/chart1.xml", t.chart },
        { "word/media/image1.png", t.image }, { "word/page.html", t.page },
        { "word/page.mht", t.message },
        { "word/_rels/document.xml.rels",
            RELS(RELATION("s", "styles", "styles.xml") RELATION("n", "numbering", "numbering.xml")
                    RELATION("f", "footnotes", "footnotes.xml") RELATION("c", "comments",
                        "/word/comments.xml") RELATION("h", "header", "header1.xml") RELATION("i",
                        "header", "./header2.xml") RELATION("rChart", "chart", "charts/chart1.xml")
                        RELATION("rImage", "image", "media/image1.png") RELATION("rPage", "aFChunk",
                            "page.html") RELATION("rMessage", "aFChunk", "page.mht")) } };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i].content) {
            package_add(&w, all[i].name, all[i].content, strlen(all[i].content));
        }
    }
    return seen(package_end(&w), FORMAT_DOCX, pass);
}

static char *read_body(const char *document)
{
    return with((struct parts){ .document = document }, READ);
}

static const char styles[] =
    "<w:styles " NAMES ">"
    "<w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Standard\"><w:name "
    "w:val=\"Normal\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"Titel\"><w:name w:val=\"Title\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"x1\"><w:name w:val=\"heading "
    "1\"/><w:pPr><w:numPr><w:numId w:val=\"2\"/>"
    "</w:numPr></w:pPr></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"x2\"><w:name w:val=\"heading "
    "2\"/><w:pPr><w:numPr><w:ilvl w:val=\"1\"/>"
    "<w:numId w:val=\"2\"/></w:numPr></w:pPr></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"Mine\"><w:basedOn w:val=\"Base\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"Base\"><w:pPr><w:outlineLvl "
    "w:val=\"2\"/></w:pPr></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"berschrift4\"><w:name w:val=\"\xC3\x9C"
    "berschrift 4\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"Loop\"><w:basedOn w:val=\"Loop2\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"Loop2\"><w:basedOn w:val=\"Loop\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"cap\"><w:name w:val=\"caption\"/></w:style>"
    "<w:style w:type=\"paragraph\" w:styleId=\"toc\"><w:name w:val=\"toc 1\"/></w:style>"
    "<w:style w:type=\"character\" "
    "w:styleId=\"Secret\"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>";
static const char numbering[] =
    "<w:numbering " NAMES ">"
    "<w:abstractNum w:abstractNumId=\"7\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt "
    "w:val=\"decimal\"/>"
    "<w:lvlText w:val=\"%1\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt "
    "w:val=\"decimal\"/>"
    "<w:lvlText w:val=\"%1.%2\"/></w:lvl></w:abstractNum>"
    "<w:abstractNum w:abstractNumId=\"8\"><w:lvl w:ilvl=\"0\"><w:numFmt "
    "w:val=\"bullet\"/><w:lvlText w:val=\"\xEF\x82\xB7\"/>"
    "</w:lvl><w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt w:val=\"lowerLetter\"/><w:lvlText "
    "w:val=\"%2)\"/></w:lvl>"
    "<w:lvl w:ilvl=\"2\"><w:start w:val=\"4\"/><w:numFmt w:val=\"upperRoman\"/><w:lvlText "
    "w:val=\"%3.\"/></w:lvl>"
    "</w:abstractNum>"
    "<w:num w:numId=\"2\"><w:abstractNumId w:val=\"7\"/></w:num><w:num "
    "w:numId=\"3\"><w:abstractNumId w:val=\"8\"/></w:num>"
    "<w:num w:numId=\"4\"><w:abstractNumId w:val=\"7\"/><w:lvlOverride "
    "w:ilvl=\"0\"><w:startOverride w:val=\"5\"/>"
    "</w:lvlOverride></w:num></w:numbering>";

static void headings_show_their_computed_numbers(void **state)
{
    (void)state;
    AUTO_FREE char *s = with(
        (struct parts){ .styles = styles,
            .numbering = numbering,
            .document = DOCUMENT(STYLED("Titel", "Manual") STYLED("x1", "Scope") P("a") STYLED("x2",
                "Who") STYLED("x2", "What") STYLED("x1", "Terms") STYLED("x2", "Words") P("b")) },
        READ);
    expect_text(s, "title 0 {document} Manual = # Manual\n"
                   "heading 1 {document; 1 Scope} 1 Scope = # 1 Scope\n"
                   "paragraph 0 {document; 1 Scope} a\n"
                   "heading 2 {document; 1 Scope > 1.1 Who} 1.1 Who = ## 1.1 Who\n"
                   "heading 2 {document; 1 Scope > 1.2 What} 1.2 What = ## 1.2 What\n"
                   "heading 1 {document; 2 Terms} 2 Terms = # 2 Terms\n"
                   "heading 2 {document; 2 Terms > 2.1 Words} 2.1 Words = ## 2.1 Words\n"
                   "paragraph 0 {document; 2 Terms > 2.1 Words} b\n");
}

static void headings_are_known_by_outline_inheritance_and_local_names(void **state)
{
    (void)state;
    AUTO_FREE char *s = with(
        (struct parts){ .styles = styles,
            .document = DOCUMENT(STYLED("Mine", "Third") STYLED("berschrift4", "Vierte")
                    STYLED("Loop", "circle") "<w:p><w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr>" RUN(
                        "Direct") "</w:p>"
                                  "<w:p><w:pPr><w:pStyle w:val=\"Mine\"/><w:outlineLvl "
                                  "w:val=\"9\"/></w:pPr>" RUN("not") "</w:p>" STYLED(
                                      "cap", "Figure 1") STYLED("toc", "Scope 3")) },
        READ);
    expect_text(s, "heading 3 {document; Third} Third");
    expect_text(s, "heading 4 {document; Third > Vierte} Vierte");
    expect_text(s, "paragraph 0 {document; Third > Vierte} circle");
    expect_text(s, "heading 1 {document; Direct} Direct");
    expect_text(s, "paragraph 0 {document; Direct} not");
    expect_text(s, "caption 0 {document; Direct} Figure 1");
    expect_text(s, "paragraph 0 not_indexed {document; Direct} Scope 3");
}

static void lists_carry_their_signs_in_markdown(void **state)
{
    (void)state;
    AUTO_FREE char *s =
        with((struct parts){ .numbering = numbering,
                 .document = DOCUMENT(ITEM("3", "0", "dot") ITEM("3", "1", "first")
                         ITEM("3", "1", "second") ITEM("3", "2", "deep") ITEM("3", "0", "dot")
                             ITEM("3", "1", "again") ITEM("4", "0", "five") ITEM("4", "0", "six")
                                 ITEM("99", "0", "no such list") ITEM("0", "0", "none")) },
            READ);
    expect_text(s, "list_item 1 {document} dot = - dot\n"
                   "list_item 2 {document} first =   a) first\n"
                   "list_item 2 {document} second =   b) second\n"
                   "list_item 3 {document} deep =     IV. deep\n"
                   "list_item 1 {document} dot = - dot\n"
                   "list_item 2 {document} again =   a) again\n"
                   "list_item 1 {document} five = 5 five\n"
                   "list_item 1 {document} six = 6 six\n"
                   "paragraph 0 {document} no such list\n"
                   "paragraph 0 {document} none\n");
}

static void runs_are_joined_and_only_what_is_shown_counts(void **state)
{
    (void)state;
    AUTO_FREE char *s = read_body(DOCUMENT("<w:p>" RUN("one ") "<w:hyperlink r:id=\"x\">" RUN(
        "link") "</w:hyperlink>"
                "<w:r><w:tab/><w:t>tab</w:t><w:noBreakHyphen/><w:t>hy</w:t><w:softHyphen/"
                "><w:t>phen</w:t><w:br/><w:t>line</w:t>"
                "<w:sym w:font=\"Wingdings\" w:char=\"F0FC\"/></w:r>"
                "<w:ins>" RUN(
                    " inserted") "</w:ins><w:del><w:r><w:delText> deleted</w:delText></w:r></w:del>"
                                 "<w:moveFrom>" RUN(" moved away") "</w:moveFrom><w:moveTo>" RUN(
                                     " moved here") "</w:moveTo>"
                                                    "<w:smartTag><w:sdt><w:sdtPr><w:alias/></"
                                                    "w:sdtPr><w:sdtContent>" RUN(
                                                        " smart") "</w:sdtContent></w:sdt></"
                                                                  "w:smartTag>"
                                                                  "</w:p>"));
    expect_text(s,
        "paragraph 0 {document} one link\ttab-hyphen/line\xE2\x9C\x93 inserted moved here smart\n");
}

static void fields_show_results_and_dde_is_found(void **state)
{
    (void)state;
    static const char body[] = DOCUMENT("<w:p>" RUN(
        "a ") "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>"
              "<w:r><w:instrText> DDEAU</w:instrText></w:r><w:r><w:instrText>TO "
              "c:\\x</w:instrText></w:r>"
              "<w:r><w:fldChar "
              "w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>X</w:instrText></w:r>"
              "<w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>" RUN(
                  "inner") "<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
                           "<w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>" RUN(
                               "result") "</w:p><w:p>" RUN(" over two") "<w:r><w:fldChar "
                                                                        "w:fldCharType=\"end\"/></"
                                                                        "w:r><w:fldSimple "
                                                                        "w:instr=\"PAGE\">" RUN(
                                                                            " 7") "</w:fldSimple></"
                                                                                  "w:p>");
    AUTO_FREE char *s = read_body(body);
    expect_text(s, "{document} a result\n");
    expect_text(s, "{document} over two 7\n");
    expect_no_text(s, "inner");
    expect_no_text(s, "DDE");
    AUTO_FREE char *check = with((struct parts){ .document = body }, CHECK);
    expect_text(check,
        "finding active.dde The document holds 1 field that would start another program (DDE).");
}

static void hidden_text_is_kept_apart_and_found(void **state)
{
    (void)state;
    static const char body[] = DOCUMENT("<w:p>" RUN(
        "seen") "<w:r><w:rPr><w:vanish/></w:rPr><w:t>gone one</w:t></w:r>"
                "<w:r><w:rPr><w:rStyle w:val=\"Secret\"/></w:rPr><w:t> gone two</w:t></w:r>"
                "<w:r><w:rPr><w:color w:val=\"FFFFFF\"/></w:rPr><w:t> gone three</w:t></w:r>"
                "<w:r><w:rPr><w:sz w:val=\"2\"/></w:rPr><w:t> gone four</w:t></w:r>"
                "<w:r><w:rPr><w:color w:val=\"FFFFFF\"/><w:shd w:fill=\"000000\"/></w:rPr><w:t> "
                "white on black</w:t></w:r></w:p>");
    AUTO_FREE char *s = with((struct parts){ .styles = styles, .document = body }, READ);
    expect_text(s,
        "paragraph 0 {document} seen white on black\n"
        "paragraph 0 hidden not_indexed {document} gone one gone two gone three gone four\n");
    AUTO_FREE char *check = with((struct parts){ .styles = styles, .document = body }, CHECK);
    expect_text(check, "finding text.hidden The document holds 38 bytes of text");
}

static void tables_have_headers_merged_cells_and_nested_ones(void **state)
{
    (void)state;
    AUTO_FREE char *s = read_body(DOCUMENT("<w:tbl>" GRID2 "<w:tr>" CELL("Item")
            CELL(
                "Price|$") "</w:tr>"
                           "<w:tr><w:tc><w:tcPr><w:vMerge w:val=\"restart\"/></w:tcPr>" P("Fries") "</w:tc>" CELL(
                               "1") "</w:tr>"
                                    "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></"
                                    "w:tc><w:tc>" P("2") P(
                                        "3") "</w:tc></w:tr>"
                                             "<w:tr><w:tc><w:tcPr><w:gridSpan "
                                             "w:val=\"2\"/></w:tcPr>" P(
                                                 "wide") "</w:tc></w:tr>"
                                                         "<w:tr><w:trPr><w:del/></w:trPr>" CELL("d"
                                                                                                "e"
                                                                                                "l"
                                                                                                "e"
                                                                                                "t"
                                                                                                "e"
                                                                                                "d")
                                                             CELL(
                                                                 "row") "</w:tr>"
                                                                        "<w:tr><w:trPr><w:"
                                                                        "gridBefore "
                                                                        "w:val=\"1\"/></"
                                                                        "w:trPr><w:tc><w:tbl>" GRID2
                                                                        "<w:tr>" CELL("n1") CELL(
                                                                            "n2") "</"
                                                                                  "w:tr><w:"
                                                                                  "tr>" CELL(
                                                                                      "n3") "</"
                                                                                            "w:"
                                                                                            "tr><"
                                                                                            "/w:"
                                                                                            "tbl>"
                                                                                            "<w:"
                                                                                            "p/"
                                                                                            "></"
                                                                                            "w:"
                                                                                            "tc><"
                                                                                            "/w:"
                                                                                            "tr><"
                                                                                            "/w:"
                                                                                            "tbl"
                                                                                            ">" P(
                                                                                                "af"
                                                                                                "te"
                                                                                                "r")));
    expect_text(s,
        "table 0 {document} Item | Price|$/Fries | 1/Fries | 2 3/wide/ | n1, n2 n3 = "
        "| Item | Price\\|$ |/| --- | --- |/| Fries | 1 |/| Fries | 2<br>3 |/| wide | wide |/"
        "|  | n1, n2<br>n3 |\nparagraph 0 {document} after\n");
    expect_no_text(s, "deleted");
}

static void a_table_of_one_column_is_a_frame(void **state)
{
    (void)state;
    AUTO_FREE char *s = with(
        (struct parts){ .styles = styles,
            .document = DOCUMENT("<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>" STYLED(
                "Mine", "Boxed") P("x") "</w:tc></w:tr></w:tbl>") },
        READ);
    expect_text(s, "heading 3 {document; Boxed} Boxed");
    expect_text(s, "paragraph 0 {document; Boxed} x");
}

static void long_tables_come_in_blocks_that_know_their_header(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    buf_add_str(&b,
        "<w:document " NAMES "><w:body><w:tbl>" GRID2 "<w:tr>" CELL("No") CELL("Word") "</w:tr>");
    for (int i = 1; i < 100; i++) {
        buf_addf(
            &b, "<w:tr><w:tc><w:p><w:r><w:t>%d</w:t></w:r></w:p></w:tc>" CELL("w") "</w:tr>", i);
    }
    buf_add_str(&b, "</w:tbl></w:body></w:document>");
    AUTO_FREE char *s = read_body(b.data);
    buf_done(&b);
    expect_text(s, "table 0 {document} No | Word/1 | w/");
    expect_text(s, "table 0 {document} 40 | w/41 | w/");
    expect_text(s, "= | No | Word |/| --- | --- |/| 40 | w |/");
    expect_text(s, "| 99 | w |\n");
}

static void tables_nested_too_deeply_are_left_out_and_said_so(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    buf_add_str(&b, "<w:document " NAMES "><w:body>");
    for (int i = 0; i < DOCX_TABLE_DEPTH_MAX + 3; i++) {
        buf_addf(&b, "<w:tbl>" GRID2 "<w:tr><w:tc><w:p><w:r><w:t>depth %d</w:t></w:r></w:p>", i);
    }
    for (int i = 0; i < DOCX_TABLE_DEPTH_MAX + 3; i++) {
        buf_add_str(&b, "</w:tc></w:tr></w:tbl>");
    }
    buf_add_str(&b, P("after") "</w:body></w:document>");
    AUTO_FREE char *s = read_body(b.data);
    buf_done(&b);
    expect_text(s, "depth 31");
    expect_no_text(s, "depth 32");
    expect_text(s, "finding structure.partial Tables nested more than 32 deep were left out.");
    expect_text(s, "paragraph 0 {document} after");
}

static void one_branch_of_alternate_content_is_read(void **state)
{
    (void)state;
#define BOX(text) "<w:txbxContent>" P(text) "</w:txbxContent>"
    AUTO_FREE char *
        s = read_body(DOCUMENT("<w:p>" RUN("around") "<w:r><mc:AlternateContent><mc:Choice "
                                                     "Requires=\"wps\"><w:drawing>" BOX("choice") "</w:drawing></mc:Choice><mc:Fallback><w:pict>" BOX(
                                                         "fallback") "</w:pict></mc:Fallback></"
                                                                     "mc:AlternateContent>"
                                                                     "<mc:AlternateContent><mc:"
                                                                     "Choice "
                                                                     "Requires=\"unheardof\"><w:"
                                                                     "drawing>" BOX(
                                                                         "strange") "</w:drawing></"
                                                                                    "mc:Choice>"
                                                                                    "<mc:Fallback><"
                                                                                    "w:pict>" BOX(
                                                                                        "known") "<"
                                                                                                 "/"
                                                                                                 "w"
                                                                                                 ":"
                                                                                                 "p"
                                                                                                 "i"
                                                                                                 "c"
                                                                                                 "t"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 "c"
                                                                                                 ":"
                                                                                                 "F"
                                                                                                 "a"
                                                                                                 "l"
                                                                                                 "l"
                                                                                                 "b"
                                                                                                 "a"
                                                                                                 "c"
                                                                                                 "k"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 "c"
                                                                                                 ":"
                                                                                                 "A"
                                                                                                 "l"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "r"
                                                                                                 "n"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "C"
                                                                                                 "o"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "w"
                                                                                                 ":"
                                                                                                 "r"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "w"
                                                                                                 ":"
                                                                                                 "p"
                                                                                                 ">" P(
                                                                                                     "after")));
    expect_text(s, "paragraph 0 {document} around\nparagraph 0 {document} choice\nparagraph 0 "
                   "{document} known\n"
                   "paragraph 0 {document} after\n");
    expect_no_text(s, "fallback");
    expect_no_text(s, "strange");
}

static void pictures_and_charts_are_figures(void **state)
{
    (void)state;
    AUTO_FREE char *s =
        with((struct parts){ .image = "\x89PNG\r\n\x1A\nxyz",
                 .chart = "<c:chartSpace " NAMES "><c:title><a:p><a:r><a:t>Sales</a:t></a:r></"
                          "a:p></c:title><c:ser><c:tx><c:v>2024</c:v>"
                          "</c:tx><c:cat><c:pt idx=\"0\"><c:v>May</c:v></c:pt><c:pt "
                          "idx=\"1\"><c:v>June</c:v></c:pt></c:cat><c:val>"
                          "<c:pt idx=\"0\"><c:v>10</c:v></c:pt><c:pt "
                          "idx=\"1\"><c:v>12</c:v></c:pt></c:val></c:ser></c:chartSpace>",
                 .document = DOCUMENT(
                     "<w:p><w:r><w:drawing><wp:docPr descr=\"A fryer\"/><a:blip "
                     "r:embed=\"rImage\"/></w:drawing></w:r></w:p>"
                     "<w:p><w:r><w:drawing><c:chart r:id=\"rChart\"/></w:drawing></w:r></w:p>") },
            READ);
    expect_text(s, "image image1.png image/png 11\nfigure 0 {document} A fryer @image1.png\n");
    expect_text(s, "figure 0 {document} Sales\ntable 0 {document}  | 2024/May | 10/June | 12 = "
                   "|  | 2024 |/| --- | --- |/| May | 10 |/| June | 12 |\n");
}

static void formulas_are_written_on_one_line(void **state)
{
    (void)state;
#define M(text) "<m:r><m:t>" text "</m:t></m:r>"
    AUTO_FREE char *s = read_body(
        DOCUMENT("<w:p><m:oMathPara><m:oMath>" M("y=") "<m:f><m:num>" M("a+b") "</m:num><m:den>" M(
            "2") "</m:den></m:f>" M("+") "<m:sSup><m:e>" M("x") "</m:e><m:sup>" M("10") "</m:sup></"
                                                                                        "m:sSup><m:"
                                                                                        "rad><m:"
                                                                                        "deg/"
                                                                                        "><m:e>" M(
                                                                                            "z") "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 ":"
                                                                                                 "e"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 ":"
                                                                                                 "r"
                                                                                                 "a"
                                                                                                 "d"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 ":"
                                                                                                 "o"
                                                                                                 "M"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "h"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "m"
                                                                                                 ":"
                                                                                                 "o"
                                                                                                 "M"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "h"
                                                                                                 "P"
                                                                                                 "a"
                                                                                                 "r"
                                                                                                 "a"
                                                                                                 ">"
                                                                                                 "<"
                                                                                                 "/"
                                                                                                 "w"
                                                                                                 ":"
                                                                                                 "p"
                                                                                                 ">"));
    expect_text(s, "formula 0 {document} y=(a+b)/2+x^10\xE2\x88\x9Az\n");
}

static void notes_comments_and_headers_have_their_parts(void **state)
{
    (void)state;
    AUTO_FREE char *s = with(
        (struct parts){ .styles = styles,
            .document = DOCUMENT(STYLED("Mine", "Oil") "<w:p>" RUN(
                "Hot") "<w:r><w:footnoteReference "
                       "w:id=\"2\"/></w:r>" RUN(" oil") "<w:r><w:commentReference "
                                                        "w:id=\"9\"/></w:r></w:p>"),
            .footnotes = "<w:footnotes " NAMES "><w:footnote w:type=\"separator\" w:id=\"0\">" P(
                "line") "</w:footnote>"
                        "<w:footnote w:id=\"2\">" P("At 180.")
                            P("Or so.") "</w:footnote></w:footnotes>",
            .comments = "<w:comments " NAMES
                        "><w:comment w:id=\"9\">" P("Sure?") "</w:comment></w:comments>",
            .header = "<w:hdr " NAMES ">" P("Kitchen manual") "</w:hdr>" },
        READ);
    expect_text(s, "paragraph 0 {document; Oil} Hot oil = Hot[^1] oil\n"
                   "note 0 {footnotes; Oil} At 180./Or so. = [^1]: At 180./Or so.\n"
                   "comment 0 {comments; Oil} Sure?\n"
                   "header 0 not_indexed {header} Kitchen manual\n");
    assert_null(strstr(
        strstr(s, "Kitchen manual") + 1, "Kitchen manual")); // the same text twice is told once
}

static void lines_in_bold_stand_for_headings_where_there_are_no_styles(void **state)
{
    (void)state;
#define BOLD(text) "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>" text "</w:t></w:r></w:p>"
    AUTO_FREE char *s = read_body(
        DOCUMENT(BOLD("Opening") P("Turn on the lights and the fryers.") P("Count the drawer.")
                BOLD("Closing") P("Turn them off again.") BOLD("This is a sentence.")));
    expect_text(s, "heading 2 {document; Opening} Opening");
    expect_text(s, "heading 2 {document; Closing} Closing");
    expect_text(s, "paragraph 0 {document; Closing} This is a sentence.");
    AUTO_FREE char *all = read_body(DOCUMENT(BOLD("All of") BOLD("it is") BOLD("bold")));
    expect_no_text(all, "heading");
}

static void strict_documents_read_like_transitional_ones(void **state)
{
    (void)state;
    AUTO_FREE char *s = read_body(
        "<w:document xmlns:w=\"http://purl.oclc.org/ooxml/wordprocessingml/main\"><w:body>" P(
            "strict") "</w:body></w:document>");
    expect_text(s, "paragraph 0 {document} strict\n");
}

static void broken_and_empty_documents_are_refused(void **state)
{
    (void)state;
    AUTO_FREE char *broken =
        with((struct parts){ .document = "<w:document " NAMES "><w:body><w:p>" }, CHECK);
    expect_text(broken, "finding structure.corrupt");
    AUTO_FREE char *other = with((struct parts){ .document = "<html/>" }, CHECK);
    expect_text(other, "finding structure.corrupt");
    AUTO_FREE char *empty = with((struct parts){ .document = DOCUMENT("<w:p/>") }, CHECK);
    expect_text(empty, "finding structure.no_content");
}

static void pages_within_a_document_are_read_where_they_stand(void **state)
{
    struct parts t = { .document =
                           DOCUMENT(STYLED("H1", "Cleaning") "<w:altChunk r:id=\"rPage\"/>" P(
                               "between") "<w:altChunk r:id=\"rMessage\"/>" P("after")),
        .styles = "<w:styles " NAMES "><w:style w:type=\"paragraph\" w:styleId=\"H1\"><w:name "
                  "w:val=\"heading 1\"/></w:style></w:styles>",
        .page = "<html><head><title>x</title></head><body><p>Wipe the <b>hood</b>.<ol><li>Rinse it"
                "</ol><script>1</script></body></html>",
        .message =
            "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n--b\r\n"
            "Content-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: "
            "quoted-printable\r\n\r\n<p>K=FChlung =\r\npr=FCfen\r\n--b--\r\n" };
    (void)state;
    AUTO_FREE char *s = with(t, READ), *checked = with(t, CHECK);
    expect_text(s, "paragraph 0 {document; Cleaning} Wipe the hood.\nlist_item 1");
    expect_text(s,
        "list_item 1 {document; Cleaning} Rinse it = 1. Rinse it\nparagraph 0 {document; "
        "Cleaning} between\n");
    expect_text(s, "paragraph 0 {document; Cleaning} K\xC3\xBChlung pr\xC3\xBC"
                   "fen");
    expect_text(s, "paragraph 0 {document; Cleaning} after\n");
    expect_text(checked, "finding active.script");
    assert_null(strstr(checked, "embedded.file"));
    t.document = DOCUMENT("<w:altChunk r:id=\"rPage\"/>");
    AUTO_FREE char *only = with(t, CHECK);
    assert_null(strstr(only, "no_content"));
}

static void a_broken_side_part_leaves_the_rest_readable(void **state)
{
    (void)state;
    AUTO_FREE char *s = with((struct parts){ .document = DOCUMENT(P("text")),
                                 .styles = "<w:styles",
                                 .numbering = "no xml",
                                 .footnotes = "" },
        READ);
    expect_text(s, "finding structure.repaired The part \"word/styles.xml\" is damaged");
    expect_text(s, "finding structure.repaired The part \"word/numbering.xml\" is damaged");
    expect_text(s, "paragraph 0 {document} text\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headings_show_their_computed_numbers),
        cmocka_unit_test(headings_are_known_by_outline_inheritance_and_local_names),
        cmocka_unit_test(lists_carry_their_signs_in_markdown),
        cmocka_unit_test(runs_are_joined_and_only_what_is_shown_counts),
        cmocka_unit_test(fields_show_results_and_dde_is_found),
        cmocka_unit_test(hidden_text_is_kept_apart_and_found),
        cmocka_unit_test(tables_have_headers_merged_cells_and_nested_ones),
        cmocka_unit_test(a_table_of_one_column_is_a_frame),
        cmocka_unit_test(long_tables_come_in_blocks_that_know_their_header),
        cmocka_unit_test(tables_nested_too_deeply_are_left_out_and_said_so),
        cmocka_unit_test(one_branch_of_alternate_content_is_read),
        cmocka_unit_test(pictures_and_charts_are_figures),
        cmocka_unit_test(formulas_are_written_on_one_line),
        cmocka_unit_test(notes_comments_and_headers_have_their_parts),
        cmocka_unit_test(lines_in_bold_stand_for_headings_where_there_are_no_styles),
        cmocka_unit_test(strict_documents_read_like_transitional_ones),
        cmocka_unit_test(broken_and_empty_documents_are_refused),
        cmocka_unit_test(pages_within_a_document_are_read_where_they_stand),
        cmocka_unit_test(a_broken_side_part_leaves_the_rest_readable),
    };
    return cmocka_run_group_tests_name("docx", tests, NULL, NULL);
}
