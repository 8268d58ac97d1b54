// SPDX-License-Identifier: AGPL-3.0-or-later
// The inside of a Word paragraph: runs of text, fields, notes, pictures, text boxes, mathematics. Deleted text and the
// instructions of fields are not content; hidden text is kept apart.
#include "reader/docx.h"

#include "base/utf8.h"
#include "reader/ooxml_drawing.h"

#include <stdlib.h>
#include <string.h>

// Signs that Word takes from symbol fonts, as the characters they look like.
static const struct {
    const char *font;
    uint32_t code;
    uint32_t shown;
} symbols[] = {
    { "Wingdings", 0xFC, 0x2713 },
    { "Wingdings", 0xFB, 0x2717 },
    { "Wingdings", 0xFE, 0x2611 },
    { "Wingdings", 0xFD, 0x2612 },
    { "Wingdings", 0xA8, 0x2610 },
    { "Wingdings", 0x6F, 0x2610 },
    { "Wingdings", 0x78, 0x2612 },
    { "Wingdings", 0xE0, 0x2192 },
    { "Wingdings", 0xDF, 0x2190 },
    { "Wingdings", 0xE8, 0x2192 },
    { "Wingdings", 0xD8, 0x27A2 },
    { "Wingdings", 0x4A, 0x263A },
    { "Wingdings", 0xA7, 0x25AA },
    { "Wingdings", 0x6C, 0x25CF },
    { "Wingdings", 0x6E, 0x25A0 },
    { "Wingdings 2", 0x50, 0x2713 },
    { "Wingdings 2", 0x52, 0x2611 },
    { "Wingdings 2", 0x54, 0x2612 },
    { "Wingdings 2", 0xA3, 0x2610 },
    { "Symbol", 0xB7, 0x2022 },
    { "Symbol", 0xB0, 0x00B0 },
    { "Symbol", 0xB1, 0x00B1 },
    { "Symbol", 0xA3, 0x2264 },
    { "Symbol", 0xB3, 0x2265 },
    { "Symbol", 0xB4, 0x00D7 },
    { "Symbol", 0xB9, 0x2260 },
    { "Symbol", 0xBB, 0x2248 },
    { "Symbol", 0xAE, 0x2192 },
    { "Symbol", 0xAC, 0x2190 },
    { "Symbol", 0xD2, 0x00AE },
    { "Symbol", 0xD3, 0x00A9 },
    { "Symbol", 0xD4, 0x2122 },
    { "Symbol", 0x6D, 0x00B5 },
    { "Symbol", 0x61, 0x03B1 },
    { "Symbol", 0x62, 0x03B2 },
    { "Symbol", 0x57, 0x03A9 },
    { "Symbol", 0xA5, 0x221E },
};

static uint32_t symbol_shown(const char *font, uint32_t code)
{
    bool private_use = code >= 0xF000 && code <= 0xF0FF;
    uint32_t low = private_use ? code - 0xF000 : code;
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        if (symbols[i].code == low && font && strcasecmp(font, symbols[i].font) == 0) {
            return symbols[i].shown;
        }
    }
    return private_use ? 0 : code;
}

static bool in_instruction(const struct docx *d)
{
    size_t n = d->field_depth < DOCX_FIELDS_MAX ? d->field_depth : DOCX_FIELDS_MAX;
    for (size_t i = 0; i < n; i++) {
        if (d->fields[i].instruction) {
            return true;
        }
    }
    return false;
}

static void check_instruction(struct docx *d, const char *text)
{
    text += strspn(text, " \t\"\\");
    if (strncasecmp(text, "DDE", 3) == 0) {
        d->dde_count++;
    }
}

static void field_begin(struct docx *d)
{
    if (d->field_depth < DOCX_FIELDS_MAX) {
        d->fields[d->field_depth] = (struct docx_field){ .instruction = true };
    }
    d->field_depth++;
}

static struct docx_field *field_top(struct docx *d)
{
    return d->field_depth > 0 && d->field_depth <= DOCX_FIELDS_MAX ? &d->fields[d->field_depth - 1]
                                                                   : NULL;
}

static void field_char(struct docx *d, const char *type)
{
    struct docx_field *f = field_top(d);
    if (!type) {
        return;
    }
    if (strcmp(type, "begin") == 0) {
        field_begin(d);
        return;
    }
    if (f && f->instruction) {
        check_instruction(d, f->text);
        f->instruction = false;
    }
    if (strcmp(type, "end") == 0 && d->field_depth > 0) {
        d->field_depth--;
    }
}

static void field_text(struct docx *d, struct slice text)
{
    struct docx_field *f = field_top(d);
    for (size_t i = 0; f && i < text.len && f->len + 1 < sizeof(f->text); i++) {
        if (f->len > 0 || text.data[i] != ' ') {
            f->text[f->len++] = text.data[i];
            f->text[f->len] = '\0';
        }
    }
}

