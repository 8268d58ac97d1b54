// SPDX-License-Identifier: AGPL-3.0-or-later
// history_codec.h: any bytes are a column of so many values or refused; what was read and written again reads back the same.
#include "store/sqlite/history_codec.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUES_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float values[VALUES_MAX], again[VALUES_MAX];
    uint64_t number = 0;

    if (size < 2) {
        return 0;
    }
    size_t count = (size_t)(data[0] | data[1] << 8) % VALUES_MAX + 1;
    struct slice in = slice_make((const char *)data + 2, size - 2), copy = in;
    varint_cut(&copy, &number);
    if (!column_cut(&in, values, count)) {
        return 0;
    }
    AUTO_BUF out = BUF_INIT(1 << 16);
    column_add(&out, values, count);
    BUG_ON(!buf_ok(&out));
    struct slice back = buf_slice(&out);
    BUG_ON(!column_cut(&back, again, count) || back.len != 0);
    for (size_t i = 0; i < count; i++) {
        BUG_ON(isnan(values[i]) ? !isnan(again[i]) : memcmp(&values[i], &again[i], 4) != 0);
    }
    return 0;
}
