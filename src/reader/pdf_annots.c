// SPDX-License-Identifier: AGPL-3.0-or-later
// The annotations of a page: values of form fields are put where they stand, as words of the page, so that "Name" and
// "Ada" stay together; comments and free text become notes. Links and pop-ups say nothing. Nothing is ever run.
#include "reader/pdf_collect.h"

#include "base/utf8.h"

enum {
    ANNOTS_MAX = 5000, // of one page
    ANNOT_TEXT_MAX = 16384, // bytes of one
    CHOICES_MAX = 10000, // of one field
    FLAG_INVISIBLE = 1,
    FLAG_HIDDEN = 2,
    FLAG_NO_VIEW = 32,
    FIELD_PASSWORD = 1 << 13,
    FIELD_PUSH_BUTTON = 1 << 16,
};

static bool names(fz_context *ctx, pdf_obj *obj, const char *name)
{
    return pdf_is_name(ctx, obj) && strcmp(pdf_to_name(ctx, obj), name) == 0;
}

// Writes text as words along a line in box, evenly, as a field shows it.
static void write_words(struct lpdf_page *p, struct lpdf_rect box, struct slice text)
{
    struct lpdf_pen pen;
    float height = box.y1 - box.y0, width = box.x1 - box.x0;
    float size = height * 0.7f > 11 ? 11 : height * 0.7f < 4 ? 4 : height * 0.7f;
    size_t letters = utf8_count(text);
    struct lpdf_style style = { .font = p, .size = size };
    struct lpdf_glyph g = { .dx = 1, .size = size, .space = 0.5f, .flags = LPDF_FIELD };

    if (letters == 0 || width <= 0) {
        return;
    }
    float step = width / (float)letters < size * 0.5f ? width / (float)letters : size * 0.5f;
    g.style = lpdf_style_id(p, &style);
    g.x = box.x0 + 1;
    g.y = (box.y0 + box.y1) / 2 + size * 0.3f;
    g.advance = step;
    lpdf_pen_init(&pen, p);
    for (size_t at = 0; at < text.len;) {
        size_t n;
        g.ucs = utf8_decode(text.data + at, text.len - at, &n);
        lpdf_pen_glyph(&pen, &g);
        p->letters += lpdf_is_letter(g.ucs);
        g.x += step;
        at += n;
    }
    lpdf_pen_lift(&pen);
}

static void add_note(
    struct lpdf_page *p, enum lpdf_note_kind kind, struct lpdf_rect box, struct slice text)
{
    text = slice_trim(utf8_prefix(text, ANNOT_TEXT_MAX));
    if (text.len == 0) {
        return;
    }
    struct lpdf_note *n = lpdf_add_note(p);
    if (n) {
        n->kind = kind;
        n->box = box;
        n->text = (uint32_t)p->text.len;
        buf_add_slice(&p->text, text);
        n->len = (uint32_t)(p->text.len - n->text);
    }
}

// A choice may be kept under another name than it is shown by: [(name) (as shown)].
static pdf_obj *shown_choice(fz_context *ctx, pdf_obj *annot, pdf_obj *value)
{
    pdf_obj *options = pdf_dict_get_inheritable(ctx, annot, PDF_NAME(Opt));
    int count = pdf_array_len(ctx, options);

    for (int i = 0; pdf_is_string(ctx, value) && i < count && i < CHOICES_MAX; i++) {
        pdf_obj *option = pdf_array_get(ctx, options, i);
        if (pdf_array_len(ctx, option) == 2 &&
            pdf_objcmp_resolve(ctx, pdf_array_get(ctx, option, 0), value) == 0) {
            return pdf_array_get(ctx, option, 1);
        }
    }
    return value;
}

static struct slice field_text(fz_context *ctx, pdf_obj *annot)
{
    pdf_obj *type = pdf_dict_get_inheritable(ctx, annot, PDF_NAME(FT));
    pdf_obj *value = pdf_dict_get_inheritable(ctx, annot, PDF_NAME(V));
    int flags = pdf_to_int(ctx, pdf_dict_get_inheritable(ctx, annot, PDF_NAME(Ff)));

