// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures: their sizes are looked at first, they are made smaller while decoded, turned, flattened, and kept in part when
// they are cut. The files are written here, or are fixtures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/error.h"
#include "reader/image.h"
#include "reader/picture.h"
#include "reader/reader.h"

enum { FILE_MAX = 200 << 10, LOG_MAX = 64 << 10 };

struct log {
    struct buf text;
    size_t picture_bytes, thumbnail_bytes;
};

static int log_finding(void *ctx, const struct finding *f)
{
    buf_addf(&((struct log *)ctx)->text, "finding %s\n", f->code->code);
    return 0;
}

static int log_element(void *ctx, const struct element *e)
{
    buf_addf(&((struct log *)ctx)->text, "%s frame %d%s image " SLICE_FMT "\n",
        element_kind_word(e->kind), (int)e->place.number,
        e->flags & ELEMENT_NEEDS_OCR ? " needs_ocr" : "", SLICE_ARG(e->image));
    return 0;
}

static int log_info(void *ctx, const char *key, const char *text, double number)
{
    struct log *l = ctx;
    if (text) {
        buf_addf(&l->text, "%s=%s\n", key, text);
    } else {
        buf_addf(&l->text, "%s=%.0f\n", key, number);
    }
    return 0;
}

static int log_image(void *ctx, const char *name, const char *type, const void *bytes, size_t len)
{
    struct log *l = ctx;
    (void)bytes;
    buf_addf(&l->text, "image %s %s\n", name, type);
    l->picture_bytes += strcmp(name, "picture") == 0 ? len : 0;
    l->thumbnail_bytes += strcmp(name, "thumbnail") == 0 ? len : 0;
    return 0;
}

static char *load(const char *name, size_t *ret_len)
{
    char path[500];
    snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *bytes = malloc(FILE_MAX);
    *ret_len = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    return bytes;
}

static void run_bytes(
    struct log *l, const char *name, struct slice bytes, bool read, int64_t pixels)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { log_finding, log_element, NULL, log_info, log_image, l };
    const struct format_info *info = format_by_extension(slice_of(strrchr(name, '.') + 1));
    const struct reader_format *f = reader_format_find(info->id);
    struct error err = { .code = 0 };

    memset(l, 0, sizeof(*l));
    buf_init(&l->text, LOG_MAX);
    limits.pixels = pixels ? pixels : limits.pixels;
    struct reader r = { .format = info->id, .input = bytes, .limits = &limits, .sink = &sink };
    assert_int_equal(read ? f->read(&r, &err) : f->check(&r, &err), 0);
    buf_add_char(&l->text, '\0');
}

static void run(struct log *l, const char *name, bool read, int64_t pixels)
{
    size_t len = 0;
    AUTO_FREE char *bytes = load(name, &len);

    run_bytes(l, name, slice_make(bytes, len), read, pixels);
}

#define assert_says(l, what)                                                                       \
    do {                                                                                           \
        if (!strstr((l).text.data, what)) {                                                        \
            fail_msg("there is no \"%s\" in:\n%s", what, (l).text.data);                           \
        }                                                                                          \
    } while (0)
#define assert_says_not(l, what)                                                                   \
    do {                                                                                           \
        if (strstr((l).text.data, what)) {                                                         \
            fail_msg("there is \"%s\" in:\n%s", what, (l).text.data);                              \
        }                                                                                          \
    } while (0)

static void every_kind_is_a_figure_with_picture_and_thumbnail(void **state)
{
    static const char *const names[] = { "photo.jpg", "turned-by-exif.jpeg", "ink.jpg",
        "progressive.jpg", "deep.png", "one-bit.png", "light-ink.png", "palette.gif",
        "lossless.webp", "wordless.png", "one-bit.bmp" };
    struct log l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        run(&l, names[i], true, 0);
        assert_says(l, "figure frame 0 needs_ocr image picture\n");
        assert_says(l, "image picture image/");
        assert_says(l, "image thumbnail image/jpeg\n");
        assert_says_not(l, "finding");
        assert_true(l.picture_bytes > 100 && l.thumbnail_bytes > 100);
        buf_done(&l.text);
    }
}

