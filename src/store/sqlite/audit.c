// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements store/audit.h. The chain: hash = SHA-256(hash of the row before, in hexadecimal, 64 zeros for the first; then the
// row as the JSON array that canonical() makes). Rows are numbered from 1 without a gap, so a missing one shows too. Who can
// write the database can make a whole new chain; the heads written to the log stand against that.
#include "store/audit.h"
#include "base/utf8.h"
#include "store/sqlite/backend.h"
#include "wire/json.h"

#include <openssl/evp.h>
#include <stdio.h>

enum {
    HASH = 32,
    CANONICAL_MAX = 32 * 1024,
    VERIFY_ROWS = 2000, // of one read
};

_Thread_local struct audit_attachment *audit_attached;

void store_audit_attach(struct audit_attachment *a)
{
    audit_attached = a;
}

static int out_of_memory(struct error *err)
{
    return error_set(err, ERR_MEMORY, "There is not enough memory for the audit log.");
}

static void hash_row(const uint8_t before[HASH], const struct audit_row *r, uint8_t ret[HASH])
{
    AUTO_BUF text = BUF_INIT(CANONICAL_MAX);
    struct json_out j;
    char hex[2 * HASH + 1];

    hex_format(before, HASH, hex);
    buf_add_str(&text, hex);
    json_begin(&j, &text);
    json_begin_array(&j);
    json_int(&j, r->seq);
    json_int(&j, r->time_ms);
    json_text(&j, r->who);
    json_text(&j, r->act);
    json_text(&j, r->subject);
    json_text(&j, r->outcome);
    json_int(&j, r->status);
    json_text(&j, r->address);
    json_text(&j, r->request_id);
    json_text(&j, r->detail);
    json_end(&j);
    unsigned int n = HASH;
    if (json_finish(&j, NULL) < 0 ||
        EVP_Digest(text.data, text.len, ret, &n, EVP_sha256(), NULL) != 1) {
        memset(ret, 0, HASH); // a text far over every limit: only an edited row has one
    }
}

// ---- writing

