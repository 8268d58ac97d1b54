// SPDX-License-Identifier: AGPL-3.0-or-later
// A page as a PNG, with its annotations. Pictures are decoded here, so their sizes are looked at first: a picture of more
// than limits->pixels is not drawn. Flate level and hints are chosen for speed: the picture is looked at once or twice.
#include "reader/pdf.h"
#include "reader/pdf_ocr.h"

#include <math.h>
#include <stdlib.h>

enum {
    RENDER_MS = 4000,
    RENDER_WIDTH_MAX = 10000,
    RENDER_ENTRIES = 20000, // pictures and forms that are looked at
    RENDER_DEPTH = 12,
    DPI_LEAST = 200, // for reading words
    DPI_MOST = 300,
    RENDER_PIXELS = 40 << 20, // three bytes each must fit into the budget
};

struct guard {
    pdf_mark_bits *seen;
    int64_t pixels_max;
    int64_t longest; // side of any picture
    int entries;
    int64_t largest; // picture, in pixels
    bool too_large;
};

// Marks whether any picture among the resources is larger than allowed.
static void look_at(fz_context *ctx, struct guard *g, pdf_obj *resources, int depth)
{
    pdf_obj *list = pdf_dict_get(ctx, resources, PDF_NAME(XObject));
    int len = pdf_dict_len(ctx, list);
    for (int i = 0; i < len && ++g->entries < RENDER_ENTRIES && depth < RENDER_DEPTH; i++) {
        pdf_obj *x = pdf_dict_get_val(ctx, list, i);
        if (pdf_is_indirect(ctx, x) && pdf_mark_bits_set(ctx, g->seen, x)) {
            continue;
        }
        pdf_obj *kind = pdf_dict_get(ctx, x, PDF_NAME(Subtype));
        if (pdf_name_eq(ctx, kind, PDF_NAME(Image))) {
            int64_t w = pdf_dict_get_int(ctx, x, PDF_NAME(Width)),
                    h = pdf_dict_get_int(ctx, x, PDF_NAME(Height));
            g->largest =
                w > 0 && h > 0 && w < INT32_MAX / h && w * h > g->largest ? w * h : g->largest;
            g->longest = w > g->longest ? w : g->longest;
            g->longest = h > g->longest ? h : g->longest;
            g->too_large = g->too_large || w < 0 || h < 0 || w * h > g->pixels_max;
        } else if (pdf_name_eq(ctx, kind, PDF_NAME(Form))) {
            look_at(ctx, g, pdf_dict_get(ctx, x, PDF_NAME(Resources)), depth + 1);
        }
    }
}

// Whether a picture of the page is too large to be drawn; if not, the budget allows a block for the largest.
// *ret_longest may be NULL: the longest side of a picture, in pixels.
static bool has_giant_picture(struct lpdf *s, int32_t index, int64_t *ret_longest)
{
    fz_context *ctx = s->ctx;
    struct guard g = { .pixels_max = s->r->limits->pixels };
    fz_try(ctx)
    {
        g.seen = pdf_new_mark_bits(ctx, s->doc);
        look_at(ctx, &g, lpdf_inherited(s, index, PDF_NAME(Resources)), 0);
    }
    fz_always(ctx)
    {
        pdf_drop_mark_bits(ctx, g.seen);
    }
    fz_catch(ctx)
    {
        return false;
    }
    size_t block = (size_t)g.largest * 4 + (1 << 20);
    s->budget.max_block = block > s->budget.max_block ? block : s->budget.max_block;
    if (ret_longest) {
        *ret_longest = g.longest;
    }
    return g.too_large;
}

// MuPDF's own page, which knows its annotations; NULL where a damaged tree gives it another page at that number.
static pdf_page *load_page(struct lpdf *s, int32_t index)
{
    pdf_page *volatile page = NULL;
    fz_try(s->ctx)
    {
        page = pdf_load_page(s->ctx, s->doc, index);
        if (pdf_to_num(s->ctx, page->obj) != pdf_to_num(s->ctx, s->pages[index])) {
            fz_drop_page(s->ctx, &page->super);
            page = NULL;
        }
    }
    fz_catch(s->ctx)
    {
        page = NULL;
    }
    return page;
}

