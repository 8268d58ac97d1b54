// SPDX-License-Identifier: AGPL-3.0-or-later
// Lists of a table's rows: all that fit the question as well as the best one, read from the whole table and not only from
// the chunks that were found, since half a list of allergens is worse than none.
#include "assist/extract.h"
#include "assist/rows.h"

enum {
    PAGE = 100, // elements read at once
    ELEMENTS_MAX = 1000, // of a document, to either side of the hit
    ROWS_MAX = 2000, // of a table that are weighed
    LISTED_MAX = 50, // rows that are said
};
static const double as_good = 0.999, least_of_question = 0.3;

struct found_row {
    const struct element_row *row;
    struct slice line;
    struct slice words; // the key and the cells that hold words of the question
    bool by_header; // the header names what is asked for, and the cell under it is not blank
    size_t asked; // cells beside the key that are asked for
    double fits; // share of the question that says which rows: words that no header has
    double has; // share of the question that names columns, if the row holds them
};
struct found_rows {
    struct tool_context *c;
    const struct question *q;
    bool sheet;
    double around[QUESTION_TERMS_MAX]; // what heading and document say
    double columns[QUESTION_TERMS_MAX]; // words that the header has
    struct found_row *items;
    size_t count;
};

struct cell_terms {
    double of[QUESTION_TERMS_MAX];
};

static double gained(const struct question *q, const double *held, const double *more)
{
    double only_new[QUESTION_TERMS_MAX];

    for (size_t i = 0; i < q->count; i++) {
        only_new[i] = held[i] > 0 ? 0 : more[i];
    }
    return question_covered(q, only_new, true);
}

static void add_terms(const struct question *q, const struct cell_terms *from, double *to)
{
    for (size_t i = 0; i < q->count; i++) {
        to[i] += from->of[i];
    }
}