static void sizes_are_told_as_people_see_them(void **state)
{
    struct log l;
    (void)state;
    run(&l, "turned-by-exif.jpeg", false, 0);
    assert_says(l, "width=900\nheight=420\n");
    assert_says(l, "orientation=6\n");
    buf_done(&l.text);
    run(&l, "photo.jpg", false, 0);
    assert_says(l, "description=Poster beside the fryer\n");
    buf_done(&l.text);
}

static void a_place_is_reported_and_never_told(void **state)
{
    struct log l;
    (void)state;
    run(&l, "located.jpg", false, 0);
    assert_says(l, "finding privacy.location\n");
    assert_says_not(l, "47");
    buf_done(&l.text);
}

static void too_many_pixels_are_refused_from_the_header(void **state)
{
    static const char *const names[] = { "photo.jpg", "deep.png", "palette.gif", "lossless.webp",
        "steps.webp", "pages.tiff", "ink.tiff", "one-bit.bmp" };
    struct log l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        run(&l, names[i], false, 10000);
        assert_says(l, "finding bomb.pixels\n");
        buf_done(&l.text);
    }
    run(&l, "hostile/pixels.png", false, 0);
    assert_says(l, "finding bomb.pixels\n");
    buf_done(&l.text);
    run(&l, "hostile/far-frame.gif", false, 0);
    assert_says(l, "finding bomb.pixels\n");
    buf_done(&l.text);
}

static void what_is_cut_late_is_read_what_is_cut_early_refused(void **state)
{
    struct log l;
    (void)state;
    run(&l, "cut-late.jpg", true, 0);
    assert_says(l, "finding structure.partial\n");
    assert_says(l, "figure");
    buf_done(&l.text);
    run(&l, "hostile/cut-early.jpg", true, 0);
    assert_says(l, "finding structure.truncated\n");
    assert_says_not(l, "figure");
    buf_done(&l.text);
}

static void broken_files_are_findings(void **state)
{
    static const char *const names[] = { "hostile/headless.png", "hostile/no-frame.gif",
        "hostile/claims.webp", "hostile/text-named.png", "hostile/headless.tiff" };
    struct log l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (int read = 0; read < 2; read++) {
            run(&l, names[i], read, 0);
            assert_says(l, "finding structure.corrupt\n");
            assert_says_not(l, "figure");
            buf_done(&l.text);
        }
    }
}

// libpng takes and clears what a chunk announces before it sees that the file is shorter.
static void a_chunk_longer_than_the_file_takes_no_memory(void **state)
{
    enum { BEHIND_HEAD = 8 + 25, CHUNK = 8, MOST_KB = 100 << 10 };
    static const char chunk[CHUNK] = { 0x40, 0, 0, 0x18, 'i', 'T', 'X', 't' };
    struct rusage before, after;
    struct log l;
    size_t len = 0;
    AUTO_FREE char *bytes = load("one-bit.png", &len);
    (void)state;

    memmove(bytes + BEHIND_HEAD + CHUNK, bytes + BEHIND_HEAD, len - BEHIND_HEAD);
    memcpy(bytes + BEHIND_HEAD, chunk, CHUNK);
    getrusage(RUSAGE_SELF, &before);
    run_bytes(&l, "long.png", slice_make(bytes, len + CHUNK), true, 0);
    getrusage(RUSAGE_SELF, &after);
    assert_says(l, "finding structure.corrupt\n");
    assert_true(after.ru_maxrss - before.ru_maxrss < MOST_KB);
    buf_done(&l.text);
}

static void frames_that_differ_are_figures(void **state)
{
    static const char *const names[] = { "steps.gif", "steps.webp" };
    struct log l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        run(&l, names[i], true, 0);
        assert_says(l, "figure frame 1 needs_ocr image picture\n");
        assert_says(l, "figure frame 2 needs_ocr image picture-2\n");
        assert_says_not(l, "figure frame 3");
        buf_done(&l.text);
    }
}

