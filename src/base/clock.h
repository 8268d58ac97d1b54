// SPDX-License-Identifier: AGPL-3.0-or-later
// Two clocks: the wall for people, the monotonic one for deadlines and leases (it never steps).
#ifndef LARDER_BASE_CLOCK_H
#define LARDER_BASE_CLOCK_H

#include "base/base.h"

#include <time.h>

int64_t clock_wall_ms(void); // since 1970-01-01 UTC
int64_t clock_mono_ms(
    void); // since boot, suspended time included, so that leases lapse over a closed lid
int64_t clock_mono_us(void);

enum { CLOCK_TEXT_MAX = 32 };
// RFC 3339 in UTC with milliseconds: "2026-11-22T12:30:00.000Z".
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_MAX]);

#endif
