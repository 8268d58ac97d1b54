// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements check.h.
#include "assist/check.h"
#include "assist/sentences.h"

#include <ctype.h>

static const double words_least = 0.5;
enum { WORDS_MAX = 400 }; // different words of the cited passages that are remembered per look

// "[3]", "[3, 5]": the numbers; false if it is something else in brackets.
static bool read_marker(struct slice text, size_t at, size_t *ret_end, int *ret, size_t *ret_count)
{
    size_t i = at + 1, n = 0;
    int number = 0;
    bool digits = false;

    *ret_count = 0;
    while (i < text.len && i - at < 40) {
        char c = text.data[i++];
        if (isdigit((unsigned char)c)) {
            number =
                number < 100000 ? number * 10 + (c - '0') : number; // no passage has such a number
            digits = true;
        } else if (c == ',' || c == ' ' || c == ']') {
            if (digits && n < SENTENCE_CITATIONS_MAX) {
                ret[n++] = number;
            }
            number = 0;
            digits = false;
            if (c == ']') {
                *ret_count = n;
                *ret_end = i;
                return n > 0;
            }
        } else {
            return false;
        }
    }
    return false;
}

static void cite(struct answer_sentence *s, const struct evidence *e, int number)
{
    for (size_t i = 0; i < s->citation_count; i++) {
        if (s->citations[i] == number) {
            return;
        }
    }
    if (evidence_find(e, number) && s->citation_count < SENTENCE_CITATIONS_MAX) {
        s->citations[s->citation_count++] = number;
    }
}

// The text of a piece without its markers; those before any text belong to the sentence before.
static struct slice strip(struct slice piece, const struct evidence *e, struct arena *a,
    struct answer_sentence *before, struct answer_sentence *own)
{
    AUTO_BUF b = BUF_INIT(SENTENCE_MAX * 4);
    int numbers[SENTENCE_CITATIONS_MAX];
    size_t count = 0, end = 0;

    for (size_t i = 0; i < piece.len;) {
        if (piece.data[i] == '[' && read_marker(piece, i, &end, numbers, &count)) {
            struct answer_sentence *to = slice_trim(buf_slice(&b)).len || !before ? own : before;
            for (size_t n = 0; n < count; n++) {
                cite(to, e, numbers[n]);
            }
            i = end;
            while (b.len && b.data[b.len - 1] == ' ') {
                b.data[--b.len] = '\0';
            }
            continue;
        }
        buf_add_char(&b, piece.data[i++]);
    }
    return arena_slice(a, slice_trim(buf_slice(&b)));
}

static bool has_digit(const char *word)
{
    for (; *word; word++) {
        if (isdigit((unsigned char)*word)) {
            return true;
        }
    }
    return false;
}

static bool stands_in(const char *stem, struct slice text)
{
    struct word w;
    size_t at = 0;

    while (word_next(text, &at, &w)) {
        word_stem(w.folded);
        if (strcmp(w.folded, stem) == 0) {
            return true;
        }
    }
    return false;
}

static bool cited_holds(const struct answer_sentence *s, const struct evidence *e, const char *stem)
{
    for (size_t i = 0; i < s->citation_count; i++) {
        const struct passage *p = evidence_find(e, s->citations[i]);
        if (stands_in(stem, p->quote) || stands_in(stem, p->heading) ||
            stands_in(stem, slice_of(p->document_name)) ||
            stands_in(stem, slice_of(p->place_words))) {
            return true;
        }
    }
    return false;
}

// "3. " at the front of a step is not a fact.
static struct slice without_ordinal(struct slice text)
{
    size_t i = 0;

    while (i < text.len && i < 3 && isdigit((unsigned char)text.data[i])) {
        i++;
    }
    return i > 0 && i + 1 < text.len && (text.data[i] == '.' || text.data[i] == ')') &&
                   text.data[i + 1] == ' '
               ? slice_from(text, i + 2)
               : text;
}

static bool is_supported(const struct answer_sentence *s, const struct evidence *e)
{
    struct slice text = without_ordinal(s->text);
    size_t at = 0, words = 0, held = 0, looked = 0;
    struct word w;

    if (s->citation_count == 0) {
        return false;
    }
    while (looked++ < WORDS_MAX && word_next(text, &at, &w)) {
        if (word_is_stop(w.folded)) {
            continue;
        }
        bool digit = has_digit(w.folded);
        word_stem(w.folded);
        bool held_here = cited_holds(s, e, w.folded);
        if (digit && !held_here) {
            return false;
        }
        words++;
        held += held_here;
    }
    return words == 0 || (double)held >= words_least * (double)words;
}

static bool says_unknown(struct slice text)
{
    static const char *const heads[] = { "i don't know", "i do not know", "i don\xe2\x80\x99t know",
        "the documents don't", "the documents do not", "closest is", "closest:" };

    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        size_t n = strlen(heads[i]);
        if (text.len >= n && slice_equal_nocase(slice_make(text.data, n), slice_of(heads[i]))) {
            return true;
        }
    }
    return false;
}

static bool leads_on(struct slice text)
{
    return text.len && (text.data[text.len - 1] == ':' || text.data[0] == '#');
}

static size_t judge(struct answer *ret, const struct evidence *e)
{
    size_t unsupported = 0, said = 0, unknown = 0;

    for (size_t i = ret->sentence_count; i > 0; i--) { // from the end: a lead-in goes with the next
        struct answer_sentence *s = &ret->sentences[i - 1];
        if (leads_on(s->text) && i < ret->sentence_count) {
            const struct answer_sentence *next = s + 1;
            for (size_t n = 0; n < next->citation_count; n++) {
                cite(s, e, next->citations[n]);
            }
            s->supported = next->supported;
        } else if (says_unknown(s->text)) {
            s->supported = true;
            unknown++;
        } else {
            s->supported = is_supported(s, e);
            said += s->supported;
        }
        unsupported += !s->supported;
    }
    ret->refused = said == 0;
    return unknown && said == 0 ? 0 : unsupported;
}

size_t answer_check(
    struct slice text, const struct evidence *e, struct arena *a, struct answer *ret)
{
    struct answer_sentence *before = NULL;
    struct slice line, piece;

    *ret = (struct answer){ 0 };
    while (slice_cut(&text, '\n', &line)) {
        size_t at = 0;
        bool breaks = ret->sentence_count > 0;
        while (sentence_next(line, &at, &piece)) {
            struct answer_sentence own = { .breaks = breaks };
            own.text = strip(piece, e, a, before, &own);
            if (!own.text.len) {
                continue;
            }
            struct answer_sentence *s = answer_add(ret, own.text, 0, false, breaks);
            if (!s) {
                break;
            }
            *s = own;
            before = s;
            breaks = false;
        }
    }
    return judge(ret, e);
}
