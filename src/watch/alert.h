// SPDX-License-Identifier: AGPL-3.0-or-later
// Alert rules as data, and the machine that turns measured values into alerts. The machine is pure: time and values come as
// arguments, what changed and what is to be told comes out as lists, so that a simulated clock can prove every transition.
//
// One rule gives one alert, or one for each value of its `by` label (a file type). States and what makes them change:
//
//   from      seen                                to
//   any       no value for ALERT_MISSING_S        unknown (one that fires: told as "lost", not as solved)
//   unknown   not beyond raise                    ok
//   ok        beyond raise                        pending, or at once firing when `for` is 0
//   pending   not beyond raise                    ok
//   pending   beyond raise for `for` seconds      firing
//   firing    beyond clear, all of keep_for       ok; solved
//   firing    anything else                       firing (between clear and raise nothing moves: no flapping)
//
// "No value" is also a window with fewer events than min_volume: a rate over three uploads is no rate. A short gap changes
// nothing: only after ALERT_MISSING_S without a value a state is given up.
//
// Silences, maintenance and inhibition never change states; they only hold back what would be told.
#ifndef LARDER_WATCH_ALERT_H
#define LARDER_WATCH_ALERT_H

#include "base/error.h"
#include "watch/metric.h"

#include <jansson.h>

enum alert_severity { ALERT_WARNING, ALERT_ERROR, ALERT_CRITICAL, ALERT_SEVERITIES };
const char *alert_severity_word(enum alert_severity s);

enum alert_measure {
    ALERT_VALUE, // a gauge as it is; the largest over its series
    ALERT_INCREASE, // of counters over the window
    ALERT_RATIO, // increase of `part` over increase of `whole`
    ALERT_AVERAGE, // sum over count of a histogram, over the window
    ALERT_BURN, // share of bad ones over 1 − objective, in two windows; the lesser of both
    ALERT_MEASURES
};
const char *alert_measure_word(enum alert_measure m);

enum {
    ALERT_RULES_MAX = 128,
    ALERT_NAME_MAX = 48,
    ALERT_WORDS_MAX = 16, // of one selection
    ALERTS_MAX = 1024,
    ALERT_WINDOW_MAX_S = 6 * 3600,
    ALERT_MISSING_S = 300,
    ALERT_GROUP_WAIT_S = 10,
};

// Some series of a metric: those whose `on` label has one of the words (bits of its set), or all.
struct selection {
    enum metric metric;
    int label; // which of its labels the words choose; -1: all series
    uint64_t words; // bit i: word i of the set
};

struct alert_rule {
    char name[ALERT_NAME_MAX]; // "upload_success_rate"
    const char *title; // "Upload success rate"
    enum alert_severity severity;
    enum alert_measure measure;
    struct selection part, whole; // whole: ALERT_RATIO and ALERT_BURN (then part: the bad ones)
    int by; // label of the metric that splits it into alerts; -1: one alert
    int64_t window_s, short_window_s;
    double objective; // ALERT_BURN: 0.995
    bool above; // true: raised when over raise; else when under
    double raise, clear;
    int64_t for_s, keep_for_s, min_volume, repeat_s;
    const char *group; // told together
    const char *inhibited_by; // "" or a rule; while that fires, this one is not told
    const char *unit; // "ratio", "seconds", "bytes", "", "×"
    const char *plot; // the dashboard's plot that shows it
    const char *advice;
    bool enabled;
};

struct alert_rules {
    struct alert_rule rules[ALERT_RULES_MAX];
    size_t count;
    struct arena *arena; // texts of rules from a file; NULL for the defaults
};
// The defaults of the product, as on the page docs/alerts.md.
void alert_rules_default(struct alert_rules *r);
// Defaults, changed and extended by a JSON object {"rules":[{"name":…, fields}]}. The texts live in the arena.
int alert_rules_parse(
    struct alert_rules *r, struct slice json, struct arena *arena, struct error *err);
