// SPDX-License-Identifier: AGPL-3.0-or-later
// What a PDF would do by itself, and what it carries: scripts, programs to start, things to fetch, files inside, forms,
// signatures. Found and named, never run. Every walk has a limit on nodes, which also ends loops.
#include "reader/pdf.h"

#include "base/utf8.h"

#include <stdio.h>

enum {
    CHAIN_MAX = 32, // actions one after the other
    TREE_NODES = 3000, // of a name tree, the form's fields, the outline
    TREE_STACK = 256, // nodes that wait
    ANNOTS_MAX = 3000, // of one page
    REPORTS_MAX = 6, // of one kind; more say nothing new
    ACTIONS_MS = 1500,
    NAME_MAX_BYTES = 120,
};

enum kind { SCRIPT, LAUNCH, EXTERNAL, SUBMIT, EMBEDDED, CONTROL, KINDS };

struct search {
    struct lpdf *s;
    int32_t page; // 0: of the document as a whole
    int found[KINDS];
    int error; // the sink's
    bool form, xfa, is_signed;
};

static const struct {
    const char *code, *message;
} reports[KINDS] = {
    [SCRIPT] = { "active.script", "The PDF holds a script (JavaScript)." },
    [LAUNCH] = { "active.launch",
        "The PDF asks to start a program or open a file on the reader's computer." },
    [EXTERNAL] = { "active.external", "The PDF leads to another file or place by itself." },
    [SUBMIT] = { "active.submit",
        "The PDF holds a form that sends what is filled in to somebody else." },
    [EMBEDDED] = { "embedded.file", "The PDF carries another file." },
    [CONTROL] = { "active.control", "The PDF holds a sound, a film or another active object." },
};

static void report(struct search *q, enum kind kind, const char *name)
{
    struct place place = lpdf_place_page(q->page);
    if (q->error || q->found[kind]++ >= REPORTS_MAX) {
        return;
    }
    if (name && *name) {
        char kept[NAME_MAX_BYTES + 1];
        struct slice cut = utf8_prefix(slice_of(name), NAME_MAX_BYTES);
        memcpy(kept, cut.data, cut.len);
        kept[cut.len] = '\0';
        q->error = reader_finding(q->s->r, reports[kind].code, q->page ? &place : NULL,
            "The PDF carries the file \"%s\".", kept);
    } else {
        q->error = reader_finding(
            q->s->r, reports[kind].code, q->page ? &place : NULL, "%s", reports[kind].message);
    }
}

static bool is_kind(fz_context *ctx, pdf_obj *name, const char *word)
{
    return pdf_is_name(ctx, name) && strcmp(pdf_to_name(ctx, name), word) == 0;
}

static void look_at_one(struct search *q, pdf_obj *action, bool automatic)
{
    fz_context *ctx = q->s->ctx;
    pdf_obj *kind = pdf_dict_get(ctx, action, PDF_NAME(S));
    if (is_kind(ctx, kind, "JavaScript") || pdf_dict_get(ctx, action, PDF_NAME(JS))) {
        report(q, SCRIPT, NULL);
    } else if (is_kind(ctx, kind, "Launch")) {
        report(q, LAUNCH, NULL);
    } else if (is_kind(ctx, kind, "SubmitForm") || is_kind(ctx, kind, "ImportData")) {
        report(q, SUBMIT, NULL);
    } else if (is_kind(ctx, kind, "GoToR") || is_kind(ctx, kind, "GoToE") ||
               (automatic && is_kind(ctx, kind, "URI"))) {
        report(q, EXTERNAL, NULL);
    } else if (is_kind(ctx, kind, "Rendition") || is_kind(ctx, kind, "Movie") ||
               is_kind(ctx, kind, "Sound") || is_kind(ctx, kind, "RichMediaExecute")) {
        report(q, CONTROL, NULL);
    }
}

// An action and those that follow it.
static void look_at_action(struct search *q, pdf_obj *action, bool automatic)
{
    fz_context *ctx = q->s->ctx;
    pdf_obj *waiting[CHAIN_MAX];
    int n = 0, seen = 0;

    waiting[n++] = action;
    while (n > 0 && seen++ < CHAIN_MAX) {
        pdf_obj *a = waiting[--n];
        if (pdf_is_array(ctx, a)) {
            int len = pdf_array_len(ctx, a);
            for (int i = 0; i < len && n < CHAIN_MAX; i++) {
                pdf_obj *next = pdf_array_get(ctx, a, i);
                if (pdf_is_dict(ctx, next)) {
                    waiting[n++] = next;
                }
            }
        } else if (pdf_is_dict(ctx, a)) {
            look_at_one(q, a, automatic);
            pdf_obj *next = pdf_dict_get(ctx, a, PDF_NAME(Next));
            if (next && n < CHAIN_MAX) {
                waiting[n++] = next;
            }
        }
    }
}

