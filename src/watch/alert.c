// SPDX-License-Identifier: AGPL-3.0-or-later
// The machine of alert.h. Nothing here reads a clock, counts, or sends.
#include "watch/alert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double measure_ratio(const struct alert_rule *r, int by, const struct alert_source *src,
    int64_t window_s, double *ret_whole)
{
    double whole = src->increase(src->ctx, &r->whole, r->by, by, window_s, false);
    double part = src->increase(src->ctx, &r->part, r->by, by, window_s, false);

    *ret_whole = isnan(whole) ? 0 : whole;
    return *ret_whole > 0 ? (isnan(part) ? 0 : part) / *ret_whole : NAN;
}

static double measure_burn(
    const struct alert_rule *r, int by, const struct alert_source *src, double *ret_volume)
{
    double in_short = 0;
    double slow = measure_ratio(r, by, src, r->window_s, ret_volume);
    double fast = measure_ratio(r, by, src, r->short_window_s, &in_short);

    fast = isnan(fast) ? 0 : fast; // nothing came lately, so nothing burns now
    return fmin(slow, fast) / (1 - r->objective) + 0 * slow; // NaN if the long window has none
}

double alert_measure(
    const struct alert_rule *r, int by, const struct alert_source *src, double *ret_volume)
{
    double value = NAN, volume = 0;

    switch (r->measure) {
    case ALERT_VALUE:
        value = src->value(src->ctx, &r->part, r->by, by);
        break;
    case ALERT_INCREASE:
        value = src->increase(src->ctx, &r->part, r->by, by, r->window_s, false);
        break;
    case ALERT_RATIO:
        value = measure_ratio(r, by, src, r->window_s, &volume);
        break;
    case ALERT_AVERAGE:
        volume = src->increase(src->ctx, &r->part, r->by, by, r->window_s, false);
        volume = isnan(volume) ? 0 : volume;
        value = volume > 0
                    ? src->increase(src->ctx, &r->part, r->by, by, r->window_s, true) / volume
                    : NAN;
        break;
    case ALERT_BURN:
        value = measure_burn(r, by, src, &volume);
        break;
    case ALERT_MEASURES:
        break;
    }
    *ret_volume = volume;
    return volume < (double)r->min_volume ? NAN : value;
}

const char *alert_by_word(const struct alert_rule *r, int by)
{
    return by < 0 || r->by < 0 ? ""
                               : label_word(metric_info(r->part.metric)->label[r->by], (size_t)by);
}

struct alert *alert_find(struct alerts *a, const char *rule, int by)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->items[i].by == by && strcmp(a->items[i].rule, rule) == 0) {
            return &a->items[i];
        }
    }
    return NULL;
}

