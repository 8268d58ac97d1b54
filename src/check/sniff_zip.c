// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements sniff_zip.h. Strict bounds, no library: the end record, the directory (at most SNIFF_DIRECTORY_MAX bytes and
// SNIFF_ENTRIES_MAX entries), and one entry unpacked with zlib, [Content_Types].xml, to at most SNIFF_TYPES_MAX bytes.
// What contradicts itself is left to the reader's checks in the sandbox, which tell broken files from bombs.
//
//   end record: "PK\5\6" u16 disk, disk, u16 entries here, entries, u32 directory size, u32 directory offset, u16 comment
//   entry:      "PK\1\2" … u16 method @10, u32 packed @20, u32 size @24, u16 name @28, extra @30, comment @32, u32 offset @42
#include "check/sniff_zip.h"

#include <stdlib.h>
#include <zlib.h>

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30 };

struct directory {
    int64_t at;
    uint32_t bytes;
    uint32_t entries;
};

struct types_entry {
    bool found;
    uint32_t packed, size, offset;
    uint16_t method;
};

static uint16_t u16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] | u[1] << 8);
}

static uint32_t u32(const char *p)
{
    return u16(p) | (uint32_t)u16(p + 2) << 16;
}

// The end record whose comment reaches exactly the end of the file.
static bool find_directory(
    const struct sniff_source *source, struct slice tail, struct directory *d)
{
    for (size_t i = tail.len >= END_BYTES ? tail.len - END_BYTES + 1 : 0; i > 0; i--) {
        const char *p = tail.data + i - 1;
        if (memcmp(p, "PK\5\6", 4) != 0 || (size_t)u16(p + 20) + END_BYTES != tail.len - (i - 1)) {
            continue;
        }
        int64_t end = source->size - (int64_t)(tail.len - (i - 1));
        d->entries = u16(p + 10);
        d->bytes = u32(p + 12);
        d->at = u32(p + 16);
        if (d->entries == 0xFFFF || d->bytes > SNIFF_DIRECTORY_MAX || d->bytes > end) {
            return false; // ZIP64, or nonsense
        }
        if (d->at + d->bytes != end) {
            d->at = end - d->bytes; // something stands before the archive
        }
        return d->bytes >= ENTRY_BYTES || d->entries == 0;
    }
    return false;
}

bool sniff_zip_ends(const struct sniff_source *source, struct slice tail)
{
    struct directory d;
    char mark[4];

    return find_directory(source, tail, &d) && d.entries > 0 &&
           source->read(source->ctx, d.at, mark, 4) == 0 && memcmp(mark, "PK\1\2", 4) == 0;
}

struct walk {
    enum sniff_kind by_name; // by the entries of well-known names
    struct types_entry types;
    bool odd;
    uint64_t packed;
};

static void take_entry(struct walk *w, const char *p, struct slice name, int64_t size)
{
    uint32_t packed = u32(p + 20), offset = u32(p + 42);

    w->packed += packed;
    if ((uint64_t)offset + LOCAL_BYTES + packed > (uint64_t)size || w->packed > (uint64_t)size) {
        w->odd = true; // past the end, or overlapping: a bomb or broken
    }
    if (slice_equal_nocase(name, SLICE_LIT("[Content_Types].xml"))) {
        w->types = (struct types_entry){ true, packed, u32(p + 24), offset, u16(p + 10) };
    } else if (slice_is(name, "word/document.xml")) {
        w->by_name = SNIFF_DOCX;
    } else if (slice_is(name, "xl/workbook.xml")) {
        w->by_name = SNIFF_XLSX;
    } else if (slice_is(name, "ppt/presentation.xml")) {
        w->by_name = SNIFF_PPTX;
    } else if (slice_is(name, "mimetype") && w->by_name == SNIFF_UNKNOWN) {
        w->by_name = SNIFF_ODF;
    } else if (slice_is(name, "META-INF/container.xml") &&
               (w->by_name == SNIFF_ODF || w->by_name == SNIFF_UNKNOWN)) {
        w->by_name = SNIFF_EPUB;
    }
}

