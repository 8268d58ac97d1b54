// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements extract_answer of extract.h: which sentences and rows are said, in which order, and the refusal.
#include "assist/extract.h"
#include "assist/conflict.h"
#include "assist/units.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SAID_MAX = 4, // sentences and rows that are said
    WHOLE_QUOTE = 400, // bytes: an element up to this is quoted whole
    CLOSEST_QUOTE = 240,
    LED_MAX = 12, // items of a list that a sentence leads to
    SECTIONS_TRIED = 5, // hits whose heading may be what is asked about
};
static const double heading_covers = 0.95, heading_fits = 0.6;
static const double said_least = 0.55; // of the best unit's worth
static const double other_least = 0.8; // of the best unit's score, for one of another document
static const double repeated_least = 0.25; // for lists in which sources may say the same
static const double new_worth = 0.5; // share of what was not said yet in the worth of saying it
static const double list_worth = 0.7; // of the best unit's worth, that a table is listed

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
    const struct element *e = &u->row->element;

    return e->text.len <= WHOLE_QUOTE && e->kind != ELEMENT_TABLE ? slice_trim(e->text) : u->text;
}

// The sentence that leads to an item's list, unless it was said just before.
static int say_lead(
    struct tool_context *c, const struct unit *u, struct answer *ret, struct error *err)
{
    struct slice text = slice_trim(u->lead->element.text);
    const struct passage *p = NULL;

    for (size_t i = 0; i < ret->sentence_count; i++) {
        if (slice_equal(ret->sentences[i].text, text)) {
            return 0;
        }
    }
    int rc = evidence_add(c->evidence, &u->hit->source, u->lead, text, &p, err);
    if (rc == 0) {
        answer_add(ret, text, p->number, true, ret->sentence_count > 0);
    }
    return rc;
}

// What a sentence leads to ("Don't use:"), without which it says nothing.
static int say_list(
    struct tool_context *c, const struct unit *u, struct answer *ret, struct error *err)
{
    const struct opened_hit *h = u->hit;
    const struct passage *p = NULL;
    size_t at = 0, said = 0;
    int rc = 0;

    while (at < h->row_count && &h->rows[at] != u->row) {
        at++;
    }
    for (size_t i = at + 1; rc == 0 && i < h->row_count && said < LED_MAX; i++) {
        const struct element_row *row = &h->rows[i];
        if (row->element.kind != ELEMENT_LIST_ITEM) {
            break;
        }
        struct slice text = slice_trim(row->element.text);
        bool before = false;
        for (size_t n = 0; n < ret->sentence_count && !before; n++) {
            before = slice_equal(ret->sentences[n].text, unit_without_mark(text));
        }
        if (text.len && !before) {
            rc = evidence_add(c->evidence, &h->source, row, text, &p, err);
            if (rc == 0) {
                answer_add(ret, unit_without_mark(text), p->number, true, true);
            }
            said++;
        }
    }
    return rc == ERR_LIMIT ? 0 : rc;
}

