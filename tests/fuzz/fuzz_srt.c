// SPDX-License-Identifier: AGPL-3.0-or-later
// Subtitles of both kinds: any lines.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_plain(data, size, FORMAT_SRT);
    return fuzz_plain(data, size, FORMAT_VTT);
}
