// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pdf_collect.h: a MuPDF device that only takes notes. One thread.
//
// What can't be seen is told apart while drawing: text in the colour of what lies beneath it, text smaller than
// LPDF_TINY, text that is covered later, invisible text without a picture beneath. Invisible text over a picture is what
// OCR programs write, and is normal.
#include "reader/pdf_collect.h"

#include "base/clock.h"

#include <math.h>

enum {
    DEFUSE_DEPTH = 12, // forms within forms
    DEFUSE_ENTRIES = 20000, // pictures and forms of one page
    COVERS_MAX = 64, // areas drawn over text that are looked at
    SPAN_GLYPHS = 200000, // of one page; more than any page holds
};
#define NO_ROOM 0.08f // in font sizes: a space narrower than this parts no words
#define LPDF_TINY 1.2f // points; nobody prints smaller than 3
#define RULE_THICK 3.0f // a filled area thinner than this is a line
#define SAME_COLOUR                                                                                \
    24 // difference of two colours that can't be told apart, as the sum of the channels

struct collector {
    fz_device super;
    struct lpdf_page *page;
    struct lpdf_pen pen;
    struct lpdf_budget *budget;
    int64_t glyphs;
    int blended; // depth of groups that do not simply cover
    const void *filled_text; // drawn by the last call, so that stroking it again says nothing new
    float filled_x, filled_y;
    fz_font *font; // of the last span
    float font_size;
    uint16_t style;
};

static struct collector *of(fz_device *dev)
{
    return (struct collector *)dev;
}

static struct lpdf_rect our_rect(fz_rect r)
{
    return (struct lpdf_rect){ r.x0, r.y0, r.x1, r.y1 };
}

// Colours.

static int32_t to_rgb(fz_context *ctx, fz_colorspace *cs, const float *color)
{
    float rgb[3] = { 0, 0, 0 };
    if (!cs || !color) {
        return -1;
    }
    switch (fz_colorspace_type(ctx, cs)) {
    case FZ_COLORSPACE_GRAY:
        rgb[0] = rgb[1] = rgb[2] = color[0];
        break;
    case FZ_COLORSPACE_RGB:
        memcpy(rgb, color, sizeof(rgb));
        break;
    default:
        fz_convert_color(ctx, cs, color, fz_device_rgb(ctx), rgb, NULL, fz_default_color_params);
    }
    int32_t packed = 0;
    for (int i = 0; i < 3; i++) {
        int c = rgb[i] <= 0 ? 0 : rgb[i] >= 1 ? 255 : (int)(rgb[i] * 255 + 0.5f);
        packed = packed << 8 | c;
    }
    return packed;
}

static bool same_colour(int32_t a, int32_t b)
{
    int apart = abs((a >> 16 & 255) - (b >> 16 & 255)) + abs((a >> 8 & 255) - (b >> 8 & 255)) +
                abs((a & 255) - (b & 255));
    return a >= 0 && b >= 0 && apart <= SAME_COLOUR;
}

// The colour on which something at (x, y) is drawn now; -1 if that is a picture or a shape.
static int32_t colour_beneath(const struct lpdf_page *p, float x, float y)
{
    for (uint32_t i = p->fill_count; i-- > 0;) {
        const struct lpdf_rect *b = &p->fills[i].box;
        if (x >= b->x0 && x <= b->x1 && y >= b->y0 && y <= b->y1) {
            return p->fills[i].rgb;
        }
    }
    return p->full ? -1 : 0xffffff;
}

// Text.

static bool name_says(const char *name, const char *const *words)
{
    for (; *words; words++) {
        if (strcasestr(name, *words)) {
            return true;
        }
    }
    return false;
}

static void use_font(fz_context *ctx, struct collector *c, fz_font *font, float size)
{
    static const char *const bold[] = { "bold", "black", "heavy", "demi", NULL };
    static const char *const italic[] = { "italic", "oblique", NULL };
    static const char *const mono[] = { "mono", "courier", "consol", "menlo", "typewriter", "cmtt",
        NULL };
    float rounded = roundf(size * 2) / 2;

    if (font == c->font && rounded == c->font_size) {
        return;
    }
    const char *name = fz_font_name(ctx, font);
    struct lpdf_style style = { .font = font, .size = rounded };
    style.bold = fz_font_is_bold(ctx, font) || name_says(name, bold);
    style.italic = fz_font_is_italic(ctx, font) || name_says(name, italic);
    style.mono = fz_font_is_monospaced(ctx, font) || name_says(name, mono);
    c->font = font;
    c->font_size = rounded;
    c->style = lpdf_style_id(c->page, &style);
}

