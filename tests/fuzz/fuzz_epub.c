// SPDX-License-Identifier: AGPL-3.0-or-later
// EPUB: parts as ooxml_fuzz.h packs them, with a container that names book.opf.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct fuzz_part parts[FUZZ_PARTS_MAX + 2];
    AUTO_BUF package = BUF_INIT(2 * FUZZ_PACKAGE_MAX);

    if (size > FUZZ_PACKAGE_MAX / 4) {
        return 0;
    }
    if (slice_starts(text, "PK")) {
        fuzz_run(text, FORMAT_EPUB);
        return 0;
    }
    parts[0] = (struct fuzz_part){ .name = SLICE_LIT("mimetype"),
        .content = SLICE_LIT("application/epub+zip") };
    parts[1] = (struct fuzz_part){ .name = SLICE_LIT("META-INF/container.xml"),
        .content = SLICE_LIT(
            "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfile "
            "full-path='book.opf'/></container>") };
    fuzz_pack(&package, parts, 2 + fuzz_split(text, parts + 2, FUZZ_PARTS_MAX));
    fuzz_run(buf_slice(&package), FORMAT_EPUB);
    return 0;
}
