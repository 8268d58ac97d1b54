// SPDX-License-Identifier: AGPL-3.0-or-later
// Blobs: kept once, opened by their hash, swept when nothing refers to them and they are old enough.
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static void blob_file(struct fixture *f, const char *hash, char ret_path[256])
{
    snprintf(ret_path, 256, "%s/blobs/%.2s/%s", f->dir, hash, hash + 2);
}

static void make_old(const char *path, int seconds)
{
    struct timespec times[2] = { { time(NULL) - seconds, 0 }, { time(NULL) - seconds, 0 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void bytes_come_back_under_their_sha256(void **state)
{
    struct fixture *f = *state;
    char hash[BLOB_HASH_SIZE], again[BLOB_HASH_SIZE], back[16], path[256];
    int64_t size = 0;
    struct stat st;

    OK(store_blob_put_bytes(f->store, "abc", 3, hash, &f->err));
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    OK(store_blob_put_bytes(f->store, "abc", 3, again, &f->err));
    assert_string_equal(hash, again);
    int fd = store_blob_open(f->store, hash, &size, &f->err);
    assert_true(fd >= 0);
    assert_int_equal(size, 3);
    assert_int_equal(read(fd, back, sizeof(back)), 3);
    assert_memory_equal(back, "abc", 3);
    close(fd);
    blob_file(f, hash, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    OK(store_blob_put_bytes(f->store, "", 0, hash, &f->err));
    make_hash(1, hash);
    assert_int_equal(store_blob_open(f->store, hash, &size, &f->err), ERR_NOT_FOUND);
    strcpy(hash, "../../etc/passwd");
    assert_int_equal(store_blob_open(f->store, hash, &size, &f->err), ERR_NOT_FOUND);
    assert_int_equal(store_blob_put(f->store, hash, "/etc/passwd", &f->err), ERR_INVALID);
}

static void a_file_is_taken_and_a_damaged_blob_is_replaced(void **state)
{
    struct fixture *f = *state;
    char hash[BLOB_HASH_SIZE], from[256], path[256];
    int64_t size;

    make_hash(42, hash);
    blob_file(f, hash, path);
    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof(from), "%s/upload", f->dir);
        FILE *file = fopen(from, "w");
        fputs("hello", file);
        fclose(file);
        OK(store_blob_put(f->store, hash, from, &f->err));
        assert_int_not_equal(access(from, F_OK), 0);
        int fd = store_blob_open(f->store, hash, &size, &f->err);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(size, 5);
        if (i == 1) {
            assert_int_equal(truncate(path, 2), 0);
        }
    }
}

static void sweep_removes_only_what_is_old_and_nobodys(void **state)
{
    struct fixture *f = *state;
    char kept[BLOB_HASH_SIZE], orphan[BLOB_HASH_SIZE], fresh[BLOB_HASH_SIZE], path[256];
    struct document d = make_document(1);
    struct store_stats st;
    bool duplicate;

    OK(store_blob_put_bytes(f->store, "kept", 4, kept, &f->err));
    OK(store_blob_put_bytes(f->store, "orphan", 6, orphan, &f->err));
    OK(store_blob_put_bytes(f->store, "fresh", 5, fresh, &f->err));
    memcpy(d.blob, kept, sizeof(kept));
    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    blob_file(f, kept, path);
    make_old(path, 10000);
    blob_file(f, orphan, path);
    make_old(path, 10000);
    OK(store_sweep(f->store, &f->err));
    close(store_blob_open(f->store, kept, NULL, &f->err));
    close(store_blob_open(f->store, fresh, NULL, &f->err));
    assert_int_equal(store_blob_open(f->store, orphan, NULL, &f->err), ERR_NOT_FOUND);
    OK(store_stats(f->store, &st, &f->err));
    assert_int_equal(st.blobs, 1);
    assert_int_equal(st.blob_bytes, 4);
    // put again: new again, so the sweep keeps off until a row exists
    blob_file(f, fresh, path);
    make_old(path, 10000);
    OK(store_blob_put_bytes(f->store, "fresh", 5, fresh, &f->err));
    OK(store_sweep(f->store, &f->err));
    close(store_blob_open(f->store, fresh, NULL, &f->err));
    // a deleted document's old content goes at once
    OK(store_document_delete(f->store, slice_of(d.id), &f->err));
    assert_int_equal(store_blob_open(f->store, kept, NULL, &f->err), ERR_NOT_FOUND);
    OK(store_stats(f->store, &st, &f->err));
    assert_int_equal(st.blobs, 0);
}

static void content_of_two_documents_stays_until_both_are_gone(void **state)
{
    struct fixture *f = *state;
    struct document a = make_document(1), b = make_document(1);
    char path[256], hash[BLOB_HASH_SIZE];
    bool duplicate;

    OK(store_blob_put_bytes(f->store, "both", 4, hash, &f->err));
    memcpy(a.blob, hash, sizeof(hash));
    memcpy(b.blob, hash, sizeof(hash));
    b.partition = "kitchen";
    OK(store_document_create(f->store, &a, &duplicate, &f->err));
    OK(store_document_create(f->store, &b, &duplicate, &f->err));
    blob_file(f, hash, path);
    make_old(path, 10000);
    OK(store_document_delete(f->store, slice_of(a.id), &f->err));
    assert_int_equal(access(path, F_OK), 0);
    OK(store_document_delete(f->store, slice_of(b.id), &f->err));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void spool_left_overs_go(void **state)
{
    struct fixture *f = *state;
    char folder[128], old[200], young[200];

    snprintf(folder, sizeof(folder), "%s/spool", f->dir);
    snprintf(old, sizeof(old), "%s/old", folder);
    snprintf(young, sizeof(young), "%s/young", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    close(open(old, O_CREAT | O_WRONLY, 0600));
    close(open(young, O_CREAT | O_WRONLY, 0600));
    make_old(old, 7200);
    OK(store_sweep(f->store, &f->err));
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(bytes_come_back_under_their_sha256),
        T(a_file_is_taken_and_a_damaged_blob_is_replaced),
        T(sweep_removes_only_what_is_old_and_nobodys),
        T(content_of_two_documents_stays_until_both_are_gone),
        T(spool_left_overs_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
