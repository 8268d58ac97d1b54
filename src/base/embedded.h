// SPDX-License-Identifier: AGPL-3.0-or-later
// Files built into the program. embed.py writes the C file of an array of them; who uses one declares it:
//
//   extern const struct embedded_file NAME[];
//   extern const size_t NAME_count;
//
// Immutable.
#ifndef LARDER_BASE_EMBEDDED_H
#define LARDER_BASE_EMBEDDED_H

#include "base/slice.h"

struct embedded_file {
    const char *name; // below the folder that it was taken from: "hostile/macro.docm"
    const unsigned char *data; // len bytes, then a 0 that does not count
    size_t len;
    const char *etag; // quoted; from the content
};

// NULL: there is none of this name.
static inline const struct embedded_file *embedded_find(
    const struct embedded_file *files, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, files[i].name)) {
            return &files[i];
        }
    }
    return NULL;
}

#endif
