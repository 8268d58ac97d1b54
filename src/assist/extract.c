// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements extract_answer of extract.h: which sentences and rows are said, in which order, and the refusal.
#include "assist/extract.h"
#include "assist/rows.h"
#include "assist/sentences.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    UNITS_MAX = 600, // sentences and rows that are weighed
    SAID_MAX = 4, // of them that are said
    WHOLE_QUOTE = 400, // bytes: an element up to this is quoted whole
    CLOSEST_QUOTE = 240,
    ROW_WHOLE = 6, // filled cells of a row that is told whole
    LED_MAX = 12, // items of a list that a sentence leads to
    SECTIONS_TRIED = 5, // hits whose heading may be what is asked about
};
static const double heading_covers = 0.95, heading_fits = 0.6;
static const double rank_drop = 0.06, row_rank_drop = 0.02,
                    rank_drop_most = 0.7; // rows of one table are found in any order
static const double said_least = 0.55; // of the best unit's worth
static const double other_least = 0.8; // of the best unit's score, for one of another document
static const double repeated_least = 0.25; // for lists in which sources may say the same
static const double heading_worth = 0.4, new_worth = 0.5;
static const double table_heading_worth = 0.7; // a row says little without what stands above it
static const double key_worth = 0.5; // of a row whose first cell is what is asked about
static const double list_worth = 0.7; // of the best unit's worth, that a table is listed
static const double explaining_worth =
    1.5; // factor for "FIFO (first in, first out)" where its meaning is asked for
static const double nothing_new = 0.5; // factor for what only says the question's words again