static void note_ref(struct docx *d, struct xml *x, struct docx_paragraph *p, char kind)
{
    struct docx_note_refs *refs = kind == 'e' ? &d->endnotes : &d->footnotes;
    struct docx_mark mark = { .at = p->text.len, .kind = kind };
    if (docx_ref_add(d, refs, xml_attr_int(x, NS_W, "id", -1), &mark.number) == 0) {
        buf_add(&p->refs, &mark, sizeof(mark));
    }
}

static int text_box(struct docx *d, struct xml *x)
{
    d->box_depth++;
    int rc = docx_blocks(d, x);
    d->box_depth--;
    return rc;
}

static void add_figure(struct docx_paragraph *p, const char *alt, const struct opc_part *picture)
{
    if (p->figure_count < DOCX_FIGURES_MAX && (picture || (alt && alt[0]))) {
        p->figures[p->figure_count++] = (struct docx_figure){ alt, picture };
    }
}

static const char *alternative(struct docx *d, struct xml *x)
{
    const char *text = xml_attr(x, NS_NONE, "descr");
    text = text && text[0] ? text : xml_attr(x, NS_NONE, "title");
    return text && text[0] ? arena_strdup(&d->arena, text) : NULL;
}

static int emit_for(void *ctx, struct element *e)
{
    return docx_emit(ctx, e);
}

// w:drawing, w:pict, w:object: pictures, charts, diagrams and text boxes, in whatever they are wrapped.
static int drawing(struct docx *d, struct xml *x, struct docx_paragraph *p)
{
    int depth = x->depth, rc = 0;
    const char *alt = NULL;
    bool shown = false, tiny = false;
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event != XML_START) {
            continue;
        }
        if (xml_named(x, NS_WP, "extent")) {
            tiny = xml_attr_int(x, NS_NONE, "cx", INT32_MAX) < DOCX_TINY &&
                   xml_attr_int(x, NS_NONE, "cy", INT32_MAX) < DOCX_TINY;
        } else if (xml_named(x, NS_WP, "docPr") || xml_named(x, NS_PIC, "cNvPr")) {
            const char *text = alternative(d, x);
            alt = text ? text : alt;
        } else if (xml_named(x, NS_V, "shape") || xml_named(x, NS_V, "rect")) {
            const char *text = xml_attr(x, NS_NONE, "alt");
            alt = text && text[0] ? arena_strdup(&d->arena, text) : alt;
        } else if (xml_named(x, NS_A, "blip") || xml_named(x, NS_V, "imagedata")) {
            const char *id = xml_attr(x, NS_R, x->ns == NS_A ? "embed" : "id");
            const struct opc_rel *rel = opc_rel_by_id(&d->rels, id);
            if (rel && rel->part && (alt || !tiny)) {
                add_figure(p, alt, rel->part);
            }
            shown = shown || rel;
        } else if (xml_named(x, NS_C, "chart") || xml_named(x, NS_DGM, "relIds")) {
            const struct opc_rel *rel =
                opc_rel_by_id(&d->rels, xml_attr(x, NS_R, x->ns == NS_C ? "id" : "dm"));
            if (rel && rel->part) {
                rc = x->ns == NS_C ? ooxml_chart(&d->package, rel->part, alt, emit_for, d)
                                   : ooxml_diagram(&d->package, rel->part, emit_for, d);
                shown = true;
            }
        } else if (xml_named(x, NS_W, "txbxContent")) {
            rc = text_box(d, x);
            shown = true;
        }
    }
    if (!shown) {
        add_figure(p, alt, NULL);
    }
    return rc;
}

struct run {
    struct docx_run_format format;
    bool hidden;
};

static bool is_hidden(
    const struct docx *d, const struct docx_paragraph *p, const struct docx_run_format *f)
{
    bool on_colour = f->shaded == TOGGLE_ON || p->shaded || (p->style && p->style->shaded) ||
                     d->table_depth > 0 || d->box_depth > 0 || d->background ||
                     strcmp(d->place_name, "document") != 0;
    return f->vanish == TOGGLE_ON || (f->white == TOGGLE_ON && !on_colour) ||
           (f->size > 0 && f->size <= DOCX_HIDDEN_SIZE);
}

static void read_format(struct docx *d, struct xml *x, struct docx_paragraph *p, struct run *run)
{
    struct docx_run_format direct = { 0 };
    char style_id[DOCX_STYLE_ID_MAX] = "";
    run->format = d->defaults;
    if (p->style) {
        docx_run_format_merge(&run->format, &p->style->run);
    }
    if (x) {
        docx_run_format_read(x, &direct, style_id);
    }
    const struct docx_style *style = docx_style_find(d, style_id);
    if (style) {
        docx_run_format_merge(&run->format, &style->run);
    }
    docx_run_format_merge(&run->format, &direct);
    run->hidden = is_hidden(d, p, &run->format);
}

