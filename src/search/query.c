// SPDX-License-Identifier: AGPL-3.0-or-later
// The query language: words; "a phrase"; word* (prefix); -word (not). Everything else is punctuation; in a sentence of more
// than ten words so are quotes.
// A question becomes an OR of its words without stop words, the rarest first, so that BM25 ranks and no word is a veto;
// phrases and exclusions are conditions. An OR of all words costs tens of milliseconds at 100,000 chunks, so in a large
// partition the index is asked for the rarest words only, up to a number of rows; the passages that come back are scored by
// all of them (score.c).
#include "search/search.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

#define SYNONYM_WEIGHT 0.7 // of what was typed

enum {
    WEIGHTS_MAX = 2 * CONCEPTS_MAX * ALTERNATIVES_MAX,
    SENTENCE_WORDS = 10, // a question of more is a sentence
    ROWS_MOST = 10000, // of a large index that one question reads, beyond its two rarest words
    ROWS_MOST_SMALL = 60000, // of a small one: all of it, nearly always
    SMALL_CHUNKS = 30000,
    RARE_ROWS = 400, // so many rows at least give all candidates of a question
    EXPRESSION_MAX = 256 << 10,
};
// What the last candidate reaches of the heaviest word's weight, where there are many rows to choose from.
#define RARE_LIKELY 1.5

struct term {
    struct slice text; // as typed, without quotes and signs
    bool phrase, prefix, no;
    bool stop;
    double times;
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

static bool same_term(const struct term *a, const struct term *b)
{
    return a->phrase == b->phrase && a->prefix == b->prefix && a->no == b->no &&
           slice_equal_nocase(a->text, b->text);
}

// In a sentence quotes are emphasis or a title, in a few words they are a condition.
static struct slice without_emphasis(struct slice text, struct arena *a)
{
    struct word w;
    size_t at = 0, words = 0;

    while (words <= SENTENCE_WORDS && word_next(text, &at, &w)) {
        words++;
    }
    if (words <= SENTENCE_WORDS || !memchr(text.data, '"', text.len)) {
        return text;
    }
    char *plain = arena_strndup(a, text.data, text.len);
    for (size_t i = 0; plain && i < text.len; i++) {
        plain[i] = plain[i] == '"' ? ' ' : plain[i];
    }
    return plain ? slice_make(plain, text.len) : text;
}

// ---- concepts

void concept_add(
    struct arena *a, struct concept *c, const char *text, double weight, enum alternative_why why)
{
    struct word w;
    size_t at = 0;
    struct alternative alt = { .weight = weight, .why = why };