static void the_pages_of_a_tiff_are_pages(void **state)
{
    struct log l;
    (void)state;
    run(&l, "pages.tiff", true, 0);
    assert_says(l, "pages=3\n");
    assert_says(l, "figure frame 1 needs_ocr image picture\n");
    assert_says(l, "figure frame 3 needs_ocr image picture-3\n");
    assert_says_not(l, "finding");
    buf_done(&l.text);
    run(&l, "turned.tiff", false, 0);
    assert_says(l, "width=900\nheight=420\npages=1\n");
    buf_done(&l.text);
}

static void tiff_and_bmp_are_judged_before_they_are_decoded(void **state)
{
    static const struct {
        const char *name, *says;
    } cases[] = { { "hostile/pixels.tiff", "finding bomb.pixels\n" },
        { "hostile/strip.tiff", "finding bomb.pixels\n" },
        { "hostile/shared.tiff", "finding bomb.overlap\n" },
        { "hostile/codec.tiff", "finding structure.undecodable\n" },
        { "hostile/cut.tiff", "finding structure.truncated\n" },
        { "hostile/pixels.bmp", "finding bomb.pixels\n" },
        { "hostile/cut.bmp", "finding structure.truncated\n" },
        { "hostile/jpeg-inside.bmp", "finding structure.undecodable\n" } };
    struct log l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int read = 0; read < 2; read++) {
            run(&l, cases[i].name, read, 0);
            assert_says(l, cases[i].says);
            assert_says_not(l, "figure");
            buf_done(&l.text);
        }
    }
}

// The pixels of a picture that check has decoded, for looking at corners.
static int keep_picture(void *ctx, int32_t number, struct picture *p, bool lent)
{
    (void)number;
    (void)lent;
    *(struct picture *)ctx = *p;
    *p = (struct picture){ 0 };
    return 0;
}

static void runs_of_a_bmp_land_where_they_belong(void **state)
{
    struct picture p = { 0 };
    size_t len = 0;
    AUTO_FREE char *bytes = load("runs.bmp", &len);
    struct image_request q = { .bytes = { bytes, len },
        .pixels_max = 1000,
        .max_pixels = 1000,
        .frames_max = 1,
        .frame = keep_picture,
        .ctx = &p };
    struct image_report d;
    (void)state;
    image_decode(FORMAT_BMP, &q, &d);
    assert_int_equal(d.trouble, IMAGE_FINE);
    assert_int_equal(p.width, 16);
    assert_int_equal(p.height, 8);
    assert_int_equal(picture_at(&p, 0, 7)[0], 0); // the last row of the file is the first here
    assert_int_equal(picture_at(&p, 15, 7)[0], 255);
    assert_int_equal(picture_at(&p, 2, 0)[0], 255); // behind the jump: two right, one down
    assert_int_equal(picture_at(&p, 3, 0)[0], 0);
    picture_done(&p);
}

static void without_a_model_the_words_wait_and_a_finding_says_so(void **state)
{
    struct log l = { .picture_bytes = 0 };
    struct reader_sink sink = { log_finding, log_element, NULL, log_info, log_image, &l };
    size_t len = 0;
    AUTO_FREE char *bytes = load("photo.jpg", &len);
    struct reader r = { .format = FORMAT_JPG,
        .input = { bytes, len },
        .limits = &reader_limits_default,
        .sink = &sink,
        .hi_res = true };
    (void)state;
    buf_init(&l.text, LOG_MAX);
    assert_int_equal(reader_format_find(FORMAT_JPG)->read(&r, NULL), 0); // nothing was prepared
    buf_add_char(&l.text, '\0');
    assert_says(l, "finding ocr.no_model\n");
    assert_says(l, "figure frame 0 needs_ocr image picture\n");
    buf_done(&l.text);
}

