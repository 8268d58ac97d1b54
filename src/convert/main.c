// SPDX-License-Identifier: AGPL-3.0-or-later
// larder-convert: runs LibreOffice on one untrusted file of an older Office format and dies. Started by the server
// (jobs/converter.c), never by a person.
//
//   server ─▶ larder-convert: leaves the server's namespaces, forks, waits
//                └▶ locks itself in (jail.h), says so on descriptor 3, forks for each try, waits
//                      └▶ filter of system calls, then soffice.bin
//
// The private folder holds the input, gets LibreOffice's profile (macros never, links never) and the result in out/. Killing
// the first process ends all of them: the others ask the kernel for that, and a process namespace goes with its first.
// Options come on the command line and hold nothing secret; the environment is empty.
//
// Exit status: 0 LibreOffice ended well, 1 it did not, 64 wrong options, 70 could not be locked in, 128 + N it was ended
// by signal N.
#include "base/buf.h"
#include "base/slice.h"
#include "convert/jail.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LEVEL_FD = 3,
    EXIT_FAILED = 1,
    EXIT_USAGE = 64,
    EXIT_NOT_LOCKED = 70,
    EXIT_SIGNAL = 128,
    ASKS_FOR_RESTART = 81, // after it has set up its profile; 79 after a crash of that
    ASKS_AFTER_CRASH = 79,
    TRIES = 3,
    URL_MAX = 3 * PATH_MAX,
};

static const char settings[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<oor:items xmlns:oor=\"http://openoffice.org/2001/registry\" "
                               "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" "
                               "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
#define SET(path, name, value)                                                                     \
    "<item oor:path=\"/org.openoffice." path "\"><prop oor:name=\"" name                           \
    "\" oor:op=\"fuse\"><value>" value "</value></prop></item>\n"
    SET("Office.Common/Security/Scripting", "DisableMacrosExecution", "true") SET(
        "Office.Common/Security/Scripting", "MacroSecurityLevel",
        "3") SET("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true")
        SET("Office.Common/Security/Scripting", "DisableActiveContent", "true") SET(
            "Office.Common/Save/Document", "CreateBackup", "false") SET("Office.Common/Misc",
            "UseOpenCL", "false") SET("Office.Common/Filter/Microsoft/Import", "EnableWordPreview",
            "false") SET("Office.Calc/Content/Update", "Link", "2") SET("Office.Calc/Formula/Load",
            "OOXMLRecalcMode", "1") SET("Office.Calc/Formula/Load", "ODFRecalcMode", "1")
            SET("Office.Writer/Content/Update", "Link", "0")
                SET("Office.Writer/Content/Update", "Field", "false")
                    SET("Office.Writer/Content/Update", "Chart", "false")
                        SET("Office.Recovery/RecoveryInfo", "Enabled", "false")
                            SET("Office.Recovery/AutoSave", "Enabled", "false")
                                SET("Setup/Product", "ooSetupLastVersion", "99.9") "</oor:items>\n";

struct options {
    struct jail jail;
    const char *from, *to; // endings: "doc", "docx"
    bool require;
};

static bool is_ending(const char *text)
{
    static const char *const known[] = { "doc", "xls", "ppt", "txt", "docx", "xlsx", "pptx" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(text, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    struct jail *j = &o->jail;
    const struct {
        const char *name;
        const char **to;
    } texts[] = { { "--program", &j->program }, { "--folder", &j->folder }, { "--hide", &j->hide },
        { "--from", &o->from }, { "--to", &o->to } };
    const struct {
        const char *name;
        int64_t *to;
    } numbers[] = { { "--memory", &j->memory_bytes }, { "--cpu", &j->cpu_s },
        { "--file", &j->file_bytes } };

    for (int i = 1; i + 1 < argc; i += 2) {
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
            if (strcmp(argv[i], texts[k].name) == 0) {
                *texts[k].to = argv[i + 1];
                known = true;
            }
        }
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
            if (strcmp(argv[i], numbers[k].name) == 0) {
                known = slice_to_i64(slice_of(argv[i + 1]), numbers[k].to) && *numbers[k].to > 0;
            }
        }
        if (strcmp(argv[i], "--sandbox") == 0) {
            o->require = strcmp(argv[i + 1], "require") == 0;
            known = true;
        } else if (strcmp(argv[i], "--namespaces") == 0) {
            j->namespaces = strcmp(argv[i + 1], "0") != 0;
            known = true;
        }
        if (!known) {
            return false;
        }
    }
    return argc % 2 == 1 && j->program && j->program[0] == '/' && j->folder &&
           j->folder[0] == '/' && o->from && o->to && is_ending(o->from) && is_ending(o->to) &&
           j->memory_bytes && j->cpu_s && j->file_bytes;
}

// "file:///srv/a%20b"
static void url_of(const char *path, const char *name, char url[URL_MAX])
{
    size_t n = (size_t)snprintf(url, URL_MAX, "-env:UserInstallation=file://");

    for (const char *at = path; *at && n + 8 < URL_MAX; at++) {
        unsigned char c = (unsigned char)*at;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("/-_.~", c);
        n += (size_t)snprintf(url + n, URL_MAX - n, plain ? "%c" : "%%%02X", c);
    }
    snprintf(url + n, URL_MAX - n, "/%s", name);
}

static bool write_profile(const char *inside)
{
    static const char *const parts[] = { "/profile", "/profile/user", "/out" };
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(path, sizeof(path), "%s%s", inside, parts[i]);
        if (mkdir(path, 0700) != 0) {
            return false;
        }
    }
    snprintf(path, sizeof(path), "%s/profile/user/registrymodifications.xcu", inside);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, settings, sizeof(settings) - 1) == (ssize_t)sizeof(settings) - 1;
}

