// SPDX-License-Identifier: AGPL-3.0-or-later
// Mail: parts in parts, any encoding.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 256 * 1024) {
        fuzz_run(slice_make((const char *)data, size), FORMAT_EML);
    }
    return 0;
}
