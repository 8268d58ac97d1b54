// SPDX-License-Identifier: AGPL-3.0-or-later
// A passage's score from its text: BM25 over all of the question's words with their other spellings (the index was asked
// for the rare ones only), and the late features: part numbers, words in the order and form in which they were asked for,
// words close together, words in the heading. One pass over the text; most of its words are passed over by their first
// letters without being stemmed. One thread.
#include "search/search.h"
#include "store/chunk_id.h"

#include <stdlib.h>

enum {
    WORDS_MAX = 4096, // of a passage's field that are looked at
    STEMS_MAX = CONCEPTS_MAX * ALTERNATIVES_MAX,
    FIRST_BITS = 4096,
    NEAR_WORDS = 6,
    ROW_WORDS = 30, // of a table's row, and of an entry that begins with its code
};
#define K1 1.2
#define B 0.75
#define CODE_IN_CELL 0.8
#define CODE_MENTIONED 0.375 // of what a code is worth that an entry is about

struct known_stem {
    const char *stem;
    bool prefix;
};
struct scorer {
    const struct query *query;
    struct field_weights fields;
    struct known_stem stems[STEMS_MAX];
    size_t stem_count;
    int16_t of[CONCEPTS_MAX][ALTERNATIVES_MAX]
              [SEQUENCE_MAX]; // each alternative's words as numbers of stems
    uint64_t first[FIRST_BITS / 64]; // letters with which known stems begin
    int16_t words[WORDS_MAX]; // of the field at hand: the number of its stem, or -1
    uint32_t from[WORDS_MAX], to[WORDS_MAX]; // its bytes
    bool exact[CONCEPTS_MAX];
    size_t word_count;
};

// The first two bytes; stems of one byte are known by that alone.
static size_t first_of(const char *word)
{
    return ((unsigned char)word[0] * 31u + (unsigned char)(word[0] ? word[1] : 0)) % FIRST_BITS;
}

static int16_t number_of(struct scorer *s, const char *stem, bool prefix)
{
    for (size_t i = 0; i < s->stem_count; i++) {
        if (s->stems[i].prefix == prefix && strcmp(s->stems[i].stem, stem) == 0) {
            return (int16_t)i;
        }
    }
    s->stems[s->stem_count] = (struct known_stem){ stem, prefix };
    if (strlen(stem) < 2 || (prefix && strlen(stem) < 3)) { // any word may begin so
        for (int c = 0; c < 256; c++) {
            char two[3] = { stem[0], (char)c, 0 };
            size_t bit = first_of(two);
            s->first[bit / 64] |= (uint64_t)1 << bit % 64;
        }
    }
    size_t bit = first_of(stem);
    s->first[bit / 64] |= (uint64_t)1 << bit % 64;
    return (int16_t)s->stem_count++;
}

struct scorer *scorer_new(const struct query *q, struct field_weights fields)
{
    struct scorer *s = xalloc(sizeof(*s));

    s->query = q;
    s->fields = fields;
    for (size_t i = 0; i < q->concept_count; i++) {
        const struct concept *c = &q->concepts[i];
        for (size_t k = 0; k < c->alternative_count; k++) {
            const struct alternative *a = &c->alternatives[k];
            for (size_t n = 0; n < a->count && s->stem_count < STEMS_MAX; n++) {
                s->of[i][k][n] =
                    number_of(s, a->stems[n], c->prefix && k == 0 && n + 1 == a->count);
            }
        }
    }
    return s;
}

void scorer_free(struct scorer *s)
{
    free(s);
}

static void read_words(struct scorer *s, struct slice text)
{
    struct word w;
    size_t at = 0;

    s->word_count = 0;
    while (s->word_count < WORDS_MAX && word_next(text, &at, &w)) {
        size_t bit = first_of(w.folded);
        int16_t number = -1;
        if (s->first[bit / 64] >> bit % 64 & 1) {
            char folded[WORD_MAX];
            memcpy(folded, w.folded, WORD_MAX);
            word_stem(w.folded);
            for (size_t i = 0; i < s->stem_count && number < 0; i++) {
                const struct known_stem *k = &s->stems[i];
                if (k->prefix ? strncmp(folded, k->stem, strlen(k->stem)) == 0
                              : strcmp(w.folded, k->stem) == 0) {
                    number = (int16_t)i;
                }
            }
            for (size_t i = 0; number >= 0 && i < s->query->concept_count; i++) {
                s->exact[i] = s->exact[i] || strcmp(s->query->concepts[i].typed, folded) == 0;
            }
        }
        s->from[s->word_count] = (uint32_t)w.start;
        s->to[s->word_count] = (uint32_t)w.end;
        s->words[s->word_count++] = number;
    }
}

// How often the words stand there one behind the other; ret_at: where first, -1 nowhere.
static size_t occurrences(const struct scorer *s, const int16_t *words, size_t count, int *ret_at)
{
    size_t found = 0;

    *ret_at = -1;
    for (size_t i = 0; count && i + count <= s->word_count; i++) {
        size_t k = 0;
        while (k < count && s->words[i + k] == words[k]) {
            k++;
        }
        if (k == count) {
            *ret_at = *ret_at < 0 ? (int)i : *ret_at;
            found++;
        }
    }
    return found;
}

