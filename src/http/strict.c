// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements strict.h. States, and the byte that leaves each:
//
//   START        first byte of a message        CR -> START_LF, tchar -> METHOD
//   START_LF     after a CR before a message    LF -> METHOD_FIRST
//   METHOD_FIRST after the empty line           tchar -> METHOD
//   METHOD       SP -> TARGET                   TARGET    SP -> VERSION
//   VERSION      "HTTP/1.x" CR -> LINE_LF       LINE_LF   LF -> FIELD
//   FIELD        at a line's start: CR -> END_LF, tchar -> NAME
//   NAME         ":" -> VALUE                   VALUE     CR -> LINE_LF
//   END_LF       LF -> head ends                BODY_WAIT until strict_body
//   IDENTITY     counts left down
//   SIZE_FIRST, SIZE, SIZE_EXT  CR -> SIZE_LF   SIZE_LF   LF -> DATA or TRAILER
//   DATA         counts left down -> DATA_CR -> DATA_LF -> SIZE_FIRST
//   TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF like fields; TRAILER_END LF -> message ends
#include "http/strict.h"

enum {
    START,
    START_LF,
    METHOD_FIRST,
    METHOD,
    TARGET,
    VERSION,
    LINE_LF,
    FIELD,
    NAME,
    VALUE,
    END_LF,
    BODY_WAIT,
    IDENTITY,
    SIZE_FIRST,
    SIZE,
    SIZE_EXT,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    TRAILER_END,
    REFUSED,
};

static const char version_text[] = "HTTP/1."; // then 0 or 1, then CR

