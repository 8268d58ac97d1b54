// SPDX-License-Identifier: AGPL-3.0-or-later
// What a format reports leaves clean, numbered and within limits: whatever it says, the server's decoder takes it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "reader/reader.h"
#include "wire/frame.h"

#include <math.h>
#include <stdlib.h>

// A sink that writes frames, as larder-reader's does.
static int to_finding(void *ctx, const struct finding *f)
{
    frame_add_finding(ctx, f);
    return 0;
}

static int to_element(void *ctx, const struct element *e)
{
    frame_add_element(ctx, e);
    return 0;
}

static int to_progress(void *ctx, int64_t done, int64_t total)
{
    frame_add_progress(ctx, done, total);
    return 0;
}

static int to_info(void *ctx, const char *key, const char *text, double number)
{
    frame_add_info(ctx, key, text, number);
    return 0;
}

// Decodes all and gives the last frame but DONE; fails the test on a breach.
static struct frame decode(struct frame_decoder *d, struct buf *frames, int *ret_count)
{
    struct frame f, last = { .type = 0 };
    struct error err = { .code = 0 };
    int rc;

    *ret_count = -2; // HELLO and DONE
    frame_add_done(frames);
    frame_decoder_init(d, UINT64_MAX);
    assert_int_equal(frame_decoder_feed(d, frames->data, frames->len, &err), 0);
    while ((rc = frame_decode(d, &f, &err)) == 1) {
        (*ret_count)++;
        if (f.type != FRAME_DONE) {
            last = f;
        }
    }
    if (rc != 0) {
        fail_msg("%s", err.text);
    }
    return last;
}

#define SET_UP(limit_set)                                                                          \
    AUTO_BUF frames = BUF_INIT(64 << 20);                                                          \
    struct reader_sink sink = { to_finding, to_element, to_progress, to_info, NULL, &frames };     \
    struct reader r = { .limits = (limit_set), .sink = &sink };                                    \
    struct frame_decoder d;                                                                        \
    int count = 0;                                                                                 \
    frame_add_hello(&frames, 0, 0)

static void dirty_text_is_cleaned(void **state)
{
    (void)state;
    SET_UP(&reader_limits_default);
    struct element e = { .kind = ELEMENT_PARAGRAPH,
        .level = -5,
        .text = SLICE_LIT("a\xff\0b\x07\n"),
        .markdown = SLICE_LIT("\xc3"),
        .header = SLICE_LIT("\x01"),
        .place = { .kind = PLACE_SHEET,
            .name = SLICE_LIT("M\xfenu"),
            .rows = { 9, 2 },
            .cols = { -1, -9 } } };
    assert_int_equal(reader_element(&r, &e), 0);
    struct frame f = decode(&d, &frames, &count);
    assert_int_equal(count, 1);
    assert_true(utf8_valid(f.element.text));
    assert_true(slice_starts(f.element.text, "a\xef\xbf\xbd"));
    assert_int_equal(f.element.level, 0);
    assert_int_equal(f.element.place.rows[1], 9);
    frame_decoder_done(&d);
}

static void strange_places_are_made_possible(void **state)
{
    static const float boxes[][4] = { { -1, -1, 2, 2 }, { NAN, 0, 1, 1 }, { 0.9f, 0, 0.1f, 1 },
        { INFINITY, 0, 1, 1 } };
    (void)state;
    SET_UP(&reader_limits_default);
    for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
        struct element e = { .kind = ELEMENT_PARAGRAPH,
            .text = SLICE_LIT("x"),
            .place = { .kind = PLACE_PAGE,
                .number = -4,
                .has_box = true,
                .seconds = { NAN, -INFINITY } } };
        memcpy(e.place.box, boxes[i], sizeof(e.place.box));
        assert_int_equal(reader_element(&r, &e), 0);
    }
    reader_finding(&r, "page.no_text", &(struct place){ .kind = PLACE_PAGE, .number = -1 }, "A %s",
        "page\x01");
    reader_progress(&r, 9, 4);
    reader_progress(&r, -1, -1);
    reader_info_number(&r, "pages", NAN);
    reader_info_text(&r, "title", "\xff ");
    struct frame f = decode(&d, &frames, &count);
    assert_int_equal(f.type, FRAME_INFO);
    frame_decoder_done(&d);
}

static void empty_elements_are_skipped_and_others_numbered(void **state)
{
    (void)state;
    SET_UP(&reader_limits_default);
    struct element empty = { .kind = ELEMENT_PARAGRAPH, .text = SLICE_LIT(" \n\t ") };
    struct element page = { .kind = ELEMENT_FIGURE, .flags = ELEMENT_NEEDS_OCR };
    struct element text = { .kind = ELEMENT_PARAGRAPH, .text = SLICE_LIT("x") };
    assert_int_equal(reader_element(&r, &empty), 0);
    assert_int_equal(reader_element(&r, &page), 0);
    assert_int_equal(reader_element(&r, &text), 0);
    assert_int_equal(text.index, 1);
    decode(&d, &frames, &count);
    assert_int_equal(count, 2);
    frame_decoder_done(&d);
}

static void limits_end_with_a_finding(void **state)
{
    struct reader_limits few = reader_limits_default, small = reader_limits_default;
    struct element e = { .kind = ELEMENT_PARAGRAPH, .text = SLICE_LIT("0123456789") };
    (void)state;
    few.elements = 3;
    small.text_bytes = 100;
    for (int which = 0; which < 2; which++) {
        SET_UP(which ? &small : &few);
        int rc = 0, times = 0;
        while ((rc = reader_element(&r, &e)) == 0 && times < 1000) {
            times++;
        }
        assert_int_equal(rc, ERR_LIMIT);
        struct frame f = decode(&d, &frames, &count);
        assert_int_equal(f.type, FRAME_FINDING);
        assert_string_equal(f.finding.code->code, which ? "bomb.text" : "bomb.elements");
        frame_decoder_done(&d);
    }
}

static void too_long_text_is_cut_between_characters(void **state)
{
    size_t len = (8 << 20) + 1;
    char *text = malloc(len);
    (void)state;
    text[0] = 'x';
    for (size_t i = 1; i + 1 < len; i += 2) {
        memcpy(text + i, "é", 2);
    }
    SET_UP(&reader_limits_default);
    struct element e = { .kind = ELEMENT_CODE, .text = { text, len } };
    assert_int_equal(reader_element(&r, &e), 0);
    struct frame f = decode(&d, &frames, &count);
    assert_true(f.element.text.len <= FRAME_TEXT_MAX && f.element.text.len > FRAME_TEXT_MAX - 4);
    frame_decoder_done(&d);
    free(text);
}

static void noise_is_limited_but_a_refusal_gets_through(void **state)
{
    (void)state;
    SET_UP(&reader_limits_default);
    for (int i = 1; i < 5000; i++) {
        reader_finding(
            &r, "active.script", &(struct place){ .kind = PLACE_PAGE, .number = i }, "A script.");
    }
    reader_finding(&r, "bomb.ratio", NULL, "A bomb.");
    struct frame f = decode(&d, &frames, &count);
    assert_string_equal(f.finding.code->code, "bomb.ratio");
    assert_true(count < 1000);
    frame_decoder_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dirty_text_is_cleaned),
        cmocka_unit_test(strange_places_are_made_possible),
        cmocka_unit_test(empty_elements_are_skipped_and_others_numbered),
        cmocka_unit_test(limits_end_with_a_finding),
        cmocka_unit_test(too_long_text_is_cut_between_characters),
        cmocka_unit_test(noise_is_limited_but_a_refusal_gets_through),
    };
    return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