// What a code that stands from byte `from` to `to` is there: 1 at the beginning of a line or row, which then tells about
// it; less alone in a cell; 0 in the midst of a text.
static double place_of_code(struct slice text, size_t from, size_t to)
{
    size_t cell = from;

    while (from > 0 && (text.data[from - 1] == ' ' || text.data[from - 1] == '|')) {
        from--;
        cell = text.data[from] == '|' ? from : cell;
    }
    if (from == 0 || text.data[from - 1] == '\n') {
        return 1;
    }
    while (to < text.len && text.data[to] == ' ') {
        to++;
    }
    bool ends = to == text.len || text.data[to] == '|' || text.data[to] == '\n';
    return text.data[cell] == '|' && ends ? CODE_IN_CELL : 0;
}

static double best_place_of_code(
    const struct scorer *s, struct slice text, const int16_t *words, size_t count)
{
    double best = 0;

    for (size_t i = 0; count && i + count <= s->word_count && best < 1; i++) {
        size_t k = 0;
        while (k < count && s->words[i + k] == words[k]) {
            k++;
        }
        if (k == count) {
            double place = place_of_code(text, s->from[i], s->to[i + count - 1]);
            best = place > best ? place : best;
        }
    }
    return best;
}

struct tally {
    double frequency[CONCEPTS_MAX];
    int at[CONCEPTS_MAX]; // in the text
    bool heading[CONCEPTS_MAX];
    double entry[CONCEPTS_MAX]; // of codes: how much of the text is an entry about it, 0 to 1
};

static void count_field(struct scorer *s, struct slice text, double weight, bool is_text,
    bool is_heading, struct tally *t)
{
    read_words(s, text);
    for (size_t i = 0; i < s->query->concept_count; i++) {
        const struct concept *c = &s->query->concepts[i];
        for (size_t k = 0; k < c->alternative_count; k++) {
            int at = -1;
            size_t n = occurrences(s, s->of[i][k], c->alternatives[k].count, &at);
            t->frequency[i] += (double)n * weight * c->alternatives[k].weight;
            if (n && is_text && t->at[i] < 0) {
                t->at[i] = at;
            }
            t->heading[i] = t->heading[i] || (n && is_heading);
            if (n && is_text && c->code) {
                double place = best_place_of_code(s, text, s->of[i][k], c->alternatives[k].count);
                t->entry[i] = place > t->entry[i] ? place : t->entry[i];
            }
        }
    }
}

// Of the question's neighbours, weighed by rarity, the share that stand near each other in the text.
static double nearness(const struct query *q, const struct tally *t)
{
    double all = 0, near = 0;
    size_t before = SIZE_MAX;

    for (size_t i = 0; i < q->concept_count; i++) {
        if (q->concepts[i].stop || q->concepts[i].typed[0] == '\0') {
            continue;
        }
        if (before != SIZE_MAX) {
            double weight = q->concepts[i].rarity + q->concepts[before].rarity;
            int apart = t->at[i] - t->at[before];
            all += weight;
            if (t->at[i] >= 0 && t->at[before] >= 0 && apart != 0 && abs(apart) <= NEAR_WORDS) {
                near += weight;
            }
        }
        before = i;
    }
    return all > 0 ? near / all : 0;
}

struct passage_score scorer_score(struct scorer *s, const struct chunk_hit *hit)
{
    const struct query *q = s->query;
    struct passage_score ret = { .passes = true };
    struct tally t = { .frequency = { 0 } };
    double words = chunk_id_words(hit->chunk_id);
    double average = q->stats.average_words > 0 ? q->stats.average_words : 1;
    double all = 0, exact = 0, heading = 0, codes = 0, codes_there = 0;

    for (size_t i = 0; i < q->concept_count; i++) {
        t.at[i] = -1;
        s->exact[i] = false;
    }
    count_field(s, slice_of(hit->document_name), s->fields.title, false, false, &t);
    count_field(s, hit->heading, s->fields.heading, false, true, &t);
    count_field(s, hit->text, s->fields.text, true, false, &t);
    for (size_t i = 0; i < q->concept_count; i++) {
        const struct concept *c = &q->concepts[i];
        double tf = t.frequency[i];
        // Of a long table one row is about the code: it counts as if it stood alone.
        double length = words > ROW_WORDS ? words + t.entry[i] * (ROW_WORDS - words) : words;
        double damp = K1 * (1 - B + B * length / average);
        if (c->phrase && tf <= 0) {
            ret.passes = false;
        }
        ret.matched += tf > 0 && i < q->term_count;
        if (tf > 0) {
            ret.words += c->times * c->rarity * tf * (K1 + 1) / (tf + damp);
        }
        all += c->rarity;
        exact += s->exact[i] ? c->rarity : 0;
        heading += t.heading[i] ? c->rarity : 0;
        codes += c->code ? 1 : 0;
        codes_there += c->code && tf > 0 ? CODE_MENTIONED + (1 - CODE_MENTIONED) * t.entry[i] : 0;
    }
    if (q->none.count &&
        (snippet_count_terms(hit->text, &q->none) || snippet_count_terms(hit->heading, &q->none))) {
        ret.passes = false;
    }
    ret.exact = all > 0 ? exact / all : 0;
    ret.heading = all > 0 ? heading / all : 0;
    ret.codes = codes > 0 ? codes_there / codes : 0;
    ret.near = nearness(q, &t);
    return ret;
}
