// SPDX-License-Identifier: AGPL-3.0-or-later
// Telling people and programs of alerts: a webhook signed as Standard Webhooks say, Alertmanager's API v2, and mail. Each
// channel has a thread and a bounded queue of its own, so one that hangs delays no other; a message is tried NOTIFY_TRIES
// times with growing pauses, always under the same id, then given up and counted (larder_notifications_total).
#ifndef LARDER_WATCH_NOTIFY_H
#define LARDER_WATCH_NOTIFY_H

#include "watch/alert.h"

enum { NOTIFY_QUEUE_MAX = 64, NOTIFY_TRIES = 5, NOTIFY_BODY_MAX = 1 << 20, NOTIFY_ITEMS_MAX = 256 };
enum notify_channel { NOTIFY_WEBHOOK, NOTIFY_ALERTMANAGER, NOTIFY_EMAIL, NOTIFY_CHANNELS };

struct notify_options { // copied
    const char *webhook; // URL; "" or NULL: off
    const char *webhook_secret; // "whsec_" and Base64, or any text; "": not signed
    const char *alertmanager; // URL; its path gets /api/v2/alerts
    const char *smtp, *smtp_user, *smtp_password, *mail_from, *mail_to;
    const char *link; // of this server, for links; ""
    int first_pause_ms; // before the second try; 0: 1000
};
struct notify_item { // one alert as it is told; lends
    const char *rule, *title, *severity, *event, *group, *unit, *advice, *plot;
    const char *label, *word; // of a split rule; ""
    double value, raise;
    bool above, firing;
    int64_t fired_ms, now_ms;
    int64_t
        ends_ms; // one that fires: when Alertmanager may forget it by itself; 0: when it is told so
};

struct notifier;
struct notifier *notifier_new(const struct notify_options *o);
void notifier_free(struct notifier *n); // what still waits is given up
bool notifier_has(const struct notifier *n, enum notify_channel c);
// Queues one message about these items for webhook and mail. Never blocks.
void notifier_tell(struct notifier *n, const struct notify_item *items, size_t count);
// The same for Alertmanager, which wants all that fires every minute, and what ended once.
void notifier_tell_manager(struct notifier *n, const struct notify_item *items, size_t count);
struct notify_result { // of the last message of a channel
    int64_t sent, failed, dropped;
    char last_error[200]; // "" after a success
};
void notifier_result(struct notifier *n, enum notify_channel c, struct notify_result *ret);

// ---- pure parts
void notify_webhook_body(
    struct buf *out, const struct notify_item *items, size_t count, const char *link);
void notify_manager_body(
    struct buf *out, const struct notify_item *items, size_t count, const char *link);
void notify_mail_text(struct buf *subject, struct buf *text, const struct notify_item *items,
    size_t count, const char *link);
// "v1,BASE64" of HMAC-SHA256 over id.timestamp.body.
int notify_sign(const char *secret, const char *id, int64_t timestamp_s, struct slice body,
    char ret_signature[64]);

#endif
