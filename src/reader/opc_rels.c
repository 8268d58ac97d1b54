// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements content types and relationships of opc.h.
#include "reader/opc_rels.h"

#include "reader/xml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int keep_type(struct opc *p, const struct xml *x)
{
    const char *type = xml_attr(x, NS_NONE, "ContentType");
    const char *ext = xml_attr(x, NS_NONE, "Extension"), *name = xml_attr(x, NS_NONE, "PartName");
    char key[OPC_NAME_MAX];
    if (!type || (!ext && !name)) {
        return 0;
    }
    char *copy = arena_strdup(&p->arena, type);
    if (!copy) {
        return ERR_MEMORY;
    }
    if (strcmp(x->name, "Default") == 0 && ext) {
        opc_key_of(ext, key, sizeof(key));
        int rc = map_put(&p->type_by_ext, slice_of(key), copy);
        return rc == ERR_LIMIT ? 0 : rc;
    }
    if (strcmp(x->name, "Override") == 0 && name) {
        const struct opc_part *part = opc_find(p, name[0] == '/' ? name + 1 : name);
        if (part) {
            p->parts[part - p->parts].type = copy;
        }
    }
    return 0;
}

int opc_types_load(struct opc *p)
{
    const struct opc_part *part = opc_find(p, "[Content_Types].xml");
    if (!part) {
        return 0;
    }
    struct xml x;
    int rc = xml_open(&x, p, part, true);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (x.event == XML_START && x.ns == NS_CT) {
            rc = keep_type(p, &x);
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    for (size_t i = 0; rc == 0 && i < p->count; i++) {
        const char *dot = strrchr(p->parts[i].name, '.');
        if (p->parts[i].type[0] == '\0' && dot) {
            char key[OPC_NAME_MAX];
            opc_key_of(dot + 1, key, sizeof(key));
            const char *type = map_find(&p->type_by_ext, slice_of(key));
            p->parts[i].type = type ? type : "";
        }
    }
    return rc;
}

static enum opc_family family_of(const struct opc_part *part)
{
    static const struct {
        const char *piece;
        enum opc_family family;
    } types[] = { { "ms-excel.sheet.binary", OPC_OTHER }, { "wordprocessingml", OPC_WORD },
        { "ms-word", OPC_WORD }, { "spreadsheetml", OPC_SHEET }, { "ms-excel", OPC_SHEET },
        { "presentationml", OPC_SLIDES }, { "ms-powerpoint", OPC_SLIDES } };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strstr(part->type, types[i].piece)) {
            return types[i].family;
        }
    }
    struct slice name = slice_of(part->name);
    return slice_starts(name, "word/")  ? OPC_WORD
           : slice_starts(name, "xl/")  ? OPC_SHEET
           : slice_starts(name, "ppt/") ? OPC_SLIDES
                                        : OPC_OTHER;
}

static int report(struct opc *p, const char *code, const char *text, const char *more)
{
    int rc = reader_finding(p->reader, code, NULL, "%s%s%s", text, more, more[0] ? "." : "");
    return rc < 0 ? rc : ERR_REFUSED;
}

int opc_main_find(struct opc *p)
{
    struct opc_rels rels;
    int rc = opc_rels_load(p, NULL, &rels);
    const struct opc_rel *rel = rc == 0 ? opc_rel_by_kind(&rels, "officeDocument") : NULL;
    p->main = rel ? rel->part : NULL;
    bool missing = rel && !rel->part && !rel->external;
    opc_rels_done(&rels);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; !p->main && i < p->count; i++) {
        if (strstr(p->parts[i].type, "main+xml") && family_of(&p->parts[i]) == p->family) {
            p->main = &p->parts[i];
            rc = reader_finding(p->reader, "structure.repaired", NULL,
                "The file does not say which of its parts is the main one; it was found by its "
                "type.");
            if (rc < 0) {
                return rc;
            }
        }
    }
    if (!p->main) {
        if (missing && opc_find(p, "[Content_Types].xml")) {
            return report(
                p, "structure.corrupt", "The file is damaged: its main part is missing.", "");
        }
        return report(
            p, "type.mismatch", "The file is a ZIP archive, but not ", opc_family_title(p->family));
    }
    enum opc_family family = family_of(p->main);
    if (family != p->family) {
        char text[160];
        snprintf(text, sizeof(text), "The name says %s, but the content is ",
            opc_family_title(p->family));
        return report(p, "type.mismatch", text, opc_family_title(family));
    }
    enum format_id id = p->reader->format;
    if (strstr(p->main->type, "macroEnabled") && id != FORMAT_DOCM && id != FORMAT_XLSM) {
        return report(p, "type.mismatch",
            "The name is that of a file without macros, but the content is ",
            "the kind with macros");
    }
    return 0;
}

// "word/document.xml" → "word/_rels/document.xml.rels"; the package's own for NULL.
static const struct opc_part *rels_part(const struct opc *p, const struct opc_part *source)
{
    char name[OPC_NAME_MAX + 16];
    if (!source) {
        return opc_find(p, "_rels/.rels");
    }
    const char *slash = strrchr(source->name, '/');
    int folder = slash ? (int)(slash - source->name) + 1 : 0;
    snprintf(name, sizeof(name), "%.*s_rels/%s.rels", folder, source->name, source->name + folder);
    return opc_find(p, name);
}

