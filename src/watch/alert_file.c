// SPDX-License-Identifier: AGPL-3.0-or-later
// Rules from a file: {"rules":[{"name":"upload_success_rate","raise":0.9}, …]}. A rule with the name of one that is there
// changes the fields that it names; another name adds a rule, which then needs measure, part, direction, raise and severity.
// The shape is the one that GET /v1/alerts/rules shows. Nothing is taken over when anything in it is wrong.
#include "base/arena.h"
#include "watch/alert.h"
#include "wire/json.h"

#include <stdio.h>

enum { TEXT_MAX = 400, SECONDS_MOST = 30 * 86400 };

static const char *const fields[] = { "name", "title", "severity", "enabled", "measure", "part",
    "whole", "by", "window_seconds", "short_window_seconds", "objective", "direction", "raise",
    "clear", "for_seconds", "keep_for_seconds", "min_volume", "repeat_seconds", "group",
    "inhibited_by", "unit", "plot", "advice", NULL };

static int find_metric(struct slice name, enum metric *ret, struct error *err)
{
    for (int m = 0; m < METRICS; m++) {
        if (slice_is(name, metric_info((enum metric)m)->name)) {
            *ret = (enum metric)m;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "There is no metric " SLICE_FMT "; see docs/metrics.md.",
        (int)(name.len > 80 ? 80 : name.len), name.data);
}

static int find_label(enum metric m, struct slice name, int *ret, struct error *err)
{
    const struct metric_info *info = metric_info(m);

    for (int i = 0; i < METRIC_LABELS_MAX; i++) {
        if (info->label[i] && slice_is(name, label_name(info->label[i]))) {
            *ret = i;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "%s has no such label.", info->name);
}

static int read_words(const json_t *object, struct selection *s, struct error *err)
{
    enum label_set set = metric_info(s->metric)->label[s->label];
    const json_t *list = NULL;
    int rc = json_in_array(object, "values", JSON_REQUIRED, 64, &list, err);

    s->words = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        unsigned at = word ? label_find(set, slice_of(word)) : 64;
        if (at >= 64 || strcmp(label_word(set, at), word) != 0) {
            return error_set(
                err, ERR_INVALID, "%s can't be \"%.40s\".", label_name(set), word ? word : "");
        }
        s->words |= (uint64_t)1 << at;
    }
    return rc;
}

static int read_selection(
    const json_t *rule, const char *field, struct selection *s, struct error *err)
{
    static const char *const known[] = { "metric", "label", "values", NULL };
    const json_t *object = NULL;
    struct slice name = { 0 }, label = { 0 };
    int rc = json_in_object(rule, field, JSON_OPTIONAL, &object, err);

    if (rc < 0 || !object) {
        return rc;
    }
    rc = json_in_only(object, known, err);
    rc = rc < 0 ? rc : json_in_string(object, "metric", JSON_REQUIRED, TEXT_MAX, &name, err);
    rc = rc < 0 ? rc : json_in_string(object, "label", JSON_OPTIONAL, TEXT_MAX, &label, err);
    rc = rc < 0 ? rc : find_metric(name, &s->metric, err);
    s->label = -1;
    if (rc == 0 && label.len) {
        rc = find_label(s->metric, label, &s->label, err);
        rc = rc < 0 ? rc : read_words(object, s, err);
    }
    return rc;
}

static int read_text(
    const json_t *rule, const char *field, struct arena *a, const char **text, struct error *err)
{
    struct slice s = { 0 };
    int rc = json_in_string(rule, field, JSON_OPTIONAL, TEXT_MAX, &s, err);

    if (rc == 0 && s.data) {
        *text = arena_strndup(a, s.data, s.len);
        rc = *text ? 0 : error_set(err, ERR_LIMIT, "The rules are too long.");
    }
    return rc;
}

static int read_choice(const json_t *rule, const char *field, const char *const *words, int count,
    int *ret, struct error *err)
{
    struct slice s = { 0 };
    int rc = json_in_string(rule, field, JSON_OPTIONAL, TEXT_MAX, &s, err);

    if (rc < 0 || !s.data) {
        return rc;
    }
    for (int i = 0; i < count; i++) {
        if (slice_is(s, words[i])) {
            *ret = i;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "%s can't be \"" SLICE_FMT "\".", field,
        (int)(s.len > 40 ? 40 : s.len), s.data);
}

static int read_numbers(const json_t *rule, struct alert_rule *r, struct error *err)
{
    int rc = json_in_int(
        rule, "window_seconds", JSON_OPTIONAL, 10, ALERT_WINDOW_MAX_S, &r->window_s, err);

    rc = rc < 0 ? rc
                : json_in_int(rule, "short_window_seconds", JSON_OPTIONAL, 10, ALERT_WINDOW_MAX_S,
                      &r->short_window_s, err);
    rc = rc < 0
             ? rc
             : json_in_double(rule, "objective", JSON_OPTIONAL, 0.5, 0.999999, &r->objective, err);
    rc = rc < 0 ? rc : json_in_double(rule, "raise", JSON_OPTIONAL, -1e15, 1e15, &r->raise, err);
    rc = rc < 0 ? rc
                : json_in_int(rule, "for_seconds", JSON_OPTIONAL, 0, SECONDS_MOST, &r->for_s, err);
    rc = rc < 0 ? rc
                : json_in_int(rule, "keep_for_seconds", JSON_OPTIONAL, 0, SECONDS_MOST,
                      &r->keep_for_s, err);
    rc = rc < 0 ? rc
                : json_in_int(rule, "min_volume", JSON_OPTIONAL, 0, 1000000, &r->min_volume, err);
    return rc < 0 ? rc
                  : json_in_int(
                        rule, "repeat_seconds", JSON_OPTIONAL, 60, SECONDS_MOST, &r->repeat_s, err);
}

// A threshold that is moved alone takes its clear threshold along, so that the two never cross.
static int read_clear(
    const json_t *rule, struct alert_rule *r, double raise_before, struct error *err)
{
    if (r->raise != raise_before) {
        r->clear += r->raise - raise_before;
    }
    int rc = json_in_double(rule, "clear", JSON_OPTIONAL, -1e15, 1e15, &r->clear, err);
    if (rc == 0 && (r->above ? r->clear > r->raise : r->clear < r->raise)) {
        rc = error_set(err, ERR_INVALID,
            "clear must lie on the good side of raise, or it would be raised and cleared at once.");
    }
    return rc;
}

static int read_words_of_rule(
    const json_t *rule, struct alert_rule *r, struct arena *a, struct error *err)
{
    static const char *const severities[] = { "warning", "error", "critical" };
    static const char *const measures[] = { "value", "increase", "ratio", "average", "burn" };
    static const char *const directions[] = { "below", "above" };
    int severity = r->severity, measure = r->measure, above = r->above;
    int rc = read_choice(rule, "severity", severities, 3, &severity, err);

    rc = rc < 0 ? rc : read_choice(rule, "measure", measures, ALERT_MEASURES, &measure, err);
    rc = rc < 0 ? rc : read_choice(rule, "direction", directions, 2, &above, err);
    rc = rc < 0 ? rc : json_in_bool(rule, "enabled", JSON_OPTIONAL, &r->enabled, err);
    rc = rc < 0 ? rc : read_text(rule, "title", a, &r->title, err);
    rc = rc < 0 ? rc : read_text(rule, "group", a, &r->group, err);
    rc = rc < 0 ? rc : read_text(rule, "inhibited_by", a, &r->inhibited_by, err);
    rc = rc < 0 ? rc : read_text(rule, "unit", a, &r->unit, err);
    rc = rc < 0 ? rc : read_text(rule, "plot", a, &r->plot, err);
    rc = rc < 0 ? rc : read_text(rule, "advice", a, &r->advice, err);
    r->severity = (enum alert_severity)severity;
    r->measure = (enum alert_measure)measure;
    r->above = above != 0;
    return rc;
}

static int read_by(const json_t *rule, struct alert_rule *r, struct error *err)
{
    struct slice by = { 0 };
    int rc = json_in_string(rule, "by", JSON_OPTIONAL, TEXT_MAX, &by, err);

    if (rc == 0 && by.data) {
        r->by = -1;
        rc = by.len ? find_label(r->part.metric, by, &r->by, err) : 0;
    }
    return rc;
}

static int fits_measure(const struct alert_rule *r, struct error *err)
{
    enum metric_kind kind = metric_info(r->part.metric)->kind;
    bool good = r->measure == ALERT_VALUE     ? kind == METRIC_GAUGE
                : r->measure == ALERT_AVERAGE ? kind == METRIC_HISTOGRAM
                                              : kind == METRIC_COUNTER;

    if (r->measure == ALERT_RATIO || r->measure == ALERT_BURN) {
        good = good && metric_info(r->whole.metric)->kind == METRIC_COUNTER;
    }
    if (!good) {
        return error_set(err, ERR_INVALID,
            "measure %s can't be taken of this kind of metric (value: a gauge; average: a "
            "histogram; others: counters).",
            alert_measure_word(r->measure));
    }
    if (r->measure != ALERT_VALUE && r->window_s <= 0) {
        return error_set(err, ERR_INVALID, "window_seconds is missing.");
    }
    if (r->measure == ALERT_BURN && (r->short_window_s <= 0 || r->objective <= 0)) {
        return error_set(err, ERR_INVALID, "short_window_seconds or objective is missing.");
    }
    return 0;
}

static int begin_rule(struct alert_rules *r, const json_t *rule, struct slice name,
    struct alert_rule **ret, struct error *err)
{
    static const char *const needed[] = { "measure", "part", "direction", "raise", "severity" };
    struct alert_rule *one = (struct alert_rule *)alert_rule_find(r, name);

    if (one) {
        *ret = one;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (!json_object_get(rule, needed[i])) {
            return error_set(err, ERR_INVALID, "A new rule needs %s.", needed[i]);
        }
    }
    if (r->count == ALERT_RULES_MAX) {
        return error_set(err, ERR_LIMIT, "There can be at most %d rules.", ALERT_RULES_MAX);
    }
    one = &r->rules[r->count++];
    *one = (struct alert_rule){ .title = "",
        .group = "other",
        .inhibited_by = "",
        .unit = "",
        .plot = "",
        .advice = "",
        .by = -1,
        .repeat_s = 43200,
        .enabled = true };
    snprintf(one->name, sizeof(one->name), SLICE_FMT, SLICE_ARG(name));
    *ret = one;
    return 0;
}

static int read_rule(struct alert_rules *r, const json_t *rule, struct arena *a, struct error *err)
{
    struct slice name = { 0 };
    struct alert_rule *one = NULL;
    char why[160];
    int rc = json_is_object(rule) ? json_in_only(rule, fields, err)
                                  : error_set(err, ERR_INVALID, "It is not an object.");

    rc = rc < 0 ? rc : json_in_string(rule, "name", JSON_REQUIRED, ALERT_NAME_MAX - 1, &name, err);
    for (size_t i = 0; rc == 0 && i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            rc = error_set(err, ERR_INVALID, "name can have a to z, 0 to 9 and _.");
        }
    }
    rc = rc < 0 ? rc : name.len ? 0 : error_set(err, ERR_INVALID, "name is empty.");
    rc = rc < 0 ? rc : begin_rule(r, rule, name, &one, err);
    if (rc < 0) {
        return name.len ? error_prefix(err, rc, "Rule " SLICE_FMT, SLICE_ARG(name)) : rc;
    }
    double raise_before = one->raise;
    rc = read_words_of_rule(rule, one, a, err);
    rc = rc < 0 ? rc : read_selection(rule, "part", &one->part, err);
    rc = rc < 0 ? rc : read_selection(rule, "whole", &one->whole, err);
    rc = rc < 0 ? rc : read_by(rule, one, err);
    rc = rc < 0 ? rc : read_numbers(rule, one, err);
    rc = rc < 0 ? rc : read_clear(rule, one, raise_before, err);
    rc = rc < 0 ? rc : fits_measure(one, err);
    if (rc == 0 && one->enabled && alert_rule_never_fires(one, why)) {
        rc = error_set(err, ERR_INVALID, "It could never be raised: %s.", why);
    }
    if (rc == 0 && !one->title[0]) {
        one->title = arena_strdup(a, one->name);
        rc = one->title ? 0 : error_set(err, ERR_LIMIT, "The rules are too long.");
    }
    return rc < 0 ? error_prefix(err, rc, "Rule " SLICE_FMT, SLICE_ARG(name)) : 0;
}

int alert_rules_parse(
    struct alert_rules *r, struct slice json, struct arena *arena, struct error *err)
{
    static const char *const known[] = { "rules", NULL };
    const json_t *list = NULL;
    AUTO_JSON *file = json_in_parse_object(json, err);
    AUTO_FREE struct alert_rules *fresh = xalloc(sizeof(*fresh));

    if (!file) {
        return ERR_INVALID;
    }
    alert_rules_default(fresh);
    fresh->arena = arena;
    int rc = json_in_only(file, known, err);
    rc = rc < 0 ? rc : json_in_array(file, "rules", JSON_REQUIRED, ALERT_RULES_MAX, &list, err);
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        rc = read_rule(fresh, json_array_get(list, i), arena, err);
    }
    if (rc == 0) {
        *r = *fresh;
    }
    return rc;
}
