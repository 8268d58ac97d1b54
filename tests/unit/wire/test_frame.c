// SPDX-License-Identifier: AGPL-3.0-or-later
// Frames between reader and server: what is written is read back, in pieces of any size; each kind of breach is named.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BIG = 64 << 20 };

// What was decoded, as text, so that two ways of feeding can be compared.
static void describe(struct buf *log, const struct frame *f)
{
    buf_addf(log, "%d ", (int)f->type);
    switch (f->type) {
    case FRAME_HELLO:
        buf_addf(log, "%u %u", f->hello.level, f->hello.landlock_abi);
        break;
    case FRAME_INFO:
        buf_add_slice(log, f->info.key);
        buf_addf(log, " %d %g ", f->info.has_text, f->info.number);
        buf_add_slice(log, f->info.text);
        break;
    case FRAME_FINDING:
        buf_addf(log, "%s %s ", f->finding.code->code, f->finding.message);
        place_add_json(log, &f->finding.place);
        break;
    case FRAME_ELEMENT:
        element_add_json(log, &f->element);
        break;
    case FRAME_PROGRESS:
        buf_addf(log, "%lld/%lld", (long long)f->progress.done, (long long)f->progress.total);
        break;
    case FRAME_IMAGE_START:
        buf_add_slice(log, f->image_start.name);
        buf_add_slice(log, f->image_start.media_type);
        break;
    case FRAME_IMAGE_DATA:
        buf_add_slice(log, f->image_data);
        break;
    case FRAME_REFUSED:
        buf_addf(log, "%d ", (int)f->refused.cause);
        buf_add_slice(log, f->refused.text);
        break;
    default:
        break;
    }
    buf_add_char(log, '\n');
}

// Feeds `bytes` in pieces; 0 at a clean end, else the first error.
static int run(struct slice bytes, size_t piece, uint64_t max, struct buf *log, struct error *err)
{
    struct frame_decoder d;
    struct frame f;
    int rc = 0;

    frame_decoder_init(&d, max);
    for (size_t at = 0; rc == 0 && at < bytes.len; at += piece) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece;
        rc = frame_decoder_feed(&d, bytes.data + at, n, err);
        while (rc == 0 && (rc = frame_decode(&d, &f, err)) == 1) {
            rc = 0;
            if (log) {
                describe(log, &f);
            }
        }
    }
    if (rc == 0) {
        rc = frame_decoder_end(&d, err);
    }
    frame_decoder_done(&d);
    return rc;
}

static void frames_are_read_back_in_pieces_of_any_size(void **state)
{
    AUTO_BUF bytes = BUF_INIT(BIG), whole = BUF_INIT(BIG);
    struct error err = { 0 };
    (void)state;
    sample_frames(&bytes);
    assert_true(buf_ok(&bytes));
    assert_int_equal(run(buf_slice(&bytes), bytes.len, BIG, &whole, &err), 0);
    assert_non_null(strstr(whole.data, "Soupe à l’oignon"));
    assert_non_null(strstr(whole.data, "\"range\":\"A2:C9\""));
    for (size_t piece = 1; piece < 40; piece++) {
        AUTO_BUF log = BUF_INIT(BIG);
        assert_int_equal(run(buf_slice(&bytes), piece, BIG, &log, &err), 0);
        assert_string_equal(log.data, whole.data);
    }
}

static void every_cut_is_noticed(void **state)
{
    AUTO_BUF bytes = BUF_INIT(BIG);
    struct error err = { 0 };
    (void)state;
    sample_frames(&bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(run(slice_make(bytes.data, len), 7, BIG, NULL, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.text, "without saying"));
    }
}

// Any one byte changed: never a crash, never text that is not UTF-8 (describe would show it to the writer's BUG()s).
static void every_flipped_byte_is_survived(void **state)
{
    AUTO_BUF bytes = BUF_INIT(BIG);
    (void)state;
    sample_frames(&bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        char was = bytes.data[i];
        static const unsigned char flips[] = { 0x01, 0x80, 0xff, 0x10 };
        for (size_t k = 0; k < sizeof(flips); k++) {
            AUTO_BUF log = BUF_INIT(BIG);
            bytes.data[i] = (char)(was ^ flips[k]);
            run(buf_slice(&bytes), 100, BIG, &log, NULL);
        }
        bytes.data[i] = was;
    }
}

static void header(struct buf *b, uint32_t len, uint8_t type)
{
    uint8_t h[5] = { (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24),
        type };
    buf_add(b, h, 5);
}

static void assert_breach(const struct buf *b, const char *words)
{
    struct error err = { 0 };
    int rc = run(buf_slice(b), 1, BIG, NULL, &err);
    if (rc != ERR_CORRUPT || !strstr(err.text, words)) {
        fail_msg("wanted a breach with '%s', got %d '%s'", words, rc, err.text);
    }
}

