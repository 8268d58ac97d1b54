// SPDX-License-Identifier: AGPL-3.0-or-later
// The converter's jail, attacked from inside by a program in LibreOffice's place (office.c): each try ends with its own
// word, and the private folder is gone every time. Needs mount namespaces; where the machine gives none, that is said.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "jobs/converter.h"
#include "os/tree.h"
#include "wire/frame.h"

static char folder[64], convert[80], secret[100];
static bool jailed = true;

static struct convert_result run(const char *order, int64_t wall_ms, const atomic_bool *cancel)
{
    struct convert_result result = { .fd = -1 };
    struct error err = { .code = 0 };
    struct tree_size left = { 0, 0 };
    AUTO_FD int fd = memfd_create("in", MFD_CLOEXEC);

    assert_int_equal(write(fd, order, strlen(order)), strlen(order));
    struct convert_request q = { .jail = CONVERT,
        .office = OFFICE,
        .folder = convert,
        .hide = folder,
        .input_fd = fd,
        .from = "doc",
        .to = "docx",
        .memory_bytes = (int64_t)512 << 20,
        .wall_ms = wall_ms };
    if (converter_run(&q, cancel, &result, &err) != 0) {
        fail_msg("%s: %s", order, err.text);
    }
    assert_int_equal(tree_measure(convert, 100, &left), 0);
    if (left.entries != 1) {
        fail_msg("%s: the private folder is still there", order);
    }
    return result;
}

static void ends(const char *order, enum convert_end end)
{
    if (!jailed) {
        skip();
    }
    struct convert_result r = run(order, 20000, NULL);
    if (r.end != end) {
        fail_msg(
            "%s: ended as %s, wanted %s", order, convert_end_word(r.end), convert_end_word(end));
    }
    assert_true((r.fd >= 0) == (end == CONVERT_DONE));
    if (r.fd >= 0) {
        close(r.fd);
    }
}

static void a_result_comes_back_and_the_jail_is_whole(void **state)
{
    const uint32_t least = SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS | SANDBOX_SECCOMP |
                           SANDBOX_NET_NS | SANDBOX_MOUNT_NS | SANDBOX_PID_NS;
    char made[8] = "";
    (void)state;
    if (!jailed) {
        skip();
    }
    struct convert_result r = run("work", 20000, NULL);
    assert_int_equal(r.end, CONVERT_DONE);
    assert_int_equal(r.level & least, least);
    assert_int_equal(r.size, 4);
    assert_int_equal(read(r.fd, made, sizeof(made)), 4);
    assert_string_equal(made, "made");
    assert_int_equal(write(r.fd, "x", 1), -1);
    close(r.fd);
}

static void nothing_outside_can_be_opened(void **state)
{
    char order[200];
    (void)state;
    snprintf(order, sizeof(order), "files %s", secret);
    ends(order, CONVERT_DONE);
}

static void there_is_no_network(void **state)
{
    (void)state;
    ends("network", CONVERT_DONE);
}

static void no_process_and_no_program_can_be_started(void **state)
{
    (void)state;
    ends("processes", CONVERT_DONE);
    ends("programs", CONVERT_DONE);
}

static void memory_has_its_limit(void **state)
{
    (void)state;
    ends("memory", CONVERT_DONE);
}

static void a_large_file_ends_it(void **state)
{
    (void)state;
    ends("large", CONVERT_OUT_OF_ROOM);
}

static void many_files_end_it(void **state)
{
    (void)state;
    ends("many", CONVERT_OUT_OF_ROOM);
}

static void what_is_no_plain_file_is_no_result(void **state)
{
    (void)state;
    ends("link", CONVERT_FAILED);
    ends("folder", CONVERT_FAILED);
    ends("nothing", CONVERT_FAILED);
}

static void a_folder_of_any_depth_is_removed(void **state)
{
    (void)state;
    ends("deep", CONVERT_FAILED);
}