// A space over which the next glyph is drawn: typesetters set letters closer so, within a word.
static bool is_kerning(const fz_text_span *span, int i)
{
    const fz_text_item *here = &span->items[i], *next = here + 1;
    if (here->ucs != ' ' || i + 1 == span->len) {
        return false;
    }
    return hypotf(next->x - here->x, next->y - here->y) <
           NO_ROOM * hypotf(span->trm.a, span->trm.b);
}

static float span_space(const fz_text_span *span)
{
    int spaces = 0;
    for (int i = 0; i < span->len; i++) {
        spaces += span->items[i].ucs == ' ' && !is_kerning(span, i);
    }
    return spaces * 14 > span->len ? 0.17f : 0.15f; // whoever draws spaces needs no guessing
}

static void count_glyph(struct lpdf_page *p, uint32_t ucs, int gid, uint16_t flags)
{
    if (ucs == 0xfffd || (ucs >= 0xe000 && ucs <= 0xf8ff) || (ucs < 0x20 && gid > 0)) {
        p->rubbish++;
    } else if (lpdf_is_letter(ucs)) {
        if (flags & LPDF_HIDDEN) {
            p->hidden_letters++;
        } else if (!(flags & LPDF_UNSEEN)) {
            p->letters++;
        }
    }
}

static void take_span(fz_context *ctx, struct collector *c, const fz_text_span *span, fz_matrix ctm,
    int32_t rgb, bool unseen)
{
    fz_rect shown = fz_device_current_scissor(ctx, &c->super);
    fz_matrix m = fz_concat(span->trm, ctm);
    float across = hypotf(m.c, m.d), along = hypotf(m.a, m.b);
    struct lpdf_page *p = c->page;
    uint16_t flags = unseen ? LPDF_UNSEEN : 0;
    int32_t beneath = -2;
    float last_beneath_y = 0;

    if (along < 1e-4f || across < 1e-4f || !isfinite(along) || !isfinite(across)) {
        return;
    }
    if (across < LPDF_TINY) {
        flags |= LPDF_HIDDEN;
    }
    use_font(ctx, c, span->font, across);
    struct lpdf_glyph g = { .dx = m.a / along,
        .dy = m.b / along,
        .size = across,
        .style = c->style,
        .vertical = span->wmode != 0,
        .space = span_space(span) };
    for (int i = 0; i < span->len; i++) {
        const fz_text_item *item = &span->items[i];
        if (++c->glyphs > SPAN_GLYPHS) {
            p->full = true;
            return;
        }
        if (item->ucs < 0 || is_kerning(span, i)) {
            continue;
        }
        fz_point at = fz_transform_point_xy(item->x, item->y, ctm);
        g.ucs = (uint32_t)item->ucs;
        g.more = item->gid < 0;
        g.x = at.x;
        g.y = at.y;
        g.advance = g.more ? 0 : fz_advance_glyph(ctx, span->font, item->gid, span->wmode) * along;
        if (!isfinite(at.x) || !isfinite(at.y)) {
            continue;
        }
        bool off_page =
            at.x < -across || at.x > p->width + 1 || at.y < -1 || at.y > p->height + across;
        if (!off_page && (at.x < shown.x0 - across || at.x > shown.x1 + 1 || at.y < shown.y0 - 1 ||
                             at.y > shown.y1 + across)) {
            continue; // cut away
        }
        if (rgb >= 0 && (beneath == -2 || fabsf(at.y - last_beneath_y) > 1 || i % 16 == 0)) {
            beneath = colour_beneath(p, at.x + g.advance / 2 * g.dx, at.y - across * 0.3f);
            last_beneath_y = at.y;
        }
        g.flags = off_page ? flags | LPDF_HIDDEN : flags;
        if (rgb >= 0 && same_colour(rgb, beneath)) {
            g.flags |= LPDF_HIDDEN;
        }
        count_glyph(p, g.ucs, item->gid, g.flags);
        lpdf_pen_glyph(&c->pen, &g);
    }
}

