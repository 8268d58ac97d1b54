// SPDX-License-Identifier: AGPL-3.0-or-later
// CSV as it is met in the world: RFC 4180 with any delimiter, doubled or backslashed quotes, line ends of all kinds.
//
//   file   = *(record line-end)
//   record = field *(delimiter field)
//   field  = *space quote *(any | quote quote | backslash quote) quote *junk | *(any but delimiter and line end)
//
// A quote that is not closed within CSV_QUOTED_MAX bytes is taken as an ordinary character, so that one stray quote does
// not swallow the rest of the file. Pure: no reports. One thread a parser.
#ifndef LARDER_READER_CSV_PARSE_H
#define LARDER_READER_CSV_PARSE_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    CSV_QUOTED_MAX = 1 << 20,
    CSV_STRAY_QUOTES_MAX =
        1000, // then quotes mean nothing any more: bounds the work of looking for their ends
    CSV_FIELDS_MAX = 16384, // of a record; more are dropped and counted
    CSV_RECORD_MAX = 64 << 20, // bytes
};

struct csv_dialect {
    char delimiter;
    char quote; // 0: none
    bool backslash; // \" is a quote inside quotes
};

struct csv_field {
    size_t at, len; // in csv.bytes
    bool quoted;
};

struct csv {
    struct slice rest;
    struct csv_dialect dialect;
    struct buf bytes; // of the record
    struct csv_field *fields; // CSV_FIELDS_MAX of them
    size_t count;
    size_t dropped; // fields past CSV_FIELDS_MAX, of all records so far
    size_t stray; // quotes without an end, of all records so far
    size_t junk; // fields with something between the closing quote and the delimiter
    int32_t record; // number of the current one, 1-based
};

void csv_init(struct csv *c, struct slice text, struct csv_dialect d);
void csv_done(struct csv *c);
// The next record; false at the end or out of memory (buf_ok(&c->bytes) tells). An empty line is a record with one empty
// field.
bool csv_next(struct csv *c);
static inline struct slice csv_field_text(const struct csv *c, size_t i)
{
    return slice_make(c->bytes.data ? c->bytes.data + c->fields[i].at : "", c->fields[i].len);
}

// The dialect of a text, by how well its first records fit each. A first line "sep=;" decides (*ret_skip: its bytes).
struct csv_dialect csv_guess(struct slice text, size_t *ret_skip);

#endif
