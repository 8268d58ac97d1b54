// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements log.h. A line is built whole and written with one write(2), so lines of threads do not mix.
#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <unistd.h>

enum {
    VALUE_MAX_BYTES = 1024,
    VALUE_ROOM = 6 * VALUE_MAX_BYTES + 128, // of its key too, every byte escaped
    LINE_MAX_BYTES = 10 * VALUE_ROOM, // values that find no room are left out, the line never
};

static atomic_int least_level = LOG_LEVEL_INFO;
static atomic_bool as_json = false;
static const char *const level_words[] = { "debug", "info", "warn", "error" };

void log_set_level(enum log_level least)
{
    atomic_store(&least_level, (int)least);
}

void log_set_json(bool json)
{
    atomic_store(&as_json, json);
}

static void add_quoted(struct buf *line, struct slice s)
{
    s = utf8_prefix(s, VALUE_MAX_BYTES);
    buf_add_char(line, '"');
    for (size_t i = 0; i < s.len;) {
        size_t n = 0;
        uint32_t c = utf8_decode(s.data + i, s.len - i, &n);
        if (c == '"' || c == '\\') {
            buf_addf(line, "\\%c", (int)c);
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
            buf_addf(line, "\\u%04x", c);
        } else {
            utf8_add(line, c);
        }
        i += n;
    }
    buf_add_char(line, '"');
}

static bool is_bare(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7F) {
            return false;
        }
    }
    return s.len > 0 && s.len <= VALUE_MAX_BYTES;
}

void log_event(enum log_level level, const char *event, const struct log_value *values)
{
    char now[CLOCK_TEXT_MAX];
    bool json = atomic_load(&as_json);

    if ((int)level < atomic_load(&least_level)) {
        return;
    }
    AUTO_BUF line = BUF_INIT(LINE_MAX_BYTES);
    clock_format(clock_wall_ms(), now);
    buf_addf(&line, json ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"" : "%s %-5s %s", now,
        level_words[level], event);
    for (const struct log_value *v = values; v->key && line.len < LINE_MAX_BYTES - VALUE_ROOM;
         v++) {
        buf_addf(&line, json ? ",\"%s\":" : " %s=", v->key);
        if (v->type == LOG_INT) {
            buf_addf(&line, "%lld", (long long)v->number);
        } else if (!json && is_bare(v->text)) {
            buf_add_slice(&line, v->text);
        } else {
            add_quoted(&line, v->text);
        }
    }
    buf_add_str(&line, json ? "}\n" : "\n");
    if (buf_ok(&line) && write(STDERR_FILENO, line.data, line.len) < 0) {
        return; // nowhere left to say it
    }
}