static void take_text(
    fz_context *ctx, fz_device *dev, const fz_text *text, fz_matrix ctm, int32_t rgb, bool unseen)
{
    struct collector *c = of(dev);
    for (const fz_text_span *span = text->head; span; span = span->next) {
        take_span(ctx, c, span, ctm, rgb, unseen);
    }
}

// The same text filled, then stroked or used as a clip, comes as two calls.
static bool drawn_just_now(struct collector *c, const fz_text *text)
{
    const fz_text_span *s = text->head;
    return s && s->len > 0 && c->filled_text == text && c->filled_x == s->items[0].x &&
           c->filled_y == s->items[0].y;
}

static void remember_drawn(struct collector *c, const fz_text *text)
{
    const fz_text_span *s = text->head;
    c->filled_text = s && s->len > 0 ? text : NULL;
    if (c->filled_text) {
        c->filled_x = s->items[0].x;
        c->filled_y = s->items[0].y;
    }
}

static void on_fill_text(fz_context *ctx, fz_device *dev, const fz_text *text, fz_matrix ctm,
    fz_colorspace *cs, const float *color, float alpha, fz_color_params params)
{
    (void)params;
    take_text(ctx, dev, text, ctm, to_rgb(ctx, cs, color), alpha < 0.02f);
    remember_drawn(of(dev), text);
}

static void on_stroke_text(fz_context *ctx, fz_device *dev, const fz_text *text,
    const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *cs, const float *color,
    float alpha, fz_color_params params)
{
    (void)params;
    (void)stroke;
    if (!drawn_just_now(of(dev), text)) {
        take_text(ctx, dev, text, ctm, to_rgb(ctx, cs, color), alpha < 0.02f);
        remember_drawn(of(dev), text);
    }
}

static void on_clip_text(
    fz_context *ctx, fz_device *dev, const fz_text *text, fz_matrix ctm, fz_rect scissor)
{
    (void)scissor;
    if (!drawn_just_now(of(dev), text)) {
        take_text(ctx, dev, text, ctm, -1, false);
    }
}

static void on_clip_stroke_text(fz_context *ctx, fz_device *dev, const fz_text *text,
    const fz_stroke_state *stroke, fz_matrix ctm, fz_rect scissor)
{
    (void)stroke;
    on_clip_text(ctx, dev, text, ctm, scissor);
}

// Invisible text; the text of Type 3 fonts comes this way too, after its shapes were drawn.
static void on_ignore_text(fz_context *ctx, fz_device *dev, const fz_text *text, fz_matrix ctm)
{
    struct collector *c = of(dev);
    for (const fz_text_span *span = text->head; span; span = span->next) {
        take_span(ctx, c, span, ctm, -1, fz_font_t3_procs(ctx, span->font) == NULL);
    }
}

// Lines and areas.

struct outline { // of a path, as far as it is made of level and upright lines
    struct collector *c;
    fz_matrix ctm;
    fz_point at, begin;
    fz_rect box;
    bool rules; // note each straight piece as a rule
    bool slanted; // has something else
    int pieces;
};

static void add_rule(struct lpdf_page *p, float x0, float y0, float x1, float y1)
{
    float w = fabsf(x1 - x0), h = fabsf(y1 - y0);
    if ((w < 4 && h < 4) || (w > RULE_THICK && h > RULE_THICK)) {
        return;
    }
    struct lpdf_rule *r = lpdf_add_rule(p);
    if (r) {
        *r =
            (struct lpdf_rule){ fminf(x0, x1), fminf(y0, y1), fmaxf(x0, x1), fmaxf(y0, y1), h > w };
    }
}

static void outline_point(struct outline *o, fz_point to)
{
    o->box.x0 = fminf(o->box.x0, to.x);
    o->box.y0 = fminf(o->box.y0, to.y);
    o->box.x1 = fmaxf(o->box.x1, to.x);
    o->box.y1 = fmaxf(o->box.y1, to.y);
    o->at = to;
}

