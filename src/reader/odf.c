// SPDX-License-Identifier: AGPL-3.0-or-later
// OpenDocument: opening the package, what is checked, and the order of reading. The parts stand in odf.h.
//
// Checked: the kind that the package says it is (mimetype) against the name, encryption (META-INF/manifest.xml), macros
// (Basic/, Scripts/), embedded objects, links to other files, DDE, hidden text.
#include "reader/odf.h"

#include "base/utf8.h"

#include <stdlib.h>

static const struct kind {
    enum format_id id;
    const char *mime; // begins so: templates and the like end differently
    const char *title;
    const char *body;
} kinds[] = {
    { FORMAT_ODT, "application/vnd.oasis.opendocument.text", "an OpenDocument text", "text" },
    { FORMAT_ODS, "application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet",
        "spreadsheet" },
    { FORMAT_ODP, "application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation",
        "presentation" },
};

static const struct kind *kind_of(enum format_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].id == id) {
            return &kinds[i];
        }
    }
    BUG("no OpenDocument format");
}

static int refuse(struct odf *o, const char *code, const char *text)
{
    int rc = reader_finding(o->r, code, NULL, "%s", text);
    return rc ? rc : ERR_REFUSED;
}

static int check_kind(struct odf *o)
{
    const struct opc_part *part = opc_find(&o->package, "mimetype");
    const struct kind *want = kind_of(o->r->format);
    AUTO_BUF mime = BUF_INIT(4096);

    if (!part || opc_part_read(&o->package, part, 1000, &mime) != 0) {
        return 0; // the content will tell
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (mime.len && slice_starts(buf_slice(&mime), kinds[i].mime) && &kinds[i] != want) {
            int rc = reader_finding(o->r, "type.mismatch", NULL,
                "The name says %s, but the content is %s.", want->title, kinds[i].title);
            return rc ? rc : ERR_REFUSED;
        }
    }
    if (!slice_starts(buf_slice(&mime), "application/vnd.")) {
        return refuse(
            o, "type.mismatch", "The file is a ZIP archive, but not an OpenDocument file.");
    }
    return 0;
}

static int check_encryption(struct odf *o)
{
    const struct opc_part *part = opc_find(&o->package, "META-INF/manifest.xml");
    bool encrypted = false;
    struct xml x;
    int rc = part ? xml_open(&x, &o->package, part, false) : 1;

    if (rc != 0) {
        return rc == 1 ? 0 : rc;
    }
    while (!encrypted && xml_next(&x)) {
        encrypted = xml_start(&x, NS_MANIFEST, "encryption-data");
    }
    rc = xml_close(&x);
    return rc          ? rc
           : encrypted ? refuse(o, "structure.encrypted",
                             "The file is protected by a password, so it cannot be read.")
                       : 0;
}

static int odf_open(struct odf *o, struct reader *r, struct error *err)
{
    int rc;

    *o = (struct odf){ .r = r, .part = "document", .as = ELEMENT_PARAGRAPH };
    rc = opc_open(&o->package, r, OPC_DOCUMENT, err);
    if (rc != 0) {
        return rc;
    }
    arena_init(&o->arena, ODF_ARENA_MAX);
    map_init(&o->styles, ODF_STYLES_MAX);
    map_init(&o->lists, ODF_STYLES_MAX);
    section_init(&o->section);
    buf_init(&o->held, ODF_HELD_MAX);
    rc = check_kind(o);
    rc = rc ? rc : check_encryption(o);
    if (rc == 0 && !opc_find(&o->package, "content.xml")) {
        rc = refuse(o, "structure.corrupt", "The file is damaged: its content is missing.");
    }
    return rc;
}

static void odf_close(struct odf *o)
{
    opc_close(&o->package);
    arena_done(&o->arena);
    map_done(&o->styles);
    map_done(&o->lists);
    section_done(&o->section);
    buf_done(&o->held);
}

struct inspection {
    size_t scripts, objects, links, hidden, slides, sheets;
    char host[256];
    bool dde, body, words;
};

static void inspect_link(struct inspection *in, const struct xml *x)
{
    const char *href = xml_attr(x, NS_XLINK, "href");
    bool shown = xml_named(x, NS_DRAW, "image") || xml_named(x, NS_DRAW, "object") ||
                 xml_named(x, NS_DRAW, "object-ole") || xml_named(x, NS_TEXT, "section-source") ||
                 xml_named(x, NS_TABLE, "table-source") || xml_named(x, NS_DRAW, "plugin") ||
                 xml_named(x, NS_DRAW, "floating-frame");

    if (href && shown &&
        (strstr(href, "://") || strncmp(href, "//", 2) == 0 || strncmp(href, "\\\\", 2) == 0)) {
        if (in->links++ == 0) {
            opc_host_of(href, in->host, sizeof(in->host));
        }
    }
}

