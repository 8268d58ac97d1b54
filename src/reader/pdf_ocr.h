// SPDX-License-Identifier: AGPL-3.0-or-later
// Reading the words of pages that are pictures.
#ifndef LARDER_READER_PDF_OCR_H
#define LARDER_READER_PDF_OCR_H

#include "reader/pdf_page.h"
#include "reader/pdf_session.h"

struct lpdf_drawing {
    unsigned char *grey; // owned; width bytes a row
    int32_t width, height;
    double dpi;
};
// The page in grey, as fine as its largest picture within reason. False: it can't be drawn. (pdf_render.c)
bool lpdf_draw_grey(struct lpdf *s, int32_t index, int64_t pixels_max, struct lpdf_drawing *ret);

// Emits what is read off the page; *ret_read: there were words. *held: NULL at first, kept from page to page, given back by
// lpdf_ocr_done. 0 or the sink's code.
int lpdf_ocr_page(struct lpdf **held, struct reader *r, const struct lpdf_page *p, bool *ret_read);
void lpdf_ocr_done(struct lpdf **held);

#endif
