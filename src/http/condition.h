// SPDX-License-Identifier: AGPL-3.0-or-later
// Conditions on an answer: ranges and entity tags (RFC 9110, sections 13 and 14). Pure; any thread.
#ifndef LARDER_HTTP_CONDITION_H
#define LARDER_HTTP_CONDITION_H

#include "base/slice.h"

enum { RANGES_MAX = 16 };
enum range_kind {
    RANGE_WHOLE, // no range, or one that may be left out of account (another unit, several ranges, malformed)
    RANGE_PART,
    RANGE_BAD, // 416: nothing of it lies inside
    RANGE_MANY, // 416: over RANGES_MAX of them, which RFC 9110 (14.2) lets a server refuse: only attackers ask so
};
// The value of Range against a file of `size` bytes. RANGE_PART sets *ret_first and *ret_length (> 0).
enum range_kind range_parse(
    struct slice value, int64_t size, int64_t *ret_first, int64_t *ret_length);
// Does the list in If-None-Match name this quoted tag, weakly compared? "*" names any.
bool etag_listed(struct slice value, const char *etag);
// If-Range: the tag itself, strongly compared. Dates never match, so that the whole file is sent.
bool etag_same(struct slice value, const char *etag);

#endif
