// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements seccomp.h: a program for the kernel's classic BPF, one test after the other.
//
//   another architecture's call (32-bit, x32)   kill
//   memory without execution, clocks, random    allow
//   write to the pipe                           allow; to another descriptor: EBADF, so that a library's warning is no crime
//   fstat, ioctl, writev                        EBADF: the C library asks them of its (closed) standard streams
//   abort's own calls                           allow, to itself only
//   all else                                    kill
//
// A sanitizer needs files, threads and tracing for its report, so its build inverts the list: starting programs, sockets
// and tracing others kill, the rest passes. Landlock and rlimits hold there as they do elsewhere.
#include "reader/seccomp.h"

#include "base/base.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

enum { CODE_MAX = 256, X32_BIT = 0x40000000 };

#ifdef NATIVE_ARCH

struct program {
    struct sock_filter code[CODE_MAX];
    unsigned short len;
};

static void add(struct program *p, struct sock_filter one)
{
    BUG_ON(p->len == CODE_MAX);
    p->code[p->len++] = one;
}

static void load(struct program *p, size_t offset) // of struct seccomp_data, 32 bits
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

static void begin(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    jump(p, BPF_JEQ, NATIVE_ARCH, 1, 0);
    leave(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    jump(p, BPF_JGE, X32_BIT, 0, 1);
    leave(p, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void when(struct program *p, long number, uint32_t verdict)
{
    jump(p, BPF_JEQ, (uint32_t)number, 0, 1);
    leave(p, verdict);
}

static void allow(struct program *p, long number)
{
    when(p, number, SECCOMP_RET_ALLOW);
}

// The low halves suffice: the kernel takes descriptors, pids and signals as int, and the protection bits are low ones.
static size_t argument(int index)
{
    return offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t);
}

static void allow_if_equal(
    struct program *p, long number, int index, uint32_t value, uint32_t otherwise)
{
    jump(p, BPF_JEQ, (uint32_t)number, 0, 4);
    load(p, argument(index));
    jump(p, BPF_JEQ, value, 0, 1);
    leave(p, SECCOMP_RET_ALLOW);
    leave(p, otherwise);
}

static void allow_without(struct program *p, long number, int index, uint32_t bits)
{
    jump(p, BPF_JEQ, (uint32_t)number, 0, 4);
    load(p, argument(index));
    jump(p, BPF_JSET, bits, 1, 0);
    leave(p, SECCOMP_RET_ALLOW);
    leave(p, SECCOMP_RET_KILL_PROCESS);
}

static int enter(struct program *p)
{
    struct sock_fprog prog = { .len = p->len, .filter = p->code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 ? 0 : -1;
}

#ifndef LARDER_SANITIZED

int seccomp_enter(int out_fd)
{
    static const long plain[] = { SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex,
        SYS_sched_yield, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_gettid,
        SYS_sysinfo, SYS_close, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_exit,
        SYS_exit_group };
    static const long refused[] = { SYS_fstat, SYS_newfstatat, SYS_ioctl, SYS_writev, SYS_lseek };
    struct program p = { .len = 0 };

    begin(&p);
    allow_if_equal(&p, SYS_write, 0, (uint32_t)out_fd, SECCOMP_RET_ERRNO | EBADF);
    allow_without(&p, SYS_mmap, 2, PROT_EXEC);
    allow_without(&p, SYS_mprotect, 2, PROT_EXEC);
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        allow(&p, plain[i]);
    }
#ifdef SYS_time
    allow(&p, SYS_time);
#endif
    allow_if_equal(&p, SYS_tgkill, 0, (uint32_t)getpid(), SECCOMP_RET_KILL_PROCESS);
    allow_if_equal(&p, SYS_rt_sigaction, 0, SIGABRT, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        when(&p, refused[i], SECCOMP_RET_ERRNO | EBADF);
    }
    leave(&p, SECCOMP_RET_KILL_PROCESS);
    return enter(&p);
}

#else

int seccomp_enter(int out_fd)
{
    static const long killed[] = {
        SYS_socket,
        SYS_socketpair,
        SYS_connect,
        SYS_bind,
        SYS_listen,
        SYS_accept,
        SYS_accept4,
        SYS_execve,
        SYS_execveat,
        SYS_ptrace,
        SYS_process_vm_readv,
        SYS_process_vm_writev,
        SYS_kill,
        SYS_tkill,
        SYS_pidfd_open,
        SYS_pidfd_send_signal,
        SYS_unshare,
        SYS_setns,
        SYS_mount,
        SYS_bpf,
        SYS_keyctl,
        SYS_add_key,
        SYS_perf_event_open,
        SYS_io_uring_setup,
        SYS_clone3,
#ifdef SYS_fork
        SYS_fork,
        SYS_vfork,
#endif
    };
    struct program p = { .len = 0 };
    (void)out_fd;

    begin(&p);
    for (size_t i = 0; i < ARRAY_LEN(killed); i++) {
        when(&p, killed[i], SECCOMP_RET_KILL_PROCESS);
    }
    allow_if_equal(&p, SYS_tgkill, 0, (uint32_t)getpid(), SECCOMP_RET_KILL_PROCESS);
    allow_if_equal(&p, SYS_clone, 0, 0, SECCOMP_RET_KILL_PROCESS);
    leave(&p, SECCOMP_RET_ALLOW);
    (void)allow;
    (void)allow_without;
    return enter(&p);
}

#endif

#else

int seccomp_enter(int out_fd)
{
    (void)out_fd;
    return -1; // no list for this processor yet: a required sandbox refuses, a preferred one says so
}

#endif
