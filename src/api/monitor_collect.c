// SPDX-License-Identifier: AGPL-3.0-or-later
// Readings into metrics: what other modules count for themselves (http, store), the process and the machine, the forecast of
// the disk. Once a second on the monitor's ticking thread; together they must stay under a hundredth of a core.
#include "api/monitor_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/resources.h"
#include "store/audit.h"

#include <math.h>

enum {
    DISK_EVERY_S = 60,
    DISK_LEAST = 10, // minutes that a forecast needs
    CLOCK_STEP_MS = 1000,
};
static const double disk_never_s = 10.0 * 365 * 86400;

static double or_none(int64_t value)
{
    return value == READING_UNKNOWN ? NAN : (double)value;
}

static void collect_certificate(struct monitor *m, const struct http_stats *s)
{
    struct http_tls_state tls;

    http_server_tls(m->api->http, &tls);
    if (tls.on) {
        metric_copy(METRIC_TLS_HANDSHAKES, 0, 0, s->tls_handshakes);
        metric_copy(METRIC_TLS_REFUSED, 0, 0, s->tls_refused);
        metric_set(METRIC_TLS_EXPIRY, 0, 0,
            (double)tls.certificate.until_s - (double)clock_wall_ms() * 1e-3);
        metric_set(METRIC_TLS_STALE, 0, 0, tls.problem[0] ? 1 : 0);
    }
}

static void collect_http(struct monitor *m)
{
    struct http_stats s;

    if (!m->api->http) {
        return;
    }
    http_server_stats(m->api->http, &s);
    metric_set(METRIC_CONNECTIONS, 0, 0, (double)s.connections);
    metric_copy(METRIC_CONNECTIONS_OPENED, 0, 0, s.connections_total);
    metric_copy(METRIC_REQUESTS, 0, 0, s.requests);
    metric_copy(METRIC_REFUSED_BUSY, 0, 0, s.refused_busy);
    metric_copy(METRIC_REFUSED_ADDRESS, 0, 0, s.refused_address);
    metric_copy(METRIC_BAD_REQUESTS, 0, 0, s.bad_requests);
    metric_copy(METRIC_BYTES_IN, 0, 0, s.bytes_in);
    metric_copy(METRIC_BYTES_OUT, 0, 0, s.bytes_out);
    metric_copy(METRIC_LOOP_SLOW, 0, 0, s.loop_slow);
    metric_set(METRIC_LOOP_SLOWEST, 0, 0, (double)http_server_slowest_us(m->api->http) * 1e-6);
    metric_set(METRIC_WEBSOCKETS, 0, 0, (double)s.websockets);
    metric_copy(METRIC_WEBSOCKETS_OPENED, 0, 0, s.websockets_total);
    metric_set(METRIC_WEBSOCKET_RTT, 0, 0, s.rtt_us ? (double)s.rtt_us * 1e-6 : NAN);
    metric_set(METRIC_SSE, 0, 0, (double)s.sse);
    metric_copy(METRIC_SSE_OPENED, 0, 0, s.sse_total);
    metric_copy(METRIC_STREAMS_RESUMED, 0, 0, s.streams_resumed);
    metric_copy(METRIC_STREAMS_SLOW, 0, 0, s.slow_closed);
    metric_copy(METRIC_PONG_TIMEOUTS, 0, 0, s.pong_timeouts);
    metric_copy(METRIC_EVENTS, 0, 0, s.events_published);
    metric_set(METRIC_UPLOADS_ACTIVE, 0, 0, (double)s.spooling);
    collect_certificate(m, &s);
}

