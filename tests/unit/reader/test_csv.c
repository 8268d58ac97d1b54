// SPDX-License-Identifier: AGPL-3.0-or-later
// CSV: dialects, quoting, headers, places; blocks of whole rows.
#include "ooxml_test.h"

#include "reader/csv_parse.h"
#include "reader/csv_table.h"

static char *reading(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_CSV, pass);
}

static const struct {
    const char *source;
    char delimiter;
} dialects[] = {
    { "a,b,c\n1,2,3\n", ',' },
    { "a;b;c\n1,5;2,5;3,5\n", ';' },
    { "a\tb\n1,2\t3\n", '\t' },
    { "a|b|c\n1|2|3\n", '|' },
    { "a:b\n1:2\n", ':' },
    { "time,what\n12:30,a\n12:40,b\n", ',' },
    { "name;text\nx;\"a, b, c\"\ny;\"d, e, f\"\n", ';' },
    { "one\ntwo\nthree\n", ',' },
    { "sep=;\na;b\n", ';' },
    { "Name;Price\nFries, large;2,80\nCola, small;1,90\n", ';' },
};

static void the_delimiter_is_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
        size_t skip;
        struct csv_dialect d = csv_guess(slice_of(dialects[i].source), &skip);
        if (d.delimiter != dialects[i].delimiter) {
            fail_msg("'%s': expected '%c', got '%c'", dialects[i].source, dialects[i].delimiter,
                d.delimiter);
        }
    }
}

static const struct {
    const char *source, *fields; // records by newline, fields by "|"
} records[] = {
    { "a,b\r\nc,d\r\n", "a|b\nc|d\n" },
    { "a,b\rc,d", "a|b\nc|d\n" },
    { "\"a,b\",c\n", "a,b|c\n" },
    { "\"a \"\"q\"\" b\",c\n", "a \"q\" b|c\n" },
    { "\"line\none\",x\n", "line\none|x\n" },
    { "a,\"unclosed\nb,c\n", "a|\"unclosed\nb|c\n" },
    { "a,b,\n", "a|b|\n" },
    { "a,b,", "a|b|\n" },
    { "\n\na\n", "\n\na\n" },
    { "a, \"b, c\",d\n", "a|b, c|d\n" },
    { "\"a\"x,b\n", "ax|b\n" },
    { "a\"b,c\n", "a\"b|c\n" },
    { "\"\",\"\"\n", "|\n" },
};

static void records_are_as_rfc_4180_and_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct csv c;
        AUTO_BUF out = BUF_INIT(4096);
        csv_init(&c, slice_of(records[i].source), (struct csv_dialect){ ',', '"', false });
        while (csv_next(&c)) {
            for (size_t k = 0; k < c.count; k++) {
                buf_add_str(&out, k ? "|" : "");
                buf_add_slice(&out, csv_field_text(&c, k));
            }
            buf_add_char(&out, '\n');
        }
        csv_done(&c);
        assert_string_equal(out.data, records[i].fields);
    }
}

static void backslashes_escape_where_the_file_does_so(void **state)
{
    size_t skip;
    struct csv_dialect d =
        csv_guess(SLICE_LIT("a,b\n\"x \\\"y\\\" z, w\",2\n\"p \\\"q\\\", r\",3\n"), &skip);
    (void)state;
    assert_true(d.backslash);
}

static void a_header_is_given_with_every_block(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&text, "Item,Price\n");
    for (int i = 0; i < 300; i++) {
        buf_addf(&text, "Meal number %d,%d.50\n", i, i);
    }
    AUTO_FREE char *out = reading(text.data, READ);
    expect_text(out, "table 0 {rows 1–");
    expect_text(out, "Item | Price/Meal number 0 | 0.50/");
    expect_text(out, " = | Item | Price |/| --- | --- |/| Meal number 0 | 0.50 |/");
    const char *second = strstr(strstr(out, "table 0") + 1, "table 0");
    assert_non_null(second);
    expect_text((char *)second, " = | Item | Price |/| --- | --- |/| Meal number ");
    expect_text(out, "–301} ");
}

static void a_record_is_one_row(void **state)
{
    (void)state;
    AUTO_FREE char *out = reading("a,b\n\"x\ny\",1\n\nz,2\n", READ);
    expect_text(out, "a | b/x y | 1/z | 2");
    expect_text(out, "rows 1–4");
}

