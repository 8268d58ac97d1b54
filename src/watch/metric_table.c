// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of metrics and of the values that labels can have. docs/metrics.md is made from it.
#include "config/formats.h"
#include "watch/metric.h"
#include "wire/finding.h"

// OpenTelemetry's, for what a person waits for.
static const double quick_buckets[] = { .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5,
    7.5, 10, 0 };
// From upload to ready: recordings take minutes.
static const double long_buckets[] = { .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 0 };

#define COUNTER(metric, text, measured, explained, ...)                                            \
    [metric] = { .id = metric,                                                                     \
        .name = text,                                                                              \
        .kind = METRIC_COUNTER,                                                                    \
        .unit = measured,                                                                          \
        .help = explained,                                                                         \
        __VA_ARGS__ }
#define GAUGE(metric, text, measured, explained, ...)                                              \
    [metric] = { .id = metric,                                                                     \
        .name = text,                                                                              \
        .kind = METRIC_GAUGE,                                                                      \
        .unit = measured,                                                                          \
        .help = explained,                                                                         \
        __VA_ARGS__ }
#define HISTOGRAM(metric, text, bounds, explained, ...)                                            \
    [metric] = { .id = metric,                                                                     \
        .name = text,                                                                              \
        .kind = METRIC_HISTOGRAM,                                                                  \
        .unit = "seconds",                                                                         \
        .buckets = bounds,                                                                         \
        .help = explained,                                                                         \
        __VA_ARGS__ }

