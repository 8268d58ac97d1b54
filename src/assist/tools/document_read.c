// SPDX-License-Identifier: AGPL-3.0-or-later
// document_read: a place in a document and what stands around it.
#include "assist/retrieve.h"
#include "assist/tools/tools.h"

enum { AROUND_DEFAULT = 4, AROUND_MOST = 30, BATCH = 500, SCAN_MOST = 200000 };

static const struct tool_field arguments[] = {
    { "document_id", "The document's id, from list_documents or a passage.", .required = true,
        .length = 36 },
    { "element", "Index of an element: start there.", .type = TOOL_INTEGER, .min = 0,
        .max = 10000000 },
    { "page", "A page of a PDF, or a slide of a presentation, from 1.", .type = TOOL_INTEGER,
        .min = 1, .max = 100000 },
    { "sheet", "A sheet of a workbook by name.", .length = 200 },
    { "row", "A row of a sheet or table, or a line of a text, from 1.", .type = TOOL_INTEGER,
        .min = 1, .max = 100000000 },
    { "second", "A second of a recording.", .type = TOOL_NUMBER, .min = 0, .max = 10000000 },
    { "around", "How many pieces before and after to show as well.", .type = TOOL_INTEGER, .min = 0,
        .max = AROUND_MOST, .fallback = "4" },
    { NULL },
};
static const struct tool_field piece_fields[] = {
    { "element", "Index of the element.", .type = TOOL_INTEGER, .required = true },
    { "kind", "What it is: heading, paragraph, list_item, table, figure, speech and so on.",
        .required = true },
    { "asked", "Is this the place that was asked for?", .type = TOOL_BOOL, .required = true },
    { "citation", "The text, to be cited by its number.", .type = TOOL_OBJECT,
        .fields = citation_fields, .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "document_id", "The document's id.", .required = true },
    { "document_name", "The document's name.", .required = true },
    { "pieces", "The place and its surroundings, in reading order.", .type = TOOL_OBJECT,
        .array = true, .fields = piece_fields, .required = true },
    { NULL },
};

struct wanted {
    bool by_place;
    int64_t element, number, row;
    bool has_second;
    double second;
    struct slice sheet;
};

static bool row_fits(const struct place *p, int64_t row)
{
    return row == 0 || (p->rows[0] <= row && row <= p->rows[1]);
}

static bool place_fits(const struct place *p, const struct wanted *w)
{
    switch (p->kind) {
    case PLACE_PAGE:
    case PLACE_SLIDE:
    case PLACE_IMAGE:
        return w->number > 0 && p->number == w->number;
    case PLACE_SHEET:
        return w->sheet.len && slice_equal_nocase(p->name, w->sheet) && row_fits(p, w->row);
    case PLACE_ROWS:
    case PLACE_LINES:
        return w->row > 0 && row_fits(p, w->row);
    case PLACE_TIME:
        return w->has_second && w->second < p->seconds[1];
    default:
        return false;
    }
}

// The index of the first element at the place.
static int find_place(struct tool_context *c, struct slice id, const struct wanted *w,
    int64_t *ret_element, struct error *err)
{
    for (int64_t after = -1, seen = 0; seen < SCAN_MOST;) {
        struct element_row *rows = NULL;
        size_t count = 0;
        AUTO_ARENA batch;
        arena_init(&batch, 64 << 20);
        int rc = tool_context_check(c, err);
        rc = rc < 0 ? rc
                    : store_element_list(c->store, id, after, BATCH, &batch, &rows, &count, err);
        if (rc < 0) {
            return rc;
        }
        for (size_t i = 0; i < count; i++) {
            if (place_fits(&rows[i].element.place, w)) {
                *ret_element = rows[i].element.index;
                return 0;
            }
        }
        if (count < BATCH) {
            break;
        }
        after = rows[count - 1].element.index;
        seen += (int64_t)count;
    }
    return error_set(err, ERR_NOT_FOUND,
        "The document has no such place; leave it out to read from the beginning.");
}

static int put_pieces(struct tool_context *c, const struct document *d, int64_t first,
    int64_t asked, int limit, struct json_out *ret, struct error *err)
{
    struct passage_source source = {
        .document_id = d->id, .document_name = d->name, .type = d->type
    };
    struct element_row *rows = NULL;
    size_t count = 0;
    int rc = store_element_list(
        c->store, slice_of(d->id), first - 1, limit, c->arena, &rows, &count, err);

    json_key_array(ret, "pieces");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct element *e = &rows[i].element;
        const struct passage *p = NULL;
        if (e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE) {
            source.heading = e->text;
        }
        if (e->text.len == 0) {
            continue;
        }
        rc = evidence_add(
            c->evidence, &source, &rows[i], quote_cut(e->text, slice_make(NULL, 0)), &p, err);
        if (rc == 0) {
            json_begin_object(ret);
            json_key_int(ret, "element", e->index);
            json_key_text(ret, "kind", element_kind_word(e->kind));
            json_key_bool(ret, "asked", e->index == asked);
            json_key(ret, "citation");
            passage_put_citation(ret, p);
            json_end(ret);
        }
    }
    json_end(ret);
    return rc == ERR_LIMIT ? 0 : rc;
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    struct wanted w = { .element = argument_int(args, "element", -1),
        .number = argument_int(args, "page", 0),
        .row = argument_int(args, "row", 0),
        .sheet = argument_text(args, "sheet"),
        .has_second = json_object_get(args, "second") != NULL,
        .second = json_number_value(json_object_get(args, "second")) };
    int64_t around = argument_int(args, "around", AROUND_DEFAULT), asked = w.element;
    struct document d;

    w.by_place = w.number > 0 || w.row > 0 || w.sheet.len || w.has_second;
    int rc = document_visible(c, argument_text(args, "document_id"), &d, err);
    if (rc == 0 && d.version == 0) {
        rc = error_set(err, ERR_NOT_FOUND,
            "The document has not been read yet, or could not be; file_status says more.");
    }
    if (rc == 0 && asked < 0 && w.by_place) {
        rc = find_place(c, slice_of(d.id), &w, &asked, err);
    }
    if (rc < 0) {
        return rc;
    }
    json_key_text(ret, "document_id", d.id);
    json_key_text(ret, "document_name", d.name);
    int64_t first = asked > around ? asked - around : 0;
    int64_t last = asked > 0 ? asked + around : 2 * around;
    return put_pieces(c, &d, first, asked, (int)(last - first + 1), ret, err);
}

const struct tool document_read_tool = { .name = "document_read",
    .title = "Read a place in a document",
    .description =
        "Shows a place in one document and what stands around it: an element, a page, a slide, a "
        "sheet's row, a line or a second of a recording; without a place, the beginning. Use it "
        "when a passage is cut off or needs what stands before or after it.",
    .arguments = arguments,
    .results = results,
    .run = run };
