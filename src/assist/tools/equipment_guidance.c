// SPDX-License-Identifier: AGPL-3.0-or-later
// equipment_guidance: what to do with a machine, in the order in which a person needs it: what is dangerous, the steps, parts,
// pictures and videos, each with its citation, and where sources differ.
#include "assist/conflict.h"
#include "assist/sentences.h"
#include "assist/tools/tools.h"

enum { HITS = 12, FEW_HITS = 5, SAFETY_MOST = 6, FACTS_MOST = 4, LIST_MOST = 6 };

static const struct tool_field arguments[] = {
    { "equipment", "The machine, with its model if known, such as \"fryer FX-200\".",
        .required = true, .length = 300 },
    { "issue", "What is wrong or wanted: an error code, a symptom, \"clean\", \"filter the oil\".",
        .required = true, .length = 700 },
    { NULL },
};
static const struct tool_field step_fields[] = {
    { "number", "Place in the order.", .type = TOOL_INTEGER, .required = true },
    { "text", "What to do, in the source's words.", .required = true },
    { "citation", "Where it stands.", .type = TOOL_OBJECT, .fields = citation_fields,
        .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "supported", "Do the documents hold something about this machine and issue?",
        .type = TOOL_BOOL, .required = true },
    { "safety", "Say these first, all of them.", .type = TOOL_OBJECT, .array = true,
        .fields = statement_fields, .required = true },
    { "steps", "The steps in the order of the source; empty if there is no such list.",
        .type = TOOL_OBJECT, .array = true, .fields = step_fields, .required = true },
    { "facts", "What else the sources say about it: causes, meanings, values.", .type = TOOL_OBJECT,
        .array = true, .fields = statement_fields, .required = true },
    { "parts", "Parts and order numbers.", .type = TOOL_OBJECT, .array = true,
        .fields = statement_fields, .required = true },
    { "pictures", "Figures that show it; citation.picture is the address.", .type = TOOL_OBJECT,
        .array = true, .fields = statement_fields, .required = true },
    { "videos", "Moments in recordings; citation.play is the address.", .type = TOOL_OBJECT,
        .array = true, .fields = statement_fields, .required = true },
    { "conflicts", "Where sources differ; show both.", .type = TOOL_OBJECT, .array = true,
        .fields = conflict_fields, .required = true },
    { NULL },
};

struct found {
    struct opened_hit *hits;
    size_t count;
};

static int look(struct tool_context *c, const char *words, int limit,
    const struct slice *categories, size_t category_count, struct found *ret, struct error *err)
{
    struct search_request q = { .query = slice_of(words),
        .limit = limit,
        .categories = categories,
        .category_count = category_count };

    return words ? retrieve(c, &q, &ret->hits, &ret->count, err)
                 : error_set(err, ERR_MEMORY, "The question did not fit into memory.");
}

// Does the hit speak of the machine? A word of its name is enough, in text, heading or the document's name.
static bool about(const struct question *machine, const struct opened_hit *h)
{
    double counts[QUESTION_TERMS_MAX] = { 0 };

    question_count(machine, h->result->hit.text, 1, counts);
    question_count(machine, h->source.heading, 1, counts);
    question_count(machine, slice_of(h->source.document_name), 1, counts);
    return question_covered(machine, counts, false) > 0;
}

struct list { // statements under one member, each passage once
    struct tool_context *c;
    struct json_out *j;
    int numbers[LIST_MOST + SAFETY_MOST];
    size_t count, most;
};

static int add(struct list *l, const struct opened_hit *h, const struct element_row *row,
    struct slice text, struct error *err)
{
    const struct passage *p = NULL;

    if (l->count == l->most) {
        return 0;
    }
    int rc = evidence_add(
        l->c->evidence, &h->source, row, quote_cut(text, slice_make(NULL, 0)), &p, err);
    for (size_t i = 0; rc == 0 && i < l->count; i++) {
        if (l->numbers[i] == p->number) {
            return 0;
        }
    }
    if (rc == 0) {
        l->numbers[l->count++] = p->number;
        statement_put(p->quote, p, l->j);
    }
    return rc;
}

