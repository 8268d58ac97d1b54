// SPDX-License-Identifier: AGPL-3.0-or-later
// Number formats: a table of what spreadsheet programs show, and properties over many values.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/numfmt.h"

static const struct {
    const char *code;
    double value;
    const char *shown;
} cases[] = {
    // General
    { "General", 0, "0" },
    { "General", 1, "1" },
    { "General", -1, "-1" },
    { "General", 0.1, "0.1" },
    { "General", 1.0 / 3, "0.333333333" },
    { "General", 2.0 / 3, "0.666666667" },
    { "General", 1234567.891, "1234567.891" },
    { "General", 12345678901.0, "12345678901" },
    { "General", 123456789012.0, "1.23457E+11" },
    { "General", 1e100, "1E+100" },
    { "General", 0.0001, "0.0001" },
    { "General", 0.00001, "0.00001" },
    { "General", 1.234e-10, "1.234E-10" },
    { "General", 3.14159265358979, "3.141592654" },
    { "General", 99999999999.9, "1E+11" },
    { "General", -12.5, "-12.5" },
    { "General", 0.30000000000000004, "0.3" },
    { "General\" pcs\"", 5, "5 pcs" },
    // whole numbers, places, thousands
    { "0", 5, "5" },
    { "0", 0.5, "1" },
    { "0", 1.5, "2" },
    { "0", -2.5, "-3" },
    { "0.00", 2.675, "2.68" },
    { "0.00", 1.005, "1.01" },
    { "0.00", 5, "5.00" },
    { "0.0#", 5.25, "5.25" },
    { "0.0#", 5.2, "5.2" },
    { "0.##", 5, "5." },
    { "#.##", 0.5, ".5" },
    { "#", 0, "" },
    { "000", 7, "007" },
    { "???", 7, "  7" },
    { "#,##0", 8500, "8,500" },
    { "#,##0", 1234567, "1,234,567" },
    { "#,##0", 999, "999" },
    { "#,##0.00", -1234.5, "-1,234.50" },
    { "0,000", 12, "0,012" },
    { "0,", 12345, "12" },
    { "0.0,,", 12345678, "12.3" },
    { "#,##0,\"k\"", 1234567, "1,235k" },
    { "0.0,,\" M\"", 1500000, "1.5 M" },
    { "000-00-0000", 123456789, "123-45-6789" },
    { "(000) 000-0000", 2025550123, "(202) 555-0123" },
    { "0.000", 9.9996, "10.000" },
    { "\"Nr. \"0", 7, "Nr. 7" },
    { "0\\x", 7, "7x" },
    { "00.00", 1.2, "01.20" },
    { "#0.0?", 1.5, "1.5 " },
    // percent
    { "0%", 0.25, "25%" },
    { "0.0%", 0.1234, "12.3%" },
    { "0%", 1.005, "101%" },
    { "0.00%", -0.05, "-5.00%" },
    // sections and conditions
    { "0;(0)", -5, "(5)" },
    { "0;(0)", 5, "5" },
    { "0;-0;\"zero\"", 0, "zero" },
    { "0;;", -5, "" },
    { ";;;", 5, "" },
    { "#,##0_);\\(#,##0\\)", -1200, "(1,200)" },
    { "#,##0_);\\(#,##0\\)", 1200, "1,200 " },
    { "[Red]0;[Blue]-0", -3, "-3" },
    { "[>=100]0;0.00", 100, "100" },
    { "[>=100]0;0.00", 5, "5.00" },
    { "[<0]\"minus \"0;0", -5, "minus 5" },
    { "[=1]\"yes\";[=0]\"no\";\"maybe\"", 1, "yes" },
    { "[=1]\"yes\";[=0]\"no\";\"maybe\"", 0, "no" },
    { "[=1]\"yes\";[=0]\"no\";\"maybe\"", 3, "maybe" },
    { "0;@", -4, "-4" },
    { "0.00;[Red]0.00", -1.5, "1.50" },
    // currency and locale
    { "$#,##0.00", 1234.5, "$1,234.50" },
    { "$#,##0.00", -2, "-$2.00" },
    { "[$€-407] #,##0.00", 3, "€ 3.00" },
    { "#,##0.00\\ \"€\"", 12.5, "12.50 €" },
    { "[$-409]0", 3, "3" },
    { "_($* #,##0.00_)", 3, " $3.00 " },
    // exponents
    { "0.00E+00", 12345, "1.23E+04" },
    { "0.00E+00", 0.00012, "1.20E-04" },
    { "##0.0E+0", 12345, "12.3E+3" },
    { "##0.0E+0", 123456, "123.5E+3" },
    { "0E+0", 0, "0E+0" },
    { "0.0E-0", 1500, "1.5E3" },
    { "0.00E+00", 9.999e5, "1.00E+06" },
    // fractions
    { "# ?/?", 1.5, "1 1/2" },
    { "# ?/?", 0.25, " 1/4" },
    { "# ?\?/?\?", 3.14159, "3 14/99" },
    { "# ?/8", 1.3, "1 2/8" },
    { "?/?", 1.5, "3/2" },
    { "?/200602003", 1000000000016, "1E+12" }, // the top would not fit: as "General"
    { "# ?/?", 2, "2    " },
    { "# ?/100", 0.37, " 37/100" },
    // dates
    { "m/d/yyyy", 44197, "1/1/2021" },
    { "m/d/yyyy", 1, "1/1/1900" },
    { "m/d/yyyy", 59, "2/28/1900" },
    { "m/d/yyyy", 60, "2/29/1900" },
    { "m/d/yyyy", 61, "3/1/1900" },
    { "m/d/yyyy", 0, "1/0/1900" },
    { "yyyy-mm-dd", 2958465, "9999-12-31" },
    { "dd.mm.yy", 44197, "01.01.21" },
    { "d-mmm-yy", 44260, "5-Mar-21" },
    { "mmmm d, yyyy", 44260, "March 5, 2021" },
    { "dddd", 44260, "Friday" },
    { "ddd", 44260, "Fri" },
    { "mmmmm", 44260, "M" },
    { "[$-F800]dddd, mmmm dd, yyyy", 44260, "Friday, March 05, 2021" },
    { "yyyy-mm-dd hh:mm", 44197.75, "2021-01-01 18:00" },
    { "m/d/yyyy", -1, "-1" },
    { "dddd", 1, "Sunday" },
    { "yyyy\"-W\"", 44197, "2021-W" },
    { "d\\.m\\.yyyy", 44197, "1.1.2021" },
    // times
    { "h:mm", 0.347222222222222, "8:20" },
    { "h:mm AM/PM", 0.75, "6:00 PM" },
    { "h:mm AM/PM", 0, "12:00 AM" },
    { "h:mm A/P", 0.75, "6:00 P" },
    { "hh:mm:ss", 0.5, "12:00:00" },
    { "mm:ss", 0.00347222222222222, "05:00" },
    { "mm:ss.0", 0.0000127314814814815, "00:01.1" },
    { "[h]:mm:ss", 1.5, "36:00:00" },
    { "[mm]:ss", 0.5, "720:00" },
    { "[h]:mm", -0.5, "-12:00" },
    { "h:mm:ss", 0.999999, "0:00:00" },
    { "[s]", 0.001, "86" },
    { "h \"h\" mm \"min\"", 0.0625, "1 h 30 min" },
    // text formats on numbers, and odd codes
    { "@", 12.5, "12.5" },
    { "", 5, "" },
    { "0 \"a;b\"", 1, "1 a;b" },
    { "0\\;0", 12, "1;2" },
    { "[h", 5, "" },
};

