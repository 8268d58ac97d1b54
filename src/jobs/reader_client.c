// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements reader_client.h. One loop: wait for the pipe or the next look, read, decode, hand on; then collect the
// process and judge how it ended.
#include "jobs/reader_client.h"

#include "base/clock.h"
#include "os/child.h"
#include "os/file.h"
#include "os/resources.h"
#include "watch/metric.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOOK_EVERY_MS = 50, // at cancel and at memory
    GRACE_MS = 300, // for a reader that has said all, or closed its pipe, to end by itself
    READ_BYTES = 128 << 10,
    PIPE_BYTES = 256 << 10,
    MODES = 3,
    CHILD_IN = 3,
    CHILD_OUT = 4,
    CHILD_MODEL = 5,
    ARGS_MAX = 32,
    NUMBER_TEXT = 24,
};
#define BASE_MEMORY_BYTES ((int64_t)96 << 20) // of the program and its libraries

static const struct {
    const char *word;
    int64_t cpu_s, wall_ms;
} modes[MODES] = {
    [READER_CHECK] = { "check", 30, 60000 },
    [READER_READ] = { "read", 600, 1200000 },
    [READER_RENDER] = { "render", 20, 40000 },
};

static const struct {
    const char *word, *finding;
    bool retry;
} ends[READER_ENDS] = {
    [READER_DONE] = { "done", NULL, false },
    [READER_REFUSED] = { "refused", NULL, false },
    [READER_UNSUPPORTED] = { "unsupported", NULL, false },
    [READER_CRASHED] = { "crashed", "reader.crashed", true },
    [READER_OUT_OF_MEMORY] = { "out_of_memory", "bomb.memory", false },
    [READER_OUT_OF_TIME] = { "out_of_time", "bomb.time", true },
    [READER_OUT_OF_OUTPUT] = { "out_of_output", "bomb.output", false },
    [READER_SANDBOX_KILL] = { "sandbox_kill", "reader.forbidden", false },
    [READER_BREACH] = { "breach", "reader.garbled", false },
    [READER_SILENT] = { "silent", "reader.crashed", true },
    [READER_NO_SANDBOX] = { "no_sandbox", NULL, false },
    [READER_CANCELLED] = { "cancelled", NULL, false },
    [READER_STOPPED] = { "stopped", NULL, true },
};

const char *reader_end_word(enum reader_end end)
{
    BUG_ON((unsigned)end >= READER_ENDS);
    return ends[end].word;
}

const char *reader_end_finding(enum reader_end end)
{
    BUG_ON((unsigned)end >= READER_ENDS);
    return ends[end].finding;
}

bool reader_end_retry(enum reader_end end)
{
    BUG_ON((unsigned)end >= READER_ENDS);
    return ends[end].retry;
}

struct run {
    const struct reader_events *events;
    const atomic_bool *cancel;
    struct reader_result result;
    struct frame_decoder decoder;
    struct child child;
    int64_t memory_max; // resident bytes; above it is killed
    int64_t deadline_ms;
    int64_t looked_ms; // when memory was last read
    bool judged; // result.end is fixed: we ended it, or it said how it ended
    bool ended; // it said DONE or REFUSED
    int callback_error;
    struct buf image; // the picture that is coming
    struct buf image_name;
    struct buf image_type;
};

static void judge(struct run *r, enum reader_end end, const char *text)
{
    if (!r->judged) {
        r->judged = true;
        r->result.end = end;
        snprintf(r->result.text, sizeof(r->result.text), "%s", text);
    }
}

// Starting.

static int beside_us(char path[PATH_MAX], struct error *err)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) {
        return error_set(err, ERR_NOT_FOUND,
            "The program larder-reader could not be found; install Larder again.");
    }
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = slash ? (size_t)(path + PATH_MAX - slash) : 0;
    if (room < sizeof("/larder-reader")) {
        return error_set(err, ERR_NOT_FOUND,
            "The program larder-reader could not be found; install Larder again.");
    }
    memcpy(slash, "/larder-reader", sizeof("/larder-reader"));
    return 0;
}

// An own descriptor of the input that can't be written through.
static int read_only_input(int fd, int64_t *ret_size, struct error *err)
{
    struct stat st;
    char path[64];

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return error_set(err, ERR_INVALID, "The document to read is no regular file.");
    }
    *ret_size = st.st_size;
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        return copy >= 0 ? copy
                         : error_errno(err, "The document could not be handed to its reader");
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    return again >= 0 ? again
                      : error_errno(err, "The document could not be opened for reading only");
}

struct arguments {
    char *argv[ARGS_MAX];
    int count;
    char numbers[ARGS_MAX][NUMBER_TEXT];
};

