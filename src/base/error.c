// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements error.h. Any thread.
#include "base/error.h"

#include "base/utf8.h"

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

// What sentences quote comes from input, and a long one is cut anywhere: malformed bytes become '?', controls spaces, and the
// front of a character that was cut off goes.
static void make_text(char text[ERROR_TEXT_MAX])
{
    size_t len = strlen(text), bytes = 0;

    if (len == ERROR_TEXT_MAX - 1) {
        size_t last = len - 1;
        while (last > len - 4 && ((unsigned char)text[last] & 0xC0) == 0x80) {
            last--;
        }
        bool broken =
            utf8_decode(text + last, len - last, &bytes) == UTF8_REPLACEMENT && bytes == 1;
        len = broken ? last : len;
        text[len] = '\0';
    }
    for (size_t i = 0; i < len; i += bytes) {
        uint32_t c = utf8_decode(text + i, len - i, &bytes);
        if (c == UTF8_REPLACEMENT && bytes == 1) {
            text[i] = '?';
        } else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f) {
            text[i] = ' ';
        }
    }
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list args;

        err->code = code;
        va_start(args, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, args);
        va_end(args);
        make_text(err->text);
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
        make_text(err->text);
        err->code = code;
    }
    return code;
}
