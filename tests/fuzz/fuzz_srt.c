// SPDX-License-Identifier: AGPL-3.0-or-later
// Subtitles: any lines.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 256 * 1024) {
        fuzz_run(slice_make((const char *)data, size), FORMAT_VTT);
    }
    return 0;
}
