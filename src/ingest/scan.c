// SPDX-License-Identifier: AGPL-3.0-or-later
// The virus scanner's part of the check: what its answer means for an upload, and whether it answers at all.
#include "base/clock.h"
#include "base/log.h"
#include "ingest/internal.h"

#include <stdio.h>

enum { ASK_EVERY_MS = 5000, ASK_TIME_MS = 1000 };

static struct clamd_options options_of(const struct ingest *g)
{
    return (struct clamd_options){ .address = g->settings->clamd_address,
        .time_ms = g->settings->clamd_s * 1000,
        .stream_max = g->settings->clamd_stream_cap };
}

void ingest_scan(struct ingest *g, int fd, int64_t size, struct findings *findings)
{
    struct clamd_options o = options_of(g);
    struct clamd_result result;
    int64_t start = clock_mono_ms();

    if (!o.address[0]) {
        return;
    }
    clamd_scan(&o, fd, size, &result);
    switch (result.verdict) {
    case CLAMD_CLEAN:
        return;
    case CLAMD_FOUND:
        findings_add(findings, "malware.signature", NULL,
            "The virus scanner knows this file as %s.", result.name);
        break;
    default:
        findings_add(findings, "malware.not_scanned", NULL, "%s", clamd_sentence(result.verdict));
        break;
    }
    log_warn("scan.end", LS("how", result.verdict == CLAMD_FOUND ? "found" : "not_scanned"),
        LS("what", result.verdict == CLAMD_FOUND ? result.name : clamd_sentence(result.verdict)),
        LI("bytes", size), LI("ms", clock_mono_ms() - start));
}

void ingest_scanner(struct ingest *g, struct scanner_state *ret)
{
    struct clamd_options o = options_of(g);
    struct error err = { 0 };

    *ret = (struct scanner_state){ .configured = o.address[0] != '\0' };
    if (!ret->configured) {
        return;
    }
    pthread_mutex_lock(&g->mutex);
    bool fresh = g->scanner_asked_ms && clock_mono_ms() - g->scanner_asked_ms < ASK_EVERY_MS;
    if (fresh) {
        *ret = g->scanner;
    }
    pthread_mutex_unlock(&g->mutex);
    if (fresh) {
        return;
    }
    o.time_ms = ASK_TIME_MS;
    ret->answers = clamd_ping(&o, ret->words, &err) == 0;
    if (!ret->answers) {
        snprintf(ret->words, sizeof(ret->words), "%.255s", err.text);
    }
    pthread_mutex_lock(&g->mutex);
    g->scanner = *ret;
    g->scanner_asked_ms = clock_mono_ms();
    pthread_mutex_unlock(&g->mutex);
}
