// SPDX-License-Identifier: AGPL-3.0-or-later
// API keys in memory, as the store has them. A key's text is
//
//   larder_ID_SECRETCHECK   ID 12, SECRET 40, CHECK 8 lower-case hexadecimal digits
//
// ID finds the key, CHECK is the start of the SHA-256 of what stands before it (a mistyped key is known as such, and scanners
// for leaked secrets can tell real ones). Kept is the SHA-256 of the whole text: a secret of 160 random bits needs no slower
// hash. Digests are compared in constant time. Any thread (mutex inside).
#ifndef LARDER_API_KEYRING_H
#define LARDER_API_KEYRING_H

#include "api/rights.h"
#include "base/arena.h"
#include "store/keys.h"

enum {
    KEY_TEXT_LEN = 68,
    KEY_TEXT_SIZE = KEY_TEXT_LEN + 1,
    KEY_NAME_MAX = 100, // bytes
    KEY_PARTITIONS_MAX = DOCUMENT_PARTITIONS_MAX,
    KEY_OVERLAP_S =
        24 * 3600, // after a rotation the old key works for so long unless told otherwise
    KEY_USE_NOTED_S = 60, // the last use is written down at most so often
};

// true: ret_id is the id. Shape and checksum only.
bool key_text_parse(struct slice text, char ret_id[KEY_ID_SIZE]);
void key_text_make(char ret_id[KEY_ID_SIZE], char ret_text[KEY_TEXT_SIZE], bool keep_id);
void key_digest(struct slice text, uint8_t ret[KEY_DIGEST]);

struct keyring;
struct keyring *keyring_new(void);
void keyring_free(struct keyring *k); // wipes digests
// Reads the keys of the store, in place of those that are held. 0, or what the store said.
int keyring_load(struct keyring *k, struct store *s, struct error *err);

struct key_holder {
    char id[KEY_ID_SIZE];
    const char *name; // arena, as are the partitions
    enum role role;
    unsigned rights;
    const struct slice *partitions;
    size_t partition_count;
    int64_t quota_bytes, quota_documents, expires_ms;
    uint8_t mark[8];
};
// The holder of the key with this text, if it is valid now; or by id (sessions, streams).
bool keyring_find(struct keyring *k, struct slice text, struct arena *a, struct key_holder *ret);
bool keyring_find_id(struct keyring *k, struct slice id, struct arena *a, struct key_holder *ret);
uint64_t keyring_changes(
    struct keyring *k); // counts changes: what was found before still holds while it is the same

struct key_wish {
    struct slice name;
    enum role role;
    const char *scopes, *partitions; // words with spaces between; "": no narrowing
    const char *created_by;
    int64_t expires_ms, quota_bytes, quota_documents;
};
// ret_text is the key: show it once. ERR_INVALID: a scope beyond the role, a bad partition, an expiry that has passed.
int keyring_create(struct keyring *k, const struct key_wish *wish, char ret_id[KEY_ID_SIZE],
    char ret_text[KEY_TEXT_SIZE], struct error *err);
int keyring_revoke(struct keyring *k, struct slice id, struct error *err); // ERR_NOT_FOUND
// A new text for the same key; the old one works for overlap_s more.
int keyring_rotate(struct keyring *k, struct slice id, int64_t overlap_s,
    char ret_text[KEY_TEXT_SIZE], struct error *err);
// Notes a use; writes it down now and then. Blocks on the store.
void keyring_used(struct keyring *k, struct slice id, const char *from);

#endif