    while (alt.count < SEQUENCE_MAX && word_next(slice_of(text), &at, &w)) {
        if (!(c->prefix && c->alternative_count == 0)) {
            word_stem(w.folded);
        }
        alt.stems[alt.count] = arena_strdup(a, w.folded);
        if (!alt.stems[alt.count]) {
            return;
        }
        alt.count++;
    }
    alt.text = arena_strdup(a, text);
    if (alt.count == 0 || !alt.text || c->alternative_count == ALTERNATIVES_MAX) {
        return;
    }
    for (size_t i = 0; i < c->alternative_count; i++) {
        const struct alternative *b = &c->alternatives[i];
        bool same = b->count == alt.count;
        for (size_t k = 0; same && k < alt.count; k++) {
            same = strcmp(b->stems[k], alt.stems[k]) == 0;
        }
        if (same) {
            return;
        }
    }
    c->alternatives[c->alternative_count++] = alt;
}

static void add_concept(struct arena *a, struct query *q, const struct term *t, struct slice next)
{
    struct concept *c = &q->concepts[q->concept_count++];
    struct word w;
    size_t at = 0;
    const char *text = arena_strndup(a, t->text.data, t->text.len);

    c->times = t->times;
    c->prefix = t->prefix;
    c->phrase = t->phrase;
    c->stop = t->stop;
    c->typed = "";
    if (word_next(t->text, &at, &w)) {
        size_t end = at;
        struct word more;
        if (!word_next(t->text, &end, &more)) {
            const char *typed = arena_strdup(a, w.folded);
            c->typed = typed ? typed : "";
        }
    }
    if (text) {
        concept_add(a, c, text, 1, AS_TYPED);
        if (!t->phrase && !t->prefix) {
            units_add(a, c, t->text, next);
        }
    }
}

// The stems of `words` plain words from the i-th term on, with a space between; false if there are not so many.
static bool join_stems(
    const struct term *terms, size_t count, size_t i, size_t words, struct buf *ret)
{
    buf_reset(ret);
    for (size_t k = 0; k < words; k++) {
        struct word w;
        size_t at = 0;
        if (i + k >= count || terms[i + k].phrase || terms[i + k].no || terms[i + k].prefix) {
            return false;
        }
        while (word_next(terms[i + k].text, &at, &w)) {
            word_stem(w.folded);
            if (ret->len) {
                buf_add_char(ret, ' ');
            }
            buf_add_str(ret, w.folded);
        }
    }
    return ret->len > 0;
}

// Other words for one or for several neighbours of the question; the longest expression goes first.
static void add_synonyms(struct arena *a, struct query *q, const struct term *terms, size_t count)
{
    const struct synonyms *list = search_tools()->synonyms;
    AUTO_BUF stems = BUF_INIT(4096);

    for (size_t i = 0; list && i < count;) {
        const char *const *group = NULL;
        size_t self = 0, found = 0, words = SYNONYM_WORDS_MAX;
        for (; words > 0 && !found; words--) {
            if (join_stems(terms, count, i, words, &stems)) {
                found = synonyms_find(list, stems.data, &group, &self);
            }
        }
        words += found > 0;
        struct concept *c = NULL;
        for (size_t k = 0; words == 1 && found && k < q->concept_count; k++) {
            const struct alternative *first = &q->concepts[k].alternatives[0];
            if (q->concepts[k].alternative_count && first->count == 1 && !q->concepts[k].phrase &&
                strcmp(first->stems[0], stems.data) == 0) {
                c = &q->concepts[k];
            }
        }
        if (found && !c && q->concept_count < CONCEPTS_MAX) { // an expression of several words
            c = &q->concepts[q->concept_count++];
            *c = (struct concept){ .times = 1, .typed = "" };
        }
        for (size_t k = 0; c && k < found; k++) {
            if (k != self) {
                concept_add(a, c, group[k], SYNONYM_WEIGHT, AS_SYNONYM);
            }
        }
        i += found ? words : 1;
    }
}

static int count_alternatives(
    struct store *store, struct query *q, struct arena *a, bool corrections, struct error *err)
{
    size_t most = q->concept_count * ALTERNATIVES_MAX, n = 0;
    struct slice *texts = arena_array(a, most + 1, sizeof(*texts));
    int64_t *counts = arena_array(a, most + 1, sizeof(*counts));

    if (!texts || !counts) {
        return error_set(err, ERR_MEMORY, "The question is too long to be searched.");
    }
    for (size_t i = 0; i < q->concept_count; i++) {
        for (size_t k = 0; k < q->concepts[i].alternative_count; k++) {
            if (!corrections || q->concepts[i].alternatives[k].why == AS_CORRECTION) {
                texts[n++] = slice_of(q->concepts[i].alternatives[k].text);
            }
        }
    }
    int rc = n ? store_partition_counts(store, &q->stats, texts, n, counts, err) : 0;
    n = 0;
    for (size_t i = 0; rc == 0 && i < q->concept_count; i++) {
        struct concept *c = &q->concepts[i];
        for (size_t k = 0; k < c->alternative_count; k++) {
            if (!corrections || c->alternatives[k].why == AS_CORRECTION) {
                c->alternatives[k].chunks = counts[n++];
            }
        }
        // What was typed tells how rare it is; what stands for it only where that occurs nowhere.
        c->chunks = c->alternative_count ? c->alternatives[0].chunks : 0;
        for (size_t k = 1; k < c->alternative_count && c->alternatives[0].chunks == 0; k++) {
            int64_t other = c->alternatives[k].chunks;
            c->chunks = other > c->chunks ? other : c->chunks;
        }
        double all = (double)q->stats.chunks, with = (double)c->chunks;
        all = all < with ? with : all;
        c->rarity = log(1 + (all - with + 0.5) / (with + 0.5));
    }
    return rc;
}

static int correct(struct store *store, struct query *q, struct arena *a, struct error *err)
{
    bool any = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < q->concept_count; i++) {
        struct concept *c = &q->concepts[i];
        if (c->chunks == 0 && !c->phrase && !c->prefix && !c->code && c->typed[0] &&
            q->stats.chunks) {
            size_t before = c->alternative_count;
            rc = typos_add(store, &q->stats, a, c, err);
            any = any || c->alternative_count > before;
        }
    }
    return rc || !any ? rc : count_alternatives(store, q, a, true, err);
}

