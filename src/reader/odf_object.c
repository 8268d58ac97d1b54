// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements odf_object of odf.h: a table, a chart with its numbers, or a text that another program keeps in this package, as a
// folder with a content.xml of its own (OpenDocument 1.3, part 2, 3.16). It is read where it stands, once, one level deep.
#include "reader/odf.h"

#include <stdio.h>
#include <string.h>

// The object's content; NULL if it is not in the package or of another kind (OLE).
static const struct opc_part *part_of(const struct odf *o, const struct xml *x)
{
    const char *href = xml_attr(x, NS_XLINK, "href");
    char name[512];

    if (!href || strstr(href, "..")) {
        return NULL;
    }
    href += strncmp(href, "./", 2) == 0 ? 2 : 0;
    int n = snprintf(name, sizeof(name), "%s/content.xml", href);
    return n > 0 && (size_t)n < sizeof(name) ? opc_find(&o->package, name) : NULL;
}

static int content(struct odf *o, const struct opc_part *part)
{
    struct xml x;
    int rc = xml_open(&x, &o->package, part, false), end;

    if (rc != 0) {
        return rc == ERR_REFUSED ? rc : 0;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_OFFICE, "body")) {
            rc = odf_blocks(o, &x);
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

int odf_object(struct odf *o, struct xml *x)
{
    const struct opc_part *part = part_of(o, x);
    enum element_kind as = o->as;
    int32_t level = o->as_level;
    int rc = 0;

    if (part && !o->in_object && o->objects < ODF_OBJECTS_MAX) {
        o->objects++;
        o->in_object = true;
        o->as = as == ELEMENT_HEADING ? ELEMENT_PARAGRAPH : as;
        rc = content(o, part);
        o->in_object = false;
        o->as = as;
        o->as_level = level;
    }
    xml_skip(x);
    return rc;
}
