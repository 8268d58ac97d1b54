// SPDX-License-Identifier: AGPL-3.0-or-later
// larder list, show, delete, reread, release, cancel.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_row(const json_t *d)
{
    double size = (double)field_number(d, "size");
    const json_t *progress = json_object_get(d, "progress");

    printf("%s  %-5s %-12s %9.1f KiB  ", field_text(d, "id"), field_text(d, "type"),
        field_text(d, "status"), size / 1024);
    print_safe(field_text(d, "name"));
    if (field_number(progress, "total") > 0) {
        printf("  %s %lld of %lld", field_text(progress, "unit"),
            (long long)field_number(progress, "done"), (long long)field_number(progress, "total"));
    }
    putchar('\n');
}

static int list_run(struct invocation *in, struct error *err)
{
    static const char *const filters[] = { "partition", "type", "status", "q", "limit", "after" };
    AUTO_BUF path = BUF_INIT(64 * 1024);
    AUTO_REPLY reply = { 0 };
    json_t *d = NULL;
    size_t i = 0;

    buf_add_str(&path, "/v1/documents?");
    for (size_t f = 0; f < ARRAY_LEN(filters); f++) {
        const char *value = option_value(in, filters[f]);
        if (value) {
            buf_addf(&path, "%s=", filters[f]);
            buf_add_percent(&path, value);
            buf_add_char(&path, '&');
        }
    }
    int rc = client_ask(in, "GET", path.data, NULL, &reply, err);
    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    json_array_foreach(json_object_get(reply.json, "documents"), i, d)
    {
        print_row(d);
    }
    printf("%lld documents", (long long)field_number(reply.json, "total"));
    if (field_text(reply.json, "next")[0]) {
        printf("; more with --after %s", field_text(reply.json, "next"));
    }
    putchar('\n');
    return 0;
}

static int need_document(const struct invocation *in, struct error *err)
{
    if (in->argument_count != 1) {
        return error_set(err, ERR_INVALID, "Name one document by its id; larder list shows them.");
    }
    return 0;
}

static void print_elements(const json_t *elements)
{
    json_t *e = NULL;
    size_t i = 0;

    json_array_foreach(elements, i, e)
    {
        const char *markdown = field_text(e, "markdown");
        printf("[");
        print_place(json_object_get(e, "place"));
        printf("] ");
        print_safe(markdown[0] ? markdown : field_text(e, "text"));
        printf("\n\n");
    }
}

static int show_elements(struct invocation *in, const char *id, json_t *all, struct error *err)
{
    int64_t after = -1;

    for (;;) {
        AUTO_FREE char *path =
            xasprintf("/v1/documents/%s/elements?limit=1000&after=%lld", id, (long long)after);
        AUTO_REPLY reply = { 0 };
        int rc = client_ask(in, "GET", path, NULL, &reply, err);
        if (rc < 0) {
            return rc;
        }
        if (in->json) {
            json_array_extend(all, json_object_get(reply.json, "elements"));
        } else {
            print_elements(json_object_get(reply.json, "elements"));
        }
        if (!json_is_integer(json_object_get(reply.json, "next"))) {
            return 0;
        }
        after = field_number(reply.json, "next");
    }
}

static int show_run(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    int rc = need_document(in, err);

    if (rc < 0) {
        return rc;
    }
    AUTO_FREE char *path = xasprintf("/v1/documents/%s", in->arguments[0]);
    rc = client_ask(in, "GET", path, NULL, &reply, err);
    if (rc < 0) {
        return rc;
    }
    json_t *elements = json_array();
    if (!in->json) {
        print_row(reply.json);
        print_findings(json_object_get(reply.json, "findings"));
        putchar('\n');
    }
    if (!option_value(in, "brief")) {
        rc = show_elements(in, field_text(reply.json, "id"), elements, err);
    }
    if (rc == 0 && in->json) {
        json_object_set(reply.json, "elements", elements);
        print_json(reply.json);
    }
    json_decref(elements);
    return rc;
}

static int act(struct invocation *in, const char *method, const char *tail, const char *done,
    struct error *err)
{
    AUTO_REPLY reply = { 0 };
    int rc = need_document(in, err);

    if (rc < 0) {
        return rc;
    }
    AUTO_FREE char *path = xasprintf("/v1/documents/%s%s", in->arguments[0], tail);
    rc = client_ask(in, method, path, NULL, &reply, err);
    if (rc == 0 && in->json && reply.json) {
        print_json(reply.json);
    } else if (rc == 0 && !in->quiet) {
        printf("%s\n", done);
    }
    return rc;
}

