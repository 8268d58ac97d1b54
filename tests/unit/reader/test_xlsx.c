// SPDX-License-Identifier: AGPL-3.0-or-later
// Excel workbooks: values as people see them, tables told apart, exact ranges.
#include "ooxml_test.h"

#define S                                                                                          \
    "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "                         \
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
#define SHEET(rows) "<worksheet " S "><sheetData>" rows "</sheetData></worksheet>"
#define ROW(n, cells) "<row r=\"" #n "\">" cells "</row>"
#define TEXT(ref, text) "<c r=\"" ref "\" t=\"inlineStr\"><is><t>" text "</t></is></c>"
#define NUMBER(ref, v) "<c r=\"" ref "\"><v>" v "</v></c>"
#define STYLED(ref, style, v) "<c r=\"" ref "\" s=\"" #style "\"><v>" v "</v></c>"

static const char styles[] =
    "<styleSheet " S "><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>"
    "<fonts><font/><font><b/></font></fonts><cellXfs>"
    "<xf numFmtId=\"0\"/><xf numFmtId=\"3\"/><xf numFmtId=\"164\"/><xf numFmtId=\"10\"/><xf "
    "numFmtId=\"14\"/><xf numFmtId=\"0\" fontId=\"1\"/></cellXfs></styleSheet>";

struct book {
    const char *sheet, *sheet2, *strings, *comments, *table, *drawing, *chart, *diagram, *link,
        *workbook;
};

static char *with(struct book b, enum pass pass)
{
    static const char workbook[] =
        "<workbook " S
        "><sheets><sheet name=\"Menu\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>";
    static const char two[] =
        "<workbook " S "><sheets><sheet name=\"Menu\" sheetId=\"1\" r:id=\"s1\"/>"
        "<sheet name=\"Costs\" sheetId=\"2\" state=\"veryHidden\" "
        "r:id=\"s2\"/></sheets></workbook>";
    struct package_writer w;
    package_begin(&w);
    char types[2000];
    snprintf(types, sizeof(types),
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/><Override "
        "PartName=\"/xl/workbook.xml\" ContentType=\"%s\"/>%s</Types>",
        SHEET_TYPE,
        b.link ? "<Override PartName=\"/xl/link.xml\" "
                 "ContentType=\"application/"
                 "vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml\"/>"
               : "");
    const struct {
        const char *name, *content;
    } all[] = { { "[Content_Types].xml", types },
        { "_rels/.rels", RELS(RELATION("rId1", "officeDocument", "xl/workbook.xml")) },
        { "xl/workbook.xml", b.workbook ? b.workbook
                             : b.sheet2 ? two
                                        : workbook },
        { "xl/sheet1.xml", b.sheet }, { "xl/sheet2.xml", b.sheet2 }, { "xl/styles.xml", styles },
        { "xl/sharedStrings.xml", b.strings }, { "xl/comments1.xml", b.comments },
        { "xl/table1.xml", b.table }, { "xl/drawing1.xml", b.drawing },
        { "xl/chart1.xml", b.chart }, { "xl/data1.xml", b.diagram }, { "xl/link.xml", b.link },
        { "xl/_rels/drawing1.xml.rels", b.drawing
                                            ? RELS(RELATION("c1", "chart", "chart1.xml")
                                                      RELATION("m1", "diagramData", "data1.xml"))
                                            : NULL },
        { "xl/_rels/workbook.xml.rels",
            RELS(RELATION("s1", "worksheet", "sheet1.xml") RELATION("s2", "worksheet", "sheet2.xml")
                    RELATION("st", "styles", "styles.xml")
                        RELATION("ss", "sharedStrings", "sharedStrings.xml")) },
        { "xl/_rels/sheet1.xml.rels",
            RELS(RELATION("c", "comments", "comments1.xml") RELATION("t", "table", "table1.xml")
                    RELATION("d", "drawing", "drawing1.xml")) } };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i].content) {
            package_add(&w, all[i].name, all[i].content, strlen(all[i].content));
        }
    }
    return seen(package_end(&w), FORMAT_XLSX, pass);
}

