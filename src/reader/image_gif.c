// SPDX-License-Identifier: AGPL-3.0-or-later
// GIF by giflib, frame by frame onto one canvas of the screen's size; what stands outside the screen is cut off, as
// browsers do. The canvas of a large screen keeps every n-th pixel only. Frames after frames_max are counted, not decoded.
#include "reader/image.h"

#include <stdlib.h>

#include <gif_lib.h>

enum { GRAPHICS_CONTROL = GRAPHICS_EXT_FUNC_CODE, INTERLACE_PASSES = 4, CODES_PER_LOOK = 4096 };

struct gif {
    const struct image_request *q;
    struct image_report *ret;
    GifFileType *file;
    size_t at;
    bool ended;
    int32_t step;
    struct picture canvas, before; // before: what a frame that asks for it is replaced by
    unsigned char *line;
    int64_t pixels; // decoded so far
    GraphicsControlBlock control;
};

static int on_read(GifFileType *file, GifByteType *to, int len)
{
    struct gif *g = file->UserData;
    size_t left = g->q->bytes.len - g->at, n = (size_t)len < left ? (size_t)len : left;

    g->ended = g->ended || n < (size_t)len;
    if (n) {
        memcpy(to, g->q->bytes.data + g->at, n);
    }
    g->at += n;
    return (int)n;
}

static bool make_canvas(struct gif *g)
{
    const GifImageDesc *d = &g->file->Image;
    int64_t width = g->file->SWidth ? g->file->SWidth : (int64_t)d->Left + d->Width;
    int64_t height = g->file->SHeight ? g->file->SHeight : (int64_t)d->Top + d->Height;

    if (g->canvas.rgba) {
        return true;
    }
    if (!image_size_allowed(g->q, width, height, g->ret)) {
        return false;
    }
    g->step = picture_step(width, height, g->q->max_pixels);
    int rc = picture_init(&g->canvas, (int32_t)((width + g->step - 1) / g->step),
        (int32_t)((height + g->step - 1) / g->step));
    if (rc != 0) {
        g->ret->trouble = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
    }
    return rc == 0;
}

static void put_line(struct gif *g, int32_t y, const ColorMapObject *colours)
{
    const GifImageDesc *d = &g->file->Image;
    int64_t to_y = (int64_t)d->Top + y;

    if (to_y % g->step != 0 || to_y / g->step >= g->canvas.height) {
        return;
    }
    for (int32_t x = 0; x < d->Width; x++) {
        int64_t to_x = (int64_t)d->Left + x;
        if (to_x % g->step != 0 || to_x / g->step >= g->canvas.width ||
            g->line[x] == g->control.TransparentColor) {
            continue;
        }
        int colour = g->line[x] < colours->ColorCount ? g->line[x] : 0;
        unsigned char *c =
            picture_at(&g->canvas, (int32_t)(to_x / g->step), (int32_t)(to_y / g->step));
        c[0] = colours->Colors[colour].Red;
        c[1] = colours->Colors[colour].Green;
        c[2] = colours->Colors[colour].Blue;
        c[3] = 255;
    }
}

// Rows that were decoded.
static int32_t read_lines(struct gif *g)
{
    static const int32_t first[INTERLACE_PASSES] = { 0, 4, 2, 1 },
                         every[INTERLACE_PASSES] = { 8, 8, 4, 2 };
    const GifImageDesc *d = &g->file->Image;
    const ColorMapObject *colours = d->ColorMap ? d->ColorMap : g->file->SColorMap;
    static const GifColorType two[] = { { 0, 0, 0 }, { 255, 255, 255 } };
    const ColorMapObject plain = {
        .ColorCount = 2, .BitsPerPixel = 1, .Colors = (GifColorType *)(uintptr_t)two
    };
    int32_t done = 0;

    colours = colours ? colours : &plain;
    for (int pass = 0; pass < (d->Interlace ? INTERLACE_PASSES : 1); pass++) {
        int32_t y = d->Interlace ? first[pass] : 0;
        for (; y < d->Height; y += d->Interlace ? every[pass] : 1) {
            if (image_time_over(g->q) || DGifGetLine(g->file, g->line, d->Width) == GIF_ERROR) {
                return done;
            }
            put_line(g, y, colours);
            done++;
        }
    }
    return done;
}

static bool skip_codes(struct gif *g)
{
    GifByteType *codes = NULL;
    int size = 0;

    if (DGifGetCode(g->file, &size, &codes) == GIF_ERROR) {
        return false;
    }
    for (int64_t n = 0; codes; n++) {
        if ((n % CODES_PER_LOOK == 0 && image_time_over(g->q)) ||
            DGifGetCodeNext(g->file, &codes) == GIF_ERROR) {
            return false;
        }
    }
    return true;
}

static void clear_frame(struct gif *g)
{
    const GifImageDesc *d = &g->file->Image;

    for (int32_t y = 0; y < g->canvas.height; y++) {
        for (int32_t x = 0; x < g->canvas.width; x++) {
            int64_t at_x = (int64_t)x * g->step, at_y = (int64_t)y * g->step;
            if (at_x >= d->Left && at_x < (int64_t)d->Left + d->Width && at_y >= d->Top &&
                at_y < (int64_t)d->Top + d->Height) {
                memset(picture_at(&g->canvas, x, y), 0, 4);
            }
        }
    }
}

static void dispose(struct gif *g)
{
    if (g->control.DisposalMode == DISPOSE_BACKGROUND) {
        clear_frame(g);
    } else if (g->control.DisposalMode == DISPOSE_PREVIOUS && g->before.rgba) {
        memcpy(
            g->canvas.rgba, g->before.rgba, 4 * (size_t)g->canvas.width * (size_t)g->canvas.height);
    }
    picture_done(&g->before);
}

