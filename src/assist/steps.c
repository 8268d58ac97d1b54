// SPDX-License-Identifier: AGPL-3.0-or-later
// Lists of steps: the run of list items or numbered lines around a hit, with the warnings that stand beside it put first.
#include "assist/extract.h"
#include "assist/sentences.h"

#include <ctype.h>
#include <math.h>

static const double bullets_worth = 0.55, list_least = 0.9, titled_least = 0.35;
// A list that is about something else, of which one item alone says what is asked.
static const double own_least = 0.1; // of the question, in headings and items
static const double title_least = 0.3, one_item_most = 0.75;
static const double other_verb_worth = 0.5;
enum { LISTS_TRIED = 10, BEFORE = 30, AFTER = 60, GAP = 2, LEAD_MAX = 300 };

bool text_warns(struct slice text)
{
    static const char *const heads[] = { "warning", "caution", "danger", "important", "safety",
        "attention", "notice" };
    static const char *const stems[] = { "burn", "shock", "scald", "hazard", "injuri", "unplug",
        "disconnect", "glove", "goggl", "apron", "electrocut", "flammabl", "toxic", "lockout" };
    struct word w;
    size_t at = 0;
    bool first = true;

    while (word_next(text, &at, &w)) {
        for (size_t i = 0; first && i < ARRAY_LEN(heads); i++) {
            if (strcmp(w.folded, heads[i]) == 0) {
                return true;
            }
        }
        first = false;
        word_stem(w.folded);
        for (size_t i = 0; i < ARRAY_LEN(stems); i++) {
            if (strcmp(w.folded, stems[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

// "3. Drain", "3) Drain", "Step 3: Drain"
static bool is_numbered(struct slice text)
{
    size_t i = 0;

    if (text.len > 5 && slice_equal_nocase(slice_make(text.data, 5), SLICE_LIT("step "))) {
        i = 5;
    }
    size_t digits = i;
    while (i < text.len && i - digits < 3 && isdigit((unsigned char)text.data[i])) {
        i++;
    }
    return i > digits && i + 1 < text.len && strchr(".):", text.data[i]) && text.data[i + 1] == ' ';
}

// A numbered item; in a Word document the number stands in the Markdown only.
static bool is_ordered(const struct element *e)
{
    return is_numbered(e->text) || is_numbered(slice_trim(e->markdown));
}

static bool is_step(const struct element *e)
{
    return e->text.len > 0 &&
           (e->kind == ELEMENT_LIST_ITEM || (e->kind == ELEMENT_PARAGRAPH && is_numbered(e->text)));
}

static bool is_heading(const struct element *e)
{
    return e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;
}

bool element_leads(const struct element *e)
{
    struct slice text = slice_trim(e->text);

    return text.len > 1 && text.len <= LEAD_MAX && text.data[text.len - 1] == ':' &&
           !is_heading(e) && !is_step(e);
}

struct list {
    const struct opened_hit *hit;
    const struct element_row *rows; // the neighbourhood
    size_t count;
    size_t first, last; // of the run, inclusive
    size_t items;
    size_t heading; // index of the heading above, count if none is near
    size_t
        lead; // index of the sentence that leads to the list ("Never do this:"), count if there is none
    double score;
    bool titled; // every word of the heading is in the question
};

// Other elements may stand between two steps: a picture, a warning, a note.
static size_t run_end(const struct list *l, size_t from, int direction)
{
    size_t end = from, gap = 0;

    for (size_t i = from; gap <= GAP;) {
        const struct element *e = &l->rows[i].element;
        if (is_step(e)) {
            end = i;
            gap = 0;
        } else if (is_heading(e)) {
            break;
        } else {
            gap++;
        }
        if (direction > 0 ? i + 1 >= l->count : i == 0) {
            break;
        }
        i = direction > 0 ? i + 1 : i - 1;
    }
    return end;
}

// The first step at or after `from`; past the hit's last element only up to the next heading.
static bool find_step(const struct list *l, size_t from, size_t *ret)
{
    int64_t last = l->hit->result->hit.last_element;

    for (size_t i = from; i < l->count; i++) {
        if (is_step(&l->rows[i].element)) {
            *ret = i;
            return true;
        }
        if (l->rows[i].element.index > last && is_heading(&l->rows[i].element)) {
            break;
        }
    }
    return false;
}

// "Customer service turn-offs:" right above the list, without which it may say the opposite.
static bool leads_to(const struct list *l)
{
    return l->first > 0 && element_leads(&l->rows[l->first - 1].element);
}

static bool all_asked(const struct question *q, struct slice heading)
{
    struct word w;
    size_t at = 0, words = 0;

    while (question_word_next(heading, &at, &w)) {
        bool asked = word_is_stop(w.folded) || (w.folded[0] >= '0' && w.folded[0] <= '9');
        words += !asked;
        word_stem(w.folded);
        for (size_t i = 0; i < q->count && !asked; i++) {
            asked = strcmp(w.folded, q->terms[i].stem) == 0;
        }
        if (!asked) {
            return false;
        }
    }
    return words > 0;
}

// Steps for E-12 are none for E-13.
static bool lacks_code(const struct question *q, const double *counts)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].code && q->terms[i].own && counts[i] == 0) {
            return true;
        }
    }
    return false;
}

// Steps to replace the door's gasket are none to open the door.
static bool lacks_verb(const struct question *q, const double *counts)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].verb && counts[i] == 0) {
            return true;
        }
    }
    return false;
}

