// SPDX-License-Identifier: AGPL-3.0-or-later
// Landlock: from landlock_enter on, this thread and all that it starts reach only the files that were allowed, open no TCP
// connection or port, and send no signal out and no byte to an abstract socket, as far as the running kernel knows these
// rights. By system calls, for Debian 12's header stops at ABI 2; kernels newer than ABI 6 get the rights of 6. Needs
// no-new-privs.
//
//   struct landlock l;
//   if (landlock_begin(&l)) {
//       landlock_allow(&l, "/usr", LANDLOCK_READ | LANDLOCK_LIST);
//       abi = landlock_enter(&l);
//   }
#ifndef LARDER_OS_LANDLOCK_H
#define LARDER_OS_LANDLOCK_H

#include "base/base.h"

enum { // rights on files, named by the kernel's bits
    LANDLOCK_EXECUTE = 1 << 0,
    LANDLOCK_WRITE = 1 << 1,
    LANDLOCK_READ = 1 << 2,
    LANDLOCK_LIST = 1 << 3,
    LANDLOCK_ALL_NO_DEVICES = 0xffff & ~(1 << 0) & ~(1 << 6) & ~(1 << 11), // as ABI 5 has them
};

struct landlock {
    int rules; // a descriptor
    uint32_t abi; // the kernel's
    uint64_t known; // the rights on files that it knows; all of them are taken away
};

// False if the kernel has none (or forbids it); then there is nothing to end.
bool landlock_begin(struct landlock *l);
// Rights on a file, or on a folder and all below it. A path that is not there, and rights that the kernel does not know or
// a file cannot have, are left out.
void landlock_allow(struct landlock *l, const char *path, uint64_t rights);
// Closes the descriptor. From here on what was not allowed is denied: the ABI, or 0 if the kernel refused.
uint32_t landlock_enter(struct landlock *l);

#endif
