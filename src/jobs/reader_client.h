// SPDX-License-Identifier: AGPL-3.0-or-later
// Runs one larder-reader on one file and tells how it ended. The reader is not trusted: its frames are checked
// (wire/frame.h), its time, memory and output are bounded here as well as in its own sandbox, and whatever it does, this
// function returns. It blocks; call it from a pool's thread, any number at once, no state is shared.
#ifndef LARDER_JOBS_READER_CLIENT_H
#define LARDER_JOBS_READER_CLIENT_H

#include "base/error.h"
#include "wire/element.h"
#include "wire/finding.h"

#include <stdatomic.h>

enum reader_mode { READER_CHECK, READER_READ, READER_RENDER };

struct reader_request {
    const char *program; // NULL: larder-reader in the folder of the running program
    int input_fd; // a regular file, from its start; lent. If it may be written, it is opened again to be read only
    enum reader_mode mode;
    const char *format; // name of the type: "pdf"
    bool hi_res; // tables and pictures too
    bool no_sound, no_pictures; // leave them out of recordings
    bool sound_out; // hand speech over in windows (events.sound) instead of hearing it
    int32_t page, width; // READER_RENDER: 1-based, pixels; 0: defaults
    int64_t memory_bytes; // that it may take; 0: READER_MEMORY_DEFAULT
    int64_t cpu_s; // 0: default of the mode
    int64_t wall_ms; // 0: default of the mode; time spent in the callbacks does not count
    int64_t output_bytes; // of all its frames; 0: READER_OUTPUT_DEFAULT
    int model_fd; // of the speech model, for audio and video when read; lent; 0: none
    bool
        sandbox_prefer; // take a lesser sandbox than SANDBOX_REQUIRED where the machine allows no more
};
#define READER_MEMORY_DEFAULT ((int64_t)448 << 20)
#define READER_OUTPUT_DEFAULT ((int64_t)512 << 20)

// What it reports, in order, on the calling thread. Each may be NULL, and returns 0 or a negative ERR_*, which ends the
// run (READER_STOPPED) and is what reader_run returns. Everything is lent for the call.
struct reader_events {
    int (*finding)(void *ctx, const struct finding *f);
    int (*element)(void *ctx, const struct element *e);
    int (*progress)(void *ctx, int64_t done, int64_t total); // total 0: not known
    int (*info)(void *ctx, struct slice key, const struct slice *text,
        double number); // text NULL: the number
    int (*image)(void *ctx, struct slice name, struct slice media_type, struct slice bytes);
    int (*sound)(void *ctx, double second, struct slice samples); // 16 bits, 16 kHz, one channel
    void *ctx;
};

enum reader_end {
    READER_DONE, // it said so; findings tell whether the file is fit
    READER_REFUSED, // it gave up and said why (text); a limit's finding came before
    READER_UNSUPPORTED, // no reader for this type, or no page images
    READER_CRASHED, // a signal of its own doing: SIGSEGV, SIGABRT …
    READER_OUT_OF_MEMORY, // by its own word, by our watch, or by the kernel
    READER_OUT_OF_TIME, // processor time or wall time
    READER_OUT_OF_OUTPUT, // more frames than output_bytes
    READER_SANDBOX_KILL, // it tried a system call that a reader never needs
    READER_BREACH, // its frames make no sense
    READER_SILENT, // it ended, or closed the pipe, without a word
    READER_NO_SANDBOX, // the machine allows less than is required; nothing was read
    READER_CANCELLED, // *cancel became true
    READER_STOPPED, // a callback asked for it
    READER_ENDS
};

struct reader_result {
    enum reader_end end;
    int signal; // that ended it; 0: none
    int exit_status; // when there was no signal
    char text[ERROR_TEXT_MAX]; // one sentence for a person
    int64_t wall_ms;
    int64_t cpu_ms;
    int64_t peak_rss_bytes; // sampled
    int64_t output_bytes;
    int64_t elements;
    uint32_t sandbox_level; // SANDBOX_* of wire/frame.h; 0 if it never said HELLO
    uint32_t landlock_abi;
};

// 0 with *ret filled whenever a reader was started, however it ended (but for a callback's error). Else nothing ran:
// ERR_NOT_FOUND (no program), ERR_MEMORY, ERR_BUSY, ERR_INVALID (the input is no regular file), ERR_INTERNAL. cancel may
// be NULL; it is looked at every 50 ms.
int reader_run(const struct reader_request *request, const struct reader_events *events,
    const atomic_bool *cancel, struct reader_result *ret, struct error *err);

const char *reader_end_word(enum reader_end end); // "out_of_memory", for metrics and logs
// The finding that such an end means for the document: "bomb.memory", "reader.crashed" …; NULL when it means none (done,
// refused with findings of its own, unsupported, no sandbox, cancelled, stopped).
const char *reader_end_finding(enum reader_end end);
// May the same file end otherwise next time? Crashes, kills and time may; a breach of limits by the file may not.
bool reader_end_retry(enum reader_end end);

#endif
