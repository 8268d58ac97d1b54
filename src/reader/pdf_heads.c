// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pdf_heads.h.
#include "reader/pdf_heads.h"

#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#define BIGGER 1.12f // times the body size: the least of a heading that is not bold

void lpdf_heads_init(struct lpdf_heads *h)
{
    memset(h, 0, sizeof(*h));
    map_init(&h->titles, LPDF_TITLES_MAX);
    h->words = xalloc(LPDF_WORD_BITS / 8);
    h->body = 10;
}

void lpdf_heads_done(struct lpdf_heads *h)
{
    map_done(&h->titles);
    free(h->words);
    h->words = NULL;
}

// Letters and digits only, small: how a bookmark and the heading that it names are compared.
static struct slice normal_title(struct slice text, char ret[LPDF_TITLE_CHARS])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < LPDF_TITLE_CHARS; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (isalnum(c) || c >= 0x80) {
            ret[n++] = (char)(c < 0x80 ? tolower(c) : c);
        }
    }
    return (struct slice){ ret, n };
}

void lpdf_heads_add_title(struct lpdf_heads *h, struct slice title, int level)
{
    char text[LPDF_TITLE_CHARS];
    struct slice key = normal_title(title, text);
    if (key.len >= 2 && level >= 1 && !map_find(&h->titles, key)) {
        int kept = level > LPDF_LEVELS ? LPDF_LEVELS : level;
        (void)map_put(&h->titles, key, (void *)(intptr_t)kept);
    }
}

static int title_level(const struct lpdf_heads *h, struct slice title)
{
    char text[LPDF_TITLE_CHARS];
    if (h->titles.count == 0 || title.len > LPDF_TITLE_CHARS) {
        return 0;
    }
    return (int)(intptr_t)map_find(&h->titles, normal_title(title, text));
}

int lpdf_numbering(struct slice text)
{
    static const char *const words[] = { "chapter ", "part ", "section ", "appendix ", "unit ",
        "module ", "lesson " };
    int depth = 0;
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);
        if (text.len > n && strncasecmp(text.data, words[i], n) == 0 &&
            isalnum((unsigned char)text.data[n])) {
            return 1;
        }
    }
    while (at < text.len && depth < LPDF_LEVELS) {
        size_t from = at;
        while (at < text.len && isdigit((unsigned char)text.data[at])) {
            at++;
        }
        if (at == from || at - from > 3) {
            break;
        }
        depth++;
        if (at >= text.len || text.data[at] != '.') {
            break;
        }
        at++;
    }
    bool follows = at < text.len && (text.data[at] == ' ' || (text.data[at] == ')' && depth > 0));
    return follows ? depth : 0;
}

static struct lpdf_look *look_of(struct lpdf_heads *h, float size, bool bold)
{
    float rounded = roundf(size * 2) / 2;
    for (uint32_t i = 0; i < h->look_count; i++) {
        if (fabsf(h->looks[i].size - rounded) < 0.3f && h->looks[i].bold == bold) {
            return &h->looks[i];
        }
    }
    if (h->look_count == LPDF_LOOKS_MAX) {
        return NULL;
    }
    struct lpdf_look *l = &h->looks[h->look_count++];
    *l = (struct lpdf_look){ .size = rounded, .bold = bold };
    return l;
}

void lpdf_heads_learn(struct lpdf_heads *h, const struct lpdf_sheet *s)
{
    for (uint32_t i = 0; i < s->seg_count; i++) {
        const struct lpdf_seg *g = &s->segs[i];
        struct lpdf_look *l = look_of(h, g->size, g->bold);
        h->all_chars += g->chars;
        h->mono_chars += g->mono ? g->chars : 0;
        h->italic_chars += g->italic ? g->chars : 0;
        if (!l) {
            continue;
        }
        l->chars += g->chars;
        l->lines++;
        l->long_lines += g->chars > 55;
        if (h->titles.count > 0 && g->chars < LPDF_TITLE_CHARS) {
            AUTO_BUF text = BUF_INIT(LPDF_PAGE_TEXT);
            lpdf_add_words(s, g->first, g->count, g->rtl, &text);
            int level = title_level(h, buf_slice(&text));
            l->votes[level] += level > 0;
        }
    }
}

