// SPDX-License-Identifier: AGPL-3.0-or-later
// The words that every file needs: cleanup attributes, checked sizes, BUG(). Nothing else belongs here.
#ifndef LARDER_BASE_BASE_H
#define LARDER_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

// Hands a pointer over: evaluates to it and leaves NULL behind, so that a cleanup attribute keeps off.
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) *take_at_ = &(p);                                                            \
        __typeof__(p) take_ = *take_at_;                                                           \
        *take_at_ = NULL;                                                                          \
        take_;                                                                                     \
    })

// A broken invariant of our own: prints where, with a backtrace, and aborts in every build.
// Input can never be the cause; for input there is struct error.
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (cond) {                                                                                \
            BUG("%s", #cond);                                                                      \
        }                                                                                          \
    } while (0)
NORETURN void bug_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

// Overflow-checked arithmetic for sizes that come from input: true means that it overflowed.
static inline bool size_add(size_t a, size_t b, size_t *ret_sum)
{
    return __builtin_add_overflow(a, b, ret_sum);
}
static inline bool size_mul(size_t a, size_t b, size_t *ret_product)
{
    return __builtin_mul_overflow(a, b, ret_product);
}

// Small fixed allocations: abort when there is no memory. Sizes that come from input go through
// malloc/realloc and an ERR_MEMORY instead. Zeroed. Free with free().
void *xalloc(size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

void free_ptr(void *pointer_to_pointer); // for CLEANUP
void close_fd(const int *fd); // for CLEANUP; -1 is fine
#define AUTO_FREE CLEANUP(free_ptr)
#define AUTO_FD CLEANUP(close_fd)

#endif
