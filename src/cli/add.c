// SPDX-License-Identifier: AGPL-3.0-or-later
// larder add FILE…: uploads, then follows each document until it is ready or failed.
#include "base/clock.h"
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 200, BAR_WIDTH = 24, RETRY_MAX = 10 };

struct bar {
    const char *name;
    bool shown;
};

static void draw(struct bar *b, const char *what, int64_t done, int64_t total, const char *unit)
{
    int filled = total > 0 ? (int)(done * BAR_WIDTH / total) : 0;

    if (!is_terminal()) {
        return;
    }
    printf("\r\033[K%-32.32s [", b->name);
    for (int i = 0; i < BAR_WIDTH; i++) {
        putchar(i < filled ? '#' : '.');
    }
    printf("] %s", what);
    if (total > 0 && unit) {
        printf(" %s %lld of %lld", unit, (long long)done, (long long)total);
    }
    fflush(stdout);
    b->shown = true;
}

static void clear(struct bar *b)
{
    if (b->shown) {
        printf("\r\033[K");
        b->shown = false;
    }
}

static void on_upload(void *ctx, int64_t sent, int64_t total)
{
    draw(ctx, sent < total ? "uploading" : "checking", sent, total, NULL);
}

static int follow(struct invocation *in, struct bar *bar, json_t **document, struct error *err)
{
    for (;;) {
        const char *status = field_text(*document, "status");
        const json_t *progress = json_object_get(*document, "progress");
        AUTO_REPLY reply = { 0 };
        if (strcmp(status, "ready") == 0 || strcmp(status, "failed") == 0 ||
            strcmp(status, "quarantined") == 0) {
            return 0;
        }
        if (!in->quiet && !in->json) {
            int64_t position = field_number(progress, "queue_position");
            draw(bar, position > 0 ? "waiting" : "reading", field_number(progress, "done"),
                field_number(progress, "total"), field_text(progress, "unit"));
        }
        usleep(POLL_MS * 1000);
        AUTO_FREE char *path = xasprintf("/v1/documents/%s", field_text(*document, "id"));
        int rc = client_ask(in, "GET", path, NULL, &reply, err);
        if (rc < 0) {
            return rc;
        }
        json_decref(*document);
        *document = json_incref(reply.json);
    }
}

static void report(const struct invocation *in, const char *name, const json_t *d, int64_t took_ms)
{
    const char *status = field_text(d, "status");

    if (in->quiet || in->json) {
        return;
    }
    print_safe(name);
    if (json_is_true(json_object_get(d, "duplicate"))) {
        printf(": is here already as %s\n", field_text(d, "id"));
        return;
    }
    if (!status[0]) {
        printf(": not taken in (%s)\n", field_text(d, "reason"));
    } else if (strcmp(status, "ready") == 0) {
        long long passages = field_number(d, "chunk_count");
        printf(": ready, %lld passage%s in %.1f s, %s\n", passages, passages == 1 ? "" : "s",
            (double)took_ms / 1000, field_text(d, "id"));
    } else {
        printf(": %s, %s\n", status, field_text(d, "id"));
    }
    print_findings(json_object_get(d, "findings"));
}

static int upload(struct invocation *in, const char *file, const char *query, struct bar *bar,
    struct reply *reply, struct error *err)
{
    for (int tries = 1;; tries++) {
        int rc = client_upload(
            in, file, query, in->json || in->quiet ? NULL : on_upload, bar, reply, err);
        if (rc < 0 || reply->status != 503 || tries == RETRY_MAX) {
            return rc;
        }
        client_reply_done(reply);
        sleep(1);
    }
}

// 0: ready, 1: refused or failed.
static int add_one(struct invocation *in, const char *file, json_t *all, struct error *err)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *partition = option_value(in, "partition"), *mode = option_value(in, "mode");
    const char *metadata = option_value(in, "metadata");
    struct bar bar = { .name = name };
    AUTO_REPLY reply = { 0 };
    AUTO_BUF query = BUF_INIT(256 * 1024);
    int64_t start = clock_mono_ms();
    const char *const pairs[][2] = { { "partition", partition }, { "mode", mode },
        { "metadata", metadata } };

    buf_add_str(&query, "name=");
    buf_add_percent(&query, name);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (pairs[i][1]) {
            buf_addf(&query, "&%s=", pairs[i][0]);
            buf_add_percent(&query, pairs[i][1]);
        }
    }
    if (!buf_ok(&query)) {
        return error_set(err, ERR_INVALID, "The name, partition or metadata is too long.");
    }
    int rc = upload(in, file, query.data, &bar, &reply, err);
    clear(&bar);
    if (rc < 0) {
        return rc;
    }
    if (reply.status != 422) { // that one has findings, which are printed
        rc = client_problem(&reply, err);
        if (rc < 0) {
            return rc;
        }
    }
    json_t *document = json_incref(reply.json);
    if (reply.status < 400 && !option_value(in, "no-wait")) {
        bool duplicate = json_is_true(json_object_get(document, "duplicate"));
        rc = duplicate ? 0 : follow(in, &bar, &document, err);
        clear(&bar);
    }
    if (rc == 0) {
        report(in, name, document, clock_mono_ms() - start);
        json_array_append(all, document);
        const char *status = field_text(document, "status");
        rc = reply.status >= 400 || strcmp(status, "failed") == 0 ||
             strcmp(status, "quarantined") == 0;
    }
    json_decref(document);
    return rc;
}

static int add_run(struct invocation *in, struct error *err)
{
    json_t *all = json_array();
    int worst = 0, rc = 0;

    if (in->argument_count == 0) {
        json_decref(all);
        return error_set(err, ERR_INVALID, "Name at least one file: larder add manual.pdf");
    }
    for (size_t i = 0; i < in->argument_count; i++) {
        struct error one = { 0 };
        rc = add_one(in, in->arguments[i], all, &one);
        if (rc == ERR_NOT_FOUND && i + 1 < in->argument_count) { // the others may still be there
            fprintf(stderr, "larder add: %s\n", one.text);
            worst = error_kind(rc)->exit_code;
            continue;
        }
        if (rc < 0) {
            *err = one;
            break;
        }
        worst = rc > 0 && worst == 0 ? error_kind(ERR_REFUSED)->exit_code : worst;
    }
    if (in->json) {
        print_json(all);
    }
    json_decref(all);
    return rc < 0 ? rc : worst;
}

static const struct option_info options[] = { { "partition", "NAME",
                                                  "where the documents belong (default)" },
    { "mode", "MODE", "fast, hi_res, all, or an object as JSON; each type has its own default" },
    { "metadata", "JSON", "an object of your own values, to filter by" },
    { "no-wait", NULL, "do not wait until the documents are read" }, { NULL } };

const struct command add_command = { "add", "FILE…",
    "Upload documents and follow them until they are ready",
    "Exit status: 0 all ready, 65 at least one was refused or failed.", options, add_run };
