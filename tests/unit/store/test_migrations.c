// SPDX-License-Identifier: AGPL-3.0-or-later
// Databases of every earlier schema: made by the migrations up to it, filled as that version of Larder filled it, then opened.
// Documents, elements, passages, what is found, conversations, keys and the audit log must be as they were, and all that is
// new must work on them.
#include "fixture.h"
#include "store/conversations.h"
#include "store/sqlite/migrate.h"

enum {
    DOCUMENTS = 4,
    PARTITIONED = 4,
    CONVERSATIONS = 2,
    ALERTS = 3,
    ACCESS = 5,
    WORDS = 7
}; // versions

static const struct old_document {
    const char *id, *name, *partition, *text;
    int version; // 0: never read
} olds[DOCUMENTS] = {
    { "00000000-0000-7000-8000-000000000001", "Fryer manual", "default",
        "Drain the vat before you boil it out.", 1 },
    { "00000000-0000-7000-8000-000000000002", "Grill sheet", "default",
        "Scrape the plate; drain the grease tray.", 2 },
    { "00000000-0000-7000-8000-000000000003", "Café règles", "paris",
        "Laver les mains avant de drain.", 1 },
    { "00000000-0000-7000-8000-000000000004", "Not read yet", "default", "", 0 },
};

static void run(struct fixture *f, struct db *db, const char *sql)
{
    if (db_exec(db, sql, &f->err) != 0) {
        fail_msg("%s: %s", f->err.text, sql);
    }
}

PRINTF_LIKE(3, 4)
static void runf(struct fixture *f, struct db *db, const char *format, ...)
{
    AUTO_BUF sql = BUF_INIT(64 << 10);
    va_list args;

    va_start(args, format);
    buf_vaddf(&sql, format, args);
    va_end(args);
    run(f, db, sql.data);
}

static const char *passage_id(char *ret, size_t size, int schema, int key, const char *partition)
{
    if (schema < PARTITIONED) {
        snprintf(ret, size, "%d", 100 + key);
    } else {
        snprintf(ret, size, "chunk_id((SELECT key FROM partitions WHERE name = '%s'), %d, 9)",
            partition, 100 + key);
    }
    return ret;
}

static void fill_passage(
    struct fixture *f, struct db *db, int schema, int key, const struct old_document *o, int shown)
{
    char id[200];

    passage_id(id, sizeof(id), schema, 10 * key + shown, o->partition);
    // An older version's row, still in the index, is not shown.
    const char *text = shown ? o->text : "vanished words of before";
    runf(f, db,
        "INSERT INTO elements (document, version, idx, kind, level, flags, place, text, markdown, "
        "header, image) VALUES (%d, %d, 0, 'paragraph', 0, 0, '{\"lines\":[1,2]}', '%s', '', '', "
        "'')",
        key, o->version - !shown, text);
    runf(f, db,
        "INSERT INTO chunks (id, document, version, idx, first_element, last_element, heading, "
        "text, place, places) VALUES (%s, %d, %d, 0, 0, 0, 'A heading', '%s', '{\"lines\":[1,2]}', "
        "'[{\"lines\":[1,2]}]')",
        id, key, o->version - !shown, text);
    runf(f, db,
        "INSERT INTO chunk_index (rowid, title, heading, text) VALUES (%s, fts_fold('%s'), "
        "'A heading', fts_fold('%s'))",
        id, o->name, text);
    if (schema >= PARTITIONED) {
        runf(f, db, "UPDATE chunks SET words = 9 WHERE document = %d", key);
        runf(f, db,
            "UPDATE partitions SET chunks = chunks + 1, words = words + 9, next_chunk = 1000 "
            "WHERE name = '%s'",
            o->partition);
    }
}

