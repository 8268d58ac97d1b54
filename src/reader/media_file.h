// SPDX-License-Identifier: AGPL-3.0-or-later
// One recording, opened through libavformat from memory. Nothing but these bytes is ever read: no protocol is allowed, and a
// container that asks for another file is noted and gets none. The demuxer is chosen by the type and never guessed, since
// guessing is how a playlist named .avi becomes a request for a file. One thread everywhere: the sandbox allows no other.
#ifndef LARDER_READER_MEDIA_FILE_H
#define LARDER_READER_MEDIA_FILE_H

#include "reader/reader.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum {
    MEDIA_STREAMS_MAX = 64, // a film with many languages has thirty
    MEDIA_PROBE_BYTES = 8 << 20, // read to learn what the streams are
    MEDIA_PROBE_SECONDS = 5,
    MEDIA_IO_BYTES = 64 << 10,
    MEDIA_SIDE_MAX = 16384, // pixels of one side of a picture
    MEDIA_DURATION_MAX_S = 24 * 3600,
    MEDIA_ALLOC_MAX = 384 << 20, // one allocation by the libraries
    MEDIA_EMPTY_PACKETS_MAX = 20000, // in a row that give nothing
};

struct media_file {
    struct reader *reader;
    AVFormatContext *av;
    AVIOContext *io;
    int64_t at; // of the next byte that libavformat reads
    int64_t read; // bytes handed to it so far; files that make it turn in circles are cut short
    bool external; // the file asked for another one
    double duration; // seconds, 0: not known
    int audio, video; // streams to read, -1: none
};

// Opens and looks at the streams. false when it can't be opened; then *why says so for a person. media_close in any case.
bool media_open(struct media_file *m, struct reader *r, const char **why);
void media_close(struct media_file *m);
// Sends title, artist, streams, duration and the like as info.
int media_tell(struct media_file *m);
// A decoder for the stream, opened; NULL if there is none for it, or its pictures are larger than allowed.
AVCodecContext *media_decoder(const struct media_file *m, int stream);
const char *media_codec(const struct media_file *m, int stream); // "h264"
const char *media_tag(const struct media_file *m, const char *name); // NULL if there is none
// Seconds from the beginning of the recording.
double media_seconds(const struct media_file *m, int stream, int64_t pts);
// Only packets of these streams are wanted (-1: none), from the beginning.
bool media_rewind(struct media_file *m, int one, int other);
// The end, an error, or too much reading: not 0. The packet is to be unreferenced.
int media_next(struct media_file *m, AVPacket *packet);

#endif