// ---- the expression

struct expression {
    struct query *query;
    struct arena *arena;
    struct buf text;
    bool again; // of phrases whose weights are noted
};

static void add_phrase(struct expression *x, const struct concept *c, size_t k, double weight)
{
    const char *q = quoted(x->arena, slice_of(c->alternatives[k].text));

    buf_addf(&x->text, "%s%s", q ? q : "\"\"", c->prefix && k == 0 ? "*" : "");
    if (!x->again && x->query->weight_count < WEIGHTS_MAX) {
        x->query->weights[x->query->weight_count++] = weight;
    }
}

static bool worth_asking(const struct concept *c, size_t k)
{
    return k == 0 || c->alternatives[k].chunks > 0;
}

static void add_any(struct expression *x, const struct concept *c)
{
    for (size_t k = 0; k < c->alternative_count; k++) {
        if (worth_asking(c, k)) {
            buf_add_str(
                &x->text, x->text.len && x->text.data[x->text.len - 1] != '(' ? " OR " : "");
            add_phrase(x, c, k, c->times * c->rarity * c->alternatives[k].weight);
        }
    }
}

static int by_rarity(const void *x, const void *y)
{
    const struct concept *a = *(const struct concept *const *)x,
                         *b = *(const struct concept *const *)y;
    return a->chunks != b->chunks ? (a->chunks > b->chunks) - (a->chunks < b->chunks)
                                  : (a > b) - (a < b);
}

static void add_exclusions(struct expression *x, const struct term *terms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *q = terms[i].no ? quoted(x->arena, terms[i].text) : NULL;
        if (q) {
            buf_addf(&x->text, " NOT %s%s", q, terms[i].prefix ? "*" : "");
        }
    }
}

// All phrases as conditions; returns how many there are.
static size_t add_conditions(struct expression *x, const struct query *q, bool more)
{
    size_t phrases = 0;

    for (size_t i = 0; i < q->concept_count; i++) {
        if (q->concepts[i].phrase) {
            buf_add_str(&x->text, phrases++ ? " AND " : "");
            add_phrase(x, &q->concepts[i], 0, q->concepts[i].times * q->concepts[i].rarity);
        }
    }
    if (phrases && more) { // words rank among what is left
        buf_add_str(&x->text, ") AND (");
        for (size_t i = 0; i < q->concept_count; i++) {
            if (q->concepts[i].phrase) {
                buf_add_str(&x->text, x->text.data[x->text.len - 1] == '(' ? "" : " OR ");
                add_phrase(x, &q->concepts[i], 0, 0);
            }
        }
    }
    return phrases;
}

static double weight_of(const struct concept *c)
{
    double weight = 0;

    for (size_t k = 0; k < c->alternative_count; k++) {
        weight += worth_asking(c, k) ? c->times * c->rarity * c->alternatives[k].weight : 0;
    }
    return weight;
}

// How many of the words, the rarest first, are likely to outweigh all that the others can add: the index is then asked
// for the rows of these alone (store.h: word_search). 0: none, or it would save nothing.
static size_t count_rare(const struct concept *const *words, size_t count)
{
    double rest = 0, heaviest = 0;
    int64_t rare_rows = 0, rest_rows = 0;

    for (size_t i = 0; i < count; i++) {
        rest += weight_of(words[i]);
        rest_rows += words[i]->chunks;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        double weight = weight_of(words[i]);
        rest -= weight;
        heaviest = weight > heaviest ? weight : heaviest;
        rare_rows += words[i]->chunks;
        rest_rows -= words[i]->chunks;
        if (rare_rows >= RARE_ROWS && rest * WORD_MOST < heaviest * RARE_LIKELY) {
            return rest_rows > rare_rows ? i + 1 : 0;
        }
    }
    return 0;
}

