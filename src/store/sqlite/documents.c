// SPDX-License-Identifier: AGPL-3.0-or-later
// Documents: made, loaded, changed, removed. Lists are in documents_list.c.
#include "store/sqlite/backend.h"

#include "base/clock.h"
#include "wire/json.h"

enum {
    NAME_MAX_BYTES = 1024,
    WORD_MAX_BYTES = 256, // type, category, media type, mode, external id
    JSON_MAX_BYTES = 4 << 20,
};

int document_row(
    struct query *q, struct arena *a, int64_t *ret_key, struct document *ret, struct error *err)
{
    struct document d = { 0 };

    *ret_key = row_int(q);
    row_into(q, d.id, sizeof(d.id));
    d.name = row_text(q, a);
    d.partition = row_text(q, a);
    d.type = row_text(q, a);
    d.category = row_text(q, a);
    d.media_type = row_text(q, a);
    d.mode = row_text(q, a);
    d.external_id = row_text(q, a);
    d.status = (enum document_status)row_int(q);
    d.verdict = row_text(q, a);
    d.reason = row_text(q, a);
    row_into(q, d.blob, sizeof(d.blob));
    d.size = row_int(q);
    d.created_ms = row_int(q);
    d.updated_ms = row_int(q);
    d.metadata = row_text(q, a);
    d.findings = row_text(q, a);
    d.errors = row_text(q, a);
    d.media = row_text(q, a);
    d.version = row_int(q);
    d.element_count = row_int(q);
    d.chunk_count = row_int(q);
    d.page_count = row_real(q);
    if (!d.media) { // the last text: an arena that is full stays so
        return error_set(err, ERR_MEMORY, "There is not enough memory for this document's record.");
    }
    *ret = d;
    return 0;
}

int document_key(struct db *db, struct slice id, int64_t *ret_key, struct error *err)
{
    struct query q = query_start(db, "SELECT key FROM documents WHERE id = ?");
    bool found = false;

    query_slice(&q, id);
    if (query_step(&q)) {
        *ret_key = row_int(&q);
        found = true;
    }
    int rc = query_end(&q, err);
    return rc || found ? rc : error_set(err, ERR_NOT_FOUND, "There is no such document.");
}

int document_status_set(
    struct write *w, int64_t key, enum document_status status, struct error *err)
{
    struct query q =
        query_start(w->db, "UPDATE documents SET status = ?, updated_ms = ? WHERE key = ?");
    query_int(&q, status);
    query_int(&q, w->now_ms);
    query_int(&q, key);
    return query_run(&q, err);
}

static void add_progress(struct json_out *j, const struct job_progress *p)
{
    json_key_object(j, "progress");
    json_key_text(j, "unit", p->unit);
    json_key_int(j, "done", p->done);
    json_key_int(j, "total", p->total);
    json_key_int(j, "queue_position", p->queue_position);
    json_key_double(j, "seconds_left", p->seconds_left);
    json_end(j);
}

int write_document_event(struct write *w, const char *kind, int64_t key, struct error *err)
{
    AUTO_BUF data = BUF_INIT(DATA_MAX);
    struct json_out j;
    struct job_progress progress = { 0 };
    char id[ID_SIZE] = "";
    int rc = job_progress_read(w->store, w->db, key, &progress, err);

    if (rc != 0) {
        return rc;
    }
    struct query q = query_start(w->db,
        "SELECT id, name, type, partition, verdict, reason, status FROM documents WHERE key = ?");
    query_int(&q, key);
    json_begin(&j, &data);
    json_begin_object(&j);
    if (query_step(&q)) {
        row_into(&q, id, sizeof(id));
        json_key_string(&j, "name", row_slice(&q));
        json_key_string(&j, "type", row_slice(&q));
        json_key_string(&j, "partition", row_slice(&q));
        json_key_string(&j, "verdict", row_slice(&q));
        struct slice reason = row_slice(&q);
        if (reason.data) {
            json_key_string(&j, "reason", reason);
        } else {
            json_key_null(&j, "reason");
        }
        json_key_text(&j, "status", document_status_word((enum document_status)row_int(&q)));
    }
    if (progress.has_job) {
        add_progress(&j, &progress);
    }
    json_end(&j);
    rc = query_end(&q, err);
    if (rc == 0) {
        rc = json_finish(&j, err);
    }
    return rc ? rc : write_event(w, kind, id, buf_slice(&data), err);
}

