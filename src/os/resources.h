// SPDX-License-Identifier: AGPL-3.0-or-later
// Readings of the machine: a process, the memory limit that binds, pressure, load, disk. What the kernel does not tell is
// marked as unknown, never shown as zero. Any thread; each call reads anew.
#ifndef LARDER_OS_RESOURCES_H
#define LARDER_OS_RESOURCES_H

#include "base/error.h"

#include <sys/types.h>

enum { READING_UNKNOWN = -1 };

struct process_reading {
    int64_t rss_bytes;
    int64_t peak_rss_bytes;
    int64_t virtual_bytes;
    int64_t cpu_us; // user and system
    int64_t start_ms; // wall clock, when it began
    int32_t threads;
    int32_t fds; // open ones; READING_UNKNOWN for another user's process
    int64_t fds_max; // soft limit, own process only
};
// pid 0: this one. 0, or ERR_NOT_FOUND when it has ended (a zombie counts as ended).
int process_read(pid_t pid, struct process_reading *ret);
// Only resident and peak memory; two small reads. 0 or ERR_NOT_FOUND.
int process_memory(pid_t pid, int64_t *ret_rss, int64_t *ret_peak);

struct memory_reading {
    const char *
        limit_kind; // "cgroup-v2", "cgroup-v1", "rlimit" or "machine": the one nearest to being reached
    int64_t used_bytes; // against that limit; without caches that the kernel can drop
    int64_t limit_bytes;
    int64_t machine_total_bytes;
    int64_t machine_available_bytes;
};
int memory_read(struct memory_reading *ret); // 0 or ERR_UNSUPPORTED

struct
    pressure_reading { // share of the last 10 seconds in which some task waited, 0 to 1; READING_UNKNOWN if not told
    double cpu, memory, io;
};
void pressure_read(struct pressure_reading *ret);

struct load_reading {
    double one, five, fifteen; // tasks that run or wait, averages over minutes
    int32_t cpus; // that this process may use
};
void load_read(struct load_reading *ret);

struct disk_reading {
    int64_t total_bytes, free_bytes; // free: for this user
    int64_t total_inodes, free_inodes; // 0 where the file system does not count them
};
int disk_read(const char *folder, struct disk_reading *ret); // 0 or ERR_*

#endif
