// SPDX-License-Identifier: AGPL-3.0-or-later
// How the server is: /livez, /readyz, /health, and GET /v1/formats, /v1/status.
#include "api/api.h"
#include "api/monitor.h"
#include "base/clock.h"
#include "os/resources.h"
#include "search/search.h"
#include "watch/metric.h"
#include "wire/json.h"

#include <math.h>
#include <unistd.h>

enum {
    READY_BYTES = 16 << 20, // with less nothing can be promised
    LOW_BYTES = 512 << 20,
    HEALTH_MAX = 64 * 1024,
    DEAD_LETTERS_SHOWN = 50,
};
#define MEMORY_HIGH 0.85

static int livez(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    resp->content_type = "text/plain; charset=utf-8";
    buf_add_str(&resp->body, "ok\n");
    return 0;
}

static int readyz(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct store_stats stats;
    int rc = store_stats(api_of(req)->store, &stats, err);

    if (rc < 0) {
        return error_set(err, ERR_BUSY, "The store does not answer.");
    }
    if (stats.writes_stopped) {
        return error_set(err, ERR_BUSY,
            "The disk failed while writing; nothing is taken in until the server is started "
            "again.");
    }
    struct disk_reading space;
    if (disk_read(api_of(req)->settings->data_dir, &space) == 0 && space.free_bytes < READY_BYTES) {
        return error_set(err, ERR_BUSY, "The disk is full; nothing can be taken in.");
    }
    return livez(req, resp, err);
}

// ---- health

struct checks {
    struct json_out j;
    bool pass; // all of them
};

static void add_check(struct checks *c, const char *name, const char *status, const char *unit,
    double value, const char *output)
{
    c->pass = c->pass && strcmp(status, "pass") == 0;
    json_key_array(&c->j, name);
    json_begin_object(&c->j);
    json_key_text(&c->j, "status", status);
    if (unit) {
        json_key_text(&c->j, "observedUnit", unit);
        json_key_double(&c->j, "observedValue", value);
    }
    if (output) {
        json_key_text(&c->j, "output", output);
    }
    json_end(&c->j);
    json_end(&c->j);
}

// What the monitor measured; readings that are not there are left out.
static void add_measured(struct checks *c)
{
    double firing = 0, worst = metric_value(METRIC_ALERTS, 2, 0);
    double memory = metric_value(METRIC_MEMORY_RATIO, 0, 0);
    double canary = metric_value(METRIC_CANARY_FAILURES, 0, 0);

    for (unsigned i = 0; i < label_count(LABEL_SEVERITY); i++) {
        double n = metric_value(METRIC_ALERTS, i, 0);
        firing += isnan(n) ? 0 : n;
    }
    add_check(c, "alerts:firing",
        worst > 0    ? "fail"
        : firing > 0 ? "warn"
                     : "pass",
        "alerts", firing,
        firing > 0 ? "See /v1/alerts, the dashboard, or larder alerts list." : NULL);
    if (!isnan(memory)) {
        add_check(c, "memory:used", memory > MEMORY_HIGH ? "warn" : "pass", "ratio", memory,
            memory > MEMORY_HIGH ? "The memory limit is near." : NULL);
    }
    if (!isnan(canary)) {
        add_check(c, "canary:failures",
            canary >= 2  ? "fail"
            : canary > 0 ? "warn"
                         : "pass",
            "times", canary, canary > 0 ? "A tiny document was not taken in and found." : NULL);
    }
    add_check(
        c, "websockets:open", "pass", "connections", metric_value(METRIC_WEBSOCKETS, 0, 0), NULL);
}

// The certificate in use, and whether its files can be used as they are now.
static void add_certificate(struct checks *c, struct http_server *http)
{
    static const char *const statuses[] = { "pass", "warn", "fail" };
    int64_t now_s = clock_wall_ms() / 1000;
    char text[ERROR_TEXT_MAX + 64];
    struct http_tls_state tls = { .on = false };

    if (http) { // none in tests without a network
        http_server_tls(http, &tls);
    }
    if (!tls.on) {
        return;
    }
    enum certificate_state state = certificate_advice(&tls.certificate, now_s, text);
    add_check(c, "tls:certificate", statuses[state], "days",
        floor((double)(tls.certificate.until_s - now_s) / 86400), text);
    if (tls.problem[0]) {
        snprintf(text, sizeof(text), "The certificate before it stays in use. %s", tls.problem);
        add_check(c, "tls:replacement", "warn", NULL, 0, text);
    }
}

