// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements extract_answer of extract.h: which sentences and rows are said, in which order, and the refusal.
#include "assist/extract.h"
#include "assist/sentences.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    UNITS_MAX = 600, // sentences and rows that are weighed
    SAID_MAX = 4, // of them that are said
    WHOLE_QUOTE = 400, // bytes: an element up to this is quoted whole
    CLOSEST_QUOTE = 240,
};
static const double said_least = 0.5; // of the best unit's worth
static const double repeated_least = 0.25; // for lists in which sources may say the same
static const double heading_worth = 0.4, new_worth = 0.5;

// A sentence, or a row of a table.
struct unit {
    const struct opened_hit *hit;
    const struct element_row *row;
    struct slice text; // as it stands in the element
    struct slice shown; // a table's row with its header's words; else the text
    int order; // of its document among those said, from the best
    double counts[QUESTION_TERMS_MAX]; // in what is shown
    double score; // share of the question's weight that it and its heading hold
    double factor; // for its rank and its kind
    bool said;
};
struct units {
    struct arena *arena;
    struct unit *items;
    size_t count;
};

// "Item: Fries; Time: 3 min" for a row under its header; else the row itself.
static struct slice row_in_words(struct arena *a, struct slice header, struct slice whole)
{
    struct slice row = whole, name, value;
    AUTO_BUF b = BUF_INIT(16 * 1024);
    size_t at_name = 0;

    if (!header.len) {
        return row;
    }
    while (row.len) {
        const char *bar = slice_find(row, SLICE_LIT(" | "));
        value = slice_trim(slice_make(row.data, bar ? (size_t)(bar - row.data) : row.len));
        row = bar ? slice_from(row, (size_t)(bar - row.data) + 3) : slice_make(NULL, 0);
        struct slice rest = slice_from(header, at_name);
        bar = slice_find(rest, SLICE_LIT(" | "));
        name = slice_trim(slice_make(rest.data, bar ? (size_t)(bar - rest.data) : rest.len));
        at_name += bar ? (size_t)(bar - rest.data) + 3 : rest.len;
        if (value.len) {
            buf_addf(&b, "%s" SLICE_FMT "%s" SLICE_FMT, b.len ? "; " : "", SLICE_ARG(name),
                name.len ? ": " : "", SLICE_ARG(value));
        }
    }
    struct slice words = arena_slice(a, buf_slice(&b));
    return words.len ? words : whole;
}

// "6.1 How often to filter ... 8": a line of a table of contents only says where the answer is. The number may have been
// cut off as a sentence of its own.
static bool is_contents_line(struct slice text)
{
    char last = text.len ? text.data[text.len - 1] : ' ';
    bool dots = slice_find(text, SLICE_LIT(" ...")) || slice_find(text, SLICE_LIT("....")) ||
                slice_find(text, SLICE_LIT(". . .")) ||
                slice_find(text, SLICE_LIT(" \xe2\x80\xa6"));

    return dots && (last == '.' || (last >= '0' && last <= '9'));
}

static void weigh(const struct question *q, struct unit *u, double rank)
{
    double around[QUESTION_TERMS_MAX] = { 0 };
    size_t words = question_count(q, u->shown, 1, u->counts);
    double covered = question_covered(q, u->counts, false);

    memcpy(around, u->counts, sizeof(around));
    question_count(q, u->hit->source.heading, 1, around);
    question_count(q, slice_of(u->hit->source.document_name), 1, around);
    u->score = covered + heading_worth * (question_covered(q, around, false) - covered);
    u->factor = rank;
    if (words < 4 && u->row->element.kind != ELEMENT_TABLE) {
        u->factor *= 0.6;
    }
    if (u->text.len && u->text.data[u->text.len - 1] == '?') {
        u->factor *= 0.4; // a question in a document is no answer
    }
    if (is_contents_line(u->text)) {
        u->factor *= 0.1;
    }
}

static void add_unit(struct units *all, const struct question *q, const struct opened_hit *h,
    const struct element_row *row, struct slice text, double rank)
{
    if (all->count < UNITS_MAX) {
        struct unit *u = &all->items[all->count++];
        *u = (struct unit){ .hit = h, .row = row, .text = text, .shown = text };
        if (row->element.kind == ELEMENT_TABLE) {
            u->shown = row_in_words(all->arena, row->element.header, text);
        }
        weigh(q, u, rank);
    }
}

static void add_units(struct units *all, const struct question *q, const struct opened_hit *h,
    const struct element_row *row, double rank)
{
    const struct element *e = &row->element;
    struct slice rest = e->text, one;
    size_t at = 0;

    if (e->kind == ELEMENT_TABLE) {
        while (slice_cut(&rest, '\n', &one)) {
            one = slice_trim(one);
            if (one.len && !slice_equal(one, e->header)) {
                add_unit(all, q, h, row, one, rank);
            }
        }
        return;
    }
    while (sentence_next(e->text, &at, &one)) {
        add_unit(all, q, h, row, one, rank);
    }
}

static bool speaks(const struct element *e, size_t rows)
{
    bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;

    return e->text.len > 0 && !(heading && rows > 1);
}

static int collect(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct units *ret, struct error *err)
{
    *ret = (struct units){ .arena = c->arena,
        .items = arena_array(c->arena, UNITS_MAX, sizeof(struct unit)) };
    if (!ret->items) {
        return error_set(err, ERR_MEMORY, "The answer did not fit into memory.");
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t r = 0; r < hits[i].row_count; r++) {
            if (speaks(&hits[i].rows[r].element, hits[i].row_count)) {
                add_units(ret, q, &hits[i], &hits[i].rows[r], 1.0 - 0.06 * (double)i);
            }
        }
    }
    return 0;
}

