// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements store/keys.h.
#include "store/keys.h"
#include "store/sqlite/backend.h"

// ---- writing

static int count_keys(struct db *db, int64_t *ret, struct error *err)
{
    struct query q = query_start(db, "SELECT count(*) FROM api_keys");

    *ret = query_step(&q) ? row_int(&q) : 0;
    return query_end(&q, err);
}

static int add(struct write *w, void *ctx, struct error *err)
{
    struct key_record *k = ctx;
    int64_t count = 0;
    int rc = count_keys(w->db, &count, err);

    if (rc == 0 && count >= KEYS_MAX) {
        rc = error_set(err, ERR_LIMIT, "There are %d keys; revoke some first.", KEYS_MAX);
    }
    if (rc != 0) {
        return rc;
    }
    struct query q = query_start(w->db,
        "INSERT INTO api_keys (id, name, role, scopes, partitions, digest, old_digest, created_ms, "
        "created_by, expires_ms, quota_bytes, quota_documents) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    char digest[2 * KEY_DIGEST + 1], old[2 * KEY_DIGEST + 1];
    hex_format(k->digest, KEY_DIGEST, digest);
    hex_format(k->old_digest, KEY_DIGEST, old);
    k->created_ms = w->now_ms;
    w->subject = k->id;
    query_text(&q, k->id);
    query_text_or(&q, k->name, "");
    query_text_or(&q, k->role, "");
    query_text_or(&q, k->scopes, "");
    query_text_or(&q, k->partitions, "");
    query_text(&q, digest);
    query_text(&q, old);
    query_int(&q, k->created_ms);
    query_text_or(&q, k->created_by, "");
    query_int(&q, k->expires_ms);
    query_int(&q, k->quota_bytes);
    query_int(&q, k->quota_documents);
    return query_run(&q, err);
}

int store_key_add(struct store *s, struct key_record *k, struct error *err)
{
    return store_write(s, "key_add", add, k, err);
}

static int one_changed(struct write *w, struct query *q, struct error *err)
{
    int rc = query_run(q, err);

    if (rc == 0 && sqlite3_changes(w->db->handle) == 0) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no key with this id.");
    }
    return rc;
}

static int delete_key(struct write *w, void *ctx, struct error *err)
{
    struct query q = query_start(w->db, "DELETE FROM api_keys WHERE id = ?");

    query_slice(&q, *(struct slice *)ctx);
    return one_changed(w, &q, err);
}

int store_key_delete(struct store *s, struct slice id, struct error *err)
{
    return store_write(s, "key_delete", delete_key, &id, err);
}

struct change {
    struct slice id;
    const uint8_t *digest;
    int64_t at_ms;
    const char *from;
};

static int rotate(struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    struct query q = query_start(w->db, "UPDATE api_keys SET old_digest = digest, digest = ?, "
                                        "old_until_ms = ?, rotated_ms = ? WHERE id = ?");
    char digest[2 * KEY_DIGEST + 1];

    hex_format(c->digest, KEY_DIGEST, digest);
    query_text(&q, digest);
    query_int(&q, c->at_ms);
    query_int(&q, w->now_ms);
    query_slice(&q, c->id);
    return one_changed(w, &q, err);
}

int store_key_rotate(struct store *s, struct slice id, const uint8_t digest[KEY_DIGEST],
    int64_t old_until_ms, struct error *err)
{
    struct change c = { .id = id, .digest = digest, .at_ms = old_until_ms };

    return store_write(s, "key_rotate", rotate, &c, err);
}

static int used(struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    struct query q = query_start(w->db, "UPDATE api_keys SET used_ms = ?, used_from = ? "
                                        "WHERE id = ?");

    query_int(&q, c->at_ms);
    query_text_or(&q, c->from, "");
    query_slice(&q, c->id);
    return query_run(&q, err);
}

int store_key_used(
    struct store *s, struct slice id, int64_t at_ms, const char *from, struct error *err)
{
    struct change c = { .id = id, .at_ms = at_ms, .from = from };

    return store_write(s, "key_used", used, &c, err);
}

