// SPDX-License-Identifier: AGPL-3.0-or-later
// What people see while they wait: events over the WebSocket, how late they are, round trips, and going on after a break.
#include "base/clock.h"
#include "net/ws.h"
#include "verify/internal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PINGS = 20, DELAYS = 5, WAIT_MS = 60000, PONG_MS = 5000 };

// Its second page is a picture of words, which takes long enough for progress to be told.
#define PROGRESS_FILE "image-page.pdf"

struct watcher { // one document's events as they come
    const struct trial *t;
    char name[64]; // of the document
    int64_t created_us, last_seq, first_seq; // clock_mono_us; 0: did not come
    int progress, backwards; // events; that came out of order
    double done;
    bool ready, ended;
    bool stop_at_created;
};

static bool on_text(void *ctx, struct slice text)
{
    struct watcher *w = ctx;
    AUTO_JSON *event = json_loadb(text.data, text.len, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    const char *kind = trial_text(event, "kind");
    int64_t seq = trial_int(event, "seq");

    if (strcmp(trial_text(data, "partition"), w->t->partition) != 0 ||
        strcmp(trial_text(data, "name"), w->name) != 0) {
        return false; // of another document
    }
    w->backwards += seq <= w->last_seq;
    w->last_seq = seq;
    if (strcmp(kind, "document.created") == 0) {
        w->created_us = clock_mono_us();
        w->first_seq = seq;
        return w->stop_at_created;
    }
    if (strcmp(kind, "document.progress") == 0) {
        double done = trial_number(json_object_get(data, "progress"), "done");
        w->progress++;
        w->backwards += done < w->done;
        w->done = done;
    }
    w->ready = w->ready || strcmp(kind, "document.ready") == 0;
    w->ended = w->ready || strcmp(kind, "document.failed") == 0;
    return w->ended;
}

// since: the number after which events come; negative: from now on. NULL: it failed, and ret says so.
static struct net_ws *open_events(struct trial *t, int64_t since, struct verify_result *ret)
{
    char url[VERIFY_URL_MAX + 64];
    struct net_ws *ws = NULL;
    struct error err = { 0 };

    if (since >= 0) {
        snprintf(url, sizeof(url), "%s/v1/events?since=%lld", t->o->url, (long long)since);
    } else {
        snprintf(url, sizeof(url), "%s/v1/events", t->o->url);
    }
    if (net_ws_open(url, t->o->key, &t->o->trust, &ws, &err) < 0) {
        trial_fail(ret, "%s", err.text);
        return NULL;
    }
    return ws;
}

struct sender { // uploads beside the thread that watches
    struct trial *t;
    const char *name;
    struct slice bytes;
    long status;
    int64_t answered_us;
    char error[ERROR_TEXT_MAX];
};

static void *send_main(void *arg)
{
    struct sender *s = arg;
    AUTO_TRIAL_REPLY reply = { 0 };

    s->status = trial_upload(s->t, s->name, s->bytes, NULL, &reply);
    s->answered_us = clock_mono_us();
    snprintf(s->error, sizeof(s->error), "%s", reply.error);
    return NULL;
}

// Uploads a file, or a short text, and watches until the handler has seen enough. False: ret was failed.
static bool upload_and_watch(struct trial *t, struct net_ws *ws, const char *file,
    struct watcher *w, struct sender *s, struct verify_result *ret)
{
    AUTO_BUF text = BUF_INIT(4096);
    struct net_ws_handler handler = { .text = on_text, .ctx = w, .cancelled = t->o->cancelled };
    struct error err = { 0 };
    pthread_t thread;

    trial_make_text(t, 1, &text);
    snprintf(w->name, sizeof(w->name), "larder-verify-live-%u.%s", t->made, file ? "pdf" : "txt");
    *s = (struct sender){ .t = t, .name = w->name };
    s->bytes = file ? trial_file(file) : buf_slice(&text);
    if (pthread_create(&thread, NULL, send_main, s) != 0) {
        trial_skip(ret, "this machine gives no thread.");
        return false;
    }
    int rc = net_ws_run(ws, &handler, clock_mono_ms() + WAIT_MS, &err);
    pthread_join(thread, NULL);
    if (rc < 0) {
        trial_fail(ret, "%s", err.text);
    } else if (s->status != 201) {
        trial_fail(ret, "The text to be watched was not taken in. %s", s->error);
    }
    return rc == 0 && s->status == 201;
}

TRIAL_CHECK(check_progress)
{
    struct watcher w = { .t = t };
    struct sender s;

    (void)c;
    struct net_ws *ws = open_events(t, -1, ret);
    if (!ws) {
        return;
    }
    if (upload_and_watch(t, ws, PROGRESS_FILE, &w, &s, ret)) {
        if (!w.created_us || !w.ended) {
            trial_fail(ret, "Not all events came within %d s: created %s, end %s.", WAIT_MS / 1000,
                w.created_us ? "yes" : "no", w.ended ? "yes" : "no");
        } else if (!w.ready) {
            trial_fail(ret, "The text was not read: its events say failed.");
        } else if (w.backwards) {
            trial_fail(ret, "%d events came out of order.", w.backwards);
        } else if (w.progress == 0) {
            trial_fail(ret, "No progress was told between created and ready.");
        } else {
            trial_pass(ret, "Created, %d times progress, ready; in order.", w.progress);
        }
    }
    net_ws_close(ws);
}

TRIAL_CHECK(check_event_delay)
{
    double delays[DELAYS];

    (void)c;
    struct net_ws *ws = open_events(t, -1, ret);
    if (!ws) {
        return;
    }
    for (int i = 0; i < DELAYS; i++) {
        struct watcher w = { .t = t, .stop_at_created = true };
        struct sender s;
        if (!upload_and_watch(t, ws, NULL, &w, &s, ret)) {
            net_ws_close(ws);
            return;
        }
        if (!w.created_us) {
            trial_fail(ret, "The event of an upload did not come within %d s.", WAIT_MS / 1000);
            net_ws_close(ws);
            return;
        }
        delays[i] =
            w.created_us > s.answered_us ? (double)(w.created_us - s.answered_us) / 1000 : 0;
    }
    net_ws_close(ws);
    trial_measure(ret, trial_sorted_at(delays, DELAYS, 0.5),
        "from the answer of an upload to its event, median of 5");
}

static bool on_pong(void *ctx, struct slice payload)
{
    (void)payload;
    *(int64_t *)ctx = clock_mono_us();
    return true;
}

TRIAL_CHECK(check_ping)
{
    double times[PINGS];
    struct error err = { 0 };
    int64_t came = 0;
    struct net_ws_handler handler = { .pong = on_pong, .ctx = &came, .cancelled = t->o->cancelled };

    (void)c;
    struct net_ws *ws = open_events(t, -1, ret);
    if (!ws) {
        return;
    }
    int rc = 0;
    for (int i = 0; rc == 0 && i < PINGS; i++) {
        int64_t sent = clock_mono_us();
        came = 0;
        rc = net_ws_ping(ws, slice_make((const char *)&sent, sizeof(sent)), &err);
        rc = rc < 0 ? rc : net_ws_run(ws, &handler, clock_mono_ms() + PONG_MS, &err);
        if (rc == 0 && !came) {
            rc = error_set(
                &err, ERR_TIMEOUT, "A ping was not answered within %d s.", PONG_MS / 1000);
        }
        times[i] = (double)(came - sent) / 1000;
    }
    net_ws_close(ws);
    if (rc < 0) {
        trial_fail(ret, "%s", err.text);
        return;
    }
    trial_measure(
        ret, trial_sorted_at(times, PINGS, 0.95), "round trip of a ping, the second slowest of 20");
}

// A connection that broke goes on after the last number it saw.
TRIAL_CHECK(check_resume)
{
    struct watcher first = { .t = t, .stop_at_created = true };
    struct watcher again = { .t = t, .stop_at_created = true };
    struct net_ws_handler handler = {
        .text = on_text, .ctx = &again, .cancelled = t->o->cancelled
    };
    struct sender s;
    struct error err = { 0 };

    (void)c;
    struct net_ws *ws = open_events(t, -1, ret);
    if (!ws) {
        return;
    }
    bool seen = upload_and_watch(t, ws, NULL, &first, &s, ret);
    net_ws_close(ws);
    if (seen && !first.first_seq) {
        trial_fail(ret, "The event did not come.");
    }
    if (!seen || !first.first_seq) {
        return;
    }
    memcpy(again.name, first.name, sizeof(again.name));
    ws = open_events(t, first.first_seq - 1, ret);
    if (!ws) {
        return;
    }
    int rc = net_ws_run(ws, &handler, clock_mono_ms() + PONG_MS, &err);
    net_ws_close(ws);
    if (rc < 0 || again.first_seq != first.first_seq) {
        trial_fail(
            ret, "A second connection that named the last number did not get what it missed.");
    } else {
        trial_pass(
            ret, "A second connection got what the first had seen after the number it named.");
    }
}
