// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements notify.h: the channels' queues and threads.
#include "watch/notify.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "net/call.h"
#include "net/mail.h"
#include "os/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024, SEND_MS = 15000, PAUSE_MAX_MS = 60000 };

struct message {
    char id[ID_SIZE];
    char *subject; // mail
    char *body;
};

struct channel {
    struct notifier *notifier;
    enum notify_channel kind;
    bool on;
    pthread_t thread;
    struct message queue[NOTIFY_QUEUE_MAX]; // notifier's mutex
    size_t first, count;
    struct notify_result result;
};

struct notifier {
    char *webhook, *secret, *manager, *smtp, *user, *password, *from, *to, *link; // immutable
    int first_pause_ms;
    pthread_mutex_t mutex; // guards queues, results, stopping
    pthread_cond_t wake;
    atomic_bool stopping;
    struct channel channels[NOTIFY_CHANNELS];
};

static void message_done(struct message *m)
{
    free(m->subject);
    free(m->body);
    *m = (struct message){ 0 };
}

// ---- sending

static int post(
    struct notifier *n, const char *url, const struct message *m, bool sign, struct error *err)
{
    char stamp[64], id[64], signature[64];
    AUTO_FREE char *signed_header = NULL;
    const char *headers[4] = { NULL };
    int64_t now_s = clock_wall_ms() / 1000;
    AUTO_NET_ANSWER answer = { 0 };

    if (sign) {
        snprintf(id, sizeof(id), "webhook-id: %s", m->id);
        snprintf(stamp, sizeof(stamp), "webhook-timestamp: %lld", (long long)now_s);
        headers[0] = id;
        headers[1] = stamp;
        if (n->secret[0]) {
            int rc = notify_sign(n->secret, m->id, now_s, slice_of(m->body), signature);
            if (rc != 0) {
                return error_set(err, rc, "The message could not be signed.");
            }
            signed_header = xasprintf("webhook-signature: %s", signature);
            headers[2] = signed_header;
        }
    }
    struct net_call call = { .url = url,
        .body = slice_of(m->body),
        .headers = headers,
        .deadline_ms = clock_mono_ms() + SEND_MS,
        .answer_max = ANSWER_MAX,
        .cancelled = &n->stopping };
    int rc = net_call_run(&call, &answer, err);
    if (rc == 0 && (answer.status < 200 || answer.status >= 300)) {
        rc = error_set(err, answer.status == 410 ? ERR_DENIED : ERR_IO,
            "The receiver answered with status %ld.", answer.status);
    }
    return rc;
}

static int send_one(struct channel *c, const struct message *m, struct error *err)
{
    struct notifier *n = c->notifier;

    if (c->kind == NOTIFY_EMAIL) {
        struct net_mail mail = { .url = n->smtp,
            .user = n->user,
            .password = n->password,
            .from = n->from,
            .to = n->to,
            .subject = m->subject,
            .text = m->body,
            .now_ms = clock_wall_ms(),
            .id = m->id,
            .cancelled = &n->stopping };
        return net_mail_send(&mail, err);
    }
    return post(
        n, c->kind == NOTIFY_WEBHOOK ? n->webhook : n->manager, m, c->kind == NOTIFY_WEBHOOK, err);
}

// Sleeps, but not past the stop. With the mutex held.
static void pause_ms(struct notifier *n, int64_t ms)
{
    struct timespec until = thread_moment(ms);

    while (!n->stopping && thread_wait(&n->wake, &n->mutex, &until)) {
        // woken by a new message
    }
}

static void deliver(struct channel *c, struct message *m)
{
    static const char *const words[] = { "webhook", "alertmanager", "email" };
    struct notifier *n = c->notifier;
    struct error err = { 0 };
    int rc = ERR_IO;
    int64_t pause = n->first_pause_ms;

    // Alertmanager is told all that fires every minute anyway: what is late is old.
    int tries = c->kind == NOTIFY_ALERTMANAGER ? 2 : NOTIFY_TRIES;
    for (int i = 0; i < tries && rc != 0 && !n->stopping; i++) {
        if (i > 0) {
            pthread_mutex_lock(&n->mutex);
            pause_ms(n, pause);
            pthread_mutex_unlock(&n->mutex);
            pause = pause * 5 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 5;
        }
        if (!n->stopping) {
            rc = send_one(c, m, &err);
            pthread_mutex_lock(&n->mutex);
            snprintf(c->result.last_error, sizeof(c->result.last_error), "%.199s",
                rc ? err.text : ""); // told at once, though it is tried again
            pthread_mutex_unlock(&n->mutex);
        }
    }
    pthread_mutex_lock(&n->mutex);
    *(rc == 0 ? &c->result.sent : &c->result.failed) += 1;
    pthread_mutex_unlock(&n->mutex);
    metric_add(METRIC_NOTIFICATIONS, c->kind, rc == 0 ? 0 : 1, 1);
    if (rc != 0) {
        log_warn("alert.not_told", LS("channel", words[c->kind]), LS("error", err.text));
    }
    message_done(m);
}

static void *channel_main(void *arg)
{
    struct channel *c = arg;
    struct notifier *n = c->notifier;

    pthread_mutex_lock(&n->mutex);
    while (!n->stopping) {
        if (c->count == 0) {
            pthread_cond_wait(&n->wake, &n->mutex);
            continue;
        }
        struct message m = c->queue[c->first];
        c->first = (c->first + 1) % NOTIFY_QUEUE_MAX;
        c->count--;
        pthread_mutex_unlock(&n->mutex);
        deliver(c, &m);
        pthread_mutex_lock(&n->mutex);
    }
    pthread_mutex_unlock(&n->mutex);
    return NULL;
}

