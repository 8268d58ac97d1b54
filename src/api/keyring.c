// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements keyring.h. Changes go to the store first and are then read back whole, so memory is never ahead of the disk.
#include "api/keyring.h"
#include "base/clock.h"
#include "base/log.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET = 20, CHECK_LEN = 8, KEYS_ARENA = 16 << 20 };
#define KEY_PREFIX "larder_"

struct keyring {
    struct store *store;
    pthread_mutex_t changing; // one change with its reading back at a time; taken before mutex
    pthread_mutex_t mutex; // guards what follows
    struct arena arena; // of the list
    struct key_record *keys;
    int64_t *noted_ms; // of each key: when its use was last written down
    size_t count;
    atomic_ullong changes;
};

// ---- the text of a key

void key_digest(struct slice text, uint8_t ret[KEY_DIGEST])
{
    unsigned int n = KEY_DIGEST;

    if (EVP_Digest(text.data ? text.data : "", text.len, ret, &n, EVP_sha256(), NULL) != 1) {
        BUG("SHA-256 is not there");
    }
}

static void check_digits(struct slice text, char ret[CHECK_LEN + 1])
{
    uint8_t digest[KEY_DIGEST];

    key_digest(text, digest);
    hex_format(digest, CHECK_LEN / 2, ret);
}

bool key_text_parse(struct slice text, char ret_id[KEY_ID_SIZE])
{
    size_t prefix = strlen(KEY_PREFIX), id = KEY_ID_SIZE - 1;
    char check[CHECK_LEN + 1];
    uint8_t raw[SECRET];

    if (text.len != KEY_TEXT_LEN || !slice_starts(text, KEY_PREFIX) ||
        text.data[prefix + id] != '_' ||
        !hex_parse(slice_make(text.data + prefix, id), raw, id / 2) ||
        !hex_parse(slice_make(text.data + prefix + id + 1, (size_t)2 * SECRET), raw, SECRET)) {
        return false;
    }
    check_digits(slice_make(text.data, KEY_TEXT_LEN - CHECK_LEN), check);
    memcpy(ret_id, text.data + prefix, id);
    ret_id[id] = '\0';
    OPENSSL_cleanse(raw, sizeof(raw));
    return slice_is(slice_from(text, KEY_TEXT_LEN - CHECK_LEN), check);
}

void key_text_make(char ret_id[KEY_ID_SIZE], char ret_text[KEY_TEXT_SIZE], bool keep_id)
{
    uint8_t raw[SECRET];
    char secret[2 * SECRET + 1], check[CHECK_LEN + 1];

    if (!keep_id) {
        random_bytes(raw, (KEY_ID_SIZE - 1) / 2);
        hex_format(raw, (KEY_ID_SIZE - 1) / 2, ret_id);
    }
    random_bytes(raw, sizeof(raw));
    hex_format(raw, sizeof(raw), secret);
    int n = snprintf(ret_text, KEY_TEXT_SIZE, KEY_PREFIX "%s_%s", ret_id, secret);
    check_digits(slice_make(ret_text, (size_t)n), check);
    memcpy(ret_text + n, check, sizeof(check));
    OPENSSL_cleanse(raw, sizeof(raw));
    OPENSSL_cleanse(secret, sizeof(secret));
}

// ---- life

struct keyring *keyring_new(void)
{
    struct keyring *k = xalloc(sizeof(*k));

    pthread_mutex_init(&k->changing, NULL);
    pthread_mutex_init(&k->mutex, NULL);
    arena_init(&k->arena, KEYS_ARENA);
    k->noted_ms = xalloc(KEYS_MAX * sizeof(*k->noted_ms));
    return k;
}

static void wipe(struct key_record *keys, size_t count)
{
    if (keys) {
        OPENSSL_cleanse(keys, count * sizeof(*keys));
    }
}

void keyring_free(struct keyring *k)
{
    if (k) {
        wipe(k->keys, k->count);
        arena_done(&k->arena);
        pthread_mutex_destroy(&k->mutex);
        pthread_mutex_destroy(&k->changing);
        free(k->noted_ms);
        free(k);
    }
}

