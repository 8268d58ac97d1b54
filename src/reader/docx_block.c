// SPDX-License-Identifier: AGPL-3.0-or-later
// Blocks of a Word story: what a finished paragraph is (title, heading, list item, caption, code, formula) and what the
// reader of the document sees of its number.
#include "reader/docx.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

static void read_properties(struct docx *d, struct xml *x, struct docx_paragraph *p)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_W) {
            continue;
        }
        if (strcmp(x->name, "pStyle") == 0) {
            p->style = docx_style_find(d, xml_attr(x, NS_W, "val"));
        } else if (strcmp(x->name, "outlineLvl") == 0) {
            p->outline = (int32_t)xml_attr_int(x, NS_W, "val", 9);
        } else if (strcmp(x->name, "numId") == 0) {
            p->num_id = (int32_t)xml_attr_int(x, NS_W, "val", 0);
        } else if (strcmp(x->name, "ilvl") == 0) {
            p->num_level = (int32_t)xml_attr_int(x, NS_W, "val", 0);
        } else if (strcmp(x->name, "shd") == 0) {
            const char *fill = xml_attr(x, NS_W, "fill");
            p->shaded = fill && strcasecmp(fill, "auto") != 0 && strcasecmp(fill, "FFFFFF") != 0;
        } else if (strcmp(x->name, "pPrChange") == 0 || strcmp(x->name, "rPr") == 0 ||
                   strcmp(x->name, "sectPr") == 0) {
            xml_skip(x);
        }
    }
}

static int32_t heading_level(const struct docx_paragraph *p)
{
    if (p->outline >= 0) {
        return p->outline < DOCX_LEVELS ? p->outline + 1 : 0;
    }
    return p->style && p->style->heading > 0 ? p->style->heading : 0;
}

// Documents without heading styles mark their headings with bold or large letters; whoever reads them sees headings.
static int32_t bold_line_level(
    const struct docx *d, const struct docx_paragraph *p, struct slice text)
{
    bool letter = false;
    bool large = p->size * 10 >= d->body_size * 13;
    if (d->cell || d->box_depth > 0 || !p->any_run || (!p->all_bold && !large) ||
        text.len > DOCX_BOLD_LINE_MAX || strcmp(d->place_name, "document") != 0 ||
        memchr(text.data, '\n', text.len) || memchr(text.data, '\t', text.len)) {
        return 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        letter =
            letter || isalpha((unsigned char)text.data[i]) || (unsigned char)text.data[i] >= 0x80;
    }
    if (!letter || strchr(".,;", text.data[text.len - 1]) != NULL) {
        return 0;
    }
    return large ? 1 : 2;
}

// Puts "[^3]" where notes are referred to. The text itself stays free of marks, so that phrases are found across them.
static void add_with_marks(
    struct buf *b, struct slice text, size_t skipped, const struct docx_paragraph *p)
{
    size_t from = 0;
    for (size_t i = 0; i + sizeof(struct docx_mark) <= p->refs.len; i += sizeof(struct docx_mark)) {
        struct docx_mark m;
        memcpy(&m, p->refs.data + i, sizeof(m));
        size_t at = m.at < skipped ? 0 : m.at - skipped;
        at = at > text.len ? text.len : at;
        buf_add(b, text.data + from, at - from);
        buf_addf(b, "[^%s%d]", m.kind == 'e' ? "e" : "", m.number);
        from = at;
    }
    buf_add(b, text.data + from, text.len - from);
}

static int into_cell(struct docx *d, struct slice label, struct slice text)
{
    if (text.len) {
        buf_addf(d->cell, "%s" SLICE_FMT "%s", d->cell->len ? "\n" : "", SLICE_ARG(label),
            label.len ? " " : "");
        buf_add_slice(d->cell, text);
        d->text_bytes += text.len;
    }
    return 0;
}

struct label {
    struct buf text;
    bool list, bullet;
    int32_t level; // from 0
};

static void find_label(struct docx *d, const struct docx_paragraph *p, struct label *l)
{
    int32_t num_id = p->num_id >= 0 ? p->num_id : p->style ? p->style->num_id : -1;
    l->level = p->num_level >= 0           ? p->num_level
               : p->num_id < 0 && p->style ? p->style->num_level
                                           : -1;
    if (num_id > 0) {
        l->list = docx_number(d, num_id, &l->level, p->style, &l->text, &l->bullet);
        struct slice shown = slice_trim(buf_slice(&l->text));
        l->list = l->list && (l->bullet || shown.len > 0);
    }
}

static int emit_text(struct docx *d, const struct docx_paragraph *p, struct label *l,
    struct slice text, size_t skipped)
{
    AUTO_BUF shown = BUF_INIT(DOCX_PARAGRAPH_MAX + 4096);
    AUTO_BUF markdown = BUF_INIT(DOCX_PARAGRAPH_MAX * 2);
    struct element e = { .kind = ELEMENT_PARAGRAPH, .text = text };
    enum docx_role role = p->style ? p->style->role : ROLE_NONE;
    struct slice number = slice_trim(buf_slice(&l->text));
    int32_t level = heading_level(p);

