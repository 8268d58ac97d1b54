// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures as documents: JPEG, PNG, GIF, WebP, TIFF, BMP. The pages of a TIFF are pages, like those of a scanned PDF.
//
//   check   header first, then the whole file is decoded to a stamp: what is cut or broken shows now
//   read    each frame that differs from those before: a figure with its picture, then the words that are read off it
//   render  the picture, turned the right way, without metadata
//
// Places are boxes on the picture as people see it: after EXIF's orientation.
#include "base/clock.h"
#include "base/error.h"
#include "reader/image.h"
#include "reader/ocr.h"
#include "reader/reader.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STAMP_PIXELS = 64 * 1000, // what check decodes to
    READ_PIXELS = 16 * 1000 * 1000,
    HEAVY_PIXELS =
        8 * 1000 *
        1000, // what a picture of heavy build is decoded to, while its codec holds all of it
    CHECK_MS = 5000, // then what was seen so far decides
    READ_MS = 120 * 1000,
    PAGES_READ_MS = 15 * 60 * 1000, // of a TIFF, when nobody says what is enough
    RENDER_MS = 8000,
    PICTURE_SIDE = 1600, // of what is shown
    THUMBNAIL_SIDE = 320,
    THUMBNAIL_QUALITY = 80,
    FRAMES_KEPT_MAX = 40, // of an animation
    FRAMES_KEPT_EASILY = 8, // further ones must differ more and more
    FRAME_OCR_MS = 20000,
    PAGE_OCR_MS = 45 * 1000,
    RENDER_WIDTH_MAX = 10000,
};
static const double FRAME_DIFFERS = 0.004,
                    FRAME_DIFFERS_MORE = 1.35; // share of cells; factor for each that is kept

static const double PARTIAL_LEAST = 0.5; // of the rows: less is not worth keeping

static bool has_pages(const struct reader *r)
{
    return r->format == FORMAT_TIFF;
}

static int report_trouble(struct reader *r, const struct image_report *d)
{
    switch (d->trouble) {
    case IMAGE_FINE:
    case IMAGE_STOPPED:
    case IMAGE_NO_TIME:
        return 0;
    case IMAGE_TOO_LARGE:
        return reader_finding(r, "bomb.pixels", NULL,
            "The picture has %d × %d pixels, more than can be read.", (int)d->facts.width,
            (int)d->facts.height);
    case IMAGE_NO_MEMORY:
        return reader_finding(
            r, "bomb.memory", NULL, "The picture needs more memory than is allowed.");
    case IMAGE_BROKEN:
        return reader_finding(r, "structure.corrupt", NULL, "The picture can't be decoded.");
    case IMAGE_UNKNOWN_CODEC:
        return reader_finding(r, "structure.undecodable", NULL,
            "The picture is packed, or coloured, in a way that can't be read here.");
    case IMAGE_SHARED:
        return reader_finding(r, "bomb.overlap", NULL, "Pages of the picture share the same data.");
    case IMAGE_DAMAGED:
    case IMAGE_TRUNCATED:
        break;
    }
    bool cut = d->trouble == IMAGE_TRUNCATED;
    if (d->share < PARTIAL_LEAST) {
        return cut ? reader_finding(
                         r, "structure.truncated", NULL, "Most of the picture is missing.")
                   : reader_finding(
                         r, "structure.corrupt", NULL, "Most of the picture is damaged.");
    }
    return reader_finding(r, "structure.partial", NULL,
        cut ? "The end of the picture is missing." : "A part of the picture is damaged.");
}

// Nothing of it can be shown or read.
static bool is_lost(const struct image_report *d)
{
    return d->trouble == IMAGE_TOO_LARGE || d->trouble == IMAGE_NO_MEMORY ||
           d->trouble == IMAGE_BROKEN || d->trouble == IMAGE_UNKNOWN_CODEC ||
           d->trouble == IMAGE_SHARED ||
           ((d->trouble == IMAGE_DAMAGED || d->trouble == IMAGE_TRUNCATED) &&
               d->share < PARTIAL_LEAST);
}

// "2024:05:06 07:08:09" as people and programs write it.
static void tell_time(const char *exif, char out[32])
{
    snprintf(out, 32, "%s", exif);
    if (strlen(out) >= 19 && out[4] == ':' && out[7] == ':') {
        out[4] = out[7] = '-';
        out[10] = 'T';
        out[19] = '\0';
    }
}

