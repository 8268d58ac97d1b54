// SPDX-License-Identifier: AGPL-3.0-or-later
// OpenDocument: parts as ooxml_fuzz.h packs them; content.xml is read as text, sheets and slides.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        enum format_id id;
        const char *mime;
    } kinds[] = { { FORMAT_ODT, "text" }, { FORMAT_ODS, "spreadsheet" },
        { FORMAT_ODP, "presentation" } };
    struct slice text = slice_make((const char *)data, size);

    if (size > FUZZ_PACKAGE_MAX / 4) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct fuzz_part parts[FUZZ_PARTS_MAX + 1];
        AUTO_BUF package = BUF_INIT(2 * FUZZ_PACKAGE_MAX);
        AUTO_BUF mime = BUF_INIT(100);
        if (slice_starts(text, "PK")) {
            fuzz_run(text, kinds[i].id);
            continue;
        }
        buf_addf(&mime, "application/vnd.oasis.opendocument.%s", kinds[i].mime);
        parts[0] = (struct fuzz_part){ .name = SLICE_LIT("mimetype"), .content = buf_slice(&mime) };
        fuzz_pack(&package, parts, 1 + fuzz_split(text, parts + 1, FUZZ_PARTS_MAX));
        fuzz_run(buf_slice(&package), kinds[i].id);
    }
    return 0;
}
