// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements opc_zip.h after APPNOTE 6.3.9. Every offset is checked against the file before it is followed.
#include "reader/opc_zip.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_BYTES = 30,
    RECORD_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    COMMENT_MAX = 65535,
};
static const uint32_t LOCAL_MARK = 0x04034b50, RECORD_MARK = 0x02014b50, END_MARK = 0x06054b50,
                      END64_MARK = 0x06064b50, LOCATOR_MARK = 0x07064b50;

static uint16_t u16(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint16_t)(b[0] | b[1] << 8);
}

static uint32_t u32(const char *at)
{
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static uint64_t u64(const char *at)
{
    return u32(at) | (uint64_t)u32(at + 4) << 32;
}

// The last end record whose comment fits into the file; SIZE_MAX if there is none.
static size_t find_end(struct slice bytes)
{
    if (bytes.len < END_BYTES) {
        return SIZE_MAX;
    }
    size_t last = bytes.len - END_BYTES;
    size_t first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    for (size_t at = last + 1; at-- > first;) {
        if (u32(bytes.data + at) == END_MARK &&
            at + END_BYTES + u16(bytes.data + at + 20) <= bytes.len) {
            return at;
        }
    }
    return SIZE_MAX;
}

struct directory {
    uint64_t at;
    uint64_t bytes;
    uint64_t count;
};

static bool find_directory(struct slice bytes, size_t end, struct directory *d)
{
    const char *e = bytes.data + end;
    *d = (struct directory){ .at = u32(e + 16), .bytes = u32(e + 12), .count = u16(e + 10) };
    bool needs64 = d->at == UINT32_MAX || d->bytes == UINT32_MAX || d->count == UINT16_MAX;
    if (needs64 && end >= LOCATOR_BYTES && u32(e - LOCATOR_BYTES) == LOCATOR_MARK) {
        uint64_t at = u64(e - LOCATOR_BYTES + 8);
        if (at > bytes.len || bytes.len - at < END64_BYTES || u32(bytes.data + at) != END64_MARK) {
            return false;
        }
        d->count = u64(bytes.data + at + 32);
        d->bytes = u64(bytes.data + at + 40);
        d->at = u64(bytes.data + at + 48);
    }
    return d->at <= end && d->bytes <= end - d->at;
}

// Replaces 32-bit fields that are full by those of the ZIP64 extra field.
static bool widen(struct slice extra, uint64_t *size, uint64_t *packed, uint64_t *start)
{
    bool need = *size == UINT32_MAX || *packed == UINT32_MAX || *start == UINT32_MAX;
    while (need && extra.len >= 4) {
        uint16_t id = u16(extra.data), len = u16(extra.data + 2);
        extra = slice_from(extra, 4);
        if (len > extra.len) {
            return false;
        }
        if (id == 1) {
            uint64_t *fields[] = { size, packed, start };
            size_t at = 0;
            for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
                if (*fields[i] == UINT32_MAX) {
                    if (at + 8 > len) {
                        return false;
                    }
                    *fields[i] = u64(extra.data + at);
                    at += 8;
                }
            }
            return true;
        }
        extra = slice_from(extra, len);
    }
    return true;
}

// One record of the directory at *at; moves *at behind it.
static bool read_record(struct slice bytes, uint64_t *at, uint64_t limit, struct zip_spot *ret_spot)
{
    if (limit - *at < RECORD_BYTES || u32(bytes.data + *at) != RECORD_MARK) {
        return false;
    }
    const char *r = bytes.data + *at;
    uint64_t packed = u32(r + 20), size = u32(r + 24), start = u32(r + 42);
    uint64_t name = u16(r + 28), extra = u16(r + 30), comment = u16(r + 32);
    if (limit - *at - RECORD_BYTES < name + extra + comment) {
        return false;
    }
    if (!widen(slice_make(r + RECORD_BYTES + name, extra), &size, &packed, &start)) {
        return false;
    }
    *at += RECORD_BYTES + name + extra + comment;
    if (start > bytes.len || bytes.len - start < LOCAL_BYTES ||
        u32(bytes.data + start) != LOCAL_MARK) {
        return false;
    }
    uint64_t head =
        LOCAL_BYTES + (uint64_t)u16(bytes.data + start + 26) + u16(bytes.data + start + 28);
    if (bytes.len - start < head || bytes.len - start - head < packed) {
        return false;
    }
    *ret_spot = (struct zip_spot){ start, start + head + packed };
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct zip_spot *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static bool overlaps(const struct zip_look *z)
{
    struct zip_spot *sorted = malloc((z->count ? z->count : 1) * sizeof(*sorted));
    if (!sorted) {
        return false; // the unpacked total is capped in any case
    }
    memcpy(sorted, z->spots, z->count * sizeof(*sorted));
    qsort(sorted, z->count, sizeof(*sorted), by_start);
    bool found = false;
    for (size_t i = 1; i < z->count && !found; i++) {
        found = sorted[i].start < sorted[i - 1].end;
    }
    free(sorted);
    return found;
}

enum zip_state zip_look(struct zip_look *z, struct slice bytes, size_t max_entries)
{
    *z = (struct zip_look){ 0 };
    size_t end = find_end(bytes);
    if (end == SIZE_MAX) {
        bool begins = bytes.len >= 4 && u32(bytes.data) == LOCAL_MARK;
        return begins ? ZIP_CUT_OFF : ZIP_NOT_ZIP;
    }
    struct directory d;
    if (!find_directory(bytes, end, &d)) {
        return ZIP_BROKEN;
    }
    if (d.count > max_entries) {
        z->count = d.count > SIZE_MAX ? SIZE_MAX : (size_t)d.count;
        return ZIP_TOO_MANY;
    }
    z->spots = malloc((d.count ? d.count : 1) * sizeof(*z->spots));
    if (!z->spots) {
        return ZIP_NO_MEMORY;
    }
    for (uint64_t at = d.at; z->count < d.count; z->count++) {
        if (!read_record(bytes, &at, d.at + d.bytes, &z->spots[z->count])) {
            return ZIP_BROKEN;
        }
        if (z->spots[z->count].end > d.at) {
            return ZIP_BROKEN; // data inside the directory
        }
    }
    z->overlapping = overlaps(z);
    return ZIP_FINE;
}

void zip_look_done(struct zip_look *z)
{
    free(z->spots);
    z->spots = NULL;
}
