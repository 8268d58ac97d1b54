// SPDX-License-Identifier: AGPL-3.0-or-later
// Places and elements: to JSON, back, and in words.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "wire/element.h"
#include "wire/place.h"

#include <math.h>

static const struct {
    struct place place;
    const char *json;
    const char *words;
} cases[] = {
    { { .kind = PLACE_NONE }, "null", "document" },
    { { .kind = PLACE_PAGE, .number = 12 }, "{\"page\":12}", "page 12" },
    { { .kind = PLACE_PAGE, .number = 3, .has_box = true, .box = { 0, 0.25f, 0.5f, 1 } },
        "{\"page\":3,\"box\":[0,0.25,0.5,1]}", "page 3" },
    { { .kind = PLACE_SLIDE, .number = 4, .name = { "notes", 5 } },
        "{\"slide\":4,\"part\":\"notes\"}", "slide 4, notes" },
    { { .kind = PLACE_SHEET, .name = { "Menu", 4 }, .rows = { 2, 9 }, .cols = { 1, 3 } },
        "{\"sheet\":\"Menu\",\"range\":\"A2:C9\"}", "Menu!A2:C9" },
    { { .kind = PLACE_SHEET, .name = { "Menu", 4 }, .rows = { 7, 7 }, .cols = { 28, 28 } },
        "{\"sheet\":\"Menu\",\"range\":\"AB7\"}", "Menu!AB7" },
    { { .kind = PLACE_SHEET, .name = { "Menu", 4 }, .rows = { 2, 9 } },
        "{\"sheet\":\"Menu\",\"range\":\"2:9\"}", "Menu!2:9" },
    { { .kind = PLACE_SHEET, .name = { "Menu", 4 } }, "{\"sheet\":\"Menu\"}", "Menu" },
    { { .kind = PLACE_ROWS, .rows = { 10, 20 }, .cols = { 1, 4 } },
        "{\"rows\":[10,20],\"cols\":[1,4]}", "rows 10–20" },
    { { .kind = PLACE_LINES, .rows = { 4, 4 }, .section = { "Oil", 3 } },
        "{\"lines\":[4,4],\"section\":\"Oil\"}", "line 4" },
    { { .kind = PLACE_PART, .name = { "footnotes", 9 } }, "{\"part\":\"footnotes\"}", "footnotes" },
    { { .kind = PLACE_PART, .name = { "document", 8 }, .section = { "Opening", 7 } },
        "{\"part\":\"document\",\"section\":\"Opening\"}", "section Opening" },
    { { .kind = PLACE_TIME, .seconds = { 221.25, 230 } }, "{\"time\":[221.25,230]}", "3:41" },
    { { .kind = PLACE_TIME, .seconds = { 3723.004, 3724 } }, "{\"time\":[3723.004,3724]}",
        "1:02:03" },
    { { .kind = PLACE_IMAGE, .has_box = true, .box = { 0, 0, 1, 1 } }, "{\"box\":[0,0,1,1]}",
        "picture" },
    { { .kind = PLACE_IMAGE, .number = 2, .has_box = true, .box = { 0, 0, 1, 1 } },
        "{\"frame\":2,\"box\":[0,0,1,1]}", "frame 2" },
};

static void place_is_written_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF json = BUF_INIT(4096), words = BUF_INIT(4096);
        AUTO_ARENA arena;
        struct place back;

        arena_init(&arena, 4096);
        place_add_json(&json, &cases[i].place);
        assert_string_equal(json.data, cases[i].json);
        place_add_words(&words, &cases[i].place);
        assert_string_equal(words.data, cases[i].words);
        assert_int_equal(place_parse_json(buf_slice(&json), &arena, &back), 0);
        assert_true(place_equal(&back, &cases[i].place));
    }
}

static void place_refuses_what_is_none(void **state)
{
    static const char *const wrong[] = { "", "{", "[]", "{}", "7", "{\"page\":0}", "{\"page\":-1}",
        "{\"page\":\"3\"}", "{\"page\":4294967297}", "{\"page\":1,\"page\":2}",
        "{\"page\":1,\"box\":[0,0,1]}", "{\"page\":1,\"box\":[0.5,0,0.4,1]}",
        "{\"page\":1,\"box\":[0,0,1,1.5]}", "{\"rows\":[2,1]}", "{\"rows\":[0,1]}", "{\"sheet\":1}",
        "{\"sheet\":\"A\",\"range\":\"C9:A1\"}", "{\"sheet\":\"A\",\"range\":\"A\"}",
        "{\"sheet\":\"A\",\"range\":\"A1:2\"}", "{\"sheet\":\"A\",\"range\":\"ZZZZZZZZZZZZ1\"}",
        "{\"time\":[2,1]}", "{\"time\":[-1,1]}", "{\"section\":\"x\"}", "{\"part\":\"\xff\"}" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_ARENA arena;
        struct place back;
        arena_init(&arena, 4096);
        if (place_parse_json(slice_of(wrong[i]), &arena, &back) != ERR_INVALID) {
            fail_msg("taken for a place: %s", wrong[i]);
        }
    }
}

static void column_names_count_as_spreadsheets_do(void **state)
{
    char name[8];
    static const struct {
        int32_t column;
        const char *name;
    } some[] = { { 1, "A" }, { 26, "Z" }, { 27, "AA" }, { 52, "AZ" }, { 702, "ZZ" }, { 703, "AAA" },
        { 16384, "XFD" } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        column_name(some[i].column, name);
        assert_string_equal(name, some[i].name);
    }
}

static void element_json_is_escaped_and_complete(void **state)
{
    AUTO_BUF json = BUF_INIT(4096);
    struct element e = { .index = 5,
        .kind = ELEMENT_LIST_ITEM,
        .level = 2,
        .flags = ELEMENT_HIDDEN | ELEMENT_NEEDS_OCR,
        .place = { .kind = PLACE_PAGE, .number = 1 },
        .text = SLICE_LIT("a <b> \"c\"\n") };
    (void)state;
    element_add_json(&json, &e);
    assert_string_equal(json.data,
        "{\"index\":5,\"kind\":\"list_item\",\"text\":\"a \\u003cb\\u003e \\\"c\\\"\\n\","
        "\"markdown\":\"a \\u003cb\\u003e \\\"c\\\"\\n\",\"place\":{\"page\":1},\"level\":2,"
        "\"flags\":[\"needs_ocr\",\"hidden\"]}");
}

static void each_kind_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < ELEMENT_KINDS; i++) {
        assert_int_equal(
            element_kind_from_word(slice_of(element_kind_word((enum element_kind)i))), i);
    }
    assert_int_equal(element_kind_from_word(SLICE_LIT("nonsense")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_is_written_and_read_back),
        cmocka_unit_test(place_refuses_what_is_none),
        cmocka_unit_test(column_names_count_as_spreadsheets_do),
        cmocka_unit_test(element_json_is_escaped_and_complete),
        cmocka_unit_test(each_kind_has_a_word_of_its_own),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
