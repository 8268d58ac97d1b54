// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements eml.h.
#include "reader/eml.h"

#include "base/utf8.h"
#include "reader/html.h"

#include <ctype.h>

enum { PIECES_MAX = 64 };

// The next line with its end; false at the end.
static bool line_of(struct slice *rest, struct slice *ret)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t n = end ? (size_t)(end - rest->data) + 1 : rest->len;

    *ret = slice_make(rest->data, n);
    *rest = slice_from(*rest, n);
    return n > 0;
}

static struct slice without_end(struct slice line)
{
    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r')) {
        line.len--;
    }
    return line;
}

// The length of "Name:" at the front, 0 if there is none.
static size_t header_name(struct slice line)
{
    size_t n = 0;

    while (n < line.len && n < 128 && (unsigned char)line.data[n] > ' ' &&
           (unsigned char)line.data[n] < 0x7F && line.data[n] != ':') {
        n++;
    }
    return n && n < line.len && line.data[n] == ':' ? n + 1 : 0;
}

void eml_split(struct slice whole, struct eml_part *ret)
{
    struct slice rest = whole, line, before;

    if (slice_starts(rest, "From ") || slice_starts(rest, ">From ")) { // out of a mailbox file
        line_of(&rest, &line);
    }
    ret->head = rest;
    for (;;) {
        before = rest;
        if (!line_of(&rest, &line)) {
            break;
        }
        if (without_end(line).len == 0) {
            break;
        }
        if (line.data[0] != ' ' && line.data[0] != '\t' && header_name(line) == 0) {
            rest = before; // the empty line is missing
            break;
        }
    }
    ret->head.len = (size_t)(before.data - ret->head.data);
    ret->body = rest;
}

bool eml_header(const struct eml_part *p, const char *name, struct buf *b)
{
    struct slice rest = p->head, line;
    bool found = false;

    while (line_of(&rest, &line)) {
        bool more = line.data[0] == ' ' || line.data[0] == '\t';
        if (found && !more) {
            break;
        }
        size_t n = more ? 0 : header_name(line);
        if (n && slice_equal_nocase(slice_make(line.data, n - 1), slice_of(name))) {
            found = true;
            buf_add_slice(b, slice_trim(slice_from(line, n)));
        } else if (found && b->len < EML_HEADER_MAX / 2) {
            buf_add_char(b, ' ');
            buf_add_slice(b, slice_trim(line));
        }
    }
    return found;
}

static int base64_value(unsigned char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

// Whether what stands between the padding and the next line break, or in the line after it, is text that somebody
// appended (mailing lists do) and no more base64.
static bool base64_ends(struct slice rest)
{
    size_t i = 0;
    while (i < rest.len && strchr("= \t\r\n", rest.data[i]) && rest.data[i]) {
        i++;
    }
    bool letters = i == rest.len;
    for (; i < rest.len && rest.data[i] != '\n' && rest.data[i] != '\r'; i++) {
        letters = letters || isalnum((unsigned char)rest.data[i]);
        if (base64_value((unsigned char)rest.data[i]) < 0 && rest.data[i] != '=') {
            return true;
        }
    }
    return !letters; // a rule of "____"
}

static void add_base64(struct buf *b, struct slice s)
{
    uint32_t bits = 0;
    int count = 0;

    for (size_t i = 0; i < s.len; i++) {
        int v = base64_value((unsigned char)s.data[i]);
        if (s.data[i] == '=') {
            if (count && base64_ends(slice_from(s, i))) {
                return;
            }
            bits = 0, count = 0; // padding: what follows begins anew
        }
        if (v < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)v;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_add_char(b, (char)(bits >> count & 0xFF));
        }
    }
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

// quoted-printable, or (word) the Q encoding of headers, where "_" is a blank.
static void add_quoted(struct buf *b, struct slice s, bool word)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '=' && i + 2 < s.len && hex_value(s.data[i + 1]) >= 0 &&
            hex_value(s.data[i + 2]) >= 0) {
            buf_add_char(b, (char)(hex_value(s.data[i + 1]) << 4 | hex_value(s.data[i + 2])));
            i += 2;
        } else if (c == '=' && !word) {
            size_t end = i + 1;
            while (
                end < s.len && (s.data[end] == ' ' || s.data[end] == '\t' || s.data[end] == '\r')) {
                end++;
            }
            if (end >= s.len || s.data[end] == '\n') {
                i = end; // the line goes on
            } else {
                buf_add_char(b, c);
            }
        } else {
            buf_add_char(b, word && c == '_' ? ' ' : c);
        }
    }
}

static void add_in_charset(struct buf *to, struct slice bytes, struct slice charset)
{
    const struct decode_encoding *e = html_charset(charset);

    if ((!e || utf8_valid(bytes)) &&
        !(e && memchr(bytes.data ? bytes.data : "", 0x1B, bytes.len))) {
        utf8_add_clean(to, bytes);
    } else {
        decode_add(e, bytes, to);
    }
}

