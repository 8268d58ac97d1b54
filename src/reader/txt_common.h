// SPDX-License-Identifier: AGPL-3.0-or-later
// What the formats of plain text (TXT, Markdown, CSV) share: loading, lines with numbers, the path of headings above a
// line, and where to cut what is too long for one element. One thread.
#ifndef LARDER_READER_TXT_COMMON_H
#define LARDER_READER_TXT_COMMON_H

#include "base/arena.h"
#include "base/buf.h"
#include "reader/reader.h"

enum {
    TEXT_PIECE_AIM = 1200, // bytes: from here on, an element ends at the next good place
    TEXT_PIECE_MAX = 2000, // bytes: here it ends anywhere between words
    SECTION_MAX = 400, // bytes of a path of headings
    SECTION_LEVELS = 6,
    LINES_PER_PROGRESS = 2000,
};

// Decodes the reader's input. *store is initialised here and the caller's to free. Reports structure.no_content (then
// ERR_REFUSED); with `report`, also how the text was encoded and what is odd about it. 0, ERR_REFUSED, ERR_MEMORY or the
// sink's code.
int text_load(struct reader *r, bool report, struct buf *store, struct slice *ret_text);

// At the end of reading: says so if there was nothing to report (rulers and quotes only).
int text_end(struct reader *r);

struct text_cursor {
    struct slice rest;
    int32_t line; // number of the line that text_line gave last; 0 before the first
};
// The next line without its end (LF, CR LF or CR); false at the end. A last line without an end counts.
bool text_line(struct text_cursor *c, struct slice *ret_line);
int64_t text_line_count(struct slice text);

bool text_is_blank(
    struct slice line); // white space of ASCII, no-break spaces and marks of no width only
struct slice text_trim_end(struct slice line);

// Where to cut text that is longer than `max`: after a sentence if one ends in the second half, else between words, else
// between characters. At least 1, at most max (which must be 4 or more).
size_t text_cut(struct slice text, size_t max);

// Headings above the current line: "Safety > Hot oil".
struct section_path {
    struct buf level[SECTION_LEVELS];
    struct buf joined;
};
void section_init(struct section_path *s);
void section_done(struct section_path *s);
void section_set(struct section_path *s, int level,
    struct slice heading); // level from 1; deeper ones are forgotten
struct slice section_text(const struct section_path *s); // valid until the next section_set
// The path above a heading of that level, without it.
void section_leave(struct section_path *s, int level);

#endif