static void outline_line(struct outline *o, fz_point to)
{
    float dx = fabsf(to.x - o->at.x), dy = fabsf(to.y - o->at.y);
    if (dx > 0.7f && dy > 0.7f) {
        o->slanted = true;
    } else if (o->rules) {
        add_rule(o->c->page, o->at.x, o->at.y, to.x, to.y);
    }
    o->pieces++;
    outline_point(o, to);
}

static void walk_move(fz_context *ctx, void *arg, float x, float y)
{
    struct outline *o = arg;
    (void)ctx;
    o->begin = fz_transform_point_xy(x, y, o->ctm);
    outline_point(o, o->begin);
}

static void walk_line(fz_context *ctx, void *arg, float x, float y)
{
    struct outline *o = arg;
    (void)ctx;
    outline_line(o, fz_transform_point_xy(x, y, o->ctm));
}

static void walk_curve(
    fz_context *ctx, void *arg, float x1, float y1, float x2, float y2, float x3, float y3)
{
    struct outline *o = arg;
    (void)ctx;
    outline_point(o, fz_transform_point_xy(x1, y1, o->ctm));
    outline_point(o, fz_transform_point_xy(x2, y2, o->ctm));
    outline_point(o, fz_transform_point_xy(x3, y3, o->ctm));
    o->slanted = true;
}

static void walk_close(fz_context *ctx, void *arg)
{
    struct outline *o = arg;
    (void)ctx;
    outline_line(o, o->begin);
}

static const fz_path_walker walker = {
    .moveto = walk_move, .lineto = walk_line, .curveto = walk_curve, .closepath = walk_close
};

static void walk_path(fz_context *ctx, struct collector *c, const fz_path *path, fz_matrix ctm,
    bool rules, struct outline *o)
{
    *o =
        (struct outline){ .c = c, .ctm = ctm, .rules = rules, .box = { 1e9f, 1e9f, -1e9f, -1e9f } };
    fz_walk_path(ctx, path, &walker, o);
    c->page->shapes++;
}

static void add_mark(fz_context *ctx, struct collector *c, fz_rect box)
{
    fz_rect shown = fz_intersect_rect(box, fz_device_current_scissor(ctx, &c->super));
    bool sane =
        shown.x1 - shown.x0 < 0.7f * c->page->width && shown.y1 - shown.y0 < 0.7f * c->page->height;
    if (sane && !fz_is_empty_rect(shown)) {
        lpdf_add_mark(c->page, our_rect(shown));
    }
}

static void add_fill(fz_context *ctx, struct collector *c, fz_rect box, int32_t rgb, bool exact)
{
    fz_rect shown = fz_intersect_rect(box, fz_device_current_scissor(ctx, &c->super));
    if (fz_is_empty_rect(shown)) {
        return;
    }
    struct lpdf_fill *f = lpdf_add_fill(c->page);
    if (f) {
        lpdf_pen_lift(&c->pen);
        *f = (struct lpdf_fill){ our_rect(shown), rgb, exact, c->page->word_count };
    }
}

static void on_fill_path(fz_context *ctx, fz_device *dev, const fz_path *path, int even_odd,
    fz_matrix ctm, fz_colorspace *cs, const float *color, float alpha, fz_color_params params)
{
    struct collector *c = of(dev);
    struct outline o;
    (void)even_odd;
    (void)params;

    walk_path(ctx, c, path, ctm, false, &o);
    float w = o.box.x1 - o.box.x0, h = o.box.y1 - o.box.y0;
    if (alpha < 0.02f || w < 0 || h < 0 || !isfinite(w) || !isfinite(h)) {
        return;
    }
    int32_t rgb = to_rgb(ctx, cs, color);
    if ((w <= RULE_THICK || h <= RULE_THICK) && rgb != 0xffffff) {
        add_rule(c->page, o.box.x0, o.box.y0, o.box.x1, o.box.y1);
        return;
    }
    if (w < 4 || h < 4) {
        return;
    }
    bool rectangle = !o.slanted && o.pieces <= 5;
    if (o.slanted) {
        add_mark(ctx, c, o.box);
    }
    if (!rectangle && !o.slanted &&
        o.pieces > 5) { // many rectangles at once: lines of a table, often
        walk_path(ctx, c, path, ctm, true, &o);
    }
    bool plain = rectangle && c->blended == 0 && alpha > 0.9f;
    add_fill(ctx, c, o.box, plain ? rgb : -1, plain);
}