static void a_crash_is_told(void **state)
{
    (void)state;
    ends("crash", CONVERT_CRASHED);
}

static void time_ends_it(void **state)
{
    static const char *const orders[] = { "hang", "spin" };
    (void)state;
    for (size_t i = 0; jailed && i < ARRAY_LEN(orders); i++) {
        int64_t began = clock_mono_ms();
        assert_int_equal(run(orders[i], 700, NULL).end, CONVERT_OUT_OF_TIME);
        assert_true(clock_mono_ms() - began < 5000);
    }
}

static void cancelling_ends_it(void **state)
{
    atomic_bool cancel = true;
    (void)state;
    if (jailed) {
        assert_int_equal(run("hang", 20000, &cancel).end, CONVERT_CANCELLED);
    }
}

static void without_a_view_of_its_own_nothing_runs(void **state)
{
    struct convert_result result = { .fd = -1 };
    AUTO_FD int fd = memfd_create("in", MFD_CLOEXEC);
    (void)state;
    assert_int_equal(write(fd, "work", 4), 4);
    struct convert_request q = { .jail = CONVERT,
        .office = OFFICE,
        .folder = convert,
        .input_fd = fd,
        .from = "doc",
        .to = "docx",
        .wall_ms = 10000,
        .sandbox_prefer = true,
        .without_namespaces = true };
    assert_int_equal(converter_run(&q, NULL, &result, NULL), 0);
    assert_int_equal(result.end, CONVERT_NO_SANDBOX);
    assert_int_equal(result.fd, -1);
}

static void what_a_killed_server_left_is_swept(void **state)
{
    char path[200];
    struct tree_size left;
    (void)state;
    snprintf(path, sizeof(path), "%s/0123", convert);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/0123/in.doc", convert);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(converter_sweep(convert, NULL), 0);
    assert_int_equal(tree_measure(convert, 100, &left), 0);
    assert_int_equal(left.entries, 1);
}

static void the_program_is_found_or_not(void **state)
{
    char path[PATH_MAX];
    (void)state;
    assert_false(converter_find("off", path));
    assert_false(converter_find("/nowhere/soffice", path));
    assert_false(converter_find("/usr", path));
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "%s", "/tmp/larder-converter-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(convert, sizeof(convert), "%s/convert", folder);
    snprintf(secret, sizeof(secret), "%s/secret", folder);
    FILE *f = fopen(secret, "w");
    if (!f || converter_sweep(convert, NULL) != 0) {
        return -1;
    }
    fputs("secret", f);
    fclose(f);
#ifdef LARDER_SANITIZED
    jailed = false; // a sanitizer's shadow does not fit into the jail's memory
#else
    jailed = run("work", 20000, NULL).end != CONVERT_NO_SANDBOX;
#endif
    if (!jailed) {
        print_message("[ NOTE ] the jail is not tested: no mount namespace, or a sanitizer\n");
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return tree_remove(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_comes_back_and_the_jail_is_whole),
        cmocka_unit_test(nothing_outside_can_be_opened),
        cmocka_unit_test(there_is_no_network),
        cmocka_unit_test(no_process_and_no_program_can_be_started),
        cmocka_unit_test(memory_has_its_limit),
        cmocka_unit_test(a_large_file_ends_it),
        cmocka_unit_test(many_files_end_it),
        cmocka_unit_test(what_is_no_plain_file_is_no_result),
        cmocka_unit_test(a_folder_of_any_depth_is_removed),
        cmocka_unit_test(a_crash_is_told),
        cmocka_unit_test(time_ends_it),
        cmocka_unit_test(cancelling_ends_it),
        cmocka_unit_test(without_a_view_of_its_own_nothing_runs),
        cmocka_unit_test(what_a_killed_server_left_is_swept),
        cmocka_unit_test(the_program_is_found_or_not),
    };
    return cmocka_run_group_tests_name("sandbox/converter", tests, set_up, tear_down);
}
