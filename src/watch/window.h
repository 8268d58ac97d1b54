// SPDX-License-Identifier: AGPL-3.0-or-later
// What alert rules look at, out of the live metrics: present values of gauges, and increases of counters over windows of up
// to six hours, in steps of WINDOW_STEP_S. A total is remembered only from its first count on, so idle types cost nothing.
// After a start the windows reach back to the start. One thread.
#ifndef LARDER_WATCH_WINDOW_H
#define LARDER_WATCH_WINDOW_H

#include "watch/alert.h"

enum {
    WINDOW_STEP_S = 10,
    WINDOW_STEPS = ALERT_WINDOW_MAX_S / WINDOW_STEP_S + 1,
    WINDOW_PROBES_MAX = 1024,
};

struct window;
struct window *window_new(void);
void window_free(struct window *w);
// Once a second or so, before alerts_step: notes totals when a step is over.
void window_tick(struct window *w, int64_t mono_ms);
struct alert_source window_source(struct window *w);

#endif
