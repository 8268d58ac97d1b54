// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the lists and frames of pdf_page.h; pdf_words.c puts words together.
#include "reader/pdf_page.h"

#include <math.h>
#include <stdlib.h>

void lpdf_page_init(struct lpdf_page *p, int32_t number, float width, float height)
{
    memset(p, 0, sizeof(*p));
    p->number = number;
    p->width = width > 1 ? width : 1;
    p->height = height > 1 ? height : 1;
    buf_init(&p->text, LPDF_PAGE_TEXT);
}

void lpdf_page_done(struct lpdf_page *p)
{
    buf_done(&p->text);
    free(p->words);
    free(p->rules);
    free(p->fills);
    free(p->images);
    free(p->styles);
    free(p->notes);
    free(p->marks);
    memset(p, 0, sizeof(*p));
}

// Room for one more in a list of items of `size` bytes; NULL at the limit.
static void *grow(
    struct lpdf_page *p, void **items, uint32_t *count, uint32_t *cap, size_t size, uint32_t max)
{
    if (*count >= max) {
        p->full = true;
        return NULL;
    }
    if (*count == *cap) {
        uint32_t cap_new = *cap ? *cap * 2 : 64;
        void *bigger = realloc(*items, cap_new * size);
        if (!bigger) {
            p->full = true;
            return NULL;
        }
        *items = bigger;
        *cap = cap_new;
    }
    void *item = (char *)*items + (size_t)(*count)++ * size;
    memset(item, 0, size);
    return item;
}

struct lpdf_word *lpdf_add_word(struct lpdf_page *p)
{
    return grow(
        p, (void **)&p->words, &p->word_count, &p->word_cap, sizeof(*p->words), LPDF_PAGE_WORDS);
}

struct lpdf_rule *lpdf_add_rule(struct lpdf_page *p)
{
    return grow(
        p, (void **)&p->rules, &p->rule_count, &p->rule_cap, sizeof(*p->rules), LPDF_PAGE_RULES);
}

struct lpdf_fill *lpdf_add_fill(struct lpdf_page *p)
{
    return grow(
        p, (void **)&p->fills, &p->fill_count, &p->fill_cap, sizeof(*p->fills), LPDF_PAGE_FILLS);
}

struct lpdf_image *lpdf_add_image(struct lpdf_page *p)
{
    return grow(p, (void **)&p->images, &p->image_count, &p->image_cap, sizeof(*p->images),
        LPDF_PAGE_IMAGES);
}

struct lpdf_note *lpdf_add_note(struct lpdf_page *p)
{
    return grow(
        p, (void **)&p->notes, &p->note_count, &p->note_cap, sizeof(*p->notes), LPDF_PAGE_NOTES);
}

void lpdf_add_mark(struct lpdf_page *p, struct lpdf_rect box)
{
    if (p->mark_count < LPDF_PAGE_MARKS) {
        struct lpdf_rect *m =
            grow(p, (void **)&p->marks, &p->mark_count, &p->mark_cap, sizeof(*m), LPDF_PAGE_MARKS);
        if (m) {
            *m = box;
        }
    }
}

uint16_t lpdf_style_id(struct lpdf_page *p, const struct lpdf_style *style)
{
    for (uint32_t i = p->style_count; i-- > 0;) { // the newest is the likeliest
        const struct lpdf_style *s = &p->styles[i];
        if (s->font == style->font && s->size == style->size && s->bold == style->bold) {
            return (uint16_t)i;
        }
    }
    struct lpdf_style *s =
        grow(p, (void **)&p->styles, &p->style_count, &p->style_cap, sizeof(*s), LPDF_PAGE_STYLES);
    if (!s) {
        return 0;
    }
    *s = *style;
    return (uint16_t)(p->style_count - 1);
}

struct lpdf_rect lpdf_from_frame(const struct lpdf_page *p, int dir, struct lpdf_rect r)
{
    switch (dir) {
    case 1:
        return (struct lpdf_rect){ p->width - r.y1, r.x0, p->width - r.y0, r.x1 };
    case 2:
        return (struct lpdf_rect){ p->width - r.x1, p->height - r.y1, p->width - r.x0,
            p->height - r.y0 };
    case 3:
        return (struct lpdf_rect){ r.y0, p->height - r.x1, r.y1, p->height - r.x0 };
    default:
        return r;
    }
}

struct lpdf_rect lpdf_word_box(const struct lpdf_page *p, const struct lpdf_word *w)
{
    struct lpdf_rect r = { w->x0, w->y - lpdf_ascent(w->size), w->x1,
        w->y + lpdf_descent(w->size) };
    return lpdf_from_frame(p, w->dir, r);
}

static float share(float value, float whole)
{
    float f = value / whole;
    return f < 0 || isnan(f) ? 0 : f > 1 ? 1 : f;
}

void lpdf_box_fractions(const struct lpdf_page *p, struct lpdf_rect r, float ret_box[4])
{
    ret_box[0] = share(r.x0, p->width);
    ret_box[1] = share(r.y0, p->height);
    ret_box[2] = share(r.x1, p->width);
    ret_box[3] = share(r.y1, p->height);
}
