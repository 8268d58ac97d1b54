// SPDX-License-Identifier: AGPL-3.0-or-later
// One opened PDF: MuPDF's context with a budget of memory and time, the document, and its pages as found by our own
// bounded walk of the page tree. MuPDF owns the prefix pdf_; what is ours is called lpdf_.
//
// Budget: every allocation of MuPDF goes through lpdf_budget. Past `max` bytes it gets NULL, which MuPDF turns into an
// exception; one block of more than `max_block` ends all allocations until the timer is started again, since it is a
// stream that unpacks without end; past `soft_ms` the cookie asks the interpreter to stop; past `hard_ms` allocations fail
// too, so that no loop that allocates can outlive its time. Time is the processor's, not the wall's: a busy machine must
// not turn a good document away. Openjpeg alone allocates by itself: its pictures are never decoded while reading,
// and their size is checked before rendering.
//
// One thread. No function throws: MuPDF's exceptions end inside.
#ifndef LARDER_READER_PDF_SESSION_H
#define LARDER_READER_PDF_SESSION_H

#include "reader/reader.h"

#include <mupdf/fitz.h>
#include <mupdf/pdf.h>

enum {
    LPDF_MEMORY_MAX = 224 << 20, // MuPDF's share of a reader that must stay under 400 MiB
    LPDF_BLOCK_MAX = 64 << 20, // one block; no honest font, page or table of objects needs more
    LPDF_STORE_MAX = 40 << 20, // fonts and pictures that are kept for the next page
    LPDF_OPEN_MS = 2500, // opening, repairing and walking the page tree
    LPDF_PAGE_MS = 1500, // one page
    LPDF_GRACE_MS = 300, // from soft to hard
    LPDF_TREE_DEPTH = 64, // of the page tree
    LPDF_TREE_NODES = 400000, // visited in it, pages and inner nodes
    LPDF_PAGE_POINTS = 1000000, // width and height; PDF 2.0 allows 14,400 without a scale
    LPDF_STREAM_SUSPECT = 1032, // deflate's highest ratio
};

struct lpdf_budget {
    size_t used, peak, max, max_block;
    bool no_memory; // an allocation was refused for its size
    bool no_time; // one was refused for the time
    bool absurd; // one asked for more than max_block: nothing is given any more
    uint32_t calls; // the clock is read every 256
    int64_t soft_ms, hard_ms; // of the process's CPU time; 0: none
    fz_cookie cookie;
};

struct lpdf {
    struct reader *r;
    fz_context *ctx;
    fz_alloc_context alloc;
    struct lpdf_budget budget;
    pdf_document *doc;
    pdf_obj **pages; // borrowed from the document's own objects, kept
    int32_t page_count;
    bool repaired;
    bool encrypted; // with an empty password
    bool tree_odd; // loops, holes or a wrong count in the page tree
    bool too_many_pages;
    bool count_nonsense;
};

enum lpdf_opened {
    LPDF_OPEN, // doc and pages are there
    LPDF_REFUSED, // a finding was reported; nothing to read
    LPDF_SINK_BROKE // *ret_error is the sink's
};

// Opens r->input. s is filled in any case and must be closed. ret_error: the sink's code for LPDF_SINK_BROKE.
enum lpdf_opened lpdf_open(struct lpdf *s, struct reader *r, int *ret_error);
void lpdf_close(struct lpdf *s);

int64_t lpdf_clock_ms(void); // CPU time of the process
void lpdf_timer_start(
    struct lpdf *s, int64_t ms); // for what follows, until it is started again or stopped
void lpdf_timer_stop(struct lpdf *s);
// The code of the finding for what stopped MuPDF last: "bomb.time", "bomb.memory", or NULL for plain damage.
const char *lpdf_stopped_by(const struct lpdf *s);

// Length of a stream (or an array of streams) once unpacked, counted up to `limit` and only when its packed length could
// reach `limit`; else 0. Negative: could not be unpacked. *ret_packed is its packed length.
int64_t lpdf_unpacked(struct lpdf *s, pdf_obj *stream, int64_t limit, int64_t *ret_packed);
// An attribute of a page that it may have from its parents; where those form a loop, only its own counts.
pdf_obj *lpdf_inherited(struct lpdf *s, int32_t index, pdf_obj *key);
// A page's displayed box (crop box and rotation applied) at origin 0,0, and the matrix that leads there.
// False when the page does not say it sanely; then the box is a guess.
bool lpdf_page_box(struct lpdf *s, int32_t index, fz_rect *ret_box, fz_matrix *ret_ctm);

static inline struct place lpdf_place_page(int32_t number)
{
    return (struct place){ .kind = PLACE_PAGE, .number = number };
}

#endif
