// SPDX-License-Identifier: AGPL-3.0-or-later
// Rates and daily quotas, in this process alone. A rate is a bucket of tokens for each key and each address. The table of
// buckets has a fixed size: where it is crowded, the bucket that was not used for longest makes room. Any thread.
#ifndef LARDER_API_LIMITS_H
#define LARDER_API_LIMITS_H

#include "base/base.h"
#include "base/slice.h"

enum limit_kind {
    LIMIT_KEY, // requests of one key
    LIMIT_ADDRESS, // requests of one address
    LIMIT_WRONG_KEY, // wrong keys from one address
    LIMIT_SIGN_IN, // failed sign-ins from one address
    LIMIT_REFUSALS, // refusals of one address that get an audit row of their own
    LIMIT_KINDS
};

struct limits;
struct limit_rates {
    double per_second[LIMIT_KINDS];
    double burst[LIMIT_KINDS];
};
struct limits *limits_new(
    const struct limit_rates *rates, int64_t quota_bytes, int64_t quota_documents);
void limits_free(struct limits *l);
// 0 and a token less; or the seconds after which there is one again, and nothing is taken.
int limits_take(struct limits *l, enum limit_kind kind, struct slice who, int64_t now_us);
// The same without taking.
int limits_ask(struct limits *l, enum limit_kind kind, struct slice who, int64_t now_us);
// An IPv6 address stands for its /64 network: each client has that many.
struct slice limits_address(const char *peer, char ret[64]);

// ---- quotas of the day; bytes and documents of 0 mean those of limits_new
struct quota {
    int64_t bytes, documents;
};
// 0, or the seconds until the next day (UTC) when `bytes` more would be too many.
int limits_quota_ask(
    struct limits *l, struct slice who, struct quota q, int64_t bytes, int64_t wall_ms);
void limits_quota_take(
    struct limits *l, struct slice who, int64_t documents, int64_t bytes, int64_t wall_ms);

#endif
