// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements answer.h.
#include "assist/answer.h"

struct answer_sentence *answer_add(
    struct answer *a, struct slice text, int number, bool supported, bool breaks)
{
    if (a->sentence_count == ANSWER_SENTENCES_MAX) {
        return NULL;
    }
    struct answer_sentence *s = &a->sentences[a->sentence_count++];
    *s = (struct answer_sentence){ .text = text, .supported = supported, .breaks = breaks };
    if (number) {
        s->citations[s->citation_count++] = number;
    }
    return s;
}

void answer_add_text(const struct answer *a, struct buf *b)
{
    for (size_t i = 0; i < a->sentence_count; i++) {
        const struct answer_sentence *s = &a->sentences[i];
        if (i > 0) {
            buf_add_char(b, s->breaks ? '\n' : ' ');
        }
        buf_add_slice(b, s->text);
        for (size_t n = 0; n < s->citation_count; n++) {
            buf_addf(b, " [%d]", s->citations[n]);
        }
    }
}

static void put_sentences(const struct answer *a, struct json_out *j)
{
    json_key_array(j, "sentences");
    for (size_t i = 0; i < a->sentence_count; i++) {
        const struct answer_sentence *s = &a->sentences[i];
        json_begin_object(j);
        json_key_string(j, "text", s->text);
        json_key_array(j, "citations");
        for (size_t n = 0; n < s->citation_count; n++) {
            json_int(j, s->citations[n]);
        }
        json_end(j);
        json_key_bool(j, "supported", s->supported);
        json_key_bool(j, "breaks", s->breaks);
        json_end(j);
    }
    json_end(j);
}

// Passages that are cited, each once, in the order of their numbers.
static void put_citations(const struct answer *a, const struct evidence *e, struct json_out *j)
{
    bool cited[EVIDENCE_MAX + 1] = { false };

    for (size_t i = 0; i < a->sentence_count; i++) {
        for (size_t n = 0; n < a->sentences[i].citation_count; n++) {
            int number = a->sentences[i].citations[n];
            cited[number > 0 && number <= EVIDENCE_MAX ? number : 0] = true;
        }
    }
    for (size_t i = 0; i < a->step_count; i++) {
        cited[a->steps[i].passage->number] = true;
    }
    json_key_array(j, "citations");
    for (size_t i = 0; i < e->count; i++) {
        if (cited[i + 1]) {
            passage_put_citation(j, e->items[i]);
        }
    }
    json_end(j);
}

static void put_steps(const struct answer *a, struct json_out *j)
{
    json_key_array(j, "steps");
    for (size_t i = 0; i < a->step_count; i++) {
        const struct answer_step *s = &a->steps[i];
        json_begin_object(j);
        json_key_int(j, "number", s->number);
        json_key_string(j, "text", s->text);
        json_key_int(j, "citation", s->passage->number);
        if (s->passage->picture) {
            json_key_text(j, "picture", s->passage->picture);
        }
        if (s->passage->play) {
            json_key_text(j, "play", s->passage->play);
        }
        json_end(j);
    }
    json_end(j);
}

void answer_put(const struct answer *a, const struct evidence *e, struct json_out *j)
{
    AUTO_BUF text = BUF_INIT(ANSWER_TEXT_MAX);

    answer_add_text(a, &text);
    json_key_string(j, "answer", buf_slice(&text));
    json_key_bool(j, "refused", a->refused);
    put_citations(a, e, j);
    put_sentences(a, j);
    if (a->step_count) {
        put_steps(a, j);
    }
}