static void collect_store(struct monitor *m)
{
    struct store_stats s;
    int64_t start = clock_mono_us();
    int rc = store_stats(m->api->store, &s, NULL);

    if (rc == ERR_CORRUPT) {
        metric_set(METRIC_INTEGRITY, INTEGRITY_DATABASE, 0, 1);
    }
    if (rc < 0) {
        return;
    }
    metric_set(METRIC_STORE_READ_SECONDS, 0, 0, (double)(clock_mono_us() - start) * 1e-6);
    for (unsigned i = 0; i < DOCUMENT_STATUSES; i++) {
        metric_set(METRIC_DOCUMENTS, i, 0, (double)s.by_status[i]);
    }
    metric_set(METRIC_CHUNKS, 0, 0, (double)s.chunks);
    metric_set(METRIC_JOBS, 0, 0, (double)s.jobs_queued);
    metric_set(METRIC_JOBS, 1, 0, (double)s.jobs_running);
    metric_set(METRIC_JOBS, 2, 0, (double)s.jobs_dead);
    metric_set(METRIC_WORKERS, 0, 0, (double)s.jobs_running);
    metric_set(METRIC_JOB_OLDEST, 0, 0, (double)s.oldest_queued_ms * 1e-3);
    metric_copy(METRIC_COMMITS, 0, 0, s.commits);
    metric_copy(METRIC_COMMIT_SECONDS, 0, 0, s.commit_us_total);
    metric_set(METRIC_DATABASE_BYTES, 0, 0, (double)s.database_bytes);
    metric_set(METRIC_WAL_BYTES, 0, 0, (double)s.wal_bytes);
    metric_set(METRIC_BLOB_BYTES, 0, 0, (double)s.blob_bytes);
    metric_set(METRIC_INTEGRITY, INTEGRITY_DISK, 0, s.writes_stopped ? 1 : 0);
    if (s.damaged || isnan(metric_value(METRIC_INTEGRITY, INTEGRITY_DATABASE, 0))) {
        metric_set(METRIC_INTEGRITY, INTEGRITY_DATABASE, 0, s.damaged ? 1 : 0);
    }
}

