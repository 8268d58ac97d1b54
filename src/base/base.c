// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements base.h. Any thread.
#include "base/base.h"

#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKTRACE_FRAMES = 48 };

void bug_at(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    void *frames[BACKTRACE_FRAMES];

    fprintf(stderr, "BUG at %s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(stderr);
    backtrace_symbols_fd(frames, backtrace(frames, BACKTRACE_FRAMES), STDERR_FILENO);
    abort();
}

void *xalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p) {
        BUG("out of memory for %zu bytes", size);
    }
    return p;
}

char *xstrndup(const char *text, size_t len)
{
    char *copy = xalloc(len + 1);
    if (len) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xasprintf(const char *fmt, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0) {
        BUG("out of memory while formatting");
    }
    va_end(args);
    return text;
}

void free_ptr(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

void close_fd(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
