// SPDX-License-Identifier: AGPL-3.0-or-later
// XML of any vocabulary, broken or not.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 256 * 1024) {
        fuzz_run(slice_make((const char *)data, size), FORMAT_XML);
    }
    return 0;
}
