// SPDX-License-Identifier: AGPL-3.0-or-later
// The stories beside the body: running headers and footers, footnotes, endnotes, comments. Each note becomes one element,
// placed in its part and under the heading where the body refers to it.
#include "reader/docx.h"

#include <string.h>

enum { HEADERS_MAX = 1000, STORY_MAX = 1024 * 1024, REFS_MAX = 100000 };

int docx_ref_add(struct docx *d, struct docx_note_refs *refs, int64_t id, int32_t *ret_number)
{
    if (refs->count == refs->cap) {
        size_t cap = refs->cap ? refs->cap * 2 : 32;
        struct docx_note_ref *items =
            cap <= REFS_MAX ? arena_array(&d->arena, cap, sizeof(*items)) : NULL;
        if (!items) {
            return ERR_LIMIT;
        }
        if (refs->count) {
            memcpy(items, refs->items, refs->count * sizeof(*items));
        }
        refs->items = items;
        refs->cap = cap;
    }
    struct docx_note_ref *r = &refs->items[refs->count++];
    r->id = id;
    r->number = (int32_t)refs->count;
    r->section = arena_slice(&d->arena, buf_slice(&d->section));
    *ret_number = r->number;
    return 0;
}

// Notes come in the order of their references, or nearly: look on from the last hit.
static const struct docx_note_ref *find_ref(
    const struct docx_note_refs *refs, int64_t id, size_t *at)
{
    for (size_t i = 0; i < refs->count; i++) {
        size_t j = (*at + i) % refs->count;
        if (refs->items[j].id == id) {
            *at = j + 1;
            return &refs->items[j];
        }
    }
    return NULL;
}

// Reads with the relationships of another part, and puts everything back.
struct visit {
    struct opc_rels rels;
    const char *place_name;
    size_t field_depth;
};

static int enter(struct docx *d, struct visit *v, const struct opc_part *part, const char *name)
{
    *v = (struct visit){ d->rels, d->place_name, d->field_depth };
    d->place_name = name;
    d->field_depth = 0;
    return opc_rels_load(&d->package, part, &d->rels);
}

static void leave(struct docx *d, const struct visit *v)
{
    opc_rels_done(&d->rels);
    d->rels = v->rels;
    d->place_name = v->place_name;
    d->field_depth = v->field_depth;
}

static void set_section(struct docx *d, struct slice section)
{
    buf_reset(&d->section);
    buf_add_slice(&d->section, section);
}

static int story_text(struct docx *d, struct xml *x, struct buf *text)
{
    d->cell = text;
    d->hold++;
    int rc = docx_blocks(d, x);
    d->hold--;
    d->cell = NULL;
    return rc;
}

static int emit_note(
    struct docx *d, struct xml *x, enum element_kind as, const struct docx_note_ref *ref, char mark)
{
    AUTO_BUF text = BUF_INIT(STORY_MAX);
    AUTO_BUF markdown = BUF_INIT(STORY_MAX + 100);
    int rc = story_text(d, x, &text);
    struct element e = { .kind = as, .text = slice_trim(buf_slice(&text)) };
    if (ref && mark) {
        buf_addf(&markdown, "[^%s%d]: ", mark == 'e' ? "e" : "", ref->number);
        buf_add_slice(&markdown, e.text);
        e.markdown = buf_slice(&markdown);
    }
    rc = rc == 0 && e.text.len ? docx_emit(d, &e) : rc;
    return rc == 0 ? docx_release(d) : rc;
}

int docx_notes(struct docx *d, const struct opc_part *part, const char *element, const char *name,
    enum element_kind as, const struct docx_note_refs *refs)
{
    struct visit v;
    struct xml x;
    size_t at = 0;
    if (!part) {
        return 0;
    }
    int rc = enter(d, &v, part, name);
    bool open = rc == 0 && (rc = xml_open(&x, &d->package, part, false)) == 0;
    while (rc == 0 && xml_next(&x)) {
        if (!xml_start(&x, NS_W, element)) {
            continue;
        }
        const char *type = xml_attr(&x, NS_W, "type");
        if (type && strcmp(type, "normal") != 0) {
            xml_skip(&x); // the line between text and notes
            continue;
        }
        const struct docx_note_ref *ref = find_ref(refs, xml_attr_int(&x, NS_W, "id", -1), &at);
        set_section(d, ref ? ref->section : slice_make(NULL, 0));
        rc = emit_note(d, &x, as, ref, as == ELEMENT_NOTE ? element[0] : '\0');
    }
    int end = open ? xml_close(&x) : 0;
    leave(d, &v);
    return rc != 0 ? rc : end;
}

static int one_header(struct docx *d, const struct opc_part *part, const char *kind,
    enum element_kind as, struct map *seen)
{
    struct visit v;
    struct xml x;
    AUTO_BUF text = BUF_INIT(STORY_MAX);
    int rc = enter(d, &v, part, kind);
    bool open = rc == 0 && (rc = xml_open(&x, &d->package, part, false)) == 0;
    set_section(d, slice_make(NULL, 0));
    if (open && xml_next(&x)) {
        rc = story_text(d, &x, &text);
    }
    int end = open ? xml_close(&x) : 0;
    rc = rc != 0 ? rc : end;
    struct element e = {
        .kind = as, .flags = ELEMENT_NOT_INDEXED, .text = slice_trim(buf_slice(&text))
    };
    if (rc == 0 && e.text.len && !map_find(seen, e.text)) {
        rc = map_put(seen, e.text, d);
        rc = rc == 0 || rc == ERR_LIMIT ? docx_emit(d, &e) : rc;
    }
    rc = rc == 0 ? docx_release(d) : rc;
    leave(d, &v);
    return rc;
}

int docx_headers(
    struct docx *d, const struct opc_rels *rels, const char *kind, enum element_kind as)
{
    struct map seen;
    int rc = 0;
    map_init(&seen, HEADERS_MAX);
    for (size_t i = 0; rc == 0 && i < rels->count && seen.count < HEADERS_MAX; i++) {
        if (strcmp(rels->items[i].kind, kind) == 0 && rels->items[i].part) {
            rc = one_header(d, rels->items[i].part, kind, as, &seen);
        }
    }
    map_done(&seen);
    return rc;
}
