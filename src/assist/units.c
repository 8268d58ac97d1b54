// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements units.h: what a sentence or a row is worth for a question.
#include "assist/units.h"
#include "assist/rows.h"
#include "assist/sentences.h"

enum { ROW_WHOLE = 6 }; // filled cells of a row that is told whole
static const double rank_drop = 0.06, row_rank_drop = 0.02,
                    rank_drop_most = 0.7; // rows of one table are found in any order
static const double heading_worth = 0.4;
static const double table_heading_worth = 0.7; // a row says little without what stands above it
static const double key_worth = 0.5; // of a row whose first cell is what is asked about
static const double explaining_worth =
    1.5; // factor for "FIFO (first in, first out)" where its meaning is asked for
static const double ruling_worth = 1.5; // factor for what allows or forbids, where that is asked
static const double other_row_worth = 0.5; // factor for a row beside the one that is named
static const double nothing_new = 0.5; // factor for what only says the question's words again

// "6.1 How often to filter ... 8": a line of a table of contents only says where the answer is. The number may have been
// cut off as a sentence of its own.
bool unit_is_contents_line(struct slice text)
{
    char last = text.len ? text.data[text.len - 1] : ' ';
    bool dots = slice_find(text, SLICE_LIT(" ...")) || slice_find(text, SLICE_LIT("....")) ||
                slice_find(text, SLICE_LIT(". . .")) ||
                slice_find(text, SLICE_LIT(" \xe2\x80\xa6"));

    return dots && (last == '.' || (last >= '0' && last <= '9'));
}

// "Harbor Grill  |  Food Safety Basics  |  4": what stands at the foot of every slide.
bool unit_is_running_line(const struct unit *u)
{
    size_t bars = 0;

    for (size_t i = 0; i + 2 < u->text.len; i++) {
        bars += slice_starts(slice_from(u->text, i), " | ");
    }
    return bars >= 2 && u->row->element.kind != ELEMENT_TABLE;
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

// Does it allow or forbid something?
static bool text_rules(struct slice text)
{
    static const char ruling[] = "never not dont cannot cant mustnt forbidden prohibited allowed "
                                 "permitted only may avoid safe unsafe";
    struct word w;
    size_t at = 0;

    while (question_word_next(text, &at, &w)) {
        if (word_among(w.folded, ruling)) {
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

// Is all of what the row is about named by the question? "The Kids Burger", not "Burger, double".
static bool key_is_asked(const struct question *q, struct slice key)
{
    struct word w;
    size_t at = 0, words = 0;

    while (question_word_next(key, &at, &w)) {
        bool asked = word_is_stop(w.folded);
        words += !asked;
        word_stem(w.folded);
        for (size_t i = 0; i < q->count && !asked; i++) {
            asked = q->terms[i].own && strcmp(w.folded, q->terms[i].stem) == 0;
        }
        if (!asked) {
            return false;
        }
    }
    return words > 0;
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
    if (q->asks_allowed && text_rules(u->shown)) {
        u->factor *= ruling_worth;
    }
    if (words < 4 && !table) {
        u->factor *= 0.6;
    }
    if (u->text.len && u->text.data[u->text.len - 1] == '?') {
        u->factor *= 0.4; // a question in a document is no answer
    }
    if (unit_is_contents_line(u->text)) {
        u->factor *= 0.1;
    }
}

// "3. " and "- " in front of a sentence that is said alone.
struct slice unit_without_mark(struct slice text)
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
        bool asked = question_covered(q, name, true) > 0 || wanted_names(&q->wanted, r->names[i]);
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
    u->asked = u->row->element.header.len && key_is_asked(q, u->key);
    u->told = u->told || u->asked; // "contains", under the name of the column
    bool *own = u->asked ? asked_cells(all, q, &r) : NULL;
    struct slice told = u->shown;
    u->shown = own ? row_words(all->arena, &r, own, false) : told;
    weigh(q, u,
        u->factor); // by what is there; blank cells hold nothing, but for the row of the thing itself
    u->shown = told;
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
        u->shown = unit_without_mark(u->text);
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

// The row of the Kids Burger is there: the one of the Harbor Burger is none for it.
static void prefer_asked_rows(const struct question *q, struct units *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct unit *u = &all->items[i];
        bool other = !u->asked && u->row->element.header.len && key_fits(q, u->key) > 0;
        for (size_t n = 0; n < all->count && other; n++) {
            const struct unit *asked = &all->items[n];
            if (asked->asked && slice_equal(asked->row->element.header, u->row->element.header) &&
                strcmp(asked->hit->source.document_id, u->hit->source.document_id) == 0) {
                u->factor *= other_row_worth;
                break;
            }
        }
    }
}

int units_collect(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
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
    prefer_asked_rows(q, ret);
    return 0;
}
