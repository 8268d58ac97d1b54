// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements error.h. Any thread.
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct error_kind kinds[] = {
    { ERR_OK, "ok", "Done", 200, 0, false },
    { ERR_INVALID, "invalid", "The request is not right", 400, 64, false },
    { ERR_NOT_FOUND, "not_found", "Not found", 404, 66, false },
    { ERR_CONFLICT, "conflict", "Not possible in this state", 409, 65, false },
    { ERR_DENIED, "denied", "Not allowed", 403, 77, false },
    { ERR_AUTH, "unauthorized", "A key is needed", 401, 77, false },
    { ERR_TOO_LARGE, "too_large", "Too large", 413, 65, false },
    { ERR_LIMIT, "limit", "Over a limit", 429, 75, true },
    { ERR_UNSUPPORTED, "unsupported", "Not supported", 415, 64, false },
    { ERR_REFUSED, "refused", "The document was refused", 422, 65, false },
    { ERR_BUSY, "busy", "Busy, try again", 503, 75, true },
    { ERR_TIMEOUT, "timeout", "Took too long", 504, 75, true },
    { ERR_CANCELLED, "cancelled", "Cancelled", 409, 75, false },
    { ERR_IO, "io", "Could not read or write", 500, 74, true },
    { ERR_NO_SPACE, "no_space", "No room on the disk", 507, 74, true },
    { ERR_MEMORY, "memory", "Not enough memory", 503, 71, true },
    { ERR_CORRUPT, "corrupt", "Damaged data", 500, 65, false },
    { ERR_INTERNAL, "internal", "A fault of Larder's own", 500, 70, false },
};

const struct error_kind *error_kind(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].code == code) {
            return &kinds[i];
        }
    }
    return &kinds[ARRAY_LEN(kinds) - 1];
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list args;

        err->code = code;
        va_start(args, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, args);
        va_end(args);
    }
    return code;
}

int error_prefix(struct error *err, int code, const char *fmt, ...)
{
    if (err) {
        char before[ERROR_TEXT_MAX];
        char both[2 * ERROR_TEXT_MAX + 4];
        va_list args;

        va_start(args, fmt);
        vsnprintf(before, sizeof(before), fmt, args);
        va_end(args);
        snprintf(both, sizeof(both), "%s: %s", before, err->text);
        both[ERROR_TEXT_MAX - 1] = '\0';
        memcpy(err->text, both, ERROR_TEXT_MAX);
        err->code = code;
    }
    return code;
}
