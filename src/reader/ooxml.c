// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements properties and pictures of ooxml.h. The checks of layer 5 are ooxml_security.c's.
#include "reader/ooxml.h"

#include "reader/xml.h"

#include <string.h>

enum { PROPERTY_MAX = 1000 };

struct property {
    enum xml_ns ns;
    const char *element;
    const char *key;
    bool number;
};

static const struct property properties[] = {
    { NS_DC, "title", "title", false },
    { NS_DC, "creator", "author", false },
    { NS_EP, "Pages", "pages", true },
    { NS_EP, "Words", "words", true },
};

static int report_property(struct opc *p, struct xml *x, const struct property *known)
{
    AUTO_BUF text = BUF_INIT(PROPERTY_MAX);
    double number = 0;
    xml_collect(x, &text);
    struct slice s = slice_trim(buf_slice(&text));
    if (s.len == 0) {
        return 0;
    }
    if (known->number) {
        return slice_to_double(s, &number) && number > 0
                   ? reader_info_number(p->reader, known->key, number)
                   : 0;
    }
    return reader_info_text(p->reader, known->key, text.data);
}

static int report_part(struct opc *p, const struct opc_part *part)
{
    struct xml x;
    int rc = xml_open(&x, p, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (x.event != XML_START || x.depth != 2) {
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
            if (xml_named(&x, properties[i].ns, properties[i].element)) {
                rc = report_property(p, &x, &properties[i]);
                break;
            }
        }
    }
    int end = xml_close(&x);
    return rc != 0 ? rc : end;
}

int ooxml_report_properties(struct opc *p)
{
    struct opc_rels rels;
    int rc = opc_rels_load(p, NULL, &rels);
    static const char *const kinds[] = { "core-properties", "extended-properties",
        "extendedProperties" };
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(kinds); i++) {
        const struct opc_rel *rel = opc_rel_by_kind(&rels, kinds[i]);
        rc = rel && rel->part ? report_part(p, rel->part) : 0;
    }
    opc_rels_done(&rels);
    return rc;
}

void ooxml_pictures_init(struct ooxml_pictures *g)
{
    map_init(&g->sent, OOXML_PICTURES_MAX);
    map_init(&g->shown, OOXML_SHOWN_MAX);
    g->bytes = 0;
}

void ooxml_pictures_done(struct ooxml_pictures *g)
{
    map_done(&g->sent);
    map_done(&g->shown);
}

bool ooxml_picture_shown(struct ooxml_pictures *g, const struct opc_part *part)
{
    bool before = map_find(&g->shown, slice_of(part->name)) != NULL;
    if (!before) {
        map_put(&g->shown, slice_of(part->name), (void *)part);
    }
    return before;
}

static const char *picture_type(struct slice bytes)
{
    static const unsigned char png[] = { 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A };
    if (bytes.len > sizeof(png) && memcmp(bytes.data, png, sizeof(png)) == 0) {
        return "image/png";
    }
    if (bytes.len > 4 && memcmp(bytes.data, "\xFF\xD8\xFF", 3) == 0) {
        return "image/jpeg";
    }
    return NULL;
}

int ooxml_picture(
    struct opc *p, struct ooxml_pictures *g, const struct opc_part *part, const char **ret_name)
{
    *ret_name = NULL;
    if (!part || !p->reader->hi_res || part->size > OOXML_PICTURE_MAX) {
        return 0;
    }
    const char *slash = strrchr(part->name, '/');
    const char *name = slash ? slash + 1 : part->name;
    if (map_find(&g->sent, slice_of(part->name))) {
        *ret_name = name;
        return 0;
    }
    if (g->sent.count >= OOXML_PICTURES_MAX || g->bytes + part->size > OOXML_PICTURES_BYTES) {
        return 0;
    }
    AUTO_BUF bytes = BUF_INIT(OOXML_PICTURE_MAX);
    int rc = opc_part_read(p, part, OOXML_PICTURE_MAX, &bytes);
    if (rc == ERR_CORRUPT) {
        return reader_finding(
            p->reader, "image.unreadable", NULL, "The picture \"%.100s\" is damaged.", name);
    }
    if (rc == ERR_TOO_LARGE) {
        return 0;
    }
    const char *type = rc == 0 ? picture_type(buf_slice(&bytes)) : NULL;
    if (!type) {
        return rc;
    }
    rc = reader_image(p->reader, name, type, bytes.data, bytes.len);
    if (rc == 0) {
        g->bytes += (int64_t)bytes.len;
        rc = map_put(&g->sent, slice_of(part->name), (void *)part);
        *ret_name = name;
    }
    return rc;
}
