// SPDX-License-Identifier: AGPL-3.0-or-later
// Attacks on the sandbox and on the server's watch: each deed of hostile.c must end with its own named outcome, in time,
// with the caller unharmed. Usage: test_hostile HOSTILE-PROGRAM.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "jobs/reader_client.h"
#include "os/resources.h"
#include "wire/frame.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *hostile;

struct seen {
    int elements, infos, findings;
    double descriptors, variables, can_write_input, written;
    int stop_at; // element that is refused; 0: none
};

static int on_element(void *ctx, const struct element *e)
{
    struct seen *s = ctx;
    (void)e;
    return ++s->elements == s->stop_at ? ERR_NO_SPACE : 0;
}

static int on_finding(void *ctx, const struct finding *f)
{
    (void)f;
    ((struct seen *)ctx)->findings++;
    return 0;
}

static int on_info(void *ctx, struct slice key, const struct slice *text, double number)
{
    struct seen *s = ctx;
    (void)text;
    s->infos++;
    if (slice_is(key, "descriptors")) {
        s->descriptors = number;
    } else if (slice_is(key, "variables")) {
        s->variables = number;
    } else if (slice_is(key, "can_write_input")) {
        s->can_write_input = number;
    } else if (slice_is(key, "written")) {
        s->written = number;
    }
    return 0;
}

static int input_of(const char *text)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        fail_msg("no memfd");
    }
    return fd;
}

static int run_with(const char *deed, struct reader_request q, struct seen *seen,
    const atomic_bool *cancel, struct reader_result *ret)
{
    struct reader_events events = {
        .finding = on_finding, .element = on_element, .info = on_info, .ctx = seen
    };
    struct error err = { .code = 0 };
    AUTO_FD int fd = input_of(deed);

    q.program = hostile;
    q.input_fd = fd;
    q.format = "txt";
    q.memory_bytes = q.memory_bytes ? q.memory_bytes : 64 << 20;
    q.cpu_s = q.cpu_s ? q.cpu_s : 20;
    q.wall_ms = q.wall_ms ? q.wall_ms : 30000;
    return reader_run(&q, &events, cancel, ret, &err);
}

enum { NORMAL_ONLY = 1 }; // a sanitizer build has a wider list of system calls, and says so

static const struct attack {
    const char *deed;
    enum reader_end end;
    int flags;
    struct reader_request request;
} attacks[] = {
    { "open", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "stat", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "socket", READER_SANDBOX_KILL, 0, { 0 } },
    { "unix_socket", READER_SANDBOX_KILL, 0, { 0 } },
    { "fork", READER_SANDBOX_KILL, 0, { 0 } },
    { "thread", READER_SANDBOX_KILL, 0, { 0 } },
    { "exec", READER_SANDBOX_KILL, 0, { 0 } },
    { "ptrace", READER_SANDBOX_KILL, 0, { 0 } },
    { "read_parent", READER_SANDBOX_KILL, 0, { 0 } },
    { "kill_parent", READER_SANDBOX_KILL, 0, { 0 } },
    { "signal_parent", READER_SANDBOX_KILL, 0, { 0 } },
    { "new_code", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "turn_into_code", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "raise_limits", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "memory_file", READER_SANDBOX_KILL, NORMAL_ONLY, { 0 } },
    { "io_uring", READER_SANDBOX_KILL, 0, { 0 } },
    { "take_memory", READER_OUT_OF_MEMORY, 0, { 0 } },
    { "take_memory_and_abort", READER_OUT_OF_MEMORY, 0, { 0 } },
    { "spin", READER_OUT_OF_TIME, 0, { .cpu_s = 1 } },
    { "sleep", READER_OUT_OF_TIME, 0, { .wall_ms = 700 } },
    { "trickle", READER_OUT_OF_TIME, 0, { .wall_ms = 700 } },
    { "recurse", READER_CRASHED, 0, { 0 } },
    { "abort", READER_CRASHED, 0, { 0 } },
    { "fault", READER_CRASHED, 0, { 0 } },
    { "exit", READER_SILENT, 0, { 0 } },
    { "close", READER_SILENT, 0, { 0 } },
    { "half_a_frame", READER_SILENT, 0, { 0 } },
    { "flood", READER_OUT_OF_OUTPUT, 0, { .output_bytes = 4 << 20 } },
    { "flood_elements", READER_OUT_OF_OUTPUT, 0, { .output_bytes = 64 << 20 } },
    { "flood_findings", READER_BREACH, 0, { 0 } },
    { "lie_about_length", READER_BREACH, 0, { 0 } },
    { "lie_about_picture", READER_BREACH, 0, { 0 } },
    { "unknown_type", READER_BREACH, 0, { 0 } },
    { "bad_text", READER_BREACH, 0, { 0 } },
    { "hello_again", READER_BREACH, 0, { 0 } },
    { "unasked_sound", READER_BREACH, 0, { 0 } },
    { "false_times", READER_BREACH, 0, { 0 } },
    { "noise", READER_BREACH, 0, { 0 } },
    { "write_elsewhere", READER_DONE, NORMAL_ONLY, { 0 } },
    { "linger", READER_DONE, 0, { 0 } },
    { "local_time", READER_DONE, 0, { 0 } },
    { "nothing", READER_DONE, 0, { 0 } },
};

