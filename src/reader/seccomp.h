// SPDX-License-Identifier: AGPL-3.0-or-later
// The filter of system calls of a reader; a part of sandbox.h.
#ifndef LARDER_READER_SECCOMP_H
#define LARDER_READER_SECCOMP_H

// From here on only the calls of seccomp.c's list; any other kills the process with SIGSYS. Needs no-new-privs. 0 or -1.
int seccomp_enter(int out_fd);

#endif
