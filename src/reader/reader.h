// SPDX-License-Identifier: AGPL-3.0-or-later
// What a format's code sees inside larder-reader: the bytes of one untrusted file, limits, and where to report to.
// A format never opens a file, never prints, never exits. It may be killed at any moment and must not care.
#ifndef LARDER_READER_READER_H
#define LARDER_READER_READER_H

#include "base/error.h"
#include "base/slice.h"
#include "config/formats.h"
#include "wire/element.h"
#include "wire/finding.h"

struct reader_limits {
    int64_t unpacked_bytes; // of all parts together (default 500 MiB)
    int64_t part_bytes; // of one part of a container
    int32_t ratio; // unpacked : packed of a part over OPC_RATIO_FROM, of a file over OPC_TOTAL_FROM
    int32_t entries; // of a container
    int32_t depth; // of XML, lists, page trees
    int32_t pages; // pages, slides, sheets
    int64_t cells; // of all tables or sheets together
    int64_t text_bytes; // emitted text, all elements
    int64_t elements;
    int64_t pixels; // of one picture or rendered page
};
extern const struct reader_limits reader_limits_default;

// Where reports go. In the program they become frames; tests and fuzzers collect them. Each returns 0 or a negative ERR_*
// (ERR_CANCELLED: nobody listens any more, ERR_LIMIT: over a limit); the format then returns that code at once.
struct reader_sink {
    int (*finding)(void *ctx, const struct finding *f);
    int (*element)(void *ctx, const struct element *e);
    int (*progress)(
        void *ctx, int64_t done, int64_t total); // in the format's unit; total 0: not known
    int (*info)(void *ctx, const char *key, const char *text,
        double number); // text NULL: the number counts
    int (*image)(
        void *ctx, const char *name, const char *media_type, const void *bytes, size_t len);
    void *ctx;
    // A window of speech for a service outside: 16 kHz, one channel. NULL: nobody asked for it.
    int (*sound)(void *ctx, double second, const int16_t *samples, size_t count);
};

enum {
    READER_NO_SOUND = 1,
    READER_NO_PICTURES = 2
}; // of recordings, when the mode leaves them out

struct reader {
    enum format_id format;
    struct slice input; // the whole file, read-only memory; lives as long as the process
    const struct reader_limits *limits;
    const struct reader_sink *sink;
    bool hi_res; // tables and images too
    bool sound_out; // speech is heard elsewhere: windows go to the sink
    unsigned leave_out; // READER_NO_*
    int64_t enough_ms; // on the monotonic clock: what can be left out is, after it; 0: never
    int64_t next_index; // of the next element
    int64_t emitted_text; // bytes so far, against limits
    size_t finding_count;
};

// One struct of functions a format. check: layers 4 and 5, cheap, no elements: opens the structure, walks it within
// limits, reports findings (structure.*, bomb.*, active.*, …) and info (pages, sheets, …). A file that can't be opened is a
// finding of severity reject and 0, not an error; an error is for what is not the file's fault, or for a broken sink.
// read: elements in reading order, progress after each unit, images when hi_res. It must not rely on check having run
// before (another process did), and reports as findings what shows only now.
// render: page `number` (1-based) as a PNG of about `width` pixels, reported as image "page"; NULL where there are none.
struct reader_format {
    enum format_id id;
    int (*check)(struct reader *r, struct error *err);
    int (*read)(struct reader *r, struct error *err);
    int (*render)(struct reader *r, int32_t number, int32_t width, struct error *err);
    void (*init)(
        void); // may be NULL: opens what must be open before the sandbox closes (fonts, tables); before input
};
extern const struct reader_format
    *const reader_formats[]; // the list, ended by NULL (reader/formats.c)
const struct reader_format *reader_format_find(enum format_id id);

// The format's way to report. place may be NULL. Text must be UTF-8 (the emitter cleans what is not).
int reader_finding(struct reader *r, const char *code, const struct place *place, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
// Numbers the element, cleans its text, enforces limits (text_bytes, elements: a finding bomb.* and ERR_LIMIT).
// An element without text, image or NEEDS_OCR flag is skipped silently.
int reader_element(struct reader *r, struct element *e);
int reader_progress(struct reader *r, int64_t done, int64_t total);
int reader_info_number(struct reader *r, const char *key, double number); // "pages", 212
int reader_info_text(struct reader *r, const char *key,
    const char *text); // "title", "Fryer manual"; kept to 1,000 bytes
// One window for the speech service; at most FRAME_SOUND_SAMPLES_MAX samples of wire/frame.h.
int reader_sound(struct reader *r, double second, const float *samples, size_t count);
int reader_image(
    struct reader *r, const char *name, const char *media_type, const void *bytes, size_t len);

#endif
