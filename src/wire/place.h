// SPDX-License-Identifier: AGPL-3.0-or-later
// A place: where in a document something stands, in the words that a citation uses.
// In JSON, as docs/ARCHITECTURE.md fixes it: {"page":3,"box":[…]} · {"slide":4} · {"sheet":"Menu","range":"A2:C9"} ·
// {"rows":[10,20],"cols":[1,4]} · {"lines":[1,9]} · {"part":"footnotes","section":"…"} · {"time":[12.4,19.0]} · {"box":[…]}.
#ifndef LARDER_WIRE_PLACE_H
#define LARDER_WIRE_PLACE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

struct json_out; // wire/json_out.h

enum place_kind {
    PLACE_NONE, // the document as a whole
    PLACE_PAGE, // number, box
    PLACE_SLIDE, // number, box; name "notes" for speaker notes, "comments" for comments, else empty
    PLACE_SHEET, // name, rows, cols (a range of cells)
    PLACE_ROWS, // rows, cols (CSV; the header is row 1)
    PLACE_LINES, // rows are lines of text; section is the heading above
    PLACE_PART, // name: document, header, footer, footnotes, endnotes, comments; section: the heading above
    PLACE_TIME, // seconds
    PLACE_IMAGE, // box; number is the frame of an animation, 0 if none
    PLACE_KINDS
};

struct place {
    enum place_kind kind;
    int32_t number; // page or slide, 1-based
    bool has_box;
    float box[4]; // x0 y0 x1 y1 in fractions of the page, 0 to 1, origin top left
    int32_t rows[2]; // first and last row or line, 1-based, inclusive
    int32_t cols[2]; // first and last column, 1-based, inclusive
    double seconds[2]; // start and end
    struct slice name; // UTF-8, borrowed
    struct slice section; // UTF-8, borrowed
};

bool place_equal(const struct place *a, const struct place *b);
void place_add_json(struct buf *b, const struct place *p); // "null" for PLACE_NONE
void place_put_json(struct json_out *j, const struct place *p); // the same inside a larger value
// For a person: "page 12", "slide 4", "Menu!A2:C9", "rows 10–20", "lines 1–9", "footnotes", "3:41".
void place_add_words(struct buf *b, const struct place *p);
// Reads place_add_json's text back; strings are copied into the arena. 0 or ERR_INVALID.
int place_parse_json(struct slice json, struct arena *a, struct place *ret_place);
// "A", "Z", "AA" … for column 1, 26, 27 …; column must be 1 to 16384.
void column_name(int32_t column, char ret_name[8]);

#endif
