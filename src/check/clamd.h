// SPDX-License-Identifier: AGPL-3.0-or-later
// A virus scanner asked over clamd's INSTREAM: the bytes of an upload go to it, its one line of answer is judged strictly.
// Whatever is not a clear "clean" or a clear signature is "not scanned": a scanner that is down, slow or talks nonsense
// never makes a file clean. Blocking, with one deadline for the whole exchange; any thread; no state.
//
//   we    zINSTREAM\0  { length:u32 big-endian, bytes }…  0:u32
//   clamd stream: OK\0 | stream: NAME FOUND\0 | TEXT ERROR\0         then it closes
#ifndef LARDER_CHECK_CLAMD_H
#define LARDER_CHECK_CLAMD_H

#include "base/error.h"
#include "base/slice.h"

enum {
    CLAMD_ANSWER_MAX = 1024, // bytes of an answer; real ones have under 100
    CLAMD_NAME_MAX = 256, // of a signature
    CLAMD_PIECE = 64 << 10,
};

struct clamd_options {
    const char *address; // a socket's path (begins with /) or HOST:PORT
    int64_t time_ms; // for all of it
    int64_t stream_max; // bytes; clamd's own StreamMaxLength must be as large
};

enum clamd_verdict {
    CLAMD_CLEAN,
    CLAMD_FOUND,
    CLAMD_DOWN, // nobody answers there
    CLAMD_SLOW, // not within the time
    CLAMD_GARBLED, // an answer that makes no sense, or none
    CLAMD_TOO_LARGE, // more bytes than we send or it takes
    CLAMD_FAILED, // it says that it could not scan
    CLAMD_VERDICTS
};
struct clamd_result {
    enum clamd_verdict verdict;
    char name[CLAMD_NAME_MAX]; // of the signature, printable ASCII; CLAMD_FOUND only
};

// The answer to INSTREAM, without or with its final NUL. whole: the stream had been sent to its end, so "OK" may be believed.
// Pure.
void clamd_parse(struct slice answer, bool whole, struct clamd_result *ret);
// Scans the file from its beginning; its offset is not used or changed. Never fails: *ret says what came of it.
void clamd_scan(const struct clamd_options *o, int fd, int64_t size, struct clamd_result *ret);
// Does it answer? 0 and its version in words, or ERR_IO, ERR_TIMEOUT, ERR_CORRUPT with a sentence.
int clamd_ping(const struct clamd_options *o, char ret_version[CLAMD_NAME_MAX], struct error *err);
// Is the address one of the two forms?
bool clamd_address_valid(const char *address);
const char *clamd_sentence(
    enum clamd_verdict v); // for a person, for what is not clean and not found

#endif
