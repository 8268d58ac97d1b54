// SPDX-License-Identifier: AGPL-3.0-or-later
// Lists of documents, page after page. A page starts after the sort key of the last row seen (never at an offset), so
// that documents that come or go between two pages neither repeat nor hide another.
// The cursor is opaque outside; here: order letter, "." and the sort key, "." and the row's key ("c.1769000000000.42",
// "n.<name in hexadecimal>.42").
#include "store/sqlite/backend.h"

#include <stdlib.h>

enum {
    LIST_MAX = 1000,
    CONDITIONS_MAX = 4096, // bytes of SQL
    VALUES_MAX = 16 + DOCUMENT_PARTITIONS_MAX,
    CURSOR_NAME_MAX = 1024,
};

enum order { NEWEST, OLDEST, BY_NAME };
static const struct {
    const char *word;
    char letter;
    const char *after, *sort;
} orders[] = {
    [NEWEST] = { "-created_at", 'd', "(d.created_ms, d.key) < (?, ?)",
        "d.created_ms DESC, d.key DESC" },
    [OLDEST] = { "created_at", 'c', "(d.created_ms, d.key) > (?, ?)", "d.created_ms, d.key" },
    [BY_NAME] = { "name", 'n', "(d.name COLLATE NOCASE, d.key) > (?, ?)",
        "d.name COLLATE NOCASE, d.key" },
};

struct value {
    bool is_text;
    struct slice text;
    int64_t number;
};
struct list {
    const struct document_filter *filter;
    enum order order;
    int limit;
    struct arena *arena;
    struct buf where;
    struct value values[VALUES_MAX];
    size_t value_count, filter_values; // the first belong to the filter, the rest to the cursor
    struct slice after;
    struct document *documents;
    size_t count;
    const char *next;
    int64_t total;
};

static void add_value(struct list *l, const char *sql, struct value v)
{
    BUG_ON(l->value_count >= VALUES_MAX);
    buf_addf(&l->where, " AND %s", sql);
    l->values[l->value_count++] = v;
}

static void add_text(struct list *l, const char *sql, struct slice text)
{
    if (text.len) {
        add_value(l, sql, (struct value){ .is_text = true, .text = text });
    }
}

static void add_partitions(struct list *l)
{
    const struct document_filter *f = l->filter;

    for (size_t i = 0; i < f->partition_count; i++) {
        BUG_ON(l->value_count >= VALUES_MAX || i >= DOCUMENT_PARTITIONS_MAX);
        buf_add_str(&l->where, i == 0 ? " AND d.partition IN (?" : ", ?");
        l->values[l->value_count++] = (struct value){ .is_text = true, .text = f->partitions[i] };
    }
    if (f->partition_count) {
        buf_add_char(&l->where, ')');
    }
}

static int add_filter(struct list *l, struct error *err)
{
    const struct document_filter *f = l->filter;

    add_partitions(l);
    add_text(l, "d.partition = ?", f->partition);
    add_text(l, "d.type = ?", f->type);
    add_text(l, "d.category = ?", f->category);
    add_text(l, "d.external_id = ?", f->external_id);
    if (f->status.len) {
        int status = document_status_from_word(f->status);
        if (status < 0) {
            return error_set(err, ERR_INVALID, "There is no such status of a document.");
        }
        add_value(l, "d.status = ?", (struct value){ .number = status });
    }
    if (f->name_like.len) {
        struct buf pattern = BUF_INIT(3 * CURSOR_NAME_MAX);
        buf_add_char(&pattern, '%');
        for (size_t i = 0; i < f->name_like.len; i++) {
            char c = f->name_like.data[i];
            if (c == '%' || c == '_' || c == '\\') {
                buf_add_char(&pattern, '\\');
            }
            buf_add_char(&pattern, c);
        }
        buf_add_char(&pattern, '%');
        struct slice kept =
            buf_ok(&pattern) ? arena_slice(l->arena, buf_slice(&pattern)) : slice_make(NULL, 0);
        buf_done(&pattern);
        if (!kept.len) {
            return error_set(err, ERR_INVALID, "The part of a name to look for is too long.");
        }
        add_text(l, "d.name LIKE ? ESCAPE '\\'", kept);
    }
    l->filter_values = l->value_count;
    return 0;
}

