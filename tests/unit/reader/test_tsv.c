// SPDX-License-Identifier: AGPL-3.0-or-later
// TSV: as CSV, but tabs part the cells whatever else stands in them.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_TSV, pass);
}

static void tabs_part_cells(void **state)
{
    (void)state;
    AUTO_FREE char *out = run("item\tnote\nOil, fresh\ta,b,c\nSalt\td,e,f\n", READ);
    expect_text(out, "table 0 {rows 1–3} item | note/Oil, fresh | a,b,c/Salt | d,e,f");
}

static void one_column_stays_one(void **state)
{
    (void)state;
    AUTO_FREE char *out = run("a,b\nc,d\ne,f\n", READ);
    expect_text(out, "{rows 1–3} a,b/c,d/e,f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tabs_part_cells),
        cmocka_unit_test(one_column_stays_one),
    };
    return cmocka_run_group_tests_name("reader/tsv", tests, NULL, NULL);
}
