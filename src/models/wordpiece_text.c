// SPDX-License-Identifier: AGPL-3.0-or-later
// The basic step of BERT's tokenisation (wordpiece.h). What Unicode says stands in tables that unicode_tables.py makes.
#include "base/utf8.h"
#include "models/wordpiece.h"

enum code_kind {
    CODE_PLAIN,
    CODE_DROP, // controls and what is not assigned
    CODE_SPACE,
    CODE_MARK, // non-spacing marks: dropped
    CODE_PUNCTUATION, // a word by itself
    CODE_IDEOGRAPH, // a word by itself
};
struct unicode_range {
    uint32_t first, last;
    enum code_kind kind;
};
struct unicode_map {
    uint32_t code;
    uint16_t at, count; // in the pool
};
#include "unicode_tables.inc"

static enum code_kind kind_of(uint32_t code)
{
    size_t low = 0, high = ARRAY_LEN(unicode_ranges);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > unicode_ranges[middle].last) {
            low = middle + 1;
        } else if (code < unicode_ranges[middle].first) {
            high = middle;
        } else {
            return unicode_ranges[middle].kind;
        }
    }
    return CODE_PLAIN;
}

// Korean syllables are decomposed by arithmetic (Unicode, section 3.12).
static int syllable(uint32_t code, uint32_t ret[4])
{
    uint32_t index = code - 0xAC00;

    ret[0] = 0x1100 + index / 588;
    ret[1] = 0x1161 + index % 588 / 28;
    ret[2] = 0x11A7 + index % 28;
    return index % 28 ? 3 : 2;
}

static int becomes(uint32_t code, uint32_t ret[4])
{
    size_t low = 0, high = ARRAY_LEN(unicode_maps);

    ret[0] = code;
    if (code < 0x80) {
        ret[0] = code >= 'A' && code <= 'Z' ? code + 32 : code;
        return 1;
    }
    if (code >= 0xAC00 && code <= 0xD7A3) {
        return syllable(code, ret);
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct unicode_map *m = &unicode_maps[middle];
        if (code == m->code) {
            int n = m->count < 4 ? m->count : 4;
            for (int i = 0; i < n; i++) {
                ret[i] = unicode_pool[m->at + i];
            }
            return n;
        }
        if (code > m->code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 1;
}

struct basic_words basic_words_of(struct slice text)
{
    return (struct basic_words){ .rest = text };
}

// The next character of the folded text, and its kind; false at the end.
static bool next_code(struct basic_words *b, uint32_t *ret_code, enum code_kind *ret_kind)
{
    for (;;) {
        if (b->pending_at < b->pending_count) {
            *ret_code = b->pending[b->pending_at++];
            *ret_kind = kind_of(*ret_code);
            return true;
        }
        if (b->rest.len == 0) {
            return false;
        }
        size_t n = 0;
        uint32_t code = utf8_decode(b->rest.data, b->rest.len, &n);
        b->rest = slice_from(b->rest, n);
        enum code_kind kind = kind_of(code);
        if (kind == CODE_DROP || kind == CODE_MARK) {
            continue;
        }
        if (kind == CODE_SPACE) {
            *ret_code = ' ';
            *ret_kind = kind;
            return true;
        }
        b->pending_count = becomes(code, b->pending);
        b->pending_at = 0;
        if (kind == CODE_IDEOGRAPH) { // apart, whatever it decomposes to
            *ret_code = b->pending_count ? b->pending[b->pending_at++] : code;
            *ret_kind = kind;
            return true;
        }
    }
}

static void add(struct basic_word *w, uint32_t code)
{
    if (w->characters < WORDPIECE_WORD_MAX) {
        w->len += utf8_encode(code, w->text + w->len);
    }
    w->characters++;
}

bool basic_words_next(struct basic_words *b, struct basic_word *ret)
{
    uint32_t code = 0;
    enum code_kind kind = CODE_PLAIN;

    ret->len = ret->characters = 0;
    for (;;) {
        struct basic_words before = *b;
        if (!next_code(b, &code, &kind)) {
            return ret->characters > 0;
        }
        if (kind == CODE_SPACE || kind == CODE_DROP || kind == CODE_MARK) {
            if (kind == CODE_SPACE && ret->characters) {
                return true;
            }
            continue;
        }
        if (kind == CODE_PUNCTUATION || kind == CODE_IDEOGRAPH) {
            if (ret->characters) {
                *b = before; // it is the next word
                return true;
            }
            add(ret, code);
            return true;
        }
        add(ret, code);
    }
}
