// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements retrieve.h.
#include "assist/retrieve.h"

#include <stdlib.h>

enum {
    ABOUT_ELEMENTS = 6,
    ABOUT_MAX = 300
}; // a document's first elements, bytes of their headings

static const struct slice default_partition = { "default", 7 };

struct slice context_partition(const struct tool_context *c)
{
    return c->access.partition.len ? c->access.partition : default_partition;
}

int document_visible(
    struct tool_context *c, struct slice id, struct document *ret, struct error *err)
{
    if (id_valid(id)) {
        int rc = store_document_load(c->store, id, c->arena, ret, err);
        if (rc != 0 && rc != ERR_NOT_FOUND) {
            return rc;
        }
        if (rc == 0 && slice_is(context_partition(c), ret->partition)) {
            return 0;
        }
    }
    return error_set(err, ERR_NOT_FOUND,
        "There is no document with this id; list_documents and search_knowledge give ids.");
}

int retrieve_open(struct tool_context *c, const struct search_result *r, struct opened_hit *ret,
    struct error *err)
{
    const struct chunk_hit *hit = &r->hit;
    struct element_row *rows = NULL;
    int64_t want = hit->last_element - hit->first_element + 1;

    want = want < 1 ? 1 : want > HIT_ELEMENTS_MAX ? HIT_ELEMENTS_MAX : want;
    *ret = (struct opened_hit){ .result = r,
        .source = { .document_id = hit->document_id,
            .document_name = hit->document_name,
            .type = hit->type,
            .chunk_index = hit->chunk_index,
            .heading = hit->heading } };
    int rc = store_element_list(c->store, slice_of(hit->document_id), hit->first_element - 1,
        (int)want, c->arena, &rows, &ret->row_count, err);
    ret->rows = rows;
    if (rc == ERR_NOT_FOUND) { // deleted since: nothing of it is quoted
        ret->row_count = 0;
        return 0;
    }
    return rc;
}

// What the document says of itself at its beginning: "FX-200 Fryer. Operation, Cleaning and Service Manual".
static int open_about(
    struct tool_context *c, const char *document_id, struct slice *ret, struct error *err)
{
    AUTO_BUF b = BUF_INIT(ABOUT_MAX * 4);
    struct element_row *rows = NULL;
    size_t count = 0;
    int rc = store_element_list(
        c->store, slice_of(document_id), -1, ABOUT_ELEMENTS, c->arena, &rows, &count, err);

    for (size_t i = 0; rc == 0 && i < count && b.len < ABOUT_MAX; i++) {
        const struct element *e = &rows[i].element;
        bool title = e->kind == ELEMENT_TITLE || e->kind == ELEMENT_HEADING;
        if (!title && b.len > 0) {
            break; // headings behind the first text are about sections
        }
        if (title && e->text.len <= ABOUT_MAX) {
            buf_add_slice(&b, e->text);
            buf_add_char(&b, '\n');
        }
    }
    *ret = arena_slice(c->arena, buf_slice(&b));
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

// One look at each document, not one a hit.
static int open_all_about(
    struct tool_context *c, struct opened_hit *hits, size_t count, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        size_t n = 0;
        while (strcmp(hits[n].source.document_id, hits[i].source.document_id) != 0) {
            n++;
        }
        if (n < i) {
            hits[i].about = hits[n].about;
        } else {
            rc = open_about(c, hits[i].source.document_id, &hits[i].about, err);
        }
    }
    return rc;
}

int retrieve(struct tool_context *c, struct search_request *q, struct opened_hit **ret,
    size_t *ret_count, struct error *err)
{
    struct search_reply reply;

    q->partition = context_partition(c);
    int rc = tool_context_check(c, err);
    rc = rc < 0 ? rc : search_run(c->store, q, c->arena, &reply, err);
    if (rc < 0) {
        return rc;
    }
    struct opened_hit *hits = arena_array(c->arena, reply.count + 1, sizeof(*hits));
    if (!hits) {
        return error_set(err, ERR_MEMORY, "The passages did not fit into memory.");
    }
    for (size_t i = 0; rc == 0 && i < reply.count; i++) {
        rc = retrieve_open(c, &reply.results[i], &hits[i], err);
    }
    rc = rc < 0 ? rc : open_all_about(c, hits, reply.count, err);
    *ret = hits;
    *ret_count = reply.count;
    return rc;
}

// ---- quotes

static bool is_end(struct slice text, size_t i)
{
    char c = text.data[i];

    return c == '\n' ||
           ((c == '.' || c == '!' || c == '?') && i + 1 < text.len && text.data[i + 1] == ' ');
}

static size_t next_start(struct slice text, size_t at)
{
    while (at < text.len && !is_end(text, at)) {
        at++;
    }
    at += at < text.len;
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\n')) {
        at++;
    }
    return at;
}