static enum sniff_kind by_types(struct slice xml)
{
    static const struct {
        const char *type;
        enum sniff_kind kind;
    } mains[] = {
        { "vnd.ms-word.document.macroEnabled.main+xml", SNIFF_DOCM },
        { "vnd.ms-word.template.macroEnabledTemplate.main+xml", SNIFF_DOCM },
        { "wordprocessingml.document.main+xml", SNIFF_DOCX },
        { "wordprocessingml.template.main+xml", SNIFF_DOCX },
        { "vnd.ms-excel.sheet.macroEnabled.main+xml", SNIFF_XLSM },
        { "vnd.ms-excel.template.macroEnabled.main+xml", SNIFF_XLSM },
        { "vnd.ms-excel.sheet.binary.macroEnabled.main", SNIFF_XLSB },
        { "spreadsheetml.sheet.main+xml", SNIFF_XLSX },
        { "spreadsheetml.template.main+xml", SNIFF_XLSX },
        { "presentationml.presentation.main+xml", SNIFF_PPTX },
        { "presentationml.slideshow.main+xml", SNIFF_PPTX },
        { "presentationml.template.main+xml", SNIFF_PPTX },
        { "vnd.ms-powerpoint.presentation.macroEnabled.main+xml", SNIFF_PPTX },
        { "vnd.ms-powerpoint.slideshow.macroEnabled.main+xml", SNIFF_PPTX },
    };
    enum sniff_kind found = SNIFF_UNKNOWN;
    const char *first = NULL;

    // The one that stands first: a document may hold others of its kind inside.
    for (size_t i = 0; i < ARRAY_LEN(mains); i++) {
        const char *at = slice_find(xml, slice_of(mains[i].type));
        if (at && (!first || at < first)) {
            first = at;
            found = mains[i].kind;
        }
    }
    return found;
}

// Unpacks the list of content types; SNIFF_UNKNOWN if it can't be had.
static enum sniff_kind read_types(
    const struct sniff_source *source, const struct types_entry *t, int64_t shift)
{
    char local[LOCAL_BYTES];
    int64_t at = t->offset + shift;

    if (t->packed > SNIFF_TYPES_PACKED_MAX ||
        source->read(source->ctx, at, local, LOCAL_BYTES) != 0 || memcmp(local, "PK\3\4", 4) != 0) {
        return SNIFF_UNKNOWN;
    }
    at += LOCAL_BYTES + u16(local + 26) + u16(local + 28);
    AUTO_FREE char *packed = xalloc(t->packed + 1u);
    if (source->read(source->ctx, at, packed, t->packed) != 0) {
        return SNIFF_UNKNOWN;
    }
    if (t->method == 0) {
        return by_types(slice_make(packed, t->packed));
    }
    if (t->method != 8) {
        return SNIFF_UNKNOWN;
    }
    AUTO_FREE char *xml = xalloc(SNIFF_TYPES_MAX);
    z_stream z = { .next_in = (Bytef *)packed,
        .avail_in = t->packed,
        .next_out = (Bytef *)xml,
        .avail_out = SNIFF_TYPES_MAX };
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return SNIFF_UNKNOWN;
    }
    int rc = inflate(&z, Z_FINISH);
    size_t got = SNIFF_TYPES_MAX - z.avail_out;
    inflateEnd(&z);
    return rc == Z_STREAM_END || rc == Z_BUF_ERROR || rc == Z_OK ? by_types(slice_make(xml, got))
                                                                 : SNIFF_UNKNOWN;
}

enum sniff_kind sniff_zip(const struct sniff_source *source, struct slice tail, enum sniff_kind odd)
{
    struct directory d;
    struct walk w = { .by_name = SNIFF_UNKNOWN };
    uint32_t count = 0, at = 0;

    if (!find_directory(source, tail, &d) || d.entries == 0) {
        return odd;
    }
    AUTO_FREE char *bytes = malloc(d.bytes);
    if (!bytes || source->read(source->ctx, d.at, bytes, d.bytes) != 0) {
        return odd;
    }
    for (; count < d.entries && count < SNIFF_ENTRIES_MAX && d.bytes - at >= ENTRY_BYTES; count++) {
        const char *p = bytes + at;
        size_t name = u16(p + 28), whole = ENTRY_BYTES + name + u16(p + 30) + u16(p + 32);
        if (memcmp(p, "PK\1\2", 4) != 0 || whole > d.bytes - at) {
            return odd;
        }
        take_entry(&w, p, slice_make(p + ENTRY_BYTES, name), source->size);
        at += (uint32_t)whole;
    }
    if (count < d.entries && count < SNIFF_ENTRIES_MAX) {
        return odd;
    }
    if (w.odd) {
        return odd;
    }
    enum sniff_kind kind = w.types.found ? read_types(source, &w.types, 0) : SNIFF_UNKNOWN;
    if (kind != SNIFF_UNKNOWN) {
        return kind;
    }
    if (w.types
            .found) { // a package whose list can't be read, or names no main part: the reader tells what is wrong
        return odd;
    }
    // Without the list it is no Office file; entries of the well-known names make it a broken one.
    if (w.by_name == SNIFF_DOCX || w.by_name == SNIFF_XLSX || w.by_name == SNIFF_PPTX) {
        return odd;
    }
    return w.by_name != SNIFF_UNKNOWN ? w.by_name : SNIFF_ZIP;
}
