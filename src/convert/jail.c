// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements jail.h but for the filter of system calls (filter.c) and the view of files (view.c).
#include "convert/jail.h"

#include "convert/view.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, FILES_MAX = 512 };
#define LIBRARY_BYTES                                                                              \
    ((int64_t)2 << 30) // address space beside private memory: mapped libraries and fonts
#define STACK_BYTES ((int64_t)8 << 20)

static void write_text(const char *path, const char *text)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        ssize_t n = write(fd, text, strlen(text));
        (void)n; // without the map the process is nobody, and mounts fail, which shows
    }
}

static bool enter_user_namespace(int others)
{
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    char map[64];

    if (unshare(CLONE_NEWUSER | others) != 0) {
        return false;
    }
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
    write_text("/proc/self/gid_map", map);
    return true;
}

void jail_apart(struct jail *j)
{
    const int others = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWUTS;
    const uint32_t levels = SANDBOX_NET_NS | SANDBOX_MOUNT_NS | SANDBOX_IPC_NS | SANDBOX_PID_NS;

    j->root = geteuid() == 0;
    if (!j->namespaces) {
        return;
    }
    // Root needs no user namespace and becomes nobody afterwards, which is more.
    if (j->root && unshare(others) == 0) {
        j->level |= levels;
    } else if (enter_user_namespace(others)) {
        j->root = false; // of the machine; capabilities are those of the namespace only
        j->level |= levels | SANDBOX_USER_NS;
    }
}

static void drop_privileges(const struct jail *j)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    if (j->root) {
        if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) != 0) {
            errno = 0; // confined already by whoever took these rights away
        }
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &head, none);
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a change of user takes it away
    prctl(PR_SET_DUMPABLE, 0);
}

static bool limit(int what, int64_t soft, int64_t hard)
{
    struct rlimit now;
    rlim_t most = (rlim_t)hard, wanted = (rlim_t)soft;

    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max != RLIM_INFINITY &&
        most > now.rlim_max) {
        most = now.rlim_max;
    }
    wanted = wanted < most ? wanted : most;
    return setrlimit((__rlimit_resource_t)what, &(struct rlimit){ wanted, most }) == 0;
}

static uint32_t set_limits(const struct jail *j)
{
    int64_t space = j->memory_bytes + LIBRARY_BYTES;
    bool ok = limit(RLIMIT_DATA, j->memory_bytes, j->memory_bytes);

    ok = limit(RLIMIT_AS, space, space) && ok;
    ok = limit(RLIMIT_CPU, j->cpu_s, j->cpu_s + 2) && ok;
    ok = limit(RLIMIT_FSIZE, j->file_bytes, j->file_bytes) && ok;
    ok = limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX) && ok;
    ok = limit(RLIMIT_STACK, STACK_BYTES, STACK_BYTES) && ok;
    ok = limit(RLIMIT_CORE, 0, 0) && ok;
    ok = limit(RLIMIT_MSGQUEUE, 0, 0) && ok;
    ok = limit(RLIMIT_MEMLOCK, 0, 0) && ok;
    return ok ? SANDBOX_RLIMITS : 0;
}

int jail_enter(struct jail *j, struct error *err)
{
    if (!(j->level & SANDBOX_MOUNT_NS) ||
        !view_make_root(j->program, j->folder, j->hide, j->root ? NOBODY : UINT32_MAX)) {
        return error_set(err, ERR_UNSUPPORTED, "The system gives a converter no view of its own.");
    }
    drop_privileges(j);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        j->level |= SANDBOX_NO_NEW_PRIVS;
    }
    j->landlock_abi = view_landlock(j->program, JAIL_FOLDER);
    j->level |= j->landlock_abi ? SANDBOX_LANDLOCK : 0;
    j->level |= set_limits(j);
    return 0;
}
