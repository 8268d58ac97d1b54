// SPDX-License-Identifier: AGPL-3.0-or-later
// The structured log: one line an event on stderr, `time level event key=value …` (logfmt), or JSON. Values are escaped,
// so that a file name can't forge a line. Ids yes; document content and secrets never. Any thread.
#ifndef LARDER_BASE_LOG_H
#define LARDER_BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level least);
void log_set_json(bool json);

// One value of a line. Made by the macros below, so that callers read `log_info("job.end", LS("id", id), LI("ms", n))`.
struct log_value {
    const char *key; // NULL ends the list
    enum { LOG_STRING, LOG_INT } type;
    struct slice text;
    int64_t number;
};
#define LS(k, v)                                                                                   \
    (struct log_value)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_STRING, .text = slice_of(v)                                        \
    }
#define LSLICE(k, v)                                                                               \
    (struct log_value)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_STRING, .text = (v)                                                \
    }
#define LI(k, v)                                                                                   \
    (struct log_value)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_INT, .number = (int64_t)(v)                                        \
    }

void log_event(enum log_level level, const char *event, const struct log_value *values);
#define LOG_VALUES(...) ((const struct log_value[]){ __VA_ARGS__ __VA_OPT__(, ){ .key = NULL } })
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, LOG_VALUES(__VA_ARGS__))
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, LOG_VALUES(__VA_ARGS__))
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, LOG_VALUES(__VA_ARGS__))
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, LOG_VALUES(__VA_ARGS__))

#endif
