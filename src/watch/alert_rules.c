// SPDX-License-Identifier: AGPL-3.0-or-later
// The default rules, and rules as text: JSON for the API and the rules file, Markdown for docs/alerts.md.
// With an objective of 90 or 95 % a burn of 14.4 could never be reached (the most is 1/(1 − objective)), so the floors are
// plain thresholds and the objective of the burn rates is 99.5 %.
#include "watch/alert.h"

#include "wire/json.h"

#include <math.h>
#include <stdio.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR };

#define WORD(w) ((uint64_t)1 << (w))
#define ALL(m)                                                                                     \
    {                                                                                              \
        m, -1, 0                                                                                   \
    }
#define UPLOADS_GOOD (WORD(UPLOAD_ACCEPTED) | WORD(UPLOAD_WARNED) | WORD(UPLOAD_DUPLICATE))
#define PROCESS_COUNTED (WORD(PROCESS_READY) | WORD(PROCESS_REFUSED) | WORD(PROCESS_DEAD))

static const struct alert_rule defaults[] = {
    { .name = "upload_success_rate",
        .title = "Upload success rate",
        .severity = ALERT_WARNING,
        .measure = ALERT_RATIO,
        .part = { METRIC_UPLOADS, 1, UPLOADS_GOOD },
        .whole = ALL(METRIC_UPLOADS),
        .by = -1,
        .window_s = HOUR,
        .raise = 0.95,
        .clear = 0.96,
        .for_s = MINUTE,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 10,
        .repeat_s = 12 * HOUR,
        .group = "uploads",
        .unit = "ratio",
        .plot = "upload_rate",
        .advice = "Look at the refused uploads and their findings: a damaged batch, a wrong "
                  "export, or a type that is not taken in." },
    { .name = "processing_success_rate",
        .title = "Processing success rate",
        .severity = ALERT_WARNING,
        .measure = ALERT_RATIO,
        .part = { METRIC_PROCESSED, 1, WORD(PROCESS_READY) },
        .whole = { METRIC_PROCESSED, 1, PROCESS_COUNTED },
        .by = -1,
        .window_s = HOUR,
        .raise = 0.90,
        .clear = 0.92,
        .for_s = MINUTE,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 10,
        .repeat_s = 12 * HOUR,
        .group = "processing",
        .inhibited_by = "success_burn_fast",
        .unit = "ratio",
        .plot = "processing",
        .advice = "See which documents failed (larder list --status failed) and why." },
    { .name = "processing_time",
        .title = "Average processing time",
        .severity = ALERT_WARNING,
        .measure = ALERT_AVERAGE,
        .part = ALL(METRIC_PROCESSING_SECONDS),
        .by = -1,
        .window_s = HOUR,
        .above = true,
        .raise = 60,
        .clear = 50,
        .for_s = MINUTE,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 3,
        .repeat_s = 12 * HOUR,
        .group = "processing",
        .unit = "seconds",
        .plot = "latency",
        .advice = "Long recordings and scans take minutes. If documents of pages do too, look at "
                  "processor pressure, and at how many workers jobs.workers allows." },
    { .name = "error_rate",
        .title = "Error rate",
        .severity = ALERT_ERROR,
        .measure = ALERT_RATIO,
        .part = { METRIC_RESPONSES, 0, WORD(4) },
        .whole = ALL(METRIC_RESPONSES),
        .by = -1,
        .window_s = HOUR,
        .above = true,
        .raise = 0.05,
        .clear = 0.04,
        .for_s = MINUTE,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 20,
        .repeat_s = 4 * HOUR,
        .group = "answers",
        .unit = "ratio",
        .plot = "answers",
        .advice = "The server's log names each request that failed, with its id." },
    { .name = "memory_use",
        .title = "Memory use",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_MEMORY_RATIO),
        .by = -1,
        .above = true,
        .raise = 0.85,
        .clear = 0.80,
        .for_s = 30,
        .keep_for_s = 2 * MINUTE,
        .repeat_s = HOUR,
        .group = "resources",
        .unit = "ratio",
        .plot = "resources",
        .advice = "Give the server more memory, or let fewer documents be read at once "
                  "(jobs.workers)." },
    { .name = "active_uploads",
        .title = "Active uploads",
        .severity = ALERT_WARNING,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_UPLOADS_ACTIVE),
        .by = -1,
        .above = true,
        .raise = 50,
        .clear = 45,
        .for_s = 10,
        .keep_for_s = MINUTE,
        .repeat_s = 12 * HOUR,
        .group = "uploads",
        .unit = "",
        .plot = "active_uploads",
        .advice = "Many files come in at once; they are taken in all the same, only slower." },
    { .name = "websocket_connections",
        .title = "WebSocket connections",
        .severity = ALERT_WARNING,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_WEBSOCKETS),
        .by = -1,
        .above = true,
        .raise = 100,
        .clear = 90,
        .for_s = 10,
        .keep_for_s = MINUTE,
        .repeat_s = 12 * HOUR,
        .group = "connections",
        .unit = "",
        .plot = "websockets",
        .advice = "The server holds 10,000. If so many are not expected here, see who opens "
                  "them; else raise the threshold." },
    { .name = "success_burn_fast",
        .title = "Success objective, fast burn",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_BURN,
        .part = { METRIC_PROCESSED, 1, WORD(PROCESS_DEAD) },
        .whole = { METRIC_PROCESSED, 1, PROCESS_COUNTED },
        .by = -1,
        .window_s = HOUR,
        .short_window_s = 5 * MINUTE,
        .objective = 0.995,
        .above = true,
        .raise = 14.4,
        .clear = 10,
        .for_s = 0,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 10,
        .repeat_s = HOUR,
        .group = "processing",
        .unit = "x",
        .plot = "processing",
        .advice = "Documents fail that should not. See larder status for the dead letters, and "
                  "larder doctor for the machine." },
    { .name = "success_burn_slow",
        .title = "Success objective, slow burn",
        .severity = ALERT_ERROR,
        .measure = ALERT_BURN,
        .part = { METRIC_PROCESSED, 1, WORD(PROCESS_DEAD) },
        .whole = { METRIC_PROCESSED, 1, PROCESS_COUNTED },
        .by = -1,
        .window_s = 6 * HOUR,
        .short_window_s = 30 * MINUTE,
        .objective = 0.995,
        .above = true,
        .raise = 6,
        .clear = 4,
        .for_s = 0,
        .keep_for_s = 15 * MINUTE,
        .min_volume = 10,
        .repeat_s = 4 * HOUR,
        .group = "processing",
        .inhibited_by = "success_burn_fast",
        .unit = "x",
        .plot = "processing",
        .advice = "Documents fail that should not. See larder status for the dead letters." },
    { .name = "oldest_job",
        .title = "Oldest job waiting",
        .severity = ALERT_ERROR,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_JOB_OLDEST),
        .by = -1,
        .above = true,
        .raise = 300,
        .clear = 240,
        .for_s = 0,
        .keep_for_s = MINUTE,
        .repeat_s = 4 * HOUR,
        .group = "processing",
        .unit = "seconds",
        .plot = "queue",
        .advice = "More documents came than are read. If it does not shrink, see whether workers "
                  "are busy and with what." },
    { .name = "disk_full_soon",
        .title = "Disk full within a day",
        .severity = ALERT_WARNING,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_DISK_FULL),
        .by = -1,
        .raise = 24 * HOUR,
        .clear = 30 * HOUR,
        .for_s = 10 * MINUTE,
        .keep_for_s = 10 * MINUTE,
        .repeat_s = 12 * HOUR,
        .group = "storage",
        .inhibited_by = "disk_full_now",
        .unit = "seconds",
        .plot = "disk",
        .advice = "Make room on the data folder's disk, or move the folder to a larger one." },
    { .name = "disk_full_now",
        .title = "Disk full within four hours",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_DISK_FULL),
        .by = -1,
        .raise = 4 * HOUR,
        .clear = 6 * HOUR,
        .for_s = 5 * MINUTE,
        .keep_for_s = 10 * MINUTE,
        .repeat_s = HOUR,
        .group = "storage",
        .unit = "seconds",
        .plot = "disk",
        .advice = "Make room on the data folder's disk now; uploads stop when it is full." },
    { .name = "type_success_rate",
        .title = "Success rate of a file type",
        .severity = ALERT_WARNING,
        .measure = ALERT_RATIO,
        .part = { METRIC_PROCESSED, 1, WORD(PROCESS_READY) },
        .whole = { METRIC_PROCESSED, 1, PROCESS_COUNTED },
        .by = 0,
        .window_s = HOUR,
        .raise = 0.90,
        .clear = 0.92,
        .for_s = MINUTE,
        .keep_for_s = 5 * MINUTE,
        .min_volume = 10,
        .repeat_s = 12 * HOUR,
        .group = "processing",
        .unit = "ratio",
        .plot = "types",
        .advice = "Documents of this type fail more often than others; see their findings." },
    { .name = "sandbox_kill",
        .title = "A reader was killed by its sandbox",
        .severity = ALERT_ERROR,
        .measure = ALERT_INCREASE,
        .part = { METRIC_READER_ENDS, 0, WORD(7) },
        .by = -1,
        .window_s = 15 * MINUTE,
        .above = true,
        .raise = 0,
        .clear = 0,
        .repeat_s = 12 * HOUR,
        .group = "safety",
        .unit = "",
        .plot = "readers",
        .advice = "A document tried what no document needs. Keep it apart, and tell who makes "
                  "Larder." },
    { .name = "integrity",
        .title = "What is kept is damaged",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_INTEGRITY),
        .by = 0,
        .above = true,
        .raise = 0,
        .clear = 0,
        .repeat_s = HOUR,
        .group = "storage",
        .unit = "",
        .plot = "storage",
        .advice = "Stop the server, check the disk, and restore the last backup if the database "
                  "or the audit log is damaged." },
    { .name = "canary",
        .title = "The canary document failed",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_CANARY_FAILURES),
        .by = -1,
        .above = true,
        .raise = 1,
        .clear = 0,
        .repeat_s = HOUR,
        .group = "processing",
        .unit = "",
        .plot = "canary",
        .advice = "A tiny document was not taken in, found and removed, twice in a row: people's "
                  "uploads fail too. See larder doctor and the server's log." },
    { .name = "certificate_expires_soon",
        .title = "The TLS certificate expires within two weeks",
        .severity = ALERT_WARNING,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_TLS_EXPIRY),
        .by = -1,
        .raise = 14 * DAY,
        .clear = 15 * DAY,
        .for_s = MINUTE,
        .keep_for_s = 0,
        .repeat_s = DAY,
        .group = "safety",
        .inhibited_by = "certificate_expires_now",
        .unit = "seconds",
        .plot = "certificate",
        .advice = "Put a new certificate and its key in the place of the old ones; they are taken "
                  "up without a restart." },
    { .name = "certificate_expires_now",
        .title = "The TLS certificate expires within two days, or has",
        .severity = ALERT_CRITICAL,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_TLS_EXPIRY),
        .by = -1,
        .raise = 2 * DAY,
        .clear = 3 * DAY,
        .for_s = MINUTE,
        .keep_for_s = 0,
        .repeat_s = 4 * HOUR,
        .group = "safety",
        .unit = "seconds",
        .plot = "certificate",
        .advice = "Put a new certificate and its key in the place of the old ones now; when it "
                  "has expired, browsers and programs refuse it." },
    { .name = "certificate_stale",
        .title = "A new TLS certificate can't be used",
        .severity = ALERT_ERROR,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_TLS_STALE),
        .by = -1,
        .above = true,
        .raise = 0,
        .clear = 0,
        .for_s = MINUTE,
        .repeat_s = 12 * HOUR,
        .group = "safety",
        .unit = "",
        .plot = "certificate",
        .advice = "The certificate before it stays in use. See /health or larder doctor for what "
                  "is wrong with the files." },
    { .name = "scanner_down",
        .title = "The virus scanner does not answer",
        .severity = ALERT_ERROR,
        .measure = ALERT_VALUE,
        .part = ALL(METRIC_SCANNER),
        .by = -1,
        .raise = 1,
        .clear = 1,
        .for_s = MINUTE,
        .keep_for_s = 0,
        .repeat_s = 4 * HOUR,
        .group = "safety",
        .unit = "",
        .plot = "scanner",
        .advice = "Uploads are held in quarantine until it answers; start clamd, or see "
                  "clamd.address." },
};

