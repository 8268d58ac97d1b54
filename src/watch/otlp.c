// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements otlp.h: the queue of snapshots and the thread that sends them.
#include "watch/otlp.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "net/call.h"
#include "net/web.h"
#include "os/thread.h"
#include "watch/metric.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEND_MS = 10000, LAST_MS = 2000 }; // LAST_MS: for the snapshot of the server's end

struct snapshot {
    char *body;
    size_t len;
};

struct otlp {
    char *url, *service, *instance, *header_text; // immutable, as are the next
    const char *headers[OTLP_HEADERS_MAX + 1]; // into header_text
    int64_t interval_ms, started_ms, began_ms;
    int first_pause_ms;
    int64_t due_ms; // ticking thread

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake;
    struct snapshot queue[OTLP_QUEUE_MAX];
    size_t first, count;
    struct otlp_state state;
    int64_t taken_ms; // when the last was taken; monotonic
    char told[200]; // the refusal that the log has already
    atomic_bool stopping;
    pthread_t thread;
    bool running;
};

// ---- headers

static bool header_valid(struct slice line)
{
    size_t name = 0;

    while (name < line.len && line.data[name] != ':') {
        char c = line.data[name++];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    for (size_t i = name; i < line.len; i++) {
        if ((unsigned char)line.data[i] < ' ' || line.data[i] == 0x7f) {
            return false;
        }
    }
    return name > 0 && name < line.len && slice_trim(slice_from(line, name + 1)).len > 0;
}

// Cuts header_text into lines in place.
static int find_headers(struct otlp *o, struct error *err)
{
    struct slice rest = slice_of(o->header_text), line;
    size_t count = 0;
    int number = 0;

    while (slice_cut(&rest, '\n', &line)) {
        number++;
        line = slice_trim(line);
        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }
        if (count == OTLP_HEADERS_MAX || line.len > OTLP_HEADER_LEN_MAX || !header_valid(line)) {
            return error_set(err, ERR_INVALID,
                "The file of otlp.headers_file, line %d: a line is Name: value, and there are %d "
                "at most.",
                number, OTLP_HEADERS_MAX);
        }
        o->headers[count] = line.data;
        o->header_text[line.data - o->header_text + (ptrdiff_t)line.len] = '\0';
        count++;
    }
    return 0;
}

// ---- sending

static int send_one(
    struct otlp *o, const struct snapshot *s, bool last, struct net_answer *ret, struct error *err)
{
    struct net_call call = { .url = o->url,
        .body = slice_make(s->body, s->len),
        .headers = o->headers,
        .accept = "application/json",
        .deadline_ms = clock_mono_ms() + (last ? LAST_MS : SEND_MS),
        .answer_max = OTLP_ANSWER_MAX,
        .cancelled = last ? NULL : &o->stopping };

    return net_call_run(&call, ret, err);
}

// With the mutex. The log hears of a fault when it is another than the last.
static void say(struct otlp *o, const char *event, const char *why)
{
    if (strcmp(o->told, why) != 0) {
        snprintf(o->told, sizeof(o->told), "%s", why);
        log_warn(event, LS("what", why));
    }
}

static void note(struct otlp *o, enum otlp_verdict verdict, const char *why)
{
    pthread_mutex_lock(&o->mutex);
    o->state.answers = verdict == OTLP_TAKEN;
    snprintf(o->state.last_error, sizeof(o->state.last_error), "%.199s", why);
    if (verdict == OTLP_TAKEN) {
        o->state.sent++;
        o->taken_ms = clock_mono_ms();
        if (why[0]) {
            say(o, "otlp.partly_refused", why);
        } else if (o->told[0]) {
            o->told[0] = '\0';
            log_info("otlp.answers_again");
        }
    } else {
        o->state.failed += verdict == OTLP_REFUSED;
        say(o, verdict == OTLP_REFUSED ? "otlp.refused" : "otlp.no_answer", why);
    }
    pthread_mutex_unlock(&o->mutex);
    if (verdict != OTLP_AGAIN) {
        metric_add(METRIC_OTLP_PUSHES, verdict == OTLP_TAKEN ? 0 : 1, 0, 1);
    }
}