static void collect_process(struct monitor *m)
{
    struct process_reading p;
    int64_t rss = 0, peak = 0;

    // Counting descriptors reads a whole folder; the rest is cheap.
    if (m->collect.seconds % FDS_EVERY_S != 0) {
        struct timespec cpu;
        if (process_memory(0, &rss, &peak) == 0) {
            metric_set(METRIC_PROCESS_RSS, 0, 0, (double)rss);
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
        metric_copy(METRIC_PROCESS_CPU, 0, 0, cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000);
        return;
    }
    if (process_read(0, &p) == 0) {
        metric_set(METRIC_PROCESS_RSS, 0, 0, (double)p.rss_bytes);
        metric_set(METRIC_PROCESS_VIRTUAL, 0, 0, (double)p.virtual_bytes);
        metric_set(METRIC_PROCESS_FDS, 0, 0, or_none(p.fds));
        metric_set(METRIC_PROCESS_FDS_MAX, 0, 0, or_none(p.fds_max));
        metric_set(METRIC_PROCESS_THREADS, 0, 0, p.threads);
        metric_set(METRIC_PROCESS_START, 0, 0, (double)p.start_ms * 1e-3);
    }
}

static void collect_machine(void)
{
    struct memory_reading memory;
    struct pressure_reading pressure;
    struct load_reading load;

    if (memory_read(&memory) == 0 && memory.limit_bytes > 0) {
        unsigned kind = label_find(LABEL_MEMORY_LIMIT, slice_of(memory.limit_kind));
        for (unsigned i = 0; i < label_count(LABEL_MEMORY_LIMIT); i++) {
            metric_set(METRIC_MEMORY_USED, i, 0, i == kind ? (double)memory.used_bytes : NAN);
            metric_set(METRIC_MEMORY_LIMIT, i, 0, i == kind ? (double)memory.limit_bytes : NAN);
        }
        metric_set(
            METRIC_MEMORY_RATIO, 0, 0, (double)memory.used_bytes / (double)memory.limit_bytes);
    }
    pressure_read(&pressure);
    const double shares[] = { pressure.cpu, pressure.memory, pressure.io };
    for (unsigned i = 0; i < ARRAY_LEN(shares); i++) {
        metric_set(METRIC_PRESSURE, i, 0, shares[i] < 0 ? NAN : shares[i]);
    }
    load_read(&load);
    metric_set(METRIC_LOAD, 0, 0, load.one);
    metric_set(METRIC_CPUS, 0, 0, load.cpus);
}

// A line through the free bytes of the last hour, one a minute; least squares, so that one large file makes no panic.
static double forecast(const struct collect *c)
{
    double n = (double)c->disk_count, t = 0, f = 0, tt = 0, tf = 0;

    if (c->disk_count < DISK_LEAST) {
        return NAN;
    }
    for (size_t i = 0; i < c->disk_count; i++) {
        double x = (double)(c->disk_at_ms[i] - c->disk_at_ms[0]) * 1e-3;
        double y = (double)c->disk_free[i];
        t += x;
        f += y;
        tt += x * x;
        tf += x * y;
    }
    double spread = n * tt - t * t;
    double slope = spread > 0 ? (n * tf - t * f) / spread : 0; // bytes a second
    double left = slope < 0 ? (double)c->disk_free[c->disk_count - 1] / -slope : disk_never_s;
    return left > disk_never_s ? disk_never_s : left;
}

static void collect_disk(struct monitor *m, int64_t mono_ms)
{
    struct collect *c = &m->collect;
    struct disk_reading disk;

    if (disk_read(m->api->settings->data_dir, &disk) != 0) {
        return;
    }
    metric_set(METRIC_DISK_FREE, 0, 0, (double)disk.free_bytes);
    metric_set(METRIC_DISK_TOTAL, 0, 0, (double)disk.total_bytes);
    metric_set(METRIC_DISK_INODES, 0, 0, disk.total_inodes ? (double)disk.free_inodes : NAN);
    if (c->seconds % DISK_EVERY_S != 0) {
        return;
    }
    if (c->disk_count == ARRAY_LEN(c->disk_free)) {
        c->disk_count--;
        memmove(&c->disk_free[0], &c->disk_free[1], c->disk_count * sizeof(c->disk_free[0]));
        memmove(&c->disk_at_ms[0], &c->disk_at_ms[1], c->disk_count * sizeof(c->disk_at_ms[0]));
    }
    c->disk_at_ms[c->disk_count] = mono_ms;
    c->disk_free[c->disk_count++] = disk.free_bytes;
    metric_set(METRIC_DISK_FULL, 0, 0, forecast(c));
}

static void collect_clock(struct monitor *m, int64_t mono_ms)
{
    int64_t offset = clock_wall_ms() - mono_ms, before = m->collect.clock_offset_ms;

    if (m->collect.seconds &&
        (offset - before > CLOCK_STEP_MS || before - offset > CLOCK_STEP_MS)) {
        metric_add(METRIC_CLOCK_STEPS, 0, 0, 1);
    }
    m->collect.clock_offset_ms = offset;
}

void collect_readings(struct monitor *m, int64_t mono_ms)
{
    collect_clock(m, mono_ms);
    collect_http(m);
    collect_store(m);
    collect_process(m);
    collect_machine();
    collect_disk(m, mono_ms);
    m->collect.seconds++;
}

void collect_scanner(struct monitor *m)
{
    struct scanner_state s;

    ingest_scanner(m->api->ingest, &s);
    metric_set(METRIC_SCANNER, 0, 0, s.configured ? s.answers : NAN);
}

// ---- the audit log

// A whole look says whether the chain holds; until the first one ended nothing is known. The end of one look is an anchor for
// the next: rows that were good and are others now are found although their chain fits together.
void collect_chain(struct monitor *m, int64_t mono_ms)
{
    struct chain_watch *c = &m->chain;
    struct error err = { 0 };

    if (c->ended && mono_ms >= c->again_ms) {
        const struct audit_verdict *v = &c->walk.verdict;
        struct audit_walk next = { .anchor = v->head };
        memcpy(next.anchor_hash, v->head_hash, sizeof(next.anchor_hash));
        c->walk = next;
        c->ended = false;
    }
    bool known_bad = c->walk.verdict.bad_seq != 0;
    int rc = store_audit_walk(m->api->store, &c->walk, AUDIT_ROWS, &err);
    if (rc < 0) {
        log_warn("audit.not_verified", LS("what", err.text));
        return;
    }
    if (c->walk.verdict.bad_seq && !known_bad) {
        log_error(
            "audit.broken", LI("seq", c->walk.verdict.bad_seq), LS("what", c->walk.verdict.why));
    }
    if (c->walk.ended && !c->ended) {
        c->ended = true;
        c->again_ms = mono_ms + AUDIT_EVERY_S * 1000LL;
    }
    if (c->ended) {
        metric_set(METRIC_INTEGRITY, INTEGRITY_AUDIT, 0, c->walk.verdict.bad_seq ? 1 : 0);
    }
}