static const char *const severities[] = { "warning", "error", "critical" };
static const char *const measures[] = { "value", "increase", "ratio", "average", "burn" };
static const char *const states[] = { "unknown", "ok", "pending", "firing" };
static const char *const events[] = { "raised", "cleared", "lost", "repeated" };

const char *alert_severity_word(enum alert_severity s)
{
    return severities[s];
}

const char *alert_measure_word(enum alert_measure m)
{
    return measures[m];
}

const char *alert_state_word(enum alert_state s)
{
    return states[s];
}

const char *alert_event_word(enum alert_event e)
{
    return events[e];
}

void alert_rules_default(struct alert_rules *r)
{
    _Static_assert(ARRAY_LEN(defaults) < ALERT_RULES_MAX / 2, "room for rules of a file");
    r->count = 0;
    r->arena = NULL;
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
        struct alert_rule *one = &r->rules[r->count++];
        *one = defaults[i];
        one->inhibited_by = one->inhibited_by ? one->inhibited_by : "";
        one->enabled = true;
    }
}

const struct alert_rule *alert_rule_find(const struct alert_rules *r, struct slice name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (slice_is(name, r->rules[i].name)) {
            return &r->rules[i];
        }
    }
    return NULL;
}

static bool has_window(const struct alert_rule *r)
{
    return r->measure != ALERT_VALUE;
}

