// SPDX-License-Identifier: AGPL-3.0-or-later
// All metrics as text. Two formats that differ in little: OpenMetrics names a counter's family without _total, has UNIT lines
// and ends in # EOF. Series without a value are left out, so neither format ever holds a NaN of ours.
#include "watch/metric.h"

#include <math.h>
#include <stdio.h>

static void add_number(struct buf *out, double value)
{
    char text[40];

    snprintf(text, sizeof(text), "%.15g", value);
    for (char *c = text; *c; c++) { // the C locale's point, whatever the locale
        *c = *c == ',' ? '.' : *c;
    }
    buf_add_str(out, text);
}

static void add_labels(
    struct buf *out, const struct metric_info *info, size_t a, size_t b, const char *bound)
{
    size_t at[METRIC_LABELS_MAX] = { a, b };
    const char *before = "{";

    for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
        if (info->label[i]) { // our own words: nothing to escape
            buf_addf(out, "%s%s=\"%s\"", before, label_name(info->label[i]),
                label_word(info->label[i], at[i]));
            before = ",";
        }
    }
    if (bound) {
        buf_addf(out, "%sle=\"%s\"", before, bound);
        before = ",";
    }
    if (before[0] == ',') {
        buf_add_char(out, '}');
    }
}

static void add_histogram(struct buf *out, const struct metric_info *info, size_t a, bool open)
{
    int64_t counts[METRIC_BUCKETS_MAX + 1], sum = 0;
    size_t n = metric_buckets(info->id, (unsigned)a, counts);
    char bound[32];

    for (size_t i = 0; i < n; i++) {
        sum += counts[i];
        if (i + 1 < n) {
            snprintf(bound, sizeof(bound), "%.15g", info->buckets[i]);
            if (open && !strchr(bound, '.')) { // OpenMetrics wants floats as such
                strcat(bound, ".0");
            }
        } else {
            snprintf(bound, sizeof(bound), "+Inf");
        }
        buf_addf(out, "%s_bucket", info->name);
        add_labels(out, info, a, 0, bound);
        buf_addf(out, " %lld\n", (long long)sum);
    }
    buf_addf(out, "%s_sum", info->name);
    add_labels(out, info, a, 0, NULL);
    buf_add_char(out, ' ');
    add_number(out, metric_value(info->id, (unsigned)a, 0));
    buf_addf(out, "\n%s_count", info->name);
    add_labels(out, info, a, 0, NULL);
    buf_addf(out, " %lld\n", (long long)sum);
}

static void add_metric(struct buf *out, const struct metric_info *info, bool open)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    size_t start = out->len, rows = 0, name_len = strlen(info->name);

    // OpenMetrics: the family of a counter is named without _total.
    if (open && info->kind == METRIC_COUNTER) {
        name_len -= strlen("_total");
    }
    buf_addf(out, "# HELP %.*s %s.\n# TYPE %.*s %s\n", (int)name_len, info->name, info->help,
        (int)name_len, info->name, kinds[info->kind]);
    if (open && info->unit[0]) {
        buf_addf(out, "# UNIT %.*s %s\n", (int)name_len, info->name, info->unit);
    }
    for (size_t a = 0; a < label_count(info->label[0]); a++) {
        for (size_t b = 0; b < label_count(info->label[1]); b++) {
            if (!metric_shown(info, (unsigned)a, (unsigned)b)) {
                continue;
            }
            rows++;
            if (info->kind == METRIC_HISTOGRAM) {
                add_histogram(out, info, a, open);
                continue;
            }
            buf_add_str(out, info->name);
            add_labels(out, info, a, b, NULL);
            buf_add_char(out, ' ');
            add_number(out, metric_value(info->id, (unsigned)a, (unsigned)b));
            buf_add_char(out, '\n');
        }
    }
    if (rows == 0) {
        out->len = start; // a family without series says nothing
        if (out->data) {
            out->data[start] = '\0';
        }
    }
}

void metrics_expose(struct buf *out, bool openmetrics)
{
    for (int m = 0; m < METRICS; m++) {
        add_metric(out, metric_info((enum metric)m), openmetrics);
    }
    if (openmetrics) {
        buf_add_str(out, "# EOF\n");
    }
}

bool metrics_wants_open(struct slice accept)
{
    return slice_find(accept, SLICE_LIT("application/openmetrics-text")) != NULL;
}

void metrics_describe(struct buf *out)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };

    buf_add_str(out, "| metric | kind | unit | labels | meaning |\n| --- | --- | --- | --- | --- "
                     "|\n");
    for (int m = 0; m < METRICS; m++) {
        const struct metric_info *info = metric_info((enum metric)m);
        buf_addf(out, "| `%s` | %s | %s | ", info->name, kinds[info->kind], info->unit);
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
            enum label_set set = info->label[i];
            if (!set) {
                continue;
            }
            buf_addf(out, "%s`%s`: ", i ? "; " : "", label_name(set));
            if (set == LABEL_TYPE) {
                buf_add_str(out, "as in formats.md, or other");
            } else if (set == LABEL_FINDING) {
                buf_add_str(out, "as in findings.md");
            } else if (set == LABEL_VERSION) {
                buf_add_str(out, "the version");
            } else {
                for (size_t k = 0; k < label_count(set); k++) {
                    buf_addf(out, "%s%s", k ? " " : "", label_word(set, k));
                }
            }
        }
        buf_addf(out, " | %s%s |\n", info->help, info->momentary ? " (no history)" : "");
    }
}
