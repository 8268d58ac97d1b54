// SPDX-License-Identifier: AGPL-3.0-or-later
// The default rules in the language of Prometheus, for those who watch with it anyway: docs/prometheus-rules.yml. Pure.
// A rule's threshold for clearing has no counterpart there; keep_firing_for keeps an alert from flapping.
#include "watch/alert.h"

#include <stdio.h>

enum { MINUTE = 60, HOUR = 3600, SELECTOR_MAX = 1024 };

static void add_time(struct buf *out, int64_t s)
{
    const char *unit = s % HOUR == 0 ? "h" : s % MINUTE == 0 ? "m" : "s";

    buf_addf(out, "%lld%s",
        (long long)(s % HOUR == 0     ? s / HOUR
                    : s % MINUTE == 0 ? s / MINUTE
                                      : s),
        unit);
}

// larder_uploads_total{outcome=~"accepted|warned"}; suffix is _sum or _count of a histogram, or "".
static void add_selector(struct buf *out, const struct selection *s, const char *suffix)
{
    const struct metric_info *info = metric_info(s->metric);
    const char *before = "";

    buf_addf(out, "%s%s", info->name, suffix);
    if (s->label < 0) {
        return;
    }
    buf_addf(out, "{%s=~\"", label_name(info->label[s->label]));
    for (size_t i = 0; i < label_count(info->label[s->label]) && i < 64; i++) {
        if (s->words & (uint64_t)1 << i) {
            buf_addf(out, "%s%s", before, label_word(info->label[s->label], i));
            before = "|";
        }
    }
    buf_add_str(out, "\"}");
}

static void add_increase(struct buf *out, const struct alert_rule *r, const struct selection *s,
    const char *suffix, int64_t window_s)
{
    buf_add_str(out, "sum");
    if (r->by >= 0) {
        buf_addf(out, " by (%s) ", label_name(metric_info(s->metric)->label[r->by]));
    }
    buf_add_str(out, "(increase(");
    add_selector(out, s, suffix);
    buf_add_char(out, '[');
    add_time(out, window_s);
    buf_add_str(out, "]))");
}

// part over whole in one window, compared; over 1 − objective for burn rates.
static void add_share(struct buf *out, const struct alert_rule *r, int64_t window_s)
{
    buf_add_char(out, '(');
    add_increase(out, r, &r->part, r->measure == ALERT_AVERAGE ? "_sum" : "", window_s);
    buf_add_str(out, " / ");
    add_increase(out, r, r->measure == ALERT_AVERAGE ? &r->part : &r->whole,
        r->measure == ALERT_AVERAGE ? "_count" : "", window_s);
    if (r->measure == ALERT_BURN) {
        buf_addf(out, " / %.6g", 1 - r->objective);
    }
    buf_addf(out, ") %s %.10g", r->above ? ">" : "<", r->raise);
}

static void add_expression(struct buf *out, const struct alert_rule *r)
{
    switch (r->measure) {
    case ALERT_VALUE:
        if (r->by < 0) {
            buf_add_str(out, r->above ? "max(" : "min(");
        }
        add_selector(out, &r->part, "");
        buf_addf(out, "%s %s %.10g", r->by < 0 ? ")" : "", r->above ? ">" : "<", r->raise);
        return;
    case ALERT_INCREASE:
        add_increase(out, r, &r->part, "", r->window_s);
        buf_addf(out, " > %.10g", r->raise);
        return;
    default:
        add_share(out, r, r->window_s);
        if (r->measure == ALERT_BURN) {
            buf_add_str(out, " and ");
            add_share(out, r, r->short_window_s);
        }
        buf_add_str(out, " and ");
        add_increase(out, r, r->measure == ALERT_AVERAGE ? &r->part : &r->whole,
            r->measure == ALERT_AVERAGE ? "_count" : "", r->window_s);
        buf_addf(out, " >= %lld", (long long)r->min_volume);
        return;
    }
}

// In single quotes, in which YAML knows no escapes but the doubled quote.
static void add_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text; text++) {
        buf_addf(out, *text == '\'' ? "''" : "%c", *text);
    }
    buf_add_str(out, "'\n");
}

void alert_rules_prometheus(struct buf *out)
{
    struct alert_rules r;

    alert_rules_default(&r);
    buf_add_str(out, "groups:\n  - name: larder\n    rules:\n");
    for (size_t i = 0; i < r.count; i++) {
        const struct alert_rule *one = &r.rules[i];
        AUTO_BUF expression = BUF_INIT(4 * SELECTOR_MAX);
        add_expression(&expression, one);
        buf_addf(out, "      - alert: %s\n        expr: ", one->name);
        add_quoted(out, expression.data);
        buf_add_str(out, "        for: ");
        add_time(out, one->for_s);
        if (one->keep_for_s) {
            buf_add_str(out, "\n        keep_firing_for: ");
            add_time(out, one->keep_for_s);
        }
        buf_addf(out,
            "\n        labels:\n          severity: %s\n        annotations:\n          summary: ",
            alert_severity_word(one->severity));
        add_quoted(out, one->title);
        buf_add_str(out, "          description: ");
        add_quoted(out, one->advice);
    }
}
