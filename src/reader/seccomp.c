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

#include "os/filter.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef FILTER_ARCH

#ifndef LARDER_SANITIZED

int seccomp_enter(int out_fd)
{
    static const long plain[] = { SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex,
        SYS_sched_yield, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_gettid,
        SYS_sysinfo, SYS_close, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_exit,
        SYS_exit_group };
    static const long refused[] = { SYS_fstat, SYS_newfstatat, SYS_ioctl, SYS_writev, SYS_lseek };
    struct filter f;

    filter_begin(&f);
    filter_allow_if(&f, SYS_write, 0, BPF_JEQ, (uint32_t)out_fd, SECCOMP_RET_ERRNO | EBADF);
    filter_allow_without(&f, SYS_mmap, 2, PROT_EXEC, SECCOMP_RET_KILL_PROCESS);
    filter_allow_without(&f, SYS_mprotect, 2, PROT_EXEC, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        filter_when(&f, plain[i], SECCOMP_RET_ALLOW);
    }
#ifdef SYS_time
    filter_when(&f, SYS_time, SECCOMP_RET_ALLOW);
#endif
    filter_allow_if(&f, SYS_tgkill, 0, BPF_JEQ, (uint32_t)getpid(), SECCOMP_RET_KILL_PROCESS);
    filter_allow_if(&f, SYS_rt_sigaction, 0, BPF_JEQ, SIGABRT, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        filter_when(&f, refused[i], SECCOMP_RET_ERRNO | EBADF);
    }
    filter_leave(&f, SECCOMP_RET_KILL_PROCESS);
    return filter_enter(&f);
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
    struct filter f;
    (void)out_fd;

    filter_begin(&f);
    for (size_t i = 0; i < ARRAY_LEN(killed); i++) {
        filter_when(&f, killed[i], SECCOMP_RET_KILL_PROCESS);
    }
    filter_allow_if(&f, SYS_tgkill, 0, BPF_JEQ, (uint32_t)getpid(), SECCOMP_RET_KILL_PROCESS);
    filter_allow_if(&f, SYS_clone, 0, BPF_JEQ, 0, SECCOMP_RET_KILL_PROCESS);
    filter_leave(&f, SECCOMP_RET_ALLOW);
    return filter_enter(&f);
}

#endif

#else

int seccomp_enter(int out_fd)
{
    (void)out_fd;
    return -1; // no list for this processor yet: a required sandbox refuses, a preferred one says so
}

#endif
