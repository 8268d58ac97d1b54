// SPDX-License-Identifier: AGPL-3.0-or-later
// system_status: is anything broken, what waits, how much room is left?
#include "assist/tools/tools.h"
#include "base/clock.h"
#include "os/resources.h"
#include "search/search.h"

#include <unistd.h>

enum { FREE_LOW = 512 << 20 };

static const struct tool_field document_counts[] = {
    { "total", "All documents of the server.", .type = TOOL_INTEGER, .required = true },
    { "ready", "Can be searched.", .type = TOOL_INTEGER, .required = true },
    { "in_work", "Wait or are being read.", .type = TOOL_INTEGER, .required = true },
    { "failed", "Could not be read.", .type = TOOL_INTEGER, .required = true },
    { "quarantined", "Held for a person.", .type = TOOL_INTEGER, .required = true },
    { NULL },
};
static const struct tool_field job_counts[] = {
    { "waiting", "Jobs that wait.", .type = TOOL_INTEGER, .required = true },
    { "running", "Jobs at work.", .type = TOOL_INTEGER, .required = true },
    { "given_up", "Jobs that failed too often.", .type = TOOL_INTEGER, .required = true },
    { "oldest_waiting_seconds", "Age of the oldest that waits.", .type = TOOL_NUMBER,
        .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "status", "pass: all is well; warn: something needs attention; fail: something is broken.",
        .choices = "pass warn fail", .required = true },
    { "problems", "What needs attention, one sentence each, with what to do.", .array = true,
        .required = true },
    { "documents", "Documents by state.", .type = TOOL_OBJECT, .fields = document_counts,
        .required = true },
    { "jobs", "Reading of documents.", .type = TOOL_OBJECT, .fields = job_counts,
        .required = true },
    { "free_bytes", "Free room on the disk.", .type = TOOL_INTEGER },
    { "memory_bytes", "Memory that the server uses.", .type = TOOL_INTEGER },
    { "up_seconds", "How long the server has been running.", .type = TOOL_INTEGER },
    { "search_engine", "How search finds: words, or words and meaning.", .required = true },
    { "model", "The language model that answers; absent: answers are put together from passages." },
    { NULL },
};

static void put_counts(const struct store_stats *s, struct json_out *ret)
{
    int64_t ready = s->by_status[DOCUMENT_READY], failed = s->by_status[DOCUMENT_FAILED],
            held = s->by_status[DOCUMENT_QUARANTINED];

    json_key_object(ret, "documents");
    json_key_int(ret, "total", s->documents);
    json_key_int(ret, "ready", ready);
    json_key_int(ret, "in_work", s->documents - ready - failed - held);
    json_key_int(ret, "failed", failed);
    json_key_int(ret, "quarantined", held);
    json_end(ret);
    json_key_object(ret, "jobs");
    json_key_int(ret, "waiting", s->jobs_queued);
    json_key_int(ret, "running", s->jobs_running);
    json_key_int(ret, "given_up", s->jobs_dead);
    json_key_double(ret, "oldest_waiting_seconds", (double)s->oldest_queued_ms / 1000.0);
    json_end(ret);
}

static void put_problems(const struct store_stats *s, int64_t free_bytes, struct json_out *ret)
{
    char text[200];
    bool low = free_bytes >= 0 && free_bytes < FREE_LOW;

    json_key_text(ret, "status",
        s->writes_stopped                                           ? "fail"
        : low || s->jobs_dead || s->by_status[DOCUMENT_QUARANTINED] ? "warn"
                                                                    : "pass");
    json_key_array(ret, "problems");
    if (s->writes_stopped) {
        json_text(ret, "The disk did not confirm a write, so nothing is taken in. Look at the "
                       "disk, then start the server again.");
    }
    if (low) {
        json_text(ret, "Less than 512 MiB are free. Make room or move the data folder.");
    }
    if (s->jobs_dead) {
        snprintf(text, sizeof(text),
            "%lld documents could not be read after several tries; larder status lists them.",
            (long long)s->jobs_dead);
        json_text(ret, text);
    }
    if (s->by_status[DOCUMENT_QUARANTINED]) {
        snprintf(text, sizeof(text),
            "%lld documents are held back. Release or delete them in the library.",
            (long long)s->by_status[DOCUMENT_QUARANTINED]);
        json_text(ret, text);
    }
    json_end(ret);
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    static const struct tool_host nothing = { 0 };
    const struct tool_host *host = c->host ? c->host : &nothing;
    struct store_stats stats = { 0 };
    struct disk_reading disk;
    int64_t rss = 0, peak = 0;
    int rc = store_stats(c->store, &stats, err);
    bool has_disk = host->data_dir && disk_read(host->data_dir, &disk) == 0;

    (void)args;
    if (rc < 0) {
        return rc;
    }
    put_problems(&stats, has_disk ? disk.free_bytes : -1, ret);
    put_counts(&stats, ret);
    if (has_disk) {
        json_key_int(ret, "free_bytes", disk.free_bytes);
    }
    if (process_memory(getpid(), &rss, &peak) == 0) {
        json_key_int(ret, "memory_bytes", rss);
    }
    if (host->started_ms) {
        json_key_int(ret, "up_seconds", (clock_wall_ms() - host->started_ms) / 1000);
    }
    json_key_text(ret, "search_engine",
        embedder_loaded(search_tools()->embedder) ? "words and meaning" : "words");
    if (host->model) {
        json_key_text(ret, "model", host->model);
    }
    return 0;
}

const struct tool system_status_tool = { .name = "system_status",
    .title = "Ask how the server is",
    .description = "Says whether anything is broken and what to do about it, how many documents "
                   "are ready, waiting or failed, and how much room is left.",
    .results = results,
    .needs_status = true,
    .run = run };