static int say(struct tool_context *c, const struct unit *u, struct answer *ret, struct error *err)
{
    const struct passage *p = NULL;
    bool table = u->row->element.kind == ELEMENT_TABLE;
    for (size_t i = 0; i < ret->sentence_count; i++) {
        if (slice_equal(ret->sentences[i].text, u->shown)) {
            return 0; // with the list that it is of
        }
    }
    int rc = u->lead ? say_lead(c, u, ret, err) : 0;

    rc = rc < 0 ? rc : evidence_add(c->evidence, &u->hit->source, u->row, quote_of(u), &p, err);
    if (rc == 0) {
        answer_add(ret, u->shown, p->number, true, table);
    }
    return rc == 0 && element_leads(&u->row->element) ? say_list(c, u, ret, err) : rc;
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

// Another document adds something only if it holds nearly as much by itself; else its words are there by chance.
static bool strays(const struct unit *best, const struct unit *u)
{
    return strcmp(best->hit->source.document_id, u->hit->source.document_id) != 0 &&
           u->score < other_least * best->score;
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
        if (n > 0 && least >= said_least && strays(said[0], u)) {
            u->factor = 0; // never asked again
            continue;
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
    int rc = units_collect(c, q, hits, count, &all, err);

    return rc < 0 ? rc : say_best(c, q, &all, most, repeated_least, ret, err);
}

// ---- all rows of a table that fit as well as the best ("which items contain milk?")

static int list_rows(struct tool_context *c, const struct question *q, struct units *all,
    struct answer *ret, struct error *err)
{
    double none[QUESTION_TERMS_MAX] = { 0 }, best = 0, w = 0;
    const struct unit *row = NULL;

    for (size_t i = 0; i < all->count; i++) {
        const struct unit *u = &all->items[i];
        double is = worth(q, u, none);
        best = is > best ? is : best;
        if (u->row->element.kind == ELEMENT_TABLE && u->row->element.header.len && is > w) {
            row = u;
            w = is;
        }
    }
    return row && w >= list_worth * best ? extract_rows(c, q, row->hit, row->row, ret, err) : 0;
}

// ---- the section whose heading is what is asked about ("what is the danger zone?")

// The last of the headings above, "A > B".
static struct slice leaf(struct slice heading)
{
    struct slice rest = heading;

    for (const char *at; (at = slice_find(rest, SLICE_LIT(" > ")));) {
        rest = slice_from(rest, (size_t)(at - rest.data) + 3);
    }
    return rest;
}

static bool is_heading_of(const struct question *q, struct slice heading)
{
    double counts[QUESTION_TERMS_MAX] = { 0 }, held = 0;
    struct word w;
    size_t at = 0, words = 0;

    question_count(q, heading, 1, counts);
    for (size_t i = 0; i < q->count; i++) {
        held += counts[i] > 0 ? 1 : 0;
    }
    while (question_word_next(heading, &at, &w)) {
        words += !word_is_stop(w.folded) && !(w.folded[0] >= '0' && w.folded[0] <= '9');
    }
    return words > 0 && question_covered(q, counts, true) >= heading_covers &&
           held >= heading_fits * (double)words;
}

static int compare_place(const void *a, const void *b)
{
    const struct unit *x = *(struct unit *const *)a, *y = *(struct unit *const *)b;

    return x->row->element.index != y->row->element.index
               ? (x->row->element.index < y->row->element.index ? -1 : 1)
               : (x->text.data > y->text.data) - (x->text.data < y->text.data);
}

// All hits of one document under that heading, in reading order.
static int say_section(struct tool_context *c, const struct question *q,
    const struct opened_hit *hits, size_t count, struct units *all, struct answer *ret,
    struct error *err)
{
    struct unit **found = arena_array(c->arena, UNITS_MAX, sizeof(*found));
    const struct opened_hit *hit = NULL;
    size_t n = 0;
    int rc = found ? 0 : error_set(err, ERR_MEMORY, "The answer did not fit into memory.");

    for (size_t i = 0; i < count && i < SECTIONS_TRIED && !hit; i++) {
        hit = is_heading_of(q, leaf(hits[i].source.heading)) ? &hits[i] : NULL;
    }
    for (size_t i = 0; hit && rc == 0 && i < all->count; i++) {
        struct unit *u = &all->items[i];
        if (strcmp(u->hit->source.document_id, hit->source.document_id) == 0 &&
            slice_equal(u->hit->source.heading, hit->source.heading) && u->told &&
            !unit_is_contents_line(u->text) && !unit_is_running_line(u) &&
            u->row->element.kind != ELEMENT_HEADER && u->row->element.kind != ELEMENT_FOOTER) {
            found[n++] = u;
        }
    }
    if (n > 0) {
        qsort(found, n, sizeof(found[0]), compare_place);
    }
    for (size_t i = 0; rc == 0 && i < n && i < SAID_MAX; i++) {
        rc = say(c, found[i], ret, err);
    }
    return rc;
}

// Is the element cited, by whatever piece of it?
static bool is_cited(const struct tool_context *c, const struct answer *a, const struct passage *p)
{
    for (size_t i = 0; i < a->sentence_count; i++) {
        for (size_t n = 0; n < a->sentences[i].citation_count; n++) {
            const struct passage *cited = evidence_find(c->evidence, a->sentences[i].citations[n]);
            if (cited && cited->element == p->element &&
                strcmp(cited->document_id, p->document_id) == 0) {
                return true;
            }
        }
    }
    return false;
}

// Another document with another value of the kind that is asked for is told, too: which of them holds is for a person to say.
static int say_difference(struct tool_context *c, const struct question *q,
    const struct opened_hit *hits, size_t count, struct answer *ret, struct error *err)
{
    struct conflict found[CONFLICTS_MAX];
    size_t n = 0;
    int rc =
        q->wanted.kind == WANTED_QUANTITY ? conflicts_find(c, q, hits, count, found, &n, err) : 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        bool first = is_cited(c, ret, found[i].passage[0]),
             second = is_cited(c, ret, found[i].passage[1]);
        if (first == second || !q->wanted.units[found[i].kind]) {
            continue;
        }
        size_t other = first ? 1 : 0;
        char *text = arena_printf(c->arena, "Another document differs: " SLICE_FMT,
            SLICE_ARG(unit_without_mark(found[i].text[other])));
        if (!text) {
            return error_set(err, ERR_MEMORY, "The answer did not fit into memory.");
        }
        answer_add(ret, slice_of(text), found[i].passage[other]->number, true, true);
        break;
    }
    return rc;
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
    rc = rc < 0 ? rc : units_collect(c, q, hits, count, &all, err);
    if (rc < 0) {
        return rc;
    }
    support_measure(q, hits, count, &ret->support);
    if (ret->support.confidence < support_least || all.count == 0) {
        return refuse(c, q, &all, ret, err);
    }
    if (q->asks_how) {
        rc = q->asks_meaning ? say_best(c, q, &all, 1, said_least, ret, err) : 0;
        rc = rc < 0 ? rc : extract_steps(c, q, hits, count, ret, err);
    } else if (q->asks_which) {
        rc = list_rows(c, q, &all, ret, err);
    } else if (q->asks_about) {
        rc = say_section(c, q, hits, count, &all, ret, err);
    }
    if (rc == 0 && ret->sentence_count == 0) {
        rc = say_best(c, q, &all, SAID_MAX, said_least, ret, err);
        rc = rc < 0 ? rc : say_difference(c, q, hits, count, ret, err);
    }
    return rc;
}
