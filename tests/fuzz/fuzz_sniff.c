// SPDX-License-Identifier: AGPL-3.0-or-later
// What are the bytes? This runs in the server, so it must stand anything. Names too: the same bytes as a file name.
#include "check/check.h"
#include "check/sniff.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    struct sniff s;
    struct findings f;
    const struct format_info *format;
    AUTO_BUF name = BUF_INIT(1 << 20);

    if (sniff_bytes(bytes, &s) != 0 || !sniff_title(s.kind)) {
        abort();
    }
    struct check_input in = {
        .name = bytes, .declared_media_type = bytes, .fd = -1, .size = (int64_t)size, .cap = 100
    };
    findings_init(&f);
    if (check_upload(&in, &f, &format, NULL) != 0) {
        abort();
    }
    findings_done(&f);
    check_clean_name(bytes, &name);
    if (name.len == 0 || name.len > CHECK_NAME_MAX) {
        abort();
    }
    return 0;
}
