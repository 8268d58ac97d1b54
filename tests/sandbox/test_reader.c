// SPDX-License-Identifier: AGPL-3.0-or-later
// The real larder-reader, started as the server starts it. Usage: test_reader LARDER-READER (SAMPLES-FOLDER
// | --bench RUNS).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "config/formats.h"
#include "jobs/reader_client.h"
#include "wire/frame.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *program, *samples;

static int input_of(const char *text, size_t len)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len) {
        fail_msg("no memfd");
    }
    return fd;
}

static int collect_text(void *ctx, const struct element *e)
{
    buf_add_slice(ctx, e->text);
    buf_add_char(ctx, '\n');
    return 0;
}

static int collect_codes(void *ctx, const struct finding *f)
{
    buf_add_str(ctx, f->code->code);
    buf_add_char(ctx, '\n');
    return 0;
}

static struct reader_result run(
    enum reader_mode mode, const char *format, struct slice input, struct buf *log)
{
    struct reader_events events = { .element = collect_text, .finding = collect_codes, .ctx = log };
    AUTO_FD int fd = input_of(input.data, input.len);
    struct reader_request q = {
        .program = program, .input_fd = fd, .mode = mode, .format = format
    };
    struct reader_result result = { .end = READER_ENDS };
    struct error err = { .code = 0 };

    if (reader_run(&q, &events, NULL, &result, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return result;
}

static void text_is_checked_and_read(void **state)
{
    AUTO_BUF log = BUF_INIT(1 << 20);
    struct slice text = SLICE_LIT("Clean the fryer every night.\n\nDrain the oil first.\n");
    (void)state;
    struct reader_result r = run(READER_CHECK, "txt", text, &log);
    assert_int_equal(r.end, READER_DONE);
    assert_int_equal(log.len, 0);
    r = run(READER_READ, "txt", text, &log);
    assert_int_equal(r.end, READER_DONE);
    assert_non_null(strstr(log.data, "Clean the fryer every night."));
    assert_true(r.elements >= 1);
    assert_true(r.sandbox_level & SANDBOX_SECCOMP);
    assert_true(r.peak_rss_bytes > 0);
}

static void what_it_can_not_do_is_said(void **state)
{
    AUTO_BUF log = BUF_INIT(1 << 20);
    (void)state;
    struct reader_result r = run(READER_CHECK, "nonsense", SLICE_LIT("x"), &log);
    assert_int_equal(r.end, READER_UNSUPPORTED);
    r = run(READER_RENDER, "txt", SLICE_LIT("x"), &log);
    assert_int_equal(r.end, READER_UNSUPPORTED);
}

// Every type on bytes that are none of it: an end, findings perhaps, but no crash and no kill.
static void nonsense_never_harms(void **state)
{
    static const char *const inputs[] = { "", "x", "%PDF-1.7\n", "PK\x03\x04", "PK\x05\x06",
        "\xff\xfe\x00", "<?xml version=\"1.0\"?>", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" };
    const struct format_info *f;
    (void)state;
    for (size_t i = 0; (f = format_at(i)); i++) {
        for (size_t n = 0; n < ARRAY_LEN(inputs); n++) {
            for (int mode = READER_CHECK; mode <= READER_RENDER; mode++) {
                AUTO_BUF log = BUF_INIT(1 << 20);
                struct reader_result r =
                    run((enum reader_mode)mode, f->name, slice_of(inputs[n]), &log);
                if (r.end != READER_DONE && r.end != READER_UNSUPPORTED &&
                    r.end != READER_REFUSED) {
                    fail_msg("%s on input %zu in mode %d: %s, signal %d", f->name, n, mode,
                        reader_end_word(r.end), r.signal);
                }
            }
        }
    }
}

static int count_png(void *ctx, struct slice name, struct slice media_type, struct slice bytes)
{
    (void)name;
    *(int *)ctx += slice_is(media_type, "image/png") && slice_starts(bytes, "\x89PNG");
    return 0;
}

// The samples hold every library that opens documents: none may need a system call that is not allowed.
static void samples_are_read_inside_the_sandbox(void **state)
{
    DIR *dir = opendir(samples);
    int read = 0, pictures = 0;
    (void)state;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        const char *dot = strrchr(e->d_name, '.');
        const struct format_info *format = dot ? format_by_extension(slice_of(dot + 1)) : NULL;
        if (!format || strcmp(e->d_name, "requirements.txt") == 0) {
            continue;
        }
        AUTO_FREE char *path = xasprintf("%s/%s", samples, e->d_name);
        for (int mode = READER_CHECK; mode <= READER_RENDER; mode++) {
            AUTO_BUF log = BUF_INIT(16 << 20);
            AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
            struct reader_events events = { .finding = collect_codes, .ctx = &log };
            struct reader_events picture = { .image = count_png, .ctx = &pictures };
            struct reader_request q = { .program = program,
                .input_fd = fd,
                .mode = (enum reader_mode)mode,
                .format = format->name,
                .hi_res = true };
            struct reader_result r = { .end = READER_ENDS };
            assert_int_equal(
                reader_run(&q, mode == READER_RENDER ? &picture : &events, NULL, &r, NULL), 0);
            if (r.end != READER_DONE && !(mode == READER_RENDER && r.end == READER_UNSUPPORTED)) {
                fail_msg("%s in mode %d: %s, signal %d", e->d_name, mode, reader_end_word(r.end),
                    r.signal);
            }
            if (mode == READER_READ && r.elements < 3) {
                fail_msg("%s gave %lld elements", e->d_name, (long long)r.elements);
            }
        }
        read++;
    }
    closedir(dir);
    assert_true(read >= 7);
    assert_true(pictures >= 1);
}

static int bench(int runs)
{
    struct slice text = SLICE_LIT("Clean the fryer every night.\n");
    AUTO_BUF log = BUF_INIT(1 << 20);
    int64_t began = clock_mono_us(), cpu = 0, rss = 0;
    for (int i = 0; i < runs; i++) {
        struct reader_result r = run(READER_CHECK, "txt", text, &log);
        cpu += r.cpu_ms;
        rss = r.peak_rss_bytes;
    }
    printf("%d runs: %.2f ms each, %.2f ms processor time, %lld KiB resident\n", runs,
        (double)(clock_mono_us() - began) / 1000 / runs, (double)cpu / runs,
        (long long)(rss >> 10));
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_checked_and_read),
        cmocka_unit_test(what_it_can_not_do_is_said),
        cmocka_unit_test(nonsense_never_harms),
        cmocka_unit_test(samples_are_read_inside_the_sandbox),
    };
    if (argc < 3) {
        fputs("usage: test_reader LARDER-READER (SAMPLES-FOLDER | --bench RUNS)\n", stderr);
        return 64;
    }
    program = argv[1];
    if (argc == 4 && strcmp(argv[2], "--bench") == 0) {
        return bench(atoi(argv[3]));
    }
    samples = argv[2];
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
