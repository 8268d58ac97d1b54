// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements picture_sink: a picture larger than memory allows is made smaller while it comes.
#include "base/error.h"
#include "reader/picture.h"

#include <stdlib.h>

enum { STEP_MAX = 250 }; // 255 × 255 × step² must fit into 32 bits

int32_t picture_step(int64_t width, int64_t height, int64_t max_pixels)
{
    int32_t step = 1;

    while (step < STEP_MAX &&
           ((width + step - 1) / step) * ((height + step - 1) / step) > max_pixels) {
        step++;
    }
    return step;
}

int picture_sink_init(struct picture_sink *s, struct picture *to, int32_t width, int32_t height,
    int32_t step, bool scattered)
{
    *s = (struct picture_sink){
        .to = to, .width = width, .height = height, .step = step, .scattered = scattered
    };
    BUG_ON(step < 1 || step > STEP_MAX);
    int rc = picture_init(to, (width + step - 1) / step, (height + step - 1) / step);
    if (rc == 0 && step > 1) {
        size_t rows = scattered ? (size_t)to->height : 1;
        s->sums = calloc(rows * (size_t)to->width, 4 * sizeof(*s->sums));
        if (!s->sums) {
            picture_done(to);
            rc = ERR_MEMORY;
        }
    }
    return rc;
}

static void write_row(struct picture_sink *s, const uint32_t *sums, int32_t row)
{
    uint32_t rows =
        (uint32_t)(s->height - row * s->step < s->step ? s->height - row * s->step : s->step);

    for (int32_t x = 0; x < s->to->width; x++, sums += 4) {
        unsigned char *c = picture_at(s->to, x, row);
        uint32_t columns =
            (uint32_t)(s->width - x * s->step < s->step ? s->width - x * s->step : s->step);
        for (int k = 0; k < 3; k++) {
            c[k] = sums[3] ? (unsigned char)(sums[k] / sums[3]) : 0;
        }
        c[3] = (unsigned char)(sums[3] / (rows * columns));
    }
}

static void finish_row(struct picture_sink *s)
{
    write_row(s, s->sums, s->row);
    memset(s->sums, 0, 4 * sizeof(*s->sums) * (size_t)s->to->width);
}

static void sum_up(uint32_t *sums, const unsigned char *rgba)
{
    sums[0] += (uint32_t)rgba[0] * rgba[3];
    sums[1] += (uint32_t)rgba[1] * rgba[3];
    sums[2] += (uint32_t)rgba[2] * rgba[3];
    sums[3] += rgba[3];
}

void picture_sink_row(struct picture_sink *s, int32_t y, const unsigned char *rgba)
{
    if (y < 0 || y >= s->height) {
        return;
    }
    if (s->step == 1) {
        memcpy(picture_at(s->to, 0, y), rgba, 4 * (size_t)s->width);
        return;
    }
    int32_t row = y / s->step;
    if (!s->scattered && row != s->row) {
        finish_row(s);
        s->row = row;
    }
    uint32_t *sums = s->sums + (s->scattered ? 4 * (size_t)row * (size_t)s->to->width : 0);
    int32_t left = s->step;
    for (int32_t x = 0; x < s->width; x++, rgba += 4) {
        sum_up(sums, rgba);
        if (--left == 0) {
            left = s->step;
            sums += 4;
        }
    }
}

void picture_sink_point(struct picture_sink *s, int32_t x, int32_t y, const unsigned char rgba[4])
{
    if (x < 0 || y < 0 || x >= s->width || y >= s->height) {
        return;
    }
    if (s->step == 1) {
        memcpy(picture_at(s->to, x, y), rgba, 4);
    } else if (s->scattered) {
        sum_up(s->sums + 4 * ((size_t)(y / s->step) * (size_t)s->to->width + (size_t)(x / s->step)),
            rgba);
    }
}

void picture_sink_end(struct picture_sink *s)
{
    if (s->sums && s->scattered) {
        for (int32_t y = 0; y < s->to->height; y++) {
            write_row(s, s->sums + 4 * (size_t)y * (size_t)s->to->width, y);
        }
    } else if (s->sums && s->row < s->to->height) {
        finish_row(s);
    }
    free(s->sums);
    s->sums = NULL;
}
