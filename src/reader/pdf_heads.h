// SPDX-License-Identifier: AGPL-3.0-or-later
// What counts as a heading in one document, and of which level: learnt from some of its pages before any is emitted, so
// that level 2 means the same on page 3 and on page 300. Bookmarks decide where there are any; else the sizes of fonts.
// Also the words of the document, to tell "exam-ple" from "self-locking" at the end of a line. One thread, no MuPDF.
#ifndef LARDER_READER_PDF_HEADS_H
#define LARDER_READER_PDF_HEADS_H

#include "reader/pdf_rows.h"

#include "base/map.h"

enum {
    LPDF_LOOKS_MAX = 96, // sizes and weights of fonts that are told apart
    LPDF_TITLES_MAX = 8000, // bookmarks
    LPDF_TITLE_CHARS = 200, // longer text is no heading
    LPDF_WORD_BITS = 1 << 19, // of the set of words
    LPDF_LEVELS = 6,
};

struct lpdf_look {
    float size;
    bool bold;
    uint32_t chars, lines, long_lines;
    uint32_t votes[LPDF_LEVELS + 1]; // of bookmarks with this look
    int level; // 0: not of a heading
};

struct lpdf_heads {
    float body;
    bool body_bold, body_mono, body_italic;
    bool settled;
    struct lpdf_look looks[LPDF_LOOKS_MAX];
    uint32_t look_count;
    struct map titles; // normalised bookmark → level as a pointer
    uint8_t *words; // a set by two hashes
    uint64_t mono_chars, italic_chars, all_chars;
};

void lpdf_heads_init(struct lpdf_heads *h);
void lpdf_heads_done(struct lpdf_heads *h);
void lpdf_heads_add_title(struct lpdf_heads *h, struct slice title, int level); // a bookmark
void lpdf_heads_learn(struct lpdf_heads *h, const struct lpdf_sheet *s); // a page
void lpdf_heads_settle(struct lpdf_heads *h);
void lpdf_heads_words(struct lpdf_heads *h, const struct lpdf_page *p); // its words become known
bool lpdf_heads_knows(const struct lpdf_heads *h, struct slice a, struct slice b); // the word a+b

struct lpdf_head_query {
    struct slice text;
    float size;
    bool bold, caps, italic;
    bool alone; // nothing else on its row
    uint32_t lines;
};
// The level of a heading, 0 for what is none.
int lpdf_heads_level(const struct lpdf_heads *h, const struct lpdf_head_query *q);
// How deep a heading is numbered: "3" 1, "3.2" 2, "Chapter 4" 1; 0 for none.
int lpdf_numbering(struct slice text);

#endif
