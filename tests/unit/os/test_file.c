// SPDX-License-Identifier: AGPL-3.0-or-later
// Whole reads, atomic replacement, locks, folders.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/larder-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int clear(void **state)
{
    DIR *d = opendir(folder);
    (void)state;
    for (struct dirent *e; d && (e = readdir(d));) {
        remove(in_folder(e->d_name));
    }
    if (d) {
        closedir(d);
    }
    return rmdir(folder);
}

static void written_file_is_read_back(void **state)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    struct stat st;
    (void)state;
    assert_int_equal(write_atomic(in_folder("a"), "one", 3, 0640, NULL), 0);
    assert_int_equal(write_atomic(in_folder("a"), "second", 6, 0640, NULL), 0);
    assert_int_equal(read_all(in_folder("a"), &b, NULL), 0);
    assert_string_equal(b.data, "second");
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    int files = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        files += e->d_name[0] != '.';
    }
    closedir(d);
    assert_int_equal(files, 1); // no temporary file stays behind
}

static void read_stops_at_the_limit(void **state)
{
    AUTO_BUF exact = BUF_INIT(6), small = BUF_INIT(5);
    (void)state;
    assert_int_equal(write_atomic(in_folder("a"), "second", 6, 0600, NULL), 0);
    assert_int_equal(read_all(in_folder("a"), &exact, NULL), 0);
    assert_int_equal(exact.len, 6);
    assert_int_equal(read_all(in_folder("a"), &small, NULL), ERR_TOO_LARGE);
}

static void errors_have_codes_and_no_path(void **state)
{
    AUTO_BUF b = BUF_INIT(100);
    struct error err = { 0 };
    (void)state;
    assert_int_equal(read_all(in_folder("missing"), &b, &err), ERR_NOT_FOUND);
    assert_null(strstr(err.text, "larder-test"));
    assert_int_equal(write_atomic(in_folder("no/such/folder"), "x", 1, 0600, &err), ERR_NOT_FOUND);
    assert_int_equal(write_atomic("/dev/full/x", "x", 1, 0600, &err), ERR_NOT_FOUND);
    AUTO_FD int full = open("/dev/full", 1);
    assert_int_equal(write_fd(full, "x", 1, &err), ERR_NO_SPACE);
}

static void lock_is_held_by_one_process(void **state)
{
    (void)state;
    int fd = lock_file(in_folder("lock"), NULL);
    assert_true(fd >= 0);
    assert_int_equal(lock_file(in_folder("lock"), NULL), ERR_CONFLICT);
    close(fd);
    fd = lock_file(in_folder("lock"), NULL);
    assert_true(fd >= 0);
    close(fd);
}

static void folders_are_made_with_their_parents(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof(path), "%s/x/y/z", folder);
    assert_int_equal(make_dirs(path, 0700, NULL), 0);
    assert_int_equal(make_dirs(path, 0700, NULL), 0);
    assert_int_equal(fsync_dir(path, NULL), 0);
    assert_int_equal(fsync_parent(path, NULL), 0);
    for (int i = 0; i < 3; i++) {
        rmdir(path);
        *strrchr(path, '/') = '\0';
    }
    assert_int_equal(write_atomic(in_folder("file"), "", 0, 0600, NULL), 0);
    assert_int_equal(make_dirs(in_folder("file"), 0700, NULL), ERR_CONFLICT);
}

static void a_path_beside_another_is_in_its_folder(void **state)
{
    static const char *const cases[][2] = { { "/usr/bin/larder", "/usr/bin/x" },
        { "/larder", "/x" }, { "./larder", "./x" }, { "larder", "x" }, { "a/", "a/x" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *path = path_beside(cases[i][0], "x");
        assert_string_equal(path, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_beside_another_is_in_its_folder),
        cmocka_unit_test_setup_teardown(written_file_is_read_back, set_up, clear),
        cmocka_unit_test_setup_teardown(read_stops_at_the_limit, set_up, clear),
        cmocka_unit_test_setup_teardown(errors_have_codes_and_no_path, set_up, clear),
        cmocka_unit_test_setup_teardown(lock_is_held_by_one_process, set_up, clear),
        cmocka_unit_test_setup_teardown(folders_are_made_with_their_parents, set_up, clear),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
