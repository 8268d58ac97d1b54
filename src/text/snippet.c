// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements snippet.h: one pass finds the matches, a sliding window over them picks the stretch with most different terms.
#include "text/snippet.h"
#include "base/utf8.h"

enum { MATCHES_MAX = 512, BEFORE_CHARS = 40 };

struct match {
    size_t start, end;
    int term;
};

void html_escape_add(struct buf *b, struct slice text)
{
    size_t plain = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *entity = NULL;
        switch (text.data[i]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\'':
            entity = "&#39;";
            break;
        default:
            continue;
        }
        buf_add(b, text.data + plain, i - plain);
        buf_add_str(b, entity);
        plain = i + 1;
    }
    buf_add(b, text.data + plain, text.len - plain);
}

static void add_words(struct snippet_terms *t, struct slice text, bool prefix, bool phrase)
{
    struct word w;
    size_t at = 0, first = t->count;

    while (t->count < SNIPPET_TERMS_MAX && word_next(text, &at, &w)) {
        if (!prefix) {
            word_stem(w.folded);
        }
        memcpy(t->stems[t->count], w.folded, WORD_MAX);
        t->prefix[t->count] = prefix;
        t->words[t->count] = phrase && t->count > first ? 0 : 1;
        t->count++;
        if (phrase) {
            t->words[first] = (uint8_t)(t->count - first);
        }
    }
}

void snippet_terms_add(struct snippet_terms *t, struct slice words, bool prefix)
{
    add_words(t, words, prefix, false);
}

void snippet_terms_add_phrase(struct snippet_terms *t, struct slice words)
{
    add_words(t, words, false, true);
}

// No stem begins otherwise than its word.
static bool may_match(const struct snippet_terms *t, const struct word *w)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->stems[i][0] == w->folded[0] || (t->prefix[i] && t->stems[i][0] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool phrase_goes_on(
    const struct snippet_terms *t, size_t term, struct slice text, size_t *end)
{
    struct word w;
    size_t at = *end;

    for (size_t k = 1; k < t->words[term]; k++) {
        if (!word_next(text, &at, &w)) {
            return false;
        }
        word_stem(w.folded);
        if (strcmp(w.folded, t->stems[term + k]) != 0) {
            return false;
        }
        *end = w.end;
    }
    return true;
}

int snippet_match(
    const struct snippet_terms *t, const struct word *w, struct slice text, size_t *end)
{
    char stem[WORD_MAX];

    if (!may_match(t, w)) {
        return -1;
    }
    memcpy(stem, w->folded, WORD_MAX);
    word_stem(stem);
    for (size_t i = 0; i < t->count; i++) {
        bool hit =
            t->words[i] && (t->prefix[i] ? strncmp(w->folded, t->stems[i], strlen(t->stems[i])) == 0
                                         : strcmp(stem, t->stems[i]) == 0);
        *end = w->end;
        if (hit && phrase_goes_on(t, i, text, end)) {
            return (int)i;
        }
    }
    return -1;
}

static size_t find_matches(
    struct slice text, const struct snippet_terms *t, struct match *ret, size_t max)
{
    struct word w;
    size_t at = 0, count = 0, end = 0;

    while (count < max && word_next(text, &at, &w)) {
        int term = snippet_match(t, &w, text, &end);
        if (term >= 0) {
            ret[count++] = (struct match){ w.start, end, term };
            at = end;
        }
    }
    return count;
}

size_t snippet_count_terms(struct slice text, const struct snippet_terms *t)
{
    bool seen[SNIPPET_TERMS_MAX] = { false };
    struct word w;
    size_t at = 0, count = 0, end = 0;

    while (count < t->count && word_next(text, &at, &w)) {
        int term = snippet_match(t, &w, text, &end);
        if (term >= 0) {
            count += !seen[term];
            seen[term] = true;
            at = end;
        }
    }
    return count;
}

// The first match of the window of max bytes that holds most different terms, then most matches.
static size_t best_start(const struct match *m, size_t count, size_t max)
{
    size_t best = 0, best_score = 0;

    for (size_t i = 0; i < count; i++) {
        bool seen[SNIPPET_TERMS_MAX] = { false };
        size_t different = 0, all = 0;
        for (size_t k = i; k < count && m[k].end - m[i].start <= max; k++, all++) {
            different += !seen[m[k].term];
            seen[m[k].term] = true;
        }
        if (different * 1000 + all > best_score) {
            best_score = different * 1000 + all;
            best = i;
        }
    }
    return best;
}

static bool is_space_at(struct slice text, size_t i)
{
    return text.data[i] == ' ' || text.data[i] == '\n' || text.data[i] == '\t';
}

// Line breaks become spaces, so that a snippet is one line.
static void add_flat(struct buf *b, struct slice text)
{
    while (text.len) {
        size_t n = 0;
        while (n < text.len && text.data[n] != '\n') {
            n++;
        }
        html_escape_add(b, slice_make(text.data, n));
        if (n < text.len) {
            buf_add_char(b, ' ');
            n++;
        }
        text = slice_from(text, n);
    }
}

void snippet_add(struct buf *b, struct slice text, const struct snippet_terms *t, size_t max_chars)
{
    struct match m[MATCHES_MAX];
    size_t count = find_matches(text, t, m, MATCHES_MAX);
    size_t from = 0, first = 0;

    if (text.len == 0) {
        return; // its data may be NULL
    }
    if (count && text.len > max_chars) {
        first = best_start(m, count, max_chars - BEFORE_CHARS);
        from = m[first].start > BEFORE_CHARS ? m[first].start - BEFORE_CHARS : 0;
        while (from > 0 && from < m[first].start && !is_space_at(text, from)) {
            from++;
        }
        while (from < m[first].start && is_space_at(text, from)) {
            from++;
        }
        while (from > 0 && ((unsigned char)text.data[from] & 0xC0) == 0x80) {
            from--;
        }
    }
    size_t to = from + utf8_prefix(slice_from(text, from), max_chars).len;
    if (to < text.len) {
        size_t back = to;
        while (back > from + max_chars / 2 && !is_space_at(text, back)) {
            back--;
        }
        to = back > from + max_chars / 2 ? back : to;
    }
    if (from > 0) {
        buf_add_str(b, "… ");
    }
    size_t at = from;
    for (size_t i = 0; i < count; i++) {
        if (m[i].start < at || m[i].end > to) {
            continue;
        }
        add_flat(b, slice_make(text.data + at, m[i].start - at));
        buf_add_str(b, "<mark>");
        add_flat(b, slice_make(text.data + m[i].start, m[i].end - m[i].start));
        buf_add_str(b, "</mark>");
        at = m[i].end;
    }
    add_flat(b, slice_make(text.data + at, to - at));
    if (to < text.len) {
        buf_add_str(b, " …");
    }
}
