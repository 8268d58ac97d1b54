// SPDX-License-Identifier: AGPL-3.0-or-later
// Blobs as files: DATA/blobs/ab/cdef…, named by the SHA-256 of their content.
//
// A blob is whole and durable before a row speaks of it: its file is synced, renamed into place, and the folders are
// synced. A crash in between leaves a file that nothing refers to; the sweep removes such once they are ORPHAN_AGE_S old.
// Putting content that is there already makes its file new again (its time), so that the sweep keeps off until the row
// exists; looking at a file's time and removing it happen under one lock with that (blobs_mutex).
#include "store/sqlite/backend.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, ORPHAN_AGE_S = 15 * 60 };

static int io_error(int code, struct error *err, const char *what)
{
    log_error("store.blob", LS("what", what), LI("errno", code));
    if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
        return error_set(err, ERR_NO_SPACE, "There is no room left on the disk for the document.");
    }
    return error_set(err, ERR_IO, "The document's content could not be %s.", what);
}

static bool is_hash(const char *hash)
{
    for (size_t i = 0; i < BLOB_HASH_SIZE - 1; i++) {
        if (!((hash[i] >= '0' && hash[i] <= '9') || (hash[i] >= 'a' && hash[i] <= 'f'))) {
            return false;
        }
    }
    return hash[BLOB_HASH_SIZE - 1] == '\0';
}

static bool blob_path(
    struct store *s, const char *hash, char ret_path[PATH_SIZE], char ret_folder[PATH_SIZE])
{
    if (!is_hash(hash)) {
        return false;
    }
    snprintf(ret_folder, PATH_SIZE, "%s/blobs/%.2s", s->data_dir, hash);
    return (size_t)snprintf(ret_path, PATH_SIZE, "%s/blobs/%.2s/%s", s->data_dir, hash, hash + 2) <
           PATH_SIZE;
}

static int sync_folder(const char *path, struct error *err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        return io_error(errno, err, "kept");
    }
    return 0;
}

static int make_folder(struct store *s, const char *folder, struct error *err)
{
    char parent[PATH_SIZE];

    if (mkdir(folder, 0700) != 0) {
        return errno == EEXIST ? 0 : io_error(errno, err, "kept");
    }
    snprintf(parent, sizeof(parent), "%s/blobs", s->data_dir);
    return sync_folder(parent, err);
}

int blobs_open(struct store *s, struct error *err)
{
    char folder[PATH_SIZE];

    if (snprintf(folder, sizeof(folder), "%s/blobs", s->data_dir) >=
        PATH_SIZE - 2 * BLOB_HASH_SIZE) {
        return error_set(err, ERR_INVALID, "The name of the data folder is too long.");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return io_error(errno, err, "kept");
    }
    return sync_folder(s->data_dir, err);
}

// True if an equal one stands there, which is then new again. One of another size was damaged: the new one replaces it.
static bool keep_present(struct store *s, const char *path, off_t size)
{
    struct stat st;

    pthread_mutex_lock(&s->blobs_mutex);
    bool same = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
    if (same) {
        same = utimensat(AT_FDCWD, path, NULL, 0) == 0;
    }
    pthread_mutex_unlock(&s->blobs_mutex);
    return same;
}

int store_blob_put(
    struct store *s, const char hash[BLOB_HASH_SIZE], const char *path, struct error *err)
{
    char to[PATH_SIZE], folder[PATH_SIZE];
    struct stat st;

    if (!blob_path(s, hash, to, folder)) {
        return error_set(err, ERR_INVALID, "The content is not named by its hash.");
    }
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return io_error(fd < 0 ? errno : EINVAL, err, "read");
    }
    int rc = make_folder(s, folder, err);
    if (rc != 0) {
        return rc;
    }
    if (keep_present(s, to, st.st_size)) {
        unlink(path);
        return sync_folder(folder, err); // whoever put it may not be that far yet
    }
    if (fchmod(fd, 0600) != 0 || futimens(fd, NULL) != 0 || fdatasync(fd) != 0 ||
        rename(path, to) != 0) {
        return io_error(errno, err, "kept");
    }
    return sync_folder(folder, err);
}

static int write_all(int fd, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return -1;
        }
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int store_blob_put_bytes(struct store *s, const void *bytes, size_t len,
    char ret_hash[BLOB_HASH_SIZE], struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hash[BLOB_HASH_SIZE], path[PATH_SIZE];
    unsigned digest_len = 0;

    if (EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) != 1 || digest_len != 32) {
        return error_set(err, ERR_INTERNAL, "The content could not be hashed.");
    }
    hex_format(digest, digest_len, hash);
    snprintf(path, sizeof(path), "%s/blobs/.new-XXXXXX", s->data_dir);
    AUTO_FD int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return io_error(errno, err, "kept");
    }
    int rc = write_all(fd, bytes, len) == 0 ? store_blob_put(s, hash, path, err)
                                            : io_error(errno, err, "kept");
    if (rc != 0) {
        unlink(path);
        return rc;
    }
    memcpy(ret_hash, hash, sizeof(hash));
    return 0;
}

