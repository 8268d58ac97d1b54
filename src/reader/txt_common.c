// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements txt_common.h.
#include "reader/txt_common.h"

#include "base/utf8.h"
#include "reader/decode.h"

enum { HEADING_KEPT = 120 }; // bytes of one heading in a path

// White space, or a mark of no width, that no reader would see.
static bool is_blank_code_point(uint32_t c)
{
    return c <= 0x20 || c == 0x7F || c == 0x85 || c == 0xA0 || c == 0xAD || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
           (c >= 0x205F && c <= 0x2064) || c == 0x3000 || c == 0xFEFF;
}

bool text_is_blank(struct slice s)
{
    for (size_t i = 0; i < s.len;) {
        size_t n = 1;
        if (!is_blank_code_point(utf8_decode(s.data + i, s.len - i, &n))) {
            return false;
        }
        i += n;
    }
    return true;
}

static int report_encoding(struct reader *r, const struct decoded *d)
{
    int rc = reader_info_text(r, "encoding", d->encoding);

    if (rc == 0 && d->guessed) {
        rc = reader_finding(r, "text.encoding", NULL,
            "The file does not say how its characters are encoded; it was read as %s.",
            d->encoding);
    } else if (rc == 0 && strcmp(d->encoding, "utf-8") != 0) {
        rc = reader_finding(r, "text.encoding", NULL, "The text is encoded as %s.", d->encoding);
    }
    if (rc == 0 && d->bad) {
        rc = reader_finding(r, "text.damaged", NULL,
            "%zu characters of the text could not be read as %s.", d->bad, d->encoding);
    }
    // U+202D and U+202E turn the direction of writing around; names and figures can be made to look like others.
    if (rc == 0 && (slice_find(d->text, SLICE_LIT("\xE2\x80\xAE")) ||
                       slice_find(d->text, SLICE_LIT("\xE2\x80\xAD")))) {
        rc = reader_finding(r, "text.direction", NULL,
            "The text holds characters that reverse the direction of writing.");
    }
    return rc;
}

int text_load(struct reader *r, bool report, struct buf *store, struct slice *ret_text)
{
    struct decoded d;
    int rc = decode_text(r->input, store, &d);

    if (rc != 0) {
        return rc;
    }
    if (text_is_blank(d.text)) {
        rc = reader_finding(
            r, "structure.no_content", NULL, "The file holds nothing but white space.");
        return rc ? rc : ERR_REFUSED;
    }
    *ret_text = d.text;
    return report ? report_encoding(r, &d) : 0;
}

int text_end(struct reader *r)
{
    return r->next_index
               ? 0
               : reader_finding(r, "structure.no_content", NULL, "The file holds no words.");
}

bool text_line(struct text_cursor *c, struct slice *ret_line)
{
    const char *p = c->rest.data;
    size_t n = 0;

    if (c->rest.len == 0) {
        return false;
    }
    while (n < c->rest.len && p[n] != '\n' && p[n] != '\r') {
        n++;
    }
    *ret_line = slice_make(p, n);
    if (n < c->rest.len) {
        n += p[n] == '\r' && n + 1 < c->rest.len && p[n + 1] == '\n' ? 2 : 1;
    }
    c->rest = slice_from(c->rest, n);
    c->line += c->line < INT32_MAX;
    return true;
}

int64_t text_line_count(struct slice text)
{
    int64_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        n += text.data[i] == '\n' ||
             (text.data[i] == '\r' && (i + 1 == text.len || text.data[i + 1] != '\n'));
    }
    return n + (text.len && text.data[text.len - 1] != '\n' && text.data[text.len - 1] != '\r');
}

struct slice text_trim_end(struct slice s)
{
    while (s.len && (unsigned char)s.data[s.len - 1] <= ' ') {
        s.len--;
    }
    return s;
}

static bool ends_sentence(struct slice s, size_t i) // the character that begins at i
{
    char c = s.data[i];
    if (c == '.' || c == '!' || c == '?') {
        return i + 1 < s.len && (unsigned char)s.data[i + 1] <= ' ';
    }
    return i + 3 <= s.len &&
           (memcmp(s.data + i, "\xE3\x80\x82", 3) == 0 ||
               memcmp(s.data + i, "\xEF\xBC\x81", 3) == 0 ||
               memcmp(s.data + i, "\xEF\xBC\x9F", 3) == 0); // the full stop, ! and ? of East Asia
}

size_t text_cut(struct slice s, size_t max)
{
    size_t space = 0;

    if (s.len <= max) {
        return s.len;
    }
    for (size_t i = max - 1; i >= max / 2 && i > 0; i--) {
        if (ends_sentence(s, i)) {
            size_t end = i + ((unsigned char)s.data[i] >= 0x80 ? 3 : 1);
            if (end <= max) {
                return end;
            }
        }
        if (!space && (unsigned char)s.data[i] <= ' ') {
            space = i;
        }
    }
    if (space) {
        return space;
    }
    size_t n = utf8_prefix(s, max).len;
    return n ? n : max;
}

void section_init(struct section_path *s)
{
    for (int i = 0; i < SECTION_LEVELS; i++) {
        buf_init(&s->level[i], HEADING_KEPT);
    }
    buf_init(&s->joined, SECTION_MAX + 4);
}

void section_done(struct section_path *s)
{
    for (int i = 0; i < SECTION_LEVELS; i++) {
        buf_done(&s->level[i]);
    }
    buf_done(&s->joined);
}

static void join(struct section_path *s)
{
    buf_reset(&s->joined);
    for (int i = 0; i < SECTION_LEVELS; i++) {
        struct slice one = buf_slice(&s->level[i]);
        if (one.len && s->joined.len + one.len + 3 <= SECTION_MAX) {
            buf_add_str(&s->joined, s->joined.len ? " > " : "");
            buf_add_slice(&s->joined, one);
        }
    }
}

void section_leave(struct section_path *s, int level)
{
    for (int i = level < 1 ? 0 : level - 1; i < SECTION_LEVELS; i++) {
        buf_reset(&s->level[i]);
    }
    join(s);
}

void section_set(struct section_path *s, int level, struct slice heading)
{
    level = level < 1 ? 1 : level > SECTION_LEVELS ? SECTION_LEVELS : level;
    section_leave(s, level);
    heading = utf8_prefix(slice_trim(heading), HEADING_KEPT);
    for (size_t i = 0; i < heading.len; i++) {
        buf_add_char(
            &s->level[level - 1], (unsigned char)heading.data[i] < ' ' ? ' ' : heading.data[i]);
    }
    join(s);
}

struct slice section_text(const struct section_path *s)
{
    return buf_slice(&s->joined);
}
