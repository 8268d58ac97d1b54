// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines into running text. A hyphen at the end of a line is taken away when the word is known without it, or when neither
// form is known and its first part is none that makes compounds; "self-locking" keeps it.
#include "reader/pdf_unit.h"

#include "base/utf8.h"

#include <ctype.h>

static struct slice last_word(struct slice t)
{
    size_t at = t.len;
    while (at > 0 && t.data[at - 1] != ' ' && t.data[at - 1] != '\n') {
        at--;
    }
    return slice_from(t, at);
}

static struct slice leading_letters(struct slice t)
{
    size_t n = 0;
    while (n < t.len && (isalpha((unsigned char)t.data[n]) || (unsigned char)t.data[n] >= 0x80)) {
        n++;
    }
    return (struct slice){ t.data, n };
}

static bool makes_compounds(struct slice part)
{
    static const char *const words[] = { "self", "non", "anti", "multi", "semi", "well", "high",
        "low", "long", "short", "cross", "ex", "all", "half", "quasi", "one", "two", "three",
        "four", "five", "full", "part", "mid", "post", "first", "second", "third", "year", "day",
        "time", "user", "best", "right", "left", "hard", "soft", "free", "open", "end", "state",
        "built", "start", "hand", "real", "single", "double", "large", "small", "above", "below",
        "sub", "third", "data", "task", "role", "risk", "cost" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (slice_equal_nocase(part, slice_of(words[i]))) {
            return true;
        }
    }
    return false;
}

// How many bytes of `done` are a hyphen that only the line's end put there; 0: it stays. *ret_glue: no space follows.
static size_t hyphen_to_drop(
    const struct lpdf_heads *h, struct slice done, struct slice next, bool *ret_glue)
{
    size_t n = 0;
    *ret_glue = false;
    if (done.len > 2 && slice_ends(done, "\302\255")) { // soft hyphen
        *ret_glue = true;
        return 2;
    }
    if (done.len > 1 && done.data[done.len - 1] == '-') {
        n = 1;
    } else if (done.len > 3 &&
               (slice_ends(done, "\342\200\220") || slice_ends(done, "\342\200\221"))) {
        n = 3;
    }
    if (n == 0 || next.len == 0) {
        return 0;
    }
    struct slice before = last_word((struct slice){ done.data, done.len - n });
    struct slice after = leading_letters(next);
    while (before.len > 0 && !isalnum((unsigned char)before.data[0]) &&
           (unsigned char)before.data[0] < 0x80) {
        before = slice_from(before, 1);
    }
    if (before.len == 0 || !(isalnum((unsigned char)before.data[before.len - 1]) ||
                               (unsigned char)before.data[before.len - 1] >= 0x80)) {
        return 0;
    }
    *ret_glue = true;
    if (lpdf_heads_knows(h, before, after)) {
        return n;
    }
    bool small = after.len > 0 &&
                 (islower((unsigned char)after.data[0]) || (unsigned char)after.data[0] >= 0x80);
    if (!small || memchr(before.data, '-', before.len) ||
        isdigit((unsigned char)before.data[before.len - 1])) {
        return 0;
    }
    char with[128];
    if (before.len + 1 < sizeof(with)) {
        memcpy(with, before.data, before.len);
        with[before.len] = '-';
        if (lpdf_heads_knows(h, (struct slice){ with, before.len + 1 }, after)) {
            return 0;
        }
    }
    const struct slice nothing = { NULL, 0 };
    bool two_words = before.len > 2 && after.len > 2 && lpdf_heads_knows(h, before, nothing) &&
                     lpdf_heads_knows(h, after, nothing);
    return two_words || makes_compounds(before) || before.len < 2 ? 0 : n;
}

static bool both_unspaced(struct slice done, struct slice next)
{
    size_t n, at = done.len;
    if (done.len == 0 || next.len == 0) {
        return false;
    }
    while (at > 0 && ((unsigned char)done.data[at - 1] & 0xc0) == 0x80) {
        at--;
    }
    at -= at > 0;
    return lpdf_is_cjk(utf8_decode(done.data + at, done.len - at, &n)) &&
           lpdf_is_cjk(utf8_decode(next.data, next.len, &n));
}

void lpdf_join_lines(const struct lpdf_heads *h, const struct lpdf_sheet *s, const uint32_t *segs,
    uint32_t count, bool keep_lines, struct buf *out)
{
    AUTO_BUF line = BUF_INIT(LPDF_PAGE_TEXT);
    size_t begin = out->len;
    for (uint32_t i = 0; i < count; i++) {
        const struct lpdf_seg *g = &s->segs[segs[i]];
        buf_reset(&line);
        lpdf_add_words(s, g->first, g->count, g->rtl, &line);
        struct slice next = slice_trim(buf_slice(&line));
        struct slice done = slice_from(buf_slice(out), begin);
        if (next.len == 0) {
            continue;
        }
        if (done.len > 0 && keep_lines) {
            buf_add_char(out, '\n');
        } else if (done.len > 0 && !both_unspaced(done, next)) {
            bool glue;
            size_t drop = hyphen_to_drop(h, done, next, &glue);
            out->len -= drop;
            out->data[out->len] = '\0';
            if (!glue) {
                buf_add_char(out, ' ');
            }
        }
        buf_add_slice(out, next);
    }
}
