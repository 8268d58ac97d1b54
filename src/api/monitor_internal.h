// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of the monitor share: monitor.c (threads, minutes), monitor_collect.c (readings), monitor_alerts.c, canary.c.
#ifndef LARDER_API_MONITOR_INTERNAL_H
#define LARDER_API_MONITOR_INTERNAL_H

#include "api/monitor.h"
#include "store/audit.h"
#include "watch/otlp.h"
#include "watch/series.h"
#include "watch/window.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum {
    MINUTES_WAITING = 10, // finished ones that the store has not taken yet
    CHANGES_WAITING = 1024,
    FDS_EVERY_S = 10, // counting descriptors reads a folder
    RULES_EVERY_S = 5,
    MANAGER_EVERY_S = 60,
    SCANNER_EVERY_S = 15,
    AUDIT_ROWS = 500, // of the chain looked at in a second: a few ms
    AUDIT_EVERY_S = 6 * 3600, // from the end of one whole look to the next
    COMPACT_EVERY_S = 60,
};

struct minute {
    int64_t start_s; // 0: empty
    int seconds; // so far
    float *values; // series × 60
};

struct collect { // what readings need from one second to the next; the ticking thread only
    int64_t clock_offset_ms; // wall less monotonic
    int64_t disk_at_ms[61], disk_free[61]; // once a minute: the last hour
    size_t disk_count;
    int64_t seconds;
    int64_t cpu_us; // of this thread
};

// The audit log's chain, looked at in pieces; slow thread only.
struct chain_watch {
    struct audit_walk walk;
    int64_t again_ms; // when the next whole look begins
    bool ended; // the last one did; what is added since is looked at as it comes
};

struct monitor {
    struct api *api; // immutable, as are the next
    struct collector *collector;
    size_t series_count;
    struct notifier *notifier;
    struct chain_watch chain;
    struct otlp *otlp; // NULL: not set
    struct collect collect;
    struct window *window; // ticking thread

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake; // for the slow thread
    struct minute now, waiting[MINUTES_WAITING];
    size_t waiting_count;
    uint64_t writes; // begun and ended writes of minutes; odd: one is on its way
    struct alerts alerts;
    struct alert_rules *rules;
    struct arena rules_arena;
    struct timespec rules_mtime;
    char rules_error[MONITOR_TEXT_MAX];
    int64_t now_ms; // of the last look at the rules; never goes back
    char *changes[CHANGES_WAITING]; // rows for the store, JSON
    size_t change_count;
    bool stopping;

    pthread_t ticker, slow, canary;
    bool ticking, slow_running, canary_running;
    struct alert_step step; // ticking thread
    int64_t manager_told_ms;
};

// monitor_collect.c: copies readings into the metrics; the ticking thread.
void collect_readings(struct monitor *m, int64_t mono_ms);
void collect_scanner(struct monitor *m); // slow thread
void collect_chain(
    struct monitor *m, int64_t mono_ms); // slow thread: larder_integrity_failures of the audit log

// monitor_alerts.c
int alerts_open(struct monitor *m, struct error *err);
void alerts_close(struct monitor *m);
void alerts_tick(struct monitor *m, int64_t mono_ms); // ticking thread
void alerts_reload(struct monitor *m); // ticking thread: the rules file, if it changed
int alerts_flush(struct monitor *m, struct error *err); // slow thread

// monitor_otlp.c
int push_open(struct monitor *m, struct error *err);

// canary.c: takes in, finds and removes a document; a thread of its own.
void canary_run(struct monitor *m);

#endif