static int report_facts(struct reader *r, const struct image_facts *f)
{
    bool sideways = f->orientation >= 5;
    char taken[32];
    const struct {
        const char *key, *text;
    } texts[] = { { "title", f->title }, { "description", f->description }, { "author", f->author },
        { "comment", f->comment }, { "camera", f->camera }, { "colour", f->colour } };
    int rc = reader_info_number(r, "width", sideways ? f->height : f->width);

    rc = rc ? rc : reader_info_number(r, "height", sideways ? f->width : f->height);
    rc = rc ? rc : reader_info_number(r, has_pages(r) ? "pages" : "frames", f->frames);
    if (rc == 0 && f->bits) {
        rc = reader_info_number(r, "bits_per_channel", f->bits);
    }
    if (rc == 0 && f->orientation > 1) {
        rc = reader_info_number(r, "orientation", f->orientation);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts) && rc == 0; i++) {
        rc = reader_info_text(r, texts[i].key, texts[i].text);
    }
    if (rc == 0 && f->taken[0]) {
        tell_time(f->taken, taken);
        rc = reader_info_text(r, "taken", taken);
    }
    const struct {
        const char *key;
        bool is;
    } builds[] = { { "transparent", f->alpha }, { "lossless", f->lossless },
        { "progressive", f->progressive } };
    for (size_t i = 0; i < ARRAY_LEN(builds) && rc == 0; i++) {
        rc = builds[i].is ? reader_info_number(r, builds[i].key, 1) : 0;
    }
    if (rc == 0 && f->located) {
        rc = reader_finding(r, "privacy.location", NULL, "The picture says where it was taken.");
    }
    if (rc == 0 && f->more_frames) {
        rc = reader_finding(r, "structure.partial", NULL, "Only the first %d %s were looked at.",
            (int)f->frames, has_pages(r) ? "pages" : "frames");
    }
    if (rc == 0 && f->lost_frames && f->frames > 1) {
        rc = reader_finding(r, "page.unreadable", NULL, "%d of its %d pages can't be decoded.",
            (int)f->lost_frames, (int)f->frames);
    }
    return rc;
}

static struct image_request request_of(const struct reader *r, int64_t max_pixels, int64_t ms)
{
    return (struct image_request){ .bytes = r->input,
        .pixels_max = r->limits->pixels,
        .max_pixels = max_pixels,
        .deadline_ms = clock_mono_ms() + ms,
        .frames_max = 1 };
}

static int image_check(struct reader *r, struct error *err)
{
    struct image_request q = request_of(r, STAMP_PIXELS, CHECK_MS);
    struct image_report d;

    q.frames_max = has_pages(r) ? IMAGE_FRAMES_MAX : 1;
    image_decode(r->format, &q, &d);
    int rc = report_trouble(r, &d);
    if (rc == 0 && d.facts.width > 0) {
        rc = report_facts(r, &d.facts);
    }
    return rc ? error_set(err, rc, "The picture could not be checked.") : 0;
}

// Reading.

struct reading {
    struct reader *r;
    bool animation; // of the file's frames those that differ are kept
    bool pages; // all are kept, and are pages
    int orientation;
    int32_t frames; // of the file
    int32_t kept;
    int32_t pictures; // that were shown
    struct picture_mark marks[FRAMES_KEPT_MAX];
    struct buf last_words; // of the frame that was kept before: the same words are not told twice
    enum ocr_outcome worst;
};

static int show(
    struct reader *r, const char *name, const struct picture *p, int32_t side, bool thumbnail)
{
    AUTO_PICTURE small = { 0 };
    AUTO_BUF bytes = BUF_INIT(PICTURE_WRITTEN_MAX);
    const char *type = "image/jpeg";
    int rc = picture_shrink(p, side, side, &small);

    if (rc == 0) {
        rc = thumbnail ? picture_write_jpeg(&small, THUMBNAIL_QUALITY, &bytes)
                       : picture_write(&small, &bytes, &type);
    }
    return rc ? rc : reader_image(r, name, type, bytes.data, bytes.len);
}

static void place_of(const struct reading *g, int32_t number, struct place *ret)
{
    *ret = (struct place){ .kind = g->pages ? PLACE_PAGE : PLACE_IMAGE,
        .number = g->animation || g->pages ? number : 0,
        .has_box = true,
        .box = { 0, 0, 1, 1 } };
}

