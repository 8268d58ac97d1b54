// SPDX-License-Identifier: AGPL-3.0-or-later
// Word documents, with and without macros: the entry points, and the order in which the parts are read.
#include "reader/docx.h"

#include <stdlib.h>
#include <string.h>

static int load(struct docx *d)
{
    int rc = opc_rels_load(&d->package, d->package.main, &d->rels);
    rc = rc == 0 ? docx_styles_load(d) : rc;
    return rc == 0 ? docx_numbering_load(d) : rc;
}

static void begin_walk(struct docx *d, bool quiet)
{
    d->quiet = quiet;
    d->place_name = "document";
    d->headings = 0;
    d->paragraphs = 0;
    d->field_depth = 0;
    d->footnotes.count = d->endnotes.count = d->comments.count = 0;
    d->hidden_bytes = 0;
    d->dde_count = 0;
    d->cells = 0;
    d->chunk_bytes = 0;
    buf_reset(&d->section);
    for (int i = 0; i <= DOCX_LEVELS; i++) {
        buf_reset(&d->path[i]);
    }
    docx_numbering_restart(d);
}

static int walk_body(struct docx *d, bool quiet)
{
    struct xml x;
    bool body = false;
    begin_walk(d, quiet);
    int rc = xml_open(&x, &d->package, d->package.main, true);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_W, "body")) {
            body = true;
            rc = docx_blocks(d, &x);
        } else if (xml_start(&x, NS_W, "background")) {
            const char *colour = xml_attr(&x, NS_W, "color");
            d->background = colour && strcasecmp(colour, "FFFFFF") != 0;
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    if (rc == 0 && !body) {
        rc = opc_part_broken(&d->package, d->package.main, true);
    }
    return rc;
}

const struct opc_part *docx_part(const struct docx *d, const char *kind)
{
    const struct opc_rel *rel = opc_rel_by_kind(&d->rels, kind);
    return rel ? rel->part : NULL;
}

static int walk_rest(struct docx *d)
{
    int rc = docx_notes(
        d, docx_part(d, "footnotes"), "footnote", "footnotes", ELEMENT_NOTE, &d->footnotes);
    rc = rc == 0 ? docx_notes(d, docx_part(d, "endnotes"), "endnote", "endnotes", ELEMENT_NOTE,
                       &d->endnotes)
                 : rc;
    rc = rc == 0 ? docx_notes(d, docx_part(d, "comments"), "comment", "comments", ELEMENT_COMMENT,
                       &d->comments)
                 : rc;
    struct opc_rels rels = d->rels;
    rc = rc == 0 ? docx_headers(d, &rels, "header", ELEMENT_HEADER) : rc;
    return rc == 0 ? docx_headers(d, &rels, "footer", ELEMENT_FOOTER) : rc;
}

// The size that most of the text is written in.
static void measure_body(struct docx *d)
{
    size_t best = 0;
    d->body_size = 22;
    for (int32_t i = 0; i < DOCX_SIZES; i++) {
        if (d->size_bytes[i] > best) {
            best = d->size_bytes[i];
            d->body_size = i;
        }
    }
}

// Walks the body quietly to know what the real walk should expect.
static int survey(struct docx *d)
{
    int rc = walk_body(d, true);
    if (rc == 0 && d->styled == 0) {
        measure_body(d);
        d->bold_lines = true;
        rc = walk_body(d, true);
        if (d->headings * 2 > d->paragraphs) {
            d->bold_lines = false; // all of it is bold
            d->headings = 0;
        }
    }
    d->total = d->headings;
    return rc;
}

static int report_findings(struct docx *d)
{
    int rc = 0;
    if (d->hidden_bytes > 0) {
        rc = reader_finding(d->r, "text.hidden", &d->hidden_place,
            "The document holds %zu bytes of text that nobody who looks at it can see.",
            d->hidden_bytes);
    }
    if (rc == 0 && d->dde_count > 0) {
        rc = reader_finding(d->r, "active.dde", NULL,
            "The document holds %zu field%s that would start another program (DDE).", d->dde_count,
            d->dde_count == 1 ? "" : "s");
    }
    rc = rc == 0 ? ooxml_check_security(&d->package) : rc;
    if (rc == 0 && d->text_bytes == 0 && d->figure_count == 0 && d->hidden_bytes == 0) {
        rc = reader_finding(
            d->r, "structure.no_content", NULL, "The document is empty: no text, no pictures.");
    }
    return rc;
}

static int run(struct reader *r, bool check, struct error *err)
{
    struct docx *d = xalloc(sizeof(*d));
    d->r = r;
    d->checking = check;
    int rc = opc_open(&d->package, r, OPC_WORD, err);
    if (rc != 0) {
        free(d);
        return rc == ERR_REFUSED ? 0 : rc;
    }
    arena_init(&d->arena, DOCX_ARENA_MAX);
    map_init(&d->styles, DOCX_STYLES_MAX);
    ooxml_pictures_init(&d->pictures);
    buf_init(&d->held, DOCX_DEFERRED_MAX);
    buf_init(&d->section, 16 * 1024);
    for (int i = 0; i <= DOCX_LEVELS; i++) {
        buf_init(&d->path[i], 1024);
    }
    rc = load(d);
    rc = rc == 0 ? ooxml_report_properties(&d->package) : rc;
    if (check) {
        rc = rc == 0 ? walk_body(d, true) : rc;
        rc = rc == 0 ? walk_rest(d) : rc;
        rc = rc == 0 ? report_findings(d) : rc;
    } else {
        rc = rc == 0 ? survey(d) : rc;
        rc = rc == 0 ? walk_body(d, false) : rc;
        rc = rc == 0 ? walk_rest(d) : rc;
        rc = rc == 0 ? reader_progress(r, d->total, d->total) : rc;
    }
    for (int i = 0; i <= DOCX_LEVELS; i++) {
        buf_done(&d->path[i]);
    }
    buf_done(&d->held);
    buf_done(&d->section);
    ooxml_pictures_done(&d->pictures);
    map_done(&d->styles);
    opc_rels_done(&d->rels);
    arena_done(&d->arena);
    opc_close(&d->package);
    free(d);
    if (rc != 0 && rc != ERR_REFUSED) {
        error_set(err, rc, "The document could not be read to its end.");
    }
    return rc == ERR_REFUSED ? 0 : rc;
}

static int docx_check(struct reader *r, struct error *err)
{
    return run(r, true, err);
}

static int docx_read(struct reader *r, struct error *err)
{
    return run(r, false, err);
}

extern const struct reader_format format_docx, format_docm;
const struct reader_format format_docx = {
    .id = FORMAT_DOCX, .check = docx_check, .read = docx_read
};
const struct reader_format format_docm = {
    .id = FORMAT_DOCM, .check = docx_check, .read = docx_read
};
