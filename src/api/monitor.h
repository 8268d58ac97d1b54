// SPDX-License-Identifier: AGPL-3.0-or-later
// The part of the server that watches the others. Two threads: one wakes each second, copies readings into the metrics, takes
// a sample and looks at the alert rules; it never waits for the disk or for anybody. The slow one does what may take time:
// it writes finished minutes and changed alerts to the store, makes coarse histories, asks the virus scanner. A third, if it
// is wanted, sends the canary.
// Functions: any thread.
#ifndef LARDER_API_MONITOR_H
#define LARDER_API_MONITOR_H

#include "api/api.h"
#include "store/history.h"
#include "watch/alert.h"
#include "watch/notify.h"
#include "watch/otlp.h"
#include "watch/series.h"

enum { MONITOR_TEXT_MAX = 512 };

struct monitor;
// Reads the rules and what is kept of alerts; ERR_* with a sentence if the rules file is wrong. Starts no thread.
int monitor_new(struct api *api, struct monitor **ret, struct error *err);
int monitor_start(struct monitor *m, struct error *err);
void monitor_stop(struct monitor *m); // writes what is finished; before the store closes
void monitor_free(struct monitor *m);

// http_options.ended
void monitor_request_ended(
    struct http_request *req, const struct http_route *route, int status, int64_t ms);

// History with what is not written yet. q as for store_history_load.
int monitor_history(struct monitor *m, struct history_query *q, struct error *err);
// Names of the series of a metric (or of one part of a histogram: NAME_count) whose labels match; lent. How many.
struct label_match {
    struct slice name, value;
};
size_t monitor_series(struct monitor *m, struct slice metric, const struct label_match *labels,
    size_t label_count, const char **ret_names, const struct series **ret_series, size_t max);

bool monitor_otlp(struct monitor *m, struct otlp_state *ret); // false: nothing is pushed

// ---- alerts; JSON for the API
void monitor_alerts_json(struct monitor *m, struct json_out *j); // all alerts, worst first
void monitor_rules_json(struct monitor *m, struct json_out *j);
void monitor_channels_json(struct monitor *m, struct json_out *j);
// Nothing is repeated until it ends. ERR_NOT_FOUND, ERR_CONFLICT if it does not fire.
int monitor_acknowledge(
    struct monitor *m, struct slice rule, struct slice word, const char *by, struct error *err);
int monitor_silence(struct monitor *m, const struct silence *s, int64_t *ret_id, struct error *err);
int monitor_silence_end(struct monitor *m, int64_t id, struct error *err);
void monitor_silences_json(struct monitor *m, struct json_out *j);
// Sends a message that says it is a test through all channels; what was measured of each rule now goes to j.
void monitor_test(struct monitor *m, struct json_out *j);

#endif
