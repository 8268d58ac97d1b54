// SPDX-License-Identifier: AGPL-3.0-or-later
// What the fuzz targets of single kinds of pictures share: any bytes are checked, read and drawn as that kind, whatever they
// begin with, with tight limits. Nothing may crash or hang.
#ifndef LARDER_FUZZ_PICTURE_FUZZ_H
#define LARDER_FUZZ_PICTURE_FUZZ_H

#include "reader/reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int fuzz_picture(const uint8_t *data, size_t size, enum format_id id)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { .element = NULL };
    const struct reader_format *f = reader_format_find(id);
    struct error err = { .code = 0 };

    limits.pixels = 1 << 18;
    struct reader r = {
        .format = id, .input = { (const char *)data, size }, .limits = &limits, .sink = &sink
    };
    (void)f->check(&r, &err);
    r.finding_count = 0;
    (void)f->read(&r, &err);
    r.finding_count = 0;
    (void)f->render(&r, 2, 64, &err);
    return 0;
}

#endif
