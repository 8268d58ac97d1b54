// SPDX-License-Identifier: AGPL-3.0-or-later
// What all decoders of pictures do alike.
#include "reader/image.h"

#include "base/clock.h"
#include "base/error.h"

void image_decode(enum format_id format, const struct image_request *q, struct image_report *ret)
{
    *ret = (struct image_report){ .trouble = IMAGE_FINE };
    switch (format) {
    case FORMAT_JPG:
    case FORMAT_JPEG:
        image_decode_jpeg(q, ret);
        break;
    case FORMAT_PNG:
        image_decode_png(q, ret);
        break;
    case FORMAT_GIF:
        image_decode_gif(q, ret);
        break;
    case FORMAT_WEBP:
        image_decode_webp(q, ret);
        break;
    case FORMAT_TIFF:
        image_decode_tiff(q, ret);
        break;
    case FORMAT_BMP:
        image_decode_bmp(q, ret);
        break;
    default:
        BUG("format %d is no picture", (int)format);
    }
}

bool image_size_allowed(
    const struct image_request *q, int64_t width, int64_t height, struct image_report *ret)
{
    if (width < 1 || height < 1 || width > INT32_MAX || height > INT32_MAX) {
        ret->trouble = IMAGE_BROKEN;
        return false;
    }
    ret->facts.width = (int32_t)width;
    ret->facts.height = (int32_t)height;
    if (width * height > q->pixels_max) {
        ret->trouble = IMAGE_TOO_LARGE;
        return false;
    }
    return true;
}

bool image_time_over(const struct image_request *q)
{
    return q->deadline_ms && clock_mono_ms() > q->deadline_ms;
}

bool image_give(const struct image_request *q, int32_t number, struct picture *p, bool lent,
    struct image_report *ret)
{
    int rc = q->frame && p->rgba ? q->frame(q->ctx, number, p, lent) : 0;

    if (!lent) {
        picture_done(p);
    }
    if (rc != 0) {
        ret->trouble = IMAGE_STOPPED;
        ret->stopped = rc;
    }
    return rc == 0;
}

void image_fact(char *to, size_t size, struct slice text)
{
    text = slice_trim(text);
    while (text.len && text.data[text.len - 1] == '\0') {
        text.len--;
    }
    if (to[0] == '\0' && text.len) {
        size_t n = text.len < size - 1 ? text.len : size - 1;
        memcpy(to, text.data, n);
        to[n] = '\0';
    }
}
