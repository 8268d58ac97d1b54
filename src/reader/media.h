// SPDX-License-Identifier: AGPL-3.0-or-later
// Audio and video. The libraries that decode them bring a hundred others with them, which cost 30 ms and 25 MB at the start
// of a process; so they, and the speech engine, live in a module of their own, larder-media.so, beside the reader. It is
// loaded before the sandbox closes, and only for these types.
//
//   larder-reader ── media.c: format_wav …, loads the module ──▶ larder-media.so: media_*.c, speech*.c, libav*, whisper.cpp
//
// The speech model is one file, opened by the server and handed over as a descriptor: neither side of the sandbox sees its path.
#ifndef LARDER_READER_MEDIA_H
#define LARDER_READER_MEDIA_H

#include "base/buf.h"
#include "reader/reader.h"

enum { MEDIA_MODULE_VERSION = 1 };

struct media_host { // what the program does for the module: Tesseract is linked into the program
    // The words on a grey picture (width bytes a row), lines by newlines, into text; how sure, 0 to 100; 0: none, or no model.
    int (*words)(const unsigned char *grey, int32_t width, int32_t height, struct buf *text);
};

struct media_module { // what larder-media.so gives, under the name larder_media
    int version;
    int (*check)(struct reader *r, struct error *err);
    int (*read)(struct reader *r, struct error *err);
    // Before the sandbox closes. host may be NULL. The model, which may be empty, is not needed afterwards. 0 or a negative
    // ERR_*: then speech is not read.
    int (*prepare)(const struct media_host *host, struct slice model);
};
extern const struct media_module larder_media;

// Before init: the descriptor of the speech model's file; -1 (the default): none. It is closed when it has been mapped.
void media_set_model(int fd);

#endif
