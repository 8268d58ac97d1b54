// SPDX-License-Identifier: AGPL-3.0-or-later
// Files as a server needs them: whole reads with a limit, replacement that survives a power cut, locks. Sentences name no
// path; the caller knows which file it was and logs it. Any thread.
#ifndef LARDER_OS_FILE_H
#define LARDER_OS_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

// The ERR_* of an errno: ENOSPC and EDQUOT are ERR_NO_SPACE, ENOENT ERR_NOT_FOUND, EACCES and EPERM ERR_DENIED, ENOMEM
// ERR_MEMORY, EEXIST ERR_CONFLICT, EMFILE ERR_BUSY, anything else ERR_IO.
int err_of_errno(int number);
// "The <what> could not be <done> (<reason>)." with the code of errno as it is now.
int error_errno(struct error *err, const char *what_failed);

// Appends all of the file to b; ERR_TOO_LARGE if it does not fit b's maximum.
int read_all(const char *path, struct buf *b, struct error *err);
int read_fd(int fd, struct buf *b, struct error *err); // to the end, from where it stands
int write_fd(int fd, const void *bytes, size_t len, struct error *err); // all of it, or an error
// The old content or the new one, never a mixture, and durable when it returns: a temporary file in the same folder,
// fsync, rename, fsync of the folder.
int write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct error *err);
int fsync_dir(const char *folder, struct error *err);
int fsync_parent(const char *path, struct error *err); // of the folder that holds path
int make_dirs(
    const char *folder, mode_t mode, struct error *err); // with its parents; fine if it is there
// The path of a file called `name` in the folder of `path`; the caller frees it. Pure.
char *path_beside(const char *path, const char *name);
// An exclusive lock on a file that is made if missing; held until the fd is closed, gone with the process. The fd, or
// ERR_CONFLICT when another process has it.
int lock_file(const char *path, struct error *err);

#endif
