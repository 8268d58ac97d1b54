// SPDX-License-Identifier: AGPL-3.0-or-later
// Dates and times of numfmt.h. A serial number counts days; day 60 of the 1900 system is the 29 February that 1900 never
// had, kept because every spreadsheet agrees on it; day 0 shows as 0 January.
#include "reader/numfmt_parts.h"

#include <math.h>
#include <stdio.h>

enum { LAST_DAY = 2958465, DAYS_1904 = 1462 }; // 31 December 9999; days between the two systems

struct moment {
    int year, month, day, weekday; // weekday 0: Sunday
    int hour, minute, second, fraction;
    double days; // with the time, for elapsed hours
};

static void civil(int64_t days, struct moment *m) // days since 1970-01-01, after H. Hinnant
{
    days += 719468;
    int64_t era = days / 146097, doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    m->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    m->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    m->year = (int)(yoe + era * 400 + (m->month <= 2));
}

static bool split(double value, bool from_1904, int digits, struct moment *m)
{
    int64_t unit = digits == 0 ? 1 : digits == 1 ? 10 : digits == 2 ? 100 : 1000;

    value += from_1904 ? DAYS_1904 : 0;
    if (value < 0 || value >= LAST_DAY + 1) {
        return false;
    }
    int64_t serial = (int64_t)floor(value);
    // Rounded to what is shown, so that 8:20 (0.34722…) is not shown as 8:19; a rest that rounds up to a day is the next day.
    int64_t ticks = (int64_t)llround((value - (double)serial) * 86400 * (double)unit);
    if (ticks >= 86400 * unit) {
        ticks -= 86400 * unit;
        serial++;
    }
    m->days = (double)serial + (double)ticks / 86400 / (double)unit;
    m->fraction = (int)(ticks % unit);
    ticks /= unit;
    m->second = (int)(ticks % 60);
    m->minute = (int)(ticks / 60 % 60);
    m->hour = (int)(ticks / 3600);
    m->weekday = (int)((serial + 6) % 7);
    if (serial == 60 && !from_1904) {
        m->year = 1900, m->month = 2, m->day = 29;
    } else if (serial == 0 && !from_1904) {
        m->year = 1900, m->month = 1, m->day = 0;
    } else {
        civil(serial - 25569 + (serial < 60 && !from_1904), m);
        if (from_1904) { // the weekday of the real calendar, as the other system has from March 1900 on
            m->weekday = (int)((serial + 6) % 7);
        }
    }
    return true;
}

static void elapsed(
    const struct numfmt_token *t, const struct moment *m, bool from_1904, struct buf *out)
{
    double days = m->days - (from_1904 ? DAYS_1904 : 0);
    int64_t seconds = (int64_t)floor(days * 86400 + 1e-4);
    int64_t n = t->sign == 'h' ? seconds / 3600 : t->sign == 'm' ? seconds / 60 : seconds;

    buf_addf(out, "%0*lld", t->count, (long long)n);
}

static void part(const struct numfmt_token *t, const struct moment *m, bool twelve, struct buf *out)
{
    static const char *const months[] = { "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December" };
    static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
        "Friday", "Saturday" };
    int hour = twelve ? (m->hour % 12 ? m->hour % 12 : 12) : m->hour;

    switch (t->sign) {
    case 'y':
        buf_addf(out, t->count <= 2 ? "%02d" : "%04d", t->count <= 2 ? m->year % 100 : m->year);
        break;
    case 'e':
        buf_addf(out, "%d", m->year);
        break;
    case 'b':
        buf_addf(out, t->count <= 2 ? "%02d" : "%04d",
            t->count <= 2 ? (m->year + 543) % 100 : m->year + 543);
        break;
    case 'm':
        if (t->count == 5) {
            buf_add(out, months[m->month - 1], 1);
        } else if (t->count >= 3) {
            buf_add(out, months[m->month - 1], t->count == 3 ? 3 : strlen(months[m->month - 1]));
        } else {
            buf_addf(out, "%0*d", t->count, m->month);
        }
        break;
    case 'd':
        if (t->count >= 3) {
            buf_add(out, days[m->weekday], t->count == 3 ? 3 : strlen(days[m->weekday]));
        } else {
            buf_addf(out, "%0*d", t->count, m->day);
        }
        break;
    case 'h':
        buf_addf(out, "%0*d", t->count > 2 ? 2 : t->count, hour);
        break;
    case 'n':
        buf_addf(out, "%0*d", t->count, m->minute);
        break;
    case 's':
        buf_addf(out, "%0*d", t->count > 2 ? 2 : t->count, m->second);
        break;
    case '.':
        buf_addf(out, ".%0*d", t->count, m->fraction);
        break;
    default:
        break;
    }
}

bool numfmt_date(const struct numfmt_section *s, double value, bool from_1904, struct buf *out)
{
    struct moment m = { .year = 0 };
    bool twelve = false, has_elapsed = false, minus = false;

    for (size_t i = 0; i < s->count; i++) {
        twelve = twelve || s->tokens[i].kind == FMT_AMPM;
        has_elapsed = has_elapsed || s->tokens[i].kind == FMT_ELAPSED;
    }
    if (has_elapsed && value < 0) { // durations may be negative
        minus = true;
        value = -value;
    }
    if (!split(value, from_1904, s->second_digits, &m)) {
        return false;
    }
    if (minus) {
        buf_add_char(out, '-');
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct numfmt_token *t = &s->tokens[i];
        if (t->kind == FMT_DATE) {
            part(t, &m, twelve, out);
        } else if (t->kind == FMT_ELAPSED) {
            elapsed(t, &m, from_1904, out);
        } else if (t->kind == FMT_AMPM) {
            buf_add(out, t->text.data + (m.hour >= 12 ? t->text.len / 2 + 1 : 0), t->text.len / 2);
        } else if (t->kind != FMT_GENERAL) {
            buf_add_slice(out, t->text);
        }
    }
    return true;
}
