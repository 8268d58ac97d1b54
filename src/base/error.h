// SPDX-License-Identifier: AGPL-3.0-or-later
// What can go wrong, as a small set of codes and one sentence for a person.
//
// A function that can fail returns 0 or a negative ERR_*, and writes the sentence into the caller's struct error
// (which may be NULL, and is untouched on success). The place that knows writes the sentence: what happened, where,
// what to do next; never a path, SQL or the text of a library. ONE table turns a code into HTTP status, exit code and
// "is it worth a retry?".
#ifndef LARDER_BASE_ERROR_H
#define LARDER_BASE_ERROR_H

#include "base/base.h"

enum err {
    ERR_OK = 0,
    ERR_INVALID = -1, // the caller's input is wrong
    ERR_NOT_FOUND = -2, // no such thing (or none that the caller may see)
    ERR_CONFLICT = -3, // it is in a state that forbids this
    ERR_DENIED = -4, // known caller, not allowed
    ERR_AUTH = -5, // unknown caller
    ERR_TOO_LARGE = -6, // over a limit on size
    ERR_LIMIT = -7, // over another limit (rate, count, depth)
    ERR_UNSUPPORTED = -8, // a type or a method that is not there
    ERR_REFUSED = -9, // a document that the checks refuse
    ERR_BUSY = -10, // a bounded queue is full; try again
    ERR_TIMEOUT = -11, // it took too long
    ERR_CANCELLED = -12, // somebody asked to stop
    ERR_IO = -13, // disk, socket, pipe
    ERR_NO_SPACE = -14, // no room on the disk
    ERR_MEMORY = -15, // no memory for a size that came from input
    ERR_CORRUPT = -16, // stored or sent data is not what it must be
    ERR_INTERNAL = -17, // our own fault
};

enum { ERROR_TEXT_MAX = 512 };

struct error {
    int code;
    char text
        [ERROR_TEXT_MAX]; // one sentence or two, always UTF-8 whatever was quoted, NUL-terminated
};

// Fills err (if not NULL) and returns code, so that `return error_set(err, ERR_INVALID, "…")` reads as one step.
int error_set(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
// Puts "prefix: " before the sentence that is there.
int error_prefix(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct error_kind {
    int code;
    const char *word; // stable: "not_found"; the tail of a problem's type
    const char *title; // for a person: "Not found"
    int http_status;
    int exit_code; // sysexits.h where one fits
    bool retry; // may the same request succeed later?
};
// The table's entry for a code; that of ERR_INTERNAL for an unknown one. Never NULL.
const struct error_kind *error_kind(int code);

#endif