static void on_stroke_path(fz_context *ctx, fz_device *dev, const fz_path *path,
    const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *cs, const float *color,
    float alpha, fz_color_params params)
{
    struct collector *c = of(dev);
    struct outline o;
    (void)params;

    bool thick = stroke->linewidth * fz_matrix_expansion(ctm) > 6; // a line so thick is an area
    walk_path(ctx, c, path, ctm, alpha > 0.02f && !thick && to_rgb(ctx, cs, color) != 0xffffff, &o);
    if (o.slanted) {
        add_mark(ctx, c, o.box);
    }
    if (thick && o.box.x1 >= o.box.x0) {
        float half = stroke->linewidth * fz_matrix_expansion(ctm) / 2;
        add_fill(ctx, c, fz_expand_rect(o.box, half), -1, false);
    }
}

static void on_fill_shade(fz_context *ctx, fz_device *dev, fz_shade *shade, fz_matrix ctm,
    float alpha, fz_color_params params)
{
    struct collector *c = of(dev);
    (void)alpha;
    (void)params;
    add_fill(ctx, c, fz_bound_shade(ctx, shade, ctm), -1, false);
    c->page->shapes++;
}

static void take_image(fz_context *ctx, struct collector *c, fz_matrix ctm)
{
    fz_rect box = fz_intersect_rect(
        fz_transform_rect(fz_unit_rect, ctm), fz_device_current_scissor(ctx, &c->super));
    if (fz_is_empty_rect(box)) {
        return;
    }
    struct lpdf_image *i = lpdf_add_image(c->page);
    if (i) {
        i->box = our_rect(box);
    }
    add_fill(ctx, c, box, -1, false);
}

static void on_fill_image(fz_context *ctx, fz_device *dev, fz_image *image, fz_matrix ctm,
    float alpha, fz_color_params params)
{
    (void)image;
    (void)alpha;
    (void)params;
    take_image(ctx, of(dev), ctm);
}

static void on_fill_image_mask(fz_context *ctx, fz_device *dev, fz_image *image, fz_matrix ctm,
    fz_colorspace *cs, const float *color, float alpha, fz_color_params params)
{
    (void)image;
    (void)cs;
    (void)color;
    (void)alpha;
    (void)params;
    take_image(ctx, of(dev), ctm);
}

static void on_begin_group(fz_context *ctx, fz_device *dev, fz_rect area, fz_colorspace *cs,
    int isolated, int knockout, int blendmode, float alpha)
{
    (void)ctx;
    (void)area;
    (void)cs;
    (void)isolated;
    (void)knockout;
    struct collector *c = of(dev);
    if (c->blended > 0 || blendmode != FZ_BLEND_NORMAL || alpha < 0.9f) {
        c->blended++;
    }
}

static void on_end_group(fz_context *ctx, fz_device *dev)
{
    struct collector *c = of(dev);
    (void)ctx;
    if (c->blended > 0) {
        c->blended--;
    }
}

static fz_device *new_collector(fz_context *ctx, struct lpdf_page *page, struct lpdf_budget *budget)
{
    struct collector *c = fz_new_derived_device(ctx, struct collector);
    c->super.fill_path = on_fill_path;
    c->super.stroke_path = on_stroke_path;
    c->super.fill_text = on_fill_text;
    c->super.stroke_text = on_stroke_text;
    c->super.clip_text = on_clip_text;
    c->super.clip_stroke_text = on_clip_stroke_text;
    c->super.ignore_text = on_ignore_text;
    c->super.fill_shade = on_fill_shade;
    c->super.fill_image = on_fill_image;
    c->super.fill_image_mask = on_fill_image_mask;
    c->super.begin_group = on_begin_group;
    c->super.end_group = on_end_group;
    c->page = page;
    c->budget = budget;
    lpdf_pen_init(&c->pen, page);
    return &c->super;
}