static int emit_figure(struct reading *g, const struct picture *p, int32_t number)
{
    char name[32] = "picture";
    struct element e = { .kind = ELEMENT_FIGURE,
        .flags = g->r->hi_res && ocr_has_model() ? 0 : ELEMENT_NEEDS_OCR };

    if (number > 1) {
        snprintf(name, sizeof(name), "picture-%d", (int)number);
    }
    int rc = show(g->r, name, p, PICTURE_SIDE, false);
    g->pictures++;
    place_of(g, number, &e.place);
    e.image = slice_of(name);
    return rc ? rc : reader_element(g->r, &e);
}

// *ret_any: there was something to tell.
static int read_words(struct reading *g, const struct picture *p, int32_t number, bool *ret_any)
{
    AUTO_FREE unsigned char *grey = picture_grey(p);
    struct ocr_request q = { .grey = grey,
        .width = p->width,
        .height = p->height,
        .time_ms = g->pages       ? PAGE_OCR_MS
                   : g->animation ? FRAME_OCR_MS
                                  : 0,
        .page = g->pages && g->frames > 1 };
    struct ocr_result words;
    struct place place;
    int rc = 0;

    if (!grey) {
        return ERR_MEMORY;
    }
    ocr_read(&q, &words);
    place_of(g, number, &place);
    *ret_any = words.block_count > 0;
    bool same =
        g->kept > 1 && !g->pages && slice_equal(buf_slice(&words.text), buf_slice(&g->last_words));
    if (!same) {
        rc = ocr_emit(g->r, &words, &place);
        buf_reset(&g->last_words);
        buf_add_slice(&g->last_words, buf_slice(&words.text));
    }
    if (words.outcome != OCR_READ) {
        g->worst = words.outcome;
    }
    if (rc == 0 && words.turned && g->frames == 1) {
        rc = reader_info_number(g->r, "text_turned", words.turned);
    }
    ocr_result_done(&words);
    return rc;
}

static bool differs(struct reading *g, const struct picture *p)
{
    struct picture_mark mark;
    double least = FRAME_DIFFERS;

    if (g->kept >= FRAMES_KEPT_MAX) {
        return false;
    }
    picture_mark(p, &mark);
    for (int32_t i = FRAMES_KEPT_EASILY; i < g->kept; i++) {
        least *= FRAME_DIFFERS_MORE;
    }
    for (int32_t i = 0; i < g->kept; i++) {
        if (picture_difference(&mark, &g->marks[i]) < least) {
            return false;
        }
    }
    g->marks[g->kept] = mark;
    return true;
}

static int read_frame(void *ctx, int32_t number, struct picture *p, bool lent)
{
    struct reading *g = ctx;
    AUTO_PICTURE own = { 0 };
    bool any = false, late = g->r->enough_ms && clock_mono_ms() > g->r->enough_ms;
    int rc = 0;

    if (!g->pages && !differs(g, p)) {
        return reader_progress(g->r, number, g->frames);
    }
    g->kept++;
    if (lent) {
        rc = picture_shrink(p, OCR_SIDE_MAX, OCR_SIDE_MAX, &own);
    } else {
        own = *p;
        *p = (struct picture){ 0 };
    }
    picture_flatten(&own);
    rc = rc ? rc : picture_orient(&own, g->orientation);
    if (rc == 0 && g->kept == 1) {
        rc = show(g->r, "thumbnail", &own, THUMBNAIL_SIDE, true);
    }
    if (rc == 0 && !(g->pages && g->frames > 1)) {
        rc = emit_figure(g, &own, number);
    }
    if (rc == 0 && g->r->hi_res && late) {
        g->worst = OCR_STOPPED;
    } else if (rc == 0 && g->r->hi_res) {
        rc = read_words(g, &own, number, &any);
    }
    // A page without words is a picture; one with words is drawn when somebody looks at it.
    if (rc == 0 && !any && g->pages && g->frames > 1 && g->pictures < FRAMES_KEPT_MAX) {
        rc = emit_figure(g, &own, number);
    }
    return rc ? rc : reader_progress(g->r, number, g->frames);
}

