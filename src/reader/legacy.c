// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the formats doc, xls and ppt: is it that kind of file, whole, without a password; what is active in it?
//
//   compound file ─▶ main stream ("WordDocument", "Workbook", "PowerPoint Document") ─▶ its head, or its records
//
// Reading is not done here: the server converts the file first and reads what comes of it.
#include "reader/legacy.h"

#include "reader/ooxml.h"

#include <stdlib.h>
#include <string.h>

static const struct kind {
    enum format_id id;
    const char *title;
    const char *streams[2]; // either
    int (*look)(struct legacy *l);
} kinds[] = {
    { FORMAT_DOC, "an older Word document", { "WordDocument" }, legacy_doc },
    { FORMAT_XLS, "an older Excel workbook", { "Workbook", "Book" }, legacy_xls },
    { FORMAT_PPT, "an older PowerPoint presentation", { "PowerPoint Document" }, legacy_ppt },
};

static const struct cfb_entry *main_stream(const struct cfb *c, const struct kind *k)
{
    const struct cfb_entry *e = NULL;

    for (size_t i = 0; !e && i < ARRAY_LEN(k->streams) && k->streams[i]; i++) {
        e = cfb_find(c, k->streams[i]);
    }
    return e;
}

static int refuse(struct legacy *l, const char *code, const char *text)
{
    int rc = reader_finding(l->r, code, NULL, "%s", text);
    return rc < 0 ? rc : ERR_REFUSED;
}

static int refuse_damaged(struct legacy *l)
{
    return cfb_is_cut(l->r->input)
               ? refuse(l, "structure.truncated", "The file is cut off: its end is missing.")
               : refuse(l, "structure.corrupt",
                     "The file is damaged: its parts do not hang together.");
}

static int refuse_other(struct legacy *l, const struct kind *wanted)
{
    if (cfb_find(&l->cfb, "EncryptedPackage")) {
        return refuse(
            l, "structure.encrypted", "The file is protected by a password, so it cannot be read.");
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (main_stream(&l->cfb, &kinds[i])) {
            int rc = reader_finding(l->r, "type.mismatch", NULL,
                "The name says %s, but the content is %s.", wanted->title, kinds[i].title);
            return rc < 0 ? rc : ERR_REFUSED;
        }
    }
    if (cfb_is_cut(l->r->input)) {
        return refuse_damaged(l);
    }
    int rc = reader_finding(l->r, "type.mismatch", NULL,
        "The name says %s, but the content is something else.", wanted->title);
    return rc < 0 ? rc : ERR_REFUSED;
}

// Storages with macros and embedded objects, of documents and workbooks.
static void look_at_storages(struct legacy *l)
{
    for (size_t i = 0; i < l->cfb.count; i++) {
        const struct cfb_entry *e = &l->cfb.entries[i];
        if (e->is_storage &&
            (strcasecmp(e->name, "Macros") == 0 || strcasecmp(e->name, "_VBA_PROJECT_CUR") == 0)) {
            l->has_macros = true;
        }
        l->objects += e->is_stream &&
                      (strcmp(e->name, "\x01Ole10Native") == 0 || strcmp(e->name, "Package") == 0);
    }
    if (l->has_macros) {
        ooxml_macro_names(l->r->input, l->macros, sizeof(l->macros));
    }
}

static int report(struct legacy *l)
{
    int rc = 0;

    if (l->has_macros) {
        rc = reader_finding(l->r, "active.macro", NULL, "The document contains macros%s%s%s.",
            l->macros[0] ? " (modules: " : "", l->macros, l->macros[0] ? ")" : "");
    }
    if (rc == 0 && l->objects) {
        rc = reader_finding(l->r, "embedded.file", NULL,
            "%zu other file%s embedded in the document.", l->objects,
            l->objects == 1 ? " is" : "s are");
    }
    return rc;
}

static int look(struct legacy *l, const struct kind *k)
{
    const struct cfb_entry *e = main_stream(&l->cfb, k);

    if (!e) {
        return refuse_other(l, k);
    }
    if (e->size > l->r->input.len || cfb_is_cut(l->r->input)) {
        return refuse_damaged(l);
    }
    buf_init(&l->main, l->r->input.len + 1);
    int rc = cfb_read(&l->cfb, e, (size_t)e->size, &l->main);
    if (rc != 0) {
        return refuse_damaged(l);
    }
    if (!buf_ok(&l->main)) {
        return ERR_MEMORY;
    }
    look_at_storages(l);
    rc = k->look(l);
    return rc ? rc : report(l);
}

static int legacy_check(struct reader *r, struct error *err)
{
    struct legacy *l = xalloc(sizeof(*l));
    const struct kind *k = kinds;
    int rc = 0;

    while (k->id != r->format) {
        k++;
        BUG_ON(k == kinds + ARRAY_LEN(kinds));
    }
    l->r = r;
    switch (cfb_open(&l->cfb, r->input)) {
    case 0:
        rc = look(l, k);
        break;
    case ERR_MEMORY:
        rc = ERR_MEMORY;
        break;
    default:
        rc = cfb_is(r->input) ? refuse_damaged(l)
                              : refuse(l, "type.mismatch", "The content is no older Office file.");
    }
    buf_done(&l->main);
    cfb_close(&l->cfb);
    free(l);
    return rc == 0 || rc == ERR_REFUSED ? 0
                                        : error_set(err, rc, "The document could not be checked.");
}

static int legacy_read(struct reader *r, struct error *err)
{
    (void)r;
    return error_set(
        err, ERR_UNSUPPORTED, "Files of this type are converted before they are read.");
}

extern const struct reader_format format_doc, format_xls, format_ppt;
const struct reader_format format_doc = { FORMAT_DOC, legacy_check, legacy_read, NULL, NULL };
const struct reader_format format_xls = { FORMAT_XLS, legacy_check, legacy_read, NULL, NULL };
const struct reader_format format_ppt = { FORMAT_PPT, legacy_check, legacy_read, NULL, NULL };