// "contains" stands between what is asked and where it is; every row has it or none.
static bool is_relation(const char *stem)
{
    static const char *const stems[] = { "contain", "includ", "hold", "have", "belong" };

    for (size_t i = 0; i < ARRAY_LEN(stems); i++) {
        if (strcmp(stem, stems[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Splits what a row holds into what says which rows are meant and what is asked about them.
static void measure(const struct found_rows *f, const double *held, struct found_row *r)
{
    double rows[QUESTION_TERMS_MAX] = { 0 }, columns[QUESTION_TERMS_MAX] = { 0 };

    for (size_t i = 0; i < f->q->count; i++) {
        bool column = f->columns[i] > 0;
        if (!is_relation(f->q->terms[i].stem)) {
            rows[i] = column ? 0 : held[i];
            columns[i] = column ? held[i] : 0;
        }
    }
    r->fits = question_covered(f->q, rows, true);
    r->has = question_covered(f->q, columns, true);
}

// Does the cell say more than that it is what was asked about ("contains")?
static bool says_more(const struct question *q, struct slice value)
{
    double counts[QUESTION_TERMS_MAX] = { 0 }, held = 0;
    size_t words = question_count(q, value, 1, counts);

    for (size_t i = 0; i < q->count; i++) {
        held += counts[i];
    }
    return held < (double)words;
}

// The fewest cells that hold what the row holds of the question: a column that is asked for first, even where it is blank,
// then the fullest cell.
static void choose_cells(struct found_rows *f, const struct row *cells, struct found_row *r,
    bool named[ROW_CELLS_MAX], struct cell_terms terms[ROW_CELLS_MAX])
{
    double held[QUESTION_TERMS_MAX];
    size_t key = row_key(cells);

    memcpy(held, f->around, sizeof(held));
    for (size_t i = 0; i < cells->count; i++) {
        double header[QUESTION_TERMS_MAX] = { 0 };
        question_count(f->q, cells->names[i], 1, header);
        memcpy(terms[i].of, header, sizeof(header));
        question_count(f->q, cells->values[i], 1, terms[i].of);
        bool asked = question_covered(f->q, header, true) > 0;
        if (cells->values[i].len && (asked || i == key)) {
            add_terms(f->q, &terms[i], held);
            r->by_header = r->by_header || (asked && i != key);
        }
        named[i] = asked || i == key;
        r->asked += asked && i != key;
    }
    for (size_t turn = 0; turn < cells->count; turn++) {
        size_t best = cells->count;
        double most = 0;
        for (size_t i = 0; i < cells->count; i++) {
            double more = cells->values[i].len ? gained(f->q, held, terms[i].of) : 0;
            best = more > most ? i : best;
            most = more > most ? more : most;
        }
        if (best == cells->count) {
            break;
        }
        named[best] = named[best] || says_more(f->q, cells->values[best]);
        r->asked += named[best];
        add_terms(f->q, &terms[best], held);
    }
    measure(f, held, r);
}

static void weigh_row(struct found_rows *f, const struct element_row *row, struct slice line)
{
    struct cell_terms terms[ROW_CELLS_MAX];
    bool named[ROW_CELLS_MAX] = { false };
    struct found_row *r = &f->items[f->count];
    struct row cells;

    row_cut(row->element.header, line, f->sheet, &cells);
    *r = (struct found_row){ .row = row, .line = slice_trim(line) };
    if (row_key(&cells) == cells.count) {
        return;
    }
    choose_cells(f, &cells, r, named, terms);
    r->words = row_words(f->c->arena, &cells, named, r->asked > 0); // asked for none: told whole
    f->count += r->words.len > 0;
}

static void weigh_element(struct found_rows *f, const struct element_row *row)
{
    struct slice rest = row->element.text, line, header = slice_trim(row->element.header);

    while (f->count < ROWS_MAX && slice_cut(&rest, '\n', &line)) {
        if (slice_trim(line).len && !slice_equal(slice_trim(line), header)) {
            weigh_row(f, row, line);
        }
    }
}

// A block whose last columns are all blank has a header without them.
static bool same_header(struct slice a, struct slice b)
{
    struct slice few = a.len < b.len ? a : b, many = a.len < b.len ? b : a;

    return few.len > 0 && memcmp(few.data, many.data, few.len) == 0 &&
           (few.len == many.len || slice_starts(slice_from(many, few.len), " |"));
}

// Elements of the same table: those with the same header.
static int weigh_table(struct found_rows *f, const struct opened_hit *h,
    const struct element_row *at, struct error *err)
{
    int64_t first = at->element.index - ELEMENTS_MAX / 2, next = first > 0 ? first - 1 : -1;
    struct slice id = slice_of(h->source.document_id);

    for (int64_t end = next + ELEMENTS_MAX; next < end && f->count < ROWS_MAX;) {
        struct element_row *rows = NULL;
        size_t count = 0;
        int rc = tool_context_check(f->c, err);
        rc = rc < 0
                 ? rc
                 : store_element_list(f->c->store, id, next, PAGE, f->c->arena, &rows, &count, err);
        if (rc < 0) {
            return rc == ERR_NOT_FOUND ? 0 : rc;
        }
        for (size_t i = 0; i < count; i++) {
            if (rows[i].element.kind == ELEMENT_TABLE &&
                same_header(rows[i].element.header, at->element.header)) {
                weigh_element(f, &rows[i]);
            }
            next = rows[i].element.index;
        }
        if (count < PAGE) {
            break;
        }
    }
    return 0;
}

struct best_rows {
    double fits, has;
};

static struct best_rows best_of(const struct found_rows *f)
{
    struct best_rows best = { 0 };

    for (size_t i = 0; i < f->count; i++) {
        best.fits = f->items[i].fits > best.fits ? f->items[i].fits : best.fits;
    }
    for (size_t i = 0; i < f->count; i++) {
        const struct found_row *r = &f->items[i];
        best.has = r->fits >= as_good * best.fits && r->has > best.has ? r->has : best.has;
    }
    return best;
}

static bool is_best(const struct found_row *r, const struct best_rows *best)
{
    return r->fits >= as_good * best->fits && r->has >= as_good * best->has;
}

static int say_rows(struct found_rows *f, const struct opened_hit *h, const struct best_rows *best,
    bool by_header, size_t *said, size_t *left, struct answer *ret, struct error *err)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct found_row *r = &f->items[i];
        const struct passage *p = NULL;
        if (!is_best(r, best) || r->by_header != by_header) {
            continue;
        }
        if (*said == LISTED_MAX) {
            ++*left;
            continue;
        }
        int rc = evidence_add(f->c->evidence, &h->source, r->row, r->line, &p, err);
        if (rc < 0) {
            return rc;
        }
        answer_add(ret, r->words, p->number, true, ret->sentence_count > 0);
        ++*said;
    }
    return 0;
}

int extract_rows(struct tool_context *c, const struct question *q, const struct opened_hit *h,
    const struct element_row *row, struct answer *ret, struct error *err)
{
    struct found_rows f = { .c = c,
        .q = q,
        .sheet = strncmp(h->source.type, "xls", 3) == 0,
        .items = arena_array(c->arena, ROWS_MAX, sizeof(struct found_row)) };
    size_t fit = 0, said = 0, left = 0;

    if (!f.items) {
        return error_set(err, ERR_MEMORY, "The answer did not fit into memory.");
    }
    question_count(q, h->source.heading, 1, f.around);
    question_count(q, slice_of(h->source.document_name), 1, f.around);
    question_count(q, h->about, 1, f.around);
    question_count(q, row->element.header, 1, f.columns);
    int rc = weigh_table(&f, h, row, err);
    struct best_rows best = best_of(&f);
    for (size_t i = 0; i < f.count; i++) {
        fit += is_best(&f.items[i], &best);
    }
    if (rc < 0 || fit < 2 || best.fits + best.has < least_of_question) {
        return rc;
    }
    rc = say_rows(&f, h, &best, true, &said, &left, ret, err);
    rc = rc < 0 ? rc : say_rows(&f, h, &best, false, &said, &left, ret, err);
    if (rc == 0 && left > 0) {
        char *more = arena_printf(c->arena, "%zu more rows of %s fit; they are not listed here.",
            left, h->source.document_name);
        const struct answer_sentence *last = &ret->sentences[ret->sentence_count - 1];
        answer_add(ret, slice_of(more ? more : ""), last->citations[0], true, true);
    }
    return rc;
}
