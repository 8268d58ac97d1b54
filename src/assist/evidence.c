// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements evidence.h.
#include "assist/evidence.h"

#include "wire/span_list.h"

#include <stdio.h>
#include <stdlib.h>

const struct passage *evidence_find(const struct evidence *e, int64_t number)
{
    return number >= 1 && (size_t)number <= e->count ? e->items[number - 1] : NULL;
}

// Links to a picture of the place and to the second in a recording, where there is one.
static void add_links(struct evidence *e, struct passage *p, const struct element *el)
{
    struct arena *a = e->arena;

    if (el->image.len) {
        p->picture = arena_printf(
            a, "/v1/documents/%s/images/" SLICE_FMT, p->document_id, SLICE_ARG(el->image));
    } else if (el->place.kind == PLACE_PAGE) {
        p->picture =
            arena_printf(a, "/v1/documents/%s/pages/%d", p->document_id, (int)el->place.number);
    } else if (el->place.kind == PLACE_IMAGE) {
        p->picture = arena_printf(a, "/v1/documents/%s/pages/%d", p->document_id,
            el->place.number > 0 ? (int)el->place.number : 1);
    }
    if (el->place.kind == PLACE_TIME) {
        p->play = arena_printf(
            a, "/v1/documents/%s/original#t=%.2f", p->document_id, el->place.seconds[0]);
    }
}

// How many lines of the text stand before `at`, and all in all.
static int32_t count_lines(struct slice text, const char *at, int32_t *ret_all)
{
    int32_t before = 0;

    *ret_all = 1;
    for (size_t i = 0; i < text.len; i++) {
        before += text.data[i] == '\n' && text.data + i < at;
        *ret_all += text.data[i] == '\n';
    }
    return before;
}

// Rows of a table on a page: the stretch of its box in which they stand.
static bool box_of_rows(const struct element *e, struct slice quote, struct place *ret)
{
    int32_t all = 0;
    int32_t first = count_lines(e->text, quote.data, &all);
    int32_t last = count_lines(e->text, quote.data + quote.len, &all);
    float top = 0, bottom = 0, unused = 0;

    if (!e->place.has_box || !row_at(e->rows, (size_t)first, &top, &unused) ||
        !row_at(e->rows, (size_t)last, &unused, &bottom) || (first == 0 && last == all)) {
        return false;
    }
    *ret = e->place;
    ret->box[1] = top;
    ret->box[3] = bottom;
    return bottom > top;
}

// A quoted row of a table stands in one row of the table's place, if the rows and the text's lines are as many: all of them;
// one less, where the header is repeated above a block; one more, where a line of Markdown parts them.
static bool place_of_row(const struct element *e, struct slice quote, struct place *ret)
{
    enum place_kind kind = e->place.kind;
    bool rows = kind == PLACE_ROWS || kind == PLACE_SHEET || kind == PLACE_LINES;
    int32_t all = 0;

    if (e->kind != ELEMENT_TABLE || !quote.len || quote.data < e->text.data ||
        quote.data + quote.len > e->text.data + e->text.len) {
        return false;
    }
    if (kind == PLACE_PAGE) {
        return box_of_rows(e, quote, ret);
    }
    if (!rows || memchr(quote.data, '\n', quote.len)) {
        return false;
    }
    int32_t line = count_lines(e->text, quote.data, &all);
    int32_t span = e->place.rows[1] - e->place.rows[0] + 1;
    if (kind != PLACE_LINES && span == all - 1) {
        line--;
    } else if (kind == PLACE_LINES && span == all + 1) {
        line += line > 0;
    } else if (span != all) {
        return false;
    }
    *ret = e->place;
    ret->rows[0] = ret->rows[1] = e->place.rows[0] + line;
    return line >= 0 && span > 1;
}

// place: JSON of where the link opens.
static const char *make_link(struct evidence *e, const struct passage *p, const char *place)
{
    AUTO_BUF b = BUF_INIT(8 * 1024);

    buf_addf(&b, "/documents/%s?chunk=%lld", p->document_id, (long long)p->chunk_index);
    if (p->element >= 0) {
        buf_addf(&b, "&elements=%lld-%lld", (long long)p->element, (long long)p->element);
        if (strcmp(place, "null") != 0) {
            buf_add_str(&b, "&place=");
            buf_add_percent(&b, place);
        }
    }
    return arena_strndup(e->arena, b.data, b.len);
}

