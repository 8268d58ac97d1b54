// SPDX-License-Identifier: AGPL-3.0-or-later
// Checks and reads any bytes as a PDF, with tight limits, and draws its first page small. Nothing may crash or hang, and
// every element must name a page and be valid text.
#include "base/utf8.h"
#include "reader/reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_element(void *ctx, const struct element *e)
{
    (void)ctx;
    if (e->place.kind != PLACE_PAGE || e->place.number < 1 || !utf8_valid(e->text) ||
        !utf8_valid(e->markdown)) {
        abort();
    }
    return 0;
}

static int on_finding(void *ctx, const struct finding *f)
{
    (void)ctx;
    return f->code ? 0 : ERR_INTERNAL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader_limits limits = reader_limits_default;
    struct reader_sink sink = { .finding = on_finding, .element = on_element };
    const struct reader_format *f = reader_format_find(FORMAT_PDF);
    struct error err = { .code = 0 };

    limits.part_bytes = 1 << 20;
    limits.pages = 20;
    limits.pixels = 1 << 20;
    limits.text_bytes = 1 << 20;
    limits.elements = 5000;
    struct reader r = { .format = FORMAT_PDF,
        .input = { (const char *)data, size },
        .limits = &limits,
        .sink = &sink };
    (void)f->check(&r, &err);
    r.finding_count = 0;
    (void)f->read(&r, &err);
    r.finding_count = 0;
    (void)f->render(&r, 1, 64, &err);
    return 0;
}
