// SPDX-License-Identifier: AGPL-3.0-or-later
// Starting another program: it has exactly the descriptors, environment and signals that it was given.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "os/child.h"
#include "os/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs a shell script with its fd 3 as a pipe; what it wrote there ends up in out.
static struct child_end run_shell(const char *script, struct buf *out)
{
    char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
    struct spawn_request r = { .path = "/bin/sh", .argv = argv };
    struct child c;
    struct child_end end = { 0 };
    int pipe_fds[2];

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    r.fds[r.fd_count++] = (struct spawn_fd){ .at = 3, .from = pipe_fds[1] };
    assert_int_equal(spawn_start(&r, &c, NULL), 0);
    close(pipe_fds[1]);
    if (out) {
        assert_int_equal(read_fd(pipe_fds[0], out, NULL), 0);
    }
    assert_int_equal(child_wait(&c, clock_mono_ms() + 20000, &end), 0);
    close(pipe_fds[0]);
    assert_int_equal(c.pid, 0);
    return end;
}

static void child_ends_are_told_apart(void **state)
{
    (void)state;
    struct child_end end = run_shell("exit 7", NULL);
    assert_false(end.signalled);
    assert_int_equal(end.code, 7);
    end = run_shell("kill -SEGV $$", NULL);
    assert_true(end.signalled);
    assert_int_equal(end.code, SIGSEGV);
}

static void child_sees_only_its_descriptors_and_no_environment(void **state)
{
    AUTO_BUF out = BUF_INIT(4096);
    int leak = open("/dev/null", O_RDONLY); // without O_CLOEXEC, as a careless library would
    (void)state;
    setenv("LARDER_SECRET", "1", 1);
    // asked one by one: a listing would show what the shell and ls open for the listing
    run_shell("i=0; while [ $i -lt 256 ]; do [ -e /proc/$$/fd/$i ] && printf '%s ' $i >&3; "
              "i=$((i+1)); done; "
              "env | grep -c SECRET >&3; pwd >/dev/null",
        &out);
    close(leak);
    assert_string_equal(out.data, "0 1 2 3 0\n");
}

// Sources that stand where other ones must go: our 4 becomes its 3, and our 3 its 4.
static void descriptors_may_cross(void **state)
{
    int a[2], b[2];
    char text[2] = { 0 };
    struct child c;
    struct child_end end;
    char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"echo a >&3; echo b >&4", NULL };
    (void)state;
    assert_int_equal(pipe2(a, O_CLOEXEC), 0);
    assert_int_equal(pipe2(b, O_CLOEXEC), 0);
    int saved3 = fcntl(3, F_DUPFD_CLOEXEC, 50), saved4 = fcntl(4, F_DUPFD_CLOEXEC, 50);
    int ours[4] = { fcntl(a[0], F_DUPFD_CLOEXEC, 50), fcntl(a[1], F_DUPFD_CLOEXEC, 50),
        fcntl(b[0], F_DUPFD_CLOEXEC, 50), fcntl(b[1], F_DUPFD_CLOEXEC, 50) };
    assert_int_equal(dup3(ours[1], 4, O_CLOEXEC), 4);
    assert_int_equal(dup3(ours[3], 3, O_CLOEXEC), 3);
    struct spawn_request r = {
        .path = "/bin/sh", .argv = argv, .fds = { { 3, 4 }, { 4, 3 } }, .fd_count = 2
    };
    assert_int_equal(spawn_start(&r, &c, NULL), 0);
    assert_int_equal(child_wait(&c, clock_mono_ms() + 20000, &end), 0);
    assert_int_equal(read(ours[0], text, 1), 1);
    assert_int_equal(text[0], 'a');
    assert_int_equal(read(ours[2], text, 1), 1);
    assert_int_equal(text[0], 'b');
    if (saved3 >= 0) {
        dup2(saved3, 3);
        close(saved3);
    }
    if (saved4 >= 0) {
        dup2(saved4, 4);
        close(saved4);
    }
    for (int i = 0; i < 4; i++) {
        close(ours[i]);
    }
}

static void slow_child_times_out_and_is_collected(void **state)
{
    char *const argv[] = { (char *)"sleep", (char *)"100", NULL };
    struct spawn_request r = { .path = "/bin/sleep", .argv = argv };
    struct child c;
    struct child_end end;
    (void)state;
    assert_int_equal(spawn_start(&r, &c, NULL), 0);
    pid_t pid = c.pid;
    int64_t before = clock_mono_ms();
    assert_int_equal(child_wait(&c, before + 50, &end), ERR_TIMEOUT);
    assert_true(clock_mono_ms() - before < 5000);
    child_done(&c);
    assert_int_equal(c.pid, 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); // collected already
    child_done(&c);
}

static void missing_program_is_an_error_without_a_path(void **state)
{
    char *const argv[] = { (char *)"none", NULL };
    struct spawn_request r = { .path = "/nowhere/none", .argv = argv };
    struct child c;
    struct error err = { 0 };
    (void)state;
    assert_int_equal(spawn_start(&r, &c, &err), ERR_NOT_FOUND);
    assert_null(strstr(err.text, "nowhere"));
}

static void blocked_signals_are_not_inherited(void **state)
{
    sigset_t all, before;
    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    signal(SIGUSR1, SIG_IGN);
    struct child_end end = run_shell("kill -USR1 $$; exit 0", NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_true(end.signalled);
    assert_int_equal(end.code, SIGUSR1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_ends_are_told_apart),
        cmocka_unit_test(child_sees_only_its_descriptors_and_no_environment),
        cmocka_unit_test(descriptors_may_cross),
        cmocka_unit_test(slow_child_times_out_and_is_collected),
        cmocka_unit_test(missing_program_is_an_error_without_a_path),
        cmocka_unit_test(blocked_signals_are_not_inherited),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
