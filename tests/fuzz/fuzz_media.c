// SPDX-License-Identifier: AGPL-3.0-or-later
// Recordings: the first byte chooses the type, the rest is the file. Checks and reads it, without a speech model.
#include "reader/media.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum format_id ids[] = { FORMAT_WAV, FORMAT_MP3, FORMAT_M4A, FORMAT_MP4,
        FORMAT_MOV, FORMAT_AVI };
    struct reader_sink sink = { .ctx = NULL };
    struct reader_limits limits = reader_limits_default;
    struct error err = { .code = 0 };

    if (size < 1 || size > 1 << 20) {
        return 0;
    }
    limits.elements = 10000;
    limits.pixels = 1 << 20;
    struct reader r = { .format = ids[data[0] % ARRAY_LEN(ids)],
        .input = slice_make((const char *)data + 1, size - 1),
        .limits = &limits,
        .sink = &sink,
        .hi_res = true };
    larder_media.check(&r, &err);
    larder_media.read(&r, &err);
    return 0;
}