// A target as written, seen from its source's folder, becomes the name of a part.
static void resolve(const struct opc_part *source, const char *target, char *to, size_t cap)
{
    char path[2 * OPC_NAME_MAX];
    const char *slash = source ? strrchr(source->name, '/') : NULL;
    int folder = slash && target[0] != '/' ? (int)(slash - source->name) + 1 : 0;
    snprintf(path, sizeof(path), "%.*s%s", folder, folder ? source->name : "", target);
    path[strcspn(path, "#")] = '\0';
    for (char *at = path; *at; at++) {
        *at = *at == '\\' ? '/' : *at;
    }
    size_t n = 0;
    struct slice rest = slice_of(path), piece;
    to[0] = '\0';
    while (slice_cut(&rest, '/', &piece)) {
        if (piece.len == 0 || slice_is(piece, ".")) {
            continue;
        }
        if (slice_is(piece, "..")) {
            while (n > 0 && to[--n] != '/') {
            }
            to[n] = '\0';
            continue;
        }
        int wrote = snprintf(to + n, cap - n, "%s%.*s", n ? "/" : "", SLICE_ARG(piece));
        if (wrote < 0 || (size_t)wrote >= cap - n) {
            to[n] = '\0';
            return;
        }
        n += (size_t)wrote;
    }
}

static void percent_decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        unsigned int byte = 0;
        char hex[3] = { at[1], at[1] ? at[2] : '\0', '\0' };
        if (*at == '%' && isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]) &&
            sscanf(hex, "%x", &byte) == 1 && byte != 0 && byte != '/' && byte != '\\') {
            *to++ = (char)byte;
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

static int keep_rel(
    struct opc *p, const struct opc_part *source, const struct xml *x, struct opc_rel *rel)
{
    const char *id = xml_attr(x, NS_NONE, "Id"), *type = xml_attr(x, NS_NONE, "Type");
    const char *target = xml_attr(x, NS_NONE, "Target"), *mode = xml_attr(x, NS_NONE, "TargetMode");
    char name[OPC_NAME_MAX];
    const char *slash = type ? strrchr(type, '/') : NULL;
    *rel = (struct opc_rel){ .external = mode && strcmp(mode, "External") == 0 };
    rel->id = arena_strdup(&p->arena, id ? id : "");
    rel->kind = arena_strdup(&p->arena, slash ? slash + 1 : type ? type : "");
    if (rel->external) {
        rel->target = arena_strdup(&p->arena, target ? target : "");
    } else {
        resolve(source, target ? target : "", name, sizeof(name));
        rel->part = opc_find(p, name);
        if (!rel->part) {
            percent_decode(name);
            rel->part = opc_find(p, name);
        }
        rel->target = arena_strdup(&p->arena, name);
    }
    return rel->id && rel->kind && rel->target ? 0 : ERR_MEMORY;
}

static int count_rel(struct opc *p, struct opc_rels *rels, size_t *cap)
{
    if (rels->count < *cap) {
        return 0;
    }
    if (rels->count >= OPC_RELS_MAX) {
        return report(p, "bomb.entries",
            "One part of the file has more relationships than any real document.", "");
    }
    size_t more = *cap ? *cap * 2 : 16;
    struct opc_rel *items = arena_array(&p->arena, more, sizeof(*items));
    if (!items) {
        return ERR_MEMORY;
    }
    if (rels->count) {
        memcpy(items, rels->items, rels->count * sizeof(*items));
    }
    rels->items = items;
    *cap = more;
    return 0;
}

int opc_rels_load(struct opc *p, const struct opc_part *source, struct opc_rels *ret_rels)
{
    size_t cap = 0;
    struct xml x;
    *ret_rels = (struct opc_rels){ 0 };
    map_init(&ret_rels->by_id, OPC_RELS_MAX * 2);
    const struct opc_part *part = rels_part(p, source);
    if (!part) {
        return 0;
    }
    int rc = xml_open(&x, p, part, !source);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_REL, "Relationship")) {
            rc = count_rel(p, ret_rels, &cap);
            if (rc == 0) {
                rc = keep_rel(p, source, &x, &ret_rels->items[ret_rels->count]);
            }
            ret_rels->count += rc == 0;
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    for (size_t i = 0; rc == 0 && i < ret_rels->count; i++) {
        struct slice id = slice_of(ret_rels->items[i].id);
        if (!map_find(&ret_rels->by_id, id)) {
            rc = map_put(&ret_rels->by_id, id, &ret_rels->items[i]);
        }
    }
    return rc;
}

void opc_rels_done(struct opc_rels *rels)
{
    map_done(&rels->by_id);
    rels->items = NULL;
    rels->count = 0;
}

const struct opc_rel *opc_rel_by_id(const struct opc_rels *rels, const char *id)
{
    return id ? map_find(&rels->by_id, slice_of(id)) : NULL;
}

const struct opc_rel *opc_rel_by_kind(const struct opc_rels *rels, const char *kind)
{
    for (size_t i = 0; i < rels->count; i++) {
        if (strcmp(rels->items[i].kind, kind) == 0) {
            return &rels->items[i];
        }
    }
    return NULL;
}

void opc_host_of(const char *target, char *ret_host, size_t cap)
{
    const char *at = strstr(target, "://");
    bool file = strncasecmp(target, "file:", 5) == 0;
    if (file) { // file:///C:\x is local, file://server/x and file:///\\server\x are not
        at = target + 5 + strspn(target + 5, "/");
        at = at - target - 5 == 2 ? at : at[0] == '\\' && at[1] == '\\' ? at + 2 : "";
    } else if (at) {
        at += 3;
    } else {
        at = target[0] == '\\' && target[1] == '\\' ? target + 2 : "";
    }
    size_t n = strcspn(at, "/\\?#");
    for (size_t i = 0; i < n; i++) { // "name:word@host"
        if (at[i] == '@') {
            at += i + 1;
            n -= i + 1;
            i = (size_t)-1;
        }
    }
    n = n < cap ? n : cap - 1;
    memcpy(ret_host, at, n);
    ret_host[n] = '\0';
    ret_host[strcspn(ret_host, ":")] = '\0';
}
