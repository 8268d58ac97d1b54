// SPDX-License-Identifier: AGPL-3.0-or-later
// BMP pictures, our own decoder; see picture_fuzz.h.
#include "picture_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_picture(data, size, FORMAT_BMP, 1 << 18, 2);
}
