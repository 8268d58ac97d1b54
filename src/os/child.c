// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements child.h.
#include "os/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SAFE_FD = 64, // copies go above it, so that no dup2 in the child lands on another source
    WAIT_SLICE_MS = 5, // between looks where there is no pidfd
};

static int add_actions(
    posix_spawn_file_actions_t *actions, const struct spawn_request *r, int copies[SPAWN_FDS_MAX])
{
    int highest = STDERR_FILENO;

    for (size_t i = 0; i < r->fd_count; i++) {
        copies[i] = fcntl(r->fds[i].from, F_DUPFD_CLOEXEC, SAFE_FD);
        if (copies[i] < 0) {
            return errno;
        }
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
        if (rc) {
            return rc;
        }
    }
    for (size_t i = 0; i < r->fd_count; i++) {
        int rc = posix_spawn_file_actions_adddup2(actions, copies[i], r->fds[i].at);
        if (rc) {
            return rc;
        }
        highest = r->fds[i].at > highest ? r->fds[i].at : highest;
    }
    for (int fd = STDERR_FILENO + 1; fd < highest; fd++) { // holes in the table
        bool listed = false;
        for (size_t i = 0; i < r->fd_count; i++) {
            listed = listed || r->fds[i].at == fd;
        }
        int rc = listed ? 0 : posix_spawn_file_actions_addclose(actions, fd);
        if (rc) {
            return rc;
        }
    }
    return posix_spawn_file_actions_addclosefrom_np(actions, highest + 1);
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t all, none;

    sigfillset(&all);
    sigemptyset(&none);
    int rc = posix_spawnattr_setsigdefault(attr, &all);
    rc = rc ? rc : posix_spawnattr_setsigmask(attr, &none);
    rc = rc ? rc : posix_spawnattr_setpgroup(attr, 0);
    return rc ? rc
              : posix_spawnattr_setflags(
                    attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

int spawn_start(const struct spawn_request *request, struct child *ret, struct error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int copies[SPAWN_FDS_MAX];
    char *const no_env[] = { NULL };
    pid_t pid = 0;

    BUG_ON(request->fd_count > SPAWN_FDS_MAX);
    for (size_t i = 0; i < SPAWN_FDS_MAX; i++) {
        copies[i] = -1;
    }
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return error_set(err, ERR_MEMORY, "There is no memory to start a program.");
    }
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error_set(err, ERR_MEMORY, "There is no memory to start a program.");
    }
    int rc = add_actions(&actions, request, copies);
    rc = rc ? rc : set_attributes(&attr);
    rc = rc ? rc
            : posix_spawn(&pid, request->path, &actions, &attr, request->argv,
                  request->env ? request->env : no_env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < request->fd_count; i++) {
        close_fd(&copies[i]);
    }
    switch (rc) {
    case 0:
        *ret = (struct child){ .pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
        return 0;
    case ENOENT:
    case EACCES:
        return error_set(
            err, ERR_NOT_FOUND, "A program that belongs to Larder is missing; install it again.");
    case ENOMEM:
    case EAGAIN:
        return error_set(err, ERR_MEMORY, "The machine has no room for another process.");
    case EMFILE:
    case ENFILE:
        return error_set(err, ERR_BUSY, "Too many files are open.");
    default:
        return error_set(
            err, ERR_INTERNAL, "A program could not be started (system error %d).", rc);
    }
}

void child_kill(const struct child *c)
{
    if (c->pid > 0) {
        kill(c->pid, SIGKILL); // not collected yet, so the number is still its own
    }
}

void child_kill_group(const struct child *c)
{
    if (c->pid > 0) {
        kill(-c->pid, SIGKILL); // the number is its group's too
    }
}

static bool collect(struct child *c, struct child_end *ret)
{
    struct rusage used = { 0 };
    int status = 0;
    pid_t got;

    do {
        got = wait4(c->pid, &status, WNOHANG, &used);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return false;
    }
    if (got < 0) {
        BUG("a child was collected by somebody else (system error %d)", errno);
    }
    *ret = (struct child_end){
        .signalled = WIFSIGNALED(status),
        .code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
        .cpu_us = ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                  used.ru_utime.tv_usec + used.ru_stime.tv_usec,
        .peak_rss = (int64_t)used.ru_maxrss * 1024,
    };
    close_fd(&c->pidfd);
    *c = (struct child){ .pid = 0, .pidfd = -1 };
    return true;
}

int child_wait(struct child *c, int64_t deadline_ms, struct child_end *ret)
{
    BUG_ON(c->pid <= 0);
    for (;;) {
        if (collect(c, ret)) {
            return 0;
        }
        int64_t left = deadline_ms - clock_mono_ms();
        if (left <= 0) {
            return ERR_TIMEOUT;
        }
        if (c->pidfd < 0 && left > WAIT_SLICE_MS) {
            left = WAIT_SLICE_MS;
        }
        struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
        poll(&p, c->pidfd >= 0, left > INT32_MAX ? INT32_MAX : (int)left);
    }
}

void child_done(struct child *c)
{
    struct child_end end;
    if (c->pid > 0) {
        child_kill(c);
        child_wait(c, INT64_MAX, &end);
    }
}