// ---- create

struct create {
    struct document *document;
    bool duplicate;
};

static int find_same(
    struct db *db, const struct document *d, char ret_id[ID_SIZE], struct error *err)
{
    struct query q = query_start(db,
        "SELECT id FROM documents WHERE partition = ? AND blob = ? AND status <> 9 AND blob <> ''");
    query_text(&q, d->partition);
    query_text(&q, d->blob);
    ret_id[0] = '\0';
    if (query_step(&q)) {
        row_into(&q, ret_id, ID_SIZE);
    }
    return query_end(&q, err);
}

static int insert(struct write *w, const struct document *d, int64_t *ret_key, struct error *err)
{
    struct query q = query_start(w->db,
        "INSERT INTO documents (id, name, partition, type, category, media_type, mode, "
        "external_id, status, verdict, reason, "
        "blob, size, created_ms, updated_ms, metadata, findings, errors, media, page_count) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_text(&q, d->id);
    query_text_or(&q, d->name, "");
    query_text_or(&q, d->partition, "default");
    query_text_or(&q, d->type, "");
    query_text_or(&q, d->category, "");
    query_text_or(&q, d->media_type, "");
    query_text_or(&q, d->mode, "");
    query_text(&q, d->external_id);
    query_int(&q, d->status);
    query_text_or(&q, d->verdict, "accepted");
    query_text(&q, d->reason);
    query_text(&q, d->blob);
    query_int(&q, d->size);
    query_int(&q, w->now_ms);
    query_int(&q, w->now_ms);
    query_text_or(&q, d->metadata, "{}");
    query_text_or(&q, d->findings, "[]");
    query_text_or(&q, d->errors, "[]");
    query_text_or(&q, d->media, "{}");
    query_real(&q, d->page_count);
    int rc = query_run(&q, err);
    *ret_key = sqlite3_last_insert_rowid(w->db->handle);
    return rc;
}

static int create(struct write *w, void *ctx, struct error *err)
{
    struct create *c = ctx;
    struct document *d = c->document;
    char same[ID_SIZE];
    int64_t key = 0;
    int rc = find_same(w->db, d, same, err);

    if (rc != 0) {
        return rc;
    }
    c->duplicate = same[0] != '\0';
    if (c->duplicate) {
        memcpy(d->id, same, ID_SIZE);
        w->subject = d->id;
        return 0;
    }
    w->subject = d->id;
    rc = insert(w, d, &key, err);
    if (rc == 0 && d->blob[0]) {
        rc = blob_reference(w, d->blob, err);
    }
    if (rc == 0 && d->status != DOCUMENT_FAILED && d->status != DOCUMENT_QUARANTINED) {
        rc = job_enqueue(w, key, "read", err);
    }
    if (rc == 0) {
        rc = write_document_event(w, "document.created", key, err);
    }
    if (rc == 0 && d->status == DOCUMENT_FAILED) {
        rc = write_document_event(w, "document.failed", key, err);
    } else if (rc == 0 && d->status == DOCUMENT_QUARANTINED) {
        rc = write_document_event(w, "document.quarantined", key, err);
    }
    d->created_ms = d->updated_ms = w->now_ms;
    return rc;
}

static bool too_long(const char *text, size_t max)
{
    return text && strnlen(text, max + 1) > max;
}

static int check(const struct document *d, struct error *err)
{
    if (d->id[0] && !id_valid(slice_of(d->id))) {
        return error_set(err, ERR_INVALID, "The id of the document is not in the form of an id.");
    }
    if (d->blob[0] && strlen(d->blob) != BLOB_HASH_SIZE - 1) {
        return error_set(err, ERR_INVALID, "The document's content is not named by its hash.");
    }
    if ((unsigned)d->status >= DOCUMENT_STATUSES) {
        return error_set(err, ERR_INVALID, "The document has no such status.");
    }
    if (too_long(d->name, NAME_MAX_BYTES)) {
        return error_set(err, ERR_INVALID, "The name is longer than %d bytes.", NAME_MAX_BYTES);
    }
    if (too_long(d->partition, PARTITION_MAX) || (d->partition && !*d->partition)) {
        return error_set(
            err, ERR_INVALID, "The name of the partition must have 1 to %d bytes.", PARTITION_MAX);
    }
    if (too_long(d->type, WORD_MAX_BYTES) || too_long(d->category, WORD_MAX_BYTES) ||
        too_long(d->mode, WORD_MAX_BYTES) || too_long(d->media_type, WORD_MAX_BYTES) ||
        too_long(d->external_id, WORD_MAX_BYTES)) {
        return error_set(err, ERR_INVALID,
            "The type, category, mode or external id is longer than %d bytes.", WORD_MAX_BYTES);
    }
    if (too_long(d->metadata, JSON_MAX_BYTES) || too_long(d->findings, JSON_MAX_BYTES) ||
        too_long(d->errors, JSON_MAX_BYTES) || too_long(d->media, JSON_MAX_BYTES)) {
        return error_set(err, ERR_TOO_LARGE, "The metadata of the document is too large.");
    }
    return 0;
}

int store_document_create(
    struct store *s, struct document *d, bool *ret_duplicate, struct error *err)
{
    struct create c = { .document = d };
    int rc = check(d, err);

    if (rc != 0) {
        return rc;
    }
    if (!d->partition) {
        d->partition = "default";
    }
    if (!d->id[0]) {
        id_new(d->id);
    }
    rc = store_write(s, "document_create", create, &c, err);
    if (rc == 0) {
        *ret_duplicate = c.duplicate;
    }
    return rc;
}

// ---- load

struct load {
    struct slice id, partition;
    const char *hash;
    struct arena *arena;
    struct document *document;
};

static int load_row(struct query *q, struct load *l, struct error *err)
{
    bool found = query_step(q);
    int64_t key;
    int rc = found ? document_row(q, l->arena, &key, l->document, err) : 0;
    int end = query_end(q, rc ? NULL : err);

    rc = rc ? rc : end;
    return rc || found ? rc : error_set(err, ERR_NOT_FOUND, "There is no such document.");
}

static int load(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct query q = query_start(db, "SELECT " DOCUMENT_COLUMNS " FROM documents d WHERE d.id = ?");
    (void)s;
    query_slice(&q, l->id);
    return load_row(&q, l, err);
}

int store_document_load(
    struct store *s, struct slice id, struct arena *a, struct document *ret, struct error *err)
{
    struct load l = { .id = id, .arena = a, .document = ret };
    return store_read(s, "document_load", load, &l, err);
}

static int load_by_blob(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct query q =
        query_start(db, "SELECT " DOCUMENT_COLUMNS " FROM documents d WHERE d.partition = ? AND "
                        "d.blob = ? AND d.status <> 9 AND d.blob <> ''");
    (void)s;
    query_slice(&q, l->partition);
    query_text(&q, l->hash);
    return load_row(&q, l, err);
}

int store_document_by_blob(struct store *s, struct slice partition, const char hash[BLOB_HASH_SIZE],
    struct arena *a, struct document *ret, struct error *err)
{
    struct load l = { .partition = partition, .hash = hash, .arena = a, .document = ret };
    return store_read(s, "document_by_blob", load_by_blob, &l, err);
}

// ---- change

struct change {
    struct slice id;
    const char *text; // metadata or mode
    char blob[BLOB_HASH_SIZE];
};

// The document's blobs that may be nobody's once it is gone, except the original, are left to the sweep.
static int delete (struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    int64_t key = 0;
    int rc = document_key(w->db, c->id, &key, err);

    if (rc == 0) {
        struct query q = query_start(w->db, "SELECT blob FROM documents WHERE key = ?");
        query_int(&q, key);
        if (query_step(&q)) {
            row_into(&q, c->blob, sizeof(c->blob));
        }
        rc = query_end(&q, err);
    }
    if (rc == 0) {
        rc = write_document_event(w, "document.deleted", key, err);
    }
    if (rc == 0) {
        rc = version_stale(w, key, 0, err);
    }
    if (rc == 0) { // its jobs go with it: whoever holds a lease finds it lost
        struct query q = query_start(w->db, "DELETE FROM documents WHERE key = ?");
        query_int(&q, key);
        rc = query_run(&q, err);
    }
    return rc;
}

int store_document_delete(struct store *s, struct slice id, struct error *err)
{
    struct change c = { .id = id };
    int rc = store_write(s, "document_delete", delete, &c, err);

    if (rc == 0) {
        version_purge(s);
        if (c.blob[0]) {
            blob_remove_orphan(s, c.blob);
        }
    }
    return rc;
}

static int set_metadata(struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    int64_t key = 0;
    int rc = document_key(w->db, c->id, &key, err);

    if (rc == 0) {
        struct query q =
            query_start(w->db, "UPDATE documents SET metadata = ?, updated_ms = ? WHERE key = ?");
        query_text(&q, c->text);
        query_int(&q, w->now_ms);
        query_int(&q, key);
        rc = query_run(&q, err);
    }
    return rc ? rc : write_document_event(w, "document.updated", key, err);
}

int store_document_set_metadata(
    struct store *s, struct slice id, const char *metadata_json, struct error *err)
{
    struct change c = { .id = id, .text = metadata_json };

    if (too_long(metadata_json, JSON_MAX_BYTES)) {
        return error_set(err, ERR_TOO_LARGE, "The metadata of the document is too large.");
    }
    return store_write(s, "document_set_metadata", set_metadata, &c, err);
}

static int status_of(struct write *w, struct slice id, int64_t *ret_key, enum document_status *ret,
    struct error *err)
{
    int rc = document_key(w->db, id, ret_key, err);
    if (rc == 0) {
        struct query q = query_start(w->db, "SELECT status FROM documents WHERE key = ?");
        query_int(&q, *ret_key);
        if (query_step(&q)) {
            *ret = (enum document_status)row_int(&q);
        }
        rc = query_end(&q, err);
    }
    return rc;
}

static int queue_again(struct write *w, int64_t key, struct error *err)
{
    int rc = document_status_set(w, key, DOCUMENT_PENDING, err);
    if (rc == ERR_CONFLICT) { // failed before, and uploaded again since
        return error_set(
            err, ERR_CONFLICT, "The same content is there already as another document.");
    }
    if (rc == 0) {
        rc = job_enqueue(w, key, "read", err);
    }
    return rc ? rc : write_document_event(w, "document.updated", key, err);
}

static int release(struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    enum document_status status = DOCUMENT_PENDING;
    int64_t key = 0;
    int rc = status_of(w, c->id, &key, &status, err);

    if (rc == 0 && status != DOCUMENT_QUARANTINED) {
        return error_set(err, ERR_CONFLICT, "The document is not in quarantine.");
    }
    return rc ? rc : queue_again(w, key, err);
}

int store_document_release(struct store *s, struct slice id, struct error *err)
{
    struct change c = { .id = id };
    return store_write(s, "document_release", release, &c, err);
}

static int reread(struct write *w, void *ctx, struct error *err)
{
    struct change *c = ctx;
    enum document_status status = DOCUMENT_PENDING;
    int64_t key = 0;
    int rc = status_of(w, c->id, &key, &status, err);

    if (rc == 0 && status != DOCUMENT_READY && status != DOCUMENT_INDEXED &&
        status != DOCUMENT_FAILED) {
        return error_set(err, ERR_CONFLICT,
            "The document is %s; only one that is ready or failed can be read again.",
            document_status_word(status));
    }
    if (rc == 0) {
        struct query q = query_start(w->db, "UPDATE documents SET mode = coalesce(?, mode), reason "
                                            "= NULL, errors = '[]' WHERE key = ?");
        query_text(&q, c->text);
        query_int(&q, key);
        rc = query_run(&q, err);
    }
    if (rc == 0) {
        struct query q =
            query_start(w->db, "UPDATE jobs SET superseded = 1 WHERE document = ? AND state = 4");
        query_int(&q, key);
        rc = query_run(&q, err);
    }
    return rc ? rc : queue_again(w, key, err);
}

int store_document_reread(struct store *s, struct slice id, const char *mode, struct error *err)
{
    struct change c = { .id = id, .text = mode && *mode ? mode : NULL };

    if (too_long(mode, WORD_MAX_BYTES)) {
        return error_set(err, ERR_INVALID, "There is no such mode.");
    }
    return store_write(s, "document_reread", reread, &c, err);
}
