// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements landlock.h.
#include "os/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rules { // struct landlock_ruleset_attr of ABI 6
    uint64_t fs, net, scoped;
};
struct beneath { // struct landlock_path_beneath_attr
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));
enum { ABI_QUESTION = 1 << 0, ABI_KNOWN = 6, RULE_BENEATH = 1 };
enum { TRUNCATE = 1 << 14, IOCTL = 1 << 15 };

bool landlock_begin(struct landlock *l)
{
    // By ABI: rights on files (13 bits, then refer, truncate, ioctl), TCP bind and connect, abstract sockets and signals.
    static const struct rules by_abi[ABI_KNOWN + 1] = {
        { 0, 0, 0 },
        { 0x1fff, 0, 0 },
        { 0x3fff, 0, 0 },
        { 0x7fff, 0, 0 },
        { 0x7fff, 3, 0 },
        { 0xffff, 3, 0 },
        { 0xffff, 3, 3 },
    };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ABI_QUESTION);

    if (abi < 1) {
        return false;
    }
    long known = abi < ABI_KNOWN ? abi : ABI_KNOWN;
    size_t size = known >= 6 ? 24 : known >= 4 ? 16 : 8;
    l->rules = (int)syscall(SYS_landlock_create_ruleset, &by_abi[known], size, 0);
    l->abi = (uint32_t)abi;
    l->known = by_abi[known].fs;
    return l->rules >= 0;
}

void landlock_allow(struct landlock *l, const char *path, uint64_t rights)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        rights &= LANDLOCK_EXECUTE | LANDLOCK_WRITE | LANDLOCK_READ | TRUNCATE | IOCTL;
    }
    struct beneath b = { rights & l->known, fd };
    syscall(SYS_landlock_add_rule, l->rules, RULE_BENEATH, &b, 0);
}

uint32_t landlock_enter(struct landlock *l)
{
    long rc = syscall(SYS_landlock_restrict_self, l->rules, 0);

    close(l->rules);
    l->rules = -1;
    return rc == 0 ? l->abi : 0;
}
