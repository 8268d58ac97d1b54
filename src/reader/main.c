// SPDX-License-Identifier: AGPL-3.0-or-later
// larder-reader: checks, reads or renders one untrusted file and dies. Started by the server (jobs/reader_client.c), never
// by a person. It gets the file as descriptor 3, read-only, and writes frames (wire/frame.h) to descriptor 4; it sees no
// path, no environment, no network. Options come on the command line and hold nothing secret.
//
//   open what the format needs → map the file → lock in (reader/sandbox.h) → HELLO → work → DONE or REFUSED → exit
//
// Exit status: 0 after DONE, 1 after REFUSED, 64 for wrong options, READER_EXIT_MEMORY when it could not even say REFUSED. The frames tell; the status only
// helps when there are none.
#include "reader/media.h"
#include "base/clock.h"
#include "reader/memory.h"
#include "reader/output.h"
#include "reader/sandbox.h"
#include "wire/frame.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_FD = 3, OUT_FD = 4, EXIT_REFUSED = 1, EXIT_USAGE = 64, ENOUGH_PERCENT = 85 };
enum mode { MODE_CHECK, MODE_READ, MODE_RENDER, MODES };
static const char *const mode_words[MODES] = { "check", "read", "render" };

struct options {
    int64_t mode; // enum mode
    const struct reader_format *format;
    const char *format_name;
    int64_t memory_bytes;
    int64_t cpu_s, wall_s;
    int64_t page, width;
    int64_t hi_res;
    int64_t sound_out, leave_out;
    int64_t require; // the sandbox
    int64_t model; // descriptor of the speech model's file; 0: none
};

static bool word_of(const char *text, const char *const *words, size_t count, int64_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const char *const sandbox_words[] = { "prefer", "require" };
    struct number {
        const char *name;
        int64_t least, most;
        int64_t *to;
    } numbers[] = {
        { "--memory", 1 << 20, (int64_t)1 << 40, &o->memory_bytes },
        { "--cpu", 1, 86400, &o->cpu_s },
        { "--wall", 1, 86400, &o->wall_s },
        { "--page", 1, INT32_MAX, &o->page },
        { "--width", 16, 10000, &o->width },
        { "--hi-res", 0, 1, &o->hi_res },
        { "--sound-out", 0, 1, &o->sound_out },
        { "--leave-out", 0, READER_NO_SOUND | READER_NO_PICTURES, &o->leave_out },
        { "--model", OUT_FD + 1, OUT_FD + 1, &o->model },
    };

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            return false;
        }
        const char *name = argv[i], *value = argv[i + 1];
        bool ok = false;
        for (size_t n = 0; n < ARRAY_LEN(numbers); n++) {
            if (strcmp(name, numbers[n].name) == 0) {
                int64_t v = 0;
                ok = slice_to_i64(slice_of(value), &v) && v >= numbers[n].least &&
                     v <= numbers[n].most;
                *numbers[n].to = v;
            }
        }
        if (strcmp(name, "--mode") == 0) {
            ok = word_of(value, mode_words, MODES, &o->mode);
        } else if (strcmp(name, "--sandbox") == 0) {
            ok = word_of(value, sandbox_words, ARRAY_LEN(sandbox_words), &o->require);
        } else if (strcmp(name, "--format") == 0) {
            const struct format_info *info = format_by_name(slice_of(value));
            o->format = info ? reader_format_find(info->id) : NULL;
            o->format_name = value;
            ok = true;
        }
        if (!ok) {
            return false;
        }
    }
    return o->format_name != NULL;
}

static bool map_input(struct slice *ret)
{
    struct stat st;

    if (fstat(IN_FD, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    *ret = (struct slice){ "", 0 };
    if (st.st_size) {
        void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, IN_FD, 0);
        if (bytes == MAP_FAILED) {
            return false;
        }
        *ret = (struct slice){ bytes, (size_t)st.st_size };
    }
    close(IN_FD);
    return true;
}

static int refuse(struct output *out, enum refused_cause cause, const char *text)
{
    frame_add_refused(&out->frames, cause, text);
    output_flush(out);
    return EXIT_REFUSED;
}

static int work(const struct options *o, struct output *out, struct slice input)
{
    struct reader r = { .format = o->format->id,
        .input = input,
        .limits = &reader_limits_default,
        .sink = &out->sink,
        .hi_res = o->hi_res,
        .sound_out = o->sound_out,
        .leave_out = (unsigned)o->leave_out,
        .enough_ms = clock_mono_ms() + o->cpu_s * 1000 * ENOUGH_PERCENT / 100 };
    struct error err = { .code = 0 };
    int rc = 0;

    switch (o->mode) {
    case MODE_CHECK:
        rc = o->format->check(&r, &err);
        break;
    case MODE_READ:
        rc = o->format->read(&r, &err);
        break;
    default:
        if (!o->format->render) {
            return refuse(out, REFUSED_UNSUPPORTED, "This type has no page images.");
        }
        rc = o->format->render(&r, (int32_t)o->page, (int32_t)o->width, &err);
    }
    if (rc == 0) {
        frame_add_done(&out->frames);
        return output_flush(out) == 0 ? 0 : EXIT_REFUSED;
    }
    if (rc == ERR_MEMORY || memory_was_refused()) {
        buf_reset(&out->frames); // there may be half a frame in it
        return refuse(out, REFUSED_MEMORY, "Reading it needs more memory than is allowed.");
    }
    if (rc == ERR_LIMIT || rc == ERR_TOO_LARGE) {
        return refuse(out, REFUSED_LIMIT, err.text);
    }
    return refuse(out, rc == ERR_UNSUPPORTED ? REFUSED_UNSUPPORTED : REFUSED_ERROR, err.text);
}

int main(int argc, char **argv)
{
    struct options o = { .memory_bytes = (int64_t)512 << 20,
        .cpu_s = 60,
        .wall_s = 120,
        .page = 1,
        .width = 1000,
        .require = 1 };
    struct sandbox_reached reached;
    struct error err = { .code = 0 };
    struct slice input;
    static struct output out;
    AUTO_BUF last_words = BUF_INIT(256);

    if (!parse_options(argc, argv, &o)) {
        return EXIT_USAGE;
    }
    output_init(&out, OUT_FD, o.memory_bytes);
    frame_add_refused(&last_words, REFUSED_MEMORY, "Reading it needs more memory than is allowed.");
    memory_watch(OUT_FD, last_words.data, last_words.len);
    if (!map_input(&input)) {
        return refuse(&out, REFUSED_ERROR, "The file did not arrive.");
    }
    if (!o.format) {
        return refuse(&out, REFUSED_UNSUPPORTED, "There is no reader for this type.");
    }
    media_set_model(o.model && o.mode == MODE_READ ? (int)o.model : -1);
    if (o.format->init) {
        o.format->init();
    }
    struct sandbox_options s = { .out_fd = OUT_FD,
        .memory_bytes = o.memory_bytes,
        .cpu_s = o.cpu_s,
        .wall_s = o.wall_s,
        .require = o.require };
    if (sandbox_enter(&s, &reached, &err) != 0) {
        return refuse(&out, REFUSED_SANDBOX, err.text);
    }
    frame_add_hello(&out.frames, reached.level, reached.landlock_abi);
    output_flush(&out);
    int status = work(&o, &out, input);
    _exit(status); // no destructors: nothing to give back, and fewer system calls to allow
}