// The store, the jobs and the disk under them. 0, or why the store does not answer; *ret_works: it takes documents.
static int add_store(struct checks *c, struct api *api, bool *ret_works)
{
    struct store_stats stats = { 0 };
    struct error why = { 0 };
    struct disk_reading space = { 0 };
    int rc = store_stats(api->store, &stats, &why);

    *ret_works = rc == 0 && !stats.writes_stopped;
    add_check(c, "store:answers", *ret_works ? "pass" : "fail", NULL, 0,
        rc < 0                 ? why.text
        : stats.writes_stopped ? "The disk did not confirm a write. Look at it, then start the "
                                 "server again; until then nothing is taken in."
                               : NULL);
    add_check(c, "jobs:waiting", "pass", "documents", (double)stats.jobs_queued, NULL);
    add_check(c, "jobs:oldest", "pass", "seconds", (double)stats.oldest_queued_ms / 1000, NULL);
    add_check(c, "jobs:dead", stats.jobs_dead ? "warn" : "pass", "documents",
        (double)stats.jobs_dead,
        stats.jobs_dead ? "Some documents could not be read after several tries; see larder status."
                        : NULL);
    if (disk_read(api->settings->data_dir, &space) == 0) {
        bool low = space.free_bytes < LOW_BYTES;
        add_check(c, "disk:free", low ? "warn" : "pass", "bytes", (double)space.free_bytes,
            low ? "Less than 512 MiB are free; make room or move the data folder." : NULL);
    }
    return rc;
}

static void add_parts(struct checks *c, struct api *api)
{
    struct embedder *embedder = search_tools()->embedder;
    struct reranker *reranker = search_tools()->reranker;
    const char *level = ingest_sandbox_level(api->ingest);
    char words[ERROR_TEXT_MAX];
    struct scanner_state scanner;
    struct otlp_state push;

    embedder_describe(embedder, words, sizeof(words));
    add_check(c, "search:meaning",
        embedder_wanted(embedder) && embedder_failed(embedder) ? "warn" : "pass", NULL, 0, words);
    if (reranker_wanted(reranker)) {
        reranker_describe(reranker, words, sizeof(words));
        add_check(c, "search:rerank", reranker_failed(reranker) ? "warn" : "pass", NULL, 0, words);
    }
    ingest_scanner(api->ingest, &scanner);
    if (scanner.configured) {
        add_check(c, "scanner:answers", scanner.answers ? "pass" : "warn", NULL, 0, scanner.words);
    }
    add_certificate(c, api->http);
    add_check(c, "reader:sandbox", "pass", NULL, 0, level[0] ? level : "not used yet");
    if (monitor_otlp(api->monitor, &push)) {
        add_check(c, "otlp:push", push.answers ? "pass" : "warn", "seconds",
            (double)(push.silent_ms / 1000), push.answers ? NULL : push.last_error);
    }
}

// application/health+json, the shape of draft-inadarei-api-health-check. The whole fails where the store does, and warns where
// a check does not pass.
static int health(struct http_request *req, struct http_response *resp, struct error *err)
{
    AUTO_BUF text = BUF_INIT(HEALTH_MAX);
    struct checks c = { .pass = true };
    struct json_out j;
    bool works;

    json_begin(&c.j, &text);
    json_begin_object(&c.j);
    int store = add_store(&c, api_of(req), &works);
    add_parts(&c, api_of(req));
    add_measured(&c);
    json_end(&c.j);
    int rc = json_finish(&c.j, err);
    resp->content_type = "application/health+json";
    resp->status = store < 0 ? 503 : 200;
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_text(&j, "status", !works ? "fail" : c.pass ? "pass" : "warn");
    json_key_text(&j, "version", LARDER_VERSION);
    json_key_text(&j, "description", "Larder");
    json_key_raw(&j, "checks", buf_slice(&text));
    json_end(&j);
    return rc < 0 ? rc : json_finish(&j, err);
}

