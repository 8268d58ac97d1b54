// SPDX-License-Identifier: AGPL-3.0-or-later
// Reading words off a picture, by Tesseract. The model must be in memory before the sandbox closes: ocr_prepare maps it,
// which costs nothing; the engine starts at the first picture. One thread, one engine a process.
//
// A picture is tried upright first. When little or nothing sure comes of it, it is tried larger, scattered (signs and
// labels instead of a page), and turned by quarters; what reads best counts. Places are given on the picture as it came.
#ifndef LARDER_READER_OCR_H
#define LARDER_READER_OCR_H

#include "base/buf.h"
#include "reader/reader.h"

enum {
    OCR_PIXELS_MAX = 16 * 1000 * 1000, // of a picture; callers make larger ones smaller
    OCR_SIDE_MAX = 20000, // a side; Tesseract's own limit is 32,767
    OCR_SIDE_MIN = 8,
    OCR_WORDS_MAX = 20000, // of a picture
    OCR_BLOCKS_MAX = 4000,
    OCR_TEXT_MAX = 1 << 20, // bytes
    OCR_SURE = 70, // mean confidence, of 100, below which a block is doubtful
};

struct ocr_box {
    float x0, y0, x1, y1; // fractions of the picture
};

struct ocr_word {
    uint32_t text, len; // bytes in the result's text
    struct ocr_box box;
    float confidence; // 0 to 100
};

struct ocr_block { // a paragraph, a heading, a label
    uint32_t text, len;
    uint32_t first_word, words;
    struct ocr_box box;
    float confidence; // mean, by letters
    float letter; // height of its words, as a share of the picture's longer side
    uint16_t lines;
    uint8_t level; // 1 or 2: stands out as a heading; else 0
};

enum ocr_outcome {
    OCR_READ, // perhaps without any word
    OCR_NO_MODEL, // none is installed, or it can't be used
    OCR_STOPPED, // out of time; what was read so far is there
    OCR_FAILED, // out of memory, or the engine gave up
};

struct ocr_result {
    enum ocr_outcome outcome;
    struct buf text;
    struct ocr_word *words;
    struct ocr_block *blocks;
    uint32_t word_count, block_count;
    float confidence; // mean, by letters
    int turned; // degrees, clockwise, that the picture had to be turned by: 0, 90, 180, 270
};

// Before the sandbox closes. Safe twice.
void ocr_prepare(void);
// Uses this model instead, which must stay; for tests. {NULL, 0}: none.
void ocr_use_model(struct slice model);
bool ocr_has_model(void);

struct ocr_request {
    const unsigned char *grey; // width bytes a row
    int32_t width, height;
    int32_t dpi; // 0: not known
    int64_t time_ms; // for everything; 0: a minute
    bool page; // of a document: text that is small or sparse by nature is not looked for again
};
// ret is filled in any case and must be done with.
void ocr_read(const struct ocr_request *q, struct ocr_result *ret);
void ocr_result_done(struct ocr_result *r);

// Emits the blocks as headings and paragraphs; `at` gives kind and number of their place. 0 or the sink's code.
int ocr_emit(struct reader *r, const struct ocr_result *result, const struct place *at);
// What a reader should say about outcomes, once a document: no model, out of time.
int ocr_report(struct reader *r, enum ocr_outcome outcome, const struct place *place);

// Of ocr_nofiles.c.
void ocr_without_files(void);

#endif
