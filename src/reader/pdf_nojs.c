// SPDX-License-Identifier: AGPL-3.0-or-later
// No JavaScript engine is part of the reader. MuPDF's own pdf-js.o would bring one in; these definitions of its functions
// are found first, so that it is never linked and a script in a document can't run even by mistake.
#include <mupdf/fitz.h>
#include <mupdf/pdf.h>

void pdf_enable_js(fz_context *ctx, pdf_document *doc)
{
    (void)ctx;
    (void)doc;
}

void pdf_disable_js(fz_context *ctx, pdf_document *doc)
{
    (void)ctx;
    (void)doc;
}

int pdf_js_supported(fz_context *ctx, pdf_document *doc)
{
    (void)ctx;
    (void)doc;
    return 0;
}

void pdf_drop_js(fz_context *ctx, pdf_js *js)
{
    (void)ctx;
    (void)js;
}

void pdf_js_event_init(pdf_js *js, pdf_obj *target, const char *value, int will_commit)
{
    (void)js;
    (void)target;
    (void)value;
    (void)will_commit;
}

int pdf_js_event_result(pdf_js *js)
{
    (void)js;
    return 1;
}

int pdf_js_event_result_validate(pdf_js *js, char **newvalue)
{
    (void)js;
    *newvalue = NULL;
    return 1;
}

char *pdf_js_event_value(pdf_js *js)
{
    (void)js;
    return NULL;
}

void pdf_js_event_init_keystroke(pdf_js *js, pdf_obj *target, pdf_keystroke_event *evt)
{
    (void)js;
    (void)target;
    (void)evt;
}

int pdf_js_event_result_keystroke(pdf_js *js, pdf_keystroke_event *evt)
{
    (void)js;
    (void)evt;
    return 1;
}

void pdf_js_execute(pdf_js *js, const char *name, const char *code, char **result)
{
    (void)js;
    (void)name;
    (void)code;
    if (result) {
        *result = NULL;
    }
}

pdf_js_console *pdf_js_get_console(fz_context *ctx, pdf_document *doc)
{
    (void)ctx;
    (void)doc;
    return NULL;
}

void pdf_js_set_console(fz_context *ctx, pdf_document *doc, pdf_js_console *console, void *user)
{
    (void)ctx;
    (void)doc;
    (void)console;
    (void)user;
}
