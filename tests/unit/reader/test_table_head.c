// SPDX-License-Identifier: AGPL-3.0-or-later
// Headers told from rows of data by what their cells say.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader/table_head.h"

static void is_data(const char *lines)
{
    if (!head_lines_are_data(slice_of(lines))) {
        fail_msg("taken for a header: %s", lines);
    }
}

static void is_header(const char *lines)
{
    if (head_lines_are_data(slice_of(lines))) {
        fail_msg("taken for data: %s", lines);
    }
}

static void a_day_above_days_is_data(void **state)
{
    (void)state;
    is_data("Monday | Shift lead Blue\nTuesday | Shift lead Green");
    is_data("Mon | early\nMon | late\nTue | early");
    is_data("January | closed\nFebruary | open");
    is_header("Shift | Monday | Tuesday\nEarly | Crew 4 | Crew 9\nLate | Crew 2 | Crew 1");
    is_header("Day | Lead\nMonday | Blue\nTuesday | Green");
}

static void a_value_above_values_of_its_kind_is_data(void **state)
{
    (void)state;
    is_data("Kitchen closes | 9:30 p.m.\nLast orders | 9:15 p.m.\nBack door is locked | 8 p.m.");
    is_data("Cutting boards | 200 ppm | blue cloth\nTables | 100 ppm | yellow cloth");
    is_data("Filter paper | HG-4410\nFilter powder | HG-4412");
    is_data("Supply | 400 V, three phases\nLoad | 11 kW\nWeight | 98 kg");
    is_data("Bin capacity | 175 kg | full to the line\nWater filter | IM-4402 | every 6 months");
    is_header("Dish | 12 oz | 16 oz\nTea | 3.95 | 4.50\nCoffee | 3.10 | 3.60");
    is_header("Header 0.1 | Column 1\nCell 1.1 | Hours 2\nCell 2.1 | Hours 3");
    is_header("Account | 2023 | 2022\nSales | 1300 | 1250\nCosts | 900 | 870");
    is_header("Station | 7 a.m. | 3 p.m.\nGrill | Crew 4 | Crew 9\nSalads | Crew 2 | Crew 1");
}

static void words_that_come_again_below_are_data(void **state)
{
    (void)state;
    is_data("Glass bin | Closing crew\nPaper bin | Cashier\nFood bin | Closing crew");
    is_data("Crew North | early\nCrew South | late\nCrew East | noon");
    is_header("Crew | Time\nCrew North | early\nCrew South | late");
    is_header("Item | Milk\nSoup | contains\nItem | Milk\nCake | contains"); // on a new page
    is_header("Item | Note\nItem | old\nSoup | hot"); // a cell that spans two rows says it twice
}

static void names_above_numbers_are_a_header(void **state)
{
    (void)state;
    is_header("Dish | Price\nMonday soup | $7.50\nTuesday soup | $6.75");
    is_header("Prep cook | Minutes\nFry cook | 20\nGrill cook | 30");
}

static void too_little_says_nothing(void **state)
{
    (void)state;
    is_header("");
    is_header("Monday | Blue");
    is_header("Bin | Collected by\nGlass | Northwind\nPaper | Bright");
    is_header(" | \n | ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_above_days_is_data),
        cmocka_unit_test(a_value_above_values_of_its_kind_is_data),
        cmocka_unit_test(words_that_come_again_below_are_data),
        cmocka_unit_test(names_above_numbers_are_a_header),
        cmocka_unit_test(too_little_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
