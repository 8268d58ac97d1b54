// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements memory.h. One thread.
#include "reader/memory.h"

#include "wire/frame.h"

#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef LARDER_SANITIZED

// A find must end the process by a signal, as any crash does.
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:allocator_may_return_null=1:detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:abort_on_error=1:print_stacktrace=1";
}

bool memory_was_refused(void)
{
    return false;
}

void memory_watch(int out_fd, const void *last_words, size_t len)
{
    (void)out_fd;
    (void)last_words;
    (void)len;
}

#else

enum { HANDLER_STACK_BYTES = 32 << 10 };

static volatile sig_atomic_t refused;
static int words_fd = -1;
static const void *words;
static size_t words_len;
static char handler_stack[HANDLER_STACK_BYTES];

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static void *note(void *p, size_t size)
{
    if (!p && size && size <= MEMORY_ABSURD_BYTES) {
        refused = 1;
    }
    return p;
}

void *malloc(size_t size)
{
    return note(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size)
{
    size_t all = 0;
    void *p = __libc_calloc(count, size);
    return size_mul(count, size, &all) ? p : note(p, all);
}

void *realloc(void *old, size_t size)
{
    return note(__libc_realloc(old, size), size);
}

bool memory_was_refused(void)
{
    return refused;
}

static void on_fatal(int number)
{
    if (refused && words_fd >= 0) {
        ssize_t n = write(words_fd, words, words_len);
        (void)n;
        _exit(READER_EXIT_MEMORY);
    }
    // SA_RESETHAND has put the default back; the fault repeats, or abort raises again.
    (void)number;
}

void memory_watch(int out_fd, const void *last_words, size_t len)
{
    stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
    struct sigaction action = { .sa_handler = on_fatal,
        .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER) };
    static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS };
    void *frames[1];

    backtrace(frames, 1); // loads its library now, so that BUG() can tell where it was
    words_fd = out_fd;
    words = last_words;
    words_len = len;
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        sigaction(signals[i], &action, NULL);
    }
}

#endif
