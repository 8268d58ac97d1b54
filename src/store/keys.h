// SPDX-License-Identifier: AGPL-3.0-or-later
// API keys as they are kept, and what each caller took in on a day. Part of the store's door (store.h): any thread, blocking,
// strings in the caller's arena. What roles, scopes and digests mean is the api's business.
#ifndef LARDER_STORE_KEYS_H
#define LARDER_STORE_KEYS_H

#include "store/store.h"

enum {
    KEYS_MAX = 1000, // all of them are held in memory
    KEY_ID_SIZE = 13, // 12 hexadecimal digits and NUL
    KEY_DIGEST = 32,
    QUOTA_DAYS_KEPT = 3,
};

struct key_record {
    char id[KEY_ID_SIZE];
    const char *name, *role, *created_by, *used_from;
    const char *scopes, *partitions; // words with spaces between; "": no narrowing
    uint8_t digest[KEY_DIGEST], old_digest[KEY_DIGEST];
    int64_t old_until_ms; // the digest before a rotation counts until then
    int64_t created_ms, expires_ms, rotated_ms, used_ms; // 0: never
    int64_t quota_bytes, quota_documents; // a day; 0: as the settings say
};
// created_ms is set. ERR_LIMIT: there are KEYS_MAX.
int store_key_add(struct store *s, struct key_record *k, struct error *err);
int store_key_list(struct store *s, struct arena *a, struct key_record **ret, size_t *ret_count,
    struct error *err);
int store_key_delete(struct store *s, struct slice id, struct error *err); // ERR_NOT_FOUND
// digest takes the place of the one that is there, which counts until old_until_ms. ERR_NOT_FOUND.
int store_key_rotate(struct store *s, struct slice id, const uint8_t digest[KEY_DIGEST],
    int64_t old_until_ms, struct error *err);
int store_key_used(
    struct store *s, struct slice id, int64_t at_ms, const char *from, struct error *err);

// fn is called for each caller that took something in on that day (days since 1970-01-01 UTC).
typedef void (*store_quota_fn)(void *ctx, const char *who, int64_t documents, int64_t bytes);
int store_quota_load(struct store *s, int64_t day, store_quota_fn fn, void *ctx, struct error *err);

#endif
