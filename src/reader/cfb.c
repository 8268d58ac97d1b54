// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements cfb.h. The FAT is not copied: the entry of a sector is looked up through the header's and the DIFAT's list.
// Chains are cut after as many sectors as the file can hold, so that a circle ends.
#include "reader/cfb.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 512,
    HEADER_DIFAT = 109,
    ENTRY_BYTES = 128,
    MINI_SHIFT = 6,
    DIFAT_CHAIN_MAX = 64, // sectors: 64 of them describe 500 MiB
};
static const uint32_t SECTOR_MAX = 0xFFFFFFFA, CHAIN_END = 0xFFFFFFFE;
static const char magic[8] = { '\xD0', '\xCF', '\x11', '\xE0', '\xA1', '\xB1', '\x1A', '\xE1' };

static uint32_t u32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

// The bytes of a sector that are there; the last one of a file may be short.
static struct slice sector(const struct cfb *c, uint32_t number)
{
    uint64_t at = ((uint64_t)number + 1) << c->sector_shift;
    if (number >= SECTOR_MAX || at >= c->bytes.len) {
        return slice_make(NULL, 0);
    }
    size_t len = (size_t)1 << c->sector_shift;
    struct slice s = slice_from(c->bytes, (size_t)at);
    s.len = s.len < len ? s.len : len;
    return s;
}

static uint32_t word_of(const struct cfb *c, uint32_t sector_number, uint32_t i)
{
    struct slice s = sector(c, sector_number);
    return ((size_t)i + 1) * 4 <= s.len ? u32(s.data + (size_t)i * 4) : UINT32_MAX;
}

// The sector of the FAT that has number i.
static uint32_t fat_sector(const struct cfb *c, uint32_t i)
{
    if (i < HEADER_DIFAT) {
        return u32(c->bytes.data + 76 + (size_t)i * 4);
    }
    uint32_t per = (1u << c->sector_shift) / 4 - 1;
    uint32_t at = c->difat_start;
    i -= HEADER_DIFAT;
    for (uint32_t hop = 0; hop < DIFAT_CHAIN_MAX && at < SECTOR_MAX; hop++) {
        if (i < per) {
            return word_of(c, at, i);
        }
        i -= per;
        at = word_of(c, at, per);
    }
    return UINT32_MAX;
}

static uint32_t next_sector(const struct cfb *c, uint32_t number)
{
    uint32_t per = (1u << c->sector_shift) / 4;
    if (number >= SECTOR_MAX || number / per >= c->fat_sectors) {
        return UINT32_MAX;
    }
    return word_of(c, fat_sector(c, number / per), number % per);
}

static size_t chain_limit(const struct cfb *c)
{
    return (c->bytes.len >> c->sector_shift) + 1;
}

// The sector that holds byte `at` of the chain from `start`.
static uint32_t sector_at(const struct cfb *c, uint32_t start, uint64_t at)
{
    uint64_t hops = at >> c->sector_shift;
    if (hops > chain_limit(c)) {
        return UINT32_MAX;
    }
    while (hops-- > 0 && start < SECTOR_MAX) {
        start = next_sector(c, start);
    }
    return start;
}

static void read_name(struct cfb_entry *e, const char *raw, uint32_t bytes)
{
    size_t used = 0;
    for (uint32_t i = 0; i + 2 < bytes && i < 62; i += 2) {
        uint32_t unit = (uint8_t)raw[i] | (uint32_t)(uint8_t)raw[i + 1] << 8;
        char utf8[4];
        size_t n = utf8_encode(unit, utf8);
        if (used + n >= sizeof(e->name)) {
            break;
        }
        memcpy(e->name + used, utf8, n);
        used += n;
    }
    e->name[used] = '\0';
}

static int read_directory(struct cfb *c)
{
    size_t left = chain_limit(c);
    uint32_t per = (1u << c->sector_shift) / ENTRY_BYTES;
    for (uint32_t at = c->directory_start; at < SECTOR_MAX; at = next_sector(c, at)) {
        struct slice s = sector(c, at);
        if (left-- == 0 || s.len < (size_t)per * ENTRY_BYTES) {
            return c->count ? 0
                            : ERR_CORRUPT; // what could be read is good enough for naming things
        }
        for (uint32_t i = 0; i < per && c->count < CFB_ENTRIES_MAX; i++) {
            const char *raw = s.data + (size_t)i * ENTRY_BYTES;
            struct cfb_entry *e = &c->entries[c->count++];
            read_name(e, raw, (uint8_t)raw[64] | (uint32_t)(uint8_t)raw[65] << 8);
            e->is_storage = raw[66] == 1;
            e->is_stream = raw[66] == 2;
            e->start = u32(raw + 116);
            e->size = u32(raw + 120);
            if (raw[66] == 5 && c->mini_start == UINT32_MAX) {
                c->mini_start = e->start;
            }
        }
        if (c->count == CFB_ENTRIES_MAX) {
            break;
        }
    }
    return c->count ? 0 : ERR_CORRUPT;
}