static void each_attack_has_its_own_named_end(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        const struct attack *a = &attacks[i];
        struct reader_result result;
        struct seen seen = { 0 };
#ifdef LARDER_SANITIZED
        if (a->flags & NORMAL_ONLY) {
            printf("%-24s skipped in a sanitizer build\n", a->deed);
            continue;
        }
#endif
        assert_int_equal(run_with(a->deed, a->request, &seen, NULL, &result), 0);
        bool right = result.end == a->end && result.wall_ms < 20000;
        printf("%-24s %-14s %5lld ms %4lld MiB%s\n", a->deed, reader_end_word(result.end),
            (long long)result.wall_ms, (long long)(result.peak_rss_bytes >> 20),
            right ? "" : "   <- WRONG");
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

static void reader_starts_with_nothing_but_input_and_pipe(void **state)
{
    struct reader_result result;
    struct seen seen = { 0 };
    int leak = open("/dev/null", O_RDONLY); // not O_CLOEXEC
    (void)state;
    assert_int_equal(run_with("nothing", (struct reader_request){ 0 }, &seen, NULL, &result), 0);
    close(leak);
    assert_int_equal(result.end, READER_DONE);
    assert_int_equal((int)seen.descriptors, 5); // 0, 1, 2 are /dev/null, 3 the input, 4 the frames
    assert_int_equal((int)seen.variables, 0);
    assert_int_equal((int)seen.can_write_input, 0); // though our own descriptor can
    assert_int_equal(result.sandbox_level & SANDBOX_REQUIRED, SANDBOX_REQUIRED);
    AUTO_BUF words = BUF_INIT(1000);
    sandbox_level_words(&words, result.sandbox_level);
    printf("sandbox: %s, landlock abi %u\n", words.data, result.landlock_abi);
}

static void callers_memory_stays_flat_under_a_flood(void **state)
{
    struct process_reading before, after;
    struct reader_result result;
    struct seen seen = { 0 };
    (void)state;
    assert_int_equal(process_read(0, &before), 0);
    for (int i = 0; i < 3; i++) {
        run_with("flood_elements", (struct reader_request){ .output_bytes = 100 << 20 }, &seen,
            NULL, &result);
        assert_int_equal(result.end, READER_OUT_OF_OUTPUT);
    }
    assert_int_equal(process_read(0, &after), 0);
#ifndef LARDER_SANITIZED // which keeps freed memory for a while
    assert_true(after.rss_bytes - before.rss_bytes < 4 << 20);
#endif
    assert_int_equal(after.fds, before.fds);
    assert_true(seen.elements > 1000);
}

static void *cancel_soon(void *ctx)
{
    usleep(100000);
    atomic_store((atomic_bool *)ctx, true);
    return NULL;
}

static void cancel_works_within_a_fifth_of_a_second(void **state)
{
    static const char *const deeds[] = { "sleep", "spin", "flood" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        atomic_bool cancel = false;
        pthread_t t;
        struct reader_result result;
        struct seen seen = { 0 };
        pthread_create(&t, NULL, cancel_soon, &cancel);
        assert_int_equal(
            run_with(deeds[i], (struct reader_request){ .output_bytes = (int64_t)8 << 30 }, &seen,
                &cancel, &result),
            0);
        pthread_join(t, NULL);
        assert_int_equal(result.end, READER_CANCELLED);
#ifndef LARDER_SANITIZED
        assert_true(result.wall_ms < 100 + 200 + 100); // the start itself, on a busy machine
#endif
    }
}

static void callback_can_stop_it(void **state)
{
    struct reader_result result;
    struct seen seen = { .stop_at = 5 };
    (void)state;
    assert_int_equal(run_with("flood_elements", (struct reader_request){ 0 }, &seen, NULL, &result),
        ERR_NO_SPACE);
    assert_int_equal(result.end, READER_STOPPED);
    assert_int_equal(seen.elements, 5);
}

static void missing_program_and_strange_input_are_errors(void **state)
{
    struct reader_result result;
    struct error err = { .code = 0 };
    int pipe_fds[2];
    (void)state;
    AUTO_FD int fd = input_of("nothing");
    struct reader_request q = {
        .program = "/nowhere/larder-reader", .input_fd = fd, .format = "txt"
    };
    assert_int_equal(reader_run(&q, NULL, NULL, &result, &err), ERR_NOT_FOUND);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    q = (struct reader_request){ .program = hostile, .input_fd = pipe_fds[0], .format = "txt" };
    assert_int_equal(reader_run(&q, NULL, NULL, &result, &err), ERR_INVALID);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void *attack_thread(void *ctx)
{
    size_t first = (size_t)(uintptr_t)ctx;
    uintptr_t wrong = 0;
    for (size_t n = 0; n < 12; n++) {
        const struct attack *a = &attacks[(first * 5 + n * 3) % ARRAY_LEN(attacks)];
        struct reader_result result;
        struct seen seen = { 0 };
#ifdef LARDER_SANITIZED
        if (a->flags & NORMAL_ONLY) {
            continue;
        }
#endif
        if (run_with(a->deed, a->request, &seen, NULL, &result) != 0 || result.end != a->end) {
            printf("%s ended as %s\n", a->deed, reader_end_word(result.end));
            wrong++;
        }
    }
    return (void *)wrong;
}

static void many_at_once_do_not_mix_up(void **state)
{
    pthread_t threads[6];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_create(&threads[i], NULL, attack_thread, (void *)(uintptr_t)i);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

static void every_end_has_a_word_and_a_known_finding(void **state)
{
    (void)state;
    for (int i = 0; i < READER_ENDS; i++) {
        assert_non_null(reader_end_word((enum reader_end)i));
        const char *code = reader_end_finding((enum reader_end)i);
        if (code) {
            assert_non_null(finding_code_find(slice_of(code)));
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attack_has_its_own_named_end),
        cmocka_unit_test(reader_starts_with_nothing_but_input_and_pipe),
        cmocka_unit_test(callers_memory_stays_flat_under_a_flood),
        cmocka_unit_test(cancel_works_within_a_fifth_of_a_second),
        cmocka_unit_test(callback_can_stop_it),
        cmocka_unit_test(missing_program_and_strange_input_are_errors),
        cmocka_unit_test(many_at_once_do_not_mix_up),
        cmocka_unit_test(every_end_has_a_word_and_a_known_finding),
    };
    if (argc != 2) {
        fputs("usage: test_hostile HOSTILE-PROGRAM\n", stderr);
        return 64;
    }
    hostile = argv[1];
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