static enum otlp_verdict try_one(
    struct otlp *o, const struct snapshot *s, bool last, int64_t *ret_retry_after_s)
{
    AUTO_NET_ANSWER answer = { 0 };
    struct error err = { 0 };
    char why[200] = "", detail[160];
    int rc = send_one(o, s, last, &answer, &err);
    enum otlp_verdict verdict = otlp_judge(rc < 0 ? 0 : answer.status);

    *ret_retry_after_s = rc < 0 ? -1 : answer.retry_after_s;
    if (rc == ERR_CANCELLED) {
        return OTLP_AGAIN; // the end of the server; nobody's fault
    }
    if (rc < 0) {
        snprintf(why, sizeof(why), "%.199s", err.text);
        verdict = rc == ERR_TOO_LARGE ? OTLP_TAKEN : OTLP_AGAIN; // taken, however long the answer
    } else if (verdict != OTLP_TAKEN) {
        snprintf(why, sizeof(why), "The collector answered with status %ld.", answer.status);
    } else {
        int64_t lost = otlp_rejected(buf_slice(&answer.body), detail);
        if (lost > 0 || detail[0]) {
            snprintf(why, sizeof(why), "The collector refused %lld points: %s", (long long)lost,
                detail[0] ? detail : "it did not say why");
        }
    }
    note(o, verdict, why);
    return verdict;
}

// Sleeps, but not past the stop.
static void pause_ms(struct otlp *o, int64_t ms)
{
    struct timespec until = thread_moment(ms);

    pthread_mutex_lock(&o->mutex);
    while (!atomic_load(&o->stopping) && thread_wait(&o->wake, &o->mutex, &until)) {
        // woken by a new snapshot
    }
    pthread_mutex_unlock(&o->mutex);
}

static double jitter(void)
{
    uint32_t n;

    random_bytes(&n, sizeof(n));
    return (double)n / (double)UINT32_MAX;
}

// What waits longest; false at the stop.
static bool take_first(struct otlp *o, struct snapshot *ret)
{
    pthread_mutex_lock(&o->mutex);
    while (!atomic_load(&o->stopping) && o->count == 0) {
        pthread_cond_wait(&o->wake, &o->mutex);
    }
    bool any = !atomic_load(&o->stopping);
    if (any) {
        *ret = o->queue[o->first];
        o->first = (o->first + 1) % OTLP_QUEUE_MAX;
        o->count--;
    }
    pthread_mutex_unlock(&o->mutex);
    return any;
}

static void *sender_main(void *arg)
{
    struct otlp *o = arg;
    struct snapshot s;

    while (take_first(o, &s)) {
        int64_t retry_after_s = -1;
        int tries = 0;
        while (!atomic_load(&o->stopping) && try_one(o, &s, false, &retry_after_s) == OTLP_AGAIN) {
            tries = tries < 16 ? tries + 1 : tries;
            pause_ms(o, otlp_pause_ms(o->first_pause_ms, tries, retry_after_s, jitter()));
        }
        free(s.body);
    }
    return NULL;
}

// ---- snapshots

static bool make_snapshot(struct otlp *o, int64_t wall_ms, struct snapshot *ret)
{
    AUTO_BUF body = BUF_INIT(OTLP_BODY_MAX);
    struct error err = { 0 };
    struct otlp_resource r = { .service = o->service,
        .instance = o->instance,
        .started_ms = o->started_ms,
        .now_ms = wall_ms > o->started_ms ? wall_ms : o->started_ms };

    if (otlp_encode(&body, &r, &err) < 0) {
        log_warn("otlp.snapshot", LS("what", err.text));
        return false;
    }
    ret->len = body.len;
    ret->body = buf_take(&body);
    return true;
}