static const struct metric_info table[METRICS] = {
    COUNTER(METRIC_UPLOADS, "larder_uploads_total", "", "Uploads by type and outcome",
        .label = { LABEL_TYPE, LABEL_UPLOAD }, .sparse = true),
    COUNTER(METRIC_UPLOADS_REFUSED, "larder_uploads_refused_total", "",
        "Uploads refused or held, by the lowest layer of checks that found something",
        .label = { LABEL_LAYER }),
    COUNTER(METRIC_UPLOAD_BYTES, "larder_upload_bytes_total", "bytes", "Bytes of uploads received"),
    GAUGE(METRIC_UPLOADS_ACTIVE, "larder_uploads_active", "", "Uploads on their way in"),
    COUNTER(METRIC_FINDINGS, "larder_findings_total", "", "Findings of checks and readings by code",
        .label = { LABEL_FINDING }, .sparse = true, .momentary = true),
    COUNTER(METRIC_PROCESSED, "larder_documents_processed_total", "",
        "Documents whose reading came to its end, by type and outcome",
        .label = { LABEL_TYPE, LABEL_PROCESS }, .sparse = true),
    HISTOGRAM(METRIC_PROCESSING_SECONDS, "larder_processing_seconds", long_buckets,
        "Time of one reading, from the lease to the end"),
    HISTOGRAM(METRIC_STAGE_SECONDS, "larder_stage_seconds", quick_buckets,
        "Time of each stage of one document or one search; embed: of one batch of passages",
        .label = { LABEL_STAGE }),
    GAUGE(METRIC_DOCUMENTS, "larder_documents", "", "Documents kept, by status",
        .label = { LABEL_DOCUMENT_STATUS }),
    GAUGE(METRIC_CHUNKS, "larder_chunks", "", "Passages that can be found"),
    GAUGE(METRIC_JOBS, "larder_jobs", "", "Readings by state", .label = { LABEL_JOB_STATE }),
    GAUGE(METRIC_JOB_OLDEST, "larder_job_oldest_waiting_seconds", "seconds",
        "How long the oldest reading in the queue has waited; 0 when none waits"),
    COUNTER(METRIC_JOB_ENDS, "larder_job_ends_total", "",
        "Readings by how their lease ended; lost: the lease had lapsed",
        .label = { LABEL_JOB_END }),
    COUNTER(METRIC_JOB_RETRIES, "larder_job_retries_total", "", "Readings started another time"),
    GAUGE(METRIC_WORKERS, "larder_workers_busy", "", "Workers that read a document now"),
    COUNTER(METRIC_READER_ENDS, "larder_reader_ends_total", "",
        "Reader processes by how they ended", .label = { LABEL_READER_END }),
    COUNTER(METRIC_READER_CPU, "larder_reader_cpu_seconds_total", "seconds",
        "Processor time of readers that ended", .scale = 1e-3),
    GAUGE(METRIC_READER_PEAK, "larder_reader_peak_bytes", "bytes",
        "Largest memory of the reader that ended last"),
    GAUGE(METRIC_READER_SANDBOX, "larder_reader_sandbox", "",
        "What the last reader had locked itself with; 1 for each that holds",
        .label = { LABEL_SANDBOX }),
    COUNTER(METRIC_SEARCHES, "larder_searches_total", "", "Searches by outcome",
        .label = { LABEL_SEARCH }),
    GAUGE(METRIC_CONNECTIONS, "larder_http_connections", "", "Open connections"),
    COUNTER(METRIC_CONNECTIONS_OPENED, "larder_http_connections_opened_total", "",
        "Connections ever opened"),
    COUNTER(METRIC_REQUESTS, "larder_http_requests_total", "", "Requests understood"),
    HISTOGRAM(METRIC_REQUEST_SECONDS, "larder_http_request_seconds", quick_buckets,
        "Time from a request's headers to its answer"),
    COUNTER(METRIC_RESPONSES, "larder_http_responses_total", "", "Answers by class of status",
        .label = { LABEL_RESPONSE }),
    COUNTER(METRIC_REFUSED, "larder_http_denied_total", "",
        "Requests refused for want of a key, of a right, or for their rate",
        .label = { LABEL_REFUSED }),
    COUNTER(METRIC_REFUSED_BUSY, "larder_http_busy_total", "",
        "Requests refused because a queue was full"),
    COUNTER(METRIC_REFUSED_ADDRESS, "larder_http_address_refused_total", "",
        "Connections and requests refused because their address had too many connections"),
    COUNTER(METRIC_BAD_REQUESTS, "larder_http_malformed_total", "", "Requests that were malformed"),
    COUNTER(METRIC_BYTES_IN, "larder_http_received_bytes_total", "bytes", "Bytes received"),
    COUNTER(METRIC_BYTES_OUT, "larder_http_sent_bytes_total", "bytes", "Bytes sent"),
    COUNTER(METRIC_LOOP_SLOW, "larder_loop_slow_turns_total", "",
        "Turns of the connection loop that took over a millisecond"),
    GAUGE(METRIC_LOOP_SLOWEST, "larder_loop_slowest_turn_seconds", "seconds",
        "The longest turn of the connection loop in the last second"),
    COUNTER(METRIC_TLS_HANDSHAKES, "larder_tls_handshakes_total", "", "Handshakes of TLS done"),
    COUNTER(METRIC_TLS_REFUSED, "larder_tls_refused_total", "",
        "Connections that ended without a handshake: no TLS, too old a version, too slow"),
    GAUGE(METRIC_TLS_EXPIRY, "larder_tls_certificate_expiry_seconds", "seconds",
        "Time until the certificate in use expires, under 0 afterwards; absent without TLS"),
    GAUGE(METRIC_TLS_STALE, "larder_tls_certificate_stale", "",
        "1 if the certificate's files can't be used as they are now, so that the one before stays "
        "in use; absent without TLS"),
    GAUGE(METRIC_WEBSOCKETS, "larder_websockets", "", "Open WebSockets"),
    COUNTER(
        METRIC_WEBSOCKETS_OPENED, "larder_websockets_opened_total", "", "WebSockets ever opened"),
    GAUGE(METRIC_WEBSOCKET_RTT, "larder_websocket_rtt_seconds", "seconds",
        "Round-trip time of WebSocket pings, moving average"),
    GAUGE(METRIC_SSE, "larder_sse", "", "Open event streams over SSE"),
    COUNTER(METRIC_SSE_OPENED, "larder_sse_opened_total", "", "Event streams over SSE ever opened"),
    COUNTER(METRIC_STREAMS_RESUMED, "larder_streams_resumed_total", "",
        "Event streams that went on from an earlier event"),
    COUNTER(METRIC_STREAMS_SLOW, "larder_streams_slow_closed_total", "",
        "Event streams closed because their client could not keep up"),
    COUNTER(METRIC_PONG_TIMEOUTS, "larder_websocket_pong_timeouts_total", "",
        "WebSockets closed because a ping had no answer"),
    COUNTER(METRIC_EVENTS, "larder_events_published_total", "", "Events sent to streams"),
    COUNTER(METRIC_COMMITS, "larder_store_commits_total", "", "Commits to the database"),
    COUNTER(METRIC_COMMIT_SECONDS, "larder_store_commit_seconds_total", "seconds",
        "Time of commits, their sync to the disk included", .scale = 1e-6),
    GAUGE(METRIC_STORE_READ_SECONDS, "larder_store_read_seconds", "seconds",
        "Time that reading the store's counts took at the last look"),
    GAUGE(METRIC_DATABASE_BYTES, "larder_store_database_bytes", "bytes", "Size of the database"),
    GAUGE(METRIC_WAL_BYTES, "larder_store_wal_bytes", "bytes", "Size of the write-ahead log"),
    GAUGE(METRIC_BLOB_BYTES, "larder_store_blob_bytes", "bytes", "Originals and pictures kept"),
    GAUGE(METRIC_HISTORY_BYTES, "larder_history_bytes", "bytes", "Histories of metrics kept"),
    GAUGE(METRIC_DISK_FREE, "larder_disk_free_bytes", "bytes", "Free on the data folder's disk"),
    GAUGE(METRIC_DISK_TOTAL, "larder_disk_total_bytes", "bytes", "Size of the data folder's disk"),
    GAUGE(METRIC_DISK_INODES, "larder_disk_free_inodes", "", "Files that still fit on that disk"),
    GAUGE(METRIC_DISK_FULL, "larder_disk_full_seconds", "seconds",
        "Time until that disk is full if it goes on as in the last hour; ten years when it does "
        "not fill"),
    GAUGE(METRIC_INTEGRITY, "larder_integrity_failures", "",
        "1 where something that is kept is known to be damaged or could not be made durable",
        .label = { LABEL_INTEGRITY }),
    GAUGE(METRIC_MEMORY_USED, "larder_memory_used_bytes", "bytes",
        "Memory used against the limit that binds", .label = { LABEL_MEMORY_LIMIT }),
    GAUGE(METRIC_MEMORY_LIMIT, "larder_memory_limit_bytes", "bytes", "The memory limit that binds",
        .label = { LABEL_MEMORY_LIMIT }),
    GAUGE(METRIC_MEMORY_RATIO, "larder_memory_used_ratio", "ratio",
        "Share of the memory limit that binds"),
    GAUGE(METRIC_PRESSURE, "larder_pressure_ratio", "ratio",
        "Share of the last 10 s in which some task waited for it", .label = { LABEL_PRESSURE }),
    GAUGE(METRIC_LOAD, "larder_load1", "", "Tasks that run or wait, average of a minute"),
    GAUGE(METRIC_CPUS, "larder_cpus", "", "Processors that the server may use", .momentary = true),
    COUNTER(METRIC_CLOCK_STEPS, "larder_clock_steps_total", "",
        "Times that the wall clock stepped by over a second"),
    COUNTER(METRIC_PROCESS_CPU, "process_cpu_seconds_total", "seconds",
        "Processor time of the server", .scale = 1e-6),
    GAUGE(METRIC_PROCESS_RSS, "process_resident_memory_bytes", "bytes", "Memory of the server"),
    GAUGE(METRIC_PROCESS_VIRTUAL, "process_virtual_memory_bytes", "bytes",
        "Address space of the server", .momentary = true),
    GAUGE(METRIC_PROCESS_FDS, "process_open_fds", "", "Open file descriptors"),
    GAUGE(METRIC_PROCESS_FDS_MAX, "process_max_fds", "", "File descriptors that may be open",
        .momentary = true),
    GAUGE(METRIC_PROCESS_THREADS, "process_threads", "", "Threads of the server"),
    GAUGE(METRIC_PROCESS_START, "process_start_time_seconds", "seconds",
        "When the server started, in seconds since 1970", .momentary = true),
    GAUGE(METRIC_SCANNER, "larder_scanner_up", "",
        "1 if the virus scanner answers; absent if none is set"),
    GAUGE(METRIC_CANARY_FAILURES, "larder_canary_failures", "",
        "How many times in a row the canary document was not taken in, found and removed"),
    GAUGE(METRIC_CANARY_SECONDS, "larder_canary_seconds", "seconds",
        "From upload to found, of the last canary document"),
    GAUGE(METRIC_ALERTS, "larder_alerts_firing", "", "Alerts that fire, by severity",
        .label = { LABEL_SEVERITY }),
    COUNTER(METRIC_NOTIFICATIONS, "larder_notifications_total", "",
        "Notifications by channel and outcome", .label = { LABEL_CHANNEL, LABEL_DELIVERY }),
    COUNTER(METRIC_OTLP_PUSHES, "larder_otlp_pushes_total", "",
        "Snapshots of all metrics pushed to an OTLP collector, by outcome; failed: it refused one",
        .label = { LABEL_DELIVERY }),
    COUNTER(METRIC_COLLECT_CPU, "larder_watch_cpu_seconds_total", "seconds",
        "Processor time of collecting metrics, keeping histories and evaluating alerts",
        .scale = 1e-6),
    GAUGE(METRIC_BUILD_INFO, "larder_build_info", "", "Always 1; the label says which version",
        .label = { LABEL_VERSION }, .momentary = true),
};

