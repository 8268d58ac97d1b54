// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements picture.h but for writing (picture_write.c) and for taking rows (picture_sink.c).
#include "reader/picture.h"

#include "base/error.h"

#include <stdlib.h>

enum {
    OPAQUE_FROM = 128,
    LIGHT_FROM = 150, // ink of this mean brightness is light
    CELL_STEP = 24, // of brightness, that a changed cell shows
};

int picture_init(struct picture *p, int32_t width, int32_t height)
{
    *p = (struct picture){ 0 };
    if (width < 1 || height < 1 || (int64_t)width * height > PICTURE_PIXELS_MAX) {
        return ERR_LIMIT;
    }
    p->rgba = calloc((size_t)width * (size_t)height, 4);
    if (!p->rgba) {
        return ERR_MEMORY;
    }
    p->width = width;
    p->height = height;
    return 0;
}

void picture_done(struct picture *p)
{
    free(p->rgba);
    *p = (struct picture){ 0 };
}

int picture_copy(const struct picture *p, struct picture *ret)
{
    int rc = picture_init(ret, p->width, p->height);

    if (rc == 0) {
        memcpy(ret->rgba, p->rgba, 4 * (size_t)p->width * (size_t)p->height);
    }
    return rc;
}

static void swap_pixels(unsigned char *a, unsigned char *b)
{
    unsigned char keep[4];

    memcpy(keep, a, 4);
    memcpy(a, b, 4);
    memcpy(b, keep, 4);
}

static void mirror(struct picture *p)
{
    for (int32_t y = 0; y < p->height; y++) {
        for (int32_t x = 0; x < p->width / 2; x++) {
            swap_pixels(picture_at(p, x, y), picture_at(p, p->width - 1 - x, y));
        }
    }
}

static void turn_half(struct picture *p)
{
    size_t n = (size_t)p->width * (size_t)p->height;

    for (size_t i = 0; i < n / 2; i++) {
        swap_pixels(p->rgba + 4 * i, p->rgba + 4 * (n - 1 - i));
    }
}

static int turn_right(struct picture *p)
{
    struct picture out;
    int rc = picture_init(&out, p->height, p->width);

    if (rc != 0) {
        return rc;
    }
    for (int32_t y = 0; y < p->height; y++) {
        for (int32_t x = 0; x < p->width; x++) {
            memcpy(picture_at(&out, p->height - 1 - y, x), picture_at(p, x, y), 4);
        }
    }
    picture_done(p);
    *p = out;
    return 0;
}

int picture_orient(struct picture *p, int orientation)
{
    static const struct {
        bool mirror, half, right; // done in this order
    } steps[] = {
        [2] = { true, false, false },
        [3] = { false, true, false },
        [4] = { true, true, false },
        [5] = { true, true, true },
        [6] = { false, false, true },
        [7] = { true, false, true },
        [8] = { false, true, true },
    };

    if (orientation < 2 || orientation > 8) {
        return 0;
    }
    if (steps[orientation].mirror) {
        mirror(p);
    }
    if (steps[orientation].half) {
        turn_half(p);
    }
    return steps[orientation].right ? turn_right(p) : 0;
}

static unsigned brightness(const unsigned char *c)
{
    return (77U * c[0] + 150U * c[1] + 29U * c[2]) >> 8;
}

void picture_flatten(struct picture *p)
{
    size_t n = (size_t)p->width * (size_t)p->height, opaque = 0;
    uint64_t light = 0;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *c = p->rgba + 4 * i;
        if (c[3] >= OPAQUE_FROM) {
            opaque++;
            light += brightness(c);
        }
    }
    // Light ink on a mostly clear ground is meant for a dark page.
    unsigned ground = opaque && opaque < n / 2 && light / opaque >= LIGHT_FROM ? 0 : 255;
    for (size_t i = 0; i < n; i++) {
        unsigned char *c = p->rgba + 4 * i;
        if (c[3] != 255) {
            for (int k = 0; k < 3; k++) {
                c[k] = (unsigned char)((c[k] * c[3] + ground * (255U - c[3])) / 255U);
            }
            c[3] = 255;
        }
    }
}