// Pictures.

bool lpdf_defuse_init(struct lpdf_defuse *d, struct lpdf *s)
{
    fz_context *ctx = s->ctx;
    volatile bool fine = false;

    memset(d, 0, sizeof(*d));
    fz_try(ctx)
    {
        pdf_obj *dict = pdf_new_dict(ctx, s->doc, 8);
        pdf_dict_put(ctx, dict, PDF_NAME(Type), PDF_NAME(XObject));
        pdf_dict_put(ctx, dict, PDF_NAME(Subtype), PDF_NAME(Image));
        pdf_dict_put_int(ctx, dict, PDF_NAME(Width), 1);
        pdf_dict_put_int(ctx, dict, PDF_NAME(Height), 1);
        pdf_dict_put_int(ctx, dict, PDF_NAME(BitsPerComponent), 8);
        pdf_dict_put(ctx, dict, PDF_NAME(ColorSpace), PDF_NAME(DeviceGray));
        fz_buffer *pixel = fz_new_buffer_from_copied_data(ctx, (const unsigned char *)"", 1);
        d->picture = pdf_add_stream(ctx, s->doc, pixel, dict, 0);
        fz_drop_buffer(ctx, pixel);
        pdf_drop_obj(ctx, dict);
        d->done = pdf_new_mark_bits(ctx, s->doc);
        fine = true;
    }
    fz_catch(ctx)
    {
        fine = false;
    }
    return fine;
}

void lpdf_defuse_done(struct lpdf_defuse *d, struct lpdf *s)
{
    if (s->ctx) {
        pdf_drop_obj(s->ctx, d->picture);
        pdf_drop_mark_bits(s->ctx, d->done);
    }
    memset(d, 0, sizeof(*d));
}

static void defuse(
    fz_context *ctx, struct lpdf_defuse *d, pdf_obj *resources, int depth, int *entries)
{
    if (depth > DEFUSE_DEPTH || !pdf_is_dict(ctx, resources)) {
        return;
    }
    if (pdf_is_indirect(ctx, resources) && pdf_mark_bits_set(ctx, d->done, resources)) {
        return;
    }
    pdf_obj *list = pdf_dict_get(ctx, resources, PDF_NAME(XObject));
    if (pdf_is_indirect(ctx, list) && pdf_mark_bits_set(ctx, d->done, list)) {
        return;
    }
    int len = pdf_dict_len(ctx, list);
    for (int i = 0; i < len && ++*entries < DEFUSE_ENTRIES; i++) {
        pdf_obj *x = pdf_dict_get_val(ctx, list, i);
        if (x == d->picture ||
            (pdf_is_indirect(ctx, x) && pdf_to_num(ctx, x) == pdf_to_num(ctx, d->picture))) {
            continue;
        }
        pdf_obj *kind = pdf_dict_get(ctx, x, PDF_NAME(Subtype));
        if (pdf_name_eq(ctx, kind, PDF_NAME(Image))) {
            pdf_dict_put(ctx, list, pdf_dict_get_key(ctx, list, i), d->picture);
        } else if (pdf_name_eq(ctx, kind, PDF_NAME(Form)) &&
                   !(pdf_is_indirect(ctx, x) && pdf_mark_bits_set(ctx, d->done, x))) {
            defuse(ctx, d, pdf_dict_get(ctx, x, PDF_NAME(Resources)), depth + 1, entries);
        }
    }
}

// A page.

