// SPDX-License-Identifier: AGPL-3.0-or-later
// The entry of the PDF format, and what is told about a document as a whole.
#include "reader/ocr.h"
#include "reader/pdf.h"

enum { PDF_META_MAX = 600 };

static int tell_meta(struct lpdf *s, const char *key, const char *name)
{
    char text[PDF_META_MAX] = "";
    volatile bool some = false;
    fz_try(s->ctx)
    {
        pdf_obj *info = pdf_dict_get(s->ctx, pdf_trailer(s->ctx, s->doc), PDF_NAME(Info));
        pdf_obj *value = pdf_dict_gets(s->ctx, info, name);
        if (pdf_is_string(s->ctx, value)) {
            fz_strlcpy(text, pdf_to_text_string(s->ctx, value), sizeof(text));
            some = true;
        }
    }
    fz_catch(s->ctx)
    {
        some = false;
    }
    return some ? reader_info_text(s->r, key, text) : 0;
}

static int tell_findings(struct lpdf *s)
{
    int error = 0;
    if (s->too_many_pages) {
        return reader_finding(
            s->r, "bomb.pages", NULL, "The document has more than %d pages.", s->r->limits->pages);
    }
    if (s->repaired) {
        error = reader_finding(s->r, "structure.repaired", NULL,
            "The index of the PDF is damaged; it was rebuilt from what is there.");
    }
    if (!error && s->tree_odd) {
        error = reader_finding(s->r, "structure.repaired", NULL,
            "The list of pages is damaged: %d pages were found.", s->page_count);
    }
    return error;
}

int lpdf_tell_document(struct lpdf *s)
{
    static const char *const meta[][2] = { { "title", "Title" }, { "author", "Author" },
        { "subject", "Subject" }, { "producer", "Producer" }, { "creator", "Creator" } };
    int error = reader_info_number(s->r, "pages", s->page_count);
    for (size_t i = 0; i < ARRAY_LEN(meta) && !error; i++) {
        error = tell_meta(s, meta[i][0], meta[i][1]);
    }
    if (!error) {
        error = reader_info_number(s->r, "encrypted", s->encrypted);
    }
    if (!error) {
        error = reader_info_number(s->r, "pdf_version", s->doc->version / 10.0);
    }
    return error ? error : tell_findings(s);
}

const struct reader_format format_pdf = {
    .id = FORMAT_PDF,
    .check = lpdf_check,
    .read = lpdf_read,
    .render = lpdf_render,
    .init = ocr_prepare,
};
