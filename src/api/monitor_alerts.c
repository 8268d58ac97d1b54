// SPDX-License-Identifier: AGPL-3.0-or-later
// The monitor's alerts: the rules and their file, one look a second, rows for the store, messages, and what people do with
// them. The machine itself is in watch/alert.c.
#include "api/monitor_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/file.h"
#include "wire/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alerts.h"

enum {
    RULES_FILE_MAX = 1 << 20,
    RULES_ARENA_MAX = 4 << 20,
    ROW_MAX = 16 << 10,
    SECRET_MAX = 512,
    TEST_ENDS_MS = 5 * 60 * 1000
};

// ---- alerts as JSON: for the API, the store and the event

static const struct alert_rule *rule_of(const struct monitor *m, const struct alert *one)
{
    return alert_rule_find(m->rules, slice_of(one->rule));
}

static const char *by_name(const struct alert_rule *r)
{
    return r->by < 0 ? "" : label_name(metric_info(r->part.metric)->label[r->by]);
}

static void key_time(struct json_out *j, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    if (ms) {
        clock_format(ms, text);
        json_key_text(j, key, text);
    } else {
        json_key_null(j, key);
    }
}

// What people are shown as state: a firing alert has its severity.
static const char *state_word(const struct alert *one, const struct alert_rule *r)
{
    return one->state == ALERT_FIRING ? alert_severity_word(r->severity)
                                      : alert_state_word(one->state);
}

// from: the state before, for the history; negative: no transition.
static void alert_json(struct monitor *m, struct json_out *j, const struct alert *one, int from)
{
    const struct alert_rule *r = rule_of(m, one);
    int64_t now = clock_wall_ms(); // a silence of this moment shows at once
    const char *held = alert_held(&m->alerts, m->rules, one, now > m->now_ms ? now : m->now_ms);

    json_begin_object(j);
    json_key_text(j, "rule", r->name);
    json_key_text(j, "title", r->title);
    json_key_text(j, "severity", alert_severity_word(r->severity));
    json_key_text(j, "state", state_word(one, r));
    json_key_bool(j, "firing", one->state == ALERT_FIRING);
    if (from >= 0) {
        json_key_text(j, "from", alert_state_word((enum alert_state)from));
    }
    json_key_text(j, "label", by_name(r));
    json_key_text(j, "word", alert_by_word(r, one->by));
    json_key_double(j, "value", one->value);
    json_key_double(j, "threshold", r->raise);
    json_key_text(j, "direction", r->above ? "above" : "below");
    json_key_text(j, "unit", r->unit);
    json_key_text(j, "group", r->group);
    json_key_text(j, "plot", r->plot);
    json_key_text(j, "advice", r->advice);
    key_time(j, "since", one->since_ms);
    key_time(j, "fired_at", one->fired_ms);
    key_time(j, "told_at", one->told_ms);
    key_time(j, "acknowledged_at", one->acknowledged_ms);
    json_key_text(j, "held", one->state == ALERT_FIRING ? held : NULL);
    json_end(j);
}

static int rank(const struct monitor *m, const struct alert *one)
{
    static const int by_state[] = { 0, 1, 2, 3 }; // what is not known comes last

    return by_state[one->state] * 4 +
           (one->state == ALERT_FIRING ? (int)rule_of(m, one)->severity : 0);
}

void monitor_alerts_json(struct monitor *m, struct json_out *j)
{
    json_begin_array(j);
    pthread_mutex_lock(&m->mutex);
    for (int wanted = 15; wanted >= 0; wanted--) {
        for (size_t i = 0; i < m->alerts.count; i++) {
            const struct alert *one = &m->alerts.items[i];
            if (rule_of(m, one) && rank(m, one) == wanted) {
                alert_json(m, j, one, -1);
            }
        }
    }
    pthread_mutex_unlock(&m->mutex);
    json_end(j);
}

