// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements ooxml_check_security: walks every relationship part once. Names come out of untrusted bytes, so only their
// printable characters are shown, and few of them.
#include "reader/cfb.h"
#include "reader/ooxml.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 48, LIST_MAX = 300 };

// A short list of names, each once, for one finding.
struct names {
    char text[LIST_MAX];
    size_t shown, total;
};

static void add_name(struct names *n, struct slice name)
{
    char clean[SHOWN_MAX + 4];
    size_t len = 0;
    name = slice_trim(name);
    for (size_t i = 0; i < name.len && len < SHOWN_MAX; i++) {
        unsigned char c = (unsigned char)name.data[i];
        clean[len++] = c < 0x20 || c == 0x7F || c == '"' ? '?' : (char)c;
    }
    clean[len] = '\0';
    if (len == 0) {
        return;
    }
    char with_bounds[SHOWN_MAX + 8];
    snprintf(with_bounds, sizeof(with_bounds), "%s%s", n->shown ? ", " : "", clean);
    const char *seen = strstr(n->text, clean);
    if (seen && (seen == n->text || seen[-1] == ' ') && (seen[len] == ',' || seen[len] == '\0')) {
        return;
    }
    n->total++;
    if (n->shown < OOXML_NAMES_SHOWN &&
        strlen(n->text) + strlen(with_bounds) + 1 < sizeof(n->text)) {
        strcat(n->text, with_bounds);
        n->shown++;
    }
}

static void add_rest(struct names *n)
{
    char more[40];
    if (n->total > n->shown) {
        snprintf(more, sizeof(more), " and %zu more", n->total - n->shown);
        if (strlen(n->text) + strlen(more) + 1 < sizeof(n->text)) {
            strcat(n->text, more);
        }
    }
}

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

// Names of modules as the PROJECT stream lists them ("Module=Sales", "Document=ThisDocument/&H00000000"); without one, the
// streams of the project that are not its bookkeeping.
static void module_names(struct slice bytes, struct names *names)
{
    static const char *const keys[] = { "Module=", "Document=", "Class=", "BaseClass=" };
    struct cfb c;
    AUTO_BUF text = BUF_INIT(64 * 1024);
    if (cfb_open(&c, bytes) != 0) {
        return;
    }
    const struct cfb_entry *project = cfb_find(&c, "PROJECT");
    if (project && cfb_read(&c, project, 64 * 1024, &text) == 0) {
        struct slice rest = buf_slice(&text), line;
        while (slice_cut(&rest, '\n', &line)) {
            for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
                if (slice_starts(line, keys[i])) {
                    struct slice value = slice_from(line, strlen(keys[i])), name;
                    if (slice_cut(&value, '/', &name)) {
                        add_name(names, name);
                    }
                }
            }
        }
    }
    for (size_t i = 0; !project && i < c.count; i++) {
        const char *name = c.entries[i].name;
        if (c.entries[i].is_stream && name[0] != '_' && strcmp(name, "dir") != 0 &&
            (unsigned char)name[0] > 0x20) {
            add_name(names, slice_of(name));
        }
    }
    cfb_close(&c);
}

void ooxml_macro_names(struct slice bytes, char *ret, size_t cap)
{
    struct names names = { 0 };
    module_names(bytes, &names);
    add_rest(&names);
    snprintf(ret, cap, "%s", names.text);
}

static int check_macros(struct opc *p, const struct opc_part *part)
{
    struct names names = { 0 };
    AUTO_BUF bytes = BUF_INIT(OOXML_BINARY_MAX);
    int rc = opc_part_read(p, part, OOXML_BINARY_MAX, &bytes);
    if (rc == 0) {
        module_names(buf_slice(&bytes), &names);
    } else if (rc != ERR_CORRUPT && rc != ERR_TOO_LARGE) {
        return rc;
    }
    add_rest(&names);
    bool expected = p->reader->format == FORMAT_DOCM || p->reader->format == FORMAT_XLSM;
    return reader_finding(p->reader, "active.macro", NULL, "The document contains macros%s%s%s%s.",
        expected ? "" : ", although its name ends like that of a document without any",
        names.shown ? " (modules: " : "", names.text, names.shown ? ")" : "");
}