static void every_length_of_every_file_is_survived(void **state)
{
    static const char *const names[] = { "one-bit.png", "steps.gif", "lossless.webp",
        "progressive.jpg", "pages.tiff", "photo.tiff", "turned.tiff", "runs.bmp", "one-bit.bmp" };
    struct reader_sink sink = { NULL, NULL, NULL, NULL, NULL, NULL };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = 0;
        AUTO_FREE char *bytes = load(names[i], &len);
        const struct format_info *info = format_by_extension(slice_of(strrchr(names[i], '.') + 1));
        for (size_t n = 0; n < len; n += n < 200 ? 1 : 97) {
            AUTO_FREE char *exact = malloc(n + 1); // so that a sanitizer sees a byte too many
            memcpy(exact, bytes, n);
            struct reader r = { .format = info->id,
                .input = { exact, n },
                .limits = &reader_limits_default,
                .sink = &sink };
            assert_int_equal(reader_format_find(info->id)->check(&r, NULL), 0);
        }
    }
}

static int keep_bytes(void *ctx, const char *name, const char *type, const void *bytes, size_t len)
{
    (void)type;
    assert_string_equal(name, "page");
    buf_add(ctx, bytes, len);
    return 0;
}

static void a_page_image_is_turned_and_as_wide_as_asked(void **state)
{
    AUTO_BUF png = BUF_INIT(4 << 20);
    struct reader_sink sink = { NULL, NULL, NULL, NULL, keep_bytes, &png };
    size_t len = 0;
    AUTO_FREE char *bytes = load("turned-by-exif.jpeg", &len);
    struct reader r = { .format = FORMAT_JPEG,
        .input = { bytes, len },
        .limits = &reader_limits_default,
        .sink = &sink };
    (void)state;
    assert_int_equal(reader_format_find(FORMAT_JPEG)->render(&r, 1, 450, NULL), 0);
    assert_memory_equal(png.data + 16, "\0\0\x01\xC2\0\0\0\xD2", 8); // 450 × 210
    assert_int_equal(reader_format_find(FORMAT_JPEG)->render(&r, 2, 450, NULL), ERR_NOT_FOUND);
}

// picture.h

static void fill(struct picture *p, int32_t w, int32_t h)
{
    assert_int_equal(picture_init(p, w, h), 0);
    for (int32_t y = 0; y < h; y++) {
        for (int32_t x = 0; x < w; x++) {
            const unsigned char c[4] = { (unsigned char)(10 * x), (unsigned char)(10 * y), 0, 255 };
            memcpy(picture_at(p, x, y), c, 4);
        }
    }
}

static void orientations_bring_the_first_pixel_where_it_belongs(void **state)
{
    // Where the stored first pixel stands afterwards, in a picture stored as 3 × 2.
    static const int at[9][2] = { { 0, 0 }, { 0, 0 }, { 2, 0 }, { 2, 1 }, { 0, 1 }, { 0, 0 },
        { 1, 0 }, { 1, 2 }, { 0, 2 } };
    (void)state;
    for (int o = 1; o <= 8; o++) {
        struct picture p;
        fill(&p, 3, 2);
        memset(picture_at(&p, 0, 0), 200, 4);
        assert_int_equal(picture_orient(&p, o), 0);
        assert_int_equal(p.width, o >= 5 ? 2 : 3);
        if (picture_at(&p, at[o][0], at[o][1])[0] != 200) {
            fail_msg("orientation %d", o);
        }
        picture_done(&p);
    }
}