static int add_cursor(struct list *l, struct error *err)
{
    struct slice rest = l->after, letter, sort;
    int64_t key, created;
    struct value first = { 0 };

    if (!l->after.len) {
        return 0;
    }
    if (!slice_cut(&rest, '.', &letter) || letter.len != 1 ||
        letter.data[0] != orders[l->order].letter || !slice_cut(&rest, '.', &sort) ||
        !slice_to_i64(rest, &key)) {
        return error_set(err, ERR_INVALID, "The cursor is not one that this list gave.");
    }
    if (l->order == BY_NAME) {
        size_t len = sort.len / 2;
        uint8_t *name = len <= CURSOR_NAME_MAX ? arena_alloc(l->arena, len + 1) : NULL;
        if (!name || !hex_parse(sort, name, len)) {
            return error_set(err, ERR_INVALID, "The cursor is not one that this list gave.");
        }
        first = (struct value){ .is_text = true, .text = slice_make((const char *)name, len) };
    } else if (slice_to_i64(sort, &created)) {
        first.number = created;
    } else {
        return error_set(err, ERR_INVALID, "The cursor is not one that this list gave.");
    }
    add_value(l, orders[l->order].after, first);
    BUG_ON(l->value_count >= VALUES_MAX);
    l->values[l->value_count++] = (struct value){ .number = key };
    return 0;
}

static void bind(struct query *q, const struct list *l, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (l->values[i].is_text) {
            query_slice(q, l->values[i].text);
        } else {
            query_int(q, l->values[i].number);
        }
    }
}

static const char *cursor_of(struct list *l, const struct document *d, int64_t key)
{
    if (l->order != BY_NAME) {
        return arena_printf(l->arena, "%c.%lld.%lld", orders[l->order].letter,
            (long long)d->created_ms, (long long)key);
    }
    size_t len = strlen(d->name);
    char *hex = len <= CURSOR_NAME_MAX ? arena_alloc(l->arena, 2 * len + 1) : NULL;
    if (!hex) {
        return NULL;
    }
    hex_format((const uint8_t *)d->name, len, hex);
    return arena_printf(l->arena, "n.%s.%lld", hex, (long long)key);
}

static int list_rows(struct list *l, struct db *db, const char *sql, struct error *err)
{
    struct query q = query_start(db, sql);
    int64_t key = 0;
    int rc = 0;
    bool more = false;

    bind(&q, l, l->value_count);
    query_int(&q, l->limit + 1);
    while (rc == 0 && query_step(&q)) {
        if (l->count == (size_t)l->limit) {
            more = true;
            break;
        }
        rc = document_row(&q, l->arena, &key, &l->documents[l->count], err);
        l->count += rc == 0;
    }
    int end = query_end(&q, rc ? NULL : err);
    rc = rc ? rc : end;
    if (rc == 0 && more) {
        l->next = cursor_of(l, &l->documents[l->count - 1], key);
        if (!l->next) {
            rc = error_set(err, ERR_MEMORY, "There is not enough memory for this list.");
        }
    }
    return rc;
}

static int list(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    AUTO_BUF sql = BUF_INIT(2 * CONDITIONS_MAX);
    (void)s;
    int rc = add_filter(l, err);

    if (rc != 0) {
        return rc;
    }
    if (l->filter_values == 0) {
        buf_add_str(&sql, "SELECT sum(documents) FROM document_counts");
    } else {
        buf_addf(&sql, "SELECT count(*) FROM documents d WHERE 1" SLICE_FMT,
            SLICE_ARG(buf_slice(&l->where)));
    }
    struct query q = query_start(db, sql.data);
    bind(&q, l, l->filter_values);
    if (query_step(&q)) {
        l->total = row_int(&q);
    }
    rc = query_end(&q, err);
    if (rc == 0) {
        rc = add_cursor(l, err);
    }
    if (rc != 0) {
        return rc;
    }
    buf_reset(&sql);
    buf_addf(&sql,
        "SELECT " DOCUMENT_COLUMNS " FROM documents d WHERE 1" SLICE_FMT " ORDER BY %s LIMIT ?",
        SLICE_ARG(buf_slice(&l->where)), orders[l->order].sort);
    return list_rows(l, db, sql.data, err);
}

int store_document_list(struct store *s, const struct document_filter *f, struct slice after,
    int limit, struct arena *a, struct document **ret_documents, size_t *ret_count,
    const char **ret_next, int64_t *ret_total, struct error *err)
{
    static const struct document_filter any = { 0 };
    struct list l = { .filter = f ? f : &any, .arena = a, .after = after };
    size_t order = 0;

    if (l.filter->order) {
        while (order < ARRAY_LEN(orders) && strcmp(orders[order].word, l.filter->order) != 0) {
            order++;
        }
        if (order == ARRAY_LEN(orders)) {
            return error_set(
                err, ERR_INVALID, "The order must be created_at, -created_at or name.");
        }
    }
    l.order = (enum order)order;
    l.limit = limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
    l.documents = arena_array(a, (size_t)l.limit, sizeof(*l.documents));
    if (!l.documents) {
        return error_set(err, ERR_MEMORY, "There is not enough memory for this list.");
    }
    buf_init(&l.where, CONDITIONS_MAX);
    int rc = store_read(s, "document_list", list, &l, err);
    buf_done(&l.where);
    if (rc == 0) {
        *ret_documents = l.documents;
        *ret_count = l.count;
        *ret_next = l.next;
        if (ret_total) {
            *ret_total = l.total;
        }
    }
    return rc;
}
