// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements json.h.
#include "wire/json.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_TEXT_MAX = 48 };

void json_add_string(struct buf *b, struct slice text)
{
    size_t at = 0, plain = 0; // [plain, at) waits to be copied as it is

    buf_add_char(b, '"');
    while (at < text.len) {
        unsigned char c = (unsigned char)text.data[at];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&') {
            at++;
            continue;
        }
        size_t bytes = 1;
        uint32_t code_point = utf8_decode(text.data + at, text.len - at, &bytes);
        bool separator =
            code_point == 0x2028 || code_point == 0x2029; // line ends to JavaScript, not to JSON
        if (c >= 0x80 && !separator && !(code_point == UTF8_REPLACEMENT && bytes == 1)) {
            at += bytes;
            continue;
        }
        buf_add(b, text.data + plain, at - plain);
        switch (code_point) {
        case '"':
            buf_add_str(b, "\\\"");
            break;
        case '\\':
            buf_add_str(b, "\\\\");
            break;
        case '\n':
            buf_add_str(b, "\\n");
            break;
        case '\t':
            buf_add_str(b, "\\t");
            break;
        case '\r':
            buf_add_str(b, "\\r");
            break;
        default:
            buf_addf(b, "\\u%04x", (unsigned)code_point);
        }
        at += bytes;
        plain = at;
    }
    buf_add(b, text.data ? text.data + plain : NULL, at - plain);
    buf_add_char(b, '"');
}

void json_add_text(struct buf *b, const char *text)
{
    if (text) {
        json_add_string(b, slice_of(text));
    } else {
        buf_add_str(b, "null");
    }
}

void json_add_number(struct buf *b, double value, int digits)
{
    char text[NUMBER_TEXT_MAX];

    if (!isfinite(value) || value == 0) {
        buf_add_char(b, '0');
        return;
    }
    snprintf(text, sizeof(text), "%.*g", digits < 1 ? 1 : digits > 17 ? 17 : digits, value);
    for (char *c = text; *c; c++) {
        if (*c == ',') {
            *c = '.';
        }
    }
    buf_add_str(b, text);
}