static void add_text(
    struct docx *d, struct docx_paragraph *p, const struct run *run, struct slice text)
{
    if (in_instruction(d)) {
        return;
    }
    buf_add_slice(run->hidden ? &p->hidden : &p->text, text);
    if (!run->hidden && slice_trim(text).len) {
        int32_t size = run->format.size > 0 ? run->format.size : 20;
        p->any_run = true;
        p->formula_only = false;
        p->all_bold = p->all_bold && run->format.bold == TOGGLE_ON;
        p->size = size > p->size ? size : p->size;
        d->size_bytes[size < DOCX_SIZES ? size : DOCX_SIZES - 1] += d->quiet ? text.len : 0;
    }
}

static void add_symbol(
    struct docx *d, struct xml *x, struct docx_paragraph *p, const struct run *run)
{
    const char *code = xml_attr(x, NS_W, "char");
    char utf8[4];
    uint32_t shown =
        symbol_shown(xml_attr(x, NS_W, "font"), code ? (uint32_t)strtoul(code, NULL, 16) : 0);
    if (shown) {
        add_text(d, p, run, slice_make(utf8, utf8_encode(shown, utf8)));
    }
}

static void collect_text(
    struct docx *d, struct xml *x, struct docx_paragraph *p, const struct run *run)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event == XML_TEXT) {
            add_text(d, p, run, x->text);
        }
    }
}

static void collect_instruction(struct docx *d, struct xml *x)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event == XML_TEXT) {
            field_text(d, x->text);
        }
    }
}

static int run_child(struct docx *d, struct xml *x, struct docx_paragraph *p, struct run *run)
{
    const char *name = x->name;
    if (strcmp(name, "t") == 0) {
        collect_text(d, x, p, run);
    } else if (strcmp(name, "rPr") == 0) {
        read_format(d, x, p, run);
    } else if (strcmp(name, "tab") == 0 || strcmp(name, "ptab") == 0) {
        add_text(d, p, run, SLICE_LIT("\t"));
    } else if (strcmp(name, "br") == 0 || strcmp(name, "cr") == 0) {
        add_text(d, p, run, SLICE_LIT("\n"));
    } else if (strcmp(name, "noBreakHyphen") == 0) {
        add_text(d, p, run, SLICE_LIT("-"));
    } else if (strcmp(name, "sym") == 0) {
        add_symbol(d, x, p, run);
    } else if (strcmp(name, "fldChar") == 0) {
        field_char(d, xml_attr(x, NS_W, "fldCharType"));
    } else if (strcmp(name, "instrText") == 0) {
        collect_instruction(d, x);
    } else if (strcmp(name, "footnoteReference") == 0 || strcmp(name, "endnoteReference") == 0) {
        note_ref(d, x, p, name[0]);
    } else if (strcmp(name, "commentReference") == 0) {
        int32_t number;
        docx_ref_add(d, &d->comments, xml_attr_int(x, NS_W, "id", -1), &number);
    } else if (strcmp(name, "drawing") == 0 || strcmp(name, "pict") == 0 ||
               strcmp(name, "object") == 0) {
        return drawing(d, x, p);
    } else if (strcmp(name, "delText") == 0 || strcmp(name, "delInstrText") == 0 ||
               strcmp(name, "rt") == 0 || strcmp(name, "ffData") == 0) {
        xml_skip(x);
    }
    return 0;
}

static int read_run(struct docx *d, struct xml *x, struct docx_paragraph *p)
{
    struct run run;
    int depth = x->depth, rc = 0;
    read_format(d, NULL, p, &run);
    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_START && x->ns == NS_W) {
            rc = run_child(d, x, p, &run);
        }
    }
    return rc;
}

int docx_inlines(struct docx *d, struct xml *x, struct docx_paragraph *p)
{
    if (xml_named(x, NS_M, "oMath")) {
        p->any_formula = true;
        ooxml_math(x, &p->text);
        return 0;
    }
    if (x->ns != NS_W) {
        return 0;
    }
    if (strcmp(x->name, "r") == 0) {
        return read_run(d, x, p);
    }
    if (strcmp(x->name, "fldSimple") == 0) {
        const char *instruction = xml_attr(x, NS_W, "instr");
        check_instruction(d, instruction ? instruction : "");
    } else if (strcmp(x->name, "del") == 0 || strcmp(x->name, "moveFrom") == 0 ||
               strcmp(x->name, "sdtPr") == 0 || strcmp(x->name, "sdtEndPr") == 0 ||
               strcmp(x->name, "rt") == 0) {
        xml_skip(x);
    } else if (strcmp(x->name, "txbxContent") == 0) {
        return text_box(d, x);
    }
    return 0; // hyperlinks, insertions, smart tags: their runs follow
}
