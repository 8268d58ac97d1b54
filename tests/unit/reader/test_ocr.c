// SPDX-License-Identifier: AGPL-3.0-or-later
// Reading words off pictures: upright, turned, askew, white on black; lines become paragraphs; without a model nothing is
// read and everything goes on. Tests that need a model skip where none is installed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/image.h"
#include "reader/ocr.h"
#include "reader/ocr_try.h"

enum { FILE_MAX = 200 << 10 };

static int take(void *ctx, int32_t number, struct picture *p, bool lent)
{
    (void)number;
    return picture_copy(p, ctx) + 0 * lent;
}

static void open_picture(const char *name, enum format_id format, struct picture *ret)
{
    char path[500];
    static char bytes[FILE_MAX];
    struct image_report report;

    snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    struct image_request q = { .bytes = { bytes, len },
        .pixels_max = 1 << 24,
        .max_pixels = 1 << 24,
        .frames_max = 1,
        .frame = take,
        .ctx = ret };
    image_decode(format, &q, &report);
    assert_int_equal(report.trouble, IMAGE_FINE);
    picture_flatten(ret);
}

static void read_picture(
    const char *name, enum format_id format, bool inverted, struct ocr_result *ret)
{
    AUTO_PICTURE p = { 0 };
    open_picture(name, format, &p);
    AUTO_FREE unsigned char *grey = picture_grey(&p);
    for (int32_t i = 0; inverted && i < p.width * p.height; i++) {
        grey[i] = (unsigned char)(255 - grey[i]);
    }
    struct ocr_request q = { .grey = grey, .width = p.width, .height = p.height };
    ocr_read(&q, ret);
}

static const struct ocr_word *find(const struct ocr_result *r, const char *word)
{
    for (uint32_t i = 0; i < r->word_count; i++) {
        if (slice_is(slice_make(r->text.data + r->words[i].text, r->words[i].len), word)) {
            return &r->words[i];
        }
    }
    fail_msg("the word %s was not read in: " SLICE_FMT, word, SLICE_ARG(buf_slice(&r->text)));
    return NULL;
}

static void need_model(void)
{
    ocr_prepare();
    if (!ocr_has_model()) {
        skip();
    }
}

static void words_are_where_they_stand(void **state)
{
    struct ocr_result r;
    (void)state;
    need_model();
    read_picture("photo.jpg", FORMAT_JPG, false, &r);
    const struct ocr_word *fryer = find(&r, "Fryer"), *friday = find(&r, "Friday");
    assert_true(fryer->box.x0 > 0.04f && fryer->box.x1 < 0.35f && fryer->box.y0 > 0.08f &&
                fryer->box.y1 < 0.32f);
    assert_true(friday->box.x0 > 0.5f && friday->box.x1 < 0.8f && friday->box.y0 > 0.6f);
    assert_true(r.confidence > 80);
    assert_int_equal(r.blocks[0].level > 0, 1); // larger letters make a heading
    ocr_result_done(&r);
}

static void turned_pictures_are_read_and_their_places_turned_back(void **state)
{
    struct ocr_result r;
    (void)state;
    need_model();
    read_picture("sideways.png", FORMAT_PNG, false, &r);
    assert_int_equal(r.turned, 90);
    const struct ocr_word *w = find(&r, "Fryer"); // it runs upwards at the left
    assert_true(w->box.x1 < 0.35f && w->box.y0 > 0.6f && w->box.y1 - w->box.y0 > 0.1f);
    ocr_result_done(&r);
    read_picture("upside-down.png", FORMAT_PNG, false, &r);
    assert_int_equal(r.turned, 180);
    w = find(&r, "Fryer");
    assert_true(w->box.x0 > 0.6f && w->box.y0 > 0.6f);
    ocr_result_done(&r);
}

static void light_words_on_dark_are_read(void **state)
{
    struct ocr_result r;
    (void)state;
    need_model();
    read_picture("photo.jpg", FORMAT_JPG, true, &r);
    find(&r, "Hold");
    ocr_result_done(&r);
}

static void a_picture_without_words_gives_none(void **state)
{
    struct ocr_result r;
    (void)state;
    need_model();
    read_picture("wordless.png", FORMAT_PNG, false, &r);
    assert_int_equal(r.outcome, OCR_READ);
    assert_int_equal(r.block_count, 0);
    ocr_result_done(&r);
}

static void time_over_stops_it(void **state)
{
    unsigned char *grey = malloc(2000 * 2000);
    struct ocr_result r;
    (void)state;
    need_model();
    for (int i = 0; i < 2000 * 2000; i++) {
        grey[i] = (unsigned char)((unsigned)i * 2654435761U >> 24);
    }
    struct ocr_request q = { .grey = grey, .width = 2000, .height = 2000, .time_ms = 1 };
    ocr_read(&q, &r);
    assert_int_equal(r.outcome, OCR_STOPPED);
    ocr_result_done(&r);
    free(grey);
}

