// SPDX-License-Identifier: AGPL-3.0-or-later
// larder status, formats, watch.
#include "cli/command.h"
#include "jobs/converter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_POLL_MS = 500 };

static int status_run(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    const char *status = NULL;
    json_t *value = NULL, *letter = NULL;
    size_t i = 0;
    int rc = client_ask(in, "GET", "/v1/status", NULL, &reply, err);

    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    const json_t *documents = json_object_get(reply.json, "documents"),
                 *jobs = json_object_get(reply.json, "jobs");
    const json_t *storage = json_object_get(reply.json, "storage"),
                 *connections = json_object_get(reply.json, "connections");
    printf("larder %s, running since %s\n", field_text(reply.json, "version"),
        field_text(reply.json, "started_at"));
    printf("documents    %lld", (long long)field_number(documents, "total"));
    json_object_foreach((json_t *)documents, status, value)
    {
        if (json_integer_value(value) > 0 && strcmp(status, "total") != 0) {
            printf(", %s %lld", status, (long long)json_integer_value(value));
        }
    }
    printf("\njobs         %lld waiting, %lld running, %lld dead\n",
        (long long)field_number(jobs, "queued"), (long long)field_number(jobs, "running"),
        (long long)field_number(jobs, "dead"));
    json_array_foreach(json_object_get(jobs, "dead_letters"), i, letter)
    {
        printf("    %s: ", field_text(letter, "document_id"));
        print_safe(field_text(letter, "sentence"));
        putchar('\n');
    }
    printf(
        "storage      %lld passages, %lld originals and pictures in %.1f MiB, database %.1f MiB\n",
        (long long)field_number(storage, "chunks"), (long long)field_number(storage, "blobs"),
        (double)field_number(storage, "blob_bytes") / (1 << 20),
        (double)field_number(storage, "database_bytes") / (1 << 20));
    printf("connections  %lld open, %lld WebSockets, %lld requests so far\n",
        (long long)field_number(connections, "open"),
        (long long)field_number(connections, "websockets"),
        (long long)field_number(connections, "requests"));
    printf("memory       %.1f MiB\n",
        (double)field_number(json_object_get(reply.json, "process"), "rss_bytes") / (1 << 20));
    printf("sandbox      %s\n",
        field_text(reply.json, "sandbox")[0] ? field_text(reply.json, "sandbox") : "not used yet");
    printf("search       by %s\n", field_text(reply.json, "search_engine"));
    return 0;
}

static void print_markdown(const struct settings *s)
{
    printf("| type | extensions | media type | category | mode | largest | read into | cited by |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; format_at(i); i++) {
        const struct format_info *f = format_at(i);
        struct slice rest = slice_of(f->extensions), one;
        printf("| %s (`%s`) | ", f->title, f->name);
        while (slice_cut(&rest, ' ', &one)) {
            printf("." SLICE_FMT "%s", SLICE_ARG(one), rest.data ? " " : "");
        }
        printf(" | %s | %s | %s | %lld MiB | %s | %s |\n", f->media_type, f->category, f->mode,
            (long long)(s->cap[f->id] >> 20), f->read_into, f->cited_by);
    }
}

static json_t *format_json(const struct settings *s, const struct format_info *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "type", f->name, "title",
        f->title, "extensions", f->extensions, "media_type", f->media_type, "category", f->category,
        "mode", f->mode, "cap_bytes", (json_int_t)s->cap[f->id], "unit", f->unit, "read_into",
        f->read_into, "cited_by", f->cited_by);
}

static int formats_run(struct invocation *in, struct error *err)
{
    char office[PATH_MAX];
    bool converts = converter_find(in->settings->convert_libreoffice, office);

    (void)err;
    if (option_value(in, "markdown")) {
        print_markdown(in->settings);
        return 0;
    }
    if (in->json) {
        json_t *all = json_array();
        for (size_t i = 0; format_at(i); i++) {
            json_array_append_new(all, format_json(in->settings, format_at(i)));
        }
        print_json(all);
        json_decref(all);
        return 0;
    }
    for (size_t i = 0; format_at(i); i++) {
        const struct format_info *f = format_at(i);
        printf("%-5s %-20s .%-12s up to %4lld MiB  %s; cited by %s\n", f->name, f->title,
            f->extensions, (long long)(in->settings->cap[f->id] >> 20), f->read_into, f->cited_by);
        if (f->converted_to && !converts) {
            printf("      (not taken in on this machine: there is no " CONVERT_INSTALL ")\n");
        }
    }
    return 0;
}

static void print_event(const struct invocation *in, const json_t *e)
{
    const json_t *data = json_object_get(e, "data");

    if (in->json) {
        json_dumpf(e, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%lld %s %s %s %s ", (long long)field_number(e, "seq"), field_text(e, "time"),
            field_text(e, "kind"), field_text(e, "document_id"), field_text(data, "status"));
        print_safe(field_text(data, "name"));
        putchar('\n');
    }
    fflush(stdout);
}

static int watch_run(struct invocation *in, struct error *err)
{
    int64_t since = 0;
    bool once = option_value(in, "once") != NULL;
    int rc = option_number(in, "since", 0, &since, err);

    while (rc == 0) {
        AUTO_FREE char *path = xasprintf("/v1/events?since=%lld", (long long)since);
        AUTO_REPLY reply = { 0 };
        json_t *e = NULL;
        size_t i = 0;
        rc = client_ask(in, "GET", path, NULL, &reply, err);
        json_array_foreach(json_object_get(reply.json, "events"), i, e)
        {
            since = field_number(e, "seq");
            print_event(in, e);
        }
        if (i == 0) {
            if (once) {
                break;
            }
            usleep(WATCH_POLL_MS * 1000);
        }
    }
    return rc;
}

static const struct option_info formats_options[] = {
    { "markdown", NULL, "as the table of docs/formats.md" }, { NULL }
};
static const struct option_info watch_options[] = {
    { "since", "N", "start after this number (0: all that is kept)" },
    { "once", NULL, "end when there is no more" }, { NULL }
};

const struct command status_command = { "status", "", "Show what the server has and does", NULL,
    NULL, status_run };
const struct command formats_command = { "formats", "", "List the file types that are taken in",
    NULL, formats_options, formats_run };
const struct command watch_command = { "watch", "", "Print events as they happen", NULL,
    watch_options, watch_run };