// The label of an embedded file: the Ole10Native stream is {u32 length, u16 2, label NUL, path NUL, …}.
static void native_name(struct opc *p, const struct opc_part *part, struct names *names)
{
    AUTO_BUF bytes = BUF_INIT(OOXML_BINARY_MAX);
    AUTO_BUF head = BUF_INIT(1024);
    struct cfb c;
    bool found = false;
    if (opc_part_read(p, part, OOXML_BINARY_MAX, &bytes) == 0 &&
        cfb_open(&c, buf_slice(&bytes)) == 0) {
        const struct cfb_entry *e = cfb_find(&c, "\x01Ole10Native");
        if (e && cfb_read(&c, e, 512, &head) == 0 && head.len > 6) {
            size_t len = strnlen(head.data + 6, head.len - 6);
            add_name(names, slice_make(head.data + 6, len));
            found = len > 0;
        }
        cfb_close(&c);
    }
    if (!found) {
        add_name(names, slice_of(base_name(part->name)));
    }
}

bool ooxml_is_page(const struct opc_part *part)
{
    static const char *const types[] = { "text/html", "application/xhtml+xml", "message/rfc822",
        "multipart/related" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (slice_starts(slice_of(part->type), types[i])) {
            return true;
        }
    }
    return false;
}

struct walk {
    struct names hosts, files, controls;
    size_t outside;
};

static void check_rel(struct opc *p, const struct opc_rel *rel, struct walk *w)
{
    char host[SHOWN_MAX];
    if (rel->external) {
        if (strcmp(rel->kind, "hyperlink") != 0) {
            opc_host_of(rel->target, host, sizeof(host));
            if (host[0]) {
                add_name(&w->hosts, slice_of(host));
                w->outside++;
            }
        }
    } else if (rel->part && strcmp(rel->kind, "oleObject") == 0) {
        native_name(p, rel->part, &w->files);
    } else if (rel->part && (strcmp(rel->kind, "package") == 0 ||
                                (strcmp(rel->kind, "aFChunk") == 0 && !ooxml_is_page(rel->part)))) {
        add_name(&w->files, slice_of(base_name(rel->part->name)));
    } else if (rel->part && strcmp(rel->kind, "control") == 0) {
        add_name(&w->controls, slice_of(base_name(rel->part->name)));
    }
}

// Which part a relationship part speaks about: "word/_rels/document.xml.rels" → word/document.xml.
static const struct opc_part *source_of(
    const struct opc *p, const struct opc_part *rels, bool *ret_is_rels)
{
    char name[OPC_NAME_MAX];
    const char *mark = strstr(rels->name, "_rels/");
    size_t len = strlen(rels->name);
    *ret_is_rels = mark && len > 5 && strcmp(rels->name + len - 5, ".rels") == 0;
    if (!*ret_is_rels) {
        return NULL;
    }
    snprintf(name, sizeof(name), "%.*s%s", (int)(mark - rels->name), rels->name, mark + 6);
    name[strlen(name) - 5] = '\0';
    return opc_find(p, name);
}

static int walk_rels(struct opc *p, struct walk *w)
{
    for (size_t i = 0; i < p->count; i++) {
        bool is_rels = false;
        const struct opc_part *source = source_of(p, &p->parts[i], &is_rels);
        if (!source) {
            continue; // the package's own relationships lead to no content
        }
        // A chart's workbook is part of the chart, not a file that somebody put in.
        bool chart = strstr(source->type, "chart") != NULL;
        struct opc_rels rels;
        int rc = opc_rels_load(p, source, &rels);
        for (size_t j = 0; rc == 0 && !chart && j < rels.count; j++) {
            check_rel(p, &rels.items[j], w);
        }
        opc_rels_done(&rels);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int ooxml_check_security(struct opc *p)
{
    struct walk w = { 0 };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->count; i++) {
        const struct opc_part *part = &p->parts[i];
        if (strcmp(part->type, "application/vnd.ms-office.vbaProject") == 0 ||
            strcasecmp(base_name(part->name), "vbaProject.bin") == 0) {
            rc = check_macros(p, part);
        }
    }
    rc = rc == 0 ? walk_rels(p, &w) : rc;
    if (rc == 0 && w.hosts.total > 0) {
        add_rest(&w.hosts);
        rc = reader_finding(p->reader, "active.external", NULL,
            "The document refers to content outside of it that would be loaded when it is opened, "
            "from %s.",
            w.hosts.text);
    }
    if (rc == 0 && w.files.total > 0) {
        add_rest(&w.files);
        rc = reader_finding(p->reader, "embedded.file", NULL, "%s in the document: %s.",
            w.files.total == 1 ? "Another file is embedded" : "Other files are embedded",
            w.files.text);
    }
    if (rc == 0 && w.controls.total > 0) {
        rc = reader_finding(p->reader, "active.control", NULL,
            "The document contains %zu ActiveX control%s.", w.controls.total,
            w.controls.total == 1 ? "" : "s");
    }
    return rc;
}