static void a_sink_averages_rows_and_points_alike(void **state)
{
    struct picture from, rows, points;
    struct picture_sink a, b;
    (void)state;
    fill(&from, 11, 7);
    assert_int_equal(picture_sink_init(&a, &rows, 11, 7, 3, false), 0);
    assert_int_equal(picture_sink_init(&b, &points, 11, 7, 3, true), 0);
    for (int32_t y = 0; y < 7; y++) {
        picture_sink_row(&a, y, picture_at(&from, 0, y));
        for (int32_t x = 0; x < 11; x++) {
            picture_sink_point(&b, x, 6 - y, picture_at(&from, x, 6 - y));
        }
    }
    picture_sink_end(&a);
    picture_sink_end(&b);
    assert_int_equal(rows.width, 4);
    assert_int_equal(rows.height, 3);
    assert_memory_equal(rows.rgba, points.rgba, 4 * 4 * 3);
    assert_int_equal(picture_at(&rows, 0, 0)[0], 10); // the mean of 0, 10, 20
    assert_int_equal(picture_at(&rows, 3, 2)[3], 255); // a corner of few pixels is as dense
    picture_done(&from);
    picture_done(&rows);
    picture_done(&points);
}

static void clear_ground_is_white_and_black_under_light_ink(void **state)
{
    struct picture p;
    (void)state;
    for (int light = 0; light < 2; light++) {
        assert_int_equal(picture_init(&p, 10, 10), 0);
        memset(picture_at(&p, 4, 4), light ? 250 : 20, 3);
        picture_at(&p, 4, 4)[3] = 255;
        picture_flatten(&p);
        assert_int_equal(picture_at(&p, 0, 0)[0], light ? 0 : 255);
        assert_int_equal(picture_at(&p, 0, 0)[3], 255);
        picture_done(&p);
    }
}

static void sizes_out_of_bounds_are_refused(void **state)
{
    struct picture p;
    (void)state;
    assert_int_equal(picture_init(&p, 0, 5), ERR_LIMIT);
    assert_int_equal(picture_init(&p, PICTURE_PIXELS_MAX, 2), ERR_LIMIT);
    assert_true(picture_step(10000, 10000, 16000000) == 3);
    assert_true(picture_step(100, 100, 16000000) == 1);
}

static void exif_that_points_outside_is_harmless(void **state)
{
    // One entry, a description of 4 GiB at the end of memory; then a directory that points at itself.
    static const char wild[] = "Exif\0\0II*"
                               "\0\x08\0\0\0\x02\0\x0E\x01\x02\0\xFF\xFF\xFF\xFF\xF0\xFF\xFF\xFF"
                               "\x69\x87\x04\0\x01\0\0\0\x08\0\0\0";
    struct image_facts f = { .frames = 0 };
    (void)state;
    for (size_t n = 0; n < sizeof(wild); n++) {
        AUTO_FREE char *exact = malloc(n + 1);
        memcpy(exact, wild, n);
        image_read_exif(slice_make(exact, n), &f);
    }
    assert_string_equal(f.description, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_a_figure_with_picture_and_thumbnail),
        cmocka_unit_test(sizes_are_told_as_people_see_them),
        cmocka_unit_test(a_place_is_reported_and_never_told),
        cmocka_unit_test(too_many_pixels_are_refused_from_the_header),
        cmocka_unit_test(what_is_cut_late_is_read_what_is_cut_early_refused),
        cmocka_unit_test(broken_files_are_findings),
        cmocka_unit_test(a_chunk_longer_than_the_file_takes_no_memory),
        cmocka_unit_test(frames_that_differ_are_figures),
        cmocka_unit_test(the_pages_of_a_tiff_are_pages),
        cmocka_unit_test(tiff_and_bmp_are_judged_before_they_are_decoded),
        cmocka_unit_test(runs_of_a_bmp_land_where_they_belong),
        cmocka_unit_test(without_a_model_the_words_wait_and_a_finding_says_so),
        cmocka_unit_test(every_length_of_every_file_is_survived),
        cmocka_unit_test(a_page_image_is_turned_and_as_wide_as_asked),
        cmocka_unit_test(orientations_bring_the_first_pixel_where_it_belongs),
        cmocka_unit_test(a_sink_averages_rows_and_points_alike),
        cmocka_unit_test(clear_ground_is_white_and_black_under_light_ink),
        cmocka_unit_test(sizes_out_of_bounds_are_refused),
        cmocka_unit_test(exif_that_points_outside_is_harmless),
    };
    return cmocka_run_group_tests_name("reader/image", tests, NULL, NULL);
}