static void average(
    const struct picture *p, int32_t x0, int32_t y0, int32_t x1, int32_t y1, unsigned char out[4])
{
    uint64_t sum[3] = { 0 }, weight = 0;

    for (int32_t y = y0; y < y1; y++) {
        const unsigned char *c = picture_at(p, x0, y);
        for (int32_t x = x0; x < x1; x++, c += 4) {
            for (int k = 0; k < 3; k++) {
                sum[k] += (uint64_t)c[k] * c[3];
            }
            weight += c[3];
        }
    }
    for (int k = 0; k < 3; k++) {
        out[k] = weight ? (unsigned char)(sum[k] / weight) : 0;
    }
    out[3] = (unsigned char)(weight / ((uint64_t)(x1 - x0) * (uint64_t)(y1 - y0)));
}

int picture_shrink(
    const struct picture *p, int32_t max_width, int32_t max_height, struct picture *ret)
{
    double down = 1;

    if (max_width < p->width) {
        down = (double)max_width / p->width;
    }
    if ((double)max_height / p->height < down) {
        down = (double)max_height / p->height;
    }
    int32_t w = (int32_t)(p->width * down + 0.5), h = (int32_t)(p->height * down + 0.5);
    w = w < 1 ? 1 : w > p->width ? p->width : w;
    h = h < 1 ? 1 : h > p->height ? p->height : h;
    int rc = picture_init(ret, w, h);
    for (int32_t y = 0; rc == 0 && y < h; y++) {
        int32_t y0 = (int32_t)((int64_t)y * p->height / h),
                y1 = (int32_t)((int64_t)(y + 1) * p->height / h);
        for (int32_t x = 0; x < w; x++) {
            int32_t x0 = (int32_t)((int64_t)x * p->width / w),
                    x1 = (int32_t)((int64_t)(x + 1) * p->width / w);
            average(p, x0, y0, x1 > x0 ? x1 : x0 + 1, y1 > y0 ? y1 : y0 + 1, picture_at(ret, x, y));
        }
    }
    return rc;
}

unsigned char *picture_grey(const struct picture *p)
{
    size_t n = (size_t)p->width * (size_t)p->height;
    unsigned char *grey = malloc(n);

    for (size_t i = 0; grey && i < n; i++) {
        grey[i] = (unsigned char)brightness(p->rgba + 4 * i);
    }
    return grey;
}

void picture_mark(const struct picture *p, struct picture_mark *ret)
{
    for (int y = 0; y < PICTURE_MARK_SIDE; y++) {
        int32_t y0 = (int32_t)((int64_t)y * p->height / PICTURE_MARK_SIDE);
        int32_t y1 = (int32_t)((int64_t)(y + 1) * p->height / PICTURE_MARK_SIDE);
        for (int x = 0; x < PICTURE_MARK_SIDE; x++) {
            int32_t x0 = (int32_t)((int64_t)x * p->width / PICTURE_MARK_SIDE);
            int32_t x1 = (int32_t)((int64_t)(x + 1) * p->width / PICTURE_MARK_SIDE);
            unsigned char c[4];
            average(p, x0, y0, x1 > x0 ? x1 : x0 + 1, y1 > y0 ? y1 : y0 + 1, c);
            unsigned on_white = (brightness(c) * c[3] + 255U * (255U - c[3])) / 255U;
            ret->cell[y * PICTURE_MARK_SIDE + x] = (unsigned char)on_white;
        }
    }
}

double picture_difference(const struct picture_mark *a, const struct picture_mark *b)
{
    int changed = 0;

    for (size_t i = 0; i < sizeof(a->cell); i++) {
        changed += abs(a->cell[i] - b->cell[i]) >= CELL_STEP;
    }
    return (double)changed / (double)sizeof(a->cell);
}
