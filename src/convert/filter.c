// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements jail_filter: a program for the kernel's classic BPF. LibreOffice is too large for a list of what it may do, so
// this is a list of what it never needs; with Landlock and the namespaces it is the second of two walls.
//
//   another architecture's call (32-bit, x32)         kill
//   sockets that are not local, new processes          EACCES, EPERM: it goes on without
//   what changes the system, other processes, keys     EPERM
//   all else                                           allow
//
// Threads are new tasks that share everything; clone3 hides its flags from a filter, so libraries are made to use clone.
#include "convert/jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef NATIVE_ARCH

enum { CODE_MAX = 256, X32_BIT = 0x40000000 };

struct program {
    struct sock_filter code[CODE_MAX];
    unsigned short len;
};

static void add(struct program *p, struct sock_filter one)
{
    BUG_ON(p->len == CODE_MAX);
    p->code[p->len++] = one;
}

static void load(struct program *p, size_t offset)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void leave(struct program *p, uint32_t verdict)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static void jump(struct program *p, int test, uint32_t value, uint8_t if_true, uint8_t if_false)
{
    add(p,
        (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, if_true, if_false));
}

static void refuse(struct program *p, long number, int error)
{
    jump(p, BPF_JEQ, (uint32_t)number, 0, 1);
    leave(p, SECCOMP_RET_ERRNO | (uint32_t)error);
}

static size_t first_argument(void)
{
    return offsetof(struct seccomp_data, args);
}

// Allowed when the low half of the first argument passes the test.
static void allow_if(struct program *p, long number, int test, uint32_t value, int error)
{
    jump(p, BPF_JEQ, (uint32_t)number, 0, 4);
    load(p, first_argument());
    jump(p, test, value, 0, 1);
    leave(p, SECCOMP_RET_ALLOW);
    leave(p, SECCOMP_RET_ERRNO | (uint32_t)error);
}

int jail_filter(void)
{
    static const long never[] = {
        SYS_ptrace,
        SYS_process_vm_readv,
        SYS_process_vm_writev,
        SYS_pidfd_open,
        SYS_pidfd_getfd,
        SYS_pidfd_send_signal,
        SYS_kcmp,
        SYS_mount,
        SYS_umount2,
        SYS_pivot_root,
        SYS_chroot,
        SYS_unshare,
        SYS_setns,
        SYS_open_tree,
        SYS_move_mount,
        SYS_fsopen,
        SYS_fsconfig,
        SYS_fsmount,
        SYS_fspick,
        SYS_mount_setattr,
        SYS_bpf,
        SYS_perf_event_open,
        SYS_keyctl,
        SYS_add_key,
        SYS_request_key,
        SYS_io_uring_setup,
        SYS_io_uring_enter,
        SYS_io_uring_register,
        SYS_userfaultfd,
        SYS_kexec_load,
        SYS_init_module,
        SYS_finit_module,
        SYS_delete_module,
        SYS_reboot,
        SYS_swapon,
        SYS_swapoff,
        SYS_quotactl,
        SYS_acct,
        SYS_syslog,
        SYS_sethostname,
        SYS_setdomainname,
        SYS_personality,
        SYS_name_to_handle_at,
        SYS_open_by_handle_at,
        SYS_fanotify_init,
        SYS_setsid,
        SYS_setpgid,
        SYS_execveat,
        SYS_vmsplice,
        SYS_clock_settime,
        SYS_settimeofday,
        SYS_adjtimex,
#ifdef SYS_fork
        SYS_fork,
        SYS_vfork,
#endif
#ifdef SYS_modify_ldt
        SYS_modify_ldt,
        SYS_ioperm,
        SYS_iopl,
#endif
    };
    struct program p = { .len = 0 };

    load(&p, offsetof(struct seccomp_data, arch));
    jump(&p, BPF_JEQ, NATIVE_ARCH, 1, 0);
    leave(&p, SECCOMP_RET_KILL_PROCESS);
    load(&p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    jump(&p, BPF_JGE, X32_BIT, 0, 1);
    leave(&p, SECCOMP_RET_KILL_PROCESS);
#endif
    refuse(&p, SYS_clone3, ENOSYS);
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        refuse(&p, never[i], EPERM);
    }
    allow_if(&p, SYS_socket, BPF_JEQ, AF_UNIX, EACCES);
    allow_if(&p, SYS_socketpair, BPF_JEQ, AF_UNIX, EACCES);
    allow_if(&p, SYS_clone, BPF_JSET, CLONE_THREAD, EPERM);
    leave(&p, SECCOMP_RET_ALLOW);
    struct sock_fprog prog = { .len = p.len, .filter = p.code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 ? 0 : -1;
}

#else

int jail_filter(void)
{
    return -1; // no list for this processor yet
}

#endif
