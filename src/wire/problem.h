// SPDX-License-Identifier: AGPL-3.0-or-later
// Problem documents (RFC 9457), the one shape of every refusal over HTTP. Pure; any thread.
#ifndef LARDER_WIRE_PROBLEM_H
#define LARDER_WIRE_PROBLEM_H

#include "base/buf.h"
#include "base/slice.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

// Appends {"type":"urn:larder:problem:WORD","title":…,"status":…,"code":WORD,"detail":sentence,…}, WORD, title and status
// from error_kind(code). status 0 takes the table's. detail NULL or "" is left out, and so is request_id. extra is further members
// without their brackets, valid JSON as in `"reason":"corrupt","findings":[]`, or empty.
void problem_format(struct buf *out, int code, int status, const char *detail,
    const char *request_id, struct slice extra);

#endif
