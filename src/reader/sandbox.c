// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements sandbox.h.
#include "reader/sandbox.h"

#include "os/landlock.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "reader/seccomp.h"

enum { NOBODY = 65534 };

static void close_all_but(int fd)
{
#ifndef LARDER_SANITIZED
    syscall(SYS_close_range, 0, (unsigned)fd - 1, 0);
#else
    syscall(SYS_close_range, STDERR_FILENO + 1, (unsigned)fd - 1, 0); // its reports go to stderr
#endif
    syscall(SYS_close_range, (unsigned)fd + 1, ~0U, 0);
}

// A user namespace first: it makes the others possible without privilege, and leaves root nobody outside it. A process
// namespace would only take in children, and there will be none.
static uint32_t enter_namespaces(void)
{
    static const struct {
        int flag;
        uint32_t level;
    } parts[] = {
        { CLONE_NEWUSER, SANDBOX_USER_NS },
        { CLONE_NEWNET, SANDBOX_NET_NS },
        { CLONE_NEWNS, SANDBOX_MOUNT_NS },
        { CLONE_NEWIPC, SANDBOX_IPC_NS },
    };
    uint32_t level = 0;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (unshare(parts[i].flag) == 0) {
            level |= parts[i].level;
        }
    }
    return level;
}

static void drop_privileges(uint32_t level)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    if (geteuid() == 0 && !(level & SANDBOX_USER_NS)) {
        if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) != 0) {
            errno = 0; // already confined by whoever took these rights away
        }
    }
    syscall(SYS_capset, &head, none);
}

static bool limit(int what, uint64_t soft, uint64_t hard)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max != RLIM_INFINITY &&
        hard > now.rlim_max) {
        hard = now.rlim_max;
        soft = soft < hard ? soft : hard;
    }
    return setrlimit((__rlimit_resource_t)what, &(struct rlimit){ soft, hard }) == 0;
}

// Bytes of address space in use now; the libraries and the input are in it already.
static uint64_t address_space(void)
{
    char text[64] = { 0 };
    AUTO_FD int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return 256 << 20; // no /proc: more than the libraries map
    }
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint32_t set_limits(const struct sandbox_options *o, uint64_t mapped)
{
    bool ok = true;
#ifndef LARDER_SANITIZED // a sanitizer maps terabytes of shadow
    ok = ok &&
         limit(RLIMIT_AS, mapped + (uint64_t)o->memory_bytes, mapped + (uint64_t)o->memory_bytes);
    ok = ok && limit(RLIMIT_NOFILE, 0, 0);
#else
    (void)mapped;
#endif
    ok = ok && limit(RLIMIT_CPU, (uint64_t)o->cpu_s, (uint64_t)o->cpu_s + 2);
#ifndef LARDER_SANITIZED // a sanitizer's reports go to stderr, which may be a file
    ok = ok && limit(RLIMIT_FSIZE, 0, 0);
#endif
    ok = ok && limit(RLIMIT_NPROC, 0, 0);
    ok = ok && limit(RLIMIT_CORE, 0, 0);
    ok = ok && limit(RLIMIT_MSGQUEUE, 0, 0);
    ok = ok && limit(RLIMIT_MEMLOCK, 0, 0);
    return ok ? SANDBOX_RLIMITS : 0;
}

int sandbox_enter(const struct sandbox_options *o, struct sandbox_reached *ret, struct error *err)
{
    struct sandbox_reached r = { 0, 0 };

    BUG_ON(o->out_fd < 1);
    setenv("TZ", "UTC0", 1); // without it libzip's mktime looks for the machine's time zone file
    tzset();
    uint64_t mapped = address_space();
    close_all_but(o->out_fd);
    r.level |= enter_namespaces();
    drop_privileges(r.level);
    // After the namespaces, which reset it. The pipe's end kills a reader too, when it writes.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        r.level |= SANDBOX_NO_NEW_PRIVS;
    }
    struct landlock lock;
    r.landlock_abi = landlock_begin(&lock) ? landlock_enter(&lock) : 0; // nothing is allowed
    r.level |= r.landlock_abi ? SANDBOX_LANDLOCK : 0;
    alarm((unsigned)o->wall_s);
    r.level |= set_limits(o, mapped);
    if (o->require &&
        (r.level & ~SANDBOX_SECCOMP & SANDBOX_REQUIRED) != (SANDBOX_REQUIRED & ~SANDBOX_SECCOMP)) {
        return error_set(
            err, ERR_UNSUPPORTED, "The system does not allow the limits that a reader needs.");
    }
    if (seccomp_enter(o->out_fd) == 0) {
        r.level |= SANDBOX_SECCOMP;
    } else if (o->require) {
        return error_set(err, ERR_UNSUPPORTED,
            "The system does not allow the filter of system calls (seccomp).");
    }
#ifdef LARDER_SANITIZED
    r.level |= SANDBOX_RELAXED;
#endif
    *ret = r;
    return 0;
}