void monitor_rules_json(struct monitor *m, struct json_out *j)
{
    AUTO_BUF row = BUF_INIT(ROW_MAX);

    pthread_mutex_lock(&m->mutex);
    json_key_text(j, "file_error", m->rules_error[0] ? m->rules_error : NULL);
    json_key_array(j, "rules");
    for (size_t i = 0; i < m->rules->count; i++) {
        buf_reset(&row);
        alert_rule_json(&row, &m->rules->rules[i]);
        json_raw(j, buf_slice(&row));
    }
    json_end(j);
    pthread_mutex_unlock(&m->mutex);
}

void monitor_channels_json(struct monitor *m, struct json_out *j)
{
    json_begin_array(j);
    for (int i = 0; i < NOTIFY_CHANNELS; i++) {
        struct notify_result r;
        if (!notifier_has(m->notifier, (enum notify_channel)i)) {
            continue;
        }
        notifier_result(m->notifier, (enum notify_channel)i, &r);
        json_begin_object(j);
        json_key_text(j, "channel", label_word(LABEL_CHANNEL, (size_t)i));
        json_key_int(j, "sent", r.sent);
        json_key_int(j, "failed", r.failed);
        json_key_int(j, "dropped", r.dropped);
        json_key_text(j, "last_error", r.last_error[0] ? r.last_error : NULL);
        json_end(j);
    }
    json_end(j);
}

// ---- rows for the store

// The row is what alert_json gives, and what the machine needs to go on after a restart.
static void queue_row(struct monitor *m, const struct alert *one, int from)
{
    AUTO_BUF row = BUF_INIT(ROW_MAX);
    struct json_out j;

    if (m->change_count == CHANGES_WAITING) {
        return; // the store takes nothing; the state itself lives on here
    }
    json_begin(&j, &row);
    json_begin_object(&j);
    json_key_text(&j, "rule", one->rule);
    json_key_text(&j, "word", alert_by_word(rule_of(m, one), one->by));
    json_key_bool(&j, "changed", from >= 0);
    json_key_object(&j, "keep");
    json_key_int(&j, "state", one->state);
    json_key_int(&j, "since_ms", one->since_ms);
    json_key_int(&j, "fired_ms", one->fired_ms);
    json_key_int(&j, "told_ms", one->told_ms);
    json_key_int(&j, "acknowledged_ms", one->acknowledged_ms);
    json_end(&j);
    json_key(&j, "alert");
    alert_json(m, &j, one, from);
    json_end(&j);
    if (json_finish(&j, NULL) == 0) {
        m->changes[m->change_count++] = buf_take(&row);
        pthread_cond_signal(&m->wake);
    }
}

int alerts_flush(struct monitor *m, struct error *err)
{
    char *rows[CHANGES_WAITING];
    struct alert_row out[CHANGES_WAITING];
    json_t *parsed[CHANGES_WAITING];
    char *texts[CHANGES_WAITING];
    size_t n = 0;

    pthread_mutex_lock(&m->mutex);
    n = m->change_count;
    memcpy(rows, m->changes, n * sizeof(rows[0]));
    m->change_count = 0;
    pthread_mutex_unlock(&m->mutex);
    for (size_t i = 0; i < n; i++) {
        parsed[i] = json_loads(rows[i], 0, NULL);
        json_t *alert = json_object_get(parsed[i], "alert");
        json_object_set(alert, "keep", json_object_get(parsed[i], "keep"));
        texts[i] = json_dumps(alert, JSON_COMPACT);
        out[i] = (struct alert_row){
            .rule = json_string_value(json_object_get(parsed[i], "rule")),
            .word = json_string_value(json_object_get(parsed[i], "word")),
            .row = texts[i] ? texts[i] : "{}",
            .changed = json_is_true(json_object_get(parsed[i], "changed")),
        };
    }
    int rc = store_alerts_save(m->api->store, out, n, err);
    for (size_t i = 0; i < n; i++) {
        json_decref(parsed[i]);
        free(texts[i]);
        free(rows[i]);
    }
    return rc;
}

