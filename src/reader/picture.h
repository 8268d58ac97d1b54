// SPDX-License-Identifier: AGPL-3.0-or-later
// A picture in memory: rows of red, green, blue, alpha, one byte each, top row first. What decoders fill, and what is
// turned, flattened, made smaller and written again for people to see. One thread.
//
// Limits: whoever makes one decides its size; PICTURE_PIXELS_MAX is what nobody may pass.
#ifndef LARDER_READER_PICTURE_H
#define LARDER_READER_PICTURE_H

#include "base/buf.h"

enum {
    PICTURE_PIXELS_MAX = 40 * 1000 * 1000, // 160 MB
    PICTURE_WRITTEN_MAX = 32 << 20, // bytes of one that is written
    PICTURE_MARK_SIDE = 48, // cells of a picture_mark along a side
};

struct picture {
    int32_t width, height;
    unsigned char *rgba; // owned
};

// 0, or ERR_MEMORY, or ERR_LIMIT for sizes under 1 or over the maximum. All pixels are clear (0, 0, 0, 0).
int picture_init(struct picture *p, int32_t width, int32_t height);
void picture_done(struct picture *p);
int picture_copy(const struct picture *p, struct picture *ret); // 0 or ERR_MEMORY
#define AUTO_PICTURE CLEANUP(picture_done) struct picture

static inline unsigned char *picture_at(const struct picture *p, int32_t x, int32_t y)
{
    return p->rgba + 4 * ((size_t)y * (size_t)p->width + (size_t)x);
}

// Turns and mirrors as EXIF's orientation (1 to 8) asks, others: nothing. 0 or ERR_MEMORY.
int picture_orient(struct picture *p, int orientation);
// Puts what is transparent on white, or on black where the ink is light. Alpha is 255 everywhere afterwards.
void picture_flatten(struct picture *p);
// A smaller one by averages, as large as fits into max_width by max_height (never larger than p). 0 or ERR_MEMORY.
int picture_shrink(
    const struct picture *p, int32_t max_width, int32_t max_height, struct picture *ret);
// One byte a pixel, width bytes a row; the caller frees. NULL without memory.
unsigned char *picture_grey(const struct picture *p);

// A picture's look, to tell frames that differ from frames that do not.
struct picture_mark {
    unsigned char cell[PICTURE_MARK_SIDE * PICTURE_MARK_SIDE];
};
void picture_mark(const struct picture *p, struct picture_mark *ret);
double picture_difference(
    const struct picture_mark *a, const struct picture_mark *b); // 0 alike … 1

// Written without any metadata. Appends to out (its maximum must allow PICTURE_WRITTEN_MAX). 0 or ERR_MEMORY.
int picture_write_jpeg(const struct picture *p, int quality, struct buf *out);
int picture_write_png(const struct picture *p, struct buf *out);
// Which of both suits it: few colours as PNG, photographs as JPEG. *ret_type is the media type.
int picture_write(const struct picture *p, struct buf *out, const char **ret_type);

// Takes a large picture row by row, or point by point, and keeps it `step` times smaller: each pixel the average of
// step × step, weighted by alpha. Rows may come in any order when scattered.
struct picture_sink {
    struct picture *to;
    int32_t width, height; // of what comes
    int32_t step;
    bool scattered;
    uint32_t *sums; // of one row of `to`, or of all when scattered: r, g, b by alpha, and alpha
    int32_t row; // of `to`, that the sums are for
};
// The least step at which width × height stays within max_pixels.
int32_t picture_step(int64_t width, int64_t height, int64_t max_pixels);
// Makes `to`. 0, ERR_MEMORY or ERR_LIMIT.
int picture_sink_init(struct picture_sink *s, struct picture *to, int32_t width, int32_t height,
    int32_t step, bool scattered);
void picture_sink_row(struct picture_sink *s, int32_t y, const unsigned char *rgba);
void picture_sink_point(struct picture_sink *s, int32_t x, int32_t y, const unsigned char rgba[4]);
void picture_sink_end(struct picture_sink *s); // writes what is left; safe twice

#endif
