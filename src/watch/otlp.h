// SPDX-License-Identifier: AGPL-3.0-or-later
// Metrics pushed to a collector by the OpenTelemetry protocol over HTTP (OTLP 1.x, JSON encoding: POST …/v1/metrics). All of
// the table (metric.h) goes out as it stands: counters as cumulative monotonic sums, gauges, histograms with explicit bounds,
// each under its name of docs/metrics.md, counted since the server's start.
//
// The ticking thread takes a snapshot when one is due and puts it into a bounded queue; a thread of its own sends them in
// order. What the protocol calls retryable (429, 502, 503, 504, no answer) is tried again under growing pauses or as
// Retry-After says; every other refusal drops that snapshot and is said in the log once, until one is taken again. When the
// queue is full the oldest goes: sums are cumulative, so what comes later makes up for it. Nobody ever waits for a collector.
#ifndef LARDER_WATCH_OTLP_H
#define LARDER_WATCH_OTLP_H

#include "base/buf.h"
#include "base/error.h"

enum {
    OTLP_QUEUE_MAX = 16,
    OTLP_BODY_MAX = 4 << 20, // all series of all types are under 2 MiB
    OTLP_HEADERS_MAX = 16,
    OTLP_HEADER_LEN_MAX = 4096,
    OTLP_ANSWER_MAX = 64 * 1024,
    OTLP_PAUSE_MAX_MS = 60000,
    OTLP_RETRY_AFTER_MAX_S = 600,
};

struct otlp_options { // copied
    const char *url; // as it is, with /v1/metrics
    const char *headers; // lines "Name: value"; # begins a comment; "" or NULL: none
    const char *service; // service.name
    const char *instance; // service.instance.id
    int64_t interval_ms;
    int64_t started_ms; // wall clock: from when on is counted
    int first_pause_ms; // before the second try; 0: 1000
};

struct otlp;
// ERR_INVALID with a sentence: the address or a line of the headers.
int otlp_new(const struct otlp_options *o, struct otlp **ret, struct error *err);
// Takes a last snapshot and sends it, in 2 s at most, if the collector answered until now. NULL is fine.
void otlp_free(struct otlp *o);
// Takes a snapshot if one is due. The ticking thread; never blocks.
void otlp_tick(struct otlp *o, int64_t mono_ms, int64_t wall_ms);

struct otlp_state { // any thread
    int64_t sent, failed, dropped; // snapshots
    size_t waiting;
    int64_t silent_ms; // since the last that was taken, or since the start
    bool answers; // the last try ended well, or there was none yet
    char last_error[200]; // "" when answers
};
void otlp_state(struct otlp *o, struct otlp_state *ret);

// ---- pure parts
struct otlp_resource {
    const char *service, *instance;
    int64_t started_ms, now_ms; // wall clock
};
// An ExportMetricsServiceRequest; ERR_TOO_LARGE if out's maximum does not hold it.
int otlp_encode(struct buf *out, const struct otlp_resource *r, struct error *err);

enum otlp_verdict { OTLP_TAKEN, OTLP_AGAIN, OTLP_REFUSED };
enum otlp_verdict otlp_judge(long status);
// What a successful answer says of points that were not taken: how many, and why ("" if not said).
int64_t otlp_rejected(struct slice answer, char ret_why[160]);
// How long to wait before try `tries` + 1; jitter from 0 to 1. retry_after_s below 0: not said.
int64_t otlp_pause_ms(int first_ms, int tries, int64_t retry_after_s, double jitter);

#endif