void otlp_tick(struct otlp *o, int64_t mono_ms, int64_t wall_ms)
{
    struct snapshot s, oldest = { NULL, 0 };

    if (mono_ms < o->due_ms || !make_snapshot(o, wall_ms, &s)) {
        return;
    }
    o->due_ms = o->due_ms && mono_ms - o->due_ms < o->interval_ms ? o->due_ms + o->interval_ms
                                                                  : mono_ms + o->interval_ms;
    pthread_mutex_lock(&o->mutex);
    if (o->count == OTLP_QUEUE_MAX) {
        oldest = o->queue[o->first];
        o->first = (o->first + 1) % OTLP_QUEUE_MAX;
        o->count--;
        o->state.dropped++;
    }
    o->queue[(o->first + o->count++) % OTLP_QUEUE_MAX] = s;
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->mutex);
    if (oldest.body) {
        metric_add(METRIC_OTLP_PUSHES, 2, 0, 1);
        free(oldest.body);
    }
}

void otlp_state(struct otlp *o, struct otlp_state *ret)
{
    pthread_mutex_lock(&o->mutex);
    *ret = o->state;
    ret->waiting = o->count;
    ret->silent_ms = clock_mono_ms() - (o->taken_ms ? o->taken_ms : o->began_ms);
    pthread_mutex_unlock(&o->mutex);
}

// ---- life

int otlp_new(const struct otlp_options *in, struct otlp **ret, struct error *err)
{
    struct otlp *o = xalloc(sizeof(*o));

    o->url = xstrdup(in->url);
    o->header_text = xstrdup(in->headers ? in->headers : "");
    o->service = xstrdup(in->service);
    o->instance = xstrdup(in->instance);
    o->interval_ms = in->interval_ms;
    o->started_ms = in->started_ms;
    o->began_ms = clock_mono_ms();
    o->first_pause_ms = in->first_pause_ms > 0 ? in->first_pause_ms : 1000;
    o->state.answers = true;
    pthread_mutex_init(&o->mutex, NULL);
    pthread_cond_init(&o->wake, NULL);
    int rc = web_url_valid(o->url) ? find_headers(o, err)
                                   : error_set(err, ERR_INVALID,
                                         "otlp.url must be http:// or https:// with a host, "
                                         "without a name and password.");
    if (rc == 0) {
        o->running = thread_start(&o->thread, "otlp", sender_main, o);
        rc = o->running ? 0 : error_set(err, ERR_MEMORY, "No thread could be started for OTLP.");
    }
    if (rc < 0) {
        otlp_free(o);
        return rc;
    }
    *ret = o;
    return 0;
}

// The last state of all counters, for a collector that was there until now.
static void send_last(struct otlp *o)
{
    struct snapshot s;
    int64_t retry_after_s = -1;

    if (o->state.answers && o->state.sent && make_snapshot(o, clock_wall_ms(), &s)) {
        try_one(o, &s, true, &retry_after_s);
        free(s.body);
    }
}

void otlp_free(struct otlp *o)
{
    if (!o) {
        return;
    }
    pthread_mutex_lock(&o->mutex);
    atomic_store(&o->stopping, true);
    pthread_cond_broadcast(&o->wake);
    pthread_mutex_unlock(&o->mutex);
    if (o->running) {
        pthread_join(o->thread, NULL);
        send_last(o);
    }
    for (; o->count > 0; o->count--) {
        free(o->queue[o->first].body);
        o->first = (o->first + 1) % OTLP_QUEUE_MAX;
    }
    pthread_mutex_destroy(&o->mutex);
    pthread_cond_destroy(&o->wake);
    explicit_bzero(o->header_text, strlen(o->header_text));
    free(o->header_text);
    free(o->url);
    free(o->service);
    free(o->instance);
    free(o);
}
