// SPDX-License-Identifier: AGPL-3.0-or-later
// Fills a struct lpdf_page from the drawing calls of one page of a PDF. Nothing is rendered and no picture is decoded.
#ifndef LARDER_READER_PDF_COLLECT_H
#define LARDER_READER_PDF_COLLECT_H

#include "reader/pdf_page.h"
#include "reader/pdf_session.h"

// Pictures are replaced by a tiny one before a page is drawn: only their place counts here. One for each session.
struct lpdf_defuse {
    pdf_obj *picture; // the stand-in
    pdf_mark_bits *done; // resources that have been seen to
};
bool lpdf_defuse_init(struct lpdf_defuse *d, struct lpdf *s);
void lpdf_defuse_done(struct lpdf_defuse *d, struct lpdf *s);

// Draws page `index` (0-based) into *ret, which the caller ends with lpdf_page_done in any case. The timer of the session
// runs for the page. Damage leaves what was drawn before it, with `broken` set.
void lpdf_collect(struct lpdf *s, struct lpdf_defuse *d, int32_t index, struct lpdf_page *ret);

// The annotations of a page: field values become words, comments become notes. (pdf_annots.c)
void lpdf_collect_annots(struct lpdf *s, int32_t index, fz_matrix ctm, struct lpdf_page *p);

#endif
