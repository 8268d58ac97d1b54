// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements output.h.
#include "reader/output.h"

#include "base/clock.h"
#include "reader/memory.h"
#include "wire/frame.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    GATHER_BYTES = 32 << 10, // then it is written
    PROGRESS_EVERY_MS = 50, // nobody sees more than 20 a second
};

int output_flush(struct output *o)
{
    size_t at = 0;

    if (!buf_ok(&o->frames)) {
        return ERR_MEMORY;
    }
    while (at < o->frames.len) {
        ssize_t n = write(o->fd, o->frames.data + at, o->frames.len - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ERR_IO;
        }
        at += (size_t)n;
    }
    buf_reset(&o->frames);
    return 0;
}

static int added(struct output *o)
{
    return o->frames.len >= GATHER_BYTES || !buf_ok(&o->frames) ? output_flush(o) : 0;
}

// "Damaged" after memory was refused is most likely not the file's structure: say what it is.
static int on_finding(void *ctx, const struct finding *f)
{
    struct output *o = ctx;

    if (f->code->severity == SEVERITY_REJECT && f->code->reason == REASON_CORRUPT &&
        memory_was_refused()) {
        struct finding memory = { .code = finding_code_find(SLICE_LIT("bomb.memory")),
            .place = f->place };
        char text[sizeof(memory.message)];
        snprintf(text, sizeof(text), "Reading the document needs more than %lld MiB of memory.",
            (long long)(o->memory_bytes >> 20));
        finding_set_message(&memory, slice_of(text));
        frame_add_finding(&o->frames, &memory);
    } else {
        frame_add_finding(&o->frames, f);
    }
    return output_flush(o); // what was found survives a crash right after
}

static int on_element(void *ctx, const struct element *e)
{
    struct output *o = ctx;
    frame_add_element(&o->frames, e);
    return added(o);
}

static int on_progress(void *ctx, int64_t done, int64_t total)
{
    struct output *o = ctx;
    int64_t now = clock_mono_ms();

    if (now - o->progress_sent_ms < PROGRESS_EVERY_MS && (total == 0 || done < total)) {
        return 0;
    }
    o->progress_sent_ms = now;
    frame_add_progress(&o->frames, done, total);
    return output_flush(o);
}

static int on_info(void *ctx, const char *key, const char *text, double number)
{
    struct output *o = ctx;
    frame_add_info(&o->frames, key, text, number);
    return added(o);
}

static int on_image(
    void *ctx, const char *name, const char *media_type, const void *bytes, size_t len)
{
    struct output *o = ctx;
    const char *at = bytes;

    if (len == 0 || len > FRAME_IMAGE_MAX) {
        return 0; // nothing to show, or too large to be worth it: the document reads on without it
    }
    frame_add_image_start(&o->frames, name, media_type, (uint32_t)len);
    for (int rc = 0; len;) {
        size_t n = len < FRAME_IMAGE_DATA_MAX ? len : FRAME_IMAGE_DATA_MAX;
        frame_add_image_data(&o->frames, at, n);
        at += n;
        len -= n;
        if ((rc = output_flush(o)) != 0) {
            return rc;
        }
    }
    return 0;
}

static int on_sound(void *ctx, double second, const int16_t *samples, size_t count)
{
    struct output *o = ctx;
    if (count > FRAME_SOUND_SAMPLES_MAX) {
        return ERR_TOO_LARGE;
    }
    frame_add_sound(&o->frames, second, samples, count);
    return output_flush(o);
}

void output_init(struct output *o, int fd, int64_t memory_bytes)
{
    *o = (struct output){ .fd = fd,
        .memory_bytes = memory_bytes,
        .sink = { on_finding, on_element, on_progress, on_info, on_image, o, on_sound } };
    buf_init(&o->frames, 2 * (size_t)FRAME_PAYLOAD_MAX);
}

void output_done(struct output *o)
{
    buf_done(&o->frames);
}
