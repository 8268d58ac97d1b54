// SPDX-License-Identifier: AGPL-3.0-or-later
// What the machine does wrong: a disk that fills, a sync that fails, a damaged file, a database of another version.
// A thin layer between SQLite and the disk (a VFS) fails on demand.
#include "fixture.h"

#include "store/sqlite/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

static atomic_bool fail_sync, fail_write;
static sqlite3_vfs shim_vfs;
static int (*real_sync)(sqlite3_file *, int);
static int (*real_write)(sqlite3_file *, const void *, int, sqlite3_int64);
static struct
{ // SQLite has a table of functions for each way of locking; sync and write are the same in all
    const sqlite3_io_methods *real;
    sqlite3_io_methods shim;
} tables[8];

static int shim_sync(sqlite3_file *file, int flags)
{
    return atomic_load(&fail_sync) ? SQLITE_IOERR_FSYNC : real_sync(file, flags);
}

static int shim_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    return atomic_load(&fail_write) ? SQLITE_FULL : real_write(file, bytes, len, at);
}

static int shim_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    int rc = real->xOpen(real, name, file, flags, ret_flags);
    for (size_t i = 0; rc == SQLITE_OK && file->pMethods && i < ARRAY_LEN(tables); i++) {
        if (!tables[i].real) {
            tables[i].real = file->pMethods;
            tables[i].shim = *file->pMethods;
            real_sync = file->pMethods->xSync;
            real_write = file->pMethods->xWrite;
            tables[i].shim.xSync = shim_sync;
            tables[i].shim.xWrite = shim_write;
        }
        if (file->pMethods == tables[i].real) {
            file->pMethods = &tables[i].shim;
            break;
        }
    }
    return rc;
}

static int shim_setup(void **state)
{
    (void)state;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    shim_vfs = *real;
    shim_vfs.zName = "shim";
    shim_vfs.pAppData = real;
    shim_vfs.xOpen = shim_open;
    return sqlite3_vfs_register(&shim_vfs, 1);
}

static void failed_sync_stops_all_writes_until_a_restart(void **state)
{
    struct fixture *f = *state;
    struct document d = make_document(2);
    struct store_stats st;
    char id[ID_SIZE];
    bool duplicate;

    create(f, 1, id);
    int64_t seq = store_event_last(f->store);
    atomic_store(&fail_sync, true);
    assert_int_equal(store_document_create(f->store, &d, &duplicate, &f->err), ERR_IO);
    atomic_store(&fail_sync, false);
    assert_int_equal(
        store_document_create(f->store, &d, &duplicate, &f->err), ERR_IO); // not even now
    OK(store_stats(f->store, &st, &f->err));
    assert_true(st.writes_stopped);
    assert_int_equal(store_event_last(f->store), seq);
    assert_string_equal(load(f, id).id, id); // reading goes on
    fixture_reopen(f);
    assert_string_equal(load(f, id).id, id);
    create(f, 3, id);
    OK(store_check(f->store, &f->err));
}

static void full_disk_is_said_and_writing_goes_on_when_there_is_room(void **state)
{
    struct fixture *f = *state;
    struct document d = make_document(2);
    struct store_stats st;
    char id[ID_SIZE];
    bool duplicate;

    create(f, 1, id);
    atomic_store(&fail_write, true);
    assert_int_equal(store_document_create(f->store, &d, &duplicate, &f->err), ERR_NO_SPACE);
    assert_null(strstr(f->err.text, "/tmp"));
    atomic_store(&fail_write, false);
    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    assert_false(duplicate);
    OK(store_stats(f->store, &st, &f->err));
    assert_false(st.writes_stopped);
    assert_int_equal(st.documents, 2);
    assert_int_equal(st.last_seq, 2);
    OK(store_check(f->store, &f->err));
}

