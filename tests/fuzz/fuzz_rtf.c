// SPDX-License-Identifier: AGPL-3.0-or-later
// RTF: any nesting of groups, any control words.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_plain(data, size, FORMAT_RTF);
}
