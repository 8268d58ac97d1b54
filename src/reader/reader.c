// SPDX-License-Identifier: AGPL-3.0-or-later
// The default limits, and the lookup of a format. docs/formats.md names the figures; each has its reason here.
#include "reader/reader.h"

#define MIB ((int64_t)1 << 20)

const struct reader_limits reader_limits_default = {
    .unpacked_bytes = 500 * MIB, // five times the largest document that is let in
    .part_bytes = 256 * MIB, // the text of a whole library of manuals
    .ratio = 200, // real sheets of repeated rows reach 100, bombs 1,000; small empty pictures, too
    .entries = 10000, // a deck of 500 slides with pictures has 3,000
    .depth = 256, // real documents stay under 60; recursion is bounded by it
    .pages = 10000,
    .cells = 5000000, // of all sheets
    .text_bytes = 64 * MIB,
    .elements = 1000000,
    .pixels = 100 * 1000 * 1000, // 400 MB as RGBA, within the memory of a reader
};

const struct reader_format *reader_format_find(enum format_id id)
{
    for (size_t i = 0; reader_formats[i]; i++) {
        if (reader_formats[i]->id == id) {
            return reader_formats[i];
        }
    }
    return NULL;
}
