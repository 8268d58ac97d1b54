// SPDX-License-Identifier: AGPL-3.0-or-later
// What was read off a picture, as elements and findings.
#include "reader/ocr.h"

int ocr_emit(struct reader *r, const struct ocr_result *result, const struct place *at)
{
    for (uint32_t i = 0; i < result->block_count; i++) {
        const struct ocr_block *b = &result->blocks[i];
        struct element e = { .kind = b->level ? ELEMENT_HEADING : ELEMENT_PARAGRAPH,
            .level = b->level,
            .flags = b->confidence < OCR_SURE ? ELEMENT_LOW_CONFIDENCE : 0,
            .place = *at,
            .text = slice_make(result->text.data + b->text, b->len) };
        e.place.has_box = true;
        memcpy(e.place.box, (const float[4]){ b->box.x0, b->box.y0, b->box.x1, b->box.y1 }, sizeof(e.place.box));
        int rc = reader_element(r, &e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int ocr_report(struct reader *r, enum ocr_outcome outcome, const struct place *place)
{
    switch (outcome) {
    case OCR_NO_MODEL:
        return reader_finding(r, "ocr.no_model", NULL, "The words on pictures were not read: no model for it is installed.");
    case OCR_STOPPED:
        return reader_finding(r, "ocr.stopped", place, "Reading the words of a picture took too long; a part was read.");
    case OCR_FAILED:
        return reader_finding(r, "ocr.failed", place, "The words of a picture could not be read.");
    case OCR_READ:
        break;
    }
    return 0;
}