// A sentence, or a row of a table.
struct unit {
    const struct opened_hit *hit;
    const struct element_row *row;
    const struct element_row
        *lead; // of a list's item: the sentence that leads to the list, or NULL
    struct slice text; // as it stands in the element
    struct slice
        shown; // a table's row with its header's words; else the text, without a number in front
    struct slice key; // of a table's row: what it is about
    bool told; // it says something that the question does not
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

// How well the first cell of a row is what is asked about: the share of the question that it holds, less if it is about more.
static double key_fits(const struct question *q, struct slice key)
{
    double counts[QUESTION_TERMS_MAX] = { 0 }, held = 0;
    size_t words = key.len ? question_count(q, key, 1, counts) : 0;

    for (size_t i = 0; i < q->count; i++) {
        held += counts[i] > 0 && q->terms[i].own ? 1 : 0;
    }
    return words ? question_covered(q, counts, true) * held / (double)words : 0;
}

// Does the text hold a word or number that neither the question has nor every text?
static bool tells_more(const struct question *q, struct slice text)
{
    struct word w;
    size_t at = 0;

    while (question_word_next(text, &at, &w)) {
        bool asked = word_is_stop(w.folded);
        word_stem(w.folded);
        for (size_t i = 0; i < q->count && !asked; i++) {
            asked = strcmp(w.folded, q->terms[i].stem) == 0;
        }
        if (!asked) {
            return true;
        }
    }
    return false;
}

// "FIFO (first in, first out)", "FIFO: …", "FIFO means": a word of the question is explained.
static bool explains(const struct question *q, struct slice text)
{
    struct word w, next;
    size_t at = 0;

    while (question_word_next(text, &at, &w)) {
        struct slice after = slice_from(text, w.end);
        size_t ahead = at;
        bool marked = slice_starts(after, " (") || slice_starts(after, ": ");
        bool said = question_word_next(text, &ahead, &next) &&
                    (strcmp(next.folded, "means") == 0 || strcmp(next.folded, "stands") == 0);
        word_stem(w.folded);
        for (size_t i = 0; i < q->count && (marked || said); i++) {
            if (q->terms[i].own && strcmp(w.folded, q->terms[i].stem) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void weigh(const struct question *q, struct unit *u, double rank)
{
    double around[QUESTION_TERMS_MAX] = { 0 };
    size_t words = question_count(q, u->shown, 1, u->counts);
    double covered = question_covered(q, u->counts, false);

    memcpy(around, u->counts, sizeof(around));
    question_count(q, u->hit->source.heading, 1, around);
    question_count(q, slice_of(u->hit->source.document_name), 1, around);
    question_count(q, u->hit->about, 1, around);
    bool table = u->row->element.kind == ELEMENT_TABLE;
    u->score = covered + (table ? table_heading_worth : heading_worth) *
                             (question_covered(q, around, false) - covered);
    u->score += key_worth * key_fits(q, u->key);
    u->factor = u->told ? rank : rank * nothing_new;
    u->factor *= wanted_worth(&q->wanted, u->row->element.header, u->shown);
    if (q->asks_meaning && !table && explains(q, u->text)) {
        u->factor *= explaining_worth;
    }
    if (words < 4 && !table) {
        u->factor *= 0.6;
    }
    if (u->text.len && u->text.data[u->text.len - 1] == '?') {
        u->factor *= 0.4; // a question in a document is no answer
    }
    if (is_contents_line(u->text)) {
        u->factor *= 0.1;
    }
}

// "3. " and "- " in front of a sentence that is said alone.
static struct slice without_mark(struct slice text)
{
    size_t i = 0;

    while (i < text.len && i < 3 && text.data[i] >= '0' && text.data[i] <= '9') {
        i++;
    }
    if (i > 0 && i + 1 < text.len && (text.data[i] == '.' || text.data[i] == ')') &&
        text.data[i + 1] == ' ') {
        return slice_trim(slice_from(text, i + 2));
    }
    if (slice_starts(text, "- ") || slice_starts(text, "* ")) {
        return slice_trim(slice_from(text, 2));
    }
    return slice_starts(text, "\xe2\x80\xa2 ") ? slice_trim(slice_from(text, 4)) : text;
}

// Cells under a header that holds a word of the question: told even where they are blank, since that is an answer, too.
static bool *asked_cells(struct units *all, const struct question *q, const struct row *r)
{
    bool *named = arena_array(all->arena, ROW_CELLS_MAX, sizeof(*named));

    for (size_t i = 0; named && i < r->count; i++) {
        double counts[QUESTION_TERMS_MAX] = { 0 };
        question_count(q, r->names[i], 1, counts);
        named[i] = question_covered(q, counts, true) > 0;
    }
    return named;
}

// Of a wide row only what it is about, the columns that are asked for, and cells with words of the question. False: no column
// is asked for.
static bool only_asked(const struct question *q, const struct row *r, bool named[ROW_CELLS_MAX])
{
    size_t filled = 0;
    bool column = false;

    for (size_t i = 0; i < r->count; i++) {
        double name[QUESTION_TERMS_MAX] = { 0 }, value[QUESTION_TERMS_MAX] = { 0 };
        question_count(q, r->names[i], 1, name);
        question_count(q, r->values[i], 1, value);
        bool asked = question_covered(q, name, true) > 0;
        named[i] = asked || question_covered(q, value, true) > 0;
        column = column || asked;
        filled += r->values[i].len > 0;
    }
    return column && filled > ROW_WHOLE;
}

static void make_row(struct units *all, const struct question *q, struct unit *u, struct slice line)
{
    const char *type = u->hit->source.type;
    struct row r;

    row_cut(u->row->element.header, line, strncmp(type, "xls", 3) == 0, &r);
    size_t key = row_key(&r);
    u->key = key < r.count ? r.values[key] : slice_make(NULL, 0);
    for (size_t i = 0; i < r.count && !u->told; i++) {
        u->told = tells_more(q, r.values[i]);
    }
    u->shown = row_words(all->arena, &r, NULL, false);
    weigh(q, u, u->factor); // by what is there; blank cells hold nothing
    bool *named =
        u->row->element.header.len && key_fits(q, u->key) > 0 ? asked_cells(all, q, &r) : NULL;
    if (named) {
        u->shown = row_words(all->arena, &r, named, false);
    }
    bool wanted[ROW_CELLS_MAX] = { false };
    if (only_asked(q, &r, wanted)) {
        u->shown = row_words(all->arena, &r, wanted, true);
    }
    u->shown = u->shown.len ? u->shown : slice_trim(line);
}

// text as it stands in the element, with the blanks at its ends
static void add_unit(struct units *all, const struct question *q, const struct opened_hit *h,
    const struct element_row *row, struct slice text, double rank)
{
    if (all->count == UNITS_MAX) {
        return;
    }
    struct unit *u = &all->items[all->count++];
    *u = (struct unit){ .hit = h, .row = row, .text = slice_trim(text), .factor = rank };
    if (row->element.kind == ELEMENT_TABLE) {
        make_row(all, q, u, text);
    } else {
        u->shown = without_mark(u->text);
        u->told = tells_more(q, u->shown);
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
            if (slice_trim(one).len && !slice_equal(slice_trim(one), slice_trim(e->header))) {
                add_unit(all, q, h, row, one, rank);
            }
        }
        return;
    }
    while (sentence_next(e->text, &at, &one)) {
        add_unit(all, q, h, row, one, rank);
    }
}

// "image.png"
static bool is_file_name(struct slice text)
{
    static const char *const ends[] = { ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif",
        ".emf", ".wmf", ".svg" };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t n = strlen(ends[i]);
        if (text.len > n && slice_equal_nocase(slice_from(text, text.len - n), slice_of(ends[i]))) {
            return true;
        }
    }
    return false;
}

static bool speaks(const struct element *e, size_t rows)
{
    bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;

    if (e->kind == ELEMENT_FIGURE && is_file_name(e->text)) {
        return false; // what a program calls its picture
    }
    return e->text.len > 0 && !(heading && rows > 1);
}

static void collect_hit(
    struct units *all, const struct question *q, const struct opened_hit *h, size_t rank)
{
    const struct element_row *lead = NULL;

    for (size_t i = 0; i < h->row_count; i++) {
        const struct element_row *row = &h->rows[i];
        bool item = row->element.kind == ELEMENT_LIST_ITEM;
        size_t first = all->count;
        if (speaks(&row->element, h->row_count)) {
            bool table = row->element.kind == ELEMENT_TABLE;
            double drop = (table ? row_rank_drop : rank_drop) * (double)rank;
            add_units(all, q, h, row, drop < rank_drop_most ? 1 - drop : 1 - rank_drop_most);
        }
        for (size_t n = first; n < all->count && item; n++) {
            all->items[n].lead = lead;
        }
        lead = element_leads(&row->element) ? row : item ? lead : NULL;
    }
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
        collect_hit(ret, q, &hits[i], i);
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
            before = slice_equal(ret->sentences[n].text, without_mark(text));
        }
        if (text.len && !before) {
            rc = evidence_add(c->evidence, &h->source, row, text, &p, err);
            if (rc == 0) {
                answer_add(ret, without_mark(text), p->number, true, true);
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
    int rc = collect(c, q, hits, count, &all, err);

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
            !is_contents_line(u->text) && u->row->element.kind != ELEMENT_HEADER &&
            u->row->element.kind != ELEMENT_FOOTER) {
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
    } else if (q->asks_which) {
        rc = list_rows(c, q, &all, ret, err);
    } else if (q->asks_about) {
        rc = say_section(c, q, hits, count, &all, ret, err);
    }
    return rc < 0 || ret->sentence_count > 0 ? rc
                                             : say_best(c, q, &all, SAID_MAX, said_least, ret, err);
}
