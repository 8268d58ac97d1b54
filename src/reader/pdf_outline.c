// SPDX-License-Identifier: AGPL-3.0-or-later
// The bookmarks of a PDF: titles and depths, without where they lead. A bounded walk without recursion; a loop ends at the
// limit.
#include "reader/pdf_outline.h"

enum { OUTLINE_DEPTH = 8 };

static void walk(struct lpdf *s, struct lpdf_heads *h)
{
    fz_context *ctx = s->ctx;
    pdf_obj *stack[OUTLINE_DEPTH];
    int depth = 0, seen = 0;

    stack[0] = pdf_dict_get(
        ctx, pdf_dict_getp(ctx, pdf_trailer(ctx, s->doc), "Root/Outlines"), PDF_NAME(First));
    while (depth >= 0) {
        pdf_obj *item = stack[depth];
        if (!pdf_is_dict(ctx, item) || ++seen > LPDF_TITLES_MAX) {
            depth--;
            continue;
        }
        stack[depth] = pdf_dict_get(ctx, item, PDF_NAME(Next));
        pdf_obj *title = pdf_dict_get(ctx, item, PDF_NAME(Title));
        if (pdf_is_string(ctx, title)) {
            lpdf_heads_add_title(h, slice_of(pdf_to_text_string(ctx, title)), depth + 1);
        }
        pdf_obj *first = pdf_dict_get(ctx, item, PDF_NAME(First));
        if (pdf_is_dict(ctx, first) && depth + 1 < OUTLINE_DEPTH) {
            stack[++depth] = first;
        }
    }
}

void lpdf_read_outline(struct lpdf *s, struct lpdf_heads *h)
{
    fz_try(s->ctx)
    {
        walk(s, h);
    }
    fz_catch(s->ctx)
    {
        return; // bookmarks are a help, not a need
    }
}