static int delete_run(struct invocation *in, struct error *err)
{
    return act(in, "DELETE", "", "Deleted.", err);
}

static bool is_missing(const json_t *document, const char *const *codes)
{
    json_t *f = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(document, "findings"), i, f)
    {
        for (size_t k = 0; codes[k]; k++) {
            if (strcmp(field_text(f, "code"), codes[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

// The path of a reread, with the mode if one was asked for.
static void reread_path(struct invocation *in, const char *id, struct buf *path)
{
    const char *mode = option_value(in, "mode");

    buf_addf(path, "/v1/documents/%s/reread", id);
    if (mode) {
        buf_add_str(path, "?mode=");
        buf_add_percent(path, mode);
    }
}

// All documents whose findings have one of these codes are read again.
static int reread_missing(struct invocation *in, const char *const *codes, struct error *err)
{
    AUTO_BUF after = BUF_INIT(4096);
    int64_t count = 0;

    for (bool more = true; more;) {
        AUTO_BUF path = BUF_INIT(8192);
        AUTO_REPLY reply = { 0 };
        json_t *d = NULL;
        size_t i = 0;

        buf_add_str(&path, "/v1/documents?limit=100&status=ready");
        if (after.len) {
            buf_add_str(&path, "&after=");
            buf_add_percent(&path, after.data);
        }
        int rc = client_ask(in, "GET", path.data, NULL, &reply, err);
        if (rc < 0) {
            return rc;
        }
        json_array_foreach(json_object_get(reply.json, "documents"), i, d)
        {
            if (is_missing(d, codes)) {
                AUTO_BUF again = BUF_INIT(4096);
                AUTO_REPLY done = { 0 };
                reread_path(in, field_text(d, "id"), &again);
                rc = client_ask(in, "POST", again.data, NULL, &done, err);
                if (rc < 0) {
                    return rc;
                }
                count++;
            }
        }
        buf_reset(&after);
        buf_add_str(&after, field_text(reply.json, "next"));
        more = after.len > 0;
    }
    if (!in->quiet) {
        printf("%lld documents will be read again.\n", (long long)count);
    }
    return 0;
}

static int reread_run(struct invocation *in, struct error *err)
{
    static const char *const speech[] = { "speech.no_model", "speech.unread", NULL };
    const char *missing = option_value(in, "missing");
    AUTO_BUF tail = BUF_INIT(4096);

    if (missing && strcmp(missing, "speech") == 0) {
        return reread_missing(in, speech, err);
    }
    if (missing) {
        return error_set(err, ERR_INVALID, "What can be missing is: speech.");
    }
    reread_path(in, "", &tail);
    return act(in, "POST", tail.data + strlen("/v1/documents/"),
        "It will be read again; the old reading stays until then.", err);
}

static int release_run(struct invocation *in, struct error *err)
{
    return act(in, "POST", "/release", "Released; it will be read now.", err);
}

static int cancel_run(struct invocation *in, struct error *err)
{
    return act(in, "POST", "/cancel", "Stopped.", err);
}

static const struct option_info list_options[] = { { "partition", "NAME",
                                                       "only of this partition" },
    { "type", "TYPE", "only of this type, such as pdf" },
    { "status", "STATUS", "only with this status, such as failed" },
    { "q", "WORDS", "only with this in the name" }, { "limit", "N", "at most so many (50)" },
    { "after", "CURSOR", "the page after this one" }, { NULL } };
static const struct option_info show_options[] = { { "brief", NULL, "without its content" },
    { NULL } };

const struct command list_command = { "list", "", "List documents, newest first", NULL,
    list_options, list_run };
const struct command show_command = { "show", "DOC",
    "Show one document: state, findings, content with places", NULL, show_options, show_run };
const struct command delete_command = { "delete", "DOC",
    "Remove a document and all that was derived from it", NULL, NULL, delete_run };
static const struct option_info reread_options[] = {
    { "missing", "WHAT", "all documents that were read without it; WHAT: speech" },
    { "mode", "MODE", "in this mode from now on: fast, hi_res, all, or an object as JSON" },
    { NULL }
};
const struct command reread_command = { "reread", "[DOC]", "Read a document again", NULL,
    reread_options, reread_run };
const struct command release_command = { "release", "DOC", "Let a quarantined document be read",
    NULL, NULL, release_run };
const struct command cancel_command = { "cancel", "DOC", "Stop reading a document", NULL, NULL,
    cancel_run };
