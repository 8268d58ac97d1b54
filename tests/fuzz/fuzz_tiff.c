// SPDX-License-Identifier: AGPL-3.0-or-later
// Checks, reads and draws any bytes as a TIFF, whatever they begin with, with tight limits. Nothing may crash or hang.
#include "reader/reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { .element = NULL };
    const struct reader_format *f = reader_format_find(FORMAT_TIFF);
    struct error err = { .code = 0 };

    limits.pixels = 1 << 18;
    struct reader r = { .format = FORMAT_TIFF,
        .input = { (const char *)data, size },
        .limits = &limits,
        .sink = &sink };
    (void)f->check(&r, &err);
    r.finding_count = 0;
    (void)f->read(&r, &err);
    r.finding_count = 0;
    (void)f->render(&r, 2, 64, &err);
    return 0;
}
