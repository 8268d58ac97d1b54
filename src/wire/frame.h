// SPDX-License-Identifier: AGPL-3.0-or-later
// Frames: what larder-reader says to the server, over a pipe. The reader handles an untrusted file and may be taken over
// by it, so the server believes nothing: every frame is checked by one table (type, length, the states it is allowed in,
// how often), every payload is typed and bounded, every text is UTF-8 without controls. A breach is an error that names
// it; the server then kills the reader.
//
//   frame   = length:u32 type:u8 payload        length counts the payload; all numbers little-endian
//   string  = length:u32 bytes
//
//   state   what comes                          next
//   START   HELLO                               OPEN
//   OPEN    INFO FINDING ELEMENT PROGRESS SOUND OPEN
//   OPEN    IMAGE_START                         IMAGE
//   IMAGE   IMAGE_DATA, until all is there      IMAGE, then OPEN
//   OPEN    DONE                                ENDED
//   any     REFUSED (not in ENDED)              ENDED
//
// Writing and reading are pure: bytes in a buffer, no file descriptor. One thread at a time.
#ifndef LARDER_WIRE_FRAME_H
#define LARDER_WIRE_FRAME_H

#include "base/buf.h"
#include "base/error.h"
#include "wire/element.h"
#include "wire/finding.h"

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_INFO,
    FRAME_FINDING,
    FRAME_ELEMENT,
    FRAME_PROGRESS,
    FRAME_IMAGE_START,
    FRAME_IMAGE_DATA,
    FRAME_DONE,
    FRAME_REFUSED,
    FRAME_SOUND,
    FRAME_TYPES
};

enum {
    FRAME_VERSION = 2,
    FRAME_HEADER_BYTES = 5,
    FRAME_TEXT_MAX = 4 << 20, // text or Markdown of one element; formats split tables long before
    FRAME_TABLE_HEADER_MAX = 1 << 20,
    FRAME_NAME_MAX = 4000, // names of sheets, headings; the emitter keeps to 1,000
    FRAME_INFO_KEY_MAX = 64,
    FRAME_INFO_TEXT_MAX = 4000,
    FRAME_IMAGE_NAME_MAX = 1000,
    FRAME_IMAGE_DATA_MAX = 256 << 10,
    FRAME_IMAGE_MAX = 64 << 20, // bytes of one picture, packed
    FRAME_REFUSED_TEXT_MAX = 1000,
    FRAME_SOUND_SAMPLES_MAX = 30 * 16000, // one window of speech at 16 kHz
    FRAME_PAYLOAD_MAX = 2 * FRAME_TEXT_MAX + FRAME_TABLE_HEADER_MAX + (64 << 10),
};

enum sandbox_level { // bits of what a reader has locked itself with
    SANDBOX_RLIMITS = 1 << 0,
    SANDBOX_NO_NEW_PRIVS = 1 << 1,
    SANDBOX_SECCOMP = 1 << 2,
    SANDBOX_LANDLOCK = 1 << 3,
    SANDBOX_USER_NS = 1 << 4,
    SANDBOX_NET_NS = 1 << 5,
    SANDBOX_MOUNT_NS = 1 << 6,
    SANDBOX_IPC_NS = 1 << 7,
    SANDBOX_PID_NS = 1 << 8, // of a converter
    SANDBOX_RELAXED =
        1 << 16, // a sanitizer build: no limit on address space, a wider list of system calls
};
// What `sandbox = require` asks for: nothing reaches the file system, the network or another process.
enum { SANDBOX_REQUIRED = SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS | SANDBOX_SECCOMP };
void sandbox_level_words(struct buf *b, uint32_t level); // "rlimits seccomp landlock …"

enum refused_cause { // why a reader gave up, in its own words
    REFUSED_MEMORY,
    REFUSED_LIMIT, // a finding tells which
    REFUSED_UNSUPPORTED, // no such format, or no page images for it
    REFUSED_SANDBOX, // the machine allows too little of the sandbox, and it is required
    REFUSED_ERROR, // anything else; the text tells
    REFUSED_CAUSES
};

struct frame {
    enum frame_type type;
    union {
        struct {
            uint32_t level; // SANDBOX_*
            uint32_t landlock_abi; // 0: none
        } hello;
        struct {
            struct slice key; // a to z, 0 to 9, _
            bool has_text; // else the number counts
            struct slice text;
            double number; // finite
        } info;
        struct finding finding;
        struct element element;
        struct {
            int64_t done, total; // total 0: not known
        } progress;
        struct {
            struct slice name, media_type;
            uint32_t bytes;
        } image_start;
        struct slice image_data;
        struct {
            double second; // at which it begins
            struct slice samples; // 16 bits each, little-endian, one channel at 16 kHz
        } sound; // for a speech service outside; only when it was asked for
        struct {
            enum refused_cause cause;
            struct slice text;
        } refused;
    };
};

// A reader's exit status when it ran out of memory and may not have been able to say so in a frame.
enum { READER_EXIT_MEMORY = 71 };

// Writing. Each appends one whole frame; the buffer's maximum must hold it (buf_ok tells).
void frame_add_hello(struct buf *b, uint32_t level, uint32_t landlock_abi);
void frame_add_info(
    struct buf *b, const char *key, const char *text, double number); // text NULL: the number
void frame_add_finding(struct buf *b, const struct finding *f);
void frame_add_element(struct buf *b, const struct element *e);
void frame_add_progress(struct buf *b, int64_t done, int64_t total);
void frame_add_image_start(struct buf *b, const char *name, const char *media_type, uint32_t bytes);
void frame_add_image_data(
    struct buf *b, const void *bytes, size_t len); // at most FRAME_IMAGE_DATA_MAX
void frame_add_sound(struct buf *b, double second, const int16_t *samples,
    size_t count); // 1 to FRAME_SOUND_SAMPLES_MAX
void frame_add_done(struct buf *b);
void frame_add_refused(struct buf *b, enum refused_cause cause, const char *text);

enum frame_state { FRAMES_START, FRAMES_OPEN, FRAMES_IMAGE, FRAMES_ENDED };

struct frame_decoder {
    struct buf bytes; // what came and is not decoded yet
    size_t at; // decoded up to here
    enum frame_state state;
    uint64_t counts[FRAME_TYPES];
    uint64_t total; // bytes fed
    uint64_t total_max;
    int64_t next_index; // the next element must have it
    uint32_t image_left; // bytes of the open picture still to come
    int failed; // ERR_*, for ever after a breach
};
void frame_decoder_init(
    struct frame_decoder *d, uint64_t total_max); // total_max: bytes of all frames together
void frame_decoder_done(struct frame_decoder *d);
// Takes bytes as they come, at most FRAME_PAYLOAD_MAX at once, after frame_decode has given 0. 0; ERR_TOO_LARGE past
// total_max; ERR_CORRUPT when bytes follow the end; ERR_MEMORY.
int frame_decoder_feed(struct frame_decoder *d, const void *bytes, size_t len, struct error *err);
// The next frame: 1 and *ret (its slices lend until the next feed), 0 when more bytes are needed, ERR_CORRUPT on a breach.
int frame_decode(struct frame_decoder *d, struct frame *ret, struct error *err);
// At the end of the stream: 0 if the reader said DONE or REFUSED, else ERR_CORRUPT naming what is missing.
int frame_decoder_end(const struct frame_decoder *d, struct error *err);

// Reads one payload; false if it is not exactly one of that type. Pure; for frame.c and fuzzing.
bool frame_parse_payload(enum frame_type type, struct slice payload, struct frame *ret);

#endif
