// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements resources.h. Files of /proc and /sys are small texts; each read is bounded.
#include "os/resources.h"

#include "base/clock.h"
#include "base/slice.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PROC_TEXT_MAX = 16 << 10, PROC_PATH_MAX = 512, LEVELS_MAX = 32, FDS_COUNTED_MAX = 1 << 20 };

// The whole of a small text file, NUL-terminated; false if it can't be read.
static bool small_text(const char *path, char text[PROC_TEXT_MAX])
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    while (fd >= 0 && len < PROC_TEXT_MAX - 1) {
        ssize_t n = read(fd, text + len, PROC_TEXT_MAX - 1 - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    text[len] = '\0';
    return fd >= 0 && len > 0;
}

static const char *proc_path(pid_t pid, const char *name, char path[PROC_PATH_MAX])
{
    if (pid == 0) {
        snprintf(path, PROC_PATH_MAX, "/proc/self/%s", name);
    } else {
        snprintf(path, PROC_PATH_MAX, "/proc/%d/%s", (int)pid, name);
    }
    return path;
}

// The number after "key" at the start of a line; READING_UNKNOWN if there is none.
static int64_t line_number(const char *text, const char *key)
{
    size_t len = strlen(key);
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, key, len) == 0) {
            return strtoll(at + len, NULL, 10);
        }
    }
    return READING_UNKNOWN;
}

int process_memory(pid_t pid, int64_t *ret_rss, int64_t *ret_peak)
{
    char path[PROC_PATH_MAX], text[PROC_TEXT_MAX];

    if (!small_text(proc_path(pid, "status", path), text)) {
        return ERR_NOT_FOUND;
    }
    int64_t rss = line_number(text, "VmRSS:"), peak = line_number(text, "VmHWM:");
    if (rss == READING_UNKNOWN || peak == READING_UNKNOWN) {
        return ERR_NOT_FOUND;
    }
    *ret_rss = rss * 1024;
    *ret_peak = peak * 1024;
    return 0;
}

static int32_t count_fds(pid_t pid)
{
    char path[PROC_PATH_MAX];
    DIR *dir = opendir(proc_path(pid, "fd", path));
    int32_t n = 0;

    if (!dir) {
        return READING_UNKNOWN;
    }
    for (struct dirent *e; n < FDS_COUNTED_MAX && (e = readdir(dir));) {
        n += e->d_name[0] != '.';
    }
    closedir(dir);
    return pid == 0 && n > 0 ? n - 1 : n; // without the one that looks
}

int process_read(pid_t pid, struct process_reading *ret)
{
    char path[PROC_PATH_MAX], text[PROC_TEXT_MAX], uptime[PROC_TEXT_MAX];
    struct process_reading r = { .fds_max = READING_UNKNOWN };
    unsigned long long user = 0, system = 0, start = 0, virtual_bytes = 0;
    long threads = 0;

    if (process_memory(pid, &r.rss_bytes, &r.peak_rss_bytes) != 0 ||
        !small_text(proc_path(pid, "stat", path), text)) {
        return ERR_NOT_FOUND;
    }
    const char *after_name = strrchr(text, ')'); // the name may hold anything, brackets too
    if (!after_name ||
        sscanf(after_name + 1,
            " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld "
            "%*d %llu %llu",
            &user, &system, &threads, &start, &virtual_bytes) != 5) {
        return ERR_NOT_FOUND;
    }
    int64_t tick = sysconf(_SC_CLK_TCK) > 0 ? sysconf(_SC_CLK_TCK) : 100;
    r.cpu_us = (int64_t)((user + system) * 1000000 / (unsigned long long)tick);
    r.threads = (int32_t)threads;
    r.virtual_bytes = (int64_t)virtual_bytes;
    if (small_text("/proc/uptime", uptime)) {
        double up = strtod(uptime, NULL);
        r.start_ms = clock_wall_ms() - (int64_t)((up - (double)start / (double)tick) * 1000);
    }
    r.fds = count_fds(pid);
    struct rlimit limit;
    if (pid == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        r.fds_max = limit.rlim_cur == RLIM_INFINITY ? INT64_MAX : (int64_t)limit.rlim_cur;
    }
    *ret = r;
    return 0;
}

// Memory: each candidate is a use and a limit; the one with the largest share binds.

static void consider(struct memory_reading *m, const char *kind, int64_t used, int64_t limit)
{
    if (used < 0 || limit <= 0) {
        return;
    }
    if (!m->limit_kind ||
        (double)used / (double)limit > (double)m->used_bytes / (double)m->limit_bytes) {
        m->limit_kind = kind;
        m->used_bytes = used;
        m->limit_bytes = limit;
    }
}