int keyring_load(struct keyring *k, struct store *s, struct error *err)
{
    struct arena arena;
    struct key_record *keys = NULL;
    size_t count = 0;

    k->store = s;
    arena_init(&arena, KEYS_ARENA);
    int rc = store_key_list(s, &arena, &keys, &count, err);
    if (rc < 0) {
        arena_done(&arena);
        return rc;
    }
    pthread_mutex_lock(&k->mutex);
    struct arena old = k->arena;
    wipe(k->keys, k->count);
    k->arena = arena;
    k->keys = keys;
    k->count = count;
    memset(k->noted_ms, 0, KEYS_MAX * sizeof(*k->noted_ms));
    for (size_t i = 0; i < count; i++) {
        k->noted_ms[i] = keys[i].used_ms;
    }
    atomic_fetch_add(&k->changes, 1);
    pthread_mutex_unlock(&k->mutex);
    arena_done(&old);
    return 0;
}

uint64_t keyring_changes(struct keyring *k)
{
    return atomic_load(&k->changes);
}

// ---- finding

static struct key_record *by_id(struct keyring *k, struct slice id)
{
    for (size_t i = 0; i < k->count; i++) {
        if (slice_is(id, k->keys[i].id)) {
            return &k->keys[i];
        }
    }
    return NULL;
}

static unsigned rights_of(const struct key_record *r, enum role role)
{
    struct slice rest = slice_of(r->scopes), one;
    unsigned rights = 1u << RIGHT_ANY;

    if (!r->scopes[0]) {
        return role_rights(role);
    }
    while (words_next(&rest, &one)) {
        int right = right_from_word(one);
        rights |= right >= 0 ? 1u << right : 0;
    }
    return rights & (role_rights(role) | 1u << RIGHT_MONITOR);
}

static bool fill(const struct key_record *r, struct arena *a, struct key_holder *ret)
{
    struct slice rest = slice_of(r->partitions), one;
    int role = role_from_word(slice_of(r->role));

    if (role < 0 || (r->expires_ms && clock_wall_ms() >= r->expires_ms)) {
        return false;
    }
    *ret = (struct key_holder){ .role = (enum role)role,
        .rights = rights_of(r, (enum role)role),
        .quota_bytes = r->quota_bytes,
        .quota_documents = r->quota_documents,
        .expires_ms = r->expires_ms };
    memcpy(ret->id, r->id, sizeof(ret->id));
    memcpy(ret->mark, r->digest, sizeof(ret->mark));
    ret->name = arena_strdup(a, r->name);
    struct slice *partitions =
        r->partitions[0] ? arena_array(a, KEY_PARTITIONS_MAX, sizeof(*partitions)) : NULL;
    while (partitions && ret->partition_count < KEY_PARTITIONS_MAX && words_next(&rest, &one)) {
        partitions[ret->partition_count++] = arena_slice(a, one);
    }
    ret->partitions = partitions;
    return ret->name && (!r->partitions[0] || ret->partition_count > 0);
}

bool keyring_find(struct keyring *k, struct slice text, struct arena *a, struct key_holder *ret)
{
    uint8_t digest[KEY_DIGEST];
    char id[KEY_ID_SIZE];
    static const struct key_record nobody = { .old_until_ms = 0 };

    if (!key_text_parse(text, id)) {
        return false;
    }
    key_digest(text, digest);
    pthread_mutex_lock(&k->mutex);
    const struct key_record *r = by_id(k, slice_of(id)), *compared = r ? r : &nobody;
    int is_new = CRYPTO_memcmp(digest, compared->digest, KEY_DIGEST);
    int is_old = CRYPTO_memcmp(digest, compared->old_digest, KEY_DIGEST);
    bool right = r && (is_new == 0 || (is_old == 0 && clock_wall_ms() < r->old_until_ms));
    right = right && fill(r, a, ret);
    pthread_mutex_unlock(&k->mutex);
    return right;
}

