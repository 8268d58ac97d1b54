// SPDX-License-Identifier: AGPL-3.0-or-later
// Events: append-only, numbered without a gap in the order of commits. Appending and telling is the writer's (writer.c);
// here are their form, reading them back, and pruning.
#include "store/sqlite/events.h"

#include "base/clock.h"
#include "store/sqlite/backend.h"
#include "wire/json.h"

enum {
    LIST_ROWS = 256, // of one read
    LIST_BYTES_MAX = 64 << 20, // of one read
};

void event_add_json(struct buf *b, int64_t seq, int64_t time_ms, struct slice kind,
    struct slice document_id, struct slice data)
{
    char time[CLOCK_TEXT_MAX];

    clock_format(time_ms, time);
    buf_addf(b, "{\"seq\":%lld,\"time\":\"%s\",\"kind\":", (long long)seq, time);
    json_add_string(b, kind);
    if (document_id.len) {
        buf_add_str(b, ",\"document_id\":");
        json_add_string(b, document_id);
    }
    buf_add_str(b, ",\"data\":");
    buf_add_slice(b, data.len ? data : SLICE_LIT("{}"));
    buf_add_char(b, '}');
}

struct append {
    const char *kind;
    const char *document_id;
    struct slice data;
};

static int append(struct write *w, void *ctx, struct error *err)
{
    struct append *a = ctx;
    return write_event(w, a->kind, a->document_id, a->data, err);
}

int store_event_append(struct store *s, const char *kind, struct slice document_id,
    struct slice data_json, struct error *err)
{
    char id[ID_SIZE];
    struct append a = { .kind = kind, .data = data_json };

    if (!*kind || strlen(kind) >= EVENT_KIND_SIZE) {
        return error_set(err, ERR_INVALID, "The kind of an event must have 1 to %d letters.",
            EVENT_KIND_SIZE - 1);
    }
    if (document_id.len) {
        if (!id_valid(document_id)) {
            return error_set(err, ERR_INVALID, "This is no id of a document.");
        }
        memcpy(id, document_id.data, ID_LEN);
        id[ID_LEN] = '\0';
        a.document_id = id;
    }
    return store_write(s, "event_append", append, &a, err);
}

struct listed {
    int64_t seq;
    size_t kind_start, kind_len, start, len; // in text
};
struct list {
    int64_t since;
    size_t max;
    size_t count;
    struct listed rows[LIST_ROWS];
    struct buf text;
};

static int list_rows(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    struct query q = query_start(db, "SELECT seq, kind, time_ms, document_id, data FROM events "
                                     "WHERE seq > ? ORDER BY seq LIMIT ?");
    (void)s;
    query_int(&q, l->since);
    query_int(&q, (int64_t)l->max);
    while (l->count < l->max && query_step(&q)) {
        struct listed *r = &l->rows[l->count];
        struct slice kind;
        r->seq = row_int(&q);
        kind = row_slice(&q);
        int64_t time_ms = row_int(&q);
        struct slice document_id = row_slice(&q), data = row_slice(&q);
        r->kind_start = l->text.len;
        r->kind_len = kind.len;
        buf_add_slice(&l->text, kind);
        r->start = l->text.len;
        event_add_json(&l->text, r->seq, time_ms, kind, document_id, data);
        r->len = l->text.len - r->start;
        l->count++;
    }
    int rc = query_end(&q, err);
    if (rc == 0 && !buf_ok(&l->text)) {
        rc = error_set(err, ERR_TOO_LARGE, "The events are too large to be listed.");
    }
    return rc;
}

int store_event_list(
    struct store *s, int64_t since, size_t max, store_event_fn fn, void *ctx, struct error *err)
{
    struct list *l = xalloc(sizeof(*l));
    int rc = 0;

    buf_init(&l->text, LIST_BYTES_MAX);
    l->since = since;
    while (rc == 0 && max > 0) {
        l->max = max < LIST_ROWS ? max : LIST_ROWS;
        l->count = 0;
        buf_reset(&l->text);
        rc = store_read(s, "event_list", list_rows, l, err);
        for (size_t i = 0; rc == 0 && i < l->count;
             i++) { // no connection held while the caller works
            const struct listed *r = &l->rows[i];
            rc = fn(ctx, r->seq, slice_make(l->text.data + r->kind_start, r->kind_len),
                slice_make(l->text.data + r->start, r->len));
            l->since = r->seq;
        }
        max -= l->count;
        if (l->count < l->max) {
            break;
        }
    }
    buf_done(&l->text);
    free_ptr(&l);
    return rc;
}

int64_t store_event_last(struct store *s)
{
    return atomic_load(&s->last_seq);
}

static int first(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q =
        query_start(db, "SELECT min(seq) FROM events WHERE kind <> 'document.progress'");
    (void)s;
    if (query_step(&q)) {
        *(int64_t *)ctx = row_int(&q);
    }
    return query_end(&q, err);
}

int64_t store_event_first(struct store *s)
{
    int64_t seq = 0;
    return store_read(s, "event_first", first, &seq, NULL) == 0 && seq > 0 ? seq : 1;
}
