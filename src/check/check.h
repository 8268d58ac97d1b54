// SPDX-License-Identifier: AGPL-3.0-or-later
// Layers 1 to 3 of the checks: name, size, type. They run in the server before any parser sees the file, so they only read
// (pread within bounds) and compare; nothing here understands a document. All of them run, so that one upload reports
// everything that is wrong. Any thread.
#ifndef LARDER_CHECK_CHECK_H
#define LARDER_CHECK_CHECK_H

#include "base/buf.h"
#include "base/error.h"
#include "config/formats.h"
#include "wire/finding.h"

enum { CHECK_NAME_MAX = 255 }; // bytes of a file name, as file systems have it

struct check_input {
    struct slice name; // as the client sent it
    struct slice declared_media_type; // may be empty
    int fd; // readable by pread; -1: no bytes to look at (only name and size are checked)
    int64_t size;
    int64_t cap; // bytes; 0: none
};

// Adds findings; *ret_format is the format that the file will be read as, NULL if there is none. 0, also when the file is
// to be refused (findings_verdict tells); ERR_IO when it can't be read.
int check_upload(const struct check_input *in, struct findings *f,
    const struct format_info **ret_format, struct error *err);

// The name under which a document is kept and shown: the last part of a path, without control characters and marks that turn
// the direction of writing, at most CHECK_NAME_MAX bytes with its extension kept; "document" if nothing is left. Appends.
void check_clean_name(struct slice name, struct buf *ret_name);
// The extension of a clean name, without the dot; empty if there is none (or what follows the dot is no extension).
struct slice check_extension(struct slice clean_name);

#endif
