// SPDX-License-Identifier: AGPL-3.0-or-later
// What the decoders of pictures share: bytes in, frames out, facts and troubles beside. A decoder looks at the sizes in
// the header before it allocates anything, keeps what it could read of a damaged file, and never needs more memory than
// IMAGE_* says, by making large pictures smaller while they are decoded. One thread.
#ifndef LARDER_READER_IMAGE_H
#define LARDER_READER_IMAGE_H

#include "base/error.h"
#include "base/slice.h"
#include "config/formats.h"
#include "reader/picture.h"

enum {
    IMAGE_FRAMES_MAX = 5000, // of an animation; later ones are not looked at
    IMAGE_FRAMES_PIXELS = 1 << 30, // decoded of all frames together
    IMAGE_SCANS_MAX = 100, // of a progressive JPEG; real ones have ten
    IMAGE_WHOLE_BYTES =
        310 << 20, // what a codec may hold of a picture that can't be decoded in rows
    IMAGE_TEXT_SIZE = 600,
};

// What the file says about itself; texts are as they stand there, cut, perhaps not UTF-8.
struct image_facts {
    int32_t width, height; // as stored, before orientation
    int32_t frames; // seen
    int orientation; // EXIF's, 1 to 8; 0: not told
    int bits; // a channel
    const char *colour; // "RGB", "grey", "palette", "CMYK"; NULL: not known
    bool alpha, lossless, progressive;
    bool located; // says where it was taken
    bool more_frames; // than IMAGE_FRAMES_*
    int32_t lost_frames; // pages that could not be decoded at all
    char title[IMAGE_TEXT_SIZE], description[IMAGE_TEXT_SIZE], author[IMAGE_TEXT_SIZE],
        comment[IMAGE_TEXT_SIZE];
    char camera[IMAGE_TEXT_SIZE], taken[32];
};

enum image_trouble {
    IMAGE_FINE,
    IMAGE_STOPPED, // by the receiver of the frames
    IMAGE_BROKEN, // nothing of it can be decoded
    IMAGE_DAMAGED, // some of it could not
    IMAGE_TRUNCATED, // the end is missing
    IMAGE_TOO_LARGE, // more pixels than allowed, or than memory allows for a picture of its build
    IMAGE_NO_TIME, // the deadline passed; share tells how far it came
    IMAGE_NO_MEMORY,
    IMAGE_UNKNOWN_CODEC, // packed, or coloured, in a way that is not read here
    IMAGE_SHARED, // pages share their data, so that little of it makes many of them
};

// Each frame, in order, at the size that max_pixels allows, not turned, not flattened. A receiver may take p's pixels
// (and zero it), unless `lent`. Not 0: stop.
typedef int (*image_frame_fn)(void *ctx, int32_t number, struct picture *p, bool lent);

struct image_request {
    struct slice bytes;
    int64_t pixels_max; // of the file's picture; above: IMAGE_TOO_LARGE
    int64_t max_pixels; // of what is handed out
    int64_t deadline_ms; // on the monotonic clock; 0: none
    int32_t frames_from; // earlier ones are left out, where the format allows that
    int32_t frames_max; // 1: the first is enough
    image_frame_fn frame; // may be NULL
    void *ctx;
};

struct image_report {
    struct image_facts facts;
    enum image_trouble trouble;
    double share; // of the first frame's rows that were decoded, 0 to 1
    int stopped; // what the receiver gave, when IMAGE_STOPPED
};

// ret is filled in any case.
void image_decode(enum format_id format, const struct image_request *q, struct image_report *ret);

// Each decoder alone; image_decode chooses.
void image_decode_jpeg(const struct image_request *q, struct image_report *ret);
void image_decode_png(const struct image_request *q, struct image_report *ret);
void image_decode_gif(const struct image_request *q, struct image_report *ret);
void image_decode_webp(const struct image_request *q, struct image_report *ret);
void image_decode_tiff(const struct image_request *q, struct image_report *ret);
void image_decode_bmp(const struct image_request *q, struct image_report *ret);
void image_tiff_codecs(void); // of image_tiff_codecs.c

// For decoders.
// Whether the sizes are allowed; sets facts and, when not, the trouble.
bool image_size_allowed(
    const struct image_request *q, int64_t width, int64_t height, struct image_report *ret);
bool image_time_over(const struct image_request *q);
// Hands a frame over and frees what is left of it unless lent; false to stop.
bool image_give(const struct image_request *q, int32_t number, struct picture *p, bool lent,
    struct image_report *ret);
void image_fact(char *to, size_t size, struct slice text); // only the first of each counts
// Reads EXIF (a TIFF structure) and XMP, which are untrusted like the rest.
void image_read_exif(struct slice exif, struct image_facts *f);
void image_read_xmp(struct slice xmp, struct image_facts *f);

#endif
