// SPDX-License-Identifier: AGPL-3.0-or-later
// A filter of system calls (seccomp) as a program for the kernel's classic BPF, written test after test: what none of the
// tests decides falls through to the next, and the last word is filter_leave's. Jumps count instructions, so a piece of
// several is written by one function. A program too long is a bug of ours, not of input.
//
// Only on processors for which FILTER_ARCH is defined; elsewhere nothing here can be called.
#ifndef LARDER_OS_FILTER_H
#define LARDER_OS_FILTER_H

#include "base/base.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

enum { FILTER_CODE_MAX = 256 };

struct filter {
    struct sock_filter code[FILTER_CODE_MAX];
    unsigned short len;
};

#ifdef FILTER_ARCH

// Empties f, then: another architecture's calls (32-bit, x32) kill; the number of the call is loaded.
void filter_begin(struct filter *f);
// Loads 32 bits of struct seccomp_data.
void filter_load(struct filter *f, size_t offset);
// BPF_JEQ, BPF_JGE or BPF_JSET of what is loaded with value; the last two say how many instructions are passed over.
void filter_jump(
    struct filter *f, int test, uint32_t value, uint8_t skip_if_true, uint8_t skip_if_false);
void filter_leave(struct filter *f, uint32_t verdict); // SECCOMP_RET_*
// The call of this number gets the verdict, others go on.
void filter_when(struct filter *f, long number, uint32_t verdict);
// The call of this number is allowed if the low half of its argument (0 to 5) passes the test, else gets `otherwise`. The
// low halves suffice where the kernel takes an int: descriptors, pids, signals, protection bits.
void filter_allow_if(
    struct filter *f, long number, int argument, int test, uint32_t value, uint32_t otherwise);
// The same, allowed if none of the bits is set.
void filter_allow_without(
    struct filter *f, long number, int argument, uint32_t bits, uint32_t otherwise);
// From here on it holds for this thread and what it starts. Needs no-new-privs. 0 or -1.
int filter_enter(struct filter *f);

#endif

#endif
