// SPDX-License-Identifier: AGPL-3.0-or-later
// How thoroughly a document is read: the `mode` of an upload, as a word or as an object that says it for each kind.
//
//   fast | hi_res | all                                   for every kind; agentic_ocr is read as hi_res
//   {"static": "fast" | "hi_res" | null,                  pages, sheets, slides, texts, pictures
//    "audio": true | false | null,                        sound recordings
//    "video": "audio_only" | "video_only" | "audio_video" | null}
//
// A kind that an object leaves out is taken in and kept, but not read.
#ifndef LARDER_INGEST_MODE_H
#define LARDER_INGEST_MODE_H

#include "base/buf.h"
#include "base/error.h"
#include "config/formats.h"

enum { MODE_TEXT_MAX = 200 };

// Checks a mode and appends it as it is kept: the word, or the object with all three members. ERR_INVALID names what is
// wrong with it.
int mode_check(struct slice mode, struct buf *ret_kept, struct error *err);

struct mode_plan {
    bool nothing; // this kind is not read at all
    bool hi_res; // pictures in documents, words on pictures and scans; more key frames
    bool no_sound, no_pictures; // of recordings
    const char *left_out; // what is not read because of it, a sentence; NULL: nothing
};
// What a kept mode means for a type; a mode that is none is read as the type's own.
void mode_plan(struct slice mode, const struct format_info *format, struct mode_plan *ret);

#endif
