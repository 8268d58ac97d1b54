// SPDX-License-Identifier: AGPL-3.0-or-later
// What the fuzz targets of pictures share: any bytes are checked, read and drawn as one kind, with tight limits; no engine is
// there, so words are not looked for. Nothing may crash or hang, and every place must be a box on a picture.
#ifndef LARDER_FUZZ_PICTURE_FUZZ_H
#define LARDER_FUZZ_PICTURE_FUZZ_H

#include "base/utf8.h"
#include "reader/reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_element(void *ctx, const struct element *e)
{
    (void)ctx;
    if ((e->place.kind != PLACE_IMAGE && e->place.kind != PLACE_PAGE) || !e->place.has_box ||
        !utf8_valid(e->text) || e->image.len == 0) {
        abort();
    }
    return 0;
}

static int on_info(void *ctx, const char *key, const char *text, double number)
{
    (void)ctx;
    (void)number;
    if (!key || (text && !utf8_valid(slice_of(text)))) {
        abort();
    }
    return 0;
}

static int on_image(
    void *ctx, const char *name, const char *media_type, const void *bytes, size_t len)
{
    (void)ctx;
    if (!name || !media_type || !bytes || len < 8) {
        abort();
    }
    return 0;
}

// pixels: the most that a picture may have; page: the one that is drawn.
static inline int fuzz_picture(
    const uint8_t *data, size_t size, enum format_id id, int64_t pixels, int32_t page)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { .element = on_element, .info = on_info, .image = on_image };
    const struct reader_format *f = reader_format_find(id);
    struct error err = { .code = 0 };

    limits.pixels = pixels;
    struct reader r = {
        .format = id, .input = { (const char *)data, size }, .limits = &limits, .sink = &sink
    };
    (void)f->check(&r, &err);
    r.finding_count = 0;
    (void)f->read(&r, &err);
    r.finding_count = 0;
    (void)f->render(&r, page, 64, &err);
    return 0;
}

#endif
