// SPDX-License-Identifier: AGPL-3.0-or-later
// The database is read through after a start, and keeps the locks that other processes must see.
#include "fixture.h"
#include "store/sqlite/backend.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static int read_something(struct store *s, struct db *db, void *ctx, struct error *err)
{
    struct query q = query_start(db, "SELECT count(*) FROM documents");
    (void)s;
    (void)ctx;
    query_step(&q);
    return query_end(&q, err);
}

// As another process sees it.
static bool is_locked(struct fixture *f)
{
    char path[300];
    int status = 0;

    snprintf(path, sizeof(path), "%s/larder.db", f->dir);
    pid_t child = fork();
    if (child == 0) {
        struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd = open(path, O_RDWR | O_CLOEXEC);
        _exit(fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? 7 : 0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static void reading_through_leaves_the_locks(void **state)
{
    struct fixture *f = *state;
    atomic_bool stop = false;
    char id[ID_SIZE];

    create(f, 1, id);
    make_ready(f, "oil");
    OK(store_read(f->store, "test", read_something, NULL, &f->err));
    assert_true(is_locked(f));
    OK(read_through(f->store, &stop, &f->err));
    assert_true(is_locked(f));
    assert_int_equal(search_count(f, "oil"), 1);
    create(f, 2, id);
    atomic_store(&stop, true);
    OK(read_through(f->store, &stop, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            reading_through_leaves_the_locks, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
