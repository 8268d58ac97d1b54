// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of larder-media.so share: one recording, read once for its texts, once for its sound, once for its pictures.
#ifndef LARDER_READER_MEDIA_PARTS_H
#define LARDER_READER_MEDIA_PARTS_H

#include "reader/media_file.h"

// The entries of the formats of recordings; see struct reader_format.
int media_check_file(struct reader *r, struct error *err);
int media_read_file(struct reader *r, struct error *err);

// Texts with times: chapters and subtitles, in order of time. They are given out as speech reaches their second, so that the
// elements stand in the order in which a person would meet them.
enum { TIMELINE_MAX = 20000, TIMELINE_TEXT_MAX = 4 << 20 };
struct timed_text {
    double start, end;
    bool chapter;
    size_t at, len; // of its text
};
struct timeline {
    struct timed_text *items;
    size_t count, given;
    struct buf text;
};
int timeline_load(struct timeline *t, struct media_file *m); // 0 or ERR_*
int timeline_until(
    struct timeline *t, struct reader *r, double second); // sends what begins before that second
void timeline_done(struct timeline *t);
// A cue of a subtitle as plain text: no {styles}, no <tags>, no ASS fields; lines by spaces.
void subtitle_clean(struct slice cue, bool ass, struct buf *to);

// Decodes the sound to 16,000 samples a second, one channel, and passes it on in pieces of at most SOUND_PIECE samples.
enum { SOUND_RATE = 16000, SOUND_PIECE = 16000, SOUND_BAD_PACKETS_MAX = 2000 };
typedef int (*sound_fn)(void *ctx, const float *samples, size_t count, double second);
// ret_seconds: how far it came. 0, or what fn returned. Sound that can't be decoded is passed over as silence.
int sound_read(struct media_file *m, sound_fn fn, void *ctx, double *ret_seconds);

// Pictures at changes of scene, or (only_first) one picture for the library; as JPEG, at most FRAME_SIDE pixels.
enum { FRAMES_MAX = 200, FRAMES_FAST_MAX = 40, FRAME_EVERY_S = 2, FRAME_SIDE = 1280 };
struct media_host;
void frames_use_host(const struct media_host *host); // may read words on them; NULL: nobody can
int frames_read(struct media_file *m, bool only_first, size_t *ret_count);

#endif
