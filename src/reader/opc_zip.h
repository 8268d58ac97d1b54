// SPDX-License-Identifier: AGPL-3.0-or-later
// A look at the directory of a ZIP file before anything is unpacked: where each entry's bytes lie. libzip unpacks, but it
// doesn't tell offsets, and a bomb of overlapping entries or an entry that reaches past the end shows only in them.
//
//   [local header | name | extra | data] … [central directory: one record an entry] [ZIP64 end] [end record | comment]
//
// Pure: reads the bytes, allocates one array, reports nothing.
#ifndef LARDER_READER_OPC_ZIP_H
#define LARDER_READER_OPC_ZIP_H

#include "base/slice.h"

enum zip_state {
    ZIP_FINE,
    ZIP_NOT_ZIP, // no local header at the front and no end record
    ZIP_CUT_OFF, // begins like a ZIP file, but the end record is missing
    ZIP_BROKEN, // the directory contradicts the bytes
    ZIP_TOO_MANY, // more entries than allowed; count tells how many are announced
    ZIP_NO_MEMORY,
};

struct zip_spot {
    uint64_t start; // of the local header
    uint64_t end; // of the packed data
};

struct zip_look {
    struct zip_spot *spots; // in the directory's order; free with zip_look_done
    size_t count;
    bool overlapping;
};

enum zip_state zip_look(struct zip_look *z, struct slice bytes, size_t max_entries);
void zip_look_done(struct zip_look *z);

#endif