const struct metric_info *metric_info(enum metric m)
{
    BUG_ON((unsigned)m >= METRICS);
    return &table[m];
}

size_t metric_bucket_count(const struct metric_info *info)
{
    size_t n = 0;

    while (info->buckets && info->buckets[n] > 0) {
        n++;
    }
    return n;
}

struct label_info {
    const char *name;
    const char *words[24]; // NULL-ended; empty: made by a function
};
static const struct label_info labels[LABEL_SETS] = {
    [LABEL_NONE] = { "", { "" } },
    [LABEL_TYPE] = { "type", { NULL } },
    [LABEL_UPLOAD] = { "outcome",
        { "accepted", "warned", "duplicate", "quarantined", "rejected", "failed" } },
    [LABEL_LAYER] = { "layer", { "name", "size", "type", "structure", "security", "other" } },
    [LABEL_PROCESS] = { "outcome", { "ready", "refused", "dead", "cancelled" } },
    [LABEL_STAGE] = { "stage",
        { "receive", "check", "scan", "read", "chunk", "embed", "index", "search" } },
    [LABEL_DOCUMENT_STATUS] = { "status",
        { "pending", "partitioning", "partitioned", "refined", "chunked", "indexed",
            "summary_indexed", "keyword_indexed", "ready", "failed", "quarantined" } },
    [LABEL_JOB_STATE] = { "state", { "queued", "running", "dead" } },
    [LABEL_JOB_END] = { "end", { "done", "retried", "dead", "lost", "released" } },
    [LABEL_READER_END] = { "end", { "done", "refused", "unsupported", "crashed", "out_of_memory",
                                      "out_of_time", "out_of_output", "sandbox_kill", "breach",
                                      "silent", "no_sandbox", "cancelled", "stopped", "other" } },
    [LABEL_SANDBOX] = { "lock", { "rlimits", "no_new_privs", "seccomp", "landlock", "user_ns",
                                    "net_ns", "mount_ns", "ipc_ns" } },
    [LABEL_SEARCH] = { "outcome", { "found", "nothing", "failed" } },
    [LABEL_RESPONSE] = { "status", { "1xx", "2xx", "3xx", "4xx", "5xx" } },
    [LABEL_REFUSED] = { "reason", { "key", "right", "rate" } },
    [LABEL_INTEGRITY] = { "part", { "audit", "database", "disk" } },
    [LABEL_MEMORY_LIMIT] = { "limit", { "cgroup-v2", "cgroup-v1", "rlimit", "machine", "other" } },
    [LABEL_PRESSURE] = { "resource", { "cpu", "memory", "io" } },
    [LABEL_SEVERITY] = { "severity", { "warning", "error", "critical" } },
    [LABEL_CHANNEL] = { "channel", { "webhook", "alertmanager", "email" } },
    [LABEL_DELIVERY] = { "outcome", { "sent", "failed", "dropped" } },
    [LABEL_VERSION] = { "version", { LARDER_VERSION } },
    [LABEL_FINDING] = { "code", { NULL } },
};

