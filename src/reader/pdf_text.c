// SPDX-License-Identifier: AGPL-3.0-or-later
// Text out of words: spaces, right-to-left lines, markers of lists, numbers. Pure; see pdf_rows.h and pdf_layout.h.
#include "reader/pdf_rows.h"

#include "base/utf8.h"

#include <ctype.h>

enum { RTL_WORDS_MAX = 4096 }; // of one line that is turned round; longer ones stay as they are

static bool space_between(const struct lpdf_word *a, const struct lpdf_word *b)
{
    float gap = b->x0 - a->x1, size = a->size > b->size ? a->size : b->size;
    if (b->flags & LPDF_SPACED) {
        return false;
    }
    if (b->flags & LPDF_GLUED && gap < 0.3f * size) {
        return false;
    }
    return !(a->flags & LPDF_CJK && b->flags & LPDF_CJK && gap < 0.35f * size &&
             !(b->flags & LPDF_AFTER_SPACE));
}

static void add_one(const struct lpdf_sheet *s, const struct lpdf_word *w, struct buf *out)
{
    struct slice t = lpdf_word_text(s->page, w);
    if (w->flags & LPDF_LEADER) {
        for (int i = 0; i < 3; i++) {
            buf_add_slice(out, t);
        }
        return;
    }
    for (size_t at = 0, end; at < t.len; at = end) {
        bool dots = t.data[at] == '.' || t.data[at] == '_';
        end = at + 1;
        while (end < t.len &&
               (dots ? t.data[end] == t.data[at] : t.data[end] != '.' && t.data[end] != '_')) {
            end++;
        }
        if (!dots || end - at <= 5) {
            buf_add(out, t.data + at, end - at);
        } else { // leaders and lines to write on
            buf_add_str(out, at > 0 ? " " : "");
            buf_add(out, t.data + at, 3);
            buf_add_str(out, end < t.len ? " " : "");
        }
    }
}

// Words of a right-to-left line from the right; what runs left to right within it keeps its order.
static void add_turned(const struct lpdf_sheet *s, uint32_t first, uint32_t count, struct buf *out)
{
    const struct lpdf_word *before = NULL;
    for (uint32_t i = count; i > 0;) {
        uint32_t j = i;
        while (j > 0 && !(lpdf_sheet_word(s, first + j - 1)->flags & LPDF_RTL)) {
            j--;
        }
        if (j == i) {
            j = i - 1;
        }
        for (uint32_t k = j; k < i; k++) {
            const struct lpdf_word *w = lpdf_sheet_word(s, first + k);
            bool left = before && w->x1 <= before->x0 + 0.1f;
            if (before && (left ? space_between(w, before) : space_between(before, w))) {
                buf_add_char(out, ' ');
            }
            add_one(s, w, out);
            before = w;
        }
        i = j;
    }
}

void lpdf_add_words(
    const struct lpdf_sheet *s, uint32_t first, uint32_t count, bool rtl, struct buf *out)
{
    if (rtl && count <= RTL_WORDS_MAX) {
        add_turned(s, first, count, out);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lpdf_word *w = lpdf_sheet_word(s, first + i);
        if (i > 0 && space_between(lpdf_sheet_word(s, first + i - 1), w)) {
            buf_add_char(out, ' ');
        }
        add_one(s, w, out);
    }
}

static bool is_bullet(uint32_t c)
{
    static const uint32_t bullets[] = { 0x2022, 0x2023, 0x25cf, 0x25cb, 0x25aa, 0x25ab, 0x25a0,
        0x25a1, 0x25e6, 0x2043, 0x2219, 0xb7, 0x25b6, 0x25ba, 0x25b8, 0x2756, 0x27a2, 0x2794,
        0x2713, 0x2714, 0x2717, 0x2610, 0x2611, 0x2612, 0xf0b7, 0xf0a7, 0xf0a8, 0xf0d8, 0xf06f,
        0xf0fc, 0x25c6, 0x25c7, 0x2666, 0x2605, 0x2606, 0x274f, 0x2752, 0xf06e, 0xf071, 0x2751,
        0xf076, 0x29bf, 0x25fc, 0x25fb, 0x26ab, 0x26aa };
    for (size_t i = 0; i < ARRAY_LEN(bullets); i++) {
        if (c == bullets[i]) {
            return true;
        }
    }
    return false;
}

static bool is_roman(const char *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strchr("ivxIVX", t[i])) {
            return false;
        }
    }
    return n > 0 && n <= 4;
}

size_t lpdf_marker(struct slice text, bool *ret_bullet)
{
    size_t n, at = 0;
    *ret_bullet = false;
    if (text.len == 0) {
        return 0;
    }
    uint32_t c = utf8_decode(text.data, text.len, &n);
    bool alone = text.len == n || text.data[n] == ' ';
    if (is_bullet(c) || (alone && (c == 0x2013 || c == 0x2014 || c == '-' || c == '*' || c == 'o' ||
                                      c == 0x2212))) {
        *ret_bullet = true;
        return n;
    }
    bool bracket = text.data[0] == '(';
    at = bracket;
    size_t from = at;
    while (
        at < text.len && isdigit((unsigned char)text.data[at]) && at - from < (bracket ? 2 : 3)) {
        at++;
    }
    if (at == from) {
        while (at < text.len && isalpha((unsigned char)text.data[at]) && at - from < 4) {
            at++;
        }
        if (at - from != 1 && !is_roman(text.data + from, at - from)) {
            return 0;
        }
    }
    if (at == from || at >= text.len) {
        return 0;
    }
    bool closed = text.data[at] == ')' || (!bracket && text.data[at] == '.');
    if (!closed || (at + 1 < text.len && text.data[at + 1] != ' ')) {
        return 0;
    }
    return at + 1;
}

bool lpdf_text_is_numeric(struct slice text)
{
    bool digit = false;
    for (size_t at = 0; at < text.len;) {
        size_t n;
        uint32_t c = utf8_decode(text.data + at, text.len - at, &n);
        at += n;
        if (c >= '0' && c <= '9') {
            digit = true;
        } else if (lpdf_is_letter(c) && c != 0xb0) {
            return false;
        }
    }
    return digit || text.len <= 4;
}
