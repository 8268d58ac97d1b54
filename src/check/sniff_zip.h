// SPDX-License-Identifier: AGPL-3.0-or-later
// The directory of a ZIP file, looked at from outside: which Office document is it, if any? Private to sniff.c.
#ifndef LARDER_CHECK_SNIFF_ZIP_H
#define LARDER_CHECK_SNIFF_ZIP_H

#include "check/sniff.h"

struct sniff_source {
    int (*read)(void *ctx, int64_t at, void *to, size_t len); // all of it, or ERR_IO
    void *ctx;
    int64_t size;
};

// tail: the last bytes of the file. `odd` for what is no whole and plain ZIP file, else the kind.
enum sniff_kind sniff_zip(
    const struct sniff_source *source, struct slice tail, enum sniff_kind odd);
// Whether a ZIP directory with at least one entry ends exactly at the end of the file.
bool sniff_zip_ends(const struct sniff_source *source, struct slice tail);

#endif
