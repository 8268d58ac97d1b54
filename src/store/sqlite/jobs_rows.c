// SPDX-License-Identifier: AGPL-3.0-or-later
// What a worker writes while it reads: elements, chunks with their rows in the full-text index, pictures. All under the
// job's own version, which nobody sees before store_job_finish, and only while the lease holds.
#include "store/sqlite/backend.h"

#include "store/chunk_id.h"
#include "store/fts_text.h"
#include "text/words.h"

enum {
    ROWS_A_WRITE = 200, // then another caller's turn
    BYTES_A_WRITE = 4 << 20,
    PLACE_MAX = 64 << 10,
};

struct rows {
    const struct job *job;
    const struct element *elements;
    const struct chunk *chunks;
    const char *title;
    size_t from, count; // of this write
    const char *name, *media_type, *hash;
};

static int place_text(const struct place *p, struct buf *b, struct error *err)
{
    buf_reset(b);
    place_add_json(b, p);
    return buf_ok(b)
               ? 0
               : error_set(err, ERR_TOO_LARGE, "The name of a place in the document is too long.");
}

static int insert_element(struct write *w, int64_t document, int64_t version,
    const struct element *e, struct slice place, struct error *err)
{
    struct query q =
        query_start(w->db, "INSERT INTO elements (document, version, idx, kind, level, flags, "
                           "place, text, markdown, header, image, rows) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    query_int(&q, document);
    query_int(&q, version);
    query_int(&q, e->index);
    query_text(&q, element_kind_word(e->kind));
    query_int(&q, e->level);
    query_int(&q, e->flags);
    query_slice(&q, place);
    query_slice(&q, e->text);
    query_slice(&q, e->markdown);
    query_slice(&q, e->kind == ELEMENT_SPEECH ? e->times : e->header); // speech has no header row
    query_slice(&q, e->image);
    query_slice(&q, e->rows);
    return query_run(&q, err);
}

static int write_elements(struct write *w, void *ctx, struct error *err)
{
    struct rows *r = ctx;
    AUTO_BUF place = BUF_INIT(PLACE_MAX);
    int64_t document = 0;
    int rc = job_fence(w, r->job, &document, err);

    for (size_t i = r->from; rc == 0 && i < r->from + r->count; i++) {
        rc = place_text(&r->elements[i].place, &place, err);
        if (rc == 0) {
            rc = insert_element(
                w, document, r->job->version, &r->elements[i], buf_slice(&place), err);
        }
    }
    return rc;
}

// How many from `from` on make one write.
static size_t share(const struct rows *r, size_t from, size_t count)
{
    size_t n = 0, bytes = 0;

    while (n < ROWS_A_WRITE && from + n < count && (n == 0 || bytes < BYTES_A_WRITE)) {
        bytes += r->elements ? r->elements[from + n].text.len + r->elements[from + n].markdown.len
                             : r->chunks[from + n].text.len;
        n++;
    }
    return n;
}

static int write_all(
    struct store *s, const char *name, write_fn fn, struct rows *r, size_t count, struct error *err)
{
    int rc = 0;

    for (r->from = 0; rc == 0 && r->from < count; r->from += r->count) {
        r->count = share(r, r->from, count);
        rc = store_write(s, name, fn, r, err);
    }
    return rc;
}

int store_job_elements(struct store *s, const struct job *j, const struct element *elements,
    size_t count, struct error *err)
{
    struct rows r = { .job = j, .elements = elements };

    for (size_t i = 0; i < count; i++) {
        if (elements[i].text.len > ROW_TEXT_MAX || elements[i].markdown.len > ROW_TEXT_MAX) {
            return error_set(err, ERR_TOO_LARGE, "One element of the document is too large.");
        }
    }
    return write_all(s, "job_elements", write_elements, &r, count, err);
}

// Where the document's chunks go in the index, and what this write adds to it.
struct index_end {
    int64_t partition, next, chunks, words;
};

static int find_end(struct write *w, int64_t document, struct index_end *e, struct error *err)
{
    struct query q = query_start(w->db, "INSERT INTO partitions (name) SELECT partition FROM "
                                        "documents WHERE key = ? ON CONFLICT (name) DO NOTHING");
    query_int(&q, document);
    int rc = query_run(&q, err);
    if (rc == 0) {
        q = query_start(w->db, "SELECT p.key, p.next_chunk FROM documents d JOIN partitions p ON "
                               "p.name = d.partition WHERE d.key = ?");
        query_int(&q, document);
        if (query_step(&q)) {
            *e = (struct index_end){ .partition = row_int(&q), .next = row_int(&q) };
        }
        rc = query_end(&q, err);
    }
    return rc;
}

static int move_end(struct write *w, const struct index_end *e, struct error *err)
{
    struct query q = query_start(w->db, "UPDATE partitions SET next_chunk = ?, chunks = chunks + "
                                        "?, words = words + ? WHERE key = ?");
    query_int(&q, e->next);
    query_int(&q, e->chunks);
    query_int(&q, e->words);
    query_int(&q, e->partition);
    return query_run(&q, err);
}

static int insert_chunk(struct write *w, int64_t document, int64_t version, const struct chunk *c,
    int64_t id, int64_t words, struct slice place, bool *ret_new, struct error *err)
{
    struct query q =
        query_start(w->db, "INSERT INTO chunks (id, words, starts, document, version, idx, "
                           "first_element, last_element, heading, text, place, places) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    query_int(&q, id);
    query_int(&q, words);
    query_text_or(&q, c->starts, "");
    query_int(&q, document);
    query_int(&q, version);
    query_int(&q, c->index);
    query_int(&q, c->first_element);
    query_int(&q, c->last_element);
    query_slice(&q, c->heading);
    query_slice(&q, c->text);
    query_slice(&q, place);
    query_text_or(&q, c->places, "[]");
    int rc = query_run(&q, err);
    *ret_new = rc == 0 && sqlite3_changes64(w->db->handle) > 0;
    return rc;
}

static int index_chunk(
    struct write *w, int64_t id, struct slice title, const struct chunk *c, struct error *err)
{
    AUTO_BUF folded_title = BUF_INIT(fts_fold_bound(title.len));
    AUTO_BUF heading = BUF_INIT(fts_fold_bound(c->heading.len));
    AUTO_BUF text = BUF_INIT(fts_fold_bound(c->text.len));

    fts_fold_document(&folded_title, title);
    fts_fold_document(&heading, c->heading);
    fts_fold_document(&text, c->text);
    if (!buf_ok(&folded_title) || !buf_ok(&heading) || !buf_ok(&text)) {
        return error_set(
            err, ERR_MEMORY, "There is not enough memory to index a part of the document.");
    }
    struct query q = query_start(
        w->db, "INSERT INTO chunk_index (rowid, title, heading, text) VALUES (?, ?, ?, ?)");
    query_int(&q, id);
    query_slice(&q, buf_slice(&folded_title));
    query_slice(&q, buf_slice(&heading));
    query_slice(&q, buf_slice(&text));
    return query_run(&q, err);
}

static int write_chunks(struct write *w, void *ctx, struct error *err)
{
    struct rows *r = ctx;
    AUTO_BUF place = BUF_INIT(PLACE_MAX);
    struct index_end end = { 0 };
    int64_t document = 0, title_words = 0;
    int rc = job_fence(w, r->job, &document, err);

    rc = rc ? rc : find_end(w, document, &end, err);
    rc = rc ? rc : words_add(w, slice_of(r->title), &title_words, err);
    for (size_t i = r->from; rc == 0 && i < r->from + r->count; i++) {
        const struct chunk *c = &r->chunks[i];
        int64_t words = title_words;
        bool is_new = false;
        rc = words_add(w, c->heading, &words, err);
        rc = rc ? rc : words_add(w, c->text, &words, err);
        rc = rc ? rc : place_text(&c->place, &place, err);
        int64_t id = chunk_id_make(end.partition, end.next, words);
        if (rc == 0) {
            rc = insert_chunk(
                w, document, r->job->version, c, id, words, buf_slice(&place), &is_new, err);
        }
        if (rc == 0 && is_new) {
            rc = index_chunk(w, id, slice_of(r->title), c, err);
            end.next++;
            end.chunks++;
            end.words += words;
        }
    }
    return rc || end.chunks == 0 ? rc : move_end(w, &end, err);
}

int store_job_chunks(struct store *s, const struct job *j, const char *title,
    const struct chunk *chunks, size_t count, struct error *err)
{
    struct rows r = { .job = j, .chunks = chunks, .title = title ? title : "" };

    for (size_t i = 0; i < count; i++) {
        if (chunks[i].text.len > ROW_TEXT_MAX || chunks[i].heading.len > ROW_TEXT_MAX) {
            return error_set(err, ERR_TOO_LARGE, "One part of the document is too large.");
        }
    }
    return write_all(s, "job_chunks", write_chunks, &r, count, err);
}

static int write_media(struct write *w, void *ctx, struct error *err)
{
    struct rows *r = ctx;
    int64_t document = 0;
    int rc = job_fence(w, r->job, &document, err);

    return rc ? rc
              : media_insert(
                    w, document, r->job->version, slice_of(r->name), r->media_type, r->hash, err);
}

int store_job_media(struct store *s, const struct job *j, const char *name, const char *media_type,
    const char hash[BLOB_HASH_SIZE], struct error *err)
{
    struct rows r = { .job = j, .name = name, .media_type = media_type, .hash = hash };
    return store_write(s, "job_media", write_media, &r, err);
}
