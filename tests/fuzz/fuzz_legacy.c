// SPDX-License-Identifier: AGPL-3.0-or-later
// Checks any bytes as a doc, an xls and a ppt: compound files, their tables and the records of their main streams. Nothing
// may crash or hang.
#include "reader/reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum format_id ids[] = { FORMAT_DOC, FORMAT_XLS, FORMAT_PPT };
    struct reader_sink sink = { .element = NULL };

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct error err = { .code = 0 };
        struct reader r = { .format = ids[i],
            .input = { (const char *)data, size },
            .limits = &reader_limits_default,
            .sink = &sink };
        (void)reader_format_find(ids[i])->check(&r, &err);
    }
    return 0;
}