static void fill_document(struct fixture *f, struct db *db, int schema, int key)
{
    const struct old_document *o = &olds[key - 1];
    bool read = o->version > 0;

    runf(f, db,
        "INSERT INTO documents (key, id, name, partition, type, category, media_type, mode, "
        "status, verdict, blob, size, created_ms, updated_ms, metadata, findings, errors, media, "
        "version, last_version, element_count, chunk_count, page_count) VALUES (%d, '%s', '%s', "
        "'%s', 'txt', 'text', 'text/plain', 'fast', %d, 'accepted', '%064d', 40, %d, %d, "
        "'{\"team\":\"night\"}', '[]', '[]', '{}', %d, %d, %d, %d, 1)",
        key, o->id, o->name, o->partition, read ? DOCUMENT_READY : DOCUMENT_PENDING, key,
        1000 + key, 1000 + key, o->version, o->version, read, read);
    runf(f, db, "INSERT INTO blobs VALUES ('%064d', 40)", key);
    if (schema >= PARTITIONED) {
        runf(f, db, "INSERT OR IGNORE INTO partitions (name) VALUES ('%s')", o->partition);
    }
    if (!read) {
        runf(f, db, "INSERT INTO jobs (document, kind, created_ms) VALUES (%d, 'read', 1000)", key);
        return;
    }
    fill_passage(f, db, schema, key, o, 1);
    if (o->version > 1) {
        fill_passage(f, db, schema, key, o, 0);
    }
}

static void fill_rest(struct fixture *f, struct db *db, int schema)
{
    run(f, db, "INSERT INTO events (time_ms, kind, data) VALUES (5, 'document.ready', '{}')");
    if (schema >= CONVERSATIONS) {
        run(f, db,
            "INSERT INTO conversations VALUES (1, '00000000-0000-7000-8000-00000000c001', "
            "'default', 'How?', 1, 2);"
            "INSERT INTO runs VALUES (1, '00000000-0000-7000-8000-00000000a001', 1, 'How?', "
            "'completed', NULL, '{}', '{}', 1, 2);"
            "INSERT INTO messages VALUES (1, 0, 'user', 'How?', "
            "'00000000-0000-7000-8000-00000000a001', 1)");
    }
    if (schema >= ALERTS) {
        run(f, db, "INSERT INTO silences (until_ms, row) VALUES (9, '{}')");
    }
    if (schema >= WORDS) {
        run(f, db, "INSERT INTO words VALUES ('drain')");
    }
    if (schema >= ACCESS) {
        run(f, db,
            "INSERT INTO audit VALUES (1, 1, 'admin', 'key.add', 'x', 'done', 200, '', '', '', "
            "'0')");
    }
}

static size_t found(struct fixture *f, const char *match, const char *partition)
{
    struct chunk_filter filter = { .partition = slice_of(partition) };
    struct chunk_hit *hits = NULL;
    size_t count = 0;

    OK(store_search_words(f->store, slice_of(match), &filter, (struct field_weights){ 1, 1, 1 }, 50,
        &f->arena, &hits, &count, &f->err));
    return count;
}

static void check_documents(struct fixture *f)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        const struct old_document *o = &olds[i];
        struct document d = load(f, o->id);
        struct element_row *rows = NULL;
        struct chunk *chunks = NULL;
        size_t count = 0;
        assert_string_equal(d.name, o->name);
        assert_string_equal(d.partition, o->partition);
        assert_int_equal(d.created_ms, 1001 + i);
        if (o->version == 0) {
            continue;
        }
        assert_int_equal(d.status, DOCUMENT_READY);
        OK(store_element_list(
            f->store, slice_of(o->id), -1, 10, &f->arena, &rows, &count, &f->err));
        assert_int_equal(count, 1);
        assert_true(slice_is(rows[0].element.text, o->text));
        OK(store_chunk_list(
            f->store, slice_of(o->id), -1, 10, &f->arena, &chunks, &count, &f->err));
        assert_int_equal(count, 1);
        assert_true(slice_is(chunks[0].text, o->text));
    }
}

static void count_drain(void *ctx, struct slice word)
{
    *(int *)ctx += slice_is(word, "drain");
}