const struct alert_rule *alert_rule_find(const struct alert_rules *r, struct slice name);
void alert_rule_json(struct buf *out, const struct alert_rule *r); // one rule as the file has it
void alert_rules_describe(struct buf *out); // the reference page, Markdown
void alert_rules_prometheus(struct buf *out); // the defaults as rules for Prometheus, YAML
// A sentence if the rule could never be raised by what its measure can give (a burn of 14.4 with an objective of 95 %);
// false: it can.
bool alert_rule_never_fires(const struct alert_rule *r, char ret_why[160]);

// ---- what the machine looks at
struct alert_source {
    // The present value of the selected gauges (the largest); NaN: none. by < 0: all, else only that word of rule->by.
    double (*value)(void *ctx, const struct selection *s, int by_label, int by);
    // The increase over the last window_s seconds; NaN: none of them has ever counted.
    double (*increase)(void *ctx, const struct selection *s, int by_label, int by, int64_t window_s,
        bool sum); // sum: of a histogram's seconds, else its count
    void *ctx;
};
// What the rule measures now; NaN when it can't be said. volume gets what the rate stands on (0 for others).
double alert_measure(
    const struct alert_rule *r, int by, const struct alert_source *src, double *ret_volume);

enum alert_state { ALERT_UNKNOWN, ALERT_OK, ALERT_PENDING, ALERT_FIRING, ALERT_STATES };
const char *alert_state_word(enum alert_state s);

struct alert { // one row of what the machine knows; the keeper writes it to the store as it is
    char rule[ALERT_NAME_MAX];
    int by; // word of the rule's by label; -1
    enum alert_state state;
    double value; // NaN: none
    int64_t since_ms; // in this state; wall clock
    int64_t seen_ms; // last time that there was a value
    int64_t
        beyond_ms; // since when it is beyond raise (pending) or beyond clear (firing); 0: it is not
    int64_t fired_ms; // when it began to fire; 0: it does not
    int64_t told_ms; // last time that firing was told; 0: not
    int64_t acknowledged_ms; // 0: not; nothing is repeated after it
    bool had_value; // there was one ever
};

struct silence {
    int64_t id;
    char rule[ALERT_NAME_MAX]; // "" with maintenance: all
    char by[64]; // word; "": all of the rule
    int64_t from_ms, until_ms;
    bool maintenance;
    char comment[200];
};
enum { SILENCES_MAX = 64 };

enum alert_event { ALERT_RAISED, ALERT_CLEARED, ALERT_LOST, ALERT_REPEATED };
const char *alert_event_word(enum alert_event e);

struct alert_change { // one transition, for the history
    size_t alert; // index
    enum alert_state from, to;
};
struct alert_notice { // something to be told; those of one group at one time go out as one message
    size_t alert;
    enum alert_event event;
};
struct alert_step {
    struct alert_change changes[ALERTS_MAX];
    size_t change_count;
    struct alert_notice notices[ALERTS_MAX];
    size_t notice_count;
};

struct alerts {
    struct alert items[ALERTS_MAX];
    size_t count;
    struct silence silences[SILENCES_MAX];
    size_t silence_count;
    bool dropped; // there were more than ALERTS_MAX
};
// One look at all rules. now_ms: wall clock, never before the last one's (the caller keeps it from stepping back).
void alerts_step(struct alerts *a, const struct alert_rules *rules, const struct alert_source *src,
    int64_t now_ms, struct alert_step *ret);
struct alert *alert_find(struct alerts *a, const char *rule, int by);
// Why nothing is told of it now: "silenced", "maintenance", "inhibited", "acknowledged"; NULL: it is told.
const char *alert_held(const struct alerts *a, const struct alert_rules *rules,
    const struct alert *one, int64_t now_ms);
const char *alert_by_word(const struct alert_rule *r, int by); // "" if by < 0

#endif