// ---- reading

struct list {
    struct arena *arena;
    struct key_record *keys;
    size_t count;
};

static int list(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    struct query q = query_start(db,
        "SELECT id, name, role, scopes, partitions, digest, old_digest, old_until_ms, created_ms, "
        "created_by, expires_ms, rotated_ms, used_ms, used_from, quota_bytes, quota_documents "
        "FROM api_keys ORDER BY created_ms, id");
    bool full = false;
    (void)s;

    while (!full && l->count < KEYS_MAX && query_step(&q)) {
        struct key_record *k = &l->keys[l->count++];
        row_into(&q, k->id, sizeof(k->id));
        k->name = row_text(&q, l->arena);
        k->role = row_text(&q, l->arena);
        k->scopes = row_text(&q, l->arena);
        k->partitions = row_text(&q, l->arena);
        bool whole = hex_parse(row_slice(&q), k->digest, KEY_DIGEST) &&
                     hex_parse(row_slice(&q), k->old_digest, KEY_DIGEST);
        k->old_until_ms = row_int(&q);
        k->created_ms = row_int(&q);
        k->created_by = row_text(&q, l->arena);
        k->expires_ms = row_int(&q);
        k->rotated_ms = row_int(&q);
        k->used_ms = row_int(&q);
        k->used_from = row_text(&q, l->arena);
        k->quota_bytes = row_int(&q);
        k->quota_documents = row_int(&q);
        l->count -= !whole; // a damaged digest opens nothing
        full =
            !k->name || !k->role || !k->scopes || !k->partitions || !k->created_by || !k->used_from;
    }
    int rc = query_end(&q, err);
    return rc     ? rc
           : full ? error_set(err, ERR_MEMORY, "There is not enough memory for the list of keys.")
                  : 0;
}

int store_key_list(
    struct store *s, struct arena *a, struct key_record **ret, size_t *ret_count, struct error *err)
{
    struct list l = { .arena = a, .keys = arena_array(a, KEYS_MAX, sizeof(*l.keys)) };

    if (!l.keys) {
        return error_set(err, ERR_MEMORY, "There is not enough memory for the list of keys.");
    }
    int rc = store_read(s, "key_list", list, &l, err);
    if (rc == 0) {
        *ret = l.keys;
        *ret_count = l.count;
    }
    return rc;
}

// ---- quotas

int quota_add(struct write *w, const char *who, int64_t bytes, struct error *err)
{
    int64_t day = w->now_ms / 86400000;
    struct query q = query_start(w->db,
        "INSERT INTO quota_days (who, day, documents, bytes) VALUES (?, ?, 1, ?) ON CONFLICT "
        "(who, day) DO UPDATE SET documents = documents + 1, bytes = bytes + excluded.bytes");

    query_text(&q, who);
    query_int(&q, day);
    query_int(&q, bytes);
    int rc = query_run(&q, err);
    if (rc == 0) {
        q = query_start(w->db, "DELETE FROM quota_days WHERE day < ?");
        query_int(&q, day - QUOTA_DAYS_KEPT);
        rc = query_run(&q, err);
    }
    return rc;
}

struct quotas {
    int64_t day;
    store_quota_fn fn;
    void *ctx;
};

static int load_quotas(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct quotas *l = ctx;
    struct query q =
        query_start(db, "SELECT who, documents, bytes FROM quota_days WHERE day = ? LIMIT ?");
    (void)s;

    query_int(&q, l->day);
    query_int(&q, 2 * KEYS_MAX);
    while (query_step(&q)) {
        char who[64];
        row_into(&q, who, sizeof(who));
        int64_t documents = row_int(&q), bytes = row_int(&q);
        l->fn(l->ctx, who, documents, bytes);
    }
    return query_end(&q, err);
}

int store_quota_load(struct store *s, int64_t day, store_quota_fn fn, void *ctx, struct error *err)
{
    struct quotas l = { .day = day, .fn = fn, .ctx = ctx };

    return store_read(s, "quota_load", load_quotas, &l, err);
}
