// SPDX-License-Identifier: AGPL-3.0-or-later
// Stands in LibreOffice's place for test_converter.c: does what its input says, and most of that is not allowed. Leaves a
// result only when it was stopped as it should be.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH = 3000 };

static int result(void)
{
    FILE *f = fopen("/tmp/out/in.docx", "w");
    return f && fputs("made", f) >= 0 && fclose(f) == 0 ? 0 : 1;
}

static int closed(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    if (fd >= 0) {
        fprintf(stderr, "could open %s\n", path);
    }
    return fd < 0;
}

static int no_files(const char *secret)
{
    return closed("/etc/passwd", O_RDONLY) && closed("/proc/self/status", O_RDONLY) &&
           closed(secret, O_RDONLY) && closed("/usr/planted", O_WRONLY | O_CREAT) &&
           closed("/planted", O_WRONLY | O_CREAT) && closed("/root", O_RDONLY) &&
           closed("/home", O_RDONLY);
}

static int no_network(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && socket(AF_INET6, SOCK_DGRAM, 0) < 0 &&
           socket(AF_NETLINK, SOCK_RAW, 0) < 0;
}

static int deep(void)
{
    for (int i = 0; i < DEPTH; i++) {
        if (mkdir("d", 0700) != 0 || chdir("d") != 0) {
            return 1;
        }
    }
    return chmod(".", 0) == 0 ? 0 : 1;
}

int main(void)
{
    char text[400] = "";
    int fd = open("/tmp/in.doc", O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    char *more = strchr(text, ' ');

    if (n <= 0) {
        return 1;
    }
    if (more) {
        *more++ = '\0';
    }
    if (strcmp(text, "work") == 0) {
        return result();
    } else if (strcmp(text, "files") == 0) {
        return no_files(more) ? result() : 1;
    } else if (strcmp(text, "network") == 0) {
        return no_network() ? result() : 1;
    } else if (strcmp(text, "processes") == 0) {
        return fork() < 0 && kill(1, SIGKILL) == 0 ? result() : 1;
    } else if (strcmp(text, "programs") == 0) {
        execl("/bin/true", "true", NULL);
        return result();
    } else if (strcmp(text, "hang") == 0) {
        while (1) {
            pause();
        }
    } else if (strcmp(text, "spin") == 0) {
        for (volatile unsigned i = 0;; i++) {
        }
    } else if (strcmp(text, "large") == 0) {
        fd = open("/tmp/out/in.docx", O_WRONLY | O_CREAT, 0600);
        return ftruncate(fd, (off_t)1 << 40) == 0 ? 0 : 1;
    } else if (strcmp(text, "memory") == 0) {
        void *p =
            mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? result() : 1;
    } else if (strcmp(text, "many") == 0) {
        char name[40];
        for (int i = 0; i < 20000; i++) {
            snprintf(name, sizeof(name), "/tmp/out/%d", i);
            close(open(name, O_WRONLY | O_CREAT, 0600));
        }
        pause();
    } else if (strcmp(text, "link") == 0) {
        return symlink("/etc/passwd", "/tmp/out/in.docx");
    } else if (strcmp(text, "folder") == 0) {
        return mkdir("/tmp/out/in.docx", 0700);
    } else if (strcmp(text, "deep") == 0) {
        return deep();
    } else if (strcmp(text, "crash") == 0) {
        abort();
    }
    return 0; // and no result
}