static char *read_sheet(const char *sheet)
{
    return with((struct book){ .sheet = sheet }, READ);
}

static void values_show_as_people_see_them(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_sheet(SHEET(ROW(1, TEXT("A1", "What") TEXT("B1", "Value")) ROW(
        2, TEXT("A2", "number") STYLED("B2", 1, "8500")) ROW(3,
        TEXT("A3", "date")
            STYLED("B3", 2, "44197")) ROW(4, TEXT("A4", "share") STYLED("B4", 3, "0.125"))
            ROW(5, TEXT("A5", "plain") NUMBER("B5", "0.30000000000000004")) ROW(
                6, TEXT("A6", "bool") "<c r=\"B6\" t=\"b\"><v>1</v></c>") ROW(7,
                TEXT("A7", "error") "<c r=\"B7\" t=\"e\"><v>#N/A</v></c>") ROW(8,
                TEXT("A8", "formula") "<c r=\"B8\" t=\"str\"><f>A1&amp;A2</f><v>Whatnumber</v></c>")
                ROW(9, TEXT("A9", "empty") "<c r=\"B9\"><f>A1</f></c>")));
    expect_text(out, "heading 1 {Menu!A1} Menu\n");
    expect_text(out, "What | Value/number | 8,500 (8500)/date | 2021-01-01 (44197)/share | 12.50% "
                     "(0.125)/plain | 0.3/bool | TRUE/error | #N/A/formula | Whatnumber/empty");
    expect_text(out, "| number | 8,500 |/| date | 2021-01-01 |");
    expect_text(out, "{Menu!A1:B9}");
}

static void shared_strings_join_runs_and_drop_hints(void **state)
{
    (void)state;
    AUTO_FREE char *out = with(
        (struct book){
            .sheet = SHEET(ROW(1, "<c r=\"A1\" t=\"s\"><v>1</v></c><c r=\"B1\" "
                                  "t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>9</v></c>")),
            .strings = "<sst " S "><si><t>one</t></si><si><r><t>Hot "
                       "</t></r><r><t>oil_x000D_</t></r><rPh><t>hint</t></rPh></si></sst>" },
        READ);
    expect_text(out, "Hot oil | one");
    expect_no_text(out, "hint");
}

static void separate_tables_come_apart(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_sheet(SHEET(
        ROW(1, TEXT("A1", "a") TEXT("B1", "b") TEXT("E1", "x") TEXT("F1", "y"))
            ROW(2, NUMBER("A2", "1") NUMBER("B2", "2") NUMBER("E2", "3") NUMBER("F2", "4"))
                ROW(3, NUMBER("A3", "5") NUMBER("B3", "6")) ROW(8, TEXT("B8", "p") TEXT("C8", "q"))
                    ROW(9, NUMBER("B9", "7") NUMBER("C9", "8"))));
    expect_text(out, "table 0 {Menu!A1:B3} a | b/1 | 2/5 | 6 = | a | b |");
    expect_text(out, "table 0 {Menu!E1:F2} x | y/3 | 4 =");
    expect_text(out, "table 0 {Menu!B8:C9} p | q/7 | 8 =");
}

static void a_spacer_column_does_not_tear_a_table(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_sheet(SHEET(ROW(1, TEXT("A1", "Zone") TEXT("C1", "Sales")) ROW(
        2, TEXT("A2", "North") NUMBER("C2", "1")) ROW(3, TEXT("A3", "South") NUMBER("C3", "2"))));
    expect_text(out, "table 0 {Menu!A1:C3} Zone |  | Sales/North |  | 1/South |  | 2");
}

