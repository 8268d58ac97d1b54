// SPDX-License-Identifier: AGPL-3.0-or-later
// Plain text: what becomes a heading, a list item, a paragraph, and on which lines.
#include "ooxml_test.h"

#include "base/utf8.h"

static char *reading(const char *text, size_t len, enum pass pass)
{
    return seen_bytes(text, len, FORMAT_TXT, pass);
}

static char *read_text(const char *text)
{
    return reading(text, strlen(text), READ);
}

static void paragraphs_end_at_blank_lines(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_text("one\ntwo\n\n  \nthree\r\nfour\rfive");
    expect_text(out, "paragraph 0 {lines 1–2} one/two\n");
    expect_text(out, "paragraph 0 {lines 5–7} three/four/five\n");
}

static void list_items_keep_their_markers(void **state)
{
    (void)state;
    AUTO_FREE char *out = read_text("Daily start-up:\n1. Check gas\n2. Light pilot\n   with "
                                    "care\n- a\n  - b\n\nEnd of it, said she.");
    expect_text(out, "heading 3 {line 1} Daily start-up:\n");
    expect_text(out, "list_item 1 {line 2; Daily start-up:} 1. Check gas\n");
    expect_text(out, "list_item 1 {lines 3–4; Daily start-up:} 2. Light pilot/   with care\n");
    expect_text(out, "list_item 2 {line 6; Daily start-up:} - b\n");
    expect_text(out, "paragraph 0 {line 8; Daily start-up:} End of it, said she.\n");
}

static void headings_are_found_with_care(void **state)
{
    (void)state;
    AUTO_FREE char *out =
        read_text("Manual of the Fryer\n\nChapter 2: Oil\n==============\nHot oil burns.\n\nGRILL "
                  "OPERATION\n\nText.\n\n"
                  "3.1 Cleaning\n\nThis happened in\n1917. The year was cold.\n\n2026-01-28  "
                  "GRILL\nRepaired.\n\nCHAPTER AND VERSE WERE\nGIVEN IN CAPITALS\nALL THE WAY\n");
    expect_text(out, "info title=Manual of the Fryer\n");
    expect_text(out, "title 0 {line 1} Manual of the Fryer\n");
    expect_text(out, "heading 1 {lines 3–4} Chapter 2: Oil\n");
    expect_text(out, "paragraph 0 {line 5; Chapter 2: Oil} Hot oil burns.\n");
    expect_text(out, "heading 2 {line 7; Chapter 2: Oil} GRILL OPERATION\n");
    expect_text(out, "heading 2 {line 11; Chapter 2: Oil} 3.1 Cleaning\n");
    expect_text(out, "paragraph 0 {lines 13–14; Chapter 2: Oil > 3.1 Cleaning} This happened "
                     "in/1917. The year was cold.\n");
    expect_text(out, "} 2026-01-28  GRILL\n");
    expect_text(out, "CHAPTER AND VERSE WERE/GIVEN IN CAPITALS/ALL THE WAY\n");
}

static void a_long_line_is_cut_after_sentences(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    struct slice rest, line;
    size_t pieces = 0, bytes = 0;
    (void)state;
    for (int i = 0; i < 400; i++) {
        buf_addf(&text, "Sentence number %d says little. ", i);
    }
    AUTO_FREE char *out = read_text(text.data);
    rest = slice_of(out);
    while (slice_cut(&rest, '\n', &line)) {
        if (slice_starts(line, "paragraph 0 {line 1} ")) {
            pieces++;
            bytes += line.len - strlen("paragraph 0 {line 1} ");
            assert_true(line.len <= 2100);
            assert_int_equal(line.data[line.len - 1], '.');
        }
    }
    assert_true(pieces > 5);
    assert_true(bytes > text.len - 2 * pieces - 2);
}

static void a_long_run_without_spaces_is_cut_between_characters(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 5000; i++) {
        buf_add_str(&text, "\xE6\x97\xA5");
    }
    AUTO_FREE char *out = read_text(text.data);
    assert_true(utf8_valid(slice_of(out)));
    expect_no_text(out, "\xEF\xBF\xBD");
}

static void white_space_only_is_refused(void **state)
{
    (void)state;
    AUTO_FREE char *checked = reading("\n \t\xC2\xA0\n", 6, CHECK), *read = read_text("\n\n\n");
    expect_text(checked, "finding structure.no_content");
    expect_text(read, "finding structure.no_content");
}

static void other_encodings_are_told(void **state)
{
    (void)state;
    AUTO_FREE char *out = reading("caf\xE9 \x93quoted\x94\n", 14, CHECK);
    expect_text(out, "info encoding=windows-1252\n");
    expect_text(out, "finding text.encoding");
    AUTO_FREE char *wide = reading("\xFF\xFE"
                                   "H\0i\0",
        6, READ);
    expect_text(wide, "{line 1} Hi\n");
    AUTO_FREE char *turned = reading("pay \xE2\x80\xAE"
                                     "001 to me",
        16, CHECK);
    expect_text(turned, "finding text.direction");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paragraphs_end_at_blank_lines),
        cmocka_unit_test(list_items_keep_their_markers),
        cmocka_unit_test(headings_are_found_with_care),
        cmocka_unit_test(a_long_line_is_cut_after_sentences),
        cmocka_unit_test(a_long_run_without_spaces_is_cut_between_characters),
        cmocka_unit_test(white_space_only_is_refused),
        cmocka_unit_test(other_encodings_are_told),
    };
    return cmocka_run_group_tests_name("reader/txt", tests, NULL, NULL);
}
