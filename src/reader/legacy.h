// SPDX-License-Identifier: AGPL-3.0-or-later
// The checks of older Office formats (doc, xls, ppt). They are read by LibreOffice (src/convert), which this program does
// not know; what can be said without it is said here, on the compound file and the head of its main stream.
#ifndef LARDER_READER_LEGACY_H
#define LARDER_READER_LEGACY_H

#include "reader/cfb.h"
#include "reader/reader.h"

enum {
    LEGACY_RECORDS_MAX = 2000000, // of a workbook's or a presentation's stream
    LEGACY_OBJECT_MAX = 16 << 20, // bytes of an embedded storage, unpacked
    LEGACY_OBJECTS_MAX = 64, // looked into
    LEGACY_NAMES = 400,
};

struct legacy {
    struct reader *r;
    struct cfb cfb;
    struct buf main; // the main stream
    char macros[LEGACY_NAMES]; // names of modules
    bool has_macros;
    size_t objects; // embedded ones
};

// Each looks at the main stream. 0, ERR_REFUSED after a finding, or the sink's code.
int legacy_doc(struct legacy *l);
int legacy_xls(struct legacy *l);
int legacy_ppt(struct legacy *l);

static inline uint32_t legacy_u16(struct slice s, size_t at)
{
    if (s.len < 2 || at > s.len - 2) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)s.data + at;
    return p[0] | (uint32_t)p[1] << 8;
}
static inline uint32_t legacy_u32(struct slice s, size_t at)
{
    return legacy_u16(s, at) | legacy_u16(s, at + 2) << 16;
}

#endif