static void add_word(struct arguments *a, const char *name, const char *value)
{
    BUG_ON(a->count + 2 >= ARGS_MAX);
    a->argv[a->count++] = (char *)(uintptr_t)name;
    a->argv[a->count++] = (char *)(uintptr_t)value;
}

static void add_number(struct arguments *a, const char *name, int64_t value)
{
    char *text = a->numbers[a->count];
    snprintf(text, NUMBER_TEXT, "%lld", (long long)value);
    add_word(a, name, text);
}

// The program's arguments; larder-reader's main reads them.
static void add_arguments(
    struct arguments *a, const struct reader_request *q, int64_t memory, int64_t wall_ms)
{
    add_word(a, "--mode", modes[q->mode].word);
    add_word(a, "--format", q->format);
    add_number(a, "--memory", memory);
    add_number(a, "--cpu", q->cpu_s ? q->cpu_s : modes[q->mode].cpu_s);
    add_number(a, "--wall",
        2 * (wall_ms / 1000) + 60); // only for when we are gone: our own clock is the limit
    add_number(a, "--hi-res", q->hi_res);
    if (q->no_sound || q->no_pictures) {
        add_number(a, "--leave-out", (q->no_sound ? 1 : 0) | (q->no_pictures ? 2 : 0));
    }
    if (q->sound_out) {
        add_number(a, "--sound-out", 1);
    }
    add_word(a, "--sandbox", q->sandbox_prefer ? "prefer" : "require");
    if (q->mode == READER_RENDER) {
        add_number(a, "--page", q->page ? q->page : 1);
        add_number(a, "--width", q->width ? q->width : 1000);
    }
    if (q->model_fd > 0) {
        add_number(a, "--model", CHILD_MODEL);
    }
}

static int start(struct run *r, const struct reader_request *q, int *ret_pipe, struct error *err)
{
    struct arguments a = { .argv = { (char *)(uintptr_t) "larder-reader" }, .count = 1 };
    char path[PATH_MAX];
    int64_t size = 0, memory = q->memory_bytes ? q->memory_bytes : READER_MEMORY_DEFAULT;
    int64_t wall_ms = q->wall_ms ? q->wall_ms : modes[q->mode].wall_ms;
    int ends_of_pipe[2];

    int rc = q->program ? 0 : beside_us(path, err);
    if (rc != 0) {
        return rc;
    }
    AUTO_FD int input = read_only_input(q->input_fd, &size, err);
    if (input < 0) {
        return input;
    }
    add_arguments(&a, q, memory, wall_ms);
    if (pipe2(ends_of_pipe, O_CLOEXEC) != 0) {
        return error_errno(err, "A pipe to the reader could not be made");
    }
    (void)fcntl(ends_of_pipe[0], F_SETPIPE_SZ,
        PIPE_BYTES); // a wish: the kernel may have a lower limit for users
    struct spawn_request s = { .path = q->program ? q->program : path,
        .argv = a.argv,
        .fd_count = 2,
        .fds = { { CHILD_IN, input }, { CHILD_OUT, ends_of_pipe[1] } } };
    if (q->model_fd > 0) {
        s.fds[s.fd_count++] = (struct spawn_fd){ CHILD_MODEL, q->model_fd };
    }
#ifdef LARDER_SANITIZED
    s.fds[s.fd_count++] = (struct spawn_fd){ STDERR_FILENO, STDERR_FILENO };
#endif
    rc = spawn_start(&s, &r->child, err);
    close(ends_of_pipe[1]);
    if (rc != 0) {
        close(ends_of_pipe[0]);
        return rc;
    }
    r->memory_max = memory + size + BASE_MEMORY_BYTES;
    r->deadline_ms = clock_mono_ms() + wall_ms;
    *ret_pipe = ends_of_pipe[0];
    return 0;
}

// Watching.

static void sample_memory(struct run *r)
{
    int64_t rss = 0, peak = 0;

    r->looked_ms = clock_mono_ms();
    if (process_memory(r->child.pid, &rss, &peak) != 0) {
        return;
    }
    // Between the spawn and the exec the child shows our own memory; once HELLO came it is its own.
    if (r->decoder.state == FRAMES_START) {
        return;
    }
    r->result.peak_rss_bytes = peak > r->result.peak_rss_bytes ? peak : r->result.peak_rss_bytes;
    if (rss > r->memory_max) {
        judge(r, READER_OUT_OF_MEMORY, "Reading the document took more memory than is allowed.");
    }
}

static void look(struct run *r)
{
    if (r->cancel && atomic_load(r->cancel)) {
        judge(r, READER_CANCELLED, "Reading the document was cancelled.");
    }
    if (clock_mono_ms() >= r->deadline_ms) {
        judge(r, READER_OUT_OF_TIME, "Reading the document took longer than is allowed.");
    }
    if (!r->judged && clock_mono_ms() - r->looked_ms >= LOOK_EVERY_MS) {
        sample_memory(r);
    }
}

