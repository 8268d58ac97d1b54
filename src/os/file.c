// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements file.h.
#include "os/file.h"

#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 64 << 10, WRITE_STEP = 1 << 30 };

int err_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOMEM:
        return ERR_MEMORY;
    case EEXIST:
        return ERR_CONFLICT;
    case EMFILE:
    case ENFILE:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

int error_errno(struct error *err, const char *what_failed)
{
    int number = errno;
    int code = err_of_errno(number);
    const char *reason = code == ERR_NO_SPACE    ? "there is no room on the disk"
                         : code == ERR_NOT_FOUND ? "it does not exist"
                         : code == ERR_DENIED    ? "the system does not allow it"
                         : code == ERR_MEMORY    ? "there is no memory"
                         : code == ERR_CONFLICT  ? "it exists already"
                         : code == ERR_BUSY      ? "too many files are open"
                                                 : "the disk or the system reported an error";
    return error_set(err, code, "%s: %s.", what_failed, reason);
}

int read_fd(int fd, struct buf *b, struct error *err)
{
    for (;;) {
        size_t room = b->max - b->len;
        if (room == 0) { // full: only the end may follow
            char one;
            ssize_t n = read(fd, &one, 1);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            return n == 0 ? 0
                   : n > 0
                       ? error_set(err, ERR_TOO_LARGE, "The file is larger than is allowed here.")
                       : error_errno(err, "A file could not be read");
        }
        char *to = buf_reserve(b, room < READ_STEP ? room : READ_STEP);
        if (!to) {
            return error_set(err, ERR_MEMORY, "There is no memory to read the file.");
        }
        ssize_t n = read(fd, to, room < READ_STEP ? room : READ_STEP);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_errno(err, "A file could not be read");
        }
        if (n == 0) {
            return 0;
        }
        buf_grew(b, (size_t)n);
    }
}

int read_all(const char *path, struct buf *b, struct error *err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_errno(err, "A file could not be opened") : read_fd(fd, b, err);
}

int write_fd(int fd, const void *bytes, size_t len, struct error *err)
{
    const char *at = bytes;
    while (len) {
        ssize_t n = write(fd, at, len < WRITE_STEP ? len : WRITE_STEP);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_errno(err, "A file could not be written");
        }
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int fsync_dir(const char *folder, struct error *err)
{
    AUTO_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return error_errno(err, "A folder could not be made durable");
    }
    return 0;
}

int fsync_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return fsync_dir(".", err);
    }
    AUTO_FREE char *folder = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    return fsync_dir(folder, err);
}

int write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct error *err)
{
    uint8_t random[8];
    char suffix[2 * sizeof(random) + 1];

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), suffix);
    AUTO_FREE char *temporary = xasprintf("%s.%s.tmp", path, suffix);
    AUTO_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return error_errno(err, "A file could not be made");
    }
    int rc = write_fd(fd, bytes, len, err);
    if (rc == 0 &&
        (fchmod(fd, mode) != 0 || fsync(fd) != 0)) { // the mode as asked for, whatever the umask
        rc = error_errno(err, "A file could not be made durable");
    }
    if (rc == 0 && rename(temporary, path) != 0) {
        rc = error_errno(err, "A file could not be replaced");
    }
    if (rc != 0) {
        unlink(temporary);
        return rc;
    }
    return fsync_parent(path, err);
}

int make_dirs(const char *folder, mode_t mode, struct error *err)
{
    AUTO_FREE char *path = xstrdup(folder);
    struct stat st;

    for (char *at = path + 1; *path && *at; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(path, mode) != 0 && errno != EEXIST) {
                return error_errno(err, "A folder could not be made");
            }
            *at = '/';
        }
    }
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return error_errno(err, "A folder could not be made");
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return error_set(err, ERR_CONFLICT, "There is a file where a folder must be.");
    }
    return 0;
}

char *path_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    return xasprintf("%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
}

int lock_file(const char *path, struct error *err)
{
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_errno(err, "The lock file could not be opened");
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno == EWOULDBLOCK) {
            return error_set(err, ERR_CONFLICT, "Another process holds the lock.");
        }
        return error_errno(err, "The lock file could not be locked");
    }
    int held = fd;
    fd = -1;
    return held;
}
