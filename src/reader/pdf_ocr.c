// SPDX-License-Identifier: AGPL-3.0-or-later
// Pages without text that can be read: drawn in grey as finely as their picture is, and read by ocr.h. What text a page
// does have stays; recognised blocks that say the same again are left out.
#include "base/clock.h"
#include "reader/ocr.h"
#include "reader/pdf.h"
#include "reader/pdf_ocr.h"

#include <stdlib.h>

enum {
    PAGE_PIXELS = 10 * 1000 * 1000, // an A4 page at 300 dpi has 8.7 million
    PAGE_MS = 45 * 1000,
    SAME_LETTERS = 4, // fewer prove nothing
};

// Letters and digits only, in lower case; what two readings of the same words share.
static void bare(struct slice s, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c >= 0x80) {
            buf_add_char(out, (char)c);
        } else if (c >= 'A' && c <= 'Z') {
            buf_add_char(out, (char)(c + 'a' - 'A'));
        }
    }
}

// Takes out blocks that the page's own text holds.
static void drop_known(const struct lpdf_page *p, struct ocr_result *words)
{
    AUTO_BUF own = BUF_INIT(LPDF_PAGE_TEXT), block = BUF_INIT(OCR_TEXT_MAX);
    uint32_t kept = 0;

    if (p->letters < SAME_LETTERS || p->rubbish * 2 > p->letters) {
        return;
    }
    bare(buf_slice(&p->text), &own);
    for (uint32_t i = 0; i < words->block_count; i++) {
        const struct ocr_block *b = &words->blocks[i];
        bare(slice_make(words->text.data + b->text, b->len), &block);
        if (block.len < SAME_LETTERS || !slice_find(buf_slice(&own), buf_slice(&block))) {
            words->blocks[kept++] = *b;
        }
    }
    words->block_count = kept;
}

// Reading replaces pictures by a dot, so that none is decoded; here they are needed, from a session of its own that is
// opened at the first page that is a picture.
static struct lpdf *session_with_pictures(struct lpdf **held, struct reader *r, int *ret_error)
{
    if (!*held) {
        *held = xalloc(sizeof(**held));
        if (lpdf_open(*held, r, ret_error) != LPDF_OPEN) {
            lpdf_ocr_done(held);
        }
    }
    return *held;
}

void lpdf_ocr_done(struct lpdf **held)
{
    if (*held) {
        lpdf_close(*held);
        free(*held);
        *held = NULL;
    }
}

int lpdf_ocr_page(struct lpdf **held, struct reader *r, const struct lpdf_page *p, bool *ret_read)
{
    struct place place = lpdf_place_page(p->number);
    struct lpdf_drawing grey;
    struct ocr_result words;

    *ret_read = false;
    if (!r->hi_res || !ocr_has_model() || p->broken) {
        return 0;
    }
    if (r->enough_ms && clock_mono_ms() > r->enough_ms) {
        return ocr_report(r, OCR_STOPPED, &place);
    }
    int error = 0;
    struct lpdf *s = session_with_pictures(held, r, &error);
    if (error) {
        return error;
    }
    if (!s || p->number > s->page_count || !lpdf_draw_grey(s, p->number - 1, PAGE_PIXELS, &grey)) {
        return reader_finding(r, "image.unreadable", &place,
            "Page %d could not be drawn to read its words.", p->number);
    }
    struct ocr_request q = { .grey = grey.grey,
        .width = grey.width,
        .height = grey.height,
        .dpi = (int32_t)grey.dpi,
        .time_ms = PAGE_MS,
        .page = true };
    ocr_read(&q, &words);
    free(grey.grey);
    bool any = words.block_count > 0;
    drop_known(p, &words);
    error = ocr_emit(r, &words, &place);
    if (!error && words.outcome != OCR_READ) {
        error = ocr_report(r, words.outcome, &place);
    }
    *ret_read = any;
    ocr_result_done(&words);
    return error;
}