static bool has_whole(const struct alert_rule *r)
{
    return r->measure == ALERT_RATIO || r->measure == ALERT_BURN;
}

bool alert_rule_never_fires(const struct alert_rule *r, char ret_why[160])
{
    double most = r->measure == ALERT_BURN ? 1 / (1 - r->objective)
                  : r->measure == ALERT_RATIO || strcmp(r->unit, "ratio") == 0 ? 1
                                                                               : INFINITY;

    if (r->above && r->raise >= most) {
        snprintf(ret_why, 160, "it can be %.4g at most, which is not over %.4g", most, r->raise);
        return true;
    }
    if (!r->above && r->raise <= 0) {
        snprintf(ret_why, 160, "it is never under %.4g", r->raise);
        return true;
    }
    if (has_whole(r) && r->whole.label >= 0 && r->part.metric == r->whole.metric &&
        (r->part.words & ~r->whole.words)) {
        snprintf(ret_why, 160, "its part is not a part of its whole");
        return true;
    }
    return false;
}

static void selection_json(struct json_out *j, const char *key, const struct selection *s)
{
    const struct metric_info *info = metric_info(s->metric);

    json_key_object(j, key);
    json_key_text(j, "metric", info->name);
    if (s->label >= 0) {
        json_key_text(j, "label", label_name(info->label[s->label]));
        json_key_array(j, "values");
        for (size_t i = 0; i < label_count(info->label[s->label]) && i < 64; i++) {
            if (s->words & WORD(i)) {
                json_text(j, label_word(info->label[s->label], i));
            }
        }
        json_end(j);
    }
    json_end(j);
}