static void add_counts(const struct question *q, const double *from, double *to)
{
    for (size_t i = 0; i < q->count; i++) {
        to[i] += from[i];
    }
}

static void weigh(const struct question *q, struct list *l)
{
    double counts[QUESTION_TERMS_MAX] = { 0 };

    // What only the document's name says is said of every list in it.
    question_count(q, l->hit->source.heading, 1, counts);
    if (l->heading < l->count) {
        question_count(q, l->rows[l->heading].element.text, 1, counts);
    }
    if (l->lead < l->count) {
        question_count(q, l->rows[l->lead].element.text, 1, counts);
    }
    double one_item = 0;
    double items[QUESTION_TERMS_MAX] = { 0 };
    for (size_t i = l->first; i <= l->last; i++) {
        double own[QUESTION_TERMS_MAX] = { 0 };
        question_count(q, l->rows[i].element.text, 1, own);
        one_item = fmax(one_item, question_covered(q, own, false));
        add_counts(q, own, items);
        l->items += is_step(&l->rows[i].element);
    }
    add_counts(q, counts, items);
    double own_words = question_covered(q, items, false);
    question_count(q, slice_of(l->hit->source.document_name), 1, counts);
    question_count(q, l->hit->about, 1, counts);
    double title = question_covered(q, counts, false);
    add_counts(q, items, counts);
    double whole = question_covered(q, counts, false);
    // "2.3 Burns" when somebody is burned: the heading says no more than the question does.
    l->titled = l->heading < l->count && all_asked(q, l->rows[l->heading].element.text);
    bool beside = title < title_least && one_item >= one_item_most * whole;
    bool other = lacks_code(q, counts) || own_words < own_least;
    l->score = beside || other ? 0 : title + whole; // what the heading says counts twice
    l->score *= lacks_verb(q, items) ? other_verb_worth : 1;
    l->score *= l->titled || is_ordered(&l->rows[l->first].element) ? 1 : bullets_worth;
}

static int open_list(struct tool_context *c, const struct question *q, const struct opened_hit *h,
    struct list *ret, struct error *err)
{
    struct element_row *rows = NULL;
    int64_t at = h->result->hit.first_element, first = at > BEFORE ? at - BEFORE : 0;
    size_t from = 0;

