// SPDX-License-Identifier: AGPL-3.0-or-later
// The last step of the Word reader: gives elements their place, keeps those of text boxes back until the paragraph that
// holds the box is out, and keeps the path of headings.
#include "reader/docx.h"

#include "base/utf8.h"
#include "reader/ooxml_held.h"

#include <string.h>

enum { PATH_PART_MAX = 300 };

void docx_heading_enter(struct docx *d, int32_t level, struct slice text)
{
    level = level < 1 ? 1 : level > DOCX_LEVELS ? DOCX_LEVELS : level;
    for (int32_t i = level; i <= DOCX_LEVELS; i++) {
        buf_reset(&d->path[i]);
    }
    struct slice shown = slice_trim(utf8_prefix(text, PATH_PART_MAX));
    for (size_t i = 0; i < shown.len; i++) {
        buf_add_char(
            &d->path[level], shown.data[i] == '\n' || shown.data[i] == '\t' ? ' ' : shown.data[i]);
    }
    buf_reset(&d->section);
    for (int32_t i = 1; i <= DOCX_LEVELS; i++) {
        if (d->path[i].len) {
            buf_addf(&d->section, "%s%s", d->section.len ? " > " : "", d->path[i].data);
        }
    }
}

static int emit_now(struct docx *d, struct element *e)
{
    bool body = strcmp(d->place_name, "document") == 0;
    if (e->kind == ELEMENT_HEADING && body && !(e->flags & ELEMENT_HIDDEN)) {
        docx_heading_enter(d, e->level, e->text);
        e->level = e->level > 6 ? 6 : e->level;
        d->headings++;
        if (!d->quiet) {
            int rc = reader_progress(d->r, d->headings, d->total);
            if (rc != 0) {
                return rc;
            }
        }
    }
    d->text_bytes += e->text.len;
    if (d->quiet) {
        return 0;
    }
    e->place = (struct place){
        .kind = PLACE_PART, .name = slice_of(d->place_name), .section = buf_slice(&d->section)
    };
    return reader_element(d->r, e);
}

int docx_emit(struct docx *d, struct element *e)
{
    if (d->hold == 0) {
        return emit_now(d, e);
    }
    held_add(&d->held, e);
    if (!buf_ok(&d->held)) {
        int rc = reader_finding(d->r, "bomb.text", NULL,
            "A single paragraph or table holds more text than any real one.");
        return rc < 0 ? rc : ERR_REFUSED;
    }
    return 0;
}

int docx_release(struct docx *d)
{
    if (d->hold > 0) {
        return 0;
    }
    struct slice rest = buf_slice(&d->held);
    int rc = 0;
    struct element e;
    while (rc == 0 && held_next(&rest, &e)) {
        rc = emit_now(d, &e);
    }
    buf_reset(&d->held);
    return rc;
}

int docx_figure(struct docx *d, const struct docx_figure *f)
{
    struct element e = { .kind = ELEMENT_FIGURE, .text = slice_of(f->alt ? f->alt : "") };
    const char *name = NULL;
    d->figure_count++;
    if (!d->quiet && f->picture && ooxml_picture_shown(&d->pictures, f->picture) && !f->alt) {
        return 0; // an ornament that comes again and again says nothing new
    }
    if (!d->quiet) {
        int rc = ooxml_picture(&d->package, &d->pictures, f->picture, &name);
        if (rc != 0) {
            return rc;
        }
    }
    e.image = slice_of(name ? name : "");
    return docx_emit(d, &e);
}

void docx_hidden(struct docx *d, struct slice text)
{
    text = slice_trim(text);
    if (text.len && d->hidden_bytes == 0) {
        struct slice section = utf8_prefix(buf_slice(&d->section), sizeof(d->hidden_section) - 1);
        memcpy(d->hidden_section, section.data ? section.data : "", section.len);
        d->hidden_section[section.len] = '\0';
        d->hidden_place = (struct place){ .kind = PLACE_PART, .name = slice_of(d->place_name) };
        d->hidden_place.section = slice_of(d->hidden_section);
    }
    d->hidden_bytes += text.len;
}
