// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements tree.h. Removing does not recurse: what lies in a folder below is moved up beside it, so that two
// descriptors and one name are enough for any depth.
#include "os/tree.h"

#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, NAME_BYTES = 32 };

int tree_measure(const char *folder, int64_t entries_max, struct tree_size *ret)
{
    char *paths[] = { (char *)(uintptr_t)folder, NULL };
    struct tree_size size = { 0, 0 };
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *e;

    if (!walk) {
        return ERR_IO;
    }
    while (size.entries < entries_max && (e = fts_read(walk))) {
        if (e->fts_info != FTS_DP && e->fts_statp) {
            size.entries++;
            size.bytes += e->fts_info == FTS_NS ? 0 : (int64_t)e->fts_statp->st_blocks * BLOCK;
        }
    }
    fts_close(walk);
    *ret = size;
    return 0;
}

static bool is_self(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *open_below(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0) {
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d && fd >= 0) {
        close(fd);
    }
    return d;
}

// Moves what is in top/name up into top, or removes it if it is no folder.
static void lift(int top, const char *name, uint64_t *serial)
{
    DIR *d = open_below(top, name);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char to[NAME_BYTES];
        if (is_self(e->d_name) || unlinkat(dirfd(d), e->d_name, 0) == 0 ||
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) == 0) {
            continue;
        }
        snprintf(to, sizeof(to), ".removed-%llu", (unsigned long long)++*serial);
        if (renameat(dirfd(d), e->d_name, top, to) != 0 &&
            fchmodat(dirfd(d), e->d_name, 0700, 0) == 0) { // moving a folder writes into it
            renameat(dirfd(d), e->d_name, top, to);
        }
    }
    if (d) {
        closedir(d);
    }
}

int tree_empty(const char *folder, struct error *err)
{
    DIR *top = open_below(AT_FDCWD, folder);
    uint64_t serial = 0;
    bool removed = true, left = false;
    struct dirent *e;

    if (!top) {
        return errno == ENOENT ? 0 : error_errno(err, "A folder could not be emptied");
    }
    while (removed) { // once more as long as that helps
        uint64_t before = serial;
        removed = false;
        left = false;
        rewinddir(top);
        while ((e = readdir(top))) {
            if (is_self(e->d_name)) {
                continue;
            }
            bool gone = unlinkat(dirfd(top), e->d_name, 0) == 0 ||
                        unlinkat(dirfd(top), e->d_name, AT_REMOVEDIR) == 0;
            if (!gone) {
                lift(dirfd(top), e->d_name, &serial);
                gone = unlinkat(dirfd(top), e->d_name, AT_REMOVEDIR) == 0;
            }
            removed = removed || gone;
            left = left || !gone;
        }
        removed = removed && serial != before; // else nothing new came up
    }
    closedir(top);
    return left ? error_set(err, ERR_IO, "A temporary folder could not be removed.") : 0;
}

int tree_remove(const char *folder, struct error *err)
{
    int rc = tree_empty(folder, err);

    if (rc == 0 && rmdir(folder) != 0 && errno != ENOENT) {
        rc = error_errno(err, "A temporary folder could not be removed");
    }
    return rc;
}
