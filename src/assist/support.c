// SPDX-License-Identifier: AGPL-3.0-or-later
// The decision to answer: features of how far the retrieved passages hold the question's words, put together by a logistic
// function. Its weights were fitted with bench/answers on one half of an open set of questions and tried on the other.
#include "assist/extract.h"
#include "assist/sentences.h"

#include <math.h>

enum { PASSAGES_WEIGHED = 5 };

const double support_least = 0.5;

// Fitted by bench/answers --fit; docs/assistant.md has the figures. The other features were tried and gained nothing on
// questions that were not fitted on.
static const struct {
    double bias, match, sentence, unknown;
} fitted = { -2.8, 13.6, 1.9, -0.4 };

// A question that stands alone must be held by one sentence with its headings, not by words that lie scattered; of a long
// one, which says a thing in several ways, less must be. Chosen on questions about manuals, half of which the manuals
// don't answer; docs/assistant.md has the figures.
static const double follow_up_unmet =
    3; // the value that is asked for may stand in what was said before
enum { SHORT_QUESTION = 4 }; // terms
static const struct {
    double least, a_term, long_least, slope, unmet, object, phrase;
} alone = { .least = 0.52,
    .a_term = 0.04,
    .long_least = 0.36,
    .slope = 12,
    .unmet = 6,
    .object = 3,
    .phrase = 3 };

// A question about what no document names has no answer here: so much of its weight is in unknown words, or less when the
// best passage holds little of the rest.
static const double unknown_most = 0.45, unknown_much = 0.3, passage_little = 0.4;
static const double near_enough =
    0.8; // of what the best sentence holds, to be looked at for values and names
static const double named_enough = 0.7; // of a thing that the question names
static const double object_least = 0.2; // of the question's weight, to be worth asking for
static const double mean_words = 120; // of a passage, for BM25's length

static double larger(double a, double b)
{
    return a > b ? a : b;
}

// Counts of the terms in one hit: its text fully, its heading and the document's name as well.
static size_t count_hit(const struct question *q, const struct opened_hit *h, double *counts)
{
    size_t words = question_count_strictly(q, h->result->hit.text, 1, counts);

    question_count_strictly(q, h->source.heading, 1.5, counts);
    question_count_strictly(q, slice_of(h->source.document_name), 1, counts);
    question_count_strictly(q, h->about, 1, counts);
    return words;
}

static double match_of(const struct question *q, const double *counts, size_t words)
{
    double sum = 0, length = 1.2 * (0.25 + 0.75 * (double)words / mean_words);

    for (size_t i = 0; i < q->count; i++) {
        double n = counts[i];
        sum += n > 0 ? q->terms[i].weight * q->terms[i].idf * n * 2.2 / (n + length) : 0;
    }
    return q->total > 0 ? sum / q->total / 2.2 : 0;
}

static double best_sentence(const struct question *q, struct slice text)
{
    struct slice sentence;
    double best = 0;
    size_t at = 0;

    while (sentence_next(text, &at, &sentence)) {
        double counts[QUESTION_TERMS_MAX] = { 0 };
        question_count_strictly(q, sentence, 1, counts);
        double covered = question_covered(q, counts, true);
        best = covered > best ? covered : best;
    }
    return best;
}

static double object_share(const struct question *q, const double *counts)
{
    double of = 0, held = 0;

    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].object) {
            of += q->terms[i].idf;
            held += counts[i] > 0 ? q->terms[i].idf : 0;
        }
    }
    return of > 0 && of >= object_least * q->own_total ? held / of : 1;
}

// Of each thing that the question names, the share that is held: the least of these.
static double phrase_share(const struct question *q, const double *counts)
{
    double least = 1;

    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].code && q->terms[i].own && counts[i] > 0) {
            return 1; // a code says what it is about
        }
    }
    for (size_t first = 0; first < q->count; first++) {
        double of = 0, held = 0;
        int phrase = q->terms[first].phrase;
        for (size_t i = 0; i < q->count && phrase > 0; i++) {
            if (q->terms[i].phrase == phrase &&
                q->terms[i].kind < 0) { // a value says it without the word
                of += q->terms[i].idf;
                held += counts[i] > 0 ? q->terms[i].idf : 0;
            }
        }
        least = of > 0 && held / of < least ? held / of : least;
    }
    return least;
}

// A sentence or row with its headings and its document's title. Calls `look` for each.
typedef void (*near_fn)(const struct question *q, struct slice header, struct slice text,
    const double *counts, struct support *ret);

