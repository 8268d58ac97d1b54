// SPDX-License-Identifier: AGPL-3.0-or-later
// The contents that are shown of a document: elements and chunks in reading order, media (pictures). Jobs write them:
// jobs_rows.c.
#include "store/sqlite/backend.h"

enum { LIST_MAX = 10000 };

#define SHOWN                                                                                      \
    " t WHERE t.document = ? AND t.version = (SELECT version FROM documents WHERE key = ?) "       \
    "AND t.version > 0 AND t.idx > ? ORDER BY t.idx LIMIT ?"
#define ELEMENTS                                                                                   \
    "SELECT t.idx, t.kind, t.level, t.flags, t.place, t.text, t.markdown, t.header, t.image, "     \
    "t.rows "                                                                                      \
    "FROM elements" SHOWN
#define CHUNKS                                                                                     \
    "SELECT t.id, t.idx, t.first_element, t.last_element, t.heading, t.text, t.place, t.places, "  \
    "t.starts "                                                                                    \
    "FROM chunks" SHOWN

// A page of the elements or of the chunks, whichever array is there.
struct list {
    struct slice id;
    int64_t after;
    int limit;
    struct arena *arena;
    struct element_row *elements;
    struct chunk *chunks;
    size_t count;
};

static int read_element(struct query *q, struct arena *a, struct element_row *r, struct error *err)
{
    struct element *e = &r->element;

    e->index = row_int(q);
    int kind = element_kind_from_word(row_slice(q));
    e->level = (int32_t)row_int(q);
    e->flags = (uint32_t)row_int(q);
    r->place_json = row_text(q, a);
    e->text = row_copy(q, a);
    e->markdown = row_copy(q, a);
    e->header = row_copy(q, a);
    struct slice image = row_slice(q);
    e->image = arena_slice(a, image);
    struct slice rows = row_slice(q);
    e->rows = arena_slice(a, rows);
    if (!r->place_json || e->image.len != image.len || e->rows.len != rows.len) {
        return error_set(
            err, ERR_MEMORY, "There is not enough memory for these elements; ask for fewer.");
    }
    if (kind < 0) {
        return error_set(err, ERR_CORRUPT, "An element of the document is of no known kind.");
    }
    e->kind = (enum element_kind)kind;
    if (e->kind == ELEMENT_SPEECH) { // the column holds the seconds of its words
        e->times = e->header;
        e->header = slice_make("", 0);
    }
    if (strcmp(r->place_json, "null") != 0 &&
        place_parse_json(slice_of(r->place_json), a, &e->place) != 0) {
        return error_set(err, ERR_CORRUPT, "The place of an element can't be read.");
    }
    return 0;
}

static int read_chunk(struct query *q, struct arena *a, struct chunk *c, struct error *err)
{
    c->id = row_int(q);
    c->index = row_int(q);
    c->first_element = row_int(q);
    c->last_element = row_int(q);
    c->heading = row_copy(q, a);
    c->text = row_copy(q, a);
    struct slice place = row_slice(q);
    bool placed = slice_is(place, "null") || place_parse_json(place, a, &c->place) == 0;
    c->places = row_text(q, a);
    c->starts = row_text(q, a);
    if (!c->places) {
        return error_set(
            err, ERR_MEMORY, "There is not enough memory for these chunks; ask for fewer.");
    }
    return placed ? 0 : error_set(err, ERR_CORRUPT, "The place of a chunk can't be read.");
}

static int list_rows(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    int64_t key = 0;
    int rc = document_key(db, l->id, &key, err);
    (void)s;

    if (rc != 0) {
        return rc;
    }
    struct query q = query_start(db, l->elements ? ELEMENTS : CHUNKS);
    query_int(&q, key);
    query_int(&q, key);
    query_int(&q, l->after);
    query_int(&q, l->limit);
    while (rc == 0 && l->count < (size_t)l->limit && query_step(&q)) {
        rc = l->elements ? read_element(&q, l->arena, &l->elements[l->count], err)
                         : read_chunk(&q, l->arena, &l->chunks[l->count], err);
        l->count += rc == 0;
    }
    int end = query_end(&q, rc ? NULL : err);
    return rc ? rc : end;
}