static void look_at_triggers(struct search *q, pdf_obj *owner)
{
    fz_context *ctx = q->s->ctx;
    pdf_obj *list = pdf_dict_get(ctx, owner, PDF_NAME(AA));
    int len = pdf_dict_len(ctx, list);
    for (int i = 0; i < len && i < CHAIN_MAX; i++) {
        look_at_action(q, pdf_dict_get_val(ctx, list, i), true);
    }
}

static void look_at_file(struct search *q, pdf_obj *spec)
{
    fz_context *ctx = q->s->ctx;
    if (!pdf_is_dict(ctx, pdf_dict_get(ctx, spec, PDF_NAME(EF)))) {
        return;
    }
    pdf_obj *name = pdf_dict_get(ctx, spec, PDF_NAME(UF));
    if (!pdf_is_string(ctx, name)) {
        name = pdf_dict_get(ctx, spec, PDF_NAME(F));
    }
    report(q, EMBEDDED, pdf_is_string(ctx, name) ? pdf_to_text_string(ctx, name) : "unnamed");
}

// Trees: names, fields, bookmarks. Each visit may add nodes that wait; the count of visits is limited.

struct walk {
    pdf_obj *waiting[TREE_STACK];
    int count, seen;
};

static void walk_add(fz_context *ctx, struct walk *w, pdf_obj *node)
{
    if (pdf_is_dict(ctx, node) && w->count < TREE_STACK) {
        w->waiting[w->count++] = node;
    }
}

static void walk_add_all(fz_context *ctx, struct walk *w, pdf_obj *list)
{
    for (int i = pdf_array_len(ctx, list); i-- > 0;) {
        walk_add(ctx, w, pdf_array_get(ctx, list, i));
    }
}

static pdf_obj *walk_next(struct walk *w)
{
    return w->count > 0 && w->seen++ < TREE_NODES ? w->waiting[--w->count] : NULL;
}

static void look_at_names(struct search *q, pdf_obj *tree, void (*look)(struct search *, pdf_obj *))
{
    fz_context *ctx = q->s->ctx;
    struct walk w = { .count = 0 };
    walk_add(ctx, &w, tree);
    for (pdf_obj *node; (node = walk_next(&w));) {
        pdf_obj *names = pdf_dict_get(ctx, node, PDF_NAME(Names));
        int len = pdf_array_len(ctx, names);
        for (int i = 1; i < len && i < TREE_NODES; i += 2) {
            look(q, pdf_array_get(ctx, names, i));
        }
        walk_add_all(ctx, &w, pdf_dict_get(ctx, node, PDF_NAME(Kids)));
    }
}

static void look_at_script(struct search *q, pdf_obj *action)
{
    look_at_action(q, action, true);
}

static void look_at_fields(struct search *q, pdf_obj *form)
{
    fz_context *ctx = q->s->ctx;
    struct walk w = { .count = 0 };
    walk_add_all(ctx, &w, pdf_dict_get(ctx, form, PDF_NAME(Fields)));
    q->form = w.count > 0;
    q->xfa = pdf_dict_get(ctx, form, PDF_NAME(XFA)) != NULL;
    for (pdf_obj *field; (field = walk_next(&w));) {
        look_at_action(q, pdf_dict_get(ctx, field, PDF_NAME(A)), false);
        look_at_triggers(q, field);
        q->is_signed = q->is_signed ||
                       (pdf_name_eq(ctx, pdf_dict_get(ctx, field, PDF_NAME(FT)), PDF_NAME(Sig)) &&
                           pdf_is_dict(ctx, pdf_dict_get(ctx, field, PDF_NAME(V))));
        walk_add_all(ctx, &w, pdf_dict_get(ctx, field, PDF_NAME(Kids)));
    }
}

