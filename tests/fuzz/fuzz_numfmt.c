// SPDX-License-Identifier: AGPL-3.0-or-later
// Number formats: the first eight bytes are the value, the rest the code. No code may make much text of one number.
#include "reader/numfmt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double value = 0;

    if (size < 8 || size > 2 * NUMFMT_CODE_MAX) {
        return 0;
    }
    memcpy(&value, data, 8);
    AUTO_FREE char *code = xstrndup((const char *)data + 8, size - 8);
    for (int from_1904 = 0; from_1904 < 2; from_1904++) {
        AUTO_BUF out = BUF_INIT(1 << 20);
        numfmt_number(code, value, from_1904, &out);
        numfmt_text(code, SLICE_LIT("text"), &out);
        numfmt_stored(value, &out);
        if (!buf_ok(&out)) {
            abort();
        }
    }
    numfmt_is_date(code);
    return 0;
}