static void file_size_limit_is_a_full_disk_and_loses_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, low = { 0 };
    struct store_stats st;
    int64_t acknowledged = 0;
    int rc = 0;
    bool duplicate;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 700 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    for (int i = 0; i < 5000 && rc == 0; i++) {
        struct document d = make_document(i);
        rc = store_document_create(f->store, &d, &duplicate, &f->err);
        acknowledged += rc == 0;
    }
    assert_int_equal(rc, ERR_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    struct document more = make_document(9999);
    OK(store_document_create(f->store, &more, &duplicate, &f->err));
    fixture_reopen(f);
    OK(store_stats(f->store, &st, &f->err));
    assert_int_equal(st.documents, acknowledged + 1);
    OK(store_check(f->store, &f->err));
}

static void spoil(struct fixture *f, off_t from, size_t len)
{
    char path[128];
    char junk[4096];

    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    memset(junk, 0x5a, sizeof(junk));
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t at = 0; at < len; at += sizeof(junk)) {
        assert_int_equal(pwrite(fd, junk, sizeof(junk), from + (off_t)at), sizeof(junk));
    }
    close(fd);
}

static int try_open(struct fixture *f)
{
    struct store_options o = { .data_dir = f->dir, .no_sweeper = true };
    return store_open(&o, &f->store, &f->err);
}

static void damaged_database_is_found_at_the_start(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];

    for (int i = 0; i < 50; i++) {
        create(f, i, id);
        make_ready(f, "some text");
    }
    store_close(f->store);
    f->store = NULL;
    spoil(f, 5 * 4096, 40 * 4096);
    assert_int_equal(try_open(f), ERR_CORRUPT);
    assert_non_null(strstr(f->err.text, "damaged"));
    spoil(f, 0, 4096);
    assert_int_equal(try_open(f), ERR_CORRUPT);
}

static void a_database_of_a_newer_version_or_of_others_is_not_touched(void **state)
{
    struct fixture *f = *state;
    char path[128];
    sqlite3 *raw;

    store_close(f->store);
    f->store = NULL;
    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version = 9999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    assert_int_equal(try_open(f), ERR_UNSUPPORTED);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(raw, "PRAGMA user_version = 1; PRAGMA application_id = 7", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(raw);
    assert_int_equal(try_open(f), ERR_CORRUPT);
}

static void each_older_version_is_brought_up_to_date(void **state)
{
    struct fixture *f = *state;
    char path[128], suffixed[160], id[ID_SIZE];

    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    for (int version = 0; version <= migration_count; version++) {
        struct db *db;
        store_close(f->store);
        f->store = NULL;
        unlink(path);
        snprintf(suffixed, sizeof(suffixed), "%s-wal", path);
        unlink(suffixed);
        OK(db_open(path, true, &db, &f->err));
        if (version > 0) {
            OK(migrate(db, version, &f->err));
            OK(db_exec(db,
                "INSERT INTO documents (id, name, partition, type, category, media_type, mode, "
                "status, verdict, blob, "
                "size, created_ms, updated_ms, metadata, findings, errors, media) VALUES "
                "('00000000-0000-7000-8000-000000000001', 'old', 'default', 'txt', 'text', "
                "'text/plain', 'fast', 0, "
                "'accepted', '', 1, 1, 1, '{}', '[]', '[]', '{}')",
                &f->err));
        }
        db_close(db);
        fixture_open(f);
        if (version > 0) {
            assert_string_equal(load(f, "00000000-0000-7000-8000-000000000001").name, "old");
        }
        create(f, 1, id);
        make_ready(f, "text after the step");
        assert_int_equal(search_count(f, "step"), 1);
        OK(store_check(f->store, &f->err));
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(failed_sync_stops_all_writes_until_a_restart),
        T(full_disk_is_said_and_writing_goes_on_when_there_is_room),
        T(file_size_limit_is_a_full_disk_and_loses_nothing_acknowledged),
        T(damaged_database_is_found_at_the_start),
        T(a_database_of_a_newer_version_or_of_others_is_not_touched),
        T(each_older_version_is_brought_up_to_date),
    };
    return cmocka_run_group_tests(tests, shim_setup, NULL);
}
