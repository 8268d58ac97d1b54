// SPDX-License-Identifier: AGPL-3.0-or-later
// Rows of tables: cells under their header, in words.
#include "assist/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect_words(const char *header, const char *line, bool sheet, const bool *named,
    bool only, const char *wanted)
{
    struct arena a;
    struct row r;

    arena_init(&a, 1 << 20);
    row_cut(slice_of(header), slice_of(line), sheet, &r);
    struct slice words = row_words(&a, &r, named, only);
    char *got = xstrndup(words.data ? words.data : "", words.len);
    assert_string_equal(got, wanted);
    free_ptr(&got);
    arena_done(&a);
}

static void cells_stand_under_their_header_and_blank_ones_are_left_out(void **state)
{
    (void)state;
    expect_words("Item | Milk | Egg | Note", "Fries |  | contains", false, NULL, false,
        "Item: Fries; Egg: contains");
    expect_words("", "Fries |  | contains", false, NULL, false, "Fries; contains");
    expect_words(
        " | Shop | Item", "6 | North | Burger", false, NULL, false, "6; Shop: North; Item: Burger");
    expect_words("Item | Milk", "Fries | / | --", false, NULL, false, "Item: Fries");
}

static void a_markdown_row_loses_its_bars_and_its_emphasis(void **state)
{
    (void)state;
    expect_words("| Time | Open |", "| 3:05 p.m. | **yes** |", false, NULL, false,
        "Time: 3:05 p.m.; Open: yes");
}

static void a_blank_cell_in_front_is_a_cell(void **state)
{
    (void)state;
    expect_words("Shift | Monday | Tuesday", " | Grill", false, NULL, false, "Grill"); // spans
    expect_words("Shift | Monday | Tuesday", " | Grill | Floor", false, NULL, false,
        "Monday: Grill; Tuesday: Floor");
}

static void a_sheets_bare_numbers_are_left_out(void **state)
{
    (void)state;
    expect_words("Due | Hours", "3/7/2026 (46088) | 0.8 (0.75)", true, NULL, false,
        "Due: 3/7/2026; Hours: 0.8");
    expect_words("Due", "3/7/2026 (46088)", false, NULL, false, "Due: 3/7/2026 (46088)");
    expect_words("Limit", "350 °F (177 °C)", true, NULL, false, "Limit: 350 °F (177 °C)");
    expect_words("Part", "Sensor (12)", true, NULL, false, "Part: Sensor (12)");
    expect_words("A | B", "(12) | )", true, NULL, false, "A: (12)");
}

static void what_is_asked_for_is_told_even_where_it_is_blank(void **state)
{
    bool named[ROW_CELLS_MAX] = { false, false, true };
    (void)state;
    expect_words(
        "Item | Milk | Egg", "Fries | contains", false, named, true, "Item: Fries; Egg: (empty)");
    expect_words("Item | Milk | Egg", "Fries | contains", false, named, false,
        "Item: Fries; Milk: contains; Egg: (empty)");
}

static void any_line_is_cut_without_end(void **state)
{
    char line[4000];
    struct row r;
    (void)state;

    memset(line, '|', sizeof(line));
    row_cut(slice_make(line, sizeof(line)), slice_make(line, sizeof(line)), true, &r);
    assert_true(r.count <= ROW_CELLS_MAX);
    assert_int_equal(row_key(&r), r.count);
    row_cut(slice_make(NULL, 0), slice_make(NULL, 0), true, &r);
    assert_int_equal(row_key(&r), r.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_stand_under_their_header_and_blank_ones_are_left_out),
        cmocka_unit_test(a_markdown_row_loses_its_bars_and_its_emphasis),
        cmocka_unit_test(a_blank_cell_in_front_is_a_cell),
        cmocka_unit_test(a_sheets_bare_numbers_are_left_out),
        cmocka_unit_test(what_is_asked_for_is_told_even_where_it_is_blank),
        cmocka_unit_test(any_line_is_cut_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