static int by_rank(const void *a, const void *b) // largest first, bold before plain
{
    const struct lpdf_look *la = a, *lb = b;
    if (la->size != lb->size) {
        return la->size > lb->size ? -1 : 1;
    }
    return (int)lb->bold - (int)la->bold;
}

static bool may_be_heading(const struct lpdf_heads *h, const struct lpdf_look *l)
{
    bool big = l->size >= BIGGER * h->body;
    bool heavy = l->bold && !h->body_bold && l->size >= 0.94f * h->body;
    bool rare = l->chars * 3 < h->all_chars || l->lines < 4;
    return (big || heavy) && rare && l->long_lines * 2 <= l->lines + 1;
}

static int voted_level(const struct lpdf_look *l)
{
    int best = 0;
    for (int k = 1; k <= LPDF_LEVELS; k++) {
        best = l->votes[k] > l->votes[best] || (best == 0 && l->votes[k] > 0) ? k : best;
    }
    return best > 0 && l->votes[best] * 4 >= l->lines ? best : 0;
}

void lpdf_heads_settle(struct lpdf_heads *h)
{
    uint32_t best = 0;
    int level = 0;
    float last = 0;

    for (uint32_t i = 0; i < h->look_count;
         i++) { // the body: the size of most letters, plain or bold
        uint32_t chars = 0, bold = 0;
        for (uint32_t k = 0; k < h->look_count; k++) {
            if (fabsf(h->looks[k].size - h->looks[i].size) < 0.3f) {
                chars += h->looks[k].chars;
                bold += h->looks[k].bold ? h->looks[k].chars : 0;
            }
        }
        if (chars > best) {
            best = chars;
            h->body = h->looks[i].size;
            h->body_bold = bold * 2 > chars;
        }
    }
    h->body_italic = h->italic_chars * 4 > h->all_chars;
    h->body_mono = h->mono_chars * 2 > h->all_chars;
    qsort(h->looks, h->look_count, sizeof(h->looks[0]), by_rank);
    for (uint32_t i = 0; i < h->look_count; i++) {
        struct lpdf_look *l = &h->looks[i];
        int voted = voted_level(l);
        if (voted > 0) {
            l->level = voted;
            level = voted > level ? voted : level;
            last = l->size;
        } else if (may_be_heading(h, l)) {
            bool near = last > 0 && last - l->size < 0.06f * last && l->size > BIGGER * h->body;
            level += level == 0 || (level < LPDF_LEVELS && !near);
            l->level = level;
            last = l->size;
        }
    }
    h->settled = true;
}

// Words.

static void word_bits(uint64_t hash, uint32_t ret[2])
{
    ret[0] = (uint32_t)(hash % LPDF_WORD_BITS);
    ret[1] = (uint32_t)((hash >> 32) % LPDF_WORD_BITS);
}

static uint64_t word_hash(struct slice a, struct slice b)
{
    uint64_t hash = 1469598103934665603u; // FNV-1a, over the letters in small
    struct slice parts[] = { a, b };
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < parts[k].len; i++) {
            hash = (hash ^ (uint64_t)tolower((unsigned char)parts[k].data[i])) * 1099511628211u;
        }
    }
    return hash ^ hash >> 29;
}

static struct slice bare_word(struct slice t)
{
    while (t.len > 0 && !isalnum((unsigned char)t.data[0]) && (unsigned char)t.data[0] < 0x80) {
        t = slice_from(t, 1);
    }
    while (t.len > 0 && !isalnum((unsigned char)t.data[t.len - 1]) &&
           (unsigned char)t.data[t.len - 1] < 0x80) {
        t.len--;
    }
    return t;
}