bool keyring_find_id(struct keyring *k, struct slice id, struct arena *a, struct key_holder *ret)
{
    pthread_mutex_lock(&k->mutex);
    const struct key_record *r = by_id(k, id);
    bool found = r && fill(r, a, ret);
    pthread_mutex_unlock(&k->mutex);
    return found;
}

// ---- changing

static int check_scopes(const char *scopes, enum role role, struct error *err)
{
    struct slice rest = slice_of(scopes), one;
    unsigned allowed = role_rights(role) | 1u << RIGHT_MONITOR;

    while (words_next(&rest, &one)) {
        int right = right_from_word(one);
        if (right < 0 || !(allowed >> right & 1)) {
            return error_set(err, ERR_INVALID, "\"%.*s\" is not a scope that the role %s can have.",
                (int)(one.len > 40 ? 40 : one.len), one.data, role_word(role));
        }
    }
    return 0;
}

int keyring_create(struct keyring *k, const struct key_wish *wish, char ret_id[KEY_ID_SIZE],
    char ret_text[KEY_TEXT_SIZE], struct error *err)
{
    AUTO_FREE char *name = xstrndup(wish->name.data ? wish->name.data : "", wish->name.len);
    struct key_record r = { .name = name,
        .role = role_word(wish->role),
        .scopes = wish->scopes,
        .partitions = wish->partitions,
        .created_by = wish->created_by,
        .expires_ms = wish->expires_ms,
        .quota_bytes = wish->quota_bytes,
        .quota_documents = wish->quota_documents };

    if (wish->expires_ms && wish->expires_ms <= clock_wall_ms()) {
        return error_set(err, ERR_INVALID, "The key would have expired already.");
    }
    int rc = check_scopes(wish->scopes, wish->role, err);
    if (rc < 0) {
        return rc;
    }
    key_text_make(r.id, ret_text, false);
    key_digest(slice_of(ret_text), r.digest);
    pthread_mutex_lock(&k->changing);
    rc = store_key_add(k->store, &r, err);
    memcpy(ret_id, r.id, KEY_ID_SIZE);
    rc = rc < 0 ? rc : keyring_load(k, k->store, err);
    pthread_mutex_unlock(&k->changing);
    return rc;
}

int keyring_revoke(struct keyring *k, struct slice id, struct error *err)
{
    pthread_mutex_lock(&k->changing);
    int rc = store_key_delete(k->store, id, err);
    rc = rc < 0 ? rc : keyring_load(k, k->store, err);
    pthread_mutex_unlock(&k->changing);
    return rc;
}

int keyring_rotate(struct keyring *k, struct slice id, int64_t overlap_s,
    char ret_text[KEY_TEXT_SIZE], struct error *err)
{
    uint8_t digest[KEY_DIGEST];
    char copy[KEY_ID_SIZE];

    if (id.len != KEY_ID_SIZE - 1) {
        return error_set(err, ERR_NOT_FOUND, "There is no key with this id.");
    }
    memcpy(copy, id.data, id.len);
    copy[id.len] = '\0';
    key_text_make(copy, ret_text, true);
    key_digest(slice_of(ret_text), digest);
    pthread_mutex_lock(&k->changing);
    int rc = store_key_rotate(k->store, id, digest, clock_wall_ms() + overlap_s * 1000, err);
    rc = rc < 0 ? rc : keyring_load(k, k->store, err);
    pthread_mutex_unlock(&k->changing);
    return rc;
}

void keyring_used(struct keyring *k, struct slice id, const char *from)
{
    int64_t now = clock_wall_ms();
    struct error err = { 0 };
    bool note = false;

    pthread_mutex_lock(&k->mutex);
    struct key_record *r = by_id(k, id);
    if (r) {
        r->used_ms = now;
        int64_t *noted = &k->noted_ms[r - k->keys];
        note = now - *noted >= (int64_t)KEY_USE_NOTED_S * 1000 || now < *noted;
        *noted = note ? now : *noted;
    }
    pthread_mutex_unlock(&k->mutex);
    if (note && store_key_used(k->store, id, now, from, &err) < 0) {
        log_warn("keys.use_not_noted", LS("what", err.text));
    }
}
