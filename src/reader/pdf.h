// SPDX-License-Identifier: AGPL-3.0-or-later
// The PDF format. Files, from the outside in: pdf_session (MuPDF within a budget), pdf_collect and pdf_annots (what stands
// on a page), pdf_words, pdf_rows, pdf_grid, pdf_table, pdf_layout, pdf_order (where it stands), pdf_heads, pdf_running,
// pdf_join, pdf_blocks, pdf_elements (what it is), pdf_check and pdf_actions (whether to let it in), pdf_read, pdf_render,
// pdf_ocr (words of pages that are pictures).
#ifndef LARDER_READER_PDF_H
#define LARDER_READER_PDF_H

#include "reader/pdf_session.h"

extern const struct reader_format format_pdf;

// The entries of format_pdf; see struct reader_format. number: a page, counted from 1; width: of the picture, in pixels.
int lpdf_check(struct reader *r, struct error *err);
int lpdf_read(struct reader *r, struct error *err);
int lpdf_render(struct reader *r, int32_t number, int32_t width, struct error *err);

// Title, author, version, encryption, repair: told by check and by read alike.
int lpdf_tell_document(struct lpdf *s);
// Scripts, launches, remote actions, embedded files, forms, signatures. (pdf_actions.c)
int lpdf_check_actions(struct lpdf *s);
// Sizes of the streams of a page before they are unpacked. (pdf_check.c) 0, or the sink's code; *ret_fine: may be drawn.
int lpdf_check_content(struct lpdf *s, int32_t index, bool *ret_fine);

#endif
