// SPDX-License-Identifier: AGPL-3.0-or-later
// A page on its way to elements. Some pages are held at a time, since running headers show only beside their neighbours.
#ifndef LARDER_READER_PDF_UNIT_H
#define LARDER_READER_PDF_UNIT_H

#include "reader/pdf_heads.h"
#include "reader/pdf_layout.h"
#include "reader/reader.h"

struct lpdf; // pdf_session.h

enum {
    LPDF_EDGE_SEGS = 24, // looked at for running headers, at each end of a page
    LPDF_PICTURES_MAX = 64, // of a page that are reported
};

struct lpdf_edge { // a segment near the top or the bottom
    uint32_t seg;
    uint64_t hash; // of its letters; all numbers are alike
    float x, y; // y as a fraction of the height
    bool bottom;
    bool page_number; // nothing but one
    bool runs; // a running header or footer
};

struct lpdf_unit {
    struct lpdf_page page;
    struct arena arena;
    struct lpdf_layout *sides[LPDF_DIRECTIONS]; // NULL where no words run that way
    struct lpdf_edge edges[2 * LPDF_EDGE_SEGS];
    uint32_t edge_count;
    size_t bytes; // of memory, as counted when it was loaded
    int main_dir; // in which most words run
    bool laid_out; // false: memory ran out
};

struct lpdf_unit *lpdf_unit_new(void);
void lpdf_unit_free(struct lpdf_unit *u);
// After the page was collected: sheets and edges. (pdf_running.c)
void lpdf_unit_prepare(struct lpdf_unit *u);
// Marks the edges of u that run through its neighbours, and takes their segments out of the text.
void lpdf_find_running(struct lpdf_unit *u, struct lpdf_unit *const *near, uint32_t near_count);

struct lpdf_out { // what is carried from page to page
    struct reader *r;
    struct lpdf
        *pictures; // a second session, in which pictures are still pictures; NULL until needed
    int64_t recognised_pages; // whose words were read off their picture
    struct lpdf_heads *heads;
    bool title_done;
    float list_x[LPDF_LEVELS]; // where the markers of the open list stand, by level
    int list_depth;
    struct buf text, markdown, rows; // scratch
    int64_t no_text_pages;
    int64_t hidden_pages;
};
void lpdf_out_init(struct lpdf_out *o, struct reader *r, struct lpdf_heads *heads);
void lpdf_out_done(struct lpdf_out *o);
// Emits one page. 0 or the sink's code. *ret_no_text: the page was reported as one for OCR. (pdf_elements.c)
int lpdf_emit_unit(struct lpdf_out *o, struct lpdf_unit *u, bool *ret_no_text);
// Text blocks. (pdf_blocks.c)
int lpdf_emit_text(
    struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, const struct lpdf_block *b);
int lpdf_emit_code(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    const struct lpdf_block *blocks, uint32_t count);
bool lpdf_is_code(
    const struct lpdf_out *o, const struct lpdf_layout *l, const struct lpdf_block *b);
bool lpdf_is_heading(struct lpdf_out *o, const struct lpdf_unit *u, const struct lpdf_layout *l,
    const struct lpdf_block *b);
bool lpdf_is_caption(struct slice text); // "Figure 3", "Fig. 4-1", "Table 2", …
int lpdf_emit_table(
    struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, const struct lpdf_table *t);
// One element with a place on the page; box in the frame of `dir`.
int lpdf_emit(
    struct lpdf_out *o, struct lpdf_unit *u, int dir, struct lpdf_rect box, struct element *e);
// The lines of a block as one text, joined as people write. Lines are broken only where `keep_lines`.
void lpdf_join_lines(const struct lpdf_heads *h, const struct lpdf_sheet *s, const uint32_t *segs,
    uint32_t count, bool keep_lines, struct buf *out);

#endif