// The longest run of whole sentences from `from` that fits, or a cut at a letter's border.
static size_t fitting_end(struct slice text, size_t from)
{
    size_t best = from;

    for (size_t at = next_start(text, from); at - from <= QUOTE_MAX; at = next_start(text, at)) {
        best = at;
        if (at >= text.len) {
            break;
        }
    }
    if (best > from) {
        return best;
    }
    size_t end = from + QUOTE_MAX < text.len ? from + QUOTE_MAX : text.len;
    size_t word = end;
    while (word > from + QUOTE_MAX / 2 && text.data[word - 1] != ' ') {
        word--;
    }
    end = word > from + QUOTE_MAX / 2 ? word : end;
    while (end > from && end < text.len && ((unsigned char)text.data[end] & 0xc0) == 0x80) {
        end--;
    }
    return end;
}

static void query_terms(struct slice query, struct snippet_terms *ret)
{
    struct word w;
    size_t at = 0;

    memset(ret, 0, sizeof(*ret));
    while (word_next(query, &at, &w)) {
        if (!word_is_stop(w.folded)) {
            snippet_terms_add(ret, slice_make(query.data + w.start, w.end - w.start), false);
        }
    }
}

struct slice quote_cut(struct slice text, struct slice query)
{
    struct snippet_terms terms;
    size_t best_from = 0, best_end = 0, best_terms = 0;

    text = slice_trim(text);
    if (text.len <= QUOTE_MAX) {
        return text;
    }
    query_terms(query, &terms);
    for (size_t from = 0; from < text.len;) {
        size_t end = fitting_end(text, from);
        size_t n = snippet_count_terms(slice_make(text.data + from, end - from), &terms);
        if (best_end == 0 || n > best_terms) {
            best_from = from;
            best_end = end;
            best_terms = n;
        }
        if (end <= from || end >= text.len) {
            break;
        }
        size_t half = next_start(text, from + (end - from) / 2); // windows overlap by half
        from = half > from && half < end ? half : end;
        while (from < text.len && ((unsigned char)text.data[from] & 0xc0) == 0x80) {
            from++;
        }
    }
    return slice_trim(slice_make(text.data + best_from, best_end - best_from));
}

// ---- one hit as JSON

const struct tool_field hit_fields[] = {
    { "document_id", "The document's id.", .required = true },
    { "document_name", "The document's name.", .required = true },
    { "type", "The document's type, such as pdf.", .required = true },
    { "category", "The document's category, such as manual or video.", .required = true },
    { "heading", "The headings above the passages.", .required = true },
    { "score", "How well it fits; higher is better, only comparable within one answer.",
        .type = TOOL_NUMBER, .required = true },
    { "passages", "The pieces of the document, each to be cited by its number.",
        .type = TOOL_OBJECT, .array = true, .fields = citation_fields, .required = true },
    { NULL },
};

int hit_put(struct tool_context *c, const struct opened_hit *h, struct slice query,
    struct json_out *j, struct error *err)
{
    const struct chunk_hit *hit = &h->result->hit;
    int rc = 0;

    json_begin_object(j);
    json_key_text(j, "document_id", hit->document_id);
    json_key_text(j, "document_name", hit->document_name);
    json_key_text(j, "type", hit->type);
    json_key_text(j, "category", hit->category ? hit->category : "");
    json_key_string(j, "heading", hit->heading);
    json_key_double(j, "score", hit->score);
    json_key_array(j, "passages");
    for (size_t i = 0; i < h->row_count; i++) {
        const struct element_row *row = &h->rows[i];
        const struct passage *p = NULL;
        bool heading = row->element.kind == ELEMENT_HEADING || row->element.kind == ELEMENT_TITLE;
        if (row->element.text.len == 0 || (heading && h->row_count > 1)) {
            continue;
        }
        rc = evidence_add(
            c->evidence, &h->source, row, quote_cut(row->element.text, query), &p, err);
        if (rc < 0) {
            break;
        }
        passage_put_citation(j, p);
    }
    json_end(j);
    json_end(j);
    return rc == ERR_LIMIT ? 0 : rc; // a full list ends the passages, not the answer
}

// ---- arguments

struct slice argument_text(const json_t *arguments, const char *name)
{
    const json_t *v = json_object_get(arguments, name);

    return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v))
                             : slice_make(NULL, 0);
}

int64_t argument_int(const json_t *arguments, const char *name, int64_t fallback)
{
    const json_t *v = json_object_get(arguments, name);

    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool argument_bool(const json_t *arguments, const char *name)
{
    return json_is_true(json_object_get(arguments, name));
}

int argument_list(const json_t *arguments, const char *name, struct arena *a,
    const struct slice **ret, size_t *ret_count, struct error *err)
{
    const json_t *list = json_object_get(arguments, name);
    size_t n = json_array_size(list);
    struct slice *items = n ? arena_array(a, n, sizeof(*items)) : NULL;

    if (n && !items) {
        return error_set(err, ERR_MEMORY, "The arguments did not fit into memory.");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        items[i] = slice_make(json_string_value(v), json_string_length(v));
    }
    *ret = items;
    *ret_count = n;
    return 0;
}
