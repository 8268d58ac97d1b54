// SPDX-License-Identifier: AGPL-3.0-or-later
#ifndef LARDER_READER_PDF_OUTLINE_H
#define LARDER_READER_PDF_OUTLINE_H

#include "reader/pdf_heads.h"
#include "reader/pdf_session.h"

// Tells h the titles of the bookmarks and how deep each stands. Damage is passed over.
void lpdf_read_outline(struct lpdf *s, struct lpdf_heads *h);

#endif
