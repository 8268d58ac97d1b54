// SPDX-License-Identifier: AGPL-3.0-or-later
// What alerting keeps: how each alert stands, what happened to it, and silences. Rows are JSON that the alert machine made;
// the store doesn't look into them. A part of the store.
#ifndef LARDER_STORE_ALERTS_H
#define LARDER_STORE_ALERTS_H

#include "store/store.h"

enum { ALERT_HISTORY_KEPT = 20000, ALERT_HISTORY_LIST_MAX = 1000, SILENCES_KEPT_MAX = 256 };

struct alert_row {
    const char *rule;
    const char *word; // "" if the rule is not split
    const char *row; // JSON object
    bool changed; // also goes into the history, and out as an event "alert.changed"
};
// All in one commit.
int store_alerts_save(
    struct store *s, const struct alert_row *rows, size_t count, struct error *err);
typedef int (*store_alert_fn)(
    void *ctx, int64_t id, int64_t time_ms, struct slice row, struct error *err);
int store_alerts_load(struct store *s, store_alert_fn fn, void *ctx, struct error *err);
// Newest first; before_id 0: from the newest. rule empty: all.
int store_alert_history(struct store *s, struct slice rule, int64_t before_id, int limit,
    store_alert_fn fn, void *ctx, struct error *err);

// ret_id is given; ERR_LIMIT when there are SILENCES_KEPT_MAX.
int store_silence_add(
    struct store *s, int64_t until_ms, const char *row, int64_t *ret_id, struct error *err);
int store_silence_delete(struct store *s, int64_t id, struct error *err); // ERR_NOT_FOUND
int store_silence_list(struct store *s, store_alert_fn fn, void *ctx, struct error *err);

#endif