static void inspect_start(struct odf *o, struct inspection *in, struct xml *x)
{
    inspect_link(in, x);
    in->dde = in->dde || xml_named(x, NS_OFFICE, "dde-source") ||
              xml_named(x, NS_TEXT, "dde-connection-decl");
    in->scripts += xml_named(x, NS_SCRIPT, "event-listener") || (xml_named(x, NS_OFFICE, "script"));
    in->objects += xml_named(x, NS_DRAW, "object-ole");
    in->slides += xml_named(x, NS_DRAW, "page");
    in->sheets += xml_named(x, NS_TABLE, "table");
    in->body =
        in->body || (x->ns == NS_OFFICE && strcmp(x->name, kind_of(o->r->format)->body) == 0);
    in->words = in->words || (in->body && xml_named(x, NS_DRAW, "image"));
    const char *style = x->ns == NS_TEXT ? xml_attr(x, NS_TEXT, "style-name") : NULL;
    in->hidden += style && odf_is_hidden(o, style);
}

static int inspect(struct odf *o, struct inspection *in)
{
    struct xml x;
    int rc = xml_open(&x, &o->package, opc_find(&o->package, "content.xml"), true), end;

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_STYLE, "style") && !in->body) {
            rc = odf_style_take(o, &x);
        } else if (x.event == XML_START) {
            inspect_start(o, in, &x);
        } else if (x.event == XML_TEXT && in->body) {
            in->words = in->words || !text_is_blank(x.text);
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

static int report_parts(struct odf *o)
{
    size_t macros = 0, objects = 0;
    bool signed_by = false;
    int rc = 0;

    for (size_t i = 0; i < o->package.count; i++) {
        struct slice name = slice_of(o->package.parts[i].name);
        bool folder = name.len && name.data[name.len - 1] == '/';
        bool list = slice_find(name, SLICE_LIT("script-lb.xml")) ||
                    slice_find(name, SLICE_LIT("script-lc.xml"));
        macros +=
            !folder && !list && (slice_starts(name, "Basic/") || slice_starts(name, "Scripts/"));
        objects += slice_starts(name, "Object ") && memchr(name.data, '/', name.len) == NULL;
        signed_by = signed_by || slice_is(name, "META-INF/documentsignatures.xml");
    }
    if (macros) {
        rc = reader_finding(o->r, "active.macro", NULL, "The document holds %zu macro module%s.",
            macros, macros == 1 ? "" : "s");
    }
    if (rc == 0 && objects) {
        rc = reader_finding(o->r, "embedded.file", NULL,
            "The document holds %zu embedded object%s.", objects, objects == 1 ? "" : "s");
    }
    if (rc == 0 && signed_by) {
        rc = reader_finding(o->r, "structure.signed", NULL, "The document is signed.");
    }
    return rc;
}

static int report(struct odf *o, const struct inspection *in)
{
    int rc = report_parts(o);

    if (rc == 0 && in->scripts) {
        rc = reader_finding(o->r, "active.script", NULL,
            "The document runs %zu script%s when something happens in it.", in->scripts,
            in->scripts == 1 ? "" : "s");
    }
    if (rc == 0 && in->links) {
        rc = reader_finding(o->r, "active.external", NULL,
            "The document shows %zu part%s from elsewhere%s%s.", in->links,
            in->links == 1 ? "" : "s", in->host[0] ? ": " : "", in->host);
    }
    if (rc == 0 && in->dde) {
        rc = reader_finding(o->r, "active.dde", NULL, "The document asks other programs for data.");
    }
    if (rc == 0 && in->hidden) {
        rc = reader_finding(o->r, "text.hidden", NULL,
            "%zu piece%s of text are hidden; they were not read.", in->hidden,
            in->hidden == 1 ? "" : "s");
    }
    if (rc == 0 && !in->body) {
        const struct kind *k = kind_of(o->r->format);
        return reader_finding(o->r, "type.mismatch", NULL,
            "The name says %s, but the content is something else.", k->title);
    }
    if (rc == 0 && !in->words) {
        rc = reader_finding(o->r, "structure.no_content", NULL, "The document holds no words.");
    }
    if (rc == 0 && o->r->format == FORMAT_ODP) {
        rc = reader_info_number(o->r, "slides", (double)in->slides);
    } else if (rc == 0 && o->r->format == FORMAT_ODS) {
        rc = reader_info_number(o->r, "sheets", (double)in->sheets);
    }
    return rc;
}

static int odf_check(struct reader *r, struct error *err)
{
    struct inspection in = { 0 };
    struct odf o;
    int rc = odf_open(&o, r, err);

    if (rc == 0) {
        rc = odf_styles_load(&o, "styles.xml");
        rc = rc ? rc : inspect(&o, &in);
        rc = rc ? rc : report(&o, &in);
    }
    odf_close(&o);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The document could not be checked.")
                             : 0;
}

// Title and author, of meta.xml.
static int properties(struct odf *o)
{
    const struct opc_part *part = opc_find(&o->package, "meta.xml");
    struct xml x;
    int rc = part ? xml_open(&x, &o->package, part, false) : 1, end;

    if (rc != 0) {
        return rc == 1 ? 0 : rc;
    }
    while (rc == 0 && xml_next(&x)) {
        const char *key = xml_start(&x, NS_DC, "title")     ? "title"
                          : xml_start(&x, NS_DC, "creator") ? "author"
                                                            : NULL;
        if (key) {
            AUTO_BUF text = BUF_INIT(64 << 10);
            xml_collect(&x, &text);
            rc = reader_info_text(o->r, key, text.data);
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

static int slide_notes(struct odf *o, struct xml *x)
{
    int rc;

    o->part = "notes";
    o->as = ELEMENT_NOTE;
    rc = odf_blocks(o, x);
    o->part = "";
    o->as = ELEMENT_PARAGRAPH;
    return rc;
}

static int slides(struct odf *o, struct xml *x)
{
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (!xml_start(x, NS_DRAW, "page")) {
            continue;
        }
        int inner = x->depth;
        o->part = "";
        if (++o->slide > o->r->limits->pages) {
            return refuse(o, "bomb.pages", "The presentation has more slides than are read.");
        }
        while (rc == 0 && xml_inside(x, inner)) {
            if (xml_start(x, NS_PRES, "notes")) {
                rc = slide_notes(o, x);
            } else if (x->event == XML_START) {
                rc = odf_block(o, x);
            }
        }
        rc = rc ? rc : reader_progress(o->r, o->slide, 0);
    }
    return rc ? rc : reader_progress(o->r, o->slide, o->slide);
}

static int content(struct odf *o)
{
    struct xml x;
    int rc = xml_open(&x, &o->package, opc_find(&o->package, "content.xml"), true), end;

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_STYLE, "style") || xml_start(&x, NS_TEXT, "list-style")) {
            rc = odf_style_take(o, &x);
        } else if (xml_start(&x, NS_OFFICE, "text")) {
            rc = odf_blocks(o, &x);
        } else if (xml_start(&x, NS_OFFICE, "spreadsheet")) {
            rc = odf_sheets(o, &x);
        } else if (xml_start(&x, NS_OFFICE, "presentation")) {
            rc = slides(o, &x);
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

// Headers and footers of a text stand with its page styles.
static int running(struct odf *o)
{
    const struct opc_part *part = opc_find(&o->package, "styles.xml");
    struct xml x;
    int rc = part ? xml_open(&x, &o->package, part, false) : 1, end;

    if (rc != 0) {
        return rc == 1 ? 0 : rc;
    }
    section_leave(&o->section, 1);
    while (rc == 0 && xml_next(&x)) {
        bool header = x.event == XML_START && x.ns == NS_STYLE && strncmp(x.name, "header", 6) == 0;
        bool footer = x.event == XML_START && x.ns == NS_STYLE && strncmp(x.name, "footer", 6) == 0;
        if ((header || footer) && !strchr(x.name + 6, '-')) {
            o->part = header ? "header" : "footer";
            o->as = header ? ELEMENT_HEADER : ELEMENT_FOOTER;
            rc = odf_blocks(o, &x);
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

static int odf_read(struct reader *r, struct error *err)
{
    struct odf o;
    int rc = odf_open(&o, r, err);

    if (rc == 0) {
        rc = properties(&o);
        rc = rc ? rc : odf_styles_load(&o, "styles.xml");
        rc = rc ? rc : content(&o);
        if (rc == 0 && r->format == FORMAT_ODT) {
            rc = running(&o);
            rc = rc ? rc : reader_progress(r, o.headings, o.headings);
        }
        rc = rc ? rc : text_end(r);
    }
    odf_close(&o);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The document could not be read to its end.")
                             : 0;
}

const struct reader_format format_odt = { FORMAT_ODT, odf_check, odf_read, NULL };
const struct reader_format format_ods = { FORMAT_ODS, odf_check, odf_read, NULL };
const struct reader_format format_odp = { FORMAT_ODP, odf_check, odf_read, NULL };