static void a_title_above_the_header_is_a_heading(void **state)
{
    (void)state;
    AUTO_FREE char *out =
        reading("Stanley Cups,,\nTeam,Location,Cups\nBlues,STL,1\nFlyers,PHI,2\n", READ);
    expect_text(out, "heading 1 {row 1");
    expect_text(out, "Team | Location | Cups/Blues | STL | 1");
}

static void ragged_rows_are_kept(void **state)
{
    (void)state;
    AUTO_FREE char *out = reading("a,b,c\n1\n1,2,3,4\n,,3\n", READ);
    expect_text(out, "a | b | c/1/1 | 2 | 3 | 4/ |  | 3 = | a | b | c |  |/| --- | --- | --- | --- "
                     "|/| 1 |/| 1 | 2 | 3 | 4 |/|  |  | 3 |\n");
}

static void wide_rows_and_long_cells_are_split(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        buf_addf(&text, "%scolumn %d", i ? "," : "", i);
    }
    buf_add_str(&text, "\n\"");
    for (int i = 0; i < 1000; i++) {
        buf_addf(&text, "Sentence %d. ", i);
    }
    buf_add_str(&text, "\",x\n");
    AUTO_FREE char *out = reading(text.data, READ);
    expect_text(out, "column 1999");
    expect_text(out, "Sentence 999.");
    struct slice rest = slice_of(out), line;
    while (slice_cut(&rest, '\n', &line)) {
        assert_true(line.len < 40000);
    }
}

static void formulas_are_told(void **state)
{
    (void)state;
    AUTO_FREE char *out = reading("a,b\n=cmd|' /C calc'!A0,1\n", CHECK);
    expect_text(out, "finding active.dde 1 cells begin like formulas.");
    AUTO_FREE char *plain = reading("a,b\n-5,+3\n=4,@me\n", CHECK);
    expect_no_text(plain, "finding");
}

static void too_many_cells_are_refused(void **state)
{
    AUTO_BUF out = BUF_INIT(64 << 20);
    struct reader_sink sink = { seen_finding, seen_element, seen_progress, seen_info, seen_image,
        &out };
    struct reader_limits limits = reader_limits_default;
    struct reader r = { .format = FORMAT_CSV,
        .input = SLICE_LIT("a,b\n1,2\n3,4\n"),
        .limits = &limits,
        .sink = &sink };
    (void)state;
    limits.cells = 3;
    assert_int_equal(reader_format_find(FORMAT_CSV)->read(&r, NULL), ERR_LIMIT);
    expect_text(out.data, "finding bomb.cells");
}

static void kinds_of_cells_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum cell_kind kind;
    } kinds[] = { { "", CELL_EMPTY }, { " ", CELL_EMPTY }, { "12", CELL_NUMBER },
        { "-1,200.5", CELL_NUMBER }, { "12 %", CELL_NUMBER }, { "$4.20", CELL_NUMBER },
        { "€ 3", CELL_NUMBER }, { "1.2E+05", CELL_NUMBER }, { "2024-01-02", CELL_DATE },
        { "12:30", CELL_DATE }, { "2024-01-02T10:00:00Z", CELL_DATE }, { "3 Jan 2024", CELL_DATE },
        { "Item", CELL_TEXT }, { "Room 5", CELL_TEXT }, { "a1", CELL_TEXT }, { "x@y.z", CELL_TEXT },
        { "-", CELL_TEXT } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (csv_table_cell_kind(slice_of(kinds[i].text)) != kinds[i].kind) {
            fail_msg("'%s' is of another kind", kinds[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_delimiter_is_guessed),
        cmocka_unit_test(records_are_as_rfc_4180_and_beyond),
        cmocka_unit_test(backslashes_escape_where_the_file_does_so),
        cmocka_unit_test(a_header_is_given_with_every_block),
        cmocka_unit_test(a_record_is_one_row),
        cmocka_unit_test(a_title_above_the_header_is_a_heading),
        cmocka_unit_test(ragged_rows_are_kept),
        cmocka_unit_test(wide_rows_and_long_cells_are_split),
        cmocka_unit_test(formulas_are_told),
        cmocka_unit_test(too_many_cells_are_refused),
        cmocka_unit_test(kinds_of_cells_are_told_apart),
    };
    return cmocka_run_group_tests_name("reader/csv", tests, NULL, NULL);
}
