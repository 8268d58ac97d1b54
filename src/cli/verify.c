// SPDX-License-Identifier: AGPL-3.0-or-later
// larder verify: proves a deployment, check by check, and cleans up after itself. SIGINT and SIGTERM end it early, cleaned up;
// a second one ends it at once.
#include "verify/verify.h"
#include "cli/command.h"
#include "wire/json_in.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_NOT_RUN = 2 };

static atomic_bool cancelled;

static void on_signal(int number)
{
    static const char words[] = "\nStopping; what was uploaded is removed first.\n";

    if (atomic_exchange(&cancelled, true)) {
        _exit(128 + number);
    }
    if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0) {
        return;
    }
}

struct printer {
    bool silent;
    const char *category; // of the last line
};

static void on_result(void *ctx, const struct verify_report *r, size_t i)
{
    struct printer *p = ctx;
    const struct verify_result *one = &r->results[i];
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);

    if (p->silent || one->status <= VERIFY_RUNNING) {
        return;
    }
    bool first = !p->category || strcmp(p->category, one->check->category) != 0;
    p->category = one->check->category;
    verify_result_text(one, first, &text);
    fputs(text.data ? text.data : "", stdout);
    fflush(stdout);
}

static int write_junit(const char *path, const struct verify_report *r, struct error *err)
{
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);
    FILE *f = fopen(path, "w");

    verify_report_junit(r, &text);
    bool good = f && buf_ok(&text) && fwrite(text.data, 1, text.len, f) == text.len;
    good = (!f || fclose(f) == 0) && good;
    return good ? 0 : error_set(err, ERR_IO, "The report could not be written to %.200s.", path);
}

static void print_report(const struct verify_report *r, bool json)
{
    AUTO_BUF text = BUF_INIT(VERIFY_REPORT_MAX);

    if (!json) {
        verify_end_text(r, &text);
    } else if (verify_report_json(r, &text, NULL) == 0) {
        AUTO_JSON *value = json_loadb(text.data, text.len, 0, NULL);
        print_json(value);
        return;
    }
    fputs(text.data ? text.data : "", stdout);
}

static int verify_command_run(struct invocation *in, struct error *err)
{
    struct client_target target;
    const char *junit = option_value(in, "junit");
    struct printer printer = { .silent = in->json || in->quiet };
    struct sigaction act = { .sa_handler = on_signal };
    struct error own = { 0 };

    int rc = client_target_find(in, &target, err);
    if (rc < 0) {
        return rc;
    }
    struct verify_report *report = xalloc(sizeof(*report));
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!printer.silent) {
        printf("Trying the Larder at %s\n", target.url);
        fflush(stdout);
    }
    struct verify_options o = { .url = target.url,
        .key = target.key,
        .trust = client_trust(&target),
        .cancelled = &cancelled,
        .on_result = on_result,
        .ctx = &printer };
    rc = verify_run(&o, report, &own);
    explicit_bzero(target.key, sizeof(target.key));
    if (!in->quiet) {
        print_report(report, in->json);
    }
    if (rc < 0) {
        fprintf(stderr, "larder verify: %s\n", own.text);
    }
    size_t fails = verify_count(report, VERIFY_FAIL);
    int written = junit ? write_junit(junit, report, err) : 0;
    free(report);
    return written < 0 ? written : rc < 0 ? EXIT_NOT_RUN : fails ? EXIT_FAILED : 0;
}

static const struct option_info options[] = {
    { "junit", "FILE", "also write the report as JUnit XML" }, { NULL }
};

const struct command verify_command = { "verify", "",
    "Prove a deployment: every promise tried against a running server",
    "It uploads small files of every type into a partition of its own, searches and asks for them, "
    "sends wrong\nfiles that must be refused, measures the promised times, sends a test alert, "
    "tries "
    "the limits and a short\nload, and removes all of it, also after Ctrl-C. It can be run on a "
    "server at work. A check whose part is\nnot installed is skipped with the reason, never "
    "passed.\nThe key needs the role manager or admin (admin tries the limits of lesser keys "
    "too).\nExit status: 0 all passed or skipped, 1 a check failed, 2 the server could not be "
    "tried.",
    options, verify_command_run };
