// SPDX-License-Identifier: AGPL-3.0-or-later
// Checks, reads and draws any bytes as a picture of the kind that their beginning says, with tight limits; no engine is
// there, so words are not looked for. Nothing may crash or hang, and every place must be a box on a picture.
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

static enum format_id kind_of(const uint8_t *data, size_t size)
{
    return size > 0 && data[0] == 0x89                      ? FORMAT_PNG
           : size > 0 && data[0] == 'G'                     ? FORMAT_GIF
           : size > 0 && data[0] == 'R'                     ? FORMAT_WEBP
           : size > 0 && data[0] == 'B'                     ? FORMAT_BMP
           : size > 0 && (data[0] == 'I' || data[0] == 'M') ? FORMAT_TIFF
                                                            : FORMAT_JPG;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { .element = on_element, .info = on_info, .image = on_image };
    enum format_id id = kind_of(data, size);
    const struct reader_format *f = reader_format_find(id);
    struct error err = { .code = 0 };

    limits.pixels = 1 << 16;
    struct reader r = {
        .format = id, .input = { (const char *)data, size }, .limits = &limits, .sink = &sink
    };
    (void)f->check(&r, &err);
    r.finding_count = 0;
    (void)f->read(&r, &err);
    r.finding_count = 0;
    (void)f->render(&r, 1, 64, &err);
    return 0;
}