bool cfb_is(struct slice bytes)
{
    return bytes.len >= sizeof(magic) && memcmp(bytes.data, magic, sizeof(magic)) == 0;
}

int cfb_open(struct cfb *c, struct slice bytes)
{
    *c = (struct cfb){ .bytes = bytes, .mini_start = UINT32_MAX };
    if (!cfb_is(bytes) || bytes.len < HEADER_BYTES) {
        return ERR_CORRUPT;
    }
    c->sector_shift = (uint8_t)bytes.data[30];
    if ((c->sector_shift != 9 && c->sector_shift != 12) || bytes.data[31] != 0) {
        return ERR_CORRUPT;
    }
    c->fat_sectors = u32(bytes.data + 44);
    c->directory_start = u32(bytes.data + 48);
    c->mini_cutoff = 4096; // the only value the standard allows; the header is not asked
    c->mini_fat_start = u32(bytes.data + 60);
    c->difat_start = u32(bytes.data + 68);
    c->entries = calloc(CFB_ENTRIES_MAX, sizeof(*c->entries));
    if (!c->entries) {
        return ERR_MEMORY;
    }
    int rc = read_directory(c);
    if (rc != 0) {
        cfb_close(c);
    }
    return rc;
}

bool cfb_is_cut(struct slice bytes)
{
    struct cfb c = { .bytes = bytes };

    if (!cfb_is(bytes)) {
        return false;
    }
    if (bytes.len < HEADER_BYTES) {
        return true;
    }
    c.sector_shift = (uint8_t)bytes.data[30];
    if (c.sector_shift != 9 && c.sector_shift != 12) {
        return false;
    }
    c.fat_sectors = u32(bytes.data + 44);
    c.difat_start = u32(bytes.data + 68);
    uint32_t per = (1u << c.sector_shift) / 4;
    uint32_t there = (uint32_t)chain_limit(&c); // sectors, rounded up
    for (uint32_t i = 0; i < c.fat_sectors && i <= there / per + 1; i++) {
        uint32_t at = fat_sector(&c, i);
        if (at < SECTOR_MAX && sector(&c, at).len < ((size_t)1 << c.sector_shift)) {
            return true; // a part of the table itself
        }
        for (uint32_t k = 0; at < SECTOR_MAX && k < per; k++) {
            uint32_t next = word_of(&c, at, k);
            bool there_is = sector(&c, i * per + k).len > 0;
            // Some programs fill the rest of the table with ends of chains; nothing leads there.
            if (next < SECTOR_MAX ? !there_is || sector(&c, next).len == 0
                                  : !there_is && next != UINT32_MAX && next != CHAIN_END) {
                return true;
            }
        }
    }
    return false;
}

void cfb_close(struct cfb *c)
{
    free(c->entries);
    c->entries = NULL;
    c->count = 0;
}

const struct cfb_entry *cfb_find(const struct cfb *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->entries[i].is_stream &&
            slice_equal_nocase(slice_of(c->entries[i].name), slice_of(name))) {
            return &c->entries[i];
        }
    }
    return NULL;
}

static int read_mini(const struct cfb *c, const struct cfb_entry *e, size_t want, struct buf *b)
{
    size_t left = c->bytes.len >> MINI_SHIFT;
    for (uint32_t at = e->start; want > 0; left--) {
        uint64_t offset = (uint64_t)at << MINI_SHIFT;
        struct slice s = sector(c, sector_at(c, c->mini_start, offset));
        size_t inside = (size_t)(offset & ((1u << c->sector_shift) - 1));
        size_t n = want < (1u << MINI_SHIFT) ? want : (1u << MINI_SHIFT);
        if (left == 0 || at >= SECTOR_MAX || inside + n > s.len) {
            return ERR_CORRUPT;
        }
        buf_add(b, s.data + inside, n);
        want -= n;
        uint64_t fat_byte = (uint64_t)at * 4;
        uint32_t fat = sector_at(c, c->mini_fat_start, fat_byte);
        at = word_of(c, fat, (uint32_t)((fat_byte & ((1u << c->sector_shift) - 1)) / 4));
    }
    return 0;
}

int cfb_read(const struct cfb *c, const struct cfb_entry *e, size_t max, struct buf *b)
{
    size_t want = e->size < max ? (size_t)e->size : max;
    if (e->size < c->mini_cutoff) {
        return read_mini(c, e, want, b);
    }
    size_t left = chain_limit(c);
    for (uint32_t at = e->start; want > 0; at = next_sector(c, at), left--) {
        struct slice s = sector(c, at);
        size_t n = want < s.len ? want : s.len;
        if (left == 0 || n == 0) {
            return ERR_CORRUPT;
        }
        buf_add(b, s.data, n);
        want -= n;
    }
    return 0;
}