    *ret = (struct list){ .hit = h };
    int rc = store_element_list(c->store, slice_of(h->source.document_id), first - 1,
        BEFORE + AFTER, c->arena, &rows, &ret->count, err);
    ret->rows = rows;
    while (rc == 0 && from < ret->count && rows[from].element.index < at) {
        from++;
    }
    if (rc < 0 || !find_step(ret, from, &from)) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    ret->first = run_end(ret, from, -1);
    ret->last = run_end(ret, from, 1);
    ret->heading = ret->count;
    for (size_t i = ret->first + 1; i > 0; i--) {
        if (is_heading(&rows[i - 1].element)) {
            ret->heading = i - 1;
            break;
        }
    }
    ret->lead = leads_to(ret) ? ret->first - 1 : ret->count;
    weigh(q, ret);
    return 0;
}

static int cite(struct tool_context *c, const struct list *l, size_t i, const struct passage **ret,
    struct error *err)
{
    struct passage_source source = l->hit->source;

    return evidence_add(c->evidence, &source, &l->rows[i],
        quote_cut(l->rows[i].element.text, slice_make(NULL, 0)), ret, err);
}

static int add_lead(
    struct tool_context *c, const struct list *l, struct answer *ret, struct error *err)
{
    const struct passage *p = NULL;
    int rc = 0;

    if (l->lead < l->count && !text_warns(l->rows[l->lead].element.text)) {
        rc = cite(c, l, l->lead, &p, err);
        if (rc == 0) {
            answer_add(ret, p->quote, p->number, true, ret->sentence_count > 0);
        }
    }
    return rc;
}

// Warnings from the heading above to the end of the list.
static int add_warnings(
    struct tool_context *c, const struct list *l, struct answer *ret, struct error *err)
{
    size_t from = l->heading < l->count ? l->heading + 1 : l->first;
    int rc = 0;

    for (size_t i = from; rc == 0 && i <= l->last; i++) {
        const struct element *e = &l->rows[i].element;
        const struct passage *p = NULL;
        if (e->text.len && !is_step(e) && !is_heading(e) && text_warns(e->text)) {
            rc = cite(c, l, i, &p, err);
            if (rc == 0) {
                answer_add(ret, p->quote, p->number, true, ret->sentence_count > 0);
            }
        }
    }
    return rc;
}

// "3. " in front of a step is ours to write.
static struct slice without_number(struct slice text)
{
    if (!is_numbered(text)) {
        return text;
    }
    size_t i = 0;
    while (i < text.len && !strchr(".):", text.data[i])) {
        i++;
    }
    return slice_trim(slice_from(text, i + 1));
}

static int add_steps(
    struct tool_context *c, const struct list *l, struct answer *ret, struct error *err)
{
    bool ordered = is_ordered(&l->rows[l->first].element);
    int rc = 0;

    for (size_t i = l->first; rc == 0 && i <= l->last && ret->step_count < ANSWER_STEPS_MAX; i++) {
        const struct passage *p = NULL;
        if (!is_step(&l->rows[i].element)) {
            continue;
        }
        rc = cite(c, l, i, &p, err);
        if (rc == 0) {
            int number = (int)ret->step_count + 1;
            struct slice text = without_number(p->quote);
            ret->steps[ret->step_count++] =
                (struct answer_step){ .number = number, .text = text, .passage = p };
            char *line = ordered ? arena_printf(c->arena, "%d. " SLICE_FMT, number, SLICE_ARG(text))
                                 : arena_printf(c->arena, "- " SLICE_FMT, SLICE_ARG(text));
            answer_add(ret, slice_of(line ? line : ""), p->number, true, true);
        }
    }
    return rc;
}

int extract_steps(struct tool_context *c, const struct question *q, const struct opened_hit *hits,
    size_t count, struct answer *ret, struct error *err)
{
    struct list best = { 0 }, l;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count && i < LISTS_TRIED; i++) {
        rc = open_list(c, q, &hits[i], &l, err);
        if (rc == 0 && l.items >= 2 && l.score > best.score) {
            best = l;
        }
    }
    if (rc < 0 || best.items < 2 || best.score < (best.titled ? titled_least : list_least)) {
        return rc;
    }
    rc = add_warnings(c, &best, ret, err);
    rc = rc < 0 ? rc : add_lead(c, &best, ret, err);
    return rc < 0 ? rc : add_steps(c, &best, ret, err);
}