NORETURN static void become_office(const struct options *o)
{
    static char url[URL_MAX], out[PATH_MAX], in[PATH_MAX], home[PATH_MAX + 8],
        temporary[PATH_MAX + 8], libraries[PATH_MAX + 24];
    const char *inside = JAIL_FOLDER, *slash = strrchr(o->jail.program, '/');

    url_of(inside, "profile", url);
    snprintf(out, sizeof(out), "%s/out", inside);
    snprintf(in, sizeof(in), "%s/in.%s", inside, o->from);
    snprintf(home, sizeof(home), "HOME=%s", inside);
    snprintf(temporary, sizeof(temporary), "TMPDIR=%s", inside);
    // Without /proc the loader can't tell where the program lies.
    snprintf(libraries, sizeof(libraries), "LD_LIBRARY_PATH=%.*s", (int)(slash - o->jail.program),
        o->jail.program);
    const char *const argv[] = { o->jail.program, "--headless", "--invisible", "--norestore",
        "--nolockcheck", "--nologo", "--nodefault", "--nofirststartwizard", url, "--convert-to",
        o->to, "--outdir", out, in, NULL };
    const char *const env[] = { home, temporary, libraries, "PATH=/usr/bin", "LC_ALL=C.UTF-8",
        "TZ=UTC0", "SAL_USE_VCLPLUGIN=svp", "SAL_DISABLE_OPENCL=1", "OOO_DISABLE_RECOVERY=1",
        "MALLOC_ARENA_MAX=2", NULL };
    if (jail_filter() != 0 && o->require) {
        _exit(EXIT_NOT_LOCKED);
    }
    execve(o->jail.program, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
    _exit(EXIT_FAILED);
}

// Waits for one child and reaps whatever else is handed to the first process of a namespace.
static int wait_for(pid_t pid)
{
    int status = 0;
    pid_t got;

    do {
        got = wait(&status);
    } while (got != pid && (got > 0 || errno == EINTR));
    if (got != pid) {
        return EXIT_FAILED;
    }
    return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

NORETURN static void inside(struct options *o)
{
    struct error err = { .code = 0 };
    uint32_t told[2];
    int status = EXIT_FAILED;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int rc = jail_enter(&o->jail, &err);
    bool lesser = (o->jail.level & (SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS)) !=
                  (SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS);
    if (rc != 0 || (lesser && o->require)) {
        _exit(EXIT_NOT_LOCKED);
    }
    told[0] = o->jail.level | SANDBOX_SECCOMP;
    told[1] = o->jail.landlock_abi;
    ssize_t n = write(LEVEL_FD, told, sizeof(told));
    (void)n; // nobody listens any more: it ends soon
    close(LEVEL_FD);
    if (!write_profile(JAIL_FOLDER)) {
        _exit(EXIT_FAILED);
    }
    for (int i = 0; i < TRIES; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            become_office(o);
        }
        status = pid > 0 ? wait_for(pid) : EXIT_FAILED;
        if (status != ASKS_FOR_RESTART && status != ASKS_AFTER_CRASH) {
            break;
        }
    }
    _exit(status);
}

#ifdef LARDER_SANITIZED
// After the program's namespaces the leak checker can't start its own helper, and would make every end a failure.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
    struct options o = { .jail = { .namespaces = true }, .require = true };

    if (!parse_options(argc, argv, &o)) {
        return EXIT_USAGE;
    }
    umask(0077);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    jail_apart(&o.jail);
    pid_t pid = fork();
    if (pid == 0) {
        inside(&o);
    }
    close(LEVEL_FD);
    int status = pid > 0 ? wait_for(pid) : EXIT_FAILED;
    return status < 256 ? status : EXIT_FAILED;
}
