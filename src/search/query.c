// SPDX-License-Identifier: AGPL-3.0-or-later
// The query language: words; "a phrase"; word* (prefix); -word (not). Everything else is punctuation.
// A question becomes an OR of its words without stop words, the rarest first, so that BM25 ranks and no word is a veto;
// phrases and exclusions are conditions. FTS5 has no stop list and an OR of all words costs tens of milliseconds at 100,000
// chunks, so in a large store words that stand in more than a fifth of all chunks are dropped when rarer ones are there.
#include "search/search.h"
#include "base/utf8.h"

#include <stdlib.h>

enum {
    COMMON_SHARE = 5, // a word in more than 1/5 of the chunks is common
    COMMON_CHUNKS_MIN = 20000, // in a smaller store every word is cheap
};

struct term {
    struct slice text; // as typed, without quotes and signs
    bool phrase, prefix, no;
    bool stop;
    int64_t count;
};

// FTS5 string: quotes doubled. The tokenizer inside splits and folds it just as it did the text.
static const char *quoted(struct arena *a, struct slice text)
{
    char *out = arena_array(a, text.len + 2, 2);
    size_t n = 0;

    if (!out) {
        return NULL;
    }
    out[n++] = '"';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"') {
            out[n++] = '"';
        }
        out[n++] = c == '\0' ? ' ' : c;
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

static bool has_word(struct slice text)
{
    struct word w;
    size_t at = 0;
    return word_next(text, &at, &w);
}

// Cuts the query into terms at white space; quotes keep a phrase together.
static size_t cut_terms(struct slice text, struct term *terms, size_t max)
{
    size_t count = 0, i = 0, phrases = 0;

    while (i < text.len && count < max) {
        char c = text.data[i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            i++;
            continue;
        }
        struct term t = { 0 };
        if (c == '-' && i + 1 < text.len && text.data[i + 1] != ' ' &&
            (i == 0 || text.data[i - 1] == ' ')) {
            t.no = true;
            i++;
            c = text.data[i];
        }
        size_t start = i;
        if (c == '"') {
            start = ++i;
            while (i < text.len && text.data[i] != '"') {
                i++;
            }
            t.text = slice_make(text.data + start, i - start);
            t.phrase = true;
            i += i < text.len;
        } else {
            while (i < text.len && text.data[i] != ' ' && text.data[i] != '"' &&
                   !(text.data[i] >= '\t' && text.data[i] <= '\r')) {
                i++;
            }
            t.text = slice_make(text.data + start, i - start);
            if (t.text.len > 1 && t.text.data[t.text.len - 1] == '*') {
                t.prefix = true;
                t.text.len--;
            }
        }
        if (has_word(t.text) && (!t.phrase || phrases++ < SEARCH_PHRASES_MAX)) {
            terms[count++] = t;
        }
    }
    return count;
}

static bool is_stop(struct slice text)
{
    struct word w;
    size_t at = 0;

    return word_next(text, &at, &w) && word_is_stop(w.folded) && !word_next(text, &at, &w);
}

static int compare_rare(const void *x, const void *y)
{
    const struct term *a = x, *b = y;
    return (a->count > b->count) - (a->count < b->count);
}

static bool same_term(const struct term *a, const struct term *b)
{
    return a->phrase == b->phrase && a->prefix == b->prefix && a->no == b->no &&
           slice_equal_nocase(a->text, b->text);
}

// Moves the plain words that are worth searching to the front, rarest first; returns how many.
static size_t choose_words(
    struct store *store, struct term *words, size_t count, struct error *err, int *ret_rc)
{
    struct slice texts[2 * SEARCH_TERMS_MAX];
    int64_t counts[2 * SEARCH_TERMS_MAX], chunks = 0;
    size_t kept = 0, informative = 0;

    for (size_t i = 0; i < count; i++) {
        informative += !words[i].stop;
    }
    for (size_t i = 0; i < count; i++) { // a question of stop words only keeps them all
        bool twice = false;
        for (size_t k = 0; k < kept; k++) {
            twice = twice || same_term(&words[k], &words[i]);
        }
        if (!twice && (!words[i].stop || informative == 0)) {
            words[kept++] = words[i];
        }
    }
    for (size_t i = 0; i < kept; i++) {
        texts[i] = words[i].text;
    }
    *ret_rc = kept ? store_term_counts(store, texts, kept, counts, &chunks, err) : 0;
    if (*ret_rc < 0) {
        return 0;
    }
    for (size_t i = 0; i < kept; i++) {
        words[i].count = counts[i];
    }
    qsort(words, kept, sizeof(*words), compare_rare);
    size_t rare = 0;
    while (rare < kept && rare < SEARCH_TERMS_MAX &&
           (rare < 2 || chunks < COMMON_CHUNKS_MIN || words[rare].count * COMMON_SHARE <= chunks)) {
        rare++;
    }
    return rare;
}

int query_parse(
    struct store *store, struct slice text, struct arena *a, struct query *ret, struct error *err)
{
    struct term all[2 * SEARCH_TERMS_MAX], words[2 * SEARCH_TERMS_MAX];
    size_t count = 0, word_count = 0;
    int rc = 0;

    *ret = (struct query){ .match = "" };
    if (text.len > SEARCH_QUERY_MAX_BYTES) {
        return error_set(err, ERR_TOO_LARGE,
            "The question has more than %d bytes; ask it in fewer words.", SEARCH_QUERY_MAX_BYTES);
    }
    count = cut_terms(text, all, ARRAY_LEN(all));
    for (size_t i = 0; i < count; i++) {
        all[i].stop = !all[i].phrase && !all[i].prefix && is_stop(all[i].text);
        if (!all[i].phrase && !all[i].no) {
            words[word_count++] = all[i];
        }
    }
    word_count = choose_words(store, words, word_count, err, &rc);
    if (rc < 0) {
        return rc;
    }
    AUTO_BUF any = BUF_INIT(64 * 1024);
    AUTO_BUF must = BUF_INIT(64 * 1024);
    AUTO_BUF none = BUF_INIT(64 * 1024);
    for (size_t i = 0; i < word_count; i++) {
        const char *q = quoted(a, words[i].text);
        buf_addf(&any, "%s%s%s", any.len ? " OR " : "", q ? q : "\"\"", words[i].prefix ? "*" : "");
        snippet_terms_add(&ret->terms, words[i].text, words[i].prefix);
    }
    for (size_t i = 0; i < count; i++) {
        const char *q = all[i].phrase || all[i].no ? quoted(a, all[i].text) : NULL;
        if (q && all[i].no) {
            buf_addf(&none, " NOT %s%s", q, all[i].prefix ? "*" : "");
        } else if (q) {
            buf_addf(&must, "%s%s", must.len ? " AND " : "", q);
            snippet_terms_add(&ret->terms, all[i].text, false);
            ret->term_count++;
        }
    }
    ret->term_count += word_count;
    AUTO_BUF match = BUF_INIT(256 * 1024);
    if (must.len && any.len) { // phrases are conditions, words rank among what is left
        buf_addf(&match, "(%s) AND (%s OR %s)", must.data, must.data, any.data);
    } else if (must.len || any.len) {
        buf_addf(&match, "(%s)", must.len ? must.data : any.data);
    }
    if (match.len && none.len) {
        buf_add_slice(&match, buf_slice(&none));
    }
    ret->match = arena_strndup(a, match.data, match.len);
    if (!ret->match || !buf_ok(&match) || !buf_ok(&any) || !buf_ok(&must) || !buf_ok(&none)) {
        return error_set(err, ERR_MEMORY, "The question is too long to be searched.");
    }
    return 0;
}
