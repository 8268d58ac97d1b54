// SPDX-License-Identifier: AGPL-3.0-or-later
// The compound file of older Office formats (MS-CFB): a small file system in a file. Larder needs it to
// tell an encrypted Office file from an old one, to check old ones, and to name modules of macros and embedded objects.
// Reads from memory, follows no chain further than the file is long, reports nothing.
#ifndef LARDER_READER_CFB_H
#define LARDER_READER_CFB_H

#include "base/buf.h"
#include "base/slice.h"

enum { CFB_ENTRIES_MAX = 4096, CFB_NAME_MAX = 96 };

struct cfb {
    struct slice bytes;
    uint32_t sector_shift;
    uint32_t mini_cutoff; // smaller streams lie in the mini stream
    uint32_t fat_sectors; // as the header announces
    uint32_t difat_start;
    uint32_t directory_start;
    uint32_t mini_fat_start;
    uint32_t mini_start; // the chain of the mini stream: the root entry's
    struct cfb_entry *entries;
    size_t count;
};

struct cfb_entry {
    char name[CFB_NAME_MAX]; // UTF-8
    bool is_stream;
    bool is_storage;
    uint32_t start;
    uint64_t size;
};

bool cfb_is(struct slice bytes); // begins with the magic
// Whether sectors that are in use, by the file's own table, lie behind its end.
bool cfb_is_cut(struct slice bytes);
int cfb_open(
    struct cfb *c, struct slice bytes); // 0, ERR_CORRUPT, ERR_MEMORY; bytes must outlive it
void cfb_close(struct cfb *c);
const struct cfb_entry *cfb_find(
    const struct cfb *c, const char *name); // a stream anywhere, ASCII case ignored
// Appends the first `max` bytes of a stream at most. ERR_CORRUPT if its chain is broken.
int cfb_read(const struct cfb *c, const struct cfb_entry *e, size_t max, struct buf *b);

#endif