static int list_limit(int limit)
{
    return limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
}

static int list_run(struct store *s, const char *name, struct list *l, struct error *err)
{
    if (!l->elements && !l->chunks) {
        return error_set(err, ERR_MEMORY, "There is not enough memory for this list.");
    }
    return store_read(s, name, list_rows, l, err);
}

int store_element_list(struct store *s, struct slice document_id, int64_t after, int limit,
    struct arena *a, struct element_row **ret, size_t *ret_count, struct error *err)
{
    struct list l = { .id = document_id, .after = after, .arena = a, .limit = list_limit(limit) };

    l.elements = arena_array(a, (size_t)l.limit, sizeof(*l.elements));
    int rc = list_run(s, "element_list", &l, err);
    if (rc == 0) {
        *ret = l.elements;
        *ret_count = l.count;
    }
    return rc;
}

int store_chunk_list(struct store *s, struct slice document_id, int64_t after_index, int limit,
    struct arena *a, struct chunk **ret, size_t *ret_count, struct error *err)
{
    struct list l = {
        .id = document_id, .after = after_index, .arena = a, .limit = list_limit(limit)
    };

    l.chunks = arena_array(a, (size_t)l.limit, sizeof(*l.chunks));
    int rc = list_run(s, "chunk_list", &l, err);
    if (rc == 0) {
        *ret = l.chunks;
        *ret_count = l.count;
    }
    return rc;
}

// ---- media

struct media {
    struct slice id, name;
    const char *media_type, *hash;
    char ret_hash[BLOB_HASH_SIZE], ret_media_type[64];
    bool found;
};

static int find_media(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct media *m = ctx;
    struct query q = query_start(db,
        "SELECT m.blob, m.media_type FROM documents d JOIN media m ON m.document = d.key "
        "AND m.version IN (d.version, -1) AND m.name = ? WHERE d.id = ? ORDER BY m.version DESC "
        "LIMIT 1");
    (void)s;
    query_slice(&q, m->name);
    query_slice(&q, m->id);
    m->found = query_step(&q);
    if (m->found) {
        row_into(&q, m->ret_hash, sizeof(m->ret_hash));
        row_into(&q, m->ret_media_type, sizeof(m->ret_media_type));
    }
    return query_end(&q, err);
}

int store_media_find(struct store *s, struct slice document_id, struct slice name,
    char ret_hash[BLOB_HASH_SIZE], char ret_media_type[64], struct error *err)
{
    struct media m = { .id = document_id, .name = name };
    int rc = store_read(s, "media_find", find_media, &m, err);

    if (rc == 0 && !m.found) {
        return error_set(err, ERR_NOT_FOUND, "The document has no such picture.");
    }
    if (rc == 0) {
        memcpy(ret_hash, m.ret_hash, BLOB_HASH_SIZE);
        memcpy(ret_media_type, m.ret_media_type, sizeof(m.ret_media_type));
    }
    return rc;
}

static int put_media(struct write *w, void *ctx, struct error *err)
{
    struct media *m = ctx;
    int64_t key = 0;
    int rc = document_key(w->db, m->id, &key, err);

    return rc ? rc : media_insert(w, key, -1, m->name, m->media_type, m->hash, err);
}

int media_insert(struct write *w, int64_t document, int64_t version, struct slice name,
    const char *media_type, const char *hash, struct error *err)
{
    int rc = blob_reference(w, hash, err);

    if (rc == 0) {
        struct query q = query_start(w->db,
            "INSERT INTO media (document, version, name, media_type, blob) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (document, version, name) DO UPDATE SET media_type = excluded.media_type, "
            "blob = excluded.blob");
        query_int(&q, document);
        query_int(&q, version);
        query_slice(&q, name);
        query_text(&q, media_type);
        query_text(&q, hash);
        rc = query_run(&q, err);
    }
    return rc;
}

int store_media_put(struct store *s, struct slice document_id, const char *name,
    const char *media_type, const char hash[BLOB_HASH_SIZE], struct error *err)
{
    struct media m = {
        .id = document_id, .name = slice_of(name), .media_type = media_type, .hash = hash
    };
    return store_write(s, "media_put", put_media, &m, err);
}
