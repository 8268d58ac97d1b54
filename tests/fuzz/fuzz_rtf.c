// SPDX-License-Identifier: AGPL-3.0-or-later
// RTF: any nesting of groups, any control words.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 256 * 1024) {
        fuzz_run(slice_make((const char *)data, size), FORMAT_RTF);
    }
    return 0;
}
