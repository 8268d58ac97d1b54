// SPDX-License-Identifier: AGPL-3.0-or-later
// A sink that writes frames to a descriptor. Frames are gathered and written together; progress is thinned out. One thread.
#ifndef LARDER_READER_OUTPUT_H
#define LARDER_READER_OUTPUT_H

#include "reader/reader.h"

struct output {
    int fd;
    struct buf frames;
    struct reader_sink sink; // give this to the reader; ctx is the output
    int64_t progress_sent_ms; // when a progress frame was last written
    int64_t memory_bytes; // for the sentence of bomb.memory
};

void output_init(struct output *o, int fd, int64_t memory_bytes);
void output_done(struct output *o);
int output_flush(struct output *o); // 0 or ERR_IO: nobody listens any more

#endif