static void look_at_outline(struct search *q, pdf_obj *outline)
{
    fz_context *ctx = q->s->ctx;
    struct walk w = { .count = 0 };
    walk_add(ctx, &w, pdf_dict_get(ctx, outline, PDF_NAME(First)));
    for (pdf_obj *item; (item = walk_next(&w));) {
        look_at_action(q, pdf_dict_get(ctx, item, PDF_NAME(A)), false);
        walk_add(ctx, &w, pdf_dict_get(ctx, item, PDF_NAME(Next)));
        walk_add(ctx, &w, pdf_dict_get(ctx, item, PDF_NAME(First)));
    }
}

static void look_at_annot(struct search *q, pdf_obj *annot)
{
    static const char *const controls[] = { "Movie", "Sound", "Screen", "RichMedia", "3D" };
    fz_context *ctx = q->s->ctx;
    pdf_obj *kind = pdf_dict_get(ctx, annot, PDF_NAME(Subtype));
    if (!pdf_is_dict(ctx, annot)) {
        return;
    }
    look_at_action(q, pdf_dict_get(ctx, annot, PDF_NAME(A)), false);
    look_at_triggers(q, annot);
    if (is_kind(ctx, kind, "FileAttachment")) {
        look_at_file(q, pdf_dict_get(ctx, annot, PDF_NAME(FS)));
    }
    for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
        if (is_kind(ctx, kind, controls[i])) {
            report(q, CONTROL, NULL);
        }
    }
}

static void look_at_page(struct search *q, pdf_obj *page)
{
    fz_context *ctx = q->s->ctx;
    pdf_obj *list = pdf_dict_get(ctx, page, PDF_NAME(Annots));
    int len = pdf_array_len(ctx, list);
    look_at_triggers(q, page);
    for (int i = 0; i < len && i < ANNOTS_MAX; i++) {
        look_at_annot(q, pdf_array_get(ctx, list, i));
    }
}

static void look_at_catalog(struct search *q)
{
    fz_context *ctx = q->s->ctx;
    pdf_obj *root = pdf_dict_get(ctx, pdf_trailer(ctx, q->s->doc), PDF_NAME(Root));
    pdf_obj *names = pdf_dict_get(ctx, root, PDF_NAME(Names));
    pdf_obj *open = pdf_dict_gets(ctx, root, "OpenAction");

    if (pdf_is_dict(ctx, open)) { // an array is only a place in the document
        look_at_action(q, open, true);
    }
    look_at_triggers(q, root);
    look_at_names(q, pdf_dict_get(ctx, names, PDF_NAME(JavaScript)), look_at_script);
    look_at_names(q, pdf_dict_get(ctx, names, PDF_NAME(EmbeddedFiles)), look_at_file);
    look_at_fields(q, pdf_dict_get(ctx, root, PDF_NAME(AcroForm)));
    look_at_outline(q, pdf_dict_get(ctx, root, PDF_NAME(Outlines)));
}

typedef void (*look_fn)(struct search *q, pdf_obj *obj);

static void look_safely(struct search *q, look_fn look, pdf_obj *obj)
{
    fz_try(q->s->ctx)
    {
        if (look) {
            look(q, obj);
        } else {
            look_at_catalog(q);
        }
    }
    fz_catch(q->s->ctx)
    {
        return; // damage is told elsewhere
    }
}

static int report_document(struct search *q)
{
    struct reader *r = q->s->r;
    int error = q->error;
    if (!error && q->xfa) {
        error = reader_finding(r, "active.form", NULL,
            "The PDF holds a form of the XFA kind, of which only the pages are read.");
    } else if (!error && q->form) {
        error = reader_finding(r, "active.form", NULL, "The PDF holds a form.");
    }
    if (!error && q->is_signed) {
        error = reader_finding(r, "structure.signed", NULL, "The PDF is signed.");
    }
    if (!error && q->s->encrypted &&
        !pdf_has_permission(q->s->ctx, q->s->doc, FZ_PERMISSION_COPY)) {
        error = reader_finding(r, "structure.restricted", NULL,
            "The author of the PDF asks not to copy text from it.");
    }
    return error;
}

int lpdf_check_actions(struct lpdf *s)
{
    struct search q = { .s = s };
    lpdf_timer_start(s, ACTIONS_MS);
    look_safely(&q, NULL, NULL);
    for (int32_t i = 0; i < s->page_count && !q.error && !s->budget.cookie.abort; i++) {
        q.page = i + 1;
        look_safely(&q, look_at_page, s->pages[i]);
    }
    lpdf_timer_stop(s);
    return report_document(&q);
}
