// SPDX-License-Identifier: AGPL-3.0-or-later
// What is counted: one metric is one entry of the table in metric_table.c (name, kind, unit, help, labels with bounded
// values); docs/metrics.md, /metrics and the histories are made from it. The cells are atomics of the process, like the log:
// any module above may count, from any thread, in nanoseconds, and nothing is lost when nobody collects.
//
// A gauge that nobody has set has no value and is shown nowhere; a number that is not known is never shown as zero.
#ifndef LARDER_WATCH_METRIC_H
#define LARDER_WATCH_METRIC_H

#include "base/buf.h"
#include "base/slice.h"

enum metric {
    // uploads
    METRIC_UPLOADS,
    METRIC_UPLOADS_REFUSED,
    METRIC_UPLOAD_BYTES,
    METRIC_UPLOADS_ACTIVE,
    METRIC_FINDINGS,
    // processing
    METRIC_PROCESSED,
    METRIC_PROCESSING_SECONDS,
    METRIC_STAGE_SECONDS,
    METRIC_DOCUMENTS,
    METRIC_CHUNKS,
    // queue
    METRIC_JOBS,
    METRIC_JOB_OLDEST,
    METRIC_JOB_ENDS,
    METRIC_JOB_RETRIES,
    METRIC_WORKERS,
    // readers
    METRIC_READER_ENDS,
    METRIC_READER_CPU,
    METRIC_READER_PEAK,
    METRIC_READER_SANDBOX,
    // answers
    METRIC_SEARCHES,
    // connections
    METRIC_CONNECTIONS,
    METRIC_CONNECTIONS_OPENED,
    METRIC_REQUESTS,
    METRIC_REQUEST_SECONDS,
    METRIC_RESPONSES,
    METRIC_REFUSED,
    METRIC_REFUSED_BUSY,
    METRIC_REFUSED_ADDRESS,
    METRIC_BAD_REQUESTS,
    METRIC_BYTES_IN,
    METRIC_BYTES_OUT,
    METRIC_LOOP_SLOW,
    METRIC_LOOP_SLOWEST,
    METRIC_TLS_HANDSHAKES,
    METRIC_TLS_REFUSED,
    METRIC_TLS_EXPIRY,
    METRIC_TLS_STALE,
    METRIC_WEBSOCKETS,
    METRIC_WEBSOCKETS_OPENED,
    METRIC_WEBSOCKET_RTT,
    METRIC_SSE,
    METRIC_SSE_OPENED,
    METRIC_STREAMS_RESUMED,
    METRIC_STREAMS_SLOW,
    METRIC_PONG_TIMEOUTS,
    METRIC_EVENTS,
    // storage
    METRIC_COMMITS,
    METRIC_COMMIT_SECONDS,
    METRIC_STORE_READ_SECONDS,
    METRIC_DATABASE_BYTES,
    METRIC_WAL_BYTES,
    METRIC_BLOB_BYTES,
    METRIC_HISTORY_BYTES,
    METRIC_DISK_FREE,
    METRIC_DISK_TOTAL,
    METRIC_DISK_INODES,
    METRIC_DISK_FULL,
    METRIC_INTEGRITY,
    // machine and process
    METRIC_MEMORY_USED,
    METRIC_MEMORY_LIMIT,
    METRIC_MEMORY_RATIO,
    METRIC_PRESSURE,
    METRIC_LOAD,
    METRIC_CPUS,
    METRIC_CLOCK_STEPS,
    METRIC_PROCESS_CPU,
    METRIC_PROCESS_RSS,
    METRIC_PROCESS_VIRTUAL,
    METRIC_PROCESS_FDS,
    METRIC_PROCESS_FDS_MAX,
    METRIC_PROCESS_THREADS,
    METRIC_PROCESS_START,
    // of watching itself
    METRIC_SCANNER,
    METRIC_CANARY_FAILURES,
    METRIC_CANARY_SECONDS,
    METRIC_ALERTS,
    METRIC_NOTIFICATIONS,
    METRIC_OTLP_PUSHES,
    METRIC_COLLECT_CPU,
    METRIC_BUILD_INFO,
    METRICS
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

// The values that a label can have; the last word of a set that names things of the outside is "other".
enum label_set {
    LABEL_NONE,
    LABEL_TYPE, // of config/formats.h, and other
    LABEL_UPLOAD,
    LABEL_LAYER,
    LABEL_PROCESS,
    LABEL_STAGE,
    LABEL_DOCUMENT_STATUS,
    LABEL_JOB_STATE,
    LABEL_JOB_END,
    LABEL_READER_END,
    LABEL_SANDBOX,
    LABEL_SEARCH,
    LABEL_RESPONSE,
    LABEL_REFUSED,
    LABEL_INTEGRITY,
    LABEL_MEMORY_LIMIT,
    LABEL_PRESSURE,
    LABEL_SEVERITY,
    LABEL_CHANNEL,
    LABEL_DELIVERY,
    LABEL_VERSION,
    LABEL_FINDING, // of wire/finding.h
    LABEL_SETS
};
enum upload_outcome {
    UPLOAD_ACCEPTED,
    UPLOAD_WARNED,
    UPLOAD_DUPLICATE,
    UPLOAD_QUARANTINED,
    UPLOAD_REJECTED,
    UPLOAD_FAILED, // our own fault
};
enum process_outcome {
    PROCESS_READY,
    PROCESS_REFUSED,
    PROCESS_DEAD,
    PROCESS_CANCELLED,
};
enum stage {
    STAGE_RECEIVE,
    STAGE_CHECK,
    STAGE_SCAN,
    STAGE_READ,
    STAGE_CHUNK,
    STAGE_EMBED,
    STAGE_INDEX,
    STAGE_SEARCH,
};
enum job_end_label { JOB_END_DONE, JOB_END_RETRIED, JOB_END_DEAD, JOB_END_LOST, JOB_END_RELEASED };
enum search_outcome { SEARCH_FOUND, SEARCH_NOTHING, SEARCH_FAILED };
enum integrity { INTEGRITY_AUDIT, INTEGRITY_DATABASE, INTEGRITY_DISK };

enum { METRIC_LABELS_MAX = 2, METRIC_BUCKETS_MAX = 16, LABEL_VALUES_MAX = 128 };

struct metric_info {
    enum metric id;
    const char *name; // in Prometheus' conventions, with its unit and _total
    enum metric_kind kind;
    const char *unit; // seconds, bytes, ratio; "" for counts
    const char *help; // one sentence without a full stop
    enum label_set label[METRIC_LABELS_MAX];
    double scale; // of a counter: value shown = cell * scale; 0: 1
    const double *buckets; // of a histogram, rising, ended by 0
    bool sparse; // series appear with their first count
    bool momentary; // not kept in the histories
};
const struct metric_info *metric_info(enum metric m);
size_t metric_bucket_count(const struct metric_info *info); // without +Inf

const char *label_name(enum label_set set); // "type"
size_t label_count(enum label_set set); // 1 for LABEL_NONE
const char *label_word(enum label_set set, size_t i);
// The place of a word; the last of the set ("other") for one that is not there.
unsigned label_find(enum label_set set, struct slice word);

// ---- counting; labels by their place in the set, 0 where the metric has none. Out of range is BUG().
void metric_add(enum metric m, unsigned a, unsigned b, int64_t n);
void metric_copy(enum metric m, unsigned a, unsigned b, int64_t total); // a counter kept elsewhere
void metric_set(enum metric m, unsigned a, unsigned b, double value); // NaN: not known any more
void metric_observe(enum metric m, unsigned a, int64_t us);

// ---- reading
int64_t metric_count(enum metric m, unsigned a, unsigned b); // raw cells; histograms: observations
double metric_value(enum metric m, unsigned a, unsigned b); // scaled; NaN: none; histograms: sum
// Counts of a histogram by bucket, +Inf last; how many there are.
size_t metric_buckets(enum metric m, unsigned a, int64_t ret[METRIC_BUCKETS_MAX + 1]);
void metric_reset(void); // tests
// Is there something to show? A gauge that was set, a counter that is not sparse or has counted.
bool metric_shown(const struct metric_info *info, unsigned a, unsigned b);

// ---- exposition.c: all of it as Prometheus' text format 0.0.4, or as OpenMetrics 1.0
void metrics_expose(struct buf *out, bool openmetrics);
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
// Does an Accept header ask for OpenMetrics?
bool metrics_wants_open(struct slice accept);
// The reference page, Markdown.
void metrics_describe(struct buf *out);

#endif