static const char *finish(struct expression *x, bool *ok)
{
    const char *text = arena_strndup(x->arena, x->text.data ? x->text.data : "", x->text.len);

    *ok = *ok && text && buf_ok(&x->text);
    buf_done(&x->text);
    return text ? text : "";
}

static void write_words(struct expression *x, const struct concept *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_any(x, words[i]);
    }
}

// The same question in two steps: the rare words alone, and their rows that hold one of the others too.
static bool write_rare(struct query *q, const struct concept *const *words, size_t rare,
    size_t count, const struct term *terms, size_t term_count, struct arena *a)
{
    struct expression x = { .query = q, .arena = a, .again = true }, both = x;
    bool ok = true;

    buf_init(&x.text, EXPRESSION_MAX);
    buf_init(&both.text, EXPRESSION_MAX);
    buf_add_char(&x.text, '(');
    write_words(&x, words, rare);
    buf_add_char(&x.text, ')');
    buf_addf(&both.text, "(%s AND (", x.text.data ? x.text.data : "");
    write_words(&both, words + rare, count - rare);
    buf_add_str(&both.text, "))");
    add_exclusions(&x, terms, term_count);
    add_exclusions(&both, terms, term_count);
    q->rare = finish(&x, &ok);
    q->both = finish(&both, &ok);
    return ok;
}

static bool write_expression(
    const struct term *terms, size_t count, struct query *q, struct arena *a)
{
    struct expression x = { .query = q, .arena = a };
    const struct concept *words[CONCEPTS_MAX];
    size_t word_count = 0, phrases = 0, asked = 0, chosen = 0;
    int64_t rows = 0, most = q->stats.chunks < SMALL_CHUNKS ? ROWS_MOST_SMALL : ROWS_MOST;
    bool ok = true;

    for (size_t i = 0; i < q->concept_count; i++) {
        if (q->concepts[i].phrase) {
            phrases++;
        } else if (q->concepts[i].alternative_count) {
            words[word_count++] = &q->concepts[i];
        }
    }
    if (phrases + word_count == 0) {
        return true;
    }
    qsort(words, word_count, sizeof(words[0]), by_rarity);
    for (; chosen < word_count && (asked < 2 || rows + words[chosen]->chunks <= most); chosen++) {
        rows += words[chosen]->chunks;
        asked += words[chosen]->chunks > 0;
    }
    buf_init(&x.text, EXPRESSION_MAX);
    buf_add_char(&x.text, '(');
    add_conditions(&x, q, word_count > 0);
    size_t rare = phrases ? 0 : count_rare(words, chosen);
    write_words(&x, words, rare);
    q->rare_count = q->weight_count;
    write_words(&x, words + rare, chosen - rare);
    buf_add_char(&x.text, ')');
    add_exclusions(&x, terms, count);
    q->match = finish(&x, &ok);
    return ok && (!rare || write_rare(q, words, rare, chosen, terms, count, a));
}

// Plain words without stop words and without repeats, which count; a question of stop words only keeps them all.
static size_t choose_words(const struct term *all, size_t count, struct term *ret)
{
    size_t kept = 0, informative = 0;

    for (size_t i = 0; i < count; i++) {
        informative += !all[i].phrase && !all[i].no && !all[i].stop;
    }
    for (size_t i = 0; i < count; i++) {
        bool twice = false;
        if (all[i].no || (all[i].stop && informative > 0)) {
            continue;
        }
        for (size_t k = 0; k < kept && !twice; k++) {
            twice = same_term(&ret[k], &all[i]);
            ret[k].times += twice;
        }
        if (!twice) {
            ret[kept] = all[i];
            ret[kept++].times = 1;
        }
    }
    return kept;
}

// The question as its meaning is looked for: without the words that exclude.
static void keep_plain(
    struct query *q, struct slice text, const struct term *terms, size_t count, struct arena *a)
{
    AUTO_BUF plain = BUF_INIT(SEARCH_QUERY_MAX_BYTES * 2);
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        if (terms[i].no) {
            size_t start = (size_t)(terms[i].text.data - text.data), sign = terms[i].phrase ? 2 : 1;
            size_t from = start > sign ? start - sign : 0;
            buf_add(&plain, text.data + at, from > at ? from - at : 0);
            at = start + terms[i].text.len + (terms[i].prefix || terms[i].phrase);
            at = at > text.len ? text.len : at;
        }
    }
    buf_add_slice(&plain, slice_from(text, at));
    q->plain = slice_trim(arena_slice(a, buf_slice(&plain)));
}