static void run_page(struct lpdf *s, struct lpdf_defuse *d, int32_t index, fz_matrix ctm,
    fz_rect box, fz_device *dev)
{
    fz_context *ctx = s->ctx;
    pdf_obj *page = s->pages[index];
    pdf_obj *resources = lpdf_inherited(s, index, PDF_NAME(Resources));
    pdf_obj *contents = pdf_dict_get(ctx, page, PDF_NAME(Contents));
    pdf_processor *volatile proc = NULL;
    fz_path *volatile whole = NULL;
    int entries = 0;

    defuse(ctx, d, resources, 0, &entries);
    fz_try(ctx)
    {
        whole = fz_new_path(ctx);
        fz_rectto(ctx, whole, box.x0, box.y0, box.x1, box.y1);
        fz_clip_path(ctx, dev, whole, 0, fz_identity, box);
        proc = pdf_new_run_processor(ctx, dev, ctm, "View", NULL, NULL, &s->budget.cookie);
        pdf_process_contents(ctx, proc, s->doc, resources, contents, &s->budget.cookie);
        pdf_close_processor(ctx, proc);
        fz_pop_clip(ctx, dev);
        fz_close_device(ctx, dev);
    }
    fz_always(ctx)
    {
        pdf_drop_processor(ctx, proc);
        fz_drop_path(ctx, whole);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static bool inside(struct lpdf_rect outer, float x, float y)
{
    return x >= outer.x0 && x <= outer.x1 && y >= outer.y0 && y <= outer.y1;
}

static void judge_unseen(struct lpdf_page *p, struct lpdf_word *w, float x, float y)
{
    bool picture = false;
    for (uint32_t i = 0; i < p->image_count && !picture; i++) {
        picture = inside(p->images[i].box, x, y);
    }
    w->flags = (uint16_t)((w->flags & ~LPDF_UNSEEN) | (picture ? LPDF_SCANNED : LPDF_HIDDEN));
    if (picture) {
        p->letters += w->len;
        p->scanned_letters += w->len;
    } else {
        p->hidden_letters += w->len;
    }
}

// Words that something opaque was drawn over. A picture over words is a scan over its OCR text.
static void judge_covered(struct lpdf_page *p)
{
    int looked = 0;
    for (uint32_t i = 0; i < p->fill_count && looked < COVERS_MAX; i++) {
        const struct lpdf_fill *f = &p->fills[i];
        if (f->after == 0 || !f->exact ||
            (f->rgb == 0xffffff && f->box.y1 - f->box.y0 > 0.5f * p->height)) {
            continue;
        }
        looked++;
        for (uint32_t n = 0; n < f->after && n < p->word_count; n++) {
            struct lpdf_word *w = &p->words[n];
            struct lpdf_rect b = lpdf_word_box(p, w);
            float in = (b.y1 - b.y0) * 0.15f;
            if (!(w->flags & LPDF_HIDDEN) && b.x0 >= f->box.x0 - 0.5f && b.x1 <= f->box.x1 + 0.5f &&
                b.y0 + in >= f->box.y0 && b.y1 - in <= f->box.y1) {
                w->flags |= LPDF_HIDDEN;
                p->hidden_letters += w->len;
                p->letters -= w->len < p->letters ? w->len : p->letters;
            }
        }
    }
}

static void judge_words(struct lpdf_page *p)
{
    for (uint32_t n = 0; n < p->word_count; n++) {
        struct lpdf_word *w = &p->words[n];
        if (w->flags & LPDF_UNSEEN) {
            struct lpdf_rect b = lpdf_word_box(p, w);
            judge_unseen(p, w, (b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2);
        }
    }
    judge_covered(p);
}

void lpdf_collect(struct lpdf *s, struct lpdf_defuse *d, int32_t index, struct lpdf_page *ret)
{
    fz_context *ctx = s->ctx;
    fz_rect box = { 0, 0, 612, 792 };
    fz_matrix ctm = fz_identity;
    fz_device *volatile dev = NULL;

    lpdf_timer_start(s, LPDF_PAGE_MS);
    lpdf_page_box(s, index, &box, &ctm);
    lpdf_page_init(ret, index + 1, box.x1, box.y1);
    fz_try(ctx)
    {
        dev = new_collector(ctx, ret, &s->budget);
        run_page(s, d, index, ctm, box, dev);
    }
    fz_catch(ctx)
    {
        ret->broken = true;
    }
    if (dev) {
        lpdf_pen_lift(&of(dev)->pen);
        fz_drop_device(ctx, dev);
    }
    ret->cut_short = s->budget.cookie.abort != 0;
    ret->broken = ret->broken && !ret->cut_short;
    judge_words(ret);
    lpdf_collect_annots(s, index, ctm, ret);
}
