// SPDX-License-Identifier: AGPL-3.0-or-later
// The vocabulary and the longest-piece-first search of wordpiece.h.
#include "models/wordpiece.h"
#include "base/map.h"

#include <stdlib.h>

enum { PREFIX = 2 }; // "##"

struct piece {
    uint32_t at, len; // in text
};
struct wordpiece {
    char *text; // the vocabulary's lines
    struct piece *pieces;
    int32_t *places; // open addressing: a piece's number, or -1
    size_t count, mask;
    size_t longest; // bytes
    int32_t cls, sep, unk;
};

static int32_t find(const struct wordpiece *w, const char *text, size_t len)
{
    for (size_t at = hash_bytes(text, len, 0) & w->mask;; at = (at + 1) & w->mask) {
        int32_t number = w->places[at];
        if (number < 0) {
            return -1;
        }
        const struct piece *p = &w->pieces[number];
        if (p->len == len && memcmp(w->text + p->at, text, len) == 0) {
            return number;
        }
    }
}

static void insert(struct wordpiece *w, int32_t number)
{
    const struct piece *p = &w->pieces[number];
    size_t at = hash_bytes(w->text + p->at, p->len, 0) & w->mask;

    while (w->places[at] >= 0) {
        at = (at + 1) & w->mask;
    }
    w->places[at] = number;
    w->longest = p->len > w->longest ? p->len : w->longest;
}

static int fill(struct wordpiece *w, struct slice lines, struct error *err)
{
    struct slice rest = lines, line;
    size_t places = 64;

    for (size_t i = 0; i < lines.len; i++) {
        w->count += lines.data[i] == '\n';
    }
    if (w->count > WORDPIECE_VOCABULARY_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The vocabulary of the embedding model is too large.");
    }
    while (places < 2 * (w->count + 1)) {
        places *= 2;
    }
    w->mask = places - 1;
    w->text = xalloc(lines.len + 1);
    memcpy(w->text, lines.data, lines.len);
    w->pieces = xalloc((w->count + 1) * sizeof(*w->pieces));
    w->places = xalloc(places * sizeof(*w->places));
    memset(w->places, 0xff, places * sizeof(*w->places));
    w->count = 0;
    while (slice_cut(&rest, '\n', &line)) {
        if (line.len && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        w->pieces[w->count] =
            (struct piece){ .at = (uint32_t)(line.data - lines.data), .len = (uint32_t)line.len };
        if (line.len) {
            insert(w, (int32_t)w->count);
        }
        w->count++;
        if (rest.len == 0) {
            break;
        }
    }
    w->cls = find(w, "[CLS]", 5);
    w->sep = find(w, "[SEP]", 5);
    w->unk = find(w, "[UNK]", 5);
    if (w->cls < 0 || w->sep < 0 || w->unk < 0) {
        return error_set(
            err, ERR_CORRUPT, "The vocabulary of the embedding model lacks [CLS], [SEP] or [UNK].");
    }
    return 0;
}

int wordpiece_open(struct slice lines, struct wordpiece **ret, struct error *err)
{
    struct wordpiece *w = NULL;

    if (lines.len == 0 || lines.len > WORDPIECE_VOCABULARY_BYTES) {
        return error_set(
            err, ERR_CORRUPT, "The vocabulary of the embedding model is empty or too large.");
    }
    w = xalloc(sizeof(*w));
    int rc = fill(w, lines, err);
    if (rc < 0) {
        wordpiece_free(w);
        return rc;
    }
    *ret = w;
    return 0;
}

void wordpiece_free(struct wordpiece *w)
{
    if (w) {
        free(w->text);
        free(w->pieces);
        free(w->places);
        free(w);
    }
}

size_t wordpiece_count(const struct wordpiece *w)
{
    return w->count;
}

static bool is_boundary(const char *text, size_t at, size_t len)
{
    return at == len || ((unsigned char)text[at] & 0xC0) != 0x80;
}

// The pieces of one word; [UNK] for all of it when a part has none.
static size_t encode_word(
    const struct wordpiece *w, const struct basic_word *word, int32_t *ret, size_t most)
{
    char piece[PREFIX + sizeof(word->text)] = "##";
    size_t count = 0, at = 0;

    if (word->characters > WORDPIECE_WORD_MAX) {
        ret[0] = w->unk;
        return 1;
    }
    memcpy(piece + PREFIX, word->text, word->len);
    while (at < word->len) {
        size_t extra = at ? PREFIX : 0;
        size_t end = word->len < at + w->longest ? word->len : at + w->longest;
        int32_t found = -1;
        char kept[PREFIX];
        // The two bytes in front of the piece hold "##" while it is looked up.
        memcpy(kept, piece + at, PREFIX);
        memcpy(piece + at, "##", PREFIX);
        for (; end > at && found < 0; end--) {
            if (is_boundary(word->text, end, word->len)) {
                found = find(w, piece + at + PREFIX - extra, end - at + extra);
                if (found >= 0) {
                    break;
                }
            }
        }
        memcpy(piece + at, kept, PREFIX);
        if (found < 0) {
            ret[0] = w->unk;
            return 1;
        }
        if (count < most) {
            ret[count] = found;
        }
        count++;
        at = end;
    }
    return count < most ? count : most;
}

size_t wordpiece_encode(
    const struct wordpiece *w, struct slice text, int32_t *ret_tokens, size_t most)
{
    struct basic_words words = basic_words_of(text);
    struct basic_word word;
    size_t count = 0;

    if (most > WORDPIECE_TOKENS_MAX) {
        most = WORDPIECE_TOKENS_MAX;
    }
    BUG_ON(most < 3);
    ret_tokens[count++] = w->cls;
    while (count < most - 1 && basic_words_next(&words, &word)) {
        count += encode_word(w, &word, ret_tokens + count, most - 1 - count);
    }
    ret_tokens[count++] = w->sep;
    return count;
}

size_t wordpiece_encode_pair(const struct wordpiece *w, struct slice a, struct slice b,
    int32_t *ret_tokens, int32_t *ret_types, size_t most)
{
    if (most > WORDPIECE_TOKENS_MAX) {
        most = WORDPIECE_TOKENS_MAX;
    }
    BUG_ON(most < 8);
    size_t first = wordpiece_encode(w, a, ret_tokens, most / 2);
    // b's own [CLS] falls on the [SEP] behind a, which is put back.
    size_t count = first - 1 + wordpiece_encode(w, b, ret_tokens + first - 1, most - first + 1);
    ret_tokens[first - 1] = w->sep;
    for (size_t i = 0; i < count; i++) {
        ret_types[i] = i >= first;
    }
    return count;
}