static int64_t number_of(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static int load_alert(void *ctx, int64_t id, int64_t time_ms, struct slice row, struct error *err)
{
    struct monitor *m = ctx;
    AUTO_JSON *alert = json_in_parse_object(row, err);
    const json_t *keep = json_object_get(alert, "keep");
    const char *rule = json_string_value(json_object_get(alert, "rule"));
    const char *word = json_string_value(json_object_get(alert, "word"));
    const struct alert_rule *r = rule ? alert_rule_find(m->rules, slice_of(rule)) : NULL;

    (void)id;
    (void)time_ms;
    if (!r || !word || m->alerts.count == ALERTS_MAX || (r->by >= 0) != (word[0] != '\0')) {
        return 0; // of a rule that is gone
    }
    struct alert *one = &m->alerts.items[m->alerts.count++];
    int64_t state = number_of(keep, "state"), now = clock_wall_ms();
    *one = (struct alert){ .by = -1,
        .value = NAN,
        // Only firing is remembered: all else is seen anew at once.
        .state = state == ALERT_FIRING ? ALERT_FIRING : ALERT_UNKNOWN,
        .since_ms = number_of(keep, "since_ms"),
        .seen_ms = now,
        .had_value = true };
    if (one->state == ALERT_FIRING) {
        one->fired_ms = number_of(keep, "fired_ms");
        one->told_ms = number_of(keep, "told_ms");
        one->acknowledged_ms = number_of(keep, "acknowledged_ms");
    }
    snprintf(one->rule, sizeof(one->rule), "%s", r->name);
    if (r->by >= 0) {
        one->by = (int)label_find(metric_info(r->part.metric)->label[r->by], slice_of(word));
    }
    return 0;
}

static int load_silence(
    void *ctx, int64_t id, int64_t until_ms, struct slice row, struct error *err)
{
    struct monitor *m = ctx;
    AUTO_JSON *object = json_in_parse_object(row, err);

    if (!object || m->alerts.silence_count == SILENCES_MAX) {
        return 0;
    }
    struct silence *s = &m->alerts.silences[m->alerts.silence_count++];
    *s = (struct silence){ .id = id, .until_ms = until_ms };
    s->from_ms = number_of(object, "from_ms");
    s->maintenance = json_is_true(json_object_get(object, "maintenance"));
    snprintf(
        s->rule, sizeof(s->rule), "%s", json_string_value(json_object_get(object, "rule")) ?: "");
    snprintf(s->by, sizeof(s->by), "%s", json_string_value(json_object_get(object, "word")) ?: "");
    snprintf(s->comment, sizeof(s->comment), "%s",
        json_string_value(json_object_get(object, "comment")) ?: "");
    return 0;
}

// ---- rules

static int read_rules(struct monitor *m, struct alert_rules *rules, struct arena *arena,
    struct timespec *ret_mtime, struct error *err)
{
    const char *path = m->api->settings->alerts_rules;
    AUTO_BUF text = BUF_INIT(RULES_FILE_MAX);
    struct stat st;

    alert_rules_default(rules);
    if (!path[0]) {
        return 0;
    }
    if (stat(path, &st) != 0) {
        return error_set(err, ERR_NOT_FOUND, "The file of alert rules is not there.");
    }
    *ret_mtime = st.st_mtim;
    int rc = read_all(path, &text, err);
    return rc < 0 ? rc : alert_rules_parse(rules, buf_slice(&text), arena, err);
}

void alerts_reload(struct monitor *m)
{
    const char *path = m->api->settings->alerts_rules;
    struct arena arena;
    struct timespec mtime = { 0 };
    struct error err = { 0 };
    struct stat st;

    if (!path[0] || stat(path, &st) != 0 ||
        memcmp(&st.st_mtim, &m->rules_mtime, sizeof(st.st_mtim)) == 0) {
        return; // a file that is away for a moment changes nothing
    }
    struct alert_rules *fresh = xalloc(sizeof(*fresh));
    arena_init(&arena, RULES_ARENA_MAX);
    int rc = read_rules(m, fresh, &arena, &mtime, &err);
    pthread_mutex_lock(&m->mutex);
    m->rules_mtime = st.st_mtim;
    snprintf(m->rules_error, sizeof(m->rules_error), "%s", rc < 0 ? err.text : "");
    if (rc == 0) {
        struct alert_rules *old = m->rules;
        struct arena old_arena = m->rules_arena;
        m->rules = fresh;
        m->rules_arena = arena;
        fresh = old;
        arena = old_arena;
    }
    pthread_mutex_unlock(&m->mutex);
    if (rc < 0) {
        log_warn("alert.rules", LS("error", err.text));
    } else {
        log_info("alert.rules", LI("count", m->rules->count));
    }
    free(fresh);
    arena_done(&arena);
}

// ---- telling

static struct notify_item item_of(
    const struct monitor *m, const struct alert *one, const char *event)
{
    const struct alert_rule *r = rule_of(m, one);

    return (struct notify_item){ .rule = r->name,
        .title = r->title,
        .severity = alert_severity_word(r->severity),
        .event = event,
        .group = r->group,
        .unit = r->unit,
        .advice = r->advice,
        .plot = r->plot,
        .label = by_name(r),
        .word = alert_by_word(r, one->by),
        .value = one->value,
        .raise = r->raise,
        .above = r->above,
        .firing = one->state == ALERT_FIRING,
        .fired_ms = one->fired_ms,
        .now_ms = m->now_ms };
}

// One message a group.
static void tell_groups(struct monitor *m)
{
    struct notify_item items[NOTIFY_ITEMS_MAX];
    bool done[ALERTS_MAX] = { false };
    struct alert_step *step = &m->step;

    for (size_t i = 0; i < step->notice_count; i++) {
        size_t n = 0;
        const char *group = NULL;
        for (size_t k = i; !done[i] && k < step->notice_count && n < NOTIFY_ITEMS_MAX; k++) {
            const struct alert *one = &m->alerts.items[step->notices[k].alert];
            const struct alert_rule *r = rule_of(m, one);
            if (!r || done[k] || (group && strcmp(group, r->group) != 0)) {
                continue;
            }
            group = r->group;
            items[n++] = item_of(m, one, alert_event_word(step->notices[k].event));
            done[k] = true;
        }
        notifier_tell(m->notifier, items, n);
    }
}

// All that fires, once a minute and after a change; what ended, once.
static void tell_manager(struct monitor *m, int64_t mono_ms)
{
    struct notify_item items[NOTIFY_ITEMS_MAX];
    size_t n = 0;

    if (!notifier_has(m->notifier, NOTIFY_ALERTMANAGER) ||
        (m->step.notice_count == 0 && mono_ms - m->manager_told_ms < MANAGER_EVERY_S * 1000)) {
        return;
    }
    m->manager_told_ms = mono_ms;
    for (size_t i = 0; i < m->alerts.count && n < NOTIFY_ITEMS_MAX; i++) {
        const struct alert *one = &m->alerts.items[i];
        if (one->state == ALERT_FIRING && one->told_ms && rule_of(m, one)) {
            items[n++] = item_of(m, one, "raised");
        }
    }
    for (size_t i = 0; i < m->step.notice_count && n < NOTIFY_ITEMS_MAX; i++) {
        const struct alert *one = &m->alerts.items[m->step.notices[i].alert];
        if (one->state != ALERT_FIRING && rule_of(m, one)) {
            items[n++] = item_of(m, one, alert_event_word(m->step.notices[i].event));
        }
    }
    notifier_tell_manager(m->notifier, items, n);
}

static void count_firing(struct monitor *m)
{
    double firing[ALERT_SEVERITIES] = { 0 };

    for (size_t i = 0; i < m->alerts.count; i++) {
        const struct alert_rule *r = rule_of(m, &m->alerts.items[i]);
        if (r && m->alerts.items[i].state == ALERT_FIRING) {
            firing[r->severity]++;
        }
    }
    for (unsigned i = 0; i < ALERT_SEVERITIES; i++) {
        metric_set(METRIC_ALERTS, i, 0, firing[i]);
    }
}

void alerts_tick(struct monitor *m, int64_t mono_ms)
{
    struct alert_source source = window_source(m->window);

    if (mono_ms / 1000 % RULES_EVERY_S == 0) {
        alerts_reload(m);
    }
    window_tick(m->window, mono_ms);
    pthread_mutex_lock(&m->mutex);
    int64_t now = clock_wall_ms();
    m->now_ms = now > m->now_ms ? now : m->now_ms;
    alerts_step(&m->alerts, m->rules, &source, m->now_ms, &m->step);
    for (size_t i = 0; i < m->step.change_count; i++) {
        const struct alert_change *c = &m->step.changes[i];
        const struct alert *one = &m->alerts.items[c->alert];
        // The first look after a start is no news.
        bool news = !(c->from == ALERT_UNKNOWN && c->to == ALERT_OK);
        if (rule_of(m, one) && news) {
            queue_row(m, one, (int)c->from);
            log_info("alert.changed", LS("rule", one->rule), LS("from", alert_state_word(c->from)),
                LS("to", alert_state_word(c->to)));
        }
    }
    for (size_t i = 0; i < m->step.notice_count; i++) {
        const struct alert *one = &m->alerts.items[m->step.notices[i].alert];
        if (rule_of(m, one)) {
            queue_row(m, one, -1); // told_ms
        }
    }
    count_firing(m);
    tell_groups(m);
    tell_manager(m, mono_ms);
    pthread_mutex_unlock(&m->mutex);
}

// ---- what people do

int monitor_acknowledge(
    struct monitor *m, struct slice rule, struct slice word, const char *by, struct error *err)
{
    int rc = error_set(err, ERR_NOT_FOUND, "There is no such alert.");

    (void)by;
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->alerts.count; i++) {
        struct alert *one = &m->alerts.items[i];
        const struct alert_rule *r = rule_of(m, one);
        if (!r || !slice_is(rule, one->rule) ||
            (word.len && !slice_is(word, alert_by_word(r, one->by)))) {
            continue;
        }
        if (one->state != ALERT_FIRING) {
            rc = rc == 0 ? 0 : error_set(err, ERR_CONFLICT, "The alert does not fire.");
            continue;
        }
        one->acknowledged_ms = m->now_ms ? m->now_ms : clock_wall_ms();
        queue_row(m, one, ALERT_FIRING);
        rc = 0;
    }
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static void silence_json(struct json_out *j, const struct silence *s)
{
    json_begin_object(j);
    if (s->id) {
        json_key_int(j, "id", s->id);
    }
    json_key_text(j, "rule", s->rule);
    json_key_text(j, "word", s->by);
    json_key_bool(j, "maintenance", s->maintenance);
    json_key_int(j, "from_ms", s->from_ms);
    key_time(j, "from", s->from_ms);
    key_time(j, "until", s->until_ms);
    json_key_text(j, "comment", s->comment);
    json_end(j);
}

int monitor_silence(struct monitor *m, const struct silence *s, int64_t *ret_id, struct error *err)
{
    AUTO_BUF row = BUF_INIT(ROW_MAX);
    struct json_out j;
    int64_t now = clock_wall_ms();

    pthread_mutex_lock(&m->mutex);
    bool known = !s->rule[0] || alert_rule_find(m->rules, slice_of(s->rule));
    size_t kept = 0; // those that are over make room
    for (size_t i = 0; i < m->alerts.silence_count; i++) {
        if (m->alerts.silences[i].until_ms > now) {
            m->alerts.silences[kept++] = m->alerts.silences[i];
        }
    }
    m->alerts.silence_count = kept;
    pthread_mutex_unlock(&m->mutex);
    if (!known) {
        return error_set(err, ERR_NOT_FOUND, "There is no rule with this name.");
    }
    if (kept == SILENCES_MAX) {
        return error_set(err, ERR_LIMIT, "There are %d silences; end some first.", SILENCES_MAX);
    }
    json_begin(&j, &row);
    silence_json(&j, s);
    int rc = json_finish(&j, err);
    rc = rc < 0 ? rc : store_silence_add(m->api->store, s->until_ms, row.data, ret_id, err);
    if (rc == 0) {
        pthread_mutex_lock(&m->mutex);
        if (m->alerts.silence_count < SILENCES_MAX) {
            m->alerts.silences[m->alerts.silence_count] = *s;
            m->alerts.silences[m->alerts.silence_count++].id = *ret_id;
        }
        pthread_mutex_unlock(&m->mutex);
    }
    return rc;
}

int monitor_silence_end(struct monitor *m, int64_t id, struct error *err)
{
    int rc = store_silence_delete(m->api->store, id, err);

    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; rc == 0 && i < m->alerts.silence_count; i++) {
        if (m->alerts.silences[i].id == id) {
            m->alerts.silences[i] = m->alerts.silences[--m->alerts.silence_count];
            break;
        }
    }
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

void monitor_silences_json(struct monitor *m, struct json_out *j)
{
    int64_t now = clock_wall_ms();

    json_begin_array(j);
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->alerts.silence_count; i++) {
        if (m->alerts.silences[i].until_ms > now) {
            silence_json(j, &m->alerts.silences[i]);
        }
    }
    pthread_mutex_unlock(&m->mutex);
    json_end(j);
}

