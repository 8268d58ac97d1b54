// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements view.h. What is listed here is what LibreOffice needs on Linux: its own folder wherever that is, the system's
// libraries and loader, fonts and their cache, and four devices. No /proc, no /home, no /var but fonts, no /etc but fonts.
#include "convert/view.h"

#include "os/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const folders[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
    "/etc/fonts", "/etc/libreoffice", "/etc/alternatives", "/etc/ld.so.cache",
    "/var/cache/fontconfig", "/var/lib/libreoffice" };
static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom" };
static const char *const loaders[] = { "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux-riscv64-lp64d.so.1" };

// The folder that the program's own files lie in: two up from .../program/soffice.bin.
static bool home_of(const char *program, char home[PATH_MAX])
{
    snprintf(home, PATH_MAX, "%s", program);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(home, '/');
        if (!slash || slash == home) {
            return false;
        }
        *slash = '\0';
    }
    return true;
}

// Makes the folders above path and, as `folder` says, path as a folder or an empty file.
static bool make_path(const char *path, bool folder)
{
    char part[PATH_MAX];

    snprintf(part, sizeof(part), "%s", path);
    for (char *at = part + 1; *at; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(part, 0755) != 0 && errno != EEXIST) {
                return false;
            }
            *at = '/';
        }
    }
    if (folder) {
        return mkdir(part, 0755) == 0 || errno == EEXIST;
    }
    AUTO_FD int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return fd >= 0;
}

static bool make_read_only(const char *path)
{
    struct statvfs had;
    unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID;

    if (statvfs(path, &had) == 0) { // what is set may not be taken back in a user namespace
        flags |= (had.f_flag & ST_NODEV ? MS_NODEV : 0) | (had.f_flag & ST_NOEXEC ? MS_NOEXEC : 0) |
                 (had.f_flag & ST_NOATIME ? MS_NOATIME : 0) |
                 (had.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0) |
                 (had.f_flag & ST_RELATIME ? MS_RELATIME : 0);
    }
    return mount(NULL, path, NULL, flags, NULL) == 0;
}

// One path of the machine into the new root; what is not there is left out.
static bool show(const char *root, const char *path, bool read_only)
{
    char at[PATH_MAX], link[PATH_MAX];
    struct stat st;

    snprintf(at, sizeof(at), "%s%s", root, path);
    if (lstat(path, &st) != 0) {
        return true;
    }
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        return n > 0 && symlink(link, at) == 0;
    }
    return make_path(at, S_ISDIR(st.st_mode)) &&
           mount(path, at, NULL, MS_BIND | MS_REC, NULL) == 0 && (!read_only || make_read_only(at));
}

// Only what the server put there: two levels.
static void give_to(const char *folder, uint32_t owner)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        bool self = strcmp(e->d_name, ".") == 0;
        if (strcmp(e->d_name, "..") != 0 &&
            fchownat(dirfd(d), self ? "" : e->d_name, owner, owner,
                AT_SYMLINK_NOFOLLOW | (self ? AT_EMPTY_PATH : 0)) != 0) {
            errno = 0; // it shows when the converter can't write
        }
    }
    if (d) {
        closedir(d);
    }
}

bool view_make_root(const char *program, const char *folder, const char *hide, uint32_t owner)
{
    char root[PATH_MAX], at[PATH_MAX], home[PATH_MAX];
    bool ok = true;

    umask(0022); // whoever it is afterwards walks through these folders
    if (snprintf(root, sizeof(root), "%s/.root", folder) >= (int)sizeof(root) - NAME_MAX ||
        !home_of(program, home) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        (mkdir(root, 0755) != 0 && errno != EEXIST) ||
        mount("none", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0) {
        return false;
    }
    for (size_t i = 0; ok && i < ARRAY_LEN(folders); i++) {
        ok = show(root, folders[i], true);
    }
    if (ok && strncmp(home, "/usr/", 5) != 0) {
        ok = show(root, home, true);
    }
    for (size_t i = 0; ok && i < ARRAY_LEN(devices); i++) {
        ok = show(root, devices[i], false);
    }
    if (ok && hide) {
        snprintf(at, sizeof(at), "%s%s", root, hide);
        ok = access(at, F_OK) != 0 || mount("none", at, "tmpfs", MS_RDONLY, "size=4k") == 0;
    }
    if (owner != UINT32_MAX) {
        give_to(folder, owner);
    }
    ok = ok && snprintf(at, sizeof(at), "%s/tmp", root) < (int)sizeof(at);
    ok = ok && mkdir(at, 0755) == 0 && mount(folder, at, NULL, MS_BIND, NULL) == 0;
    if (!ok || chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0) {
        umount2(root, MNT_DETACH);
        return false;
    }
    umask(0077);
    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, "size=1m,mode=755");
    return chdir("/tmp") == 0;
}

uint32_t view_landlock(const char *program, const char *folder)
{
    char home[PATH_MAX];
    struct landlock l;

    if (!home_of(program, home) || !landlock_begin(&l)) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        landlock_allow(&l, folders[i], LANDLOCK_READ | LANDLOCK_LIST);
    }
    landlock_allow(&l, home, LANDLOCK_READ | LANDLOCK_LIST);
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        landlock_allow(&l, devices[i], LANDLOCK_READ | LANDLOCK_WRITE);
    }
    for (size_t i = 0; i < ARRAY_LEN(loaders); i++) {
        landlock_allow(&l, loaders[i], LANDLOCK_READ | LANDLOCK_EXECUTE);
    }
    landlock_allow(&l, program, LANDLOCK_READ | LANDLOCK_EXECUTE);
    landlock_allow(&l, folder, LANDLOCK_ALL_NO_DEVICES);
    return landlock_enter(&l);
}
