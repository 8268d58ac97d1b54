// SPDX-License-Identifier: AGPL-3.0-or-later
// The chunker fed with any elements. A line of the input is one: its first byte says the kind, the second the level and the
// page, the rest is its text, in which a byte 1 is a line end.
#include "base/utf8.h"
#include "ingest/chunk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16 };

struct seen {
    size_t in, chunks; // bytes given and chunks that came
};

static int on_chunk(void *ctx, const struct chunk *c, struct error *err)
{
    struct seen *seen = ctx;
    (void)err;

    BUG_ON(!c->text.len || !utf8_valid(c->text) || !utf8_valid(c->heading));
    BUG_ON(c->heading.len > HEADING_PATH_MAX);
    seen->chunks++;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size), line;
    struct seen seen = { 0 };
    struct error err = { 0 };
    int rc = 0;

    if (size > INPUT_MAX) {
        return 0;
    }
    struct chunker *c = chunker_new(on_chunk, &seen);
    AUTO_BUF text = BUF_INIT(INPUT_MAX);
    while (rc == 0 && slice_cut(&rest, '\n', &line)) {
        if (line.len < 2 || !utf8_valid(slice_from(line, 2))) {
            continue;
        }
        uint8_t first = (uint8_t)line.data[0], second = (uint8_t)line.data[1];
        buf_reset(&text);
        for (size_t i = 2; i < line.len; i++) {
            buf_add_char(&text, line.data[i] == 1 ? '\n' : line.data[i]);
        }
        struct element e = { .kind = (enum element_kind)(first % ELEMENT_KINDS),
            .level = second % 8,
            .text = buf_slice(&text),
            .flags = first & 0x80 ? ELEMENT_NOT_INDEXED : 0,
            .place = { .kind = PLACE_PAGE, .number = 1 + (second >> 4) } };
        if (first & 0x40) {
            e.markdown = e.text;
        }
        seen.in += e.text.len;
        rc = chunker_add(c, &e, &err);
    }
    rc = rc ? rc : chunker_finish(c, &err);
    BUG_ON(rc == 0 && chunker_count(c) != (int64_t)seen.chunks);
    BUG_ON(rc != 0 && !err.text[0]);
    chunker_free(c);
    return 0;
}
