// SPDX-License-Identifier: AGPL-3.0-or-later
// Readings of this process and this machine are sane.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "os/resources.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void own_process_is_read(void **state)
{
    struct process_reading a, b;
    (void)state;
    assert_int_equal(process_read(0, &a), 0);
    assert_true(a.rss_bytes > 100 << 10 && a.rss_bytes <= a.virtual_bytes);
    assert_true(a.peak_rss_bytes >= a.rss_bytes);
    assert_int_equal(a.threads, 1);
    assert_true(a.fds_max > 0);
    assert_true(a.start_ms <= clock_wall_ms() + 1000 && a.start_ms > clock_wall_ms() - 600000);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t size = 32 << 20;
    volatile char *block = malloc(size);
    assert_non_null(block);
    for (size_t at = 0; at < size; at += 4096) {
        block[at] = 1;
    }
    assert_int_equal(process_read(0, &b), 0);
    assert_int_equal(b.fds, a.fds + 1);
    assert_true(b.rss_bytes > a.rss_bytes + (int64_t)size / 2);
    free((void *)block);
    close(fd);
}

static void ended_process_is_not_found(void **state)
{
    struct process_reading r;
    int64_t rss, peak;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT); // a zombie still
    assert_int_equal(process_read(pid, &r), ERR_NOT_FOUND);
    assert_int_equal(process_memory(pid, &rss, &peak), ERR_NOT_FOUND);
    waitpid(pid, NULL, 0);
    assert_int_equal(process_read(pid, &r), ERR_NOT_FOUND);
}

static void binding_limit_is_found(void **state)
{
    struct memory_reading m;
    (void)state;
    assert_int_equal(memory_read(&m), 0);
    assert_non_null(m.limit_kind);
    assert_true(m.used_bytes > 0 && m.limit_bytes > m.used_bytes / 2);
    assert_true(m.machine_available_bytes <= m.machine_total_bytes);
}

static void machine_is_read(void **state)
{
    struct pressure_reading p;
    struct load_reading l;
    struct disk_reading d;
    (void)state;
    pressure_read(&p);
    assert_true(p.cpu == READING_UNKNOWN || (p.cpu >= 0 && p.cpu <= 1));
    load_read(&l);
    assert_true(l.cpus >= 1);
    assert_int_equal(disk_read("/", &d), 0);
    assert_true(d.free_bytes >= 0 && d.free_bytes <= d.total_bytes);
    assert_int_equal(disk_read("/no/such/folder", &d), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_process_is_read),
        cmocka_unit_test(ended_process_is_not_found),
        cmocka_unit_test(binding_limit_is_found),
        cmocka_unit_test(machine_is_read),
    };
    return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