// Words that were typed as one ("E-21", "walk-in") or in quotes are found as one.
static void mark_term(struct snippet_terms *t, struct slice text, bool prefix)
{
    if (prefix) {
        snippet_terms_add(t, text, true);
    } else {
        snippet_terms_add_phrase(t, text);
    }
}

// What is marked in a passage: the words as typed, then what stands for them, but for "on" and "to" in an expression.
static void mark_terms(struct query *q)
{
    for (size_t i = 0; i < q->concept_count; i++) {
        if (q->concepts[i].alternative_count) {
            mark_term(
                &q->terms, slice_of(q->concepts[i].alternatives[0].text), q->concepts[i].prefix);
        }
    }
    for (size_t i = 0; i < q->concept_count; i++) {
        for (size_t k = 1; k < q->concepts[i].alternative_count; k++) {
            const struct alternative *alt = &q->concepts[i].alternatives[k];
            struct slice rest = slice_of(alt->text);
            struct word w;
            size_t at = 0;
            if (q->concepts[i].code && alt->chunks > 0) {
                snippet_terms_add_phrase(&q->terms, rest);
                continue;
            }
            while (alt->chunks > 0 && word_next(rest, &at, &w)) {
                if (!word_is_stop(w.folded)) {
                    snippet_terms_add(&q->terms, slice_of(w.folded), false);
                }
            }
        }
    }
}

int query_parse(
    struct store *store, struct slice text, struct arena *a, struct query *ret, struct error *err)
{
    return query_parse_for(store, text, &(struct query_options){ 0 }, a, ret, err);
}

int query_parse_for(struct store *store, struct slice text, const struct query_options *o,
    struct arena *a, struct query *ret, struct error *err)
{
    struct term all[2 * SEARCH_TERMS_MAX], words[2 * SEARCH_TERMS_MAX];

    *ret = (struct query){ .match = "", .rare = "", .both = "" };
    if (text.len > SEARCH_QUERY_MAX_BYTES) {
        return error_set(err, ERR_TOO_LARGE,
            "The question has more than %d bytes; ask it in fewer words.", SEARCH_QUERY_MAX_BYTES);
    }
    int rc = store_partition_stats(
        store, o->partition.len ? o->partition : SLICE_LIT("default"), &ret->stats, err);
    ret->concepts = arena_array(a, CONCEPTS_MAX, sizeof(*ret->concepts));
    ret->weights = arena_array(a, WEIGHTS_MAX, sizeof(*ret->weights));
    if (rc < 0 || !ret->concepts || !ret->weights) {
        return rc ? rc : error_set(err, ERR_MEMORY, "The question is too long to be searched.");
    }
    text = without_emphasis(text, a);
    size_t count = cut_terms(text, all, ARRAY_LEN(all));
    if (o->typing && count > 0 && !all[count - 1].phrase && text.data[text.len - 1] != ' ') {
        all[count - 1].prefix = true; // the word is being typed
    }
    for (size_t i = 0; i < count; i++) {
        all[i].stop = !all[i].phrase && !all[i].prefix && is_stop(all[i].text);
    }
    size_t kept = choose_words(all, count, words);
    keep_plain(ret, text, all, count, a);
    for (size_t i = 0; i < kept && ret->concept_count < SEARCH_TERMS_MAX; i++) {
        struct slice next = { NULL, 0 };
        for (size_t k = 0; k + 1 < count; k++) {
            next = all[k].text.data == words[i].text.data ? all[k + 1].text : next;
        }
        add_concept(a, ret, &words[i], next);
    }
    ret->term_count = ret->concept_count;
    add_synonyms(a, ret, all, count);
    rc = count_alternatives(store, ret, a, false, err);
    rc = rc ? rc : correct(store, ret, a, err);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        if (all[i].no) {
            mark_term(&ret->none, all[i].text, all[i].prefix);
        }
    }
    bool fits = write_expression(all, count, ret, a);
    mark_terms(ret);
    return fits ? 0 : error_set(err, ERR_MEMORY, "The question is too long to be searched.");
}