static void titles_and_headers_above_a_gap_are_found(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_sheet(SHEET(ROW(1, TEXT("A1", "Fryer log"))
            ROW(2, TEXT("A2", "Day") TEXT("B2", "Oil")) ROW(3, NUMBER("A3", "1") NUMBER("B3", "2"))
                ROW(10, TEXT("B10", "Sales") TEXT("C10", "Profit"))
                    ROW(12, TEXT("A12", "North") NUMBER("B12", "5") NUMBER("C12", "6"))
                        ROW(13, TEXT("A13", "South") NUMBER("B13", "7") NUMBER("C13", "8"))));
    expect_text(out, "heading 2 {Menu!A1} Fryer log =");
    expect_text(out, "{Menu!A2:B3} Day | Oil/1 | 2");
    expect_text(out, "{Menu!A12:C13} North | 5 | 6/South | 7 | 8 = |  | Sales | Profit |/| --- | "
                     "--- | --- |/| North | 5 | 6 |");
}

#define LEADS                                                                                      \
    ROW(2, TEXT("A2", "Tuesday") TEXT("B2", "Lead Green"))                                         \
    ROW(3, TEXT("A3", "Wednesday") TEXT("B3", "Lead Blue"))
#define BOLD(ref, text) "<c r=\"" ref "\" s=\"5\" t=\"inlineStr\"><is><t>" text "</t></is></c>"

static void a_first_row_of_data_is_no_header_unless_it_is_set_off(void **state)
{
    static const char frozen[] =
        "<worksheet " S "><sheetViews><sheetView><pane ySplit=\"1\" topLeftCell=\"A2\" "
        "state=\"frozen\"/></sheetView></sheetViews><sheetData>" ROW(
            1, TEXT("A1", "Monday") TEXT("B1", "Lead Red")) LEADS "</sheetData></worksheet>";
    (void)state;
    AUTO_FREE char *plain =
        read_sheet(SHEET(ROW(1, TEXT("A1", "Monday") TEXT("B1", "Lead Red")) LEADS));
    expect_text(plain, "= |  |  |/| --- | --- |/| Monday | Lead Red |/| Tuesday");
    AUTO_FREE char *bold =
        read_sheet(SHEET(ROW(1, BOLD("A1", "Monday") BOLD("B1", "Lead Red")) LEADS));
    expect_text(bold, "= | Monday | Lead Red |/| --- | --- |/| Tuesday");
    AUTO_FREE char *all = read_sheet(SHEET(ROW(1, BOLD("A1", "Monday") BOLD("B1", "Lead Red"))
            ROW(2, BOLD("A2", "Tuesday") BOLD("B2", "Lead Green"))));
    expect_text(all, "= |  |  |/| --- | --- |/| Monday | Lead Red |");
    AUTO_FREE char *kept = read_sheet(frozen);
    expect_text(kept, "= | Monday | Lead Red |/| --- | --- |/| Tuesday");
}

static void a_long_table_keeps_its_header_and_exact_ranges(void **state)
{
    AUTO_BUF sheet = BUF_INIT(4 << 20);
    (void)state;
    buf_add_str(&sheet, "<worksheet " S "><dimension ref=\"A1:B2001\"/><sheetData>" ROW(
                            1, TEXT("A1", "Item") TEXT("B1", "Price")));
    for (int i = 2; i <= 2001; i++) {
        buf_addf(&sheet,
            "<row r=\"%d\"><c r=\"A%d\" t=\"inlineStr\"><is><t>Meal %d</t></is></c><c "
            "r=\"B%d\"><v>%d</v></c></row>",
            i, i, i, i, i * 3);
    }
    buf_add_str(&sheet, "</sheetData></worksheet>");
    AUTO_FREE char *out = read_sheet(sheet.data);
    expect_text(out, "heading 1 {Menu!A1:B2001} Menu\n");
    expect_text(out, "Meal 2001 | 6003");
    struct slice rest = slice_of(out), line;
    int tables = 0, next = 1;
    while (slice_cut(&rest, '\n', &line)) {
        int from, to;
        AUTO_FREE char *copy = xstrndup(line.data ? line.data : "", line.len);
        if (sscanf(copy, "table 0 {Menu!A%d:B%d}", &from, &to) == 2) {
            tables++;
            assert_int_equal(from, next);
            next = to + 1;
            expect_text(copy, "= | Item | Price |/| --- | --- |");
        }
    }
    assert_true(tables > 20);
    assert_int_equal(next, 2002);
}