static bool rule_fires(const struct alerts *a, const char *rule)
{
    for (size_t i = 0; rule[0] && i < a->count; i++) {
        if (a->items[i].state == ALERT_FIRING && strcmp(a->items[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

const char *alert_held(const struct alerts *a, const struct alert_rules *rules,
    const struct alert *one, int64_t now_ms)
{
    const struct alert_rule *r = alert_rule_find(rules, slice_of(one->rule));

    for (size_t i = 0; i < a->silence_count; i++) {
        const struct silence *s = &a->silences[i];
        bool matches = !s->rule[0] || strcmp(s->rule, one->rule) == 0;
        matches = matches && (!s->by[0] || (r && strcmp(s->by, alert_by_word(r, one->by)) == 0));
        if (matches && now_ms >= s->from_ms && now_ms < s->until_ms) {
            return s->maintenance ? "maintenance" : "silenced";
        }
    }
    if (r && rule_fires(a, r->inhibited_by)) {
        return "inhibited";
    }
    return one->acknowledged_ms ? "acknowledged" : NULL;
}

static void move(struct alerts *a, struct alert *one, enum alert_state to, int64_t now_ms,
    struct alert_step *ret)
{
    size_t at = (size_t)(one - a->items);

    if (one->state == to) {
        return;
    }
    if (ret->change_count < ALERTS_MAX) {
        ret->changes[ret->change_count++] =
            (struct alert_change){ .alert = at, .from = one->state, .to = to };
    }
    one->state = to;
    one->since_ms = now_ms;
}

static void notice(
    struct alerts *a, struct alert *one, enum alert_event event, struct alert_step *ret)
{
    if (ret->notice_count < ALERTS_MAX) {
        ret->notices[ret->notice_count++] =
            (struct alert_notice){ .alert = (size_t)(one - a->items), .event = event };
    }
}

// The end of a firing, told if its begin was.
static void end_firing(
    struct alerts *a, struct alert *one, enum alert_event event, struct alert_step *ret)
{
    if (one->told_ms) {
        notice(a, one, event, ret);
    }
    one->fired_ms = one->told_ms = one->acknowledged_ms = one->beyond_ms = 0;
}

static void fire(struct alerts *a, struct alert *one, int64_t now_ms, struct alert_step *ret)
{
    move(a, one, ALERT_FIRING, now_ms, ret);
    one->fired_ms = now_ms;
    one->told_ms = one->acknowledged_ms = one->beyond_ms = 0;
}

static void without_value(
    struct alerts *a, struct alert *one, int64_t now_ms, struct alert_step *ret)
{
    if (now_ms - one->seen_ms < (int64_t)ALERT_MISSING_S * 1000 || one->state == ALERT_UNKNOWN) {
        return;
    }
    if (one->state == ALERT_FIRING) {
        end_firing(a, one, ALERT_LOST, ret);
    }
    one->beyond_ms = 0;
    move(a, one, ALERT_UNKNOWN, now_ms, ret);
}

static void with_value(struct alerts *a, struct alert *one, const struct alert_rule *r,
    int64_t now_ms, struct alert_step *ret)
{
    bool raised = r->above ? one->value > r->raise : one->value < r->raise;
    bool cleared = r->above ? one->value <= r->clear : one->value >= r->clear;

    one->seen_ms = now_ms;
    if (one->state == ALERT_FIRING) {
        if (!cleared) {
            one->beyond_ms = 0;
            return;
        }
        one->beyond_ms = one->beyond_ms ? one->beyond_ms : now_ms;
        if (now_ms - one->beyond_ms >= r->keep_for_s * 1000) {
            end_firing(a, one, ALERT_CLEARED, ret);
            move(a, one, ALERT_OK, now_ms, ret);
        }
        return;
    }
    if (!raised) {
        one->beyond_ms = 0;
        move(a, one, ALERT_OK, now_ms, ret);
        return;
    }
    one->beyond_ms = one->beyond_ms ? one->beyond_ms : now_ms;
    if (now_ms - one->beyond_ms >= r->for_s * 1000) {
        fire(a, one, now_ms, ret);
    } else {
        move(a, one, ALERT_PENDING, now_ms, ret);
    }
}

static void look(struct alerts *a, const struct alert_rule *r, int by,
    const struct alert_source *src, int64_t now_ms, struct alert_step *ret)
{
    double volume = 0, value = alert_measure(r, by, src, &volume);
    struct alert *one = alert_find(a, r->name, by);

    if (!one) {
        // Of a split rule there is nothing to say before there was a value.
        if (by >= 0 && isnan(value)) {
            return;
        }
        if (a->count == ALERTS_MAX) {
            a->dropped = true;
            return;
        }
        one = &a->items[a->count++];
        *one = (struct alert){ .by = by, .value = NAN, .since_ms = now_ms, .seen_ms = now_ms };
        snprintf(one->rule, sizeof(one->rule), "%s", r->name);
    }
    one->value = value;
    if (isnan(value)) {
        without_value(a, one, now_ms, ret);
    } else {
        one->had_value = true;
        with_value(a, one, r, now_ms, ret);
    }
}

// Alerts of rules that are gone or off: nobody looks at them any more.
static void forget(struct alerts *a, const struct alert_rules *rules)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->count; i++) {
        const struct alert_rule *r = alert_rule_find(rules, slice_of(a->items[i].rule));
        if (r && r->enabled && (r->by >= 0) == (a->items[i].by >= 0)) {
            a->items[kept++] = a->items[i];
        }
    }
    a->count = kept;
}

// One that fires and is not told yet waits a moment for others of its group, so that one message tells of all.
static bool group_is_due(
    const struct alerts *a, const struct alert_rules *rules, const char *group, int64_t now_ms)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct alert *one = &a->items[i];
        const struct alert_rule *r = alert_rule_find(rules, slice_of(one->rule));
        if (r && one->state == ALERT_FIRING && !one->told_ms && strcmp(r->group, group) == 0 &&
            now_ms - one->fired_ms >= (int64_t)ALERT_GROUP_WAIT_S * 1000 &&
            !alert_held(a, rules, one, now_ms)) {
            return true;
        }
    }
    return false;
}

static void tell(
    struct alerts *a, const struct alert_rules *rules, int64_t now_ms, struct alert_step *ret)
{
    bool due[ALERTS_MAX] = { false };

    for (size_t i = 0; i < a->count; i++) {
        struct alert *one = &a->items[i];
        const struct alert_rule *r = alert_rule_find(rules, slice_of(one->rule));
        if (!r || one->state != ALERT_FIRING || alert_held(a, rules, one, now_ms)) {
            continue;
        }
        due[i] = one->told_ms ? now_ms - one->told_ms >= r->repeat_s * 1000
                              : group_is_due(a, rules, r->group, now_ms);
    }
    for (size_t i = 0; i < a->count; i++) {
        if (due[i]) {
            notice(a, &a->items[i], a->items[i].told_ms ? ALERT_REPEATED : ALERT_RAISED, ret);
            a->items[i].told_ms = now_ms;
        }
    }
}

void alerts_step(struct alerts *a, const struct alert_rules *rules, const struct alert_source *src,
    int64_t now_ms, struct alert_step *ret)
{
    ret->change_count = ret->notice_count = 0;
    forget(a, rules);
    for (size_t i = 0; i < rules->count; i++) {
        const struct alert_rule *r = &rules->rules[i];
        if (!r->enabled) {
            continue;
        }
        if (r->by < 0) {
            look(a, r, -1, src, now_ms, ret);
            continue;
        }
        size_t words = label_count(metric_info(r->part.metric)->label[r->by]);
        for (size_t by = 0; by < words; by++) {
            look(a, r, (int)by, src, now_ms, ret);
        }
    }
    tell(a, rules, now_ms, ret);
}