// Handing on.

static int image_frame(struct run *r, const struct frame *f)
{
    if (f->type == FRAME_IMAGE_START) {
        buf_reset(&r->image);
        buf_reset(&r->image_name);
        buf_reset(&r->image_type);
        buf_add_slice(&r->image_name, f->image_start.name);
        buf_add_slice(&r->image_type, f->image_start.media_type);
        return 0;
    }
    buf_add_slice(&r->image, f->image_data); // grows with what came, never with what was announced
    if (r->decoder.state == FRAMES_IMAGE) {
        return 0;
    }
    if (!buf_ok(&r->image) || !buf_ok(&r->image_name) || !buf_ok(&r->image_type)) {
        return ERR_MEMORY;
    }
    return r->events->image ? r->events->image(r->events->ctx, buf_slice(&r->image_name),
                                  buf_slice(&r->image_type), buf_slice(&r->image))
                            : 0;
}

static void refused_frame(struct run *r, const struct frame *f)
{
    static const enum reader_end by_cause[REFUSED_CAUSES] = {
        [REFUSED_MEMORY] = READER_OUT_OF_MEMORY,
        [REFUSED_LIMIT] = READER_REFUSED,
        [REFUSED_UNSUPPORTED] = READER_UNSUPPORTED,
        [REFUSED_SANDBOX] = READER_NO_SANDBOX,
        [REFUSED_ERROR] = READER_REFUSED,
    };
    char text[sizeof(r->result.text)];
    snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(f->refused.text));
    judge(r, by_cause[f->refused.cause], text[0] ? text : "The reader gave up.");
    r->ended = true;
}

static int hand_on(struct run *r, const struct frame *f)
{
    const struct reader_events *e = r->events;

    switch (f->type) {
    case FRAME_HELLO:
        r->result.sandbox_level = f->hello.level;
        r->result.landlock_abi = f->hello.landlock_abi;
        sample_memory(r);
        return 0;
    case FRAME_INFO:
        return e->info ? e->info(e->ctx, f->info.key, f->info.has_text ? &f->info.text : NULL,
                             f->info.number)
                       : 0;
    case FRAME_FINDING:
        return e->finding ? e->finding(e->ctx, &f->finding) : 0;
    case FRAME_ELEMENT:
        r->result.elements++;
        return e->element ? e->element(e->ctx, &f->element) : 0;
    case FRAME_PROGRESS:
        return e->progress ? e->progress(e->ctx, f->progress.done, f->progress.total) : 0;
    case FRAME_SOUND:
        if (!e->sound) {
            judge(r, READER_BREACH, "The reader gave sound that nobody asked for.");
            return 0;
        }
        return e->sound(e->ctx, f->sound.second, f->sound.samples);
    case FRAME_IMAGE_START:
    case FRAME_IMAGE_DATA:
        return image_frame(r, f);
    case FRAME_DONE:
        sample_memory(r);
        judge(r, READER_DONE, "The document was read.");
        r->ended = true;
        return 0;
    case FRAME_REFUSED:
        refused_frame(r, f);
        return 0;
    default:
        return 0;
    }
}

static void decode_all(struct run *r)
{
    struct frame f;
    struct error err = { .code = 0 };
    int64_t before = clock_mono_ms();
    int rc = 0;

    while (!r->judged && (rc = frame_decode(&r->decoder, &f, &err)) == 1) {
        int told = hand_on(r, &f);
        if (told != 0) {
            r->callback_error = told;
            judge(r, READER_STOPPED, "Reading the document was stopped.");
        }
        if (r->cancel && atomic_load(r->cancel)) {
            judge(r, READER_CANCELLED, "Reading the document was cancelled.");
        }
    }
    if (rc < 0) {
        judge(r, READER_BREACH, err.text);
    }
    r->deadline_ms += clock_mono_ms() - before;
}

// Until the pipe's end, or until it is clear how it ends.
static void listen_to(struct run *r, int pipe_fd)
{
    AUTO_FREE char *bytes = xalloc(READ_BYTES);

    while (!r->judged) {
        struct pollfd p = { .fd = pipe_fd, .events = POLLIN };
        int64_t left = r->deadline_ms - clock_mono_ms();
        int n = poll(&p, 1, left < LOOK_EVERY_MS ? (left < 0 ? 0 : (int)left) : LOOK_EVERY_MS);
        look(r);
        if (r->judged || n <= 0) {
            continue;
        }
        ssize_t got = read(pipe_fd, bytes, READ_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return;
        }
        struct error err = { .code = 0 };
        int rc = frame_decoder_feed(&r->decoder, bytes, (size_t)got, &err);
        r->result.output_bytes += got;
        if (rc != 0) {
            judge(r, rc == ERR_TOO_LARGE ? READER_OUT_OF_OUTPUT : READER_BREACH,
                rc == ERR_TOO_LARGE ? "Reading the document gave more output than is allowed."
                                    : err.text);
        }
        decode_all(r);
    }
}