int store_blob_open(
    struct store *s, const char hash[BLOB_HASH_SIZE], int64_t *ret_size, struct error *err)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    struct stat st;

    if (!blob_path(s, hash, path, folder)) {
        return error_set(err, ERR_NOT_FOUND, "The document's content is not there.");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT
                   ? error_set(err, ERR_NOT_FOUND, "The document's content is not there.")
                   : io_error(errno, err, "read");
    }
    if (fstat(fd, &st) != 0) {
        int rc = io_error(errno, err, "read");
        close(fd);
        return rc;
    }
    if (ret_size) {
        *ret_size = st.st_size;
    }
    return fd;
}

int blob_reference(struct write *w, const char *hash, struct error *err)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    struct stat st = { 0 };

    if (!blob_path(w->store, hash, path, folder)) {
        return error_set(err, ERR_INVALID, "The content is not named by its hash.");
    }
    if (stat(path, &st) != 0) {
        st.st_size = 0; // counted as empty; what is missing shows when it is opened
    }
    struct query q = query_start(w->db, "INSERT OR IGNORE INTO blobs (hash, size) VALUES (?, ?)");
    query_text(&q, hash);
    query_int(&q, st.st_size);
    return query_run(&q, err);
}

// ---- what nothing refers to

static int is_referred(struct store *s, struct db *db, void *ctx, struct error *err)
{
    const char **hash = ctx;
    struct query q = query_start(db, "SELECT 1 FROM documents WHERE blob = ? UNION ALL SELECT 1 "
                                     "FROM media WHERE blob = ? LIMIT 1");
    (void)s;
    query_text(&q, *hash);
    query_text(&q, *hash);
    if (query_step(&q)) {
        *hash = NULL;
    }
    return query_end(&q, err);
}

static int forget(struct write *w, void *ctx, struct error *err)
{
    struct query q = query_start(w->db, "DELETE FROM blobs WHERE hash = ?1 AND NOT EXISTS (SELECT "
                                        "1 FROM documents WHERE blob = ?1) "
                                        "AND NOT EXISTS (SELECT 1 FROM media WHERE blob = ?1)");
    query_text(&q, ctx);
    return query_run(&q, err);
}

static bool older_than(const struct stat *st, int64_t seconds)
{
    return time(NULL) - st->st_mtime >= seconds;
}

static int remove_orphan(struct store *s, const char *hash, int64_t older_than_s, struct error *err)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    const char *orphan = hash;
    struct stat st;
    bool removed = false;

    if (!blob_path(s, hash, path, folder) || stat(path, &st) != 0 ||
        !older_than(&st, older_than_s)) {
        return 0;
    }
    pthread_mutex_lock(
        &s->blobs_mutex); // from the look at the rows to the end nobody may make it new again
    int rc = store_read(s, "blob_referred", is_referred, &orphan, err);
    if (rc == 0 && orphan && stat(path, &st) == 0 && older_than(&st, older_than_s)) {
        removed = unlink(path) == 0;
    }
    pthread_mutex_unlock(&s->blobs_mutex);
    if (removed) {
        log_info("store.blob_removed", LS("blob", hash));
        rc = store_write(s, "blob_forget", forget, (void *)hash, err);
    }
    return rc;
}

void blob_remove_orphan(struct store *s, const char *hash)
{
    struct error err = { 0 };
    if (remove_orphan(s, hash, ORPHAN_AGE_S, &err) != 0) {
        log_warn("store.sweep", LS("error", err.text));
    }
}

static int sweep_folder(
    struct store *s, const char *prefix, int64_t older_than_s, struct error *err)
{
    char path[PATH_SIZE], hash[BLOB_HASH_SIZE];
    int rc = 0;

    snprintf(path, sizeof(path), "%s/blobs/%s", s->data_dir, prefix);
    DIR *dir = opendir(path);
    if (!dir) {
        return errno == ENOENT ? 0 : io_error(errno, err, "read");
    }
    for (struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        if (strlen(e->d_name) == BLOB_HASH_SIZE - 3) {
            snprintf(hash, sizeof(hash), "%s%.62s", prefix, e->d_name);
            rc = is_hash(hash) ? remove_orphan(s, hash, older_than_s, err) : 0;
        }
    }
    closedir(dir);
    return rc;
}

static int sweep_new(struct store *s, int64_t older_than_s, struct error *err)
{
    char path[PATH_SIZE];
    struct stat st;

    snprintf(path, sizeof(path), "%s/blobs", s->data_dir);
    DIR *dir = opendir(path);
    if (!dir) {
        return io_error(errno, err, "read");
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, ".new-", 5) == 0 &&
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            older_than(&st, older_than_s)) {
            unlinkat(dirfd(dir), e->d_name, 0);
        }
    }
    closedir(dir);
    return 0;
}

int blobs_sweep(struct store *s, int64_t older_than_s, struct error *err)
{
    int rc = sweep_new(s, older_than_s, err);

    for (int i = 0; rc == 0 && i < 256; i++) {
        char prefix[3];
        snprintf(prefix, sizeof(prefix), "%02x", (unsigned)i);
        rc = sweep_folder(s, prefix, older_than_s, err);
    }
    return rc;
}
