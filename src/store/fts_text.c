// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements fts_text.h.
#include "store/fts_text.h"

#include "base/utf8.h"
#include "text/words.h"

static bool stands_alone(uint32_t c)
{
    return code_point_is_cjk(c) || (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) ||
           (c >= 0x1780 && c <= 0x17FF);
}

void fts_fold(struct buf *out, struct slice text)
{
    size_t plain = 0; // start of what is not written yet

    for (size_t at = 0, n; at < text.len; at += n) {
        if ((unsigned char)text.data[at] < 0x80) {
            n = 1;
            continue;
        }
        if (stands_alone(utf8_decode(text.data + at, text.len - at, &n))) {
            buf_add(out, text.data + plain, at - plain);
            buf_add_char(out, ' ');
            buf_add(out, text.data + at, n);
            buf_add_char(out, ' ');
            plain = at + n;
        }
    }
    buf_add_slice(out, slice_from(text, plain));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool joins(char c)
{
    return c == '-' || c == '_' || c == '/' || c == '.';
}

// The length of the run of ASCII letters, digits and single joiners at the front.
static size_t compound(struct slice s, bool *ret_letter, bool *ret_digit, bool *ret_joiner)
{
    size_t n = 0;

    *ret_letter = *ret_digit = *ret_joiner = false;
    for (; n < s.len; n++) {
        char c = s.data[n];
        if (is_letter(c)) {
            *ret_letter = true;
        } else if (is_digit(c)) {
            *ret_digit = true;
        } else if (joins(c) && n > 0 && n + 1 < s.len &&
                   (is_letter(s.data[n + 1]) || is_digit(s.data[n + 1]))) {
            *ret_joiner = true;
        } else {
            break;
        }
    }
    return n;
}

static void add_other_spelling(struct buf *out, struct slice s, bool joined)
{
    buf_add_char(out, '\n');
    for (size_t i = 0; i < s.len; i++) {
        if (joins(s.data[i])) {
            continue; // FX-200: FX200
        }
        if (!joined && i > 0 && is_digit(s.data[i]) != is_digit(s.data[i - 1])) {
            buf_add_char(out, ' '); // FX200: FX 200
        }
        buf_add_char(out, s.data[i]);
    }
}

void fts_fold_document(struct buf *out, struct slice text)
{
    size_t extras = 0;

    fts_fold(out, text);
    for (size_t at = 0; at < text.len && extras < FTS_EXTRAS_MAX;) {
        bool letter, digit, joiner;
        struct slice rest = slice_from(text, at);
        size_t n = compound(rest, &letter, &digit, &joiner);
        if (n == 0) {
            at++;
            continue;
        }
        if (letter && digit && n <= FTS_PART_NUMBER_MAX) {
            add_other_spelling(out, slice_make(rest.data, n), joiner);
            extras++;
        }
        at += n;
    }
}

size_t fts_fold_bound(size_t len)
{
    return 3 * len + (size_t)FTS_EXTRAS_MAX * 2 * (FTS_PART_NUMBER_MAX + 1) + 1;
}