    if (pdf_name_eq(ctx, type, PDF_NAME(Btn))) {
        pdf_obj *state = pdf_dict_get(ctx, annot, PDF_NAME(AS));
        bool on =
            !(flags & FIELD_PUSH_BUTTON) && pdf_is_name(ctx, state) && !names(ctx, state, "Off");
        return on ? SLICE_LIT("[x]") : (struct slice){ NULL, 0 };
    }
    if (flags & FIELD_PASSWORD && pdf_name_eq(ctx, type, PDF_NAME(Tx))) {
        return (struct slice){ NULL, 0 };
    }
    if (pdf_is_array(ctx, value)) { // a list with several choices
        value = pdf_array_get(ctx, value, 0);
    }
    if (pdf_name_eq(ctx, type, PDF_NAME(Ch))) {
        value = shown_choice(ctx, annot, value);
    }
    return pdf_is_string(ctx, value) ? slice_of(pdf_to_text_string(ctx, value))
                                     : (struct slice){ NULL, 0 };
}

static void take_field(fz_context *ctx, pdf_obj *annot, struct lpdf_rect box, struct lpdf_page *p)
{
    struct slice text = slice_trim(field_text(ctx, annot));
    float width = box.x1 - box.x0;
    bool one_line = text.len < 200 && !memchr(text.data ? text.data : "", '\n', text.len) &&
                    !memchr(text.data ? text.data : "", '\r', text.len) &&
                    (float)text.len * 2.5f < width + 20;
    if (one_line) {
        write_words(p, box, text);
    } else {
        add_note(p, LPDF_NOTE_TEXT, box, text);
    }
}

static bool is_comment(fz_context *ctx, pdf_obj *kind)
{
    static const char *const kinds[] = { "FreeText", "Text", "Highlight", "Underline", "Squiggly",
        "StrikeOut", "Caret", "Stamp", "Square", "Circle", "Polygon", "PolyLine", "Line", "Ink" };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (names(ctx, kind, kinds[i])) {
            return true;
        }
    }
    return false;
}

static void take_annot(fz_context *ctx, pdf_obj *annot, fz_matrix ctm, struct lpdf_page *p)
{
    pdf_obj *kind = pdf_dict_get(ctx, annot, PDF_NAME(Subtype));
    int flags = pdf_dict_get_int(ctx, annot, PDF_NAME(F));
    fz_rect r = fz_transform_rect(pdf_dict_get_rect(ctx, annot, PDF_NAME(Rect)), ctm);
    struct lpdf_rect box = { r.x0, r.y0, r.x1, r.y1 };

    if (flags & (FLAG_INVISIBLE | FLAG_HIDDEN | FLAG_NO_VIEW)) {
        return;
    }
    if (pdf_name_eq(ctx, kind, PDF_NAME(Widget))) {
        take_field(ctx, annot, box, p);
    } else if (is_comment(ctx, kind)) {
        pdf_obj *text = pdf_dict_get(ctx, annot, PDF_NAME(Contents));
        if (pdf_is_string(ctx, text)) {
            add_note(p, LPDF_NOTE_COMMENT, box, slice_of(pdf_to_text_string(ctx, text)));
        }
    }
}

void lpdf_collect_annots(struct lpdf *s, int32_t index, fz_matrix ctm, struct lpdf_page *p)
{
    fz_context *ctx = s->ctx;
    fz_try(ctx)
    {
        pdf_obj *list = pdf_dict_get(ctx, s->pages[index], PDF_NAME(Annots));
        int len = pdf_array_len(ctx, list);
        for (int i = 0; i < len && i < ANNOTS_MAX && !s->budget.no_time; i++) {
            take_annot(ctx, pdf_array_get(ctx, list, i), ctm, p);
        }
    }
    fz_catch(ctx)
    {
        p->broken = true;
    }
}