static void check_search(struct fixture *f)
{
    int listed = 0;
    struct partition_stats stats;
    const struct slice terms[] = { SLICE_LIT("drain"), SLICE_LIT("fryer"), SLICE_LIT("laver") };
    int64_t counts[3] = { 0 };

    assert_int_equal(found(f, "drain", "default"), 2);
    assert_int_equal(found(f, "drain", "paris"), 1);
    assert_int_equal(found(f, "drain", ""), 3);
    assert_int_equal(found(f, "fryer", "default"), 1); // its title
    assert_int_equal(found(f, "regles", "paris"), 1); // without accents
    assert_int_equal(found(f, "vanished", "default"), 0);
    assert_int_equal(found(f, "boil", "paris"), 0);
    OK(store_partition_stats(f->store, SLICE_LIT("default"), &stats, &f->err));
    assert_int_equal(stats.chunks, 3); // one of them not shown
    assert_true(stats.average_words > 3 && stats.average_words < 20);
    OK(store_partition_counts(f->store, &stats, terms, 3, counts, &f->err));
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 0);
    OK(store_words_like(
        f->store, SLICE_LIT("dr"), SLICE_LIT("ds"), 100, count_drain, &listed, &f->err));
    assert_int_equal(listed, 1); // for typing errors
}

// All that was left to do is done, and what is new works: reading, embedding, removing.
static void go_on(struct fixture *f)
{
    struct vector_space space = { .model = "m",
        .hash = "",
        .pooling = "cls",
        .query_prefix = "",
        .passage_prefix = "",
        .dimension = 4 };
    struct unembedded *left = NULL;
    size_t count = 0;
    char id[ID_SIZE];
    const float vectors[8 * 4] = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 };

    make_ready(f, "the one that waited"); // leases the old job
    assert_int_equal(found(f, "waited", "default"), 1);
    assert_int_equal(load(f, olds[3].id).status, DOCUMENT_READY);
    create(f, 77, id);
    make_ready(f, "quite new");
    assert_int_equal(found(f, "new", "default"), 1);
    assert_int_equal(found(f, "drain", "default"), 2);
    OK(store_space_use(f->store, &space, &f->err));
    OK(store_unembedded_next(f->store, 8, &f->arena, &left, &count, &f->err));
    assert_int_equal(count, 5);
    for (int i = 0; i < 8 && count; i++) {
        OK(store_vectors_put(f->store, left, vectors, count, &f->err));
        OK(store_unembedded_next(f->store, 8, &f->arena, &left, &count, &f->err));
    }
    struct space_stats stats;
    OK(store_space_stats(f->store, &stats, &f->err));
    assert_int_equal(stats.vectors, 5);
    OK(store_document_delete(f->store, slice_of(olds[0].id), &f->err));
    assert_int_equal(found(f, "drain", "default"), 1);
}

static void check_rest(struct fixture *f, int schema)
{
    struct conversation *list = NULL;
    struct message *messages = NULL;
    size_t count = 0;

    OK(store_conversation_list(
        f->store, SLICE_LIT("default"), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, schema >= CONVERSATIONS);
    if (count) {
        OK(store_message_list(
            f->store, slice_of(list[0].id), 10, &f->arena, &messages, &count, &f->err));
        assert_int_equal(count, 1);
        assert_string_equal(messages[0].text, "How?");
    }
}

static void remove_database(struct fixture *f)
{
    static const char *const endings[] = { "", "-wal", "-shm" };

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s/larder.db%s", f->dir, endings[i]);
        unlink(path);
    }
}

static void every_earlier_schema_keeps_its_documents(void **state)
{
    struct fixture *f = *state;
    char path[128];

    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    for (int schema = 1; schema <= migration_count; schema++) {
        struct db *db = NULL;
        store_close(f->store);
        f->store = NULL;
        remove_database(f);
        OK(db_open(path, true, &db, &f->err));
        OK(migrate(db, schema, &f->err));
        for (int key = 1; key <= DOCUMENTS; key++) {
            fill_document(f, db, schema, key);
        }
        fill_rest(f, db, schema);
        db_close(db);
        fixture_open(f);
        check_documents(f);
        check_search(f);
        check_rest(f, schema);
        fixture_reopen(f); // nothing is done twice
        check_documents(f);
        check_search(f);
        go_on(f);
        OK(store_check(f->store, &f->err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_earlier_schema_keeps_its_documents, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