static void numbers_show_as_in_a_spreadsheet(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_BUF b = BUF_INIT(4096);
        numfmt_number(cases[i].code, cases[i].value, false, &b);
        if (!slice_is(buf_slice(&b), cases[i].shown)) {
            print_message("code '%s', value %.15g: expected '%s', got '%s'\n", cases[i].code,
                cases[i].value, cases[i].shown, b.data ? b.data : "");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void the_1904_system_starts_four_years_later(void **state)
{
    AUTO_BUF b = BUF_INIT(100);
    (void)state;
    numfmt_number("yyyy-mm-dd dddd", 0, true, &b);
    assert_string_equal(b.data, "1904-01-01 Friday");
    buf_reset(&b);
    numfmt_number("[h]:mm", 1.5, true, &b);
    assert_string_equal(b.data, "36:00");
}

static void text_takes_the_fourth_section(void **state)
{
    static const struct {
        const char *code, *value, *shown;
    } texts[] = { { "General", "abc", "abc" }, { "0;0;0;\"<\"@\">\"", "abc", "<abc>" },
        { "@", "x", "x" }, { "0.00", "x", "x" }, { "\"Mr. \"@", "Smith", "Mr. Smith" },
        { ";;;", "hidden", "" }, { "0;-0;0;@", "t", "t" }, { "m/d/yyyy", "t", "t" } };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO_BUF b = BUF_INIT(100);
        numfmt_text(texts[i].code, slice_of(texts[i].value), &b);
        assert_string_equal(b.data ? b.data : "", texts[i].shown);
    }
}

static void two_places_agree_with_printf_away_from_ties(void **state)
{
    unsigned seed = 7;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double v = ((double)rand_r(&seed) - RAND_MAX / 2) / 1000.0 + 0.0001;
        char want[64];
        AUTO_BUF b = BUF_INIT(100);
        snprintf(want, sizeof(want), "%.2f", v);
        double scaled = fabs(v) * 100, tie = fabs(scaled - floor(scaled) - 0.5);
        if (tie < 1e-6) {
            continue;
        }
        numfmt_number("0.00", v, false, &b);
        assert_string_equal(b.data, want);
    }
}

