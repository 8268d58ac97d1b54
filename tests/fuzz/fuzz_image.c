// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of the kind that their beginning says; see picture_fuzz.h.
#include "picture_fuzz.h"

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
    return fuzz_picture(data, size, kind_of(data, size), 1 << 16, 1);
}