void alert_rule_json(struct buf *out, const struct alert_rule *r)
{
    struct json_out j;

    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "name", r->name);
    json_key_text(&j, "title", r->title);
    json_key_text(&j, "severity", alert_severity_word(r->severity));
    json_key_bool(&j, "enabled", r->enabled);
    json_key_text(&j, "measure", alert_measure_word(r->measure));
    selection_json(&j, "part", &r->part);
    if (has_whole(r)) {
        selection_json(&j, "whole", &r->whole);
    }
    if (r->by >= 0) {
        json_key_text(&j, "by", label_name(metric_info(r->part.metric)->label[r->by]));
    }
    if (has_window(r)) {
        json_key_int(&j, "window_seconds", r->window_s);
    }
    if (r->measure == ALERT_BURN) {
        json_key_int(&j, "short_window_seconds", r->short_window_s);
        json_key_double(&j, "objective", r->objective);
    }
    json_key_text(&j, "direction", r->above ? "above" : "below");
    json_key_double(&j, "raise", r->raise);
    json_key_double(&j, "clear", r->clear);
    json_key_int(&j, "for_seconds", r->for_s);
    json_key_int(&j, "keep_for_seconds", r->keep_for_s);
    json_key_int(&j, "min_volume", r->min_volume);
    json_key_int(&j, "repeat_seconds", r->repeat_s);
    json_key_text(&j, "group", r->group);
    json_key_text(&j, "inhibited_by", r->inhibited_by);
    json_key_text(&j, "unit", r->unit);
    json_key_text(&j, "plot", r->plot);
    json_key_text(&j, "advice", r->advice);
    json_end(&j);
    json_finish(&j, NULL);
}