static bool is_tchar(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool strict_is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_tchar((unsigned char)s.data[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_value_byte(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static int hex_digit(unsigned char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void strict_init(struct strict *s)
{
    *s = (struct strict){ .state = START };
}

void strict_body(struct strict *s, bool chunked, int64_t length)
{
    BUG_ON(s->state != BODY_WAIT || length < 0);
    if (chunked) {
        s->state = SIZE_FIRST;
        s->ext_all = 0;
        s->head = 0;
        s->left = 0;
    } else if (length > 0) {
        s->state = IDENTITY;
        s->left = length;
    } else {
        strict_init(s);
    }
}

static enum strict_end refuse(struct strict *s, int status, const char *sentence)
{
    s->state = REFUSED;
    s->status = status;
    s->sentence = sentence;
    return STRICT_REFUSED;
}

static enum strict_end bad_line_end(struct strict *s)
{
    return refuse(s, 400, "A line of the request does not end in CR LF.");
}

// One byte of the head. STRICT_MORE, STRICT_HEAD_END or a refusal.
static enum strict_end head_byte(struct strict *s, unsigned char c)
{
    s->started = true;
    if (++s->head > STRICT_HEAD_MAX) {
        return refuse(s, 431, "The request's headers are larger than 32 KiB.");
    }
    switch (s->state) {
    case START:
        if (c == '\r') {
            s->state = START_LF;
            s->started = false;
            return STRICT_MORE;
        }
        // fall through
    case METHOD_FIRST:
        s->part = 0;
        s->state = METHOD;
        // fall through
    case METHOD:
        if (c == ' ' && s->part > 0) {
            s->state = TARGET;
            s->part = 0;
        } else if (!is_tchar(c) || ++s->part > STRICT_METHOD_MAX) {
            return refuse(s, 400, "The request does not start with a method.");
        }
        return STRICT_MORE;
    case START_LF:
        s->started = false;
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = METHOD_FIRST;
        s->head = 0;
        return STRICT_MORE;
    case TARGET:
        if (c == ' ' && s->part > 0) {
            s->state = VERSION;
            s->part = 0;
        } else if (c <= ' ' || c >= 0x7f) {
            return refuse(
                s, 400, "The request's address holds a byte that must be percent-encoded.");
        } else if (++s->part > STRICT_TARGET_MAX) {
            return refuse(s, 414, "The request's address is longer than 8 KiB.");
        }
        return STRICT_MORE;
    case VERSION:
        if (s->part < sizeof(version_text) - 1) {
            if (c != (unsigned char)version_text[s->part]) {
                bool other = s->part == 5 && c >= '0' && c <= '9';
                return other ? refuse(s, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
                             : refuse(s, 400, "The request line does not end in an HTTP version.");
            }
            s->part++;
        } else if (s->part == sizeof(version_text) - 1) {
            if (c != '0' && c != '1') {
                return c >= '2' && c <= '9'
                           ? refuse(s, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
                           : refuse(s, 400, "The request line does not end in an HTTP version.");
            }
            s->part++;
        } else if (c == '\r') {
            s->state = LINE_LF;
        } else {
            return c == '\n' ? bad_line_end(s)
                             : refuse(s, 400, "There is text after the HTTP version.");
        }
        return STRICT_MORE;
    case LINE_LF:
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = FIELD;
        return STRICT_MORE;
    case FIELD:
        if (c == '\r') {
            s->state = END_LF;
            return STRICT_MORE;
        }
        if (c == ' ' || c == '\t') {
            return refuse(s, 400, "A header line starts with white space.");
        }
        if (c == '\n') {
            return bad_line_end(s);
        }
        if (++s->fields > STRICT_FIELDS_MAX) {
            return refuse(s, 431, "The request has more than 100 header lines.");
        }
        s->part = 0;
        s->state = NAME;
        // fall through
    case NAME:
        if (c == ':' && s->part > 0) {
            s->state = VALUE;
        } else if (!is_tchar(c)) {
            return refuse(s, 400, "A header's name holds a byte that may not stand there.");
        } else {
            s->part++;
        }
        return STRICT_MORE;
    case VALUE:
        if (c == '\r') {
            s->state = LINE_LF;
        } else if (c == '\n') {
            return bad_line_end(s);
        } else if (!is_value_byte(c)) {
            return refuse(s, 400, "A header's value holds a control character.");
        }
        return STRICT_MORE;
    case END_LF:
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = BODY_WAIT;
        return STRICT_HEAD_END;
    default:
        BUG("head_byte in state %d", s->state);
    }
}

// One byte of a chunked body that is not chunk data.
static enum strict_end chunk_byte(struct strict *s, unsigned char c)
{
    int digit;

    switch (s->state) {
    case SIZE_FIRST:
        s->part = 0;
        s->left = 0;
        s->ext_line = 0;
        s->state = SIZE;
        // fall through
    case SIZE:
        digit = hex_digit(c);
        if (digit >= 0) {
            if (++s->part > STRICT_CHUNK_DIGITS) {
                return refuse(s, 400, "The size of a chunk has too many digits.");
            }
            s->left = s->left << 4 | digit;
            return STRICT_MORE;
        }
        if (s->part == 0) {
            return refuse(s, 400, "A chunk does not start with its size.");
        }
        s->state = SIZE_EXT;
        // fall through
    case SIZE_EXT:
        if (c == '\r') {
            s->state = SIZE_LF;
            return STRICT_MORE;
        }
        if (c == '\n') {
            return bad_line_end(s);
        }
        if (!is_value_byte(c) || c >= 0x80 || (s->ext_line == 0 && c != ';')) {
            return refuse(s, 400, "The size of a chunk is not a number.");
        }
        if (++s->ext_line > STRICT_EXT_LINE_MAX || ++s->ext_all > STRICT_EXT_MAX) {
            return refuse(s, 400, "The chunks of the body carry too many extensions.");
        }
        return STRICT_MORE;
    case SIZE_LF:
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = s->left > 0 ? DATA : TRAILER;
        return STRICT_MORE;
    case DATA_CR:
        if (c != '\r') {
            return refuse(s, 400, "A chunk is longer than its size says.");
        }
        s->state = DATA_LF;
        return STRICT_MORE;
    case DATA_LF:
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = SIZE_FIRST;
        return STRICT_MORE;
    case TRAILER:
        if (c == '\r') {
            s->state = TRAILER_END;
            return STRICT_MORE;
        }
        s->part = 0;
        s->state = TRAILER_NAME;
        // fall through
    case TRAILER_NAME:
        if (++s->head > STRICT_TRAILER_MAX) {
            return refuse(s, 431, "The trailer of the body is larger than 8 KiB.");
        }
        if (c == ':' && s->part > 0) {
            s->state = TRAILER_VALUE;
        } else if (!is_tchar(c)) {
            return refuse(s, 400, "A trailer's name holds a byte that may not stand there.");
        } else {
            s->part++;
        }
        return STRICT_MORE;
    case TRAILER_VALUE:
        if (++s->head > STRICT_TRAILER_MAX) {
            return refuse(s, 431, "The trailer of the body is larger than 8 KiB.");
        }
        if (c == '\r') {
            s->state = TRAILER_LF;
        } else if (c == '\n') {
            return bad_line_end(s);
        } else if (!is_value_byte(c)) {
            return refuse(s, 400, "A trailer's value holds a control character.");
        }
        return STRICT_MORE;
    case TRAILER_LF:
        if (c != '\n') {
            return bad_line_end(s);
        }
        s->state = TRAILER;
        return STRICT_MORE;
    case TRAILER_END:
        if (c != '\n') {
            return bad_line_end(s);
        }
        strict_init(s);
        return STRICT_MESSAGE_END;
    default:
        BUG("chunk_byte in state %d", s->state);
    }
}

enum strict_end strict_feed(struct strict *s, const char *data, size_t len, size_t *ret_used)
{
    size_t at = 0;
    enum strict_end end = STRICT_MORE;

    BUG_ON(s->state == BODY_WAIT);
    if (s->state == REFUSED) {
        *ret_used = 0;
        return STRICT_REFUSED;
    }
    while (at < len && end == STRICT_MORE) {
        if (s->state < BODY_WAIT) {
            end = head_byte(s, (unsigned char)data[at]);
            at++;
        } else if (s->state == IDENTITY || s->state == DATA) {
            size_t n = len - at;
            if ((int64_t)n >= s->left) {
                n = (size_t)s->left;
            }
            at += n;
            s->left -= (int64_t)n;
            if (s->left == 0) {
                if (s->state == IDENTITY) {
                    strict_init(s);
                    end = STRICT_MESSAGE_END;
                } else {
                    s->state = DATA_CR;
                }
            }
        } else {
            end = chunk_byte(s, (unsigned char)data[at]);
            at++;
        }
    }
    *ret_used = at;
    return end;
}