static void comments_tables_text_boxes_and_charts_are_read(void **state)
{
    (void)state;
    AUTO_FREE char *out = with(
        (struct book){
            .sheet = SHEET(ROW(1, TEXT("A1", "x")) ROW(2, TEXT("A2", "note above") TEXT("B2", "z"))
                    ROW(3, TEXT("A3", "k") TEXT("B3", "v"))
                        ROW(4, TEXT("A4", "l") TEXT("B4", "w"))),
            .table = "<table " S " ref=\"A3:B4\"/>",
            .comments = "<comments " S "><commentList><comment ref=\"B4\"><text><r><t>Check "
                        "</t></r><r><t>this</t></r></text></comment></commentList></comments>",
            .drawing =
                "<xdr:wsDr "
                "xmlns:xdr=\"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing\" "
                "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" "
                "xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" "
                "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">"
                "<xdr:twoCellAnchor><xdr:from><xdr:col>3</xdr:col><xdr:row>0</xdr:row></"
                "xdr:from><xdr:to><xdr:col>5</xdr:col><xdr:row>4</xdr:row></xdr:to>"
                "<xdr:sp><xdr:txBody><a:p><a:r><a:t>Boxed</a:t></a:r></a:p></xdr:txBody></xdr:sp></"
                "xdr:twoCellAnchor>"
                "<xdr:oneCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>9</xdr:row></"
                "xdr:from><xdr:graphicFrame><c:chart "
                "r:id=\"c1\"/></xdr:graphicFrame></xdr:oneCellAnchor></xdr:wsDr>",
            .chart =
                "<c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" "
                "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\">"
                "<c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales by "
                "day</a:t></a:r></a:p></c:rich></c:tx></c:title></c:chart></c:chartSpace>" },
        READ);
    expect_text(out, "comment 0 {Menu!B4} Check this\n");
    expect_text(out, "paragraph 0 {Menu!D1:F5} Boxed\n");
    expect_text(out, "figure 0 {Menu!B10} Sales by day\n");
    expect_text(out, "{Menu!A3:B4} k | v/l | w = | k | v |/| --- | --- |/| l | w |");
}

static void a_diagram_is_read_where_it_stands(void **state)
{
    (void)state;
    AUTO_FREE char *out = with(
        (struct book){ .sheet = SHEET(""),
            .drawing =
                "<xdr:wsDr "
                "xmlns:xdr=\"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing\" "
                "xmlns:d=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\" "
                "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">"
                "<xdr:twoCellAnchor><xdr:from><xdr:col>3</xdr:col><xdr:row>0</xdr:row></"
                "xdr:from><xdr:to><xdr:col>5</xdr:col><xdr:row>4</xdr:row></xdr:to>"
                "<xdr:graphicFrame><d:relIds r:dm=\"m1\"/></xdr:graphicFrame>"
                "</xdr:twoCellAnchor></xdr:wsDr>",
            .diagram =
                "<d:dataModel xmlns:d=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\" "
                "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><d:ptLst>"
                "<d:pt><d:t><a:p><a:r><a:t>Clean the fryer</a:t></a:r></a:p></d:t></d:pt>"
                "<d:pt><d:t><a:p><a:r><a:t>Fill in fresh oil</a:t></a:r></a:p></d:t></d:pt>"
                "</d:ptLst></d:dataModel>" },
        READ);
    expect_text(out, "list_item 1 {Menu!D1:F5} Clean the fryer");
    expect_text(out, "list_item 1 {Menu!D1:F5} Fill in fresh oil");
}