static void add_duration(struct buf *out, int64_t s)
{
    if (s && s % HOUR == 0) {
        buf_addf(out, "%lld h", (long long)(s / HOUR));
    } else if (s && s % MINUTE == 0) {
        buf_addf(out, "%lld min", (long long)(s / MINUTE));
    } else {
        buf_addf(out, "%lld s", (long long)s);
    }
}

static void add_selection(struct buf *out, const struct selection *s)
{
    const struct metric_info *info = metric_info(s->metric);
    const char *before = "";

    buf_addf(out, "`%s", info->name);
    if (s->label >= 0) {
        buf_addf(out, "{%s=", label_name(info->label[s->label]));
        for (size_t i = 0; i < label_count(info->label[s->label]) && i < 64; i++) {
            if (s->words & WORD(i)) {
                buf_addf(out, "%s%s", before, label_word(info->label[s->label], i));
                before = ",";
            }
        }
        buf_add_str(out, "}");
    }
    buf_add_char(out, '`');
}

void alert_rules_describe(struct buf *out)
{
    struct alert_rules r;

    alert_rules_default(&r);
    buf_add_str(out, "| rule | severity | measured | raised | cleared | for | kept for | at least "
                     "|\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < r.count; i++) {
        const struct alert_rule *one = &r.rules[i];
        buf_addf(out, "| `%s` %s | %s | %s of ", one->name, one->title,
            alert_severity_word(one->severity), alert_measure_word(one->measure));
        add_selection(out, &one->part);
        if (has_whole(one)) {
            buf_add_str(out, " over ");
            add_selection(out, &one->whole);
        }
        if (has_window(one)) {
            buf_add_str(out, ", ");
            add_duration(out, one->window_s);
        }
        if (one->measure == ALERT_BURN) {
            buf_add_str(out, " and ");
            add_duration(out, one->short_window_s);
            buf_addf(out, ", objective %.4g %%", one->objective * 100);
        }
        if (one->by >= 0) {
            buf_addf(out, ", by %s", label_name(metric_info(one->part.metric)->label[one->by]));
        }
        buf_addf(out, " | %s %.6g | %s %.6g | ", one->above ? "over" : "under", one->raise,
            one->above ? "at most" : "at least", one->clear);
        add_duration(out, one->for_s);
        buf_add_str(out, " | ");
        add_duration(out, one->keep_for_s);
        buf_addf(out, " | %lld |\n", (long long)one->min_volume);
    }
}