static void without_a_usable_model_nothing_is_read(void **state)
{
    static const struct slice models[] = { { NULL, 0 }, { "not a model at all, only words", 30 } };
    struct ocr_result r;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        ocr_use_model(models[i]);
        read_picture("photo.jpg", FORMAT_JPG, false, &r);
        assert_int_equal(r.outcome, OCR_NO_MODEL);
        assert_int_equal(r.block_count, 0);
        assert_false(ocr_has_model());
        ocr_result_done(&r);
    }
}

// From words to blocks, without the engine.

static void see(struct ocr_try *t, const char *word, float x, float y, float height,
    float confidence, const char *begins)
{
    t->seen[t->count++] = (struct ocr_seen){ .text = (uint32_t)t->text.len,
        .len = (uint32_t)strlen(word),
        .x0 = x,
        .y0 = y,
        .x1 = x + 10 * (float)strlen(word),
        .y1 = y + height,
        .confidence = confidence,
        .block = strchr(begins, 'b'),
        .paragraph = strchr(begins, 'p'),
        .line = strchr(begins, 'l') };
    buf_add_str(&t->text, word);
}

static void begin(struct ocr_try *t)
{
    ocr_try_init(t);
    t->seen = calloc(100, sizeof(*t->seen));
    t->width = t->upright_width = 1000;
    t->height = t->upright_height = 500;
}

static void expect_blocks(const struct ocr_try *t, const char *want)
{
    struct ocr_result r = { .outcome = OCR_READ };
    AUTO_BUF got = BUF_INIT(4096);
    buf_init(&r.text, OCR_TEXT_MAX);
    assert_true(ocr_make_blocks(t, &r));
    for (uint32_t i = 0; i < r.block_count; i++) {
        buf_addf(&got, "[" SLICE_FMT "]",
            SLICE_ARG(slice_make(r.text.data + r.blocks[i].text, r.blocks[i].len)));
    }
    assert_string_equal(got.data ? got.data : "", want);
    ocr_result_done(&r);
}

static void lines_are_joined_and_divided_words_mended(void **state)
{
    struct ocr_try t;
    (void)state;
    begin(&t);
    see(&t, "Keep", 0, 0, 20, 95, "bpl");
    see(&t, "the", 50, 0, 20, 95, "");
    see(&t, "tempera-", 90, 0, 20, 95, "");
    see(&t, "ture", 0, 30, 20, 95, "l");
    see(&t, "below", 50, 30, 20, 95, "");
    see(&t, "Next", 0, 80, 20, 95, "pl");
    see(&t, "part", 50, 80, 20, 95, "");
    expect_blocks(&t, "[Keep the temperature below][Next part]");
    ocr_try_done(&t);
}

static void noise_is_dropped(void **state)
{
    struct ocr_try t;
    (void)state;
    begin(&t);
    see(&t, "|~", 0, 0, 20, 90, "bpl"); // no letters
    see(&t, "wq", 0, 50, 20, 30, "bpl"); // nothing sure in the line
    see(&t, "Valve", 0, 90, 20, 90, "bpl");
    see(&t, "xk", 60, 90, 20, 5, ""); // an unsure word beside a sure one
    expect_blocks(&t, "[Valve]");
    ocr_try_done(&t);
}

static void larger_letters_begin_a_paragraph_of_their_own(void **state)
{
    struct ocr_try t;
    (void)state;
    begin(&t);
    see(&t, "Fryer", 0, 0, 40, 95, "bpl");
    see(&t, "care", 80, 0, 40, 95, "");
    see(&t, "Drain", 0, 60, 20, 95, "l");
    see(&t, "first", 60, 60, 20, 95, "");
    expect_blocks(&t, "[Fryer care][Drain first]");
    ocr_try_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_where_they_stand),
        cmocka_unit_test(turned_pictures_are_read_and_their_places_turned_back),
        cmocka_unit_test(light_words_on_dark_are_read),
        cmocka_unit_test(a_picture_without_words_gives_none),
        cmocka_unit_test(time_over_stops_it),
        cmocka_unit_test(lines_are_joined_and_divided_words_mended),
        cmocka_unit_test(noise_is_dropped),
        cmocka_unit_test(larger_letters_begin_a_paragraph_of_their_own),
        cmocka_unit_test(without_a_usable_model_nothing_is_read),
    };
    return cmocka_run_group_tests_name("reader/ocr", tests, NULL, NULL);
}
