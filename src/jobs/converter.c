// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements converter.h: a private folder, the input in it, larder-convert on it, the result out of it, the folder gone.
#include "jobs/converter.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "os/child.h"
#include "os/file.h"
#include "os/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOOK_EVERY_MS = 50, // at cancel and the clock
    MEASURE_EVERY_MS = 500, // the folder
    LEVEL_FD = 3,
    NUMBER_TEXT = 24,
    EXIT_NOT_LOCKED = 70, // as in convert/main.c
    EXIT_SIGNAL = 128,
    COPY_STEP = 16 << 20,
};

static const struct {
    const char *word, *finding, *text;
} ends[CONVERT_ENDS] = {
    [CONVERT_DONE] = { "done", NULL, "It was converted." },
    [CONVERT_FAILED] = { "failed", "structure.corrupt", "LibreOffice could not open the file." },
    [CONVERT_CRASHED] = { "crashed", "reader.crashed",
        "LibreOffice could not cope with the file." },
    [CONVERT_OUT_OF_TIME] = { "out_of_time", "bomb.time",
        "Converting the file took longer than is allowed." },
    [CONVERT_OUT_OF_ROOM] = { "out_of_room", "bomb.output",
        "Converting the file took more room than is allowed." },
    [CONVERT_NO_SANDBOX] = { "no_sandbox", NULL,
        "The system does not allow the limits that a converter needs." },
    [CONVERT_CANCELLED] = { "cancelled", NULL, "Converting the file was cancelled." },
};

const char *convert_end_word(enum convert_end end)
{
    BUG_ON((unsigned)end >= CONVERT_ENDS);
    return ends[end].word;
}

const char *convert_end_finding(enum convert_end end)
{
    BUG_ON((unsigned)end >= CONVERT_ENDS);
    return ends[end].finding;
}

// Finding it.

// soffice is a script beside soffice.bin; the script sets up what we do not want (a shell, a restart loop).
static bool program_of(const char *path, char ret_program[PATH_MAX])
{
    char real[PATH_MAX];

    if (!realpath(path, real)) {
        return false;
    }
    char *slash = strrchr(real, '/');
    if (strcmp(slash + 1, "soffice.bin") != 0 &&
        (size_t)(slash - real) + sizeof("/soffice.bin") <= sizeof(real)) {
        memcpy(slash, "/soffice.bin", sizeof("/soffice.bin"));
    }
    if (access(real, X_OK) != 0) {
        return false;
    }
    memcpy(ret_program, real, sizeof(real));
    return true;
}

bool converter_find(const char *setting, char ret_program[PATH_MAX])
{
    static const char *const usual[] = { "/usr/bin/soffice", "/usr/local/bin/soffice",
        "/usr/bin/libreoffice", "/usr/local/bin/libreoffice",
        "/usr/lib/libreoffice/program/soffice", "/usr/lib64/libreoffice/program/soffice",
        "/opt/libreoffice/program/soffice" };

    ret_program[0] = '\0';
    if (strcmp(setting, "off") == 0) {
        return false;
    }
    if (setting[0]) {
        return program_of(setting, ret_program);
    }
    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        if (program_of(usual[i], ret_program)) {
            return true;
        }
    }
    return false;
}

int converter_sweep(const char *folder, struct error *err)
{
    int rc = make_dirs(folder, 0700, err);

    return rc < 0 ? rc : tree_empty(folder, err);
}

// The private folder.

static int copy_input(int from, const char *path, struct error *err)
{
    AUTO_FD int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    off_t at = 0;
    struct stat st;

    if (to < 0 || fstat(from, &st) != 0) {
        return error_errno(err, "The document could not be handed to its converter");
    }
    while (at < st.st_size) {
        ssize_t n = sendfile(to, from, &at, COPY_STEP);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return error_errno(err, "The document could not be handed to its converter");
        }
    }
    return 0;
}

// *ret is to be freed.
static int make_folder(const struct convert_request *q, char **ret, struct error *err)
{
    uint8_t random[8];
    char name[2 * sizeof(random) + 1];

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), name);
    char *folder = xasprintf("%s/%s", q->folder, name);
    AUTO_FREE char *input = xasprintf("%s/in.%s", folder, q->from);
    if (mkdir(folder, 0700) != 0) {
        int rc = error_errno(err, "A folder for the converter could not be made");
        free(folder);
        return rc;
    }
    int rc = copy_input(q->input_fd, input, err);
    if (rc < 0) {
        tree_remove(folder, NULL);
        free(folder);
        return rc;
    }
    *ret = folder;
    return 0;
}

// The one file that is wanted, if it is a file like any other: what made it is not trusted.
static int take_result(const struct convert_request *q, const char *folder, int64_t *ret_size)
{
    AUTO_FREE char *out = xasprintf("%s/out", folder);
    char name[16];
    struct stat st;

    snprintf(name, sizeof(name), "in.%s", q->to);
    AUTO_FD int dir = open(out, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_FD int fd =
        dir >= 0 ? openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        st.st_size == 0 || st.st_size > CONVERT_RESULT_MAX) {
        return -1;
    }
    *ret_size = st.st_size;
    int taken = fd;
    fd = -1;
    return taken;
}

// The run.

