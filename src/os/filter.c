// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements filter.h.
#include "os/filter.h"

#include <stddef.h>
#include <sys/prctl.h>

#ifdef FILTER_ARCH

enum { X32_BIT = 0x40000000 };

static void add(struct filter *f, struct sock_filter one)
{
    BUG_ON(f->len == FILTER_CODE_MAX);
    f->code[f->len++] = one;
}

void filter_load(struct filter *f, size_t offset)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

void filter_leave(struct filter *f, uint32_t verdict)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

void filter_jump(
    struct filter *f, int test, uint32_t value, uint8_t skip_if_true, uint8_t skip_if_false)
{
    add(f, (struct sock_filter)BPF_JUMP(
               (uint16_t)(BPF_JMP | test | BPF_K), value, skip_if_true, skip_if_false));
}

void filter_begin(struct filter *f)
{
    f->len = 0;
    filter_load(f, offsetof(struct seccomp_data, arch));
    filter_jump(f, BPF_JEQ, FILTER_ARCH, 1, 0);
    filter_leave(f, SECCOMP_RET_KILL_PROCESS);
    filter_load(f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    filter_jump(f, BPF_JGE, X32_BIT, 0, 1);
    filter_leave(f, SECCOMP_RET_KILL_PROCESS);
#endif
}

void filter_when(struct filter *f, long number, uint32_t verdict)
{
    filter_jump(f, BPF_JEQ, (uint32_t)number, 0, 1);
    filter_leave(f, verdict);
}

// Four instructions behind the number's own test; one of them decides, so that a loaded argument is never taken for a number.
static void by_argument(
    struct filter *f, long number, int argument, struct sock_filter test, uint32_t otherwise)
{
    filter_jump(f, BPF_JEQ, (uint32_t)number, 0, 4);
    filter_load(f, offsetof(struct seccomp_data, args) + (size_t)argument * sizeof(uint64_t));
    add(f, test);
    filter_leave(f, SECCOMP_RET_ALLOW);
    filter_leave(f, otherwise);
}

void filter_allow_if(
    struct filter *f, long number, int argument, int test, uint32_t value, uint32_t otherwise)
{
    struct sock_filter one = BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, 0, 1);
    by_argument(f, number, argument, one, otherwise);
}

void filter_allow_without(
    struct filter *f, long number, int argument, uint32_t bits, uint32_t otherwise)
{
    struct sock_filter one = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    by_argument(f, number, argument, one, otherwise);
}

int filter_enter(struct filter *f)
{
    struct sock_fprog prog = { .len = f->len, .filter = f->code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 ? 0 : -1;
}

#endif