// One frame; false to stop.
static bool read_frame(struct gif *g)
{
    struct image_report *ret = g->ret;
    if (DGifGetImageHeader(g->file) == GIF_ERROR) {
        ret->trouble = ret->facts.frames == 0 ? IMAGE_BROKEN
                       : g->ended             ? IMAGE_TRUNCATED
                                              : IMAGE_DAMAGED;
        return false;
    }
    const GifImageDesc *d = &g->file->Image;
    int64_t right = (int64_t)d->Left + d->Width, bottom = (int64_t)d->Top + d->Height;
    if (right * bottom > g->q->pixels_max) {
        ret->trouble = IMAGE_TOO_LARGE;
        ret->facts.width = (int32_t)right;
        ret->facts.height = (int32_t)bottom;
        return false;
    }
    if (!make_canvas(g)) {
        return false;
    }
    int64_t pixels = (int64_t)d->Width * d->Height;
    if (ret->facts.frames >= IMAGE_FRAMES_MAX || g->pixels + pixels > IMAGE_FRAMES_PIXELS) {
        ret->facts.more_frames = true;
        return false;
    }
    bool decode = ret->facts.frames < g->q->frames_max;
    if (!decode || pixels == 0) {
        ret->facts.frames++;
        if (!skip_codes(g)) {
            ret->trouble = g->ended ? IMAGE_TRUNCATED : IMAGE_DAMAGED;
            return false;
        }
        return true;
    }
    if (g->control.DisposalMode == DISPOSE_PREVIOUS && picture_copy(&g->canvas, &g->before) != 0) {
        ret->trouble = IMAGE_NO_MEMORY;
        return false;
    }
    free(g->line);
    g->line = malloc((size_t)d->Width);
    if (!g->line) {
        ret->trouble = IMAGE_NO_MEMORY;
        return false;
    }
    int32_t rows = read_lines(g);
    bool whole = rows == d->Height;
    if (ret->facts.frames == 0) {
        ret->share = (double)rows / d->Height;
    }
    if (!whole) {
        bool late = image_time_over(g->q);
        ret->trouble = rows == 0 && ret->facts.frames == 0 ? IMAGE_BROKEN
                       : late                              ? IMAGE_NO_TIME
                       : g->ended                          ? IMAGE_TRUNCATED
                                                           : IMAGE_DAMAGED;
        if (rows == 0) {
            return false;
        }
    }
    ret->facts.frames++;
    g->pixels += pixels;
    enum image_trouble trouble = ret->trouble;
    if (!image_give(g->q, ret->facts.frames, &g->canvas, true, ret)) {
        return false;
    }
    ret->trouble = trouble;
    dispose(g);
    g->control = (GraphicsControlBlock){ .TransparentColor = NO_TRANSPARENT_COLOR };
    return whole;
}

static bool read_extension(struct gif *g)
{
    GifByteType *block = NULL;
    int code = 0;

    if (DGifGetExtension(g->file, &code, &block) == GIF_ERROR) {
        return false;
    }
    if (code == GRAPHICS_CONTROL && block) {
        if (DGifExtensionToGCB(block[0], block + 1, &g->control) == GIF_OK) {
            g->ret->facts.alpha =
                g->ret->facts.alpha || g->control.TransparentColor != NO_TRANSPARENT_COLOR;
        }
    } else if (code == COMMENT_EXT_FUNC_CODE && block) {
        image_fact(
            g->ret->facts.comment, IMAGE_TEXT_SIZE, slice_make((const char *)block + 1, block[0]));
    }
    while (block) {
        if (DGifGetExtensionNext(g->file, &block) == GIF_ERROR) {
            return false;
        }
    }
    return true;
}

static void read_records(struct gif *g)
{
    GifRecordType type = UNDEFINED_RECORD_TYPE;

    while (type != TERMINATE_RECORD_TYPE) {
        if (image_time_over(g->q)) {
            g->ret->trouble = IMAGE_NO_TIME;
            return;
        }
        bool fine = DGifGetRecordType(g->file, &type) != GIF_ERROR;
        if (fine && type == IMAGE_DESC_RECORD_TYPE) {
            if (!read_frame(g)) {
                return;
            }
        } else if (fine && type == EXTENSION_RECORD_TYPE) {
            fine = read_extension(g);
        }
        if (!fine) {
            bool any = g->ret->facts.frames > 0;
            // A missing end mark, or rubbish after the last frame, does no harm.
            g->ret->trouble = any ? IMAGE_FINE : IMAGE_BROKEN;
            return;
        }
    }
    if (g->ret->facts.frames == 0) {
        g->ret->trouble = IMAGE_BROKEN;
    }
}

void image_decode_gif(const struct image_request *q, struct image_report *ret)
{
    struct gif g = { .q = q, .ret = ret, .control = { .TransparentColor = NO_TRANSPARENT_COLOR } };
    int error = 0;

    ret->facts.colour = "palette";
    ret->facts.bits = 8;
    ret->facts.lossless = true;
    g.file = DGifOpen(&g, on_read, &error);
    if (!g.file) {
        ret->trouble = error == D_GIF_ERR_NOT_ENOUGH_MEM ? IMAGE_NO_MEMORY : IMAGE_BROKEN;
        return;
    }
    read_records(&g);
    DGifCloseFile(g.file, &error);
    free(g.line);
    picture_done(&g.canvas);
    picture_done(&g.before);
}
