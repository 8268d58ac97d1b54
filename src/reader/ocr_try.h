// SPDX-License-Identifier: AGPL-3.0-or-later
// One try at a picture: which way it was turned, and what the engine saw, in the order of reading. Between ocr.c, which
// makes tries, and ocr_text.c, which makes the best one into blocks.
#ifndef LARDER_READER_OCR_TRY_H
#define LARDER_READER_OCR_TRY_H

#include "reader/ocr.h"

struct ocr_seen { // a word
    uint32_t text, len;
    float x0, y0, x1, y1; // pixels of the picture that was tried
    float confidence;
    bool block, paragraph, line; // it is the first of one
};

struct ocr_try {
    int quarters; // turned clockwise by so many
    double skew; // then by this angle, in radians
    double scale; // then made larger
    int32_t width, height; // of what was tried
    int32_t upright_width, upright_height; // before skew and scale
    struct buf text;
    struct ocr_seen *seen;
    uint32_t count;
    bool stopped, failed;
    double score; // sure letters
    double confidence; // mean, by letters
    double letter; // median height of words, in pixels
    int64_t letters;
};

void ocr_try_init(struct ocr_try *t);
void ocr_try_done(struct ocr_try *t);
void ocr_try_weigh(struct ocr_try *t); // fills the last four
// Blocks, lines joined to paragraphs, places turned back. False without memory.
bool ocr_make_blocks(const struct ocr_try *t, struct ocr_result *ret);

#endif