void lpdf_heads_words(struct lpdf_heads *h, const struct lpdf_page *p)
{
    bool cut = false; // the word before ended in a hyphen: this may be only its rest
    for (uint32_t i = 0; i < p->word_count; i++) {
        struct slice whole = lpdf_word_text(p, &p->words[i]), t = bare_word(whole);
        bool skip = cut || p->words[i].flags & LPDF_GLUED;
        cut = whole.len > 0 && (whole.data[whole.len - 1] == '-' ||
                                   (unsigned char)whole.data[whole.len - 1] >= 0x80);
        if (t.len > 2 && !skip && !cut) {
            uint32_t bits[2];
            word_bits(word_hash(t, (struct slice){ NULL, 0 }), bits);
            h->words[bits[0] / 8] |= (uint8_t)(1u << bits[0] % 8);
            h->words[bits[1] / 8] |= (uint8_t)(1u << bits[1] % 8);
        }
    }
}

bool lpdf_heads_knows(const struct lpdf_heads *h, struct slice a, struct slice b)
{
    uint32_t bits[2];
    word_bits(word_hash(a, b), bits);
    return h->words[bits[0] / 8] >> bits[0] % 8 & 1 && h->words[bits[1] / 8] >> bits[1] % 8 & 1;
}

// Is this a heading?

static bool ends_like_sentence(struct slice t)
{
    char c = t.len ? t.data[t.len - 1] : 0;
    return c == '.' || c == ',' || c == ';' || c == '!';
}

static uint32_t letters_in(struct slice t)
{
    uint32_t n = 0;
    for (size_t i = 0; i < t.len; i++) {
        n += isalpha((unsigned char)t.data[i]) || (unsigned char)t.data[i] >= 0xc0;
    }
    return n;
}

static int level_of_look(const struct lpdf_heads *h, float size, bool bold)
{
    int level = 0;
    float rounded = roundf(size * 2) / 2;
    for (uint32_t i = 0; i < h->look_count;
         i++) { // exactly this look, else that of the next larger one
        const struct lpdf_look *l = &h->looks[i];
        if (fabsf(l->size - rounded) < 0.3f && l->bold == bold && l->level > 0) {
            return l->level;
        }
        if (l->level > 0 && l->size >= rounded) {
            level = l->level;
        }
    }
    return level > 0 ? level : 1;
}

int lpdf_heads_level(const struct lpdf_heads *h, const struct lpdf_head_query *q)
{
    uint32_t letters = letters_in(q->text);
    if (letters < 2 || q->text.len > LPDF_TITLE_CHARS || q->lines > 4 ||
        letters * 3 < q->text.len) {
        return 0;
    }
    int voted = title_level(h, q->text);
    bool big = q->size >= BIGGER * h->body;
    bool heavy = q->bold && !h->body_bold && q->size >= 0.94f * h->body;
    int numbered = lpdf_numbering(q->text);
    if (voted > 0 &&
        (big || heavy || q->caps || numbered > 0 || (q->alone && q->size >= h->body))) {
        return voted;
    }
    if (ends_like_sentence(q->text) && !(big && q->size > 1.5f * h->body) &&
        !(numbered > 0 && heavy)) {
        return 0;
    }
    if (big && (q->text.len <= 140 || q->size > 1.4f * h->body)) {
        return level_of_look(h, q->size, q->bold);
    }
    if (heavy && q->alone && q->text.len <= 110 && q->lines <= 2) {
        return level_of_look(h, q->size, true);
    }
    bool short_line = q->alone && q->lines == 1 && q->text.len <= 80 && q->size >= 0.98f * h->body;
    bool shouted = q->caps && letters >= 4 && q->text.len <= 60 && letters * 2 > q->text.len;
    bool slanted =
        q->italic && !h->body_italic && isupper((unsigned char)q->text.data[0]) && letters >= 4;
    if (short_line && (numbered >= 2 || shouted || slanted)) {
        int level = level_of_look(h, h->body, true);
        return numbered > level ? numbered : level;
    }
    return 0;
}