// ---- queues

static void enqueue(struct notifier *n, enum notify_channel kind, char *subject, char *body)
{
    struct channel *c = &n->channels[kind];
    struct message m = { .subject = subject, .body = body };

    id_new(m.id);
    pthread_mutex_lock(&n->mutex);
    bool room = c->count < NOTIFY_QUEUE_MAX;
    if (room) {
        c->queue[(c->first + c->count++) % NOTIFY_QUEUE_MAX] = m;
        pthread_cond_broadcast(&n->wake);
    } else {
        c->result.dropped++;
    }
    pthread_mutex_unlock(&n->mutex);
    if (!room) {
        metric_add(METRIC_NOTIFICATIONS, kind, 2, 1);
        message_done(&m);
    }
}

void notifier_tell(struct notifier *n, const struct notify_item *items, size_t count)
{
    count = count > NOTIFY_ITEMS_MAX ? NOTIFY_ITEMS_MAX : count;
    if (count == 0) {
        return;
    }
    if (n->channels[NOTIFY_WEBHOOK].on) {
        AUTO_BUF body = BUF_INIT(NOTIFY_BODY_MAX);
        notify_webhook_body(&body, items, count, n->link);
        enqueue(n, NOTIFY_WEBHOOK, NULL, buf_take(&body));
    }
    if (n->channels[NOTIFY_EMAIL].on) {
        AUTO_BUF subject = BUF_INIT(4096);
        AUTO_BUF text = BUF_INIT(MAIL_BYTES_MAX / 2);
        notify_mail_text(&subject, &text, items, count, n->link);
        enqueue(n, NOTIFY_EMAIL, buf_take(&subject), buf_take(&text));
    }
}

void notifier_tell_manager(struct notifier *n, const struct notify_item *items, size_t count)
{
    count = count > NOTIFY_ITEMS_MAX ? NOTIFY_ITEMS_MAX : count;
    if (count && n->channels[NOTIFY_ALERTMANAGER].on) {
        AUTO_BUF body = BUF_INIT(NOTIFY_BODY_MAX);
        notify_manager_body(&body, items, count, n->link);
        enqueue(n, NOTIFY_ALERTMANAGER, NULL, buf_take(&body));
    }
}

bool notifier_has(const struct notifier *n, enum notify_channel c)
{
    return n->channels[c].on;
}

void notifier_result(struct notifier *n, enum notify_channel c, struct notify_result *ret)
{
    pthread_mutex_lock(&n->mutex);
    *ret = n->channels[c].result;
    pthread_mutex_unlock(&n->mutex);
}

static char *copy(const char *text)
{
    return xstrdup(text ? text : "");
}

struct notifier *notifier_new(const struct notify_options *o)
{
    struct notifier *n = xalloc(sizeof(*n));

    n->webhook = copy(o->webhook);
    n->secret = copy(o->webhook_secret);
    size_t len = o->alertmanager ? strlen(o->alertmanager) : 0;
    while (len && o->alertmanager[len - 1] == '/') {
        len--;
    }
    n->manager = len ? xasprintf("%.*s/api/v2/alerts", (int)len, o->alertmanager) : xstrdup("");
    n->smtp = copy(o->smtp);
    n->user = copy(o->smtp_user);
    n->password = copy(o->smtp_password);
    n->from = copy(o->mail_from);
    n->to = copy(o->mail_to);
    n->link = copy(o->link);
    n->first_pause_ms = o->first_pause_ms > 0 ? o->first_pause_ms : 1000;
    pthread_mutex_init(&n->mutex, NULL);
    pthread_cond_init(&n->wake, NULL);
    const bool wanted[NOTIFY_CHANNELS] = { n->webhook[0] != '\0', n->manager[0] != '\0',
        n->smtp[0] && n->to[0] };
    for (int i = 0; i < NOTIFY_CHANNELS; i++) {
        struct channel *c = &n->channels[i];
        c->notifier = n;
        c->kind = (enum notify_channel)i;
        c->on = wanted[i] && thread_start(&c->thread, "notify", channel_main, c);
    }
    return n;
}

void notifier_free(struct notifier *n)
{
    if (!n) {
        return;
    }
    pthread_mutex_lock(&n->mutex);
    atomic_store(&n->stopping, true);
    pthread_cond_broadcast(&n->wake);
    pthread_mutex_unlock(&n->mutex);
    for (int i = 0; i < NOTIFY_CHANNELS; i++) {
        struct channel *c = &n->channels[i];
        if (c->on) {
            pthread_join(c->thread, NULL);
        }
        while (c->count > 0) {
            message_done(&c->queue[c->first]);
            c->first = (c->first + 1) % NOTIFY_QUEUE_MAX;
            c->count--;
        }
    }
    pthread_mutex_destroy(&n->mutex);
    pthread_cond_destroy(&n->wake);
    explicit_bzero(n->secret, strlen(n->secret));
    explicit_bzero(n->password, strlen(n->password));
    char *texts[] = { n->webhook, n->secret, n->manager, n->smtp, n->user, n->password, n->from,
        n->to, n->link };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    free(n);
}
