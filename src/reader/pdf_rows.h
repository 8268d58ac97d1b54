// SPDX-License-Identifier: AGPL-3.0-or-later
// Rows, gutters and segments: the words of one direction of a page sorted into rows, the upright empty strips that run
// through several rows (gutters), and the pieces into which gutters and wide gaps cut a row (segments). A segment is the
// smallest thing that the layout moves.
#ifndef LARDER_READER_PDF_ROWS_H
#define LARDER_READER_PDF_ROWS_H

#include "reader/pdf_page.h"

#include "base/arena.h"

enum {
    LPDF_GUTTERS_MAX = 256, // kept of one page
    LPDF_SHEET_MEMORY = 48 << 20, // of the layout of one page
};

struct lpdf_row {
    uint32_t first, count; // in order[]
    uint32_t seg, segs; // its segments
    float y, x0, x1;
    float size; // of most of it
};

struct lpdf_seg {
    uint32_t first, count; // in order[]
    int32_t row;
    int32_t block; // -1: in none yet
    float x0, x1, y, size;
    uint32_t chars; // letters of its text, roughly
    uint16_t style; // of most of it
    bool bold, italic, mono, rtl; // most of it
    bool small; // begins with a small letter
    bool leader; // holds a row of dots, as a table of contents does
    bool ends; // with the mark of a sentence's end
    bool caps; // no small letters
    bool numeric; // numbers, signs and units only
    bool marker; // begins with a bullet or a number of a list
    bool gone; // taken into a table or a running header
};

struct lpdf_gutter {
    float x0, x1;
    int32_t row0, row1; // rows that it runs through
    int32_t support; // rows with words on both sides
    bool column; // between two columns of running text
};

struct lpdf_sheet {
    struct lpdf_page *page;
    int dir;
    uint32_t *order; // words
    uint32_t word_count;
    struct lpdf_row *rows;
    uint32_t row_count;
    struct lpdf_seg *segs;
    uint32_t seg_count;
    struct lpdf_gutter gutters[LPDF_GUTTERS_MAX];
    uint32_t gutter_count;
    float body; // the size of most letters on the page
};

// Builds a sheet of the visible words of a direction. False when memory ran out (nothing to keep then).
bool lpdf_sheet_build(struct lpdf_sheet *sheet, struct lpdf_page *page, int dir, struct arena *a);

static inline const struct lpdf_word *lpdf_sheet_word(const struct lpdf_sheet *s, uint32_t i)
{
    return &s->page->words[s->order[i]];
}

// Appends the text of words order[first..first+count): spaces where the gaps are, right-to-left in logical order.
void lpdf_add_words(
    const struct lpdf_sheet *s, uint32_t first, uint32_t count, bool rtl, struct buf *out);
// The length in bytes of a bullet or number at the front of a list item ("•", "1.", "(a)", "iv)"), 0 if there is none.
// *ret_bullet: it is a sign, not a number.
size_t lpdf_marker(struct slice text, bool *ret_bullet);
bool lpdf_text_is_numeric(struct slice text);

#endif
