// SPDX-License-Identifier: AGPL-3.0-or-later
// Locking oneself in, before the first byte of an untrusted file is parsed. After sandbox_enter the process can compute,
// get memory up to a limit, write to one pipe, and end. It can't open, connect, start, trace or signal anything else, and
// trying to is its death (SIGSYS). It is meant for a process with one thread.
//
//   layer            stops                                              where it is missing
//   descriptors      everything but the pipe is closed                  never
//   namespaces       network, mounts, IPC of its own; no capabilities   many containers: the others hold
//   no-new-privs     set-uid programs                                   never
//   Landlock         all of the file system, TCP, signals to others     kernels before 5.13: seccomp holds
//   rlimits          memory, CPU, files, processes, core dumps          never (processes: does not bind root)
//   seccomp          all system calls but those of sandbox.c's list     some containers: refused if it is required
#ifndef LARDER_READER_SANDBOX_H
#define LARDER_READER_SANDBOX_H

#include "base/error.h"

struct sandbox_options {
    int out_fd; // the one descriptor that stays open; must not be 0
    int64_t memory_bytes; // that may be taken on top of what the process has now
    int64_t cpu_s; // then SIGXCPU
    int64_t wall_s; // then SIGALRM, in case the parent is gone and nobody else watches
    bool require; // fail when less than SANDBOX_REQUIRED is reached
};

struct sandbox_reached {
    uint32_t level; // SANDBOX_* of wire/frame.h
    uint32_t landlock_abi; // 0: none
};

// 0, or ERR_UNSUPPORTED if `require` and the machine allows too little; then seccomp may not be on.
int sandbox_enter(const struct sandbox_options *o, struct sandbox_reached *ret, struct error *err);

#endif