const char *label_name(enum label_set set)
{
    return labels[set].name;
}

// The types are counted once: the tables are fixed at build time.
static size_t count_formats(void)
{
    static size_t count; // the same from every thread

    size_t n = __atomic_load_n(&count, __ATOMIC_RELAXED);
    if (n == 0) {
        while (format_at(n)) {
            n++;
        }
        __atomic_store_n(&count, n, __ATOMIC_RELAXED);
    }
    return n;
}

static size_t count_findings(void)
{
    static size_t count;

    size_t n = __atomic_load_n(&count, __ATOMIC_RELAXED);
    if (n == 0) {
        while (n + 1 < LABEL_VALUES_MAX && finding_code_at(n)) {
            n++;
        }
        __atomic_store_n(&count, n, __ATOMIC_RELAXED);
    }
    return n;
}

size_t label_count(enum label_set set)
{
    size_t n = 0;

    if (set == LABEL_TYPE) {
        return count_formats() + 1;
    }
    if (set == LABEL_FINDING) {
        return count_findings() + 1;
    }
    while (n < ARRAY_LEN(labels[set].words) && labels[set].words[n]) {
        n++;
    }
    return n;
}

const char *label_word(enum label_set set, size_t i)
{
    if (set == LABEL_TYPE) {
        return i < count_formats() ? format_at(i)->name : "other";
    }
    if (set == LABEL_FINDING) {
        return i < count_findings() ? finding_code_at(i)->code : "other";
    }
    return labels[set].words[i];
}

unsigned label_find(enum label_set set, struct slice word)
{
    size_t n = label_count(set);

    for (size_t i = 0; i < n; i++) {
        if (slice_is(word, label_word(set, i))) {
            return (unsigned)i;
        }
    }
    return (unsigned)(n - 1);
}