// "=?charset?B?text?=" at the front: its length and parts; 0 if it is none.
static size_t encoded_word(struct slice s, struct slice *charset, char *kind, struct slice *text)
{
    const char *a = slice_starts(s, "=?") ? memchr(s.data + 2, '?', s.len - 2) : NULL;

    if (!a || a + 3 >= s.data + s.len || a[2] != '?') {
        return 0;
    }
    struct slice rest = slice_from(s, (size_t)(a - s.data) + 3);
    const char *end = slice_find(rest, SLICE_LIT("?="));
    *charset = slice_make(s.data + 2, (size_t)(a - s.data) - 2);
    const char *language = memchr(charset->data, '*', charset->len);
    charset->len = language ? (size_t)(language - charset->data) : charset->len;
    *kind = (char)toupper((unsigned char)a[1]);
    if (!end || (*kind != 'B' && *kind != 'Q') || memchr(s.data, ' ', (size_t)(a - s.data))) {
        return 0;
    }
    *text = slice_make(rest.data, (size_t)(end - rest.data));
    return (size_t)(end - s.data) + 2;
}

static void add_words(struct buf *to, struct slice s)
{
    AUTO_BUF bytes = BUF_INIT(EML_HEADER_MAX);
    struct slice charset = { NULL, 0 }, held = { NULL, 0 };
    bool after = false; // an encoded word: blanks up to the next one do not count

    for (size_t i = 0; i < s.len;) {
        struct slice this_charset, text;
        char kind;
        size_t n = encoded_word(slice_from(s, i), &this_charset, &kind, &text);
        if (n) {
            if (bytes.len &&
                !slice_equal_nocase(charset, this_charset)) { // characters may be cut between words
                add_in_charset(to, buf_slice(&bytes), charset);
                buf_reset(&bytes);
            }
            charset = this_charset;
            if (kind == 'B') {
                add_base64(&bytes, text);
            } else {
                add_quoted(&bytes, text, true);
            }
            held = slice_make(NULL, 0);
            after = true;
            i += n;
        } else if (after && (s.data[i] == ' ' || s.data[i] == '\t')) {
            held = held.data ? slice_make(held.data, held.len + 1) : slice_make(s.data + i, 1);
            i++;
        } else {
            add_in_charset(to, buf_slice(&bytes), charset);
            buf_reset(&bytes);
            buf_add_slice(to, held);
            held = slice_make(NULL, 0);
            after = false;
            size_t from = i;
            while (i < s.len && (i == from || s.data[i] != '=')) {
                i++;
            }
            struct slice plain = slice_make(s.data + from, i - from);
            add_in_charset(
                to, plain, utf8_valid(plain) ? SLICE_LIT("utf-8") : SLICE_LIT("windows-1252"));
        }
    }
    add_in_charset(to, buf_slice(&bytes), charset);
}

bool eml_header_text(const struct eml_part *p, const char *name, struct buf *b)
{
    AUTO_BUF raw = BUF_INIT(EML_HEADER_MAX);
    bool found = eml_header(p, name, &raw);

    if (found) {
        add_words(b, buf_slice(&raw));
    }
    return found;
}

void eml_type(const struct eml_part *p, struct buf *b)
{
    AUTO_BUF raw = BUF_INIT(EML_HEADER_MAX);
    struct slice type = { NULL, 0 }, rest;

    if (eml_header(p, "Content-Type", &raw)) {
        rest = buf_slice(&raw);
        slice_cut(&rest, ';', &type);
    }
    type = slice_trim(type);
    if (type.len == 0 || !memchr(type.data, '/', type.len)) {
        type = SLICE_LIT("text/plain");
    }
    for (size_t i = 0; i < type.len && i < 100; i++) {
        buf_add_char(b, (char)tolower((unsigned char)type.data[i]));
    }
}

// One "name=value" off the front of the parameters; the value without quotes goes to b.
static bool next_parameter(struct slice *rest, struct slice *name, struct buf *value)
{
    struct slice s = *rest;
    size_t n = 0;

    buf_reset(value);
    while (s.len && (s.data[0] == ';' || isspace((unsigned char)s.data[0]))) {
        s = slice_from(s, 1);
    }
    while (n < s.len && s.data[n] != '=' && s.data[n] != ';') {
        n++;
    }
    *name = slice_trim(slice_make(s.data, n));
    s = slice_trim(slice_from(s, n));
    if (s.len && s.data[0] == '=') {
        s = slice_trim(slice_from(s, 1));
        n = 0;
        if (s.len && s.data[0] == '"') {
            for (n = 1; n < s.len && s.data[n] != '"'; n++) {
                n += s.data[n] == '\\' && n + 1 < s.len;
                buf_add_char(value, s.data[n]);
            }
            n += n < s.len;
        } else {
            for (; n < s.len && s.data[n] != ';'; n++) {
                buf_add_char(value, s.data[n]);
            }
        }
        s = slice_from(s, n);
    }
    *rest = s;
    return name->len > 0 || s.len > 0;
}