void monitor_test(struct monitor *m, struct json_out *j)
{
    struct notify_item item = { .rule = "test",
        .title = "Test: this is not a real alert",
        .severity = "warning",
        .event = "raised",
        .group = "test",
        .unit = "",
        .advice = "Nothing is to be done; somebody tried whether messages arrive.",
        .plot = "",
        .label = "",
        .word = "",
        .value = 1,
        .raise = 0,
        .above = true,
        .firing = true,
        .fired_ms = clock_wall_ms(),
        .now_ms = clock_wall_ms() };

    json_key_array(j, "sent_to");
    for (int i = 0; i < NOTIFY_CHANNELS; i++) {
        if (notifier_has(m->notifier, (enum notify_channel)i)) {
            json_text(j, label_word(LABEL_CHANNEL, (size_t)i));
        }
    }
    json_end(j);
    notifier_tell(m->notifier, &item, 1);
    // Alertmanager gathers alerts for a while before it tells of them, and never tells of one that ended meanwhile.
    item.ends_ms = item.now_ms + TEST_ENDS_MS;
    notifier_tell_manager(m->notifier, &item, 1);
    item.ends_ms = 0;
    item.firing = false;
    item.event = "cleared";
    item.now_ms++;
    notifier_tell(m->notifier, &item, 1);
}

