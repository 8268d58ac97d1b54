// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers of the virus scanner: any bytes. "Clean" may come of one answer only.
#include "check/clamd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct clamd_result r;
    struct slice answer = slice_make((const char *)data, size);

    clamd_parse(answer, false, &r);
    BUG_ON(r.verdict == CLAMD_CLEAN);
    clamd_parse(answer, true, &r);
    BUG_ON(r.verdict == CLAMD_CLEAN && size > sizeof("stream: OK"));
    BUG_ON((r.verdict == CLAMD_FOUND) != (r.name[0] != '\0'));
    return 0;
}