static void add_percent(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool coded = s.data[i] == '%' && i + 2 < s.len && hex_value(s.data[i + 1]) >= 0 &&
                     hex_value(s.data[i + 2]) >= 0;
        buf_add_char(b,
            coded ? (char)(hex_value(s.data[i + 1]) << 4 | hex_value(s.data[i + 2])) : s.data[i]);
        i += coded ? 2 : 0;
    }
}

bool eml_parameter(const struct eml_part *p, const char *header, const char *name, struct buf *b)
{
    AUTO_BUF raw = BUF_INIT(EML_HEADER_MAX);
    AUTO_BUF value = BUF_INIT(EML_HEADER_MAX);
    AUTO_BUF joined = BUF_INIT(EML_HEADER_MAX);
    AUTO_BUF charset = BUF_INIT(EML_HEADER_MAX);
    struct slice rest, type, key;
    size_t length = strlen(name);
    bool pieces = false;

    if (!eml_header(p, header, &raw)) {
        return false;
    }
    rest = buf_slice(&raw);
    slice_cut(&rest, ';', &type);
    for (int i = 0; i < PIECES_MAX && rest.len && next_parameter(&rest, &key, &value); i++) {
        if (key.len < length || !slice_equal_nocase(slice_make(key.data, length), slice_of(name))) {
            continue;
        }
        if (key.len == length) {
            add_words(b, slice_trim(buf_slice(&value)));
            return true;
        }
        if (key.data[length] ==
            '*') { // name*0*=utf-8''%e2…; name*1=…: in order, as every program writes them
            struct slice piece = buf_slice(&value);
            bool coded = key.data[key.len - 1] == '*';
            const char *mark =
                coded && !pieces && piece.len ? memchr(piece.data, '\'', piece.len) : NULL;
            const char *second =
                mark ? memchr(mark + 1, '\'', (size_t)(piece.data + piece.len - mark) - 1) : NULL;
            if (second) {
                buf_add(&charset, piece.data, (size_t)(mark - piece.data));
                piece = slice_from(piece, (size_t)(second - piece.data) + 1);
            }
            if (coded) {
                add_percent(&joined, piece);
            } else {
                buf_add_slice(&joined, piece);
            }
            pieces = true;
        }
    }
    if (pieces) {
        add_in_charset(b, buf_slice(&joined), buf_slice(&charset));
    }
    return pieces;
}

bool eml_file_name(const struct eml_part *p, struct buf *b)
{
    return (eml_parameter(p, "Content-Disposition", "filename", b) ||
               eml_parameter(p, "Content-Type", "name", b)) &&
           b->len > 0;
}

void eml_decode_body(const struct eml_part *p, struct buf *b)
{
    AUTO_BUF encoding = BUF_INIT(EML_HEADER_MAX);

    eml_header(p, "Content-Transfer-Encoding", &encoding);
    struct slice e = slice_trim(buf_slice(&encoding));
    if (slice_equal_nocase(e, SLICE_LIT("base64"))) {
        add_base64(b, p->body);
    } else if (slice_equal_nocase(e, SLICE_LIT("quoted-printable"))) {
        add_quoted(b, p->body, false);
    } else {
        buf_add_slice(b, p->body);
    }
}

// 1: the boundary's line, 2: the last one, 0: another.
static int is_boundary(struct slice line, struct slice boundary)
{
    line = slice_trim(line);
    if (line.len < boundary.len + 2 || line.data[0] != '-' || line.data[1] != '-' ||
        memcmp(line.data + 2, boundary.data, boundary.len) != 0) {
        return 0;
    }
    struct slice tail = slice_from(line, boundary.len + 2);
    return tail.len == 0 ? 1 : slice_is(tail, "--") ? 2 : 0;
}

bool eml_next_part(struct slice *rest, struct slice boundary, bool *first, struct eml_part *ret)
{
    struct slice line, whole;

    if (boundary.len == 0) {
        return false;
    }
    while (*first) { // what stands before the first boundary says nothing
        if (!line_of(rest, &line)) {
            return false;
        }
        *first = is_boundary(line, boundary) != 1;
    }
    whole = slice_make(rest->data, 0);
    while (line_of(rest, &line)) {
        int mark = is_boundary(line, boundary);
        if (mark == 2) {
            *rest = slice_make(NULL, 0);
        }
        if (mark) {
            eml_split(whole, ret);
            return true;
        }
        whole.len += line.len;
    }
    eml_split(whole, ret); // the last boundary is missing
    return whole.len > 0;
}

bool eml_looks_like(struct slice whole)
{
    static const char *const known[] = { "From", "To", "Subject", "Date", "Received", "Return-Path",
        "Message-ID", "MIME-Version", "Delivered-To", "Content-Type", "X-Mailer", "Reply-To",
        "Sender" };
    struct eml_part p;
    AUTO_BUF value = BUF_INIT(EML_HEADER_MAX);

    eml_split(whole, &p);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (eml_header(&p, known[i], &value)) {
            return true;
        }
    }
    return false;
}