static void run_contents(struct lpdf *s, int32_t index, fz_device *dev, fz_matrix ctm)
{
    fz_context *ctx = s->ctx;
    pdf_processor *volatile proc = NULL;
    fz_try(ctx)
    {
        proc = pdf_new_run_processor(ctx, dev, ctm, "View", NULL, NULL, &s->budget.cookie);
        pdf_process_contents(ctx, proc, s->doc,
            pdf_dict_get_inheritable(ctx, s->pages[index], PDF_NAME(Resources)),
            pdf_dict_get(ctx, s->pages[index], PDF_NAME(Contents)), &s->budget.cookie);
        pdf_close_processor(ctx, proc);
    }
    fz_always(ctx)
    {
        pdf_drop_processor(ctx, proc);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void draw(
    struct lpdf *s, int32_t index, fz_pixmap *pix, fz_matrix from_page, fz_matrix scale)
{
    fz_context *ctx = s->ctx;
    fz_device *volatile dev = NULL;
    pdf_page *page = load_page(s, index);
    fz_try(ctx)
    {
        dev = fz_new_draw_device(ctx, fz_identity, pix);
        if (page) {
            fz_rect box = pdf_bound_page(ctx, page);
            pdf_run_page(ctx, page, dev, fz_concat(fz_translate(-box.x0, -box.y0), scale),
                &s->budget.cookie);
        } else {
            run_contents(s, index, dev, fz_concat(from_page, scale));
        }
        fz_close_device(ctx, dev);
    }
    fz_always(ctx)
    {
        fz_drop_device(ctx, dev);
        fz_drop_page(ctx, (fz_page *)page);
    }
    fz_catch(ctx)
    {
        return; // what was drawn so far is shown
    }
}

// The page's size in pixels at this scale, not more than `most` of them: a very tall page becomes smaller, not refused.
static double fitting_scale(fz_rect box, double scale, double most)
{
    double pixels = (double)box.x1 * (double)box.y1 * scale * scale;
    return pixels > most ? scale * sqrt(most / pixels) : scale;
}

static fz_pixmap *draw_page(struct lpdf *s, int32_t index, double scale, fz_colorspace *colours)
{
    fz_context *ctx = s->ctx;
    fz_pixmap *volatile pix = NULL;
    fz_rect box;
    fz_matrix from_page;
    size_t block = s->budget.max_block;

    lpdf_page_box(s, index, &box, &from_page);
    fz_try(ctx)
    {
        fz_matrix ctm = fz_scale((float)scale, (float)scale);
        s->budget.max_block = s->budget.max; // our own picture of the page
        pix = fz_new_pixmap_with_bbox(
            ctx, colours, fz_round_rect(fz_transform_rect(box, ctm)), NULL, 0);
        s->budget.max_block = block;
        fz_clear_pixmap_with_value(ctx, pix, 255);
        draw(s, index, pix, from_page, ctm);
    }
    fz_catch(ctx)
    {
        s->budget.max_block = block;
        fz_drop_pixmap(ctx, pix);
        return NULL;
    }
    return pix;
}

static fz_buffer *render(struct lpdf *s, int32_t index, int32_t width)
{
    fz_context *ctx = s->ctx;
    fz_buffer *volatile png = NULL;
    double most =
        s->r->limits->pixels < RENDER_PIXELS ? (double)s->r->limits->pixels : RENDER_PIXELS;
    fz_rect box;
    fz_matrix from_page;

    lpdf_page_box(s, index, &box, &from_page);
    fz_pixmap *pix = draw_page(
        s, index, fitting_scale(box, (double)width / (double)box.x1, most), fz_device_rgb(ctx));
    if (!pix) {
        return NULL;
    }
    fz_try(ctx)
    {
        s->budget.max_block = s->budget.max;
        lpdf_timer_start(s, RENDER_MS); // what was drawn so far is written in any case
        png = fz_new_buffer_from_pixmap_as_png(ctx, pix, fz_default_color_params);
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, pix);
    }
    fz_catch(ctx)
    {
        return NULL;
    }
    return png;
}

bool lpdf_draw_grey(struct lpdf *s, int32_t index, int64_t pixels_max, struct lpdf_drawing *ret)
{
    fz_rect box;
    fz_matrix from_page;
    int64_t longest = 0;

    lpdf_timer_start(s, RENDER_MS);
    bool giant = has_giant_picture(s, index, &longest);
    lpdf_page_box(s, index, &box, &from_page);
    double dpi = 72 * (double)longest / fmax((double)box.x1, (double)box.y1);
    dpi = longest == 0 || dpi > DPI_MOST ? DPI_MOST : dpi < DPI_LEAST ? DPI_LEAST : dpi;
    double scale = fitting_scale(box, dpi / 72, (double)pixels_max);
    fz_pixmap *pix = giant ? NULL : draw_page(s, index, scale, fz_device_gray(s->ctx));
    lpdf_timer_stop(s);
    if (!pix) {
        return false;
    }
    int32_t width = fz_pixmap_width(s->ctx, pix), height = fz_pixmap_height(s->ctx, pix),
            stride = fz_pixmap_stride(s->ctx, pix);
    *ret = (struct lpdf_drawing){ .grey = malloc((size_t)width * (size_t)height),
        .width = width,
        .height = height,
        .dpi = scale * 72 };
    for (int32_t y = 0; ret->grey && y < height; y++) {
        memcpy(ret->grey + (size_t)y * (size_t)width,
            fz_pixmap_samples(s->ctx, pix) + (size_t)y * (size_t)stride, (size_t)width);
    }
    fz_drop_pixmap(s->ctx, pix);
    fz_empty_store(s->ctx); // the decoded picture: its room is needed for reading
    return ret->grey != NULL;
}

static int render_page(struct lpdf *s, int32_t number, int32_t width, struct error *err)
{
    bool fine = true;
    if (number < 1 || number > s->page_count) {
        return error_set(err, ERR_NOT_FOUND, "The document has no page %d.", number);
    }
    if (width < 1 || width > RENDER_WIDTH_MAX) {
        return error_set(
            err, ERR_INVALID, "A page is drawn 1 to %d pixels wide.", RENDER_WIDTH_MAX);
    }
    lpdf_timer_start(s, RENDER_MS);
    int error = lpdf_check_content(s, number - 1, &fine);
    if (error || !fine) {
        return error;
    }
    struct place place = lpdf_place_page(number);
    if (has_giant_picture(s, number - 1, NULL)) {
        return reader_finding(s->r, "bomb.pixels", &place,
            "A picture on page %d has more than %lld million pixels.", number,
            (long long)(s->r->limits->pixels / 1000000));
    }
    fz_buffer *png = render(s, number - 1, width);
    const char *stopped = lpdf_stopped_by(s);
    lpdf_timer_stop(s);
    if (!png) {
        return reader_finding(
            s->r, stopped ? stopped : "page.unreadable", &place, "Page %d can't be drawn.", number);
    }
    unsigned char *bytes;
    size_t len = fz_buffer_storage(s->ctx, png, &bytes);
    error = reader_image(s->r, "page", "image/png", bytes, len);
    fz_drop_buffer(s->ctx, png);
    return error;
}

int lpdf_render(struct reader *r, int32_t number, int32_t width, struct error *err)
{
    struct lpdf s;
    int error = 0;
    if (lpdf_open(&s, r, &error) == LPDF_OPEN) {
        error = render_page(&s, number, width, err);
    }
    lpdf_close(&s);
    return error;
}
