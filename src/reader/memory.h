// SPDX-License-Identifier: AGPL-3.0-or-later
// Telling "out of memory" from "crashed". The program's malloc family notes each refusal before the caller sees NULL; if
// the process then aborts or reads through that NULL, it says so on the pipe instead of only dying. Part of the programs
// that lock themselves in, never of a library: it replaces malloc. In sanitizer builds it does nothing.
#ifndef LARDER_READER_MEMORY_H
#define LARDER_READER_MEMORY_H

#include "base/base.h"

// Sizes above this are nonsense from a damaged file, not a lack of memory.
#define MEMORY_ABSURD_BYTES ((size_t)8 << 30)

bool memory_was_refused(void); // since the start
// Signal handlers for SIGABRT, SIGSEGV and SIGBUS on their own stack; to be called before the sandbox. last_words are
// written to out_fd when one of them comes after a refusal; they must stay valid.
void memory_watch(int out_fd, const void *last_words, size_t len);

#endif
