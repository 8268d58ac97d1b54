// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON: any text; what is not JSON must end in a finding.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_plain(data, size, FORMAT_JSON);
}
