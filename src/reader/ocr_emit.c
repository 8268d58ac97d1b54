// SPDX-License-Identifier: AGPL-3.0-or-later
// What was read off a picture, as elements and findings.
#include "reader/ocr.h"

// A bullet, or what the engine makes of one, at the beginning of a text: its bytes with the space behind it, else 0.
static size_t bullet_len(struct slice text)
{
    static const char *const bullets[] = { "• ", "* ", "¢ ", "© ", "® ", "« ", "» ", "° ", "- ",
        "– ", "— ", "+ " };

    for (size_t i = 0; i < ARRAY_LEN(bullets); i++) {
        if (slice_starts(text, bullets[i]) && text.len > strlen(bullets[i])) {
            return strlen(bullets[i]);
        }
    }
    return 0;
}

int ocr_emit(struct reader *r, const struct ocr_result *result, const struct place *at)
{
    AUTO_BUF markdown = BUF_INIT(2 * OCR_TEXT_MAX);

    for (uint32_t i = 0; i < result->block_count; i++) {
        const struct ocr_block *b = &result->blocks[i];
        struct slice text = slice_make(result->text.data + b->text, b->len);
        size_t bullet = bullet_len(text);
        struct element e = { .kind = b->level ? ELEMENT_HEADING : ELEMENT_PARAGRAPH,
            .level = b->level,
            .flags = b->confidence < OCR_SURE ? ELEMENT_LOW_CONFIDENCE : 0,
            .place = *at,
            .text = slice_from(text, bullet) };
        if (bullet) {
            buf_reset(&markdown);
            buf_addf(&markdown, "- " SLICE_FMT, SLICE_ARG(e.text));
            e.kind = ELEMENT_LIST_ITEM;
            e.level = 1;
            e.markdown = buf_slice(&markdown);
        }
        e.place.has_box = true;
        memcpy(e.place.box, (const float[4]){ b->box.x0, b->box.y0, b->box.x1, b->box.y1 },
            sizeof(e.place.box));
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
        return reader_finding(r, "ocr.no_model", NULL,
            "The words on pictures were not read: no model for it is installed.");
    case OCR_STOPPED:
        return reader_finding(r, "ocr.stopped", place,
            "Reading the words of a picture took too long; a part was read.");
    case OCR_FAILED:
        return reader_finding(r, "ocr.failed", place, "The words of a picture could not be read.");
    case OCR_READ:
        break;
    }
    return 0;
}
