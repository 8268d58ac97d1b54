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

#include "os/filter.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef FILTER_ARCH

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
    struct filter f;

    filter_begin(&f);
    filter_when(&f, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        filter_when(&f, never[i], SECCOMP_RET_ERRNO | EPERM);
    }
    filter_allow_if(&f, SYS_socket, 0, BPF_JEQ, AF_UNIX, SECCOMP_RET_ERRNO | EACCES);
    filter_allow_if(&f, SYS_socketpair, 0, BPF_JEQ, AF_UNIX, SECCOMP_RET_ERRNO | EACCES);
    filter_allow_if(&f, SYS_clone, 0, BPF_JSET, CLONE_THREAD, SECCOMP_RET_ERRNO | EPERM);
    filter_leave(&f, SECCOMP_RET_ALLOW);
    return filter_enter(&f);
}

#else

int jail_filter(void)
{
    return -1; // no list for this processor yet
}

#endif