static void each_near(
    const struct question *q, const struct opened_hit *h, near_fn look, struct support *ret)
{
    double around[QUESTION_TERMS_MAX] = { 0 };

    question_count_strictly(q, h->source.heading, 1, around);
    question_count_strictly(q, slice_of(h->source.document_name), 1, around);
    question_count_strictly(q, h->about, 1, around);
    for (size_t i = 0; i < h->row_count; i++) {
        const struct element *e = &h->rows[i].element;
        struct slice sentence;
        size_t at = 0;
        while (sentence_next(e->text, &at, &sentence)) {
            double counts[QUESTION_TERMS_MAX];
            memcpy(counts, around, sizeof(counts));
            question_count_strictly(q, e->header, 1, counts);
            question_count_strictly(q, sentence, 1, counts);
            look(q, e->header, sentence, counts, ret);
        }
    }
}

static void measure_near(const struct question *q, struct slice header, struct slice text,
    const double *counts, struct support *ret)
{
    (void)header, (void)text;
    ret->near = larger(ret->near, question_covered(q, counts, true));
}

// Only where most of what any sentence holds stands.
static void measure_fit(const struct question *q, struct slice header, struct slice text,
    const double *counts, struct support *ret)
{
    if (question_covered(q, counts, true) >= near_enough * ret->near) {
        ret->object = larger(ret->object, object_share(q, counts));
        ret->phrase = larger(ret->phrase, phrase_share(q, counts));
        ret->unmet = ret->unmet && !wanted_given(&q->wanted, header, text);
    }
}

// A code that is asked for must stand in one of the passages: what holds for E-12 does not hold for E-13.
static bool lacks_code(const struct question *q, const double *any)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].code && q->terms[i].own && any[i] == 0) {
            return true;
        }
    }
    return false;
}

static double near_least(const struct question *q)
{
    double more = q->count > SHORT_QUESTION ? (double)(q->count - SHORT_QUESTION) : 0;

    return larger(alone.least - alone.a_term * more, alone.long_least);
}

// What is named and hardly stands anywhere; it weighs less in a long question, which says a thing in several ways.
static double nameless(const struct question *q, double share)
{
    double lacks = share < named_enough ? 1 - share / named_enough : 0;

    return alone.phrase * lacks *
           (q->count > SHORT_QUESTION ? SHORT_QUESTION / (double)q->count : 1);
}

void support_measure(
    const struct question *q, const struct opened_hit *hits, size_t count, struct support *ret)
{
    double last = 0, any[QUESTION_TERMS_MAX] = { 0 };

    *ret = (struct support){ .unknown = q->unknown, .unmet = true };
    for (size_t i = 0; i < count && i < PASSAGES_WEIGHED; i++) {
        double counts[QUESTION_TERMS_MAX] = { 0 };
        size_t words = count_hit(q, &hits[i], counts);
        last = match_of(q, counts, words);
        ret->passage = larger(ret->passage, question_covered(q, counts, true));
        ret->context = larger(ret->context, question_covered(q, counts, false));
        ret->match = larger(ret->match, last);
        each_near(q, &hits[i], measure_near, ret);
        ret->sentence = larger(ret->sentence, best_sentence(q, hits[i].result->hit.text));
    }
    for (size_t i = 0; i < count && i < PASSAGES_WEIGHED; i++) {
        each_near(q, &hits[i], measure_fit, ret);
    }
    for (size_t i = 0; i < count; i++) {
        count_hit(q, &hits[i], any);
    }
    ret->other_code = lacks_code(q, any);
    ret->spread = count >= PASSAGES_WEIGHED ? ret->match - last : ret->match;
    double z = fitted.bias + fitted.match * ret->match + fitted.sentence * ret->sentence +
               fitted.unknown * ret->unknown - (q->alone ? 0 : follow_up_unmet * ret->unmet);
    double near = alone.slope * (ret->near - near_least(q)) - alone.unmet * ret->unmet -
                  alone.object * (1 - ret->object) - nameless(q, ret->phrase);
    if (q->alone && near < z) {
        z = near;
    }
    ret->confidence = count > 0 && q->count > 0 ? 1 / (1 + exp(-z)) : 0;
    bool unheard =
        q->unknown >= unknown_most || (q->unknown >= unknown_much && ret->passage < passage_little);
    if ((ret->other_code || unheard) && ret->confidence >= support_least) {
        ret->confidence = support_least / 2;
    }
}