// What the process' end says, when its frames do not.
static void judge_end(struct run *r, const struct child_end *end, int64_t cpu_s)
{
    if (!end->signalled) {
        if (end->code == READER_EXIT_MEMORY) {
            judge(
                r, READER_OUT_OF_MEMORY, "Reading the document took more memory than is allowed.");
        }
        judge(r, READER_SILENT, "The reader ended without saying how.");
        return;
    }
    switch (end->code) {
    case SIGSYS:
        judge(r, READER_SANDBOX_KILL,
            "The reader tried something that a reader never needs, and was stopped.");
        break;
    case SIGXCPU:
    case SIGALRM:
        judge(r, READER_OUT_OF_TIME, "Reading the document took longer than is allowed.");
        break;
    case SIGKILL: // not by us: the hard limit on processor time, the kernel, short of memory, or somebody by hand
        if (end->cpu_us >= cpu_s * 1000000) {
            judge(r, READER_OUT_OF_TIME, "Reading the document took longer than is allowed.");
        }
        judge(
            r, READER_CRASHED, "The system ended the reader; the machine may be short of memory.");
        break;
    default:
        judge(r, READER_CRASHED,
            "The program that reads this type of document could not cope with it.");
    }
}

static void collect(struct run *r, int64_t cpu_s)
{
    struct child_end end = { .signalled = false };
    bool killed = false;

    // A reader that said its last word, or closed its pipe, may end by itself; any other is ended now.
    int64_t grace = !r->judged || r->ended ? clock_mono_ms() + GRACE_MS : 0;
    if (child_wait(&r->child, grace, &end) != 0) {
        child_kill(&r->child);
        killed = true;
        child_wait(&r->child, INT64_MAX, &end);
    }
    r->result.signal = end.signalled && !killed ? end.code : 0;
    r->result.exit_status = end.signalled ? 0 : end.code;
    r->result.cpu_ms = end.cpu_us / 1000;
    if (r->result.peak_rss_bytes == 0) { // too short to be sampled: an upper bound (os/child.h)
        r->result.peak_rss_bytes = end.peak_rss;
    }
    if (killed) {
        judge(r, READER_SILENT, "The reader closed its pipe without saying how it ended.");
    }
    judge_end(r, &end, cpu_s);
}

int reader_run(const struct reader_request *request, const struct reader_events *events,
    const atomic_bool *cancel, struct reader_result *ret, struct error *err)
{
    static const struct reader_events no_events;
    struct run r = { .events = events ? events : &no_events, .cancel = cancel };
    int64_t began = clock_mono_ms();
    int pipe_fd = -1;

    BUG_ON((unsigned)request->mode >= MODES || !request->format);
    int rc = start(&r, request, &pipe_fd, err);
    if (rc != 0) {
        return rc;
    }
    frame_decoder_init(&r.decoder,
        (uint64_t)(request->output_bytes ? request->output_bytes : READER_OUTPUT_DEFAULT));
    buf_init(&r.image, FRAME_IMAGE_MAX);
    buf_init(&r.image_name, FRAME_IMAGE_NAME_MAX);
    buf_init(&r.image_type, FRAME_IMAGE_NAME_MAX);
    listen_to(&r, pipe_fd);
    collect(&r, request->cpu_s ? request->cpu_s : modes[request->mode].cpu_s);
    close(pipe_fd);
    r.result.wall_ms = clock_mono_ms() - began;
    frame_decoder_done(&r.decoder);
    buf_done(&r.image);
    buf_done(&r.image_name);
    buf_done(&r.image_type);
    *ret = r.result;
    metric_add(METRIC_READER_ENDS, (unsigned)r.result.end, 0, 1);
    metric_add(METRIC_READER_CPU, 0, 0, r.result.cpu_ms);
    metric_set(METRIC_READER_PEAK, 0, 0, (double)r.result.peak_rss_bytes);
    for (unsigned i = 0; r.result.sandbox_level && i < label_count(LABEL_SANDBOX); i++) {
        metric_set(METRIC_READER_SANDBOX, i, 0, r.result.sandbox_level >> i & 1);
    }
    if (r.callback_error) {
        return error_set(err, r.callback_error, "What the reader reported could not be kept.");
    }
    return 0;
}
