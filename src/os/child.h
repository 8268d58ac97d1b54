// SPDX-License-Identifier: AGPL-3.0-or-later
// Starting another program with exactly the file descriptors it is given, and waiting for that one process. posix_spawn,
// never fork: a fork of a large server copies its page tables. Any thread; nothing global; the process must not ignore
// SIGCHLD (its ends could not be collected).
#ifndef LARDER_OS_CHILD_H
#define LARDER_OS_CHILD_H

#include "base/error.h"

#include <sys/types.h>

enum { SPAWN_FDS_MAX = 8 };

struct spawn_fd {
    int at; // its number in the child
    int from; // ours; stays open here
};

struct spawn_request {
    const char *path; // of the program; not looked up
    char *const *argv; // ended by NULL
    char *const *env; // NULL: empty
    struct spawn_fd fds[SPAWN_FDS_MAX];
    size_t fd_count; // 0, 1 and 2 are /dev/null unless listed; everything else is closed
};

struct child {
    pid_t pid; // 0: none
    int pidfd; // readable when it has ended; -1: the kernel has none
};

struct child_end {
    bool signalled; // code is a signal, else an exit status
    int code;
    int64_t cpu_us; // user and system
    int64_t
        peak_rss; // bytes; the kernel counts the parent's memory at the start in, so it is an upper bound only
};

// 0, ERR_NOT_FOUND if there is no such program, ERR_MEMORY, ERR_INTERNAL. The child has its own process group, all
// signals at their defaults and none blocked.
int spawn_start(const struct spawn_request *request, struct child *ret, struct error *err);
void child_kill(const struct child *c); // SIGKILL to it alone
void child_kill_group(
    const struct child *c); // and to all that it started and that stayed in its group
// Waits until it ends (0, *ret filled, c->pid is 0 after) or clock_mono_ms() reaches the deadline (ERR_TIMEOUT). A
// deadline in the past only looks.
int child_wait(struct child *c, int64_t deadline_ms, struct child_end *ret);
// Kills it if it still runs, and collects it.
void child_done(struct child *c);

#endif