static int image_read(struct reader *r, struct error *err)
{
    struct reading *g = xalloc(sizeof(*g));
    struct image_request q = request_of(r, STAMP_PIXELS, CHECK_MS);
    struct image_report d;

    image_decode(r->format, &q, &d); // how many frames, which orientation
    *g = (struct reading){ .r = r,
        .animation = d.facts.frames > 1 && !has_pages(r),
        .pages = has_pages(r),
        .orientation = d.facts.orientation,
        .frames = d.facts.frames };
    buf_init(&g->last_words, 2 * OCR_TEXT_MAX);
    int rc = report_trouble(r, &d);
    if (rc == 0 && !is_lost(&d)) {
        bool heavy = d.facts.progressive || d.facts.lossless;
        int64_t ms = !has_pages(r)  ? READ_MS
                     : r->enough_ms ? r->enough_ms - clock_mono_ms()
                                    : PAGES_READ_MS;
        q = request_of(r, heavy ? HEAVY_PIXELS : READ_PIXELS, ms);
        if ((int64_t)d.facts.width * d.facts.height <= READ_PIXELS) {
            q.max_pixels = READ_PIXELS;
        }
        q.frames_max = IMAGE_FRAMES_MAX;
        q.frame = read_frame;
        q.ctx = g;
        image_decode(r->format, &q, &d);
        rc = d.trouble == IMAGE_STOPPED ? d.stopped : 0;
        rc = rc ? rc : report_facts(r, &d.facts);
        if (rc == 0 && g->kept == 0) {
            rc = report_trouble(r, &d);
        }
    }
    if (rc == 0 && g->kept && r->hi_res) {
        rc = ocr_report(r, g->worst, NULL);
    }
    rc = rc ? rc : reader_progress(r, g->frames, g->frames);
    buf_done(&g->last_words);
    free(g);
    return rc ? error_set(err, rc, "The picture could not be read to its end.") : 0;
}

// Rendering.

struct rendering {
    struct reader *r;
    int32_t number, width;
    int orientation;
    bool done;
};

static int render_frame(void *ctx, int32_t number, struct picture *p, bool lent)
{
    struct rendering *g = ctx;
    AUTO_PICTURE small = { 0 };
    AUTO_BUF bytes = BUF_INIT(PICTURE_WRITTEN_MAX);
    bool sideways = g->orientation >= 5;
    int32_t tall = RENDER_WIDTH_MAX;

    (void)lent;
    if (number != g->number) {
        return 0;
    }
    int rc = picture_shrink(p, sideways ? tall : g->width, sideways ? g->width : tall, &small);
    if (rc == 0) {
        picture_flatten(&small);
        rc = picture_orient(&small, g->orientation);
    }
    rc = rc ? rc : picture_write_png(&small, &bytes);
    rc = rc ? rc : reader_image(g->r, "page", "image/png", bytes.data, bytes.len);
    g->done = rc == 0;
    return rc ? rc : 1;
}

static int image_render(struct reader *r, int32_t number, int32_t width, struct error *err)
{
    struct rendering g = { .r = r, .number = number, .width = width };
    struct image_request q = request_of(r, STAMP_PIXELS, RENDER_MS);
    struct image_report d;

    if (number < 1 || number > IMAGE_FRAMES_MAX) {
        return error_set(err, ERR_NOT_FOUND, "The picture has no frame %d.", (int)number);
    }
    if (width < 1 || width > RENDER_WIDTH_MAX) {
        return error_set(
            err, ERR_INVALID, "A picture is shown 1 to %d pixels wide.", RENDER_WIDTH_MAX);
    }
    image_decode(r->format, &q, &d);
    g.orientation = d.facts.orientation;
    q = request_of(r, HEAVY_PIXELS, RENDER_MS);
    q.frames_from = q.frames_max = number;
    q.frame = render_frame;
    q.ctx = &g;
    image_decode(r->format, &q, &d);
    if (g.done) {
        return 0;
    }
    if (d.trouble == IMAGE_STOPPED && d.stopped < 0) {
        return error_set(err, d.stopped, "The picture could not be drawn.");
    }
    return is_lost(&d) ? report_trouble(r, &d)
                       : error_set(err, ERR_NOT_FOUND, "The picture has no frame %d.", (int)number);
}

#define PICTURE_FORMAT(name, id)                                                                   \
    const struct reader_format name = { id, image_check, image_read, image_render, ocr_prepare }
extern const struct reader_format format_jpg, format_jpeg, format_png, format_gif, format_webp,
    format_tiff, format_bmp;
PICTURE_FORMAT(format_jpg, FORMAT_JPG);
PICTURE_FORMAT(format_jpeg, FORMAT_JPEG);
PICTURE_FORMAT(format_png, FORMAT_PNG);
PICTURE_FORMAT(format_gif, FORMAT_GIF);
PICTURE_FORMAT(format_webp, FORMAT_WEBP);
PICTURE_FORMAT(format_tiff, FORMAT_TIFF);
PICTURE_FORMAT(format_bmp, FORMAT_BMP);