static void hidden_sheets_are_marked_and_told(void **state)
{
    struct book b = { .sheet = SHEET(ROW(1, TEXT("A1", "x"))),
        .sheet2 = SHEET(ROW(1, TEXT("A1", "secret"))) };
    (void)state;
    AUTO_FREE char *out = with(b, READ), *checked = with(b, CHECK);
    expect_text(out, "heading 1 hidden {Costs!A1} Costs\n");
    expect_text(out, "paragraph 0 hidden {Costs!A1} secret =");
    expect_text(checked, "finding text.hidden The sheet \"Costs\" is hidden");
    expect_text(checked, "info sheets=2\n");
}

static void links_to_programs_are_told(void **state)
{
    (void)state;
    AUTO_FREE char *out =
        with((struct book){ .sheet = SHEET(ROW(1, TEXT("A1", "x"))),
                 .link = "<externalLink " S
                         "><ddeLink ddeService=\"cmd\" ddeTopic=\"x\"/></externalLink>" },
            CHECK);
    expect_text(out, "finding active.dde The workbook is linked to another program (cmd)");
}

static void broken_workbooks_are_refused(void **state)
{
    (void)state;
    AUTO_FREE char *none = with(
        (struct book){ .sheet = SHEET(""), .workbook = "<workbook " S "><sheets/></workbook>" },
        CHECK);
    expect_text(none, "finding structure.corrupt The workbook has no sheets.");
    AUTO_FREE char *cut = with(
        (struct book){ .sheet = "<worksheet " S "><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v>" },
        CHECK);
    expect_text(cut, "finding structure.corrupt");
    AUTO_FREE char *empty = read_sheet(SHEET(""));
    expect_text(empty, "finding structure.no_content");
    AUTO_FREE char *dtd = with(
        (struct book){ .sheet = SHEET(ROW(1, TEXT("A1", "x"))),
            .strings = "<!DOCTYPE x [<!ENTITY a \"b\">]><sst " S "><si><t>&a;</t></si></sst>" },
        CHECK);
    expect_text(dtd, "finding xml.dtd");
}

static void odd_references_do_no_harm(void **state)
{
    (void)state;
    AUTO_FREE char *out =
        read_sheet(SHEET("<row><c><v>1</v></c><c><v>2</v></c></row><row r=\"0\"><c "
                         "r=\"ZZZZ1\"><v>3</v></c></row><row r=\"99999999\"><c r=\"A5\" "
                         "t=\"s\"><v>-4</v></c><c r=\"B\" s=\"-1\"><v>x</v></c></row>"
                         "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1e999</v></c><c "
                         "r=\"XFD1048576\"><v>4</v></c></row>"));
    expect_text(out, "{Menu!A1:B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_show_as_people_see_them),
        cmocka_unit_test(shared_strings_join_runs_and_drop_hints),
        cmocka_unit_test(separate_tables_come_apart),
        cmocka_unit_test(a_spacer_column_does_not_tear_a_table),
        cmocka_unit_test(titles_and_headers_above_a_gap_are_found),
        cmocka_unit_test(a_first_row_of_data_is_no_header_unless_it_is_set_off),
        cmocka_unit_test(a_long_table_keeps_its_header_and_exact_ranges),
        cmocka_unit_test(comments_tables_text_boxes_and_charts_are_read),
        cmocka_unit_test(a_diagram_is_read_where_it_stands),
        cmocka_unit_test(hidden_sheets_are_marked_and_told),
        cmocka_unit_test(links_to_programs_are_told),
        cmocka_unit_test(broken_workbooks_are_refused),
        cmocka_unit_test(odd_references_do_no_harm),
    };
    return cmocka_run_group_tests_name("reader/xlsx", tests, NULL, NULL);
}