static void breaches_are_named(void **state)
{
    AUTO_BUF b = BUF_INIT(BIG);
    struct element e = { .index = 1, .kind = ELEMENT_PARAGRAPH, .text = SLICE_LIT("x") };
    (void)state;

    header(&b, 0, 99);
    assert_breach(&b, "no known type");
    buf_reset(&b);
    header(&b, 0, 0);
    assert_breach(&b, "no known type");
    buf_reset(&b);
    frame_add_progress(&b, 0, 0);
    assert_breach(&b, "PROGRESS before HELLO");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_hello(&b, 0, 0);
    assert_breach(&b, "HELLO in the open");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    header(&b, 0xffffffff, FRAME_ELEMENT);
    assert_breach(&b, "wrong length of ELEMENT"); // told from the header alone
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    header(&b, 15, FRAME_PROGRESS);
    assert_breach(&b, "wrong length of PROGRESS");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_progress(&b, 5, 2);
    assert_breach(&b, "malformed PROGRESS");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_element(&b, &e);
    assert_breach(&b, "out of order");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_image_data(&b, "x", 1);
    assert_breach(&b, "IMAGE_DATA in the open");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_image_start(&b, "a", "image/png", 2);
    frame_add_image_data(&b, "xyz", 3);
    assert_breach(&b, "longer than announced");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_image_start(&b, "a", "image/png", 2);
    frame_add_done(&b);
    assert_breach(&b, "DONE inside a picture");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_image_start(&b, "a", "text/html", 2);
    assert_breach(&b, "malformed IMAGE_START");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_image_start(&b, "a", "image/png", FRAME_IMAGE_MAX + 1);
    assert_breach(&b, "malformed IMAGE_START");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_done(&b);
    buf_add_char(&b, 'x');
    assert_breach(&b, "after the end");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    for (int i = 0; i < 3000; i++) {
        frame_add_info(&b, "pages", NULL, 1);
    }
    assert_breach(&b, "too many frames of INFO");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_info(&b, "PAGES", NULL, 1);
    assert_breach(&b, "malformed INFO");
    buf_reset(&b);
    frame_add_hello(&b, 0, 0);
    frame_add_info(&b, "pages", NULL, NAN);
    assert_breach(&b, "malformed INFO");
}

static void bad_elements_are_refused(void **state)
{
    const struct element good = { .kind = ELEMENT_PARAGRAPH,
        .text = SLICE_LIT("x"),
        .place = { .kind = PLACE_PAGE, .number = 1, .has_box = true, .box = { 0, 0, 1, 1 } } };
    struct element bad[11];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        bad[i] = good;
    }
    bad[0].kind = ELEMENT_KINDS;
    bad[1].level = -1;
    bad[2].flags = 1u << 30;
    bad[3].text = SLICE_LIT("\xff");
    bad[4].text = SLICE_LIT("a\0b");
    bad[5].place.box[2] = 1.5f;
    bad[6].place.box[0] = NAN;
    bad[7].place.rows[0] = 2;
    bad[8].place.kind = PLACE_KINDS;
    bad[9].place.seconds[0] = INFINITY;
    bad[10].rows = SLICE_LIT("1+2 3+4"); // of one line
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_BUF b = BUF_INIT(BIG);
        frame_add_hello(&b, 0, 0);
        frame_add_element(&b, &bad[i]);
        assert_breach(&b, "malformed ELEMENT");
    }
}

static void largest_element_passes_and_one_byte_more_does_not(void **state)
{
    AUTO_BUF b = BUF_INIT(BIG), log = BUF_INIT(BIG);
    AUTO_FREE char *text = malloc(FRAME_TEXT_MAX + 1);
    struct element e = { .kind = ELEMENT_CODE };
    struct error err = { 0 };
    (void)state;
    memset(text, 'a', FRAME_TEXT_MAX + 1);
    e.text = e.markdown = slice_make(text, FRAME_TEXT_MAX);
    e.header = slice_make(text, FRAME_TABLE_HEADER_MAX);
    frame_add_hello(&b, 0, 0);
    frame_add_element(&b, &e);
    frame_add_done(&b);
    assert_int_equal(run(buf_slice(&b), 65536, BIG, &log, &err), 0);
    buf_reset(&b);
    e.text = slice_make(text, FRAME_TEXT_MAX + 1);
    frame_add_hello(&b, 0, 0);
    frame_add_element(&b, &e);
    assert_int_equal(run(buf_slice(&b), 65536, BIG, NULL, &err), ERR_CORRUPT);
}

static void output_has_a_limit(void **state)
{
    AUTO_BUF b = BUF_INIT(BIG);
    struct error err = { 0 };
    (void)state;
    frame_add_hello(&b, 0, 0);
    for (int i = 0; i < 1000; i++) {
        frame_add_progress(&b, i, 0);
    }
    frame_add_done(&b);
    assert_int_equal(run(buf_slice(&b), 100, b.len, NULL, &err), 0);
    assert_int_equal(run(buf_slice(&b), 100, b.len - 1, NULL, &err), ERR_TOO_LARGE);
}

static void refusal_is_an_end(void **state)
{
    AUTO_BUF b = BUF_INIT(BIG), log = BUF_INIT(BIG);
    (void)state;
    frame_add_refused(&b, REFUSED_SANDBOX, "No seccomp here.");
    assert_int_equal(run(buf_slice(&b), 3, BIG, &log, NULL), 0);
    assert_string_equal(log.data, "9 3 No seccomp here.\n");
}

static void levels_have_words(void **state)
{
    AUTO_BUF b = BUF_INIT(1000);
    (void)state;
    sandbox_level_words(&b, SANDBOX_SECCOMP | SANDBOX_RLIMITS | SANDBOX_NET_NS);
    assert_string_equal(b.data, "rlimits seccomp net-ns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_back_in_pieces_of_any_size),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(every_flipped_byte_is_survived),
        cmocka_unit_test(breaches_are_named),
        cmocka_unit_test(bad_elements_are_refused),
        cmocka_unit_test(largest_element_passes_and_one_byte_more_does_not),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(refusal_is_an_end),
        cmocka_unit_test(levels_have_words),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