    d->styled += level > 0 && d->quiet;
    d->paragraphs++;
    if (level == 0 && d->bold_lines && !l->list && role == ROLE_NONE) {
        level = bold_line_level(d, p, text);
    }
    if (role == ROLE_TITLE && level <= 1 && p->outline < 0) {
        e.kind = ELEMENT_TITLE;
    } else if (level > 0) {
        e.kind = ELEMENT_HEADING;
        e.level = level;
    } else if (p->any_formula && p->formula_only) {
        e.kind = ELEMENT_FORMULA;
    } else if (role == ROLE_CAPTION) {
        e.kind = ELEMENT_CAPTION;
    } else if (role == ROLE_CODE) {
        e.kind = ELEMENT_CODE;
    } else if (l->list) {
        e.kind = ELEMENT_LIST_ITEM;
        e.level = l->level + 1;
    }
    if (role == ROLE_CONTENTS) {
        e.flags |= ELEMENT_NOT_INDEXED; // it says what the headings say
    }
    if (l->list && !l->bullet && e.kind != ELEMENT_LIST_ITEM) {
        buf_addf(&shown, SLICE_FMT " ", SLICE_ARG(number));
        buf_add_slice(&shown, text);
        e.text = buf_slice(&shown);
    }
    if (e.kind == ELEMENT_HEADING) {
        buf_addf(&markdown, "%.*s " SLICE_FMT "%s", level < 6 ? level : 6, "######",
            SLICE_ARG(number), number.len && !l->bullet ? " " : "");
    } else if (e.kind == ELEMENT_TITLE) {
        buf_add_str(&markdown, "# ");
    } else if (e.kind == ELEMENT_LIST_ITEM) {
        buf_addf(&markdown, "%*s" SLICE_FMT " ", l->level * 2, "",
            SLICE_ARG(l->bullet ? SLICE_LIT("-") : number));
    }
    if (p->refs.len || markdown.len) {
        add_with_marks(&markdown, text, skipped, p);
        e.markdown = buf_slice(&markdown);
    }
    return buf_ok(&markdown) && buf_ok(&shown) ? docx_emit(d, &e) : ERR_MEMORY;
}

static int finish(struct docx *d, struct docx_paragraph *p)
{
    struct slice whole = buf_slice(&p->text), text = slice_trim(whole);
    struct label label = { .text = BUF_INIT(1000), .level = -1 };
    int rc = 0;

    find_label(d, p, &label);
    if (!buf_ok(&p->text)) {
        rc = reader_finding(
            d->r, "bomb.text", NULL, "A single paragraph holds more text than any real one.");
        rc = rc < 0 ? rc : ERR_REFUSED;
    } else if (d->cell) {
        d->cell_plain = d->cell_plain || (text.len && !p->all_bold);
        rc = into_cell(d, label.bullet ? SLICE_LIT("") : slice_trim(buf_slice(&label.text)), text);
    } else if (text.len) {
        rc = emit_text(d, p, &label, text, (size_t)(text.data - whole.data));
    }
    buf_done(&label.text);
    struct slice hidden = slice_trim(buf_slice(&p->hidden));
    if (rc == 0 && hidden.len) {
        struct element e = {
            .kind = ELEMENT_PARAGRAPH, .text = hidden, .flags = ELEMENT_HIDDEN | ELEMENT_NOT_INDEXED
        };
        docx_hidden(d, hidden);
        rc = docx_emit(d, &e);
    }
    for (size_t i = 0; rc == 0 && i < p->figure_count; i++) {
        rc = docx_figure(d, &p->figures[i]);
    }
    return rc;
}

int docx_paragraph(struct docx *d, struct xml *x)
{
    struct docx_paragraph p = { .style = d->default_style,
        .outline = -1,
        .num_id = -1,
        .num_level = -1,
        .all_bold = true,
        .formula_only = true };
    int depth = x->depth, rc = 0;
    buf_init(&p.text, DOCX_PARAGRAPH_MAX);
    buf_init(&p.hidden, DOCX_PARAGRAPH_MAX);
    buf_init(&p.refs, DOCX_PARAGRAPH_MAX);
    d->hold++;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "pPr")) {
            read_properties(d, x, &p);
        } else if (x->event == XML_START) {
            rc = docx_inlines(d, x, &p);
        }
    }
    d->hold--;
    rc = rc == 0 ? finish(d, &p) : rc;
    rc = rc == 0 ? docx_release(d) : rc;
    buf_done(&p.text);
    buf_done(&p.hidden);
    buf_done(&p.refs);
    return rc;
}

int docx_block(struct docx *d, struct xml *x)
{
    if (strcmp(x->name, "p") == 0) {
        return docx_paragraph(d, x);
    }
    if (strcmp(x->name, "tbl") == 0) {
        return docx_table(d, x);
    }
    if (strcmp(x->name, "altChunk") == 0) {
        return docx_chunk(d, x);
    }
    if (strcmp(x->name, "sdtPr") == 0 || strcmp(x->name, "sdtEndPr") == 0 ||
        strcmp(x->name, "sectPr") == 0 || strcmp(x->name, "del") == 0 ||
        strcmp(x->name, "moveFrom") == 0) {
        xml_skip(x);
    }
    return 0; // what wraps blocks is walked through: w:sdt, w:ins, w:customXml
}

int docx_blocks(struct docx *d, struct xml *x)
{
    int depth = x->depth, rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_START && x->ns == NS_W) {
            rc = docx_block(d, x);
        }
    }
    return rc;
}
