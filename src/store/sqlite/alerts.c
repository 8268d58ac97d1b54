// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements store/alerts.h.
#include "store/alerts.h"
#include "store/sqlite/backend.h"

enum { DAY_MS = 86400000 };

struct save {
    const struct alert_row *rows;
    size_t count;
};

static int log_change(struct write *w, const struct alert_row *row, struct error *err)
{
    struct query q = query_start(
        w->db, "INSERT INTO alert_history (time_ms, rule, word, row) VALUES (?, ?, ?, ?)");

    query_int(&q, w->now_ms);
    query_text(&q, row->rule);
    query_text(&q, row->word);
    query_text(&q, row->row);
    int rc = query_run(&q, err);
    if (rc == 0) {
        q = query_start(w->db, "DELETE FROM alert_history WHERE id <= ?");
        query_int(&q, sqlite3_last_insert_rowid(w->db->handle) - ALERT_HISTORY_KEPT);
        rc = query_run(&q, err);
    }
    return rc ? rc : write_event(w, "alert.changed", NULL, slice_of(row->row), err);
}

static int save(struct write *w, void *ctx, struct error *err)
{
    struct save *s = ctx;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        const struct alert_row *row = &s->rows[i];
        struct query q =
            query_start(w->db, "INSERT OR REPLACE INTO alerts (rule, word, row) VALUES (?, ?, ?)");
        query_text(&q, row->rule);
        query_text(&q, row->word);
        query_text(&q, row->row);
        rc = query_run(&q, err);
        if (rc == 0 && row->changed) {
            rc = log_change(w, row, err);
        }
    }
    return rc;
}

int store_alerts_save(
    struct store *s, const struct alert_row *rows, size_t count, struct error *err)
{
    struct save one = { rows, count };

    return count ? store_write(s, "alerts_save", save, &one, err) : 0;
}

struct list {
    const char *sql;
    struct slice rule;
    int64_t before_id;
    int limit;
    store_alert_fn fn;
    void *ctx;
};

static int list(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct list *l = ctx;
    struct query q = query_start(db, l->sql);
    int rc = 0;
    (void)s;

    if (l->limit) {
        query_slice(&q, l->rule);
        query_int(&q, l->before_id);
        query_int(&q, l->limit);
    }
    while (rc == 0 && query_step(&q)) {
        int64_t id = row_int(&q), time_ms = row_int(&q);
        rc = l->fn(l->ctx, id, time_ms, row_slice(&q), err);
    }
    int end = query_end(&q, rc ? NULL : err);
    return rc ? rc : end;
}

int store_alerts_load(struct store *s, store_alert_fn fn, void *ctx, struct error *err)
{
    struct list l = { .sql = "SELECT 0, 0, row FROM alerts", .fn = fn, .ctx = ctx };

    return store_read(s, "alerts_load", list, &l, err);
}

int store_alert_history(struct store *s, struct slice rule, int64_t before_id, int limit,
    store_alert_fn fn, void *ctx, struct error *err)
{
    struct list l = { .sql = rule.len
                                 ? "SELECT id, time_ms, row FROM alert_history WHERE rule = ?1 "
                                   "AND id < ?2 ORDER BY id DESC LIMIT ?3"
                                 : "SELECT id, time_ms, row FROM alert_history WHERE ?1 = '' "
                                   "AND id < ?2 ORDER BY id DESC LIMIT ?3",
        .rule = rule,
        .before_id = before_id > 0 ? before_id : INT64_MAX,
        .limit = limit < 1                        ? 1
                 : limit > ALERT_HISTORY_LIST_MAX ? ALERT_HISTORY_LIST_MAX
                                                  : limit,
        .fn = fn,
        .ctx = ctx };

    return store_read(s, "alert_history", list, &l, err);
}

struct silence_add {
    int64_t until_ms, id;
    const char *row;
};

static int add_silence(struct write *w, void *ctx, struct error *err)
{
    struct silence_add *a = ctx;
    int64_t count = 0;

    // Those that ended a day ago have nothing more to say.
    struct query q = query_start(w->db, "DELETE FROM silences WHERE until_ms < ?");
    query_int(&q, w->now_ms - DAY_MS);
    int rc = query_run(&q, err);
    if (rc == 0) {
        q = query_start(w->db, "SELECT count(*) FROM silences");
        count = query_step(&q) ? row_int(&q) : 0;
        rc = query_end(&q, err);
    }
    if (rc == 0 && count >= SILENCES_KEPT_MAX) {
        rc = error_set(
            err, ERR_LIMIT, "There are %d silences; remove some first.", SILENCES_KEPT_MAX);
    }
    if (rc == 0) {
        q = query_start(w->db, "INSERT INTO silences (until_ms, row) VALUES (?, ?)");
        query_int(&q, a->until_ms);
        query_text(&q, a->row);
        rc = query_run(&q, err);
        a->id = sqlite3_last_insert_rowid(w->db->handle);
    }
    return rc;
}

int store_silence_add(
    struct store *s, int64_t until_ms, const char *row, int64_t *ret_id, struct error *err)
{
    struct silence_add a = { .until_ms = until_ms, .row = row };
    int rc = store_write(s, "silence_add", add_silence, &a, err);

    if (rc == 0) {
        *ret_id = a.id;
    }
    return rc;
}

static int delete_silence(struct write *w, void *ctx, struct error *err)
{
    struct query q = query_start(w->db, "DELETE FROM silences WHERE id = ?");

    query_int(&q, *(int64_t *)ctx);
    int rc = query_run(&q, err);
    if (rc == 0 && sqlite3_changes(w->db->handle) == 0) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no silence with this number.");
    }
    return rc;
}

int store_silence_delete(struct store *s, int64_t id, struct error *err)
{
    return store_write(s, "silence_delete", delete_silence, &id, err);
}

int store_silence_list(struct store *s, store_alert_fn fn, void *ctx, struct error *err)
{
    struct list l = {
        .sql = "SELECT id, until_ms, row FROM silences ORDER BY id", .fn = fn, .ctx = ctx
    };

    return store_read(s, "silence_list", list, &l, err);
}