static bool same(
    const struct passage *p, const struct passage_source *s, int64_t element, struct slice quote)
{
    return p->element == element && strcmp(p->document_id, s->document_id) == 0 &&
           slice_equal(p->quote, quote);
}

int evidence_add(struct evidence *e, const struct passage_source *s, const struct element_row *row,
    struct slice quote, const struct passage **ret, struct error *err)
{
    AUTO_BUF words = BUF_INIT(4096), sharp = BUF_INIT(4096);
    struct place place = row->element.place;

    for (size_t i = 0; i < e->count; i++) {
        if (same(e->items[i], s, row->element.index, quote)) {
            *ret = e->items[i];
            return 0;
        }
    }
    if (e->count == EVIDENCE_MAX) {
        return error_set(
            err, ERR_LIMIT, "At most %d passages are looked at for one question.", EVIDENCE_MAX);
    }
    struct passage *p = arena_alloc(e->arena, sizeof(*p));
    if (!p) {
        return error_set(err, ERR_MEMORY, "The passages did not fit into memory.");
    }
    bool one_row = place_of_row(&row->element, quote, &place);
    place_add_words(&words, &place);
    place_add_json(&sharp, &place);
    *p = (struct passage){ .number = (int)e->count + 1,
        .document_id = arena_strdup(e->arena, s->document_id),
        .document_name = arena_strdup(e->arena, s->document_name),
        .type = arena_strdup(e->arena, s->type),
        .chunk_index = s->chunk_index,
        .element = row->element.index,
        .heading = arena_slice(e->arena, s->heading),
        .quote = arena_slice(e->arena, quote),
        .place = arena_strdup(e->arena, row->place_json ? row->place_json : "null"),
        .place_words = arena_strndup(e->arena, words.data, words.len),
        .speech = row->element.kind == ELEMENT_SPEECH,
        .doubtful = (row->element.flags & ELEMENT_LOW_CONFIDENCE) != 0 };
    if (!p->document_id || !p->document_name || !p->type || !p->place || !p->place_words ||
        (quote.len && !p->quote.data)) {
        return error_set(err, ERR_MEMORY, "The passages did not fit into memory.");
    }
    add_links(e, p, &row->element);
    p->link = make_link(e, p, one_row && sharp.data ? sharp.data : p->place);
    if (!p->link) {
        return error_set(err, ERR_MEMORY, "The passages did not fit into memory.");
    }
    e->items[e->count++] = p;
    *ret = p;
    return 0;
}

void passage_put_citation(struct json_out *j, const struct passage *p)
{
    json_begin_object(j);
    json_key_int(j, "number", p->number);
    json_key_text(j, "document_id", p->document_id);
    json_key_text(j, "document_name", p->document_name);
    json_key_text(j, "type", p->type);
    json_key_raw(j, "place", slice_of(strcmp(p->place, "null") == 0 ? "{}" : p->place));
    json_key_text(j, "place_words", p->place_words);
    json_key_string(j, "heading", p->heading);
    json_key_string(j, "quote", p->quote);
    json_key_text(j, "link", p->link);
    if (p->picture) {
        json_key_text(j, "picture", p->picture);
    }
    if (p->play) {
        json_key_text(j, "play", p->play);
    }
    json_end(j);
}

const struct tool_field citation_fields[] = {
    { "number", "Cite the passage with this number in square brackets, as in [3].",
        .type = TOOL_INTEGER, .required = true },
    { "document_id", "The document's id.", .required = true },
    { "document_name", "The document's name.", .required = true },
    { "type", "The document's type, such as pdf.", .required = true },
    { "place",
        "Where the quote stands, as data: a page with a box, a slide, cells, seconds; empty: the "
        "document as a whole.",
        .type = TOOL_OBJECT, .required = true },
    { "place_words", "The place in words, such as page 12.", .required = true },
    { "heading", "The headings above the quote.", .required = true },
    { "quote", "The words of the document, exactly.", .required = true },
    { "link", "Address in the web app that opens the document at the place.", .required = true },
    { "picture", "Address of a picture of the page or figure." },
    { "play", "Address of the recording, starting at the second." },
    { NULL },
};
