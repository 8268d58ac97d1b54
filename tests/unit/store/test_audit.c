// SPDX-License-Identifier: AGPL-3.0-or-later
// The audit log: a row goes with its act or not at all, the chain holds, and what is changed shows. Keys and quotas beside it.
#include "fixture.h"
#include "base/clock.h"
#include "store/audit.h"
#include "store/keys.h"

#include <sqlite3.h>

static struct audit_attachment attachment(const char *act)
{
    return (struct audit_attachment){ .row = { .who = "admin",
                                          .act = act,
                                          .subject = "documents",
                                          .outcome = "done",
                                          .address = "127.0.0.1",
                                          .request_id = "r" } };
}

static size_t list(struct fixture *f, struct audit_row **ret)
{
    struct audit_filter all = { .since = 0 };
    size_t count = 0;

    OK(store_audit_list(f->store, &all, 1000, &f->arena, ret, &count, &f->err));
    return count;
}

static void row_goes_with_the_act_and_knows_its_subject(void **state)
{
    struct fixture *f = *state;
    struct audit_attachment a = attachment("createDocument");
    struct audit_row *rows = NULL;
    char id[ID_SIZE], other[ID_SIZE];

    a.quota_bytes = 77;
    store_audit_attach(&a);
    create(f, 1, id);
    assert_true(a.written);
    create(f, 2, other); // one act, one row
    store_audit_attach(NULL);
    assert_int_equal(list(f, &rows), 1);
    assert_string_equal(rows[0].subject, id);
    assert_string_equal(rows[0].who, "admin");
    assert_int_equal(rows[0].seq, 1);
}

static void row_of_an_act_that_fails_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct audit_attachment a = attachment("deleteDocument");
    struct audit_row *rows = NULL;

    store_audit_attach(&a);
    assert_int_equal(
        store_document_delete(f->store, SLICE_LIT("01234567-89ab-7cde-8f01-23456789abcd"), &f->err),
        ERR_NOT_FOUND);
    store_audit_attach(NULL);
    assert_false(a.written);
    assert_int_equal(list(f, &rows), 0);
}

static void verify(struct fixture *f, int64_t anchor, const char *hash, int64_t bad, int64_t rows)
{
    struct audit_verdict v;

    OK(store_audit_verify(f->store, anchor, hash, &v, &f->err));
    assert_int_equal(v.bad_seq, bad);
    assert_int_equal(v.rows, rows);
    assert_true((bad == 0) == (v.why[0] == '\0'));
}

static void add_rows(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        struct audit_row row = attachment("test").row;
        row.status = 401 + i;
        OK(store_audit_add(f->store, &row, &f->err));
    }
}

