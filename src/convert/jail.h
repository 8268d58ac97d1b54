// SPDX-License-Identifier: AGPL-3.0-or-later
// Locks larder-convert in before LibreOffice starts: own namespaces (no network, no other process, no file but the
// program's and the private folder's), Landlock, resource limits, no privileges. The view of files is the least; the rest
// as far as the kernel gives it, and jail_enter says what was reached (SANDBOX_* of wire/frame.h). For one process with
// one thread.
#ifndef LARDER_CONVERT_JAIL_H
#define LARDER_CONVERT_JAIL_H

#include "base/error.h"

struct jail {
    const char *program; // that will run, absolute
    const char *folder; // the private one, absolute; all that may be written
    const char
        *hide; // a folder that must not be seen even where it lies below the program's; NULL: none
    int64_t memory_bytes; // of private memory
    int64_t cpu_s;
    int64_t file_bytes; // of the largest file
    bool namespaces; // false: do without, for tests
    // Filled in by jail_apart and jail_enter.
    bool root; // began as root
    uint32_t level; // SANDBOX_*
    uint32_t landlock_abi;
};

// First: leaves the namespaces of the server. The process namespace holds for children only, so fork afterwards, and
// call jail_enter in the child.
void jail_apart(struct jail *j);
// Second, in the child. ERR_UNSUPPORTED when the system gives no view of files of its own (a mount namespace).
#define JAIL_FOLDER "/tmp" // the private folder's name from inside
int jail_enter(struct jail *j, struct error *err);
// Third, in the process that becomes the program: no more processes, sockets but local ones, or keys of the kernel.
int jail_filter(void);

#endif