struct run {
    struct child child;
    int level_fd;
    int64_t deadline_ms, measured_ms;
    const char *folder;
    const atomic_bool *cancel;
    bool judged;
    enum convert_end end;
};

static int start(struct run *r, const struct convert_request *q, struct error *err)
{
    char memory[NUMBER_TEXT], cpu[NUMBER_TEXT], file[NUMBER_TEXT];
    int64_t bytes = q->memory_bytes ? q->memory_bytes : CONVERT_MEMORY_DEFAULT;
    const char *argv[] = { "larder-convert", "--program", q->office, "--folder", r->folder,
        "--from", q->from, "--to", q->to, "--memory", memory, "--cpu", cpu, "--file", file,
        "--sandbox", q->sandbox_prefer ? "prefer" : "require", "--namespaces",
        q->without_namespaces ? "0" : "1", q->hide ? "--hide" : NULL, q->hide, NULL };
    int ends_of_pipe[2];

    snprintf(memory, sizeof(memory), "%lld", (long long)bytes);
    snprintf(cpu, sizeof(cpu), "%lld", (long long)(q->wall_ms / 1000 + 1));
    snprintf(file, sizeof(file), "%lld", (long long)CONVERT_RESULT_MAX);
    if (pipe2(ends_of_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_errno(err, "A pipe to the converter could not be made");
    }
    struct spawn_request s = { .path = q->jail,
        .argv = (char *const *)(uintptr_t)argv,
        .fd_count = 1,
        .fds = { { LEVEL_FD, ends_of_pipe[1] } } };
    int rc = spawn_start(&s, &r->child, err);
    close(ends_of_pipe[1]);
    if (rc < 0) {
        close(ends_of_pipe[0]);
        return rc;
    }
    r->level_fd = ends_of_pipe[0];
    r->deadline_ms = clock_mono_ms() + q->wall_ms;
    return 0;
}

static void judge(struct run *r, enum convert_end end)
{
    if (!r->judged) {
        r->judged = true;
        r->end = end;
    }
}

static void look(struct run *r)
{
    int64_t now = clock_mono_ms();
    struct tree_size size;

    if (r->cancel && atomic_load(r->cancel)) {
        judge(r, CONVERT_CANCELLED);
    } else if (now >= r->deadline_ms) {
        judge(r, CONVERT_OUT_OF_TIME);
    } else if (now - r->measured_ms >= MEASURE_EVERY_MS) {
        r->measured_ms = now;
        if (tree_measure(r->folder, CONVERT_ENTRIES_MAX, &size) == 0 &&
            (size.bytes > CONVERT_ROOM_MAX || size.entries >= CONVERT_ENTRIES_MAX)) {
            judge(r, CONVERT_OUT_OF_ROOM);
        }
    }
}

static void judge_end(struct run *r, const struct child_end *end)
{
    int number = end->signalled ? end->code : end->code > EXIT_SIGNAL ? end->code - EXIT_SIGNAL : 0;

    if (number == SIGXFSZ) {
        judge(r, CONVERT_OUT_OF_ROOM);
    } else if (number == SIGXCPU) {
        judge(r, CONVERT_OUT_OF_TIME);
    } else if (number) {
        judge(r, CONVERT_CRASHED);
    } else if (end->code == EXIT_NOT_LOCKED) {
        judge(r, CONVERT_NO_SANDBOX);
    } else {
        judge(r, end->code == 0 ? CONVERT_DONE : CONVERT_FAILED);
    }
}

static void watch(struct run *r, struct convert_result *ret)
{
    struct child_end end = { .signalled = false };
    uint32_t told[2] = { 0, 0 };

    while (!r->judged && child_wait(&r->child, clock_mono_ms() + LOOK_EVERY_MS, &end) != 0) {
        look(r);
    }
    if (r->judged) {
        child_kill_group(&r->child); // and with the first of the process namespace all in it
        child_wait(&r->child, INT64_MAX, &end);
    } else {
        judge_end(r, &end);
    }
    ret->cpu_ms = end.cpu_us / 1000;
    if (read(r->level_fd, told, sizeof(told)) == (ssize_t)sizeof(told)) {
        ret->level = told[0];
        ret->landlock_abi = told[1];
    }
    close(r->level_fd);
}

int converter_run(const struct convert_request *q, const atomic_bool *cancel,
    struct convert_result *ret, struct error *err)
{
    AUTO_FREE char *folder = NULL;
    struct convert_result result = { .fd = -1 };
    struct run r = { .level_fd = -1, .cancel = cancel };
    int64_t began = clock_mono_ms();
    struct error gone = { .code = 0 };
    int rc = make_folder(q, &folder, err);

    if (rc < 0) {
        return rc;
    }
    r.folder = folder;
    rc = start(&r, q, err);
    if (rc == 0) {
        watch(&r, &result);
        result.end = r.end;
        if (result.end == CONVERT_DONE) {
            result.fd = take_result(q, folder, &result.size);
            result.end = result.fd >= 0 ? CONVERT_DONE : CONVERT_FAILED;
        }
        snprintf(result.text, sizeof(result.text), "%s", ends[result.end].text);
        result.wall_ms = clock_mono_ms() - began;
        *ret = result;
    }
    if (tree_remove(folder, &gone) < 0) {
        log_warn("convert.folder_stays", LS("what", gone.text));
    }
    return rc;
}