// ---- life

static void read_secret(const char *path, char ret_secret[SECRET_MAX])
{
    AUTO_BUF text = BUF_INIT(SECRET_MAX - 1);
    struct error err = { 0 };

    ret_secret[0] = '\0';
    if (!path[0]) {
        return;
    }
    if (read_all(path, &text, &err) < 0) {
        log_warn("alert.secret", LS("error", err.text));
        return;
    }
    struct slice s = slice_trim(buf_slice(&text));
    snprintf(ret_secret, SECRET_MAX, SLICE_FMT, SLICE_ARG(s));
    explicit_bzero(text.data, text.len);
}

static void open_notifier(struct monitor *m)
{
    const struct settings *s = m->api->settings;
    char secret[SECRET_MAX], password[SECRET_MAX];

    read_secret(s->alerts_webhook_secret_file, secret);
    read_secret(s->alerts_smtp_password_file, password);
    m->notifier = notifier_new(&(struct notify_options){ .webhook = s->alerts_webhook,
        .webhook_secret = secret,
        .alertmanager = s->alerts_alertmanager,
        .smtp = s->alerts_smtp,
        .smtp_user = s->alerts_smtp_user,
        .smtp_password = password,
        .mail_from = s->alerts_mail_from,
        .mail_to = s->alerts_mail_to,
        .link = s->alerts_link });
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(password, sizeof(password));
}

int alerts_open(struct monitor *m, struct error *err)
{
    m->rules = xalloc(sizeof(*m->rules));
    arena_init(&m->rules_arena, RULES_ARENA_MAX);
    int rc = read_rules(m, m->rules, &m->rules_arena, &m->rules_mtime, err);
    rc = rc < 0 ? error_prefix(err, rc, "alerts.rules") : rc;
    rc = rc < 0 ? rc : store_alerts_load(m->api->store, load_alert, m, err);
    rc = rc < 0 ? rc : store_silence_list(m->api->store, load_silence, m, err);
    if (rc == 0) {
        open_notifier(m);
    }
    return rc;
}

void alerts_close(struct monitor *m)
{
    notifier_free(m->notifier);
    free(m->rules);
    arena_done(&m->rules_arena);
    for (size_t i = 0; i < m->change_count; i++) {
        free(m->changes[i]);
    }
}
