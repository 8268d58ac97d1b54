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

enum { MAJOR_AT = 5 }; // of the 1 in version_text

static const char version_text[] = "HTTP/1."; // then 0 or 1, then CR

// RFC 9110 section 5.6.2: ! # $ % & ' * + - . ^ _ ` | ~, digits and letters.
static const bool tchars[256] = {
    ['!'] = true,
    ['#' ... '\''] = true,
    ['*' ... '+'] = true,
    ['-' ... '.'] = true,
    ['0' ... '9'] = true,
    ['A' ... 'Z'] = true,
    ['^' ... 'z'] = true,
    ['|'] = true,
    ['~'] = true,
};

static bool is_tchar(unsigned char c)
{
    return tchars[c];
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

// Takes the LF that must follow a CR, and goes on in the state given.
static enum strict_end line_feed(struct strict *s, unsigned char c, int next)
{
    if (c != '\n') {
        return bad_line_end(s);
    }
    s->state = (uint8_t)next;
    return STRICT_MORE;
}

// ---- the request line: START to VERSION

// "HTTP/1." was matched up to s->part bytes; then comes 0 or 1, then CR.
static enum strict_end version_byte(struct strict *s, unsigned char c)
{
    size_t fixed = sizeof(version_text) - 1;
    bool digit = c >= '0' && c <= '9';

    if (s->part > fixed) {
        if (c == '\r') {
            s->state = LINE_LF;
            return STRICT_MORE;
        }
        return c == '\n' ? bad_line_end(s)
                         : refuse(s, 400, "There is text after the HTTP version.");
    }
    bool fits = s->part < fixed ? c == (unsigned char)version_text[s->part] : c == '0' || c == '1';
    if (!fits) {
        bool other = digit && (s->part == MAJOR_AT || s->part == fixed);
        return other ? refuse(s, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
                     : refuse(s, 400, "The request line does not end in an HTTP version.");
    }
    s->part++;
    return STRICT_MORE;
}

static enum strict_end request_line_byte(struct strict *s, unsigned char c)
{
    switch (s->state) {
    case START_LF:
        s->started = false;
        s->head = 0;
        return line_feed(s, c, METHOD_FIRST);
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
        return version_byte(s, c);
    default:
        BUG("request_line_byte in state %d", s->state);
    }
}

// ---- the fields: LINE_LF to END_LF

static enum strict_end name_byte(struct strict *s, unsigned char c, int value, const char *sentence)
{
    if (c == ':' && s->part > 0) {
        s->state = (uint8_t)value;
    } else if (!is_tchar(c)) {
        return refuse(s, 400, sentence);
    } else {
        s->part++;
    }
    return STRICT_MORE;
}

static enum strict_end value_byte(struct strict *s, unsigned char c, int end, const char *sentence)
{
    if (is_value_byte(c)) {
        return STRICT_MORE;
    }
    if (c == '\r') {
        s->state = (uint8_t)end;
        return STRICT_MORE;
    }
    return c == '\n' ? bad_line_end(s) : refuse(s, 400, sentence);
}

static enum strict_end field_byte(struct strict *s, unsigned char c)
{
    switch (s->state) {
    case LINE_LF:
        return line_feed(s, c, FIELD);
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
        return name_byte(s, c, VALUE, "A header's name holds a byte that may not stand there.");
    case VALUE:
        return value_byte(s, c, LINE_LF, "A header's value holds a control character.");
    case END_LF:
        return line_feed(s, c, BODY_WAIT) == STRICT_MORE ? STRICT_HEAD_END : STRICT_REFUSED;
    default:
        BUG("field_byte in state %d", s->state);
    }
}

// One byte of the head. STRICT_MORE, STRICT_HEAD_END or a refusal.
static enum strict_end head_byte(struct strict *s, unsigned char c)
{
    s->started = true;
    if (++s->head > STRICT_HEAD_MAX) {
        return refuse(s, 431, "The request's headers are larger than 32 KiB.");
    }
    return s->state < LINE_LF ? request_line_byte(s, c) : field_byte(s, c);
}

// ---- a chunked body but its data: SIZE_FIRST to SIZE_LF, DATA_CR, DATA_LF

static enum strict_end size_byte(struct strict *s, unsigned char c)
{
    int digit = hex_digit(c);

    switch (s->state) {
    case SIZE_FIRST:
        s->part = 0;
        s->left = 0;
        s->ext_line = 0;
        s->state = SIZE;
        // fall through
    case SIZE:
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
        return line_feed(s, c, s->left > 0 ? DATA : TRAILER);
    case DATA_CR:
        if (c != '\r') {
            return refuse(s, 400, "A chunk is longer than its size says.");
        }
        s->state = DATA_LF;
        return STRICT_MORE;
    case DATA_LF:
        return line_feed(s, c, SIZE_FIRST);
    default:
        BUG("size_byte in state %d", s->state);
    }
}

// ---- after the last chunk: TRAILER to TRAILER_END

static enum strict_end trailer_byte(struct strict *s, unsigned char c)
{
    switch (s->state) {
    case TRAILER:
        if (c == '\r') {
            s->state = TRAILER_END;
            return STRICT_MORE;
        }
        s->part = 0;
        s->state = TRAILER_NAME;
        // fall through
    case TRAILER_NAME:
    case TRAILER_VALUE:
        if (++s->head > STRICT_TRAILER_MAX) {
            return refuse(s, 431, "The trailer of the body is larger than 8 KiB.");
        }
        return s->state == TRAILER_NAME
                   ? name_byte(s, c, TRAILER_VALUE,
                         "A trailer's name holds a byte that may not stand there.")
                   : value_byte(s, c, TRAILER_LF, "A trailer's value holds a control character.");
    case TRAILER_LF:
        return line_feed(s, c, TRAILER);
    case TRAILER_END:
        if (c != '\n') {
            return bad_line_end(s);
        }
        strict_init(s);
        return STRICT_MESSAGE_END;
    default:
        BUG("trailer_byte in state %d", s->state);
    }
}

// Leaves out as much body as there is: of it only the length counts.
static enum strict_end skip_data(struct strict *s, size_t len, size_t *ret_used)
{
    size_t n = (int64_t)len < s->left ? len : (size_t)s->left;

    *ret_used = n;
    s->left -= (int64_t)n;
    if (s->left > 0) {
        return STRICT_MORE;
    }
    if (s->state == DATA) {
        s->state = DATA_CR;
        return STRICT_MORE;
    }
    strict_init(s);
    return STRICT_MESSAGE_END;
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
        size_t used = 1;
        unsigned char c = (unsigned char)data[at];
        if (s->state == IDENTITY || s->state == DATA) {
            end = skip_data(s, len - at, &used);
        } else {
            end = s->state < BODY_WAIT ? head_byte(s, c)
                  : s->state < TRAILER ? size_byte(s, c)
                                       : trailer_byte(s, c);
        }
        at += used;
    }
    *ret_used = at;
    return end;
}
