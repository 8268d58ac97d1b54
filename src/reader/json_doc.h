// SPDX-License-Identifier: AGPL-3.0-or-later
// A strict scanner of JSON (RFC 8259) over text in memory: it says where values begin and end and on which line, and builds
// nothing, so that memory does not grow with the file. Recursion is bounded by max_depth. Pure. One thread.
#ifndef LARDER_READER_JSON_DOC_H
#define LARDER_READER_JSON_DOC_H

#include "base/buf.h"
#include "base/slice.h"

enum json_kind {
    JSON_DOC_NONE,
    JSON_DOC_OBJECT,
    JSON_DOC_ARRAY,
    JSON_DOC_STRING,
    JSON_DOC_NUMBER,
    JSON_DOC_WORD
};

struct json_scan {
    struct slice rest;
    int32_t line; // of the next byte, 1-based
    int max_depth;
    const char *wrong; // what is not JSON, for a person; NULL while all is well
    bool too_deep;
};

void json_scan_init(struct json_scan *s, struct slice text, int max_depth);
void json_scan_white(struct json_scan *s);
// The kind of the value that begins here (white space is skipped first); NONE at the end or where none begins.
enum json_kind json_scan_kind(struct json_scan *s);
// Past a whole value. *ret_raw: its text as it stands. False when it is not JSON (s->wrong says why).
bool json_scan_value(struct json_scan *s, int depth, struct slice *ret_raw);
// Past '{' or '['.
void json_scan_enter(struct json_scan *s);
// Inside an object or array: moves to the next member or item; false after the closing bracket (which is passed) and on
// errors. *first must be true before the first call. key: of an object's member, raw without quotes; NULL for arrays.
bool json_scan_next(struct json_scan *s, bool *first, char close, struct slice *key);
// Appends what a raw string (with or without its quotes) means.
void json_scan_text(struct slice raw, struct buf *b);

#endif