// Worth of saying it next: what it covers, and more so what was not said yet.
static double worth(const struct question *q, const struct unit *u, const double *said)
{
    double gained[QUESTION_TERMS_MAX];

    for (size_t i = 0; i < q->count; i++) {
        gained[i] = said[i] > 0 ? 0 : u->counts[i];
    }
    return u->factor *
           ((1 - new_worth) * u->score + new_worth * question_covered(q, gained, false));
}

static bool repeats(const struct units *all, const struct unit *u)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].said && slice_equal_nocase(all->items[i].text, u->text)) {
            return true;
        }
    }
    return false;
}

static struct unit *best_unit(
    const struct question *q, struct units *all, const double *said, double *ret_worth)
{
    struct unit *best = NULL;

    *ret_worth = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct unit *u = &all->items[i];
        double w = u->said ? 0 : worth(q, u, said);
        if (w > *ret_worth && !repeats(all, u)) {
            best = u;
            *ret_worth = w;
        }
    }
    return best;
}

static struct slice quote_of(const struct unit *u)
{
    return u->row->element.text.len <= WHOLE_QUOTE ? slice_trim(u->row->element.text) : u->text;
}

static int say(struct tool_context *c, const struct unit *u, struct answer *ret, struct error *err)
{
    const struct passage *p = NULL;
    bool table = u->row->element.kind == ELEMENT_TABLE;
    int rc = evidence_add(c->evidence, &u->hit->source, u->row, quote_of(u), &p, err);

    if (rc == 0) {
        answer_add(ret, u->shown, p->number, true, table);
    }
    return rc;
}

static int compare_said(const void *a, const void *b)
{
    const struct unit *x = *(struct unit *const *)a, *y = *(struct unit *const *)b;
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    if (x->row->element.index != y->row->element.index) {
        return x->row->element.index < y->row->element.index ? -1 : 1;
    }
    return x->text.data < y->text.data ? -1 : x->text.data > y->text.data;
}

static int say_best(struct tool_context *c, const struct question *q, struct units *all,
    size_t most, double least, struct answer *ret, struct error *err)
{
    struct unit *said[EXTRACT_SAID_MAX];
    double covered[QUESTION_TERMS_MAX] = { 0 }, first = 0, w = 0;
    size_t n = 0;

    while (n < most && n < EXTRACT_SAID_MAX) {
        struct unit *u = best_unit(q, all, covered, &w);
        if (!u || (n > 0 && w < least * first)) {
            break;
        }
        first = n == 0 ? w : first;
        u->said = true;
        u->order = (int)n;
        for (size_t i = 0; i < n; i++) {
            if (strcmp(said[i]->hit->source.document_id, u->hit->source.document_id) == 0) {
                u->order = said[i]->order;
                break;
            }
        }
        said[n++] = u;
        for (size_t i = 0; i < q->count; i++) {
            covered[i] += u->counts[i];
        }
    }
    qsort(said, n, sizeof(said[0]), compare_said);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = say(c, said[i], ret, err);
    }
    return rc;
}

int extract_sentences(struct tool_context *c, const struct question *q,
    const struct opened_hit *hits, size_t count, size_t most, struct answer *ret, struct error *err)
{
    struct units all;
    int rc = collect(c, q, hits, count, &all, err);

    return rc < 0 ? rc : say_best(c, q, &all, most, repeated_least, ret, err);
}

// The refusal names what is closest, so that a person can judge.
static int refuse(struct tool_context *c, const struct question *q, struct units *all,
    struct answer *ret, struct error *err)
{
    double none[QUESTION_TERMS_MAX] = { 0 }, w = 0;
    const struct passage *p = NULL;
    const struct unit *u = best_unit(q, all, none, &w);

    ret->refused = true;
    ret->step_count = 0;
    answer_add(ret, SLICE_LIT("I don't know: the documents don't support an answer to this."), 0,
        true, false);
    if (!u) {
        return 0;
    }
    int rc = evidence_add(c->evidence, &u->hit->source, u->row, quote_of(u), &p, err);
    if (rc < 0) {
        return rc;
    }
    int shown = u->text.len < CLOSEST_QUOTE ? (int)u->text.len : CLOSEST_QUOTE;
    while (shown > 0 && (size_t)shown < u->text.len &&
           ((unsigned char)u->text.data[shown] & 0xc0) == 0x80) {
        shown--;
    }
    char *text = arena_printf(c->arena, "Closest is %s%s%s: \"%.*s%s\"", p->document_name,
        p->place_words[0] ? ", " : "", p->place_words, shown, u->text.data,
        (size_t)shown < u->text.len ? " …" : "");
    if (!text) {
        return error_set(err, ERR_MEMORY, "The answer did not fit into memory.");
    }
    answer_add(ret, slice_of(text), p->number, true, false);
    return 0;
}

int extract_answer(
    struct tool_context *c, const struct question *q, struct answer *ret, struct error *err)
{
    struct search_request request = { .query = slice_of(q->search), .limit = EXTRACT_HITS };
    struct opened_hit *hits = NULL;
    struct units all;
    size_t count = 0;

    *ret = (struct answer){ 0 };
    int rc = retrieve(c, &request, &hits, &count, err);
    rc = rc < 0 ? rc : collect(c, q, hits, count, &all, err);
    if (rc < 0) {
        return rc;
    }
    support_measure(q, hits, count, &ret->support);
    if (ret->support.confidence < support_least || all.count == 0) {
        return refuse(c, q, &all, ret, err);
    }
    if (q->asks_how) {
        rc = extract_steps(c, q, hits, count, ret, err);
    }
    return rc < 0 || ret->step_count > 0 ? rc
                                         : say_best(c, q, &all, SAID_MAX, said_least, ret, err);
}
