// SPDX-License-Identifier: AGPL-3.0-or-later
// One conversation with a frame of every kind, for tests and for the seeds of the fuzzer.
#ifndef LARDER_TESTS_FRAMES_H
#define LARDER_TESTS_FRAMES_H

#include "wire/frame.h"

static inline void sample_frames(struct buf *b)
{
    struct finding f = { .code = finding_code_find(SLICE_LIT("active.script")),
        .place = { .kind = PLACE_PAGE,
            .number = 3,
            .has_box = true,
            .box = { 0.1f, 0.2f, 0.5f, 0.75f } } };
    struct element e = { .kind = ELEMENT_TABLE,
        .level = 1,
        .flags = ELEMENT_HIDDEN,
        .place = { .kind = PLACE_SHEET,
            .name = SLICE_LIT("Menu"),
            .rows = { 2, 9 },
            .cols = { 1, 3 } },
        .text = SLICE_LIT("Salad | 4.50\nSoupe à l’oignon | 5.20"),
        .markdown = SLICE_LIT("| Salad | 4.50 |"),
        .header = SLICE_LIT("Item | Price"),
        .image = SLICE_LIT("figure-1") };

    finding_set_message(&f, SLICE_LIT("A script on page 3."));
    frame_add_hello(b, SANDBOX_REQUIRED, 7);
    frame_add_info(b, "pages", NULL, 212);
    frame_add_info(b, "title", "Fryer manual", 0);
    frame_add_finding(b, &f);
    frame_add_element(b, &e);
    e = (struct element){ .index = 1,
        .kind = ELEMENT_SPEECH,
        .text = SLICE_LIT("Clean the fryer."),
        .times = SLICE_LIT("1240+30 1270+15 1290+60"),
        .place = { .kind = PLACE_TIME, .seconds = { 12.4, 19 } } };
    frame_add_element(b, &e);
    frame_add_sound(b, 12.4, (const int16_t[]){ 0, -1, 32767, -32768 }, 4);
    frame_add_progress(b, 1, 2);
    frame_add_image_start(b, "figure-1", "image/png", 9);
    frame_add_image_data(b, "\x89PNG\r", 5);
    frame_add_image_data(b, "\n\x1a\n.", 4);
    frame_add_done(b);
}

#endif
