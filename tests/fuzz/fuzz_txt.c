// SPDX-License-Identifier: AGPL-3.0-or-later
// Plain text in any encoding: whatever the bytes, elements come out as valid UTF-8 with lines that run forward.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_plain(data, size, FORMAT_TXT);
}
