// SPDX-License-Identifier: AGPL-3.0-or-later
// An answer, whoever made it: sentences with the numbers of the passages that support them, steps in order, and whether the
// documents support an answer at all. Lives in the run's arena.
#ifndef LARDER_ASSIST_ANSWER_H
#define LARDER_ASSIST_ANSWER_H

#include "assist/evidence.h"

enum {
    ANSWER_SENTENCES_MAX = 60,
    ANSWER_STEPS_MAX = 40,
    SENTENCE_CITATIONS_MAX = 6,
    ANSWER_TEXT_MAX = 64 * 1024,
};

struct answer_sentence {
    struct slice text; // without the numbers
    int citations[SENTENCE_CITATIONS_MAX]; // numbers of passages of this run
    size_t citation_count;
    bool supported; // false: marked as not supported by what was retrieved
    bool breaks; // a new line stands before it
};
struct answer_step {
    int number; // 1-based
    struct slice text;
    const struct passage *passage;
};
// What the decision to answer rests on; shares from 0 to 1.
struct support {
    double passage; // of the question's own words, by weight, in the best passage
    double context; // the same with words of earlier turns
    double match; // how well the best passage fits, saturating with repetition
    double sentence; // of the own words in the best single sentence
    double unknown; // of the own words that stand in no document
    double near; // of the own words in the best sentence with its headings and the document's title
    double
        object; // of the thing asked about, in the sentences that hold enough; 1 if none is named
    double phrase; // of the thing that is held least among those that the question names; 1 if none
    bool unmet; // what kind of value the question wants stands near its words nowhere
    bool other_code; // a code of the question stands in none of the passages
    double spread; // how far the best passage is above the fifth
    double confidence; // from these; at least SUPPORT_LEAST answers
};
struct answer {
    bool refused;
    struct answer_sentence sentences[ANSWER_SENTENCES_MAX];
    size_t sentence_count;
    struct answer_step steps[ANSWER_STEPS_MAX];
    size_t step_count;
    struct support support; // all 0 where a model answered
    const char
        *from_tool; // of the server's state, by this tool: nothing to cite; NULL: of documents
};

// Adds a sentence; ones over the limit are left out. number 0: none.
struct answer_sentence *answer_add(
    struct answer *a, struct slice text, int number, bool supported, bool breaks);
// The text with its numbers in square brackets: "Drain the oil. [1]". With them, what stands in `citations` of the API.
void answer_add_text(const struct answer *a, struct buf *b);
// The members answer, refused, sentences, citations, steps of an object that is open; nothing else.
void answer_put(const struct answer *a, const struct evidence *e, struct json_out *j);

#endif
