// SPDX-License-Identifier: AGPL-3.0-or-later
// CSV: any dialect, quotes without an end, rows of any width.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_plain(data, size, FORMAT_CSV);
}