static int formats_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "formats");
    for (size_t i = 0; format_at(i); i++) {
        const struct format_info *f = format_at(i);
        struct slice rest = slice_of(f->extensions), one;
        json_begin_object(&j);
        json_key_text(&j, "type", f->name);
        json_key_text(&j, "title", f->title);
        json_key_array(&j, "extensions");
        while (slice_cut(&rest, ' ', &one)) {
            json_slice(&j, one);
        }
        json_end(&j);
        json_key_text(&j, "media_type", f->media_type);
        json_key_text(&j, "category", f->category);
        json_key_text(&j, "mode", f->mode);
        json_key_int(&j, "cap_bytes", api_of(req)->settings->cap[f->id]);
        json_key_text(&j, "unit", f->unit);
        json_key_text(&j, "read_into", f->read_into);
        json_key_text(&j, "cited_by", f->cited_by);
        json_key_bool(&j, "available", !f->converted_to || ingest_can_convert(api_of(req)->ingest));
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

static void add_part(struct json_out *j, const char *name, const struct part_state *part)
{
    json_key_object(j, name);
    json_key_bool(j, "wanted", part->wanted);
    json_key_bool(j, "available", part->available);
    json_key_text(j, "message", part->words);
    json_end(j);
}

// What is embedded, and how far a change of the model has come.
static void add_meaning(struct json_out *j, struct store *store)
{
    struct embedder *e = search_tools()->embedder;
    struct space_stats stats = { 0 };
    char words[ERROR_TEXT_MAX];

    embedder_describe(e, words, sizeof(words));
    json_key_object(j, "meaning");
    json_key_bool(j, "on", embedder_wanted(e));
    json_key_bool(j, "loaded", embedder_loaded(e));
    json_key_text(j, "model", words);
    if (store_space_stats(store, &stats, NULL) == 0 && stats.used) {
        int64_t all = stats.vectors + stats.pending_chunks;
        json_key_int(j, "space", stats.space);
        json_key_int(j, "passages", all);
        json_key_int(j, "embedded", stats.vectors);
        json_key_int(j, "documents_waiting", stats.pending_documents);
        json_key_double(
            j, "share", all > 0 ? round(1000.0 * (double)stats.vectors / (double)all) / 1000 : 1);
        json_key_int(j, "memory_bytes", stats.memory_bytes);
    }
    json_end(j);
}

static void add_documents(struct json_out *j, const struct store_stats *stats)
{
    json_key_object(j, "documents");
    json_key_int(j, "total", stats->documents);
    for (int s = 0; s < DOCUMENT_STATUSES; s++) {
        json_key_int(j, document_status_word((enum document_status)s), stats->by_status[s]);
    }
    json_end(j);
}

static void add_jobs(struct json_out *j, const struct store_stats *stats, struct slice dead)
{
    json_key_object(j, "jobs");
    json_key_int(j, "queued", stats->jobs_queued);
    json_key_int(j, "running", stats->jobs_running);
    json_key_int(j, "dead", stats->jobs_dead);
    json_key_int(j, "oldest_waiting_ms", stats->oldest_queued_ms);
    json_key_raw(j, "dead_letters", dead.len ? dead : SLICE_LIT("[]"));
    json_end(j);
}

static void add_storage(struct json_out *j, const struct store_stats *stats)
{
    json_key_object(j, "storage");
    json_key_int(j, "elements", stats->elements);
    json_key_int(j, "chunks", stats->chunks);
    json_key_int(j, "blobs", stats->blobs);
    json_key_int(j, "blob_bytes", stats->blob_bytes);
    json_key_int(j, "database_bytes", stats->database_bytes);
    json_key_int(j, "commits", stats->commits);
    json_key_int(j, "last_event", stats->last_seq);
    json_end(j);
}

static void add_connections(struct json_out *j, struct http_server *http)
{
    struct http_stats stats;

    http_server_stats(http, &stats);
    json_key_object(j, "connections");
    json_key_int(j, "open", stats.connections);
    json_key_int(j, "websockets", stats.websockets);
    json_key_int(j, "sse", stats.sse);
    json_key_int(j, "requests", stats.requests);
    json_key_int(j, "refused_busy", stats.refused_busy);
    json_key_int(j, "refused_address", stats.refused_address);
    json_key_int(j, "slow_turns", stats.loop_slow);
    json_end(j);
}

static void add_process(struct json_out *j)
{
    int64_t rss = 0, peak = 0;

    process_memory(getpid(), &rss, &peak);
    json_key_object(j, "process");
    json_key_int(j, "rss_bytes", rss);
    json_key_int(j, "peak_rss_bytes", peak);
    json_end(j);
}

static void add_scanner(struct json_out *j, struct ingest *ingest)
{
    struct scanner_state scanner;

    ingest_scanner(ingest, &scanner);
    json_key_object(j, "scanner");
    json_key_bool(j, "configured", scanner.configured);
    json_key_bool(j, "answers", scanner.answers);
    json_key_text(j, "message", scanner.words);
    json_end(j);
}

static int status_get(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct api *api = api_of(req);
    struct store_stats stats;
    struct json_out j;
    AUTO_BUF dead = BUF_INIT(1024 * 1024);
    struct part_state part;
    char started[CLOCK_TEXT_MAX];
    int rc = store_stats(api->store, &stats, err);

    rc = rc < 0 ? rc : store_job_dead_list(api->store, DEAD_LETTERS_SHOWN, req->arena, &dead, err);
    if (rc < 0) {
        return rc;
    }
    clock_format(api->started_ms, started);
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_text(&j, "version", LARDER_VERSION);
    json_key_text(&j, "started_at", started);
    add_documents(&j, &stats);
    add_jobs(&j, &stats, buf_slice(&dead));
    add_storage(&j, &stats);
    add_meaning(&j, api->store);
    add_connections(&j, api->http);
    add_process(&j);
    json_key_text(&j, "sandbox", ingest_sandbox_level(api->ingest));
    add_scanner(&j, api->ingest);
    ingest_speech(api->ingest, &part);
    add_part(&j, "speech", &part);
    ingest_converter(api->ingest, &part);
    add_part(&j, "converter", &part);
    json_key_text(&j, "search_engine",
        embedder_loaded(search_tools()->embedder) ? "words and meaning" : "words");
    json_end(&j);
    return json_finish(&j, err);
}

static const struct route_doc livez_doc = { .id = "livez",
    .tag = "system",
    .summary = "The process answers",
    .response_media = "text/plain",
    .success = 200 };
static const struct route_doc readyz_doc = { .id = "readyz",
    .tag = "system",
    .summary = "The server can work",
    .response_media = "text/plain",
    .success = 200,
    .errors = "503" };
static const struct route_doc health_doc = { .id = "health",
    .tag = "system",
    .summary = "Health by part",
    .response = "Health",
    .response_media = "application/health+json",
    .success = 200,
    .errors = "401 403 503" };
static const struct route_doc formats_doc = { .id = "formats",
    .tag = "system",
    .summary = "The file types that are taken in",
    .response = "FormatList",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc status_doc = { .id = "status",
    .tag = "system",
    .summary = "Counts of documents, jobs, storage and connections",
    .response = "Status",
    .success = 200,
    .errors = "401 403" };

const struct http_route system_routes[] = {
    { HTTP_GET, "/livez", livez, .open = true, .doc = &livez_doc },
    { HTTP_GET, "/readyz", readyz, .open = true, .doc = &readyz_doc },
    { HTTP_GET, "/health", health, .right = RIGHT_MONITOR, .doc = &health_doc },
    { HTTP_GET, "/v1/formats", formats_get, .right = RIGHT_ANY, .doc = &formats_doc },
    { HTTP_GET, "/v1/status", status_get, .right = RIGHT_MONITOR, .doc = &status_doc },
    { 0 },
};

const struct schema_doc system_schemas[] = {
    { "Health", "{\"type\":\"object\",\"required\":[\"status\",\"checks\"],\"properties\":{"
                "\"status\":{\"enum\":[\"pass\",\"warn\","
                "\"fail\"]},\"version\":{\"type\":\"string\"},\"checks\":{\"type\":\"object\"}}}" },
    { "FormatList", "{\"type\":\"object\",\"required\":[\"formats\"],\"properties\":{\"formats\":{"
                    "\"type\":\"array\",\"items\":{\"type\":"
                    "\"object\"}}}}" },
    { "Status", "{\"type\":\"object\"}" },
    { "Problem", "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\"],\"properties\":"
                 "{\"type\":{\"type\":\"string\"},"
                 "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{"
                 "\"type\":\"string\"},\"code\":{"
                 "\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},\"reason\":{\"type\":"
                 "\"string\"},\"verdict\":{\"type\":"
                 "\"string\"},\"findings\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/"
                 "schemas/Finding\"}}}}" },
    { NULL, NULL },
};
