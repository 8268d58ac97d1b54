// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements conflict.h.
#include "assist/conflict.h"
#include "assist/sentences.h"

enum { STATEMENTS_MAX = 120, STATEMENT_STEMS = 24 };
static const double about_least = 0.5, alike_least = 0.6;

struct statement {
    const struct opened_hit *hit;
    const struct element_row *row;
    struct slice text;
    char stems[STATEMENT_STEMS][WORD_MAX]; // words that matter, without numbers
    size_t stem_count;
    struct quantity values[QUANTITIES_MAX];
    size_t value_count;
};

const struct tool_field statement_fields[] = {
    { "text", "What the source says.", .required = true },
    { "citation", "Where it says so.", .type = TOOL_OBJECT, .fields = citation_fields,
        .required = true },
    { NULL },
};
const struct tool_field conflict_fields[] = {
    { "about", "What kind of value differs.", .required = true,
        .choices = "temperature time length mass volume share concentration voltage power pressure "
                   "price" },
    { "statements", "The two statements; show both.", .type = TOOL_OBJECT, .array = true,
        .fields = statement_fields, .required = true },
    { NULL },
};

static void take_stems(struct statement *s)
{
    struct word w;
    size_t at = 0;

    while (s->stem_count < STATEMENT_STEMS && word_next(s->text, &at, &w)) {
        bool number = w.folded[0] >= '0' && w.folded[0] <= '9';
        if (!number && !word_is_stop(w.folded) && strlen(w.folded) > 1) {
            word_stem(w.folded);
            memcpy(s->stems[s->stem_count++], w.folded, WORD_MAX);
        }
    }
}

// Share of the smaller one's words that the other has, too.
static double alike(const struct statement *a, const struct statement *b)
{
    const struct statement *few = a->stem_count <= b->stem_count ? a : b;
    const struct statement *many = few == a ? b : a;
    size_t shared = 0;

    for (size_t i = 0; i < few->stem_count; i++) {
        for (size_t n = 0; n < many->stem_count; n++) {
            if (strcmp(few->stems[i], many->stems[n]) == 0) {
                shared++;
                break;
            }
        }
    }
    return few->stem_count >= 2 ? (double)shared / (double)few->stem_count : 0;
}

static void add_statement(struct statement *list, size_t *count, const struct question *q,
    const struct opened_hit *h, const struct element_row *row, struct slice text)
{
    double counts[QUESTION_TERMS_MAX] = { 0 };
    struct statement s = { .hit = h, .row = row, .text = text };

    question_count(q, text, 1, counts);
    question_count(q, row->element.header, 1, counts);
    question_count(q, h->source.heading, 1, counts);
    double held = question_covered(q, counts, false) * q->total;
    if (*count == STATEMENTS_MAX || held < about_least * q->known_total || held == 0) {
        return;
    }
    s.value_count = quantities(text, s.values);
    if (s.value_count > 0) {
        take_stems(&s);
        list[(*count)++] = s;
    }
}

static size_t collect(
    const struct question *q, const struct opened_hit *hits, size_t count, struct statement *list)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t r = 0; r < hits[i].row_count; r++) {
            const struct element_row *row = &hits[i].rows[r];
            struct slice rest = row->element.text, one;
            size_t at = 0;
            while (row->element.kind == ELEMENT_TABLE && slice_cut(&rest, '\n', &one)) {
                add_statement(list, &n, q, &hits[i], row, slice_trim(one));
            }
            while (
                row->element.kind != ELEMENT_TABLE && sentence_next(row->element.text, &at, &one)) {
                add_statement(list, &n, q, &hits[i], row, one);
            }
        }
    }
    return n;
}

// A kind of which both have values, but none the same; -1 if there is none.
static int differing_kind(const struct statement *a, const struct statement *b)
{
    bool has[2][QUANTITY_KINDS] = { { false } }, same[QUANTITY_KINDS] = { false };

    for (size_t i = 0; i < a->value_count; i++) {
        has[0][a->values[i].kind] = true;
        for (size_t n = 0; n < b->value_count; n++) {
            has[1][b->values[n].kind] = true;
            same[a->values[i].kind] |= quantity_same(&a->values[i], &b->values[n]);
        }
    }
    for (int k = 0; k < QUANTITY_KINDS; k++) {
        if (has[0][k] && has[1][k] && !same[k]) {
            return k;
        }
    }
    return -1;
}

static int add_conflict(struct tool_context *c, const struct statement *a,
    const struct statement *b, int kind, struct conflict *ret, struct error *err)
{
    const struct statement *both[2] = { a, b };
    int rc = 0;

    ret->kind = (enum quantity_kind)kind;
    for (int i = 0; rc == 0 && i < 2; i++) {
        ret->text[i] = both[i]->text;
        rc = evidence_add(c->evidence, &both[i]->hit->source, both[i]->row,
            quote_cut(both[i]->text, slice_make(NULL, 0)), &ret->passage[i], err);
    }
    return rc;
}

int conflicts_find(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct conflict ret[CONFLICTS_MAX], size_t *ret_count, struct error *err)
{
    struct statement *list = arena_array(c->arena, STATEMENTS_MAX, sizeof(*list));
    int rc = 0;

    *ret_count = 0;
    if (!list) {
        return error_set(err, ERR_MEMORY, "The comparison did not fit into memory.");
    }
    size_t n = collect(q, hits, count, list);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; rc == 0 && k < n && *ret_count < CONFLICTS_MAX; k++) {
            bool same_document =
                strcmp(list[i].hit->source.document_id, list[k].hit->source.document_id) == 0;
            int kind = same_document ? -1 : differing_kind(&list[i], &list[k]);
            if (kind >= 0 && alike(&list[i], &list[k]) >= alike_least) {
                rc = add_conflict(c, &list[i], &list[k], kind, &ret[*ret_count], err);
                *ret_count += rc == 0;
            }
        }
    }
    return rc;
}

void statement_put(struct slice text, const struct passage *p, struct json_out *j)
{
    json_begin_object(j);
    json_key_string(j, "text", text);
    json_key(j, "citation");
    passage_put_citation(j, p);
    json_end(j);
}

void conflicts_put(const struct conflict *list, size_t count, struct json_out *j)
{
    json_key_array(j, "conflicts");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(j);
        json_key_text(j, "about", quantity_word(list[i].kind));
        json_key_array(j, "statements");
        statement_put(list[i].text[0], list[i].passage[0], j);
        statement_put(list[i].text[1], list[i].passage[1], j);
        json_end(j);
        json_end(j);
    }
    json_end(j);
}
