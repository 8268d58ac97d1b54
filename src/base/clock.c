// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements clock.h. Any thread.
#include "base/clock.h"

#include <stdio.h>

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0) {
        BUG("clock %d is not readable", (int)id);
    }
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_BOOTTIME);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    int ms = (int)(wall_ms % 1000);
    struct tm tm;

    if (ms < 0) {
        ms += 1000;
        seconds -= 1;
    }
    if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999) {
        snprintf(ret_text, CLOCK_TEXT_MAX, "1970-01-01T00:00:00.000Z");
        return;
    }
    snprintf(ret_text, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
        (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
        (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
        (unsigned)tm.tm_sec % 100, (unsigned)ms % 1000);
}
