// SPDX-License-Identifier: AGPL-3.0-or-later
// What the fuzz targets of Office formats share. A mutated ZIP file hardly ever gets past its checksums, so an input is
// plain text that is packed here: "==NAME" on a line begins a part, what follows is its content. Content types and package
// relationships are added. An input that begins with "PK" or the magic of a compound file is taken as it is.
#ifndef LARDER_FUZZ_OOXML_FUZZ_H
#define LARDER_FUZZ_OOXML_FUZZ_H

#include "base/utf8.h"
#include "reader/reader.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_PARTS_MAX = 64, FUZZ_PACKAGE_MAX = 1024 * 1024 };

struct fuzz_part {
    struct slice name, content;
    uint32_t crc, at;
};

static inline void fuzz_u16(struct buf *b, uint32_t v)
{
    buf_add_char(b, (char)v);
    buf_add_char(b, (char)(v >> 8));
}

static inline void fuzz_u32(struct buf *b, uint32_t v)
{
    fuzz_u16(b, v & 0xFFFF);
    fuzz_u16(b, v >> 16);
}

static inline void fuzz_head(struct buf *b, const struct fuzz_part *p, bool local)
{
    fuzz_u32(b, local ? 0x04034b50 : 0x02014b50);
    if (!local) {
        fuzz_u16(b, 20);
    }
    fuzz_u16(b, 20);
    fuzz_u16(b, 0);
    fuzz_u16(b, 0); // stored
    fuzz_u32(b, 0);
    fuzz_u32(b, p->crc);
    fuzz_u32(b, (uint32_t)p->content.len);
    fuzz_u32(b, (uint32_t)p->content.len);
    fuzz_u16(b, (uint32_t)p->name.len);
    fuzz_u16(b, 0);
    if (!local) {
        fuzz_u16(b, 0);
        fuzz_u16(b, 0);
        fuzz_u16(b, 0);
        fuzz_u32(b, 0);
        fuzz_u32(b, p->at);
    }
    buf_add_slice(b, p->name);
}

static inline void fuzz_pack(struct buf *b, struct fuzz_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fuzz_part *p = &parts[i];
        p->crc = (uint32_t)crc32(0, (const Bytef *)p->content.data, (uInt)p->content.len);
        p->at = (uint32_t)b->len;
        fuzz_head(b, p, true);
        buf_add_slice(b, p->content);
    }
    uint32_t directory = (uint32_t)b->len;
    for (size_t i = 0; i < count; i++) {
        fuzz_head(b, &parts[i], false);
    }
    uint32_t end = (uint32_t)b->len;
    fuzz_u32(b, 0x06054b50);
    fuzz_u32(b, 0);
    fuzz_u16(b, (uint32_t)count);
    fuzz_u16(b, (uint32_t)count);
    fuzz_u32(b, end - directory);
    fuzz_u32(b, directory);
    fuzz_u16(b, 0);
}

static inline size_t fuzz_split(struct slice text, struct fuzz_part *parts, size_t max)
{
    size_t count = 0;
    while (count < max && text.len > 2 && text.data[0] == '=' && text.data[1] == '=') {
        struct slice name;
        text = slice_from(text, 2);
        if (!slice_cut(&text, '\n', &name) || name.len > 200) {
            break;
        }
        const char *next = slice_find(text, SLICE_LIT("\n=="));
        size_t len = next ? (size_t)(next - text.data) : text.len;
        parts[count++] = (struct fuzz_part){ .name = name, .content = slice_make(text.data, len) };
        text = slice_from(text, next ? len + 1 : len);
    }
    return count;
}

static inline int fuzz_element(void *ctx, const struct element *e)
{
    BUG_ON(!utf8_valid(e->text) || !utf8_valid(e->markdown));
    *(size_t *)ctx += e->text.len + e->markdown.len;
    return 0;
}

// Checks, then reads; what comes out must be valid UTF-8.
static inline void fuzz_run(struct slice bytes, enum format_id id)
{
    size_t total = 0;
    struct reader_sink sink = { .element = fuzz_element, .ctx = &total };
    struct reader_limits limits = reader_limits_default;
    limits.unpacked_bytes = 32 << 20;
    limits.part_bytes = 16 << 20;
    limits.elements = 100000;
    for (int pass = 0; pass < 2; pass++) {
        struct reader r = {
            .format = id, .input = bytes, .limits = &limits, .sink = &sink, .hi_res = true
        };
        struct error err = { .code = 0 };
        const struct reader_format *f = reader_format_find(id);
        if (pass == 0) {
            f->check(&r, &err);
        } else {
            f->read(&r, &err);
        }
    }
}

// Files without parts.
static inline int fuzz_plain(const uint8_t *data, size_t size, enum format_id id)
{
    if (size <= 256 * 1024) {
        fuzz_run(slice_make((const char *)data, size), id);
    }
    return 0;
}

static inline int fuzz_office(const uint8_t *data, size_t size, enum format_id id,
    const char *main_name, const char *main_type)
{
    struct slice text = slice_make((const char *)data, size);
    struct fuzz_part parts[FUZZ_PARTS_MAX + 2];
    AUTO_BUF types = BUF_INIT(FUZZ_PACKAGE_MAX);
    AUTO_BUF rels = BUF_INIT(4096);
    AUTO_BUF package = BUF_INIT(2 * FUZZ_PACKAGE_MAX);
    if (size > FUZZ_PACKAGE_MAX / 4 || slice_starts(text, "PK") || slice_starts(text, "\xD0\xCF")) {
        fuzz_run(text, id);
        return 0;
    }
    size_t count = fuzz_split(text, parts, FUZZ_PARTS_MAX);
    buf_addf(&types,
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
        "<Override PartName=\"/%s\" ContentType=\"%s\"/></Types>",
        main_name, main_type);
    buf_addf(&rels,
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
        "<Relationship Id=\"rId1\" "
        "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
        "officeDocument\" Target=\"%s\"/></Relationships>",
        main_name);
    parts[count++] = (struct fuzz_part){ .name = SLICE_LIT("[Content_Types].xml"),
        .content = buf_slice(&types) };
    parts[count++] =
        (struct fuzz_part){ .name = SLICE_LIT("_rels/.rels"), .content = buf_slice(&rels) };
    fuzz_pack(&package, parts, count);
    fuzz_run(buf_slice(&package), id);
    return 0;
}

#endif