static int64_t number_in(const char *folder, const char *name)
{
    char path[PROC_PATH_MAX + 64], text[PROC_TEXT_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (!small_text(path, text) || text[0] < '0' || text[0] > '9') {
        return READING_UNKNOWN; // "max" too
    }
    return strtoll(text, NULL, 10);
}

// A group and all above it: a limit may stand at any level.
static void consider_group(struct memory_reading *m, const char *kind, const char *root,
    const char *group, const char *use_file, const char *limit_file, const char *cache_key)
{
    char folder[PROC_PATH_MAX], path[PROC_PATH_MAX + 32], text[PROC_TEXT_MAX];

    snprintf(folder, sizeof(folder), "%s%.300s", root, group);
    for (int level = 0; level < LEVELS_MAX; level++) {
        int64_t used = number_in(folder, use_file), limit = number_in(folder, limit_file);
        snprintf(path, sizeof(path), "%s/memory.stat", folder);
        if (used > 0 && small_text(path, text)) {
            int64_t cache =
                line_number(text, cache_key); // pages of files that can be dropped at any time
            used = cache > 0 && cache < used ? used - cache : used;
        }
        if (limit < m->machine_total_bytes || m->machine_total_bytes == 0) {
            consider(m, kind, used, limit);
        }
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < strlen(root)) {
            return;
        }
        *slash = '\0';
    }
}

int memory_read(struct memory_reading *ret)
{
    struct memory_reading m = { .limit_kind = NULL };
    char text[PROC_TEXT_MAX], status[PROC_TEXT_MAX];
    struct rlimit limit;

    if (!small_text("/proc/meminfo", text)) {
        return ERR_UNSUPPORTED;
    }
    m.machine_total_bytes = line_number(text, "MemTotal:") * 1024;
    m.machine_available_bytes = line_number(text, "MemAvailable:") * 1024;
    consider(
        &m, "machine", m.machine_total_bytes - m.machine_available_bytes, m.machine_total_bytes);
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        small_text("/proc/self/status", status)) {
        consider(&m, "rlimit", line_number(status, "VmSize:") * 1024, (int64_t)limit.rlim_cur);
    }
    if (small_text("/proc/self/cgroup", text)) {
        struct slice rest = slice_of(text), line;
        while (slice_cut(&rest, '\n', &line)) {
            struct slice number, controllers;
            if (!slice_cut(&line, ':', &number) || !slice_cut(&line, ':', &controllers)) {
                continue;
            }
            AUTO_FREE char *group = xstrndup(line.data ? line.data : "", line.len);
            if (controllers.len == 0) {
                consider_group(&m, "cgroup-v2", "/sys/fs/cgroup", group, "memory.current",
                    "memory.max", "inactive_file ");
            } else if (slice_find(controllers, SLICE_LIT("memory"))) {
                consider_group(&m, "cgroup-v1", "/sys/fs/cgroup/memory", group,
                    "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file ");
            }
        }
    }
    *ret = m;
    return m.limit_kind ? 0 : ERR_UNSUPPORTED;
}

static double pressure_of(const char *path)
{
    char text[PROC_TEXT_MAX];
    const char *at = small_text(path, text) ? strstr(text, "avg10=") : NULL;
    return at ? strtod(at + strlen("avg10="), NULL) / 100 : READING_UNKNOWN;
}

void pressure_read(struct pressure_reading *ret)
{
    ret->cpu = pressure_of("/proc/pressure/cpu");
    ret->memory = pressure_of("/proc/pressure/memory");
    ret->io = pressure_of("/proc/pressure/io");
}

void load_read(struct load_reading *ret)
{
    double load[3] = { READING_UNKNOWN, READING_UNKNOWN, READING_UNKNOWN };
    cpu_set_t set;

    getloadavg(load, 3);
    CPU_ZERO(&set);
    *ret = (struct load_reading){ .one = load[0],
        .five = load[1],
        .fifteen = load[2],
        .cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1 };
}

int disk_read(const char *folder, struct disk_reading *ret)
{
    struct statvfs v;
    if (statvfs(folder, &v) != 0) {
        return err_of_errno(errno);
    }
    *ret = (struct disk_reading){
        .total_bytes = (int64_t)v.f_blocks * (int64_t)v.f_frsize,
        .free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize,
        .total_inodes = (int64_t)v.f_files,
        .free_inodes = (int64_t)v.f_favail,
    };
    return 0;
}