static int put_safety(struct tool_context *c, const struct question *machine,
    const struct found *first, const struct found *more, const struct answer *steps,
    struct json_out *j, struct error *err)
{
    struct list l = { .c = c, .j = j, .most = SAFETY_MOST };
    const struct found *both[2] = { first, more };
    int rc = 0;

    json_key_array(j, "safety");
    for (size_t i = 0; i < steps->sentence_count && l.count < l.most; i++) { // beside the steps
        const struct passage *p = evidence_find(c->evidence, steps->sentences[i].citations[0]);
        if (text_warns(p->quote) && !steps->sentences[i].breaks) {
            l.numbers[l.count++] = p->number;
            statement_put(p->quote, p, j);
        }
    }
    for (int n = 0; n < 2; n++) {
        for (size_t i = 0; i < both[n]->count; i++) {
            const struct opened_hit *h = &both[n]->hits[i];
            for (size_t r = 0; rc == 0 && about(machine, h) && r < h->row_count; r++) {
                const struct element *e = &h->rows[r].element;
                bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;
                if (!heading && e->kind != ELEMENT_TABLE && text_warns(e->text)) {
                    rc = add(&l, h, &h->rows[r], slice_trim(e->text), err);
                }
            }
        }
    }
    json_end(j);
    return rc;
}

static void put_steps(const struct answer *a, struct json_out *j)
{
    json_key_array(j, "steps");
    for (size_t i = 0; i < a->step_count; i++) {
        json_begin_object(j);
        json_key_int(j, "number", a->steps[i].number);
        json_key_string(j, "text", a->steps[i].text);
        json_key(j, "citation");
        passage_put_citation(j, a->steps[i].passage);
        json_end(j);
    }
    json_end(j);
}

static int put_facts(struct tool_context *c, const struct question *q, const struct found *f,
    struct json_out *j, struct error *err)
{
    struct answer *said = arena_alloc(c->arena, sizeof(*said));
    int rc = said ? extract_sentences(c, q, f->hits, f->count, FACTS_MOST, said, err)
                  : error_set(err, ERR_MEMORY, "The guidance did not fit into memory.");

    json_key_array(j, "facts");
    for (size_t i = 0; rc == 0 && i < said->sentence_count; i++) {
        const struct answer_sentence *s = &said->sentences[i];
        statement_put(s->text, evidence_find(c->evidence, s->citations[0]), j);
    }
    json_end(j);
    return rc;
}

static bool names_parts(struct slice header)
{
    struct word w;
    size_t at = 0;

    while (word_next(header, &at, &w)) {
        if (strcmp(w.folded, "part") == 0 || strcmp(w.folded, "parts") == 0 ||
            strcmp(w.folded, "order") == 0 || strcmp(w.folded, "sku") == 0) {
            return true;
        }
    }
    return false;
}

// Rows of tables of parts that share a word with the question or the facts about it.
static int put_parts(struct tool_context *c, const struct question *machine,
    const struct question *q, const struct found *f, struct json_out *j, struct error *err)
{
    struct list l = { .c = c, .j = j, .most = LIST_MOST };
    int rc = 0;

    json_key_array(j, "parts");
    for (size_t i = 0; i < f->count; i++) {
        const struct opened_hit *h = &f->hits[i];
        for (size_t r = 0; rc == 0 && about(machine, h) && r < h->row_count; r++) {
            const struct element *e = &h->rows[r].element;
            struct slice rest = e->text, row;
            while (rc == 0 && e->kind == ELEMENT_TABLE && names_parts(e->header) &&
                   slice_cut(&rest, '\n', &row)) {
                double counts[QUESTION_TERMS_MAX] = { 0 };
                question_count(q, row, 1, counts);
                if (!slice_equal(row, e->header) && question_covered(q, counts, false) > 0) {
                    rc = add(&l, h, &h->rows[r], slice_trim(row), err);
                }
            }
        }
    }
    json_end(j);
    return rc;
}