static void every_day_formats_to_the_next_date(void **state)
{
    char before[32] = "1900-02-29";
    (void)state;
    for (int day = 61; day < 80000; day++) {
        AUTO_BUF b = BUF_INIT(100);
        numfmt_number("yyyy-mm-dd", day, false, &b);
        assert_int_equal(b.len, 10);
        assert_true(strcmp(b.data, before) > 0);
        strcpy(before, b.data);
    }
}

static void what_is_stored_reads_back(void **state)
{
    static const double values[] = { 0, 1, -1, 0.5, 44197, 1234.5678, 1e15, 123456789012345, 1e-5,
        0.1, 1e20, -0.000123 };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        AUTO_BUF b = BUF_INIT(100);
        numfmt_stored(values[i], &b);
        assert_true(fabs(strtod(b.data, NULL) - values[i]) <= fabs(values[i]) * 1e-14);
    }
}

static void every_builtin_shows_every_kind_of_value(void **state)
{
    static const double values[] = { 0, 1, -1, 0.5, 44197.123, 1e300, -1e300, 1e-300, 2958465.99999,
        2958466, -0.0 };
    (void)state;
    for (int id = -1; id < 60; id++) {
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            AUTO_BUF b = BUF_INIT(NUMFMT_TEXT_MAX);
            numfmt_number(numfmt_builtin(id), values[i], false, &b);
            assert_true(buf_ok(&b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_show_as_in_a_spreadsheet),
        cmocka_unit_test(the_1904_system_starts_four_years_later),
        cmocka_unit_test(text_takes_the_fourth_section),
        cmocka_unit_test(two_places_agree_with_printf_away_from_ties),
        cmocka_unit_test(every_day_formats_to_the_next_date),
        cmocka_unit_test(what_is_stored_reads_back),
        cmocka_unit_test(every_builtin_shows_every_kind_of_value),
    };
    return cmocka_run_group_tests_name("reader/numfmt", tests, NULL, NULL);
}