static int read_head(struct db *db, int64_t *ret_seq, uint8_t ret[HASH], struct error *err)
{
    struct query q = query_start(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");

    *ret_seq = 0;
    memset(ret, 0, HASH);
    if (query_step(&q)) {
        *ret_seq = row_int(&q);
        hex_parse(
            row_slice(&q), ret, HASH); // zeros for what is none: then the next row does not fit
    }
    return query_end(&q, err);
}

static const char *cut(const char *text, char ret[AUDIT_TEXT_MAX + 1])
{
    struct slice s = utf8_prefix(slice_of(text ? text : ""), AUDIT_TEXT_MAX);

    memcpy(ret, s.data, s.len);
    ret[s.len] = '\0';
    return ret;
}

static int insert(struct write *w, const struct audit_row *given, struct error *err)
{
    char texts[7][AUDIT_TEXT_MAX + 1], hex[2 * HASH + 1];
    uint8_t before[HASH], hash[HASH];
    int64_t seq = 0;
    int rc = read_head(w->db, &seq, before, err);

    if (rc != 0) {
        return rc;
    }
    struct audit_row r = { .seq = seq + 1,
        .time_ms = w->now_ms,
        .who = cut(given->who, texts[0]),
        .act = cut(given->act, texts[1]),
        .subject = cut(w->subject ? w->subject : given->subject, texts[2]),
        .outcome = cut(given->outcome, texts[3]),
        .status = given->status,
        .address = cut(given->address, texts[4]),
        .request_id = cut(given->request_id, texts[5]),
        .detail = cut(given->detail, texts[6]) };
    hash_row(before, &r, hash);
    struct query q = query_start(w->db,
        "INSERT INTO audit (seq, time_ms, who, act, subject, outcome, status, address, "
        "request_id, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_int(&q, r.seq);
    query_int(&q, r.time_ms);
    query_text(&q, r.who);
    query_text(&q, r.act);
    query_text(&q, r.subject);
    query_text(&q, r.outcome);
    query_int(&q, r.status);
    query_text(&q, r.address);
    query_text(&q, r.request_id);
    query_text(&q, r.detail);
    hex_format(hash, HASH, hex);
    query_text(&q, hex);
    return query_run(&q, err);
}

int audit_write(struct write *w, const struct audit_attachment *a, struct error *err)
{
    int rc = insert(w, &a->row, err);

    return rc == 0 && a->quota_bytes > 0 ? quota_add(w, a->row.who, a->quota_bytes, err) : rc;
}

static int add(struct write *w, void *ctx, struct error *err)
{
    return insert(w, ctx, err);
}

int store_audit_add(struct store *s, const struct audit_row *row, struct error *err)
{
    struct audit_row copy = *row;
    struct audit_attachment *attached = audit_attached;

    audit_attached = NULL;
    int rc = store_write(s, "audit_add", add, &copy, err);
    audit_attached = attached;
    return rc;
}

// ---- reading

#define AUDIT_COLUMNS                                                                              \
    "seq, time_ms, who, act, subject, outcome, status, address, request_id, detail, hash"

static bool read_row(struct query *q, struct arena *a, struct audit_row *r, uint8_t ret_hash[HASH])
{
    r->seq = row_int(q);
    r->time_ms = row_int(q);
    r->who = row_text(q, a);
    r->act = row_text(q, a);
    r->subject = row_text(q, a);
    r->outcome = row_text(q, a);
    r->status = row_int(q);
    r->address = row_text(q, a);
    r->request_id = row_text(q, a);
    r->detail = row_text(q, a);
    memset(ret_hash, 0, HASH);
    hex_parse(row_slice(q), ret_hash, HASH);
    hex_format(ret_hash, HASH, r->hash);
    return r->who && r->act && r->subject && r->outcome && r->address && r->request_id && r->detail;
}

struct list {
    const struct audit_filter *filter;
    int limit;
    struct arena *arena;
    struct audit_row *rows;
    size_t count;
};

static int list(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    const struct audit_filter *f = l->filter;
    bool old_first = f->since >= 0, full = false;
    struct query q = query_start(db,
        old_first ? "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ?1 AND (?2 = '' OR who = ?2) "
                    "AND (?3 = '' OR act = ?3) AND (?4 = '' OR outcome = ?4) ORDER BY seq LIMIT ?5"
                  : "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < ?1 AND (?2 = '' OR who = ?2) "
                    "AND (?3 = '' OR act = ?3) AND (?4 = '' OR outcome = ?4) "
                    "ORDER BY seq DESC LIMIT ?5");
    (void)s;

    query_int(&q, old_first ? f->since : f->before > 0 ? f->before : INT64_MAX);
    query_slice(&q, f->who);
    query_slice(&q, f->act);
    query_slice(&q, f->outcome);
    query_int(&q, l->limit);
    while (!full && l->count < (size_t)l->limit && query_step(&q)) {
        uint8_t hash[HASH];
        full = !read_row(&q, l->arena, &l->rows[l->count++], hash);
    }
    int rc = query_end(&q, err);
    for (size_t i = 0; rc == 0 && !full && i < l->count; i++) {
        struct audit_row *r = &l->rows[i];
        memset(r->before, '0', AUDIT_HASH_SIZE - 1);
        q = query_start(db, "SELECT hash FROM audit WHERE seq = ?");
        query_int(&q, r->seq - 1);
        if (query_step(&q)) {
            row_into(&q, r->before, sizeof(r->before));
        }
        rc = query_end(&q, err);
    }
    return rc ? rc : full ? out_of_memory(err) : 0;
}

int store_audit_list(struct store *s, const struct audit_filter *f, int limit, struct arena *a,
    struct audit_row **ret, size_t *ret_count, struct error *err)
{
    struct list l = { .filter = f, .arena = a };

    l.limit = limit < 1 ? 1 : limit > AUDIT_LIST_MAX ? AUDIT_LIST_MAX : limit;
    l.rows = arena_array(a, (size_t)l.limit, sizeof(*l.rows));
    if (!l.rows) {
        return out_of_memory(err);
    }
    int rc = store_read(s, "audit_list", list, &l, err);
    if (rc == 0) {
        *ret = l.rows;
        *ret_count = l.count;
    }
    return rc;
}

// ---- verifying

static void bad(struct audit_walk *v, int64_t seq, const char *why)
{
    v->verdict.bad_seq = seq;
    snprintf(v->verdict.why, sizeof(v->verdict.why), "%s", why);
    v->ended = true;
}

static void check_row(struct audit_walk *v, const struct audit_row *r, const uint8_t hash[HASH])
{
    uint8_t right[HASH];

    if (r->seq != v->verdict.head + 1) {
        bad(v, v->verdict.head + 1, "The row is missing.");
        return;
    }
    hash_row(v->before, r, right);
    if (memcmp(right, hash, HASH) != 0) {
        bad(v, r->seq, "The row was changed after it was written, or the one before it was.");
        return;
    }
    if (r->seq == v->anchor && v->anchor_hash[0] && strcmp(r->hash, v->anchor_hash) != 0) {
        bad(v, r->seq, "The row is not the one that was written down: the chain was made anew.");
        return;
    }
    memcpy(v->before, hash, HASH);
    v->verdict.rows++;
    v->verdict.head = r->seq;
    memcpy(v->verdict.head_hash, r->hash, sizeof(r->hash));
}

struct piece {
    struct audit_walk *walk;
    int rows;
};

static int walk_some(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct piece *p = ctx;
    struct audit_walk *v = p->walk;
    AUTO_ARENA arena;
    int n = 0;
    bool full = false, broken = false;
    (void)s;

    arena_init(&arena, 64 << 20);
    struct query q =
        query_start(db, "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?");
    query_int(&q, v->verdict.head);
    query_int(&q, p->rows);
    while (!broken && !full && query_step(&q)) {
        struct audit_row r = { 0 };
        uint8_t hash[HASH];
        full = !read_row(&q, &arena, &r, hash);
        n++;
        if (!full) {
            check_row(v, &r, hash);
            broken = v->verdict.bad_seq != 0;
        }
    }
    v->ended = broken || n < p->rows;
    int rc = query_end(&q, err);
    if (rc == 0 && !full && v->ended && !broken && v->anchor > v->verdict.head) {
        bad(v, v->verdict.head + 1,
            "The row is missing: the chain ends before what was written down.");
    }
    return rc ? rc : full ? out_of_memory(err) : 0;
}

int store_audit_walk(struct store *s, struct audit_walk *w, int rows, struct error *err)
{
    struct piece p = { w, rows };

    return w->verdict.bad_seq ? 0 : store_read(s, "audit_walk", walk_some, &p, err);
}

int store_audit_verify(struct store *s, int64_t anchor, const char *anchor_hash,
    struct audit_verdict *ret, struct error *err)
{
    struct audit_walk w = { .anchor = anchor };
    int rc = 0;

    snprintf(w.anchor_hash, sizeof(w.anchor_hash), "%s", anchor_hash ? anchor_hash : "");
    while (rc == 0 && !w.ended) {
        rc = store_audit_walk(s, &w, VERIFY_ROWS, err);
    }
    *ret = w.verdict;
    return rc;
}

struct head {
    int64_t seq;
    uint8_t hash[HASH];
};

static int head(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct head *h = ctx;
    (void)s;

    return read_head(db, &h->seq, h->hash, err);
}

int store_audit_head(
    struct store *s, int64_t *ret_seq, char ret_hash[AUDIT_HASH_SIZE], struct error *err)
{
    struct head h = { 0 };
    int rc = store_read(s, "audit_head", head, &h, err);

    if (rc == 0) {
        *ret_seq = h.seq;
        hex_format(h.hash, HASH, ret_hash);
    }
    return rc;
}