static void edit(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char path[128];

    store_close(f->store);
    f->store = NULL;
    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK); // the table refuses
    assert_int_equal(
        sqlite3_exec(db, "DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_is_kept",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture_open(f);
}

static void chain_holds_over_a_restart_and_an_anchor(void **state)
{
    struct fixture *f = *state;
    char hash[AUDIT_HASH_SIZE], wrong[AUDIT_HASH_SIZE];
    int64_t seq = 0;

    verify(f, 0, NULL, 0, 0);
    add_rows(f, 5);
    OK(store_audit_head(f->store, &seq, hash, &f->err));
    assert_int_equal(seq, 5);
    fixture_reopen(f);
    add_rows(f, 2);
    verify(f, 5, hash, 0, 7);
    memset(wrong, 'a', sizeof(wrong) - 1);
    wrong[sizeof(wrong) - 1] = '\0';
    verify(f, 5, wrong, 5, 4);
    verify(f, 9, hash, 8, 7); // it was there once
}

static void edited_row_is_named(void **state)
{
    struct fixture *f = *state;

    add_rows(f, 6);
    edit(f, "UPDATE audit SET status = 200 WHERE seq = 4");
    verify(f, 0, NULL, 4, 3);
}

static void missing_row_is_named(void **state)
{
    struct fixture *f = *state;

    add_rows(f, 6);
    edit(f, "DELETE FROM audit WHERE seq = 2");
    verify(f, 0, NULL, 2, 1);
}

static void long_chains_are_walked_whole_and_long_texts_are_cut(void **state)
{
    struct fixture *f = *state;
    char text[2 * AUDIT_TEXT_MAX];
    struct audit_row *rows = NULL;
    struct audit_row row = attachment("test").row;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    row.subject = text;
    OK(store_audit_add(f->store, &row, &f->err));
    assert_int_equal(list(f, &rows), 1);
    assert_int_equal(strlen(rows[0].subject), AUDIT_TEXT_MAX);
    add_rows(f, 2100); // more than one read of store_audit_verify
    verify(f, 0, NULL, 0, 2101);
}

static void keys_are_kept_rotated_and_removed(void **state)
{
    struct fixture *f = *state;
    struct key_record k = { .id = "0123456789ab", .name = "Grill", .role = "viewer" }, *keys = NULL;
    uint8_t second[KEY_DIGEST];
    size_t count = 0;

    memset(k.digest, 7, sizeof(k.digest));
    memset(second, 9, sizeof(second));
    OK(store_key_add(f->store, &k, &f->err));
    assert_int_equal(store_key_add(f->store, &k, &f->err), ERR_CONFLICT);
    OK(store_key_rotate(f->store, slice_of(k.id), second, 12345, &f->err));
    OK(store_key_used(f->store, slice_of(k.id), 99, "127.0.0.1", &f->err));
    OK(store_key_list(f->store, &f->arena, &keys, &count, &f->err));
    assert_int_equal(count, 1);
    assert_memory_equal(keys[0].digest, second, KEY_DIGEST);
    assert_memory_equal(keys[0].old_digest, k.digest, KEY_DIGEST);
    assert_int_equal(keys[0].old_until_ms, 12345);
    assert_int_equal(keys[0].used_ms, 99);
    assert_string_equal(keys[0].name, "Grill");
    OK(store_key_delete(f->store, slice_of(k.id), &f->err));
    assert_int_equal(store_key_delete(f->store, slice_of(k.id), &f->err), ERR_NOT_FOUND);
    assert_int_equal(store_key_rotate(f->store, slice_of(k.id), second, 0, &f->err), ERR_NOT_FOUND);
}

static void there_are_at_most_so_many_keys(void **state)
{
    struct fixture *f = *state;
    struct key_record k = { .name = "x", .role = "viewer" };

    for (int i = 0; i < KEYS_MAX; i++) {
        snprintf(k.id, sizeof(k.id), "%012x", (unsigned)i);
        OK(store_key_add(f->store, &k, &f->err));
    }
    snprintf(k.id, sizeof(k.id), "%012x", (unsigned)KEYS_MAX);
    assert_int_equal(store_key_add(f->store, &k, &f->err), ERR_LIMIT);
}

struct seen {
    char who[64];
    int64_t documents, bytes;
};

static void see(void *ctx, const char *who, int64_t documents, int64_t bytes)
{
    struct seen *s = ctx;

    snprintf(s->who, sizeof(s->who), "%s", who);
    s->documents = documents;
    s->bytes = bytes;
}

static void what_was_uploaded_counts_in_the_same_transaction(void **state)
{
    struct fixture *f = *state;
    struct seen s = { "", 0, 0 };
    int64_t today = clock_wall_ms() / 86400000;
    char id[ID_SIZE];

    for (int i = 0; i < 3; i++) {
        struct audit_attachment a = attachment("createDocument");
        a.quota_bytes = 100;
        store_audit_attach(&a);
        create(f, i, id);
        store_audit_attach(NULL);
    }
    OK(store_quota_load(f->store, today, see, &s, &f->err));
    assert_string_equal(s.who, "admin");
    assert_int_equal(s.documents, 3);
    assert_int_equal(s.bytes, 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(row_goes_with_the_act_and_knows_its_subject),
        TEST(row_of_an_act_that_fails_is_not_kept),
        TEST(chain_holds_over_a_restart_and_an_anchor),
        TEST(edited_row_is_named),
        TEST(missing_row_is_named),
        TEST(long_chains_are_walked_whole_and_long_texts_are_cut),
        TEST(keys_are_kept_rotated_and_removed),
        TEST(there_are_at_most_so_many_keys),
        TEST(what_was_uploaded_counts_in_the_same_transaction),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