static int put_pictures(struct tool_context *c, const struct question *machine,
    const struct found *f, struct json_out *j, struct error *err)
{
    struct list l = { .c = c, .j = j, .most = LIST_MOST };
    int rc = 0;

    json_key_array(j, "pictures");
    for (size_t i = 0; i < f->count; i++) {
        const struct opened_hit *h = &f->hits[i];
        for (size_t r = 0; rc == 0 && about(machine, h) && r < h->row_count; r++) {
            const struct element *e = &h->rows[r].element;
            bool picture = e->kind == ELEMENT_FIGURE || e->kind == ELEMENT_CAPTION ||
                           e->place.kind == PLACE_IMAGE;
            if (picture && e->text.len) {
                rc = add(&l, h, &h->rows[r], slice_trim(e->text), err);
            }
        }
    }
    json_end(j);
    return rc;
}

static int put_videos(struct tool_context *c, const struct question *q, const struct found *f,
    struct json_out *j, struct error *err)
{
    struct list l = { .c = c, .j = j, .most = LIST_MOST };
    int rc = 0;

    json_key_array(j, "videos");
    for (size_t i = 0; i < f->count; i++) {
        const struct opened_hit *h = &f->hits[i];
        for (size_t r = 0; rc == 0 && r < h->row_count; r++) {
            double counts[QUESTION_TERMS_MAX] = { 0 };
            const struct element *e = &h->rows[r].element;
            question_count(q, e->text, 1, counts);
            if (e->place.kind == PLACE_TIME && question_covered(q, counts, false) > 0.2) {
                rc = add(&l, h, &h->rows[r], slice_trim(e->text), err);
            }
        }
    }
    json_end(j);
    return rc;
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    static const struct slice recordings[] = { { "video", 5 }, { "audio", 5 } };
    struct slice machine_text = argument_text(args, "equipment"),
                 issue = argument_text(args, "issue");
    char *both =
        arena_printf(c->arena, SLICE_FMT " " SLICE_FMT, SLICE_ARG(machine_text), SLICE_ARG(issue));
    struct found main = { 0 }, safety = { 0 }, parts = { 0 }, videos = { 0 };
    struct answer *steps = arena_alloc(c->arena, sizeof(*steps));
    struct conflict conflicts[CONFLICTS_MAX];
    struct question q, machine;
    struct support support;
    size_t conflict_count = 0;

    if (!both || !steps) {
        return error_set(err, ERR_MEMORY, "The question did not fit into memory.");
    }
    int rc = question_make(c, slice_of(both), NULL, 0, &q, err);
    rc = rc < 0 ? rc : question_make(c, machine_text, NULL, 0, &machine, err);
    rc = rc < 0 ? rc : look(c, q.search, HITS, NULL, 0, &main, err);
    rc = rc < 0 ? rc
                : look(c, arena_printf(c->arena, "%s warning danger safety", machine.search),
                      FEW_HITS, NULL, 0, &safety, err);
    rc = rc < 0 ? rc
                : look(c, arena_printf(c->arena, "%s parts order number", q.search), FEW_HITS, NULL,
                      0, &parts, err);
    rc = rc < 0 ? rc : look(c, q.search, FEW_HITS, recordings, 2, &videos, err);
    rc = rc < 0 ? rc : extract_steps(c, &q, main.hits, main.count, steps, err);
    rc =
        rc < 0 ? rc : conflicts_find(c, &q, main.hits, main.count, conflicts, &conflict_count, err);
    if (rc < 0) {
        return rc;
    }
    support_measure(&q, main.hits, main.count, &support);
    json_key_bool(ret, "supported", support.confidence >= support_least);
    rc = put_safety(c, &machine, &main, &safety, steps, ret, err);
    put_steps(steps, ret);
    rc = rc < 0 ? rc : put_facts(c, &q, &main, ret, err);
    rc = rc < 0 ? rc : put_parts(c, &machine, &q, &parts, ret, err);
    rc = rc < 0 ? rc : put_pictures(c, &machine, &main, ret, err);
    rc = rc < 0 ? rc : put_videos(c, &q, &videos, ret, err);
    conflicts_put(conflicts, conflict_count, ret);
    return rc;
}

const struct tool equipment_guidance_tool = { .name = "equipment_guidance",
    .title = "Guidance for a machine",
    .description =
        "For a machine and an issue: what is dangerous (to be said first), the steps in order, "
        "causes and values, parts with order numbers, pictures and moments in videos, each to be "
        "cited by number, and where sources differ. When supported is false, the documents hold "
        "nothing about it: say so.",
    .arguments = arguments,
    .results = results,
    .run = run };
